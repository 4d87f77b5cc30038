//! A concurrent map for lookups, and one mutex for all that changes which numbers are taken: no
//! such map finds the lowest free key.

use std::os::fd::RawFd;

use fdtable::Placement;
use locked_table::Numbers;
use parking_lot::Mutex;

use super::{CLOEXEC, Entry, Peer, minimum};

/// What a concurrent map must have. An entry that was replaced or removed is dropped by its `Drop`,
/// whenever the map does that.
pub trait Map: Sync + Sized + 'static {
    const NAME: &'static str;

    /// The lowest number that it has no place for.
    fn limit() -> RawFd {
        RawFd::MAX
    }

    fn new() -> Self;
    fn read(&self, fd: RawFd) -> Option<u64>;
    fn flags(&self, fd: RawFd) -> Option<u8>;
    fn get(&self, fd: RawFd) -> Option<Entry>;
    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized;
    /// `None` if the number is not open.
    fn remove(&self, fd: RawFd) -> Option<impl Sized>;

    /// While nobody changes it.
    fn copy(&self, taken: impl Iterator<Item = RawFd>) -> Self {
        let copy = Self::new();
        for fd in taken {
            if let Some(entry) = self.get(fd) {
                copy.insert(fd, entry);
            }
        }
        copy
    }
}

pub struct Numbered<M> {
    map: M,
    numbers: Mutex<Numbers>,
}

impl<M: Map> Numbered<M> {
    /// Closes what `gone` says, from a number on; files are dropped when the lock is free again.
    fn remove_if(&self, first: RawFd, gone: impl Fn(RawFd) -> bool) {
        let mut numbers = self.numbers.lock();
        let gone: Vec<_> = numbers.taken_from(first).filter(|fd| gone(*fd)).collect();
        let remove = |fd| {
            numbers.release(fd);
            self.map.remove(fd)
        };
        let removed: Vec<_> = gone.into_iter().map(remove).collect();
        drop(numbers);
        drop(removed);
    }
}

impl<M: Map> Peer for Numbered<M> {
    const NAME: &'static str = M::NAME;

    fn limit() -> RawFd {
        M::limit()
    }

    fn new() -> Self {
        Self { map: M::new(), numbers: Mutex::default() }
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        let entry = Entry::new(flags);
        let mut numbers = self.numbers.lock();
        let fd = numbers.claim_from(minimum(placement));
        self.map.insert(fd, entry);
        fd
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

    fn set_flags(&self, fd: RawFd, flags: u8) -> bool {
        // From the lock on, or a close in between could be undone.
        let numbers = self.numbers.lock();
        let Some(entry) = self.map.get(fd) else {
            return false;
        };
        let displaced = self.map.insert(fd, Entry { flags, ..entry });
        drop(numbers);
        drop(displaced);
        true
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        // From the lock on, or a fork in between could find the file in neither place.
        let mut numbers = self.numbers.lock();
        let Some(entry) = self.map.get(old) else {
            return false;
        };
        numbers.claim(new);
        let displaced = self.map.insert(new, entry.dup());
        drop(numbers);
        drop(displaced);
        true
    }

    fn dup_from(&self, old: RawFd, min: RawFd) -> RawFd {
        let mut numbers = self.numbers.lock();
        let entry = self.map.get(old).expect("open").dup();
        let fd = numbers.claim_from(min);
        self.map.insert(fd, entry);
        fd
    }

    fn close_from(&self, first: RawFd) {
        self.remove_if(first, |_| true);
    }

    fn fork(&self) -> Self {
        let numbers = self.numbers.lock();
        let map = self.map.copy(numbers.taken_from(0));
        let numbers = Mutex::new(numbers.clone());
        Self { map, numbers }
    }

    fn exec(self) -> impl Sized {
        self.remove_if(0, |fd| self.map.flags(fd).is_some_and(|flags| flags & CLOEXEC != 0));
        self
    }
}
