//! The files of a new process or thread, which it shares with another or has a copy of.

use std::{
    collections::BTreeSet,
    fs,
    os::fd::{BorrowedFd, RawFd},
    sync::{Arc, atomic::Ordering},
};

use fdtable::{FdFlags, FdTable, Files};

use super::{
    file::File,
    numbers::{self, is_in_table},
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
    kernel: Kernel<'_>,
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
    match_kernel(tid, &files.load(), kernel);
    numbers::reserve_token(&files.load());
    OwnFiles::from(Arc::new(files))
}

/// The files of a new process: shared with a thread of its parent's, or a copy of those of the
/// likeliest. `threads` are those of the parent, if some may have files of their own.
pub(crate) fn child_files(
    parent: &Process,
    threads: Vec<Arc<Task>>,
    child: i32,
    kernel: Kernel<'_>,
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
    // Relaxed: set before the kernel has the descriptor, and so before a child can have it.
    if parent.has_placed.load(Ordering::Relaxed) {
        match_kernel(child, &files.load(), kernel);
    }
    files
}

/// Makes the table of a new process agree with its kernel's, which was copied a little earlier: its
/// parent's threads may have opened and closed numbers meanwhile. Nobody else has this table yet.
pub(crate) fn match_kernel(tid: i32, table: &FdTable<File>, kernel: Kernel<'_>) {
    let Some(inherited) = kernel.numbers(tid) else {
        return;
    };
    let is_missing = |fd: &RawFd| kernel.can_have(*fd) && !inherited.contains(fd);
    let missing: Vec<_> = table.iter().map(|open| open.fd).filter(is_missing).collect();
    // A process that has ended has no descriptors at all; its table may still be inherited.
    if !missing.is_empty() && has_exited(tid) {
        return;
    }
    for fd in missing {
        drop(table.close(fd));
    }
    for fd in inherited.into_iter().filter(|fd| table.flags(*fd).is_none()) {
        if !sys::is_same_file(tid, fd, kernel.placeholder) {
            // Fails only above the limit, where the parent has lowered it.
            let _ = table.replace(fd, File::Placed, flags_of(tid, fd)).map(drop);
        }
    }
}

/// What the kernel has of a guest's table.
#[derive(Clone, Copy)]
pub(crate) struct Kernel<'a> {
    /// It has no number from here on.
    pub(crate) hard: u64,
    /// The file at a number that refers to nothing any more.
    pub(crate) placeholder: BorrowedFd<'a>,
}

impl Kernel<'_> {
    fn can_have(self, fd: RawFd) -> bool {
        (fd as u64) < self.hard
    }

    /// The table's numbers that the kernel has for a thread; `None` if that may not be known.
    fn numbers(self, tid: i32) -> Option<BTreeSet<RawFd>> {
        let entries = fs::read_dir(format!("/proc/{tid}/fd")).ok()?;
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        Some(numbers.filter(|fd| is_in_table(*fd)).collect())
    }
}

fn flags_of(tid: i32, fd: RawFd) -> FdFlags {
    let flags = sys::status_flags_of(tid, fd);
    let cloexec = flags.is_some_and(|flags| flags & libc::O_CLOEXEC != 0);
    if cloexec { FdFlags::CLOEXEC } else { FdFlags::empty() }
}

fn has_exited(tgid: i32) -> bool {
    sys::status(tgid, "FDSize").is_none_or(|size| size == "0")
}
