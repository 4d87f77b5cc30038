//! The file descriptor table of a process: its shape, and what looks at one number.

use std::{fmt, os::fd::RawFd};

use crate::{
    Error, FdFlags, FileRef, OpenFileTable,
    sync::{AtomicU32, AtomicUsize, Ordering},
};

pub(crate) mod chunk;
mod close;
#[allow(unsafe_code, reason = "follows pointers to chunks that stay (I4)")]
pub(crate) mod dense;
mod descriptor;
#[allow(unsafe_code, reason = "takes back what no slot has held (I6)")]
mod dup;
#[allow(unsafe_code, reason = "reads a table that nobody else has (I5)")]
mod exit;
mod flags;
pub(crate) mod gap;
mod iter;
pub(crate) mod number;
pub(crate) mod occupancy;
mod placement;
mod reservation;
pub(crate) mod slot;
mod snapshot;
pub(crate) mod spare;
pub(crate) mod tiers;
#[allow(unsafe_code, reason = "follows links under an epoch guard (I5)")]
pub(crate) mod tree;

pub use descriptor::Descriptor;
pub use iter::{Drain, Iter};
pub use placement::Placement;
pub use reservation::Reservation;

use chunk::Chunk;
use gap::NUMBERS;
use number::Number;
use slot::SlotWord;
use tiers::Tiers;

/// kbox's first automatic number; a supervisor that injects descriptors with
/// `SECCOMP_IOCTL_NOTIF_ADDFD` builds on it.
const AUTO_BASE: u32 = 32768;
/// fs.nr_open's default.
const LIMIT: u32 = 1 << 20;

/// The file descriptor table of one process: numbers, each open on an open file description.
///
/// Any number of threads may call anything at once, and none waits for another: see the [crate
/// page](crate#consistency). Numbers are `RawFd`s as a system call has them; one that cannot be
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
pub struct FdTable<T> {
    files: OpenFileTable<T>,
    /// `RLIMIT_NOFILE`, at most `NUMBERS`.
    limit: AtomicU32,
    /// How many tasks hold the table through a [`Files`](crate::Files).
    #[cfg_attr(all(test, feature = "loom"), allow(dead_code, reason = "no model of `Files`"))]
    pub(crate) tasks: AtomicUsize,
    tiers: Tiers,
}

/// Makes an [`FdTable`] that differs from the usual one; made by [`FdTable::builder`].
///
/// ```
/// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
/// let system = OpenFileTable::new();
/// let table = FdTable::builder(&system).auto_base(2048).limit(20_000).build()?;
/// assert_eq!(table.open(Placement::Auto, "file", FdFlags::empty())?, 2048);
/// # Ok::<(), fdtable::Error>(())
/// ```
#[must_use = "call build"]
pub struct Builder<'a, T> {
    files: &'a OpenFileTable<T>,
    auto_base: u32,
    limit: u32,
}

impl<T> fmt::Debug for Builder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("auto_base", &self.auto_base)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<'a, T> Builder<'a, T> {
    /// Where [`Placement::Auto`] starts, and the 4096 hot numbers of the high range: 32768 unless
    /// told; a multiple of 32 from 1024 to 2^31 - 4096.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).auto_base(2048).build()?;
    /// assert_eq!(table.auto_base(), 2048);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn auto_base(self, auto_base: u32) -> Self {
        Self { auto_base, ..self }
    }

    /// `RLIMIT_NOFILE`: every new number stays below it. 2^20 unless told; more than 2^31 counts as
    /// 2^31.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).limit(20_000).build()?;
    /// assert_eq!(table.limit(), 20_000);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// The table.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an `auto_base` that is out of its range.
    ///
    /// ```
    /// # use fdtable::{Error, FdTable, OpenFileTable};
    /// let system = OpenFileTable::<()>::new();
    /// assert_eq!(FdTable::builder(&system).auto_base(1000).build().unwrap_err(), Error::Invalid);
    /// ```
    pub fn build(self) -> Result<FdTable<T>, Error> {
        let tiers = Tiers::new(self.auto_base).ok_or(Error::Invalid)?;
        let (limit, tasks) = (AtomicU32::new(self.limit.min(NUMBERS)), AtomicUsize::new(0));
        Ok(FdTable { files: self.files.clone(), limit, tasks, tiers })
    }
}

impl<T> FdTable<T> {
    /// An empty table with the usual base and limit, whose descriptions are in `files`.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::new(&OpenFileTable::new());
    /// assert_eq!((table.auto_base(), table.limit()), (32768, 1 << 20));
    /// ```
    #[must_use]
    pub fn new(files: &OpenFileTable<T>) -> Self {
        Self::builder(files).build().expect("the usual base is in its range")
    }

    /// Begins a table with another base or limit.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).limit(1 << 31).build()?;
    /// assert_eq!((table.auto_base(), table.limit()), (32768, 1 << 31));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn builder(files: &OpenFileTable<T>) -> Builder<'_, T> {
        Builder { files, auto_base: AUTO_BASE, limit: LIMIT }
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
        &self.files
    }

    /// Where [`Placement::Auto`] starts.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// assert_eq!(FdTable::<()>::new(&OpenFileTable::new()).auto_base(), 32768);
    /// ```
    #[must_use]
    pub fn auto_base(&self) -> u32 {
        self.tiers.base()
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

    /// The file that `fd` is open on, or `None` (`EBADF`).
    ///
    /// Linearizes at a reading of the slot: against a racing close, `dup2` or reuse it returns the
    /// file before or the one after, or `None` if `fd` was not open in between; never another
    /// number's. In the hot ranges it takes no epoch guard and allocates nothing.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// assert_eq!(*table.get(fd).unwrap(), "file");
    /// assert!(table.get(-1).is_none());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    // Always: it is two RMWs, to which a frame would add a quarter.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, fd: RawFd) -> Option<FileRef<'_, T>> {
        Some(self.acquire(Number::new(fd))?.file)
    }

    /// Whether `fd` is open. One load of the slot: wait-free in the hot ranges; in the gap it takes
    /// an epoch guard.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// assert!(!FdTable::<()>::new(&OpenFileTable::new()).contains(0));
    /// ```
    #[inline]
    #[must_use]
    pub fn contains(&self, fd: RawFd) -> bool {
        self.flags(fd).is_some()
    }

    /// What an open number is open on.
    #[inline(always)]
    fn acquire(&self, number: Number) -> Option<Descriptor<'_, T>> {
        let acquire = |chunk: &Chunk| self.files.acquire_from(chunk.slot(number.get())).ok();
        let (word, file) = self.tiers.with_chunk(number, acquire)?;
        Some(Descriptor::new(number, word, file))
    }

    /// What the slot of `number` held as `word`, with the reference that was the slot's; `None` for
    /// the word of an empty slot.
    #[inline]
    fn adopt(&self, number: Number, word: SlotWord) -> Option<Descriptor<'_, T>> {
        Some(Descriptor::new(number, word, self.files.adopt(word.index()?)))
    }

    /// Opens a claimed number on a counted index.
    #[inline]
    fn fill(&self, number: Number, index: u32, flags: FdFlags) -> RawFd {
        let fill = |chunk: &Chunk| {
            chunk.slot(number.get()).fill(index, flags);
            Some(())
        };
        let filled = self.tiers.with_chunk(number, fill);
        debug_assert!(filled.is_some(), "a claim keeps its chunk");
        number.fd()
    }
}
