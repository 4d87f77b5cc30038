//! The three tiers of a table, in the order of their numbers.

use crate::flags::FdFlags;
use crate::sync::epoch::{Guard, pin, unprotected};
use crate::table::chunk::Chunk;
use crate::table::gap::Gap;
use crate::table::hot::HotRanges;
use crate::table::number::Number;

// In this order: what changes seldom comes first (`FdTable`).
#[repr(C)]
pub(crate) struct Tiers {
    pub(crate) hot: HotRanges,
    pub(crate) gap: Gap,
}

impl Tiers {
    /// `None` if the base is out of its range.
    pub(crate) fn new(base: u32) -> Option<Self> {
        Some(Self { hot: HotRanges::new(base)?, gap: Gap::new() })
    }

    /// The first number from `from` on, below `to`, that is open with at least these flags.
    pub(crate) fn next_open(&self, mut from: Number, to: Number, flags: FdFlags) -> Option<Number> {
        let guard = pin();
        while let Some((start, chunk)) = self.next_chunk(from, &guard)
            && start < to
        {
            if let Some(slot) = chunk.next_open(start.slot(), flags) {
                return Some(start.chunk_start().plus(slot)).filter(|number| *number < to);
            }
            from = start.chunk_end();
        }
        None
    }

    /// The chunks, each with its first number, under the caller's guard.
    pub(crate) fn chunks<'g>(
        &'g self,
        guard: &'g Guard,
    ) -> impl Iterator<Item = (Number, &'g Chunk)> {
        let mut from = Number::MIN;
        std::iter::from_fn(move || {
            let (start, chunk) = self.next_chunk(from, guard)?;
            from = start.chunk_end();
            Some((start, chunk))
        })
    }

    /// The chunks of a table that no other thread sees any more.
    pub(crate) fn chunks_mut(&mut self) -> impl Iterator<Item = &Chunk> {
        // SAFETY: I5 - no other thread has the table, as `&mut` shows, so nothing in it is
        // unlinked.
        let guard = unsafe { unprotected() };
        self.chunks(guard).map(|(_, chunk)| chunk)
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    fn next_chunk<'g>(&'g self, mut from: Number, guard: &'g Guard) -> Option<(Number, &'g Chunk)> {
        while from < Number::END {
            let next = match self.hot.index_of(from) {
                Some(index) => {
                    let next = self.hot.next_chunk(index);
                    next.map(|(index, chunk)| (self.hot.number_of(index), chunk))
                }
                None => self.gap.next_chunk(from, guard),
            };
            let end = self.hot.range_end(from);
            if next.is_some_and(|(number, _)| number < end) {
                return next;
            }
            from = end;
        }
        None
    }
}
