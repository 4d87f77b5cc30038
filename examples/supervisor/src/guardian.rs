//! Guests must not outlive their supervisor: without it, every call that is intercepted fails.
//!
//! The process that the user starts is only a guardian: the supervisor is its child, and the guests
//! descend from that. If the supervisor dies, the orphans become the guardian's, which kills them;
//! if the guardian dies, the supervisor kills them.

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    process,
    sync::atomic::{AtomicI32, Ordering},
};

use super::sys::{self, Epoll, Errno, Signal};

/// The guardian of this process.
static GUARDIAN: AtomicI32 = AtomicI32::new(0);

/// Returns in the supervisor; the guardian exits as it does.
pub(crate) fn fork() -> Result<(), Errno> {
    sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    let guardian = process::id() as i32;
    match sys::fork()? {
        0 => {
            GUARDIAN.store(guardian, Ordering::Relaxed);
            sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)
        }
        supervisor => process::exit(guard(supervisor).unwrap_or(1)),
    }
}

/// Signals that a user sends to the guardian: they are for the program, or for the supervisor.
pub(crate) const FORWARDED_SIGNALS: &[i32] =
    &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];

/// Waits for the supervisor, and for what it may have left behind; its exit code.
fn guard(supervisor: i32) -> Result<i32, Errno> {
    let signals = sys::signal_fd(&[FORWARDED_SIGNALS, &[libc::SIGCHLD]].concat())?;
    let (epoll, mut ready) = (Epoll::new()?, Vec::new());
    epoll.add(signals.as_fd(), libc::EPOLLIN, 0)?;
    let mut code = 1;
    while let Ok(ended) = sys::wait_any(libc::WNOHANG) {
        match ended {
            Some((pid, status)) if pid == supervisor => code = sys::exit_code(status),
            Some(_) => {}
            None => {
                // Interrupted: then there is a signal.
                let _ = epoll.wait(-1, &mut ready);
                forward_signal(supervisor, sys::next_signal(signals.as_fd()));
                continue;
            }
        }
        // While the supervisor lives, there is no other child.
        if sys::has_children() {
            kill_children();
        }
    }
    Ok(code)
}

/// Forwards a signal to the supervisor, unless the kernel or a guest has sent it, as by `kill 0`:
/// that is for all of a group, and guests are in ours.
fn forward_signal(supervisor: i32, signal: Option<Signal>) {
    let Some(Signal { number, sender }) = signal.filter(|s| s.number != libc::SIGCHLD) else {
        return;
    };
    if number == libc::SIGUSR1 || sender.is_some_and(|pid| !descends_from(pid, supervisor)) {
        let _ = sys::kill(supervisor, number);
    }
}

fn descends_from(mut pid: i32, ancestor: i32) -> bool {
    while pid != ancestor {
        match sys::status(pid, "PPid").and_then(|parent| parent.parse().ok()) {
            None | Some(0) => return false,
            Some(parent) => pid = parent,
        }
    }
    true
}

/// Whether our guardian has sent the signal.
pub(crate) fn has_sent(signal: Signal) -> bool {
    signal.sender == Some(GUARDIAN.load(Ordering::Relaxed))
}

/// Readable once the guardian is gone.
pub(crate) fn pidfd() -> Result<OwnedFd, Errno> {
    sys::pidfd_open(GUARDIAN.load(Ordering::Relaxed))
}

/// Kills all guests if the guardian is gone.
pub(crate) fn kill_children_if_orphaned() {
    if GUARDIAN.load(Ordering::Relaxed) != std::os::unix::process::parent_id() as i32 {
        // Their children become ours: then the next wait finds us here again.
        kill_children();
    }
}

/// Kills what has us as its parent.
pub(crate) fn kill_children() {
    let me = process::id().to_string();
    let Ok(entries) = fs::read_dir("/proc") else {
        return;
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    for pid in pids {
        if sys::status(pid, "PPid").as_ref() == Some(&me) {
            // It may have ended by itself.
            let _ = sys::kill(pid, libc::SIGKILL);
        }
    }
}
