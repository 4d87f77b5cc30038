//! What the first guest shall find as we have found it: the signals that are ignored, which we do
//! not ignore, and the standard descriptors that are closed, which we have open.

use std::{
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{default_signal, ignore_signal, zeroed};

/// Rust's runtime ignores the first at the start; the second, ignored, would keep from us how our
/// children end.
static IGNORED: [(libc::c_int, AtomicBool); 2] =
    [(libc::SIGPIPE, AtomicBool::new(false)), (libc::SIGCHLD, AtomicBool::new(false))];

/// Rust's runtime opens what is closed of 0, 1 and 2.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// The C library calls it before `main`, and so before that runtime.
#[used]
// SAFETY: the section is a list of functions like this one.
#[unsafe(link_section = ".init_array")]
static RECORD: extern "C" fn() = record;

extern "C" fn record() {
    for (signal, is_ignored) in &IGNORED {
        // SAFETY: all zeroes is a sigaction.
        let mut action: libc::sigaction = unsafe { zeroed() };
        // SAFETY: `action` is writable, and nothing is set.
        unsafe { libc::sigaction(*signal, ptr::null(), &raw mut action) };
        // Relaxed: there is one thread yet.
        is_ignored.store(action.sa_sigaction == libc::SIG_IGN, Ordering::Relaxed);
    }
    for (fd, is_closed) in (0..).zip(&CLOSED) {
        // SAFETY: integers only.
        is_closed.store(unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1, Ordering::Relaxed);
    }
}

/// Not ignored: otherwise the kernel does not tell how our children end.
pub(crate) fn reset_sigchld() {
    default_signal(libc::SIGCHLD);
}

/// In the first guest, which shares our descriptors until it executes its program: all as it was
/// found.
pub(crate) fn restore_inherited() {
    for (fd, _) in (0..).zip(&CLOSED).filter(|(_, is_closed)| is_closed.load(Ordering::Relaxed)) {
        // SAFETY: integers only.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    for (signal, is_ignored) in &IGNORED {
        match is_ignored.load(Ordering::Relaxed) {
            true => ignore_signal(*signal),
            false => default_signal(*signal),
        }
    }
}
