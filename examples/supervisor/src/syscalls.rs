//! The system calls that are intercepted: when, and which function serves them. One table for the
//! filter, the dispatch and the trace.
#![allow(non_upper_case_globals)]

use libc::*;

use super::{
    call::{Syscall, SyscallFn},
    clone, close, credentials, dup, exec, fcntl,
    filter::When::{
        self, Always, AtLeast, Clone, Dup2, Fails, Fcntl, Has, Ioctl, Is, Mmap, Served, Table,
    },
    io,
    limits::{self, FSIZE, NOFILE},
    numbers::KERNEL_END,
    open, place, stat,
};

/// The first argument is a descriptor.
const SERVED: When = Served(&[0]);

/// Reads or writes through a table, or only looks.
const fn uses(number: c_long, name: &'static str, when: When, serve: SyscallFn) -> Syscall {
    Syscall { number, name, when, serve, changes_table: false }
}

const fn changes(number: c_long, name: &'static str, when: When, serve: SyscallFn) -> Syscall {
    Syscall { changes_table: true, ..uses(number, name, when, serve) }
}

pub(crate) static SYSCALLS: &[Syscall] = &[
    // What makes a number of the table.
    uses(SYS_openat, "openat", Always, open::openat),
    uses(SYS_open, "open", Always, open::open),
    uses(SYS_creat, "creat", Always, open::creat),
    uses(SYS_openat2, "openat2", Always, open::openat2),
    changes(SYS_dup2, "dup2", Dup2, dup::dup2),
    changes(SYS_dup3, "dup3", Dup2, dup::dup3),
    changes(SYS_fcntl, "fcntl", Fcntl, fcntl::fcntl),
    // What gives one up, or marks it.
    changes(SYS_close, "close", Table(&[0]), close::close),
    changes(SYS_close_range, "close_range", AtLeast(1, KERNEL_END as u32), close::close_range),
    changes(SYS_ioctl, "ioctl", Ioctl, fcntl::ioctl),
    // What copies a table.
    changes(SYS_execve, "execve", Always, exec::execve),
    changes(SYS_execveat, "execveat", Always, exec::execve),
    changes(SYS_unshare, "unshare", Has(0, clone::UNSHARE), clone::unshare),
    uses(SYS_clone, "clone", Clone(clone::NAMESPACES), clone::clone),
    uses(SYS_clone3, "clone3", Always, clone::clone3),
    // Limits.
    changes(SYS_prlimit64, "prlimit64", Is(1, &[NOFILE, FSIZE]), limits::prlimit64),
    uses(SYS_getrlimit, "getrlimit", Is(0, &[NOFILE]), limits::getrlimit),
    changes(SYS_setrlimit, "setrlimit", Is(0, &[NOFILE, FSIZE]), limits::setrlimit),
    uses(SYS_poll, "poll", AtLeast(1, KERNEL_END as u32 + 1), limits::poll),
    uses(SYS_ppoll, "ppoll", AtLeast(1, KERNEL_END as u32 + 1), limits::poll),
    // What changes which files a guest may open.
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
    // It opens and closes numbers that we do not see.
    uses(SYS_io_uring_setup, "io_uring_setup", Fails(ENOSYS), credentials::changed),
    // What is done with a file that we hold, at a number from the hard limit on.
    uses(SYS_read, "read", SERVED, io::read),
    uses(SYS_write, "write", SERVED, io::write),
    uses(SYS_fstat, "fstat", SERVED, stat::fstat),
    uses(SYS_lseek, "lseek", SERVED, io::forward),
    uses(SYS_pread64, "pread64", SERVED, io::pread64),
    uses(SYS_pwrite64, "pwrite64", SERVED, io::pwrite64),
    uses(SYS_readv, "readv", SERVED, io::readv),
    uses(SYS_writev, "writev", SERVED, io::writev),
    uses(SYS_preadv, "preadv", SERVED, io::preadv),
    uses(SYS_pwritev, "pwritev", SERVED, io::pwritev),
    uses(SYS_newfstatat, "newfstatat", SERVED, stat::newfstatat),
    uses(SYS_statx, "statx", SERVED, stat::statx),
    uses(SYS_getdents64, "getdents64", SERVED, io::getdents64),
    uses(SYS_fstatfs, "fstatfs", SERVED, stat::fstatfs),
    uses(SYS_ftruncate, "ftruncate", SERVED, io::ftruncate),
    uses(SYS_fadvise64, "fadvise64", SERVED, io::forward),
    uses(SYS_fchmod, "fchmod", SERVED, io::forward_if_permitted),
    uses(SYS_fchown, "fchown", SERVED, io::forward_if_permitted),
    uses(SYS_fallocate, "fallocate", SERVED, io::forward),
    uses(SYS_fsync, "fsync", SERVED, io::forward),
    uses(SYS_fdatasync, "fdatasync", SERVED, io::forward),
    changes(SYS_dup, "dup", Table(&[0]), dup::dup),
    uses(SYS_mmap, "mmap", Mmap, place::mmap),
];

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
