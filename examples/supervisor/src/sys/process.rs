//! Processes, their limits and their signals.

use std::{
    fs::File,
    io::Read,
    mem::MaybeUninit,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use libc::{c_int, c_ulong};

use super::{Errno, Result, check, owned, zeroed};

pub(crate) fn pidfd_open(pid: i32) -> Result<OwnedFd> {
    // SAFETY: integers only.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
}

/// A pidfd of a thread, since Linux 6.9; before, only where it leads its process.
pub(crate) fn pidfd_open_thread(tid: i32) -> Result<OwnedFd> {
    const PIDFD_THREAD: c_int = libc::O_EXCL;
    // SAFETY: integers only.
    match owned(unsafe { libc::syscall(libc::SYS_pidfd_open, tid, PIDFD_THREAD) }) {
        Err(Errno(libc::EINVAL)) => Err(Errno(libc::EBADF)),
        pidfd => pidfd,
    }
}

/// The parent of a process that has not ended, since Linux 6.13.
pub(crate) fn parent_id(pidfd: BorrowedFd<'_>) -> Option<i32> {
    /// The first version of `struct pidfd_info`.
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        mask: u64,
        cgroup: u64,
        pid: u32,
        tgid: u32,
        ppid: u32,
        credentials: [u32; 8],
        exit_code: i32,
    }
    const PIDFD_GET_INFO: c_ulong = 0xc040_ff0b;
    const PIDFD_INFO_PID: u64 = 1;
    let mut info = Info { mask: PIDFD_INFO_PID, ..Info::default() };
    // SAFETY: `info` is writable, and as long as the request's number says.
    let result = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
    let _ = (info.cgroup, info.pid, info.tgid, info.credentials, info.exit_code);
    (result == 0 && info.mask & PIDFD_INFO_PID != 0).then_some(info.ppid as i32)
}

/// A copy of another process's descriptor, on the same open file description.
pub(crate) fn pidfd_getfd(pidfd: BorrowedFd<'_>, fd: RawFd) -> Result<OwnedFd> {
    // SAFETY: integers only.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })
}

/// Whether two tasks share one descriptor table.
pub(crate) fn share_files(a: i32, b: i32) -> bool {
    const KCMP_FILES: c_int = 2;
    // SAFETY: integers only.
    unsafe { libc::syscall(libc::SYS_kcmp, a, b, KCMP_FILES, 0, 0) == 0 }
}

/// Whether a task is there and has both descriptors. They are compared for that: to look each up by
/// its path takes ten times as long.
pub(crate) fn has_both(tid: i32, a: RawFd, b: RawFd) -> bool {
    const KCMP_FILE: c_int = 0;
    // SAFETY: integers only.
    let result = check(unsafe { libc::syscall(libc::SYS_kcmp, tid, tid, KCMP_FILE, a, b) });
    !matches!(result, Err(Errno(libc::EBADF | libc::ESRCH)))
}

/// Whether a descriptor of another process and one of ours are of one open file description.
pub(crate) fn is_same_file(tid: i32, theirs: RawFd, ours: BorrowedFd<'_>) -> bool {
    const KCMP_FILE: c_int = 0;
    // SAFETY: integers only.
    unsafe {
        libc::syscall(libc::SYS_kcmp, tid, libc::getpid(), KCMP_FILE, theirs, ours.as_raw_fd()) == 0
    }
}

/// The descriptor limits of a process; `pid` 0 is our own.
pub(crate) fn nofile(pid: i32) -> Result<libc::rlimit64> {
    // SAFETY: all zeroes is an rlimit64.
    let mut limits = unsafe { zeroed() };
    // SAFETY: `limits` is writable, and no new limits are given.
    check(i64::from(unsafe {
        libc::prlimit64(pid, libc::RLIMIT_NOFILE, std::ptr::null(), &raw mut limits)
    }))?;
    Ok(limits)
}

