//! A guest process.

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use fdtable::{CloseRangeFlags, Files};
use parking_lot::Mutex;

use super::{
    exec_state::{Caller, ExecState, has_token},
    file::File,
    image::Image,
    low_numbers::LowNumbers,
    numbers::{self, KERNEL_END, NR_OPEN},
    pending_closes::PendingCloses,
    place::LOCKS,
    soft_limit::SoftLimit,
    sys,
    unshared::Unshared,
};

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) tgid: i32,
    pub(crate) pidfd: OwnedFd,
    /// The files of all its threads, but for those that have their own.
    pub(crate) files: Arc<Files<File>>,
    pub(crate) unshared: Unshared,
    pub(crate) exec: ExecState,
    /// The process image that it runs, once known.
    image: Mutex<Option<Image>>,
    pub(crate) diverged: Diverged,
    /// The hard `RLIMIT_NOFILE` that the guest sees; its soft one is the table's.
    pub(crate) hard_limit: AtomicU64,
    pub(crate) low_numbers: LowNumbers,
    /// A number of the table has been placed, here or in a process that this one descends from.
    pub(crate) has_placed: AtomicBool,
    pub(crate) pending_closes: PendingCloses,
    /// The soft limit that the kernel knows.
    pub(crate) soft_limit: SoftLimit,
    /// See [`Self::lock_number`]. The descriptor table is not behind them.
    pub(crate) number_locks: [Mutex<()>; LOCKS],
}

/// What has become different from the supervisor, so that the guest's kernel has to do what depends
/// on it. Children inherit it.
#[derive(Debug, Default)]
pub(crate) struct Diverged {
    /// What the process may access: it may have another root, other mounts or other credentials.
    pub(crate) access: AtomicBool,
    /// It has a file size limit of its own.
    pub(crate) file_size_limit: AtomicBool,
}

// Relaxed, for all of these: each is a fact on its own, and a guest's threads order their calls
// themselves.
const RELAXED: Ordering = Ordering::Relaxed;

impl Process {
    /// A process that inherits nothing from another guest.
    pub(crate) fn new(tgid: i32, pidfd: OwnedFd, files: Files<File>, has_placed: bool) -> Self {
        numbers::reserve_token(&files.load());
        Self {
            tgid,
            pidfd,
            files: Arc::new(files),
            unshared: Unshared::default(),
            exec: ExecState::default(),
            image: Mutex::default(),
            diverged: Diverged::default(),
            hard_limit: AtomicU64::new(NR_OPEN.into()),
            low_numbers: LowNumbers::default(),
            has_placed: AtomicBool::new(has_placed),
            pending_closes: PendingCloses::default(),
            soft_limit: SoftLimit::new(KERNEL_END as u64),
            number_locks: Default::default(),
        }
    }

    pub(crate) fn with_hard_limit(self, hard: u64) -> Self {
        Self { hard_limit: AtomicU64::new(hard), ..self }
    }

    pub(crate) fn child_of(parent: &Self, tgid: i32, pidfd: OwnedFd, files: Files<File>) -> Self {
        Self {
            exec: parent.exec.inherited(),
            image: Mutex::new(parent.image()),
            diverged: parent.diverged.inherited(),
            hard_limit: AtomicU64::new(parent.hard_limit.load(RELAXED)),
            soft_limit: parent.soft_limit.inherited(),
            low_numbers: parent.low_numbers.inherited(),
            ..Self::new(tgid, pidfd, files, parent.has_placed.load(RELAXED))
        }
    }

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

    /// Finds out how a pending exec went, when `tid` of this process shows up; true if the process
    /// runs another program now.
    pub(crate) fn settle_exec(&self, tid: i32) -> bool {
        self.settle(|caller| {
            let is_as_before = match caller.image {
                Some(image) => Image::of(tid) == Some(image),
                None => has_token(self.tgid, tid),
            };
            match is_as_before {
                false => Some(true),
                true => (caller.tid == tid).then_some(false),
            }
        })
    }

    /// The same while no thread of the process makes a call: whether all its threads have lost the
    /// token.
    pub(crate) fn settle_exec_from_outside(&self) -> bool {
        self.settle(|caller| {
            if let Some(image) = caller.image {
                return Image::of(self.tgid).filter(|now| *now != image).map(|_| true);
            }
            let threads = fs::read_dir(format!("/proc/{}/task", self.tgid)).ok()?;
            let tids = threads.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            (!self.has_exited() && !tids.into_iter().any(|tid| has_token(self.tgid, tid)))
                .then_some(true)
        })
    }

    /// Settles a pending exec by what `outcome` says of its caller: whether it has succeeded, if
    /// that is known.
    fn settle(&self, outcome: impl FnOnce(&Caller) -> Option<bool>) -> bool {
        let exec = &self.exec;
        // Acquire: pairs with the store in `exec::begin`, whose reply let the guest run.
        if !exec.pending.load(Ordering::Acquire) {
            return false;
        }
        let mut pending = exec.caller.lock();
        let Some(caller) = &*pending else {
            return false;
        };
        let Some(succeeded) = outcome(caller) else {
            return false;
        };
        let has_token = !succeeded && caller.image.is_none();
        if succeeded {
            caller.files.exec();
            numbers::reserve_token(&caller.files.load());
            self.adopt_files(&caller.files);
            self.unshared.end();
            exec.is_token_unreliable.store(false, RELAXED);
            exec.may_have_token.store(false, RELAXED);
            *self.image.lock() = Image::of(self.tgid);
        }
        *pending = None;
        exec.token_left.store(has_token, RELAXED);
        exec.pending.store(false, Ordering::Release);
        succeeded
    }

    /// The process has the files that a thread of it had alone, and the thread is gone.
    fn adopt_files(&self, files: &Arc<Files<File>>) {
        if Arc::ptr_eq(&self.files, files) {
            return;
        }
        self.files.adopt(files);
        // Here and now, whatever still refers to the thread.
        let _ = files.close_range(0, u32::MAX, CloseRangeFlags::UNSHARE);
    }
}

impl Diverged {
    pub(crate) fn inherited(&self) -> Self {
        let copy = |what: &AtomicBool| AtomicBool::new(what.load(RELAXED));
        Self { access: copy(&self.access), file_size_limit: copy(&self.file_size_limit) }
    }
}
