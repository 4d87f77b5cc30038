//! Calls after which a guest may have other credentials, another root or other mounts than we have:
//! from then on its kernel opens files.

use std::sync::atomic::Ordering;

use super::{call::Call, listener::Reply, sys::Result};

/// Those of `prctl` that change which rights a program has that is executed.
pub(crate) const PRCTL: &[u32] = &[libc::PR_CAPBSET_DROP as u32, libc::PR_SET_SECUREBITS as u32];

/// `chroot`, `setuid` and their like. Also a `clone` that changes them: the child inherits it.
pub(crate) fn changed(call: &Call<'_>) -> Result<Reply> {
    call.task.process.diverged.access.store(true, Ordering::Relaxed);
    Ok(Reply::Continue)
}
