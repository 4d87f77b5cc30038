//! A hash map of counted files and a bitmap, behind one mutex.

use std::os::fd::RawFd;

use fdtable::Placement;
use locked_table::Numbers;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::{CLOEXEC, Entry, Peer, minimum};

#[derive(Clone, Default)]
struct Table {
    entries: FxHashMap<RawFd, Entry>,
    numbers: Numbers,
}

pub struct MutexMap(Mutex<Table>);

impl Table {
    fn remove(&mut self, fd: RawFd) -> Option<Entry> {
        let removed = self.entries.remove(&fd)?;
        self.numbers.release(fd);
        Some(removed)
    }

    fn remove_if(&mut self, gone: impl Fn(RawFd, &Entry) -> bool) -> Vec<Entry> {
        let numbers = &mut self.numbers;
        let removed = self.entries.extract_if(|fd, entry| gone(*fd, entry));
        removed
            .map(|(fd, entry)| {
                numbers.release(fd);
                entry
            })
            .collect()
    }
}

impl Peer for MutexMap {
    const NAME: &'static str = "Mutex<HashMap>";

    fn new() -> Self {
        Self(Mutex::default())
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        let entry = Entry::new(flags);
        let mut table = self.0.lock();
        let fd = table.numbers.claim_from(minimum(placement));
        table.entries.insert(fd, entry);
        fd
    }

    fn close(&self, fd: RawFd) -> bool {
        let removed = self.0.lock().remove(fd);
        removed.is_some()
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        let entry = self.0.lock().entries.get(&fd)?.clone();
        Some(entry.file.id)
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        Some(self.0.lock().entries.get(&fd)?.flags)
    }

    fn set_flags(&self, fd: RawFd, flags: u8) -> bool {
        let mut table = self.0.lock();
        table.entries.get_mut(&fd).map(|entry| entry.flags = flags).is_some()
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        let mut table = self.0.lock();
        let Some(entry) = table.entries.get(&old).map(Entry::dup) else {
            return false;
        };
        table.numbers.claim(new);
        let displaced = table.entries.insert(new, entry);
        drop(table);
        drop(displaced);
        true
    }

    fn dup_from(&self, old: RawFd, min: RawFd) -> RawFd {
        let mut table = self.0.lock();
        let entry = table.entries.get(&old).expect("open").dup();
        let fd = table.numbers.claim_from(min);
        table.entries.insert(fd, entry);
        fd
    }

    fn close_from(&self, first: RawFd) {
        let removed = self.0.lock().remove_if(|fd, _| fd >= first);
        drop(removed);
    }

    fn fork(&self) -> Self {
        Self(Mutex::new(self.0.lock().clone()))
    }

    fn exec(self) -> impl Sized {
        let removed = self.0.lock().remove_if(|_, entry| entry.flags & CLOEXEC != 0);
        drop(removed);
        self
    }
}
