//! Tasks that share a table, leave it and exec, also several threads of one task: each holds a
//! table that some order of the calls explains, and is counted in that one alone.

use std::{ptr, sync::Arc};

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, NONE, both, check, close, get, low_table, three, undropped},
};
use crate::{CloseRangeFlags, FdFlags, FdTable, Files, Placement};

const OWN: CloseRangeFlags = CloseRangeFlags::UNSHARE;

/// Two tasks that share a table, in which 0 is open, to be closed by an exec.
struct Tasks {
    a: Files<File>,
    b: Files<File>,
}

impl Tasks {
    fn new() -> Arc<Self> {
        let a = alone();
        let b = a.share();
        Arc::new(Self { a, b })
    }
}

/// A task that shares its table with none.
fn alone() -> Files<File> {
    let table = Arc::try_unwrap(low_table(&[])).ok().unwrap();
    table.open(Placement::At(0), File::new(1), FdFlags::CLOEXEC).unwrap();
    Files::new(table)
}

fn exec(task: &Files<File>) {
    task.prepare_exec().commit();
}

fn close_all(task: &Files<File>) {
    task.close_range(0, u32::MAX, OWN).unwrap();
}

fn open(task: &Files<File>, fd: i32) {
    task.load().open(Placement::At(fd), File::new(2), NONE).unwrap();
}

/// Which of 0..3 a task has open.
fn numbers(task: &Files<File>) -> Vec<i32> {
    (0..3).filter(|fd| task.load().contains(*fd)).collect()
}

fn together(one: &Files<File>, other: &Files<File>) -> bool {
    is_shared_with(&one.load(), other)
}

fn is_shared_with(table: &FdTable<File>, task: &Files<File>) -> bool {
    ptr::eq(table, &raw const **task.load())
}

/// Ends one task after another. Each table counts the tasks that hold it, and the files go with the
/// last one.
fn end(tasks: Arc<Tasks>, others: impl IntoIterator<Item = Files<File>>) {
    let Tasks { a, b } = Arc::try_unwrap(tasks).ok().unwrap();
    let mut tasks = vec![a, b];
    tasks.extend(others);
    while !tasks.is_empty() {
        for task in &tasks {
            let holders = tasks.iter().filter(|other| together(task, other)).count();
            assert_eq!(task.is_shared(), holders > 1, "{holders} tasks hold the table");
            // A count that is too low shows when another task joins.
            let joined = task.share();
            assert!(joined.is_shared(), "{holders} tasks hold the table, and another");
        }
        tasks.pop();
    }
    assert_eq!(undropped(), 0, "a table that no task holds keeps files open");
}

/// What either thread opens in the task's own table stays.
#[test]
fn unshare_against_unshare() {
    check("unshare, open 1 || unshare, open 2", Preemptions(3), || {
        let tasks = Tasks::new();
        let unshare_and_open = |fd| {
            move |tasks: &Tasks| {
                tasks.a.unshare();
                open(&tasks.a, fd);
            }
        };
        both(&tasks, unshare_and_open(1), unshare_and_open(2));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![0, 1, 2], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn siblings_unshare() {
    check("unshare || sibling unshares", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| t.a.unshare(), |t| t.b.unshare());
        assert!(!together(&tasks.a, &tasks.b));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![0], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn unshare_against_close_range() {
    check("unshare || close_range(UNSHARE)", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| t.a.unshare(), |t| close_all(&t.a));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, []);
    });
}

/// Another thread of the task finds all numbers of its own table marked.
#[test]
fn close_range_that_marks() {
    check("close_range(UNSHARE | CLOEXEC) || load, flags", Preemptions(3), || {
        let tasks = Tasks::new();
        open(&tasks.a, 1);
        let mark = |t: &Tasks| t.a.close_range(0, 2, OWN | CloseRangeFlags::CLOEXEC).unwrap();
        both(&tasks, mark, |t| {
            let table = t.a.load();
            let marked = if is_shared_with(&table, &t.b) { NONE } else { FdFlags::CLOEXEC };
            assert_eq!(table.flags(1), Some(marked));
        });
        end(tasks, []);
    });
}

/// What another thread opens in the task's own table stays open.
#[test]
fn close_range_beside_an_open() {
    check("close_range(UNSHARE) || load, open 1", Preemptions(3), || {
        let tasks = Tasks::new();
        let (is_own, ()) = both(
            &tasks,
            |t| {
                let table = t.a.load();
                table.open(Placement::At(1), File::new(2), NONE).unwrap();
                !is_shared_with(&table, &t.b)
            },
            |t| close_all(&t.a),
        );
        assert!(!is_own || numbers(&tasks.a) == [1]);
        end(tasks, []);
    });
}

#[test]
fn unshare_against_a_siblings_close_range() {
    check("unshare || sibling: close_range(UNSHARE)", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| t.a.unshare(), |t| close_all(&t.b));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![0], vec![]));
        end(tasks, []);
    });
}

