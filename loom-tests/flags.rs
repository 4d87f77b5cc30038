//! The flags of a descriptor: set while its number is closed, opened again, and put on another
//! file. They land on the file that they were meant for, or nowhere.

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, NONE, both, check, close, get, low_table, undropped, used},
};
use crate::{Error, FdFlags, FdTable, Placement};

const NEW: FdFlags = FdFlags::USER_1;
const SET: FdFlags = FdFlags::USER_2;

fn set(table: &FdTable<File>) -> Result<FdFlags, Error> {
    table.set_flags(0, SET)
}

#[test]
fn set_against_close() {
    check("set flags || close", Exhaustive, || {
        let table = low_table(&[1]);
        let (before, closed) = both(&table, set, |t| close(t, 0));
        assert!(matches!(before, Ok(NONE) | Err(Error::BadFd)), "{before:?}");
        assert_eq!((closed, table.flags(0)), (Some(1), None));
    });
}

#[test]
fn set_against_reopening() {
    check("set flags || close, open", Exhaustive, || {
        let table = low_table(&[1]);
        let (before, ()) = both(&table, set, |t| {
            close(t, 0);
            t.open(Placement::At(0), File::new(2), NEW).unwrap();
        });
        let now = table.flags(0).unwrap();
        assert!(
            match before {
                // The old file's, or none's: not the new file's.
                Ok(NONE) | Err(Error::BadFd) => now == NEW,
                Ok(before) => before == NEW && now == SET,
                Err(_) => false,
            },
            "{before:?} {now:?}"
        );
    });
}

#[test]
fn set_against_dup3() {
    check("set flags || dup3(1, 0)", Exhaustive, || {
        let table = low_table(&[1, 2]);
        let (before, displaced) = both(&table, set, |t| t.dup3(1, 0, NEW).unwrap().map(used));
        assert_eq!(displaced, Some(1));
        let now = table.flags(0).unwrap();
        assert!(matches!((before, now), (Ok(NONE), NEW) | (Ok(NEW), SET)), "{before:?} {now:?}");
        assert_eq!(get(&table, 0), Some(2));
    });
}

/// Both change a part of the flags, and neither change is lost.
#[test]
fn set_against_set() {
    check("set cloexec || set flags", Exhaustive, || {
        let table = low_table(&[1]);
        let (marked, before) = both(&table, |t| t.set_cloexec(0, true), set);
        let now = table.flags(0).unwrap();
        assert_eq!(marked, Ok(()));
        assert!(
            (before, now) == (Ok(FdFlags::CLOEXEC), SET)
                || (before, now) == (Ok(NONE), SET | FdFlags::CLOEXEC),
            "{before:?} {now:?}"
        );
    });
}

/// The file and its flags are of one instant, in both directions.
#[test]
fn read_against_reopening() {
    check("iter || close, open", Preemptions(3), || {
        let table = low_table(&[1]);
        let (seen, ()) = both(
            &table,
            |t| t.iter().map(|open| (open.flags, used(open))).next(),
            |t| {
                close(t, 0);
                t.open(Placement::At(0), File::new(2), NEW).unwrap();
            },
        );
        assert!(matches!(seen, None | Some((NONE, 1) | (NEW, 2))), "{seen:?}");
    });
}

/// What a fork copies: never both, as at every instant one of the two at least is marked.
#[test]
fn set_against_fork() {
    check("fork || mark 0, clear 1", Exhaustive, || {
        let table = low_table(&[1, 2]);
        table.set_flags(1, FdFlags::CLOFORK).unwrap();
        let (copy, ()) = both(&table, FdTable::fork, |t| {
            t.set_flags(0, FdFlags::CLOFORK).unwrap();
            t.set_flags(1, NONE).unwrap();
        });
        let copied = (get(&copy, 0), get(&copy, 1));
        assert!(matches!(copied, (Some(1), None) | (None, None) | (None, Some(2))), "{copied:?}");
    });
}

/// A fork holds no file that it leaves out, not even for an instant: the close drops it.
#[test]
fn fork_that_leaves_out_against_close() {
    check("fork || close 0, which is marked", Exhaustive, || {
        let table = low_table(&[1]);
        table.set_flags(0, FdFlags::CLOFORK).unwrap();
        let (copy, ()) = both(&table, FdTable::fork, |t| {
            assert_eq!(close(t, 0), Some(1));
            assert_eq!(undropped(), 0, "the fork holds the file");
        });
        assert!(copy.is_empty());
    });
}
