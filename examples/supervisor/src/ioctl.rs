//! Those of `ioctl` that concern a descriptor, or name another.

use std::os::fd::RawFd;

use libc::Ioctl;

use super::{
    call::Call,
    fcntl::set_cloexec,
    listener::Reply,
    sys::{Errno, Result},
    twin::promote_all,
};

/// The C library does not have it.
const FIDEDUPERANGE: Ioctl = 0xc018_9436;

/// They name a second descriptor, as an argument or in memory.
pub(crate) const NAME_ANOTHER: &[u32] =
    &[libc::FICLONE as u32, libc::FICLONERANGE as u32, FIDEDUPERANGE as u32];

pub(crate) fn ioctl(call: &Call<'_>) -> Result<Reply> {
    let fd = call.fd(0);
    match call.args[1] as u32 as Ioctl {
        libc::FIOCLEX => return set_cloexec(call, fd, true),
        libc::FIONCLEX => return set_cloexec(call, fd, false),
        // Is it a terminal? Nothing that we have open is.
        libc::TCGETS => return call.with_backing(fd, |_| Err(Errno(libc::ENOTTY))),
        libc::FICLONE => call.promote(call.fd(2))?,
        // The structure begins with it.
        libc::FICLONERANGE => promote_at(call, call.args[2])?,
        FIDEDUPERANGE => promote_targets(call, call.args[2]),
        _ => {}
    }
    promote_all(call)
}

/// The descriptor is in memory, as a 64-bit number. A bad address is the kernel's to find.
fn promote_at(call: &Call<'_>, address: u64) -> Result<()> {
    match call.memory().read::<u64>(address) {
        Ok(fd) => call.promote(fd as RawFd),
        Err(_) => Ok(()),
    }
}

/// Those of a `struct file_dedupe_range`, where the kernel answers for each.
fn promote_targets(call: &Call<'_>, address: u64) {
    const COUNT: u64 = 16;
    const TARGETS: u64 = 24;
    const TARGET: u64 = 32;
    /// The kernel takes a page at most.
    const MOST: u16 = 128;
    let count = call.memory().read::<u16>(address.wrapping_add(COUNT)).unwrap_or(0);
    for target in 0..count.min(MOST) {
        let _ = promote_at(call, address.wrapping_add(TARGETS + TARGET * u64::from(target)));
    }
}
