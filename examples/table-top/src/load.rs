//! Threads that use one table, each with descriptors of its own.

use std::{
    array,
    collections::VecDeque,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    thread::{self, Scope},
    time::Duration,
};

use fastrand::Rng;
use fdtable::{FdFlags, FdTable, OpenFileTable, Placement, RawFd, Reservation};

use super::sample::Tier;

/// How many numbers a closed file leaves reserved for a while.
const PARKED: usize = 8;
/// How long a thread has nothing to do now and then, as one that waits for its guest.
const PAUSE: Duration = Duration::from_micros(20);

#[derive(Clone, Copy)]
pub(crate) enum Op {
    Lookup,
    Open,
    Dup,
    Close,
    Fork,
}

impl Op {
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Lookup, "lookup"),
        (Self::Open, "open"),
        (Self::Dup, "dup2"),
        (Self::Close, "close"),
        (Self::Fork, "fork"),
    ];
}

/// What one thread has done; on cache lines of its own, as only that thread writes it.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Done([AtomicU64; Op::ALL.len()]);

impl Done {
    pub(crate) fn get(&self, op: Op) -> u64 {
        self.0[op as usize].load(Relaxed)
    }

    fn add(&self, op: Op) {
        self.0[op as usize].store(self.get(op) + 1, Relaxed);
    }
}

pub(crate) struct Load {
    pub(crate) table: FdTable<u64>,
    /// One for each thread, and one for the thread that forks.
    pub(crate) done: Vec<Done>,
    /// How many numbers are reserved in each tier.
    pub(crate) reserved: [AtomicUsize; Tier::ALL.len()],
    /// How many descriptors a thread has open when it is content.
    pub(crate) wanted: AtomicUsize,
    stop: AtomicBool,
}

impl Load {
    pub(crate) fn new(threads: usize) -> Self {
        let table = FdTable::builder(&OpenFileTable::new()).limit(1 << 31).build();
        Self {
            table: table.expect("the usual base is in its range"),
            done: (0..=threads).map(|_| Done::default()).collect(),
            reserved: array::from_fn(|_| AtomicUsize::new(0)),
            wanted: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let (forks, threads) = self.done.split_last().expect("there is one at least");
        scope.spawn(|| self.fork(forks));
        for (seed, done) in threads.iter().enumerate() {
            scope.spawn(move || Worker::new(self, done, seed as u64).run());
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Fails unless the threads have left nothing behind.
    pub(crate) fn check(&self) {
        assert!(self.table.is_empty(), "left open: {:?}", self.table);
        assert!(self.reserved.iter().all(|reserved| reserved.load(Relaxed) == 0));
        let done = |op| self.done.iter().map(|done| done.get(op)).sum::<u64>();
        assert_eq!(done(Op::Close), done(Op::Open) + done(Op::Dup));
    }

    fn running(&self) -> bool {
        !self.stop.load(Relaxed)
    }

    fn fork(&self, done: &Done) {
        while self.running() {
            drop(self.table.fork());
            done.add(Op::Fork);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

struct Worker<'a> {
    load: &'a Load,
    done: &'a Done,
    rng: Rng,
    open: Vec<RawFd>,
    /// Closed, but not free yet.
    parked: VecDeque<Reservation<'a, u64>>,
}

impl<'a> Worker<'a> {
    fn new(load: &'a Load, done: &'a Done, seed: u64) -> Self {
        Self { load, done, rng: Rng::with_seed(seed), open: Vec::new(), parked: VecDeque::new() }
    }

    fn run(mut self) {
        while self.load.running() {
            if self.rng.u8(..) == 0 {
                thread::sleep(PAUSE);
            } else if self.open.is_empty() || self.rng.u8(..) < 32 {
                self.change();
            } else {
                let fd = self.open[self.rng.usize(..self.open.len())];
                assert!(self.load.table.get(fd).is_some(), "{fd} was closed by another thread");
                self.done.add(Op::Lookup);
            }
        }
        while !self.open.is_empty() {
            self.close(0);
        }
        self.free(0);
    }

    /// Opens rather than closes while there are fewer than wanted.
    fn change(&mut self) {
        let wanted = self.load.wanted.load(Relaxed);
        if self.open.is_empty() || self.rng.usize(..=2 * wanted) >= self.open.len() {
            self.grow();
        } else {
            let i = self.rng.usize(..self.open.len());
            self.close(i);
        }
    }

    fn grow(&mut self) {
        let table = &self.load.table;
        let placement = match self.rng.u8(..8) {
            0..3 => Placement::Lowest,
            3..6 => Placement::FromBase,
            _ => Placement::From(1 << self.rng.u8(10..31) | self.rng.i32(0..1024)),
        };
        let (op, opened) = match self.open.last() {
            Some(&old) if self.rng.bool() => {
                (Op::Dup, table.dup(old, placement, FdFlags::empty()).expect("there is room"))
            }
            _ => (Op::Open, table.open(placement, 0, FdFlags::empty()).expect("there is room")),
        };
        self.open.push(opened);
        self.done.add(op);
    }

    /// Closes in two phases.
    fn close(&mut self, i: usize) {
        let fd = self.open.swap_remove(i);
        let (_file, number) = self.load.table.take(fd).expect("nobody else closes it");
        self.load.reserved[Tier::of(fd) as usize].fetch_add(1, Relaxed);
        self.parked.push_back(number);
        self.free(PARKED);
        self.done.add(Op::Close);
    }

    /// Gives numbers back that are reserved, the oldest first, until so many are left.
    fn free(&mut self, left: usize) {
        while self.parked.len() > left {
            let number = self.parked.pop_front().expect("there is more than none");
            self.load.reserved[Tier::of(number.fd()) as usize].fetch_sub(1, Relaxed);
        }
    }
}
