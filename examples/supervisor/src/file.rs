//! What a number in the table refers to.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fdtable::FdFlags;

use super::sys;

/// The kernel has a descriptor of this process at the same number, on the same open file
/// description: its *twin*.
pub(crate) const TWIN: FdFlags = FdFlags::USER_1;

/// An open file description of a guest.
#[derive(Debug)]
pub(crate) enum File {
    /// A regular file or directory, which we have open too: most calls on it are served without the
    /// kernel of the guest.
    Backed(OwnedFd),
    /// Anything else, which may block: only the twins have it open, and the kernel serves it.
    KernelOnly,
}

/// File systems whose files depend on the process that reads them, or may keep us waiting.
const LEFT_TO_KERNEL: &[u64] = &[
    libc::PROC_SUPER_MAGIC as u64,
    libc::SYSFS_MAGIC as u64,
    libc::CGROUP_SUPER_MAGIC as u64,
    libc::CGROUP2_SUPER_MAGIC as u64,
    libc::DEBUGFS_MAGIC as u64,
    libc::TRACEFS_MAGIC as u64,
    libc::SECURITYFS_MAGIC as u64,
    libc::SELINUX_MAGIC as u64,
    libc::BPF_FS_MAGIC as u64,
    libc::FUSE_SUPER_MAGIC as u64,
    libc::AUTOFS_SUPER_MAGIC as u64,
];

/// The kind of file, if it is one that we serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    Regular,
    Directory,
}

/// Whether the file is one that we serve.
pub(crate) fn served(file: BorrowedFd<'_>) -> Option<Served> {
    let served = match sys::fstat(file).ok()?.st_mode & libc::S_IFMT {
        libc::S_IFREG => Served::Regular,
        libc::S_IFDIR => Served::Directory,
        _ => return None,
    };
    let file_system = sys::fstatfs(file).ok()?.f_type as u64;
    (!LEFT_TO_KERNEL.contains(&file_system)).then_some(served)
}

impl File {
    /// The descriptor of ours, if the file is served.
    pub(crate) fn backing(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Backed(fd) => Some(fd.as_fd()),
            Self::KernelOnly => None,
        }
    }
}
