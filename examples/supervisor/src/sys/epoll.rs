//! Waiting for descriptors.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use libc::{c_int, c_short};

use super::{Result, check, owned};

/// Whether the descriptor can be read at once; for a pidfd, whether its process has ended.
pub(crate) fn is_readable(fd: BorrowedFd<'_>) -> bool {
    events(fd) & libc::POLLIN != 0
}

/// Whether nothing comes any more; for a listener, whether there is no guest left.
pub(crate) fn has_hung_up(fd: BorrowedFd<'_>) -> bool {
    events(fd) & libc::POLLHUP != 0
}

/// What can be done at once.
fn events(fd: BorrowedFd<'_>) -> c_short {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `poll` is one pollfd.
    unsafe { libc::poll(&raw mut poll, 1, 0) };
    poll.revents
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
        self.control(libc::EPOLL_CTL_ADD, fd, events, data)
    }

    /// Waits for other events on a descriptor that has been added.
    pub(crate) fn modify(&self, fd: BorrowedFd<'_>, events: c_int, data: u64) -> Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, events, data)
    }

    fn control(&self, op: c_int, fd: BorrowedFd<'_>, events: c_int, data: u64) -> Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: data };
        let epoll = self.0.as_raw_fd();
        // SAFETY: `event` is readable.
        check(i64::from(unsafe { libc::epoll_ctl(epoll, op, fd.as_raw_fd(), &raw mut event) }))
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
