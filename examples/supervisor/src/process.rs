//! A guest process, and a thread of one.

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use fdtable::{FdFlags, Files, FilesGuard, Reservation};
use parking_lot::Mutex;

use super::{
    closing::Closing,
    exec::ExecWatch,
    file::File,
    numbers::KERNEL_END,
    orphans::Image,
    room::Room,
    split::{OwnFiles, Split},
    sys,
};

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) tgid: i32,
    pub(crate) pidfd: OwnedFd,
    /// The files of all its threads, but for those that have their own.
    pub(crate) files: ArcSwap<Files<File>>,
    pub(crate) split: Split,
    pub(crate) exec: ExecWatch,
    /// The program image that it runs, once known.
    pub(crate) image: Mutex<Option<Image>>,
    pub(crate) quirks: Quirks,
    pub(crate) limits: Limits,
    pub(crate) room: Room,
    /// It has had a twin once, or was forked from one that had.
    pub(crate) has_had_twins: AtomicBool,
    pub(crate) closing: Closing,
    /// Held while a twin is put into the kernel's table: its limit is raised meanwhile. The
    /// descriptor table is not behind it.
    pub(crate) twins: Mutex<()>,
}

/// What a process has done that makes us leave more to the kernel. Children inherit it.
#[derive(Debug, Default)]
pub(crate) struct Quirks {
    /// It may have another root, other mounts or other rights than we have: it opens files itself.
    pub(crate) opens_itself: AtomicBool,
    /// It has a file size limit of its own.
    pub(crate) writes_itself: AtomicBool,
}

/// `RLIMIT_NOFILE`. The soft limit that the guest sees is the table's.
#[derive(Debug)]
pub(crate) struct Limits {
    /// The hard limit that the guest sees.
    pub(crate) hard: AtomicU64,
    /// The soft limit that the kernel knows.
    pub(crate) kernel_soft: AtomicU64,
}

/// A thread of a process, by the id that notifications have.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) tid: i32,
    pub(crate) process: Arc<Process>,
    /// Its files, where they are not those of the process.
    pub(crate) own_files: OwnFiles,
    /// Watched for the end of a thread with files of its own.
    pub(crate) pidfd: OnceLock<OwnedFd>,
    /// The kernel may be closing twins for this thread.
    is_closing: AtomicBool,
}

// Relaxed, for all of these: each is a fact on its own, and a guest's threads order their calls
// themselves.
const RELAXED: Ordering = Ordering::Relaxed;

impl Process {
    pub(crate) fn has_exited(&self) -> bool {
        sys::is_readable(self.pidfd.as_fd())
    }

    pub(crate) fn is_single_threaded(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.tgid));
        threads.is_ok_and(|threads| threads.count() == 1)
    }

    pub(crate) fn image(&self) -> Option<Image> {
        let mut image = self.image.lock();
        if image.is_none() {
            *image = Image::of(self.tgid);
        }
        *image
    }
}

impl Quirks {
    pub(crate) fn inherited(&self) -> Self {
        let copy = |quirk: &AtomicBool| AtomicBool::new(quirk.load(RELAXED));
        Self { opens_itself: copy(&self.opens_itself), writes_itself: copy(&self.writes_itself) }
    }
}

impl Limits {
    pub(crate) fn new(hard: u64) -> Self {
        Self { hard: AtomicU64::new(hard), kernel_soft: AtomicU64::new(KERNEL_END as u64) }
    }

    pub(crate) fn inherited(&self) -> Self {
        let copy = |limit: &AtomicU64| AtomicU64::new(limit.load(RELAXED));
        Self { hard: copy(&self.hard), kernel_soft: copy(&self.kernel_soft) }
    }
}

impl Task {
    pub(crate) fn new(tid: i32, process: Arc<Process>, own_files: OwnFiles) -> Self {
        Self { tid, process, own_files, pidfd: OnceLock::new(), is_closing: AtomicBool::new(false) }
    }

    /// What the thread has open.
    pub(crate) fn files(&self) -> Arc<Files<File>> {
        self.own_files.get().map_or_else(|| self.process.files.load_full(), Arc::clone)
    }

    /// The table of [`Self::files`] at this instant.
    pub(crate) fn table(&self) -> FilesGuard<File> {
        match self.own_files.get() {
            Some(files) => files.load(),
            None => self.process.files.load().load(),
        }
    }

    /// Whether the process still has this thread.
    pub(crate) fn is_there(&self) -> bool {
        Path::new(&format!("/proc/{}/task/{}", self.process.tgid, self.tid)).exists()
    }

    /// Keeps a number taken until the kernel has closed the twin there; `flags` were the
    /// descriptor's.
    pub(crate) fn park(&self, number: Reservation<'static, File>, flags: FdFlags) {
        self.process.closing.add(self.tid, number, flags);
        self.is_closing.store(true, RELAXED);
    }

    /// The kernel does not close the twins after all: the guest has them still.
    pub(crate) fn keep_parked(&self) {
        for (number, flags) in self.parked() {
            // Fails only if the whole table is closed.
            let _ = number.install(File::Native, flags);
        }
    }

    /// The thread is back: what the kernel had to close for it is closed.
    pub(crate) fn release_parked(&self) {
        drop(self.parked());
    }

    fn parked(&self) -> Vec<(Reservation<'static, File>, FdFlags)> {
        // The same thread's calls come one after the other, so this is our own store or one that
        // its last handler's reply has ordered.
        match self.is_closing.swap(false, RELAXED) {
            true => self.process.closing.of(self.tid),
            false => Vec::new(),
        }
    }
}
