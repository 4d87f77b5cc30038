//! Duplicating a descriptor, and putting a file where another one is.

use std::os::fd::RawFd;

use crate::error::{Error, Rejected};
use crate::file::file_id::FileId;
use crate::file::file_ref::FileRef;
use crate::flags::FdFlags;
use crate::sync::spin_loop;
use crate::table::backoff::Permit;
use crate::table::chunk::{Entered, Put, Tell};
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;
use crate::table::occupancy::{Dead, Filled};
use crate::table::open::Placement;
use crate::table::slot::Slot;

/// How often `dup2` looks again at a number that another call holds, before it answers `EBUSY`.
const PATIENCE: u32 = if cfg!(all(test, feature = "loom")) { 1 } else { 128 };

impl<T> FdTable<T> {
    /// `dup(2)` and `fcntl(F_DUPFD)`: opens another number on the file of `old`, with exactly
    /// `flags`.
    ///
    /// Two steps, as in Linux: the file is looked up, then the number is taken and opened; a close
    /// of `old` in between does not matter.
    ///
    /// # Errors
    ///
    /// `EBADF` if `old` is not open, then those of the [`Placement`].
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// assert_eq!(table.dup(fd, Placement::From(1025), FdFlags::CLOEXEC)?, 1025);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[doc(alias("F_DUPFD", "F_DUPFD_CLOEXEC"))]
    pub fn dup(&self, old: RawFd, placement: Placement, flags: FdFlags) -> Result<RawFd, Error> {
        let permit = self.begin_change();
        let file = self.get(old).ok_or(Error::BadFd)?;
        let number = self.reserve_number(&permit, placement)?;
        Ok(self.open_reserved(&permit, number, file.into_index(), flags))
    }

