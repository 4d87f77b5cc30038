//! Threads with files of their own: by `unshare(CLONE_FILES)`, or made by `clone` with
//! `CLONE_THREAD` and without `CLONE_FILES`. Rare, so a process in which there is none pays nothing
//! for it.

use std::{
    os::fd::AsFd,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

use fdtable::Files;

use super::{
    file::File,
    orphans,
    process::{Process, Task},
    registry::Registry,
    sys, twin,
};

/// What a process knows of such threads.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// There may be some.
    is: AtomicBool,
    /// The thread that has last made one, by `clone`.
    maker: AtomicI32,
}

/// The files of a thread that has its own.
pub(crate) type OwnFiles = OnceLock<Arc<Files<File>>>;

// Relaxed, for both: set before the answer to the call that splits, so before any thread can show
// up for it.
impl Split {
    pub(crate) fn is(&self) -> bool {
        self.is.load(Ordering::Relaxed)
    }

    /// `tid` makes a thread with a copy of its own files.
    pub(crate) fn made_by(&self, tid: i32) {
        self.maker.store(tid, Ordering::Relaxed);
        self.begin();
    }

    fn begin(&self) {
        self.is.store(true, Ordering::Relaxed);
    }

    /// The process runs another program, in one thread.
    pub(crate) fn end(&self) {
        self.is.store(false, Ordering::Relaxed);
    }
}

impl Registry {
    /// `unshare(CLONE_FILES)`: the thread has files of its own from now on.
    pub(crate) fn unshare_files(&self, task: &Arc<Task>) {
        let process = &task.process;
        if process.is_single_threaded() || task.own_files.get().is_some() {
            // Another process, or a thread that it has made since, may still share them.
            task.files().unshare();
            return;
        }
        process.split.begin();
        // It is not set: only the thread's own calls do that.
        let _ = task.own_files.set(Arc::new(process.files.load().fork()));
        self.watch_thread(task);
    }

    /// A thread that has shown up in a process where not all have the same files; its own, if it
    /// does not share those of the process.
    pub(crate) fn files_of_thread(&self, process: &Arc<Process>, tid: i32) -> OwnFiles {
        if !process.split.is() {
            return OwnFiles::new();
        }
        let threads = self.threads(process);
        let shares = |task: &&Arc<Task>| task.tid != tid && sys::share_files(task.tid, tid);
        if let Some(other) = threads.iter().find(shares) {
            return other.own_files.clone();
        }
        let leads = threads.iter().any(|task| task.tid == process.tgid);
        if tid == process.tgid || !leads && sys::share_files(process.tgid, tid) {
            return OwnFiles::new();
        }
        // A copy of its maker's, which have not changed since: before a change, each new thread is
        // met.
        let maker = process.split.maker.load(Ordering::Relaxed);
        let maker = threads.iter().find(|task| task.tid == maker);
        let files = maker.map_or_else(|| process.files.load_full(), |maker| maker.files());
        let files = files.fork();
        twin::verify(tid, &files.load(), self.token.as_fd());
        OwnFiles::from(Arc::new(files))
    }

    /// The files of a new process: shared with a thread of its parent's, or a copy of those of the
    /// likeliest.
    pub(crate) fn files_for_child(&self, parent: &Arc<Process>, child: i32) -> Files<File> {
        let of_process = (parent.tgid, parent.files.load_full());
        let mut known = vec![of_process];
        if parent.split.is() {
            let own = |task: Arc<Task>| Some((task.tid, Arc::clone(task.own_files.get()?)));
            known.extend(self.threads(parent).into_iter().filter_map(own));
        }
        if let Some((_, files)) = known.iter().find(|(tid, _)| sys::share_files(*tid, child)) {
            return files.share();
        }
        if known.len() > 1 {
            let has = orphans::kernel_files(child);
            known.sort_by_key(|(tid, _)| orphans::kernel_files(*tid).intersection(&has).count());
        }
        let (_, files) = known.pop().expect("the process has files");
        let files = files.fork();
        // Relaxed: set before the kernel has a twin, and so before a child can have it.
        if parent.has_had_twins.load(Ordering::Relaxed) {
            twin::verify(child, &files.load(), self.token.as_fd());
        }
        files
    }

    /// Sets the limit of all the tables of a process.
    pub(crate) fn set_limit(&self, process: &Arc<Process>, limit: u32) {
        process.files.load().load().set_limit(limit);
        for task in self.threads(process) {
            task.table().set_limit(limit);
        }
    }
}
