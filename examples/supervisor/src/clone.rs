//! `clone`, `clone3` and `unshare`, where they make a thread with files of its own, or a namespace
//! in which a path means something else.

use super::{call::Call, credentials, exec::distrust_token, listener::Reply, sys::Result};

/// Flags of `clone` and `unshare` that change what a path means, or the credentials.
pub(crate) const NAMESPACES: u32 = (libc::CLONE_NEWNS | libc::CLONE_NEWUSER) as u32;
/// Flags of `unshare` that are intercepted.
pub(crate) const UNSHARE: u32 = NAMESPACES | libc::CLONE_FILES as u32;

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
    if flags & u64::from(NAMESPACES) != 0 {
        credentials::changed(call)?;
    }
    if has(libc::CLONE_THREAD) && !has(libc::CLONE_FILES) {
        distrust_token(call);
        call.task.process.unshared.begin_clone(call.task.tid);
    }
    Ok(Reply::Continue)
}

pub(crate) fn unshare(call: &Call<'_>) -> Result<Reply> {
    let flags = call.args[0] as u32;
    if flags & NAMESPACES != 0 {
        credentials::changed(call)?;
    }
    if flags & libc::CLONE_FILES as u32 != 0 {
        distrust_token(call);
        call.supervisor.registry.unshare_files(call.task);
    }
    Ok(Reply::Continue)
}
