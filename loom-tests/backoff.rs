//! Copies that ask for quiet, and changes that back off: what a copy contains does not rest on it,
//! a request ends, and a pause holds nothing that another thread may want.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{
    Bound::{Exhaustive, Preemptions},
    explore,
    support::{File, NONE, both, check, close, execution, get, low_table, open, undropped, used},
};
use crate::{
    CloseRangeFlags, FdFlags, FdTable, Placement,
    sync::yield_now,
    table::backoff::{Backoff, PAUSES},
};

const ONE: FdFlags = FdFlags::USER_1;
const TWO: FdFlags = FdFlags::USER_2;

/// Pauses that last until the request is over, in looks.
const LONG: usize = 200;

/// The second change comes before the third. The first one makes the copy ask.
#[test]
fn copy_beside_changes() {
    check("fork || set flags of 0, again, of 1", Preemptions(3), || {
        let table = low_table(&[1, 2]);
        let (copy, ()) = both(&table, FdTable::fork, |t| {
            for (fd, flags) in [(0, ONE), (0, TWO), (1, TWO)] {
                t.set_flags(fd, flags).unwrap();
            }
        });
        let flags = [0, 1].map(|fd| copy.flags(fd).unwrap());
        let order = [[NONE, NONE], [ONE, NONE], [TWO, NONE], [TWO, TWO]];
        assert!(order.contains(&flags), "{flags:?}");
        assert_eq!(table.backoff.pauses_left(), 0, "the request is over");
    });
}

/// Only the flags change, and in between the file: the reference of the first reading is not that
/// of the last.
#[test]
fn copy_beside_another_file() {
    check("fork || set flags of 0, replace 0", Preemptions(3), || {
        let table = low_table(&[1]);
        let (copy, displaced) = both(&table, FdTable::fork, |t| {
            t.set_flags(0, ONE).unwrap();
            t.replace(0, File::new(2), ONE).unwrap().map(used)
        });
        assert_eq!(displaced, Some(1));
        let copied = (get(&copy, 0).unwrap(), copy.flags(0).unwrap());
        assert!([(1, NONE), (1, ONE), (2, ONE)].contains(&copied), "{copied:?}");
    });
}

/// One number is open on the copied file, whatever was open there while the copy looked elsewhere.
#[test]
fn copy_of_what_is_kept_beside_flags() {
    check("copy of what is not marked || mark 0, unmark 0", Preemptions(3), || {
        let table = low_table(&[1]);
        let (copy, ()) = both(
            &table,
            |t| t.copy(|_, flags| !flags.contains(ONE)),
            |t| {
                t.set_flags(0, ONE).unwrap();
                t.set_flags(0, TWO).unwrap();
            },
        );
        let copied = (get(&copy, 0), copy.flags(0));
        let kept = [(Some(1), Some(NONE)), (None, None), (Some(1), Some(TWO))];
        assert!(kept.contains(&copied), "{copied:?}");
    });
}

/// A pause ends with the request or with its time, and leaves no request behind.
#[test]
fn pauses_beside_a_request_that_ends() {
    check("ask, ask again, end || change, change", Exhaustive, || {
        let backoff = Arc::new(Backoff::new());
        let ask = |backoff: &Backoff| {
            let mut request = backoff.request();
            request.ask(1);
            request.ask(1);
            assert!(request.is_the_last());
        };
        let change = |backoff: &Backoff| {
            _ = backoff.begin_change();
            _ = backoff.begin_change();
        };
        both(&backoff, ask, change);
        assert_eq!(backoff.pauses_left(), 0, "the request is over");
    });
}

/// The other thread uses the request up and makes its own, which the end of the first leaves alone.
#[test]
fn two_copies_ask() {
    check("ask, end || change, change, ask, end", Exhaustive, || {
        let backoff = Arc::new(Backoff::new());
        let ask = |backoff: &Backoff| {
            let mut request = backoff.request();
            request.ask(1);
        };
        let void_and_ask = |backoff: &Backoff| {
            (0..PAUSES).for_each(|_| _ = backoff.begin_change());
            let mut request = backoff.request();
            request.ask(1);
            if request.is_the_last() {
                assert_eq!(backoff.pauses_left(), PAUSES, "nobody else ends it, or pauses for it");
            }
        };
        both(&backoff, ask, void_and_ask);
        assert_eq!(backoff.pauses_left(), 0, "both requests are over");
    });
}

/// Two copies at once, each of which may find the other's request.
#[test]
fn two_copies_beside_changes() {
    check("fork || set flags of 0, fork", Preemptions(2), || {
        let table = low_table(&[1]);
        let (copy, other) = both(&table, FdTable::fork, |t| {
            t.set_flags(0, ONE).unwrap();
            t.fork()
        });
        assert!(matches!(copy.flags(0), Some(NONE | ONE)));
        assert_eq!(other.flags(0), Some(ONE));
        assert_eq!(table.backoff.pauses_left(), 0, "both requests are over");
    });
}

/// The request of a thread that never goes on: it costs no more than its pauses.
#[test]
fn request_is_void_when_its_pauses_are_used_up() {
    check("ask, stop || change, as often as there are pauses", Exhaustive, || {
        let backoff = Arc::new(Backoff::new());
        let ask_and_stop = |backoff: &Backoff| {
            let mut request = backoff.request();
            request.ask(1);
            mem::forget(request);
        };
        let change = |backoff: &Backoff| {
            while backoff.pauses_left() == 0 {
                yield_now();
            }
            (0..PAUSES).for_each(|_| _ = backoff.begin_change());
            assert_eq!(backoff.pauses_left(), 0);
        };
        both(&backoff, ask_and_stop, change);
    });
}

