//! Opening a number: where the search for a free one goes, and how it is opened.

use std::os::fd::RawFd;

use crate::error::{Error, Rejected};
use crate::flags::FdFlags;
use crate::sync::{Ordering, thread_index};
use crate::table::backoff::Permit;
use crate::table::chunk::{Chunk, Entered};
use crate::table::fd_table::FdTable;
use crate::table::hot::{HOT_CHUNKS, HotIndex};
use crate::table::link::{Search, Visit};
use crate::table::number::Number;
use crate::table::occupancy::{FAN, Reading};
use crate::table::tiers::Tiers;

/// An odd step through the chunks of the hot ranges that keeps neighbouring threads apart.
const STRIDE: usize = 61;

/// Where a new descriptor goes.
///
/// *Lowest* never skips a number that was free during the whole call, where a number counts as free
/// again when the call that closed it has returned. Every placement stays below the limit that it
/// finds when it begins.
///
/// ```
/// use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let none = FdFlags::empty();
/// assert_eq!(table.open(Placement::Lowest, 'a', none)?, 0);
/// assert_eq!(table.open(Placement::From(1025), 'b', none)?, 1025);
/// assert_eq!(table.open(Placement::FromBase, 'c', none)?, 32768);
/// assert_eq!(table.open(Placement::Within { min: 10, end: 12 }, 'f', none)?, 10);
/// assert_eq!(table.open(Placement::At(20_000), 'd', none)?, 20_000);
/// assert_eq!(table.open(Placement::At(20_000), 'e', none).unwrap_err().error, Error::Busy);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Placement {
    /// The lowest free number, as POSIX asks. `EMFILE` when none is free below the limit.
    Lowest,
    /// The lowest free number at or above this one, as `F_DUPFD`. `EINVAL` when it is negative or
    /// not below the limit, else `EMFILE`.
    From(RawFd),
    /// The lowest free number of `min..end`. `EINVAL` when `min` is negative, or not below both
    /// `end` and the limit, else `EMFILE`.
    Within {
        /// The first number of the range.
        min: RawFd,
        /// The first number behind the range; it may lie above the limit.
        end: u32,
    },
    /// The lowest free number at or above the table's [`base`](crate::FdTable::base). `EMFILE`
    /// when none is free below the limit.
    FromBase,
    /// Some free number: no order is promised, and threads that place at once keep out of each
    /// other's way. `EMFILE` when none is free.
    Any,
    /// This number. `EBADF` when it is negative or not below the limit, `EBUSY` when it is open or
    /// reserved.
    At(RawFd),
}

