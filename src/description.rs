//! One open file description: a block that counts its references and never changes its type.
//!
//! Blocks are recycled, not freed: a block stays a `Description<T>` from the moment its bucket is
//! published until the open file table drops. So a reader may count itself in before it knows
//! whether the block is still the file it wants, and find out afterwards (Linux does the same with
//! `SLAB_TYPESAFE_BY_RCU`).

use std::mem::MaybeUninit;

use crate::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell, Zeroable};

/// In `refs`: the block holds a file. Without it the block is free, and what is counted are readers
/// about to find out.
const LIVE: u64 = 1 << 63;
/// One step of the count in the low bits of `refs`.
const ONE: u64 = 1;
/// As `Arc`: far above any count that memory allows, far below an overflow into `LIVE`.
const MAX_COUNT: u64 = 1 << 62;

/// A block of the slab.
///
/// * `refs`. Written by: everyone, with single RMWs.
/// * `file`. Written by: who has popped the block from the free list, and who has turned `LIVE`
///   off. Read by: holders of a reference.
/// * `generation`. Written by: who has turned `LIVE` off. Read by: holders of a reference.
/// * `next_free`. Written by: who pushes the block on a free list. Read by: who pops.
///
/// All zero is a free block in its first life. Aligned to two cache lines, so that two files never
/// share one.
#[repr(align(128))]
pub(crate) struct Description<T> {
    refs: AtomicU64,
    generation: AtomicU32,
    pub(crate) next_free: AtomicU32,
    file: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the atomics are valid when zero, and `file` may hold anything.
unsafe impl<T> Zeroable for Description<T> {
    fn zero() -> Self {
        Self {
            refs: AtomicU64::new(0),
            generation: AtomicU32::new(0),
            next_free: AtomicU32::new(0),
            file: UnsafeCell::new(MaybeUninit::zeroed()),
        }
    }
}

// SAFETY: holders of references read `file` on any thread (T: Sync), and the last of them drops it
// on its own (T: Send); I2 and I3 keep the two apart.
unsafe impl<T: Send + Sync> Sync for Description<T> {}

impl<T> Description<T> {
    /// Starts a life of the block with `file` and one reference, the caller's.
    ///
    /// # Safety
    ///
    /// The caller has popped the block from the free list (or was given it fresh) and not revived
    /// it yet.
    pub(crate) unsafe fn revive(&self, file: T) {
        // SAFETY: I3 - the block is not live and the caller alone may make it so, so nobody reads
        // or writes `file`.
        self.file.with_mut(|cell| unsafe { (*cell).write(file) });
        // An addition and not a store: readers that are about to find out keep their count.
        // Release: publishes `file`; pairs with the Acquire in `try_acquire`.
        self.refs.fetch_add(LIVE + ONE, Ordering::Release);
    }

    /// Counts the caller in. False: the block was free, and the caller must `release` all the same.
    #[inline]
    pub(crate) fn try_acquire(&self) -> bool {
        // Acquire: sees the file that `revive` published; and keeps the caller's second reading of
        // the slot after the count.
        let before = self.refs.fetch_add(ONE, Ordering::Acquire);
        if before & !LIVE > MAX_COUNT {
            std::process::abort();
        }
        before & LIVE != 0
    }

    /// Counts one more reference in for a caller that has one.
    #[inline]
    pub(crate) fn acquire(&self) {
        // Relaxed: the caller's own reference keeps the block live and has made the file visible.
        if self.refs.fetch_add(ONE, Ordering::Relaxed) & !LIVE > MAX_COUNT {
            std::process::abort();
        }
    }

    /// Gives one count up. True: it was the last one, and the caller has turned `LIVE` off and must
    /// bury the file.
    #[inline]
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        // Release: this holder's uses of the file come before its burial; pairs with the Acquire
        // below, in whichever thread.
        let before = self.refs.fetch_sub(ONE, Ordering::Release);
        // A reader that is about to find out may lift the count from 0 again in between: then that
        // reader's own release is the last.
        // Acquire: sees every other holder's uses; pairs with the Release above.
        before == LIVE + ONE
            && self.refs.compare_exchange(LIVE, 0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Ends a life that no slot has ever shown and hands its file back.
    ///
    /// Readers that are about to find out may be counted: they cannot succeed, as no slot holds
    /// this block.
    ///
    /// # Safety
    ///
    /// The caller has the only reference, and no slot has held the block in this life.
    pub(crate) unsafe fn withdraw(&self) -> T {
        // Relaxed: only this thread has touched the file in this life.
        self.refs.fetch_sub(LIVE + ONE, Ordering::Relaxed);
        // SAFETY: I3 - this thread has turned LIVE off.
        self.file.with_mut(|cell| unsafe { (*cell).assume_init_read() })
    }

    /// Drops the file of a life that has ended.
    ///
    /// # Safety
    ///
    /// `release` returned true to the caller, who calls this once.
    pub(crate) unsafe fn drop_file(&self) {
        // SAFETY: I3 - this thread has turned LIVE off, so nobody else reads or writes `file`, and
        // it was initialised by `revive`.
        self.file.with_mut(|cell| unsafe { (*cell).assume_init_drop() });
    }

    /// Makes the ids of the life that has ended stale. Called by who turned `LIVE` off, before the
    /// block is given back.
    pub(crate) fn raise_generation(&self) {
        // Relaxed: published with the block, by the free list and then by `revive`.
        let next = self.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.generation.store(next, Ordering::Relaxed);
    }

    /// The generation, for holders of a reference (nobody changes it while the block is live).
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
        // SAFETY: I2 - a counted reference keeps the block live, and a live block's file is
        // initialised and only read.
        self.file.with(|cell| unsafe { (*cell).assume_init_ref() })
    }
}
