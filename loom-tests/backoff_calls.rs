//! Calls that change a table, beside a copy that asks for quiet: each looks for the request once,
//! and holds nothing while it pauses.

use std::{mem, sync::Arc};

use super::{
    Bound::{Exhaustive, Preemptions},
    backoff::beside_a_request,
    explore,
    support::{
        File, NONE, both, close, end_with_room, execution, low_table, low_table_with_room, open,
        table_of, used,
    },
};
use crate::{
    CloseRangeFlags, FdFlags, FdTable, OpenFileTable, Placement, RawFd, Reservation,
    sync::spin_loop, table::backoff::PAUSES,
};

const ONE: FdFlags = FdFlags::USER_1;

/// Chunks of a table for which a pause lasts until the request is over, if the thread that asks is
/// not preempted.
const LARGE: usize = 40;

/// How many files the models of pauses have room for.
const ROOM: u32 = 3;

type Call = fn(&Arc<FdTable<File>>);

/// Each call that changes a table, on one in which 0 and 1 are open.
const CALLS: [(&str, Call); 22] = [
    ("open", |t| _ = open(t, 3)),
    ("reserve", |t| mem::forget(t.reserve(Placement::Lowest))),
    ("reserve_owned", |t| drop(t.reserve_owned(Placement::Lowest))),
    ("reserve_many", |t| mem::forget(t.reserve_many::<2>(Placement::Lowest))),
    ("reserve_many in vain", |t| drop(t.reserve_many::<9>(Placement::Lowest))),
    ("reserve_n", |t| mem::forget(t.reserve_n(Placement::Lowest, 2))),
    ("reserve_n in vain", |t| drop(t.reserve_n(Placement::Lowest, 9))),
    ("reserve_up_to", |t| mem::forget(t.reserve_up_to(Placement::Lowest, 9))),
    ("dup", |t| _ = t.dup(0, Placement::Lowest, NONE)),
    ("dup2 onto an open number", |t| _ = t.dup2(0, 1).map(drop)),
    ("dup2 onto a free number", |t| _ = t.dup2(0, 2).map(drop)),
    ("replace", |t| _ = t.replace(0, File::new(3), NONE).map(drop)),
    ("replace_if", |t| {
        let id = t.get(0).unwrap().id();
        _ = t.replace_if(0, id, File::new(3), NONE).map(drop);
    }),
    ("set_flags", |t| _ = t.set_flags(0, ONE)),
    ("set_cloexec", |t| _ = t.set_cloexec(0, true)),
    ("update_flags_if", |t| {
        let id = t.get(0).unwrap().id();
        _ = t.update_flags_if(0, id, |_| ONE);
    }),
    ("close", |t| _ = close(t, 0)),
    ("close_if", |t| {
        let id = t.get(0).unwrap().id();
        _ = t.close_if(0, id).map(drop);
    }),
    ("take", |t| mem::forget(t.take(0).map(|(file, number)| (used(file.file), number)))),
    ("take_owned", |t| drop(t.take_owned(0).map(|(file, number)| (used(file.file), number)))),
    ("close_range", |t| t.close_range(0, 0, CloseRangeFlags::empty()).unwrap()),
    ("close_range with CLOEXEC", |t| t.close_range(0, 0, CloseRangeFlags::CLOEXEC).unwrap()),
];

/// While a call pauses, the files of the table can be closed for good, and every number and all
/// room for files is free. (The thread that asks does not pause itself.)
#[test]
fn pause_holds_nothing() {
    for (name, call) in CALLS {
        explore(
            name,
            Preemptions(0),
            execution(false, move || {
                let table = low_table_with_room(ROOM, &[1, 2]);
                let caller = Arc::clone(&table);
                both(&table, look_beside_a_pause, move |t| {
                    while t.backoff.pauses_left() == 0 {
                        spin_loop();
                    }
                    call(&caller);
                });
                end_with_room(ROOM, table);
            }),
        );
    }
}

fn look_beside_a_pause(t: &FdTable<File>) {
    let mut request = t.backoff.request();
    request.ask(LARGE);
    while t.backoff.pauses_left() == PAUSES {
        spin_loop();
    }
    assert_eq!((close(t, 0), close(t, 1)), (Some(1), Some(2)));
    for value in 1..=ROOM {
        assert!(open(t, value).is_ok(), "the call holds a number, or room for a file");
    }
    assert!(t.reserve(Placement::Lowest).is_ok(), "the call holds a number");
}

#[test]
fn every_change_looks_for_a_request_once() {
    for (name, call) in CALLS {
        explore(
            name,
            Exhaustive,
            execution(false, move || {
                let table = low_table(&[1, 2]);
                beside_a_request(&table, |t| {
                    call(&table);
                    assert_eq!(t.backoff.pauses_left(), PAUSES - 1, "{name}");
                });
            }),
        );
    }
}

type End = fn(Reservation<'_, File>, &FdTable<File>);

/// The ends of a reservation of a number, and how often each looks for a request: not where no copy
/// would see it.
const ENDS: [(&str, RawFd, u64, End); 5] = [
    ("install", 2, 1, |number, _| assert!(number.install(File::new(3), NONE).is_ok())),
    ("install without room", 2, 1, |number, t| {
        let _last = t.open_files().insert(File::new(3)).unwrap();
        assert!(number.install(File::new(4), NONE).is_err());
    }),
    ("install_ref", 2, 1, |number, t| {
        let file = t.get(0).unwrap().into_owned();
        assert!(number.install_ref(file, NONE).is_ok());
    }),
    ("drop", 2, 0, |number, _| drop(number)),
    ("drop in the gap", 4, 1, |number, _| drop(number)),
];

#[test]
fn end_of_a_reservation_looks_for_a_request_once() {
    for (name, fd, looks, end) in ENDS {
        explore(
            name,
            Exhaustive,
            execution(false, move || {
                let table = table_of(&OpenFileTable::with_limit(ROOM), 16, &[1, 2]);
                let number = table.reserve(Placement::At(fd)).unwrap();
                beside_a_request(&table, |t| {
                    end(number, t);
                    assert_eq!(t.backoff.pauses_left(), PAUSES - looks, "{name}");
                });
            }),
        );
    }
}
