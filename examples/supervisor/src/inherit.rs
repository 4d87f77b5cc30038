//! The files of a new process or thread, which it shares with another or has a copy of.

use std::{
    fs,
    os::fd::{BorrowedFd, RawFd},
    sync::{Arc, atomic::Ordering},
};

use fdtable::{Descriptor, FdFlags, FdTable, Files};

use super::{
    file::{File, TWIN},
    numbers::is_in_table,
    orphans,
    process::Process,
    sys,
    task::Task,
    unshared::OwnFiles,
};

/// The files of a thread that has shown up in a process where not all have the same; its own, if it
/// does not share those of the process. `threads` are those known already.
pub(crate) fn thread_files(
    process: &Process,
    threads: &[Arc<Task>],
    tid: i32,
    placeholder: BorrowedFd<'_>,
) -> OwnFiles {
    let shares = |task: &&Arc<Task>| task.tid != tid && sys::share_files(task.tid, tid);
    if let Some(other) = threads.iter().find(shares) {
        return other.own_files.clone();
    }
    let leads = threads.iter().any(|task| task.tid == process.tgid);
    if tid == process.tgid || !leads && sys::share_files(process.tgid, tid) {
        return OwnFiles::new();
    }
    // A copy of its cloner's, which have not changed since: before a change, each new thread is
    // registered.
    let cloner = process.unshared.cloner();
    let cloner = threads.iter().find(|task| task.tid == cloner);
    let files = cloner.map_or_else(|| Arc::clone(&process.files), |cloner| cloner.files());
    let files = files.fork();
    match_kernel(tid, &files.load(), placeholder);
    OwnFiles::from(Arc::new(files))
}

/// The files of a new process: shared with a thread of its parent's, or a copy of those of the
/// likeliest. `threads` are those of the parent, if some may have files of their own.
pub(crate) fn child_files(
    parent: &Process,
    threads: Vec<Arc<Task>>,
    child: i32,
    placeholder: BorrowedFd<'_>,
) -> Files<File> {
    let mut known = vec![(parent.tgid, Arc::clone(&parent.files))];
    let own = |task: Arc<Task>| Some((task.tid, Arc::clone(task.own_files.get()?)));
    known.extend(threads.into_iter().filter_map(own));
    if let Some((_, files)) = known.iter().find(|(tid, _)| sys::share_files(*tid, child)) {
        return files.share();
    }
    if known.len() > 1 {
        let has = orphans::kernel_descriptors(child);
        known.sort_by_key(|(tid, _)| orphans::kernel_descriptors(*tid).intersection(&has).count());
    }
    let (_, files) = known.pop().expect("the process has files");
    let files = files.fork();
    // Relaxed: set before the kernel has a twin, and so before a child can have it.
    if parent.has_had_twins.load(Ordering::Relaxed) {
        match_kernel(child, &files.load(), placeholder);
    }
    files
}

/// Makes the table of a new process agree with its kernel's, which was copied a little earlier. Its
/// parent's threads may have made twins meanwhile, or may not yet have closed some. Nobody else has
/// this table yet.
fn match_kernel(tid: i32, table: &FdTable<File>, placeholder: BorrowedFd<'_>) {
    let Some(inherited) = kernel_numbers(tid) else {
        return;
    };
    let is_missing =
        |open: &Descriptor<'_, File>| open.flags.contains(TWIN) && !inherited.contains(&open.fd);
    let missing: Vec<_> = table.iter().filter(is_missing).collect();
    // A process that has ended has no descriptors at all; its table may still be inherited.
    if !missing.is_empty() && has_exited(tid) {
        return;
    }
    for Descriptor { fd, file, .. } in missing {
        let _ = match file.backing() {
            Some(_) => table.update_flags(fd, |flags| flags - TWIN).map(drop),
            None => table.close(fd).map(drop),
        };
    }
    for fd in inherited {
        inherit_number(tid, table, fd, placeholder);
    }
}

/// The kernel has `fd`: then so must the table, even if the parent has since closed it or opened
/// something else there.
fn inherit_number(tid: i32, table: &FdTable<File>, fd: RawFd, placeholder: BorrowedFd<'_>) {
    let is = |file: BorrowedFd<'_>| sys::is_same_file(tid, fd, file);
    let known = table.get(fd).map(|file| file.backing().is_none_or(is));
    if known == Some(true) {
        let _ = table.update_flags(fd, |flags| flags | TWIN);
    } else if !is(placeholder) {
        let info = sys::read_proc(&format!("/proc/{tid}/fdinfo/{fd}")).unwrap_or_default();
        let flags = sys::status_field(&info, "flags").and_then(|f| i32::from_str_radix(f, 8).ok());
        let cloexec = flags.is_some_and(|flags| flags & libc::O_CLOEXEC != 0);
        let cloexec = if cloexec { FdFlags::CLOEXEC } else { FdFlags::empty() };
        // Fails only above the limit, where the parent has lowered it.
        let _ = table.replace(fd, File::KernelOnly, cloexec | TWIN).map(drop);
    }
}

/// The table's numbers that the kernel has, too; `None` if that may not be known.
fn kernel_numbers(tid: i32) -> Option<Vec<RawFd>> {
    let entries = fs::read_dir(format!("/proc/{tid}/fd")).ok()?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Some(numbers.filter(|fd| is_in_table(*fd)).collect())
}

fn has_exited(tgid: i32) -> bool {
    sys::status(tgid, "FDSize").is_none_or(|size| size == "0")
}
