//! One trait, and one small module for each way to keep a descriptor table.
//!
//! All have the same semantics: a descriptor refers to a counted file with flags; what a lookup
//! returned outlives a close; a new descriptor is the lowest free one from a minimum on (but where
//! `Any` says that it need not be); `dup2` replaces in one step; files are dropped outside any
//! lock. The peers' files are `Arc`s, and their maps have a fast hash.

use std::{os::fd::RawFd, sync::Arc};

use fdtable::Placement;

pub mod arc_swap_array;
pub mod buckets;
pub mod dashmap;
pub mod fdtable_peer;
pub mod flat;
pub mod kbox;
pub mod kernel;
pub mod mutex_map;
pub mod numbered;
pub mod papaya;
pub mod rwlock_vec;
pub mod scc;
pub mod sharded_slab;

/// What a descriptor is open on: an id, and about the state that a supervisor keeps.
pub struct File {
    pub id: u64,
    _state: [u64; 11],
}

/// `FD_CLOEXEC`.
pub const CLOEXEC: u8 = 1;

/// What the peers keep for an open number.
#[derive(Clone)]
pub struct Entry {
    pub file: Arc<File>,
    pub flags: u8,
}

/// A descriptor table. Operations that a peer does not have stay as they are here; no row asks it
/// for them.
pub trait Peer: Sync + Sized + 'static {
    const NAME: &'static str;

    fn new() -> Self;

    /// The lowest number that it cannot open.
    fn limit() -> RawFd {
        RawFd::MAX
    }

    /// Opens a new file.
    fn open(&self, placement: Placement, flags: u8) -> RawFd;

    /// Closes a descriptor and drops its reference; false if it is not open.
    fn close(&self, fd: RawFd) -> bool;

    /// Takes a reference to the file, reads the file's id through it, and drops it.
    fn read(&self, _fd: RawFd) -> Option<u64> {
        missing::<Self, _>()
    }

    /// `F_GETFD`.
    fn flags(&self, _fd: RawFd) -> Option<u8> {
        missing::<Self, _>()
    }

    /// `F_SETFD`; false if the number is not open.
    fn set_flags(&self, _fd: RawFd, _flags: u8) -> bool {
        missing::<Self, _>()
    }

    fn contains(&self, fd: RawFd) -> bool {
        self.flags(fd).is_some()
    }

    fn dup2(&self, _old: RawFd, _new: RawFd) -> bool {
        missing::<Self, _>()
    }

    /// `F_DUPFD`.
    fn dup_from(&self, _old: RawFd, _min: RawFd) -> RawFd {
        missing::<Self, _>()
    }

    /// `close_range` from `first` on.
    fn close_from(&self, _first: RawFd) {
        missing::<Self, _>()
    }

    /// A copy, at one instant.
    fn fork(&self) -> Self {
        missing::<Self, _>()
    }

    /// Closes what is `CLOEXEC`; what is left comes back, to be dropped later.
    fn exec(self) -> impl Sized {
        missing::<Self, ()>()
    }
}

fn missing<P: Peer, R>() -> R {
    unimplemented!("{} has no such operation", P::NAME)
}

impl File {
    pub(crate) fn new() -> Self {
        Self { id: 7, _state: [0; 11] }
    }
}

impl Entry {
    pub fn new(flags: u8) -> Self {
        Self { file: Arc::new(File::new()), flags }
    }

    /// As a duplicate has it: the same file without flags.
    pub fn dup(&self) -> Self {
        Self { file: Arc::clone(&self.file), flags: 0 }
    }
}

/// Where a search for the lowest free number begins.
pub fn minimum(placement: Placement) -> RawFd {
    match placement {
        Placement::Lowest | Placement::Any => 0,
        Placement::From(min) => min,
        Placement::FromBase => 32768,
        other => unreachable!("no row places so: {other:?}"),
    }
}
