//! From a number to what it is open on.

use std::{os::fd::RawFd, sync::Arc};

use crate::error::Error;
use crate::file::file_id::FileId;
use crate::file::file_ref::{Candidate, FileRef};
use crate::file::slab::Slab;
use crate::table::chunk::{Chunk, Entered, Visited};
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;
use crate::table::slot::{Slot, SlotWord};

impl<T> FdTable<T> {
    /// The file that `fd` is open on, or `None` (`EBADF`).
    ///
    /// Linearizes at a reading of the slot: against a racing close, `dup2` or reuse it returns the
    /// file before or the one after, or `None` if `fd` was not open in between; never another
    /// number's. In the hot ranges it takes no epoch guard and allocates nothing.
    ///
    /// A call that loses such a race may have counted a file for a moment, and its count may be the
    /// last: then it drops that file, which may be another one than it returns.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// assert_eq!(*table.get(fd).unwrap(), "file");
    /// assert!(table.get(-1).is_none());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    // Always: it is two RMWs, to which a frame would add a quarter.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, fd: RawFd) -> Option<FileRef<'_, T>> {
        let (_, file) = self.acquired(Number(fd as u32))?;
        Some(file)
    }

    /// The file that `fd` is open on and the flags of `fd`, both of one instant, or `None`
    /// (`EBADF`). Linearizes as [`get`](Self::get).
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::CLOEXEC)?;
    /// let descriptor = table.descriptor(fd).unwrap();
    /// assert_eq!((descriptor.flags, *descriptor.file), (FdFlags::CLOEXEC, "file"));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn descriptor(&self, fd: RawFd) -> Option<Descriptor<'_, T>> {
        self.descriptor_of(Number::new(fd))
    }

    /// What an open number is open on.
    pub(crate) fn descriptor_of(&self, number: Number) -> Option<Descriptor<'_, T>> {
        let (word, file) = self.acquired(number)?;
        Some(Descriptor { fd: number.fd(), flags: word.flags(), file })
    }

    #[inline(always)]
    fn acquired(&self, number: Number) -> Option<(SlotWord, FileRef<'_, T>)> {
        self.with_chunk(number, |chunk, i| acquire(&self.open_files.slab, &chunk.slots[i]).ok())
    }

    /// What the slot of `number` held as `word`, with the reference that was the slot's; `None` for
    /// the word of an empty slot.
    #[inline]
    pub(crate) fn adopt(&self, number: Number, word: SlotWord) -> Option<Descriptor<'_, T>> {
        let file = FileRef::adopt(&self.open_files.slab, word.index()?);
        Some(Descriptor { fd: number.fd(), flags: word.flags(), file })
    }

    /// Changes the slot of `number` by CAS if it is open on `id`: its word before, and a reference
    /// to the file. The slot's own is the caller's too, if the change took it out.
    pub(crate) fn change_if(
        &self,
        number: Number,
        id: FileId,
        change: impl Fn(&Slot, SlotWord) -> Result<(), SlotWord>,
    ) -> Result<(SlotWord, FileRef<'_, T>), Error> {
        loop {
            let tried = self.with_chunk(number, |chunk, i| {
                let slot = &chunk.slots[i];
                // Our count keeps the id as it is until the CAS has told.
                let (word, file) = acquire(&self.open_files.slab, slot).ok()?;
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

    /// Runs `f` on the chunk of `number` and its slot there, if the chunk is there. In the gap, `f`
    /// runs under an epoch guard.
    // Always: what is done to a slot costs less than a call.
    #[inline(always)]
    pub(crate) fn with_chunk<R>(
        &self,
        number: Number,
        f: impl FnOnce(&Chunk, usize) -> Option<R>,
    ) -> Option<R> {
        match self.tiers.hot.index_of(number) {
            Some(index) => {
                let (chunk, i) = self.tiers.hot.chunk(index)?;
                f(chunk, i)
            }
            None => self.tiers.gap.with_chunk(number, f),
        }
    }

    /// Runs `f` on the chunk of `number`, which is made if it is missing; again if it is dead.
    pub(crate) fn enter(
        &self,
        number: Number,
        mut f: impl FnMut(Entered<'_>) -> Visited<bool>,
    ) -> bool {
        loop {
            let done = match self.tiers.hot.index_of(number) {
                Some(index) => self.tiers.hot.enter(index, &mut f),
                None => self.tiers.gap.enter(number, &mut f),
            };
            // Always: hot chunks never die, the gap unlinks dead ones itself, and its roots never
            // die.
            if let Ok(done) = done {
                return done;
            }
        }
    }
}

/// Takes a reference to whatever file `slot` refers to, and says which word of the slot that was;
/// `Err` is the word of an empty slot.
///
/// Linearizes at the last reading of the slot. Lock-free: another try means that another thread has
/// changed the slot.
#[inline]
pub(crate) fn acquire<'a, T>(
    slab: &'a Arc<Slab<T>>,
    slot: &Slot,
) -> Result<(SlotWord, FileRef<'a, T>), SlotWord> {
    loop {
        let word = slot.load();
        let Some(index) = word.index() else {
            return Err(word);
        };
        let candidate = Candidate::new(slab, index);
        // We count, then read the slot again; a closer changes the slot, then drops its reference
        // (`FdTable::close_number`), both by RMW. If the closer was first, our count has acquired
        // the change, and the second reading differs. If it still finds the word, the slot's own
        // reference was counted when ours was added: the block is in the life that the word means,
        // and ours keeps it there.
        if slot.still_holds(word) {
            return Ok((word, candidate.validated()));
        }
    }
}
