//! A file that shows when it is used or dropped wrongly.

use std::{cell::RefCell, thread::panicking};

use crate::sync::UnsafeCell;

// All threads of a model run on one thread of the machine.
thread_local! {
    static DROPPED: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
}

/// At the beginning of an execution: there is no file yet.
pub(super) fn forget_files() {
    DROPPED.set(Vec::new());
}

/// A file. loom watches its value; how often it was dropped is plain state, which adds no order
/// between threads.
pub(super) struct File {
    id: usize,
    value: UnsafeCell<u32>,
}

impl File {
    pub(super) fn new(value: u32) -> Self {
        let id = DROPPED.with_borrow_mut(|dropped| {
            dropped.push(false);
            dropped.len() - 1
        });
        let value = UnsafeCell::new(value);
        Self { id, value }
    }

    pub(super) fn value(&self) -> u32 {
        let dropped = DROPPED.with_borrow(|dropped| dropped[self.id]);
        assert!(!dropped, "a file is used after its drop");
        // SAFETY: written when it was built and when it is dropped alone; loom reports a read that
        // is not ordered between the two.
        self.value.with(|value| unsafe { *value })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let before =
            DROPPED.with_borrow_mut(|dropped| std::mem::replace(&mut dropped[self.id], true));
        if !panicking() {
            self.value.with_mut(|_| ());
            assert!(!before, "a file is dropped twice");
        }
    }
}

/// How many files are there that were not dropped.
pub(super) fn undropped() -> usize {
    DROPPED.with_borrow(|dropped| dropped.iter().filter(|dropped| !**dropped).count())
}
