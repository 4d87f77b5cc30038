//! The system calls that are intercepted: when, and which function serves them. One table for the
//! filter, the dispatch and the trace.
#![allow(non_upper_case_globals)]

use libc::*;

use super::{
    call::{Syscall, SyscallFn},
    clone, close, credentials, dup, exec, fcntl,
    filter::When::{self, Always, AtLeast, Clone, Fails, Fcntl, Fd, Has, Ioctl, Is, Mmap},
    io,
    ioctl::{self, NAME_ANOTHER},
    limits::{self, FSIZE, NOFILE},
    numbers::KERNEL_END,
    open, poll, proc_fd, sendmsg, stat,
    twin::{self, promote_all},
};

/// The first argument is a descriptor.
const FIRST: When = Fd(&[0]);
const FIRST_TWO: When = Fd(&[0, 1]);
const FIRST_AND_THIRD: When = Fd(&[0, 2]);
const FIRST_AND_FOURTH: When = Fd(&[0, 3]);
const SECOND: When = Fd(&[1]);

/// Reads or writes through a table, or only looks.
const fn uses(number: c_long, name: &'static str, when: When, serve: SyscallFn) -> Syscall {
    Syscall { number, name, when, serve, changes_table: false }
}

const fn changes(number: c_long, name: &'static str, when: When, serve: SyscallFn) -> Syscall {
    Syscall { changes_table: true, ..uses(number, name, when, serve) }
}

