//! The rows, by what they ask of a table.
//!
//! A row is one question put to several tables, its subjects. It says nothing of how often it is
//! asked: the benchmark gives the rows to criterion, the report takes samples of all subjects in
//! turn.

use std::{hint::black_box, ops::Range, os::fd::RawFd, time::Duration};

use fdtable::Placement;

use crate::peers::Peer;

mod dup;
mod flags;
mod kbox;
mod lookup;
mod mixed;
mod open;
pub mod run;
mod whole;

use run::{beside, on_threads, threads};

/// The first number of each kind that the rows use: in the table's low and high hot ranges, and in
/// its gap.
pub const LOW: RawFd = 0;
pub const HIGH: RawFd = 32768;
pub const GAP: RawFd = 10_000;

/// Does the row's operation so many times on each thread, and says how long that took.
pub type Sampler = Box<dyn FnMut(u64) -> Duration>;

pub struct Row {
    pub name: String,
    pub threads: usize,
    pub subjects: Vec<Subject>,
}

pub struct Subject {
    pub name: String,
    make: Box<dyn Fn() -> Sampler>,
}

impl Subject {
    /// Makes the table and what is open in it. It stays until the sampler is dropped.
    pub fn sampler(&self) -> Sampler {
        (self.make)()
    }
}

impl Row {
    fn new(name: impl Into<String>, threads: usize) -> Self {
        Self { name: name.into(), threads, subjects: Vec::new() }
    }

    /// A subject that times itself.
    fn timed<S: FnMut(u64) -> Duration + 'static>(
        &mut self,
        name: &str,
        make: impl Fn() -> S + 'static,
    ) {
        let make = Box::new(move || Box::new(make()) as Sampler);
        self.subjects.push(Subject { name: name.into(), make });
    }

    /// A subject whose `op(thread, i)` runs on the row's threads.
    fn threaded<O: Fn(usize, u64) + Sync + 'static>(
        &mut self,
        name: &str,
        make: impl Fn() -> O + 'static,
    ) {
        self.on(self.threads, name, make);
    }

    /// A subject to compare with, whose `op(thread, i)` runs on another number of threads.
    fn on<O: Fn(usize, u64) + Sync + 'static>(
        &mut self,
        threads: usize,
        name: &str,
        make: impl Fn() -> O + 'static,
    ) {
        self.timed(name, move || {
            let op = make();
            move |iters| on_threads(threads, iters, &op)
        });
    }
}

/// All of them. The subjects' tables are made later, and only those that are asked for.
pub fn all() -> Vec<Row> {
    let rows = [
        flags::rows(),
        lookup::rows(),
        open::rows(),
        dup::rows(),
        whole::rows(),
        mixed::rows(),
        kbox::rows(),
    ];
    rows.into_iter().flatten().collect()
}

/// Calls a function that is generic over the peer for each of some peers.
#[macro_export]
macro_rules! each_peer {
    ($row:ident $args:tt: $($peer:ty),+ $(,)?) => {
        $($row::<$peer> $args;)+
    };
}
pub use each_peer;

/// The same for every peer that keeps a whole table in user space, and for the ones named besides.
#[macro_export]
macro_rules! every_peer {
    ($row:ident $args:tt $(, $peer:ty)* $(,)?) => {
        $crate::rows::each_peer!(
            $row $args:
            fdtable::FdTable<$crate::peers::File>,
            $crate::peers::rwlock_vec::RwLockVec,
            $crate::peers::mutex_map::MutexMap,
            $crate::peers::numbered::Numbered<$crate::peers::arc_swap_array::ArcSwapArray<true>>,
            $crate::peers::numbered::Numbered<$crate::peers::dashmap::Dash>,
            $crate::peers::numbered::Numbered<$crate::peers::papaya::Papaya>,
            $crate::peers::numbered::Numbered<$crate::peers::scc::Scc>,
            $crate::peers::numbered::Numbered<$crate::peers::buckets::Buckets>,
            $($peer),*
        )
    };
}
pub use every_peer;

/// Opens and closes again.
pub fn open_close<P: Peer>(peer: &P, placement: Placement) {
    let fd = peer.open(black_box(placement), 0);
    assert!(peer.close(black_box(fd)));
}

/// Opens new files on the lowest free numbers from the start of a range on, as many as it is long;
/// which numbers, the peer may decide.
pub fn opened<P: Peer>(peer: &P, range: Range<RawFd>) -> Vec<RawFd> {
    let min = range.start;
    range.map(|_| peer.open(Placement::From(min), 0)).collect()
}
