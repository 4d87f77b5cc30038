//! Whose a descriptor number is: the kernel's or the table's. No number can be both's.

use std::{mem, os::fd::RawFd};

use fdtable::{FdTable, Placement};

use super::file::File;

/// The kernel hands out `[0, KERNEL_END)`: it is the soft `RLIMIT_NOFILE` that it knows for a
/// guest. All that `select` can wait for is there.
pub(crate) const KERNEL_END: RawFd = 1024;
/// The table has everything from here on.
pub(crate) const TABLE_START: RawFd = KERNEL_END;

/// Where automatic numbers start. A descriptor at a higher number makes the kernel's table larger,
/// which each fork of the guest has to copy.
pub(crate) const BASE: u32 = 2080;
/// Where a guest has a close-on-exec descriptor while it executes a program: it is gone exactly if
/// that has succeeded. Reserved in every table. For the kernel it is of the size of the first
/// automatic numbers, so that they do not make its table grow again.
pub(crate) const EXEC_TOKEN: RawFd = BASE as RawFd - 1;

/// The hard `RLIMIT_NOFILE` of a guest that was given a limit of its own, and the most that root
/// can raise it to: the default of `fs.nr_open`.
pub(crate) const NR_OPEN: u32 = 1 << 20;

pub(crate) fn is_in_table(fd: RawFd) -> bool {
    fd >= TABLE_START
}

/// Keeps the number of the token from being given out. To be called for each new table, and when
/// its limit is raised.
pub(crate) fn reserve_token(table: &FdTable<File>) {
    // Fails if that is done, and above the limit.
    mem::forget(table.reserve(Placement::At(EXEC_TOKEN)));
}

/// Reserves an automatic number: one below the base if all above are taken.
pub(crate) fn reserve_automatic(
    table: &FdTable<File>,
) -> Result<fdtable::Reservation<'_, File>, fdtable::Error> {
    let above = table.reserve(Placement::FromBase);
    above.or_else(|_| table.reserve(Placement::From(TABLE_START))).map_err(|error| match error {
        // The whole table is above the limit.
        fdtable::Error::Invalid => fdtable::Error::TooManyOpenFiles,
        error => error,
    })
}
