//! Chunks and nodes of the gap: made by the first claim, dead with the last, while others look,
//! claim and release.
//!
//! The numbers 4..8 are the smallest tree: a root, a node, and the chunks of 4 and 5, 6 and 7.
//! Where 6 stays claimed, only the chunk of 4 and 5 comes and goes. That nothing is freed too early
//! or twice is asserted by the epoch's model, that nothing stays by forgetting the gap at the end:
//! what still hangs in it has leaked then.

use std::{mem, sync::Arc};

use super::{
    Bound::{self, Exhaustive, Preemptions},
    support::{Flag, NONE, check, check_forwards, three},
};
use crate::{
    sync::epoch,
    table::{
        chunk::{Found, Search},
        gap::Gap,
        occupancy::{Reading, State},
        slot::Slot,
    },
};

struct Numbers {
    gap: mem::ManuallyDrop<Gap>,
    freed: Flag,
}

impl Numbers {
    /// With the numbers given claimed.
    fn new(claimed: &[u32]) -> Arc<Self> {
        let numbers = Self { gap: mem::ManuallyDrop::new(Gap::new()), freed: Flag::new() };
        claimed.iter().for_each(|number| numbers.take(*number));
        Arc::new(numbers)
    }

    fn claim(&self, number: u32) -> bool {
        self.search(Search::exactly(number)) == Found::Claimed(number)
    }

    fn search(&self, search: Search) -> Found {
        self.gap.changing(|visit| self.gap.claim_lowest(search, visit))
    }

    /// Claims a number that is free during the whole call.
    fn take(&self, number: u32) {
        assert!(self.claim(number), "{number} is free");
    }

    fn lowest(&self, reading: Reading) -> Found {
        let (from, to) = (4, 8);
        self.search(Search { from, to, reading })
    }

    fn release(&self, number: u32) {
        let before = self.release_untold(number);
        self.gap.released(number, before);
    }

    /// The first step of a release; `Gap::released` is the rest.
    fn release_untold(&self, number: u32) -> State {
        let before = self.gap.with_chunk(number, |chunk| Some(chunk.release(number)));
        before.expect("a claim keeps its chunk")
    }

    fn with_slot<R>(&self, number: u32, f: impl FnOnce(&Slot) -> R) -> Option<R> {
        self.gap.with_chunk(number, |chunk| Some(f(chunk.slot(number))))
    }

    fn open(&self, number: u32, index: u32) {
        self.take(number);
        self.fill(number, index);
    }

    /// A claimed number's chunk is there.
    fn fill(&self, number: u32, index: u32) {
        let filled = self.with_slot(number, |slot| slot.fill(index, NONE));
        assert!(filled.is_some(), "a claim keeps its chunk");
    }

    fn close(&self, number: u32) -> Option<u32> {
        let word = self.with_slot(number, Slot::vacate).flatten()?;
        self.release(number);
        word.index()
    }

    fn get(&self, number: u32) -> Option<u32> {
        self.with_slot(number, |slot| slot.load().index())?
    }

    /// The first numbers of the chunks that are there.
    fn chunks(&self) -> Vec<u32> {
        let guard = epoch::pin();
        let mut from = 4;
        let mut found = Vec::new();
        while let Some((start, chunk)) = self.gap.next_chunk(from, &guard) {
            // Reads it, as a copy of the table does.
            chunk.slots().iter().map(Slot::load).for_each(drop);
            found.push(start);
            from = start + 2;
        }
        found
    }

    /// Releases what is left, and empties a chunk elsewhere, so that none stays as the spare one.
    fn finish(&self, claimed: &[u32]) {
        claimed.iter().for_each(|number| self.release(*number));
        self.take(64);
        self.release(64);
    }
}

/// Two threads, and what is still claimed in the end.
fn both(
    name: &'static str,
    bound: Bound,
    (before, after): (&'static [u32], &'static [u32]),
    other: fn(&Numbers),
    here: fn(&Numbers),
) {
    check(name, bound, move || {
        let numbers = Numbers::new(before);
        super::support::both(&numbers, other, here);
        numbers.finish(after);
    });
}

#[test]
fn chunk_made_twice() {
    let here: fn(&Numbers) = |n| n.take(5);
    both(
        "gap: claim || claim in a missing chunk",
        Exhaustive,
        (&[6], &[4, 5, 6]),
        |n| n.take(4),
        here,
    );
}

