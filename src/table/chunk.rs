//! A chunk: 32 numbers in a row, each with a claim in the header and a slot.

use crate::flags::FdFlags;
use crate::sync::Ordering;
use crate::table::backoff::Permit;
use crate::table::full_bits::Parent;
use crate::table::occupancy::{Dead, FAN, Filled, Occupancy};
use crate::table::slot::{Slot, SlotWord};

/// What the three tiers are made of. Aligned to a cache line, so that threads on neighbouring
/// chunks do not meet.
#[repr(align(64))]
pub(crate) struct Chunk {
    pub(crate) claims: Occupancy,
    pub(crate) slots: [Slot; FAN],
}

/// The chunk of a number, for a caller that wants the number: a missing chunk is made.
pub(crate) struct Entered<'a> {
    pub(crate) chunk: &'a Chunk,
    pub(crate) slot: usize,
    /// The chunk was made for this number, whose slot is claimed: the claim is the caller's.
    pub(crate) made: bool,
    pub(crate) parent: &'a Parent<'a>,
}

/// What a caller does with the chunk that it has entered.
pub(crate) type OnEntered<'f> = dyn FnMut(Entered<'_>) -> Visited<bool> + 'f;

/// The result of work on a chunk or node, or that it is dead.
pub(crate) type Visited<R> = Result<R, Dead>;

/// A call on the parent of a chunk: [`Parent::note_if_full`] or [`Parent::note_freed`].
pub(crate) type Tell = fn(&Parent<'_>, &Occupancy);

/// The answer of [`Chunk::put`].
pub(crate) enum Put {
    /// The number was open: its word before.
    Replaced(SlotWord),
    /// The number was free; `FdTable::note` has to follow.
    Opened(Filled),
    /// The number is neither: another thread opens or closes it, or has it reserved.
    Taken,
}

impl Chunk {
    /// A chunk in which only slot `i` is claimed: it is linked with its first claim, so that it is
    /// not reclaimed before.
    pub(crate) fn with_claim(i: usize) -> Self {
        Self { claims: Occupancy::new(1 << i), slots: std::array::from_fn(|_| Slot::empty()) }
    }

    /// Opens slot `i` on a counted index, if it is open or free; `None` if the chunk is dead.
    #[inline]
    pub(crate) fn put(&self, permit: &Permit, i: usize, index: u32, flags: FdFlags) -> Option<Put> {
        if let Some(before) = self.slots[i].replace(permit, index, flags) {
            return Some(Put::Replaced(before));
        }
        match self.claims.claim(i) {
            Ok(filled) => {
                self.slots[i].open(permit, index, flags);
                Some(Put::Opened(filled))
            }
            Err(state) if state.is_dead() => None,
            Err(_) => Some(Put::Taken),
        }
    }

    /// Opens what is open in `words`, and nothing else; for a table that no other thread sees yet.
    pub(crate) fn init(&self, words: &[SlotWord; FAN]) {
        let mut claims = 0;
        for (i, word) in words.iter().enumerate().filter(|(_, word)| word.index().is_some()) {
            claims |= 1 << i;
            self.slots[i].init(*word);
        }
        self.claims.init(claims);
    }

    /// The lowest slot from `from` on that is open with at least these flags.
    #[inline]
    pub(crate) fn next_open(&self, mut from: usize, flags: FdFlags) -> Option<usize> {
        // Relaxed: an open slot's claim was set before it was opened.
        while let Some(i) = self.claims.load(Ordering::Relaxed).first_set(from) {
            if self.slots[i].load().is_open_with(flags) {
                return Some(i);
            }
            from = i + 1;
        }
        None
    }
}
