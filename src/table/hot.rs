//! The hot ranges of numbers: an inline directory of chunks, each published once and kept until the
//! table drops.
//!
//! So a lookup is two dependent loads and needs no epoch, and a directory with nothing in it is all
//! that an empty table costs. The two ranges lie in the directory one after the other, in groups of
//! 32 chunks; a [`HotIndex`] counts through both.

use std::{ops::Range, ptr};

use crate::sync::published::{publish, published};
use crate::sync::{AtomicPtr, Ordering};
use crate::table::chunk::{Chunk, Entered, OnEntered, Tell, Visited};
use crate::table::full_bits::Parent;
use crate::table::number::{LOW_END, NUMBERS, Number};
use crate::table::occupancy::{Dead, FAN, Occupancy, Reading, Released};

/// The numbers of one group, as many as the low range has.
const GROUP: u32 = LOW_END;
/// The low range is one group, the high range four (one in the model checker's small table).
const GROUPS: usize = if cfg!(all(test, feature = "loom")) { 2 } else { 5 };
/// How many numbers the hot ranges hold together.
const LEN: u32 = GROUPS as u32 * GROUP;
/// How many numbers the high range holds.
const HIGH_LEN: u32 = LEN - LOW_END;
/// How many chunks the hot ranges hold.
pub(crate) const HOT_CHUNKS: usize = LEN as usize / FAN;

/// The tier.
// In this order: what changes seldom comes first (`FdTable`).
#[repr(C)]
pub(crate) struct HotRanges {
    /// Where the high range starts. Invariant: a multiple of `FAN`, from `LOW_END` to `NUMBERS -
    /// HIGH_LEN`.
    base: u32,
    /// Written by: the thread that makes the chunk, once. Read by: every thread.
    chunks: [[AtomicPtr<Chunk>; FAN]; GROUPS],
    /// Which chunks are full, by group.
    full: [Occupancy; GROUPS],
}

/// Counts through the numbers of the low range, then through those of the high range. At most
/// `LEN`, which is the end of both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct HotIndex(pub(crate) u32);

impl HotIndex {
    /// The first index of a chunk.
    pub(crate) fn of_chunk(chunk: usize) -> Self {
        Self((chunk * FAN) as u32)
    }

    /// Its chunk, counted through all groups.
    #[inline]
    fn chunk_index(self) -> usize {
        self.0 as usize / FAN
    }

    /// Its slot within its chunk.
    #[inline]
    fn slot(self) -> usize {
        self.0 as usize % FAN
    }
}

impl HotRanges {
    /// `None` if the base is out of its range.
    pub(crate) fn new(base: u32) -> Option<Self> {
        let fits =
            base.is_multiple_of(FAN as u32) && (LOW_END..=NUMBERS - HIGH_LEN).contains(&base);
        let empty = |_| std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        fits.then(|| Self {
            base,
            full: std::array::from_fn(|_| Occupancy::new(0)),
            chunks: std::array::from_fn(empty),
        })
    }

    pub(crate) fn base(&self) -> u32 {
        self.base
    }

    /// The index of a number, if it is in a hot range.
    #[inline]
    pub(crate) fn index_of(&self, number: Number) -> Option<HotIndex> {
        if number.0 < LOW_END {
            return Some(HotIndex(number.0));
        }
        let high = number.0.wrapping_sub(self.base);
        (high < HIGH_LEN).then(|| HotIndex(LOW_END + high))
    }

    /// The indices of the part of `from..to` that is in the hot range of `from`; `None` if `from`
    /// is in none.
    #[inline]
    pub(crate) fn indices_of(&self, from: Number, to: Number) -> Option<Range<HotIndex>> {
        let start = self.index_of(from)?;
        let end = match start.0 < LOW_END {
            true => to.0.min(LOW_END),
            false => LEN.min(LOW_END + to.0.saturating_sub(self.base)),
        };
        Some(start..HotIndex(end))
    }

    #[inline]
    pub(crate) fn number_of(&self, index: HotIndex) -> Number {
        Number(if index.0 < LOW_END { index.0 } else { self.base + (index.0 - LOW_END) })
    }

    /// The end of the stretch of numbers, a hot range or the gap between two, that holds `number`.
    pub(crate) fn range_end(&self, number: Number) -> Number {
        let ends = [LOW_END, self.base, self.base + HIGH_LEN].map(Number);
        ends.into_iter().find(|end| number < *end).unwrap_or(Number::END)
    }

    /// The chunk and the slot of an index, if the chunk is there.
    #[inline]
    pub(crate) fn chunk(&self, index: HotIndex) -> Option<(&Chunk, usize)> {
        // SAFETY: I4 - a chunk of a hot range is published whole and stays until the tier drops.
        let chunk = unsafe { published(self.chunk_ptr(index)) };
        Some((chunk?, index.slot()))
    }

    /// Runs `f` on the chunk of an index. A missing chunk is made.
    pub(crate) fn enter(&self, index: HotIndex, f: &mut OnEntered<'_>) -> Visited<bool> {
        let (chunk, made) = self.chunk_or_made(index);
        f(Entered { chunk, slot: index.slot(), made, parent: &self.parent(index) })
    }

