//! Opening: regular files and directories are opened by us, everything else by the guest's kernel.
//!
//! A path is resolved once, without magic links, since those name *our* descriptors; what it leads
//! to is looked at before it is opened, since to open a pipe or a device may block. Any error is
//! left to the kernel, which finds it again.

use std::{
    ffi::{CStr, CString},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::atomic::Ordering,
};

use fdtable::{FdFlags, FdTable, OwnedFileRef};
use libc::{
    O_ACCMODE, O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECT, O_DIRECTORY, O_DSYNC, O_EXCL, O_NOATIME,
    O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY, O_SYNC, O_TRUNC,
};

use super::{
    call::{Call, EBADF},
    file::{self, File, Kind},
    listener::Reply,
    numbers::{self, EXEC_TOKEN},
    sys::{self, Errno, Result},
};

/// The kernel's flag, which the C library hides as 0: `open` on a 64-bit system always has it.
const O_LARGEFILE: i32 = 0o100_000;
/// `O_TMPFILE` without the `O_DIRECTORY` in it.
const TMPFILE: i32 = libc::O_TMPFILE & !O_DIRECTORY;
/// Flags that we keep when we open a file that is there.
const KEPT_FLAGS: i32 =
    O_ACCMODE | O_APPEND | O_DIRECTORY | O_DSYNC | O_SYNC | O_NOATIME | O_NONBLOCK | O_TRUNC;

/// Trees with files that are not served anyway.
const LEFT_TO_KERNEL: &[&[u8]] = &[b"/proc/", b"/sys/", b"/dev/"];
const SHARED_MEMORY: &[u8] = b"/dev/shm/";

pub(crate) fn open(call: &Call<'_>) -> Result<Reply> {
    let how = How::new(call.int(1), call.args[2] as u32);
    open_path(call, libc::AT_FDCWD, call.args[0], how)
}

pub(crate) fn creat(call: &Call<'_>) -> Result<Reply> {
    let how = How::new(O_CREAT | libc::O_WRONLY | O_TRUNC, call.args[1] as u32);
    open_path(call, libc::AT_FDCWD, call.args[0], how)
}

pub(crate) fn openat(call: &Call<'_>) -> Result<Reply> {
    let how = How::new(call.int(2), call.args[3] as u32);
    open_path(call, call.fd(0), call.args[1], how)
}

/// `openat2`, as long as it asks for nothing that `openat` cannot do.
pub(crate) fn openat2(call: &Call<'_>) -> Result<Reply> {
    let plain = |how: &libc::open_how| {
        let known = KEPT_FLAGS | O_CLOEXEC | O_CREAT | O_EXCL | O_LARGEFILE;
        how.resolve == 0
            && how.flags & !(known as u64) == 0
            && how.mode & !0o7777 == 0
            && (how.mode == 0 || how.flags & O_CREAT as u64 != 0)
    };
    let size = size_of::<libc::open_how>() as u64;
    match call.memory().read::<libc::open_how>(call.args[2]) {
        Ok(how) if call.args[3] == size && plain(&how) => {
            let how = How::new(how.flags as i32, how.mode as u32);
            open_path(call, call.fd(0), call.args[1], how)
        }
        _ => Ok(Reply::Continue),
    }
}

#[derive(Clone, Copy, Debug)]
struct How {
    flags: i32,
    mode: u32,
}

impl How {
    fn new(flags: i32, mode: u32) -> Self {
        Self { flags, mode: mode & 0o7777 }
    }

    fn has(self, flag: i32) -> bool {
        self.flags & flag != 0
    }

    fn reads_only(self) -> bool {
        self.flags & O_ACCMODE == O_RDONLY && !self.has(O_TRUNC)
    }

    /// Whether we never open so.
    fn is_left_to_kernel(self) -> bool {
        self.has(O_PATH | O_DIRECT | O_NOFOLLOW | TMPFILE | libc::O_ASYNC)
            || self.flags & O_ACCMODE == O_ACCMODE
            || self.has(O_CREAT) && self.has(O_DIRECTORY)
    }
}

/// Whether 0, 1 and 2 are open: a program that has closed one of them counts on getting it now.
fn has_standard_numbers(call: &Call<'_>) -> bool {
    [(0, 1), (1, 2)].into_iter().all(|(a, b)| sys::has_both(call.task.tid, a, b))
}

fn open_path(call: &Call<'_>, dir: RawFd, path: u64, how: How) -> Result<Reply> {
    let table = call.task.table();
    if is_opened_by_kernel(call, how) || is_cheaper_there(call, how) {
        return Ok(Reply::Continue);
    }
    match call.memory().read_path(path) {
        Ok(path) if !is_left_to_kernel(path.to_bytes()) && has_standard_numbers(call) => {
            let opened =
                open_into_table(call, &table, how, || find_and_open(call, dir, &path, how));
            opened.map(|reply| reply.unwrap_or(Reply::Continue))
        }
        _ => Ok(Reply::Continue),
    }
}

/// Puts the file that `open` opens into the table; `None` if it leaves that to the kernel.
fn open_into_table(
    call: &Call<'_>,
    table: &FdTable<File>,
    how: How,
    open: impl FnOnce() -> Result<Option<OwnedFd>>,
) -> Result<Option<Reply>> {
    call.supervisor.registry.register_new_processes();
    call.task.process.pending_closes.free_closed();
    // The number comes first: without one, nothing is created or truncated.
    // If the table has none left, the kernel may have.
    let Ok(number) = numbers::reserve_automatic(table) else {
        return Ok(None);
    };
    let Some(file) = open()? else {
        return Ok(None);
    };
    if !call.supervisor.listener.is_valid(call.id) {
        // Then the path was perhaps another's.
        return Err(Errno(libc::ENOENT));
    }
    let flags = if how.has(O_CLOEXEC) { FdFlags::CLOEXEC } else { FdFlags::empty() };
    Ok(Some(Reply::Value(call.open_reserved(number, file, flags)?.into())))
}

