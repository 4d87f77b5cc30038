//! A copy of the table at one instant, without a lock.
//!
//! Every slot's word is read, and then read again, the sequence in it included, in the same chunks:
//! until a pass finds each word as the pass before left it. Then every slot stood still from its
//! last reading but one to its last, so all of them did at the instant between the two passes, and
//! what was read is the table at that instant. A chunk that is missing the second time may have
//! been there in between; then its death was counted before it was unlinked, so the count must not
//! have changed from that instant on. A word that has changed costs only its own reading, also
//! after a change of guards (docs/DESIGN.md, *Copying*, says why).
//!
//! A slot that changes exactly k * 2^24 times between two readings looks unchanged.

use std::{mem, ops::Range, ptr, sync::Arc};

use crate::file::file_ref::{FileRef, drop_all};
use crate::file::slab::Slab;
use crate::flags::FdFlags;
use crate::sync::epoch::{Guard, pin};
use crate::table::backoff::Request;
use crate::table::chunk::{Chunk, Entered};
use crate::table::fd_table::FdTable;
use crate::table::lookup::acquire;
use crate::table::number::Number;
use crate::table::occupancy::FAN;
use crate::table::slot::{Slot, SlotWord};
use crate::table::tiers::Tiers;

/// How many passes a copy tries under one guard, which keeps from being freed what other threads
/// reclaim meanwhile.
const PASSES: usize = if cfg!(all(test, feature = "loom")) { 2 } else { 8 };

/// How many passes find a change before the copy asks for quiet.
const FAILURES: usize = if cfg!(all(test, feature = "loom")) { 1 } else { 2 };

struct Snapshot<'a, T, K: Fn(Number, FdFlags) -> bool> {
    kept: Kept<'a, T, K>,
    /// What was last read, in order. Invariant: each open word that is kept has one reference
    /// counted for it.
    chunks: Vec<Copied>,
    /// How many passes have found a change.
    failures: usize,
    /// References that were counted for words which have changed.
    stale: Vec<FileRef<'a, T>>,
}

/// What is copied: the numbers and flags that `keep` answers with true.
struct Kept<'a, T, K> {
    slab: &'a Arc<Slab<T>>,
    keep: K,
}

/// A chunk as it was last read.
struct Copied {
    start: Number,
    /// Its identity, under one guard: that keeps the address of a dead one from coming back.
    chunk: *const Chunk,
    words: [SlotWord; FAN],
}

impl<T> FdTable<T> {
    /// A copy of the table at one instant, as `fork(2)` makes: each number open in it holds one
    /// more reference to its file, with the same flags. What is [`CLOFORK`](FdFlags::CLOFORK) is
    /// left out.
    ///
    /// Linearizes at an instant during the call; reserved numbers are left out. While other threads
    /// change the table it looks again; after two passes in vain it asks them to back off, and ends
    /// after about one more pass for each of them ([the bound](crate::design#progress)).
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
        self.copy(|_, flags| !flags.contains(FdFlags::CLOFORK))
    }

    /// A copy of all that is open, at one instant.
    pub(crate) fn copy_all(&self) -> FdTable<T> {
        self.copy(|_, _| true)
    }

    /// A copy, at one instant, of what `keep` keeps.
    pub(crate) fn copy(&self, keep: impl Fn(Number, FdFlags) -> bool) -> FdTable<T> {
        let kept = Kept { slab: &self.open_files.slab, keep };
        let mut snapshot = Snapshot { kept, chunks: Vec::new(), failures: 0, stale: Vec::new() };
        let mut request = self.backoff.request();
        while !snapshot.settle(&self.tiers, &mut request) {}
        // What follows needs no quiet.
        drop(request);
        let tiers = Tiers::new(self.base()).expect("the base of a table that is there");
        let copy = FdTable::with(self.open_files.clone(), self.limit(), tiers);
        snapshot.pass_on(&copy);
        copy
    }
}

