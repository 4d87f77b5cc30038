//! The slab: type-stable blocks named by index, each the room of one open file description at a
//! time.
//!
//! Blocks lie in buckets, each twice as large as the one before it; a bucket is published once by
//! CAS and kept until the slab drops. Free blocks wait in [`free_list`](crate::file::free_list)s.

use std::{mem, ptr};

use crate::error::{Error, Rejected};
use crate::file::description::Description;
use crate::file::free_list::FreeLists;
use crate::sync::{AtomicPtr, AtomicU32, Ordering};

/// Blocks in the first bucket; each further one is twice as large as the one before.
const FIRST: u32 = if cfg!(all(test, feature = "loom")) { 1 } else { 32 };
/// The most descriptions a slab can hold: `index + FIRST` fits 31 bits.
pub(crate) const MAX_FILES: u32 = (1 << 31) - FIRST;
/// One for each bit of `index + FIRST`; those below `FIRST` stay empty.
const BUCKETS: usize = u32::BITS as usize;

/// All descriptions of a system.
pub(crate) struct Slab<T> {
    buckets: [AtomicPtr<Description<T>>; BUCKETS],
    free: FreeLists,
    /// How many indices have ever been handed out. Written by: the thread that found every free
    /// list empty.
    used: AtomicU32,
    pub(crate) max_files: u32,
}

// SAFETY: the slab hands out `&T` on any thread (T: Sync) and drops T on any thread (T: Send).
unsafe impl<T: Send + Sync> Send for Slab<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Slab<T> {}

/// A free block that its holder has alone, off the free lists. Dropping it gives the block back.
struct Vacant<'a, T> {
    slab: &'a Slab<T>,
    block: &'a Description<T>,
}

impl<T> Slab<T> {
    pub(crate) fn new(max_files: u32) -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            free: FreeLists::new(),
            used: AtomicU32::new(0),
            max_files: max_files.min(MAX_FILES),
        }
    }

    /// Makes a description of `file`: its index, with one reference, which is the caller's.
    /// `ENFILE` gives `file` back.
    pub(crate) fn create(&self, file: T) -> Result<u32, Rejected<T>> {
        match self.vacant() {
            Some(vacant) => Ok(vacant.occupy(file)),
            None => Err(Rejected::new(Error::FileTableOverflow, file)),
        }
    }

    /// The block of an index that was handed out: by `unused`, a free list or a slot.
    #[inline]
    pub(crate) fn block(&self, index: u32) -> &Description<T> {
        let (bucket, offset) = locate(index);
        // Relaxed: the thread that passed the index on had seen the bucket, and passed it on with
        // Release: a slot (`Slot::load`), a free list.
        let blocks = self.buckets[bucket].load(Ordering::Relaxed);
        debug_assert!(!blocks.is_null());
        // SAFETY: I1 - an index is handed out only after its bucket was published, and a bucket
        // stays until the slab drops.
        unsafe { &*blocks.add(offset) }
    }

    /// Drops one count of a block; with the last one, the file.
    #[inline]
    pub(crate) fn drop_ref(&self, block: &Description<T>) {
        if block.drop_ref() {
            self.bury(block);
        }
    }

    /// Drops the file of a block whose life the caller has ended, then gives the block back, also
    /// when the drop panics.
    #[inline(never)]
    pub(crate) fn bury(&self, block: &Description<T>) {
        let _given_back = Vacant { slab: self, block };
        // SAFETY: I3 - this thread has ended the life, and calls this once.
        unsafe { block.drop_file() };
    }

    /// Takes the file out of a block, and gives the block back.
    ///
    /// # Safety
    ///
    /// The caller has ended the life (`drop_ref`, `drop_likely_last_ref`), or gives away the only
    /// reference and no slot has held the block in this life; and calls this once.
    pub(crate) unsafe fn withdraw(&self, block: &Description<T>) -> T {
        let _given_back = Vacant { slab: self, block };
        // SAFETY: guaranteed by the caller.
        unsafe { block.take_file() }
    }

    /// Takes a free block: a recycled one, otherwise one never used. `None` only after each free
    /// list was seen empty by an RMW with all blocks used.
    fn vacant(&self) -> Option<Vacant<'_, T>> {
        let recycled = |confirm| self.free.pop(confirm, |index| &self.block(index).next_free);
        let index = recycled(false).or_else(|| self.unused()).or_else(|| recycled(true))?;
        Some(Vacant { slab: self, block: self.block(index) })
    }

    /// Makes the index of a block that was never used, or `None` when there is no more.
    #[cold]
    fn unused(&self) -> Option<u32> {
        let next = |used: u32| (used < self.max_files).then(|| used + 1);
        // Relaxed: only the uniqueness of the index matters; the bucket is published by `grow`.
        let index = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        self.grow(locate(index).0);
        self.block(index).prepare(index);
        Some(index)
    }

    /// Makes sure that a bucket is there.
    fn grow(&self, bucket: usize) {
        // Acquire: sees the zeroes of a bucket that another thread published below, to pass them on
        // with the index.
        if !self.buckets[bucket].load(Ordering::Acquire).is_null() {
            return;
        }
        let blocks = Box::into_raw(Description::<T>::bucket(bucket_len(bucket)));
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

impl<T> Vacant<'_, T> {
    /// Starts a life of the block: its index, with one reference, which is the caller's.
    #[inline]
    fn occupy(self, file: T) -> u32 {
        let block = self.block;
        mem::forget(self);
        // SAFETY: I3 - `vacant` popped the block for us alone, and `self` is used up.
        unsafe { block.begin_life(file) };
        block.index()
    }
}

impl<T> Drop for Vacant<'_, T> {
    fn drop(&mut self) {
        self.block.raise_generation();
        let link = |index| &self.slab.block(index).next_free;
        self.slab.free.push(self.block.index(), link);
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// The blocks of all buckets, one after the other, are the indices in order.
    #[test]
    fn every_index_below_the_limit_has_a_block_of_its_own() {
        let mut first = 0;
        for bucket in FIRST.ilog2() as usize..BUCKETS - 1 {
            let end = bucket_len(bucket) - 1;
            let last = first + end as u32;
            assert_eq!((locate(first), locate(last)), ((bucket, 0), (bucket, end)));
            first = last + 1;
        }
        assert_eq!((first, Slab::<()>::new(u32::MAX).max_files), (MAX_FILES, MAX_FILES));
    }
}
