//! What a process's table weighs: the bytes that it has on the heap, itself included.
//!
//! Only the table's own: the files are there already, in a first process, and what all processes
//! share is too.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    os::fd::RawFd,
    sync::atomic::{AtomicBool, AtomicIsize, Ordering},
};

use benches::{
    peers::{
        File, Peer,
        kbox::{ArraysAndMap, Locked, OneArray},
        mutex_map::MutexMap,
        rwlock_vec::RwLockVec,
    },
    rows::opened,
};
use fdtable::{FdTable, Placement};

/// The system's allocator, which counts while it is told to: else the measurements of time would
/// pay for it.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    if COUNTS.load(Ordering::Relaxed) {
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: guaranteed by the caller.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: guaranteed by the caller.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The bytes that `make` has allocated and not freed when it returns, and what it returned.
fn counted<T>(make: impl FnOnce() -> T) -> (isize, T) {
    BYTES.store(0, Ordering::Relaxed);
    COUNTS.store(true, Ordering::Relaxed);
    let made = make();
    COUNTS.store(false, Ordering::Relaxed);
    (BYTES.load(Ordering::Relaxed), made)
}

/// A table's bytes in each of the cases.
pub struct Weight {
    pub name: &'static str,
    pub bytes: Vec<isize>,
}

/// What is done to a forked table, in which one number is open or as many as said.
struct Case {
    name: &'static str,
    open: RawFd,
    gap: RawFd,
    /// From one gap number to the next.
    apart: RawFd,
    closed: bool,
}

const EMPTY: Case = Case { name: "empty", open: 0, gap: 0, apart: 1, closed: false };
const CASES: [Case; 6] = [
    EMPTY,
    Case { name: "forked, 16 open", open: 16, ..EMPTY },
    Case { name: "and 1 in the gap", open: 16, gap: 1, ..EMPTY },
    Case { name: "and 1,000 in the gap, in a row", open: 16, gap: 1000, ..EMPTY },
    // As bad as can be for chunks of 32.
    Case { name: "and 1,000 in the gap, 30 apart", open: 16, gap: 1000, apart: 30, closed: false },
    Case { name: "when those are closed again", open: 16, gap: 1000, apart: 30, closed: true },
];

pub fn cases() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name)
}

/// The choices for the gap, and the two tables with a lock.
pub fn weigh() -> Vec<Weight> {
    vec![
        of::<FdTable<File>>(),
        of::<Locked<OneArray>>(),
        of::<Locked<ArraysAndMap>>(),
        of::<MutexMap>(),
        of::<RwLockVec>(),
    ]
}

fn of<P: Peer>() -> Weight {
    Weight { name: P::NAME, bytes: CASES.iter().map(bytes::<P>).collect() }
}

/// Frees what is due to be freed late.
fn settle<P: Peer>() {
    let scratch = P::new();
    let fd = scratch.open(Placement::Lowest, 0);
    for _ in 0..100 {
        assert!(scratch.dup2(fd, 2000) && scratch.close(2000));
    }
}

fn bytes<P: Peer>(case: &Case) -> isize {
    let parent = P::new();
    opened(&parent, 0..case.open);
    settle::<P>();
    let gap = (0..case.gap).map(|i| 2000 + i * case.apart);
    let (bytes, _child) = counted(|| {
        let child = Box::new(parent.fork());
        gap.clone().for_each(|fd| assert!(child.dup2(0, fd)));
        if case.closed {
            gap.for_each(|fd| assert!(child.close(fd)));
        }
        child
    });
    bytes
}
