//! Threads that start together, and threads that go on until the others are done.

use std::{
    env,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use fastrand::Rng;
use fdtable::{FdTable, OpenFileTable};
use test_support::{File, World};

/// How many threads change a table at once: twice what the smallest machine has cores, so that
/// some are always suspended in the middle.
pub(crate) const THREADS: usize = 4;

/// `n` rounds, times FDTABLE_ROUNDS.
pub(crate) fn rounds(n: usize) -> usize {
    let factor = env::var("FDTABLE_ROUNDS").map_or(1, |v| v.parse().expect("FDTABLE_ROUNDS"));
    n * factor
}

/// A world that has room for `files` times FDTABLE_ROUNDS.
pub(crate) fn world(files: usize) -> World {
    World::with(OpenFileTable::new(), rounds(files) + 1024)
}

/// Runs `f` on `threads` threads, which start together; each has its index and its own numbers.
pub(crate) fn together(threads: usize, f: impl Fn(usize, &mut Rng) + Sync) {
    let (start, mut random) = (Barrier::new(threads), Rng::with_seed(1));
    thread::scope(|s| {
        for i in 0..threads {
            // A fork: generators with seeds next to each other draw much the same.
            let (f, start, mut random) = (&f, &start, random.fork());
            s.spawn(move || {
                start.wait();
                f(i, &mut random);
            });
        }
    });
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// `together`, with further threads that call `watch` until all of them are through, and at
/// least once.
pub(crate) fn beside(
    watchers: usize,
    watch: impl Fn(&mut Rng) + Sync,
    threads: usize,
    f: impl Fn(usize, &mut Rng) + Sync,
) {
    let running = AtomicUsize::new(threads);
    together(threads + watchers, |i, random| {
        if i < threads {
            let _leave = Leave(&running);
            f(i, random);
        } else {
            watch(random);
            while running.load(SeqCst) > 0 {
                watch(random);
            }
        }
    });
}

/// A flag for each number, to see that no two threads hold it.
pub(crate) struct Held {
    first: i32,
    held: Vec<AtomicBool>,
}

impl Held {
    /// For the numbers from `first` on.
    pub(crate) fn new(first: i32, numbers: usize) -> Self {
        let held = (0..numbers).map(|_| AtomicBool::new(false)).collect();
        Self { first, held }
    }

    fn flag(&self, fd: i32) -> &AtomicBool {
        let index = usize::try_from(fd - self.first).expect("a number below the first");
        &self.held[index]
    }

    pub(crate) fn take(&self, fd: i32) {
        let before = self.flag(fd).swap(true, SeqCst);
        assert!(!before, "{fd} was given to two threads");
    }

    pub(crate) fn give_back(&self, fd: i32) {
        let before = self.flag(fd).swap(false, SeqCst);
        assert!(before, "{fd} was closed by two threads");
    }
}

/// At rest: nothing is open, so every file was dropped, once.
pub(crate) fn assert_all_dropped(w: &World, t: &FdTable<File>) {
    assert!(t.is_empty());
    assert_eq!(w.live(), 0, "files that nobody holds are not dropped");
}
