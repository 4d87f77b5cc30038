//! `fcntl`, and those of `ioctl` that do the same.

use std::os::fd::RawFd;

use fdtable::FdFlags;
use libc::Ioctl;

use super::{
    call::{Call, EBADF, EINVAL},
    dup::duplicate_from,
    listener::Reply,
    numbers::is_in_table,
    sys::{self, Errno, Result},
};

pub(crate) fn fcntl(call: &Call<'_>) -> Result<Reply> {
    let (fd, command, argument) = (call.fd(0), call.int(1), call.int(2));
    match command {
        libc::F_DUPFD => duplicate_from(call, fd, argument, FdFlags::empty()),
        libc::F_DUPFD_CLOEXEC => duplicate_from(call, fd, argument, FdFlags::CLOEXEC),
        _ if !is_in_table(fd) => Err(EBADF),
        libc::F_SETFD => set_cloexec(call, fd, argument & libc::FD_CLOEXEC != 0),
        libc::F_GETFD => {
            let cloexec = call.flags(fd)?.contains(FdFlags::CLOEXEC);
            Ok(Reply::Value(cloexec.into()))
        }
        libc::F_GETFL | libc::F_SETFL => {
            call.with_served(fd, |file| sys::fcntl(file, command, argument).map(Reply::Value))
        }
        _ => call.flags(fd).and(Err(EINVAL)),
    }
}

/// Sets the flag in the table, and lets the kernel set its own.
fn set_cloexec(call: &Call<'_>, fd: RawFd, cloexec: bool) -> Result<Reply> {
    call.task.table().set_cloexec(fd, cloexec)?;
    Ok(if call.can_place(fd) { Reply::Continue } else { Reply::Value(0) })
}

/// Those that mark a descriptor; from the hard limit on, all.
pub(crate) fn ioctl(call: &Call<'_>) -> Result<Reply> {
    let fd = call.fd(0);
    match call.args[1] as u32 as Ioctl {
        libc::FIOCLEX => set_cloexec(call, fd, true),
        libc::FIONCLEX => set_cloexec(call, fd, false),
        // Nothing that we serve is a terminal, or has commands of its own.
        _ => call.flags(fd).and(Err(Errno(libc::ENOTTY))),
    }
}
