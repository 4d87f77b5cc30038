//! What a task holds: a table that it may share with other tasks, and may swap for one of its own.
//! As the lock-free one has it, so that the tables are all that differs.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, atomic::Ordering},
};

use arc_swap::{ArcSwap, Guard};
use fdtable::{CloseRangeFlags, Error, FdFlags};

use super::table::FdTable;

pub struct Files<T>(ArcSwap<FdTable<T>>);

pub struct FilesGuard<T>(Guard<Arc<FdTable<T>>>);

impl<T> Files<T> {
    pub fn new(table: FdTable<T>) -> Self {
        Self::joined(Arc::new(table))
    }

    fn joined(table: Arc<FdTable<T>>) -> Self {
        table.tasks.fetch_add(1, Ordering::Relaxed);
        Self(ArcSwap::new(table))
    }

    pub fn load(&self) -> FilesGuard<T> {
        FilesGuard(self.0.load())
    }

    pub fn share(&self) -> Self {
        Self::joined(self.0.load_full())
    }

    pub fn fork(&self) -> Self {
        Self::new(self.load().copy(|_, _| true))
    }

    pub fn unshare(&self) {
        self.unshare_keeping(|_, _| true);
    }

    pub fn exec(&self) {
        let copy = self.load().copy(|_, flags| !flags.contains(FdFlags::CLOEXEC));
        self.swap(copy);
    }

    pub fn adopt(&self, other: &Self) {
        let table = other.0.load_full();
        table.tasks.fetch_add(1, Ordering::Relaxed);
        self.0.swap(table).tasks.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> {
        let closing = !flags.contains(CloseRangeFlags::CLOEXEC);
        if flags.contains(CloseRangeFlags::UNSHARE) {
            self.unshare_keeping(|fd, _| !(closing && (first..=last).contains(&fd)));
        }
        self.load().close_range(first, last, flags - CloseRangeFlags::UNSHARE)
    }

    /// One thread of a task does that at a time: the supervisor sees to it.
    fn unshare_keeping(&self, keep: impl Fn(u32, FdFlags) -> bool) {
        let old = self.load();
        if old.tasks.load(Ordering::Relaxed) > 1 {
            self.swap(old.copy(keep));
        }
    }

    fn swap(&self, table: FdTable<T>) {
        table.tasks.fetch_add(1, Ordering::Relaxed);
        self.0.swap(Arc::new(table)).tasks.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> Drop for Files<T> {
    fn drop(&mut self) {
        self.load().tasks.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> Deref for FilesGuard<T> {
    type Target = Arc<FdTable<T>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> fmt::Debug for Files<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files({})", self.load().len())
    }
}
