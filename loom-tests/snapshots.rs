//! Copies of a table are of one instant, whatever other threads do meanwhile.

use std::{cell::Cell, panic::resume_unwind, sync::Arc};

use super::{
    Bound::{self, Exhaustive, Preemptions},
    support::{
        File, NONE, both, check, check_forwards, close, get, low_table, open, table_of, three, used,
    },
};
use crate::{
    FdFlags, FdTable, OpenFileTable, Placement, sync::checker::unwinding, table::number::Number,
};

/// What is open below 8, by number.
fn contents(table: &FdTable<File>) -> Vec<(i32, u32)> {
    (0..8).filter_map(|fd| Some((fd, get(table, fd)?))).collect()
}

/// Copies the table beside another thread. What is in the copy is looked at when both are through:
/// readings in between would show loom nothing new, and much to try.
fn copied_beside(
    table: &Arc<FdTable<File>>,
    other: impl FnOnce(&FdTable<File>) + 'static,
) -> Vec<(i32, u32)> {
    let (copy, ()) = both(table, FdTable::fork, other);
    contents(&copy)
}

/// Puts the file of one number on another, and closes the first: at every instant it is open at one
/// of the two. False if the first is not open, or the other not free yet.
fn hop(table: &FdTable<File>, from: i32, to: i32) -> bool {
    let duplicated = table.dup2(from, to).map(|displaced| displaced.map(used));
    duplicated == Ok(None) && close(table, from).is_some()
}

fn hops(name: &'static str, bound: Bound, from: i32, to: i32) {
    check(name, bound, move || {
        let table = low_table(&[]);
        table.open(Placement::At(from), File::new(1), NONE).unwrap();
        let copied = copied_beside(&table, move |t| assert!(hop(t, from, to)));
        let mut both = [(from, 1), (to, 1)];
        both.sort_unstable();
        assert!(copied == both || copied == [(from, 1)] || copied == [(to, 1)], "{copied:?}");
    });
}

#[test]
fn hop_up() {
    hops("fork || dup2(0, 1), close 0", Exhaustive, 0, 1);
}

#[test]
fn hop_down() {
    hops("fork || dup2(1, 0), close 1", Exhaustive, 1, 0);
}

/// The chunk hopped to is made meanwhile.
#[test]
fn hop_up_into_another_chunk() {
    hops("fork || dup2(0, 2), close 0", Exhaustive, 0, 2);
}

#[test]
fn hop_down_into_another_chunk() {
    hops("fork || dup2(2, 0), close 2", Exhaustive, 2, 0);
}

/// Copies, and at the first look at some numbers, which are open, makes a hop.
fn copy_with_hops(table: &FdTable<File>, hops: [(u32, i32, i32); 2]) -> FdTable<File> {
    let seen = Cell::new(0);
    let keep = |number: Number, _| {
        let next = hops.get(seen.get()).filter(|(at, ..)| *at == number.0);
        if let Some((_, from, to)) = next {
            seen.set(seen.get() + 1);
            hop(table, *from, *to);
        }
        true
    };
    table.copy(keep)
}

/// The file is at the other of 0 and 2 whenever the copy looks, in both passes, where the words are
/// the same but for their sequences.
#[test]
fn hops_past_the_copy() {
    check("fork, with two hops within || hop", Preemptions(2), || {
        let table = low_table(&[7, 8, 1, 9]);
        close(&table, 0);
        let (copy, _) =
            both(&table, |t| copy_with_hops(t, [(1, 2, 0), (3, 0, 2)]), |t| hop(t, 2, 0));
        assert!(copy.contains(0) || copy.contains(2), "the file is always open");
    });
}

#[test]
fn swap_against_copy() {
    check("fork || close 0, open 0, dup2(0, 1)", Preemptions(3), || {
        let table = low_table(&[1, 2]);
        let copied = copied_beside(&table, |t| {
            close(t, 0);
            assert_eq!(open(t, 3), Ok(0));
            assert_eq!(t.dup2(0, 1).unwrap().map(used), Some(2));
        });
        assert!(
            matches!(
                &copied[..],
                [(0, 1), (1, 2)] | [(1, 2)] | [(0, 3), (1, 2)] | [(0, 3), (1, 3)]
            ),
            "{copied:?}"
        );
    });
}

/// Two threads change a number each; the copy is one of the four.
#[test]
fn two_writers() {
    check("fork || close 0 || close 1", Preemptions(2), || {
        let table = low_table(&[1, 2]);
        let (copy, ..) = three(&table, FdTable::fork, |t| close(t, 0), |t| close(t, 1));
        let copied = contents(&copy);
        assert!(matches!(&copied[..], [] | [(0, 1)] | [(1, 2)] | [(0, 1), (1, 2)]), "{copied:?}");
    });
}

/// Reserved numbers are left out, and the copy does not hold what it left out.
#[test]
fn copy_against_reservation() {
    check("fork || take 0, drop, reopen", Preemptions(3), || {
        let table = low_table(&[1]);
        let copied = copied_beside(&table, |t| {
            let (file, reserved) = t.take(0).unwrap();
            assert_eq!(used(file), 1);
            assert!(reserved.install(File::new(2), NONE).is_ok());
        });
        assert!(matches!(&copied[..], [] | [(0, 1)] | [(0, 2)]), "{copied:?}");
    });
}

fn gap_table(numbers: &[i32]) -> Arc<FdTable<File>> {
    let table = table_of(&OpenFileTable::new(), 16, &[]);
    for fd in numbers {
        table.open(Placement::At(*fd), File::new(1), NONE).unwrap();
    }
    table
}

