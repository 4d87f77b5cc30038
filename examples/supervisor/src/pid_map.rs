//! The known guests by their ids: threads and processes.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

use super::{process::Process, task::Task};

/// How many threads are known before the ended ones among them are looked for the first time.
const FIRST_PRUNING: usize = 256;

#[derive(Default)]
pub(crate) struct PidMap(RwLock<Maps>);

#[derive(Default)]
struct Maps {
    tasks: HashMap<i32, Arc<Task>>,
    processes: HashMap<i32, Arc<Process>>,
    /// How many threads there may be before the ended ones are forgotten.
    prune_at: usize,
}

impl PidMap {
    pub(crate) fn task(&self, tid: i32) -> Option<Arc<Task>> {
        self.0.read().tasks.get(&tid).cloned()
    }

    pub(crate) fn process(&self, tgid: i32) -> Option<Arc<Process>> {
        self.0.read().processes.get(&tgid).cloned()
    }

    /// The processes that have something in common.
    pub(crate) fn processes(&self, common: impl Fn(&Process) -> bool) -> Vec<Arc<Process>> {
        let maps = self.0.read();
        maps.processes.values().filter(|process| common(process)).cloned().collect()
    }

    /// The threads of a process that have made a call.
    pub(crate) fn threads(&self, process: &Arc<Process>) -> Vec<Arc<Task>> {
        let maps = self.0.read();
        let of_process = |task: &&Arc<Task>| Arc::ptr_eq(&task.process, process);
        maps.tasks.values().filter(of_process).cloned().collect()
    }

    /// Whether some process has threads with files of their own.
    pub(crate) fn any_has_own_files(&self) -> bool {
        self.0.read().processes.values().any(|process| process.unshared.has_own_files())
    }

    pub(crate) fn add_process(&self, process: Arc<Process>) {
        let mut maps = self.0.write();
        // A thread that has ended may have had the id.
        maps.tasks.remove(&process.tgid);
        maps.processes.insert(process.tgid, process);
    }

    pub(crate) fn add_task(&self, task: Task) -> Arc<Task> {
        let (tid, task) = (task.tid, Arc::new(task));
        let mut maps = self.0.write();
        maps.prune();
        // Not if it has exited since: then nothing would remove it again.
        let known = maps.processes.get(&task.process.tgid);
        if known.is_some_and(|process| Arc::ptr_eq(process, &task.process)) {
            maps.tasks.insert(tid, Arc::clone(&task));
        }
        task
    }

    /// The process runs another program: only the thread that leads it is left.
    pub(crate) fn forget_threads(&self, process: &Arc<Process>) {
        let stays = |task: &Task| {
            let leads = task.tid == process.tgid && task.own_files.get().is_none();
            leads || !Arc::ptr_eq(&task.process, process)
        };
        self.0.write().tasks.retain(|_, task| stays(task));
    }

    /// The id has been given out again: forgets a thread that had it.
    pub(crate) fn forget_stale(&self, tid: i32) {
        if self.task(tid).is_some_and(|task| !task.exists()) {
            self.0.write().tasks.remove(&tid);
        }
    }

    /// Any id may have been given out again.
    pub(crate) fn forget_all_stale(&self) {
        self.0.write().forget_exited();
    }

    /// Removes the process at `pid` and its threads, if it has exited.
    pub(crate) fn remove_if_exited(&self, pid: i32) -> Option<Arc<Process>> {
        let mut maps = self.0.write();
        if !maps.processes.get(&pid)?.has_exited() {
            return None;
        }
        let process = maps.processes.remove(&pid)?;
        maps.tasks.retain(|_, task| !Arc::ptr_eq(&task.process, &process));
        Some(process)
    }
}

impl Maps {
    fn forget_exited(&mut self) {
        self.tasks.retain(|_, task| task.exists());
    }

    /// Forgets threads that have ended, now and then.
    fn prune(&mut self) {
        if self.tasks.len() >= self.prune_at.max(FIRST_PRUNING) {
            self.forget_exited();
            self.prune_at = 2 * self.tasks.len();
        }
    }
}
