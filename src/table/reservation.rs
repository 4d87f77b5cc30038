//! Reserving a number: it is taken, but not open.

use std::{fmt, os::fd::RawFd, sync::Arc};

use crate::error::{Error, Rejected};
use crate::file::owned_file_ref::OwnedFileRef;
use crate::flags::FdFlags;
use crate::table::backoff::Permit;
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;
use crate::table::open::Placement;

/// A number that is taken but not open; made by [`FdTable::reserve`] and [`FdTable::take`], and
/// kept across calls by [`FdTable::reserve_owned`] and [`FdTable::take_owned`]. Installing a file
/// uses it up; dropping it gives the number back.
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
    /// The claim is an open slot's now, or released.
    passed_on: bool,
}

pub(crate) enum Table<'a, T> {
    Borrowed(&'a FdTable<T>),
    Owned(Arc<FdTable<T>>),
}

impl<T> FdTable<T> {
    /// Takes a number without opening it: it is neither open nor free until the reservation is
    /// installed or dropped.
    ///
    /// For work in two phases, where the number must be known before the file exists. To every
    /// other call the number is not open (`EBADF`), `dup2` onto it is `EBUSY`, and copies of the
    /// table leave it out.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`].
    ///
    /// ```
    /// use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let reserved = table.reserve(Placement::Lowest)?;
    /// assert!(!table.contains(reserved.fd()));
    /// assert_eq!(table.open(Placement::Lowest, 'b', FdFlags::empty())?, 1);
    /// assert_eq!(reserved.install('a', FdFlags::empty())?, 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reserve(&self, placement: Placement) -> Result<Reservation<'_, T>, Error> {
        let number = self.reserve_number(&self.begin_change(), placement)?;
        Ok(Reservation::new(Table::Borrowed(self), number))
    }

    /// [`reserve`](Self::reserve) for a reservation that is kept across calls: it keeps the table
    /// alive instead of borrowing it.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fdtable::{FdTable, OpenFileTable, Placement};
    /// let table = Arc::new(FdTable::<()>::new(&OpenFileTable::new()));
    /// let kept = table.reserve_owned(Placement::Lowest)?;
    /// assert_eq!(table.reserve(Placement::Lowest)?.fd(), 1);
    /// std::thread::spawn(move || drop(kept)).join().unwrap();
    /// assert_eq!(table.reserve(Placement::Lowest)?.fd(), 0);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn reserve_owned(
        self: &Arc<Self>,
        placement: Placement,
    ) -> Result<Reservation<'static, T>, Error>
    where
        T: 'static,
    {
        let number = self.reserve_number(&self.begin_change(), placement)?;
        Ok(Reservation::new(Table::Owned(Arc::clone(self)), number))
    }

    /// [`close`](Self::close) that keeps the number reserved: the first half of a close that the
    /// kernel has still to carry out. Linearizes as `close`; at no instant is the number free.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// let (file, number) = table.take(fd)?;
    /// drop(file); // released, while nobody else can get the number
    /// assert_eq!(table.open(Placement::Lowest, "next", FdFlags::empty())?, 1);
    /// drop(number);
    /// assert_eq!(table.open(Placement::Lowest, "third", FdFlags::empty())?, 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn take(&self, fd: RawFd) -> Result<(Descriptor<'_, T>, Reservation<'_, T>), Error> {
        let number = Number::new(fd);
        Ok((self.take_number(number)?, Reservation::new(Table::Borrowed(self), number)))
    }

    /// [`take`](Self::take) for a reservation that is kept across calls: it keeps the table alive
    /// instead of borrowing it. The descriptor borrows the table: it is dropped before the answer.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = Arc::new(FdTable::new(&OpenFileTable::new()));
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// let mut closing = Vec::new();
    /// let (file, number) = table.take_owned(fd)?;
    /// closing.push(number);
    /// drop(file); // released, and the kernel closes its descriptor at this number
    /// assert_eq!(table.reserve(Placement::At(fd)).unwrap_err(), Error::Busy);
    /// closing.clear(); // the kernel has closed it
    /// assert_eq!(table.open(Placement::Lowest, "new", FdFlags::empty())?, fd);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn take_owned(
        self: &Arc<Self>,
        fd: RawFd,
    ) -> Result<(Descriptor<'_, T>, Reservation<'static, T>), Error>
    where
        T: 'static,
    {
        let number = Number::new(fd);
        Ok((self.take_number(number)?, Reservation::new(Table::Owned(Arc::clone(self)), number)))
    }

    /// Closes a number and leaves it claimed, for the caller's reservation.
    fn take_number(&self, number: Number) -> Result<Descriptor<'_, T>, Error> {
        let permit = self.begin_change();
        let word = self.with_chunk(number, |chunk, i| chunk.slots[i].clear(&permit));
        word.and_then(|word| self.adopt(number, word)).ok_or(Error::BadFd)
    }
}

