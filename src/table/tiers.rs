//! The three tiers as one range of numbers: which tier a number is in, and in which order a search
//! crosses them.

use crate::sync::epoch::{self, Guard};

use super::{
    chunk::{Chunk, Found, Search, chunk_start},
    dense::Dense,
    gap::{GAP_START, Gap, NUMBERS},
    number::Number,
    occupancy::{FAN, Reading},
    slot::{Slot, SlotWord},
};

const HIGH_GROUPS: usize = if cfg!(all(test, feature = "loom")) { 1 } else { 4 };
/// How many numbers the high range holds.
pub(crate) const HIGH_SPAN: u32 = Dense::<HIGH_GROUPS>::SPAN;
/// How many chunks the hot ranges hold.
pub(crate) const HOT_CHUNKS: u32 = (GAP_START + HIGH_SPAN) / FAN as u32;

pub(crate) struct Tiers {
    /// Where the high range starts. Invariant: a multiple of `FAN`, from `GAP_START` to `NUMBERS -
    /// HIGH_SPAN`.
    base: u32,
    low: Dense<1>,
    high: Dense<HIGH_GROUPS>,
    gap: Gap,
}

/// Runs `$body` with `$tier` as the number's tier and `$at` as the number there.
macro_rules! on_tier {
    ($tiers:expr, $number:expr, |$tier:ident, $at:ident| $body:expr) => {{
        let (tiers, number): (&Tiers, u32) = ($tiers, $number);
        if number < GAP_START {
            let ($tier, $at) = (&tiers.low, number);
            $body
        } else if number.wrapping_sub(tiers.base) < HIGH_SPAN {
            let ($tier, $at) = (&tiers.high, number - tiers.base);
            $body
        } else {
            let ($tier, $at) = (&tiers.gap, number);
            $body
        }
    }};
}

impl Tiers {
    /// `None` if the base is out of its range.
    pub(crate) fn new(base: u32) -> Option<Self> {
        let fits =
            base.is_multiple_of(FAN as u32) && (GAP_START..=NUMBERS - HIGH_SPAN).contains(&base);
        fits.then(|| Self { base, low: Dense::new(), high: Dense::new(), gap: Gap::new() })
    }

    /// Tiers of the same shape with nothing in them.
    pub(crate) fn empty_like(&self) -> Self {
        Self { base: self.base, low: Dense::new(), high: Dense::new(), gap: Gap::new() }
    }

    pub(crate) fn base(&self) -> u32 {
        self.base
    }

    /// Runs `f` on the slot of `number`, if its chunk is there. In the gap, `f` runs under an epoch
    /// guard.
    #[inline]
    pub(crate) fn with_slot<R>(&self, number: Number, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        on_tier!(self, number.get(), |tier, at| tier.with_slot(at, f))
    }

    /// Claims the lowest free number from `from` on, below `to`: in each tier on the way, and then
    /// with RMWs once more, to be sure.
    pub(crate) fn claim_lowest(&self, from: u32, to: u32) -> Option<Number> {
        let confirm = || self.search(Search { from, to, reading: Reading::Confirm });
        self.try_claim_lowest(from, to).or_else(confirm)
    }

    /// The same, for a caller that goes on looking elsewhere.
    pub(crate) fn try_claim_lowest(&self, from: u32, to: u32) -> Option<Number> {
        self.search(Search { from, to, reading: Reading::Load })
    }

    /// Claims one number; false if it is taken.
    pub(crate) fn claim(&self, number: Number) -> bool {
        self.search(Search::exactly(number.get())).is_some()
    }

    fn search(&self, search: Search) -> Option<Number> {
        let mut from = search.from;
        while from < search.to {
            let (start, end) = self.bounds(from);
            let part = |from, start| Search {
                from: from - start,
                to: search.to.min(end) - start,
                ..search
            };
            let found = if from < GAP_START {
                self.low.claim_lowest(part(from, 0))
            } else if start == self.base {
                self.high.claim_lowest(part(from, start))
            } else {
                self.gap.claim_lowest(part(from, 0))
            };
            match found {
                Found::Claimed(at) => {
                    return Number::from_u32(if start == self.base { start + at } else { at });
                }
                // What died has been unlinked, or is about to be by another thread: go on from here
                // again.
                Found::Dead => {}
                Found::Full => from = end,
            }
        }
        None
    }

    /// The stretch of one tier that a number is in.
    fn bounds(&self, number: u32) -> (u32, u32) {
        let high_end = self.base + HIGH_SPAN;
        match number {
            ..GAP_START => (0, GAP_START),
            _ if number < self.base => (GAP_START, self.base),
            _ if number < high_end => (self.base, high_end),
            _ => (high_end, NUMBERS),
        }
    }

    /// The first number of chunk `i` of the hot ranges.
    pub(crate) fn hot_chunk(&self, i: usize) -> u32 {
        let start = (i * FAN) as u32;
        if start < GAP_START { start } else { self.base + (start - GAP_START) }
    }

    /// How many chunks have died or are about to; see [`Gap::deaths`].
    pub(crate) fn deaths(&self) -> u64 {
        self.gap.deaths()
    }

    /// Gives a claim back.
    pub(crate) fn release(&self, number: Number) {
        on_tier!(self, number.get(), |tier, at| tier.release(at));
    }

    /// Calls `f` with each chunk, in order, and its first number, under the caller's guard.
    pub(crate) fn for_each_chunk<'g>(
        &'g self,
        guard: &'g Guard,
        mut f: impl FnMut(u32, &'g Chunk),
    ) {
        let mut from = 0;
        while let Some((start, chunk)) = self.next_chunk(from, guard) {
            f(start, chunk);
            from = start + FAN as u32;
        }
    }

    /// The first open number from `from` on, below `to`, and its word.
    pub(crate) fn next_open(&self, mut from: u32, to: u32) -> Option<(Number, SlotWord)> {
        let guard = epoch::pin();
        while let Some((start, chunk)) = self.next_chunk(from, &guard)
            && start < to
        {
            if let Some((number, word)) = chunk.next_open(start) {
                return Number::from_u32(number)
                    .filter(|_| number < to)
                    .map(|number| (number, word));
            }
            from = chunk_start(start) + FAN as u32;
        }
        None
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    fn next_chunk<'g>(&'g self, mut from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        while from < NUMBERS {
            let (start, end) = self.bounds(from);
            let next = if from < GAP_START {
                self.low.next_chunk(from)
            } else if start == self.base {
                self.high.next_chunk(from - start).map(|(at, chunk)| (start + at, chunk))
            } else {
                self.gap.next_chunk(from, guard)
            };
            if next.is_some_and(|(number, _)| number < end) {
                return next;
            }
            from = end;
        }
        None
    }

    /// Opens, for a table that nobody else sees yet, what is open in the `words` of the chunk that
    /// starts at `start`.
    pub(crate) fn plant(&self, start: u32, words: &[SlotWord; FAN]) {
        if let Some(slot) = words.iter().position(|word| word.index().is_some()) {
            on_tier!(self, start + slot as u32, |tier, at| tier.plant(at, words));
        }
    }
}
