//! What the main thread does while there are guests: it waits for each to end, for our guardian to
//! end, and for signals, by which a user asks what the guests have open.

use std::os::fd::{AsFd, OwnedFd};

use super::{
    dump, guardian,
    registry::Registry,
    supervisor::Supervisor,
    sys::{self, Result, Signal},
};

/// What can be read when a child has ended, and when a user asks or sends a signal to the program.
pub(crate) struct Reaper {
    guardian: OwnedFd,
    signals: OwnedFd,
    /// The first guest: its id is another's once it has ended.
    program: OwnedFd,
}

impl Reaper {
    /// Made before other threads are: their signals are ours.
    pub(crate) fn new(first: i32) -> Result<Self> {
        let signals = [guardian::FORWARDED_SIGNALS, &[libc::SIGCHLD]].concat();
        let (guardian, signals) = (guardian::pidfd()?, sys::signal_fd(&signals)?);
        Ok(Self { guardian, signals, program: sys::pidfd_open(first)? })
    }

    pub(crate) fn watch(&self, registry: &Registry) -> Result<()> {
        registry.watch(self.guardian.as_fd(), self.signals.as_fd())
    }

    /// Waits for every guest, as each that loses its parent becomes our child; the exit code of the
    /// first.
    pub(crate) fn run(&self, supervisor: &Supervisor, first: i32) -> i32 {
        let mut code = 1;
        while let Ok(ended) = sys::wait_any(libc::WNOHANG) {
            match ended {
                Some((pid, status)) if pid == first => code = sys::exit_code(status),
                Some(_) => {}
                None if supervisor.registry.wait_for_exits() => self.handle_signal(supervisor),
                None => {}
            }
            guardian::kill_children_if_orphaned();
        }
        code
    }

    fn handle_signal(&self, supervisor: &Supervisor) {
        match sys::next_signal(self.signals.as_fd()) {
            Some(signal) if signal.number == libc::SIGUSR1 => dump::print(supervisor),
            Some(signal) if guardian::has_sent(signal) => self.forward_signal(signal),
            _ => {}
        }
    }

    /// Forwards a signal to the program. If that has ended, no guest is left to decide what the
    /// signal means: it ends all.
    fn forward_signal(&self, signal: Signal) {
        if sys::pidfd_send_signal(self.program.as_fd(), signal.number).is_err() {
            guardian::kill_children();
        }
    }
}
