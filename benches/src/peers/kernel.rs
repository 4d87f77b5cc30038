//! The kernel's own table of this process: the price of a system call, and of the real thing.

use std::os::fd::RawFd;

use fdtable::Placement;

use super::{CLOEXEC, Peer, minimum};

/// The one table there is. Descriptors 0 to 2 stay; they stand for the file.
pub struct Kernel;

fn limits() -> libc::rlimit {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a plain system call on a local.
    let got = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limits) };
    assert_eq!(got, 0);
    limits
}

fn close_from(first: RawFd) {
    // SAFETY: this process has no use for descriptors from 3 on but this peer's.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    assert_eq!(done, 0);
}

impl Peer for Kernel {
    const NAME: &'static str = "kernel";

    fn new() -> Self {
        let limit = libc::rlimit { rlim_max: limits().rlim_max, rlim_cur: limits().rlim_max };
        // SAFETY: a plain system call.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
        Self
    }

    fn limit() -> RawFd {
        RawFd::try_from(limits().rlim_max).unwrap_or(RawFd::MAX)
    }

    fn open(&self, placement: Placement, flags: u8) -> RawFd {
        let command = if flags & CLOEXEC != 0 { libc::F_DUPFD_CLOEXEC } else { libc::F_DUPFD };
        // SAFETY: a plain system call.
        let fd = unsafe { libc::fcntl(0, command, minimum(placement)) };
        assert!(fd >= 0);
        fd
    }

    fn close(&self, fd: RawFd) -> bool {
        // SAFETY: the rows close what this peer opened.
        unsafe { libc::close(fd) == 0 }
    }

    fn flags(&self, fd: RawFd) -> Option<u8> {
        // SAFETY: a plain system call.
        u8::try_from(unsafe { libc::fcntl(fd, libc::F_GETFD) }).ok()
    }

    fn dup2(&self, old: RawFd, new: RawFd) -> bool {
        // SAFETY: the rows put it on numbers of this peer's.
        unsafe { libc::dup2(old, new) == new }
    }

    fn dup_from(&self, old: RawFd, min: RawFd) -> RawFd {
        // SAFETY: a plain system call.
        unsafe { libc::fcntl(old, libc::F_DUPFD, min) }
    }

    fn close_from(&self, first: RawFd) {
        close_from(first);
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        close_from(3);
    }
}
