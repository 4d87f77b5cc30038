//! The two answers that a supervisor in C weighed for the numbers between its hot ranges, as large
//! as it has them: 40 bytes for a number, all written at the start, one thread. A: one array over
//! everything. B: arrays for the hot ranges, and a hash map for the gap.

use std::{os::fd::RawFd, sync::Arc};

use fdtable::Placement;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::{Entry, File, Peer, minimum};

const LOW_END: usize = 1024;
const HIGH: usize = 32768;
const END: usize = HIGH + 4096;

#[derive(Clone, Default)]
pub struct Slot {
    entry: Option<Entry>,
    _state: [u64; 3],
}

const _: () = assert!(size_of::<Slot>() == 40);

/// A table for one thread.
pub trait Plain: Clone + Send + 'static {
    const NAME: &'static str;
    /// Behind one lock, as several threads would have to share it.
    const LOCKED: &'static str;

    fn new() -> Self;
    fn slot(&self, fd: RawFd) -> Option<&Slot>;
    /// The slot of a number that is about to be opened, if there can be one.
    fn slot_mut(&mut self, fd: RawFd) -> Option<&mut Slot>;
    fn take(&mut self, fd: RawFd) -> Option<Entry>;

    fn file(&self, fd: RawFd) -> Option<Arc<File>> {
        Some(Arc::clone(&self.slot(fd)?.entry.as_ref()?.file))
    }

    fn open_at(&mut self, fd: RawFd) {
        self.slot_mut(fd).expect("within the limit").entry = Some(Entry::new(0));
    }

    /// What was open there is returned, to be dropped later.
    fn dup2(&mut self, old: RawFd, new: RawFd) -> Option<impl Sized + use<Self>> {
        let entry = self.slot(old)?.entry.as_ref()?.dup();
        Some(self.slot_mut(new)?.entry.replace(entry))
    }
}

#[derive(Clone)]
pub struct OneArray(Box<[Slot]>);

#[derive(Clone)]
pub struct ArraysAndMap {
    low: Box<[Slot]>,
    high: Box<[Slot]>,
    gap: FxHashMap<RawFd, Slot>,
}

fn slots(count: usize) -> Box<[Slot]> {
    (0..count).map(|_| Slot::default()).collect()
}

impl Plain for OneArray {
    const NAME: &'static str = "A: one array";
    const LOCKED: &'static str = "A in a Mutex";

    fn new() -> Self {
        Self(slots(END))
    }

    fn slot(&self, fd: RawFd) -> Option<&Slot> {
        self.0.get(fd as usize)
    }

    fn slot_mut(&mut self, fd: RawFd) -> Option<&mut Slot> {
        self.0.get_mut(fd as usize)
    }

    fn take(&mut self, fd: RawFd) -> Option<Entry> {
        self.slot_mut(fd)?.entry.take()
    }
}

impl Plain for ArraysAndMap {
    const NAME: &'static str = "B: arrays and a hash map";
    const LOCKED: &'static str = "B in a Mutex";

    fn new() -> Self {
        Self { low: slots(LOW_END), high: slots(END - HIGH), gap: FxHashMap::default() }
    }

    fn slot(&self, fd: RawFd) -> Option<&Slot> {
        match fd as usize {
            low @ ..LOW_END => Some(&self.low[low]),
            high @ HIGH..END => Some(&self.high[high - HIGH]),
            _ => self.gap.get(&fd),
        }
    }

    fn slot_mut(&mut self, fd: RawFd) -> Option<&mut Slot> {
        match fd as usize {
            low @ ..LOW_END => Some(&mut self.low[low]),
            high @ HIGH..END => Some(&mut self.high[high - HIGH]),
            _ => Some(self.gap.entry(fd).or_default()),
        }
    }

    fn take(&mut self, fd: RawFd) -> Option<Entry> {
        match fd as usize {
            ..LOW_END | HIGH..END => self.slot_mut(fd)?.entry.take(),
            _ => self.gap.remove(&fd)?.entry,
        }
    }
}

pub struct Locked<S>(Mutex<S>);

impl<S: Plain> Peer for Locked<S> {
    const NAME: &'static str = S::LOCKED;

    fn limit() -> RawFd {
        END as RawFd
    }

    fn new() -> Self {
        Self(Mutex::new(S::new()))
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        let mut table = self.0.lock();
        let free = |fd: &RawFd| table.slot(*fd).is_none_or(|slot| slot.entry.is_none());
        let fd = (minimum(placement)..).find(free).expect("not full");
        table.slot_mut(fd).expect("not full").entry = Some(Entry::new(flags));
        fd
    }

    fn close(&self, fd: RawFd) -> bool {
        let taken = self.0.lock().take(fd);
        taken.is_some()
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        let file = self.0.lock().file(fd)?;
        Some(file.id)
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        let displaced = self.0.lock().dup2(old, new);
        displaced.is_some()
    }

    fn fork(&self) -> Self {
        Self(Mutex::new(self.0.lock().clone()))
    }
}
