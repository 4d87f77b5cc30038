//! A number taken but not open.

use std::{fmt, os::fd::RawFd, ptr, sync::Arc};

use crate::{Error, FdFlags, FdTable, OwnedFileRef, Rejected};

use super::number::Number;

/// A number that is taken but not open; made by [`FdTable::reserve`] and [`FdTable::take`].
/// Installing a file uses it up; dropping it gives the number back.
///
/// ```
/// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let reserved = table.reserve(Placement::At(7))?;
/// let fd = reserved.install("file", FdFlags::empty())?;
/// assert_eq!(fd, 7);
/// # Ok::<(), fdtable::Error>(())
/// ```
#[must_use = "dropping the reservation gives the number back"]
pub struct Reservation<'a, T> {
    table: Table<'a, T>,
    /// Invariant: claimed in `table` for this reservation alone, unless `passed_on`.
    number: Number,
    /// The claim is another's now: an open slot's, or another reservation's.
    passed_on: bool,
}

enum Table<'a, T> {
    Borrowed(&'a FdTable<T>),
    Owned(Arc<FdTable<T>>),
}

impl<'a, T> Reservation<'a, T> {
    pub(crate) fn new(table: &'a FdTable<T>, number: Number) -> Self {
        Self { table: Table::Borrowed(table), number, passed_on: false }
    }

    /// The number.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable, Placement};
    /// let table = FdTable::<()>::new(&OpenFileTable::new());
    /// assert_eq!(table.reserve(Placement::Auto)?.fd(), 32768);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.number.fd()
    }

    /// Opens the number on a new description of `file`, with exactly `flags`. Linearizes when the
    /// slot is filled.
    ///
    /// # Errors
    ///
    /// `ENFILE` gives `file` back, and the number too is given back.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::with_limit(0));
    /// let reserved = table.reserve(Placement::Lowest)?;
    /// let rejected = reserved.install('a', FdFlags::empty()).unwrap_err();
    /// assert_eq!((rejected.error, rejected.file), (Error::FileTableOverflow, 'a'));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn install(self, file: T, flags: FdFlags) -> Result<RawFd, Rejected<T>> {
        let index = self.table().open_files().create(file)?.into_index();
        Ok(self.fill(index, flags))
    }

    /// Opens the number on a description that exists: one in flight, or one that another table has
    /// open. Linearizes as [`install`](Self::install).
    ///
    /// # Errors
    ///
    /// `EINVAL` for a description of another [`OpenFileTable`](crate::OpenFileTable) gives `file`
    /// back, and the number too is given back.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let system = OpenFileTable::new();
    /// let (sender, receiver) = (FdTable::new(&system), FdTable::new(&system));
    /// let sent = sender.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// let file = sender.get(sent).unwrap().into_owned();
    /// let fd = receiver.reserve(Placement::Lowest)?.install_ref(file, FdFlags::CLOEXEC)?;
    /// assert_eq!(receiver.get(fd).unwrap().id(), sender.get(sent).unwrap().id());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn install_ref(
        self,
        file: OwnedFileRef<T>,
        flags: FdFlags,
    ) -> Result<RawFd, Rejected<OwnedFileRef<T>>> {
        if !file.is_of(self.table().open_files()) {
            return Err(Rejected::new(Error::Invalid, file));
        }
        Ok(self.fill(file.into_index(), flags))
    }

    /// The same reservation, keeping the table alive instead of borrowing it: for a number that
    /// must stay taken across calls.
    ///
    /// # Panics
    ///
    /// If `table` is not the table in which the number is reserved.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fdtable::{FdTable, OpenFileTable, Placement};
    /// let table = Arc::new(FdTable::<()>::new(&OpenFileTable::new()));
    /// let parked = table.reserve(Placement::Lowest)?.into_owned(&table);
    /// std::thread::spawn(move || drop(parked)).join().unwrap();
    /// assert_eq!(table.reserve(Placement::Lowest)?.fd(), 0);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn into_owned(mut self, table: &Arc<FdTable<T>>) -> Reservation<'static, T>
    where
        T: 'static,
    {
        assert!(ptr::eq(self.table(), &raw const **table), "the reservation is of another table");
        self.passed_on = true;
        Reservation {
            table: Table::Owned(Arc::clone(table)),
            number: self.number,
            passed_on: false,
        }
    }

    fn table(&self) -> &FdTable<T> {
        match &self.table {
            Table::Borrowed(table) => table,
            Table::Owned(table) => table,
        }
    }

    /// Opens the number on a counted index.
    #[inline]
    fn fill(mut self, index: u32, flags: FdFlags) -> RawFd {
        self.passed_on = true;
        self.table().fill(self.number, index, flags)
    }
}

impl<T> Drop for Reservation<'_, T> {
    fn drop(&mut self) {
        if !self.passed_on {
            self.table().tiers.release(self.number);
        }
    }
}

impl<T> fmt::Debug for Reservation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reservation").field(&self.fd()).finish()
    }
}
