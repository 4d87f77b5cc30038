//! Errors, in the words of the man pages.

use std::{fmt, io};

/// Why an operation on descriptors failed; each variant is one errno.
///
/// ```
/// use fdtable::Error;
///
/// assert_eq!(Error::BadFd.errno(), 9);
/// assert_eq!(std::io::Error::from(Error::TooManyOpenFiles).raw_os_error(), Some(24));
/// assert_eq!(Error::Busy.to_string(), "descriptor reserved by another operation (EBUSY)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// `EBADF`: the number is not open, or cannot be a descriptor below the limit.
    BadFd,
    /// `EBUSY`: the number is taken, by a reservation or by an operation that has not returned yet.
    Busy,
    /// `EINVAL`: an argument is outside its range, or a flag is unknown.
    Invalid,
    /// `EMFILE`: every number the placement allows below the limit is taken.
    TooManyOpenFiles,
    /// `ENFILE`: the open file table holds as many descriptions as its limit allows.
    FileTableOverflow,
}

impl Error {
    /// The errno, with Linux's value on every platform.
    ///
    /// ```
    /// assert_eq!(fdtable::Error::Invalid.errno(), 22);
    /// ```
    #[must_use]
    pub const fn errno(self) -> i32 {
        self.described().0
    }

    /// The errno, and what the man pages call it.
    const fn described(self) -> (i32, &'static str) {
        match self {
            Error::BadFd => (9, "bad file descriptor (EBADF)"),
            Error::Busy => (16, "descriptor reserved by another operation (EBUSY)"),
            Error::Invalid => (22, "invalid argument (EINVAL)"),
            Error::FileTableOverflow => (23, "too many open files in system (ENFILE)"),
            Error::TooManyOpenFiles => (24, "too many open files (EMFILE)"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.described().1)
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::from_raw_os_error(error.errno())
    }
}

/// The failure of an operation that was given a file to store: the error, and the file back.
///
/// ```
/// use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement};
///
/// let system = OpenFileTable::new();
/// let table = FdTable::builder(&system).limit(0).build()?;
/// let rejected = table.open(Placement::Lowest, "payload", FdFlags::empty()).unwrap_err();
/// assert_eq!(rejected.error, Error::TooManyOpenFiles);
/// assert_eq!(rejected.file, "payload");
/// # Ok::<(), Error>(())
/// ```
///
/// A pattern takes it apart, and `?` makes an [`Error`] or an [`io::Error`] of it:
///
/// ```
/// # use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement, Rejected};
/// fn open_at_or_lowest(table: &FdTable<String>, fd: i32, file: String) -> Result<i32, Error> {
///     match table.open(Placement::At(fd), file, FdFlags::NONE) {
///         Err(Rejected { error: Error::Busy, file }) => {
///             Ok(table.open(Placement::Lowest, file, FdFlags::NONE)?)
///         }
///         opened => Ok(opened?),
///     }
/// }
///
/// let table = FdTable::new(&OpenFileTable::new());
/// assert_eq!(open_at_or_lowest(&table, 5, "one".into()), Ok(5));
/// assert_eq!(open_at_or_lowest(&table, 5, "two".into()), Ok(0));
/// assert_eq!(open_at_or_lowest(&table, -1, "three".into()), Err(Error::BadFd));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rejected<F> {
    /// Why the file could not be stored.
    pub error: Error,
    /// What could not be stored.
    pub file: F,
}

impl<F> Rejected<F> {
    pub(crate) fn new(error: Error, file: F) -> Self {
        Self { error, file }
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<F> std::error::Error for Rejected<F> {}

impl<F> From<Rejected<F>> for Error {
    fn from(rejected: Rejected<F>) -> Self {
        rejected.error
    }
}

impl<F> From<Rejected<F>> for io::Error {
    fn from(rejected: Rejected<F>) -> Self {
        rejected.error.into()
    }
}
