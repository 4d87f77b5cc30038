//! Opening and closing from many threads: which numbers come, and that none is lost.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{
            AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
};

use fastrand::Rng;
use fdtable::{Error, FdTable, OpenFileTable, Placement, RawFd};
use libc::{EMFILE, ENFILE};
use test_support::{EDGES, File, NO_LIMIT, NONE, World, errno, numbers, register, tag_at};

use crate::harness::{Held, THREADS, assert_all_dropped, beside, rounds, together, world};

/// Just below every border, so that the numbers in use lie on both sides.
const STARTS: [RawFd; 7] = [0, 1_000, 32_750, 36_850, 65_520, (1 << 20) - 10, RawFd::MAX - 255];

/// What one thread holds: number and tag.
type Open = Vec<(RawFd, usize)>;

struct Churn<'a> {
    w: &'a World,
    t: &'a FdTable<File>,
    held: Held,
    placement: Placement,
}

impl Churn<'_> {
    fn open(&self, open: &mut Open) -> Result<(), Error> {
        let file = self.w.file(0);
        let tag = file.tag;
        let fd = self.t.open(self.placement, file, NONE)?;
        self.held.take(fd);
        open.push((fd, tag));
        Ok(())
    }

    fn close(&self, open: &mut Open, random: &mut Rng) {
        let (fd, tag) = open.swap_remove(random.usize(..open.len()));
        assert_eq!(tag_at(self.t, fd), Some(tag), "{fd}");
        self.held.give_back(fd);
        let closed = self.t.close(fd).expect("nobody else closes it");
        assert_eq!(closed.tag, tag, "{fd}");
    }

    /// Opens and closes; never more than `most` at once.
    fn run(&self, rounds: usize, most: usize, open: &mut Open, random: &mut Rng) {
        for _ in 0..rounds {
            if random.usize(..most) >= open.len() {
                self.open(open).unwrap();
            } else {
                self.close(open, random);
            }
        }
    }

    fn close_all(&self, open: &mut Open, random: &mut Rng) {
        while !open.is_empty() {
            self.close(open, random);
        }
    }
}

#[test]
fn numbers_are_unique_at_every_instant_and_dense_at_rest() {
    const EACH: usize = 60;
    let w = world(1_200_000);
    for start in STARTS {
        let t = w.limited(NO_LIMIT);
        let churn = Churn {
            w: &w,
            t: &t,
            held: Held::new(start, THREADS * EACH),
            placement: Placement::From(start),
        };
        let opens: [Mutex<Open>; THREADS] = Default::default();
        together(THREADS, |i, random| {
            churn.run(rounds(32_000), EACH / 2, &mut opens[i].lock().unwrap(), random);
        });
        // Nobody closes any more: the holes that are left are filled before a new number comes.
        together(THREADS, |i, _| {
            let mut open = opens[i].lock().unwrap();
            while open.len() < EACH {
                churn.open(&mut open).unwrap();
            }
        });
        let end = start + register((THREADS * EACH) as u32 - 1);
        assert!(numbers(&t).into_iter().eq(start..=end), "{start}");
        together(THREADS, |i, random| {
            churn.close_all(&mut opens[i].lock().unwrap(), random);
        });
        assert_all_dropped(&w, &t);
    }
}

#[test]
fn any_placement_gives_unique_numbers_and_all_of_them() {
    let w = world(1_600_000);
    for limit in [64, 1_100, 34_000] {
        let t = w.limited(limit);
        let churn =
            Churn { w: &w, t: &t, held: Held::new(0, limit as usize), placement: Placement::Any };
        let opens: [Mutex<Open>; THREADS] = Default::default();
        together(THREADS, |i, random| {
            churn.run(rounds(80_000), 8, &mut opens[i].lock().unwrap(), random);
        });
        together(THREADS, |i, _| {
            let mut open = opens[i].lock().unwrap();
            let refused = loop {
                if let Err(error) = churn.open(&mut open) {
                    break error.errno();
                }
            };
            assert_eq!(refused, EMFILE, "{limit}");
        });
        // Every thread was refused, so the table is full to the last number.
        assert!(numbers(&t).into_iter().eq(0..register(limit)), "{limit}");
        together(THREADS, |i, random| {
            churn.close_all(&mut opens[i].lock().unwrap(), random);
        });
        assert_all_dropped(&w, &t);
    }
}

/// One thread with the numbers from `min` on to itself, against a set of what it holds.
fn alone(w: &World, t: &FdTable<File>, min: RawFd, random: &mut Rng) {
    let mut taken = BTreeSet::new();
    for _ in 0..rounds(12_000) {
        let nth = random.usize(..taken.len() + 8);
        if let Some(fd) = taken.iter().copied().nth(nth) {
            assert_eq!(t.close(fd).unwrap().home, fd);
            taken.remove(&fd);
        } else if taken.len() < 60 {
            let lowest = (min..).find(|fd| !taken.contains(fd)).unwrap();
            let placement = Placement::From(min);
            assert_eq!(t.open(placement, w.file(lowest), NONE).unwrap(), lowest);
            taken.insert(lowest);
        }
    }
    for fd in taken {
        t.close(fd).unwrap();
    }
}

