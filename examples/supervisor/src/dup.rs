//! `dup`, `dup2`, `dup3` and `F_DUPFD`, between the kernel's numbers and the table's.
//!
//! A duplicate shares the open file description, on whichever side it is: so the offset and the
//! status flags agree on both sides.

use std::os::fd::{AsFd, OwnedFd, RawFd};

use fdtable::{FdFlags, FdTable, Placement};

use super::{
    call::{Call, EBADF, EINVAL},
    file::{self, File, TWIN},
    listener::Reply,
    numbers::{EXEC_TOKEN, TABLE_START, is_in_table},
    sys::{self, Errno, Result},
};

/// `dup` of a number in the table: the lowest free number is one of the kernel's, as a rule.
pub(crate) fn dup(call: &Call<'_>) -> Result<Reply> {
    let fd = call.fd(0);
    let table = call.task.table();
    let file = table.get(fd);
    let Some(backing) = file.as_ref().and_then(|file| file.backing()) else {
        return call.promote_and_continue(fd, EBADF);
    };
    match call.supervisor.listener.add_fd(call.id, backing, None, false) {
        Err(Errno(libc::EMFILE)) => duplicate_from(call, fd, 0, FdFlags::empty()),
        added => added.map(|number| Reply::Value(number.into())),
    }
}

pub(crate) fn dup2(call: &Call<'_>) -> Result<Reply> {
    let (old, new) = (call.fd(0), call.fd(1));
    if old != new {
        return duplicate_onto(call, old, new, FdFlags::empty());
    }
    call.flags(old).map(|_| Reply::Value(old.into()))
}

pub(crate) fn dup3(call: &Call<'_>) -> Result<Reply> {
    let (old, new) = (call.fd(0), call.fd(1));
    let flags = FdFlags::from_dup3(call.int(2))?;
    if old == new {
        return Err(EINVAL);
    }
    duplicate_onto(call, old, new, flags)
}

fn duplicate_onto(call: &Call<'_>, old: RawFd, new: RawFd, flags: FdFlags) -> Result<Reply> {
    if old == EXEC_TOKEN || new == EXEC_TOKEN || new < 0 {
        return Err(EBADF);
    }
    if is_in_table(new) {
        onto_table(call, old, new, flags)?;
        return Ok(Reply::Value(new.into()));
    }
    call.with_backing(old, |file| {
        call.inject_low(file, new, flags.contains(FdFlags::CLOEXEC))?;
        Ok(Reply::Value(new.into()))
    })
}

/// The file of a number, to be opened at another.
enum Source {
    /// It is in the table and we have it open.
    Table,
    /// It comes from the kernel, and the table shall have it.
    Served(OwnedFd),
    /// It comes from the kernel, and stays there.
    KernelOnly(OwnedFd),
}

fn source(call: &Call<'_>, fd: RawFd) -> Result<Source> {
    let process = &call.task.process;
    if is_in_table(fd) {
        let table = call.task.table();
        let file = table.get(fd).ok_or(EBADF)?;
        if file.backing().is_some() {
            return Ok(Source::Table);
        }
    }
    let of_thread = || sys::pidfd_getfd(sys::pidfd_open_thread(call.task.tid)?.as_fd(), fd);
    let file = match process.unshared.has_own_files() {
        true => of_thread(),
        false => match sys::pidfd_getfd(process.pidfd.as_fd(), fd) {
            // The thread that leads the process may have ended before the others.
            Err(EBADF) => of_thread(),
            file => file,
        },
    }?;
    Ok(match file::served(file.as_fd()) {
        Some(_) => {
            call.supervisor.stats.opened(file.as_fd());
            Source::Served(file)
        }
        None => Source::KernelOnly(file),
    })
}

fn onto_table(call: &Call<'_>, old: RawFd, new: RawFd, flags: FdFlags) -> Result<()> {
    call.promote_if_locked(new);
    let inject_lock = call.task.process.inject_lock.lock();
    let table = call.task.table();
    let cloexec = flags.contains(FdFlags::CLOEXEC);
    let had_twin = table.flags(new).is_some_and(|flags| flags.contains(TWIN));
    let replaced = if had_twin { flags | TWIN } else { flags };
    match source(call, old)? {
        Source::Table => {
            drop(table.dup3(old, new, replaced)?);
            // Another file stands there now, for the kernel too.
            let file = table.get(new).ok_or(EBADF)?;
            if let (true, Some(backing)) = (had_twin, file.backing()) {
                call.inject(backing, new, cloexec, &inject_lock)?;
            }
            Ok(())
        }
        Source::Served(file) => {
            if had_twin {
                call.inject(file.as_fd(), new, cloexec, &inject_lock)?;
            }
            replace(&table, new, File::Backed(file), replaced)
        }
        Source::KernelOnly(_) if new as u64 >= u64::from(table.limit()) => Err(EBADF),
        Source::KernelOnly(file) => {
            call.inject(file.as_fd(), new, cloexec, &inject_lock)?;
            replace(&table, new, File::KernelOnly, flags | TWIN)
        }
    }
}

fn replace(table: &FdTable<File>, fd: RawFd, file: File, flags: FdFlags) -> Result<()> {
    drop(table.replace(fd, file, flags).map_err(fdtable::Error::from)?);
    Ok(())
}

/// `F_DUPFD` where the table is concerned: a number of ours, or a duplicate of the kernel's number
/// at or above `min`.
pub(crate) fn duplicate_from(
    call: &Call<'_>,
    fd: RawFd,
    min: RawFd,
    flags: FdFlags,
) -> Result<Reply> {
    let inject_lock = call.task.process.inject_lock.lock();
    let table = call.task.table();
    let source = match fd {
        EXEC_TOKEN => return Err(EBADF),
        fd => source(call, fd)?,
    };
    let placement = placement_from(min, table.limit())?;
    let number = match source {
        Source::Table => table.dup(fd, placement, flags)?,
        Source::Served(file) => {
            let opened = table.open(placement, File::Backed(file), flags);
            opened.map_err(fdtable::Error::from)?
        }
        Source::KernelOnly(file) => {
            let number = table.reserve(placement)?;
            let cloexec = flags.contains(FdFlags::CLOEXEC);
            let injected = call.inject(file.as_fd(), number.fd(), cloexec, &inject_lock);
            injected.map_err(|_| Errno(libc::EMFILE))?;
            let opened = number.install(File::KernelOnly, flags | TWIN);
            opened.map_err(fdtable::Error::from)?
        }
    };
    Ok(Reply::Value(number.into()))
}

fn placement_from(min: RawFd, limit: u32) -> Result<Placement> {
    match min {
        _ if min < 0 || min as u32 >= limit => Err(EINVAL),
        // The kernel would look below the table, which we cannot ask it for. Any number of the
        // table is at or above the minimum, too.
        ..TABLE_START => Ok(Placement::Auto),
        min => Ok(Placement::From(min)),
    }
}