impl<'a, T> Reservation<'a, T> {
    pub(crate) fn new(table: Table<'a, T>, number: Number) -> Self {
        Self { table, number, passed_on: false }
    }

    /// The number.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable, Placement};
    /// let table = FdTable::<()>::new(&OpenFileTable::new());
    /// assert_eq!(table.reserve(Placement::FromBase)?.fd(), 32768);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.number.fd()
    }

    /// Opens the number on a new description of `file`, with exactly `flags`. Linearizes when the
    /// slot is opened.
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
        let permit = self.table().begin_change();
        match self.table().open_files.slab.create(file) {
            Ok(index) => Ok(self.into_open(&permit, index, flags)),
            Err(rejected) => {
                self.free(&permit);
                Err(rejected)
            }
        }
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
        // An index means nothing in another slab.
        if !Arc::ptr_eq(&file.slab, &self.table().open_files.slab) {
            return Err(Rejected::new(Error::Invalid, file));
        }
        let permit = self.table().begin_change();
        Ok(self.into_open(&permit, file.into_index(), flags))
    }

    fn table(&self) -> &FdTable<T> {
        match &self.table {
            Table::Borrowed(table) => table,
            Table::Owned(table) => table,
        }
    }

    /// Frees the number.
    pub(crate) fn free(mut self, permit: &Permit) {
        self.passed_on = true;
        self.table().free(permit, self.number);
    }

    /// Opens the number on a counted index.
    #[inline]
    fn into_open(mut self, permit: &Permit, index: u32, flags: FdFlags) -> RawFd {
        self.passed_on = true;
        self.table().open_reserved(permit, self.number, index, flags)
    }
}

impl<T> Drop for Reservation<'_, T> {
    fn drop(&mut self) {
        if !self.passed_on {
            let table = self.table();
            table.free(&table.begin_free(self.number), self.number);
        }
    }
}

impl<T> fmt::Debug for Reservation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reservation").field(&self.fd()).finish()
    }
}

impl<'a, T> Reservation<'a, T> {
    /// The number alone, for C; as [`IntoRawFd`](std::os::fd::IntoRawFd). It stays reserved, until
    /// [`from_fd`](Self::from_fd) makes the reservation again, or the table ends. An owned
    /// reservation gives up its table.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement, Reservation};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.reserve(Placement::Lowest)?.into_fd();
    /// assert_eq!(table.reserve(Placement::At(fd)).unwrap_err(), Error::Busy);
    /// // SAFETY: reserved above in this table, and taken back once.
    /// let reserved = unsafe { Reservation::from_fd(&table, fd) };
    /// assert_eq!(reserved.install("file", FdFlags::empty())?, fd);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use = "the number stays reserved"]
    pub fn into_fd(mut self) -> RawFd {
        self.passed_on = true;
        self.fd()
    }

    /// The reservation that [`into_fd`](Self::into_fd) has made a number.
    ///
    /// # Safety
    ///
    /// `fd` was returned by `into_fd` of a reservation in `table`, and passed on to this thread
    /// with synchronisation. For each such return this is called once at the most. Otherwise the
    /// claim would be another's: the number of an open file would be freed, or opened twice.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable, Placement, Reservation};
    /// let table = FdTable::<()>::new(&OpenFileTable::new());
    /// let fd = table.reserve(Placement::At(20_000))?.into_fd();
    /// // SAFETY: reserved above in this table, and taken back once.
    /// drop(unsafe { Reservation::from_fd(&table, fd) });
    /// assert!(table.reserve(Placement::At(fd)).is_ok());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[allow(unsafe_code, reason = "the caller has the claim")]
    pub unsafe fn from_fd(table: &'a FdTable<T>, fd: RawFd) -> Self {
        Self::new(Table::Borrowed(table), Number::new(fd))
    }
}