/// Whether the guest's kernel opens whatever the path leads to.
fn is_opened_by_kernel(call: &Call<'_>, how: How) -> bool {
    how.is_left_to_kernel() || call.task.process.diverged.access.load(Ordering::Relaxed)
}

/// Whether the file is only read, and the kernel has a number for it.
fn is_cheaper_there(call: &Call<'_>, how: How) -> bool {
    let (supervisor, task) = (call.supervisor, call.task);
    !supervisor.serve_all && how.reads_only() && task.process.low_numbers.take(task)
}

fn is_left_to_kernel(path: &[u8]) -> bool {
    path.is_empty()
        || LEFT_TO_KERNEL.iter().any(|tree| path.starts_with(tree))
            && !path.starts_with(SHARED_MEMORY)
}

/// Opens what the path leads to, if it is a file that we open.
fn find_and_open(call: &Call<'_>, dir: RawFd, path: &CStr, how: How) -> Result<Option<OwnedFd>> {
    let Some(start) = start_of(call, dir, path)? else {
        return Ok(None);
    };
    let resolve = libc::RESOLVE_NO_MAGICLINKS;
    let flags = O_PATH | how.flags & O_DIRECTORY;
    match sys::openat2(start.dir(), path, flags, 0, resolve) {
        Ok(found) => Ok(open_found(found.as_fd(), how)),
        Err(Errno(libc::ENOENT)) if how.has(O_CREAT) => Ok(create(call, start.dir(), path, how)),
        Err(_) => Ok(None),
    }
}

fn open_found(found: BorrowedFd<'_>, how: How) -> Option<OwnedFd> {
    let fits = match file::kind(found)? {
        // In a sticky directory the kernel may refuse another's file (`fs.protected_regular`).
        Kind::Regular => !how.has(O_CREAT) || !how.has(O_EXCL) && sys::is_own(found),
        Kind::Directory => how.reads_only() && !how.has(O_CREAT),
    };
    if fits { reopen(found, how).ok() } else { None }
}

/// Opens a file that we have a descriptor of.
fn reopen(file: BorrowedFd<'_>, how: How) -> Result<OwnedFd> {
    let path = proc_path(&format!("self/fd/{}", file.as_raw_fd()));
    open_at_once(None, &path, how, how.flags & KEPT_FLAGS, 0, 0)
}

/// Never waits, neither for a lease to be given up nor, if the path now leads to a pipe, for its
/// other end.
fn open_at_once(
    dir: Option<BorrowedFd<'_>>,
    path: &CStr,
    how: How,
    flags: i32,
    mode: u32,
    resolve: u64,
) -> Result<OwnedFd> {
    let file = sys::openat2(dir, path, flags | O_NONBLOCK | O_LARGEFILE, mode, resolve)?;
    if !how.has(O_NONBLOCK) {
        sys::fcntl(file.as_fd(), libc::F_SETFL, how.flags & KEPT_FLAGS)?;
    }
    Ok(file)
}

fn create(call: &Call<'_>, dir: Option<BorrowedFd<'_>>, path: &CStr, how: How) -> Option<OwnedFd> {
    let umask = u32::from_str_radix(&sys::status(call.task.tid, "Umask")?, 8).ok()?;
    let creating = how.flags & (KEPT_FLAGS | O_EXCL) | O_CREAT;
    let resolve = libc::RESOLVE_NO_MAGICLINKS;
    // A default ACL of the directory stands in for the mask: so it is the kernel that applies it.
    let mode = if sys::set_thread_umask(umask) { how.mode } else { how.mode & !umask };
    let file = open_at_once(dir, path, how, creating, mode, resolve).ok()?;
    file::kind(file.as_fd()).filter(|kind| *kind == Kind::Regular)?;
    Some(file)
}

/// Where a path is resolved from.
enum Start {
    /// It is absolute. What guests with another root open is opened by their kernel.
    Root,
    /// The guest's working directory, or a directory that it has open itself.
    Own(OwnedFd),
    /// A directory that we hold.
    Served(OwnedFileRef<File>),
}

impl Start {
    fn dir(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Root => None,
            Self::Own(dir) => Some(dir.as_fd()),
            Self::Served(file) => file.served(),
        }
    }
}

/// `None` where the kernel knows better.
fn start_of(call: &Call<'_>, dir: RawFd, path: &CStr) -> Result<Option<Start>> {
    let tid = call.task.tid;
    if path.to_bytes().starts_with(b"/") {
        return Ok(Some(Start::Root));
    }
    if !call.can_place(dir) && dir != libc::AT_FDCWD {
        let table = call.task.table();
        let file = table.get(dir).ok_or(EBADF)?;
        return Ok(Some(Start::Served(file.into_owned())));
    }
    let path = match dir {
        EXEC_TOKEN => return Err(EBADF),
        libc::AT_FDCWD => proc_path(&format!("{tid}/cwd")),
        dir => proc_path(&format!("{tid}/fd/{dir}")),
    };
    Ok(sys::openat2(None, &path, O_PATH | O_DIRECTORY, 0, 0).ok().map(Start::Own))
}

fn proc_path(rest: &str) -> CString {
    CString::new(format!("/proc/{rest}")).expect("made of numbers and words")
}
