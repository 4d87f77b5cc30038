//! What one load of a slot shows, whether a number is open and its flags; and changing the flags.

use std::{cell::Cell, os::fd::RawFd};

use crate::error::Error;
use crate::file::file_id::FileId;
use crate::flags::FdFlags;
use crate::table::chunk::Chunk;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;
use crate::table::slot::{Slot, SlotWord};

/// A call that tries so often has a callback that changes the number itself, or other threads never
/// let it finish.
const MANY_TRIES: u32 = 1_000_000;

impl<T> FdTable<T> {
    /// Whether `fd` is open. One load of the slot: wait-free in the hot ranges; in the gap it takes
    /// an epoch guard.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// assert!(!FdTable::<()>::new(&OpenFileTable::new()).contains(0));
    /// ```
    #[inline]
    #[must_use]
    pub fn contains(&self, fd: RawFd) -> bool {
        self.flags(fd).is_some()
    }

    /// `F_GETFD`: the flags of `fd`, or `None` (`EBADF`). One load of the slot: wait-free in the
    /// hot ranges; in the gap it takes an epoch guard.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::CLOEXEC | FdFlags::USER_1)?;
    /// assert_eq!(table.flags(fd), Some(FdFlags::CLOEXEC | FdFlags::USER_1));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[inline]
    #[must_use]
    #[doc(alias = "F_GETFD")]
    pub fn flags(&self, fd: RawFd) -> Option<FdFlags> {
        self.with_chunk(Number::new(fd), |chunk, i| {
            let word = chunk.slots[i].load();
            word.index().map(|_| word.flags())
        })
    }

    /// Sets all eight flags of `fd` and returns those before.
    ///
    /// Linearizes at a CAS on the slot's word, so flags can land on no other file than the one that
    /// `fd` was open on.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::CLOEXEC)?;
    /// assert_eq!(table.set_flags(fd, FdFlags::USER_6)?, FdFlags::CLOEXEC);
    /// assert_eq!(table.flags(fd), Some(FdFlags::USER_6));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn set_flags(&self, fd: RawFd, flags: FdFlags) -> Result<FdFlags, Error> {
        self.update_flags(fd, |_| flags)
    }

    /// Linux's `F_SETFD`: sets or clears `FD_CLOEXEC`; all others stay as they are. Atomic as
    /// [`set_flags`](Self::set_flags).
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::USER_1)?;
    /// table.set_cloexec(fd, true)?;
    /// assert_eq!(table.flags(fd), Some(FdFlags::USER_1 | FdFlags::CLOEXEC));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[doc(alias("F_SETFD", "FIOCLEX", "FIONCLEX"))]
    pub fn set_cloexec(&self, fd: RawFd, cloexec: bool) -> Result<(), Error> {
        let set = |mut flags: FdFlags| {
            flags.set(FdFlags::CLOEXEC, cloexec);
            flags
        };
        self.update_flags(fd, set).map(drop)
    }

    /// Changes the flags of `fd` to what `change` makes of them, and returns those before.
    ///
    /// Linearizes at a CAS on the slot's word; `change` is called again when the slot has changed
    /// meanwhile. So `change` must not change `fd` itself: the call would not end.
    ///
    /// # Panics
    ///
    /// With debug assertions, if `change` is called a million times.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::CLOEXEC)?;
    /// let before = table.update_flags(fd, |flags| flags | FdFlags::USER_1)?;
    /// assert_eq!(before, FdFlags::CLOEXEC);
    /// assert_eq!(table.flags(fd), Some(FdFlags::CLOEXEC | FdFlags::USER_1));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn update_flags(
        &self,
        fd: RawFd,
        change: impl Fn(FdFlags) -> FdFlags,
    ) -> Result<FdFlags, Error> {
        let (permit, change) = (self.begin_change(), ending(change));
        let update = |chunk: &Chunk, i: usize| chunk.slots[i].update_flags(&permit, change);
        let before = self.with_chunk(Number::new(fd), update);
        before.map(SlotWord::flags).ok_or(Error::BadFd)
    }

    /// [`update_flags`](Self::update_flags), if `fd` is open on the file with `id` at that instant:
    /// for a flag that says something of this file, as "the guest has a twin of it".
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open, or on another file.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// let id = table.get(fd).unwrap().id();
    /// table.update_flags_if(fd, id, |flags| flags | FdFlags::USER_1)?;
    /// table.replace(fd, 'b', FdFlags::empty())?;
    /// assert_eq!(table.update_flags_if(fd, id, |flags| flags).unwrap_err(), Error::BadFd);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn update_flags_if(
        &self,
        fd: RawFd,
        id: FileId,
        change: impl Fn(FdFlags) -> FdFlags,
    ) -> Result<FdFlags, Error> {
        let (permit, number, change) = (self.begin_change(), Number::new(fd), ending(change));
        let set =
            |slot: &Slot, word: SlotWord| slot.set_flags_if(&permit, word, change(word.flags()));
        let (word, _) = self.change_if(number, id, set)?;
        Ok(word.flags())
    }
}

/// `change`. Panics with debug assertions when it is called so often that it probably changes its
/// own number.
fn ending(change: impl Fn(FdFlags) -> FdFlags) -> impl Fn(FdFlags) -> FdFlags {
    let tries = Cell::new(0);
    move |flags| {
        if cfg!(debug_assertions) {
            tries.set(tries.get() + 1);
            assert!(tries.get() < MANY_TRIES, "the callback changes the number that it is about");
        }
        change(flags)
    }
}
