//! The flags of a descriptor and of `close_range(2)`.

use crate::error::Error;

/// Linux's `O_CLOEXEC` on every architecture but alpha, parisc and sparc.
const O_CLOEXEC: i32 = 0o2_000_000;

bitflags::bitflags! {
    /// The flags of one file descriptor: `FD_CLOEXEC`, `FD_CLOFORK` and six bits of the user's own.
    ///
    /// They belong to the number and not to the open file description: `dup` does not copy them.
    /// The six are for what a supervisor must know of a number without touching its file
    /// (passthrough, terminal, has a twin in the kernel, ...).
    ///
    /// ```
    /// use fdtable::FdFlags;
    ///
    /// const PASSTHROUGH: FdFlags = FdFlags::USER_1;
    /// let flags = FdFlags::CLOEXEC | PASSTHROUGH;
    /// assert!(flags.contains(FdFlags::CLOEXEC));
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FdFlags: u8 {
        /// `FD_CLOEXEC`: a successful exec closes the descriptor.
        const CLOEXEC = 1;
        /// The user's first bit.
        const USER_1 = 1 << 1;
        /// The user's second bit.
        const USER_2 = 1 << 2;
        /// The user's third bit.
        const USER_3 = 1 << 3;
        /// The user's fourth bit.
        const USER_4 = 1 << 4;
        /// The user's fifth bit.
        const USER_5 = 1 << 5;
        /// The user's sixth bit.
        const USER_6 = 1 << 6;
        /// `FD_CLOFORK` of POSIX.1-2024: the descriptor is not in the table that a
        /// [`fork`](crate::FdTable::fork) makes.
        ///
        /// Linux has it not, so its `dup3` refuses an `O_CLOFORK`
        /// ([`from_dup3`](Self::from_dup3)), and its value is another one on each system: a
        /// supervisor for a system that has it decodes `O_CLOFORK` and passes this flag.
        ///
        /// * `F_DUPFD_CLOFORK`, and `dup3` with `O_CLOFORK`, set it; `dup`, `dup2` and `F_DUPFD`
        ///   clear it on the new number, as they clear `FD_CLOEXEC` ([POSIX, `fcntl`]).
        /// * `unshare` and `CLOSE_RANGE_UNSHARE` make a copy, but no process: they keep the
        ///   descriptor and its flag.
        /// * An exec clears it on what stays open. As published, POSIX.1-2024 keeps it, which lets
        ///   a program lose the descriptors that it was started with at its first fork. [Bug 1851]
        ///   of the Austin Group says so, and [illumos] and [FreeBSD] clear it.
        ///
        /// ```
        /// # use fdtable::{FdFlags, FdTable, Files, OpenFileTable, Placement};
        /// let parent = Files::new(FdTable::new(&OpenFileTable::new()));
        /// let (table, both) = (parent.load(), FdFlags::CLOEXEC | FdFlags::CLOFORK);
        /// let lock = table.open(Placement::Lowest, "lock", FdFlags::CLOFORK)?;
        /// let copy = table.dup(lock, Placement::Lowest, FdFlags::empty())?;
        /// let child = parent.fork().load();
        /// assert!(!child.contains(lock) && child.contains(copy));
        ///
        /// // fcntl(lock, F_SETFD, FD_CLOEXEC), where there are two such flags:
        /// table.update_flags(lock, |flags| flags - both | FdFlags::CLOEXEC)?;
        /// assert_eq!(table.flags(lock), Some(FdFlags::CLOEXEC));
        /// # Ok::<(), fdtable::Error>(())
        /// ```
        ///
        /// [POSIX, `fcntl`]: https://pubs.opengroup.org/onlinepubs/9799919799/functions/fcntl.html
        /// [Bug 1851]: https://www.austingroupbugs.net/view.php?id=1851
        /// [illumos]: https://www.illumos.org/issues/17481
        /// [FreeBSD]: https://github.com/freebsd/freebsd-src/pull/1698
        const CLOFORK = 1 << 7;
    }
}

bitflags::bitflags! {
    /// The flags of `close_range(2)`, with Linux's values; `from_bits_retain` takes the argument of
    /// the system call as it is.
    ///
    /// ```
    /// use fdtable::CloseRangeFlags;
    ///
    /// assert_eq!(CloseRangeFlags::from_bits(4), Some(CloseRangeFlags::CLOEXEC));
    /// assert_eq!(CloseRangeFlags::from_bits(1), None);
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct CloseRangeFlags: u32 {
        /// `CLOSE_RANGE_UNSHARE`: stop sharing the table first.
        const UNSHARE = 2;
        /// `CLOSE_RANGE_CLOEXEC`: set `FD_CLOEXEC` instead of closing.
        const CLOEXEC = 4;
    }
}

impl FdFlags {
    /// No flags: [`empty`](Self::empty) as a constant, and so also as a pattern.
    ///
    /// ```
    /// # use fdtable::{FdFlags, FdTable, OpenFileTable, Placement};
    /// let table = FdTable::new(&OpenFileTable::new());
    /// let fd = table.open(Placement::Lowest, "file", FdFlags::NONE)?;
    /// assert!(matches!(table.flags(fd), Some(FdFlags::NONE)));
    /// # Ok::<(), fdtable::Error>(())
    /// ```
    pub const NONE: Self = Self::empty();

    /// Decodes the flags argument of Linux's `dup3(2)`: `O_CLOEXEC` or nothing.
    ///
    /// # Errors
    ///
    /// `EINVAL` for any other bit, as `dup3` answers before it looks at a descriptor.
    ///
    /// ```
    /// use fdtable::{Error, FdFlags};
    ///
    /// assert_eq!(FdFlags::from_dup3(0), Ok(FdFlags::empty()));
    /// assert_eq!(FdFlags::from_dup3(0o2_000_000), Ok(FdFlags::CLOEXEC));
    /// assert_eq!(FdFlags::from_dup3(1), Err(Error::Invalid));
    /// ```
    pub const fn from_dup3(raw: i32) -> Result<Self, Error> {
        match raw {
            0 => Ok(FdFlags::empty()),
            O_CLOEXEC => Ok(FdFlags::CLOEXEC),
            _ => Err(Error::Invalid),
        }
    }
}
