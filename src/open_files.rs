//! The open file table: a type-stable slab of descriptions, shared by all descriptor tables of a
//! system.
//!
//! Blocks are named by index, and lie in buckets, each twice as large as the one before it; a
//! bucket is published once by CAS and kept until the table drops. Free blocks wait in
//! [`free_list`](crate::free_list)s.

use std::{
    fmt, mem,
    ops::Deref,
    panic::{self, AssertUnwindSafe},
    ptr,
    sync::Arc,
    thread,
};

use crate::{
    Error, Rejected,
    description::Description,
    free_list::FreeLists,
    sync::{AtomicPtr, AtomicU32, Ordering, zeroed_boxed_slice},
    table::slot::{Slot, SlotWord},
};

/// Blocks in the first bucket; each further one is twice as large as the one before.
const FIRST: u32 = if cfg!(all(test, feature = "loom")) { 1 } else { 32 };
/// The most descriptions a table can hold: `index + FIRST` fits 31 bits.
const MAX_FILES: u32 = (1 << 31) - FIRST;
/// One for each bit of `index + FIRST`; those below `FIRST` stay empty.
const BUCKETS: usize = u32::BITS as usize;

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
    slab: Arc<Slab<T>>,
}

/// What the handles share.
struct Slab<T> {
    buckets: [AtomicPtr<Description<T>>; BUCKETS],
    free: FreeLists,
    /// How many indices have ever been handed out. Written by: who finds every free list empty.
    used: AtomicU32,
    max_files: u32,
}

// SAFETY: the slab hands out `&T` on any thread (T: Sync) and drops T on any thread (T: Send).
unsafe impl<T: Send + Sync> Send for Slab<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Slab<T> {}

/// A free block that its holder has alone, out of the free lists.
pub(crate) struct Vacant<'a, T> {
    files: &'a OpenFileTable<T>,
    block: &'a Description<T>,
}

