//! `papaya`: a lock-free hash map whose entries are reclaimed late.

use std::os::fd::RawFd;

use papaya::HashMap;
use rustc_hash::FxBuildHasher;

use super::{Entry, numbered::Map};

pub type Papaya = HashMap<RawFd, Entry, FxBuildHasher>;

impl Map for Papaya {
    const NAME: &'static str = "papaya";

    fn new() -> Self {
        Self::with_hasher(FxBuildHasher)
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        Some(Map::get(self, fd)?.file.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        Some(self.pin().get(&fd)?.flags)
    }

    fn get(&self, fd: RawFd) -> Option<Entry> {
        self.pin().get(&fd).cloned()
    }

    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized {
        self.pin().insert(fd, entry);
    }

    fn remove(&self, fd: RawFd) -> Option<impl Sized> {
        self.pin().remove(&fd).map(|_| ())
    }

    fn copy(&self, _taken: impl Iterator<Item = RawFd>) -> Self {
        self.clone()
    }
}
