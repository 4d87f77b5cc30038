//! `close` and `close_range`.

use std::os::fd::RawFd;

use fdtable::{CloseRangeFlags, Descriptor};

use super::{
    call::Call,
    exec::doubt_token,
    file::{File, TWIN},
    listener::Reply,
    numbers::{EXEC_TOKEN, TABLE_START},
    sys::{self, Result},
};

pub(crate) fn close(call: &Call<'_>) -> Result<Reply> {
    close_number(call, call.fd(0))
}

/// Closes our half at once. Where there is a twin, the kernel closes it then, and until it has the
/// number is nobody's.
fn close_number(call: &Call<'_>, fd: RawFd) -> Result<Reply> {
    prepare_close(call, fd);
    let table = call.task.table();
    let (Descriptor { flags, file, .. }, number) = table.take(fd)?;
    drop(file);
    if flags.contains(TWIN) {
        call.task.park(number.into_owned(&table), flags);
        return Ok(Reply::Continue);
    }
    Ok(Reply::Value(0))
}

/// Before a number is closed: the kernel has to, where that may give up a lock. Any close of a file
/// gives up the process's POSIX locks on it, and those that it has taken through a number of the
/// kernel's we are not told of.
pub(crate) fn prepare_close(call: &Call<'_>, fd: RawFd) {
    let table = call.task.table();
    let backed = |file: &File| file.backing().is_some_and(sys::may_have_locks);
    if table.get(fd).is_some_and(|file| backed(&file)) {
        // Where there can be no twin, there can be no lock either.
        let _ = call.promote(fd);
    }
}

/// The kernel closes its own numbers and the twins, we close ours.
pub(crate) fn close_range(call: &Call<'_>) -> Result<Reply> {
    let (first, last) = (call.args[0] as u32, call.args[1] as u32);
    let flags = CloseRangeFlags::from_bits_retain(call.args[2] as u32);
    if first > last || !CloseRangeFlags::all().contains(flags) {
        return Ok(Reply::Continue);
    }
    let unshares = flags.contains(CloseRangeFlags::UNSHARE);
    if unshares || (first..=last).contains(&(EXEC_TOKEN as u32)) {
        doubt_token(call);
    }
    if unshares {
        call.supervisor.registry.unshare_files(call.task);
    }
    if last < TABLE_START as u32 {
        return Ok(Reply::Continue);
    }
    let first = first.max(TABLE_START as u32);
    let table = call.task.table();
    if flags.contains(CloseRangeFlags::CLOEXEC) {
        table.close_range(first, last, CloseRangeFlags::CLOEXEC)?;
        return Ok(Reply::Continue);
    }
    for Descriptor { fd, file, .. } in &**table {
        drop(file);
        if (first..=last).contains(&(fd as u32)) {
            // Another thread may have been faster.
            let _ = close_number(call, fd);
        }
    }
    Ok(Reply::Continue)
}
