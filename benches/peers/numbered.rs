//! A concurrent map for lookups, and one mutex for all that changes which numbers are taken: no such map finds the lowest free key.

use std::os::fd::RawFd;

use fdtable::Placement;
use parking_lot::Mutex;

use super::{Entry, Peer, minimum, numbers::Numbers};

/// What a concurrent map must have. An entry that was replaced or removed is dropped by its `Drop`, whenever the map does that.
pub trait Map: Sync {
    const NAME: &'static str;

    fn new() -> Self;
    fn read(&self, fd: RawFd) -> Option<u64>;
    fn flags(&self, fd: RawFd) -> Option<u8>;
    fn get(&self, fd: RawFd) -> Option<Entry>;
    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized;
    /// `None` if the number is not open.
    fn remove(&self, fd: RawFd) -> Option<impl Sized>;
}

pub struct Numbered<M> {
    map: M,
    numbers: Mutex<Numbers>,
}

impl<M: Map> Numbered<M> {
    fn insert_lowest(&self, min: RawFd, entry: Entry) -> RawFd {
        let mut numbers = self.numbers.lock();
        let fd = numbers.claim_from(min);
        self.map.insert(fd, entry);
        fd
    }
}

impl<M: Map> Peer for Numbered<M> {
    const NAME: &'static str = M::NAME;

    fn new() -> Self {
        Self { map: M::new(), numbers: Mutex::default() }
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        self.insert_lowest(minimum(placement), Entry::new(flags))
    }

    fn close(&self, fd: RawFd) -> bool {
        let mut numbers = self.numbers.lock();
        let removed = self.map.remove(fd);
        if removed.is_some() {
            numbers.release(fd);
        }
        drop(numbers);
        removed.is_some()
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        self.map.read(fd)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        self.map.flags(fd)
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        let Some(entry) = self.map.get(old) else {
            return false;
        };
        let mut numbers = self.numbers.lock();
        numbers.claim(new);
        let displaced = self.map.insert(new, entry.dup());
        drop(numbers);
        drop(displaced);
        true
    }

    fn dup_from(&self, old: RawFd, min: RawFd) -> RawFd {
        let entry = self.map.get(old).expect("open").dup();
        self.insert_lowest(min, entry)
    }
}
