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
        let (slab, index) = self.into_parts();
        FileRef::adopt(&slab, index).into_inner()
    }

    /// The reference as one pointer, for C: to the file itself, and enough for
    /// [`from_raw`](Self::from_raw) to make the reference again. As with [`Arc::into_raw`], the
    /// reference is still counted: the pointer keeps the file and the open file table alive.
    ///
    /// The file may be read through the pointer until it is taken back, on any thread if `T` is
    /// `Sync`. A pointer that is not taken back leaks the file. Two references to one file give the
    /// same pointer, which then owns two.
    ///
    /// For a [`FileRef`], call [`FileRef::into_owned`] first.
    ///
    /// ```
    /// use fdtable::{FdFlags, FdTable, OpenFileTable, OwnedFileRef, Placement};
    ///
    /// /// `const struct file *`, for C.
    /// extern "C" fn fget(table: &FdTable<u64>, fd: i32) -> *const u64 {
    ///     table.get(fd).map_or(std::ptr::null(), |file| file.into_owned().into_raw())
    /// }
    /// extern "C" fn fput(file: *const u64) {
    ///     // SAFETY: each `fput` is for one `fget`.
    ///     drop(unsafe { OwnedFileRef::from_raw(file) });
    /// }
    ///
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, 7, FdFlags::empty())?;
    /// let file = fget(&table, fd);
    /// drop(table);
    /// // SAFETY: `fget` has counted a reference.
    /// assert_eq!(unsafe { *file }, 7);
    /// fput(file); // the last reference
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use = "the file is leaked unless the pointer is taken back"]
    pub fn into_raw(self) -> *const T {
        let (slab, index) = self.into_parts();
        let file = slab.block(index).file_of(Arc::as_ptr(&slab).cast());
        // The pointer keeps it.
        let _ = Arc::into_raw(slab);
        file
    }

    /// The reference that [`into_raw`](Self::into_raw) has made a pointer; as [`Arc::from_raw`].
    ///
    /// # Safety
    ///
    /// `file` was returned by `into_raw` of an `OwnedFileRef` with the same `T`: on this thread, or
    /// `OwnedFileRef<T>` is `Send` and the pointer was passed on with synchronisation. For each
    /// such return this is called once at the most; otherwise the file is used after its end.
    ///
    /// ```
    /// use fdtable::{OpenFileTable, OwnedFileRef};
    ///
    /// let file = OpenFileTable::new().insert("in flight")?.into_raw();
    /// // SAFETY: it comes from the line above, and is taken back once.
    /// let file = unsafe { OwnedFileRef::from_raw(file) };
    /// assert_eq!(file.into_inner(), Some("in flight"));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use = "dropping it drops the reference"]
    pub unsafe fn from_raw(file: *const T) -> Self {
        // SAFETY: I2 - the count of `into_raw` is the caller's, and becomes that of the result.
        let (block, slab) = unsafe { Description::of_file(file) };
        // SAFETY: from `Arc::as_ptr` of a handle that `into_raw` has left for this call.
        let slab = unsafe { Arc::from_raw(slab.cast()) };
        Self::adopt(slab, block.index())
    }

    /// Passes the count on to a slot.
    pub(crate) fn into_index(self) -> u32 {
        self.into_parts().1
    }

    /// Passes the count and the handle on.
    fn into_parts(self) -> (Arc<Slab<T>>, u32) {
        let this = mem::ManuallyDrop::new(self);
        // SAFETY: `this` is never used again nor dropped.
        (unsafe { ptr::read(&raw const this.slab) }, this.index)
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
