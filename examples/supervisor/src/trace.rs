//! `--trace`: a line for each system call served, as `strace -y` has them.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    os::fd::{AsRawFd, RawFd},
};

use fdtable::FdTable;

use super::{call::Call, constant_names, file::File, listener::Reply, numbers::is_in_table};

/// How much of a string is shown.
const SHOWN: usize = 32;

/// What the arguments are, by the names of the calls that have them: a letter for each.
///
/// d: descriptor, n: descriptor that will be, p: path, w: bytes that are written (the next is their
/// length), r: bytes that are read, i: integer, u: size, x: address or bits, o: mode, O: flags of
/// open, s: whence, c: command of fcntl, f: flags of an at-call, C: flags of close_range, l:
/// resource.
const SIGNATURES: &[(&str, &[&str])] = &[
    ("dru", &["read"]),
    ("drui", &["pread64"]),
    ("dwu", &["write"]),
    ("dwui", &["pwrite64"]),
    ("dxu", &["readv", "writev", "getdents", "getdents64"]),
    ("dxui", &["preadv", "pwritev"]),
    ("dis", &["lseek"]),
    ("di", &["ftruncate", "flock"]),
    ("dxii", &["fallocate"]),
    ("diii", &["fadvise64"]),
    ("do", &["fchmod"]),
    ("dii", &["fchown"]),
    ("dx", &["fstat", "fstatfs"]),
    ("dpxf", &["newfstatat"]),
    ("dpfxx", &["statx"]),
    ("pOo", &["open"]),
    ("po", &["creat"]),
    ("dpOo", &["openat"]),
    ("dpxu", &["openat2", "readlinkat"]),
    ("pxu", &["readlink"]),
    ("pxx", &["execve"]),
    ("dpxxf", &["execveat"]),
    ("dn", &["dup2"]),
    ("dnO", &["dup3"]),
    ("dci", &["fcntl"]),
    ("dxx", &["ioctl", "sendmsg", "recvmsg"]),
    ("uuC", &["close_range"]),
    ("xuidix", &["mmap"]),
    ("xui", &["poll"]),
    ("xuxx", &["ppoll"]),
    ("ddxu", &["sendfile"]),
    ("dxdxux", &["copy_file_range", "splice"]),
    ("didx", &["epoll_ctl"]),
    ("ilxx", &["prlimit64"]),
    ("lx", &["getrlimit", "setrlimit"]),
    ("dpf", &["unlinkat"]),
    ("dpo", &["mkdirat", "faccessat", "fchmodat"]),
    ("dpdp", &["renameat"]),
    ("dpdpx", &["renameat2", "linkat"]),
    ("p", &["chroot"]),
    ("d", &["close", "dup", "fsync", "fdatasync", "fchdir", "syncfs"]),
];

/// The call as far as it is known before it is served: then a descriptor that it closes is still
/// there.
pub(crate) fn show_call(call: &Call<'_>) -> String {
    let name = call.syscall.name;
    let known = SIGNATURES.iter().find(|(_, names)| names.contains(&name));
    let kinds = known.map_or("xxxxxx", |(kinds, _)| kinds);
    let mut line = format!("[{}] {name}(", call.task.tid);
    let shown = if ends_early(call) { &kinds[..kinds.len() - 1] } else { kinds };
    for (index, kind) in shown.chars().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        line += separator;
        // Where what is read will stand.
        line += &if kind == 'r' { READ.into() } else { argument(call, index, kind) };
    }
    line + ")"
}

const READ: &str = "\0";

/// Prints the call with its reply.
pub(crate) fn print(call: &Call<'_>, shown_call: &str, reply: Reply) {
    let mut line = match reply {
        Reply::Value(length) if shown_call.contains(READ) => {
            shown_call.replace(READ, &bytes(call, call.args[1], length as u64))
        }
        _ => shown_call.replace(READ, &format!("{:#x}", call.args[1])),
    };
    // Writing to a string does not fail.
    let _ = match reply {
        Reply::Value(fd) if makes_descriptor(call) => {
            write!(line, " = {}", descriptor(call, fd as RawFd))
        }
        Reply::Value(value) => write!(line, " = {value}"),
        Reply::Error(errno) => {
            let text = std::io::Error::from(errno).to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            write!(line, " = -1 {} ({text})", constant_names::errno(errno.0))
        }
        Reply::Continue => write!(line, " = ? (continued)"),
    };
    line.push('\n');
    // In one piece, so that lines do not mix. That they cannot be written is no reason to stop.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Whether the last argument means nothing.
fn ends_early(call: &Call<'_>) -> bool {
    let flags = match call.syscall.name {
        "open" => call.int(1),
        "openat" => call.int(2),
        "fcntl" => return matches!(call.int(1), libc::F_GETFD | libc::F_GETFL),
        _ => return false,
    };
    flags & libc::O_CREAT == 0 && flags & libc::O_TMPFILE != libc::O_TMPFILE
}

fn makes_descriptor(call: &Call<'_>) -> bool {
    call.returns_new_number() || matches!(call.syscall.name, "dup2" | "dup3")
}

fn argument(call: &Call<'_>, index: usize, kind: char) -> String {
    let (value, int) = (call.args[index], call.int(index));
    match kind {
        'd' => descriptor(call, int),
        'p' => match call.memory().read_path(value) {
            Ok(path) => format!("\"{}\"", path.to_bytes().escape_ascii()),
            Err(_) => format!("{value:#x}"),
        },
        'w' => bytes(call, value, call.args[index + 1]),
        'i' | 'n' => int.to_string(),
        'u' => value.to_string(),
        'o' => format!("{int:#05o}").replace("0o", "0"),
        'O' => constant_names::open_flags(int),
        's' => constant_names::whence(int),
        'c' => constant_names::fcntl_command(int),
        'f' => constant_names::at_flags(int),
        'C' => constant_names::close_range_flags(int),
        'l' => constant_names::resource(int),
        _ => format!("{value:#x}"),
    }
}

/// The first bytes of a guest's buffer.
fn bytes(call: &Call<'_>, address: u64, length: u64) -> String {
    let count = length.min(SHOWN as u64) as usize;
    match call.memory().read_array::<u8>(address, count) {
        Ok(bytes) => {
            let more = if length > SHOWN as u64 { "..." } else { "" };
            format!("\"{}\"{more}", bytes.escape_ascii())
        }
        Err(_) => format!("{address:#x}"),
    }
}

/// `3</etc/passwd>`.
fn descriptor(call: &Call<'_>, fd: RawFd) -> String {
    match fd {
        libc::AT_FDCWD => "AT_FDCWD".into(),
        fd => match path_of(&call.task.table(), call.task.tid, fd) {
            Some(path) => format!("{fd}<{path}>"),
            None => fd.to_string(),
        },
    }
}

/// What a guest has open at a number, as its `/proc/PID/fd` would have it.
pub(crate) fn path_of(table: &FdTable<File>, tid: i32, fd: RawFd) -> Option<String> {
    let link = match table.get(fd).as_ref().map(|file| file.served()) {
        Some(Some(served)) => format!("/proc/self/fd/{}", served.as_raw_fd()),
        None if is_in_table(fd) => return None,
        _ => format!("/proc/{tid}/fd/{fd}"),
    };
    Some(fs::read_link(link).ok()?.display().to_string())
}
