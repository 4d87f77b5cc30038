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

use parking_lot::Mutex;

use super::{
    file::File,
    process::Process,
    soft_limit::{Raised, SoftLimit},
    sys::Result,
    unshared::OwnFiles,
};

/// A thread, by the id that notifications have.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) tid: i32,
    pub(crate) process: Arc<Process>,
    /// Its files, where they are not those of the process.
    pub(crate) own_files: OwnFiles,
    /// Watched for the end of a thread with files of its own.
    pub(crate) pidfd: OnceLock<OwnedFd>,
    /// The limit that it needs for the call that its kernel carries out.
    raised: Mutex<Option<Raised>>,
    /// The kernel may be closing numbers for this thread.
    has_pending_closes: AtomicBool,
}

// Relaxed: the same thread's calls come one after the other, so a load sees this handler's own
// store, or one that the reply of the thread's last handler has ordered.
const RELAXED: Ordering = Ordering::Relaxed;

impl Task {
    pub(crate) fn new(tid: i32, process: Arc<Process>, own_files: OwnFiles) -> Self {
        let has_pending_closes = AtomicBool::new(false);
        let (pidfd, raised) = (OnceLock::new(), Mutex::new(None));
        Self { tid, process, own_files, pidfd, raised, has_pending_closes }
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

    /// Keeps a number reserved until the kernel has closed the descriptor there; `flags` were the
    /// descriptor's.
    pub(crate) fn add_pending_close(&self, number: Reservation<'static, File>, flags: FdFlags) {
        self.process.pending_closes.add(self.tid, number, flags);
        self.has_pending_closes.store(true, RELAXED);
    }

    /// The kernel does not close the numbers after all: the guest still has them.
    pub(crate) fn cancel_pending_closes(&self) {
        for (number, flags) in self.take_pending_closes() {
            // Fails only if the whole table is closed.
            let _ = number.install(File::Placed, flags);
        }
    }

    /// Raises the kernel's limit until the thread is back with another call.
    pub(crate) fn raise_limit(&self, hard: u64, number: u64) -> Result<()> {
        *self.raised.lock() = Some(SoftLimit::raise(&self.process, hard, number)?);
        Ok(())
    }

    /// The thread is back with another call: what the kernel had to do for it is done.
    pub(crate) fn finish_continued(&self) {
        drop(self.take_pending_closes());
        drop(self.raised.lock().take());
    }

    fn take_pending_closes(&self) -> Vec<(Reservation<'static, File>, FdFlags)> {
        match self.has_pending_closes.swap(false, RELAXED) {
            true => self.process.pending_closes.take_of(self.tid),
            false => Vec::new(),
        }
    }
}
