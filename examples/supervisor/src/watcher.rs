//! The processes that watch each other. No guest outlives its supervisor: its intercepted calls
//! would all fail then.
//!
//! ```text
//! stand-in        what the user starts: passes signals on, exits as the program does
//!   watcher       in a session of its own: kills the guests if the supervisor dies
//!     supervisor  in the user's session and process group
//!       guests
//! ```
//!
//! The stand-in goes as soon as the program has ended. The supervisor and its watcher stay for the
//! guests that the program has left behind, as those would stay without a supervisor. If the
//! stand-in dies before the program has ended, the supervisor kills the guests. A signal to the
//! whole process group does not reach the watcher.

use std::{
    fs,
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::{AsFd, OwnedFd},
    process,
    sync::atomic::{AtomicBool, AtomicI32, Ordering},
};

use super::sys::{self, Epoll, Errno, Signal};

/// The stand-in and the watcher of this process, the supervisor.
static STAND_IN: AtomicI32 = AtomicI32::new(0);
static WATCHER: AtomicI32 = AtomicI32::new(0);

/// Returns in the supervisor; the other two exit here.
pub(crate) fn fork() -> Result<Reporter, Errno> {
    let (reader, writer) = io::pipe()?;
    let stand_in = process::id() as i32;
    if sys::fork()? != 0 {
        drop(writer);
        process::exit(stand_in_for_program(reader).unwrap_or(1));
    }
    sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    let watcher = process::id() as i32;
    if sys::fork()? != 0 {
        // Nobody waits for the end of what the user has given to the program because of us.
        sys::leave_session_and_files();
        watch();
        process::exit(0);
    }
    STAND_IN.store(stand_in, Ordering::Relaxed);
    WATCHER.store(watcher, Ordering::Relaxed);
    sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    (&writer).write_all(&process::id().to_ne_bytes())?;
    let stand_in = sys::pidfd_open(stand_in)?;
    Ok(Reporter { writer, stand_in, has_reported: AtomicBool::new(false) })
}

/// Signals that a user sends to the stand-in: they are for the program, or for the supervisor.
pub(crate) const FORWARDED_SIGNALS: &[i32] =
    &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];

/// Passes signals on until the program has ended; its exit code.
fn stand_in_for_program(mut reports: PipeReader) -> Result<i32, Errno> {
    const SIGNAL: u64 = 0;
    const REPORT: u64 = 1;
    let signals = sys::signal_fd(FORWARDED_SIGNALS)?;
    let supervisor = next_report(&mut reports)?;
    let (epoll, mut ready) = (Epoll::new()?, Vec::new());
    epoll.add(signals.as_fd(), libc::EPOLLIN, SIGNAL)?;
    epoll.add(reports.as_fd(), libc::EPOLLIN, REPORT)?;
    loop {
        // Interrupted, it only waits again.
        let _ = epoll.wait(-1, &mut ready);
        for (what, _) in ready.drain(..) {
            match what {
                REPORT => return next_report(&mut reports),
                _ => forward_signal(supervisor, sys::next_signal(signals.as_fd())),
            }
        }
    }
}

/// The next number that the supervisor reports; none comes if it has died.
fn next_report(reports: &mut PipeReader) -> Result<i32, Errno> {
    let mut number = [0; 4];
    reports.read_exact(&mut number)?;
    Ok(i32::from_ne_bytes(number))
}

/// Waits for the supervisor, and kills what it leaves behind: its orphans are the watcher's.
fn watch() {
    FORWARDED_SIGNALS.iter().for_each(|signal| sys::ignore_signal(*signal));
    while sys::wait_any(0).is_ok() {
        // While the supervisor lives, there is no other child.
        if sys::has_children() {
            kill_children();
        }
    }
}

/// Forwards a signal to the supervisor, unless the kernel or a guest has sent it, as by `kill 0`:
/// that is for all of a group, and guests are in ours.
fn forward_signal(supervisor: i32, signal: Option<Signal>) {
    let Some(Signal { number, sender }) = signal else {
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

/// The supervisor's link to its stand-in.
pub(crate) struct Reporter {
    writer: PipeWriter,
    stand_in: OwnedFd,
    /// The program has ended, and the stand-in knows.
    has_reported: AtomicBool,
}

impl Reporter {
    /// Reports the program's exit code: the stand-in exits with it.
    pub(crate) fn report(&self, code: i32) {
        // Relaxed: the main thread's alone.
        if !self.is_left() && !self.has_reported.swap(true, Ordering::Relaxed) {
            // Fails if the stand-in has gone just now.
            let _ = (&self.writer).write_all(&code.to_ne_bytes());
        }
    }

    /// Whether the stand-in has gone before the program.
    fn is_left(&self) -> bool {
        !self.has_reported.load(Ordering::Relaxed) && sys::is_readable(self.stand_in.as_fd())
    }

    /// Readable once the stand-in is gone.
    pub(crate) fn stand_in(&self) -> &OwnedFd {
        &self.stand_in
    }

    /// Kills all guests if the stand-in has gone before the program, or the watcher at all.
    pub(crate) fn kill_guests_if_alone(&self) {
        let watcher = std::os::unix::process::parent_id() as i32;
        if watcher != WATCHER.load(Ordering::Relaxed) || self.is_left() {
            // Their children become ours: then the next wait finds us here again.
            kill_children();
        }
    }
}

/// Whether our stand-in has sent the signal.
pub(crate) fn has_forwarded(signal: Signal) -> bool {
    signal.sender == Some(STAND_IN.load(Ordering::Relaxed))
}

/// Readable once the watcher is gone.
pub(crate) fn pidfd() -> Result<OwnedFd, Errno> {
    sys::pidfd_open(WATCHER.load(Ordering::Relaxed))
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
