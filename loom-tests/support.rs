//! What the models share: a file that shows when it is used or dropped wrongly, and threads.

use std::{cell::Cell, ops::Deref, sync::Arc};

use loom::thread;

pub(super) use super::watched::{File, undropped};
use super::{Bound, assert_explored, explore, watched::forget_files};
use crate::{FdFlags, FdTable, OpenFileTable, Placement, sync::Ordering};

pub(super) const NONE: FdFlags = FdFlags::NONE;

// All threads of a model run on one thread of the machine.
thread_local! {
    static REVERSE: Cell<bool> = const { Cell::new(false) };
}

/// Checks `f`, and that it leaves no file behind; once with its threads as they are written, and
/// once in reverse.
///
/// loom remembers only the last access to an atomic. Where it runs a load, then a load and an RMW
/// of another thread, it does not see that the first load could have come later than the RMW. In
/// reverse it does.
pub(super) fn check(name: &'static str, bound: Bound, f: impl Fn() + Send + Sync + 'static) {
    let f = Arc::new(f);
    let (forwards, in_reverse) = (Arc::clone(&f), f);
    let executions =
        run(name, bound, false, move || forwards()) + run(name, bound, true, move || in_reverse());
    assert_explored(executions - 1);
}

/// `check` as it is written alone, where the other half would take too long.
pub(super) fn check_forwards(
    name: &'static str,
    bound: Bound,
    f: impl Fn() + Send + Sync + 'static,
) {
    assert_explored(run(name, bound, false, f));
}

fn run(
    name: &'static str,
    bound: Bound,
    reverse: bool,
    f: impl Fn() + Send + Sync + 'static,
) -> usize {
    explore(name, bound, execution(reverse, f))
}

/// One execution of a model, in which no file may be left behind.
pub(super) fn execution(
    reverse: bool,
    f: impl Fn() + Send + Sync + 'static,
) -> impl Fn() + Send + Sync + 'static {
    move || {
        REVERSE.set(reverse);
        forget_files();
        f();
        assert_eq!(undropped(), 0, "files leaked");
    }
}

/// Runs two closures at once, one of them on this thread; what each returned.
pub(super) fn both<S: 'static, A: 'static, B: 'static>(
    shared: &Arc<S>,
    first: impl FnOnce(&S) -> A + 'static,
    second: impl FnOnce(&S) -> B + 'static,
) -> (A, B) {
    if REVERSE.get() {
        let second = spawn(shared, second);
        (first(shared), second.join().unwrap())
    } else {
        let first = spawn(shared, first);
        let second = second(shared);
        (first.join().unwrap(), second)
    }
}

/// Runs three closures at once, one of them on this thread; what each returned.
pub(super) fn three<S: 'static, A: 'static, B: 'static, C: 'static>(
    shared: &Arc<S>,
    first: impl FnOnce(&S) -> A + 'static,
    second: impl FnOnce(&S) -> B + 'static,
    third: impl FnOnce(&S) -> C + 'static,
) -> (A, B, C) {
    if REVERSE.get() {
        let third = spawn(shared, third);
        let (first, second) = both(shared, first, second);
        (first, second, third.join().unwrap())
    } else {
        let first = spawn(shared, first);
        let (second, third) = both(shared, second, third);
        (first.join().unwrap(), second, third)
    }
}

fn spawn<S: 'static, A: 'static>(
    shared: &Arc<S>,
    f: impl FnOnce(&S) -> A + 'static,
) -> thread::JoinHandle<A> {
    let shared = Arc::clone(shared);
    thread::spawn(move || f(&shared))
}

/// Something that has happened, for a thread that learns it without being ordered after it: as
/// through the world outside.
pub(super) struct Flag(crate::sync::AtomicU32);

impl Flag {
    pub(super) fn new() -> Self {
        Self(crate::sync::AtomicU32::new(0))
    }

    pub(super) fn raise(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    pub(super) fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

/// A table of the numbers 0..4 alone, all in the low range, with files of the values given open
/// from 0 on.
pub(super) fn low_table(values: &[u32]) -> Arc<FdTable<File>> {
    table_of(&OpenFileTable::new(), 4, values)
}

/// A table with a limit.
pub(super) fn table_of(
    files: &OpenFileTable<File>,
    limit: u32,
    values: &[u32],
) -> Arc<FdTable<File>> {
    let builder = FdTable::builder(files).base(16).limit(limit);
    let table = builder.build().unwrap();
    for value in values {
        open(&table, *value).unwrap();
    }
    Arc::new(table)
}

/// As `low_table`, where at most so many files are open at once.
pub(super) fn low_table_with_room(room: u32, values: &[u32]) -> Arc<FdTable<File>> {
    table_of(&OpenFileTable::with_limit(room), 4, values)
}

/// The end of a table, after which all its room is free again.
pub(super) fn end_with_room(room: u32, table: Arc<FdTable<File>>) {
    let files = table.open_files().clone();
    drop(table);
    let inserted: Vec<_> = (0..room).map(|value| files.insert(File::new(value))).collect();
    assert!(inserted.iter().all(Result::is_ok), "room for files is lost");
}

/// Opens the lowest number.
pub(super) fn open(table: &FdTable<File>, value: u32) -> Result<i32, crate::Error> {
    Ok(table.open(Placement::Lowest, File::new(value), NONE)?)
}

/// Uses a file and drops the reference.
pub(super) fn used(file: impl Deref<Target = File>) -> u32 {
    file.value()
}

/// The value that a number is open on.
pub(super) fn get(table: &FdTable<File>, fd: i32) -> Option<u32> {
    table.get(fd).map(used)
}

/// Closes a number; the value that it was open on.
pub(super) fn close(table: &FdTable<File>, fd: i32) -> Option<u32> {
    table.close(fd).ok().map(used)
}
