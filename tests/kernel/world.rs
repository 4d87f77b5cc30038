//! The table's side: the same tasks, each with its `Files`.

use super::channel::TASKS;
use super::step::{Outcome, Step, View, ZERO};
use fdtable::{
    CloseRangeFlags, Descriptor, Error, FdFlags, FdTable, Files, OpenFileTable, Placement,
};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// A file with a name of its own; how many are alive is the count of the shared token.
pub(crate) struct File {
    pub(crate) tag: u64,
    _alive: Arc<()>,
}

/// A task. The table must say that its limit is this one; tasks that share a table share the cell.
struct Task {
    files: Files<File>,
    limit: Rc<Cell<u32>>,
}

pub(crate) struct World {
    tasks: [Option<Task>; TASKS],
    alive: Arc<()>,
    next_tag: u64,
}

type Table = FdTable<File>;

fn errno(result: Result<Outcome, Error>) -> Outcome {
    result.unwrap_or_else(|error| Err(error.errno()))
}

fn number(result: Result<i32, Error>) -> Outcome {
    result.map(|fd| [fd, -1]).map_err(Error::errno)
}

fn cloexec_flag(set: bool) -> FdFlags {
    if set { FdFlags::CLOEXEC } else { FdFlags::empty() }
}

fn tag_of(file: Option<Descriptor<'_, File>>) -> Option<u64> {
    file.map(|file| file.tag)
}

impl World {
    /// Task 0, with an empty table.
    pub(crate) fn new(base: u32, limit: u32) -> World {
        let files = OpenFileTable::new();
        let builder = FdTable::builder(&files).base(base).limit(limit);
        let table = builder.build().expect("base is in its range");
        let mut tasks = [const { None }; TASKS];
        tasks[0] = Some(Task { files: Files::new(table), limit: Rc::new(Cell::new(limit)) });
        World { tasks, alive: Arc::new(()), next_tag: 0 }
    }

    pub(crate) fn tasks(&self) -> Vec<usize> {
        (0..TASKS).filter(|&task| self.tasks[task].is_some()).collect()
    }

    pub(crate) fn free_task(&self) -> Option<usize> {
        (0..TASKS).find(|&task| self.tasks[task].is_none())
    }

    /// Files not yet dropped.
    pub(crate) fn alive(&self) -> usize {
        Arc::strong_count(&self.alive) - 1
    }

    pub(crate) fn limit(&self, task: usize) -> u32 {
        self.task(task).limit.get()
    }

    fn task(&self, task: usize) -> &Task {
        self.tasks[task].as_ref().expect("a live task")
    }

    fn with<R>(&self, task: usize, act: impl FnOnce(&Table) -> R) -> R {
        act(&self.task(task).files.load())
    }

    pub(crate) fn open_numbers(&self, task: usize) -> Vec<i32> {
        self.with(task, |table| table.iter().map(|open| open.fd).collect())
    }

    /// What `fd` refers to; every way to ask must agree.
    pub(crate) fn view(&self, task: usize, fd: i32) -> Option<View<u64>> {
        self.with(task, |table| {
            let (file, flags) = (tag_of(table.descriptor(fd)), table.flags(fd));
            assert_eq!(file.is_some(), flags.is_some(), "get and flags of {fd}");
            assert_eq!(file.is_some(), table.contains(fd), "get and contains of {fd}");
            let cloexec = flags?.contains(FdFlags::CLOEXEC);
            Some(View { cloexec, file: file? })
        })
    }

    /// What must hold of each task at any time.
    pub(crate) fn check(&self, task: usize) {
        let Task { files, limit } = self.task(task);
        assert_eq!(files.load().limit(), limit.get(), "the limit of task {task}");
        assert_eq!(files.is_shared(), Rc::strong_count(limit) > 1, "task {task} shares its table");
        let table = files.load();
        assert_eq!(table.len(), table.iter().count(), "the length of task {task}'s table");
    }

    fn new_file(&mut self) -> File {
        self.next_tag += 1;
        File { tag: self.next_tag, _alive: Arc::clone(&self.alive) }
    }

    pub(crate) fn perform(&mut self, task: usize, step: Step) -> Outcome {
        match step {
            Step::Open { cloexec } => self.open(task, cloexec),
            Step::Pipe { cloexec } => self.pipe(task, cloexec),
            Step::SetLimit { limit } => self.set_limit(task, limit),
            Step::CloseRange { first, last, flags } => self.close_range(task, first, last, flags),
            Step::Fork { .. } | Step::Share { .. } | Step::Unshare => self.task_step(task, step),
            Step::Exec | Step::FailedExec | Step::Exit => self.task_step(task, step),
            _ => self.with(task, |table| table_step(table, step)),
        }
    }

