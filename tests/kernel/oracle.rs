//! The test's hold on the real tasks: starts them, sends them batches of steps, and reads the
//! kernel's list of their open numbers.

use super::channel::{BATCH, Channel, TASKS};
use super::step::{Reply, Step};
use super::{subject, sys};
use std::io::{Write, stderr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command};
use std::sync::atomic::Ordering::Relaxed;

/// What this system lets the kernel show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The highest limit that is set: the hard limit, and 2^20 at most (a table of 8 MiB in the
    /// kernel).
    pub(crate) cap: u32,
    /// The soft limit to begin with.
    pub(crate) soft: u32,
    pub(crate) unshare: bool,
}

impl Bounds {
    pub(crate) fn of_this_process() -> Bounds {
        let limits = sys::nofile_limits();
        let at_most = |limit: u64| limit.min(1 << 20) as u32;
        // Container profiles forbid the call, whatever it is to unshare.
        let unshare = sys::unshare(0).is_ok();
        if !unshare {
            // Past the harness, which swallows what a passing test prints.
            let _ = writeln!(stderr(), "SKIPPED: unshare(2) is forbidden here, no step uses it");
        }
        Bounds { cap: at_most(limits.rlim_max), soft: at_most(limits.rlim_cur), unshare }
    }
}

/// The real tasks. Dropping it ends them.
pub(crate) struct Oracle {
    channel: Channel,
    pids: [Option<i32>; TASKS],
    /// What the tasks map the channel by.
    _memory: OwnedFd,
    _first: Child,
}

impl Oracle {
    /// Task 0, with an empty table.
    pub(crate) fn boot(bounds: Bounds) -> Oracle {
        let (channel, memory) = Channel::create();
        let path = format!("/proc/{}/fd/{}", std::process::id(), memory.as_raw_fd());
        let orders = subject::orders("boot", 0, bounds.soft.into(), &path);
        let lane = channel.lane(0);
        lane.post(&[Step::Exec]);
        let this = std::env::current_exe().expect("the path of this executable");
        let first =
            Command::new(this).env(name(), orders.to_str().expect("text")).spawn().expect("spawn");
        let mut pids = [None; TASKS];
        pids[0] = Some(first.id() as i32);
        let mut oracle = Oracle { channel, pids, _memory: memory, _first: first };
        oracle.replies(0);
        oracle
    }

    /// Runs the steps in the task, in batches.
    pub(crate) fn run(&mut self, task: usize, steps: &[Step]) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(steps.len());
        for batch in steps.chunks(BATCH) {
            self.channel.lane(task).post(batch);
            replies.extend(self.replies(task));
            self.note(task, batch[batch.len() - 1]);
        }
        replies
    }

    fn replies(&mut self, task: usize) -> Vec<Reply> {
        let pid = self.pids[task].expect("a live task");
        let mut seconds = 0;
        self.channel.lane(task).replies(|| {
            seconds += 1;
            if let Some(status) = dead(pid) {
                panic!("task {task} died, wait status {status:#x}");
            }
            assert!(seconds < 120, "task {task} does not answer");
        })
    }

    /// Tasks begin and end with the last step of a batch only.
    fn note(&mut self, task: usize, last: Step) {
        match last {
            Step::Fork { task } | Step::Share { task } => {
                self.pids[task] = Some(self.channel.lane(task).pid.load(Relaxed));
            }
            Step::Exit => wait(self.pids[task].take().expect("a live task")),
            _ => {}
        }
    }

    /// Every number open in the task, ascending, as procfs lists them.
    pub(crate) fn open_numbers(&self, task: usize) -> Vec<i32> {
        let pid = self.pids[task].expect("a live task");
        let list = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("procfs");
        let number = |entry: std::io::Result<std::fs::DirEntry>| {
            let name = entry.expect("procfs").file_name();
            name.to_str().and_then(|name| name.parse().ok()).expect("a number")
        };
        let mut numbers: Vec<i32> = list.map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        for pid in self.pids.iter().copied().flatten() {
            // SAFETY: takes numbers only; the process is this test's own and not yet waited for.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            wait(pid);
        }
    }
}

fn name() -> &'static str {
    subject::ORDERS.to_str().expect("text")
}

fn wait(pid: i32) {
    // SAFETY: the status is not asked for.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL) };
}

/// The wait status of a task that has ended.
fn dead(pid: i32) -> Option<i32> {
    let mut status = 0;
    // SAFETY: waitpid writes one int.
    let waited = unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG | libc::__WALL) };
    (waited != 0).then_some(status)
}
