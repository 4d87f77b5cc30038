//! A descriptor's number.

use std::os::fd::RawFd;

use crate::table::occupancy::{FAN, FAN_BITS};

/// The low hot range is `0..LOW_END`; the gap begins here.
pub(crate) const LOW_END: u32 = 1 << (2 * FAN_BITS);
/// The numbers are 31 bits (7 in the model checker's small table).
pub(crate) const NUMBERS: u32 = 1 << (6 * FAN_BITS + 1);

/// The number that a system call names, unsigned: a negative one lies at [`NUMBERS`] or past it,
/// where nothing is ever open. So any `u32` is one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Number(pub(crate) u32);

impl Number {
    pub(crate) const MIN: Self = Self(0);
    /// The end of all that can be open.
    pub(crate) const END: Self = Self(NUMBERS);

    #[inline]
    pub(crate) fn new(fd: RawFd) -> Self {
        Self(fd as u32)
    }

    /// The number, if a new descriptor may have it under `limit`, which is at most `NUMBERS`.
    pub(crate) fn below(fd: RawFd, limit: Number) -> Option<Self> {
        let number = Self::new(fd);
        (number < limit).then_some(number)
    }

    #[inline]
    pub(crate) fn fd(self) -> RawFd {
        self.0 as RawFd
    }

    /// Its slot within its chunk.
    #[inline]
    pub(crate) fn slot(self) -> usize {
        self.0 as usize % FAN
    }

    /// The first number of its chunk.
    #[inline]
    pub(crate) fn chunk_start(self) -> Self {
        Self(self.0 - self.slot() as u32)
    }

    /// The first number behind its chunk.
    pub(crate) fn chunk_end(self) -> Self {
        self.chunk_start().plus(FAN)
    }

    /// The number `n` further on.
    #[inline]
    pub(crate) fn plus(self, n: usize) -> Self {
        Self(self.0 + n as u32)
    }
}
