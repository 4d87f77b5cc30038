//! A counted reference to an open file description, and how a reader comes by one.

use std::{
    any::Any,
    fmt, mem,
    ops::Deref,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread,
};

use crate::file::{description::Description, file_id::FileId, slab::Slab};

/// A counted reference to an open file description, borrowed from its table.
///
/// The file lives as long as any descriptor or reference refers to it. Dropping the last one drops
/// the `T` there and then, on the thread that drops it: drop a `FileRef` before you answer the
/// system call that it was for.
///
/// ```
/// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
///
/// let table = FdTable::new(&OpenFileTable::new());
/// let fd = table.open(Placement::Lowest, String::from("text"), FdFlags::empty())?;
/// let file = table.close(fd)?;
/// assert!(!table.contains(fd));
/// assert_eq!(file.len(), 4); // the number is free, the file lives until `file` goes
/// # Ok::<(), fdtable::Error>(())
/// ```
pub struct FileRef<'a, T> {
    pub(crate) slab: &'a Arc<Slab<T>>,
    /// Invariant: a block of `slab` in which this reference is counted.
    block: &'a Description<T>,
    /// A hint: this was a slot's reference, and so is likely to be the last. A reader's is not, and
    /// what `Description::drop_likely_last_ref` does for the last one costs it a fifth of a lookup.
    /// Right or wrong, the count is dropped.
    adopted: bool,
}

/// A reader's count in a block, which may be in another life by now; dropping it drops the count.
pub(crate) struct Candidate<'a, T> {
    slab: &'a Arc<Slab<T>>,
    block: &'a Description<T>,
}

impl<'a, T> Candidate<'a, T> {
    /// Counts a reader in the block that a slot has shown.
    #[inline]
    pub(crate) fn new(slab: &'a Arc<Slab<T>>, index: u32) -> Self {
        let block = slab.block(index);
        block.add_reader();
        Self { slab, block }
    }

    /// The reference, if a second reading of the slot has found the same word.
    #[inline]
    pub(crate) fn validated(self) -> FileRef<'a, T> {
        let Self { slab, block } = self;
        mem::forget(self);
        FileRef { slab, block, adopted: false }
    }
}

impl<T> Drop for Candidate<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.slab.drop_ref(self.block);
    }
}

impl<'a, T> FileRef<'a, T> {
    /// Takes over the reference that was counted for a slot, for a copy of one, or by
    /// `Slab::create`.
    #[inline]
    pub(crate) fn adopt(slab: &'a Arc<Slab<T>>, index: u32) -> Self {
        Self { slab, block: slab.block(index), adopted: true }
    }

    /// The id of the description: equal for all references and descriptors of it, and for no other.
    ///
    /// ```
    /// let file = fdtable::OpenFileTable::new().insert(())?;
    /// assert_eq!(file.id(), file.clone().id());
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> FileId {
        FileId { index: self.index(), generation: self.block.generation() }
    }

    /// The file itself, if this is its last reference: for a close that can fail. As with
    /// [`Arc::into_inner`], of all holders that call this one gets the file, unless another holder
    /// drops the last reference.
    ///
    /// A lookup that races with the close may count the file for a moment, and be the last one:
    /// then its thread drops the file. So `T`'s `Drop` must still do what no caller could.
    ///
    /// ```
    /// use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    ///
    /// struct File;
    /// impl File {
    ///     fn close(self) -> Result<(), i32> {
    ///         Err(5) // EIO
    ///     }
    /// }
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, File, FdFlags::empty())?;
    /// let other = table.dup(fd, Placement::Lowest, FdFlags::empty())?;
    /// assert!(table.close(fd)?.file.into_inner().is_none(), "`other` has it still");
    /// let file = table.close(other)?.file.into_inner();
    /// assert_eq!(file.map(File::close), Some(Err(5)));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    #[must_use = "the file may be the last of its kind"]
    pub fn into_inner(self) -> Option<T> {
        let (slab, block, last) = (self.slab, self.block, self.drop_count());
        mem::forget(self);
        // SAFETY: I3 - this thread has ended the life if it was the last one, and `self` is used
        // up.
        last.then(|| unsafe { slab.withdraw(block) })
    }

    /// Drops the count; true if it was the last one, and the life has ended. `self` must not be
    /// used after it.
    #[inline]
    fn drop_count(&self) -> bool {
        if self.adopted { self.block.drop_likely_last_ref() } else { self.block.drop_ref() }
    }

    /// Read from the block, though the slot has shown it. A processor runs this load ahead of the
    /// RMW on the next block, which it has to wait for: without it, a copy of 60,000 open numbers
    /// took half as long again.
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.block.index()
    }

    /// Passes the count on to a slot, or to whatever keeps the index.
    #[inline]
    pub(crate) fn into_index(self) -> u32 {
        let index = self.index();
        mem::forget(self);
        index
    }

    /// Takes the file back out of a description that no slot has ever shown.
    ///
    /// # Safety
    ///
    /// This is the only reference, and no slot has held it.
    pub(crate) unsafe fn withdraw(self) -> T {
        let Self { slab, block, .. } = self;
        mem::forget(self);
        // SAFETY: guaranteed by the caller.
        unsafe { slab.withdraw(block) }
    }
}

/// Drops all references, also when the drop of a file panics. The first panic goes on when all are
/// dropped, unless the thread is unwinding already; the others end here.
pub(crate) fn drop_all<'a, T: 'a>(files: impl Iterator<Item = FileRef<'a, T>>) {
    let mut first = None;
    for file in files {
        let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| drop(file))) else { continue };
        if first.is_none() && !thread::panicking() {
            first = Some(panic);
        } else {
            end(panic);
        }
    }
    if let Some(panic) = first {
        panic::resume_unwind(panic);
    }
}

/// Drops what a panic carries. That may panic too, with something that may do so again: this one is
/// leaked, as the files that are left come first.
fn end(panic: Box<dyn Any + Send>) {
    if let Err(again) = panic::catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        mem::forget(again);
    }
}

impl<T> Deref for FileRef<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: I2 - `self` is counted, and outlives the result.
        unsafe { self.block.file() }
    }
}

impl<T> Clone for FileRef<'_, T> {
    fn clone(&self) -> Self {
        self.block.add_ref();
        Self { adopted: false, ..*self }
    }
}

impl<T> Drop for FileRef<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.drop_count() {
            self.slab.bury(self.block);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for FileRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileRef").field(&self.id()).field(&**self).finish()
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// An id does not come back: each bit of the generation carries into the next one, and is in
    /// the id.
    #[test]
    fn the_generation_of_an_id_has_64_bits() {
        let slab = Arc::new(Slab::new(1));
        let file = || FileRef::adopt(&slab, slab.create(()).ok().unwrap());
        for bit in 0..64 {
            let last = file();
            last.block.set_generation((1 << bit) - 1);
            drop(last);
            assert_eq!(file().id(), FileId { index: 0, generation: 1 << bit });
        }
    }
}
