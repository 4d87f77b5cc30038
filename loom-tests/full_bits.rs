//! F1: while a number is free, no bit above it says full. One or two chunks, and the places above
//! them.

use std::sync::Arc;

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{Flag, both, check, three},
};
use crate::table::{
    chunk::{Chunk, Found, Search},
    dense::Dense,
    occupancy::{Above, Occupancy, Reading},
};

fn search(from: u32, to: u32) -> Search {
    Search { from, to, reading: Reading::Load }
}

/// The chunk of the numbers 0 and 1, under two places of which each is full when the chunk is.
struct Tower {
    chunk: Chunk,
    lower: Occupancy,
    upper: Occupancy,
}

impl Tower {
    /// With the numbers given claimed.
    fn new(claimed: &[u32]) -> Arc<Self> {
        let tower = Self {
            chunk: Chunk::with_claim(claimed[0]),
            lower: Occupancy::with(1 << 1),
            upper: Occupancy::empty(),
        };
        claimed[1..].iter().for_each(|number| tower.claim(*number));
        Arc::new(tower)
    }

    fn above<R>(&self, f: impl FnOnce(&Above<'_>) -> R) -> R {
        let upper = Above { word: &self.upper, child: 0, above: None };
        f(&Above { word: &self.lower, child: 0, above: Some(&upper) })
    }

    fn claim(&self, number: u32) {
        let found = self.above(|above| self.chunk.claim_lowest(Search::exactly(number), above));
        assert_eq!(found, Found::Claimed(number));
    }

    /// As a search does that has found nothing in the chunk.
    fn look(&self) {
        self.above(|above| above.note_if_full(&self.chunk.claims));
    }

    fn claim_any(&self) -> Found {
        self.above(|above| self.chunk.claim_lowest(search(0, 2), above))
    }

    fn release(&self, number: u32) {
        if self.chunk.release(number).is_marked() {
            self.above(|above| above.freed(&self.chunk.claims));
        }
    }

    /// `release` of a number that nobody claims again: from its return on it is free for good.
    fn release_for_good(&self, number: u32) {
        self.release(number);
        self.assert_not_full();
    }

    fn assert_not_full(&self) {
        assert!(!self.lower.read(Reading::Confirm).has(0), "full, below");
        assert!(!self.upper.read(Reading::Confirm).has(0), "full, above");
    }
}

#[test]
fn filled_against_freed() {
    check("claim of the last || release", Exhaustive, || {
        let tower = Tower::new(&[0]);
        both(&tower, |t| t.claim(1), |t| t.release_for_good(0));
        tower.assert_not_full();
    });
}

#[test]
fn freed_against_freed() {
    check("release || release in a full chunk", Preemptions(4), || {
        let tower = Tower::new(&[0, 1]);
        both(&tower, |t| t.release_for_good(0), |t| t.release_for_good(1));
        tower.assert_not_full();
    });
}

/// The chunk is filled again while two are between the steps of their releases.
#[test]
fn freed_against_filled_again() {
    check("release || release, claim", Preemptions(3), || {
        let tower = Tower::new(&[0, 1]);
        both(
            &tower,
            |t| t.release_for_good(0),
            |t| {
                t.release(1);
                t.claim(1);
            },
        );
        tower.assert_not_full();
    });
}

/// One who frees stops before it takes the mark away; the other fills the chunk, marks it again,
/// frees it to the same state, and stops before it looks at the mark.
#[test]
fn freed_against_filled_and_freed() {
    check("release || claim it, release it", Preemptions(3), || {
        let tower = Tower::new(&[0, 1]);
        both(
            &tower,
            |t| t.release(0),
            |t| {
                let mine = t.above(|above| t.chunk.claim_lowest(Search::exactly(0), above));
                if mine == Found::Claimed(0) {
                    t.release_for_good(0);
                }
            },
        );
        tower.assert_not_full();
    });
}

#[test]
fn freed_twice_against_filled() {
    check("claim || release, claim, release", Preemptions(3), || {
        let tower = Tower::new(&[0]);
        both(
            &tower,
            |t| t.claim(1),
            |t| {
                t.release(0);
                t.claim(0);
                t.release_for_good(0);
            },
        );
        tower.assert_not_full();
    });
}

/// The bit that a filler is about to set is that of a full chunk that has been freed and filled
/// again since: F1 holds all the time, and for the number that stays free in the end.
#[test]
fn filled_late_against_freed_and_filled() {
    check("claim, release || release, claim, release", Preemptions(3), || {
        let tower = Tower::new(&[0]);
        both(
            &tower,
            |t| {
                t.claim(1);
                t.release_for_good(1);
            },
            |t| {
                t.release(0);
                t.claim(0);
                t.release_for_good(0);
            },
        );
        tower.assert_not_full();
    });
}

/// A third meets the chunk full and tells the places above too, while it is freed by one and filled
/// by another.
#[test]
fn three_in_a_chunk() {
    check("claim || release || look", Preemptions(2), || {
        let tower = Tower::new(&[0]);
        three(&tower, |t| t.claim(1), |t| t.release_for_good(0), |t| t.look());
        tower.assert_not_full();
    });
}

/// A chunk that two have left empty without having cleared the bits above yet dies by a third, that
/// had left it empty before.
#[test]
fn dead_chunk_leaves_no_bit() {
    check("release || release || kill, tell", Preemptions(3), || {
        let tower = Tower::new(&[0, 1]);
        three(
            &tower,
            |t| t.release(0),
            |t| t.release(1),
            |t| {
                if t.chunk.claims.kill() {
                    t.above(|above| above.freed(&t.chunk.claims));
                    // What comes after it in its place may read the bits with loads.
                    assert!(!t.lower.read(Reading::Load).has(0), "full, below");
                    assert!(!t.upper.read(Reading::Load).has(0), "full, above");
                }
            },
        );
        tower.assert_not_full();
    });
}

/// Late claims, which mean nothing, fill a dead chunk under one that found it full before.
#[test]
fn dead_chunk_is_not_marked() {
    check("look || claim || claim, release both, kill", Preemptions(2), || {
        let tower = Tower::new(&[0, 1]);
        let theirs = Arc::clone(&tower);
        let late = loom::thread::spawn(move || _ = theirs.chunk.claims.claim(0));
        let ((), (), killed) = three(
            &tower,
            |t| t.look(),
            |t| _ = t.chunk.claims.claim(1),
            |t| {
                t.release(0);
                t.release(1);
                let killed = t.chunk.claims.kill();
                t.above(|above| above.freed(&t.chunk.claims));
                killed
            },
        );
        late.join().unwrap();
        if killed {
            tower.assert_not_full();
        }
    });
}

/// Two chunks of a group: 0 and 1, 2 and 3.
struct Group {
    numbers: Dense,
    freed: Flag,
}

impl Group {
    /// With the numbers below `claimed` claimed.
    fn new(claimed: u32) -> Arc<Self> {
        let numbers = Dense::new();
        for number in 0..claimed {
            assert_eq!(numbers.claim_lowest(search(0, 4)), Found::Claimed(number));
        }
        let freed = Flag::new();
        Arc::new(Self { numbers, freed })
    }

