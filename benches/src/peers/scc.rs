//! `scc`: a hash map with a lock in each bucket.

use std::os::fd::RawFd;

use rustc_hash::FxBuildHasher;
use scc::HashMap;

use super::{Entry, numbered::Map};

pub type Scc = HashMap<RawFd, Entry, FxBuildHasher>;

impl Map for Scc {
    const NAME: &'static str = "scc";

    fn new() -> Self {
        Self::with_hasher(FxBuildHasher)
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        Some(self.get(fd)?.file.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        self.read_sync(&fd, |_, entry| entry.flags)
    }

    fn get(&self, fd: RawFd) -> Option<Entry> {
        self.read_sync(&fd, |_, entry| entry.clone())
    }

    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized {
        self.upsert_sync(fd, entry)
    }

    fn remove(&self, fd: RawFd) -> Option<impl Sized> {
        self.remove_sync(&fd)
    }

    fn copy(&self, _taken: impl Iterator<Item = RawFd>) -> Self {
        self.clone()
    }
}
