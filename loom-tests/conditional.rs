//! `close_if` and `replace_if`: on the file with the id, or not at all.

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{
        File, NONE, both, check, close, end_with_room, get, low_table, low_table_with_room, open,
        used,
    },
};
use crate::{Error, FdTable, FileId};

fn id(table: &FdTable<File>) -> FileId {
    table.get(0).unwrap().id()
}

fn close_if(table: &FdTable<File>, id: FileId) -> Option<u32> {
    table.close_if(0, id).ok().map(used)
}

/// The block comes back in the same slot as another file: the same index, another id.
#[test]
fn close_if_against_reopening() {
    check("close_if || close, open", Preemptions(4), || {
        let table = low_table(&[1]);
        let id = id(&table);
        let (closed_if, (closed, opened)) =
            both(&table, move |t| close_if(t, id), |t| (close(t, 0), open(t, 2)));
        assert!(
            matches!((closed_if, closed), (None, Some(1)) | (Some(1), None)),
            "{closed_if:?} {closed:?}"
        );
        assert_eq!(get(&table, opened.unwrap()), Some(2));
    });
}

/// The number is not freed before its slot is cleared.
#[test]
fn close_if_against_open() {
    check("close_if || open of the lowest", Exhaustive, || {
        let table = low_table(&[1]);
        let id = id(&table);
        let (closed, opened) = both(&table, move |t| close_if(t, id), |t| open(t, 2));
        assert_eq!(closed, Some(1));
        assert!(matches!(opened, Ok(0 | 1)), "{opened:?}");
        assert_eq!(get(&table, opened.unwrap()), Some(2));
    });
}

#[test]
fn close_if_against_close_if() {
    check("close_if || close_if", Exhaustive, || {
        let table = low_table(&[1]);
        let id = id(&table);
        let closed = both(&table, move |t| close_if(t, id), move |t| close_if(t, id));
        assert!(matches!(closed, (None, Some(1)) | (Some(1), None)), "{closed:?}");
        assert_eq!(open(&table, 2), Ok(0));
    });
}

#[test]
fn close_if_against_flags() {
    check("close_if || set flags", Exhaustive, || {
        let table = low_table(&[1]);
        let id = id(&table);
        let (closed, _) = both(&table, move |t| close_if(t, id), |t| t.set_cloexec(0, true));
        assert_eq!(closed, Some(1), "the same file, whatever its flags");
        assert_eq!(open(&table, 2), Ok(0));
    });
}

/// `replace_if`: the value displaced, or that of the file given back.
fn replace_if(table: &FdTable<File>, id: FileId, value: u32) -> Result<u32, (Error, u32)> {
    match table.replace_if(0, id, File::new(value), NONE) {
        Ok(displaced) => Ok(used(displaced)),
        Err(rejected) => Err((rejected.error, rejected.file.value())),
    }
}

#[test]
fn replace_if_against_reopening() {
    check("replace_if || close, open", Preemptions(3), || {
        let table = low_table_with_room(3, &[1]);
        let id = id(&table);
        let (replaced, (closed, opened)) =
            both(&table, move |t| replace_if(t, id, 3), |t| (close(t, 0), open(t, 2)));
        assert_eq!(opened, Ok(0));
        assert_eq!(get(&table, 0), Some(2));
        assert!(
            matches!((replaced, closed), (Ok(1), Some(3)) | (Err((Error::BadFd, 3)), Some(1))),
            "{replaced:?} {closed:?}"
        );
        end_with_room(3, table);
    });
}

#[test]
fn replace_if_against_replace_if() {
    check("replace_if || replace_if", Preemptions(3), || {
        let table = low_table_with_room(3, &[1]);
        let id = id(&table);
        let replaced = both(&table, move |t| replace_if(t, id, 2), move |t| replace_if(t, id, 3));
        let last = get(&table, 0);
        assert!(
            matches!(
                (replaced, last),
                ((Ok(1), Err((Error::BadFd, 3))), Some(2))
                    | ((Err((Error::BadFd, 2)), Ok(1)), Some(3))
            ),
            "{replaced:?} {last:?}"
        );
        end_with_room(3, table);
    });
}

/// The call that loses gives its file and the room for it back.
#[test]
fn replace_if_against_dup2() {
    check("replace_if || dup2(1, 0)", Preemptions(3), || {
        let table = low_table_with_room(3, &[1, 2]);
        let id = id(&table);
        let (replaced, displaced) = both(
            &table,
            move |t| replace_if(t, id, 3),
            |t| t.dup2(1, 0).map(|displaced| displaced.map(used)),
        );
        assert!(
            matches!(
                (replaced, displaced),
                (Ok(1), Ok(Some(3))) | (Err((Error::BadFd, 3)), Ok(Some(1)))
            ),
            "{replaced:?} {displaced:?}"
        );
        end_with_room(3, table);
    });
}

/// The block comes back while its last life ends: as a file with an id of its own.
#[test]
fn id_of_a_block_that_comes_back() {
    check("close || open: id", Exhaustive, || {
        let table = low_table(&[1]);
        let old = id(&table);
        both(
            &table,
            |t| close(t, 0),
            move |t| {
                t.open(crate::Placement::At(1), File::new(2), NONE).unwrap();
                assert_ne!(t.get(1).unwrap().id(), old, "the id of a file that is gone");
            },
        );
    });
}
