//! A descriptor, looked up whole or taken out of the table.

use std::{fmt, ops::Deref, os::fd::RawFd};

use crate::file::file_ref::FileRef;
use crate::flags::FdFlags;

/// A descriptor as it was at one instant: what a table has open on a number, or had until a call
/// took it out.
///
/// Derefs to the file. Whatever leaves a table leaves as one: what
/// [`close`](crate::FdTable::close) closes, what [`dup2`](crate::FdTable::dup2) displaces; so the
/// flags that it had at the end are never lost.
///
/// ```
/// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let fd = table.open(Placement::Lowest, "file", FdFlags::USER_1)?;
/// let closed = table.close(fd)?;
/// assert_eq!((closed.fd, closed.flags, *closed), (0, FdFlags::USER_1, "file"));
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct Descriptor<'a, T> {
    /// The number.
    pub fd: RawFd,
    /// The flags at that instant.
    pub flags: FdFlags,
    /// A reference to the file.
    pub file: FileRef<'a, T>,
}

impl<T> Clone for Descriptor<'_, T> {
    fn clone(&self) -> Self {
        Self { file: self.file.clone(), ..*self }
    }
}

impl<T> Deref for Descriptor<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.file
    }
}

/// As a table shows it: `3 -> #17 CLOEXEC`.
impl<T> fmt::Debug for Descriptor<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> #{}", self.fd, self.file.index())?;
        if !self.flags.is_empty() {
            f.write_str(" ")?;
        }
        bitflags::parser::to_writer(&self.flags, f)
    }
}
