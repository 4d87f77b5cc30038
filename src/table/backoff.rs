//! How a copy of the table gets the quiet that it needs: it asks, and changes back off.
//!
//! A copy ends when one pass over the table finds what the pass before found (`table::copy`).
//! Beside threads that change the table without a pause, such a pass comes only by luck. So a copy
//! that has failed a few times sets a *request*, and a call that is about to change the table looks
//! for one first. If there is one, the call pauses until the request is over, or for the time that
//! the request names. The copy still ends only by two equal passes: a call that has not seen the
//! request costs another pass, and nothing else (docs/DESIGN.md, *Quiet for a copy*).
//!
//! A request costs a limited number of pauses, and is void when they are used up. So a thread that
//! is stopped within a copy does not slow others down for good.

use crate::sync::{AtomicU64, Deadline, Ordering, thread_index};

/// How many pauses a request may cost, until the copy that asked renews it.
pub(crate) const PAUSES: u64 = if cfg!(all(test, feature = "loom")) { 2 } else { 64 };

/// How long a pause lasts at the least and at the most, in microseconds. (In the checkers, which
/// have no clock: in looks at the request.)
const SHORTEST: u64 = if cfg!(all(test, feature = "loom")) { 1 } else { 50 };
const LONGEST: u64 = 50_000;
const _: () =
    assert!(LONGEST <= FIELD && PAUSES <= PAUSES_LEFT, "they fill their fields at the most");
/// Two passes over this many chunks take about a microsecond.
const CHUNKS_A_MICROSECOND: u64 = 2;

/// The request that a copy of this table has made last.
///
/// Written by: copies, which ask and end; calls that pause, which take one of its pauses. Read by:
/// every call that changes the table. Every access is Relaxed: the word is advice, and nothing is
/// read through it.
pub(crate) struct Backoff(AtomicU64);

/// The right to make the changes of one call to a table: the call has looked for a request. Made by
/// [`Backoff::begin_change`].
#[must_use]
pub(crate) struct Permit(());

impl Permit {
    /// For what no copy would see: a number of a hot range that is freed without having been open.
    pub(crate) fn unasked() -> Self {
        Self(())
    }
}

/// What a copy asks for, from its first failure to its end; dropping it ends the request.
pub(crate) struct Request<'a> {
    backoff: &'a Backoff,
    /// The id of what this copy has last asked for.
    id: Option<u32>,
}

/// Pauses left (15 bits, 0: no request) | whether a pause was too short (1) | the length of each
/// (16) | the thread that asks (24) | a sequence (8). The last two together are the *id* of a
/// request.
#[derive(Clone, Copy)]
struct Word(u64);

const PAUSES_LEFT: u64 = 0x7fff;
const TOO_SHORT: u64 = 0x8000;
const FIELD: u64 = 0xffff;
const LENGTH_SHIFT: u32 = 16;
const ID_SHIFT: u32 = 32;
const THREAD: u32 = 0x00ff_ffff;
const SEQUENCE_ONE: u32 = THREAD + 1;

impl Word {
    fn new(id: u32, length: u64, pauses: u64) -> Self {
        Self(u64::from(id) << ID_SHIFT | length << LENGTH_SHIFT | pauses)
    }

    #[inline]
    fn pauses(self) -> u64 {
        self.0 & PAUSES_LEFT
    }

    fn length(self) -> u64 {
        self.0 >> LENGTH_SHIFT & FIELD
    }

    /// The length of the pauses of a renewed request.
    fn next_length(self) -> u64 {
        if self.0 & TOO_SHORT == 0 { self.length() } else { LONGEST.min(2 * self.length()) }
    }

    fn id(self) -> u32 {
        (self.0 >> ID_SHIFT) as u32
    }

    /// The id of the next request, which differs from that of the last one also where both are of
    /// this thread.
    fn next_id(self) -> u32 {
        (self.id() & !THREAD).wrapping_add(SEQUENCE_ONE) | this_thread()
    }

    /// Whether the request was made by this thread.
    fn is_ours(self) -> bool {
        self.id() & THREAD == this_thread()
    }

    /// The request is over. No thread asks as thread 0, so that the id is another one.
    fn over(self) -> Self {
        Self::new(self.id() & !THREAD, 0, 0)
    }
}

/// The calling thread in an id: 1 at the least. Threads that lie 2^24 - 1 apart have the same one:
/// a change of the one does not pause for a copy of the other.
fn this_thread() -> u32 {
    name_of(thread_index())
}

fn name_of(thread: usize) -> u32 {
    (thread % THREAD as usize) as u32 + 1
}

