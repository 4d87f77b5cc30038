//! The three tiers as one range of numbers: which tier a number is in, and in which order a search
//! crosses them.

use crate::sync::epoch::{self, Guard};

use super::{
    chunk::{Chunk, Found, Search, chunk_start},
    dense::{self, Dense},
    gap::{GAP_START, Gap, NUMBERS},
    number::Number,
    occupancy::{FAN, Reading, State},
    slot::SlotWord,
    tree::Visit,
};

/// How many numbers the high range holds; the low one holds `GAP_START`.
pub(crate) const HIGH_SPAN: u32 = dense::SPAN - GAP_START;
/// How many chunks the hot ranges hold.
pub(crate) const HOT_CHUNKS: usize = dense::SPAN as usize / FAN;

pub(crate) struct Tiers {
    /// Where the high range starts. Invariant: a multiple of `FAN`, from `GAP_START` to `NUMBERS -
    /// HIGH_SPAN`.
    base: u32,
    hot: Dense,
    gap: Gap,
}

impl Tiers {
    /// `None` if the base is out of its range.
    pub(crate) fn new(base: u32) -> Option<Self> {
        let fits =
            base.is_multiple_of(FAN as u32) && (GAP_START..=NUMBERS - HIGH_SPAN).contains(&base);
        fits.then(|| Self { base, hot: Dense::new(), gap: Gap::new() })
    }

    /// Tiers of the same shape with nothing in them.
    pub(crate) fn empty_like(&self) -> Self {
        Self { base: self.base, hot: Dense::new(), gap: Gap::new() }
    }

    pub(crate) fn base(&self) -> u32 {
        self.base
    }

    /// The place of a number in the hot ranges, if it is in them.
    #[inline]
    fn hot_place(&self, number: u32) -> Option<u32> {
        if number < GAP_START {
            return Some(number);
        }
        let high = number.wrapping_sub(self.base);
        (high < HIGH_SPAN).then(|| GAP_START + high)
    }

    /// The number of a place.
    #[inline]
    fn hot_number(&self, place: u32) -> u32 {
        if place < GAP_START { place } else { self.base + (place - GAP_START) }
    }

    /// Runs `f` on the chunk of `number`, if it is there. In the gap, `f` runs under an epoch
    /// guard.
    // Always: what is done to a slot costs less than a call.
    #[inline(always)]
    pub(crate) fn with_chunk<R>(
        &self,
        number: Number,
        f: impl FnOnce(&Chunk) -> Option<R>,
    ) -> Option<R> {
        match self.hot_place(number.get()) {
            Some(place) => f(self.hot.chunk(place)?),
            None => self.gap.with_chunk(number.get(), f),
        }
    }

    /// Claims the lowest free number from `from` on, below `to`: in each tier on the way, and then
    /// with RMWs once more, to be sure.
    #[inline]
    pub(crate) fn claim_lowest(&self, from: u32, to: u32) -> Option<Number> {
        match self.claim_near(from, to) {
            None => self.claim_anywhere(from, to),
            number => number,
        }
    }

    fn claim_anywhere(&self, from: u32, to: u32) -> Option<Number> {
        let search = |reading| {
            let search = Search { from, to, reading };
            self.gap.changing(|visit| self.search(search, visit))
        };
        search(Reading::Load).or_else(|| search(Reading::Confirm))
    }

    /// Claims the lowest free number from `from` on, below `to`, if it is found at once: `from` is
    /// in a hot range, and so is the first chunk that is not full.
    #[inline]
    fn claim_near(&self, from: u32, to: u32) -> Option<Number> {
        let place = self.hot_place(from)?;
        let place = self.hot.claim_near(place, place + to.checked_sub(from)?)?;
        Some(Number::from_u32(self.hot_number(place)))
    }

    /// Claims one number; false if it is taken.
    pub(crate) fn claim(&self, number: Number) -> bool {
        let found = match self.hot_place(number.get()) {
            Some(place) => self.hot.claim_lowest(Search::exactly(place)),
            None => {
                let search = Search::exactly(number.get());
                self.gap.changing(|visit| self.gap.claim_lowest(search, visit))
            }
        };
        matches!(found, Found::Claimed(_))
    }

