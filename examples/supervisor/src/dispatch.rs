//! What a handler does with a notification, from the guest's thread to the reply.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};

use super::{
    call::{Call, Syscall},
    listener::Reply,
    supervisor::Supervisor,
    sys::{Errno, Result},
    syscalls::Index,
    task::Task,
    trace,
};

const AFTER: &str = ":after";

pub(crate) struct Dispatcher {
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) syscalls: Index,
    pub(crate) trace: bool,
    /// Measures how long handlers serve.
    pub(crate) time: bool,
    /// A system call whose handler shall panic; followed by [`AFTER`] if only when it is done.
    pub(crate) inject_panic: Option<String>,
}

impl Dispatcher {
    /// Serves a notification; `before_reply` is called when only the reply is left to do.
    pub(crate) fn serve(&self, notif: &libc::seccomp_notif, before_reply: impl FnOnce()) {
        let Some(syscall) = self.syscalls.get(notif.data.nr) else {
            // The filter intercepts nothing else.
            before_reply();
            let _ = self.supervisor.listener.send(notif.id, Reply::Continue);
            return;
        };
        let started = self.time.then(Instant::now);
        let task = catch_panic(|| self.task(notif.pid as i32));
        let call = task.as_ref().map(|task| self.call(notif, syscall, task));
        let reply = match &call {
            Ok(call) => catch_panic(|| self.reply(call)).unwrap_or_else(Reply::Error),
            Err(errno) => Reply::Error(**errno),
        };
        // Here every reference to a file has been dropped.
        let stats = &self.supervisor.stats;
        stats.count(syscall.number, reply);
        if let Some(started) = started {
            stats.busy(started.elapsed());
        }
        before_reply();
        // Fails if the guest is gone, or this thread of it, by another's exec.
        if self.supervisor.listener.send(notif.id, reply).is_err() {
            stats.lost();
            if let Ok(call) = call {
                call.roll_back(reply);
            }
        }
    }

    fn call<'a>(
        &'a self,
        notif: &libc::seccomp_notif,
        syscall: &'a Syscall,
        task: &'a Arc<Task>,
    ) -> Call<'a> {
        let supervisor = &self.supervisor;
        Call { supervisor, task, syscall, id: notif.id, args: notif.data.args }
    }

    /// The thread that makes the call, after what had to wait for its next one.
    fn task(&self, tid: i32) -> Result<Arc<Task>> {
        let gone = |_| Errno(libc::ESRCH);
        let registry = &self.supervisor.registry;
        let task = registry.task(tid).map_err(gone)?;
        task.finish_continued();
        registry.settle_exec(task).map_err(gone)
    }

    fn reply(&self, call: &Call<'_>) -> Result<Reply> {
        if call.syscall.changes_table {
            self.supervisor.registry.register_new_processes();
            call.task.process.pending_closes.free_closed();
        }
        let shown = self.trace.then(|| trace::show_call(call));
        self.panic_at(call.syscall.name, "");
        let reply = (call.syscall.serve)(call).unwrap_or_else(Reply::Error);
        let done = catch_panic(|| {
            self.panic_at(call.syscall.name, AFTER);
            if let Some(shown) = shown {
                trace::print(call, &shown, reply);
            }
            Ok(reply)
        });
        if done.is_err() {
            call.roll_back(reply);
        }
        done
    }

    fn panic_at(&self, syscall: &str, when: &str) {
        let wanted = self.inject_panic.as_deref().and_then(|wanted| wanted.strip_prefix(syscall));
        assert!(wanted != Some(when), "injected into {syscall}{when}");
    }
}

/// A handler that panics has failed, and lives on.
fn catch_panic<T>(handle: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(handle)).unwrap_or(Err(Errno(libc::EIO)))
}
