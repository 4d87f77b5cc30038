//! One call, in the kernel's words, and what it gave.

use std::fmt;

/// A call that both sides make. It crosses the shared memory as it is, because both ends run the
/// same executable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Open {
        cloexec: bool,
    },
    Pipe {
        cloexec: bool,
    },
    Dup {
        old: i32,
    },
    Dup2 {
        old: i32,
        new: i32,
    },
    Dup3 {
        old: i32,
        new: i32,
        flags: i32,
    },
    DupFrom {
        old: i32,
        min: i32,
        cloexec: bool,
    },
    GetFd {
        fd: i32,
    },
    SetFd {
        fd: i32,
        arg: i32,
    },
    Close {
        fd: i32,
    },
    CloseRange {
        first: u32,
        last: u32,
        flags: u32,
    },
    SetLimit {
        limit: u32,
    },
    /// A new task with a copy of the table.
    Fork {
        task: usize,
    },
    /// A new task on the same table.
    Share {
        task: usize,
    },
    Unshare,
    Exec,
    /// execve of a file that is not there.
    FailedExec,
    Exit,
    /// No call: only looks at three numbers.
    Look {
        fds: [i32; 3],
    },
}

/// The number returned and, for pipe, the second one (else -1); or the errno.
pub(crate) type Outcome = Result<[i32; 2], i32>;

/// A call that returns 0.
pub(crate) const ZERO: Outcome = Ok([0, -1]);

/// What one number refers to. The kernel names files by inode, the table by tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View<F> {
    pub(crate) cloexec: bool,
    pub(crate) file: F,
}

/// Each file that the test opens has an inode of its own. The two ends of a pipe share one, and
/// differ in their access mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) access: i32,
}

/// What the kernel's side answers to a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) outcome: Outcome,
    pub(crate) views: [Option<View<Identity>>; 3],
}

impl Step {
    /// The numbers to look at after the step; -1 is none.
    pub(crate) fn touched(&self, outcome: Outcome) -> [i32; 3] {
        let [n, second] = outcome.unwrap_or([-1, -1]);
        match *self {
            Step::Open { .. } | Step::Pipe { .. } => [n, second, -1],
            Step::Dup { old } => [old, n, -1],
            Step::Dup2 { old, new } | Step::Dup3 { old, new, .. } => [old, new, -1],
            Step::DupFrom { old, min, .. } => [old, min, n],
            Step::GetFd { fd } | Step::SetFd { fd, .. } | Step::Close { fd } => [fd, -1, -1],
            Step::CloseRange { first, last, .. } => {
                [first as i32, last as i32, first.wrapping_sub(1) as i32]
            }
            Step::Look { fds } => fds,
            _ => [-1; 3],
        }
    }

    /// The call's name, as the tally counts it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Step::Open { .. } => "open",
            Step::Pipe { .. } => "pipe2",
            Step::Dup { .. } => "dup",
            Step::Dup2 { .. } => "dup2",
            Step::Dup3 { .. } => "dup3",
            Step::DupFrom { cloexec: false, .. } => "F_DUPFD",
            Step::DupFrom { cloexec: true, .. } => "F_DUPFD_CLOEXEC",
            Step::GetFd { .. } => "F_GETFD",
            Step::SetFd { .. } => "F_SETFD",
            Step::Close { .. } => "close",
            Step::CloseRange { .. } => "close_range",
            Step::SetLimit { .. } => "setrlimit",
            Step::Fork { .. } => "fork",
            Step::Share { .. } => "clone(CLONE_FILES)",
            Step::Unshare => "unshare",
            Step::Exec | Step::FailedExec => "execve",
            Step::Exit => "exit",
            Step::Look { .. } => "look",
        }
    }

    /// Changes many numbers, or the set of tasks: the whole table is compared after it.
    pub(crate) fn sweeps(&self) -> bool {
        matches!(self, Step::CloseRange { .. }) || self.ends_a_batch()
    }

    /// The set of tasks changes, so what follows is another round's.
    pub(crate) fn ends_a_batch(&self) -> bool {
        use Step::*;
        matches!(self, Fork { .. } | Share { .. } | Unshare | Exec | FailedExec | Exit)
    }
}

/// The call as one would write it in C.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cloexec_of = |set: bool| if set { "O_CLOEXEC" } else { "0" };
        match *self {
            Step::Open { cloexec } => write!(f, "open({})", cloexec_of(cloexec)),
            Step::Pipe { cloexec } => write!(f, "pipe2({})", cloexec_of(cloexec)),
            Step::Dup { old } => write!(f, "dup({old})"),
            Step::Dup2 { old, new } => write!(f, "dup2({old}, {new})"),
            Step::Dup3 { old, new, flags } => write!(f, "dup3({old}, {new}, {flags:#o})"),
            Step::DupFrom { old, min, cloexec } => {
                let suffix = if cloexec { "_CLOEXEC" } else { "" };
                write!(f, "fcntl({old}, F_DUPFD{suffix}, {min})")
            }
            Step::GetFd { fd } => write!(f, "fcntl({fd}, F_GETFD)"),
            Step::SetFd { fd, arg } => write!(f, "fcntl({fd}, F_SETFD, {arg:#x})"),
            Step::Close { fd } => write!(f, "close({fd})"),
            Step::CloseRange { first, last, flags } => {
                let known = fdtable::CloseRangeFlags::from_bits_retain(flags);
                write!(f, "close_range({first}, {last}, {known:?})")
            }
            Step::SetLimit { limit } => write!(f, "setrlimit(RLIMIT_NOFILE, {limit})"),
            Step::Fork { task } => write!(f, "fork() as task {task}"),
            Step::Share { task } => write!(f, "clone(CLONE_FILES) as task {task}"),
            Step::Unshare => write!(f, "unshare(CLONE_FILES)"),
            Step::Exec => write!(f, "execve()"),
            Step::FailedExec => write!(f, "execve() of a missing file"),
            Step::Exit => write!(f, "exit()"),
            Step::Look { fds } => write!(f, "look at {fds:?}"),
        }
    }
}
