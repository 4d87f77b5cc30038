//! A copy of the table at one instant, without stopping anybody.
//!
//! Every slot's word is read, and then read again, the sequence in it included, in the same chunks:
//! until a pass finds each word as the pass before left it. Then every slot stood still from its
//! last reading but one to its last, so all of them did at the instant between the two passes, and
//! what was read is the table at that instant. A word that has changed costs only its own reading.
//!
//! A slot that stands still *in name* only, having changed by a multiple of 2^24 in between, would
//! go unseen.

use std::ptr;

use crate::{
    FdFlags, FdTable, FileRef, OpenFileTable,
    sync::{AtomicU32, AtomicUsize, epoch},
};

use super::{chunk::Chunk, occupancy::FAN, slot::SlotWord, tiers::Tiers};

/// What to copy, by number and flags.
type Keep<'k> = &'k dyn Fn(u32, FdFlags) -> bool;

struct Snapshot<'a, T> {
    files: &'a OpenFileTable<T>,
    keep: Keep<'a>,
    /// In order. Invariant: each open word that `keep` keeps has one reference counted for it.
    chunks: Vec<Copied>,
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
        let mut snapshot = Snapshot {
            files: &self.files,
            keep,
            chunks: Vec::new(),
        };
        let guard = epoch::pin();
        snapshot.pass(&self.tiers, &guard);
        while !snapshot.pass(&self.tiers, &guard) {}
        drop(guard);
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

impl<T> Snapshot<'_, T> {
    /// Reads every word; true if each is as it was last read, in the same chunks.
    fn pass(&mut self, tiers: &Tiers, guard: &epoch::Guard) -> bool {
        let mut last = std::mem::take(&mut self.chunks).into_iter().peekable();
        let mut same = true;
        tiers.for_each_chunk(guard, |start, chunk| {
            while let Some(gone) = last.next_if(|copied| copied.start <= start && !copied.is(chunk))
            {
                same = false;
                self.forget(gone);
            }
            let mut copied = last.next_if(|copied| copied.is(chunk)).unwrap_or_else(|| {
                same = false;
                Copied {
                    start,
                    chunk,
                    words: [SlotWord::EMPTY; FAN],
                }
            });
            same &= self.read(&mut copied, chunk);
            self.chunks.push(copied);
        });
        for gone in last {
            same = false;
            self.forget(gone);
        }
        same
    }

    /// Reads the words of a chunk; true if each is as it was last read.
    fn read(&self, copied: &mut Copied, chunk: &Chunk) -> bool {
        let mut same = true;
        for (number, (word, slot)) in
            (copied.start..).zip(copied.words.iter_mut().zip(chunk.slots()))
        {
            if slot.load() != *word {
                same = false;
                drop(self.counted(number, *word));
                *word = self.files.acquire_from(slot).map_or_else(
                    |empty| empty,
                    |(word, file)| {
                        if self.keeps(number, word) {
                            file.into_index();
                        }
                        word
                    },
                );
            }
        }
        same
    }

    fn keeps(&self, number: u32, word: SlotWord) -> bool {
        word.index().is_some() && (self.keep)(number, word.flags())
    }

    /// The reference that is counted for a word.
    fn counted(&self, number: u32, word: SlotWord) -> Option<FileRef<'_, T>> {
        let index = word.index().filter(|_| self.keeps(number, word))?;
        Some(self.files.adopt(index))
    }

    fn forget(&self, gone: Copied) {
        for (number, word) in (gone.start..).zip(gone.words) {
            drop(self.counted(number, word));
        }
    }

    /// Passes what was copied on to an empty table that nobody else sees yet.
    fn plant(mut self, tiers: &Tiers) {
        for mut copied in std::mem::take(&mut self.chunks) {
            for (number, word) in (copied.start..).zip(&mut copied.words) {
                if !self.keeps(number, *word) {
                    *word = SlotWord::EMPTY;
                }
            }
            tiers.plant(copied.start, &copied.words);
        }
    }
}

impl Copied {
    fn is(&self, chunk: &Chunk) -> bool {
        ptr::eq(self.chunk, chunk)
    }
}
