//! The first guest: a child that puts itself under the filter and then executes the program.

use std::{
    env,
    ffi::{CString, OsStr, OsString},
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::{
        fd::{FromRawFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Path, PathBuf},
    ptr,
};

use libc::{c_char, c_ulong, sock_filter, sock_fprog};

use super::{
    numbers::KERNEL_END,
    sys::{self, Errno, Result},
};

/// Exit codes of a shell.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// The child, which puts itself under the filter while we make ourselves ready.
pub(crate) struct Launched {
    pub(crate) pid: i32,
    reader: PipeReader,
    /// The child's end, too: our descriptors are one table.
    _writer: PipeWriter,
}

/// Starts the child. It shares our descriptors until it executes the program. So the listener that
/// it makes is ours at once, and need not be sent through a filter that no handler serves yet.
pub(crate) fn launch(
    program: Vec<OsString>,
    filter: &[sock_filter],
    hard_limit: u64,
) -> Result<Launched, String> {
    let argv = Argv::new(program)?;
    let (reader, writer) = io::pipe().map_err(|e| format!("pipe: {e}"))?;
    let parent = std::process::id() as i32;
    let pid = sys::fork_sharing_files().map_err(|e| format!("clone: errno {}", e.0))?;
    if pid == 0 {
        let result = install_filter(parent, filter, hard_limit);
        let number = result.unwrap_or_else(|errno| -errno.0);
        let _ = (&writer).write_all(&number.to_ne_bytes());
        if number >= 0 {
            argv.execute();
        }
        sys::exit_now(NOT_FOUND);
    }
    Ok(Launched { pid, reader, _writer: writer })
}

impl Launched {
    /// The listener, once the child has made it.
    pub(crate) fn listener(mut self) -> Result<OwnedFd, String> {
        let mut number = [0; 4];
        let read = self.reader.read_exact(&mut number);
        read.map_err(|e| format!("the child did not start: {e}"))?;
        match i32::from_ne_bytes(number) {
            // SAFETY: the child has just made it in the table that we share, and does not use it.
            fd @ 0.. => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
            errno => Err(explain(-errno)),
        }
    }
}

/// Why the filter could not be installed.
fn explain(errno: i32) -> String {
    match errno {
        libc::EINVAL => "this kernel has no SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (Linux 5.19): \
            without it, signals would make guests repeat what was already done"
            .into(),
        libc::EBUSY => "there is a seccomp listener already: supervisors do not nest".into(),
        libc::EPERM | libc::EACCES | libc::ENOSYS => {
            "seccomp user notification is not permitted here (by a container's profile, or by the \
             kernel's configuration)"
                .into()
        }
        errno => format!("seccomp: {}", io::Error::from_raw_os_error(errno)),
    }
}

/// In the child: dies with the supervisor, keeps to the kernel's numbers, and is under the filter
/// from now on. The listener.
fn install_filter(parent: i32, filter: &[sock_filter], hard_limit: u64) -> Result<i32> {
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as c_ulong)?;
    if std::os::unix::process::parent_id() as i32 != parent {
        return Err(Errno(libc::ESRCH));
    }
    sys::restore_inherited();
    sys::set_nofile(0, KERNEL_END as u64, hard_limit)?;
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    let program = sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    let flags =
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    // SAFETY: `program` points at `len` instructions, which the kernel copies.
    let listener = sys::check(unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
    })?;
    Ok(listener as i32)
}

/// The arguments as `execvp` wants them, made before the child must not allocate any more.
struct Argv {
    file: CString,
    _strings: Vec<CString>,
    /// Invariant: points at each of `_strings`, and ends in NULL.
    pointers: Vec<*const c_char>,
    /// What is printed if that fails.
    error: String,
}

impl Argv {
    fn new(program: Vec<OsString>) -> Result<Self, String> {
        let error = format!("supervisor: {}: cannot execute\n", program[0].display());
        let file = find_in_path(&program[0]).into_os_string().into_vec();
        let file = CString::new(file).map_err(|e| e.to_string())?;
        let strings: Result<Vec<_>, _> =
            program.into_iter().map(|argument| CString::new(argument.into_vec())).collect();
        let strings = strings.map_err(|e| e.to_string())?;
        let pointers = strings.iter().map(|s| s.as_ptr());
        let pointers = pointers.chain([ptr::null()]).collect();
        Ok(Self { file, _strings: strings, pointers, error })
    }

    /// Returns only by exiting.
    fn execute(&self) -> ! {
        // SAFETY: by the invariant of `pointers`.
        unsafe { libc::execvp(self.file.as_ptr(), self.pointers.as_ptr()) };
        let errno = io::Error::last_os_error().raw_os_error();
        let _ = io::stderr().write_all(self.error.as_bytes());
        sys::exit_now(match errno {
            Some(libc::ENOENT) => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        })
    }
}

/// The file that `execvp` would find by the path; if there is none, `execvp` says why. It is looked
/// for here because each attempt of the child would be intercepted.
fn find_in_path(program: &OsStr) -> PathBuf {
    let path = env::var_os("PATH").filter(|_| !program.as_bytes().contains(&b'/'));
    let directories = path.iter().flat_map(env::split_paths);
    let mut candidates = directories.map(|directory| directory.join(program));
    candidates.find(|file| file.is_file() && is_executable(file)).unwrap_or_else(|| program.into())
}

fn is_executable(file: &Path) -> bool {
    let file = CString::new(file.as_os_str().as_bytes());
    // SAFETY: the path ends in NUL.
    file.is_ok_and(|file| unsafe { libc::access(file.as_ptr(), libc::X_OK) == 0 })
}
