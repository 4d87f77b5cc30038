//! Tasks that share a table, for the models of what they do to it.

use std::{ptr, sync::Arc};

use super::support::{File, NONE, low_table, undropped};
use crate::{CloseRangeFlags, FdFlags, FdTable, Files, Placement};

pub(super) const OWN: CloseRangeFlags = CloseRangeFlags::UNSHARE;

/// Two tasks that share a table, in which 0 is open, to be closed by an exec.
pub(super) struct Tasks {
    pub(super) a: Files<File>,
    pub(super) b: Files<File>,
}

impl Tasks {
    pub(super) fn new() -> Arc<Self> {
        let a = alone();
        let b = a.share();
        Arc::new(Self { a, b })
    }
}

/// A task that shares its table with none.
pub(super) fn alone() -> Files<File> {
    let table = Arc::try_unwrap(low_table(&[])).ok().unwrap();
    table.open(Placement::At(0), File::new(1), FdFlags::CLOEXEC).unwrap();
    Files::new(table)
}

pub(super) fn close_all(task: &Files<File>) {
    task.close_range(0, u32::MAX, OWN).unwrap();
}

pub(super) fn open(task: &Files<File>, fd: i32) {
    task.load().open(Placement::At(fd), File::new(2), NONE).unwrap();
}

/// Which of 0..3 a task has open.
pub(super) fn numbers(task: &Files<File>) -> Vec<i32> {
    (0..3).filter(|fd| task.load().contains(*fd)).collect()
}

pub(super) fn together(one: &Files<File>, other: &Files<File>) -> bool {
    is_shared_with(&one.load(), other)
}

pub(super) fn is_shared_with(table: &FdTable<File>, task: &Files<File>) -> bool {
    ptr::eq(table, &raw const **task.load())
}

/// Ends one task after another. Each table counts the tasks that hold it, and the files go with the
/// last one.
pub(super) fn end(tasks: Arc<Tasks>, others: impl IntoIterator<Item = Files<File>>) {
    let Tasks { a, b } = Arc::try_unwrap(tasks).ok().unwrap();
    end_all([a, b].into_iter().chain(others));
}

/// The same of all tasks that there are.
pub(super) fn end_all(tasks: impl IntoIterator<Item = Files<File>>) {
    let mut tasks = Vec::from_iter(tasks);
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
