//! Closing a number, and giving a reserved one back.

use std::os::fd::RawFd;

use crate::error::Error;
use crate::file::file_id::FileId;
use crate::flags::FdFlags;
use crate::table::backoff::Permit;
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;
use crate::table::occupancy::Released;

impl<T> FdTable<T> {
    /// `close(2)`: the number is free when the call returns, and the table's reference to the file
    /// is the caller's.
    ///
    /// Linearizes at the CAS that empties the slot; of two calls that race, one gets the file and
    /// the other `EBADF`. Dropping the returned reference is the release of the file, unless others
    /// still use it: do it before you answer the guest.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// assert_eq!(*table.close(fd)?, "file");
    /// assert_eq!(table.close(fd).unwrap_err(), Error::BadFd);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn close(&self, fd: RawFd) -> Result<Descriptor<'_, T>, Error> {
        self.close_number(Number::new(fd), FdFlags::empty()).ok_or(Error::BadFd)
    }

    /// [`close`](Self::close), if `fd` is still open on the description with this id.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open, or open on another description.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "old", FdFlags::empty())?;
    /// let old = table.get(fd).unwrap().id();
    /// table.close(fd)?;
    /// table.open(Placement::Lowest, "new", FdFlags::empty())?;
    /// assert_eq!(table.close_if(fd, old).unwrap_err(), Error::BadFd);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn close_if(&self, fd: RawFd, id: FileId) -> Result<Descriptor<'_, T>, Error> {
        let (permit, number) = (self.begin_change(), Number::new(fd));
        let (word, _) = self.change_if(number, id, |slot, word| slot.clear_if(&permit, word))?;
        self.free(&permit, number);
        self.adopt(number, word).ok_or(Error::BadFd)
    }

    /// Closes a number; `None` if it is not open with at least these flags.
    #[inline]
    pub(crate) fn close_number(&self, number: Number, flags: FdFlags) -> Option<Descriptor<'_, T>> {
        let permit = self.begin_change();
        let (word, released) = self.with_chunk(number, |chunk, i| {
            let word = chunk.slots[i].clear_with(&permit, flags)?;
            // After the slot is empty, so that the number is not reused before.
            Some((word, chunk.claims.release(i)))
        })?;
        self.after_release(number, released);
        self.adopt(number, word)
    }

    /// Frees a reserved number.
    pub(crate) fn free(&self, _: &Permit, number: Number) {
        // The claim keeps the chunk.
        if let Some(released) = self.with_chunk(number, |chunk, i| Some(chunk.claims.release(i))) {
            self.after_release(number, released);
        }
    }

    #[inline]
    fn after_release(&self, number: Number, released: Released) {
        match self.tiers.hot.index_of(number) {
            Some(index) => self.tiers.hot.after_release(index, released),
            None => self.tiers.gap.after_release(number, released),
        }
    }
}