/// Sets the descriptor limits of a process. Its owner may; and root, where it has all that root can
/// have.
pub(crate) fn set_nofile(pid: i32, soft: u64, hard: u64) -> Result<()> {
    match prlimit_nofile(pid, soft, hard) {
        Err(Errno(libc::EPERM)) => as_owner(pid, || prlimit_nofile(pid, soft, hard)),
        set => set,
    }
}

/// Does something with the real user and group of a process, if this thread may take them on. They
/// decide whose limits it may set, and what it may do besides stays as it is.
fn as_owner(pid: i32, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let status = read_proc(&format!("/proc/{pid}/status")).ok_or(Errno(libc::ESRCH))?;
    let real = |field| status_field(&status, field)?.split_whitespace().next()?.parse().ok();
    let (uid, gid) = real("Uid").zip(real("Gid")).ok_or(Errno(libc::ESRCH))?;
    // SAFETY: no arguments.
    let own = unsafe { (libc::getuid(), libc::getgid()) };
    let acted = set_real_ids(uid, gid).and_then(|()| act());
    set_real_ids(own.0, own.1)?;
    acted
}

/// Of this thread alone: the C library's functions would change all.
fn set_real_ids(uid: u32, gid: u32) -> Result<()> {
    const KEEP: u32 = u32::MAX;
    // SAFETY: integers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, KEEP, KEEP) })?;
    // SAFETY: integers only.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, KEEP, KEEP) }).map(drop)
}