/// How long a pause lasts for a copy of a table with `chunks` chunks: about as long as two passes
/// that find nothing changed.
fn length(chunks: usize) -> u64 {
    (chunks as u64 / CHUNKS_A_MICROSECOND).clamp(SHORTEST, LONGEST)
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn load(&self) -> Word {
        // Relaxed: as said of the type.
        Word(self.0.load(Ordering::Relaxed))
    }

    /// Looks for a request, and pauses if there is one. A call looks at its very beginning, before
    /// it claims a number or counts a reference, so that nobody else waits for its pause.
    #[inline(always)]
    pub(crate) fn begin_change(&self) -> Permit {
        let word = self.load();
        if word.pauses() != 0 {
            self.pause(word);
        }
        Permit(())
    }

    /// Pauses for the request that was read: until it is over, or as long as it asks for.
    #[cold]
    #[inline(never)]
    fn pause(&self, asked: Word) {
        // A copy that changes the table itself, in the drop of a file, would wait for its own end.
        if asked.is_ours() || !self.take_pause(asked.id()) {
            return;
        }
        let mut deadline = Deadline::after(asked.length());
        while self.load().id() == asked.id() {
            if !deadline.wait() {
                return self.report_too_short(asked);
            }
        }
    }

    /// A pause has ended before the request did. Says nothing of a request that asks for longer
    /// pauses by now.
    fn report_too_short(&self, asked: Word) {
        self.update(|word| {
            let same = (word.id(), word.length()) == (asked.id(), asked.length());
            same.then_some(Word(word.0 | TOO_SHORT))
        });
    }

    /// Takes one of the pauses of a request; false if it is over or void.
    fn take_pause(&self, id: u32) -> bool {
        self.update(|word| (word.id() == id && word.pauses() > 0).then(|| Word(word.0 - 1)))
    }

    /// Changes the word to what `change` makes of it; false if that is nothing.
    fn update(&self, change: impl Fn(Word) -> Option<Word>) -> bool {
        let change = |word| change(Word(word)).map(|word| word.0);
        // Relaxed: as said of the type.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }

    /// A request that is not made yet.
    pub(crate) fn request(&self) -> Request<'_> {
        Request { backoff: self, id: None }
    }
}

impl Request<'_> {
    /// Asks for quiet in a table with `chunks` chunks, or renews what was asked for. The pauses are
    /// then twice as long if one was too short. Does nothing while another copy asks: its quiet
    /// serves both.
    pub(crate) fn ask(&mut self, chunks: usize) {
        let word = self.backoff.load();
        let is_own = self.id == Some(word.id());
        if word.pauses() != 0 && !is_own {
            return;
        }
        let (id, length) =
            if is_own { (word.id(), word.next_length()) } else { (word.next_id(), length(chunks)) };
        let asked = Word::new(id, length, PAUSES);
        // If another thread was first, the next pass that fails asks again.
        if self.backoff.update(|now| (now.0 == word.0).then_some(asked)) {
            self.id = Some(id);
        }
    }
}

impl Drop for Request<'_> {
    /// Ends the request, also when a panic in the drop of a file has ended the copy; unless it was
    /// void, and another copy asks by now.
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.backoff.update(|word| (word.id() == id).then(|| word.over()));
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::table::occupancy::FAN;

    /// In microseconds, as the crate page says.
    #[test]
    fn a_pause_is_as_long_as_the_table_is_large() {
        let of_open = |numbers: usize| length(numbers.div_ceil(FAN));
        assert_eq!([0, 1, 1_000, 60_000].map(of_open), [50, 50, 50, 937]);
        assert_eq!(length(usize::MAX), 50_000);
    }

    #[test]
    fn no_thread_asks_as_thread_0() {
        let last = THREAD as usize - 1;
        assert_eq!([0, 1, last, last + 1].map(name_of), [1, 2, THREAD, 1]);
    }

    /// The threads that pause for one request see its end, and take no later one for it.
    #[test]
    fn an_id_does_not_come_back_soon() {
        let asked = |before: Word| Word::new(before.next_id(), 50, PAUSES);
        let first = asked(Word(0));
        assert!(first.is_ours() && first.over().id() != first.id());
        let later = std::iter::successors(Some(asked(first.over())), |word| Some(asked(*word)));
        assert!(later.take(255).all(|word| word.is_ours() && word.id() != first.id()));
    }

    /// Each of the 24 bits tells one thread from another.
    #[test]
    fn the_request_of_another_thread_is_not_ours() {
        let mut others = (0..24).map(|bit| this_thread() ^ 1 << bit);
        assert!(others.all(|id| !Word::new(id, 50, PAUSES).is_ours()));
    }

    /// No field reaches into the next one.
    #[test]
    fn a_word_holds_any_request() {
        for (id, length) in [(0, length(usize::MAX)), (u32::MAX, 0)] {
            let word = Word::new(id, length, PAUSES);
            assert_eq!((word.id(), word.length(), word.pauses()), (id, length, PAUSES));
        }
    }
}

/// For the models.
#[cfg(all(test, feature = "loom", not(feature = "shuttle")))]
mod looked_at {
    use super::{Backoff, Request};

    impl Backoff {
        /// How many pauses the request may cost still; 0 if there is none.
        pub(crate) fn pauses_left(&self) -> u64 {
            self.load().pauses()
        }

        pub(crate) fn length(&self) -> u64 {
            self.load().length()
        }

        pub(crate) fn id(&self) -> u32 {
            self.load().id()
        }

        /// The end, by its time, of a pause that begins now.
        pub(crate) fn pause_too_short(&self) -> impl Fn() {
            let asked = self.load();
            move || self.report_too_short(asked)
        }
    }

    impl Request<'_> {
        /// Whether this copy has asked, and no other one since.
        pub(crate) fn is_the_last(&self) -> bool {
            self.id == Some(self.backoff.load().id())
        }
    }
}
