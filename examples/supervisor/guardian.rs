//! Guests must not outlive their supervisor: without it, every call that the filter tells of fails.
//!
//! The process that the user starts is only a guardian: the supervisor is its child, and the guests
//! descend from that. If the supervisor dies, the orphans become the guardian's, which kills them;
//! if the guardian dies, the supervisor kills them.

use std::{
    fs,
    os::fd::OwnedFd,
    process,
    sync::atomic::{AtomicI32, Ordering},
};

use super::sys::{self, Errno};

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
        supervisor => process::exit(guard(supervisor)),
    }
}

/// The supervisor that we guard.
static SUPERVISOR: AtomicI32 = AtomicI32::new(0);

/// A signal's handler: what the user sends to the process that he has started is for the
/// supervisor.
extern "C" fn pass_on(signal: i32) {
    let _ = sys::kill(SUPERVISOR.load(Ordering::Relaxed), signal);
}

/// Waits for the supervisor, and for what it may have left behind; its exit code.
fn guard(supervisor: i32) -> i32 {
    // They are for the guests, which have the same terminal.
    sys::ignore_signal(libc::SIGINT);
    sys::ignore_signal(libc::SIGQUIT);
    SUPERVISOR.store(supervisor, Ordering::Relaxed);
    sys::on_signal(libc::SIGUSR1, pass_on);
    let mut code = 1;
    while let Ok(Some((pid, status))) = sys::wait_any(0) {
        if pid == supervisor {
            code = sys::exit_code(status);
        }
        // While the supervisor lives, there is no other child.
        if sys::has_children() {
            kill_children();
        }
    }
    code
}

/// Readable once the guardian is gone.
pub(crate) fn pidfd() -> Result<OwnedFd, Errno> {
    sys::pidfd_open(GUARDIAN.load(Ordering::Relaxed))
}

/// Ends everything if the guardian is gone.
pub(crate) fn check_guarded() {
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
        let status = sys::read_proc(&format!("/proc/{pid}/status")).unwrap_or_default();
        if sys::status_field(&status, "PPid") == Some(&me) {
            // It may have ended by itself.
            let _ = sys::kill(pid, libc::SIGKILL);
        }
    }
}
