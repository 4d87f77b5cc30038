//! The seccomp listener: the kernel's notifications of the guests' system calls, and our replies.

use std::{
    mem::{self, MaybeUninit},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use libc::{c_ulong, seccomp_notif, seccomp_notif_addfd, seccomp_notif_resp, seccomp_notif_sizes};

use super::sys::{self, Errno, Result};

/// Wake the other side on this CPU, as it is us who will sleep next; since Linux 6.6.
const SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: c_ulong = 1;

/// What the guest gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Value(i64),
    Error(Errno),
    /// The kernel carries the system call out.
    Continue,
}

/// A structure with room for what newer kernels append to it.
#[repr(C)]
struct Padded<T> {
    value: T,
    padding: [u64; 32],
}

impl<T> Padded<T> {
    fn zeroed() -> Self {
        // SAFETY: used for structures of integers only, of which all zeroes is a value.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }
}

#[derive(Debug)]
pub(crate) struct Listener(OwnedFd);

impl Listener {
    /// Takes the listener over, and checks that this kernel's structures fit.
    pub(crate) fn new(fd: OwnedFd) -> Result<Self, String> {
        let mut sizes = MaybeUninit::<seccomp_notif_sizes>::zeroed();
        // SAFETY: `sizes` is writable.
        let result = sys::check(unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, sizes.as_mut_ptr())
        });
        result.map_err(|e| format!("SECCOMP_GET_NOTIF_SIZES: errno {}", e.0))?;
        // SAFETY: integers, of which any bytes are a value.
        let sizes = unsafe { sizes.assume_init() };
        if usize::from(sizes.seccomp_notif) > mem::size_of::<Padded<seccomp_notif>>()
            || usize::from(sizes.seccomp_notif_resp) > mem::size_of::<Padded<seccomp_notif_resp>>()
        {
            return Err("this kernel's seccomp structures are larger than expected".into());
        }
        // SAFETY: the argument is an integer. An older kernel refuses: it only wakes less cleverly.
        unsafe {
            libc::ioctl(
                fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS,
                SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP,
            )
        };
        Ok(Self(fd))
    }

    /// The next system call; blocks, whatever `O_NONBLOCK` says.
    pub(crate) fn receive(&self) -> Result<seccomp_notif> {
        let mut notif = Padded::<seccomp_notif>::zeroed();
        // SAFETY: `notif` is zeroed, writable, and has room for this kernel's structure.
        sys::check(i64::from(unsafe {
            libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notif)
        }))?;
        let _ = notif.padding;
        Ok(notif.value)
    }

    /// Answers; `ENOENT` if the guest is gone.
    pub(crate) fn send(&self, id: u64, reply: Reply) -> Result<()> {
        let mut response = Padded::<seccomp_notif_resp>::zeroed();
        response.value.id = id;
        match reply {
            Reply::Value(value) => response.value.val = value,
            Reply::Error(errno) => response.value.error = -errno.0,
            Reply::Continue => {
                response.value.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
            }
        }
        // SAFETY: `response` is as long as this kernel's structure at least.
        sys::check(i64::from(unsafe {
            libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response)
        }))
        .map(drop)
    }

    /// Whether the guest still waits for the reply.
    pub(crate) fn is_valid(&self, id: u64) -> bool {
        // SAFETY: `id` is readable.
        unsafe {
            libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0
        }
    }

    /// Gives the guest a descriptor for `file`: at `at`, replacing what is there, or at its lowest
    /// free number. The number.
    pub(crate) fn add_fd(
        &self,
        id: u64,
        file: BorrowedFd<'_>,
        at: Option<RawFd>,
        cloexec: bool,
    ) -> Result<RawFd> {
        let flags = at.map_or(0, |_| libc::SECCOMP_ADDFD_FLAG_SETFD as u32);
        let addfd = seccomp_notif_addfd {
            id,
            flags,
            srcfd: file.as_raw_fd() as u32,
            newfd: at.unwrap_or(0) as u32,
            newfd_flags: if cloexec { libc::O_CLOEXEC as u32 } else { 0 },
        };
        loop {
            // SAFETY: `addfd` is readable.
            let result = sys::check(i64::from(unsafe {
                libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const addfd)
            }));
            match result {
                Err(Errno(libc::EINTR)) => {}
                result => return Ok(result? as RawFd),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