impl<T> FdTable<T> {
    /// Opens a number on a new description of `file`, with exactly `flags`.
    ///
    /// Linearizes when the slot is opened: before, the number is reserved, and other calls answer
    /// as for a reserved one.
    ///
    /// # Errors
    ///
    /// Those of the [`Placement`], then `ENFILE`; each gives `file` back.
    ///
    /// ```
    /// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::CLOEXEC)?;
    /// assert_eq!((fd, table.flags(fd)), (0, Some(FdFlags::CLOEXEC)));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn open(
        &self,
        placement: Placement,
        file: T,
        flags: FdFlags,
    ) -> Result<RawFd, Rejected<T>> {
        let permit = self.begin_change();
        let number = match self.reserve_number(&permit, placement) {
            Ok(number) => number,
            Err(error) => return Err(Rejected::new(error, file)),
        };
        match self.open_files.slab.create(file) {
            Ok(index) => Ok(self.open_reserved(&permit, number, index, flags)),
            Err(rejected) => {
                self.free(&permit, number);
                Err(rejected)
            }
        }
    }

    /// Opens a reserved number on a counted index.
    #[inline]
    pub(crate) fn open_reserved(
        &self,
        permit: &Permit,
        number: Number,
        index: u32,
        flags: FdFlags,
    ) -> RawFd {
        let open = |chunk: &Chunk, i: usize| {
            chunk.slots[i].open(permit, index, flags);
            Some(())
        };
        let opened = match self.tiers.hot.index_of(number) {
            Some(at) => self.tiers.hot.chunk(at).and_then(|(chunk, i)| open(chunk, i)),
            None => self.tiers.gap.with_chunk(number, open),
        };
        debug_assert!(opened.is_some(), "a claim keeps its chunk");
        number.fd()
    }

    /// The limit, as the end of the numbers that may be opened.
    #[inline]
    pub(crate) fn end(&self) -> Number {
        // Relaxed: a number on its own.
        Number(self.limit.load(Ordering::Relaxed))
    }

    /// Reserves a number; the caller opens or frees it. It changes no slot, but may reclaim a dead
    /// chunk that it meets: that too costs a copy of the table another pass.
    #[inline]
    pub(crate) fn reserve_number(&self, _: &Permit, placement: Placement) -> Result<Number, Error> {
        let end = self.end();
        let number = match placement {
            Placement::Lowest => self.reserve_lowest(Number::MIN, end),
            Placement::FromBase => self.reserve_lowest(Number(self.base()), end),
            Placement::From(min) => self.reserve_lowest(minimum(min, end)?, end),
            Placement::Within { min, end: to } => {
                let to = end.min(Number(to));
                self.reserve_lowest(minimum(min, to)?, to)
            }
            Placement::Any => self.reserve_any(end),
            Placement::At(fd) => {
                let number = Number::below(fd, end).ok_or(Error::BadFd)?;
                return self.reserve_exactly(number).then_some(number).ok_or(Error::Busy);
            }
        };
        number.ok_or(Error::TooManyOpenFiles)
    }

    /// Reserves the lowest free number of `from..to`.
    fn reserve_lowest(&self, from: Number, to: Number) -> Option<Number> {
        let hot = &self.tiers.hot;
        let range = hot.indices_of(from, to);
        let claimed = range.and_then(|range| hot.claim_in(range, Reading::Load));
        claimed.map(|index| hot.number_of(index)).or_else(|| self.reserve_further(from, to))
    }

    /// Searches everything, and then once more with RMWs, as a load may be old.
    #[cold]
    fn reserve_further(&self, from: Number, to: Number) -> Option<Number> {
        self.tiers.gap.visit(|visit| {
            let search = |reading| self.reserve_in(Search { from, to, reading }, visit);
            search(Reading::Load).or_else(|| search(Reading::Confirm))
        })
    }

    /// Searches the tiers in the order of their numbers.
    fn reserve_in(&self, mut search: Search, visit: &Visit<'_>) -> Option<Number> {
        let Tiers { hot, gap } = &self.tiers;
        let Search { to, reading, .. } = search;
        while search.from < to {
            let end = hot.range_end(search.from);
            let claimed = match hot.indices_of(search.from, to) {
                Some(range) => hot.claim_in(range, reading).map(|index| hot.number_of(index)),
                None => gap.claim_in(Search { to: to.min(end), ..search }, visit),
            };
            if claimed.is_some() {
                return claimed;
            }
            search.from = end;
        }
        None
    }

    /// Reserves one number; false if it is taken.
    fn reserve_exactly(&self, number: Number) -> bool {
        self.enter(number, |Entered { chunk, slot, made, parent }| {
            let tell = || parent.note_if_full(&chunk.claims);
            let claim = || chunk.claims.claim_lowest(slot, slot + 1, Reading::Load, tell);
            Ok(made || claim()?.is_some())
        })
    }

    /// Goes through the chunks of the hot ranges from the thread's own one on, and only then to the
    /// lowest free number of all.
    fn reserve_any(&self, end: Number) -> Option<Number> {
        let home = thread_index().wrapping_mul(STRIDE) % HOT_CHUNKS;
        let mut chunks = (home..HOT_CHUNKS).chain(0..home);
        let reserved = chunks.find_map(|chunk| self.reserve_in_hot_chunk(chunk, end));
        reserved.or_else(|| self.reserve_lowest(Number::MIN, end))
    }

    fn reserve_in_hot_chunk(&self, chunk: usize, end: Number) -> Option<Number> {
        let hot = &self.tiers.hot;
        let from = hot.number_of(HotIndex::of_chunk(chunk));
        let range = hot.indices_of(from, from.plus(FAN).min(end))?;
        hot.claim_in(range, Reading::Load).map(|index| hot.number_of(index))
    }
}

/// The first number of a search that ends at `end`, as the caller gave it.
fn minimum(min: RawFd, end: Number) -> Result<Number, Error> {
    Number::below(min, end).ok_or(Error::Invalid)
}
