//! Copies that ask for quiet, and changes that back off: what a copy contains does not rest on it,
//! a request ends, and a pause holds nothing that another thread may want.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use super::{
    Bound::{Exhaustive, Preemptions},
    explore,
    support::{File, NONE, both, check, execution, get, low_table, table_of, three, used},
};
use crate::{
    FdFlags, FdTable, OpenFileTable, Placement,
    sync::spin_loop,
    table::backoff::{Backoff, PAUSES},
};

const ONE: FdFlags = FdFlags::USER_1;
const TWO: FdFlags = FdFlags::USER_2;

/// Whether any execution has seen a request.
struct Asked(AtomicBool);

impl Asked {
    /// The threads of a model are told nothing by it.
    fn look(&self, table: &FdTable<File>) {
        if table.backoff.pauses_left() > 0 {
            self.0.store(true, Relaxed);
        }
    }

    fn assert_seen(&self) {
        assert!(self.0.load(Relaxed), "no copy has asked");
    }
}

/// The second change comes before the third. The first one makes the copy ask.
#[test]
fn copy_beside_changes() {
    static ASKED: Asked = Asked(AtomicBool::new(false));
    check("fork || set flags of 0, again, of 1", Preemptions(3), || {
        let table = low_table(&[1, 2]);
        let (copy, ()) = both(&table, FdTable::fork, |t| {
            for (fd, flags) in [(0, ONE), (0, TWO), (1, TWO)] {
                t.set_flags(fd, flags).unwrap();
                ASKED.look(t);
            }
        });
        let flags = [0, 1].map(|fd| copy.flags(fd).unwrap());
        let order = [[NONE, NONE], [ONE, NONE], [TWO, NONE], [TWO, TWO]];
        assert!(order.contains(&flags), "{flags:?}");
        assert_eq!(table.backoff.pauses_left(), 0, "the request is over");
    });
    ASKED.assert_seen();
}

/// What the copy sees of a chunk that comes and goes is its death alone.
#[test]
fn copy_beside_deaths() {
    static ASKED: Asked = Asked(AtomicBool::new(false));
    check("fork || reserve 4, free it, in the gap", Preemptions(2), || {
        let table = table_of(&OpenFileTable::new(), 16, &[]);
        let (copy, ()) = both(&table, FdTable::fork, |t| {
            drop(t.reserve(Placement::At(4)));
            ASKED.look(t);
        });
        assert!(copy.is_empty());
        assert_eq!(table.backoff.pauses_left(), 0, "the request is over");
    });
    ASKED.assert_seen();
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

/// With time left that no model waits for.
#[test]
fn pause_ends_with_the_request() {
    explore(
        "ask, end || change",
        Preemptions(0),
        execution(false, || {
            let backoff = Arc::new(Backoff::new());
            let ask = |backoff: &Backoff| {
                let mut request = backoff.request();
                request.ask(1_000_000);
                while backoff.pauses_left() == PAUSES {
                    spin_loop();
                }
            };
            both(&backoff, ask, |backoff| {
                while backoff.pauses_left() == 0 {
                    spin_loop();
                }
                _ = backoff.begin_change();
            });
        }),
    );
}

/// The last pause is one thread's.
#[test]
fn two_changes_beside_a_request() {
    check("ask, stop || change, change || change", Preemptions(2), || {
        let backoff = Arc::new(Backoff::new());
        let ask_and_stop = |backoff: &Backoff| {
            let mut request = backoff.request();
            request.ask(1);
            mem::forget(request);
        };
        let change = |backoff: &Backoff| _ = backoff.begin_change();
        three(&backoff, ask_and_stop, change, move |backoff| {
            change(backoff);
            change(backoff);
        });
        assert!(backoff.pauses_left() <= PAUSES, "{}", backoff.pauses_left());
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
                spin_loop();
            }
            (0..PAUSES).for_each(|_| _ = backoff.begin_change());
            assert_eq!(backoff.pauses_left(), 0);
        };
        both(&backoff, ask_and_stop, change);
    });
}

/// Another thread asks and stops; then `f` runs.
pub(super) fn beside_a_request(table: &Arc<FdTable<File>>, f: impl FnOnce(&FdTable<File>)) {
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

/// A request asks for longer pauses if one has ended before it, and not else.
#[test]
fn request_is_renewed() {
    explore(
        "ask, ask again, void, ask again",
        Exhaustive,
        execution(false, || {
            let backoff = Arc::new(Backoff::new());
            let mut request = backoff.request();
            request.ask(4);
            let (id, length) = (backoff.id(), backoff.length());
            request.ask(4);
            assert_eq!(backoff.length(), length, "no pause was too short");
            let other = Arc::clone(&backoff);
            let change = move || (0..=PAUSES).for_each(|_| _ = other.begin_change());
            loom::thread::spawn(change).join().unwrap();
            assert_eq!(backoff.pauses_left(), 0);
            request.ask(4);
            assert_eq!((backoff.id(), backoff.pauses_left()), (id, PAUSES));
            assert_eq!(backoff.length(), 2 * length);
            drop(request);
            let mut next = backoff.request();
            next.ask(4);
            assert_ne!(backoff.id(), id, "the next request is another one");
        }),
    );
}

/// Pauses of one length double the next one once, however many threads have made them.
#[test]
fn two_pauses_of_a_renewed_request() {
    explore(
        "ask, pause, renew, pause of the length before, renew",
        Exhaustive,
        execution(false, || {
            let backoff = Backoff::new();
            let mut request = backoff.request();
            request.ask(4);
            let (length, report) = (backoff.length(), backoff.pause_too_short());
            for _ in 0..2 {
                report();
                request.ask(4);
                assert_eq!(backoff.length(), 2 * length);
            }
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
