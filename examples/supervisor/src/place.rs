//! Placing: a guest gets a real descriptor at each number of the table that its kernel can have.
//!
//! So whatever uses such a number is the kernel's affair. We intercept what changes which numbers
//! are open, and hold no file of a guest. From the hard `RLIMIT_NOFILE` on there can be no
//! descriptor: there we hold the file, and serve the calls on it.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd},
    sync::atomic::Ordering,
};

use fdtable::{FdFlags, Reservation};
use parking_lot::MutexGuard;

use super::{
    call::{Call, EBADF},
    file::File,
    listener::Reply,
    numbers::{KERNEL_END, is_in_table},
    process::Process,
    soft_limit::{Raised, SoftLimit},
    sys::{Errno, Result},
};

/// How many locks a process has for its numbers.
pub(crate) const LOCKS: usize = 16;

impl Process {
    /// Held while a number is closed or gets another file. Without it, one thread could be first
    /// in the table and the other first in the kernel.
    pub(crate) fn lock_number(&self, fd: RawFd) -> MutexGuard<'_, ()> {
        self.number_locks[fd as usize % LOCKS].lock()
    }
}

impl Call<'_> {
    /// Whether the guest can have a descriptor at `fd`.
    pub(crate) fn can_place(&self, fd: RawFd) -> bool {
        (fd as u64) < self.supervisor.kernel_hard
    }

    /// Gives the guest a descriptor for `file` at a number, in place of what is there.
    pub(crate) fn place(&self, file: BorrowedFd<'_>, at: RawFd, cloexec: bool) -> Result<()> {
        if !self.can_place(at) {
            return Err(EBADF);
        }
        let raised = self.raise_limit_for(at)?;
        if is_in_table(at) {
            // Relaxed: the descriptor comes after.
            self.task.process.has_placed.store(true, Ordering::Relaxed);
            self.supervisor.stats.placed(self.syscall.number);
        }
        let added = self.supervisor.listener.add_fd(self.id, file, Some(at), cloexec);
        drop(raised);
        added.map(drop)
    }

    /// Makes the kernel accept a number, where it can have it at all.
    pub(crate) fn raise_limit_for(&self, fd: RawFd) -> Result<Option<Raised>> {
        if fd < KERNEL_END || !self.can_place(fd) {
            return Ok(None);
        }
        let (process, hard) = (&self.task.process, self.supervisor.kernel_hard);
        SoftLimit::raise(process, hard, fd as u64).map(Some)
    }

    /// Opens a reserved number on a description of its own, and gives the guest the descriptor
    /// where it can have one.
    pub(crate) fn open_reserved(
        &self,
        number: Reservation<'_, File>,
        file: OwnedFd,
        flags: FdFlags,
    ) -> Result<RawFd> {
        let opened = match self.can_place(number.fd()) {
            true => {
                self.place(file.as_fd(), number.fd(), flags.contains(FdFlags::CLOEXEC))?;
                number.install(File::Placed, flags)
            }
            false => {
                self.supervisor.stats.opened(file.as_fd());
                number.install(File::Served(file), flags)
            }
        };
        Ok(opened.map_err(fdtable::Error::from)?)
    }

    /// Serves a call on a number from the hard limit on, with our own descriptor.
    pub(crate) fn with_served(
        &self,
        fd: RawFd,
        serve: impl FnOnce(BorrowedFd<'_>) -> Result<Reply>,
    ) -> Result<Reply> {
        let table = self.task.table();
        match table.get(fd).as_ref().and_then(|file| file.served()) {
            Some(served) => serve(served),
            // The kernel finds nothing either, once it has checked what it checks first.
            None => Ok(Reply::Continue),
        }
    }
}

/// `mmap` of a file at a number where the guest can have no descriptor.
pub(crate) fn mmap(call: &Call<'_>) -> Result<Reply> {
    match call.flags(call.fd(4)) {
        Ok(_) => Err(Errno(libc::ENODEV)),
        Err(_) => Ok(Reply::Continue),
    }
}
