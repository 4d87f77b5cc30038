//! Groups 22 and 29: a copy of the table beside a thread that changes it.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fdtable::RawFd;
use test_support::{EDGES, World, numbers, race, tag_at, watched};

const ROUNDS: usize = 1_000;

/// Both numbers in one chunk, in one tier, and in every pair of tiers.
fn pairs() -> impl Iterator<Item = (RawFd, RawFd)> {
    let all = EDGES.into_iter().flat_map(|a| EDGES.map(|b| (a, b)));
    all.filter(|(a, b)| a != b).chain([(3, 4), (2_000, 2_001), (33_000, 33_001)])
}

#[test]
fn a_file_moved_by_dup2_and_close_is_in_every_copy() {
    let w = World::new();
    for (a, b) in pairs() {
        let t = w.table();
        let tag = w.open(&t, a);
        let copy = || {
            let child = t.fork();
            let found = [a, b].map(|fd| tag_at(&child, fd));
            assert!(found.contains(&Some(tag)), "lost between {a} and {b}");
            assert!(child.len() <= 2);
        };
        watched(copy, || {
            for _ in 0..ROUNDS / 4 {
                for (from, to) in [(a, b), (b, a)] {
                    t.dup2(from, to).unwrap();
                    t.close(from).unwrap();
                }
            }
        });
        assert_eq!(numbers(&t), [a]);
        drop(t);
        assert!(w.dropped_one(tag));
    }
}

#[test]
fn fork_beside_a_close_copies_the_file_or_does_not() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let tag = AtomicUsize::new(0);
        race(
            ROUNDS,
            || tag.store(w.open(&t, fd), SeqCst),
            || t.fork(),
            || drop(t.close(fd).unwrap()),
            |child, ()| {
                let tag = tag.load(SeqCst);
                let copied = tag_at(&child, fd) == Some(tag);
                assert_eq!(child.len(), usize::from(copied), "{fd}");
                assert_eq!(w.dropped_one(tag), !copied, "{fd}");
                drop(child);
                assert!(w.dropped_one(tag), "{fd}");
            },
        );
    }
}
