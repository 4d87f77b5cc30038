//! Chunks of the gap: made by the first claim and dead with the last release, while other threads
//! look, claim and release in them.

use super::{
    Bound::{Exhaustive, Preemptions},
    gap_numbers::{Numbers, check_both},
    support::{both, check, check_forwards, three},
};

#[test]
fn chunk_made_twice() {
    check_both(
        "gap: claim || claim in a missing chunk",
        Exhaustive,
        (&[6], &[4, 5, 6]),
        |n| n.take(4),
        |n| n.take(5),
    );
}

/// Two threads want one number.
#[test]
fn number_claimed_twice() {
    check("gap: claim || claim of one number", Exhaustive, || {
        let numbers = Numbers::new(&[6]);
        let claim = |n: &Numbers| n.claim(4);
        let (one, two) = both(&numbers, claim, claim);
        assert!(one != two, "one of them");
        numbers.finish(&[4, 6]);
    });
}

/// A thread that has lost to another one's chunk is the last to remove its child from the node,
/// after that chunk has come and gone: it sees that the chunk has gone.
#[test]
fn chunk_made_against_made_and_emptied() {
    check_forwards("gap: claim, release || claim of the same", Preemptions(3), || {
        let numbers = Numbers::with_an_empty_chunk();
        let ((), claimed) = both(
            &numbers,
            |n| {
                if n.claim(6) {
                    n.release(6);
                }
            },
            |n| n.claim(6),
        );
        let left: &[u32] = if claimed { &[6] } else { &[] };
        numbers.finish(left);
    });
}

#[test]
fn chunk_emptied_against_claim() {
    check_both(
        "gap: release of the last || claim beside it",
        Preemptions(4),
        (&[4, 6], &[5, 6]),
        |n| n.release(4),
        |n| n.take(5),
    );
}

/// The same number, whose slot its last owner has cleared.
#[test]
fn chunk_emptied_against_reopening() {
    check("gap: close of the last || open of it", Preemptions(3), || {
        let numbers = Numbers::new(&[6]);
        numbers.open(4, 1);
        let (closed, reopened) = both(
            &numbers,
            |n| n.close(4),
            |n| {
                let claimed = n.claim(4);
                if claimed {
                    n.open_claimed(4, 2);
                }
                claimed
            },
        );
        assert_eq!(closed, Some(1));
        assert_eq!(numbers.get(4), reopened.then_some(2));
        numbers.close(4);
        numbers.finish(&[6]);
    });
}

#[test]
fn chunk_emptied_against_lookup() {
    check("gap: close of the last || get", Exhaustive, || {
        let numbers = Numbers::new(&[]);
        numbers.open(4, 1);
        let (got, closed) = both(&numbers, |n| n.get(4), |n| n.close(4));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!(closed, Some(1));
    });
}

/// Either thread may be the one that leaves the chunk empty.
#[test]
fn chunk_emptied_by_two() {
    check_both(
        "gap: release || release of the last two",
        Preemptions(4),
        (&[4, 5, 6], &[6]),
        |n| n.release(4),
        |n| n.release(5),
    );
}

#[test]
fn chunk_filled_against_emptied() {
    check_both(
        "gap: claim, release || release",
        Preemptions(3),
        (&[4, 6], &[6]),
        |n| {
            n.take(5);
            n.release(5);
        },
        |n| n.release(4),
    );
}

/// A third thread meets the dead chunk.
#[test]
fn chunk_emptied_against_claim_and_lookup() {
    check("gap: release || claim || walk", Preemptions(2), || {
        let numbers = Numbers::new(&[4, 6]);
        three(&numbers, |n| n.release(4), |n| n.take(5), |n| drop(n.chunks()));
        numbers.finish(&[5, 6]);
    });
}

#[test]
fn chunk_emptied_by_two_against_claim() {
    check("gap: release || release || claim", Preemptions(2), || {
        let numbers = Numbers::new(&[4, 5, 6]);
        three(&numbers, |n| n.release(4), |n| n.release(5), |n| n.take(7));
        numbers.finish(&[6, 7]);
    });
}

/// A thread that sees a death counted sees what the thread that caused it had done before, even if
/// another thread has counted it.
#[test]
fn counted_death_is_seen() {
    check("gap: claim, release || claim beside it || look", Preemptions(2), || {
        let numbers = Numbers::new(&[6]);
        three(
            &numbers,
            |n| {
                n.take(4);
                n.release(6);
            },
            |n| n.take(7),
            |n| assert!(n.gap.deaths() == 0 || n.with_slot(4, |_| ()).is_some()),
        );
        numbers.finish(&[4, 7]);
    });
}
