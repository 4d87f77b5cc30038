//! Reading and writing what we hold ourselves, at a number from the hard limit on.

use std::{cell::RefCell, os::fd::BorrowedFd, sync::atomic::Ordering};

use super::{
    call::{Call, EFAULT, EINVAL, EPERM},
    listener::Reply,
    memory::{PAGE, RemoteIoVec},
    sys::{self, Position, Result},
};

/// The most that is copied through us at once.
const BUFFER: usize = 256 << 10;
/// The end of what a guest can have of the address space, with four levels of page tables.
const USER_END: u64 = (1 << 47) - PAGE;
/// `IOV_MAX`.
const IOV_MAX: u64 = 1024;

thread_local! {
    static BYTES: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

pub(crate) fn read(call: &Call<'_>) -> Result<Reply> {
    read_to(call, single_buffer(call), Position::Current)
}

pub(crate) fn pread64(call: &Call<'_>) -> Result<Reply> {
    read_to(call, single_buffer(call), Position::At(call.args[3] as i64))
}

pub(crate) fn readv(call: &Call<'_>) -> Result<Reply> {
    read_to(call, vector(call), Position::Current)
}

pub(crate) fn preadv(call: &Call<'_>) -> Result<Reply> {
    read_to(call, vector(call), Position::At(call.args[3] as i64))
}

pub(crate) fn write(call: &Call<'_>) -> Result<Reply> {
    write_from(call, single_buffer(call), Position::Current)
}

pub(crate) fn pwrite64(call: &Call<'_>) -> Result<Reply> {
    write_from(call, single_buffer(call), Position::At(call.args[3] as i64))
}

pub(crate) fn writev(call: &Call<'_>) -> Result<Reply> {
    write_from(call, vector(call), Position::Current)
}

pub(crate) fn pwritev(call: &Call<'_>) -> Result<Reply> {
    write_from(call, vector(call), Position::At(call.args[3] as i64))
}

/// `read(fd, buffer, length)` and its like.
fn single_buffer(call: &Call<'_>) -> Option<Vec<RemoteIoVec>> {
    Some(vec![RemoteIoVec { base: call.args[1], len: call.args[2] }])
}

/// `readv(fd, vector, count)` and its like; `None` for a bad one, and for an empty one: that is no
/// error even where nothing can be read.
fn vector(call: &Call<'_>) -> Option<Vec<RemoteIoVec>> {
    let count = call.args[2];
    if count > IOV_MAX {
        return None;
    }
    let iovecs: Vec<RemoteIoVec> = call.memory().read_array(call.args[1], count as usize).ok()?;
    iovecs.iter().any(|iovec| iovec.len > 0).then_some(iovecs)
}

/// The length of all iovecs, if it fits our buffer, and no address can be the kernel's: that
/// is an error even where nothing is copied.
fn length(iovecs: &[RemoteIoVec]) -> Option<usize> {
    let mut total = 0u64;
    for iovec in iovecs {
        total = total.checked_add(iovec.len)?;
        iovec.base.checked_add(iovec.len).filter(|end| *end <= USER_END)?;
    }
    usize::try_from(total).ok().filter(|total| *total <= BUFFER)
}

fn read_to(call: &Call<'_>, iovecs: Option<Vec<RemoteIoVec>>, position: Position) -> Result<Reply> {
    transfer(call, iovecs, |file, iovecs, buffer| {
        let read = sys::read(file, buffer, position)?;
        if read == 0 {
            return Ok(0);
        }
        let written = call.memory().write_vectored(iovecs, &buffer[..read]);
        let written = written.unwrap_or(0);
        if written < read && matches!(position, Position::Current) {
            sys::lseek(file, written as i64 - read as i64, libc::SEEK_CUR)?;
        }
        if written == 0 {
            return Err(EFAULT);
        }
        Ok(written)
    })
}

fn write_from(
    call: &Call<'_>,
    iovecs: Option<Vec<RemoteIoVec>>,
    position: Position,
) -> Result<Reply> {
    let diverged = &call.task.process.diverged;
    // A write by a process without `CAP_FSETID` also clears the set-user-ID bit.
    if diverged.file_size_limit.load(Ordering::Relaxed) || diverged.access.load(Ordering::Relaxed) {
        return Err(EINVAL);
    }
    transfer(call, iovecs, |file, iovecs, buffer| {
        let read = match buffer.len() {
            0 => 0,
            // Or the memory is closed to us: the kernel knows.
            _ => call.memory().read_vectored(iovecs, buffer).map_err(|_| EFAULT)?,
        };
        sys::write(file, &buffer[..read], position)
    })
}

fn transfer(
    call: &Call<'_>,
    iovecs: Option<Vec<RemoteIoVec>>,
    copy: impl FnOnce(BorrowedFd<'_>, &[RemoteIoVec], &mut [u8]) -> Result<usize>,
) -> Result<Reply> {
    call.with_served(call.fd(0), |file| {
        let iovecs = iovecs.as_deref().ok_or(EINVAL)?;
        let length = length(iovecs).ok_or(EINVAL)?;
        BYTES.with_borrow_mut(|bytes| {
            let copied = copy(file, iovecs, &mut bytes[..length])?;
            Ok(Reply::Value(copied as i64))
        })
    })
}

pub(crate) fn getdents64(call: &Call<'_>) -> Result<Reply> {
    call.with_served(call.fd(0), |dir| {
        let before = sys::lseek(dir, 0, libc::SEEK_CUR)?;
        BYTES.with_borrow_mut(|bytes| {
            let length = BUFFER.min(call.args[2] as u32 as usize);
            let read = sys::getdents64(dir, &mut bytes[..length])?;
            let iovec = RemoteIoVec { base: call.args[1], len: read as u64 };
            if read > 0 && call.memory().write_vectored(&[iovec], &bytes[..read]) != Ok(read) {
                sys::lseek(dir, before, libc::SEEK_SET)?;
                return Err(EFAULT);
            }
            Ok(Reply::Value(read as i64))
        })
    })
}

/// A call whose other arguments are integers.
pub(crate) fn forward(call: &Call<'_>) -> Result<Reply> {
    call.with_served(call.fd(0), |file| {
        let rest = [call.args[1], call.args[2], call.args[3]];
        sys::forward(call.syscall.number, file, rest).map(Reply::Value)
    })
}

/// A call that needs permission, which the guest may have lost since we have opened the file.
pub(crate) fn forward_if_permitted(call: &Call<'_>) -> Result<Reply> {
    match call.task.process.diverged.access.load(Ordering::Relaxed) {
        true => Err(EPERM),
        false => forward(call),
    }
}

/// `ftruncate`: a process that goes beyond the limit on the size of files gets a signal, too.
pub(crate) fn ftruncate(call: &Call<'_>) -> Result<Reply> {
    match call.task.process.diverged.file_size_limit.load(Ordering::Relaxed) {
        true => Err(EINVAL),
        false => forward_if_permitted(call),
    }
}
