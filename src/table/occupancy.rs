//! What is taken below one place of the table, in one atomic word: the header of a chunk and of a
//! node.
//!
//! In a chunk, bit `i` is the claim of slot `i`, and the claim **is** the ownership of the number.
//! In a node (or a group of a dense tier), bit `i` says that child `i` is *full*, so that a search
//! for the lowest free number passes it by with one load. That bit is a copy of the child's own
//! word, and two words cannot change at once; this is how they are kept true to each other:
//!
//! > F1. While a number is free (its close has returned), no bit above it says full.
//!
//! * Who fills a child ([`Above::filled`]) reads the parent's word, then *marks* the full child by
//!   CAS, then sets the bit by CAS on the parent's word as read. Marking and clearing raise the
//!   sequence of the word they change.
//! * Who frees a number in a marked child ([`Above::freed`]) clears the bit, then the bits above,
//!   and only then takes the mark away, if the child has not changed since.
//!
//! Every RMW on the child falls before or after the mark. A release before it: the child is not
//! full, and is not marked. A release after it: it sees the mark and clears the bit; if the filler
//! has not set it yet, the filler's CAS fails, as its reading of the parent is older than the mark
//! and so than the clearing. So a child without a mark has no bit set above it, and none that can
//! still be set.

use crate::sync::{AtomicU64, Ordering};

/// log2 of the slots of a chunk and of the children of a node. The model checker runs the same code
/// on a smaller table.
pub(crate) const FAN_BITS: u32 = if cfg!(all(test, feature = "loom")) { 1 } else { 5 };
/// The slots of a chunk, the children of a node.
pub(crate) const FAN: usize = 1 << FAN_BITS;

/// Bits 0..32: a claim or a full child each.
const ALL: u64 = u64::MAX >> (64 - FAN);
/// Nothing will be claimed here any more: the chunk is being unlinked.
const DEAD: u64 = 1 << 32;
/// The bit above may be set.
const MARKED: u64 = 1 << 33;
/// Bits 34..64: raised by every mark, and by every clearing of a full bit, so that an old reading
/// is told from a new one (but for one as old as a multiple of 2^30 of them).
const SEQUENCE_ONE: u64 = 1 << 34;

/// An [`Occupancy`] as read at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct State(u64);

/// Written by: everyone, with RMWs. Read by: everyone.
#[derive(Debug)]
pub(crate) struct Occupancy(AtomicU64);

/// The place above a child: the word that has a bit for it, and the place above that.
#[derive(Clone, Copy)]
pub(crate) struct Above<'a> {
    pub(crate) word: &'a Occupancy,
    pub(crate) child: usize,
    pub(crate) above: Option<&'a Above<'a>>,
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

    /// Whether bit `i` is the last one that is missing.
    #[inline]
    pub(crate) fn is_filled_by(self, i: usize) -> bool {
        (self.0 | 1 << i) & ALL == ALL
    }

    /// Whether bit `i` is the only one.
    #[inline]
    pub(crate) fn is_only(self, i: usize) -> bool {
        self.0 & ALL == 1 << i
    }

    #[inline]
    pub(crate) fn is_dead(self) -> bool {
        self.0 & DEAD != 0
    }

    #[inline]
    pub(crate) fn is_marked(self) -> bool {
        self.0 & MARKED != 0
    }

    /// The lowest bit from `from` on, below `to`, that is not set.
    #[inline]
    pub(crate) fn first_clear(self, from: usize, to: usize) -> Option<usize> {
        first(!self.0, from, to)
    }

    /// The lowest bit from `from` on that is set.
    #[inline]
    pub(crate) fn first_set(self, from: usize) -> Option<usize> {
        first(self.0, from, FAN)
    }
}

#[inline]
fn first(bits: u64, from: usize, to: usize) -> Option<usize> {
    let below = (1u64 << to) - 1;
    let candidates = bits & below & !((1 << from) - 1);
    (candidates != 0).then(|| candidates.trailing_zeros() as usize)
}

impl Occupancy {
    /// Nothing taken.
    pub(crate) fn empty() -> Self {
        Self(AtomicU64::new(0))
    }

    /// With the given bits set.
    pub(crate) fn with(bits: u64) -> Self {
        Self(AtomicU64::new(bits))
    }

