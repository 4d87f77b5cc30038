//! The memory that the test and its tasks share: for each task, a lane of steps and replies with
//! two futex words.
//!
//! It costs a task no descriptor, so a task's table can be wholly the test's, 0, 1 and 2 included.

use super::step::{Outcome, Reply, Step};
use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::*};

/// Tasks alive at once, at most.
pub(crate) const TASKS: usize = 4;
/// Steps sent at once, at most.
pub(crate) const BATCH: usize = 256;

/// Invariant: the steps and replies belong to the task while `request` differs from `answer`. While
/// the two are equal, they belong to the test.
pub(crate) struct Lane {
    /// Written by the test: another batch.
    request: AtomicU32,
    /// Written by the task: `request`, once it is served.
    answer: AtomicU32,
    len: AtomicU32,
    /// The process that serves the lane.
    pub(crate) pid: AtomicI32,
    steps: [UnsafeCell<MaybeUninit<Step>>; BATCH],
    replies: [UnsafeCell<MaybeUninit<Reply>>; BATCH],
}

/// The mapping. It lasts as long as the process.
#[derive(Clone, Copy)]
pub(crate) struct Channel(*const [Lane; TASKS]);

impl Channel {
    /// A new one, and the file that a task maps it by.
    pub(crate) fn create() -> (Channel, OwnedFd) {
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(c"lanes".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(fd >= 0, "memfd_create: {}", std::io::Error::last_os_error());
        // SAFETY: just opened, and no one else's.
        let file = unsafe { OwnedFd::from_raw_fd(fd) };
        let size = size_of::<[Lane; TASKS]>() as libc::off_t;
        // SAFETY: takes numbers only.
        let sized = unsafe { libc::ftruncate(fd, size) };
        assert_eq!(sized, 0, "ftruncate");
        (Self::map(file.as_raw_fd()).expect("mmap"), file)
    }

    /// The one that the test made, by the path of its file. Its descriptor is closed again.
    pub(crate) fn open(path: &CStr) -> Option<Channel> {
        // SAFETY: the path is a C string.
        let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDWR) };
        let channel = Self::map(fd);
        // SAFETY: opened here.
        unsafe { libc::close(fd) };
        channel
    }

    fn map(fd: i32) -> Option<Channel> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let size = size_of::<[Lane; TASKS]>();
        // SAFETY: a new mapping, where the kernel likes.
        let address =
            unsafe { libc::mmap(std::ptr::null_mut(), size, protection, libc::MAP_SHARED, fd, 0) };
        (address != libc::MAP_FAILED).then(|| Channel(address.cast()))
    }

    pub(crate) fn lane(&self, task: usize) -> &'static Lane {
        // SAFETY: mapped for good, page-aligned; a zeroed Lane is a valid one.
        let lanes: &'static [Lane; TASKS] = unsafe { &*self.0 };
        &lanes[task]
    }
}

impl Lane {
    /// The test's: hands a batch to the task.
    pub(crate) fn post(&self, steps: &[Step]) {
        for (cell, step) in self.steps.iter().zip(steps) {
            // SAFETY: Lane's invariant; nothing is posted before the last batch is answered.
            unsafe { (*cell.get()).write(*step) };
        }
        self.len.store(steps.len() as u32, Relaxed);
        // Release: publishes the steps; pairs with the Acquire in `next`.
        self.request.fetch_add(1, Release);
        wake(&self.request);
    }

    /// The test's: the replies to the batch posted last. `idle` is called every second that passes.
    pub(crate) fn replies(&self, mut idle: impl FnMut()) -> Vec<Reply> {
        let request = self.request.load(Relaxed);
        wait_until(&self.answer, |answer| answer == request, &mut idle);
        let len = self.len.load(Relaxed) as usize;
        // SAFETY: Lane's invariant, and the task has written each reply.
        let reply =
            |cell: &UnsafeCell<MaybeUninit<Reply>>| unsafe { (*cell.get()).assume_init_read() };
        self.replies[..len].iter().map(reply).collect()
    }

    /// The task's: waits for a batch and gives its length.
    pub(crate) fn next(&self, mut idle: impl FnMut()) -> usize {
        let served = self.answer.load(Relaxed);
        wait_until(&self.request, |request| request != served, &mut idle);
        self.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed) as usize
    }

    pub(crate) fn step(&self, i: usize) -> Step {
        // SAFETY: Lane's invariant, and the test has written the steps of the batch.
        unsafe { (*self.steps[i].get()).assume_init_read() }
    }

    /// The task's: one reply, with what the touched numbers refer to now.
    pub(crate) fn reply(&self, i: usize, outcome: Outcome) {
        let views = self.step(i).touched(outcome).map(super::sys::view);
        // SAFETY: Lane's invariant.
        unsafe { (*self.replies[i].get()).write(Reply { outcome, views }) };
    }

    /// The task's: the batch is served.
    pub(crate) fn answer(&self) {
        // Release: publishes the replies; pairs with the Acquire in `replies`.
        self.answer.store(self.request.load(Relaxed), Release);
        wake(&self.answer);
    }
}

fn wait_until(word: &AtomicU32, good: impl Fn(u32) -> bool, idle: &mut impl FnMut()) {
    let second = libc::timespec { tv_sec: 1, tv_nsec: 0 };
    loop {
        // Acquire: what the other side wrote before it raised the word.
        let seen = word.load(Acquire);
        if good(seen) {
            return;
        }
        // SAFETY: the word and the time outlive the call.
        let waited = unsafe {
            libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, &second)
        };
        if waited != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT) {
            idle();
        }
    }
}

fn wake(word: &AtomicU32) {
    // SAFETY: a wake reads nothing.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
}
