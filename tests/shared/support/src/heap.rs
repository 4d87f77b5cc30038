//! An allocator that counts, for the tests that measure memory.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt,
    io::{self, Write},
    sync::atomic::{AtomicIsize, Ordering::Relaxed},
};

/// Bytes allocated and not freed, on all threads.
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// Those of them that are in blocks of a kilobyte at most, which all chunks and nodes are.
static SMALL: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    /// Allocations of this thread.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, and counts. A test makes it its `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

fn count(bytes: isize) {
    LIVE.fetch_add(bytes, Relaxed);
    if bytes.abs() <= 1024 {
        SMALL.fetch_add(bytes, Relaxed);
    }
    if bytes > 0 {
        // Not after the end of the thread's variables.
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
    }
}

// SAFETY: `System` does it all; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: guaranteed by the caller.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Bytes that are allocated.
pub fn live() -> isize {
    LIVE.load(Relaxed)
}

/// Those of them that are in blocks of a kilobyte at most.
pub fn small() -> isize {
    SMALL.load(Relaxed)
}

/// How often `f` allocates.
pub fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// Prints a figure past the test harness, whose capture would allocate.
pub fn say(figure: fmt::Arguments<'_>) {
    let mut output = io::stderr();
    writeln!(output, "{figure}").unwrap();
}
