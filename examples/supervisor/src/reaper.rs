//! What the main thread does while there are guests: it waits for each to end, for our watcher to
//! end, and for signals, by which a user asks what the guests have open.

use std::os::fd::{AsFd, OwnedFd};

use super::{
    dump,
    registry::Registry,
    supervisor::Supervisor,
    sys::{self, Errno, Result, Signal},
    watcher::{self, Reporter},
};

/// What the main thread waits for, and its link to the stand-in.
pub(crate) struct Reaper {
    watcher: OwnedFd,
    reporter: Reporter,
    /// We may still print something when the program has ended.
    keeps_output: bool,
    signals: OwnedFd,
    /// The first guest: its id is another's once it has ended.
    program: OwnedFd,
}

impl Reaper {
    /// Made before other threads are: their signals are ours.
    pub(crate) fn new(first: i32, reporter: Reporter, keeps_output: bool) -> Result<Self> {
        let signals = [watcher::FORWARDED_SIGNALS, &[libc::SIGCHLD]].concat();
        let (watcher, signals) = (watcher::pidfd()?, sys::signal_fd(&signals)?);
        Ok(Self { watcher, reporter, keeps_output, signals, program: sys::pidfd_open(first)? })
    }

    pub(crate) fn watch(&self, registry: &Registry) -> Result<()> {
        let watchers = [self.watcher.as_fd(), self.reporter.stand_in().as_fd()];
        registry.watch(watchers, self.signals.as_fd())
    }

    /// Waits for every guest, as each that loses its parent becomes our child; the exit code of the
    /// first, the program, which is reported as soon as it has ended.
    pub(crate) fn run(&self, supervisor: &Supervisor, first: i32) -> i32 {
        let mut code = 1;
        while let Ok(ended) = sys::wait_any(libc::WNOHANG) {
            match ended {
                Some((pid, status)) if pid == first => {
                    code = sys::exit_code(status);
                    if sys::has_children() {
                        self.leave_program(code);
                    }
                }
                Some(_) => {}
                None if supervisor.registry.wait_for_exits() => self.handle_signal(supervisor),
                None => {}
            }
            self.reporter.kill_guests_if_alone();
        }
        code
    }

    /// The program has ended, and other guests are left. Whoever waits for the end of what the
    /// program wrote waits for them, and not for us.
    fn leave_program(&self, code: i32) {
        self.reporter.report(code);
        if !self.keeps_output {
            sys::close_inherited();
        }
    }

    /// The last guest has ended, and nothing more is printed.
    pub(crate) fn end(&self, code: i32) {
        self.reporter.report(code);
    }

    fn handle_signal(&self, supervisor: &Supervisor) {
        match sys::next_signal(self.signals.as_fd()) {
            Some(signal) if signal.number == libc::SIGUSR1 => dump::print(supervisor),
            Some(signal) if watcher::has_forwarded(signal) => self.forward_signal(signal),
            _ => {}
        }
    }

    /// Forwards a signal to the program. If that has ended, no guest is left to decide what the
    /// signal means: it ends all.
    fn forward_signal(&self, signal: Signal) {
        let sent = sys::pidfd_send_signal(self.program.as_fd(), signal.number);
        if sent == Err(Errno(libc::ESRCH)) {
            watcher::kill_children();
        }
    }
}
