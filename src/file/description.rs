//! One open file description: a block that counts its references and never changes its type.
//!
//! Blocks are recycled, not freed: a block stays a `Description<T>` from the moment its bucket is
//! published until the open file table drops. So a reader may add its count before it knows whether
//! the block still holds the file that it wants, and validate afterwards (Linux does the same with
//! `SLAB_TYPESAFE_BY_RCU`).

use std::{
    mem::{MaybeUninit, offset_of},
    panic::RefUnwindSafe,
    ptr,
};

use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, UnsafeCell, zeroed_boxed_slice};

/// The most that may be counted. As `Arc`: far above what memory allows, far below an overflow.
const MAX_COUNT: u64 = 1 << 62;

/// A block of the slab.
///
/// * `refs`: one count per reference while the block is live; one while it is free, which becomes
///   the first reference of its next life; plus one per reader that is still validating. Written
///   by: every thread, with single RMWs.
/// * `file`. Written by: the thread that took the block off a free list, and the thread that ended
///   its life. Read by: holders of a reference.
/// * `generation`. Written by: the thread that ended the life. Read by: holders of a reference.
/// * `index`. Written by: the thread that hands the block out for the first time. Read by: holders
///   of a reference.
/// * `next_free`. Written by: the thread that pushes the block on a free list. Read by: threads
///   that pop.
/// * `slab`: null until a reference has become a raw pointer. Written by: the holder of that
///   reference, always with the same value. Read by: the thread that takes the pointer back.
///
/// Aligned to two cache lines, so that two files never share one.
#[repr(align(128))]
pub(crate) struct Description<T> {
    refs: AtomicU64,
    generation: AtomicU64,
    index: AtomicU32,
    pub(crate) next_free: AtomicU32,
    slab: AtomicPtr<()>,
    file: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: holders of references read `file` on any thread (T: Sync), and the last of them drops it
// on its own (T: Send); I2 and I3 keep the two apart.
unsafe impl<T: Send + Sync> Sync for Description<T> {}

/// As of `Arc<T>`: `T` alone decides whether a caught panic can show a broken file.
impl<T: RefUnwindSafe> RefUnwindSafe for Description<T> {}

impl<T> Description<T> {
    /// `len` blocks of zeroes, each of which needs `prepare` before its index is handed out.
    pub(crate) fn bucket(len: usize) -> Box<[Self]> {
        let zeroes = || Self {
            refs: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            index: AtomicU32::new(0),
            next_free: AtomicU32::new(0),
            slab: AtomicPtr::new(ptr::null_mut()),
            file: UnsafeCell::new(MaybeUninit::zeroed()),
        };
        // SAFETY: an atomic has the representation of its value, for which zero is valid (null of
        // `slab`), and `file` may hold anything.
        unsafe { zeroed_boxed_slice(len, zeroes) }
    }

    /// Makes a block of zeroes a free one, before any other thread may know its index.
    pub(crate) fn prepare(&self, index: u32) {
        // Relaxed: published with the index.
        self.index.store(index, Ordering::Relaxed);
        self.refs.store(1, Ordering::Relaxed);
    }

    /// Starts a life of the block with `file`. The count of the free block becomes the caller's
    /// reference.
    ///
    /// # Safety
    ///
    /// The caller alone has the free block.
    pub(crate) unsafe fn begin_life(&self, file: T) {
        // SAFETY: I3 - the caller alone has the block, so nobody reads or writes `file`. The thread
        // that passes the index on publishes it, with Release.
        self.file.with_mut(|cell| unsafe { (*cell).write(file) });
    }

    /// Adds a count for a reader that knows the block from a slot, and has yet to validate that the
    /// slot still holds it.
    #[inline]
    pub(crate) fn add_reader(&self) {
        // Acquire: if the slot's reference was dropped before this, the reader's second reading of
        // the slot sees that it has changed; pairs with the Release in `drop_ref`.
        if self.refs.fetch_add(1, Ordering::Acquire) > MAX_COUNT {
            std::process::abort();
        }
    }

    /// Adds a reference for a caller that has one.
    #[inline]
    pub(crate) fn add_ref(&self) {
        // Relaxed: the caller's own reference keeps the block as it is.
        if self.refs.fetch_add(1, Ordering::Relaxed) > MAX_COUNT {
            std::process::abort();
        }
    }

