//! Threads with files of their own. A thread has them after `unshare(CLONE_FILES)`, or if it was
//! made by `clone` with `CLONE_THREAD` and without `CLONE_FILES`. This is rare, so a process
//! without such threads pays nothing for them.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicI32, Ordering},
};

use fdtable::Files;

use super::file::File;

/// What a process knows of its threads with files of their own.
#[derive(Debug, Default)]
pub(crate) struct Unshared {
    /// A thread may have files of its own.
    has_own_files: AtomicBool,
    /// The last thread that has made one by `clone`.
    cloner: AtomicI32,
}

/// The files of a thread, where they are not those of its process.
pub(crate) type OwnFiles = OnceLock<Arc<Files<File>>>;

// Relaxed, for both: stored before the reply to the call that unshares, so before any thread can
// show up for it.
impl Unshared {
    /// Whether a thread may have files of its own.
    pub(crate) fn has_own_files(&self) -> bool {
        self.has_own_files.load(Ordering::Relaxed)
    }

    /// The last thread that has made one with a copy of its own files.
    pub(crate) fn cloner(&self) -> i32 {
        self.cloner.load(Ordering::Relaxed)
    }

    /// `tid` is about to make a thread with a copy of its own files.
    pub(crate) fn begin_clone(&self, tid: i32) {
        self.cloner.store(tid, Ordering::Relaxed);
        self.begin();
    }

    pub(crate) fn begin(&self) {
        self.has_own_files.store(true, Ordering::Relaxed);
    }

    /// The process runs another program, in one thread.
    pub(crate) fn end(&self) {
        self.has_own_files.store(false, Ordering::Relaxed);
    }
}
