//! A hot range of numbers: an inline directory of chunks, each published once and kept until the
//! table drops.
//!
//! So a lookup is two dependent loads and needs no epoch, and a directory with nothing in it is all
//! that an empty table costs.

use std::ptr;

use crate::sync::{AtomicPtr, Ordering};

use super::{
    chunk::{Chunk, Found, Search},
    occupancy::{Above, FAN, Occupancy},
    slot::{Slot, SlotWord},
};

/// The numbers of one group.
pub(crate) const GROUP_SPAN: u32 = (FAN * FAN) as u32;

/// `GROUPS` groups of numbers from 0 on; the table subtracts the start of the range.
pub(crate) struct Dense<const GROUPS: usize> {
    groups: [Group; GROUPS],
}

struct Group {
    /// Which chunks are full.
    full: Occupancy,
    /// Written by: who creates the chunk, once. Read by: everyone.
    chunks: [AtomicPtr<Chunk>; FAN],
}

/// The group of a number, and its chunk therein.
#[inline]
fn place(number: u32) -> (usize, usize) {
    let chunk = number as usize / FAN;
    (chunk / FAN, chunk % FAN)
}

impl<const GROUPS: usize> Dense<GROUPS> {
    pub(crate) const SPAN: u32 = GROUPS as u32 * GROUP_SPAN;

    pub(crate) fn new() -> Self {
        let groups = std::array::from_fn(|_| Group {
            full: Occupancy::empty(),
            chunks: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
        });
        Self { groups }
    }

    /// Runs `f` on the slot of `number`, if its chunk is there.
    #[inline]
    pub(crate) fn with_slot<R>(&self, number: u32, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        let (group, i) = place(number);
        Some(f(self.groups[group].chunk(i)?.slot(number)))
    }

    pub(crate) fn claim_lowest(&self, search: Search) -> Found {
        let mut from = search.from;
        while from < search.to {
            let (group, _) = place(from);
            match self.groups[group].claim_lowest(Search { from, ..search }) {
                Found::Full => from = (group as u32 + 1) * GROUP_SPAN,
                found => return found,
            }
        }
        Found::Full
    }

    pub(crate) fn release(&self, number: u32) {
        let (group, i) = place(number);
        let group = &self.groups[group];
        if let Some(chunk) = group.chunk(i) {
            chunk.release(number, &group.above(i));
        }
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    pub(crate) fn next_chunk(&self, from: u32) -> Option<(u32, &Chunk)> {
        let first = from as usize / FAN;
        (first..GROUPS * FAN).find_map(|i| {
            let chunk = self.groups[i / FAN].chunk(i % FAN)?;
            Some((from.max((i * FAN) as u32), chunk))
        })
    }

    /// Opens, for a table that nobody else sees yet, what is open in the `words` of the chunk from
    /// `start` on; `first` of it at least.
    pub(crate) fn plant(&self, first: u32, words: &[SlotWord; FAN]) {
        let (group, i) = place(first);
        let group = &self.groups[group];
        group.claim_lowest(Search::exactly(first));
        if let Some(chunk) = group.chunk(i) {
            chunk.plant(words, &group.above(i));
        }
    }
}

impl Group {
    #[inline]
    fn chunk(&self, i: usize) -> Option<&Chunk> {
        // Acquire: sees the chunk's words; pairs with the Release in `publish`.
        let chunk = self.chunks[i].load(Ordering::Acquire);
        // SAFETY: I4 - a chunk of a dense tier is published whole and stays until the tier drops.
        unsafe { chunk.as_ref() }
    }

    fn above(&self, child: usize) -> Above<'_> {
        Above { word: &self.full, child, above: None }
    }

    /// Publishes a chunk at `i` in which `number` is claimed; or, when another thread was first,
    /// returns that chunk.
    #[cold]
    fn publish(&self, i: usize, number: u32) -> Result<(), &Chunk> {
        let new = Box::into_raw(Box::new(Chunk::with_claim(number)));
        // Release: publishes the chunk's words; pairs with the Acquire in `chunk`. Acquire: sees
        // the winner's.
        let Err(winner) = self.chunks[i].compare_exchange(
            ptr::null_mut(),
            new,
            Ordering::Release,
            Ordering::Acquire,
        ) else {
            return Ok(());
        };
        // SAFETY: it came out of `Box::into_raw` above and was not published.
        drop(unsafe { Box::from_raw(new) });
        // SAFETY: I4 - as in `chunk`.
        Err(unsafe { &*winner })
    }

    /// The lowest free number of the search in this group, which `search.from` is in.
    fn claim_lowest(&self, search: Search) -> Found {
        let start = search.from & !(GROUP_SPAN - 1);
        let mut from = search.from;
        let (_, mut i) = place(from);
        while let Some(free) = self.full.read(search.reading).first_clear(i, FAN) {
            from = from.max(start + (free * FAN) as u32);
            if from >= search.to {
                break;
            }
            match self.claim_in(free, Search { from, ..search }) {
                Found::Full => i = free + 1,
                found => return found,
            }
        }
        Found::Full
    }

    fn claim_in(&self, i: usize, search: Search) -> Found {
        let chunk = match self.chunk(i) {
            Some(chunk) => chunk,
            None => match self.publish(i, search.from) {
                Ok(()) => return Found::Claimed(search.from),
                Err(winner) => winner,
            },
        };
        chunk.claim_lowest(search, &self.above(i))
    }
}

impl<const GROUPS: usize> Drop for Dense<GROUPS> {
    fn drop(&mut self) {
        for chunk in self.groups.iter().flat_map(|group| &group.chunks) {
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
