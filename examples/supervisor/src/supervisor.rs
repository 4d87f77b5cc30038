//! Everything that the handlers share, and what one of them does with a notification.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};

use super::{
    call::Call,
    listener::{Listener, Reply},
    process::Task,
    registry::Registry,
    stats::Stats,
    sys::{Errno, Result},
    syscalls::Index,
    trace,
};

/// The hard `RLIMIT_NOFILE` of a guest, and the most that root can raise it to: fs.nr_open's
/// default.
pub(crate) const MAX_NUMBERS: u32 = 1 << 20;

const AFTER: &str = ":after";

pub(crate) struct Supervisor {
    pub(crate) listener: Listener,
    pub(crate) registry: Registry,
    pub(crate) syscalls: Index,
    pub(crate) stats: Stats,
    /// The process that we started.
    pub(crate) first: i32,
    /// The hard `RLIMIT_NOFILE` that the kernel knows: no twin is possible from here on.
    pub(crate) kernel_hard: u64,
    /// Also what is opened only to be read gets a number of the table.
    pub(crate) serve_all: bool,
    pub(crate) trace: bool,
    /// Measures how long handlers serve.
    pub(crate) time: bool,
    /// A system call whose handler shall panic; followed by [`AFTER`] if only when it is done.
    pub(crate) inject_panic: Option<String>,
}

impl Supervisor {
    /// Serves a notification, from the guest's thread to the answer; `before_answer` is called when
    /// only that is left to do.
    pub(crate) fn serve(&self, notif: &libc::seccomp_notif, before_answer: impl FnOnce()) {
        let Some(syscall) = self.syscalls.get(notif.data.nr) else {
            // The filter asks for nothing else.
            before_answer();
            let _ = self.listener.send(notif.id, Reply::Continue);
            return;
        };
        let started = self.time.then(Instant::now);
        let task = caught(|| self.task(notif.pid as i32));
        let call = task.as_ref().map(|task| Call {
            supervisor: self,
            task,
            syscall,
            id: notif.id,
            args: notif.data.args,
        });
        let reply = match &call {
            Ok(call) => caught(|| self.reply(call)).unwrap_or_else(Reply::Error),
            Err(errno) => Reply::Error(**errno),
        };
        // Here every reference to a file has been dropped.
        self.stats.count(syscall, reply);
        if let Some(started) = started {
            self.stats.busy(started.elapsed());
        }
        before_answer();
        // Fails if the guest is gone, or this thread of it, by another's exec.
        if self.listener.send(notif.id, reply).is_err() {
            self.stats.lost();
            if let Ok(call) = call {
                call.take_back(reply);
            }
        }
    }

    /// The thread that makes the call, after what had to wait for its next one.
    fn task(&self, tid: i32) -> Result<Arc<Task>> {
        let gone = |_| Errno(libc::ESRCH);
        let task = self.registry.task(tid).map_err(gone)?;
        task.release_parked();
        self.registry.settle_exec(task).map_err(gone)
    }

    fn reply(&self, call: &Call<'_>) -> Result<Reply> {
        if call.syscall.changes {
            self.registry.register_new_processes();
            call.task.process.closing.release();
        }
        let asked = self.trace.then(|| trace::asked(call));
        self.panic_at(call.syscall.name, "");
        let reply = (call.syscall.serve)(call).unwrap_or_else(Reply::Error);
        let told = caught(|| {
            self.panic_at(call.syscall.name, AFTER);
            if let Some(asked) = asked {
                trace::print(call, &asked, reply);
            }
            Ok(reply)
        });
        if told.is_err() {
            call.take_back(reply);
        }
        told
    }

    fn panic_at(&self, syscall: &str, when: &str) {
        let wanted = self.inject_panic.as_deref().and_then(|wanted| wanted.strip_prefix(syscall));
        assert!(wanted != Some(when), "injected into {syscall}{when}");
    }
}

/// A handler that panics has failed, and lives on.
fn caught<T>(handle: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(handle)).unwrap_or(Err(Errno(libc::EIO)))
}
