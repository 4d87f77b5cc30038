//! `poll` and `select`: the descriptors that they name in memory get twins, and the kernel does the
//! rest.

use std::os::fd::RawFd;

use super::{
    call::{Call, EINVAL},
    listener::Reply,
    sys::Result,
};

/// The most entries that we look through.
const MAX_ENTRIES: u64 = 1 << 20;
const BITS: u64 = u64::BITS as u64;

/// `poll` and `ppoll`.
pub(crate) fn poll(call: &Call<'_>) -> Result<Reply> {
    if call.task.table().is_empty() {
        return Ok(Reply::Continue);
    }
    let count = call.args[1] as u32;
    if u64::from(count) > MAX_ENTRIES {
        return Err(EINVAL);
    }
    // A bad address is the kernel's to find.
    let polled = call.memory().read_array::<libc::pollfd>(call.args[0], count as usize);
    for poll in polled.unwrap_or_default() {
        call.promote_if_possible(poll.fd);
    }
    Ok(Reply::Continue)
}

/// `select` and `pselect6`, where the sets reach beyond the kernel's numbers.
pub(crate) fn select(call: &Call<'_>) -> Result<Reply> {
    let count = call.args[0] as u32;
    if u64::from(count) <= MAX_ENTRIES {
        for set in call.args[1..4].iter().filter(|set| **set != 0) {
            let words = u64::from(count).div_ceil(BITS) as usize;
            let words = call.memory().read_array::<u64>(*set, words);
            for (index, word) in words.unwrap_or_default().into_iter().enumerate() {
                let bits = (0..BITS).filter(|bit| word >> bit & 1 == 1);
                bits.for_each(|bit| call.promote_if_possible((index as u64 * BITS + bit) as RawFd));
            }
        }
    }
    Ok(Reply::Continue)
}
