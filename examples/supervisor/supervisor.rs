//! Everything that the handlers share, and what one of them does with a notification.

use std::{
    panic::{self, AssertUnwindSafe},
    time::Instant,
};

use super::{
    call::Call,
    directory::Directory,
    listener::{Listener, Reply},
    stats::Stats,
    sys::Errno,
    syscalls::{Index, Syscall},
    trace,
};

/// The hard `RLIMIT_NOFILE` of a guest, and the most that root can raise it to: fs.nr_open's
/// default.
pub(crate) const MAX_NUMBERS: u32 = 1 << 20;

pub(crate) struct Supervisor {
    pub(crate) listener: Listener,
    pub(crate) directory: Directory,
    pub(crate) syscalls: Index,
    pub(crate) stats: Stats,
    /// The process that we started.
    pub(crate) first: i32,
    /// The hard `RLIMIT_NOFILE` that the kernel knows: no twin is possible from here on.
    pub(crate) kernel_hard: u64,
    pub(crate) is_root: bool,
    /// Also what is opened only to be read gets a number of the table.
    pub(crate) serve_all: bool,
    pub(crate) trace: bool,
    /// Measures how long handlers serve.
    pub(crate) time: bool,
    /// A system call whose handler shall panic.
    pub(crate) inject_panic: Option<String>,
}

impl Supervisor {
    /// Serves a notification, from the guest's thread to the answer.
    pub(crate) fn serve(&self, notif: &libc::seccomp_notif) {
        let Some(syscall) = self.syscalls.get(notif.data.nr) else {
            // The filter asks for nothing else.
            let _ = self.listener.send(notif.id, Reply::Continue);
            return;
        };
        let started = self.time.then(Instant::now);
        let served = panic::catch_unwind(AssertUnwindSafe(|| self.reply(notif, syscall)));
        // Here every reference to a file has been dropped.
        let reply = served.unwrap_or(Reply::Error(Errno(libc::EIO)));
        self.stats.count(syscall, reply);
        if let Some(started) = started {
            self.stats.busy(started.elapsed());
        }
        // Fails only if the guest is gone.
        if self.listener.send(notif.id, reply).is_err() {
            self.stats.lost();
        }
    }

    fn reply(&self, notif: &libc::seccomp_notif, syscall: &Syscall) -> Reply {
        let Ok(task) = self.directory.task(notif.pid as i32) else {
            return Reply::Error(Errno(libc::ESRCH));
        };
        task.release_parked();
        let Ok(task) = self.directory.settle_exec(task) else {
            return Reply::Error(Errno(libc::ESRCH));
        };
        if syscall.changes {
            self.directory.look();
        }
        if self.inject_panic.as_deref() == Some(syscall.name) {
            panic!("injected into {}", syscall.name);
        }
        let call =
            Call { supervisor: self, task: &task, syscall, id: notif.id, args: notif.data.args };
        let asked = self.trace.then(|| trace::asked(&call));
        let reply = (syscall.serve)(&call).unwrap_or_else(Reply::Error);
        if let Some(asked) = asked {
            trace::print(&call, &asked, reply);
        }
        reply
    }
}
