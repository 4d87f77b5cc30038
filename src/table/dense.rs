//! The hot ranges of numbers: an inline directory of chunks, each published once and kept until the
//! table drops.
//!
//! So a lookup is two dependent loads and needs no epoch, and a directory with nothing in it is all
//! that an empty table costs. The two ranges lie in it one after the other; a *place* is a number's
//! distance from its start.

use std::ptr;

use crate::sync::{AtomicPtr, Ordering};

use super::{
    chunk::{Chunk, Found, Search, chunk_start, slot_of},
    occupancy::{Above, FAN, Occupancy, Reading, State},
};

/// The numbers of one group, as many as the low range has.
pub(crate) const GROUP_SPAN: u32 = (FAN * FAN) as u32;
/// The low range is one group, the high range four (one in the model checker's small table).
pub(crate) const GROUPS: usize = if cfg!(all(test, feature = "loom")) { 2 } else { 5 };
/// How many numbers the hot ranges hold together.
pub(crate) const SPAN: u32 = GROUPS as u32 * GROUP_SPAN;

/// The tier.
pub(crate) struct Dense {
    /// Which chunks are full, by group.
    full: [Occupancy; GROUPS],
    /// Written by: who creates the chunk, once. Read by: everyone.
    chunks: [[AtomicPtr<Chunk>; FAN]; GROUPS],
}

impl Dense {
    pub(crate) fn new() -> Self {
        let empty = |_| std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        let full = std::array::from_fn(|_| Occupancy::empty());
        Self { full, chunks: std::array::from_fn(empty) }
    }

    /// The chunk of a place, if it is there.
    #[inline]
    pub(crate) fn chunk(&self, place: u32) -> Option<&Chunk> {
        // Acquire: sees the chunk's words; pairs with the Release in `publish`.
        let chunk = self.link(place).load(Ordering::Acquire);
        // SAFETY: I4 - a chunk of a hot range is published whole and stays until the tier drops.
        unsafe { chunk.as_ref() }
    }

    #[inline]
    fn link(&self, place: u32) -> &AtomicPtr<Chunk> {
        &self.chunks.as_flattened()[place as usize / FAN]
    }

    /// What is above the chunk of a place.
    fn above(&self, place: u32) -> Above<'_> {
        let chunk = place as usize / FAN;
        Above { word: &self.full[chunk / FAN], child: chunk % FAN, above: None }
    }

    /// Claims the lowest free place from `from` on, if it is in the first chunk that has one and
    /// below `to`: the first round of [`claim_lowest`](Self::claim_lowest) alone.
    #[inline]
    pub(crate) fn claim_near(&self, from: u32, to: u32) -> Option<u32> {
        let (group, chunk) = ((from / GROUP_SPAN) as usize, from as usize / FAN % FAN);
        let chunk = self.full[group].read(Reading::Load).first_clear(chunk, FAN)?;
        let start = group as u32 * GROUP_SPAN + (chunk * FAN) as u32;
        let chunk = self.chunk(start)?;
        let first = slot_of(from.max(start));
        let slot = chunk.claims.read(Reading::Load).first_clear(first, FAN)?;
        let place = start + slot as u32;
        let before = (place < to).then(|| chunk.claims.claim(slot))?;
        if before.is_filled_by(slot) {
            self.above(place).note_if_full(&chunk.claims);
        }
        (!before.has(slot)).then_some(place)
    }

    /// Claims the lowest free place of the search.
    pub(crate) fn claim_lowest(&self, search: Search) -> Found {
        let mut from = search.from;
        while from < search.to {
            let (group, chunk) = ((from / GROUP_SPAN) as usize, from as usize / FAN % FAN);
            let start = group as u32 * GROUP_SPAN;
            let Some(chunk) = self.full[group].read(search.reading).first_clear(chunk, FAN) else {
                from = start + GROUP_SPAN;
                continue;
            };
            from = from.max(start + (chunk * FAN) as u32);
            if from >= search.to {
                break;
            }
            match self.claim_in_chunk(Search { from, ..search }) {
                Found::Full => from = chunk_start(from) + FAN as u32,
                found => return found,
            }
        }
        Found::Full
    }

    #[inline]
    fn claim_in_chunk(&self, search: Search) -> Found {
        let chunk = match self.chunk(search.from) {
            Some(chunk) => chunk,
            None => match self.publish(search.from) {
                Ok(()) => return Found::Claimed(search.from),
                Err(winner) => winner,
            },
        };
        chunk.claim_lowest(search, &self.above(search.from))
    }

    /// Publishes a chunk in which `place` is claimed; or, when another thread was first, returns
    /// that chunk.
    #[cold]
    fn publish(&self, place: u32) -> Result<(), &Chunk> {
        let new = Box::into_raw(Box::new(Chunk::with_claim(place)));
        // Release: publishes the chunk's words; pairs with the Acquire in `chunk`. Acquire: sees
        // the winner's.
        let (success, failure) = (Ordering::Release, Ordering::Acquire);
        let link = self.link(place);
        let Err(winner) = link.compare_exchange(ptr::null_mut(), new, success, failure) else {
            return Ok(());
        };
        // SAFETY: it came out of `Box::into_raw` above and was not published.
        drop(unsafe { Box::from_raw(new) });
        // SAFETY: I4 - as in `chunk`.
        Err(unsafe { &*winner })
    }

    /// What has to follow [`Chunk::release`], which has found the state `before`.
    #[inline]
    pub(crate) fn released(&self, place: u32, before: State) {
        if before.is_marked() {
            self.tell_freed(place);
        }
    }

    #[cold]
    fn tell_freed(&self, place: u32) {
        if let Some(chunk) = self.chunk(place) {
            self.above(place).freed(&chunk.claims);
        }
    }

    /// Tells the group of the chunk of `place` that it is full, if it is.
    pub(crate) fn note_if_full(&self, place: u32) {
        if let Some(chunk) = self.chunk(place) {
            self.above(place).note_if_full(&chunk.claims);
        }
    }

    /// The first chunk that has places at or above `from`, and the first of those places.
    pub(crate) fn next_chunk(&self, from: u32) -> Option<(u32, &Chunk)> {
        let starts = (chunk_start(from)..SPAN).step_by(FAN);
        starts.map(|start| from.max(start)).find_map(|place| Some((place, self.chunk(place)?)))
    }
}

impl Drop for Dense {
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
