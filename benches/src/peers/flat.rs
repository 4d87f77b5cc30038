//! No table, but the least that one could do: an atomic load from a flat array.

use std::{
    os::fd::RawFd,
    sync::atomic::{AtomicU64, Ordering},
};

use fdtable::Placement;

use super::Peer;

const LEN: usize = 1 << 16;
const OPEN: u64 = 1 << 8;

pub struct Flat(Box<[AtomicU64]>);

impl Peer for Flat {
    const NAME: &'static str = "flat array load";

    fn new() -> Self {
        Self((0..LEN).map(|_| AtomicU64::new(0)).collect())
    }

    fn limit() -> RawFd {
        LEN as RawFd
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        let min = super::minimum(placement) as usize;
        let free = |word: &AtomicU64| word.load(Ordering::Relaxed) & OPEN == 0;
        let fd = min + self.0[min..].iter().position(free).expect("not full");
        self.0[fd].store(OPEN | u64::from(flags), Ordering::Release);
        fd as RawFd
    }

    fn close(&self, fd: RawFd) -> bool {
        self.0[fd as usize].swap(0, Ordering::AcqRel) & OPEN != 0
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        let word = self.0.get(fd as usize)?.load(Ordering::Acquire);
        (word & OPEN != 0).then_some(word as u8)
    }
}
