//! A copy of the table at one instant, without stopping anybody.
//!
//! Every slot's word is read, and then read again, the sequence in it included, in the same chunks:
//! until a pass finds each word as the pass before left it. Then every slot stood still from its
//! last reading but one to its last, so all of them did at the instant between the two passes, and
//! what was read is the table at that instant. A chunk that is missing the second time may have
//! been there in between; then its death was counted before it was unlinked, so the count must not
//! have changed from that instant on. A word that has changed costs only its own reading, also
//! after a change of guards (docs/DESIGN.md, *Copying*, says why).
//!
//! A slot that stands still *in name* only, having changed by a multiple of 2^24 in between, would
//! go unseen.

use std::{mem, ops::Range, ptr};

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

/// How many passes a copy tries under one guard, which keeps from being freed what other threads
/// reclaim meanwhile.
const PASSES: usize = if cfg!(all(test, feature = "loom")) { 2 } else { 8 };

/// What to copy, by number and flags.
pub(crate) trait Keep: Fn(u32, FdFlags) -> bool {}
impl<F: Fn(u32, FdFlags) -> bool> Keep for F {}

struct Snapshot<'a, T, K: Keep> {
    files: &'a OpenFileTable<T>,
    keep: K,
    /// What was last read, in order. Invariant: each open word that `keep` keeps has one reference
    /// counted for it.
    chunks: Vec<Copied>,
    /// References that were counted for words which have changed.
    stale: Vec<FileRef<'a, T>>,
}

/// A chunk as it was last read.
struct Copied {
    start: u32,
    /// Its identity, under one guard: that keeps the address of a dead one from coming back.
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
        self.copy(|_, _| true)
    }

    /// A copy, at one instant, of what `keep` keeps.
    pub(crate) fn copy(&self, keep: impl Keep) -> FdTable<T> {
        let mut snapshot =
            Snapshot { files: &self.files, keep, chunks: Vec::new(), stale: Vec::new() };
        while !snapshot.take(&self.tiers) {}
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

impl<T, K: Keep> Snapshot<'_, T, K> {
    /// Reads the table until one pass finds everything as the pass before, under one guard; false
    /// if it has changed too often.
    fn take(&mut self, tiers: &Tiers) -> bool {
        let guard = epoch::pin();
        self.pass(tiers, &guard);
        (0..PASSES).any(|_| {
            let deaths = tiers.deaths();
            self.pass(tiers, &guard) && tiers.deaths() == deaths
        })
    }

    /// Reads every word; true if each is as it was last read. What matters of a chunk that has come
    /// is whether its slots are still as they were born; of one that has gone, the deaths.
    fn pass(&mut self, tiers: &Tiers, guard: &Guard) -> bool {
        let (mut same, mut count) = (true, 0);
        for (at, (start, chunk)) in tiers.chunks(guard).enumerate() {
            self.come_to(at, start, chunk);
            same &= self.read(at, chunk);
            count = at + 1;
        }
        self.forget(count..self.chunks.len());
        release_all(self.stale.drain(..));
        same
    }

    /// Makes sure that `chunks[at]` is this chunk.
    fn come_to(&mut self, at: usize, start: u32, chunk: &Chunk) {
        let rest = &self.chunks[at..];
        if rest.first().is_some_and(|copied| copied.is(start, chunk)) {
            return;
        }
        let gone =
            rest.iter().take_while(|copied| copied.start <= start && !copied.is(start, chunk));
        let gone = gone.count();
        self.forget(at..at + gone);
        if !self.chunks.get(at).is_some_and(|copied| copied.is(start, chunk)) {
            self.chunks.insert(at, Copied { start, chunk, words: [SlotWord::EMPTY; FAN] });
        }
    }

    /// Reads the words of a chunk, and counts a reference for each that has changed; true if none
    /// has.
    fn read(&mut self, at: usize, chunk: &Chunk) -> bool {
        let Self { files, keep, chunks, stale } = self;
        let Copied { start, words, .. } = &mut chunks[at];
        let mut same = true;
        for (i, slot) in chunk.slots().iter().enumerate() {
            if slot.load() != words[i] {
                same = false;
                let number = *start + i as u32;
                let old = mem::replace(&mut words[i], count(files, keep, number, slot));
                stale.extend(kept(keep, number, old).map(|index| files.adopt(index)));
            }
        }
        same
    }

    /// Forgets chunks that are not there any more.
    fn forget(&mut self, gone: Range<usize>) {
        let Self { files, keep, chunks, stale } = self;
        for copied in chunks.drain(gone) {
            let words = (copied.start..).zip(copied.words);
            let counted = words.filter_map(|(number, word)| kept(keep, number, word));
            stale.extend(counted.map(|index| files.adopt(index)));
        }
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

/// Reads a slot, and counts a reference if it is to be copied.
#[inline]
fn count<T>(files: &OpenFileTable<T>, keep: &impl Keep, number: u32, slot: &Slot) -> SlotWord {
    match files.acquire_from(slot) {
        Ok((word, file)) if keep(number, word.flags()) => {
            file.into_index();
            word
        }
        Ok((word, _)) | Err(word) => word,
    }
}

/// The description of a word, if it is to be copied.
#[inline]
fn kept(keep: &impl Keep, number: u32, word: SlotWord) -> Option<u32> {
    word.index().filter(|_| keep(number, word.flags()))
}

impl<T, K: Keep> Drop for Snapshot<'_, T, K> {
    /// Gives back what was counted, when a panic in the drop of a file has ended the copy.
    fn drop(&mut self) {
        self.forget(0..self.chunks.len());
        release_all(self.stale.drain(..));
    }
}

impl Copied {
    fn is(&self, start: u32, chunk: &Chunk) -> bool {
        self.start == start && ptr::eq(self.chunk, chunk)
    }
}
