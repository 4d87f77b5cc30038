//! What is known about a file that we have open.

use std::os::fd::BorrowedFd;

use super::{
    call::Call,
    listener::Reply,
    memory::Plain,
    sys::{self, Result},
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
        // The guest has no directory there: its kernel says so.
        return Ok(Reply::Continue);
    }
    copy_out(call, call.args[2], sys::fstat)
}

/// `statx`, likewise.
pub(crate) fn statx(call: &Call<'_>) -> Result<Reply> {
    if !names_descriptor(call, call.int(2)) {
        // The guest has no directory there: its kernel says so.
        return Ok(Reply::Continue);
    }
    copy_out(call, call.args[4], |file| sys::statx(file, call.int(2), call.args[3] as u32))
}

fn copy_out<T: Plain>(
    call: &Call<'_>,
    address: u64,
    known: impl FnOnce(BorrowedFd<'_>) -> Result<T>,
) -> Result<Reply> {
    call.with_served(call.fd(0), |file| {
        call.memory().write(address, &known(file)?)?;
        Ok(Reply::Value(0))
    })
}

/// Whether the path is empty and may be.
fn names_descriptor(call: &Call<'_>, flags: i32) -> bool {
    if flags & libc::AT_EMPTY_PATH == 0 {
        return false;
    }
    let path = call.args[1];
    path == 0 || call.memory().read_path(path).is_ok_and(|path| path.is_empty())
}
