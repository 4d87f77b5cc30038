//! The one chunk of the gap that a table may keep though it is empty.
//!
//! A chunk that empties is reclaimed at once. A guest that opens and closes one number of the gap
//! over and over would pay each time for that, and for building it again: ten times what an open
//! and close in a chunk that is there costs. A chunk that empties twice in a row, with no other one
//! in between, is kept; when another one empties, it is reclaimed. So a table keeps at most one
//! chunk, and the nodes above it, for nothing.

use crate::sync::{AtomicU32, Ordering};
use crate::table::number::Number;

/// The chunk that emptied last, by its first number (0: none) | STAYS.
///
/// Written by: the thread that has left a chunk empty.
pub(crate) struct Spare(AtomicU32);

/// The chunk was left. A chunk has at least two numbers, so that its first one is even.
const STAYS: u32 = 1;

/// What is to be done about a chunk that was left empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Emptied {
    Stays,
    /// It is to be reclaimed; and so is the other one, if it is still empty, which has stayed till
    /// now.
    Goes(Option<Number>),
}

impl Spare {
    pub(crate) fn none() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Says that the caller has left `chunk` empty.
    ///
    /// An empty chunk is the spare one, or some thread is about to reclaim it. The thread that
    /// leaves one empty and the thread that replaces the spare one both say so here, by an RMW. If
    /// the emptier is first, the other has acquired its link and its release, and finds the chunk
    /// empty; otherwise the emptier sees that the chunk is not the spare one any more.
    pub(crate) fn emptied(&self, chunk: Number) -> Emptied {
        let Number(chunk) = chunk;
        // Relaxed: the RMW looks again.
        let before = self.0.load(Ordering::Relaxed);
        let stays = before & !STAYS == chunk;
        let now = if stays { chunk | STAYS } else { chunk };
        // Acquire, Release: as above; each pairs with the other.
        if self.0.compare_exchange(before, now, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return Emptied::Goes(None);
        }
        if stays {
            return Emptied::Stays;
        }
        Emptied::Goes((before & STAYS != 0).then_some(Number(before & !STAYS)))
    }
}