    /// Claims the lowest free index of a range; `None` if none of them was free during the whole
    /// call.
    #[inline(always)]
    pub(crate) fn claim_in(&self, range: Range<HotIndex>, reading: Reading) -> Option<HotIndex> {
        match self.claim_in_next_chunk(range.start, range.end, reading) {
            Err(from) => self.claim_further(from..range.end, reading),
            claimed => claimed.ok(),
        }
    }

    #[cold]
    fn claim_further(&self, range: Range<HotIndex>, reading: Reading) -> Option<HotIndex> {
        let mut from = range.start;
        while from < range.end {
            match self.claim_in_next_chunk(from, range.end, reading) {
                Err(next) => from = next,
                claimed => return claimed.ok(),
            }
        }
        None
    }

    /// Claims the lowest free index of `from..to` in the first chunk of the group that is not known
    /// to be full; `Err` says where to go on.
    #[inline(always)]
    fn claim_in_next_chunk(
        &self,
        from: HotIndex,
        to: HotIndex,
        reading: Reading,
    ) -> Result<HotIndex, HotIndex> {
        let (group, child) = (from.chunk_index() / FAN, from.chunk_index() % FAN);
        let Some(child) = self.full[group].read(reading).first_clear(child) else {
            return Err(HotIndex::of_chunk((group + 1) * FAN));
        };
        let start = HotIndex::of_chunk(group * FAN + child);
        let from = from.max(start);
        if from >= to {
            return Err(to);
        }
        let (chunk, made) = self.chunk_or_made(from);
        if made {
            return Ok(from);
        }
        let (claims, len) = (&chunk.claims, (to.0 - start.0) as usize);
        let tell = || self.parent(from).note_if_full(claims);
        match claims.claim_lowest(from.slot(), len, reading, tell) {
            Ok(Some(slot)) => Ok(HotIndex(start.0 + slot as u32)),
            // No chunk of a hot range is ever dead.
            Ok(None) | Err(Dead) => Err(HotIndex(start.0 + FAN as u32)),
        }
    }

    /// What has to follow the release of an index.
    #[inline]
    pub(crate) fn after_release(&self, index: HotIndex, released: Released) {
        if released.was_marked() {
            self.tell_parent(index, |parent, child| parent.note_freed(child));
        }
    }

    /// Tells the parent of the chunk of an index, if that is there.
    #[cold]
    pub(crate) fn tell_parent(&self, index: HotIndex, tell: Tell) {
        if let Some((chunk, _)) = self.chunk(index) {
            tell(&self.parent(index), &chunk.claims);
        }
    }

    /// The first chunk that has indices at or above `from`, and the first of those indices.
    pub(crate) fn next_chunk(&self, from: HotIndex) -> Option<(HotIndex, &Chunk)> {
        let starts = (from.chunk_index()..HOT_CHUNKS).map(HotIndex::of_chunk);
        starts.map(|start| from.max(start)).find_map(|index| Some((index, self.chunk(index)?.0)))
    }

    #[inline]
    fn chunk_ptr(&self, index: HotIndex) -> &AtomicPtr<Chunk> {
        &self.chunks.as_flattened()[index.chunk_index()]
    }

    /// The parent of the chunk of an index: its group.
    #[inline]
    fn parent(&self, index: HotIndex) -> Parent<'_> {
        let (group, child) = (index.chunk_index() / FAN, index.chunk_index() % FAN);
        Parent { word: &self.full[group], child, parent: None }
    }

    /// The chunk of an index; and whether this call has made it, with the index claimed.
    #[inline]
    fn chunk_or_made(&self, index: HotIndex) -> (&Chunk, bool) {
        match self.chunk(index) {
            Some((chunk, _)) => (chunk, false),
            None => self.publish(index),
        }
    }

    /// Publishes a chunk in which `index` is claimed; or, when another thread was first, returns
    /// that thread's.
    #[cold]
    fn publish(&self, index: HotIndex) -> (&Chunk, bool) {
        // SAFETY: I4 - as in `chunk`.
        unsafe { publish(self.chunk_ptr(index), Chunk::with_claim(index.slot())) }
    }
}

impl Drop for HotRanges {
    fn drop(&mut self) {
        for chunk in self.chunks.as_flattened() {
            // Relaxed: `&mut self` has ordered everyone else's work before this.
            let chunk = chunk.load(Ordering::Relaxed);
            if !chunk.is_null() {
                // SAFETY: I4 - published by `publish` out of a box, and nobody has the table any
                // more.
                drop(unsafe { Box::from_raw(chunk) });
            }
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::table::full_bits::tests::filled_in_every_way;

    #[test]
    fn full_chunks_show_in_their_group() {
        filled_in_every_way(0..1024, |t| {
            assert!(t.tiers.hot.full[0].load(Ordering::Relaxed).is_full());
        });
    }

    /// What is written when a chunk fills is on no line with what comes before the tier.
    #[test]
    fn what_comes_first_is_written_seldom() {
        assert!(std::mem::offset_of!(HotRanges, full) >= 64);
    }
}