    fn open(&mut self, task: usize, cloexec: bool) -> Outcome {
        let file = self.new_file();
        let tag = file.tag;
        let opened =
            self.with(task, |table| table.open(Placement::Lowest, file, cloexec_flag(cloexec)));
        number(opened.map_err(|rejected| {
            assert_eq!(rejected.file.tag, tag, "the file given back");
            rejected.error
        }))
    }

    fn pipe(&mut self, task: usize, cloexec: bool) -> Outcome {
        let ends = [self.new_file(), self.new_file()];
        self.with(task, |table| {
            let places = table.reserve_many::<2>(Placement::Lowest).map_err(Error::errno)?;
            let mut ends = ends.into_iter();
            Ok(places.map(|place| {
                let fd = place.fd();
                let end = ends.next().expect("two ends");
                assert_eq!(place.install(end, cloexec_flag(cloexec)).ok(), Some(fd));
                fd
            }))
        })
    }

    fn set_limit(&mut self, task: usize, limit: u32) -> Outcome {
        self.task(task).limit.set(limit);
        self.with(task, |table| table.set_limit(limit));
        ZERO
    }

    /// The table is no longer the siblings'.
    fn split(&mut self, task: usize) {
        let task = self.tasks[task].as_mut().expect("a live task");
        task.limit = Rc::new(Cell::new(task.limit.get()));
    }

    fn close_range(&mut self, task: usize, first: u32, last: u32, flags: u32) -> Outcome {
        let flags = CloseRangeFlags::from_bits_retain(flags);
        let files = &self.task(task).files;
        let done = files.close_range(first, last, flags);
        if done.is_ok() && flags.contains(CloseRangeFlags::UNSHARE) {
            self.split(task);
        }
        errno(done.map(|()| ZERO))
    }

    fn task_step(&mut self, task: usize, step: Step) -> Outcome {
        let Task { files, limit } = self.task(task);
        match step {
            Step::Fork { task: child } => {
                let limit = Rc::new(Cell::new(limit.get()));
                self.tasks[child] = Some(Task { files: files.fork(), limit });
            }
            Step::Share { task: child } => {
                let limit = Rc::clone(limit);
                self.tasks[child] = Some(Task { files: files.share(), limit });
            }
            Step::Unshare => {
                files.unshare();
                self.split(task);
            }
            Step::Exec => {
                files.exec();
                self.split(task);
            }
            Step::FailedExec => {
                drop(files.prepare_exec());
                return Err(libc::ENOENT);
            }
            Step::Exit => self.tasks[task] = None,
            _ => unreachable!("{step} is no task's step"),
        }
        ZERO
    }
}

/// A step that looks at one table only.
fn table_step(table: &Table, step: Step) -> Outcome {
    match step {
        Step::Dup { old } => number(table.dup(old, Placement::Lowest, FdFlags::empty())),
        Step::DupFrom { old, min, cloexec } => {
            number(table.dup(old, Placement::From(min), cloexec_flag(cloexec)))
        }
        Step::Dup2 { old, new } => {
            let before = tag_of(table.descriptor(new)).filter(|_| old != new);
            displaced(new, before, table.dup2(old, new))
        }
        Step::Dup3 { old, new, flags } => {
            let before = tag_of(table.descriptor(new));
            let done = FdFlags::from_dup3(flags).and_then(|flags| table.dup3(old, new, flags));
            displaced(new, before, done)
        }
        Step::GetFd { fd } => {
            let bits = |flags: FdFlags| i32::from((flags & FdFlags::CLOEXEC).bits());
            number(table.flags(fd).map(bits).ok_or(Error::BadFd))
        }
        Step::SetFd { fd, arg } => {
            errno(table.set_cloexec(fd, arg & libc::FD_CLOEXEC != 0).map(|()| ZERO))
        }
        Step::Close { fd } => {
            let before = tag_of(table.descriptor(fd));
            displaced(0, before, table.close(fd).map(Some))
        }
        Step::Look { .. } => ZERO,
        _ => unreachable!("{step} is no table's step"),
    }
}

/// The displaced file goes to the caller: it must be the one that was there.
fn displaced(
    returned: i32,
    before: Option<u64>,
    done: Result<Option<Descriptor<'_, File>>, Error>,
) -> Outcome {
    number(done.map(|file| {
        assert_eq!(tag_of(file), before, "the displaced file");
        returned
    }))
}
