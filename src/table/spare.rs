//! The one chunk of the gap that a table may keep though it is empty.
//!
//! A chunk that empties is reclaimed at once, which costs ten times as much as opening a number in
//! one that is there. A guest that opens and closes one number of the gap over and over would pay
//! that each time. So a chunk that empties twice in a row, with no other one in between, is left;
//! when another one empties, it is reclaimed. What a table keeps for nothing is one chunk and the
//! nodes above it at the most.

use crate::sync::{AtomicU32, Ordering};

/// The chunk that emptied last, by its first number (0: none) | STAYS.
///
/// Written by: who has left a chunk empty.
pub(crate) struct Spare(AtomicU32);

/// The chunk was left. A chunk has at least two numbers, so that its first one is even.
const STAYS: u32 = 1;

/// What is to be done about a chunk that was left empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Emptied {
    Stays,
    /// It is to be reclaimed; and so is the other one, if it is still empty, which has stayed till
    /// now.
    Goes(Option<u32>),
}

impl Spare {
    pub(crate) fn none() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Says that the caller has left `chunk` empty.
    ///
    /// An empty chunk is the spare one, or some thread is about to reclaim it: who replaces the
    /// spare one knocks at it ([`Occupancy::kill`](super::occupancy::Occupancy::kill)) afterwards,
    /// and who leaves it empty looks here afterwards. If the knock was first, the release has
    /// acquired it and sees here that the chunk is not the spare one any more; else the knock finds
    /// the chunk empty.
    pub(crate) fn emptied(&self, chunk: u32) -> Emptied {
        // Relaxed: the release of the chunk's last claim was an acquire.
        let before = self.0.load(Ordering::Relaxed);
        if before == chunk | STAYS {
            return Emptied::Stays;
        }
        let now = if before == chunk { chunk | STAYS } else { chunk };
        // Relaxed: passed on by the knock, a release.
        if self.0.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Emptied::Goes(None);
        }
        match before {
            _ if now & STAYS != 0 => Emptied::Stays,
            spare if spare & STAYS != 0 => Emptied::Goes(Some(spare - STAYS)),
            _ => Emptied::Goes(None),
        }
    }
}
