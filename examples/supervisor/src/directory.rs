//! The guests: which process a thread belongs to, and which processes there are.
//!
//! Nobody tells us of a `fork`. Before each change of a table we look for new processes, and give
//! each child the table of its parent as it is then: what changed since the fork can only be what
//! was changed while the fork was under way.

use std::{
    fs,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

use arc_swap::ArcSwap;
use fdtable::{CloseRangeFlags, Files};
use parking_lot::{Mutex, MutexGuard};

use super::{
    births::{Births, LastPid},
    closing::Closing,
    exec::ExecWatch,
    file::File,
    guests::Guests,
    numbers::KERNEL_END,
    orphans,
    process::{Limits, Process, Quirks, Task},
    room::Room,
    split::Split,
    supervisor::MAX_NUMBERS,
    sys::{self, Epoll, Errno, Result},
    tables::Tables,
};

/// Event data of the process that guards us, and of a signal; no guest has these ids.
const GUARDIAN: u64 = 1;
const SIGNAL: u64 = 0;

pub(crate) struct Directory {
    guests: Guests,
    /// Locked while new processes are registered and dead ones removed.
    births: Mutex<Births>,
    last_pid: LastPid,
    /// The last id that has been looked at.
    seen: AtomicI32,
    /// Some id was given out whose process was not there yet.
    expecting: AtomicBool,
    deaths: Epoll,
    own_pid: i32,
    /// The hard limit that the kernel knows, of us and every guest.
    kernel_hard: u64,
    tables: Tables,
    /// What stands at `EXEC_TOKEN`; also put where a twin must vanish.
    pub(crate) token: OwnedFd,
}

type Scan<'a> = MutexGuard<'a, Births>;

impl Directory {
    /// Made before the first guest is served.
    pub(crate) fn new(kernel_hard: u64, tables: Tables, token: OwnedFd) -> Result<Self> {
        let last_pid = LastPid::open()?;
        let seen = last_pid.read();
        Ok(Self {
            guests: Guests::default(),
            births: Mutex::new(Births::since(seen)),
            last_pid,
            seen: AtomicI32::new(seen),
            expecting: AtomicBool::new(false),
            deaths: Epoll::new()?,
            own_pid: std::process::id() as i32,
            kernel_hard,
            tables,
            token,
        })
    }

    /// Registers the first guest.
    pub(crate) fn start(&self, pid: i32, files: Files<File>) -> Result<()> {
        // What it inherits from us at numbers of the table.
        let has_had_twins = AtomicBool::new(!files.load().is_empty());
        self.insert(Process {
            tgid: pid,
            pidfd: sys::pidfd_open(pid)?,
            files: ArcSwap::from_pointee(files),
            split: Split::default(),
            exec: ExecWatch::default(),
            image: Mutex::default(),
            quirks: Quirks::default(),
            limits: Limits::new(MAX_NUMBERS.into()),
            room: Room::default(),
            has_had_twins,
            closing: Closing::default(),
            twins: Mutex::new(()),
        });
        Ok(())
    }

    /// The thread that made a system call.
    pub(crate) fn task(&self, tid: i32) -> Result<Arc<Task>> {
        match self.guests.task(tid) {
            Some(task) if tid == task.process.tgid => Ok(task),
            Some(_) => {
                // Its id may have been given out again since it has ended.
                self.look_if(false);
                self.guests.task(tid).map_or_else(|| self.discover(tid), Ok)
            }
            None => self.discover(tid),
        }
    }

    fn process(&self, tgid: i32) -> Option<Arc<Process>> {
        self.guests.process(tgid)
    }

    /// The process that a guest's thread means by the id of one of its threads, and that id as we
    /// know it.
    pub(crate) fn process_with(&self, id: i32, asker: i32) -> Option<(Arc<Process>, i32)> {
        self.look();
        let id = self.translated(id, asker)?;
        let process = self.process(id).or_else(|| self.process(tgid_of(id)?))?;
        Some((process, id))
    }

    /// What is `id` in the pid namespace of `asker` is this in ours.
    fn translated(&self, id: i32, asker: i32) -> Option<i32> {
        let ids = |tid: i32| {
            let ids = sys::status(tid, "NSpid")?;
            Some(ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<i32>>())
        };
        if ids(asker).is_none_or(|ids| ids.len() == 1) {
            return Some(id);
        }
        let namespace = |tid: i32| fs::read_link(format!("/proc/{tid}/ns/pid")).ok();
        let is_it = |tid: &i32| {
            ids(*tid).is_some_and(|ids| ids.last() == Some(&id))
                && namespace(*tid) == namespace(asker)
        };
        let others = self.processes().into_iter().map(|process| process.tgid);
        [asker].into_iter().chain(others).find(is_it)
    }

    pub(crate) fn processes(&self) -> Vec<Arc<Process>> {
        self.guests.processes(|_| true)
    }

    /// Registers what has been forked up to now.
    pub(crate) fn look(&self) {
        self.look_if(self.expecting.load(Ordering::Relaxed));
    }

    /// Only if an id has been given out since, or `anyway`.
    fn look_if(&self, anyway: bool) {
        let last = self.last_pid.read();
        // Acquire: what was registered up to this id is in the maps.
        if anyway || last != self.seen.load(Ordering::Acquire) {
            self.scan(&mut self.births.lock());
        }
    }

    fn scan(&self, births: &mut Scan<'_>) {
        let last = self.last_pid.read();
        if births.are_many(last) {
            self.guests.forget_all_stale();
        }
        for pid in births.take(last) {
            if self.meet(pid) {
                births.forget(pid);
            } else {
                births.expect(pid);
            }
        }
        self.expecting.store(!births.settle(), Ordering::Relaxed);
        // Release: pairs with `look`.
        self.seen.store(last, Ordering::Release);
    }

    /// Looks at an id that was given out; false if no task is there yet.
    fn meet(&self, pid: i32) -> bool {
        let pidfd = match sys::pidfd_open(pid) {
            Ok(pidfd) => pidfd,
            Err(Errno(libc::ESRCH)) => {
                self.guests.forget_stale(pid);
                return false;
            }
            // A thread that does not lead its process, or not yet anything.
            Err(_) => {
                self.guests.forget_stale(pid);
                return self.meet_thread(pid);
            }
        };
        self.forget_dead(pid);
        if self.process(pid).is_some() {
            return true;
        }
        let parent = match parent_id(pid, pidfd.as_fd()) {
            // Its parent has died, and it is ours now.
            Some(parent) if parent == self.own_pid => orphans::parent_of(pid, self.processes()),
            Some(parent) => self.process(parent),
            None => None,
        };
        if let Some(parent) = parent {
            self.register(pid, pidfd, Some(&parent));
        }
        true
    }

    fn register(&self, pid: i32, pidfd: OwnedFd, parent: Option<&Arc<Process>>) {
        let files = parent.map_or_else(
            || self.tables.unknown(),
            |parent| {
                parent.settle_exec_from_outside();
                self.files_for_child(parent, pid)
            },
        );
        let has_had_twins = parent.is_none_or(|p| p.has_had_twins.load(Ordering::Relaxed));
        let unknown = || Limits::new(MAX_NUMBERS.into());
        let limits = parent.map_or_else(unknown, |p| p.limits.inherited());
        // The fork may have come while the parent's limit was raised for a twin.
        let soft = limits.kernel_soft.load(Ordering::Relaxed);
        let _ = sys::set_nofile(pid, soft.min(KERNEL_END as u64), self.kernel_hard);
        self.insert(Process {
            tgid: pid,
            pidfd,
            files: ArcSwap::from_pointee(files),
            split: Split::default(),
            exec: parent.map_or_else(ExecWatch::default, |p| p.exec.inherited()),
            image: Mutex::new(parent.and_then(|p| p.image())),
            quirks: parent.map_or_else(Quirks::default, |p| p.quirks.inherited()),
            limits,
            room: parent.map_or_else(Room::default, |p| p.room.inherited()),
            has_had_twins: AtomicBool::new(has_had_twins),
            closing: Closing::default(),
            twins: Mutex::new(()),
        });
    }

    fn insert(&self, process: Process) {
        let process = Arc::new(process);
        self.guests.add_process(Arc::clone(&process));
        // Fails only without memory or watches; then the tables of the dead stay until the end.
        let _ = self.deaths.add(process.pidfd.as_fd(), libc::EPOLLIN, process.tgid as u64);
    }

    #[cold]
    fn discover(&self, tid: i32) -> Result<Arc<Task>> {
        self.look();
        if let Some(task) = self.guests.task(tid) {
            // It has files of its own.
            return Ok(task);
        }
        let process = match self.process(tid) {
            Some(process) => process,
            None => {
                let tgid = tgid_of(tid).ok_or(Errno(libc::ESRCH))?;
                self.process(tgid).map_or_else(|| self.adopt(tgid), Ok)?
            }
        };
        Ok(self.add_task(tid, process))
    }

    fn add_task(&self, tid: i32, process: Arc<Process>) -> Arc<Task> {
        let own_files = self.files_of_thread(&process, tid);
        let task = self.guests.add_task(Task::new(tid, process, own_files));
        if task.own_files.get().is_some() {
            self.watch_thread(&task);
        }
        task
    }

    /// Looks at a thread that does not lead its process; false if it is not there yet.
    fn meet_thread(&self, tid: i32) -> bool {
        if self.guests.any_split() && self.guests.task(tid).is_none() {
            let process = tgid_of(tid).and_then(|tgid| self.process(tgid));
            if let Some(process) = process.filter(|process| process.split.is()) {
                self.add_task(tid, process);
            }
        }
        Path::new(&format!("/proc/{tid}")).exists()
    }

    /// Closes what a thread has open of its own when it ends, where the kernel tells.
    pub(crate) fn watch_thread(&self, task: &Task) {
        if let Ok(pidfd) = sys::pidfd_open_thread(task.tid) {
            let pidfd = task.pidfd.get_or_init(|| pidfd);
            let _ = self.deaths.add(pidfd.as_fd(), libc::EPOLLIN, task.tid as u64);
        }
    }

    pub(crate) fn threads(&self, process: &Arc<Process>) -> Vec<Arc<Task>> {
        self.guests.threads(process)
    }

    /// A guest that no look has found: its parent is not known any more.
    fn adopt(&self, tgid: i32) -> Result<Arc<Process>> {
        let _births = self.births.lock();
        self.meet(tgid);
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
        self.guests.forget_threads(&task.process);
        self.task(task.tid)
    }

    /// Waits for processes to end and removes them, and so closes what they had open; whether there
    /// is a signal, too.
    pub(crate) fn bury(&self) -> bool {
        let mut ready = Vec::new();
        if self.deaths.wait(-1, &mut ready).is_ok() {
            self.bury_all(&ready);
        }
        ready.iter().any(|(data, _)| *data == SIGNAL)
    }

    fn bury_all(&self, ready: &[(u64, u32)]) -> bool {
        let mut dead = ready.iter().map(|(data, _)| *data).filter(|pid| *pid > GUARDIAN).peekable();
        let any = dead.peek().is_some();
        if any {
            // First their last children.
            let mut births = self.births.lock();
            self.scan(&mut births);
            dead.for_each(|pid| self.forget_dead(pid as i32));
        }
        any
    }

    fn forget_dead(&self, pid: i32) {
        // A thread with files of its own is watched, too.
        self.guests.forget_stale(pid);
        if let Some(process) = self.guests.take_dead(pid) {
            // Here and now, whoever still refers to the process. As long as its pidfd is watched,
            // `catch_up` waits for us.
            let _ = process.files.load().close_range(0, u32::MAX, CloseRangeFlags::UNSHARE);
            let _ = self.deaths.remove(process.pidfd.as_fd());
        }
    }

    /// Closes what dead processes and successful execs have closed: where a guest could tell.
    pub(crate) fn catch_up(&self) {
        let mut ready = Vec::new();
        while self.deaths.wait(0, &mut ready).is_ok() && self.bury_all(&ready) {}
        for process in self.guests.processes(|process| process.exec.is_pending()) {
            if process.settle_exec_from_outside() {
                self.guests.forget_threads(&process);
            }
        }
    }

    /// Makes `bury` return also when the guardian dies, and when `signals` can be read.
    pub(crate) fn watch(&self, guardian: BorrowedFd<'_>, signals: BorrowedFd<'_>) -> Result<()> {
        self.deaths.add(guardian, libc::EPOLLIN | libc::EPOLLET, GUARDIAN)?;
        self.deaths.add(signals, libc::EPOLLIN, SIGNAL)
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
