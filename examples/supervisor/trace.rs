//! `--trace`: a line for each system call served, as strace has them.

use std::{fmt::Write as _, io::Write as _};

use super::{listener::Reply, memory::Memory, syscalls::Syscall};

/// Prints what was asked and what will be answered.
pub(crate) fn print(notif: &libc::seccomp_notif, syscall: &Syscall, reply: Reply) {
    let mut line = format!("[{}] {}(", notif.pid, syscall.name);
    let path = path_argument(syscall.name);
    for (i, argument) in notif.data.args.iter().enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        line.push_str(separator);
        let text = path
            .filter(|path| *path == i)
            .and_then(|_| Memory::of(notif.pid as i32).read_path(*argument).ok());
        // Writing to a string does not fail.
        let _ = match text {
            Some(text) => write!(line, "{text:?}"),
            None if is_small(*argument) => write!(line, "{}", *argument as i32),
            None => write!(line, "{argument:#x}"),
        };
    }
    let _ = match reply {
        Reply::Value(value) => write!(line, ") = {value}"),
        Reply::Error(errno) => write!(line, ") = -1 ({})", std::io::Error::from(errno)),
        Reply::Continue => write!(line, ") = by the kernel"),
    };
    line.push('\n');
    // In one piece, so that lines do not mix; if nobody reads them, that is no reason to stop.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// A number, and no address.
fn is_small(argument: u64) -> bool {
    let argument = argument as i64;
    // The other is a negative `int`.
    (-4096..1 << 20).contains(&argument) || ((1 << 32) - 4096..1 << 32).contains(&argument)
}

fn path_argument(name: &str) -> Option<usize> {
    match name {
        "open" | "creat" | "execve" | "readlink" | "chroot" => Some(0),
        "openat" | "openat2" | "execveat" | "readlinkat" | "newfstatat" | "statx" | "unlinkat"
        | "mkdirat" | "faccessat" | "faccessat2" | "renameat" => Some(1),
        _ => None,
    }
}
