//! What the tests of several targets share: the borders between the tiers, a file that knows its
//! number and records its drop, two ways to make threads meet, and an allocator that counts.

mod files;
pub mod heap;
mod threads;

use std::panic;

use fdtable::{Error, FdFlags, RawFd};

pub use files::{File, World, numbers, tag_at};
pub use threads::{pause, race, watched};

/// Both sides of every border between tiers, 2^20 (the default limit) and the last number.
pub const EDGES: [RawFd; 12] =
    [0, 1023, 1024, 32767, 32768, 36863, 36864, 65535, 65536, (1 << 20) - 1, 1 << 20, RawFd::MAX];

/// What no descriptor can be: -1, 2^31 as u32, and a number between.
pub const BAD: [RawFd; 3] = [-1, RawFd::MIN, -1000];

/// Every number below it may be open: no edge is out of reach.
pub const NO_LIMIT: u32 = 1 << 31;

pub const NONE: FdFlags = FdFlags::NONE;
pub const CLOEXEC: FdFlags = FdFlags::CLOEXEC;

/// The descriptor that an unsigned argument names: 2^31 and above are negative.
pub fn register(n: u32) -> RawFd {
    n as RawFd
}

/// A descriptor as an argument of close_range and set_limit.
pub fn arg(fd: RawFd) -> u32 {
    fd as u32
}

/// The errno of a call, 0 for success.
pub fn errno<T, E>(result: Result<T, E>) -> i32
where
    Error: From<E>,
{
    result.map_or_else(|e| Error::from(e).errno(), |_| 0)
}

/// The message of a panic that `f` must end in.
pub fn panic_of(f: impl FnOnce()) -> String {
    let payload = panic::catch_unwind(panic::AssertUnwindSafe(f)).expect_err("no panic");
    payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