/// The table after the exec is not replaced by a copy of the one before.
#[test]
fn unshare_against_exec() {
    check("unshare || exec, open 1", Preemptions(3), || {
        let tasks = Tasks::new();
        both(
            &tasks,
            |t| t.a.unshare(),
            |t| {
                exec(&t.a);
                open(&t.a, 1);
            },
        );
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![1], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn exec_against_exec() {
    check("exec || exec", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| exec(&t.a), |t| exec(&t.a));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn siblings_exec() {
    check("exec || sibling execs", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| exec(&t.a), |t| exec(&t.b));
        assert!(!together(&tasks.a, &tasks.b));
        assert_eq!(undropped(), 0, "no task has the old table");
        end(tasks, []);
    });
}

/// The new task has the table before the exec or the one after it.
#[test]
fn share_against_exec() {
    check("share || exec", Preemptions(3), || {
        let tasks = Tasks::new();
        let (new, ()) = both(&tasks, |t| t.a.share(), |t| exec(&t.a));
        assert!(together(&new, &tasks.a) || together(&new, &tasks.b));
        end(tasks, [new]);
    });
}

#[test]
fn share_against_exit() {
    check("share || sibling exits", Exhaustive, || {
        let tasks = Tasks::new();
        let sibling = tasks.a.share();
        let (new, ()) = both(&tasks, |t| t.a.share(), |_| drop(sibling));
        assert!(together(&new, &tasks.a));
        end(tasks, [new]);
    });
}

#[test]
fn share_against_share() {
    check("share || sibling shares", Exhaustive, || {
        let tasks = Tasks::new();
        let (new, other) = both(&tasks, |t| t.a.share(), |t| t.b.share());
        assert!(together(&new, &other));
        end(tasks, [new, other]);
    });
}

/// Whoever unshares shares with none, also not with a task that is just made from one that was in
/// its table.
#[test]
fn share_against_two_that_unshare() {
    check("share || unshare, then sibling unshares", Preemptions(3), || {
        let tasks = Tasks::new();
        let (new, ()) = both(
            &tasks,
            |t| t.a.share(),
            |t| {
                t.a.unshare();
                t.b.unshare();
            },
        );
        assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
        end(tasks, [new]);
    });
}

/// The same where the calls of the siblings come from two threads.
#[test]
fn share_against_an_exec_and_a_sibling_that_unshares() {
    check("share || exec || sibling unshares", Preemptions(2), || {
        let tasks = Tasks::new();
        let (new, (), ()) = three(&tasks, |t| t.a.share(), |t| exec(&t.a), |t| t.b.unshare());
        assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
        end(tasks, [new]);
    });
}

/// A task has left its table before it is not counted in it any more.
#[test]
fn exec_against_a_sibling_that_unshares() {
    check("exec || sibling unshares, then share", Preemptions(3), || {
        let tasks = Tasks::new();
        let ((), new) = both(
            &tasks,
            |t| exec(&t.a),
            |t| {
                t.b.unshare();
                t.a.share()
            },
        );
        assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
        end(tasks, [new]);
    });
}

#[test]
fn unshare_against_a_sibling_that_unshares() {
    check("unshare || sibling unshares, then share", Preemptions(3), || {
        let tasks = Tasks::new();
        let ((), new) = both(
            &tasks,
            |t| t.a.unshare(),
            |t| {
                t.b.unshare();
                t.a.share()
            },
        );
        assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
        end(tasks, [new]);
    });
}

#[test]
fn fork_against_unshare() {
    check("fork || unshare, close 0", Preemptions(3), || {
        let tasks = Tasks::new();
        let (child, closed) = both(
            &tasks,
            |t| t.a.fork(),
            |t| {
                t.a.unshare();
                close(&t.a.load(), 0)
            },
        );
        assert_eq!(closed, Some(1));
        assert!(numbers(&child).is_empty() || get(&child.load(), 0) == Some(1));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, [child]);
    });
}

/// A task that has been alone stays so.
#[test]
fn is_shared_against_unshare() {
    check("is_shared, is_shared || sibling unshares", Exhaustive, || {
        let tasks = Tasks::new();
        let ((first, then), ()) =
            both(&tasks, |t| (t.a.is_shared(), t.a.is_shared()), |t| t.b.unshare());
        assert!(first || !then, "shared again");
        end(tasks, []);
    });
}

#[test]
fn roll_back_against_unshare() {
    check("exec that fails || unshare, close 0", Preemptions(3), || {
        let tasks = Tasks::new();
        both(
            &tasks,
            |t| drop(t.a.prepare_exec()),
            |t| {
                t.a.unshare();
                close(&t.a.load(), 0);
            },
        );
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, []);
    });
}

/// The table goes with the exec, or when the other thread has done with it.
#[test]
fn load_against_exec() {
    check("get 0 || exec", Exhaustive, || {
        let task = Arc::new(alone());
        let (got, ()) = both(&task, |task| get(&task.load(), 0), exec);
        assert!(got.is_none_or(|value| value == 1), "{got:?}");
        assert_eq!(undropped(), 0, "no task has the old table");
    });
}
