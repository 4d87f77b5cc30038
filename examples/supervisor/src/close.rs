//! `close` and `close_range`.

use std::os::fd::RawFd;

use fdtable::{CloseRangeFlags, Descriptor};

use super::{
    call::{Call, EBADF},
    exec::distrust_token,
    listener::Reply,
    numbers::{EXEC_TOKEN, TABLE_START},
    sys::Result,
};

pub(crate) fn close(call: &Call<'_>) -> Result<Reply> {
    match call.fd(0) {
        EXEC_TOKEN => Err(EBADF),
        fd => close_number(call, fd),
    }
}

/// Closes the number in the table at once. Where the guest has a descriptor, the kernel closes it
/// then, and until it has the number stays reserved.
fn close_number(call: &Call<'_>, fd: RawFd) -> Result<Reply> {
    let _lock = call.task.process.lock_number(fd);
    let table = call.task.table();
    let (Descriptor { flags, file, .. }, number) = table.take_owned(fd)?;
    drop(file);
    if call.can_place(fd) {
        call.task.add_pending_close(number, flags);
        return Ok(Reply::Continue);
    }
    Ok(Reply::Value(0))
}

/// The kernel closes what it has, and we close what we have.
pub(crate) fn close_range(call: &Call<'_>) -> Result<Reply> {
    let (first, last) = (call.args[0] as u32, call.args[1] as u32);
    let flags = CloseRangeFlags::from_bits_retain(call.args[2] as u32);
    if first > last || !CloseRangeFlags::all().contains(flags) {
        return Ok(Reply::Continue);
    }
    let unshares = flags.contains(CloseRangeFlags::UNSHARE);
    if unshares || (first..=last).contains(&(EXEC_TOKEN as u32)) {
        distrust_token(call);
    }
    if unshares {
        call.supervisor.registry.unshare_files(call.task);
    }
    if last >= TABLE_START as u32 {
        close_in_table(call, first.max(TABLE_START as u32), last, flags)?;
    }
    Ok(Reply::Continue)
}

fn close_in_table(call: &Call<'_>, first: u32, last: u32, flags: CloseRangeFlags) -> Result<()> {
    let table = call.task.table();
    if flags.contains(CloseRangeFlags::CLOEXEC) {
        table.close_range(first, last, CloseRangeFlags::CLOEXEC)?;
        return Ok(());
    }
    for Descriptor { fd, file, .. } in &**table {
        drop(file);
        if (first..=last).contains(&(fd as u32)) {
            // Another thread may have been faster.
            let _ = close_number(call, fd);
        }
    }
    Ok(())
}
