//! The file descriptor table of one process: what it consists of, its limit, and its end.

use crate::file::file_ref::{FileRef, drop_all};
use crate::file::open_file_table::OpenFileTable;
use crate::sync::{AtomicU32, Ordering};
use crate::table::backoff::{Backoff, Permit};
use crate::table::number::{NUMBERS, Number};
use crate::table::tiers::Tiers;

/// The file descriptor table of one process: numbers, each open on an open file description.
///
/// Any number of threads may call anything at once, and there is no lock: see the [crate
/// page](crate#progress). Numbers are `RawFd`s as a system call has them; one that cannot be
/// open is `EBADF`, never a panic.
///
/// ```
/// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let fd = table.open(Placement::Lowest, "out", FdFlags::empty())?;
/// table.dup2(fd, 1025)?;
/// table.close(fd)?;
/// assert_eq!(format!("{table:?}"), "{1025 -> #0}");
/// # Ok::<(), fdtable::Error>(())
/// ```
// In this order, and aligned to a cache line: so that the first line, which every call reads, holds
// nothing that calls write, but for those that pause. (Behind the limit comes `HotRanges`, whose
// links to chunks are set once each.)
#[repr(C, align(64))]
pub struct FdTable<T> {
    pub(crate) backoff: Backoff,
    pub(crate) open_files: OpenFileTable<T>,
    /// `RLIMIT_NOFILE`, at most `NUMBERS`.
    pub(crate) limit: AtomicU32,
    pub(crate) tiers: Tiers,
}

impl<T> FdTable<T> {
    /// An empty table.
    pub(crate) fn with(open_files: OpenFileTable<T>, limit: u32, tiers: Tiers) -> Self {
        let limit = AtomicU32::new(limit.min(NUMBERS));
        Self { backoff: Backoff::new(), open_files, limit, tiers }
    }

    /// The open file table that holds the descriptions.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// # use fdtable::{FdFlags, Placement};
    /// let table = FdTable::new(&OpenFileTable::with_limit(1));
    /// let sibling = FdTable::new(table.open_files());
    /// table.open(Placement::Lowest, 'a', FdFlags::empty())?;
    /// assert!(sibling.open(Placement::Lowest, 'b', FdFlags::empty()).is_err());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn open_files(&self) -> &OpenFileTable<T> {
        &self.open_files
    }

    /// Where [`Placement::FromBase`](crate::Placement::FromBase) starts.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// assert_eq!(FdTable::<()>::new(&OpenFileTable::new()).base(), 32768);
    /// ```
    #[must_use]
    pub fn base(&self) -> u32 {
        self.tiers.hot.base()
    }

    /// `RLIMIT_NOFILE`: the lowest number that cannot be opened.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// assert_eq!(FdTable::<()>::new(&OpenFileTable::new()).limit(), 1 << 20);
    /// ```
    #[must_use]
    pub fn limit(&self) -> u32 {
        // Relaxed: a number on its own.
        self.limit.load(Ordering::Relaxed)
    }

    /// `setrlimit(RLIMIT_NOFILE)`: sets the limit; more than 2^31 counts as 2^31.
    ///
    /// What is open above a lower limit stays open and usable. A call that has begun goes by the
    /// limit that it found then.
    ///
    /// ```
    /// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::At(9), 'a', FdFlags::empty())?;
    /// table.set_limit(9);
    /// assert!(table.contains(fd));
    /// assert_eq!(table.dup2(fd, 10).unwrap_err(), Error::BadFd);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias("setrlimit", "RLIMIT_NOFILE"))]
    pub fn set_limit(&self, limit: u32) {
        self.limit.store(limit.min(NUMBERS), Ordering::Relaxed);
    }

    /// Every call that changes the table begins so: it backs off if a copy asks for quiet.
    #[inline(always)]
    pub(crate) fn begin_change(&self) -> Permit {
        self.backoff.begin_change()
    }

    /// As `begin_change`, to free a number that was not opened. In the gap that may reclaim a
    /// chunk, which costs a copy another pass.
    pub(crate) fn begin_free(&self, number: Number) -> Permit {
        let is_hot = self.tiers.hot.index_of(number).is_some();
        if is_hot { Permit::unasked() } else { self.begin_change() }
    }
}

/// As at `exit(2)`: gives up the references of the open slots. The numbers need not be closed, as
/// nobody else has the table.
impl<T> Drop for FdTable<T> {
    fn drop(&mut self) {
        let slab = &self.open_files.slab;
        // No guard is held, as files are dropped meanwhile, and may take their time.
        let slots = self.tiers.chunks_mut().flat_map(|chunk| &chunk.slots);
        let open = slots.filter_map(|slot| slot.load().index());
        drop_all(open.map(|index| FileRef::adopt(slab, index)));
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// The line of the request is read by every change, so nothing on it may be written by changes.
    #[test]
    fn the_request_is_on_a_line_with_what_changes_seldom() {
        assert!(align_of::<FdTable<u8>>().is_multiple_of(64));
        assert_eq!(offset_of!(FdTable<u8>, backoff), 0);
        assert_eq!(offset_of!(Tiers, hot), 0);
        let behind = offset_of!(FdTable<u8>, tiers);
        assert!(behind < 64, "{behind}");
    }
}
