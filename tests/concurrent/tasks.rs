//! Several threads on the files of one task, which they share, unshare, exec and fork at once.

use std::{ptr, sync::RwLock};

use fastrand::Rng;
use fdtable::{CloseRangeFlags, FdTable, Files, Placement, RawFd};
use test_support::{CLOEXEC, File, NONE, World, errno, numbers, race};

use crate::harness::{THREADS, rounds, together, world};

const OWN: CloseRangeFlags = CloseRangeFlags::UNSHARE;

/// What only a table has that no other task shares.
const PRIVATE: RawFd = 100;

/// Two tasks that share a table.
struct Tasks<'a> {
    w: &'a World,
    a: Files<File>,
    b: Files<File>,
}

impl<'a> Tasks<'a> {
    fn new(w: &'a World) -> Self {
        let a = Files::new(w.table());
        w.open_with(&a.load(), 0, CLOEXEC);
        let b = a.share();
        Self { w, a, b }
    }

    /// One call of one of the tasks, or a few of a new one.
    fn step(&self, own: RawFd, random: &mut Rng) {
        let task = if random.bool() { &self.a } else { &self.b };
        match random.u8(..9) {
            0 => task.unshare(),
            1 => task.close_range(own as u32, own as u32, OWN).unwrap(),
            2 => task.close_range(0, 0, OWN | CloseRangeFlags::CLOEXEC).unwrap(),
            3 => task.prepare_exec().commit(),
            4 => drop(task.prepare_exec()),
            5 => task.exec(),
            6 => self.live(task.fork(), own),
            7 => self.live(task.share(), own),
            _ => _ = errno(task.load().open(Placement::At(own), self.w.file(own), NONE)),
        }
    }

    /// The life of a new task: it leaves the table, if it shares it, and then has one alone.
    fn live(&self, task: Files<File>, own: RawFd) {
        assert!(numbers(&task.load()).iter().all(|fd| *fd < PRIVATE), "of a table of another's");
        task.unshare();
        self.w.open(&task.load(), PRIVATE + own);
    }

    /// At rest, the files go with the last task.
    fn end(self) {
        assert_counted(&[&self.a, &self.b]);
        let Self { w, a, b } = self;
        drop(b);
        assert!(!a.is_shared(), "with a task that has ended");
        drop(a);
        assert_eq!(w.live(), 0, "files that nobody holds are not dropped");
    }
}

fn are_together(one: &Files<File>, other: &Files<File>) -> bool {
    ptr::eq::<FdTable<File>>(&**one.load(), &**other.load())
}

/// At rest, each table counts the tasks that hold it. These are all that there are.
fn assert_counted(tasks: &[&Files<File>]) {
    for task in tasks {
        let holders = tasks.iter().filter(|other| are_together(task, other)).count();
        assert_eq!(task.is_shared(), holders > 1, "{holders} tasks hold the table");
        let joined = task.share();
        assert!(joined.is_shared(), "{holders} tasks hold the table, and another");
    }
}

#[test]
fn threads_of_two_tasks_that_do_anything_leave_each_table_counted() {
    for _ in 0..rounds(40) {
        let w = world(THREADS * 1_000);
        let tasks = Tasks::new(&w);
        together(THREADS, |i, random| {
            let mut random = random.fork();
            (0..500).for_each(|_| tasks.step(1 + i as RawFd, &mut random));
        });
        tasks.end();
    }
}

/// A call of a task; the task that it has made.
type Call = fn(&Files<File>) -> Option<Files<File>>;

const CALLS: [Call; 7] = [share, fork, exec, prepared_exec, unshare, close_range, exit];

fn share(task: &Files<File>) -> Option<Files<File>> {
    Some(task.share())
}

fn fork(task: &Files<File>) -> Option<Files<File>> {
    Some(task.fork())
}

fn exec(task: &Files<File>) -> Option<Files<File>> {
    task.exec();
    None
}

fn prepared_exec(task: &Files<File>) -> Option<Files<File>> {
    task.prepare_exec().commit();
    None
}

fn unshare(task: &Files<File>) -> Option<Files<File>> {
    task.unshare();
    None
}

fn close_range(task: &Files<File>) -> Option<Files<File>> {
    task.close_range(1, 1, OWN).unwrap();
    None
}

fn exit(task: &Files<File>) -> Option<Files<File>> {
    drop(task.share());
    None
}

/// Runs two calls at once, each time on two new tasks, and then looks at these and at what the
/// calls have made.
fn race_of(
    w: &World,
    times: usize,
    a: impl Fn(&Tasks<'_>) -> Option<Files<File>> + Sync,
    b: impl Fn(&Tasks<'_>) -> Option<Files<File>>,
    look: impl Fn(&Tasks<'_>, &[Files<File>]),
) {
    let tasks = RwLock::new(Tasks::new(w));
    race(
        times,
        || *tasks.write().unwrap() = Tasks::new(w),
        || a(&tasks.read().unwrap()),
        || b(&tasks.read().unwrap()),
        |one, other| {
            let (tasks, made) =
                (tasks.read().unwrap(), Vec::from_iter(one.into_iter().chain(other)));
            look(&tasks, &made);
            assert_counted(&[&tasks.a, &tasks.b].into_iter().chain(&made).collect::<Vec<_>>());
        },
    );
    tasks.into_inner().unwrap().end();
}

#[test]
fn any_two_calls_leave_each_table_counted() {
    let w = world(98 * 501);
    for (a, b) in CALLS.into_iter().flat_map(|a| CALLS.map(|b| (a, b))) {
        race_of(&w, rounds(500), |tasks| a(&tasks.a), |tasks| b(&tasks.a), |_, _| ());
        race_of(&w, rounds(500), |tasks| a(&tasks.a), |tasks| b(&tasks.b), |_, _| ());
    }
}

#[test]
fn an_unshare_replaces_no_table_but_the_shared_one() {
    let w = world(100_000);
    for call in [unshare, close_range, exec, prepared_exec] {
        let open = |tasks: &Tasks<'_>| {
            call(&tasks.a);
            tasks.w.open(&tasks.a.load(), 2);
            None
        };
        race_of(
            &w,
            rounds(10_000),
            |tasks| unshare(&tasks.a),
            open,
            |tasks, _| {
                assert!(tasks.a.load().contains(2), "opened after the call");
                assert!(!tasks.b.load().contains(2), "opened in a table of the task's own");
            },
        );
    }
}

#[test]
fn a_task_that_unshares_is_alone_though_another_is_made_meanwhile() {
    let w = world(40_000);
    for leave in [unshare, exec, prepared_exec] {
        let both_leave = |tasks: &Tasks<'_>| {
            leave(&tasks.a);
            unshare(&tasks.b)
        };
        race_of(
            &w,
            rounds(10_000),
            |tasks| share(&tasks.a),
            both_leave,
            |tasks, made| {
                let others = [&tasks.a, &made[0]];
                assert!(!others.iter().any(|other| are_together(&tasks.b, other)));
            },
        );
    }
}
