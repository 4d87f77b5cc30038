//! `sendmsg` and `sendmmsg`: the descriptors that they pass on (`SCM_RIGHTS`) get twins, and the
//! kernel does the rest.

use std::os::fd::RawFd;

use super::{call::Call, listener::Reply, memory::Memory, sys::Result};

pub(crate) fn sendmsg(call: &Call<'_>) -> Result<Reply> {
    call.promote(call.fd(0))?;
    promote_rights(call, call.args[1]);
    Ok(Reply::Continue)
}

pub(crate) fn sendmmsg(call: &Call<'_>) -> Result<Reply> {
    /// `struct mmsghdr`: a `msghdr` and a length, padded.
    const MESSAGE: u64 = size_of::<libc::mmsghdr>() as u64;
    /// `UIO_MAXIOV`: the kernel sends no more at once.
    const MAX_MESSAGES: u64 = 1024;
    call.promote(call.fd(0))?;
    for i in 0..u64::from(call.args[2] as u32).min(MAX_MESSAGES) {
        promote_rights(call, call.args[1].wrapping_add(i * MESSAGE));
    }
    Ok(Reply::Continue)
}

/// Gives twins to what the control messages of the message at `address` pass on.
fn promote_rights(call: &Call<'_>, address: u64) {
    if call.task.table().is_empty() {
        return;
    }
    let memory = call.memory();
    let Ok(message) = memory.read::<libc::msghdr>(address) else {
        return;
    };
    // The kernel takes no more than a page or so.
    let length = (message.msg_controllen as u64).min(1 << 16);
    for_each_right(memory, message.msg_control as u64, length, |fd| call.promote_if_possible(fd));
}

/// Calls `act` for each descriptor in the control messages at `start`.
fn for_each_right(memory: Memory, start: u64, length: u64, act: impl Fn(RawFd)) {
    let header = size_of::<libc::cmsghdr>() as u64;
    let align = |len: u64| len.next_multiple_of(size_of::<usize>() as u64);
    let mut offset = 0;
    while offset + header <= length {
        let at = start.wrapping_add(offset);
        let Ok(control) = memory.read::<libc::cmsghdr>(at) else {
            return;
        };
        let end = (control.cmsg_len as u64).min(length - offset);
        if end < header {
            return;
        }
        if (control.cmsg_level, control.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            let count = (end - header) as usize / size_of::<RawFd>();
            let fds = memory.read_array::<RawFd>(at.wrapping_add(header), count);
            fds.unwrap_or_default().into_iter().for_each(&act);
        }
        offset += align(end);
    }
}
