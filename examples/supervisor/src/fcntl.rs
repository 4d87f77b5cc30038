//! `fcntl`.

use std::os::fd::RawFd;

use fdtable::FdFlags;

use super::{
    call::{Call, EBADF},
    dup::duplicate_from,
    listener::Reply,
    numbers::is_in_table,
    sys::{self, F_DUPFD_QUERY, Result},
    twin::promote_all,
};

pub(crate) fn fcntl(call: &Call<'_>) -> Result<Reply> {
    let (fd, command, argument) = (call.fd(0), call.int(1), call.int(2));
    match command {
        libc::F_DUPFD => duplicate_from(call, fd, argument, FdFlags::empty()),
        libc::F_DUPFD_CLOEXEC => duplicate_from(call, fd, argument, FdFlags::CLOEXEC),
        F_DUPFD_QUERY => {
            call.promote(argument)?;
            promote_all(call)
        }
        _ if !is_in_table(fd) => Err(EBADF),
        libc::F_GETFD => {
            let cloexec = call.flags(fd)?.contains(FdFlags::CLOEXEC);
            Ok(Reply::Value(cloexec.into()))
        }
        libc::F_SETFD => set_cloexec(call, fd, argument & libc::FD_CLOEXEC != 0),
        libc::F_GETFL => {
            call.with_backing(fd, |file| sys::fcntl(file, libc::F_GETFL, 0).map(Reply::Value))
        }
        libc::F_SETFL if argument & (libc::O_ASYNC | libc::O_DIRECT) == 0 => call
            .with_backing(fd, |file| sys::fcntl(file, libc::F_SETFL, argument).map(Reply::Value)),
        _ => promote_all(call),
    }
}

/// Sets the flag in the table, and lets the kernel set the twin's.
pub(crate) fn set_cloexec(call: &Call<'_>, fd: RawFd, cloexec: bool) -> Result<Reply> {
    call.task.table().set_cloexec(fd, cloexec)?;
    Ok(if call.has_twin(fd) { Reply::Continue } else { Reply::Value(0) })
}
