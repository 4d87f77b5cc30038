//! Calls after which a guest sees other files than we do, or has other rights: from then on it
//! opens files itself.

use std::sync::atomic::Ordering;

use super::{call::Call, exec::doubt_token, listener::Reply, sys::Result};

/// Flags of `clone` and `unshare` that change what a path means or who asks.
pub(crate) const OTHER_VIEW: u32 = (libc::CLONE_NEWNS | libc::CLONE_NEWUSER) as u32;
/// Flags of `unshare` that we hear of.
pub(crate) const UNSHARE: u32 = OTHER_VIEW | libc::CLONE_FILES as u32;

/// Those of `prctl` that change which rights a program has that is executed.
pub(crate) const PRCTL: &[u32] = &[libc::PR_CAPBSET_DROP as u32, libc::PR_SET_SECUREBITS as u32];

/// `chroot`, `setuid` and their like, and a clone with one of `OTHER_VIEW`: the child inherits it.
pub(crate) fn changed(call: &Call<'_>) -> Result<Reply> {
    let quirks = &call.task.process.quirks;
    quirks.opens_itself.store(true, Ordering::Relaxed);
    for argument in call.syscall.fd_arguments() {
        call.promote(call.fd(*argument as usize))?;
    }
    Ok(Reply::Continue)
}

/// `clone`, where it makes a thread with files of its own or a process with another view.
pub(crate) fn clone(call: &Call<'_>) -> Result<Reply> {
    begin_clone(call, call.args[0])
}

/// `clone3`, whose flags are in memory.
pub(crate) fn clone3(call: &Call<'_>) -> Result<Reply> {
    // The flags come first. A bad address is the kernel's to find.
    begin_clone(call, call.memory().read(call.args[0]).unwrap_or(0))
}

fn begin_clone(call: &Call<'_>, flags: u64) -> Result<Reply> {
    let has = |flag: i32| flags & flag as u64 != 0;
    if flags & u64::from(OTHER_VIEW) != 0 {
        changed(call)?;
    }
    if has(libc::CLONE_THREAD) && !has(libc::CLONE_FILES) {
        doubt_token(call);
        call.task.process.split.made_by(call.task.tid);
    }
    Ok(Reply::Continue)
}

pub(crate) fn unshare(call: &Call<'_>) -> Result<Reply> {
    let flags = call.args[0] as u32;
    if flags & OTHER_VIEW != 0 {
        changed(call)?;
    }
    if flags & libc::CLONE_FILES as u32 != 0 {
        doubt_token(call);
        call.supervisor.registry.unshare_files(call.task);
    }
    Ok(Reply::Continue)
}
