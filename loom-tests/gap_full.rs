//! Full bits in the gap (F1), in the parent of a chunk and in the parent of that; a chunk that dies
//! leaves none behind.

use super::{
    Bound::{Exhaustive, Preemptions},
    gap_numbers::{Numbers, check_both},
    support::{both, check},
};
use crate::table::occupancy::Reading;

/// A thread that has freed a number finds that number, or one below it.
#[test]
fn own_number_is_not_skipped() {
    check("gap: release 5 || release 6, lowest", Preemptions(3), || {
        let numbers = Numbers::new(&[4, 5, 6, 7]);
        let ((), found) = both(
            &numbers,
            |n| n.release(5),
            |n| {
                n.release(6);
                n.lowest(Reading::Load)
            },
        );
        let Some(number @ (5 | 6)) = found else {
            panic!("{found:?}");
        };
        numbers.finish(&[4, 7, number]);
    });
}

/// A search with RMWs finds a number that was freed before it in real time.
#[test]
fn freed_number_is_found() {
    check("gap: release, tell || see, lowest, confirmed", Exhaustive, || {
        let numbers = Numbers::new(&[4, 5, 6, 7]);
        let (found, ()) = both(
            &numbers,
            |n| n.freed.is_up().then(|| n.lowest(Reading::Confirm)),
            |n| {
                n.release(5);
                n.freed.raise();
            },
        );
        assert!(matches!(found, None | Some(Some(5))), "{found:?}");
        numbers.finish(&[4, 6, 7]);
        if found.is_some() {
            numbers.release(5);
        }
    });
}

/// The full bit of a chunk must not outlive it.
#[test]
fn full_chunk_emptied_by_two_and_made_again() {
    check_both(
        "gap: release || release of the last two, claim",
        Preemptions(3),
        (&[4, 5, 6], &[5, 6]),
        |n| n.release(4),
        |n| {
            n.release(5);
            n.take(5);
        },
    );
}

/// Two releases empty a full chunk, and have not told its parent yet when the rest of an earlier
/// one kills it: the bits above it are cleared all the same.
#[test]
fn full_chunk_dies_before_its_releases_are_told() {
    check("gap: rest of a release, lowest || rest of an earlier one", Preemptions(3), || {
        let numbers = Numbers::new(&[7, 4]);
        let earlier = numbers.release_first(4);
        [4, 5].into_iter().for_each(|number| numbers.take(number));
        let [four, five] = [4, 5].map(|number| numbers.release_first(number));
        let (found, ()) = both(
            &numbers,
            move |n| {
                n.release_rest(4, four);
                n.lowest(Reading::Load)
            },
            move |n| n.release_rest(4, earlier),
        );
        assert_eq!(found, Some(4));
        numbers.release_rest(5, five);
        numbers.finish(&[4, 7]);
    });
}
