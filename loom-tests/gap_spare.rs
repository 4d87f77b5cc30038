//! The spare chunk in a whole gap: at most one empty chunk stays, and none is forgotten. (`spare`
//! checks the same on the words of the chunks alone.)

use std::sync::Arc;

use super::{
    Bound::Preemptions,
    gap_numbers::Numbers,
    support::{both, check, three},
};

/// With the bits of 4 and 6 claimed, after the chunk of 4 has become the spare one.
fn with_a_spare_chunk() -> Arc<Numbers> {
    let numbers = Numbers::with_an_empty_chunk();
    numbers.take(4);
    numbers.take(6);
    numbers
}

/// The spare chunk empties while another becomes the spare one: one of the two threads sees the
/// other, so that no empty chunk is forgotten.
#[test]
fn spare_emptied_against_another_emptied() {
    check("gap: release of the spare || release of another", Preemptions(3), || {
        let numbers = with_a_spare_chunk();
        both(&numbers, |n| n.release(4), |n| n.release(6));
        assert!(numbers.chunks().len() <= 1, "one stays at the most");
        numbers.finish(&[]);
    });
}

/// The empty spare chunk is used once more while another chunk empties.
#[test]
fn spare_used_against_another_emptied() {
    check("gap: claim, release in the spare || release of another", Preemptions(2), || {
        let numbers = with_a_spare_chunk();
        numbers.release(4);
        both(
            &numbers,
            |n| {
                n.take(5);
                n.release(5);
            },
            |n| n.release(6),
        );
        assert!(numbers.chunks().len() <= 1, "one stays at the most");
        numbers.finish(&[]);
    });
}

/// One thread empties the spare chunk, one uses it once more, and one empties another chunk.
#[test]
fn spare_emptied_twice_against_another_emptied() {
    check("gap: release || claim, release in the spare || release", Preemptions(2), || {
        let numbers = with_a_spare_chunk();
        three(
            &numbers,
            |n| n.release(4),
            |n| {
                if n.claim(5) {
                    n.release(5);
                }
            },
            |n| n.release(6),
        );
        assert!(numbers.chunks().len() <= 1, "one stays at the most");
        numbers.finish(&[]);
    });
}