    fn release(&self, number: u32) {
        let chunk = self.numbers.chunk(number).expect("chunks stay");
        self.numbers.released(number, chunk.release(number));
    }

    fn lowest(&self) -> Found {
        self.numbers.claim_lowest(search(0, 4))
    }

    /// The search after a search that has found nothing.
    fn lowest_confirmed(&self) -> Found {
        self.numbers.claim_lowest(Search { reading: Reading::Confirm, ..search(0, 4) })
    }
}

/// Who has freed a number finds none above it, whoever fills the chunk meanwhile.
#[test]
fn own_number_is_not_skipped() {
    check("lowest || release 1, lowest", Exhaustive, || {
        let group = Group::new(3);
        let (one, two) = both(&group, Group::lowest, |g| {
            g.release(1);
            g.lowest()
        });
        assert!(
            matches!(
                (one, two),
                (Found::Claimed(3), Found::Claimed(1)) | (Found::Claimed(1), Found::Claimed(3))
            ),
            "{one:?} {two:?}"
        );
    });
}

/// One of two that free numbers of a full chunk is stopped between its steps; the other goes on.
#[test]
fn own_number_is_not_skipped_beside_another() {
    check("release 0 || release 1, lowest", Exhaustive, || {
        let group = Group::new(3);
        let ((), found) = both(
            &group,
            |g| g.release(0),
            |g| {
                g.release(1);
                g.lowest()
            },
        );
        assert!(matches!(found, Found::Claimed(0 | 1)), "{found:?}");
    });
}

#[test]
fn own_number_is_not_skipped_among_three() {
    check("release 0 || lowest || release 1, lowest", Preemptions(2), || {
        let group = Group::new(3);
        let ((), one, two) = three(
            &group,
            |g| g.release(0),
            Group::lowest,
            |g| {
                g.release(1);
                g.lowest()
            },
        );
        assert!(
            matches!(two, Found::Claimed(0 | 1)) || one == Found::Claimed(1),
            "{one:?} {two:?}"
        );
    });
}

/// A number that is free, as the world knows, is found before a search may say that there is none:
/// also by a thread that is not ordered after its release.
#[test]
fn freed_number_is_found() {
    check("release, tell || see, lowest, confirmed", Exhaustive, || {
        let group = Group::new(4);
        let (found, ()) = both(
            &group,
            |g| g.freed.is_up().then(|| g.lowest_confirmed()),
            |g| {
                g.release(2);
                g.freed.raise();
            },
        );
        assert!(matches!(found, None | Some(Found::Claimed(2))), "{found:?}");
    });
}

/// A chunk that is not there yet is made by two at once.
#[test]
fn chunk_made_twice() {
    check("lowest || lowest in a missing chunk", Exhaustive, || {
        let group = Group::new(0);
        let found = both(&group, Group::lowest, Group::lowest);
        assert!(
            matches!(
                found,
                (Found::Claimed(0), Found::Claimed(1)) | (Found::Claimed(1), Found::Claimed(0))
            ),
            "{found:?}"
        );
        assert_eq!(group.lowest(), Found::Claimed(2));
    });
}

/// The last number is claimed once, and then there is none.
#[test]
fn last_number_for_two() {
    check("lowest || lowest, one number", Exhaustive, || {
        let group = Group::new(3);
        let found = both(&group, Group::lowest, Group::lowest);
        assert!(
            matches!(found, (Found::Claimed(3), Found::Full) | (Found::Full, Found::Claimed(3))),
            "{found:?}"
        );
    });
}

/// The slot of a number is empty when the number is claimed again.
#[test]
fn slot_is_empty_when_claimed() {
    check("vacate, release || claim, fill", Exhaustive, || {
        let tower = Tower::new(&[0]);
        tower.chunk.slot(0).fill(0, super::support::NONE);
        both(
            &tower,
            |t| {
                t.chunk.slot(0).vacate();
                t.release(0);
            },
            |t| {
                if t.claim_any() == Found::Claimed(0) {
                    assert_eq!(t.chunk.slot(0).load().index(), None);
                    t.chunk.slot(0).fill(1, super::support::NONE);
                }
            },
        );
    });
}
