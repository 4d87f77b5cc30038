//! Reserved numbers: installed, dropped, and left behind by `take`, against calls on the same
//! number.

use std::{mem, sync::Arc};

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, NONE, both, check, close, get, low_table, open, undropped, used},
};
use crate::{Error, FdTable, Placement, Reservation};

fn dup2(table: &FdTable<File>, old: i32, new: i32) -> Result<Option<u32>, Error> {
    Ok(table.dup2(old, new)?.map(used))
}

#[test]
fn held_against_everything_else() {
    check("reserve 1, drop || close 1, dup2(0, 1), open", Preemptions(3), || {
        let table = low_table(&[1]);
        let (number, (displaced, opened)) = both(
            &table,
            |t| {
                let reserved = t.reserve(Placement::Lowest).unwrap();
                assert!(!t.contains(reserved.fd()));
                reserved.fd()
            },
            |t| {
                assert_eq!(close(t, 1), None);
                (dup2(t, 0, 1), open(t, 2))
            },
        );
        assert!(matches!(number, 1..=3), "{number}");
        // Free, or reserved.
        assert!(matches!(displaced, Ok(None) | Err(Error::Busy)), "{displaced:?}");
        assert_eq!(get(&table, opened.unwrap()), Some(2));
    });
}

#[test]
fn installed_against_dup2() {
    check("install 1 || dup2(0, 1)", Preemptions(3), || {
        let table = low_table(&[1]);
        let (installed, displaced) = both(
            &table,
            |t| {
                let reserved = t.reserve(Placement::At(1)).ok()?;
                reserved.install(File::new(2), NONE).ok()
            },
            |t| dup2(t, 0, 1),
        );
        let last = get(&table, 1);
        assert!(
            match (installed, displaced) {
                (None, Ok(None)) | (Some(1), Ok(Some(2))) => last == Some(1),
                (Some(1), Err(Error::Busy)) => last == Some(2),
                _ => false,
            },
            "{installed:?} {displaced:?} {last:?}"
        );
    });
}

#[test]
fn installed_against_close() {
    check("install 1 || close 1", Exhaustive, || {
        let table = low_table(&[1]);
        let (installed, closed) = both(
            &table,
            |t| t.reserve(Placement::At(1)).unwrap().install(File::new(2), NONE).ok(),
            |t| close(t, 1),
        );
        assert_eq!(installed, Some(1));
        assert!(matches!(closed, None | Some(2)), "{closed:?}");
        assert_eq!(get(&table, 1).is_none(), closed.is_some());
    });
}

#[test]
fn dropped_against_dup2() {
    check("drop 1 || dup2(0, 1)", Preemptions(3), || {
        let table = low_table(&[1]);
        let (reserved, displaced) =
            both(&table, |t| t.reserve(Placement::At(1)).map(drop).is_ok(), |t| dup2(t, 0, 1));
        let last = get(&table, 1);
        assert!(
            match displaced {
                Ok(None) => last == Some(1),
                Err(Error::Busy) => last.is_none() && reserved,
                _ => false,
            },
            "{reserved} {displaced:?} {last:?}"
        );
        assert!(dup2(&table, 0, 1).is_ok(), "free again, or open");
    });
}

/// The number stays reserved while the file is dropped, and is freed with the reservation.
#[test]
fn take_against_open() {
    check("take 0, drop || open", Preemptions(3), || {
        let table = low_table(&[1]);
        let (opened, ()) = both(
            &table,
            |t| open(t, 2),
            |t| {
                let (file, reserved) = t.take(0).unwrap();
                assert_eq!(used(file), 1);
                assert_eq!(get(t, 0), None);
                drop(reserved);
            },
        );
        assert!(matches!(opened, Ok(0 | 1)), "{opened:?}");
        assert_eq!((get(&table, opened.unwrap()), undropped()), (Some(2), 1));
    });
}

/// How many numbers a call got; they are never given back.
fn kept(reserved: Result<Vec<Reservation<'_, File>>, Error>) -> Result<usize, Error> {
    let reserved = reserved?;
    let n = reserved.len();
    mem::forget(reserved);
    Ok(n)
}

#[test]
fn up_to_three_against_open() {
    check("reserve up to 3 || open, of 3", Preemptions(3), || {
        let table = low_table(&[1]);
        let (reserved, opened) =
            both(&table, |t| kept(t.reserve_up_to(Placement::Lowest, 3)), |t| open(t, 2));
        assert!(
            match opened {
                Ok(1..=3) => reserved == Ok(2),
                Err(Error::TooManyOpenFiles) => reserved == Ok(3),
                _ => false,
            },
            "{reserved:?} {opened:?}"
        );
    });
}

#[test]
fn three_or_none_against_open() {
    check("reserve 3 or none || open, of 3", Preemptions(3), || {
        let table = low_table(&[1]);
        let (reserved, opened) =
            both(&table, |t| kept(t.reserve_n(Placement::Lowest, 3)), |t| open(t, 2));
        match (reserved, opened) {
            (Ok(3), Err(Error::TooManyOpenFiles)) => {}
            (Err(Error::TooManyOpenFiles), Ok(1..=3)) => {
                assert_eq!(kept(table.reserve_n(Placement::Lowest, 2)), Ok(2), "given back");
            }
            other => panic!("{other:?}"),
        }
    });
}

/// A number that is kept beyond the call is nobody else's, and its table stays.
#[test]
fn kept_against_open() {
    check("take 0, keep || open; the table's end; install 0", Preemptions(3), || {
        let table = Arc::new(low_table(&[1]));
        let take = |t: &Arc<FdTable<File>>| {
            let (file, number) = t.take_owned(0).unwrap();
            (used(file), number)
        };
        let ((taken, number), opened) = both(&table, take, |t| open(t, 2));
        assert_eq!((taken, opened), (1, Ok(1)));
        drop(table);
        assert_eq!((number.install(File::new(3), NONE).ok(), undropped()), (Some(0), 0));
    });
}

#[test]
fn take_against_close() {
    check("take 0, install || close 0", Preemptions(3), || {
        let table = low_table(&[1]);
        let (taken, closed) = both(
            &table,
            |t| {
                let (file, reserved) = t.take(0).ok()?;
                let taken = used(file);
                assert_eq!(reserved.install(File::new(2), NONE).ok(), Some(0));
                Some(taken)
            },
            |t| close(t, 0),
        );
        let last = get(&table, 0);
        assert!(
            match (taken, closed) {
                (Some(1), None) => last == Some(2),
                (Some(1), Some(2)) | (None, Some(1)) => last.is_none(),
                _ => false,
            },
            "{taken:?} {closed:?} {last:?}"
        );
    });
}

#[test]
fn take_against_dup2() {
    check("take 1, hold, drop || dup2(0, 1)", Preemptions(3), || {
        let table = low_table(&[1, 2]);
        let (taken, displaced) =
            both(&table, |t| t.take(1).map(|(file, _reserved)| used(file)), |t| dup2(t, 0, 1));
        let last = get(&table, 1);
        assert!(
            match (taken, displaced) {
                (Ok(1), Ok(Some(2))) | (Ok(2), Err(Error::Busy)) => last.is_none(),
                (Ok(2), Ok(None)) => last == Some(1),
                _ => false,
            },
            "{taken:?} {displaced:?} {last:?}"
        );
    });
}
