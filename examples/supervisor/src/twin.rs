//! Twins: real descriptors in a guest's own table, at the same number as in ours, for what only its
//! kernel can do.
//!
//! To *promote* a number is to inject its twin into the guest. That is done once. Then the kernel
//! carries out the calls that need it (`mmap`, `epoll_ctl`, `flock`, a path from a directory, ...),
//! with its own errors.

use std::{
    os::fd::{AsFd, BorrowedFd, RawFd},
    sync::atomic::Ordering,
};

use fdtable::{Descriptor, FdFlags};
use parking_lot::MutexGuard;

use super::{
    call::{Call, EBADF},
    file::{File, TWIN},
    listener::Reply,
    numbers::{EXEC_TOKEN, is_in_table},
    sys::{self, Result},
};

impl Call<'_> {
    /// Puts a descriptor for `file` into the guest's table at any number that the kernel allows at
    /// all, replacing what is there.
    ///
    /// The guest's limit is raised for that and lowered again: hence the lock.
    pub(crate) fn inject(
        &self,
        file: BorrowedFd<'_>,
        at: RawFd,
        cloexec: bool,
        _inject_lock: &MutexGuard<'_, ()>,
    ) -> Result<()> {
        let hard = self.supervisor.kernel_hard;
        if at as u64 >= hard {
            return Err(EBADF);
        }
        let process = &self.task.process;
        if is_in_table(at) {
            // Relaxed: the injection comes after.
            process.has_had_twins.store(true, Ordering::Relaxed);
        }
        let soft = process.limits.kernel_soft.load(Ordering::Relaxed);
        sys::set_nofile(process.tgid, at as u64 + 1, hard)?;
        let added = self.supervisor.listener.add_fd(self.id, file, Some(at), cloexec);
        // Fails only where the process is gone.
        let _ = sys::set_nofile(process.tgid, soft, hard);
        added.map(drop)
    }

    /// Puts a descriptor for `file` at a number that is the kernel's.
    pub(crate) fn inject_low(&self, file: BorrowedFd<'_>, at: RawFd, cloexec: bool) -> Result<()> {
        let listener = &self.supervisor.listener;
        listener.add_fd(self.id, file, Some(at), cloexec).map(drop)
    }

    /// Makes sure that the kernel has what the table has at `fd`. Numbers that are not in the table
    /// stay as they are: the kernel knows what to say of them.
    pub(crate) fn promote(&self, fd: RawFd) -> Result<()> {
        if is_in_table(fd) {
            return self.promote_in_table(fd);
        }
        let is_token = fd == EXEC_TOKEN && self.task.process.exec.may_have_token();
        if is_token { Err(EBADF) } else { Ok(()) }
    }

    fn promote_in_table(&self, fd: RawFd) -> Result<()> {
        let inject_lock = self.task.process.inject_lock.lock();
        let table = self.task.table();
        let mut injected = false;
        // Again as long as another thread changes the number meanwhile.
        loop {
            let Some(Descriptor { flags, file, .. }) = table.descriptor(fd) else {
                if injected {
                    // It was closed meanwhile: nothing of the file may stay open.
                    let placeholder = self.supervisor.registry.placeholder.as_fd();
                    self.inject(placeholder, fd, true, &inject_lock)?;
                }
                return Ok(());
            };
            let File::Backed(backing) = &*file else {
                return Ok(());
            };
            if flags.contains(TWIN) && !injected {
                return Ok(());
            }
            self.inject(backing.as_fd(), fd, flags.contains(FdFlags::CLOEXEC), &inject_lock)?;
            self.supervisor.stats.promoted(self.syscall.number);
            injected = true;
            if table.update_flags_if(fd, file.id(), |flags| flags | TWIN) == Ok(flags) {
                return Ok(());
            }
        }
    }

    /// Promotes a number if that can be; if not, the kernel says what it thinks of it.
    pub(crate) fn promote_if_possible(&self, fd: RawFd) {
        let _ = self.promote(fd);
    }

    /// Promotes a number before it is closed, where its close may give up a lock: then the kernel
    /// has to close it, too. Any close of a file gives up the process's POSIX locks on it, also
    /// those that it has taken through a number of the kernel's, which is not intercepted.
    pub(crate) fn promote_if_locked(&self, fd: RawFd) {
        let table = self.task.table();
        let may_be_locked = |file: &File| file.backing().is_some_and(sys::may_have_locks);
        if table.get(fd).is_some_and(|file| may_be_locked(&file)) {
            // Where there can be no twin, there can be no lock either.
            let _ = self.promote(fd);
        }
    }

    /// Lets the kernel carry the call out where it can, and otherwise fails with `errno`.
    pub(crate) fn promote_and_continue(&self, fd: RawFd, errno: sys::Errno) -> Result<Reply> {
        self.promote(fd).map_err(|_| errno)?;
        Ok(Reply::Continue)
    }

    /// Serves a call on a file that we have open, with its backing; continues it where there is a
    /// twin, since the kernel then does all it should.
    pub(crate) fn with_backing(
        &self,
        fd: RawFd,
        serve: impl FnOnce(BorrowedFd<'_>) -> Result<Reply>,
    ) -> Result<Reply> {
        let table = self.task.table();
        let Some(file) = table.get(fd) else {
            // The kernel finds nothing either, once it has checked what it checks first.
            return self.promote_and_continue(fd, EBADF);
        };
        match &*file {
            File::Backed(_) if self.has_twin(fd) => Ok(Reply::Continue),
            File::Backed(backing) => serve(backing.as_fd()),
            File::KernelOnly => Ok(Reply::Continue),
        }
    }

    pub(crate) fn has_twin(&self, fd: RawFd) -> bool {
        self.flags(fd).is_ok_and(|flags| flags.contains(TWIN))
    }
}

/// Promotes all descriptors among the arguments, and continues the call.
pub(crate) fn promote_all(call: &Call<'_>) -> Result<Reply> {
    // What a process that has ended had locked is free.
    call.supervisor.registry.apply_exits_and_execs();
    for argument in call.syscall.fd_arguments() {
        call.promote(call.fd(*argument as usize))?;
    }
    Ok(Reply::Continue)
}

/// `mmap` of a file.
pub(crate) fn mmap(call: &Call<'_>) -> Result<Reply> {
    call.promote_and_continue(call.fd(4), sys::Errno(libc::ENODEV))
}