    fn search(&self, search: Search, visit: &Visit<'_>) -> Option<Number> {
        let mut from = search.from;
        while from < search.to {
            let to = search.to.min(self.stretch_end(from));
            let found = match self.hot_place(from) {
                Some(place) => {
                    let part = Search { from: place, to: place + (to - from), ..search };
                    self.hot.claim_lowest(part).at(|place| self.hot_number(place))
                }
                None => self.gap.claim_lowest(Search { from, to, ..search }, visit),
            };
            match found {
                Found::Claimed(number) => return Some(Number::from_u32(number)),
                // Neither the roots nor what is in a hot range dies.
                Found::Dead => {}
                Found::Full => from = to,
            }
        }
        None
    }

    /// Where the stretch of one tier ends that a number is in.
    fn stretch_end(&self, number: u32) -> u32 {
        let high_end = self.base + HIGH_SPAN;
        let ends = [GAP_START, self.base, high_end];
        ends.into_iter().find(|end| number < *end).unwrap_or(NUMBERS)
    }

    /// Claims a number in chunk `i` of the hot ranges, below `limit`.
    #[inline]
    pub(crate) fn claim_in_hot_chunk(&self, i: usize, limit: u32) -> Option<Number> {
        let from = (i * FAN) as u32;
        let count = limit.saturating_sub(self.hot_number(from)).min(FAN as u32);
        let search = Search { from, to: from + count, reading: Reading::Load };
        match self.hot.claim_lowest(search) {
            Found::Claimed(place) => Some(Number::from_u32(self.hot_number(place))),
            Found::Full | Found::Dead => None,
        }
    }

    /// How many deaths have been counted; see [`Gap::deaths`].
    pub(crate) fn deaths(&self) -> u64 {
        self.gap.deaths()
    }

    /// Gives a claim back.
    pub(crate) fn release(&self, number: Number) {
        // The claim keeps the chunk.
        if let Some(before) = self.with_chunk(number, |chunk| Some(chunk.release(number.get()))) {
            self.released(number, before);
        }
    }

    /// What has to follow [`Chunk::release`], which has found the state `before`.
    #[inline]
    pub(crate) fn released(&self, number: Number, before: State) {
        match self.hot_place(number.get()) {
            Some(place) => self.hot.released(place, before),
            None => self.gap.released(number.get(), before),
        }
    }

    /// Tells the places above the chunk of `number` that it is full, if it is.
    #[cold]
    pub(crate) fn note_if_full(&self, number: Number) {
        match self.hot_place(number.get()) {
            Some(place) => self.hot.note_if_full(place),
            None => self.gap.note_if_full(number.get()),
        }
    }

    /// The chunks, in order, each with its first number, under the caller's guard.
    pub(crate) fn chunks<'g>(&'g self, guard: &'g Guard) -> impl Iterator<Item = (u32, &'g Chunk)> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let (start, chunk) = self.next_chunk(from, guard)?;
            from = start + FAN as u32;
            Some((start, chunk))
        })
    }

    /// The first open number from `from` on, below `to`, and its word.
    pub(crate) fn next_open(&self, mut from: u32, to: u32) -> Option<(Number, SlotWord)> {
        let guard = epoch::pin();
        while let Some((start, chunk)) = self.next_chunk(from, &guard)
            && start < to
        {
            if let Some((number, word)) = chunk.next_open(start) {
                return (number < to).then_some((Number::from_u32(number), word));
            }
            from = chunk_start(start) + FAN as u32;
        }
        None
    }

    /// The first chunk that has numbers at or above `from`, and the first of those numbers.
    fn next_chunk<'g>(&'g self, mut from: u32, guard: &'g Guard) -> Option<(u32, &'g Chunk)> {
        while from < NUMBERS {
            let next = match self.hot_place(from) {
                Some(place) => {
                    let next = self.hot.next_chunk(place);
                    next.map(|(place, chunk)| (self.hot_number(place), chunk))
                }
                None => self.gap.next_chunk(from, guard),
            };
            let end = self.stretch_end(from);
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
        let mut numbers = (start..).zip(words);
        let Some((first, _)) = numbers.find(|(_, word)| word.index().is_some()) else { return };
        let first = Number::from_u32(first);
        // The claim makes the chunk.
        let claimed = self.claim(first);
        debug_assert!(claimed, "nobody else has the table");
        self.with_chunk(first, |chunk| {
            chunk.plant(words);
            Some(())
        });
        self.note_if_full(first);
    }
}
