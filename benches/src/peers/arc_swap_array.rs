//! An array of `ArcSwapOption`, and of the flags beside it: with its `load`, which may only borrow,
//! or its `load_full`, which counts.

use std::{
    os::fd::RawFd,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use arc_swap::ArcSwapOption;

use super::{Entry, File, numbered::Map};

/// As far as an array reaches that ends with the table's high hot range.
const LEN: usize = 32768 + 4096;

pub struct ArcSwapArray<const FULL: bool> {
    files: Box<[ArcSwapOption<File>]>,
    flags: Box<[AtomicU8]>,
}

impl<const FULL: bool> Map for ArcSwapArray<FULL> {
    const NAME: &'static str = if FULL { "ArcSwap load_full" } else { "ArcSwap load" };

    fn limit() -> RawFd {
        LEN as RawFd
    }

    fn new() -> Self {
        Self {
            files: (0..LEN).map(|_| ArcSwapOption::empty()).collect(),
            flags: (0..LEN).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        let slot = self.files.get(fd as usize)?;
        if FULL { Some(slot.load_full()?.id) } else { Some(slot.load().as_ref()?.id) }
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        let open = self.files.get(fd as usize)?.load().is_some();
        open.then(|| self.flags[fd as usize].load(Ordering::Relaxed))
    }

    fn get(&self, fd: RawFd) -> Option<Entry> {
        let file = self.files.get(fd as usize)?.load_full()?;
        let flags = self.flags[fd as usize].load(Ordering::Relaxed);
        Some(Entry { file, flags })
    }

    fn insert(&self, fd: RawFd, entry: Entry) -> impl Sized {
        self.flags[fd as usize].store(entry.flags, Ordering::Relaxed);
        self.files[fd as usize].swap(Some::<Arc<File>>(entry.file))
    }

    fn remove(&self, fd: RawFd) -> Option<impl Sized> {
        self.files.get(fd as usize)?.swap(None)
    }
}
