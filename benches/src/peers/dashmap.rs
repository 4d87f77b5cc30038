//! `DashMap`: a hash map in shards, each behind a readers-writer lock.

use std::os::fd::RawFd;

use dashmap::DashMap;
use rustc_hash::FxBuildHasher;

use super::{Entry, numbered::Map};

pub type Dash = DashMap<RawFd, Entry, FxBuildHasher>;

impl Map for Dash {
    const NAME: &'static str = "DashMap";

    fn new() -> Self {
        Self::with_hasher(FxBuildHasher)
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        Some(Map::get(self, fd)?.file.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        Some(Self::get(self, &fd)?.flags)
    }

    fn get(&self, fd: RawFd) -> Option<Entry> {
        Some(Self::get(self, &fd)?.clone())
    }

    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized {
        Self::insert(self, fd, entry)
    }

    fn remove(&self, fd: RawFd) -> Option<impl Sized> {
        Self::remove(self, &fd)
    }

    fn copy(&self, _taken: impl Iterator<Item = RawFd>) -> Self {
        self.clone()
    }
}
