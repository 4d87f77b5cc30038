//! Calls that name descriptors in memory: what they name in the table gets twins, and the kernel
//! does the rest.

use std::os::fd::RawFd;

use super::{
    call::Call,
    listener::Reply,
    sys::{Errno, Result},
};

/// The most that we look through.
const MAX_NUMBERS: u64 = 1 << 20;
const BITS: u64 = u64::BITS as u64;

/// `poll` and `ppoll`.
pub(crate) fn poll(call: &Call<'_>) -> Result<Reply> {
    if call.task.table().is_empty() {
        return Ok(Reply::Continue);
    }
    let count = call.args[1] as u32;
    if u64::from(count) > MAX_NUMBERS {
        return Err(Errno(libc::EINVAL));
    }
    // A bad address is the kernel's to find.
    let polled = call.memory().read_array::<libc::pollfd>(call.args[0], count as usize);
    for poll in polled.unwrap_or_default() {
        call.promote_or_skip(poll.fd);
    }
    Ok(Reply::Continue)
}

/// `select` and `pselect6`, where the sets reach beyond the kernel's numbers.
pub(crate) fn select(call: &Call<'_>) -> Result<Reply> {
    let count = call.args[0] as u32;
    if u64::from(count) <= MAX_NUMBERS {
        for set in call.args[1..4].iter().filter(|set| **set != 0) {
            let words = u64::from(count).div_ceil(BITS) as usize;
            let words = call.memory().read_array::<u64>(*set, words);
            for (index, word) in words.unwrap_or_default().into_iter().enumerate() {
                let bits = (0..BITS).filter(|bit| word >> bit & 1 == 1);
                bits.for_each(|bit| call.promote_or_skip((index as u64 * BITS + bit) as RawFd));
            }
        }
    }
    Ok(Reply::Continue)
}

/// `sendmsg`, which may pass descriptors on.
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
    let header = size_of::<libc::cmsghdr>() as u64;
    let align = |len: u64| len.next_multiple_of(size_of::<usize>() as u64);
    // The kernel takes no more than a page or so.
    let (start, length) =
        (message.msg_control as u64, (message.msg_controllen as u64).min(1 << 16));
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
            fds.unwrap_or_default().into_iter().for_each(|fd| call.promote_or_skip(fd));
        }
        offset += align(end);
    }
}

impl Call<'_> {
    /// Promotes a number if that can be; if not, the kernel says what it thinks of it.
    fn promote_or_skip(&self, fd: RawFd) {
        let _ = self.promote(fd);
    }
}
