//! The process itself forks, while other threads are in the middle of calls: the child has its
//! forking thread alone, works with its copies of the tables, and gives memory back. One test
//! function, so that no other thread allocates while a child counts.

use std::{
    ops::Range,
    panic::{self, AssertUnwindSafe, catch_unwind},
    process,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use fastrand::Rng;
use fdtable::{FdTable, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EBUSY};
use test_support::{
    NO_LIMIT, NONE, errno,
    heap::{Counting, live, say},
    pause,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Table = FdTable<u64>;

/// What the epoch may keep for a while, of 10,000 chunks that are reclaimed: far less than all.
const LATE: isize = 128 << 10;
const CHUNKS: RawFd = 10_000;
/// How long a child may take, in seconds.
const PATIENCE: libc::c_uint = 60;

/// The first number of a worker's: eight chunks, with nodes of their own.
fn first_of(worker: RawFd) -> RawFd {
    (1 << 20) + (worker << 15)
}

/// The numbers that a worker opens and closes, one at a time.
fn numbers_of(worker: RawFd) -> impl Iterator<Item = RawFd> {
    (0..8).map(move |i| first_of(worker) + i * 1024)
}

/// What the threads are at when the process forks.
fn work(t: &Table, worker: RawFd, end: &AtomicBool) {
    let mut random = Rng::with_seed(worker as u64);
    while !end.load(Relaxed) {
        let fd = first_of(worker) + random.i32(0..8) * 1024;
        t.open(Placement::At(fd), 1, NONE).unwrap();
        assert!(t.get(fd).is_some() && t.dup2(fd, fd).is_ok());
        drop(t.close(fd).unwrap());
    }
}

/// Opens and closes numbers that lie apart.
fn churn(t: &Table, first: RawFd) {
    for fd in (0..CHUNKS).map(|i| first + i * 32) {
        assert_eq!(t.open(Placement::At(fd), 2, NONE).unwrap(), fd);
        assert_eq!(*t.get(fd).unwrap(), 2);
        drop(t.close(fd).unwrap());
    }
}

/// The bytes that `f`, and then a churn, leave allocated.
fn kept_by_a_churn(t: &Table, f: impl FnOnce()) -> isize {
    let before = live();
    f();
    churn(t, 1 << 25);
    live() - before
}

#[track_caller]
fn assert_gives_memory_back(t: &Table, f: impl FnOnce()) {
    let kept = kept_by_a_churn(t, f);
    assert!(kept <= LATE, "{kept} bytes kept");
}

/// How many numbers of the threads that the child has not are held up. Each other one is open, or
/// free.
fn held_up(t: &Table, workers: RawFd) -> usize {
    let numbers = (0..workers).flat_map(numbers_of);
    let answers = numbers.map(|fd| (errno(t.close(fd)), errno(t.open(Placement::At(fd), 3, NONE))));
    answers
        .filter(|answer| match *answer {
            (0 | EBADF, 0) => false,
            (EBADF, EBUSY) => true,
            _ => panic!("{answer:?}"),
        })
        .count()
}

/// What a child of `workers` threads may rely on; also when it has threads of its own, and forks.
fn child_works(t: &Table, workers: RawFd) {
    assert!(held_up(t, workers) <= workers as usize);
    assert_gives_memory_back(t, || ());
    let low = t.open(Placement::Lowest, 4, NONE).unwrap();
    assert_eq!(*t.fork().get(low).unwrap(), 4);
    // What piles up while one of the threads is off the processor is freed by the last churn.
    assert_gives_memory_back(t, || {
        thread::scope(|s| {
            let own = [1 << 26, 1 << 27].map(|first| s.spawn(move || churn(t, first)));
            own.into_iter().for_each(|thread| thread.join().unwrap());
        });
    });
}

/// Runs `f` in a child, and waits for its success.
fn in_child(f: impl FnOnce()) {
    // SAFETY: the child uses what a fork leaves usable: this crate, and the system's allocator.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: no obligation; a child that waits for ever is killed.
        unsafe { libc::alarm(PATIENCE) };
        panic::set_hook(Box::new(|failure| say(format_args!("in a child: {failure}"))));
        let failed = catch_unwind(AssertUnwindSafe(f)).is_err();
        // SAFETY: no obligation.
        unsafe { libc::_exit(failed.into()) };
    }
    let mut status = -1;
    // SAFETY: the child is this process's, and `status` a place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the status of a child of {}", process::id());
}

/// Runs `f` beside threads that work in the gap of `t`.
fn beside_workers(t: &Table, workers: Range<RawFd>, f: impl FnOnce()) {
    let end = AtomicBool::new(false);
    thread::scope(|s| {
        let end = &end;
        workers.for_each(|worker| drop(s.spawn(move || work(t, worker, end))));
        let result = catch_unwind(AssertUnwindSafe(f));
        end.store(true, Relaxed);
        result.unwrap();
    });
}

fn children_of_a_busy_process_work(t: &Table) {
    let mut random = Rng::with_seed(9);
    for round in 0..12 {
        let workers = 1 + round % 2;
        beside_workers(t, 0..workers, || {
            thread::sleep(Duration::from_millis(1));
            pause(random.usize(..2_000));
            in_child(|| {
                child_works(t, workers);
                // A fork of a fork, with a thread of the child in the middle of a call.
                beside_workers(t, workers..workers + 1, || {
                    in_child(|| assert_gives_memory_back(t, || ()))
                });
            });
        });
    }
}

/// The fork is made within a call, under a guard: it protects what the call goes on with.
fn a_fork_within_a_call_keeps_what_the_call_has_found(t: &Table) {
    let fd = t.open(Placement::At(20_000), 5, NONE).unwrap();
    let fork = |flags| {
        in_child(|| {
            let kept = thread::scope(|s| s.spawn(|| kept_by_a_churn(t, || ())).join().unwrap());
            assert!(kept >= CHUNKS as isize * 320, "{kept} bytes: freed under a guard");
        });
        flags
    };
    t.update_flags(fd, fork).unwrap();
    in_child(|| assert_gives_memory_back(t, || ()));
    drop(t.close(fd).unwrap());
}

#[test]
fn a_child_of_the_process_works_and_gives_memory_back() {
    let t = FdTable::builder(&OpenFileTable::new()).limit(NO_LIMIT).build().unwrap();
    in_child(|| child_works(&t, 0));
    children_of_a_busy_process_work(&t);
    a_fork_within_a_call_keeps_what_the_call_has_found(&t);
}
