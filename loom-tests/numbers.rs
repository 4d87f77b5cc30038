//! Numbers of one table: opened, closed and looked up by several threads at once, the last one, and
//! the limit.

use std::sync::Arc;

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{
        File, Flag, NONE, both, check, close, get, low_table, open, table_of, undropped, used,
    },
};
use crate::{Error, FdTable, OpenFileTable, Placement};

const FULL: Result<i32, Error> = Err(Error::TooManyOpenFiles);

#[test]
fn open_against_close_of_the_same() {
    check("open || close of the lowest", Exhaustive, || {
        let table = low_table(&[1]);
        let (opened, closed) = both(&table, |t| open(t, 2), |t| close(t, 0));
        assert_eq!(closed, Some(1));
        assert!(matches!(opened, Ok(0 | 1)), "{opened:?}");
        assert_eq!(get(&table, opened.unwrap()), Some(2));
    });
}

#[test]
fn exact_open_against_close() {
    check("open at 0 || close of 0", Exhaustive, || {
        let table = low_table(&[1]);
        let (opened, closed) = both(
            &table,
            |t| t.open(Placement::At(0), File::new(2), NONE).map_err(Error::from),
            |t| close(t, 0),
        );
        assert_eq!(closed, Some(1));
        assert!(matches!(opened, Ok(0) | Err(Error::Busy)), "{opened:?}");
        assert_eq!(get(&table, 0), opened.ok().map(|_| 2));
    });
}

#[test]
fn open_against_open() {
    check("open || open", Exhaustive, || {
        let table = low_table(&[]);
        let opened = both(&table, |t| open(t, 1), |t| open(t, 2));
        assert!(matches!(opened, (Ok(0), Ok(1)) | (Ok(1), Ok(0))), "{opened:?}");
        assert_eq!(get(&table, opened.0.unwrap()), Some(1));
        assert_eq!(get(&table, opened.1.unwrap()), Some(2));
    });
}

/// Of two tables on one open file table: a block that one gives back comes to the other.
#[test]
fn get_against_reuse_in_another_table() {
    check("get || close, open in another table", Exhaustive, || {
        let files = OpenFileTable::new();
        let tables = Arc::new((table_of(&files, 4, &[1]), table_of(&files, 4, &[])));
        let ((one, two), opened) = both(
            &tables,
            |(one, two)| (get(one, 0), get(two, 0)),
            |(one, two)| {
                close(one, 0);
                open(two, 2)
            },
        );
        assert_eq!(opened, Ok(0));
        assert!(matches!(one, None | Some(1)), "{one:?}");
        assert!(matches!(two, None | Some(2)), "{two:?}");
    });
}

/// Opened by one thread, found by a second: nothing but the table orders the two.
#[test]
fn get_against_open() {
    check("get, flags || open", Exhaustive, || {
        let table = low_table(&[]);
        let (got, opened) = both(&table, |t| get(t, 0), |t| open(t, 1));
        assert_eq!(opened, Ok(0));
        assert!(matches!(got, None | Some(1)), "{got:?}");
    });
}

#[test]
fn last_number() {
    check("open || open, one number", Exhaustive, || {
        let table = table_of(&OpenFileTable::new(), 2, &[1]);
        let opened = both(&table, |t| open(t, 2), |t| open(t, 3));
        assert!(opened == (Ok(1), FULL) || opened == (FULL, Ok(1)), "{opened:?}");
    });
}

#[test]
fn last_number_given_back() {
    check("open || close, open in a full table", Preemptions(2), || {
        let table = table_of(&OpenFileTable::new(), 2, &[1, 2]);
        let opened = both(
            &table,
            |t| open(t, 3),
            |t| {
                close(t, 0);
                open(t, 4)
            },
        );
        assert!(opened == (Ok(0), FULL) || opened == (FULL, Ok(0)), "{opened:?}");
    });
}

