//! The process registry: which processes there are, and which one a thread belongs to.
//!
//! `fork` is not intercepted. Before each change of a table the registry scans for new processes,
//! and gives each child the table of its parent as it is then. So the child's table can differ from
//! that at its fork only by what was changed while the fork was under way.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

use fdtable::{CloseRangeFlags, Files};
use parking_lot::Mutex;

use super::{
    file::File,
    inherit::{self, Kernel},
    new_pids::{LastPid, NewPids},
    numbers, orphans,
    pid_map::PidMap,
    pid_namespace,
    process::Process,
    soft_limit::Whose,
    sys::{self, Epoll, Errno, Result},
    table_factory::TableFactory,
    task::Task,
    unshared::OwnFiles,
};

/// Event data of the watcher and the stand-in, and of a signal. No guest has these ids.
const WATCHER: u64 = 1;
const SIGNAL: u64 = 0;

pub(crate) struct Registry {
    pid_map: PidMap,
    /// Locked while new processes are registered and ended ones removed.
    new_pids: Mutex<NewPids>,
    last_pid: LastPid,
    /// The last id that has been checked.
    checked: AtomicI32,
    /// An id was given out that no process has yet.
    has_delayed: AtomicBool,
    exits: Epoll,
    own_pid: i32,
    /// The hard limit that the kernel knows, of us and every guest.
    kernel_hard: u64,
    table_factory: TableFactory,
    /// The file at `EXEC_TOKEN`. It also replaces a descriptor that must not stay open.
    pub(crate) placeholder: OwnedFd,
}

impl Registry {
    /// Made before the first guest is served.
    pub(crate) fn new(
        kernel_hard: u64,
        table_factory: TableFactory,
        placeholder: OwnedFd,
    ) -> Result<Self> {
        let last_pid = LastPid::open()?;
        let checked = last_pid.read();
        Ok(Self {
            pid_map: PidMap::default(),
            new_pids: Mutex::new(NewPids::since(checked)),
            last_pid,
            checked: AtomicI32::new(checked),
            has_delayed: AtomicBool::new(false),
            exits: Epoll::new()?,
            own_pid: std::process::id() as i32,
            kernel_hard,
            table_factory,
            placeholder,
        })
    }

    /// Registers the first guest, with its files.
    pub(crate) fn register_first(&self, pid: i32, files: Files<File>) -> Result<()> {
        // What it inherits from us at numbers of the table.
        let has_placed = !files.load().is_empty();
        let process = Process::new(pid, sys::pidfd_open(pid)?, files, has_placed);
        self.insert(process.with_hard_limit(self.table_factory.limits.hard));
        Ok(())
    }

    /// The thread that made a system call.
    pub(crate) fn task(&self, tid: i32) -> Result<Arc<Task>> {
        match self.pid_map.task(tid) {
            Some(task) if tid == task.process.tgid => Ok(task),
            Some(_) => {
                // Its id may have been given out again since it has ended.
                self.scan_if(false);
                self.pid_map.task(tid).map_or_else(|| self.discover(tid), Ok)
            }
            None => self.discover(tid),
        }
    }

    fn process(&self, tgid: i32) -> Option<Arc<Process>> {
        self.pid_map.process(tgid)
    }

    /// The process that a guest's thread means by the id of one of its threads, and that id as we
    /// know it.
    pub(crate) fn process_by_id(&self, id: i32, asker: i32) -> Option<(Arc<Process>, i32)> {
        self.register_new_processes();
        let others = || self.processes().iter().map(|process| process.tgid).collect();
        let id = pid_namespace::global_id(id, asker, others)?;
        let process = self.process(id).or_else(|| self.process(tgid_of(id)?))?;
        Some((process, id))
    }

    pub(crate) fn processes(&self) -> Vec<Arc<Process>> {
        self.pid_map.processes(|_| true)
    }

    /// Registers each process that has been forked up to now.
    pub(crate) fn register_new_processes(&self) {
        self.scan_if(self.has_delayed.load(Ordering::Relaxed));
    }

    /// Scans if an id has been given out since the last scan, or if `forced`.
    fn scan_if(&self, forced: bool) {
        let last = self.last_pid.read();
        // Acquire: what was registered up to this id is in the map.
        if forced || last != self.checked.load(Ordering::Acquire) {
            self.scan(&mut self.new_pids.lock());
        }
    }

    fn scan(&self, new_pids: &mut NewPids) {
        let last = self.last_pid.read();
        if new_pids.are_many(last) {
            self.pid_map.forget_all_stale();
        }
        for pid in new_pids.take(last) {
            if self.check_pid(pid) {
                new_pids.forget(pid);
            } else {
                new_pids.check_again(pid);
            }
        }
        self.has_delayed.store(!new_pids.drop_overdue(), Ordering::Relaxed);
        // Release: pairs with the load in `scan_if`.
        self.checked.store(last, Ordering::Release);
    }

