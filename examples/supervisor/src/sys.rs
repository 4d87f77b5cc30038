//! The system calls that `std` has no words for: each is wrapped once, and unsafe ends here.

use std::{
    mem::MaybeUninit,
    os::fd::{FromRawFd, OwnedFd, RawFd},
};

mod epoll;
mod file;
mod inherited;
mod process;

pub(crate) use epoll::*;
pub(crate) use file::*;
pub(crate) use inherited::*;
pub(crate) use process::*;

/// An errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

pub(crate) type Result<T, E = Errno> = std::result::Result<T, E>;

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<fdtable::Error> for Errno {
    fn from(error: fdtable::Error) -> Self {
        Self(error.errno())
    }
}

impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}

/// Turns the -1 of the C library into the errno.
pub(crate) fn check(result: i64) -> Result<i64> {
    match result {
        -1 => Err(std::io::Error::last_os_error().into()),
        value => Ok(value),
    }
}

/// A descriptor that a system call has just made for us.
fn owned(result: i64) -> Result<OwnedFd> {
    let fd = check(result)? as RawFd;
    // SAFETY: the kernel has just made it, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A plain structure of the kernel, all zero.
///
/// # Safety
///
/// All zeroes must be a value of `T`.
unsafe fn zeroed<T>() -> T {
    // SAFETY: guaranteed by the caller.
    unsafe { MaybeUninit::zeroed().assume_init() }
}
