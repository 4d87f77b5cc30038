//! Opening files, and reading and writing them.

use std::{
    ffi::CStr,
    mem,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use libc::{c_int, c_long};

use super::{Result, check, owned, read_proc, status_field, zeroed};

/// `openat2`, for ourselves: the descriptor is close-on-exec and never our terminal.
pub(crate) fn openat2(
    dir: Option<BorrowedFd<'_>>,
    path: &CStr,
    flags: c_int,
    mode: u32,
    resolve: u64,
) -> Result<OwnedFd> {
    // SAFETY: all zeroes is an open_how.
    let mut how: libc::open_how = unsafe { zeroed() };
    how.flags = (flags | libc::O_CLOEXEC | libc::O_NOCTTY) as u32 as u64;
    if flags & libc::O_PATH != 0 {
        how.flags &= !(libc::O_NOCTTY as u64);
    }
    how.mode = u64::from(mode);
    how.resolve = resolve;
    let dir = dir.map_or(libc::AT_FDCWD, |dir| dir.as_raw_fd());
    // SAFETY: `path` ends in NUL, and `how` has the size that is given.
    owned(unsafe {
        libc::syscall(libc::SYS_openat2, dir, path.as_ptr(), &raw const how, mem::size_of_val(&how))
    })
}

pub(crate) fn fstat(fd: BorrowedFd<'_>) -> Result<libc::stat> {
    // SAFETY: all zeroes is a stat.
    let mut stat = unsafe { zeroed() };
    // SAFETY: `stat` is writable.
    check(i64::from(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) }))?;
    Ok(stat)
}

/// Whether the file belongs to the user that we are.
pub(crate) fn is_own(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: no arguments.
    fstat(fd).is_ok_and(|stat| stat.st_uid == unsafe { libc::geteuid() })
}

pub(crate) fn fstatfs(fd: BorrowedFd<'_>) -> Result<libc::statfs> {
    // SAFETY: all zeroes is a statfs.
    let mut statfs = unsafe { zeroed() };
    // SAFETY: `statfs` is writable.
    check(i64::from(unsafe { libc::fstatfs(fd.as_raw_fd(), &raw mut statfs) }))?;
    Ok(statfs)
}

/// `statx` of the descriptor itself.
pub(crate) fn statx(fd: BorrowedFd<'_>, flags: c_int, mask: u32) -> Result<libc::statx> {
    // SAFETY: all zeroes is a statx.
    let mut statx = unsafe { zeroed() };
    // SAFETY: the path is empty and ends in NUL, and `statx` is writable.
    check(i64::from(unsafe {
        libc::statx(fd.as_raw_fd(), c"".as_ptr(), flags | libc::AT_EMPTY_PATH, mask, &raw mut statx)
    }))?;
    Ok(statx)
}

pub(crate) fn fcntl(fd: BorrowedFd<'_>, command: c_int, argument: c_int) -> Result<i64> {
    assert!(matches!(command, libc::F_GETFL | libc::F_SETFL));
    // SAFETY: these commands take an integer.
    check(i64::from(unsafe { libc::fcntl(fd.as_raw_fd(), command, argument) }))
}

/// Where a read or a write goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Position {
    /// The offset of the open file description.
    Current,
    /// An offset of the call's own.
    At(i64),
}

pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8], position: Position) -> Result<usize> {
    let (fd, start, len) = (fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: `buffer` is writable for its length.
    let result = unsafe {
        match position {
            Position::Current => libc::read(fd, start, len),
            Position::At(offset) => libc::pread64(fd, start, len, offset),
        }
    };
    Ok(check(result as i64)? as usize)
}

pub(crate) fn write(fd: BorrowedFd<'_>, buffer: &[u8], position: Position) -> Result<usize> {
    let (fd, start, len) = (fd.as_raw_fd(), buffer.as_ptr().cast(), buffer.len());
    // SAFETY: `buffer` is readable for its length.
    let result = unsafe {
        match position {
            Position::Current => libc::write(fd, start, len),
            Position::At(offset) => libc::pwrite64(fd, start, len, offset),
        }
    };
    Ok(check(result as i64)? as usize)
}

pub(crate) fn getdents64(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize> {
    let (start, len) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: `buffer` is writable for its length.
    let result = unsafe { libc::syscall(libc::SYS_getdents64, fd.as_raw_fd(), start, len) };
    Ok(check(result)? as usize)
}

pub(crate) fn lseek(fd: BorrowedFd<'_>, offset: i64, whence: c_int) -> Result<i64> {
    // SAFETY: integers only.
    check(unsafe { libc::lseek64(fd.as_raw_fd(), offset, whence) })
}

/// A system call on `fd` whose other arguments are integers, as the guest gave them.
pub(crate) fn forward(number: c_long, fd: BorrowedFd<'_>, rest: [u64; 3]) -> Result<i64> {
    assert!(matches!(
        number,
        libc::SYS_lseek
            | libc::SYS_ftruncate
            | libc::SYS_fallocate
            | libc::SYS_fsync
            | libc::SYS_fdatasync
            | libc::SYS_fadvise64
            | libc::SYS_fchmod
            | libc::SYS_fchown
    ));
    // SAFETY: none of these calls takes a pointer.
    check(unsafe { libc::syscall(number, fd.as_raw_fd(), rest[0], rest[1], rest[2]) })
}

/// `F_GETFL`.
pub(crate) fn status_flags(fd: &OwnedFd) -> Result<c_int> {
    fcntl(fd.as_fd(), libc::F_GETFL, 0).map(|flags| flags as c_int)
}

/// The status flags of a guest's descriptor, and `O_CLOEXEC`.
pub(crate) fn status_flags_of(tid: i32, fd: RawFd) -> Option<c_int> {
    let info = read_proc(&format!("/proc/{tid}/fdinfo/{fd}"))?;
    i32::from_str_radix(status_field(&info, "flags")?, 8).ok()
}

/// Whether a descriptor of ours is open and not close-on-exec.
pub(crate) fn is_inherited(fd: RawFd) -> bool {
    // SAFETY: integers only.
    unsafe { libc::fcntl(fd, libc::F_GETFD) == 0 }
}
