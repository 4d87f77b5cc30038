//! `sharded-slab`: counted values under numbers of its own choice, as `Any` gives them; nothing
//! else.

use std::os::fd::RawFd;

use fdtable::Placement;
use sharded_slab::{Config, Slab};

use super::{File, Peer};

/// Keys that fit a descriptor.
struct Keys;

impl Config for Keys {
    const MAX_THREADS: usize = 64;
    const MAX_PAGES: usize = 8;
    const RESERVED_BITS: usize = 33;
}

pub struct ShardedSlab(Slab<File, Keys>);

impl Peer for ShardedSlab {
    const NAME: &'static str = "sharded-slab";

    fn new() -> Self {
        Self(Slab::new_with_config())
    }

    fn open(&self, _placement: Placement, _flags: u8) -> RawFd {
        self.0.insert(File::new()).expect("not full") as RawFd
    }

    fn close(&self, fd: RawFd) -> bool {
        self.0.remove(fd as usize)
    }

    fn read(&self, fd: RawFd) -> Option<u64> {
        Some(self.0.get(fd as usize)?.id)
    }
}
