//! One system call of a guest, while a handler serves it.

use std::{ffi::CStr, os::fd::RawFd};

use fdtable::FdFlags;

use super::{
    file::{File, TWIN},
    listener::Reply,
    memory::Memory,
    numbers::is_in_table,
    process::Task,
    supervisor::Supervisor,
    sys::{Errno, Result},
    syscalls::Syscall,
};

/// What a handler sees. It returns a [`Reply`] that holds nothing: every reference to a file is dropped before the guest goes on.
pub(crate) struct Call<'a> {
    pub(crate) supervisor: &'a Supervisor,
    pub(crate) task: &'a Task,
    pub(crate) syscall: &'a Syscall,
    /// The notification's.
    pub(crate) id: u64,
    pub(crate) args: [u64; 6],
}

/// Serves a system call.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Reply>;

pub(crate) const EBADF: Errno = Errno(libc::EBADF);
pub(crate) const EFAULT: Errno = Errno(libc::EFAULT);
pub(crate) const EINVAL: Errno = Errno(libc::EINVAL);

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
        self.task.process.files.load().flags(fd).ok_or(EBADF)
    }

    /// Serves a call on a file that we have open, with its backing; leaves it to the kernel where there is a twin, which does all it should.
    pub(crate) fn with_backing(
        &self,
        fd: RawFd,
        serve: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> Result<Reply>,
    ) -> Result<Reply> {
        let table = self.task.process.files.load();
        let Some(file) = table.get(fd) else {
            // The kernel finds nothing either, once it has looked at what it looks at first.
            return self.leave_to_kernel(fd, EBADF);
        };
        match &*file {
            File::Backed(_) if self.has_twin(fd) => Ok(Reply::Continue),
            File::Backed(backing) => {
                use std::os::fd::AsFd;
                serve(backing.as_fd())
            }
            File::Native => Ok(Reply::Continue),
        }
    }

    pub(crate) fn has_twin(&self, fd: RawFd) -> bool {
        self.flags(fd).is_ok_and(|flags| flags.contains(TWIN))
    }

    /// The number in the table that the path at `address` names.
    pub(crate) fn named(&self, address: u64) -> Option<RawFd> {
        if self.task.process.files.load().is_empty() {
            return None;
        }
        self.proc_fd(&self.memory().read_path(address).ok()?)
    }

    /// The number in the table that a path like `/proc/self/fd/2048` names.
    pub(crate) fn proc_fd(&self, path: &CStr) -> Option<RawFd> {
        let path = path.to_str().ok()?;
        let number = path.strip_prefix("/dev/fd/").or_else(|| {
            let (process, rest) = path.strip_prefix("/proc/")?.split_once('/')?;
            let rest = match process {
                "self" | "thread-self" => rest,
                pid if pid.parse() == Ok(self.task.process.tgid) => rest,
                _ => return None,
            };
            rest.strip_prefix("fd/")
        })?;
        number.parse().ok().filter(|fd| is_in_table(*fd))
    }
}
