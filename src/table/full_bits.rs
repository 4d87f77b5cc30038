//! Full bits: how a search passes full chunks by, and how the bits are kept true.
//!
//! Bit `i` of a node (or of a group of the hot ranges) says that child `i` is *full*. It is a copy
//! of the child's own word, and two words cannot change at once; this is how they are kept true to
//! each other:
//!
//! > F1. While a number is free (its close has returned), no bit above it says full.
//!
//! * The thread that fills a child ([`Parent::note_full`]) reads the parent's word, then *marks*
//!   the full child by CAS, then sets the bit by CAS on the parent's word as read. Marking and
//!   clearing raise the sequence of the word they change.
//! * The thread that frees a number in a marked child ([`Parent::note_freed`]) clears the bit, then
//!   the bits above, and only then takes the mark away, if the child has not changed since.
//!
//! Every RMW on the child falls before or after the mark. A release before it: the child is not
//! full, and is not marked. A release after it: it sees the mark and clears the bit; if the filler
//! has not set it yet, the filler's CAS fails, as its reading of the parent is older than the mark
//! and so than the clearing. So a child without a mark has no bit set above it, and none that can
//! still be set.

use crate::sync::Ordering;
use crate::table::occupancy::{ALL, DEAD, MARKED, Occupancy, SEQUENCE_ONE, State};

/// The parent of a child: the word that has a full bit for it, and the parent's own parent.
pub(crate) struct Parent<'a> {
    pub(crate) word: &'a Occupancy,
    pub(crate) child: usize,
    pub(crate) parent: Option<&'a Parent<'a>>,
}

impl Occupancy {
    /// Marks a full word; false if it is not full, or dead.
    fn mark(&self) -> bool {
        let full = |word: u64| word & (ALL | DEAD) == ALL;
        let mark = |word| full(word).then(|| (word | MARKED).wrapping_add(SEQUENCE_ONE));
        // Release: the reading of the parent is past for a thread that sees the mark; pairs with
        // the Acquire in `release` and `note_freed`.
        self.0.fetch_update(Ordering::Release, Ordering::Relaxed, mark).is_ok()
    }

    /// Takes the mark away, from a state that has not changed.
    fn unmark(&self, from: State) {
        // Release: the bits above are clear before the mark is gone; pairs with the Acquire of
        // `note_freed`.
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
        // Relaxed: `unmark`, after it, publishes it to a thread that finds no mark.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, clear);
    }
}

impl Parent<'_> {
    /// Sets the full bit of `child`, and those above, if it is full. A lost race leaves a bit
    /// clear, which costs the next search a look.
    #[inline]
    pub(crate) fn note_if_full(&self, child: &Occupancy) {
        // Relaxed: `mark` looks again.
        if child.load(Ordering::Relaxed).is_full() {
            self.note_full(child);
        }
    }

    #[cold]
    fn note_full(&self, child: &Occupancy) {
        // Relaxed: what counts is that it comes before the mark, whose Release sees to that.
        let seen = self.word.load(Ordering::Relaxed);
        let is_set = seen.has(self.child) || (child.mark() && self.word.set_full(seen, self.child));
        if let Some(parent) = self.parent.filter(|_| is_set) {
            parent.note_if_full(self.word);
        }
    }

    /// Clears the full bit of `child`, and those above, if they may be set. Called by the thread
    /// that freed a number in it, and by one that unlinks a dead child, which may come earlier.
    pub(crate) fn note_freed(&self, child: &Occupancy) {
        // Acquire: without the mark, the bits above were clear when it was taken away; pairs with
        // the Release in `unmark`. And what was closed in a dead chunk is closed before its death
        // is counted; pairs with the Release in `release`.
        let seen = child.load(Ordering::Acquire);
        if !seen.is_marked() {
            return;
        }
        self.word.clear_full(self.child);
        if let Some(parent) = self.parent {
            parent.note_freed(self.word);
        }
        child.unmark(seen);
    }
}

#[cfg(all(test, not(feature = "loom")))]
pub(crate) mod tests {
    use std::{ops::Range, os::fd::RawFd};

    use super::*;
    use crate::file::open_file_table::OpenFileTable;
    use crate::flags::FdFlags;
    use crate::table::fd_table::FdTable;
    use crate::table::open::Placement;

    type Open = fn(&FdTable<()>, RawFd) -> bool;

    /// Open in each table.
    const SOURCE: RawFd = 100_000;
    const WAYS: [Open; 3] = [
        |t, fd| t.open(Placement::From(fd), (), FdFlags::NONE).is_ok(),
        |t, fd| t.open(Placement::At(fd), (), FdFlags::NONE).is_ok(),
        |t, fd| t.dup2(SOURCE, fd).is_ok(),
    ];

    /// Passes `check` a table in which `numbers` are open, and a copy of it, for each way to open
    /// them.
    pub(crate) fn filled_in_every_way(numbers: Range<RawFd>, check: impl Fn(&FdTable<()>)) {
        for open in WAYS {
            let t = FdTable::new(&OpenFileTable::new());
            t.open(Placement::At(SOURCE), (), FdFlags::NONE).unwrap();
            assert!(numbers.clone().all(|fd| open(&t, fd)));
            check(&t);
            check(&t.fork());
        }
    }

    /// A word comes back after 2^30 marks or clearings: each bit of the sequence carries.
    #[test]
    fn the_sequence_has_30_bits() {
        let raised = |sequence: u64, change: &dyn Fn(&Occupancy)| {
            let word = Occupancy::new(ALL | (sequence * SEQUENCE_ONE));
            change(&word);
            word.load(Ordering::Relaxed).0 / SEQUENCE_ONE
        };
        let changes: [&dyn Fn(&Occupancy); 2] =
            [&|word| assert!(word.mark()), &|word| word.clear_full(0)];
        for change in changes {
            for bit in 0..30 {
                assert_eq!(raised((1 << bit) - 1, change), 1 << bit);
            }
            assert_eq!(raised((1 << 30) - 1, change), 0);
        }
    }
}
