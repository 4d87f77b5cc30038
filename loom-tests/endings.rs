//! How files, tables and handles end: in any order, and also where a file's drop panics.

use std::{panic::resume_unwind, sync::Arc};

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, NONE, both, check, close, low_table, open, three, undropped},
};
use crate::{FdTable, OpenFileTable, Placement, sync::checker::unwinding};

/// The table, or a reference that keeps the open file table alive: either may be the last.
#[test]
fn table_dropped_against_an_owned_reference() {
    check("drop table || use, drop reference", Exhaustive, || {
        let table = low_table(&[1]);
        let file = table.get(0).unwrap().into_owned();
        let table = Arc::try_unwrap(table).ok();
        let (value, ()) = both(
            &Arc::default(),
            move |(): &()| {
                let value = file.value();
                drop(file);
                value
            },
            move |(): &()| drop(table),
        );
        assert_eq!((value, undropped()), (1, 0));
    });
}

/// Two tables, each with a reference to one file.
#[test]
fn copies_dropped_at_once() {
    check("drop table || drop copy", Exhaustive, || {
        let table = Arc::try_unwrap(low_table(&[1])).ok().unwrap();
        let copy = table.fork();
        both(&Arc::default(), move |(): &()| drop(table), move |(): &()| drop(copy));
        assert_eq!(undropped(), 0);
    });
}

/// A file whose drop panics, quietly.
struct Bomb {
    _file: File,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new("a drop that panics"));
    }
}

/// The thread that drops the file gets the panic; the block is given back all the same.
#[test]
fn drop_panics() {
    check("get || close, where the drop panics", Exhaustive, || {
        let files = OpenFileTable::with_limit(1);
        let table = Arc::new(FdTable::builder(&files).base(16).build().unwrap());
        let bomb = |value| Bomb { _file: File::new(value) };
        let opened = table.open(Placement::Lowest, bomb(1), NONE);
        assert_eq!(opened.ok(), Some(0));
        let panics = |f: &dyn Fn()| unwinding(f).is_none();
        let (got, closed) = both(
            &table,
            move |t| panics(&|| drop(t.get(0))),
            move |t| panics(&|| drop(t.close(0).unwrap())),
        );
        assert!(got != closed, "one of them drops it");
        let opened = table.open(Placement::Lowest, bomb(2), NONE);
        assert_eq!(opened.ok(), Some(0), "the block is free again");
        assert!(panics(&|| drop(table.close(0))));
    });
}

/// A file whose drop panics, or not.
struct Either {
    panics: bool,
    _file: File,
}

impl Either {
    fn new(panics: bool) -> Self {
        Self { panics, _file: File::new(1) }
    }
}

impl Drop for Either {
    fn drop(&mut self) {
        if self.panics {
            resume_unwind(Box::new("a drop that panics"));
        }
    }
}

/// A copy beside a call that gives up a file whose drop panics: one of the two drops it. A copy
/// that unwinds gives back what it has counted.
fn drop_panics_in_a_copy(name: &'static str, other: fn(&FdTable<Either>)) {
    check(name, Preemptions(3), move || {
        let table = FdTable::builder(&OpenFileTable::new()).base(16).build().unwrap();
        assert!(table.open(Placement::Lowest, Either::new(false), NONE).is_ok());
        assert!(table.open(Placement::Lowest, Either::new(true), NONE).is_ok());
        let (copied, called) = both(
            &Arc::new(table),
            |t| unwinding(|| t.fork()),
            move |t| unwinding(|| other(t)).is_some(),
        );
        let unwound = copied.is_none();
        let ended = unwinding(|| drop(copied)).is_some();
        assert!(unwound || !called || !ended, "one of them drops it");
    });
}

/// The file is that of a number which is closed.
#[test]
fn drop_panics_in_a_copy_of_what_is_closed() {
    drop_panics_in_a_copy("fork || close 1, where the drop panics", |t| {
        drop(t.close(1).unwrap());
    });
}

/// The file has come where another one was, which the copy has counted.
#[test]
fn drop_panics_in_a_copy_of_what_replaced() {
    drop_panics_in_a_copy("fork || dup2(1, 0), close 0 and 1, where the drop panics", |t| {
        drop(t.dup2(1, 0).unwrap());
        drop(t.close(1).unwrap());
        drop(t.close(0).unwrap());
    });
}

/// The last reference to go is a reader's: the file is dropped there, then.
#[test]
fn last_reference_of_a_reader() {
    check("get, hold || close, open || close", Preemptions(2), || {
        let table = low_table(&[1]);
        let (held, closed, opened) = three(
            &table,
            |t| {
                let file = t.get(0)?;
                Some(file.value())
            },
            |t| close(t, 0),
            |t| open(t, 2),
        );
        assert!(matches!(held, None | Some(1 | 2)), "{held:?}");
        assert!(matches!(closed, Some(1 | 2)), "{closed:?}");
        assert!(matches!(opened, Ok(0 | 1)), "{opened:?}");
        assert_eq!(undropped(), 1, "the file opened last, or the one before");
    });
}
