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
pub(crate) const FAN_BITS: u32 = if cfg!(all(test, feature = "loom")) {
    1
} else {
    5
};
/// The slots of a chunk, the children of a node.
pub(crate) const FAN: usize = 1 << FAN_BITS;

/// Bits 0..32: a claim or a full child each.
const ALL: u64 = u64::MAX >> (64 - FAN);
/// Bits 32..44, nodes only: the children linked, and those about to be (one for each thread that is
/// inserting here, so there is room for 4,063 of them).
const CHILD: u64 = 1 << 32;
const CHILDREN: u64 = 0xfff * CHILD;
/// Nothing will be claimed or linked here any more: the place is being unlinked.
const DEAD: u64 = 1 << 44;
/// The bit above may be set.
const MARKED: u64 = 1 << 45;
/// Bits 46..64: raised by every mark, and by every clearing of a full bit. (A reading as old as a
/// multiple of 2^18 of them, with all else equal, would pass for new.)
const SEQUENCE_ONE: u64 = 1 << 46;

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
    pub(crate) fn has(self, i: usize) -> bool {
        self.0 & 1 << i != 0
    }

    pub(crate) fn is_full(self) -> bool {
        self.0 & ALL == ALL
    }

    /// Whether nothing is claimed (of a chunk).
    pub(crate) fn has_no_claims(self) -> bool {
        self.0 & ALL == 0
    }

    /// Whether nothing is linked (of a node).
    pub(crate) fn has_no_children(self) -> bool {
        self.0 & CHILDREN == 0
    }

    /// Whether bit `i` is the only one.
    pub(crate) fn is_only(self, i: usize) -> bool {
        self.0 & ALL == 1 << i
    }

    pub(crate) fn is_dead(self) -> bool {
        self.0 & DEAD != 0
    }

    pub(crate) fn is_marked(self) -> bool {
        self.0 & MARKED != 0
    }

    /// The lowest bit from `from` on, below `to`, that is not set.
    pub(crate) fn first_clear(self, from: usize, to: usize) -> Option<usize> {
        first(!self.0, from, to)
    }

    /// The lowest bit from `from` on that is set.
    pub(crate) fn first_set(self, from: usize) -> Option<usize> {
        first(self.0, from, FAN)
    }
}

fn first(bits: u64, from: usize, to: usize) -> Option<usize> {
    let below = (1u64 << to) - 1;
    let candidates = bits & below & !((1 << from) - 1);
    (candidates != 0).then(|| candidates.trailing_zeros() as usize)
}

impl Occupancy {
    /// Nothing taken, no children.
    pub(crate) fn empty() -> Self {
        Self(AtomicU64::new(0))
    }

    /// With the given bit set.
    pub(crate) fn with(bit: usize) -> Self {
        Self(AtomicU64::new(1 << bit))
    }

    /// With one child.
    pub(crate) fn with_child() -> Self {
        Self(AtomicU64::new(CHILD))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> State {
        State(self.0.load(ordering))
    }

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

    /// Sets several bits at once, in a chunk that nobody else sees yet.
    pub(crate) fn claim_all(&self, bits: u32) {
        // Relaxed: published with the table.
        self.0.fetch_or(bits.into(), Ordering::Relaxed);
    }

    /// Clears bit `i`, the caller's claim, and returns the state before.
    #[inline]
    pub(crate) fn release(&self, i: usize) -> State {
        // Release: the slot is empty before its number is free; pairs with the Acquire in `claim`.
        // Acquire: sees the mark's reading of the parent as past; pairs with the Release in `mark`.
        State(self.0.fetch_and(!(1 << i), Ordering::AcqRel))
    }

    /// Counts a child in before it is linked; false on a dead node, and on one with no room to count.
    pub(crate) fn add_child(&self) -> bool {
        let room = |word| word & DEAD == 0 && word & CHILDREN != CHILDREN;
        self.update(|word| room(word).then_some(word + CHILD))
    }

    /// Counts a child out after it was unlinked, or was not linked.
    pub(crate) fn remove_child(&self) {
        // Release: the link is null before the node may die; pairs with the Acquire in `load`
        // before `kill`.
        self.0.fetch_sub(CHILD, Ordering::Release);
    }

    /// DEAD, from a state that is empty and unmarked, and has not changed.
    pub(crate) fn kill(&self, from: State) -> bool {
        debug_assert!(!from.is_marked());
        // Relaxed: who meets the dead place acts on that alone.
        self.0
            .compare_exchange(from.0, from.0 | DEAD, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Marks a full place; false if it is not full.
    fn mark(&self) -> bool {
        self.update(|word| (word & ALL == ALL).then(|| (word | MARKED).wrapping_add(SEQUENCE_ONE)))
    }

    /// Takes the mark away, from a state that has not changed.
    fn unmark(&self, from: State) {
        // Release: the bits above are clear before the mark is gone; pairs with the Acquire of
        // `freed`.
        let _ = self.0.compare_exchange(
            from.0,
            from.0 & !MARKED,
            Ordering::Release,
            Ordering::Relaxed,
        );
    }

    /// Sets the bit of a marked child, from a state read before the mark.
    fn set_full(&self, from: State, i: usize) -> bool {
        // Relaxed:
        self.0
            .compare_exchange(
                from.0,
                from.0 | 1 << i,
                Ordering::Relaxed,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// Clears the bit of a child, whether it is set or not, so that no older reading can set it.
    fn clear_full(&self, i: usize) {
        self.update(|word| Some((word & !(1 << i)).wrapping_add(SEQUENCE_ONE)));
    }

    fn update(&self, change: impl Fn(u64) -> Option<u64>) -> bool {
        // Acquire and Release: see the callers' arguments in the module's head.
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, change)
            .is_ok()
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
        // Acquire: before the mark; see the module's head.
        let seen = self.word.load(Ordering::Acquire);
        let told = seen.has(self.child) || (child.mark() && self.word.set_full(seen, self.child));
        if let Some(above) = self.above.filter(|_| told) {
            above.note_if_full(self.word);
        }
    }

    /// Tells the places above that a number in `child` was freed, if they may think it full.
    pub(crate) fn freed(&self, child: &Occupancy) {
        // Acquire: without the mark, the bits above were clear when it was taken away; pairs with
        // the Release in `unmark`.
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
