//! `dup`, `dup2`, `dup3` and `F_DUPFD`, where a number of the table is asked for, or a file that we
//! hold ourselves.

use std::os::fd::{AsFd, OwnedFd, RawFd};

use fdtable::{FdFlags, FdTable, Placement};

use super::{
    call::{Call, EBADF, EINVAL},
    file::{self, File},
    listener::Reply,
    low_numbers,
    numbers::{self, EXEC_TOKEN, TABLE_START, is_in_table},
    sys::{self, Errno, Result},
};

/// `dup` of a number in the table: the lowest free number is one of the kernel's, as long as it has
/// any left.
pub(crate) fn dup(call: &Call<'_>) -> Result<Reply> {
    let fd = call.fd(0);
    if call.can_place(fd) && low_numbers::has_plenty(call.task) {
        return Ok(Reply::Continue);
    }
    let file = descriptor_of(call, fd)?;
    match call.supervisor.listener.add_fd(call.id, file.as_fd(), None, false) {
        Err(Errno(libc::EMFILE)) => duplicate_from(call, fd, 0, FdFlags::empty()),
        added => Ok(Reply::Value(added?.into())),
    }
}

pub(crate) fn dup2(call: &Call<'_>) -> Result<Reply> {
    let (old, new) = (call.fd(0), call.fd(1));
    match old == new {
        true => call.flags(old).map(|_| Reply::Value(old.into())),
        false => duplicate_onto(call, old, new, FdFlags::empty()),
    }
}

pub(crate) fn dup3(call: &Call<'_>) -> Result<Reply> {
    let (old, new) = (call.fd(0), call.fd(1));
    let flags = FdFlags::from_dup3(call.int(2))?;
    match old == new {
        true => Err(EINVAL),
        false => duplicate_onto(call, old, new, flags),
    }
}

fn duplicate_onto(call: &Call<'_>, old: RawFd, new: RawFd, flags: FdFlags) -> Result<Reply> {
    if new == EXEC_TOKEN || new < 0 {
        return Err(EBADF);
    }
    let _lock = call.task.process.lock_number(new);
    let file = descriptor_of(call, old)?;
    // Before anything is changed, as it may not be permitted.
    let _raised = call.raise_limit_for(new)?;
    if is_in_table(new) {
        set_in_table(call, old, new, &file, flags)?;
    }
    if call.can_place(new) {
        let placed = call.place(file.as_fd(), new, flags.contains(FdFlags::CLOEXEC));
        placed.inspect_err(|_| drop(call.task.table().close(new)))?;
    }
    Ok(Reply::Value(new.into()))
}

/// What the table has at `new` from now on.
fn set_in_table(
    call: &Call<'_>,
    old: RawFd,
    new: RawFd,
    file: &OwnedFd,
    flags: FdFlags,
) -> Result<()> {
    let table = call.task.table();
    if is_in_table(old) && call.can_place(old) == call.can_place(new) {
        drop(table.dup3(old, new, flags)?);
        return Ok(());
    }
    let file = match call.can_place(new) {
        true => File::Placed,
        false => File::Served(servable(file.try_clone()?)?),
    };
    drop(table.replace(new, file, flags).map_err(fdtable::Error::from)?);
    Ok(())
}

/// A descriptor of ours for what a guest has at a number.
fn descriptor_of(call: &Call<'_>, fd: RawFd) -> Result<OwnedFd> {
    if fd == EXEC_TOKEN {
        return Err(EBADF);
    }
    if !call.can_place(fd) {
        let table = call.task.table();
        let file = table.get(fd).ok_or(EBADF)?;
        return Ok(file.served().ok_or(EBADF)?.try_clone_to_owned()?);
    }
    let process = &call.task.process;
    let of_thread = || sys::pidfd_getfd(sys::pidfd_open_thread(call.task.tid)?.as_fd(), fd);
    match process.unshared.has_own_files() {
        true => of_thread(),
        false => match sys::pidfd_getfd(process.pidfd.as_fd(), fd) {
            // The thread that leads the process may have ended before the others.
            Err(EBADF) => of_thread(),
            file => file,
        },
    }
}

/// The file, if it is one that we serve: any other may block.
fn servable(file: OwnedFd) -> Result<OwnedFd> {
    file::kind(file.as_fd()).map(|_| file).ok_or(EBADF)
}

/// `F_DUPFD` to a number of the table, or of a file that we hold.
pub(crate) fn duplicate_from(
    call: &Call<'_>,
    fd: RawFd,
    min: RawFd,
    flags: FdFlags,
) -> Result<Reply> {
    let table = call.task.table();
    let file = descriptor_of(call, fd)?;
    let number = reserve_from(&table, min)?;
    let (new, can_place) = (number.fd(), call.can_place(number.fd()));
    if !is_in_table(fd) || call.can_place(fd) != can_place {
        let file = if can_place { file } else { servable(file)? };
        return Ok(Reply::Value(call.open_reserved(number, file, flags)?.into()));
    }
    let description = table.get(fd).ok_or(EBADF)?.into_owned();
    if can_place {
        call.place(file.as_fd(), new, flags.contains(FdFlags::CLOEXEC))?;
    }
    let opened = number.install_ref(description, flags);
    Ok(Reply::Value(opened.map_err(|refused| refused.error)?.into()))
}

fn reserve_from(table: &FdTable<File>, min: RawFd) -> Result<fdtable::Reservation<'_, File>> {
    match min {
        _ if min < 0 || min as u32 >= table.limit() => Err(EINVAL),
        // The kernel would look below the table, which we cannot ask it for. Any number of the
        // table is at or above the minimum, too.
        ..TABLE_START => Ok(numbers::reserve_automatic(table)?),
        min => Ok(table.reserve(Placement::From(min))?),
    }
}
