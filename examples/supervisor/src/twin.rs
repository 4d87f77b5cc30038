//! Twins: real descriptors in a guest's own table, at the same number as in ours, for what only its
//! kernel can do.
//!
//! `mmap`, `epoll_ctl`, `flock`, a directory to resolve from, ...: the twin is put there once, and
//! the kernel carries the call out, with its own errors.

use std::{
    fs,
    os::fd::{AsFd, BorrowedFd, RawFd},
    sync::atomic::Ordering,
};

use fdtable::{Descriptor, FdFlags, FdTable};
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
    /// The guest's limit is raised for that and lowered again: hence the lock of its twins.
    pub(crate) fn inject(
        &self,
        file: BorrowedFd<'_>,
        at: RawFd,
        cloexec: bool,
        _twins: &MutexGuard<'_, ()>,
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
        if !is_in_table(fd) {
            let is_token = fd == EXEC_TOKEN && self.task.process.exec.may_have_token();
            return if is_token { Err(EBADF) } else { Ok(()) };
        }
        let process = &self.task.process;
        let twins = process.twins.lock();
        let table = self.task.table();
        let mut injected = false;
        // As long as another thread changes the number under our hands.
        loop {
            let Some(Descriptor { flags, file, .. }) = table.descriptor(fd) else {
                if injected {
                    // It was closed meanwhile: nothing of the file may stay open.
                    self.inject(self.supervisor.registry.token.as_fd(), fd, true, &twins)?;
                }
                return Ok(());
            };
            let File::Backed(backing) = &*file else {
                return Ok(());
            };
            if flags.contains(TWIN) && !injected {
                return Ok(());
            }
            let cloexec = flags.contains(FdFlags::CLOEXEC);
            self.inject(backing.as_fd(), fd, cloexec, &twins)?;
            self.supervisor.stats.promoted(self.syscall);
            injected = true;
            let before = table.update_flags_if(fd, file.id(), |flags| flags | TWIN);
            if before == Ok(flags) {
                return Ok(());
            }
        }
    }

    /// Lets the kernel carry the call out where it can, and else gives up with `errno`.
    pub(crate) fn leave_to_kernel(&self, fd: RawFd, errno: sys::Errno) -> Result<Reply> {
        self.promote(fd).map_err(|_| errno)?;
        Ok(Reply::Continue)
    }
}

/// Makes the table of a new process agree with its kernel's, which was copied a little earlier: its
/// parent's threads may have made twins meanwhile, or not yet closed some. Nobody else has its
/// table yet.
pub(crate) fn verify(tid: i32, table: &FdTable<File>, token: BorrowedFd<'_>) {
    let Some(inherited) = kernel_numbers(tid) else {
        return;
    };
    let is_missing =
        |open: &Descriptor<'_, File>| open.flags.contains(TWIN) && !inherited.contains(&open.fd);
    let missing: Vec<_> = table.iter().filter(is_missing).collect();
    // One that has ended already has no descriptors at all; its table may still be inherited.
    if !missing.is_empty() && has_ended(tid) {
        return;
    }
    for Descriptor { fd, file, .. } in missing {
        let _ = match file.backing() {
            Some(_) => table.update_flags(fd, |flags| flags - TWIN).map(drop),
            None => table.close(fd).map(drop),
        };
    }
    for fd in inherited {
        inherit(tid, table, fd, token);
    }
}

/// The kernel has `fd`: then so must the table, even if the parent has since closed it or opened
/// something else there.
fn inherit(tid: i32, table: &FdTable<File>, fd: RawFd, token: BorrowedFd<'_>) {
    let is = |file: BorrowedFd<'_>| sys::is_same_file(tid, fd, file);
    let known = table.get(fd).map(|file| file.backing().is_none_or(is));
    if known == Some(true) {
        let _ = table.update_flags(fd, |flags| flags | TWIN);
    } else if !is(token) {
        let info = sys::read_proc(&format!("/proc/{tid}/fdinfo/{fd}")).unwrap_or_default();
        let flags = sys::status_field(&info, "flags").and_then(|f| i32::from_str_radix(f, 8).ok());
        let cloexec = flags.is_some_and(|flags| flags & libc::O_CLOEXEC != 0);
        let cloexec = if cloexec { FdFlags::CLOEXEC } else { FdFlags::empty() };
        // Fails only above the limit, where the parent has lowered it.
        let _ = table.replace(fd, File::Native, cloexec | TWIN).map(drop);
    }
}

/// What of the table's numbers the kernel has, if we may know.
fn kernel_numbers(tid: i32) -> Option<Vec<RawFd>> {
    let entries = fs::read_dir(format!("/proc/{tid}/fd")).ok()?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Some(numbers.filter(|fd| is_in_table(*fd)).collect())
}

fn has_ended(tgid: i32) -> bool {
    sys::status(tgid, "FDSize").is_none_or(|size| size == "0")
}

/// The kernel's part, on all the descriptors among the arguments.
pub(crate) fn promote_all(call: &Call<'_>) -> Result<Reply> {
    // What a dead process had locked is free.
    call.supervisor.registry.apply_exits_and_execs();
    for argument in call.syscall.fd_arguments() {
        call.promote(call.fd(*argument as usize))?;
    }
    Ok(Reply::Continue)
}

/// `mmap` of a file.
pub(crate) fn mmap(call: &Call<'_>) -> Result<Reply> {
    call.leave_to_kernel(call.fd(4), sys::Errno(libc::ENODEV))
}
