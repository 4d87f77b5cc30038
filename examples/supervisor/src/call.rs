//! One system call of a guest, while a handler serves it.

use std::{os::fd::RawFd, sync::Arc};

use fdtable::FdFlags;

use super::{
    file::{File, TWIN},
    listener::Reply,
    memory::Memory,
    process::Task,
    supervisor::Supervisor,
    sys::{Errno, Result},
    syscalls::Syscall,
};

/// What a handler sees. It returns a [`Reply`] that holds nothing: every reference to a file is
/// dropped before the guest goes on.
pub(crate) struct Call<'a> {
    pub(crate) supervisor: &'a Supervisor,
    pub(crate) task: &'a Arc<Task>,
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

    /// Serves a call on a file that we have open, with its backing; leaves it to the kernel where
    /// there is a twin, which does all it should.
    pub(crate) fn with_backing(
        &self,
        fd: RawFd,
        serve: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> Result<Reply>,
    ) -> Result<Reply> {
        let table = self.task.table();
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
}