    /// `dup2(2)`: makes `new` refer to the file of `old`, with no flags, and returns the file that
    /// it displaced.
    ///
    /// An open `new` changes by one CAS: a racing call finds the old file or the new one, never
    /// `EBADF`. The displaced file goes to the caller, whose drop of it is its release. If `old ==
    /// new` is open, nothing happens.
    ///
    /// # Errors
    ///
    /// `EBADF` if `old` is not open, or `new` is negative or not below the limit. `EBUSY` if `new`
    /// is reserved, or another call is opening or closing it and does not get on.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let a = table.open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// let b = table.open(Placement::Lowest, 'b', FdFlags::CLOEXEC)?;
    /// let displaced = table.dup2(a, b)?;
    /// assert_eq!(displaced.as_deref(), Some(&'b'));
    /// assert_eq!((*table.get(b).unwrap(), table.flags(b)), ('a', Some(FdFlags::empty())));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn dup2(&self, old: RawFd, new: RawFd) -> Result<Option<Descriptor<'_, T>>, Error> {
        if old == new {
            return if self.contains(old) { Ok(None) } else { Err(Error::BadFd) };
        }
        self.dup_onto(old, new, FdFlags::empty())
    }

    /// `dup3(2)`: [`dup2`](Self::dup2) with exactly `flags` on the new number, which it never is
    /// without. See [`FdFlags::from_dup3`] for the raw argument.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `old == new`, open or not; else as `dup2`.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// table.dup3(fd, 20_000, FdFlags::CLOEXEC)?;
    /// assert_eq!(table.flags(20_000), Some(FdFlags::CLOEXEC));
    /// assert_eq!(table.dup3(fd, fd, FdFlags::CLOEXEC).unwrap_err(), Error::Invalid);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn dup3(
        &self,
        old: RawFd,
        new: RawFd,
        flags: FdFlags,
    ) -> Result<Option<Descriptor<'_, T>>, Error> {
        if old == new {
            return Err(Error::Invalid);
        }
        self.dup_onto(old, new, flags)
    }

    fn dup_onto(
        &self,
        old: RawFd,
        new: RawFd,
        flags: FdFlags,
    ) -> Result<Option<Descriptor<'_, T>>, Error> {
        let permit = self.begin_change();
        let new = Number::below(new, self.end()).ok_or(Error::BadFd)?;
        let file = self.get(old).ok_or(Error::BadFd)?;
        self.put(&permit, new, file, flags).map_err(|rejected| rejected.error)
    }

    /// Makes `fd` refer to a new description of `file`, with exactly `flags`, and returns the file
    /// that it displaced; as `dup3` does with a file that is open.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is negative or not below the limit, `ENFILE`, `EBUSY` as `dup2`; each gives
    /// `file` back.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// assert!(table.replace(5, "first", FdFlags::empty())?.is_none());
    /// assert_eq!(table.replace(5, "second", FdFlags::empty())?.as_deref(), Some(&"first"));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn replace(
        &self,
        fd: RawFd,
        file: T,
        flags: FdFlags,
    ) -> Result<Option<Descriptor<'_, T>>, Rejected<T>> {
        let permit = self.begin_change();
        let Some(number) = Number::below(fd, self.end()) else {
            return Err(Rejected::new(Error::BadFd, file));
        };
        let file = self.create(file)?;
        // SAFETY: I6 - `put` gives back what no slot has held, and nobody else has a reference to
        // what was created here.
        self.put(&permit, number, file, flags)
            .map_err(|r| Rejected::new(r.error, unsafe { r.file.withdraw() }))
    }

    /// [`replace`](Self::replace), if `fd` is still open on the description with this id: for a
    /// file that has become another meanwhile. Linearizes at the CAS that changes the slot.
    ///
    /// # Errors
    ///
    /// `EBADF` if `fd` is not open or open on another description, `ENFILE`; each gives `file`
    /// back.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "virtual", FdFlags::empty())?;
    /// let id = table.get(fd).unwrap().id();
    /// assert_eq!(*table.replace_if(fd, id, "promoted", FdFlags::USER_1)?, "virtual");
    /// assert!(table.replace_if(fd, id, "too late", FdFlags::USER_1).is_err());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn replace_if(
        &self,
        fd: RawFd,
        id: FileId,
        file: T,
        flags: FdFlags,
    ) -> Result<Descriptor<'_, T>, Rejected<T>> {
        let permit = self.begin_change();
        // EBADF comes before ENFILE.
        if self.get(fd).is_none_or(|file| file.id() != id) {
            return Err(Rejected::new(Error::BadFd, file));
        }
        let file = self.create(file)?;
        let (number, index) = (Number::new(fd), file.index());
        let replace = |slot: &Slot, word| slot.replace_if(&permit, word, index, flags);
        match self.change_if(number, id, replace) {
            Ok((word, _)) => {
                file.into_index();
                Ok(self.adopt(number, word).expect("it was open"))
            }
            // SAFETY: I6 - no slot has taken it, and nobody else has a reference to what was
            // created here.
            Err(error) => Err(Rejected::new(error, unsafe { file.withdraw() })),
        }
    }

    fn create(&self, file: T) -> Result<FileRef<'_, T>, Rejected<T>> {
        let slab = &self.open_files.slab;
        Ok(FileRef::adopt(slab, slab.create(file)?))
    }

    /// Opens `number` on `file`, whether it is free or open, and returns what it displaced. A
    /// number that another call holds is `EBUSY` in the end.
    fn put<'a>(
        &'a self,
        permit: &Permit,
        number: Number,
        file: FileRef<'a, T>,
        flags: FdFlags,
    ) -> Result<Option<Descriptor<'a, T>>, Rejected<FileRef<'a, T>>> {
        let index = file.index();
        for _ in 0..=PATIENCE {
            let put = self.with_chunk(number, |chunk, i| chunk.put(permit, i, index, flags));
            match put.unwrap_or_else(|| self.put_in_missing_chunk(permit, number, index, flags)) {
                Put::Replaced(word) => {
                    file.into_index();
                    return Ok(self.adopt(number, word));
                }
                Put::Opened(filled) => {
                    file.into_index();
                    self.note(number, filled);
                    return Ok(None);
                }
                Put::Taken => spin_loop(),
            }
        }
        Err(Rejected::new(Error::Busy, file))
    }

    /// [`Chunk::put`](crate::table::chunk::Chunk::put) where the chunk was missing or dead.
    #[cold]
    fn put_in_missing_chunk(
        &self,
        permit: &Permit,
        number: Number,
        index: u32,
        flags: FdFlags,
    ) -> Put {
        let mut put = Put::Taken;
        self.enter(number, |Entered { chunk, slot, made, .. }| {
            put = if made {
                chunk.slots[slot].open(permit, index, flags);
                Put::Opened(Filled(false))
            } else {
                chunk.put(permit, slot, index, flags).ok_or(Dead)?
            };
            Ok(true)
        });
        put
    }

    /// What has to follow a claim whose parent is not at hand. The number may have been closed
    /// since, and its chunk may be gone.
    #[inline]
    fn note(&self, number: Number, Filled(filled): Filled) {
        if !filled {
            return;
        }
        let tell: Tell = |parent, child| parent.note_if_full(child);
        match self.tiers.hot.index_of(number) {
            Some(index) => self.tiers.hot.tell_parent(index, tell),
            None => self.tiers.gap.tell_parent(number, tell),
        }
    }
}