    /// Checks an id that was given out, and registers its process; false if no task has it yet.
    fn check_pid(&self, pid: i32) -> bool {
        let pidfd = match sys::pidfd_open(pid) {
            Ok(pidfd) => pidfd,
            Err(Errno(libc::ESRCH)) => {
                self.pid_map.forget_stale(pid);
                return false;
            }
            // A thread that does not lead its process, or not yet anything.
            Err(_) => {
                self.pid_map.forget_stale(pid);
                return self.check_thread(pid);
            }
        };
        self.remove_if_exited(pid);
        if self.process(pid).is_some() {
            return true;
        }
        let parent = match parent_id(pid, pidfd.as_fd()) {
            // Its parent has died, and it is ours now.
            Some(parent) if parent == self.own_pid => orphans::likely_parent(pid, self.processes()),
            Some(parent) => self.process(parent),
            None => None,
        };
        if let Some(parent) = parent {
            self.register(pid, pidfd, Some(&parent));
        }
        true
    }

    fn register(&self, pid: i32, pidfd: OwnedFd, parent: Option<&Arc<Process>>) {
        let process = match parent {
            Some(parent) => {
                parent.settle_exec_from_outside();
                let threads = match parent.unshared.has_own_files() {
                    true => self.pid_map.threads(parent),
                    false => Vec::new(),
                };
                let files = inherit::child_files(parent, threads, pid, self.kernel());
                Process::child_of(parent, pid, pidfd, files)
            }
            None => {
                let files = self.table_factory.for_unknown_process();
                inherit::match_kernel(pid, &files.load(), self.kernel());
                let process = Process::new(pid, pidfd, files, true);
                process.with_hard_limit(self.table_factory.limits.hard)
            }
        };
        // The fork may have come while the parent's limit was raised.
        let whose = Whose { tgid: pid, hard: self.kernel_hard };
        let _ = process.soft_limit.set(whose, process.soft_limit.get());
        self.insert(process);
    }

