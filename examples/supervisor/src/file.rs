//! What a number in the table refers to.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::sys;

/// An open file description of a guest.
#[derive(Debug)]
pub(crate) enum File {
    /// It has numbers below the hard limit alone. The guest has a descriptor at each, and we have
    /// none.
    Placed,
    /// A regular file or directory that has a number from the hard limit on, where the guest can
    /// have no descriptor. We have it open, and serve the calls on it.
    Served(OwnedFd),
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

/// The kind of file, if it is one that we open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Regular,
    Directory,
}

/// The kind of a file, if it is one that we open.
pub(crate) fn kind(file: BorrowedFd<'_>) -> Option<Kind> {
    let kind = match sys::fstat(file).ok()?.st_mode & libc::S_IFMT {
        libc::S_IFREG => Kind::Regular,
        libc::S_IFDIR => Kind::Directory,
        _ => return None,
    };
    let file_system = sys::fstatfs(file).ok()?.f_type as u64;
    (!LEFT_TO_KERNEL.contains(&file_system)).then_some(kind)
}

impl File {
    /// Our own descriptor, if the file is served.
    pub(crate) fn served(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Served(fd) => Some(fd.as_fd()),
            Self::Placed => None,
        }
    }
}
