//! What is taken in a chunk, or below a node, in one atomic word: the header of both.
//!
//! In a chunk, bit `i` is the claim of slot `i`, and the claim **is** the ownership of the number.
//! In a node (or a group of the hot ranges), bit `i` says that child `i` is *full*, so that a
//! search for the lowest free number passes it by with one load; how that bit is kept true to the
//! child's own word is in [`full_bits`](crate::table::full_bits).

use crate::sync::{AtomicU64, Ordering};

/// log2 of the slots of a chunk and of the children of a node. The model checker runs the same code
/// on a smaller table.
pub(crate) const FAN_BITS: u32 = if cfg!(all(test, feature = "loom")) { 1 } else { 5 };
/// The slots of a chunk, the children of a node.
pub(crate) const FAN: usize = 1 << FAN_BITS;

/// Bits 0..32: a claim or a full child each.
pub(crate) const ALL: u64 = u64::MAX >> (64 - FAN);
/// Nothing will be claimed here any more: the chunk is being unlinked.
pub(crate) const DEAD: u64 = 1 << 32;
/// The bit in the parent may be set.
pub(crate) const MARKED: u64 = 1 << 33;
/// Bits 34..64: raised by every mark, and by every clearing of a full bit, so that an old reading
/// is told from a new one (but for one as old as a multiple of 2^30 of them).
pub(crate) const SEQUENCE_ONE: u64 = 1 << 34;

/// An [`Occupancy`] as read at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct State(pub(crate) u64);

/// Written by: every thread, with RMWs. Read by: every thread.
#[derive(Debug)]
pub(crate) struct Occupancy(pub(crate) AtomicU64);

/// The chunk or node has died: unlink it and start again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Dead;

/// Whether a claim has left the word full; then its parent has to be told.
#[must_use = "the parent has to know of a full child"]
pub(crate) struct Filled(pub(crate) bool);

/// A bit has been released; `after_release` of the tier has to follow.
#[must_use = "the parent has to know of a child that is not full any more"]
pub(crate) struct Released {
    before: State,
    bit: usize,
}

/// How a search reads a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// A plain load, which may be old.
    Load,
    /// An RMW, which reads the latest value: before a search may answer that nothing is free.
    Confirm,
}

impl State {
    #[inline]
    pub(crate) fn has(self, i: usize) -> bool {
        self.0 & 1 << i != 0
    }

    #[inline]
    pub(crate) fn is_full(self) -> bool {
        self.0 & ALL == ALL
    }

    #[inline]
    pub(crate) fn is_dead(self) -> bool {
        self.0 & DEAD != 0
    }

    #[inline]
    pub(crate) fn is_marked(self) -> bool {
        self.0 & MARKED != 0
    }

    /// The lowest bit from `from` on that is not set.
    #[inline]
    pub(crate) fn first_clear(self, from: usize) -> Option<usize> {
        first(!self.0, from)
    }

    /// The lowest bit from `from` on that is set.
    #[inline]
    pub(crate) fn first_set(self, from: usize) -> Option<usize> {
        first(self.0, from)
    }
}

#[inline]
fn first(bits: u64, from: usize) -> Option<usize> {
    let candidates = bits & ALL & (u64::MAX << from);
    (candidates != 0).then(|| candidates.trailing_zeros() as usize)
}

impl Released {
    /// Whether the parent may have a full bit.
    #[inline]
    pub(crate) fn was_marked(&self) -> bool {
        self.before.is_marked()
    }

    /// Whether it was the last claim of the chunk.
    #[inline]
    pub(crate) fn left_empty(&self) -> bool {
        self.before.0 & ALL == 1 << self.bit
    }
}

impl Occupancy {
    /// With the given bits set.
    pub(crate) fn new(bits: u64) -> Self {
        Self(AtomicU64::new(bits))
    }

    /// Sets the bits, in a table that no other thread sees yet.
    pub(crate) fn init(&self, bits: u64) {
        // Relaxed: published with the table.
        self.0.store(bits, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn load(&self, ordering: Ordering) -> State {
        State(self.0.load(ordering))
    }

    #[inline]
    pub(crate) fn read(&self, reading: Reading) -> State {
        match reading {
            // Relaxed: what is found is confirmed by the claim's RMW; what is passed by was not
            // free during the whole call (F1).
            Reading::Load => State(self.0.load(Ordering::Relaxed)),
            Reading::Confirm => State(self.0.fetch_or(0, Ordering::Relaxed)),
        }
    }

    /// Claims and returns the lowest clear bit of `from..to`. `None`: no bit of them was clear
    /// during the whole call. `tell` is called if all bits of the word are set, to tell the parent.
    #[inline(always)]
    pub(crate) fn claim_lowest(
        &self,
        from: usize,
        to: usize,
        reading: Reading,
        tell: impl FnOnce(),
    ) -> Result<Option<usize>, Dead> {
        let mut state = self.read(reading);
        while !state.is_dead() {
            let Some(i) = state.first_clear(from).filter(|i| *i < to) else {
                if state.is_full() {
                    tell();
                }
                return Ok(None);
            };
            match self.claim(i) {
                Ok(Filled(filled)) => {
                    if filled {
                        tell();
                    }
                    return Ok(Some(i));
                }
                Err(now) => state = now,
            }
        }
        Err(Dead)
    }

    /// Claims bit `i`; `Err` with the state before if the bit was set or the word dead. (On a dead
    /// word the bit means nothing.)
    #[inline]
    pub(crate) fn claim(&self, i: usize) -> Result<Filled, State> {
        // Acquire: sees the slot as its last owner left it; pairs with the Release in `release`.
        let before = State(self.0.fetch_or(1 << i, Ordering::Acquire));
        if before.has(i) || before.is_dead() {
            return Err(before);
        }
        Ok(Filled((before.0 | 1 << i) & ALL == ALL))
    }

    /// Releases bit `i`, the caller's claim.
    #[inline]
    pub(crate) fn release(&self, i: usize) -> Released {
        // Release: the slot is empty before its number is free; pairs with the Acquire in `claim`.
        // Acquire: sees the mark's reading of the parent as past; pairs with the Release in `mark`.
        let before = State(self.0.fetch_and(!(1 << i), Ordering::AcqRel));
        Released { before, bit: i }
    }

    /// Makes a chunk dead if it has no claims; false if it has, or is dead already.
    pub(crate) fn kill(&self) -> bool {
        let kill = |word: u64| (word & (ALL | DEAD) == 0).then_some(word | DEAD);
        // Relaxed: a thread that acquires the death acquires every release in this word before it,
        // as only RMWs come between.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, kill).is_ok()
    }

    pub(crate) fn is_dead(&self) -> bool {
        // Relaxed: a thread that finds it dead goes on with `Parent::note_freed`, in `full_bits`,
        // which acquires.
        self.load(Ordering::Relaxed).is_dead()
    }
}