/// The kernel carries it out, once the descriptors among the arguments are promoted.
const fn promotes(number: c_long, name: &'static str, when: When) -> Syscall {
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
    promotes(SYS_recvfrom, "recvfrom", FIRST),
    promotes(SYS_sendto, "sendto", FIRST),
    promotes(SYS_recvmsg, "recvmsg", FIRST),
    promotes(SYS_epoll_wait, "epoll_wait", FIRST),
    promotes(SYS_epoll_pwait, "epoll_pwait", FIRST),
    promotes(SYS_epoll_pwait2, "epoll_pwait2", FIRST),
    uses(SYS_statx, "statx", FIRST, stat::statx),
    uses(SYS_getdents64, "getdents64", FIRST, io::getdents64),
    uses(SYS_preadv, "preadv", FIRST, io::preadv),
    uses(SYS_pwritev, "pwritev", FIRST, io::pwritev),
    uses(SYS_fstatfs, "fstatfs", FIRST, stat::fstatfs),
    uses(SYS_ftruncate, "ftruncate", FIRST, io::ftruncate),
    uses(SYS_fadvise64, "fadvise64", FIRST, io::forward),
    uses(SYS_fchmod, "fchmod", FIRST, io::forward_if_permitted),
    uses(SYS_fchown, "fchown", FIRST, io::forward_if_permitted),
    uses(SYS_fallocate, "fallocate", FIRST, io::forward_slow),
    uses(SYS_fsync, "fsync", FIRST, io::forward_slow),
    uses(SYS_fdatasync, "fdatasync", FIRST, io::forward_slow),
    changes(SYS_dup, "dup", FIRST, dup::dup),
    promotes(SYS_getdents, "getdents", FIRST),
    promotes(SYS_preadv2, "preadv2", FIRST),
    promotes(SYS_pwritev2, "pwritev2", FIRST),
    promotes(SYS_sync_file_range, "sync_file_range", FIRST),
    promotes(SYS_readahead, "readahead", FIRST),
    promotes(SYS_flock, "flock", FIRST),
    promotes(SYS_fchdir, "fchdir", FIRST),
    promotes(SYS_fgetxattr, "fgetxattr", FIRST),
    promotes(SYS_fsetxattr, "fsetxattr", FIRST),
    promotes(SYS_flistxattr, "flistxattr", FIRST),
    promotes(SYS_fremovexattr, "fremovexattr", FIRST),
    promotes(SYS_syncfs, "syncfs", FIRST),
    promotes(SYS_faccessat, "faccessat", FIRST),
    promotes(SYS_faccessat2, "faccessat2", FIRST),
    promotes(SYS_mkdirat, "mkdirat", FIRST),
    promotes(SYS_mknodat, "mknodat", FIRST),
    promotes(SYS_unlinkat, "unlinkat", FIRST),
    promotes(SYS_fchmodat, "fchmodat", FIRST),
    promotes(SYS_fchmodat2, "fchmodat2", FIRST),
    promotes(SYS_fchownat, "fchownat", FIRST),
    promotes(SYS_utimensat, "utimensat", FIRST),
    promotes(SYS_futimesat, "futimesat", FIRST),
    promotes(SYS_name_to_handle_at, "name_to_handle_at", FIRST),
    promotes(SYS_open_by_handle_at, "open_by_handle_at", FIRST),
    promotes(SYS_vmsplice, "vmsplice", FIRST),
    promotes(SYS_inotify_add_watch, "inotify_add_watch", FIRST),
    promotes(SYS_inotify_rm_watch, "inotify_rm_watch", FIRST),
    promotes(SYS_accept, "accept", FIRST),
    promotes(SYS_accept4, "accept4", FIRST),
    promotes(SYS_connect, "connect", FIRST),
    promotes(SYS_bind, "bind", FIRST),
    promotes(SYS_listen, "listen", FIRST),
    promotes(SYS_getsockopt, "getsockopt", FIRST),
    promotes(SYS_setsockopt, "setsockopt", FIRST),
    promotes(SYS_getsockname, "getsockname", FIRST),
    promotes(SYS_getpeername, "getpeername", FIRST),
    promotes(SYS_shutdown, "shutdown", FIRST),
    promotes(SYS_recvmmsg, "recvmmsg", FIRST),
    promotes(SYS_timerfd_settime, "timerfd_settime", FIRST),
    promotes(SYS_timerfd_gettime, "timerfd_gettime", FIRST),
    promotes(SYS_signalfd4, "signalfd4", FIRST),
    promotes(SYS_finit_module, "finit_module", FIRST),
    promotes(SYS_pidfd_send_signal, "pidfd_send_signal", FIRST),
    promotes(SYS_pidfd_getfd, "pidfd_getfd", FIRST),
    promotes(SYS_quotactl_fd, "quotactl_fd", FIRST),
    promotes(SYS_open_tree, "open_tree", FIRST),
    promotes(SYS_fspick, "fspick", FIRST),
    promotes(SYS_mount_setattr, "mount_setattr", FIRST),
    promotes(451, "cachestat", FIRST),
    promotes(463, "setxattrat", FIRST),
    promotes(464, "getxattrat", FIRST),
    promotes(465, "listxattrat", FIRST),
    promotes(466, "removexattrat", FIRST),
    promotes(467, "open_tree_attr", FIRST),
    promotes(468, "file_getattr", FIRST),
    promotes(469, "file_setattr", FIRST),
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
    uses(SYS_sendmsg, "sendmsg", Always, sendmsg::sendmsg),
    uses(SYS_sendmmsg, "sendmmsg", Always, sendmsg::sendmmsg),
    uses(SYS_poll, "poll", Always, poll::poll),
    uses(SYS_ppoll, "ppoll", Always, poll::poll),
    uses(SYS_chroot, "chroot", Always, credentials::changed),
    uses(SYS_pivot_root, "pivot_root", Always, credentials::changed),
    uses(SYS_setuid, "setuid", Always, credentials::changed),
    uses(SYS_setgid, "setgid", Always, credentials::changed),
    uses(SYS_setreuid, "setreuid", Always, credentials::changed),
    uses(SYS_setregid, "setregid", Always, credentials::changed),
    uses(SYS_setresuid, "setresuid", Always, credentials::changed),
    uses(SYS_setresgid, "setresgid", Always, credentials::changed),
    uses(SYS_setfsuid, "setfsuid", Always, credentials::changed),
    uses(SYS_setfsgid, "setfsgid", Always, credentials::changed),
    uses(SYS_setgroups, "setgroups", Always, credentials::changed),
    uses(SYS_capset, "capset", Always, credentials::changed),
    uses(SYS_setns, "setns", Always, credentials::changed),
    uses(SYS_landlock_restrict_self, "landlock_restrict_self", Always, credentials::changed),
    uses(SYS_prctl, "prctl", Is(0, credentials::PRCTL), credentials::changed),
    uses(SYS_clone3, "clone3", Always, clone::clone3),
    changes(SYS_dup2, "dup2", FIRST_TWO, dup::dup2),
    changes(SYS_dup3, "dup3", FIRST_TWO, dup::dup3),
    promotes(SYS_sendfile, "sendfile", FIRST_TWO),
    promotes(SYS_tee, "tee", FIRST_TWO),
    promotes(SYS_kexec_file_load, "kexec_file_load", FIRST_TWO),
    promotes(SYS_renameat, "renameat", FIRST_AND_THIRD),
    promotes(SYS_renameat2, "renameat2", FIRST_AND_THIRD),
    promotes(SYS_linkat, "linkat", FIRST_AND_THIRD),
    promotes(SYS_copy_file_range, "copy_file_range", FIRST_AND_THIRD),
    promotes(SYS_splice, "splice", FIRST_AND_THIRD),
    promotes(SYS_epoll_ctl, "epoll_ctl", FIRST_AND_THIRD),
    promotes(SYS_move_mount, "move_mount", FIRST_AND_THIRD),
    promotes(SYS_fanotify_mark, "fanotify_mark", FIRST_AND_FOURTH),
    promotes(SYS_symlinkat, "symlinkat", SECOND),
    changes(SYS_close_range, "close_range", AtLeast(1, KERNEL_END as u32), close::close_range),
    uses(SYS_select, "select", AtLeast(0, KERNEL_END as u32 + 1), poll::select),
    uses(SYS_pselect6, "pselect6", AtLeast(0, KERNEL_END as u32 + 1), poll::select),
    uses(SYS_prlimit64, "prlimit64", Is(1, &[NOFILE, FSIZE]), limits::prlimit64),
    uses(SYS_getrlimit, "getrlimit", Is(0, &[NOFILE]), limits::getrlimit),
    uses(SYS_setrlimit, "setrlimit", Is(0, &[NOFILE, FSIZE]), limits::setrlimit),
    changes(SYS_unshare, "unshare", Has(0, clone::UNSHARE), clone::unshare),
    uses(SYS_clone, "clone", Clone(clone::NAMESPACES), clone::clone),
    // They name descriptors in memory that we do not see.
    uses(SYS_io_uring_setup, "io_uring_setup", Fails(ENOSYS), promote_all),
    uses(SYS_io_setup, "io_setup", Fails(ENOSYS), promote_all),
];

/// What the filter intercepts: all of them, or all but `poll`, which costs each of its callers
/// something and is of use for numbers of the table only.
pub(crate) fn intercepted(poll: bool) -> Vec<(c_long, When)> {
    let is_poll = |syscall: &Syscall| matches!(syscall.number, SYS_poll | SYS_ppoll);
    let intercepted = SYSCALLS.iter().filter(|syscall| poll || !is_poll(syscall));
    intercepted.map(|syscall| (syscall.number, syscall.when)).collect()
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
