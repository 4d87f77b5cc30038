//! The open file table of a system: a handle on its slab of descriptions.

use std::{fmt, sync::Arc};

use crate::error::Rejected;
use crate::file::owned_file_ref::OwnedFileRef;
use crate::file::slab::{MAX_FILES, Slab};

/// The system-wide open file table, which holds the open file descriptions; a cheap handle, cloned
/// to share it.
///
/// Every [`FdTable`](crate::FdTable) made on it refers to its descriptions, and keeps it alive.
/// Opening, closing and lookup on any number of threads take no lock; what a description occupied
/// is recycled and never given back before the table drops.
///
/// ```
/// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
///
/// let system = OpenFileTable::new();
/// let (parent, child) = (FdTable::new(&system), FdTable::new(&system));
/// let fd = parent.open(Placement::Lowest, "a file", FdFlags::empty())?;
/// assert_eq!(*parent.get(fd).unwrap(), "a file");
/// assert!(child.get(fd).is_none());
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct OpenFileTable<T> {
    pub(crate) slab: Arc<Slab<T>>,
}

impl<T> OpenFileTable<T> {
    /// An open file table with room for 2^31 - 32 descriptions.
    ///
    /// ```
    /// let system = fdtable::OpenFileTable::new();
    /// assert!(system.insert("file").is_ok());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(MAX_FILES)
    }

    /// An open file table for at most `max_files` descriptions at once (more than 2^31 - 32 counts
    /// as that); the next one is `ENFILE`.
    ///
    /// `dup` does not count, as it makes no description. A description counts until its last
    /// reference is dropped and its `T` too.
    ///
    /// ```
    /// use fdtable::{Error, OpenFileTable};
    ///
    /// let system = OpenFileTable::with_limit(1);
    /// let one = system.insert(1)?;
    /// assert_eq!(system.insert(2).unwrap_err().error, Error::FileTableOverflow);
    /// drop(one);
    /// assert!(system.insert(3).is_ok());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn with_limit(max_files: u32) -> Self {
        Self { slab: Arc::new(Slab::new(max_files)) }
    }

    /// Makes a description that no descriptor refers to yet;
    /// [`Reservation::install_ref`](crate::Reservation::install_ref) opens a number on it.
    ///
    /// # Errors
    ///
    /// `ENFILE` gives `file` back.
    ///
    /// ```
    /// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let system = OpenFileTable::new();
    /// let received = system.insert("sent over a socket")?;
    /// let table = FdTable::new(&system);
    /// let fd = table.reserve(Placement::Lowest)?.install_ref(received, FdFlags::CLOEXEC)?;
    /// assert_eq!(*table.get(fd).unwrap(), "sent over a socket");
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub fn insert(&self, file: T) -> Result<OwnedFileRef<T>, Rejected<T>> {
        let index = self.slab.create(file)?;
        Ok(OwnedFileRef::adopt(Arc::clone(&self.slab), index))
    }
}

impl<T> Clone for OpenFileTable<T> {
    fn clone(&self) -> Self {
        Self { slab: Arc::clone(&self.slab) }
    }
}

impl<T> Default for OpenFileTable<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for OpenFileTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFileTable")
            .field("max_files", &self.slab.max_files)
            .finish_non_exhaustive()
    }
}
