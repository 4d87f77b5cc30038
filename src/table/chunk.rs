//! A chunk: 32 numbers in a row, each with a claim in the header and a slot.

use crate::{FdFlags, sync::Ordering};

use super::{
    occupancy::{Above, FAN, Occupancy, Reading, State},
    slot::{Slot, SlotWord},
};

/// What the three tiers are made of. Aligned to a cache line, so that threads on neighbouring
/// chunks do not meet.
#[repr(align(64))]
pub(crate) struct Chunk {
    pub(crate) claims: Occupancy,
    slots: [Slot; FAN],
}

/// Where to look for the lowest free number: `from <= number < to`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) reading: Reading,
}

/// The answer to a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// The number is the caller's now.
    Claimed(u32),
    /// None of the range was free during the whole search.
    Full,
    /// The place died: unlink it and start again.
    Dead,
}

/// The answer of [`Chunk::put`].
pub(crate) enum Put {
    /// The number was open: its word before.
    Replaced(SlotWord),
    /// The number was free: the state of the chunk before.
    Opened(State),
    /// The number is neither: another thread opens or closes it, or has it reserved.
    Taken,
}

/// The slot of a number within its chunk.
#[inline]
pub(crate) fn slot_of(number: u32) -> usize {
    number as usize % FAN
}

/// The first number of the chunk of a number.
#[inline]
pub(crate) fn chunk_start(number: u32) -> u32 {
    number - slot_of(number) as u32
}

impl Found {
    /// The same answer, with the number that `number` makes of the one claimed.
    #[inline]
    pub(crate) fn at(self, number: impl FnOnce(u32) -> u32) -> Self {
        match self {
            Self::Claimed(place) => Self::Claimed(number(place)),
            other => other,
        }
    }
}

impl Search {
    /// The search for one number.
    pub(crate) fn exactly(number: u32) -> Self {
        Self { from: number, to: number + 1, reading: Reading::Load }
    }
}

impl Chunk {
    /// A chunk in which only `number` is claimed: it is linked with its first claim, so that it is
    /// not reclaimed before.
    pub(crate) fn with_claim(number: u32) -> Self {
        Self {
            claims: Occupancy::with(1 << slot_of(number)),
            slots: std::array::from_fn(|_| Slot::empty()),
        }
    }

    #[inline]
    pub(crate) fn slot(&self, number: u32) -> &Slot {
        &self.slots[slot_of(number)]
    }

    pub(crate) fn slots(&self) -> &[Slot; FAN] {
        &self.slots
    }

    /// Claims the lowest free number of the search in this chunk, which `search.from` is in.
    #[inline]
    pub(crate) fn claim_lowest(&self, search: Search, above: &Above<'_>) -> Found {
        let start = chunk_start(search.from);
        let end = (search.to - start).min(FAN as u32) as usize;
        let mut state = self.claims.read(search.reading);
        while !state.is_dead() {
            let Some(slot) = state.first_clear(slot_of(search.from), end) else {
                above.note_if_full(&self.claims);
                return Found::Full;
            };
            state = self.claims.claim(slot);
            if !state.has(slot) && !state.is_dead() {
                if state.is_filled_by(slot) {
                    above.note_if_full(&self.claims);
                }
                return Found::Claimed(start + slot as u32);
            }
        }
        Found::Dead
    }

    /// Opens `number` on a counted index, if it is open or free: what it was. `None` if the chunk
    /// is dead.
    ///
    /// When the number was free, [`State::is_filled_by`] tells the caller whether the places above
    /// are to be told.
    #[inline]
    pub(crate) fn put(&self, number: u32, index: u32, flags: FdFlags) -> Option<Put> {
        if let Some(before) = self.slot(number).replace(index, flags) {
            return Some(Put::Replaced(before));
        }
        let before = self.claims.claim(slot_of(number));
        if before.is_dead() {
            return None;
        }
        if before.has(slot_of(number)) {
            return Some(Put::Taken);
        }
        self.slot(number).fill(index, flags);
        Some(Put::Opened(before))
    }

    /// Gives the claim of `number` back; the state before, which tells what has to follow.
    #[inline]
    pub(crate) fn release(&self, number: u32) -> State {
        self.claims.release(slot_of(number))
    }

    /// Opens what is open in `words`, and nothing else; for a table that nobody else sees yet.
    pub(crate) fn plant(&self, words: &[SlotWord; FAN]) {
        let mut claims = 0;
        for (i, word) in words.iter().enumerate().filter(|(_, word)| word.index().is_some()) {
            claims |= 1 << i;
            self.slots[i].plant(*word);
        }
        self.claims.plant(claims);
    }

    /// The lowest open number from `number` on in this chunk, and its word.
    pub(crate) fn next_open(&self, number: u32) -> Option<(u32, SlotWord)> {
        let start = chunk_start(number);
        let mut from = slot_of(number);
        // Relaxed: an open slot's claim was set before it was filled.
        while let Some(slot) = self.claims.load(Ordering::Relaxed).first_set(from) {
            let word = self.slots[slot].load();
            if word.index().is_some() {
                return Some((start + slot as u32, word));
            }
            from = slot + 1;
        }
        None
    }
}
