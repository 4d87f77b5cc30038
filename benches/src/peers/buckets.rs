//! The idea of gVisor's table: buckets of atomic pointers to immutable descriptors; lookups take no
//! lock, changes take a mutex.
//!
//! gVisor leaves old descriptors to its garbage collector; here they are left to an epoch, and the
//! file's reference with them.

use std::{
    os::fd::RawFd,
    sync::{
        OnceLock,
        atomic::Ordering::{AcqRel, Acquire},
    },
};

use crossbeam_epoch::{self as epoch, Atomic, Guard, Owned, Shared};

use super::{Entry, numbered::Map};

const BUCKET: usize = 512;
const BUCKETS: usize = 256;

type Bucket = Box<[Atomic<Entry>]>;

pub struct Buckets {
    buckets: Box<[OnceLock<Bucket>]>,
}

impl Buckets {
    fn load<'g>(&self, fd: RawFd, guard: &'g Guard) -> Option<&'g Entry> {
        let bucket = self.buckets.get(fd as usize / BUCKET)?.get()?;
        let entry = bucket[fd as usize % BUCKET].load(Acquire, guard);
        // SAFETY: `swap` leaves what it unlinks to the epoch.
        unsafe { entry.as_ref() }
    }

    /// True if there was something before.
    fn swap(&self, fd: RawFd, new: Option<Entry>) -> bool {
        let new_bucket = || (0..BUCKET).map(|_| Atomic::null()).collect();
        let bucket = self.buckets[fd as usize / BUCKET].get_or_init(new_bucket);
        let guard = epoch::pin();
        let new = new.map_or(Shared::null(), |entry| Owned::new(entry).into_shared(&guard));
        let old = bucket[fd as usize % BUCKET].swap(new, AcqRel, &guard);
        if !old.is_null() {
            // SAFETY: the swap has unlinked it.
            unsafe { guard.defer_destroy(old) };
        }
        !old.is_null()
    }
}

impl Map for Buckets {
    const NAME: &'static str = "buckets (gVisor)";

    fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| OnceLock::new()).collect() }
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        Some(self.get(fd)?.file.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        Some(self.load(fd, &epoch::pin())?.flags)
    }

    fn get(&self, fd: RawFd) -> Option<Entry> {
        self.load(fd, &epoch::pin()).cloned()
    }

    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized {
        self.swap(fd, Some(entry))
    }

    fn remove(&self, fd: RawFd) -> Option<impl Sized> {
        self.swap(fd, None).then_some(())
    }
}

impl Drop for Buckets {
    fn drop(&mut self) {
        for entry in self.buckets.iter_mut().filter_map(OnceLock::take).flatten() {
            // SAFETY: nobody else has the table any more, and what is linked was not retired.
            drop(unsafe { entry.try_into_owned() });
        }
    }
}
