//! What the main thread does while there are guests: it waits for each to end, for our guardian to
//! end, and for a user to ask what the guests have open.

use std::os::fd::{AsFd, OwnedFd};

use super::{
    directory::Directory,
    guardian, live,
    supervisor::Supervisor,
    sys::{self, Result},
};

/// What can be read when a child has ended, and when a user asks.
pub(crate) struct Reaper {
    guardian: OwnedFd,
    signals: OwnedFd,
}

impl Reaper {
    /// Made before other threads are: their signals are ours.
    pub(crate) fn new() -> Result<Self> {
        let signals = [libc::SIGCHLD, libc::SIGUSR1];
        Ok(Self { guardian: guardian::pidfd()?, signals: sys::take_signals(&signals)? })
    }

    pub(crate) fn watch(&self, directory: &Directory) -> Result<()> {
        directory.watch(self.guardian.as_fd(), self.signals.as_fd())
    }

    /// Waits for every guest, as each that loses its parent becomes our child; the exit code of the
    /// first.
    pub(crate) fn run(&self, supervisor: &Supervisor, first: i32) -> i32 {
        let mut code = 1;
        while let Ok(ended) = sys::wait_any(libc::WNOHANG) {
            match ended {
                Some((pid, status)) if pid == first => code = sys::exit_code(status),
                Some(_) => {}
                None if supervisor.directory.bury() => self.answer(supervisor),
                None => {}
            }
            guardian::check_guarded();
        }
        code
    }

    fn answer(&self, supervisor: &Supervisor) {
        if sys::next_signal(self.signals.as_fd()) == Some(libc::SIGUSR1) {
            live::print(supervisor);
        }
    }
}