    fn kernel(&self) -> Kernel<'_> {
        Kernel { hard: self.kernel_hard, placeholder: self.placeholder.as_fd() }
    }

    fn insert(&self, process: Process) {
        let process = Arc::new(process);
        self.pid_map.add_process(Arc::clone(&process));
        // Fails only without memory or watches; then the tables of the dead stay until the end.
        let _ = self.exits.add(process.pidfd.as_fd(), libc::EPOLLIN, process.tgid as u64);
    }

    #[cold]
    fn discover(&self, tid: i32) -> Result<Arc<Task>> {
        self.register_new_processes();
        if let Some(task) = self.pid_map.task(tid) {
            // It has files of its own.
            return Ok(task);
        }
        let process = match self.process(tid) {
            Some(process) => process,
            None => {
                let tgid = tgid_of(tid).ok_or(Errno(libc::ESRCH))?;
                self.process(tgid).map_or_else(|| self.register_without_parent(tgid), Ok)?
            }
        };
        Ok(self.add_task(tid, process))
    }

    fn add_task(&self, tid: i32, process: Arc<Process>) -> Arc<Task> {
        let own_files = match process.unshared.has_own_files() {
            true => {
                let threads = self.pid_map.threads(&process);
                inherit::thread_files(&process, &threads, tid, self.kernel())
            }
            false => OwnFiles::new(),
        };
        let task = self.pid_map.add_task(Task::new(tid, process, own_files));
        if task.own_files.get().is_some() {
            self.watch_thread(&task);
        }
        task
    }

    /// Checks the id of a thread that does not lead its process; false if it is not there yet.
    fn check_thread(&self, tid: i32) -> bool {
        if self.pid_map.any_has_own_files() && self.pid_map.task(tid).is_none() {
            let process = tgid_of(tid).and_then(|tgid| self.process(tgid));
            if let Some(process) = process.filter(|process| process.unshared.has_own_files()) {
                self.add_task(tid, process);
            }
        }
        Path::new(&format!("/proc/{tid}")).exists()
    }

    /// Watches for the end of a thread with files of its own, which are closed then. Before Linux
    /// 6.9, the kernel does not notify it.
    fn watch_thread(&self, task: &Task) {
        if let Ok(pidfd) = sys::pidfd_open_thread(task.tid) {
            let pidfd = task.pidfd.get_or_init(|| pidfd);
            let _ = self.exits.add(pidfd.as_fd(), libc::EPOLLIN, task.tid as u64);
        }
    }

    /// `unshare(CLONE_FILES)`: the thread has files of its own from now on.
    pub(crate) fn unshare_files(&self, task: &Task) {
        let process = &task.process;
        if process.is_single_threaded() || task.own_files.get().is_some() {
            // Another process, or a thread that it has made since, may still share them.
            task.files().unshare();
            numbers::reserve_token(&task.table());
            return;
        }
        process.unshared.begin();
        // It is not set: only the thread's own calls do that.
        let _ = task.own_files.set(Arc::new(process.files.fork()));
        numbers::reserve_token(&task.table());
        self.watch_thread(task);
    }

    /// Sets the limit of all the tables of a process.
    pub(crate) fn set_limit(&self, process: &Arc<Process>, limit: u32) {
        let tables = self.pid_map.threads(process).into_iter().map(|task| task.table());
        for table in [process.files.load()].into_iter().chain(tables) {
            table.set_limit(limit);
            numbers::reserve_token(&table);
        }
    }

    /// Registers a guest that no scan has found: its parent is not known any more.
    fn register_without_parent(&self, tgid: i32) -> Result<Arc<Process>> {
        let _scan = self.new_pids.lock();
        self.check_pid(tgid);
        if self.process(tgid).is_none() {
            self.register(tgid, sys::pidfd_open(tgid)?, None);
        }
        self.process(tgid).ok_or(Errno(libc::ESRCH))
    }

    /// Finds out how a pending exec of the thread's process went; the thread as it is then.
    pub(crate) fn settle_exec(&self, task: Arc<Task>) -> Result<Arc<Task>> {
        if !task.process.settle_exec(task.tid) {
            return Ok(task);
        }
        self.pid_map.forget_threads(&task.process);
        self.task(task.tid)
    }

    /// Waits for processes to end, removes them and closes what they had open. True if there is a
    /// signal, too.
    pub(crate) fn wait_for_exits(&self) -> bool {
        let mut ready = Vec::new();
        if self.exits.wait(-1, &mut ready).is_ok() {
            self.remove_exited(&ready);
        }
        ready.iter().any(|(data, _)| *data == SIGNAL)
    }

    /// True if a process was removed. A thread that is still in a handler may be ready for long.
    fn remove_exited(&self, ready: &[(u64, u32)]) -> bool {
        let exited = ready.iter().map(|(data, _)| *data).filter(|pid| *pid > WATCHER);
        let mut exited = exited.peekable();
        if exited.peek().is_none() {
            return false;
        }
        // First their last children.
        let mut new_pids = self.new_pids.lock();
        self.scan(&mut new_pids);
        exited.filter(|pid| self.remove_if_exited(*pid as i32)).count() > 0
    }

    /// False if it has not exited, or is removed already.
    fn remove_if_exited(&self, pid: i32) -> bool {
        // A thread with files of its own is watched, too.
        self.pid_map.forget_stale(pid);
        let Some(process) = self.pid_map.remove_if_exited(pid) else {
            return false;
        };
        // Here and now, whatever still refers to the process. `apply_exits_and_execs` waits for us,
        // as it needs the lock of `new_pids`, too.
        let _ = process.files.close_range(0, u32::MAX, CloseRangeFlags::UNSHARE);
        let _ = self.exits.remove(process.pidfd.as_fd());
        true
    }

    /// Closes what ended processes and successful execs have closed, before a guest could notice
    /// that it is still open.
    pub(crate) fn apply_exits_and_execs(&self) {
        let mut ready = Vec::new();
        while self.exits.wait(0, &mut ready).is_ok() && self.remove_exited(&ready) {}
        for process in self.pid_map.processes(|process| process.exec.is_pending()) {
            if process.settle_exec_from_outside() {
                self.pid_map.forget_threads(&process);
            }
        }
    }

    /// Makes `wait_for_exits` return also when one of `watchers` dies, and when `signals` can be
    /// read.
    pub(crate) fn watch(
        &self,
        watchers: [BorrowedFd<'_>; 2],
        signals: BorrowedFd<'_>,
    ) -> Result<()> {
        for watcher in watchers {
            self.exits.add(watcher, libc::EPOLLIN | libc::EPOLLET, WATCHER)?;
        }
        self.exits.add(signals, libc::EPOLLIN, SIGNAL)
    }
}

/// The parent of a process.
fn parent_id(pid: i32, pidfd: BorrowedFd<'_>) -> Option<i32> {
    sys::parent_id(pidfd).or_else(|| {
        // Before Linux 6.13.
        sys::status(pid, "PPid")?.parse().ok()
    })
}

fn tgid_of(tid: i32) -> Option<i32> {
    sys::status(tid, "Tgid")?.parse().ok()
}
