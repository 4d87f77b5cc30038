//! Paths under `/proc/self/fd` and `/dev/fd`: the kernel has only twins there, so what is named
//! gets one.

use std::{
    ffi::CStr,
    fs,
    os::{
        fd::{AsRawFd, RawFd},
        unix::ffi::OsStringExt,
    },
};

use super::{
    call::{Call, EBADF, EINVAL},
    listener::Reply,
    memory::RemoteIoVec,
    numbers::is_in_table,
    sys::{Errno, Result},
};

/// What of the table a path under `/proc/self/fd` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProcFd {
    /// As `/proc/self/fd/2048` does.
    Number(RawFd),
    /// What is found from a number, as `/proc/self/fd/2048/x`, or about it, as
    /// `/proc/self/fdinfo/2048`.
    Below(RawFd),
    /// The directory with all of them.
    All,
}

const INFO: &str = "fdinfo";

impl Call<'_> {
    /// What the path at `address` names; nothing, if the table has nothing.
    pub(crate) fn proc_fd(&self, address: u64) -> Option<ProcFd> {
        if self.task.table().is_empty() {
            return None;
        }
        self.proc_fd_of(&self.memory().read_path(address).ok()?)
    }

    pub(crate) fn proc_fd_of(&self, path: &CStr) -> Option<ProcFd> {
        let path = path.to_str().ok()?;
        let (tgid, tid) = (self.task.process.tgid, self.task.tid);
        let rest = path.strip_prefix("/dev/fd").or_else(|| {
            let (process, rest) = path.strip_prefix("/proc/")?.split_once('/')?;
            let is_own = process == "self" || process == "thread-self";
            if !is_own && process.parse() != Ok(tgid) && process.parse() != Ok(tid) {
                return None;
            }
            let rest = match rest.strip_prefix("task/") {
                Some(rest) => rest.split_once('/')?.1,
                None => rest,
            };
            rest.strip_prefix("fd")
                .filter(|rest| !rest.starts_with("info"))
                .or(rest.strip_prefix(INFO))
        })?;
        let number = rest.trim_start_matches('/');
        if number.is_empty() {
            return Some(ProcFd::All);
        }
        let (number, more) = number.split_once('/').map_or((number, false), |(fd, _)| (fd, true));
        // The kernel knows no other spelling.
        let is_so_spelled = |fd: &RawFd| fd.to_string() == number;
        let fd = number.parse().ok().filter(|fd| is_in_table(*fd)).filter(is_so_spelled)?;
        let is_info = path.contains(INFO);
        Some(if more || is_info { ProcFd::Below(fd) } else { ProcFd::Number(fd) })
    }

    /// Lets the kernel resolve such a path.
    pub(crate) fn promote_proc_fd(&self, path: ProcFd) -> Result<Reply> {
        match path {
            // Beyond the kernel's limit there are no twins.
            ProcFd::Number(fd) | ProcFd::Below(fd) => {
                self.promote(fd).map_err(|_| Errno(libc::ENOENT))?;
            }
            ProcFd::All => {
                let table = self.task.table();
                let fds: Vec<_> = table.iter().map(|descriptor| descriptor.fd).collect();
                for fd in fds {
                    let _ = self.promote(fd);
                }
            }
        }
        Ok(Reply::Continue)
    }
}

pub(crate) fn readlink(call: &Call<'_>) -> Result<Reply> {
    read_link(call, libc::AT_FDCWD, call.args[0], call.args[1], call.int(2))
}

pub(crate) fn readlinkat(call: &Call<'_>) -> Result<Reply> {
    read_link(call, call.fd(0), call.args[1], call.args[2], call.int(3))
}

fn read_link(call: &Call<'_>, dir: RawFd, path: u64, buffer: u64, size: i32) -> Result<Reply> {
    let fd = match call.proc_fd(path) {
        Some(ProcFd::Number(fd)) => fd,
        Some(path) => return call.promote_proc_fd(path),
        None => return call.promote_and_continue(dir, EBADF),
    };
    if call.promote(fd).is_ok() {
        return Ok(Reply::Continue);
    }
    // The kernel cannot have the number: our link leads where the guest's would.
    let size = usize::try_from(size).ok().filter(|size| *size > 0).ok_or(EINVAL)?;
    let table = call.task.table();
    let file = table.get(fd).ok_or(Errno(libc::ENOENT))?;
    let backing = file.backing().ok_or(Errno(libc::ENOENT))?;
    let link = fs::read_link(format!("/proc/self/fd/{}", backing.as_raw_fd()))?;
    let link = link.into_os_string().into_vec();
    let shown = &link[..link.len().min(size)];
    let iovec = RemoteIoVec { base: buffer, len: shown.len() as u64 };
    match call.memory().write_vectored(&[iovec], shown) {
        Ok(written) if written == shown.len() => Ok(Reply::Value(written as i64)),
        _ => Err(Errno(libc::EFAULT)),
    }
}
