//! A counted reference that outlives its table.

use std::{fmt, mem, ops::Deref, ptr, sync::Arc};

use crate::file::{description::Description, file_id::FileId, file_ref::FileRef, slab::Slab};

/// A counted reference that keeps the open file table alive instead of borrowing it.
///
/// ```
/// use fdtable::OpenFileTable;
///
/// let file = OpenFileTable::new().insert(7)?; // in flight in a message: no descriptor has it
/// let other = std::thread::spawn(move || *file).join().unwrap();
/// assert_eq!(other, 7);
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct OwnedFileRef<T> {
    pub(crate) slab: Arc<Slab<T>>,
    /// Invariant: of a block of `slab` in which this reference is counted.
    index: u32,
}

impl<T> FileRef<'_, T> {
    /// The same reference, keeping the open file table alive instead of borrowing it.
    ///
    /// ```
    /// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "kept", FdFlags::empty())?;
    /// let file = table.get(fd).unwrap().into_owned();
    /// drop(table);
    /// assert_eq!(*file, "kept");
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use = "the file may have no other reference"]
    pub fn into_owned(self) -> OwnedFileRef<T> {
        let slab = Arc::clone(self.slab);
        OwnedFileRef::adopt(slab, self.into_index())
    }
}

impl<T> OwnedFileRef<T> {
    /// Takes over a reference that was counted.
    pub(crate) fn adopt(slab: Arc<Slab<T>>, index: u32) -> Self {
        Self { slab, index }
    }

    /// The id of the description, as [`FileRef::id`].
    ///
    /// ```
    /// let system = fdtable::OpenFileTable::new();
    /// assert_ne!(system.insert('a')?.id(), system.insert('b')?.id());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> FileId {
        FileId { index: self.index, generation: self.block().generation() }
    }

    /// The file itself, if this is its last reference; as [`FileRef::into_inner`].
    ///
    /// ```
    /// let file = fdtable::OpenFileTable::new().insert(String::from("in flight"))?;
    /// assert_eq!(file.into_inner().as_deref(), Some("in flight"));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use = "the file may be the last of its kind"]
    pub fn into_inner(self) -> Option<T> {
        let slab = Arc::clone(&self.slab);
        FileRef::adopt(&slab, self.into_index()).into_inner()
    }

    /// Passes the count on to a slot.
    pub(crate) fn into_index(self) -> u32 {
        let index = self.index;
        // The handle goes, the count stays.
        let mut this = mem::ManuallyDrop::new(self);
        // SAFETY: `this` is never used again nor dropped.
        unsafe { ptr::drop_in_place(&raw mut this.slab) };
        index
    }

    fn block(&self) -> &Description<T> {
        self.slab.block(self.index)
    }
}

impl<T> Deref for OwnedFileRef<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: I2 - `self` is counted, and outlives the result.
        unsafe { self.block().file() }
    }
}

impl<T> Clone for OwnedFileRef<T> {
    fn clone(&self) -> Self {
        self.block().add_ref();
        Self { slab: Arc::clone(&self.slab), index: self.index }
    }
}

impl<T> Drop for OwnedFileRef<T> {
    fn drop(&mut self) {
        self.slab.drop_ref(self.block());
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedFileRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedFileRef").field(&self.id()).field(&**self).finish()
    }
}
