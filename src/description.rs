//! One open file description: a block that counts its references and never changes its type.
//!
//! Blocks are recycled, not freed: a block stays a `Description<T>` from the moment its bucket is
//! published until the open file table drops. So a reader may count itself in before it knows
//! whether the block is still the file it wants, and find out afterwards (Linux does the same with
//! `SLAB_TYPESAFE_BY_RCU`).

use std::{mem::MaybeUninit, panic::RefUnwindSafe};

use crate::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell, Zeroable};

/// The most that may be counted. As `Arc`: far above what memory allows, far below an overflow.
const MAX_COUNT: u64 = 1 << 62;

/// A block of the slab.
///
/// * `refs`: one for each reference of the life that the block is in, or one while it is free, for
///   the first reference of the next; and one for each reader that is about to find out. Written
///   by: everyone, with single RMWs.
/// * `file`. Written by: who has the block from the free list, and who has ended its life. Read by:
///   holders of a reference.
/// * `generation`. Written by: who has ended the life. Read by: holders of a reference.
/// * `index`. Written by: who takes the block for the first time. Read by: holders of a reference.
/// * `next_free`. Written by: who pushes the block on a free list. Read by: who pops.
///
/// Aligned to two cache lines, so that two files never share one.
#[repr(align(128))]
pub(crate) struct Description<T> {
    refs: AtomicU64,
    generation: AtomicU32,
    index: AtomicU32,
    pub(crate) next_free: AtomicU32,
    file: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the atomics are valid when zero, and `file` may hold anything.
unsafe impl<T> Zeroable for Description<T> {
    fn zero() -> Self {
        Self {
            refs: AtomicU64::new(0),
            generation: AtomicU32::new(0),
            index: AtomicU32::new(0),
            next_free: AtomicU32::new(0),
            file: UnsafeCell::new(MaybeUninit::zeroed()),
        }
    }
}

// SAFETY: holders of references read `file` on any thread (T: Sync), and the last of them drops it
// on its own (T: Send); I2 and I3 keep the two apart.
unsafe impl<T: Send + Sync> Sync for Description<T> {}

/// As of `Arc<T>`: who catches a panic sees of the file what `T` shows of itself.
impl<T: RefUnwindSafe> RefUnwindSafe for Description<T> {}

impl<T> Description<T> {
    /// Makes a zeroed block a free one, before anybody else may know its index.
    pub(crate) fn prepare(&self, index: u32) {
        // Relaxed: published with the index.
        self.index.store(index, Ordering::Relaxed);
        self.refs.store(1, Ordering::Relaxed);
    }

    /// Starts a life of the block with `file`. The count of the free block is the caller's
    /// reference now.
    ///
    /// # Safety
    ///
    /// The caller alone has the free block.
    pub(crate) unsafe fn revive(&self, file: T) {
        // SAFETY: I3 - the caller alone has the block, so nobody reads or writes `file`. Who passes
        // the index on, with Release, publishes it.
        self.file.with_mut(|cell| unsafe { (*cell).write(file) });
    }

    /// Counts a reader in that knows the block from a slot, and is about to find out whether it is
    /// still what the slot means; it must `release`.
    #[inline]
    pub(crate) fn enter(&self) {
        // Acquire: if the slot's reference was given up before this, the reader's second reading of
        // the slot sees that it has changed; pairs with the Release in `release`.
        if self.refs.fetch_add(1, Ordering::Acquire) > MAX_COUNT {
            std::process::abort();
        }
    }

    /// Counts one more reference in for a caller that has one.
    #[inline]
    pub(crate) fn acquire(&self) {
        // Relaxed: the caller's own reference keeps the block as it is.
        if self.refs.fetch_add(1, Ordering::Relaxed) > MAX_COUNT {
            std::process::abort();
        }
    }

    /// Gives one count up. True: it was the last one, and the caller has ended the life. It has the
    /// block alone now, counted as free, and must bury the file.
    #[inline]
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        // Release: this holder's uses of the file, and the change of the slot that gave the
        // reference up, come before it; pairs with the Acquire in `end` and `enter`.
        let before = self.refs.fetch_sub(1, Ordering::Release);
        // A reader that is about to find out may lift the count from 0 again in between: then that
        // reader's own release is the last.
        before == 1 && self.end(0, Ordering::Acquire)
    }

    /// `release`, for a count that is likely to be the last one.
    #[inline]
    #[must_use]
    pub(crate) fn release_last(&self) -> bool {
        // The only count of all passes to the free block, in one RMW instead of two.
        // Relaxed: the RMW looks again.
        let only = self.refs.load(Ordering::Relaxed) == 1;
        (only && self.end(1, Ordering::AcqRel)) || self.release()
    }

    /// Ends the life, if `count` is what is counted: nothing, or the caller alone.
    #[inline]
    fn end(&self, count: u64, ordering: Ordering) -> bool {
        // Acquire: sees every other holder's uses; pairs with the Release in `release`. Release
        // where it gives a count up: as there.
        self.refs.compare_exchange(count, 1, ordering, Ordering::Relaxed).is_ok()
    }

    /// Ends a life that no slot has ever shown and hands its file back; the block is free again.
    ///
    /// Readers that are about to find out may be counted: they cannot succeed, as no slot holds
    /// this block.
    ///
    /// # Safety
    ///
    /// The caller has the only reference, and no slot has held the block in this life.
    pub(crate) unsafe fn withdraw(&self) -> T {
        // SAFETY: I3 - only this thread has known the file, and the caller gives its reference up.
        self.file.with_mut(|cell| unsafe { (*cell).assume_init_read() })
    }

    /// Drops the file of a life that has ended.
    ///
    /// # Safety
    ///
    /// The caller has ended the life (`release`, `release_last`), and calls this once.
    pub(crate) unsafe fn drop_file(&self) {
        // SAFETY: I3 - this thread has ended the life, so nobody else reads or writes `file`, and
        // it was initialised by `revive`.
        self.file.with_mut(|cell| unsafe { (*cell).assume_init_drop() });
    }

    /// Makes the ids of the life that has ended stale. Called by who ended it, before the block is
    /// given back.
    pub(crate) fn raise_generation(&self) {
        // Relaxed: published with the block, by the free list and then by who passes the index on.
        let next = self.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.generation.store(next, Ordering::Relaxed);
    }

    /// The index, for holders of a reference.
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.index.load(Ordering::Relaxed)
    }

    /// The generation, for holders of a reference (nobody changes it before the life ends).
    pub(crate) fn generation(&self) -> u32 {
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
}
