//! Closing a range of numbers.

use std::{fmt, iter::FusedIterator, ops::Range};

use crate::error::Error;
use crate::file::file_ref::drop_all;
use crate::flags::{CloseRangeFlags, FdFlags};
use crate::table::descriptor::Descriptor;
use crate::table::fd_table::FdTable;
use crate::table::number::Number;

/// Closes a range of numbers and hands out their files, lowest first; made by [`FdTable::drain`].
///
/// ```
/// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
/// let table = FdTable::new(&OpenFileTable::new());
/// for file in ['a', 'b', 'c'] {
///     table.open(Placement::Lowest, file, FdFlags::empty())?;
/// }
/// let mut closing = table.drain(1, u32::MAX)?;
/// assert_eq!(*closing.next().unwrap(), 'b');
/// assert!(table.contains(2));
/// drop(closing); // closes the rest
/// assert_eq!(table.len(), 1);
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct Drain<'a, T> {
    table: &'a FdTable<T>,
    next: Number,
    end: Number,
    /// Only what is open with at least these flags.
    flags: FdFlags,
}

impl<T> FdTable<T> {
    /// `close_range(2)` on this table: closes `first..=last`, or with `CLOEXEC` sets `FD_CLOEXEC`
    /// there instead.
    ///
    /// Each number is closed or marked on its own, lowest first; what is opened in the range
    /// meanwhile may or may not be met. Takes time for what is open in the range and not for its
    /// width, and the limit does not matter. For `UNSHARE` see
    /// [`Files::close_range`](crate::Files::close_range).
    ///
    /// # Errors
    ///
    /// `EINVAL`, with no effect, if `first > last`, or for `UNSHARE` or an unknown flag.
    ///
    /// ```
    /// # use fdtable::{CloseRangeFlags, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::At(20_000), 'a', FdFlags::empty())?;
    /// table.close_range(3, u32::MAX, CloseRangeFlags::CLOEXEC)?;
    /// assert_eq!(table.flags(fd), Some(FdFlags::CLOEXEC));
    /// table.close_range(3, u32::MAX, CloseRangeFlags::empty())?;
    /// assert!(table.is_empty());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn close_range(&self, first: u32, last: u32, flags: CloseRangeFlags) -> Result<(), Error> {
        if first > last || !CloseRangeFlags::CLOEXEC.contains(flags) {
            return Err(Error::Invalid);
        }
        if flags.contains(CloseRangeFlags::CLOEXEC) {
            let range = Number(first)..range_end(last);
            self.update_open(range, FdFlags::empty(), |flags| flags | FdFlags::CLOEXEC);
        } else {
            drop(self.drain(first, last));
        }
        Ok(())
    }

    /// `close_range(2)` that hands each closed file out, with its number and flags, lowest first.
    ///
    /// A number is closed when the iterator comes to it; what it has not come to when it is
    /// dropped, it closes then.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with no effect, if `first > last`.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// table.open(Placement::At(3), 'a', FdFlags::empty())?;
    /// table.open(Placement::At(5000), 'b', FdFlags::CLOEXEC)?;
    /// let closed = table.drain(0, u32::MAX)?.map(|open| (open.fd, open.flags, *open.file));
    /// assert!(closed.eq([(3, FdFlags::empty(), 'a'), (5000, FdFlags::CLOEXEC, 'b')]));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn drain(&self, first: u32, last: u32) -> Result<Drain<'_, T>, Error> {
        if first > last {
            return Err(Error::Invalid);
        }
        let (next, end) = (Number(first), range_end(last));
        Ok(Drain { table: self, next, end, flags: FdFlags::empty() })
    }

    /// Closes all that is open with at least these flags, each number on its own, lowest first.
    pub(crate) fn close_all_with(&self, flags: FdFlags) {
        drop(Drain { table: self, next: Number::MIN, end: Number::END, flags });
    }

    /// Clears a flag of all that is open with it, each number on its own, lowest first.
    pub(crate) fn clear_flag(&self, flag: FdFlags) {
        self.update_open(Number::MIN..Number::END, flag, |flags| flags - flag);
    }

    /// Changes the flags of what is open in a range with at least the flags `with`.
    fn update_open(
        &self,
        mut range: Range<Number>,
        with: FdFlags,
        change: impl Fn(FdFlags) -> FdFlags,
    ) {
        while let Some(number) = self.tiers.next_open(range.start, range.end, with) {
            // Nothing to change if it has been closed meanwhile.
            let _ = self.update_flags(number.fd(), &change);
            range.start = number.plus(1);
        }
    }
}

/// The end of `..=last`, as far as there are numbers.
fn range_end(last: u32) -> Number {
    Number(last.saturating_add(1)).min(Number::END)
}

impl<'a, T> Iterator for Drain<'a, T> {
    type Item = Descriptor<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.table.tiers.next_open(self.next, self.end, self.flags);
            // At the end for good: otherwise the drop would close what is opened behind it now, and
            // hand it to nobody.
            self.next = next.map_or(self.end, |number| number.plus(1));
            // Not if it has been closed meanwhile, or has lost a flag.
            if let Some(closed) = self.table.close_number(next?, self.flags) {
                return Some(closed);
            }
        }
    }
}

impl<T> Drop for Drain<'_, T> {
    /// Closes the rest, also when the drop of a file panics.
    fn drop(&mut self) {
        drop_all(self.map(|closed| closed.file));
    }
}

impl<T> FusedIterator for Drain<'_, T> {}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("next", &self.next.0)
            .field("end", &self.end.0)
            .finish_non_exhaustive()
    }
}