/// Names one open file description, now and after its end: no other description of its
/// [`OpenFileTable`] ever has the same id, until the 32-bit generation of its block wraps.
///
/// For side tables, `kcmp`-like comparison, and for [`close_if`](crate::FdTable::close_if),
/// [`replace_if`](crate::FdTable::replace_if) and
/// [`update_flags_if`](crate::FdTable::update_flags_if). A side table that must know a file before
/// the guest does [`insert`](OpenFileTable::insert)s it, notes its id down, and opens a number on
/// it by [`install_ref`](crate::Reservation::install_ref).
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
    index: u32,
    generation: u32,
}

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
    files: &'a OpenFileTable<T>,
    /// Invariant: a block of `files` in which this reference is counted.
    block: &'a Description<T>,
    /// A hint: a slot's reference before, and so likely to be the last. A reader's is not, and what
    /// `Description::release_last` does for the last one costs it a fifth of a lookup. Right or
    /// wrong, the count is given up.
    adopted: bool,
}

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
    files: OpenFileTable<T>,
    /// Invariant: a block of `files` in which this reference is counted.
    index: u32,
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
        let slab = Slab {
            buckets: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            free: FreeLists::new(),
            used: AtomicU32::new(0),
            max_files: max_files.min(MAX_FILES),
        };
        Self { slab: Arc::new(slab) }
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
        Ok(self.create(file)?.into_owned())
    }

    /// `insert` for a caller that lives no longer than the handle.
    pub(crate) fn create(&self, file: T) -> Result<FileRef<'_, T>, Rejected<T>> {
        match self.vacant() {
            Some(vacant) => Ok(vacant.fill(file)),
            None => Err(Rejected::new(Error::FileTableOverflow, file)),
        }
    }

    /// Takes a free block: a recycled one, else one never used. `None` only after each free list
    /// was seen empty by an RMW with all blocks used.
    pub(crate) fn vacant(&self) -> Option<Vacant<'_, T>> {
        let recycled = |confirm| self.slab.free.pop(confirm, |index| &self.block(index).next_free);
        let index = recycled(false).or_else(|| self.unused()).or_else(|| recycled(true))?;
        Some(Vacant { files: self, block: self.block(index) })
    }

    /// Counts a reference to whatever file `slot` refers to, and says which word of the slot that
    /// was; `Err` is the word of an empty slot.
    ///
    /// Linearizes at the last reading of the slot. Lock-free: another try means that another thread
    /// has changed the slot.
    #[inline]
    pub(crate) fn acquire_from(&self, slot: &Slot) -> Result<(SlotWord, FileRef<'_, T>), SlotWord> {
        loop {
            let word = slot.load();
            let Some(index) = word.index() else {
                return Err(word);
            };
            let block = self.block(index);
            block.enter();
            // We count, then read the slot again; who closes changes the slot, then gives its
            // reference up (`FdTable::close_number`), both by RMW. If that was first, `enter` has
            // acquired the change, and the second reading differs. If it still finds the word, the
            // slot's own reference was counted when ours was added: the block is in the life that
            // the word means, and ours keeps it there.
            if slot.still_holds(word) {
                return Ok((word, FileRef { files: self, block, adopted: false }));
            }
            self.release(block);
        }
    }

    /// Takes over the reference that was counted for a slot, or for a copy of one.
    #[inline]
    pub(crate) fn adopt(&self, index: u32) -> FileRef<'_, T> {
        FileRef { files: self, block: self.block(index), adopted: true }
    }

    /// Whether the other handle is on the same table: an index means nothing in another one.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.slab, &other.slab)
    }

    /// The block of an index that came out of `vacant`, directly or through a slot or a free list.
    #[inline]
    fn block(&self, index: u32) -> &Description<T> {
        let (bucket, offset) = locate(index);
        // Relaxed: whoever passed the index on had seen the bucket, and passed it on with Release:
        // a slot (`Slot::load`), a free list.
        let blocks = self.slab.buckets[bucket].load(Ordering::Relaxed);
        debug_assert!(!blocks.is_null());
        // SAFETY: I1 - an index is handed out only after its bucket was published, and a bucket
        // stays until the slab drops.
        unsafe { &*blocks.add(offset) }
    }

    /// Makes the index of a block that was never used, or `None` when there is no more.
    #[cold]
    fn unused(&self) -> Option<u32> {
        let next = |used: u32| (used < self.slab.max_files).then(|| used + 1);
        // Relaxed: only the uniqueness of the index matters; the bucket is published by `grow`.
        let index = self.slab.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        self.slab.grow(locate(index).0);
        self.block(index).prepare(index);
        Some(index)
    }

    #[inline]
    fn release(&self, block: &Description<T>) {
        if block.release() {
            self.bury(block);
        }
    }

    /// Drops the file of a block whose last reference is gone, then gives the block back, also when
    /// the drop panics.
    #[inline(never)]
    fn bury(&self, block: &Description<T>) {
        let _back = Vacant { files: self, block };
        // SAFETY: I3 - this thread has ended the life, and calls this once.
        unsafe { block.drop_file() };
    }
}

impl<T> Slab<T> {
    /// Makes sure that a bucket is there.
    fn grow(&self, bucket: usize) {
        // Acquire: sees the zeroes of a bucket that another thread published below, to pass them on
        // with the index.
        if !self.buckets[bucket].load(Ordering::Acquire).is_null() {
            return;
        }
        let blocks = Box::into_raw(zeroed_boxed_slice::<Description<T>>(bucket_len(bucket)));
        // Release: publishes the zeroes. Acquire: the winner's, as above.
        let published = self.buckets[bucket].compare_exchange(
            ptr::null_mut(),
            blocks.cast(),
            Ordering::Release,
            Ordering::Acquire,
        );
        if published.is_err() {
            // SAFETY: it came out of `Box::into_raw` above and was not published.
            drop(unsafe { Box::from_raw(blocks) });
        }
    }
}

