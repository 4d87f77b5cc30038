//! The id of an open file description: the index of its block, and the generation of its life.

use std::fmt;

/// Names one open file description, now and after its end: no other description of its
/// [`OpenFileTable`](crate::OpenFileTable) ever has the same id. (The generation of a block has 64
/// bits: at 10^9 files a second in one block, it would take 500 years to come round.)
///
/// For side tables, `kcmp`-like comparison, and for [`close_if`](crate::FdTable::close_if),
/// [`replace_if`](crate::FdTable::replace_if) and
/// [`update_flags_if`](crate::FdTable::update_flags_if). A side table that must know a file before
/// the guest does [`insert`](crate::OpenFileTable::insert)s it, notes its id down, and opens a
/// number on it by [`install_ref`](crate::Reservation::install_ref).
///
/// ```
/// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let a = table.open(Placement::Lowest, 'a', FdFlags::empty())?;
/// let b = table.dup(a, Placement::Lowest, FdFlags::empty())?;
/// assert_eq!(table.get(a).unwrap().id(), table.get(b).unwrap().id());
/// # Ok::<(), fdtable::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    pub(crate) index: u32,
    pub(crate) generation: u64,
}

impl FileId {
    /// The id as two integers that C can store: the generation of the block, and its index.
    /// Two ids are equal if both integers are; neither says anything on its own. (No integer of C
    /// has all 96 bits.)
    ///
    /// ```
    /// use fdtable::{FileId, OpenFileTable};
    ///
    /// let file = OpenFileTable::new().insert("file")?;
    /// let (generation, index) = file.id().to_parts();
    /// assert_eq!(FileId::from_parts(generation, index), file.id());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub const fn to_parts(self) -> (u64, u32) {
        (self.generation, self.index)
    }

    /// The id that [`to_parts`](Self::to_parts) has split. Other parts make another id, which
    /// may be that of no file.
    ///
    /// ```
    /// use fdtable::{Error, FdFlags, FdTable, FileId, OpenFileTable, Placement};
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::empty())?;
    /// let (generation, index) = table.get(fd).unwrap().id().to_parts();
    /// let other = FileId::from_parts(generation + 1, index);
    /// assert_eq!(table.close_if(fd, other).unwrap_err(), Error::BadFd);
    /// assert!(table.close_if(fd, FileId::from_parts(generation, index)).is_ok());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub const fn from_parts(generation: u64, index: u32) -> Self {
        Self { index, generation }
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}
