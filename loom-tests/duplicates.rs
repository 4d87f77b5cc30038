//! `dup2` and `replace`: onto numbers that are open, free, reserved, or being opened and closed,
//! and across each other.

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{
        File, NONE, both, check, close, end_with_room, get, low_table, low_table_with_room, open,
        table_of, three, used,
    },
};
use crate::{Error, FdTable, OpenFileTable, Placement};

/// `dup2`: the value displaced.
fn dup2(table: &FdTable<File>, old: i32, new: i32) -> Result<Option<u32>, Error> {
    Ok(table.dup2(old, new)?.map(used))
}

#[test]
fn dup2_onto_an_open_number_against_get() {
    check("dup2(0, 1) || get 1", Exhaustive, || {
        let table = low_table(&[1, 2]);
        let (got, displaced) = both(&table, |t| get(t, 1), |t| dup2(t, 0, 1));
        assert!(matches!(got, Some(1 | 2)), "never EBADF: {got:?}");
        assert_eq!(displaced, Ok(Some(2)));
    });
}

#[test]
fn dup2_twice_onto_an_open_number() {
    check("dup2(0, 2) || dup2(1, 2), open", Preemptions(3), || {
        let table = low_table(&[1, 2, 3]);
        let displaced = both(&table, |t| dup2(t, 0, 2), |t| dup2(t, 1, 2));
        let last = get(&table, 2);
        assert!(
            (displaced, last) == ((Ok(Some(3)), Ok(Some(1))), Some(2))
                || (displaced, last) == ((Ok(Some(2)), Ok(Some(3))), Some(1)),
            "{displaced:?} {last:?}"
        );
    });
}

/// The second call finds the number free, reserved or open.
#[test]
fn dup2_twice_onto_a_free_number() {
    check("dup2(0, 2) || dup2(1, 2), free", Preemptions(3), || {
        let table = low_table(&[1, 2]);
        let displaced = both(&table, |t| dup2(t, 0, 2), |t| dup2(t, 1, 2));
        let last = get(&table, 2);
        let busy = Err(Error::Busy);
        assert!(
            match displaced {
                (Ok(None), Ok(Some(1))) => last == Some(2),
                (Ok(Some(2)), Ok(None)) => last == Some(1),
                (Ok(None), other) => other == busy && last == Some(1),
                (other, Ok(None)) => other == busy && last == Some(2),
                _ => false,
            },
            "{displaced:?} {last:?}"
        );
    });
}

#[test]
fn dup2_crosswise() {
    check("dup2(0, 1) || dup2(1, 0)", Exhaustive, || {
        let table = low_table(&[1, 2]);
        let displaced = both(&table, |t| dup2(t, 0, 1), |t| dup2(t, 1, 0));
        let (Ok(Some(from_one)), Ok(Some(from_zero))) = displaced else {
            panic!("{displaced:?}");
        };
        let now = (get(&table, 0).unwrap(), get(&table, 1).unwrap());
        // Looked up, then put: in turn, or both looked up before.
        assert!(
            matches!(((from_one, from_zero), now), ((2, 1), (1, 1) | (2, 2) | (2, 1))),
            "{displaced:?} {now:?}"
        );
    });
}

#[test]
fn dup2_onto_a_closing_number() {
    check("dup2(0, 1) || close 1", Preemptions(3), || {
        let table = low_table(&[1, 2]);
        let (displaced, closed) = both(&table, |t| dup2(t, 0, 1), |t| close(t, 1));
        let last = get(&table, 1);
        assert!(
            match (displaced, closed) {
                // The close came after.
                (Ok(Some(2)), Some(1)) => last.is_none(),
                // Before; and at once.
                (Ok(None), Some(2)) => last == Some(1),
                (Err(Error::Busy), Some(2)) => last.is_none(),
                _ => false,
            },
            "{displaced:?} {closed:?} {last:?}"
        );
    });
}

/// The chunk dies meanwhile, but the number in it is nobody's: it is never busy.
#[test]
fn dup2_onto_a_free_number_of_a_dying_chunk() {
    check("dup2(0, 5) || close 4, in the gap", Preemptions(2), || {
        let table = table_of(&OpenFileTable::new(), 16, &[1]);
        assert_eq!(dup2(&table, 0, 4), Ok(None));
        let (displaced, closed) = both(&table, |t| dup2(t, 0, 5), |t| close(t, 4));
        assert_eq!((displaced, closed), (Ok(None), Some(1)));
        assert_eq!(get(&table, 5), Some(1));
    });
}

/// As above.
#[test]
fn open_of_a_free_number_of_a_dying_chunk() {
    check("open 5 || close 4, in the gap", Preemptions(2), || {
        let table = table_of(&OpenFileTable::new(), 16, &[1]);
        assert_eq!(dup2(&table, 0, 4), Ok(None));
        let open = |t: &FdTable<File>| t.open(Placement::At(5), File::new(2), NONE).ok();
        let (opened, closed) = both(&table, open, |t| close(t, 4));
        assert_eq!((opened, closed), (Some(5), Some(1)));
        assert_eq!(get(&table, 5), Some(2));
    });
}

