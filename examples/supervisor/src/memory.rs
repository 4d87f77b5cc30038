//! The memory of a guest, by `process_vm_readv` and `process_vm_writev`.

use std::{
    ffi::{CStr, CString},
    mem::{self, MaybeUninit},
    slice,
};

use super::sys::{self, Errno, Result};

/// A piece of a guest's memory: a `struct iovec` of its address space.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RemoteIoVec {
    pub(crate) base: u64,
    pub(crate) len: u64,
}

/// Structures of the kernel that a guest passes by pointer: plain numbers, without padding that
/// matters.
///
/// # Safety
///
/// Any bytes are a value, and the type owns nothing.
pub(crate) unsafe trait Plain: Copy {}

// SAFETY: an integer.
unsafe impl Plain for u8 {}
// SAFETY: an integer.
unsafe impl Plain for u64 {}
// SAFETY: as above.
unsafe impl Plain for RemoteIoVec {}
// SAFETY: as above.
unsafe impl Plain for libc::rlimit64 {}
// SAFETY: as above.
unsafe impl Plain for libc::stat {}
// SAFETY: as above.
unsafe impl Plain for libc::statfs {}
// SAFETY: as above.
unsafe impl Plain for libc::statx {}
// SAFETY: integers.
unsafe impl Plain for libc::open_how {}

/// The most a path may have, with its NUL.
const PATH_MAX: usize = 4096;
pub(crate) const PAGE: u64 = 4096;

/// The address space of a guest's thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    tid: i32,
}

impl Memory {
    pub(crate) fn of(tid: i32) -> Self {
        Self { tid }
    }

    /// Copies from the guest until a page is missing; how much came.
    pub(crate) fn read_vectored(self, iovecs: &[RemoteIoVec], buffer: &mut [u8]) -> Result<usize> {
        let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: `local` is writable for its length; the kernel checks the guest's side.
        let copied = sys::check(unsafe {
            libc::process_vm_readv(
                self.tid,
                &raw const local,
                1,
                iovecs.as_ptr().cast(),
                iovecs.len() as u64,
                0,
            )
        } as i64)?;
        Ok(copied as usize)
    }

    /// Copies to the guest until a page is missing; how much went.
    pub(crate) fn write_vectored(self, iovecs: &[RemoteIoVec], bytes: &[u8]) -> Result<usize> {
        let local =
            libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: `local` is readable for its length and is not written; the kernel checks the
        // guest's side.
        let copied = sys::check(unsafe {
            libc::process_vm_writev(
                self.tid,
                &raw const local,
                1,
                iovecs.as_ptr().cast(),
                iovecs.len() as u64,
                0,
            )
        } as i64)?;
        Ok(copied as usize)
    }

    /// A structure at `address`.
    pub(crate) fn read<T: Plain>(self, address: u64) -> Result<T> {
        let mut value = MaybeUninit::<T>::zeroed();
        // SAFETY: `value` is zeroed memory of this size, which nobody else sees.
        let bytes = unsafe {
            slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), mem::size_of::<T>())
        };
        self.read_exact(address, bytes)?;
        // SAFETY: `Plain` - any bytes are a value.
        Ok(unsafe { value.assume_init() })
    }

    /// `count` structures at `address`.
    pub(crate) fn read_array<T: Plain>(self, address: u64, count: usize) -> Result<Vec<T>> {
        let mut values = Vec::<T>::with_capacity(count);
        let len = count * mem::size_of::<T>();
        // SAFETY: the vector has room for `count` values; zeroing makes the bytes initialized.
        let bytes = unsafe {
            values.as_mut_ptr().write_bytes(0, count);
            slice::from_raw_parts_mut(values.as_mut_ptr().cast::<u8>(), len)
        };
        self.read_exact(address, bytes)?;
        // SAFETY: `Plain` - any bytes are values, and `count` of them are initialized.
        unsafe { values.set_len(count) };
        Ok(values)
    }

    pub(crate) fn write<T: Plain>(self, address: u64, value: &T) -> Result<()> {
        // SAFETY: `Plain` has no padding that is uninitialized here: the values come from the
        // kernel over zeroed memory.
        let bytes =
            unsafe { slice::from_raw_parts((&raw const *value).cast::<u8>(), mem::size_of::<T>()) };
        let iovec = RemoteIoVec { base: address, len: bytes.len() as u64 };
        match self.write_vectored(&[iovec], bytes) {
            Ok(written) if written == bytes.len() => Ok(()),
            _ => Err(Errno(libc::EFAULT)),
        }
    }

    fn read_exact(self, address: u64, bytes: &mut [u8]) -> Result<()> {
        let iovec = RemoteIoVec { base: address, len: bytes.len() as u64 };
        match bytes.len() {
            0 => Ok(()),
            len => match self.read_vectored(&[iovec], bytes) {
                Ok(read) if read == len => Ok(()),
                _ => Err(Errno(libc::EFAULT)),
            },
        }
    }

    /// The path at `address`: `EFAULT`, or `ENAMETOOLONG` without a NUL in `PATH_MAX` bytes.
    pub(crate) fn read_path(self, address: u64) -> Result<CString> {
        let mut bytes = [0; PATH_MAX];
        let mut len = 0;
        while len < PATH_MAX {
            // A page at a time: the path may end just before one that is missing. Most paths end
            // within the first few bytes.
            let start = address.wrapping_add(len as u64);
            let step = (PAGE - start % PAGE).min((PATH_MAX - len) as u64);
            let iovec = RemoteIoVec { base: start, len: step };
            let end = len + step as usize;
            let read = self
                .read_vectored(&[iovec], &mut bytes[len..end])
                .map_err(|_| Errno(libc::EFAULT))?;
            if let Ok(path) = CStr::from_bytes_until_nul(&bytes[..len + read]) {
                return Ok(path.to_owned());
            }
            if read < step as usize {
                return Err(Errno(libc::EFAULT));
            }
            len = end;
        }
        Err(Errno(libc::ENAMETOOLONG))
    }
}