impl<T> Drop for Slab<T> {
    fn drop(&mut self) {
        for (bucket, blocks) in self.buckets.iter().enumerate() {
            // Relaxed: the last handle is gone, and `Arc` has ordered everyone else's work before
            // this.
            let blocks = blocks.load(Ordering::Relaxed);
            if !blocks.is_null() {
                let slice = ptr::slice_from_raw_parts_mut(blocks, bucket_len(bucket));
                // SAFETY: I1 - published by `grow` with this length, and no handle is left. No
                // block is live: a reference holds a handle.
                drop(unsafe { Box::from_raw(slice) });
            }
        }
    }
}

/// Drops all references, also when the drop of a file panics; the first panic goes on when all are
/// dropped.
pub(crate) fn release_all<'a, T: 'a>(files: impl Iterator<Item = FileRef<'a, T>>) {
    let mut first = None;
    for file in files {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| drop(file))) {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first.filter(|_| !thread::panicking()) {
        panic::resume_unwind(panic);
    }
}

/// Index to (bucket, offset): bucket `b` starts at index `(1 << b) - FIRST`, so that the highest
/// bit of `index + FIRST` names the bucket.
#[inline]
fn locate(index: u32) -> (usize, usize) {
    let shifted = index + FIRST;
    // `| 1`, as the compiler does not know that it is not 0.
    let bucket = (shifted | 1).ilog2();
    (bucket as usize, (shifted - (1 << bucket)) as usize)
}

fn bucket_len(bucket: usize) -> usize {
    1 << bucket
}

impl<'a, T> Vacant<'a, T> {
    /// Starts a life of the block.
    #[inline]
    pub(crate) fn fill(self, file: T) -> FileRef<'a, T> {
        let Self { files, block } = self;
        mem::forget(self);
        // SAFETY: I3 - `vacant` popped the block for us alone, and `self` is used up.
        unsafe { block.revive(file) };
        FileRef { files, block, adopted: false }
    }
}

impl<T> Drop for Vacant<'_, T> {
    fn drop(&mut self) {
        self.block.raise_generation();
        let link = |index| &self.files.block(index).next_free;
        self.files.slab.free.push(self.block.index(), link);
    }
}

impl<'a, T> FileRef<'a, T> {
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
    pub fn into_owned(self) -> OwnedFileRef<T> {
        let files = self.files.clone();
        OwnedFileRef { files, index: self.into_index() }
    }

    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.block.index()
    }

    /// Passes the count on to a slot, or to whoever keeps the index.
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
        let _back = Vacant { files: self.files, block: self.block };
        // SAFETY: guaranteed by the caller.
        let file = unsafe { self.block.withdraw() };
        mem::forget(self);
        file
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
        self.block.acquire();
        Self { adopted: false, ..*self }
    }
}

impl<T> Drop for FileRef<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let block = self.block;
        let last = if self.adopted { block.release_last() } else { block.release() };
        if last {
            self.files.bury(block);
        }
    }
}

impl<T> OwnedFileRef<T> {
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

    pub(crate) fn is_of(&self, files: &OpenFileTable<T>) -> bool {
        self.files.same(files)
    }

    /// Passes the count on to a slot.
    pub(crate) fn into_index(self) -> u32 {
        let index = self.index;
        // The handle goes, the count stays.
        let mut this = mem::ManuallyDrop::new(self);
        // SAFETY: `this` is never used again nor dropped.
        unsafe { ptr::drop_in_place(&raw mut this.files) };
        index
    }

    fn block(&self) -> &Description<T> {
        self.files.block(self.index)
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
        self.block().acquire();
        Self { files: self.files.clone(), index: self.index }
    }
}

impl<T> Drop for OwnedFileRef<T> {
    fn drop(&mut self) {
        self.files.release(self.block());
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

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}

impl<T: fmt::Debug> fmt::Debug for FileRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileRef").field(&self.id()).field(&**self).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedFileRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedFileRef").field(&self.id()).field(&**self).finish()
    }
}