    /// Sets the bits, in a table that nobody else sees yet.
    pub(crate) fn plant(&self, bits: u64) {
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

    /// Sets bit `i`, and returns the state before: the claim is the caller's if the bit was clear
    /// and the word not dead. (On a dead word the bit means nothing.)
    #[inline]
    pub(crate) fn claim(&self, i: usize) -> State {
        // Acquire: sees the slot as its last owner left it; pairs with the Release in `release`.
        State(self.0.fetch_or(1 << i, Ordering::Acquire))
    }

    /// Clears bit `i`, the caller's claim, and returns the state before.
    #[inline]
    pub(crate) fn release(&self, i: usize) -> State {
        // Release: the slot is empty before its number is free; pairs with the Acquire in `claim`.
        // Acquire: sees the mark's reading of the parent as past; pairs with the Release in `mark`.
        State(self.0.fetch_and(!(1 << i), Ordering::AcqRel))
    }

    /// Makes a chunk dead if it has no claims; false if it has, or is dead already.
    pub(crate) fn kill(&self) -> bool {
        let kill = |word: u64| (word & (ALL | DEAD) == 0).then_some(word | DEAD);
        // Relaxed: who acquires the death acquires every release in this word before it, as nothing
        // but RMWs comes between.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, kill).is_ok()
    }

    pub(crate) fn is_dead(&self) -> bool {
        // Relaxed: who finds it dead goes on with `Above::freed`, which acquires.
        self.load(Ordering::Relaxed).is_dead()
    }

    /// Marks a full place; false if it is not full, or dead.
    fn mark(&self) -> bool {
        let full = |word: u64| word & (ALL | DEAD) == ALL;
        let mark = |word| full(word).then(|| (word | MARKED).wrapping_add(SEQUENCE_ONE));
        // Release: the reading of the parent is past for who sees the mark; pairs with the Acquire
        // in `release` and `freed`.
        self.0.fetch_update(Ordering::Release, Ordering::Relaxed, mark).is_ok()
    }

    /// Takes the mark away, from a state that has not changed.
    fn unmark(&self, from: State) {
        // Release: the bits above are clear before the mark is gone; pairs with the Acquire of
        // `freed`.
        let _ =
            self.0.compare_exchange(from.0, from.0 & !MARKED, Ordering::Release, Ordering::Relaxed);
    }

    /// Sets the bit of a marked child, from a state read before the mark.
    fn set_full(&self, from: State, i: usize) -> bool {
        // Relaxed: that the state has not changed is all that is asked.
        let full = from.0 | 1 << i;
        self.0.compare_exchange(from.0, full, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Clears the bit of a child, whether it is set or not, so that no older reading can set it.
    fn clear_full(&self, i: usize) {
        let clear = |word: u64| Some((word & !(1 << i)).wrapping_add(SEQUENCE_ONE));
        // Relaxed: `unmark`, after it, publishes it to who finds no mark.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, clear);
    }
}

impl Above<'_> {
    /// Tells the places above that `child` is full, if it is. A lost race leaves a bit clear, which
    /// costs the next search a look.
    #[inline]
    pub(crate) fn note_if_full(&self, child: &Occupancy) {
        // Relaxed: `mark` looks again.
        if child.load(Ordering::Relaxed).is_full() {
            self.filled(child);
        }
    }

    #[cold]
    fn filled(&self, child: &Occupancy) {
        // Relaxed: what counts is that it comes before the mark, whose Release sees to that.
        let seen = self.word.load(Ordering::Relaxed);
        let told = seen.has(self.child) || (child.mark() && self.word.set_full(seen, self.child));
        if let Some(above) = self.above.filter(|_| told) {
            above.note_if_full(self.word);
        }
    }

    /// Tells the places above that a number in `child` was freed, if they may think it full: who
    /// has freed it, and who unlinks a dead child, which may come before those who have.
    pub(crate) fn freed(&self, child: &Occupancy) {
        // Acquire: without the mark, the bits above were clear when it was taken away; pairs with
        // the Release in `unmark`. And what was closed in a dead chunk is closed before its death
        // is counted; pairs with the Release in `release`.
        let seen = child.load(Ordering::Acquire);
        if !seen.is_marked() {
            return;
        }
        self.word.clear_full(self.child);
        if let Some(above) = self.above {
            above.freed(self.word);
        }
        child.unmark(seen);
    }
}