/// A number that was freed earlier in real time is found, also by a thread that is not ordered
/// after its close.
#[test]
fn freed_number_is_found() {
    check("close, tell || see, open in a full table", Exhaustive, || {
        let freed = Arc::new(Flag::new());
        let (told, table) = (Arc::clone(&freed), table_of(&OpenFileTable::new(), 2, &[1, 2]));
        let (opened, ()) = both(
            &table,
            move |t| told.is_up().then(|| open(t, 3)),
            move |t| {
                close(t, 1);
                freed.raise();
            },
        );
        assert!(matches!(opened, None | Some(Ok(1))), "{opened:?}");
    });
}

/// An open that finds no block frees its number.
#[test]
fn last_block() {
    check("open || open, one block", Preemptions(3), || {
        let table = table_of(&OpenFileTable::with_limit(1), 4, &[]);
        let opened = both(&table, |t| open(t, 1), |t| open(t, 2));
        let full = Err(Error::FileTableOverflow);
        assert!(matches!(opened, (Ok(0 | 1), e) | (e, Ok(0 | 1)) if e == full), "{opened:?}");
        assert_eq!(undropped(), 1);
        let number = opened.0.or(opened.1).unwrap();
        close(&table, number).unwrap();
        assert_eq!(open(&table, 3), Ok(0));
    });
}

#[test]
fn limit_lowered() {
    check("open, open || lower the limit, open", Preemptions(3), || {
        let table = low_table(&[1]);
        let (opened, after) = both(
            &table,
            |t| open(t, 2),
            |t| {
                t.set_limit(1);
                open(t, 3)
            },
        );
        assert!(opened == Ok(1) || opened == FULL, "{opened:?}");
        assert_eq!(after, FULL);
    });
}

/// Each call has one limit, so that a minimum below it is not above it a step later.
#[test]
fn limit_lowered_under_a_minimum() {
    check("dup 0 from 1 || lower the limit", Exhaustive, || {
        let table = low_table(&[1]);
        let (duplicate, ()) =
            both(&table, |t| t.dup(0, Placement::From(1), NONE), |t| t.set_limit(1));
        assert!(matches!(duplicate, Ok(1) | Err(Error::Invalid)), "{duplicate:?}");
    });
}

fn any(table: &FdTable<File>, value: u32) -> Result<i32, Error> {
    Ok(table.open(Placement::Any, File::new(value), NONE)?)
}

#[test]
fn any_against_any() {
    check("open any || open any, one number", Preemptions(3), || {
        let table = table_of(&OpenFileTable::new(), 2, &[1]);
        let opened = both(&table, |t| any(t, 2), |t| any(t, 3));
        assert!(opened == (Ok(1), FULL) || opened == (FULL, Ok(1)), "{opened:?}");
    });
}

/// The chunk dies under the walk.
#[test]
fn walk_against_close_in_the_gap() {
    check("iter || close of the last in its chunk", Preemptions(3), || {
        let table = table_of(&OpenFileTable::new(), 16, &[]);
        table.open(Placement::At(4), File::new(1), NONE).unwrap();
        let (met, closed) = both(
            &table,
            |t| t.iter().map(|open| (open.fd, used(open))).collect::<Vec<_>>(),
            |t| close(t, 4),
        );
        assert!(matches!(met[..], [] | [(4, 1)]), "{met:?}");
        assert_eq!(closed, Some(1));
    });
}

#[test]
fn any_against_close() {
    check("open any || close of the last number", Exhaustive, || {
        let table = table_of(&OpenFileTable::new(), 2, &[1, 2]);
        let (opened, closed) = both(&table, |t| any(t, 3), |t| close(t, 1));
        assert_eq!(closed, Some(2));
        assert!(opened == Ok(1) || opened == FULL, "{opened:?}");
        assert_eq!(get(&table, 1), opened.ok().map(|_| 3));
    });
}

/// Both hand out what is open, once.
#[test]
fn drain_against_close() {
    check("close_range || close", Exhaustive, || {
        let table = low_table(&[1, 2]);
        let (drained, closed) = both(
            &table,
            |t| {
                let drained = t.drain(0, u32::MAX).unwrap();
                drained.map(|closed| used(closed.file)).collect::<Vec<_>>()
            },
            |t| close(t, 1),
        );
        match closed {
            None => assert_eq!(drained, [1, 2]),
            Some(two) => assert_eq!((&drained[..], two), (&[1][..], 2)),
        }
    });
}
