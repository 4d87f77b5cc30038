//! A descriptor's number, checked once at the surface.

use std::os::fd::RawFd;

use super::gap::NUMBERS;

/// Invariant: below `NUMBERS`, which is 2^31, so it is a `RawFd` too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Number(u32);

impl Number {
    /// `None` for a negative number.
    #[inline]
    pub(crate) fn new(fd: RawFd) -> Option<Self> {
        u32::try_from(fd).ok().and_then(Self::from_u32)
    }

    /// The number, if a new descriptor may have it under `limit`.
    pub(crate) fn below(fd: RawFd, limit: u32) -> Option<Self> {
        Self::new(fd).filter(|number| number.get() < limit)
    }

    #[inline]
    pub(crate) fn from_u32(number: u32) -> Option<Self> {
        (number < NUMBERS).then_some(Self(number))
    }

    #[inline]
    pub(crate) fn get(self) -> u32 {
        self.0
    }

    pub(crate) fn fd(self) -> RawFd {
        self.0 as RawFd
    }
}
