//! A copy of the table at one instant, without stopping anybody.
//!
//! Every slot's word is read, and then read again, the sequence in it included, in the same chunks:
//! until a pass finds each word as the pass before left it. Then every slot stood still from its
//! last reading but one to its last, so all of them did at the instant between the two passes, and
//! what was read is the table at that instant. A chunk that is missing both times may have come and
//! gone in between; then its death was counted before it was unlinked, so the count must not have
//! changed from that instant on. A word that has changed costs only its own reading.
//!
//! A slot that stands still *in name* only, having changed by a multiple of 2^24 in between, would
//! go unseen.

use std::{iter::Peekable, mem, ptr, vec};

use crate::{
    FdFlags, FdTable, FileRef, OpenFileTable,
    open_files::release_all,
    sync::{
        AtomicU32, AtomicUsize,
        epoch::{self, Guard},
    },
};

use super::{
    chunk::Chunk,
    occupancy::FAN,
    slot::{Slot, SlotWord},
    tiers::Tiers,
};

/// What to copy, by number and flags.
type Keep<'k> = &'k dyn Fn(u32, FdFlags) -> bool;

struct Snapshot<'a, T> {
    files: &'a OpenFileTable<T>,
    keep: Keep<'a>,
    /// What this pass has read, in order. Invariant: each open word here and in `last` that `keep`
    /// keeps has one reference counted for it.
    chunks: Vec<Copied>,
    /// What the pass before has read, and this one has not come to.
    last: Peekable<vec::IntoIter<Copied>>,
    /// References that were counted for words which have changed.
    stale: Vec<FileRef<'a, T>>,
}

/// A chunk as it was last read.
struct Copied {
    start: u32,
    /// Its identity; the guard keeps the address of a dead one from coming back.
    chunk: *const Chunk,
    words: [SlotWord; FAN],
}

impl<T> FdTable<T> {
    /// A copy of the table at one instant, as `fork(2)` makes: each number open in it holds one
    /// more reference to its file, with the same flags.
    ///
    /// Linearizes at an instant during the call; reserved numbers are left out. It stops no other
    /// thread; a thread that changes the table all the time makes it look again.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let parent = FdTable::new(&OpenFileTable::new());
    /// let fd = parent.open(Placement::Lowest, "file", FdFlags::CLOEXEC)?;
    /// let child = parent.fork();
    /// parent.close(fd)?;
    /// assert_eq!((*child.get(fd).unwrap(), child.flags(fd)), ("file", Some(FdFlags::CLOEXEC)));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn fork(&self) -> FdTable<T> {
        self.copy(&|_, _| true)
    }

    /// A copy, at one instant, of what `keep` keeps.
    pub(crate) fn copy(&self, keep: Keep<'_>) -> FdTable<T> {
        let mut snapshot = Snapshot::new(&self.files, keep);
        snapshot.take(&self.tiers);
        let copy = Self {
            files: self.files.clone(),
            limit: AtomicU32::new(self.limit()),
            tasks: AtomicUsize::new(0),
            tiers: self.tiers.empty_like(),
        };
        snapshot.plant(&copy.tiers);
        copy
    }
}

impl<'a, T> Snapshot<'a, T> {
    fn new(files: &'a OpenFileTable<T>, keep: Keep<'a>) -> Self {
        let last = Vec::new().into_iter().peekable();
        Self { files, keep, chunks: Vec::new(), last, stale: Vec::new() }
    }

    /// Reads the table until one pass finds everything as the pass before.
    fn take(&mut self, tiers: &Tiers) {
        let guard = epoch::pin();
        self.pass(tiers, &guard);
        loop {
            let deaths = tiers.deaths();
            if self.pass(tiers, &guard) && tiers.deaths() == deaths {
                return;
            }
        }
    }

    /// Reads every word; true if each is as it was last read, in the same chunks.
    fn pass(&mut self, tiers: &Tiers, guard: &Guard) -> bool {
        let mut same = true;
        self.last = mem::take(&mut self.chunks).into_iter().peekable();
        tiers.for_each_chunk(guard, |start, chunk| {
            same &= !self.forget_while(|copied| copied.start <= start && !copied.is(chunk));
            let known = self.last.next_if(|copied| copied.is(chunk));
            same &= known.is_some();
            self.chunks.push(known.unwrap_or_else(|| Copied::new(start, chunk)));
            same &= self.read_last(chunk);
        });
        same &= !self.forget_while(|_| true);
        release_all(self.stale.drain(..));
        same
    }

    /// Reads the words of the chunk that was pushed last; true if each is as it was last read.
    fn read_last(&mut self, chunk: &Chunk) -> bool {
        let Some(at) = self.chunks.len().checked_sub(1) else { return true };
        let mut same = true;
        for (i, slot) in chunk.slots().iter().enumerate() {
            let old = self.chunks[at].words[i];
            if slot.load() != old {
                same = false;
                let number = self.chunks[at].start + i as u32;
                let new = self.count(number, slot);
                self.chunks[at].words[i] = new;
                self.stale.extend(self.counted(number, old));
            }
        }
        same
    }

    /// Reads a slot, and counts a reference if the word is kept.
    fn count(&self, number: u32, slot: &Slot) -> SlotWord {
        match self.files.acquire_from(slot) {
            Ok((word, file)) if (self.keep)(number, word.flags()) => {
                file.into_index();
                word
            }
            Ok((word, _)) | Err(word) => word,
        }
    }

    /// The reference that is counted for a word, if one is.
    fn counted(&self, number: u32, word: SlotWord) -> Option<FileRef<'a, T>> {
        let index = word.index().filter(|_| (self.keep)(number, word.flags()))?;
        Some(self.files.adopt(index))
    }

    /// Passes by what was read last; true if there was any.
    fn forget_while(&mut self, gone: impl Fn(&Copied) -> bool) -> bool {
        let mut any = false;
        while let Some(copied) = self.last.next_if(&gone) {
            any = true;
            for (number, word) in (copied.start..).zip(copied.words) {
                self.stale.extend(self.counted(number, word));
            }
        }
        any
    }

    /// Passes what was copied on to an empty table that nobody else sees yet.
    fn plant(mut self, tiers: &Tiers) {
        for mut copied in mem::take(&mut self.chunks) {
            for (number, word) in (copied.start..).zip(&mut copied.words) {
                if !(self.keep)(number, word.flags()) {
                    *word = SlotWord::EMPTY;
                }
            }
            tiers.plant(copied.start, &copied.words);
        }
    }
}

impl<T> Drop for Snapshot<'_, T> {
    /// Gives back what was counted, when a panic in the drop of a file has ended the copy.
    fn drop(&mut self) {
        self.forget_while(|_| true);
        self.last = mem::take(&mut self.chunks).into_iter().peekable();
        self.forget_while(|_| true);
        release_all(self.stale.drain(..));
    }
}

impl Copied {
    fn new(start: u32, chunk: &Chunk) -> Self {
        Self { start, chunk, words: [SlotWord::EMPTY; FAN] }
    }

    fn is(&self, chunk: &Chunk) -> bool {
        ptr::eq(self.chunk, chunk)
    }
}
