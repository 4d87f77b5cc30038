//! A gap for each model of its chunks and nodes, and what these models do to its numbers.
//!
//! The numbers 4..8 are the smallest tree: a root, a node, and the chunks of 4 and 5, 6 and 7. If
//! the bit of 6 stays claimed, only the chunk of 4 and 5 comes and goes.
//!
//! The epoch's model asserts that nothing is freed too early, twice or never. The gap is not
//! dropped, so that what is still linked at the end of a model counts as leaked.

use std::{mem, sync::Arc};

use super::{
    Bound,
    support::{self, Flag, NONE, check},
};
use crate::{
    sync::epoch,
    table::{
        backoff::Permit,
        gap::Gap,
        link::Search,
        number::Number,
        occupancy::{Reading, Released},
        slot::Slot,
    },
};

pub(super) struct Numbers {
    pub(super) gap: mem::ManuallyDrop<Gap>,
    pub(super) freed: Flag,
}

impl Numbers {
    /// With the bits of the given numbers claimed.
    pub(super) fn new(claimed: &[u32]) -> Arc<Self> {
        let numbers = Self { gap: mem::ManuallyDrop::new(Gap::new()), freed: Flag::new() };
        claimed.iter().for_each(|number| numbers.take(*number));
        Arc::new(numbers)
    }

    /// With no bit claimed: the chunk of 4 has been left empty twice, and is the spare one.
    pub(super) fn with_an_empty_chunk() -> Arc<Self> {
        let numbers = Self::new(&[]);
        for _ in 0..2 {
            numbers.take(4);
            numbers.release(4);
        }
        assert_eq!(numbers.chunks(), [4], "it stays");
        numbers
    }

    pub(super) fn claim(&self, number: u32) -> bool {
        self.search(number, number + 1, Reading::Load) == Some(number)
    }

    fn search(&self, from: u32, to: u32, reading: Reading) -> Option<u32> {
        let search = Search { from: Number(from), to: Number(to), reading };
        let claimed = self.gap.visit(|visit| self.gap.claim_in(search, visit));
        claimed.map(|Number(number)| number)
    }

    /// Claims the bit of a number that is free during the whole call.
    pub(super) fn take(&self, number: u32) {
        assert!(self.claim(number), "{number} is free");
    }

    pub(super) fn lowest(&self, reading: Reading) -> Option<u32> {
        self.search(4, 8, reading)
    }

    pub(super) fn release(&self, number: u32) {
        let released = self.release_first(number);
        self.release_rest(number, released);
    }

    /// The first step of a release: the bit.
    pub(super) fn release_first(&self, number: u32) -> Released {
        let release = self.gap.with_chunk(Number(number), |chunk, i| Some(chunk.claims.release(i)));
        release.expect("a claim keeps its chunk")
    }

    /// What has to follow the first step.
    pub(super) fn release_rest(&self, number: u32, released: Released) {
        self.gap.after_release(Number(number), released);
    }

    pub(super) fn with_slot<R>(&self, number: u32, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        self.gap.with_chunk(Number(number), |chunk, i| Some(f(&chunk.slots[i])))
    }

    pub(super) fn open(&self, number: u32, index: u32) {
        self.take(number);
        self.open_claimed(number, index);
    }

    /// Opens the slot of a number whose bit the caller has claimed.
    pub(super) fn open_claimed(&self, number: u32, index: u32) {
        let opened = self.with_slot(number, |slot| slot.open(&Permit::unasked(), index, NONE));
        assert!(opened.is_some(), "a claim keeps its chunk");
    }

    pub(super) fn close(&self, number: u32) -> Option<u32> {
        let word = self.with_slot(number, |slot| slot.clear(&Permit::unasked())).flatten()?;
        self.release(number);
        word.index()
    }

    pub(super) fn get(&self, number: u32) -> Option<u32> {
        self.with_slot(number, |slot| slot.load().index())?
    }

    /// The first numbers of the chunks that are there.
    pub(super) fn chunks(&self) -> Vec<u32> {
        let guard = epoch::pin();
        let mut from = 4;
        let mut found = Vec::new();
        while let Some((Number(start), chunk)) = self.gap.next_chunk(Number(from), &guard) {
            // Reads it, as a copy of the table does.
            chunk.slots.iter().map(Slot::load).for_each(drop);
            found.push(start);
            from = start + 2;
        }
        found
    }

    /// Releases the bits that are still claimed, and empties a chunk elsewhere, so that none of the
    /// model's stays as the spare one.
    pub(super) fn finish(&self, claimed: &[u32]) {
        claimed.iter().for_each(|number| self.release(*number));
        self.take(64);
        self.release(64);
    }
}

/// Checks two threads on a gap with the bits of `before` claimed at first, and those of `after` in
/// the end.
pub(super) fn check_both(
    name: &'static str,
    bound: Bound,
    (before, after): (&'static [u32], &'static [u32]),
    other: fn(&Numbers),
    here: fn(&Numbers),
) {
    check(name, bound, move || {
        let numbers = Numbers::new(before);
        support::both(&numbers, other, here);
        numbers.finish(after);
    });
}
