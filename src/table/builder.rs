//! Making a table.

use std::fmt;

use crate::error::Error;
use crate::file::open_file_table::OpenFileTable;
use crate::table::fd_table::FdTable;
use crate::table::tiers::Tiers;

/// kbox's first number; a supervisor that injects descriptors with
/// `SECCOMP_IOCTL_NOTIF_ADDFD` builds on it.
const BASE: u32 = 32768;
/// fs.nr_open's default.
const LIMIT: u32 = 1 << 20;

/// Makes an [`FdTable`] that differs from the usual one; made by [`FdTable::builder`].
///
/// ```
/// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
/// let system = OpenFileTable::new();
/// let table = FdTable::builder(&system).base(2048).limit(20_000).build()?;
/// assert_eq!(table.open(Placement::FromBase, "file", FdFlags::empty())?, 2048);
/// # Ok::<(), fdtable::Error>(())
/// ```
#[must_use = "call build"]
pub struct Builder<'a, T> {
    open_files: &'a OpenFileTable<T>,
    base: u32,
    limit: u32,
}

impl<T> fmt::Debug for Builder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("base", &self.base)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<'a, T> Builder<'a, T> {
    /// Where [`Placement::FromBase`](crate::Placement::FromBase) starts, and the 4096 hot numbers
    /// of the high range: 32768 unless told; a multiple of 32 from 1024 to 2^31 - 4096.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).base(2048).build()?;
    /// assert_eq!(table.base(), 2048);
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn base(self, base: u32) -> Self {
        Self { base, ..self }
    }

    /// Exclusive upper bound for new numbers (`RLIMIT_NOFILE`). 2^20 unless told; more than 2^31
    /// counts as 2^31.
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
    /// `EINVAL` for a `base` that is out of its range.
    ///
    /// ```
    /// # use fdtable::{Error, FdTable, OpenFileTable};
    /// let system = OpenFileTable::<()>::new();
    /// assert_eq!(FdTable::builder(&system).base(1000).build().unwrap_err(), Error::Invalid);
    /// ```
    pub fn build(self) -> Result<FdTable<T>, Error> {
        let tiers = Tiers::new(self.base).ok_or(Error::Invalid)?;
        Ok(FdTable::with(self.open_files.clone(), self.limit, tiers))
    }
}

impl<T> FdTable<T> {
    /// An empty table with the usual base and limit, whose descriptions are in `open_files`.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::new(&OpenFileTable::new());
    /// assert_eq!((table.base(), table.limit()), (32768, 1 << 20));
    /// ```
    #[must_use]
    pub fn new(open_files: &OpenFileTable<T>) -> Self {
        Self::builder(open_files).build().expect("the usual base is in its range")
    }

    /// Begins a table with another base or limit.
    ///
    /// ```
    /// # use fdtable::{FdTable, OpenFileTable};
    /// let table = FdTable::<()>::builder(&OpenFileTable::new()).limit(1 << 31).build()?;
    /// assert_eq!((table.base(), table.limit()), (32768, 1 << 31));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn builder(open_files: &OpenFileTable<T>) -> Builder<'_, T> {
        Builder { open_files, base: BASE, limit: LIMIT }
    }
}
