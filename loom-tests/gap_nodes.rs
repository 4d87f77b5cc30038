//! Nodes of the gap: made with the first chunk below them and dead with the last, in trees of one
//! node and of several.

use super::{
    Bound::{Exhaustive, Preemptions},
    gap_numbers::{Numbers, check_both},
    support::{both, check, three},
};

#[test]
fn tree_made_twice() {
    check_both(
        "gap: claim || claim in a missing tree",
        Exhaustive,
        (&[], &[4, 6]),
        |n| n.take(4),
        |n| n.take(6),
    );
}

#[test]
fn tree_made_against_lookup() {
    check("gap: open of the first || get", Exhaustive, || {
        let numbers = Numbers::new(&[]);
        let (got, ()) = both(&numbers, |n| n.get(4), |n| n.open(4, 1));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        numbers.close(4);
    });
}

#[test]
fn tree_emptied_and_made_against_walk() {
    check("gap: release of the last, claim || walk", Exhaustive, || {
        let numbers = Numbers::new(&[4]);
        let (found, ()) = both(&numbers, Numbers::chunks, |n| {
            n.release(4);
            n.take(6);
        });
        assert!(matches!(&found[..], [] | [4] | [6] | [4, 6]), "{found:?}");
        numbers.finish(&[6]);
    });
}

#[test]
fn tree_emptied_against_claim_in_the_chunk() {
    check_both(
        "gap: release of the last number || claim beside it",
        Preemptions(3),
        (&[4], &[5]),
        |n| n.release(4),
        |n| n.take(5),
    );
}

#[test]
fn tree_made_and_emptied_by_two() {
    check_both(
        "gap: claim, release || claim, release",
        Preemptions(2),
        (&[], &[]),
        |n| {
            n.take(4);
            n.release(4);
        },
        |n| {
            n.take(6);
            n.release(6);
        },
    );
}

/// Two chunks, each the last of the node but for the other.
#[test]
fn node_emptied_by_two() {
    check_both(
        "gap: release || release of the last two chunks",
        Preemptions(3),
        (&[4, 6], &[]),
        |n| n.release(4),
        |n| n.release(6),
    );
}

#[test]
fn node_emptied_against_claim() {
    check_both(
        "gap: release of the last chunk || claim of another",
        Preemptions(3),
        (&[4], &[6]),
        |n| n.release(4),
        |n| n.take(6),
    );
}

/// Nodes below a node: 8..12 and 12..16 have one each, and the node above both stays while the
/// bit of 12 is claimed.
#[test]
fn inner_node_made_twice() {
    check_both(
        "gap: claim || claim in a missing inner node",
        Exhaustive,
        (&[12], &[8, 10, 12]),
        |n| n.take(8),
        |n| n.take(10),
    );
}

/// Both paths are missing, with the node that they share.
#[test]
fn deep_tree_made_twice() {
    check_both(
        "gap: claim || claim in a missing deep tree",
        Exhaustive,
        (&[], &[8, 12]),
        |n| n.take(8),
        |n| n.take(12),
    );
}

#[test]
fn inner_node_emptied_against_claim() {
    check_both(
        "gap: release of the last of an inner node || claim in it",
        Preemptions(4),
        (&[8, 12], &[10, 12]),
        |n| n.release(8),
        |n| n.take(10),
    );
}

#[test]
fn inner_node_emptied_against_lookup() {
    check("gap: close of the last of an inner node || get", Exhaustive, || {
        let numbers = Numbers::new(&[12]);
        numbers.open(8, 1);
        let (got, closed) = both(&numbers, |n| n.get(8), |n| n.close(8));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!(closed, Some(1));
        numbers.finish(&[12]);
    });
}

/// Each thread empties an inner node, and one of the two also the node above both.
#[test]
fn inner_nodes_emptied_by_two() {
    check_both(
        "gap: release || release of the last of two inner nodes",
        Preemptions(4),
        (&[8, 12], &[]),
        |n| n.release(8),
        |n| n.release(12),
    );
}

/// Two threads empty an inner node while a third is on its way through it.
#[test]
fn inner_node_emptied_by_two_beside_a_lookup() {
    check(
        "gap: close || close of the last two chunks of an inner node || get",
        Preemptions(2),
        || {
            let numbers = Numbers::new(&[12]);
            numbers.open(8, 1);
            numbers.open(10, 2);
            let closed = three(&numbers, |n| n.close(8), |n| n.close(10), |n| n.get(8));
            assert!(matches!(closed, (Some(1), Some(2), None | Some(1))), "{closed:?}");
            numbers.finish(&[12]);
        },
    );
}
