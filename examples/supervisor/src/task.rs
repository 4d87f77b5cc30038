//! A thread of a guest process.

use std::{
    os::fd::OwnedFd,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use fdtable::{FdFlags, Files, FilesGuard, Reservation};

use super::{file::File, process::Process, unshared::OwnFiles};

/// A thread, by the id that notifications have.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) tid: i32,
    pub(crate) process: Arc<Process>,
    /// Its files, where they are not those of the process.
    pub(crate) own_files: OwnFiles,
    /// Watched for the end of a thread with files of its own.
    pub(crate) pidfd: OnceLock<OwnedFd>,
    /// The kernel may be closing twins for this thread.
    has_pending_closes: AtomicBool,
}

// Relaxed: the same thread's calls come one after the other, so a load sees this handler's own
// store, or one that the reply of the thread's last handler has ordered.
const RELAXED: Ordering = Ordering::Relaxed;

impl Task {
    pub(crate) fn new(tid: i32, process: Arc<Process>, own_files: OwnFiles) -> Self {
        let has_pending_closes = AtomicBool::new(false);
        Self { tid, process, own_files, pidfd: OnceLock::new(), has_pending_closes }
    }

    /// What the thread has open.
    pub(crate) fn files(&self) -> Arc<Files<File>> {
        Arc::clone(self.own_files.get().unwrap_or(&self.process.files))
    }

    /// The table of [`Self::files`] at this instant.
    pub(crate) fn table(&self) -> FilesGuard<File> {
        self.own_files.get().unwrap_or(&self.process.files).load()
    }

    /// Whether the process still has this thread.
    pub(crate) fn exists(&self) -> bool {
        Path::new(&format!("/proc/{}/task/{}", self.process.tgid, self.tid)).exists()
    }

    /// Keeps a number reserved until the kernel has closed the twin there; `flags` were the
    /// descriptor's.
    pub(crate) fn add_pending_close(&self, number: Reservation<'static, File>, flags: FdFlags) {
        self.process.pending_closes.add(self.tid, number, flags);
        self.has_pending_closes.store(true, RELAXED);
    }

    /// The kernel does not close the twins after all: the guest still has them.
    pub(crate) fn cancel_pending_closes(&self) {
        for (number, flags) in self.take_pending_closes() {
            // Fails only if the whole table is closed.
            let _ = number.install(File::KernelOnly, flags);
        }
    }

    /// The thread is back with another call: what the kernel had to close for it is closed.
    pub(crate) fn finish_pending_closes(&self) {
        drop(self.take_pending_closes());
    }

    fn take_pending_closes(&self) -> Vec<(Reservation<'static, File>, FdFlags)> {
        match self.has_pending_closes.swap(false, RELAXED) {
            true => self.process.pending_closes.take_of(self.tid),
            false => Vec::new(),
        }
    }
}