/// The number is closed, and its chunk gone, before the parent is told that the chunk was full.
#[test]
fn dup2_fills_a_chunk_that_is_emptied() {
    check("dup2(0, 5) || close 4, close 5, in the gap", Preemptions(2), || {
        let table = table_of(&OpenFileTable::new(), 16, &[1]);
        assert_eq!(dup2(&table, 0, 4), Ok(None));
        let (displaced, closed) = both(
            &table,
            |t| dup2(t, 0, 5),
            |t| {
                let closed = close(t, 4);
                close(t, 5);
                closed
            },
        );
        assert_eq!((displaced, closed), (Ok(None), Some(1)));
        let free = get(&table, 5).is_none();
        assert!(!free || table.reserve(Placement::At(5)).is_ok(), "the number is lost");
    });
}

/// The file that is duplicated is closed meanwhile.
#[test]
fn dup2_of_a_closing_number() {
    check("dup2(0, 1) || close 0", Exhaustive, || {
        let table = low_table(&[1, 2]);
        let (displaced, closed) = both(&table, |t| dup2(t, 0, 1), |t| close(t, 0));
        assert_eq!(closed, Some(1));
        match displaced {
            Ok(Some(2)) => assert_eq!(get(&table, 1), Some(1)),
            Err(Error::BadFd) => assert_eq!(get(&table, 1), Some(2)),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn dup2_onto_the_lowest_free_number() {
    check("dup2(0, 1) || open", Preemptions(3), || {
        let table = low_table(&[1]);
        let (displaced, opened) = both(&table, |t| dup2(t, 0, 1), |t| open(t, 2));
        assert!(
            match (displaced, opened) {
                (Ok(None), Ok(2)) => get(&table, 1) == Some(1) && get(&table, 2) == Some(2),
                (Ok(Some(2)), Ok(1)) => get(&table, 1) == Some(1),
                (Err(Error::Busy), Ok(1)) => get(&table, 1) == Some(2),
                _ => false,
            },
            "{displaced:?} {opened:?}"
        );
    });
}

#[test]
fn dup_against_close() {
    check("dup 0 || close 0", Preemptions(3), || {
        let table = low_table(&[1]);
        let (duplicate, closed) =
            both(&table, |t| t.dup(0, Placement::Lowest, NONE), |t| close(t, 0));
        assert_eq!(closed, Some(1));
        match duplicate {
            Ok(fd @ (0 | 1)) => assert_eq!(get(&table, fd), Some(1)),
            Err(Error::BadFd) => {}
            other => panic!("{other:?}"),
        }
    });
}

/// `replace`: the value displaced, or that of the file given back.
fn replace(table: &FdTable<File>, fd: i32, value: u32) -> Result<Option<u32>, (Error, u32)> {
    match table.replace(fd, File::new(value), NONE) {
        Ok(displaced) => Ok(displaced.map(used)),
        Err(rejected) => Err((rejected.error, rejected.file.value())),
    }
}

#[test]
fn replace_against_close_and_get() {
    check("replace 0 || close 0 || get 0", Preemptions(2), || {
        let table = low_table(&[1]);
        let (displaced, closed, got) =
            three(&table, |t| replace(t, 0, 2), |t| close(t, 0), |t| get(t, 0));
        assert!(
            matches!(
                (displaced, closed),
                (Ok(Some(1)), Some(2)) | (Ok(None) | Err((Error::Busy, 2)), Some(1))
            ),
            "{displaced:?} {closed:?}"
        );
        assert!(matches!(got, None | Some(1 | 2)), "{got:?}");
    });
}

#[test]
fn replace_of_a_reserved_number() {
    check("replace 0 || reserve, install", Preemptions(3), || {
        let table = low_table_with_room(2, &[]);
        let (displaced, installed) = both(
            &table,
            |t| replace(t, 0, 2),
            |t| {
                let reserved = t.reserve(Placement::At(0)).ok()?;
                Some(reserved.install(File::new(1), NONE).is_ok())
            },
        );
        let last = get(&table, 0);
        assert!(
            match (displaced, installed) {
                (Ok(None), None) | (Ok(Some(1)), Some(true)) => last == Some(2),
                (Err((Error::Busy, 2)), Some(true)) => last == Some(1),
                _ => false,
            },
            "{displaced:?} {installed:?} {last:?}"
        );
        end_with_room(2, table);
    });
}

/// There is room for one file: the reservation keeps no file, and the call that fails none either.
#[test]
fn replace_of_a_number_that_is_given_back() {
    check("replace 0 || reserve 0, drop", Preemptions(3), || {
        let table = low_table_with_room(1, &[]);
        let (displaced, reserved) =
            both(&table, |t| replace(t, 0, 1), |t| t.reserve(Placement::At(0)).map(drop).is_ok());
        assert!(
            matches!(displaced, Ok(None)) || (displaced == Err((Error::Busy, 1)) && reserved),
            "{displaced:?} {reserved}"
        );
        close(&table, 0);
        assert_eq!(open(&table, 2), Ok(0));
        end_with_room(1, table);
    });
}
