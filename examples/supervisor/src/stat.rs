//! What is known about a file that we have open.

use std::os::fd::BorrowedFd;

use super::{
    call::{Call, EBADF},
    listener::Reply,
    memory::Plain,
    sys::{self, Errno, Result},
};

pub(crate) fn fstat(call: &Call<'_>) -> Result<Reply> {
    copy_out(call, call.args[1], sys::fstat)
}

pub(crate) fn fstatfs(call: &Call<'_>) -> Result<Reply> {
    copy_out(call, call.args[1], sys::fstatfs)
}

/// `newfstatat`, of the descriptor itself or of what is found from it.
pub(crate) fn newfstatat(call: &Call<'_>) -> Result<Reply> {
    if !names_descriptor(call, call.int(3)) {
        return call.promote_and_continue(call.fd(0), EBADF);
    }
    copy_out(call, call.args[2], sys::fstat)
}

/// `statx`, likewise.
pub(crate) fn statx(call: &Call<'_>) -> Result<Reply> {
    if !names_descriptor(call, call.int(2)) {
        return call.promote_and_continue(call.fd(0), EBADF);
    }
    copy_out(call, call.args[4], |file| sys::statx(file, call.int(2), call.args[3] as u32))
}

/// Writes what is known to `address`. Where we may not write, the kernel perhaps may.
fn copy_out<T: Plain>(
    call: &Call<'_>,
    address: u64,
    known: impl FnOnce(BorrowedFd<'_>) -> Result<T>,
) -> Result<Reply> {
    let copied = call.with_backing(call.fd(0), |file| {
        call.memory().write(address, &known(file)?)?;
        Ok(Reply::Value(0))
    });
    match copied {
        Err(errno @ Errno(libc::EFAULT)) => call.promote_and_continue(call.fd(0), errno),
        copied => copied,
    }
}

/// Whether the path is empty and may be.
fn names_descriptor(call: &Call<'_>, flags: i32) -> bool {
    if flags & libc::AT_EMPTY_PATH == 0 {
        return false;
    }
    let path = call.args[1];
    path == 0 || call.memory().read_path(path).is_ok_and(|path| path.is_empty())
}