#[test]
fn tree_made_twice() {
    both(
        "gap: claim || claim in a missing tree",
        Exhaustive,
        (&[], &[4, 6]),
        |n| n.take(4),
        |n| n.take(6),
    );
}

/// One number, two that want it.
#[test]
fn number_claimed_twice() {
    check("gap: claim || claim of one number", Exhaustive, || {
        let numbers = Numbers::new(&[6]);
        let claim = |n: &Numbers| n.claim(4);
        let (one, two) = super::support::both(&numbers, claim, claim);
        assert!(one != two, "one of them");
        numbers.finish(&[4, 6]);
    });
}

#[test]
fn chunk_emptied_against_claim() {
    both(
        "gap: release of the last || claim beside it",
        Preemptions(4),
        (&[4, 6], &[5, 6]),
        |n| n.release(4),
        |n| n.take(5),
    );
}

/// The number itself, which its last owner has left empty.
#[test]
fn chunk_emptied_against_reopening() {
    check("gap: close of the last || open of it", Preemptions(3), || {
        let numbers = Numbers::new(&[6]);
        numbers.open(4, 1);
        let (closed, reopened) = super::support::both(
            &numbers,
            |n| n.close(4),
            |n| {
                let claimed = n.claim(4);
                if claimed {
                    n.fill(4, 2);
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
        let (got, closed) = super::support::both(&numbers, |n| n.get(4), |n| n.close(4));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!(closed, Some(1));
    });
}

#[test]
fn tree_made_against_lookup() {
    check("gap: open of the first || get", Exhaustive, || {
        let numbers = Numbers::new(&[]);
        let (got, ()) = super::support::both(&numbers, |n| n.get(4), |n| n.open(4, 1));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        numbers.close(4);
    });
}

#[test]
fn tree_emptied_and_made_against_walk() {
    check("gap: release of the last, claim || walk", Exhaustive, || {
        let numbers = Numbers::new(&[4]);
        let (found, ()) = super::support::both(&numbers, Numbers::chunks, |n| {
            n.release(4);
            n.take(6);
        });
        assert!(matches!(&found[..], [] | [4] | [6] | [4, 6]), "{found:?}");
        numbers.finish(&[6]);
    });
}

/// Each may be the one that leaves the chunk empty.
#[test]
fn chunk_emptied_by_two() {
    both(
        "gap: release || release of the last two",
        Preemptions(4),
        (&[4, 5, 6], &[6]),
        |n| n.release(4),
        |n| n.release(5),
    );
}

/// A full chunk has a bit above, which must not outlive it.
#[test]
fn full_chunk_emptied_by_two_and_made_again() {
    both(
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

#[test]
fn chunk_filled_against_emptied() {
    both(
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

/// Two chunks, each the last of the node but for the other.
#[test]
fn node_emptied_by_two() {
    both(
        "gap: release || release of the last two chunks",
        Preemptions(3),
        (&[4, 6], &[]),
        |n| n.release(4),
        |n| n.release(6),
    );
}

#[test]
fn node_emptied_against_claim() {
    both(
        "gap: release of the last chunk || claim of another",
        Preemptions(3),
        (&[4], &[6]),
        |n| n.release(4),
        |n| n.take(6),
    );
}

#[test]
fn tree_emptied_against_claim_in_the_chunk() {
    both(
        "gap: release of the last number || claim beside it",
        Preemptions(3),
        (&[4], &[5]),
        |n| n.release(4),
        |n| n.take(5),
    );
}

#[test]
fn tree_made_and_emptied_by_two() {
    both(
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

/// Nodes below a node: 8..12 and 12..16 have one each, with a common one above, which stays while
/// 12 is claimed.
#[test]
fn inner_node_made_twice() {
    let here: fn(&Numbers) = |n| n.take(10);
    both(
        "gap: claim || claim in a missing inner node",
        Exhaustive,
        (&[12], &[8, 10, 12]),
        |n| n.take(8),
        here,
    );
}

/// The path of each is missing down to the node that they share.
#[test]
fn deep_tree_made_twice() {
    let here: fn(&Numbers) = |n| n.take(12);
    both(
        "gap: claim || claim in a missing deep tree",
        Exhaustive,
        (&[], &[8, 12]),
        |n| n.take(8),
        here,
    );
}

#[test]
fn inner_node_emptied_against_claim() {
    both(
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
        let (got, closed) = super::support::both(&numbers, |n| n.get(8), |n| n.close(8));
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!(closed, Some(1));
        numbers.finish(&[12]);
    });
}

/// Each empties its inner node, and one of the two the node above both.
#[test]
fn inner_nodes_emptied_by_two() {
    both(
        "gap: release || release of the last of two inner nodes",
        Preemptions(4),
        (&[8, 12], &[]),
        |n| n.release(8),
        |n| n.release(12),
    );
}

/// Two empty an inner node and a third is on its way through it.
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

/// A third thread meets what is dead.
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

/// F1 through two places above the chunk: who has freed a number finds it, or one below.
#[test]
fn own_number_is_not_skipped() {
    check("gap: release 5 || release 6, lowest", Preemptions(3), || {
        let numbers = Numbers::new(&[4, 5, 6, 7]);
        let ((), found) = super::support::both(
            &numbers,
            |n| n.release(5),
            |n| {
                n.release(6);
                n.lowest(Reading::Load)
            },
        );
        let Found::Claimed(number @ (5 | 6)) = found else {
            panic!("{found:?}");
        };
        numbers.finish(&[4, 7, number]);
    });
}

/// A number that is free, as the world knows, is found by a search with RMWs.
#[test]
fn freed_number_is_found() {
    check("gap: release, tell || see, lowest, confirmed", Exhaustive, || {
        let numbers = Numbers::new(&[4, 5, 6, 7]);
        let (found, ()) = super::support::both(
            &numbers,
            |n| n.freed.is_up().then(|| n.lowest(Reading::Confirm)),
            |n| {
                n.release(5);
                n.freed.raise();
            },
        );
        assert!(matches!(found, None | Some(Found::Claimed(5))), "{found:?}");
        numbers.finish(&[4, 6, 7]);
        if found.is_some() {
            numbers.release(5);
        }
    });
}

/// A full chunk is emptied by two that are stopped before they tell the places above, and dies by a
/// third, which had left it empty before: the bit above it dies too.
#[test]
fn full_chunk_dies_before_its_releases_are_told() {
    check("gap: rest of a release, lowest || rest of an earlier one", Preemptions(3), || {
        let numbers = Numbers::new(&[7, 4]);
        let earlier = numbers.release_untold(4);
        [4, 5].into_iter().for_each(|number| numbers.take(number));
        let [four, five] = [4, 5].map(|number| numbers.release_untold(number));
        let (found, ()) = super::support::both(
            &numbers,
            move |n| {
                n.gap.released(4, four);
                n.lowest(Reading::Load)
            },
            move |n| n.gap.released(4, earlier),
        );
        assert_eq!(found, Found::Claimed(4));
        numbers.gap.released(5, five);
        numbers.finish(&[4, 7]);
    });
}

/// Who sees a death counted sees what its cause had done before, also where another thread counted
/// it.
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

/// With no number claimed, after the chunk of 4 has been left empty twice and has stayed.
fn with_an_empty_chunk() -> Arc<Numbers> {
    let numbers = Numbers::new(&[]);
    for _ in 0..2 {
        numbers.take(4);
        numbers.release(4);
    }
    assert_eq!(numbers.chunks(), [4], "it stays");
    numbers
}

/// As above, and then with 4 and 6 claimed.
fn with_a_spare_chunk() -> Arc<Numbers> {
    let numbers = with_an_empty_chunk();
    numbers.take(4);
    numbers.take(6);
    numbers
}

/// The spare chunk empties while another takes its place: one of the two sees the other, so that
/// none is left behind.
#[test]
fn spare_emptied_against_another_emptied() {
    check("gap: release of the spare || release of another", Preemptions(3), || {
        let numbers = with_a_spare_chunk();
        super::support::both(&numbers, |n| n.release(4), |n| n.release(6));
        assert!(numbers.chunks().len() <= 1, "one stays at the most");
        numbers.finish(&[]);
    });
}

/// Who has lost to a chunk that has come and gone counts itself out last of all in the node: it
/// sees that the chunk has gone.
#[test]
fn chunk_made_against_made_and_emptied() {
    check_forwards("gap: claim, release || claim of the same", Preemptions(3), || {
        let numbers = with_an_empty_chunk();
        let ((), claimed) = super::support::both(
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

/// As above, while the spare chunk is used by a third.
#[test]
fn spare_used_against_another_emptied() {
    check("gap: claim, release in the spare || release of another", Preemptions(2), || {
        let numbers = with_a_spare_chunk();
        numbers.release(4);
        super::support::both(
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