impl<T, K: Fn(Number, FdFlags) -> bool> Snapshot<'_, T, K> {
    /// Reads the table until one pass finds everything as the pass before, under one guard; false
    /// if it has changed too often.
    fn settle(&mut self, tiers: &Tiers, request: &mut Request<'_>) -> bool {
        let guard = pin();
        self.pass(tiers, &guard);
        (0..PASSES).any(|_| {
            let deaths = tiers.gap.deaths();
            let same = self.pass(tiers, &guard) && tiers.gap.deaths() == deaths;
            if !same {
                self.failed(request);
            }
            same
        })
    }

    /// A pass has found a change. By the first ones, nearly every reference is counted: so what the
    /// copy asks quiet for is passes that only read.
    fn failed(&mut self, request: &mut Request<'_>) {
        self.failures += 1;
        if self.failures >= FAILURES {
            request.ask(self.chunks.len());
        }
    }

    /// Reads every word; true if each is as it was last read. A chunk that is new counts as
    /// unchanged if its slots are as they were born; one that is gone shows in the deaths.
    fn pass(&mut self, tiers: &Tiers, guard: &Guard) -> bool {
        let (mut same, mut count) = (true, 0);
        for (at, (start, chunk)) in tiers.chunks(guard).enumerate() {
            self.come_to(at, start, chunk);
            same &= self.read(at, chunk);
            count = at + 1;
        }
        self.forget(count..self.chunks.len());
        drop_all(self.stale.drain(..));
        same
    }

    /// Makes sure that `chunks[at]` is this chunk.
    fn come_to(&mut self, at: usize, start: Number, chunk: &Chunk) {
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
        let Self { kept, chunks, stale, .. } = self;
        let Copied { start, words, .. } = &mut chunks[at];
        let mut same = true;
        for (i, slot) in chunk.slots.iter().enumerate() {
            let (now, number) = (slot.load(), start.plus(i));
            if now != words[i] {
                same = false;
                if kept.passes_on(number, words[i], now) {
                    words[i] = now;
                } else {
                    let old = mem::replace(&mut words[i], kept.count(number, now, slot));
                    stale.extend(kept.reference(number, old));
                }
            }
        }
        same
    }

    /// Forgets chunks that are not there any more.
    fn forget(&mut self, gone: Range<usize>) {
        let Self { kept, chunks, stale, .. } = self;
        for copied in chunks.drain(gone) {
            stale.extend(
                copied.numbered().filter_map(|(number, word)| kept.reference(number, word)),
            );
        }
    }

    /// Passes what was copied on to an empty table that no other thread sees yet.
    fn pass_on(mut self, copy: &FdTable<T>) {
        for mut copied in mem::take(&mut self.chunks) {
            for (i, word) in copied.words.iter_mut().enumerate() {
                if !(self.kept.keep)(copied.start.plus(i), word.flags()) {
                    *word = SlotWord::EMPTY;
                }
            }
            copy.init_chunk(&copied);
        }
    }
}

impl<T> FdTable<T> {
    /// Opens what is open in a copied chunk, in a table that no other thread sees yet.
    fn init_chunk(&self, copied: &Copied) {
        let open = copied.numbered().find(|(_, word)| word.index().is_some());
        let Some((first, _)) = open else { return };
        self.enter(first, |Entered { chunk, parent, .. }| {
            chunk.init(&copied.words);
            parent.note_if_full(&chunk.claims);
            Ok(true)
        });
    }
}

impl<'a, T, K: Fn(Number, FdFlags) -> bool> Kept<'a, T, K> {
    /// Reads a slot again, which held `now`, and counts a reference if it is to be copied. What is
    /// left out is not counted even for an instant: its close drops the file at once.
    #[inline]
    fn count(&self, number: Number, now: SlotWord, slot: &Slot) -> SlotWord {
        if !self.keeps(number, now) {
            return now;
        }
        match acquire(self.slab, slot) {
            Ok((word, file)) if self.keeps(number, word) => {
                file.into_index();
                word
            }
            Ok((word, _)) | Err(word) => word,
        }
    }

    /// Whether the reference that was counted for one word is what the next one needs. A count
    /// keeps the life from ending, so an index that is the same means the same life: where only
    /// flags have changed, nothing is counted again. Counting would be slower than such changes.
    #[inline]
    fn passes_on(&self, number: Number, old: SlotWord, now: SlotWord) -> bool {
        let kept = |word| self.keeps(number, word);
        old.index() == now.index() && (now.index().is_none() || (kept(old) && kept(now)))
    }

    /// The reference that was counted for a word, if it was to be copied.
    #[inline]
    fn reference(&self, number: Number, word: SlotWord) -> Option<FileRef<'a, T>> {
        let index = word.index().filter(|_| self.keeps(number, word))?;
        Some(FileRef::adopt(self.slab, index))
    }

    /// Whether a word is of an open number that is to be copied.
    #[inline]
    fn keeps(&self, number: Number, word: SlotWord) -> bool {
        word.index().is_some() && (self.keep)(number, word.flags())
    }
}

impl<T, K: Fn(Number, FdFlags) -> bool> Drop for Snapshot<'_, T, K> {
    /// Gives back what was counted, when a panic in the drop of a file has ended the copy.
    fn drop(&mut self) {
        self.forget(0..self.chunks.len());
        drop_all(self.stale.drain(..));
    }
}

impl Copied {
    fn is(&self, start: Number, chunk: &Chunk) -> bool {
        self.start == start && ptr::eq(self.chunk, chunk)
    }

    /// Its words, each with its number.
    fn numbered(&self) -> impl Iterator<Item = (Number, SlotWord)> {
        let start = self.start;
        self.words.into_iter().enumerate().map(move |(i, word)| (start.plus(i), word))
    }
}
