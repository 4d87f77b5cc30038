//! Waiting for descriptors.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use libc::c_int;

use super::{Result, check, owned};

/// Whether the descriptor can be read at once; for a pidfd, whether its process has ended.
pub(crate) fn is_readable(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `poll` is one pollfd.
    unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
}

/// Many descriptors to wait for.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: an integer.
        owned(i64::from(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })).map(Self)
    }

    pub(crate) fn add(&self, fd: BorrowedFd<'_>, events: c_int, data: u64) -> Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: data };
        // SAFETY: `event` is readable.
        check(i64::from(unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event)
        }))
        .map(drop)
    }

    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) -> Result<()> {
        let (epoll, none) = (self.0.as_raw_fd(), std::ptr::null_mut());
        // SAFETY: this operation takes no event.
        check(i64::from(unsafe {
            libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, fd.as_raw_fd(), none)
        }))
        .map(drop)
    }

    /// Fills `ready` with what is ready, as (data, events); a timeout of -1 waits.
    pub(crate) fn wait(&self, timeout: c_int, ready: &mut Vec<(u64, u32)>) -> Result<()> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 16];
        // SAFETY: `events` is writable for its length.
        let count = check(i64::from(unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                events.as_mut_ptr(),
                events.len() as c_int,
                timeout,
            )
        }))?;
        ready.clear();
        ready.extend(events[..count as usize].iter().map(|e| (e.u64, e.events)));
        Ok(())
    }
}
