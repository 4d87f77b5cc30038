//! The kernel's side: a process that makes the real calls, in a table that holds nothing but what
//! they opened.
//!
//! The process runs this test executable anew. It calls `serve` before the test harness starts, so
//! it has one thread, and no descriptor of the harness or of the standard library's start-up.

use super::channel::Channel;
use super::step::{Outcome, Step, ZERO};
use super::sys;
use std::ffi::{CStr, CString};

/// The environment variable that makes a process a subject. Its value is
/// `boot|exec TASK SOFT_LIMIT CHANNEL_PATH`.
pub(crate) const ORDERS: &CStr = c"FDTABLE_SUBJECT";

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    // SAFETY: one thread, so nothing changes the environment meanwhile.
    let orders = unsafe { libc::getenv(ORDERS.as_ptr()) };
    if orders.is_null() {
        return;
    }
    // SAFETY: getenv gives a C string; it is copied before exec_self sets the variable anew.
    let orders = unsafe { CStr::from_ptr(orders) }.to_owned();
    run(orders.to_str().unwrap_or(""))
}

/// The orders for a process that is to serve `task`.
pub(crate) fn orders(kind: &str, task: usize, soft: u64, path: &str) -> CString {
    CString::new(format!("{kind} {task} {soft} {path}")).expect("no NUL")
}

/// A subject whose start fails can only tell by its exit status.
fn need<V>(value: Option<V>, status: i32) -> V {
    value.unwrap_or_else(|| sys::exit(status))
}

fn run(orders: &str) -> ! {
    let mut words = orders.splitn(4, ' ');
    let mut word = || need(words.next(), 81);
    let (kind, task, soft, path) = (word(), word(), word(), word());
    let task: usize = need(task.parse().ok(), 82);
    if kind == "boot" {
        sys::die_with_parent();
        need(sys::close_range(0, u32::MAX, 0).ok(), 83);
    }
    let c_path = need(CString::new(path).ok(), 84);
    let channel = need(Channel::open(&c_path), 85);
    let soft: u64 = need(soft.parse().ok(), 86);
    need(sys::set_nofile_limit(soft).ok(), 87);
    // The execve that brought us here is the last step of the batch in hand.
    let lane = channel.lane(task);
    lane.reply(lane.len() - 1, ZERO);
    lane.answer();
    Subject { channel, task, path }.serve()
}

/// One task.
struct Subject<'a> {
    channel: Channel,
    task: usize,
    path: &'a str,
}

impl Subject<'_> {
    fn serve(&self) -> ! {
        let lane = self.channel.lane(self.task);
        let parent = sys::parent();
        let orphaned = || {
            if sys::parent() != parent {
                sys::exit(88)
            }
        };
        loop {
            for i in 0..lane.next(orphaned) {
                lane.reply(i, self.perform(lane.step(i)));
            }
            let last = lane.step(lane.len() - 1);
            lane.answer();
            if last == Step::Exit {
                sys::exit(0);
            }
        }
    }

    fn perform(&self, step: Step) -> Outcome {
        match step {
            Step::Open { cloexec } => sys::open(cloexec),
            Step::Pipe { cloexec } => sys::pipe(cloexec),
            Step::Dup { old } => sys::dup(old),
            Step::Dup2 { old, new } => sys::dup2(old, new),
            Step::Dup3 { old, new, flags } => sys::dup3(old, new, flags),
            Step::DupFrom { old, min, cloexec: false } => sys::fcntl(old, libc::F_DUPFD, min),
            Step::DupFrom { old, min, cloexec: true } => {
                sys::fcntl(old, libc::F_DUPFD_CLOEXEC, min)
            }
            Step::GetFd { fd } => sys::fcntl(fd, libc::F_GETFD, 0),
            Step::SetFd { fd, arg } => sys::fcntl(fd, libc::F_SETFD, arg),
            Step::Close { fd } => sys::close(fd),
            Step::CloseRange { first, last, flags } => sys::close_range(first, last, flags),
            Step::SetLimit { limit } => sys::set_nofile_limit(limit.into()),
            Step::Fork { task } => self.clone(0, task),
            Step::Share { task } => self.clone(libc::CLONE_FILES, task),
            Step::Unshare => sys::unshare(libc::CLONE_FILES),
            Step::Exec => self.exec(),
            Step::FailedExec => sys::exec(c"/nonexistent/file"),
            Step::Exit | Step::Look { .. } => ZERO,
        }
    }

    fn clone(&self, flags: i32, task: usize) -> Outcome {
        let [pid, _] = sys::clone(flags)?;
        if pid == 0 {
            sys::die_with_parent();
            Subject { task, ..*self }.serve()
        }
        let lane = self.channel.lane(task);
        lane.pid.store(pid, std::sync::atomic::Ordering::Relaxed);
        ZERO
    }

    /// The limit is lifted meanwhile: the loader and the start-up need a free number, and the table
    /// may have none.
    fn exec(&self) -> Outcome {
        let limits = sys::nofile_limits();
        sys::set_nofile_limit(limits.rlim_max)?;
        let orders = orders("exec", self.task, limits.rlim_cur, self.path);
        sys::exec_self(ORDERS, &orders)
    }
}
