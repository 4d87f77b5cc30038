//! A taken number that is not open yet, or not any more.

use std::{fmt, mem, ops::Deref, os::fd::RawFd, sync::Arc};

use fdtable::{FdFlags, Rejected};

use super::table::{FdTable, FileRef, OwnedFileRef};

pub struct Reservation<'a, T> {
    table: Table<'a, T>,
    fd: RawFd,
}

pub(crate) enum Table<'a, T> {
    Borrowed(&'a FdTable<T>),
    Owned(Arc<FdTable<T>>),
}

impl<'a, T> Reservation<'a, T> {
    pub(crate) fn new(table: Table<'a, T>, fd: RawFd) -> Self {
        Self { table, fd }
    }

    pub fn fd(&self) -> RawFd {
        self.fd
    }

    pub fn install(self, file: T, flags: FdFlags) -> Result<RawFd, Rejected<T>> {
        self.table.fill(self.fd, FileRef::new(Arc::new(file)), flags);
        Ok(self.passed_on())
    }

    pub fn install_ref(
        self,
        file: OwnedFileRef<T>,
        flags: FdFlags,
    ) -> Result<RawFd, Rejected<OwnedFileRef<T>>> {
        self.table.fill(self.fd, file, flags);
        Ok(self.passed_on())
    }

    fn passed_on(self) -> RawFd {
        let fd = self.fd;
        mem::forget(self);
        fd
    }
}

impl<T> Deref for Table<'_, T> {
    type Target = FdTable<T>;

    fn deref(&self) -> &FdTable<T> {
        match self {
            Self::Borrowed(table) => table,
            Self::Owned(table) => table,
        }
    }
}

impl<T> Drop for Reservation<'_, T> {
    fn drop(&mut self) {
        self.table.release(self.fd);
    }
}

impl<T> fmt::Debug for Reservation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reservation({})", self.fd)
    }
}
