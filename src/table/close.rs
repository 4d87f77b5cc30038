//! Closing: one number, one number if it is still the same file, a range.

use std::os::fd::RawFd;

use crate::{CloseRangeFlags, Descriptor, Error, FdTable, FileId, FileRef, Reservation};

use super::{
    gap::NUMBERS,
    iter::Drain,
    number::Number,
    slot::{Slot, SlotWord},
};

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
        self.close_number(Number::new(fd)).ok_or(Error::BadFd)
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
        let number = Number::new(fd);
        let (word, _) = self.change_if(number, id, |slot, word| slot.take(word))?;
        self.tiers.release(number);
        self.adopt(number, word).ok_or(Error::BadFd)
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
        let word = self.tiers.with_chunk(number, |chunk| chunk.slot(number.get()).vacate());
        let taken = word.and_then(|word| self.adopt(number, word)).ok_or(Error::BadFd)?;
        Ok((taken, Reservation::new(self, number)))
    }

    /// `close_range(2)` on this table: closes `first..=last`, or with `CLOEXEC` sets `FD_CLOEXEC`
    /// there instead.
    ///
    /// Each number is closed or marked on its own, lowest first; what is opened in the range
    /// meanwhile may or may not be met. Takes time for what is open in the range and not for its
    /// width, and the limit does not matter. For `UNSHARE` see
    /// [`Files::close_range`](crate::Files::close_range).
    ///
    /// # Errors
    ///
    /// `EINVAL`, with no effect, if `first > last`, or for `UNSHARE` or an unknown flag.
    ///
    /// ```
    /// # use fdtable::{CloseRangeFlags, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::At(20_000), 'a', FdFlags::empty())?;
    /// table.close_range(3, u32::MAX, CloseRangeFlags::CLOEXEC)?;
    /// assert_eq!(table.flags(fd), Some(FdFlags::CLOEXEC));
    /// table.close_range(3, u32::MAX, CloseRangeFlags::empty())?;
    /// assert!(table.is_empty());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> {
        if first > last || !CloseRangeFlags::CLOEXEC.contains(flags) {
            return Err(Error::Invalid);
        }
        if flags.contains(CloseRangeFlags::CLOEXEC) {
            self.mark_cloexec(first, range_end(last));
        } else {
            drop(Drain::new(self, first, range_end(last)));
        }
        Ok(())
    }

    /// `close_range(2)` that hands each closed file out, with its number and flags, lowest first.
    ///
    /// A number is closed when the iterator comes to it; what it has not come to when it is
    /// dropped, it closes then.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with no effect, if `first > last`.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// table.open(Placement::At(3), 'a', FdFlags::empty())?;
    /// table.open(Placement::At(5000), 'b', FdFlags::CLOEXEC)?;
    /// let closed = table.drain(0, u32::MAX)?.map(|open| (open.fd, open.flags, *open.file));
    /// assert!(closed.eq([(3, FdFlags::empty(), 'a'), (5000, FdFlags::CLOEXEC, 'b')]));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn drain(&self, first: u32, last: u32) -> Result<Drain<'_, T>, Error> {
        if first > last {
            return Err(Error::Invalid);
        }
        Ok(Drain::new(self, first, range_end(last)))
    }

    fn mark_cloexec(&self, mut from: u32, to: u32) {
        while let Some((number, _)) = self.tiers.next_open(from, to) {
            // Nothing to mark if it has been closed meanwhile.
            let _ = self.set_cloexec(number.fd(), true);
            from = number.get() + 1;
        }
    }

    /// Closes a number; `None` if it is not open.
    pub(super) fn close_number(&self, number: Number) -> Option<Descriptor<'_, T>> {
        let (word, before) = self.tiers.with_chunk(number, |chunk| {
            let word = chunk.slot(number.get()).vacate()?;
            // After the slot is empty, so that the number is not reused before.
            Some((word, chunk.release(number.get())))
        })?;
        self.tiers.released(number, before);
        self.adopt(number, word)
    }

    /// Changes the slot of `number` by CAS if it is open on `id`: its word before, and a reference
    /// to the file. The slot's own is the caller's too, if the change took it out.
    pub(super) fn change_if(
        &self,
        number: Number,
        id: FileId,
        change: impl Fn(&Slot, SlotWord) -> Result<(), SlotWord>,
    ) -> Result<(SlotWord, FileRef<'_, T>), Error> {
        loop {
            let tried = self.tiers.with_chunk(number, |chunk| {
                let slot = chunk.slot(number.get());
                // Our count keeps the id as it is until the CAS has told.
                let (word, file) = self.files.acquire_from(slot).ok()?;
                let changed = (file.id() == id).then(|| change(slot, word).is_ok());
                Some((word, file, changed))
            });
            // Dropped outside of the closure, and so of an epoch guard: it may be the last one.
            let (word, file, changed) = tried.ok_or(Error::BadFd)?;
            if changed.ok_or(Error::BadFd)? {
                return Ok((word, file));
            }
        }
    }
}

/// The end of `..=last`, as far as there are numbers.
fn range_end(last: u32) -> u32 {
    last.saturating_add(1).min(NUMBERS)
}