/// Waits until another thread pauses for the request.
fn wait_for_a_pause(table: &FdTable<File>) {
    while table.backoff.pauses_left() == PAUSES {
        yield_now();
    }
}

/// While an open pauses, its number is free. (The thread that asks does not pause itself.)
#[test]
fn pause_of_an_open_holds_no_number() {
    check("ask, reserve 0, end || open", Preemptions(2), || {
        let table = low_table(&[]);
        let reserve = |t: &FdTable<File>| {
            let mut request = t.backoff.request();
            request.ask(LONG);
            wait_for_a_pause(t);
            drop(t.reserve(Placement::At(0)).expect("no call holds it"));
        };
        asked_first(&table, reserve, |t| assert!(open(t, 1).is_ok()));
    });
}

/// While a dup pauses, the file that it is about to duplicate can be closed for good.
#[test]
fn pause_of_a_dup_holds_no_file() {
    check("ask, close 0, end || dup 0", Preemptions(2), || {
        let table = low_table(&[1]);
        let close_it = |t: &FdTable<File>| {
            let mut request = t.backoff.request();
            request.ask(LONG);
            wait_for_a_pause(t);
            assert_eq!(close(t, 0), Some(1));
            assert_eq!(undropped(), 0, "no call holds the file");
        };
        asked_first(&table, close_it, |t| {
            assert!(t.dup(0, Placement::Lowest, NONE).is_err());
        });
    });
}

/// Runs two closures at once, the second when the first has asked.
fn asked_first(
    table: &Arc<FdTable<File>>,
    first: impl FnOnce(&FdTable<File>) + 'static,
    second: impl FnOnce(&FdTable<File>) + 'static,
) {
    both(table, first, |t| {
        while t.backoff.pauses_left() == 0 {
            yield_now();
        }
        second(t);
    });
}

type Call = fn(&FdTable<File>);

/// Each call that changes a table, on one in which 0 and 1 are open.
const CALLS: [(&str, Call); 15] = [
    ("open", |t| _ = open(t, 3)),
    ("reserve", |t| mem::forget(t.reserve(Placement::Lowest))),
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
    ("close_range", |t| t.close_range(0, 0, CloseRangeFlags::empty()).unwrap()),
    ("close_range with CLOEXEC", |t| t.close_range(0, 0, CloseRangeFlags::CLOEXEC).unwrap()),
];

/// Another thread asks and stops; then `f` runs.
fn beside_a_request(table: &Arc<FdTable<File>>, f: impl FnOnce(&FdTable<File>)) {
    let asking = Arc::clone(table);
    let ask = move || {
        let mut request = asking.backoff.request();
        request.ask(1);
        mem::forget(request);
    };
    loom::thread::spawn(ask).join().unwrap();
    f(table);
}

/// The quiet that one copy asks for serves the other one, too.
#[test]
fn second_copy_leaves_the_request_of_the_first() {
    explore(
        "ask, stop; ask, end",
        Exhaustive,
        execution(false, || {
            beside_a_request(&low_table(&[]), |t| {
                let mut request = t.backoff.request();
                request.ask(1);
                assert!(!request.is_the_last());
                drop(request);
                assert_eq!(t.backoff.pauses_left(), PAUSES);
            });
        }),
    );
}

#[test]
fn every_change_looks_for_a_request_once() {
    for (name, call) in CALLS {
        explore(
            name,
            Exhaustive,
            execution(false, move || {
                beside_a_request(&low_table(&[1, 2]), |t| {
                    call(t);
                    assert_eq!(t.backoff.pauses_left(), PAUSES - 1, "{name}");
                });
            }),
        );
    }
}

/// The two ends of a reservation, each of which is a call of its own.
#[test]
fn reservation_looks_for_a_request_at_its_end() {
    explore(
        "install; drop of a reservation",
        Exhaustive,
        execution(false, || {
            let table = low_table(&[]);
            let [one, two] = table.reserve_many(Placement::Lowest).unwrap();
            beside_a_request(&table, |t| {
                assert!(one.install(File::new(1), NONE).is_ok());
                assert_eq!(t.backoff.pauses_left(), PAUSES - 1);
                drop(two);
                assert_eq!(t.backoff.pauses_left(), PAUSES - 2);
            });
        }),
    );
}

/// As the drop of a file may.
#[test]
fn copy_that_changes_its_own_table_does_not_pause() {
    explore(
        "copy with changes within",
        Exhaustive,
        execution(false, || {
            let table = low_table(&[1]);
            let keep = |_, flags: FdFlags| {
                let next = match flags {
                    NONE => ONE,
                    // By now the copy asks.
                    ONE => TWO,
                    _ => return true,
                };
                table.set_flags(0, next).unwrap();
                assert!([0, PAUSES].contains(&table.backoff.pauses_left()), "a pause was taken");
                true
            };
            assert_eq!(table.copy(keep).flags(0), Some(TWO));
        }),
    );
}

#[test]
fn panic_ends_the_request() {
    explore(
        "ask, panic",
        Exhaustive,
        execution(false, || {
            let backoff = Backoff::new();
            let asked = catch_unwind(AssertUnwindSafe(|| {
                let mut request = backoff.request();
                request.ask(1);
                panic!("as the drop of a file may");
            }));
            assert!(asked.is_err());
            assert_eq!(backoff.pauses_left(), 0, "the request is over");
        }),
    );
}