    /// Drops one count. True if it was the last one and the caller has ended the life: it has the
    /// block alone now, counted as free, and must bury the file.
    #[inline]
    #[must_use]
    pub(crate) fn drop_ref(&self) -> bool {
        // Release: this holder's uses of the file, and the change of the slot that gave the
        // reference away, come before it; pairs with the Acquire in `end_life` and `add_reader`.
        let before = self.refs.fetch_sub(1, Ordering::Release);
        // A validating reader may lift the count from 0 again in between: then that reader's own
        // count is the last.
        before == 1 && self.end_life(0, Ordering::Acquire)
    }

    /// `drop_ref`, for a count that is likely to be the last one.
    #[inline]
    #[must_use]
    pub(crate) fn drop_likely_last_ref(&self) -> bool {
        // The only count of all becomes the free block's, in one RMW instead of two.
        // Relaxed: the RMW looks again.
        let only = self.refs.load(Ordering::Relaxed) == 1;
        (only && self.end_life(1, Ordering::AcqRel)) || self.drop_ref()
    }

    /// Ends the life if the count is `count`: 0, or 1 for the caller alone.
    #[inline]
    fn end_life(&self, count: u64, ordering: Ordering) -> bool {
        // Acquire: sees every other holder's uses; pairs with the Release in `drop_ref`. Release,
        // where it drops a count: as there.
        self.refs.compare_exchange(count, 1, ordering, Ordering::Relaxed).is_ok()
    }

    /// Moves the file out of a life that has ended, or that no slot has ever shown; the caller
    /// gives the block back.
    ///
    /// Validating readers may be counted: they cannot succeed, as no slot holds this block.
    ///
    /// # Safety
    ///
    /// As [`Slab::withdraw`](crate::file::slab::Slab::withdraw).
    pub(crate) unsafe fn take_file(&self) -> T {
        // SAFETY: I3 - this thread has ended the life, or only this thread has known the file, and
        // its reference goes.
        self.file.with_mut(|cell| unsafe { (*cell).assume_init_read() })
    }

    /// Drops the file of a life that has ended.
    ///
    /// # Safety
    ///
    /// The caller has ended the life (`drop_ref`, `drop_likely_last_ref`), and calls this once.
    pub(crate) unsafe fn drop_file(&self) {
        // SAFETY: I3 - this thread has ended the life, so nobody else reads or writes `file`, and
        // it was initialised by `begin_life`.
        self.file.with_mut(|cell| unsafe { (*cell).assume_init_drop() });
    }

    /// Makes the ids of the life that has ended stale. Called by the thread that ended it, before
    /// it gives the block back.
    pub(crate) fn raise_generation(&self) {
        // Relaxed: published with the block, by the free list and then with its index.
        let next = self.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.generation.store(next, Ordering::Relaxed);
    }

    /// The index, for holders of a reference.
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.index.load(Ordering::Relaxed)
    }

    /// The generation, for holders of a reference (nobody changes it before the life ends).
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// The file.
    ///
    /// # Safety
    ///
    /// The caller holds a reference for as long as the result lives.
    #[inline]
    pub(crate) unsafe fn file(&self) -> &T {
        // SAFETY: I2 - a counted reference keeps the life from ending, and its file is initialised
        // and only read.
        self.file.with(|cell| unsafe { (*cell).assume_init_ref() })
    }

    /// A pointer to the file, from which [`of_file`](Self::of_file) gets back to the block, and
    /// that to `slab`.
    pub(crate) fn file_of(&self, slab: *const ()) -> *const T {
        // Relaxed: all write the same value; published with the pointer.
        self.slab.store(slab.cast_mut(), Ordering::Relaxed);
        // Made from a pointer to the block, so that it may be used for the whole block.
        ptr::from_ref(self).wrapping_byte_add(offset_of!(Self, file)).cast()
    }

    /// The block of a pointer that [`file_of`](Self::file_of) has returned, and its slab.
    ///
    /// # Safety
    ///
    /// A reference to the file is held for as long as the result lives.
    pub(crate) unsafe fn of_file<'a>(file: *const T) -> (&'a Self, *const ()) {
        // The file is all that the cell consists of; not so in the checkers' cells.
        const { assert!(size_of::<UnsafeCell<MaybeUninit<T>>>() == size_of::<T>()) };
        let block: *const Self = file.wrapping_byte_sub(offset_of!(Self, file)).cast();
        // SAFETY: I2 - the reference keeps the life from ending, and so the slab and its blocks.
        let block = unsafe { &*block };
        (block, block.slab.load(Ordering::Relaxed))
    }
}

#[cfg(all(test, not(feature = "loom")))]
impl<T> Description<T> {
    /// As after so many lives, for the holder of the only reference.
    pub(crate) fn set_generation(&self, generation: u64) {
        self.generation.store(generation, Ordering::Relaxed);
    }
}
