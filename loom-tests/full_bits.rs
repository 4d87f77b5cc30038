//! F1: while a number is free, no bit above it says full. One or two chunks, and their parents.

use std::sync::Arc;

use super::{
    Bound::{Exhaustive, Preemptions},
    support::{Flag, both, check, three},
};
use crate::table::{
    backoff::Permit,
    chunk::Chunk,
    full_bits::Parent,
    hot::{HotIndex, HotRanges},
    occupancy::{Occupancy, Reading},
};

/// The chunk of the numbers 0 and 1, under a parent and its parent, each of which is full when the
/// chunk is.
struct Tower {
    chunk: Chunk,
    lower: Occupancy,
    upper: Occupancy,
}

impl Tower {
    /// With the given bits claimed.
    fn new(claimed: &[usize]) -> Arc<Self> {
        let tower = Self {
            chunk: Chunk::with_claim(claimed[0]),
            lower: Occupancy::new(1 << 1),
            upper: Occupancy::new(0),
        };
        claimed[1..].iter().for_each(|number| tower.claim(*number));
        Arc::new(tower)
    }

    fn parent<R>(&self, f: impl FnOnce(&Parent<'_>) -> R) -> R {
        let upper = Parent { word: &self.upper, child: 0, parent: None };
        f(&Parent { word: &self.lower, child: 0, parent: Some(&upper) })
    }

    /// Claims the lowest clear bit of a range. The chunk is not dead.
    fn claim_in(&self, from: usize, to: usize) -> Option<usize> {
        let claims = &self.chunk.claims;
        self.parent(|parent| {
            claims.claim_lowest(from, to, Reading::Load, || parent.note_if_full(claims))
        })
        .unwrap()
    }

    fn claim(&self, number: usize) {
        assert_eq!(self.claim_in(number, number + 1), Some(number));
    }

    /// As a search does that has found nothing in the chunk.
    fn look(&self) {
        self.parent(|parent| parent.note_if_full(&self.chunk.claims));
    }

    fn claim_any(&self) -> Option<usize> {
        self.claim_in(0, 2)
    }

    fn release(&self, number: usize) {
        if self.chunk.claims.release(number).was_marked() {
            self.parent(|parent| parent.note_freed(&self.chunk.claims));
        }
    }

    /// `release` of a bit that no thread claims again: from its return on, the number stays free.
    fn release_for_good(&self, number: usize) {
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

/// The chunk is filled again between the steps of the releases.
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

/// One thread releases, and stops before it takes the mark away. The other fills the chunk, marks
/// it again, releases to the same state, and stops before it looks at the mark.
#[test]
fn freed_against_filled_and_freed() {
    check("release || claim it, release it", Preemptions(3), || {
        let tower = Tower::new(&[0, 1]);
        both(
            &tower,
            |t| t.release(0),
            |t| {
                if t.claim_in(0, 1) == Some(0) {
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

/// A filler is about to set the full bit of a chunk in which a bit has been released and claimed
/// again since. F1 holds all the time, and for the number that stays free in the end.
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

/// A third thread finds the chunk full and tells its parents too, while one thread fills it and
/// another frees a number in it.
#[test]
fn three_in_a_chunk() {
    check("claim || release || look", Preemptions(2), || {
        let tower = Tower::new(&[0]);
        three(&tower, |t| t.claim(1), |t| t.release_for_good(0), |t| t.look());
        tower.assert_not_full();
    });
}

/// Two threads have left a chunk empty, and have not cleared the bits above it yet, when a third,
/// which had left it empty before, kills it.
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
                    t.parent(|parent| parent.note_freed(&t.chunk.claims));
                    // Its successor on the same link may read the bits with loads.
                    assert!(!t.lower.read(Reading::Load).has(0), "full, below");
                    assert!(!t.upper.read(Reading::Load).has(0), "full, above");
                }
            },
        );
        tower.assert_not_full();
    });
}

/// Late claims, which mean nothing, fill a dead chunk, and a thread that found it full before is
/// about to mark it.
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
                t.parent(|parent| parent.note_freed(&t.chunk.claims));
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
    numbers: HotRanges,
    freed: Flag,
}

impl Group {
    /// With the bits of the numbers below `claimed` claimed.
    fn new(claimed: u32) -> Arc<Self> {
        let group = Self { numbers: HotRanges::new(16).unwrap(), freed: Flag::new() };
        for number in 0..claimed {
            assert_eq!(group.lowest(), Some(number));
        }
        Arc::new(group)
    }

    fn release(&self, number: u32) {
        let index = HotIndex(number);
        let (chunk, i) = self.numbers.chunk(index).expect("chunks stay");
        self.numbers.after_release(index, chunk.claims.release(i));
    }

    fn search(&self, reading: Reading) -> Option<u32> {
        let claimed = self.numbers.claim_in(HotIndex(0)..HotIndex(4), reading);
        claimed.map(|HotIndex(number)| number)
    }

    fn lowest(&self) -> Option<u32> {
        self.search(Reading::Load)
    }

    /// The search after a search that has found nothing.
    fn lowest_confirmed(&self) -> Option<u32> {
        self.search(Reading::Confirm)
    }
}

/// A thread that has freed a number finds it again, unless the other thread has found it before.
#[test]
fn own_number_is_not_skipped() {
    check("lowest || release 1, lowest", Exhaustive, || {
        let group = Group::new(3);
        let (one, two) = both(&group, Group::lowest, |g| {
            g.release(1);
            g.lowest()
        });
        assert!(matches!((one, two), (Some(3), Some(1)) | (Some(1), Some(3))), "{one:?} {two:?}");
    });
}

/// Two threads free numbers of a full chunk. One is stopped between its steps, the other goes on.
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
        assert!(matches!(found, Some(0 | 1)), "{found:?}");
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
        assert!(matches!(two, Some(0 | 1)) || one == Some(1), "{one:?} {two:?}");
    });
}

/// A number that was freed earlier in real time is found before a search may say that there is
/// none, also by a thread that is not ordered after its release.
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
        assert!(matches!(found, None | Some(Some(2))), "{found:?}");
    });
}

/// Two threads make a missing chunk at once.
#[test]
fn chunk_made_twice() {
    check("lowest || lowest in a missing chunk", Exhaustive, || {
        let group = Group::new(0);
        let found = both(&group, Group::lowest, Group::lowest);
        assert!(matches!(found, (Some(0), Some(1)) | (Some(1), Some(0))), "{found:?}");
        assert_eq!(group.lowest(), Some(2));
    });
}

/// The last free number goes to one thread, and the other finds none.
#[test]
fn last_number_for_two() {
    check("lowest || lowest, one number", Exhaustive, || {
        let group = Group::new(3);
        let found = both(&group, Group::lowest, Group::lowest);
        assert!(matches!(found, (Some(3), None) | (None, Some(3))), "{found:?}");
    });
}

/// The slot of a number is empty when its bit is claimed again.
#[test]
fn slot_is_empty_when_claimed() {
    check("clear, release || claim, open", Exhaustive, || {
        let tower = Tower::new(&[0]);
        tower.chunk.slots[0].open(&Permit::unasked(), 0, super::support::NONE);
        both(
            &tower,
            |t| {
                t.chunk.slots[0].clear(&Permit::unasked());
                t.release(0);
            },
            |t| {
                if t.claim_any() == Some(0) {
                    assert_eq!(t.chunk.slots[0].load().index(), None);
                    t.chunk.slots[0].open(&Permit::unasked(), 1, super::support::NONE);
                }
            },
        );
    });
}