fn prlimit_nofile(pid: i32, soft: u64, hard: u64) -> Result<()> {
    let limits = libc::rlimit64 { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limits` is readable, and the old ones are not asked for.
    check(i64::from(unsafe {
        libc::prlimit64(pid, libc::RLIMIT_NOFILE, &raw const limits, std::ptr::null_mut())
    }))
    .map(drop)
}

pub(crate) fn set_umask(mask: u32) {
    // SAFETY: an integer.
    unsafe { libc::umask(mask) };
}

/// Sets the mask of this thread alone; false where it cannot have its own.
pub(crate) fn set_thread_umask(mask: u32) -> bool {
    thread_local! {
        // SAFETY: an integer. Nothing that the thread then has of its own is used but the mask.
        static IS_OWN: bool = unsafe { libc::unshare(libc::CLONE_FS) == 0 };
    }
    let is_own = IS_OWN.with(|own| *own);
    if is_own {
        set_umask(mask);
    }
    is_own
}

pub(crate) fn ignore_signal(signal: c_int) {
    // SAFETY: SIG_IGN is a disposition.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

pub(crate) fn default_signal(signal: c_int) {
    // SAFETY: SIG_DFL is a disposition.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Blocks signals in this thread, and in those that it starts from now on; what can be read when
/// one of them has come.
pub(crate) fn signal_fd(signals: &[c_int]) -> Result<OwnedFd> {
    // SAFETY: all zeroes is a signal set: an empty one.
    let mut set = unsafe { zeroed() };
    for signal in signals {
        // SAFETY: `set` is a signal set.
        unsafe { libc::sigaddset(&raw mut set, *signal) };
    }
    // SAFETY: `set` is a signal set.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: `set` is a signal set.
    owned(i64::from(unsafe { libc::signalfd(-1, &raw const set, flags) }))
}

/// A signal that has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signal {
    pub(crate) number: c_int,
    /// Nobody, if it comes from the kernel.
    pub(crate) sender: Option<i32>,
}

/// The next signal that has come, if there is one.
pub(crate) fn next_signal(signals: BorrowedFd<'_>) -> Option<Signal> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let len = size_of::<libc::signalfd_siginfo>();
    // SAFETY: `info` is writable for its length.
    let read = unsafe { libc::read(signals.as_raw_fd(), info.as_mut_ptr().cast(), len) };
    if read != len as isize {
        return None;
    }
    // SAFETY: all of it was read.
    let info = unsafe { info.assume_init() };
    // What a process sends has no positive code.
    let sender = (info.ssi_code <= 0).then_some(info.ssi_pid as i32);
    Some(Signal { number: info.ssi_signo as c_int, sender })
}

pub(crate) fn kill(pid: i32, signal: c_int) -> Result<()> {
    // SAFETY: integers only.
    check(i64::from(unsafe { libc::kill(pid, signal) })).map(drop)
}

/// The same for the process that the pidfd refers to.
pub(crate) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: c_int) -> Result<()> {
    // SAFETY: integers only, and no information.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, 0, 0) })
        .map(drop)
}

/// A `prctl` that takes one integer.
pub(crate) fn prctl(option: c_int, argument: c_ulong) -> Result<()> {
    assert!(matches!(
        option,
        libc::PR_SET_PDEATHSIG | libc::PR_SET_CHILD_SUBREAPER | libc::PR_SET_NO_NEW_PRIVS
    ));
    let none: c_ulong = 0;
    // SAFETY: these options take integers.
    check(i64::from(unsafe { libc::prctl(option, argument, none, none, none) })).map(drop)
}

/// `fork`; 0 in the child. There is one thread yet.
pub(crate) fn fork() -> Result<i32> {
    // SAFETY: no other thread can hold a lock that the child would wait for.
    check(i64::from(unsafe { libc::fork() })).map(|pid| pid as i32)
}

/// Begins a session, and closes all descriptors that the process was started with.
pub(crate) fn leave_session_and_files() {
    // SAFETY: no arguments.
    unsafe { libc::setsid() };
    close_inherited();
}

/// Closes the descriptors that the process was started with. Nothing is open at 0, 1 and 2 then
/// that another process could wait for.
pub(crate) fn close_inherited() {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let inherited: Vec<RawFd> = numbers.filter(|fd| super::is_inherited(*fd)).collect();
    let null = File::options().read(true).write(true).open("/dev/null");
    for fd in inherited {
        // SAFETY: it is none of the descriptors that we have made: those are close-on-exec.
        unsafe {
            match (&null, fd) {
                (Ok(null), 0..=2) => libc::dup2(null.as_raw_fd(), fd),
                _ => libc::close(fd),
            }
        };
    }
}

/// `fork`, with a child that has our descriptor table too. There is one thread yet.
pub(crate) fn fork_sharing_files() -> Result<i32> {
    let flags = libc::CLONE_FILES | libc::SIGCHLD;
    // SAFETY: without a stack of its own the child goes on with a copy of ours; no other thread can
    // hold a lock that it would wait for.
    check(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) }).map(|pid| pid as i32)
}

/// Ends the process without running anything of the parent's.
pub(crate) fn exit_now(code: c_int) -> ! {
    // SAFETY: an integer.
    unsafe { libc::_exit(code) }
}

/// Waits for any child; its pid and wait status, or nothing if with `WNOHANG` none has ended.
pub(crate) fn wait_any(options: c_int) -> Result<Option<(i32, c_int)>> {
    let (mut status, options) = (0, options | libc::__WALL);
    loop {
        // SAFETY: `status` is writable.
        match check(i64::from(unsafe { libc::waitpid(-1, &raw mut status, options) })) {
            Ok(pid) => return Ok((pid != 0).then_some((pid as i32, status))),
            Err(Errno(libc::EINTR)) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether there is a child to wait for.
pub(crate) fn has_children() -> bool {
    let any = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: no information is asked for.
    unsafe { libc::waitid(libc::P_ALL, 0, std::ptr::null_mut(), any) == 0 }
}

/// The exit status that a shell would show for a wait status.
pub(crate) fn exit_code(status: c_int) -> i32 {
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) }
}

/// A short file under `/proc`, or nothing: each read of one costs, so it is one.
pub(crate) fn read_proc(path: &str) -> Option<String> {
    let mut bytes = [0; 4096];
    let length = File::open(path).ok()?.read(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

/// A field of `/proc/<tid>/status`, where only one is asked for.
pub(crate) fn status(tid: i32, name: &str) -> Option<String> {
    let status = read_proc(&format!("/proc/{tid}/status"))?;
    status_field(&status, name).map(str::to_owned)
}

/// A field of `/proc/<tid>/status`.
pub(crate) fn status_field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