#[test]
fn a_thread_with_a_range_of_its_own_gets_the_true_lowest_beside_others() {
    let w = world(1_200_000);
    let t = w.table();
    // Every thread's range is the others' neighbour, with a border inside.
    for start in [0, 900, 32_640, 36_736, 65_408, (1 << 20) - 128, RawFd::MAX - 511] {
        let look = |random: &mut Rng| {
            let fd = start + random.i32(0..256);
            assert!(t.get(fd).is_none_or(|file| file.home == fd));
        };
        beside(1, look, THREADS, |i, random| {
            alone(&w, &t, start + 64 * i as RawFd, random);
        });
        assert_all_dropped(&w, &t);
    }
}

/// The system-wide limit of the test below.
const LIMIT: u32 = 24;

/// A table whose threads meet that limit.
struct Limited {
    w: World,
    t: FdTable<File>,
    open: AtomicUsize,
    refused: AtomicUsize,
}

impl Limited {
    fn open(&self, from: Placement) -> Option<RawFd> {
        match self.t.open(from, self.w.file(0), NONE) {
            Ok(fd) => {
                let before = self.open.fetch_add(1, SeqCst);
                assert!(before < LIMIT as usize, "more than the limit");
                Some(fd)
            }
            Err(rejected) => {
                assert_eq!(rejected.error.errno(), ENFILE);
                self.refused.fetch_add(1, Relaxed);
                None
            }
        }
    }

    fn close(&self, fd: RawFd) {
        self.open.fetch_sub(1, SeqCst);
        drop(self.t.close(fd).unwrap());
    }

    /// Opens and closes at random, and closes in the end what is open.
    fn churn(&self, from: Placement, random: &mut Rng) {
        let mut mine = Vec::new();
        for _ in 0..rounds(160_000) {
            if random.usize(..16) < mine.len() {
                self.close(mine.swap_remove(random.usize(..mine.len())));
            } else {
                mine.extend(self.open(from));
            }
        }
        mine.into_iter().for_each(|fd| self.close(fd));
    }
}

#[test]
fn the_limit_of_open_files_is_never_exceeded_and_whole_again_at_rest() {
    let w = World::with(OpenFileTable::with_limit(LIMIT), rounds(1_200_000));
    let t = w.table();
    let limited = Limited { w, t, open: AtomicUsize::new(0), refused: AtomicUsize::new(0) };
    together(THREADS, |i, random| limited.churn(Placement::From(EDGES[2 * i]), random));
    let Limited { w, t, refused, .. } = limited;
    assert!(refused.into_inner() > 0, "the limit was never reached");
    assert_all_dropped(&w, &t);
    for fd in 0..register(LIMIT) {
        w.open(&t, fd);
    }
    assert_eq!(errno(t.open(Placement::Any, w.file(0), NONE)), ENFILE);
}

#[test]
fn fewer_open_files_than_the_limit_never_meet_enfile() {
    // A file whose release is going on counts too, hence one more for each thread.
    const EACH: usize = 5;
    let limit = (THREADS * (EACH + 1)) as u32;
    let w = World::with(OpenFileTable::with_limit(limit), rounds(800_000));
    let t = w.table();
    let churn =
        Churn { w: &w, t: &t, held: Held::new(1_020, 64), placement: Placement::From(1_020) };
    together(THREADS, |_, random| {
        let mut open = Open::new();
        churn.run(rounds(160_000), EACH, &mut open, random);
        churn.close_all(&mut open, random);
    });
    assert_all_dropped(&w, &t);
}

/// A limit that one thread changes while others reserve a number between both values.
struct Changing<'a> {
    t: &'a FdTable<File>,
    low: u32,
    high: u32,
    /// Its last two bits: 0 while the higher limit is in force, 2 while the lower one is, odd while
    /// it changes.
    phase: AtomicUsize,
}

impl Changing<'_> {
    fn reserve(&self) {
        let (low, high) = (register(self.low), register(self.high));
        let before = self.phase.load(SeqCst);
        let reserved = self.t.reserve(Placement::From(low - 1)).map(|reserved| reserved.fd());
        let settled = self.phase.load(SeqCst) == before;
        match reserved {
            Ok(fd) => {
                assert!(fd >= low && fd < high, "{fd}");
                assert!(!(settled && before & 3 == 2), "{fd} at limit {low}");
            }
            Err(error) => {
                assert_eq!(error.errno(), EMFILE);
                assert!(!(settled && before & 3 == 0), "EMFILE at limit {high}");
            }
        }
    }

    fn change(&self, random: &mut Rng) {
        for limit in [self.low, self.high] {
            self.phase.fetch_add(1, SeqCst);
            self.t.set_limit(limit);
            self.phase.fetch_add(1, SeqCst);
            for _ in 0..random.usize(..40) {
                assert!(self.t.contains(register(self.low) - 1));
            }
        }
    }
}

#[test]
fn no_number_at_or_above_the_limit_that_was_in_force() {
    let w = world(1_600_000);
    for low in [32, 1_024, 32_800, 36_864, 1 << 20] {
        let t = w.table();
        let last = register(low) - 1;
        w.open(&t, last);
        let limits = Changing { t: &t, low, high: low + 32, phase: AtomicUsize::new(0) };
        t.set_limit(limits.high);
        let change = |_: usize, random: &mut Rng| {
            (0..rounds(6_000)).for_each(|_| limits.change(random));
        };
        beside(THREADS - 1, |_: &mut Rng| limits.reserve(), 1, change);
        assert_eq!(numbers(&t), [last]);
    }
}
