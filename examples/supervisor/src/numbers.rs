//! Whose a descriptor number is: the kernel's or the table's. No number can be both's.

use std::os::fd::RawFd;

/// The kernel hands out `[0, KERNEL_END)`: it is the soft `RLIMIT_NOFILE` that it knows for a
/// guest.
pub(crate) const KERNEL_END: RawFd = 1023;
/// Where a guest has a close-on-exec descriptor while it executes a program: it is gone exactly if
/// that has succeeded.
pub(crate) const EXEC_TOKEN: RawFd = KERNEL_END;
/// The table has everything from here on.
pub(crate) const TABLE_START: RawFd = EXEC_TOKEN + 1;

/// The hard `RLIMIT_NOFILE` of a guest, and the most that root can raise it to: the default of
/// `fs.nr_open`.
pub(crate) const NR_OPEN: u32 = 1 << 20;

/// Automatic numbers start here where the kernel allows real descriptors there.
const HIGH_BASE: u32 = 32768;
/// And else here: still behind every number of the kernel's.
const LOW_BASE: u32 = 2048;
/// How many numbers above the base should be within the kernel's limit.
const CAPACITY: u64 = 4096;

pub(crate) fn is_in_table(fd: RawFd) -> bool {
    fd >= TABLE_START
}

/// Where automatic numbers start, for a hard `RLIMIT_NOFILE`.
pub(crate) fn base_for(hard_limit: u64) -> u32 {
    if hard_limit >= u64::from(HIGH_BASE) + CAPACITY { HIGH_BASE } else { LOW_BASE }
}
