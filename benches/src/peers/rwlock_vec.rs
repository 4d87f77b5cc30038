//! A vector of counted files and a bitmap, behind one readers-writer lock.

use std::{mem, os::fd::RawFd};

use fdtable::Placement;
use locked_table::Numbers;
use parking_lot::RwLock;

use super::{CLOEXEC, Entry, Peer, minimum};

#[derive(Clone, Default)]
struct Table {
    entries: Vec<Option<Entry>>,
    numbers: Numbers,
}

pub struct RwLockVec(RwLock<Table>);

impl Table {
    fn get(&self, fd: RawFd) -> Option<&Entry> {
        self.entries.get(fd as usize)?.as_ref()
    }

    fn set(&mut self, fd: RawFd, entry: Entry) -> Option<Entry> {
        let fd = fd as usize;
        if fd >= self.entries.len() {
            self.entries.resize((fd + 1).next_power_of_two(), None);
        }
        self.entries[fd].replace(entry)
    }

    fn remove(&mut self, fd: RawFd) -> Option<Entry> {
        let removed = self.entries.get_mut(fd as usize)?.take()?;
        self.numbers.release(fd);
        Some(removed)
    }

    fn remove_if(&mut self, first: RawFd, gone: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let numbers = first..self.entries.len() as RawFd;
        numbers.filter_map(|fd| self.get(fd).is_some_and(&gone).then(|| self.remove(fd))?).collect()
    }
}

impl Peer for RwLockVec {
    const NAME: &'static str = "RwLock<Vec<Option<Arc>>>";

    fn new() -> Self {
        Self(RwLock::default())
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        let entry = Entry::new(flags);
        let mut table = self.0.write();
        let fd = table.numbers.claim_from(minimum(placement));
        table.set(fd, entry);
        fd
    }

    fn close(&self, fd: RawFd) -> bool {
        let removed = self.0.write().remove(fd);
        removed.is_some()
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        let entry = self.0.read().get(fd)?.clone();
        Some(entry.file.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        Some(self.0.read().get(fd)?.flags)
    }

    fn set_flags(&self, fd: RawFd, flags: u8) -> bool {
        let mut table = self.0.write();
        let entry = table.entries.get_mut(fd as usize).and_then(Option::as_mut);
        entry.map(|entry| entry.flags = flags).is_some()
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        let mut table = self.0.write();
        let Some(entry) = table.get(old).map(Entry::dup) else {
            return false;
        };
        table.numbers.claim(new);
        let displaced = table.set(new, entry);
        drop(table);
        drop(displaced);
        true
    }

    fn dup_from(&self, old: RawFd, min: RawFd) -> RawFd {
        let mut table = self.0.write();
        let entry = table.get(old).expect("open").dup();
        let fd = table.numbers.claim_from(min);
        table.set(fd, entry);
        fd
    }

    fn close_from(&self, first: RawFd) {
        let removed = self.0.write().remove_if(first, |_| true);
        drop(removed);
    }

    fn fork(&self) -> Self {
        Self(RwLock::new(self.0.read().clone()))
    }

    fn exec(self) -> impl Sized {
        let removed = self.0.write().remove_if(0, |entry| entry.flags & CLOEXEC != 0);
        mem::drop(removed);
        self
    }
}