fn hops_in_the_gap(name: &'static str, bound: Bound, path: &'static [i32]) {
    check(name, bound, move || {
        let table = gap_table(&path[..1]);
        let copied = copied_beside(&table, |t| {
            path.windows(2).for_each(|step| assert!(hop(t, step[0], step[1])));
        });
        assert!(!copied.is_empty(), "the file is always open");
        assert!(copied.iter().all(|(_, value)| *value == 1), "{copied:?}");
    });
}

/// One chunk is born, the other dies.
#[test]
fn hop_up_in_the_gap() {
    hops_in_the_gap("fork || hop 4, 6", Preemptions(2), &[4, 6]);
}

#[test]
fn hop_down_in_the_gap() {
    hops_in_the_gap("fork || hop 6, 4", Preemptions(2), &[6, 4]);
}

/// Wherever the copy looks there is no chunk, in both passes, but there was one in between. (6 and
/// 14 keep the nodes.)
#[test]
fn hops_past_the_copy_in_the_gap() {
    check_forwards("fork in the gap, with two hops within || hop", Preemptions(2), || {
        let table = gap_table(&[6, 14, 12]);
        let (copy, _) =
            both(&table, |t| copy_with_hops(t, [(6, 12, 4), (14, 4, 12)]), |t| hop(t, 12, 4));
        assert!(copy.contains(4) || copy.contains(12), "the file is always open");
    });
}

/// A chunk dies and is made again while the copy looks elsewhere, with the same word in it: 4 is
/// not open when the copy comes to 6, and 1 is when 4 is open again.
#[test]
fn chunk_made_again() {
    check_forwards(
        "fork, with close 4, dup2(0, 6) within || dup2(0, 1), dup2(0, 4)",
        Preemptions(2),
        || {
            let table = table_of(&OpenFileTable::new(), 16, &[1]);
            assert_eq!(table.dup2(0, 4).unwrap().map(used), None);
            let (copy, ()) = both(
                &table,
                |t| {
                    let seen = Cell::new(false);
                    t.copy(|number, _| {
                        if number.0 == 4 && !seen.replace(true) {
                            close(t, 4);
                            assert_eq!(t.dup2(0, 6).unwrap().map(used), None);
                        }
                        true
                    })
                },
                |t| {
                    // Another call may have reserved 4.
                    _ = [1, 4].map(|fd| t.dup2(0, fd).map(|displaced| displaced.map(used)));
                },
            );
            let copied = [4, 6, 1].map(|fd| copy.contains(fd));
            assert_ne!(copied, [true, true, false], "at no instant");
            (1..8).for_each(|fd| _ = close(&table, fd));
        },
    );
}

/// One chunk dies with its file, then another is born with another file: no copy has both.
#[test]
fn closed_and_opened_in_the_gap() {
    check_forwards("fork || close 6, open at 4", Preemptions(2), || {
        let table = gap_table(&[6]);
        let ((), copy) = both(
            &table,
            |t| {
                close(t, 6);
                t.open(Placement::At(4), File::new(2), NONE).unwrap();
            },
            FdTable::fork,
        );
        let copied = contents(&copy);
        assert!(matches!(&copied[..], [] | [(6, 1)] | [(4, 2)]), "{copied:?}");
    });
}

/// What empties hides nothing that is open behind it.
fn walk_past(name: &'static str, first: i32, second: i32) {
    check(name, Preemptions(2), move || {
        let table = gap_table(&[first, second]);
        let walk = move |t: &FdTable<File>| t.iter().any(|open| open.fd == second);
        let (met, _) = both(&table, walk, move |t| close(t, first));
        assert!(met, "open all the time");
    });
}

#[test]
fn walk_past_a_chunk_that_dies() {
    walk_past("walk || close 4, before 6", 4, 6);
}

#[test]
fn walk_past_a_node_that_dies() {
    walk_past("walk || close 8, before 12", 8, 12);
}

#[test]
fn walk_past_a_root_that_dies() {
    walk_past("walk || close 4, before 8", 4, 8);
}

/// A copy walks as well; what it has not found it does not miss by itself.
#[test]
fn copy_past_a_node_that_dies() {
    check_forwards("fork || close 8, before 12", Preemptions(2), || {
        let table = gap_table(&[8, 12]);
        let (copy, _) = both(&table, FdTable::fork, |t| close(t, 8));
        assert!(copy.contains(12), "open all the time");
    });
}

/// An exec counts nothing for what is marked, and drops nothing of it when its chunk is gone.
#[test]
fn marked_in_a_chunk_that_dies() {
    check_forwards("copy of what is not marked || close 6, marked", Preemptions(2), || {
        let table = gap_table(&[]);
        table.open(Placement::At(6), File::new(2), FdFlags::CLOEXEC).unwrap();
        let unmarked = |t: &FdTable<File>| t.copy(|_, flags| !flags.contains(FdFlags::CLOEXEC));
        let close = |t: &FdTable<File>| t.close(6).map(|closed| closed.file.into_owned());
        let (copy, closed) = both(&table, unmarked, close);
        assert_eq!(closed.map(used), Ok(2));
        assert!(!copy.contains(6));
    });
}

/// A copy that unwinds gives back what it has counted.
#[test]
fn copy_unwinds() {
    check("copy that unwinds || close 0", Exhaustive, || {
        let table = low_table(&[1, 2]);
        let keep = |Number(n), _| n == 0 || resume_unwind(Box::new("in a copy"));
        let (copied, closed) =
            both(&table, move |t| unwinding(|| t.copy(keep)).is_some(), |t| close(t, 0));
        assert!(!copied && closed == Some(1));
    });
}
