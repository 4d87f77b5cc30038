//! The system calls, each with its errno as a value.

use super::step::{Identity, Outcome, View};
use libc::{c_int, c_long};
use std::ffi::CStr;

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn outcome(returned: c_int) -> Outcome {
    if returned < 0 { Err(errno()) } else { Ok([returned, -1]) }
}

/// For system calls whose arguments are numbers only.
fn numbers(call: c_long, args: [u64; 3]) -> Outcome {
    // SAFETY: the callers below pass calls that neither read nor write memory.
    outcome(unsafe { libc::syscall(call, args[0], args[1], args[2]) } as c_int)
}

fn cloexec_bit(set: bool, bit: c_int) -> c_int {
    if set { bit } else { 0 }
}

/// A file with an inode of its own.
pub(crate) fn open(cloexec: bool) -> Outcome {
    let flags = cloexec_bit(cloexec, libc::MFD_CLOEXEC as c_int);
    // SAFETY: the name is a C string.
    outcome(unsafe { libc::memfd_create(c"fdtable".as_ptr(), flags as u32) })
}

pub(crate) fn pipe(cloexec: bool) -> Outcome {
    let mut ends = [-1; 2];
    // SAFETY: pipe2 writes two ints.
    let returned = unsafe { libc::pipe2(ends.as_mut_ptr(), cloexec_bit(cloexec, libc::O_CLOEXEC)) };
    outcome(returned).map(|_| ends)
}

pub(crate) fn dup(old: i32) -> Outcome {
    // SAFETY: takes numbers only.
    outcome(unsafe { libc::dup(old) })
}

pub(crate) fn dup2(old: i32, new: i32) -> Outcome {
    // SAFETY: takes numbers only.
    outcome(unsafe { libc::dup2(old, new) })
}

pub(crate) fn dup3(old: i32, new: i32, flags: i32) -> Outcome {
    // SAFETY: takes numbers only.
    outcome(unsafe { libc::dup3(old, new, flags) })
}

/// The fcntl commands whose argument is a number.
pub(crate) fn fcntl(fd: i32, command: c_int, arg: i32) -> Outcome {
    // SAFETY: takes numbers only.
    outcome(unsafe { libc::fcntl(fd, command, arg) })
}

pub(crate) fn close(fd: i32) -> Outcome {
    // SAFETY: nothing in a subject owns a descriptor but the steps themselves.
    outcome(unsafe { libc::close(fd) })
}

/// Not every libc has the wrapper.
pub(crate) fn close_range(first: u32, last: u32, flags: u32) -> Outcome {
    numbers(libc::SYS_close_range, [first.into(), last.into(), flags.into()])
}

pub(crate) fn unshare(flags: c_int) -> Outcome {
    // SAFETY: takes numbers only.
    outcome(unsafe { libc::unshare(flags) })
}

pub(crate) fn nofile_limits() -> libc::rlimit {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: getrlimit writes one rlimit.
    let returned = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limits) };
    assert_eq!(returned, 0, "getrlimit");
    limits
}

/// The soft limit; the hard one stays.
pub(crate) fn set_nofile_limit(soft: u64) -> Outcome {
    let limits = libc::rlimit { rlim_cur: soft, ..nofile_limits() };
    // SAFETY: setrlimit reads one rlimit.
    outcome(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limits) })
}

/// fork, or with CLONE_FILES a task on the same table. The child becomes the caller's sibling, so
/// that the test can wait for it.
pub(crate) fn clone(flags: c_int) -> Outcome {
    let flags = flags | libc::CLONE_PARENT | libc::SIGCHLD;
    numbers(libc::SYS_clone, [flags as u64, 0, 0])
}

/// Runs this executable anew, with `value` as the environment's `name`.
pub(crate) fn exec_self(name: &CStr, value: &CStr) -> Outcome {
    // SAFETY: both are C strings, and a subject has no second thread that reads the environment.
    let set = unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) };
    assert_eq!(set, 0, "setenv");
    exec(c"/proc/self/exe")
}

pub(crate) fn exec(path: &CStr) -> Outcome {
    let argv = [path.as_ptr(), std::ptr::null()];
    // SAFETY: argv ends in null.
    outcome(unsafe { libc::execv(path.as_ptr(), argv.as_ptr()) })
}

pub(crate) fn exit(status: c_int) -> ! {
    // SAFETY: ends the process without its exit handlers, which are the test harness's.
    unsafe { libc::_exit(status) }
}

pub(crate) fn die_with_parent() {
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

pub(crate) fn parent() -> i32 {
    // SAFETY: takes nothing.
    unsafe { libc::getppid() }
}

/// What `fd` refers to, None if it is not open.
pub(crate) fn view(fd: i32) -> Option<View<Identity>> {
    let [flags, _] = fcntl(fd, libc::F_GETFD, 0).ok()?;
    let [status, _] = fcntl(fd, libc::F_GETFL, 0).ok()?;
    // SAFETY: all zeroes is a stat.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: fstat writes one stat.
    outcome(unsafe { libc::fstat(fd, &mut stat) }).ok()?;
    let access = status & libc::O_ACCMODE;
    let file = Identity { dev: stat.st_dev, ino: stat.st_ino, access };
    Some(View { cloexec: flags & libc::FD_CLOEXEC != 0, file })
}
