//! `kill -USR1`: prints what each guest has in its table, as `ls -l /proc/PID/fd` would.

use std::{fmt::Write as _, io::Write as _};

use fdtable::FdFlags;

use super::{file::File, process::Process, supervisor::Supervisor, sys, trace};

pub(crate) fn print(supervisor: &Supervisor) {
    let mut processes = supervisor.registry.processes();
    processes.sort_by_key(|process| process.tgid);
    let text: String = processes.iter().map(|process| table_listing(process)).collect();
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn table_listing(process: &Process) -> String {
    let comm = sys::read_proc(&format!("/proc/{}/comm", process.tgid)).unwrap_or_default();
    let table = process.files.load();
    let (count, limit) = (table.len(), table.limit());
    let mut text = format!("{} {}: {count} open, limit {limit}\n", process.tgid, comm.trim_end());
    for open in table.iter() {
        let access = match &*open.file {
            File::Served(file) => mode(sys::status_flags(file).unwrap_or(0)),
            File::Placed => mode(sys::status_flags_of(process.tgid, open.fd).unwrap_or(0)),
        };
        let path = trace::path_of(&table, process.tgid, open.fd).unwrap_or_default();
        let cloexec = if open.flags.contains(FdFlags::CLOEXEC) { "  close-on-exec" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{access} {:>6} -> {path}{cloexec}", open.fd);
    }
    text
}

fn mode(status_flags: i32) -> &'static str {
    match status_flags & libc::O_ACCMODE {
        libc::O_RDONLY => "lr-x------",
        libc::O_WRONLY => "l-wx------",
        _ => "lrwx------",
    }
}
