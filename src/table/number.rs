//! A descriptor's number.

use std::os::fd::RawFd;

/// The number that a system call names, unsigned: a negative one lies at
/// [`NUMBERS`](super::gap::NUMBERS) or past it, where nothing is ever open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Number(u32);

impl Number {
    #[inline]
    pub(crate) fn new(fd: RawFd) -> Self {
        Self(fd as u32)
    }

    /// The number, if a new descriptor may have it under `limit`, which is at most `NUMBERS`.
    pub(crate) fn below(fd: RawFd, limit: u32) -> Option<Self> {
        let number = Self::new(fd);
        (number.get() < limit).then_some(number)
    }

    #[inline]
    pub(crate) fn from_u32(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    pub(crate) fn get(self) -> u32 {
        self.0
    }

    pub(crate) fn fd(self) -> RawFd {
        self.0 as RawFd
    }
}
