//! One system call of a guest, while a handler serves it.

use std::{os::fd::RawFd, sync::Arc};

use fdtable::FdFlags;
use libc::c_long;

use super::{
    filter::When,
    listener::Reply,
    memory::Memory,
    supervisor::Supervisor,
    sys::{Errno, Result},
    task::Task,
};

/// A system call that is intercepted: when, and how it is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syscall {
    pub(crate) number: c_long,
    pub(crate) name: &'static str,
    pub(crate) when: When,
    pub(crate) serve: SyscallFn,
    /// It changes a table: before, each child must have its copy. An open sees to that itself, if
    /// it changes one.
    pub(crate) changes_table: bool,
}

/// Serves a system call.
pub(crate) type SyscallFn = fn(&Call<'_>) -> Result<Reply>;

/// What a [`SyscallFn`] works with. It returns a [`Reply`] that holds nothing: every reference to a
/// file is dropped before the guest goes on.
pub(crate) struct Call<'a> {
    pub(crate) supervisor: &'a Supervisor,
    pub(crate) task: &'a Arc<Task>,
    pub(crate) syscall: &'a Syscall,
    /// The notification's.
    pub(crate) id: u64,
    pub(crate) args: [u64; 6],
}

pub(crate) const EBADF: Errno = Errno(libc::EBADF);
pub(crate) const EFAULT: Errno = Errno(libc::EFAULT);
pub(crate) const EINVAL: Errno = Errno(libc::EINVAL);
pub(crate) const EPERM: Errno = Errno(libc::EPERM);

impl Call<'_> {
    /// An argument as a descriptor: its low 32 bits.
    pub(crate) fn fd(&self, argument: usize) -> RawFd {
        self.int(argument)
    }

    pub(crate) fn int(&self, argument: usize) -> i32 {
        self.args[argument] as i32
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.task.tid)
    }

    /// The flags of a number in the table.
    pub(crate) fn flags(&self, fd: RawFd) -> Result<FdFlags> {
        self.task.table().flags(fd).ok_or(EBADF)
    }

    /// Whether the call returns a new descriptor whose number the guest has not named.
    pub(crate) fn returns_new_number(&self) -> bool {
        match self.syscall.name {
            "fcntl" => matches!(self.int(1), libc::F_DUPFD | libc::F_DUPFD_CLOEXEC),
            name => matches!(name, "open" | "openat" | "openat2" | "creat" | "dup"),
        }
    }
}
