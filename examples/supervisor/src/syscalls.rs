//! The system calls that we hear of: when, and who serves them. One table for the filter, the
//! dispatch and the trace.
#![allow(non_upper_case_globals)]

use libc::*;

use super::{
    call::Handler,
    close, dup, exec, fcntl,
    filter::When::{self, Always, AtLeast, Clone, Fails, Fcntl, Fd, Has, Ioctl, Is, Mmap},
    identity, io,
    ioctl::{self, NAME_ANOTHER},
    limits::{self, FSIZE, NOFILE},
    numbers::KERNEL_END,
    open, proc_fd, sets, stat,
    twin::{self, promote_all},
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Syscall {
    pub(crate) number: c_long,
    pub(crate) name: &'static str,
    pub(crate) when: When,
    pub(crate) serve: Handler,
    /// It changes a table: before, each child must have its copy. An open looks itself, if it does.
    pub(crate) changes: bool,
}

/// The first argument is a descriptor.
const FIRST: When = Fd(&[0]);
const FIRST_TWO: When = Fd(&[0, 1]);
const FIRST_AND_THIRD: When = Fd(&[0, 2]);
const FIRST_AND_FOURTH: When = Fd(&[0, 3]);
const SECOND: When = Fd(&[1]);

/// Reads or writes through a table, or only looks.
const fn uses(number: c_long, name: &'static str, when: When, serve: Handler) -> Syscall {
    Syscall { number, name, when, serve, changes: false }
}

const fn changes(number: c_long, name: &'static str, when: When, serve: Handler) -> Syscall {
    Syscall { changes: true, ..uses(number, name, when, serve) }
}

/// The kernel does it, once it has the descriptors among the arguments.
const fn native(number: c_long, name: &'static str, when: When) -> Syscall {
    uses(number, name, when, promote_all)
}

pub(crate) static SYSCALLS: &[Syscall] = &[
    uses(SYS_read, "read", FIRST, io::read),
    uses(SYS_write, "write", FIRST, io::write),
    changes(SYS_close, "close", FIRST, close::close),
    uses(SYS_fstat, "fstat", FIRST, stat::fstat),
    uses(SYS_lseek, "lseek", FIRST, io::forward),
    uses(SYS_pread64, "pread64", FIRST, io::pread64),
    uses(SYS_pwrite64, "pwrite64", FIRST, io::pwrite64),
    uses(SYS_readv, "readv", FIRST, io::readv),
    uses(SYS_writev, "writev", FIRST, io::writev),
    changes(SYS_ioctl, "ioctl", Ioctl(NAME_ANOTHER), ioctl::ioctl),
    uses(SYS_newfstatat, "newfstatat", FIRST, stat::newfstatat),
    native(SYS_recvfrom, "recvfrom", FIRST),
    native(SYS_sendto, "sendto", FIRST),
    native(SYS_recvmsg, "recvmsg", FIRST),
    native(SYS_epoll_wait, "epoll_wait", FIRST),
    native(SYS_epoll_pwait, "epoll_pwait", FIRST),
    native(SYS_epoll_pwait2, "epoll_pwait2", FIRST),
    uses(SYS_statx, "statx", FIRST, stat::statx),
    uses(SYS_getdents64, "getdents64", FIRST, io::getdents64),
    uses(SYS_preadv, "preadv", FIRST, io::preadv),
    uses(SYS_pwritev, "pwritev", FIRST, io::pwritev),
    uses(SYS_fstatfs, "fstatfs", FIRST, stat::fstatfs),
    uses(SYS_ftruncate, "ftruncate", FIRST, io::ftruncate),
    uses(SYS_fadvise64, "fadvise64", FIRST, io::forward),
    uses(SYS_fchmod, "fchmod", FIRST, io::forward_by_right),
    uses(SYS_fchown, "fchown", FIRST, io::forward_by_right),
    uses(SYS_fallocate, "fallocate", FIRST, io::forward_slow),
    uses(SYS_fsync, "fsync", FIRST, io::forward_slow),
    uses(SYS_fdatasync, "fdatasync", FIRST, io::forward_slow),
    changes(SYS_dup, "dup", FIRST, dup::dup),
    native(SYS_getdents, "getdents", FIRST),
    native(SYS_preadv2, "preadv2", FIRST),
    native(SYS_pwritev2, "pwritev2", FIRST),
    native(SYS_sync_file_range, "sync_file_range", FIRST),
    native(SYS_readahead, "readahead", FIRST),
    native(SYS_flock, "flock", FIRST),
    native(SYS_fchdir, "fchdir", FIRST),
    native(SYS_fgetxattr, "fgetxattr", FIRST),
    native(SYS_fsetxattr, "fsetxattr", FIRST),
    native(SYS_flistxattr, "flistxattr", FIRST),
    native(SYS_fremovexattr, "fremovexattr", FIRST),
    native(SYS_syncfs, "syncfs", FIRST),
    native(SYS_faccessat, "faccessat", FIRST),
    native(SYS_faccessat2, "faccessat2", FIRST),
    native(SYS_mkdirat, "mkdirat", FIRST),
    native(SYS_mknodat, "mknodat", FIRST),
    native(SYS_unlinkat, "unlinkat", FIRST),
    native(SYS_fchmodat, "fchmodat", FIRST),
    native(SYS_fchmodat2, "fchmodat2", FIRST),
    native(SYS_fchownat, "fchownat", FIRST),
    native(SYS_utimensat, "utimensat", FIRST),
    native(SYS_futimesat, "futimesat", FIRST),
    native(SYS_name_to_handle_at, "name_to_handle_at", FIRST),
    native(SYS_open_by_handle_at, "open_by_handle_at", FIRST),
    native(SYS_vmsplice, "vmsplice", FIRST),
    native(SYS_inotify_add_watch, "inotify_add_watch", FIRST),
    native(SYS_inotify_rm_watch, "inotify_rm_watch", FIRST),
    native(SYS_accept, "accept", FIRST),
    native(SYS_accept4, "accept4", FIRST),
    native(SYS_connect, "connect", FIRST),
    native(SYS_bind, "bind", FIRST),
    native(SYS_listen, "listen", FIRST),
    native(SYS_getsockopt, "getsockopt", FIRST),
    native(SYS_setsockopt, "setsockopt", FIRST),
    native(SYS_getsockname, "getsockname", FIRST),
    native(SYS_getpeername, "getpeername", FIRST),
    native(SYS_shutdown, "shutdown", FIRST),
    native(SYS_recvmmsg, "recvmmsg", FIRST),
    native(SYS_timerfd_settime, "timerfd_settime", FIRST),
    native(SYS_timerfd_gettime, "timerfd_gettime", FIRST),
    native(SYS_signalfd4, "signalfd4", FIRST),
    native(SYS_finit_module, "finit_module", FIRST),
    native(SYS_pidfd_send_signal, "pidfd_send_signal", FIRST),
    native(SYS_pidfd_getfd, "pidfd_getfd", FIRST),
    native(SYS_quotactl_fd, "quotactl_fd", FIRST),
    native(SYS_open_tree, "open_tree", FIRST),
    native(SYS_fspick, "fspick", FIRST),
    native(SYS_mount_setattr, "mount_setattr", FIRST),
    native(451, "cachestat", FIRST),
    native(463, "setxattrat", FIRST),
    native(464, "getxattrat", FIRST),
    native(465, "listxattrat", FIRST),
    native(466, "removexattrat", FIRST),
    native(467, "open_tree_attr", FIRST),
    native(468, "file_getattr", FIRST),
    native(469, "file_setattr", FIRST),
    changes(SYS_fcntl, "fcntl", Fcntl, fcntl::fcntl),
    uses(SYS_mmap, "mmap", Mmap, twin::mmap),
    uses(SYS_openat, "openat", Always, open::openat),
    uses(SYS_open, "open", Always, open::open),
    uses(SYS_creat, "creat", Always, open::creat),
    uses(SYS_openat2, "openat2", Always, open::openat2),
    changes(SYS_execve, "execve", Always, exec::execve),
    changes(SYS_execveat, "execveat", Always, exec::execveat),
    uses(SYS_readlink, "readlink", Always, proc_fd::readlink),
    uses(SYS_readlinkat, "readlinkat", Always, proc_fd::readlinkat),
    uses(SYS_sendmsg, "sendmsg", Always, sets::sendmsg),
    uses(SYS_sendmmsg, "sendmmsg", Always, sets::sendmmsg),
    uses(SYS_poll, "poll", Always, sets::poll),
    uses(SYS_ppoll, "ppoll", Always, sets::poll),
    uses(SYS_chroot, "chroot", Always, identity::changed),
    uses(SYS_pivot_root, "pivot_root", Always, identity::changed),
    uses(SYS_setuid, "setuid", Always, identity::changed),
    uses(SYS_setgid, "setgid", Always, identity::changed),
    uses(SYS_setreuid, "setreuid", Always, identity::changed),
    uses(SYS_setregid, "setregid", Always, identity::changed),
    uses(SYS_setresuid, "setresuid", Always, identity::changed),
    uses(SYS_setresgid, "setresgid", Always, identity::changed),
    uses(SYS_setfsuid, "setfsuid", Always, identity::changed),
    uses(SYS_setfsgid, "setfsgid", Always, identity::changed),
    uses(SYS_setgroups, "setgroups", Always, identity::changed),
    uses(SYS_capset, "capset", Always, identity::changed),
    uses(SYS_setns, "setns", Always, identity::changed),
    uses(SYS_landlock_restrict_self, "landlock_restrict_self", Always, identity::changed),
    uses(SYS_prctl, "prctl", Is(0, identity::PRCTL), identity::changed),
    uses(SYS_clone3, "clone3", Always, identity::clone3),
    changes(SYS_dup2, "dup2", FIRST_TWO, dup::dup2),
    changes(SYS_dup3, "dup3", FIRST_TWO, dup::dup3),
    native(SYS_sendfile, "sendfile", FIRST_TWO),
    native(SYS_tee, "tee", FIRST_TWO),
    native(SYS_kexec_file_load, "kexec_file_load", FIRST_TWO),
    native(SYS_renameat, "renameat", FIRST_AND_THIRD),
    native(SYS_renameat2, "renameat2", FIRST_AND_THIRD),
    native(SYS_linkat, "linkat", FIRST_AND_THIRD),
    native(SYS_copy_file_range, "copy_file_range", FIRST_AND_THIRD),
    native(SYS_splice, "splice", FIRST_AND_THIRD),
    native(SYS_epoll_ctl, "epoll_ctl", FIRST_AND_THIRD),
    native(SYS_move_mount, "move_mount", FIRST_AND_THIRD),
    native(SYS_fanotify_mark, "fanotify_mark", FIRST_AND_FOURTH),
    native(SYS_symlinkat, "symlinkat", SECOND),
    changes(SYS_close_range, "close_range", AtLeast(1, KERNEL_END as u32), close::close_range),
    uses(SYS_select, "select", AtLeast(0, KERNEL_END as u32 + 1), sets::select),
    uses(SYS_pselect6, "pselect6", AtLeast(0, KERNEL_END as u32 + 1), sets::select),
    uses(SYS_prlimit64, "prlimit64", Is(1, &[NOFILE, FSIZE]), limits::prlimit64),
    uses(SYS_getrlimit, "getrlimit", Is(0, &[NOFILE]), limits::getrlimit),
    uses(SYS_setrlimit, "setrlimit", Is(0, &[NOFILE, FSIZE]), limits::setrlimit),
    changes(SYS_unshare, "unshare", Has(0, identity::UNSHARE), identity::unshare),
    uses(SYS_clone, "clone", Clone(identity::OTHER_VIEW), identity::clone),
    // They name descriptors in memory that we do not see.
    uses(SYS_io_uring_setup, "io_uring_setup", Fails(ENOSYS), promote_all),
    uses(SYS_io_setup, "io_setup", Fails(ENOSYS), promote_all),
];

impl Syscall {
    /// Which arguments are descriptors.
    pub(crate) fn fd_arguments(&self) -> &'static [u32] {
        match self.when {
            Fd(arguments) => arguments,
            Fcntl | Ioctl(_) => &[0],
            _ => &[],
        }
    }
}

/// What the filter tells of: all of them, or all but `poll`, which costs each of its callers
/// something and is of use for numbers of the table only.
pub(crate) fn told(poll: bool) -> Vec<Syscall> {
    let is_poll = |syscall: &Syscall| matches!(syscall.number, SYS_poll | SYS_ppoll);
    SYSCALLS.iter().copied().filter(|syscall| poll || !is_poll(syscall)).collect()
}

/// Finds a system call by its number.
pub(crate) struct Index(Vec<Option<&'static Syscall>>);

impl Index {
    pub(crate) fn new() -> Self {
        let len = SYSCALLS.iter().map(|s| s.number as usize + 1).max();
        let mut index = vec![None; len.unwrap_or(0)];
        for syscall in SYSCALLS {
            index[syscall.number as usize] = Some(syscall);
        }
        Self(index)
    }

    pub(crate) fn get(&self, number: i32) -> Option<&'static Syscall> {
        *self.0.get(usize::try_from(number).ok()?)?
    }
}
