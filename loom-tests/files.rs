//! Tasks that share a table, leave it and take another's, also several threads of one task: each
//! holds a table that some order of the calls explains, and is counted in that one alone.

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{File, NONE, both, check, close, get},
    tasks::{OWN, Tasks, close_all, end, is_shared_with, numbers, open, together},
};
use crate::{CloseRangeFlags, FdFlags, Placement};

/// What either thread opens in the task's own table stays.
#[test]
fn unshare_against_unshare() {
    check("unshare, open 1 || unshare, open 2", Preemptions(3), || {
        let tasks = Tasks::new();
        let unshare_and_open = |fd| {
            move |tasks: &Tasks| {
                tasks.a.unshare();
                open(&tasks.a, fd);
            }
        };
        both(&tasks, unshare_and_open(1), unshare_and_open(2));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![0, 1, 2], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn siblings_unshare() {
    check("unshare || sibling unshares", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| t.a.unshare(), |t| t.b.unshare());
        assert!(!together(&tasks.a, &tasks.b));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![0], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn unshare_against_close_range() {
    check("unshare || close_range(UNSHARE)", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| t.a.unshare(), |t| close_all(&t.a));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, []);
    });
}

/// Another thread of the task finds all numbers of its own table marked.
#[test]
fn close_range_that_marks() {
    check("close_range(UNSHARE | CLOEXEC) || load, flags", Preemptions(3), || {
        let tasks = Tasks::new();
        open(&tasks.a, 1);
        let mark = |t: &Tasks| t.a.close_range(0, 2, OWN | CloseRangeFlags::CLOEXEC).unwrap();
        both(&tasks, mark, |t| {
            let table = t.a.load();
            let marked = if is_shared_with(&table, &t.b) { NONE } else { FdFlags::CLOEXEC };
            assert_eq!(table.flags(1), Some(marked));
        });
        end(tasks, []);
    });
}

/// What another thread opens in the task's own table stays open.
#[test]
fn close_range_beside_an_open() {
    check("close_range(UNSHARE) || load, open 1", Preemptions(3), || {
        let tasks = Tasks::new();
        let (is_own, ()) = both(
            &tasks,
            |t| {
                let table = t.a.load();
                table.open(Placement::At(1), File::new(2), NONE).unwrap();
                !is_shared_with(&table, &t.b)
            },
            |t| close_all(&t.a),
        );
        assert!(!is_own || numbers(&tasks.a) == [1]);
        end(tasks, []);
    });
}

#[test]
fn unshare_against_a_siblings_close_range() {
    check("unshare || sibling: close_range(UNSHARE)", Preemptions(3), || {
        let tasks = Tasks::new();
        both(&tasks, |t| t.a.unshare(), |t| close_all(&t.b));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![0], vec![]));
        end(tasks, []);
    });
}

#[test]
fn share_against_exit() {
    check("share || sibling exits", Exhaustive, || {
        let tasks = Tasks::new();
        let sibling = tasks.a.share();
        let (new, ()) = both(&tasks, |t| t.a.share(), |_| drop(sibling));
        assert!(together(&new, &tasks.a));
        end(tasks, [new]);
    });
}

#[test]
fn share_against_share() {
    check("share || sibling shares", Exhaustive, || {
        let tasks = Tasks::new();
        let (new, other) = both(&tasks, |t| t.a.share(), |t| t.b.share());
        assert!(together(&new, &other));
        end(tasks, [new, other]);
    });
}

/// Whoever unshares shares with none, also not with a task that is just made from one that was in
/// its table.
#[test]
fn share_against_two_that_unshare() {
    check("share || unshare, then sibling unshares", Preemptions(3), || {
        let tasks = Tasks::new();
        let (new, ()) = both(
            &tasks,
            |t| t.a.share(),
            |t| {
                t.a.unshare();
                t.b.unshare();
            },
        );
        assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
        end(tasks, [new]);
    });
}

#[test]
fn fork_against_unshare() {
    check("fork || unshare, close 0", Preemptions(3), || {
        let tasks = Tasks::new();
        let (child, closed) = both(
            &tasks,
            |t| t.a.fork(),
            |t| {
                t.a.unshare();
                close(&t.a.load(), 0)
            },
        );
        assert_eq!(closed, Some(1));
        assert!(numbers(&child).is_empty() || get(&child.load(), 0) == Some(1));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, [child]);
    });
}

/// A task that has been alone stays so.
#[test]
fn is_shared_against_unshare() {
    check("is_shared, is_shared || sibling unshares", Exhaustive, || {
        let tasks = Tasks::new();
        let ((first, then), ()) =
            both(&tasks, |t| (t.a.is_shared(), t.a.is_shared()), |t| t.b.unshare());
        assert!(first || !then, "shared again");
        end(tasks, []);
    });
}
