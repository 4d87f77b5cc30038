//! Groups 30 and 31: which numbers calls take, beside each other and beside a change of the limit.

use std::collections::BTreeSet;

use fastrand::Rng;
use fdtable::{FdTable, Placement, RawFd};
use libc::{EINVAL, EMFILE};
use test_support::{EDGES, File, NONE, World, arg, errno, numbers, pause, race, watched};

const ROUNDS: usize = 1_000;

#[test]
fn two_opens_get_the_two_lowest_numbers() {
    let w = World::new();
    for min in EDGES {
        let t = w.table();
        let from = Placement::From(min);
        let open = || t.open(from, w.file(min), NONE);
        race(
            ROUNDS,
            || (),
            open,
            open,
            |a, b| {
                if min == RawFd::MAX {
                    let mut both = [errno(a), errno(b)];
                    both.sort_unstable();
                    assert_eq!(both, [0, EMFILE]);
                } else {
                    let mut both = [a.unwrap(), b.unwrap()];
                    both.sort_unstable();
                    assert_eq!(both, [min, min + 1]);
                }
                t.close_range(0, u32::MAX, Default::default()).unwrap();
            },
        );
    }
    assert_eq!(w.live(), 0);
}

/// What `Placement::From(min)` must give, by a set of all that is taken.
fn lowest(taken: &BTreeSet<RawFd>, min: RawFd) -> RawFd {
    (min..).find(|fd| !taken.contains(fd)).unwrap()
}

fn churn_alone(w: &World, t: &FdTable<File>, min: RawFd) {
    let (mut taken, mut random) = (BTreeSet::new(), Rng::with_seed(1));
    for _ in 0..3_000 {
        let close = random.usize(..100) < 2 * taken.len() / 3;
        let any = random.choice(&taken).copied();
        if let (true, Some(fd)) = (close, any) {
            assert_eq!(t.close(fd).unwrap().home, fd);
            taken.remove(&fd);
        } else {
            let from = min + random.choice([0, 1, 2, 3, 5, 8, 13, 21]).unwrap();
            let fd = lowest(&taken, from);
            assert_eq!(t.open(Placement::From(from), w.file(fd), NONE).unwrap(), fd);
            taken.insert(fd);
        }
    }
    assert_eq!(numbers(t), taken.into_iter().collect::<Vec<_>>());
}

#[test]
fn one_thread_alone_always_gets_the_true_lowest() {
    let w = World::new();
    for edge in EDGES {
        let min = edge.min(RawFd::MAX - 200) - 40;
        churn_alone(&w, &w.table(), min.max(0));
    }
    assert_eq!(w.live(), 0);
}

#[test]
fn no_number_at_or_above_the_limit_that_was_in_force() {
    let w = World::new();
    for lower in EDGES.into_iter().filter(|&fd| fd >= 1023) {
        let t = w.table();
        let limit = arg(lower);
        // Below the lower limit nothing is free, so it is EMFILE whenever that is in force.
        let from = Placement::From(lower - 1);
        w.open(&t, lower - 1);
        race(
            ROUNDS,
            || t.set_limit(limit + 1),
            || t.open(from, w.file(lower), NONE),
            || t.set_limit(limit),
            |during, ()| {
                if let Ok(fd) = during {
                    assert_eq!(fd, lower);
                    drop(t.close(fd).unwrap());
                }
                assert_eq!(errno(t.open(from, w.file(lower), NONE)), EMFILE);
            },
        );
    }
}

#[test]
fn the_limit_is_read_once_in_a_call() {
    let w = World::new();
    for between in [5, 1_024, 32_768, RawFd::MAX - 1] {
        let t = w.table();
        w.open(&t, 0);
        let (low, high) = (arg(between) - 1, arg(between) + 1);
        let from = Placement::From(between);
        let change = || {
            for limit in [high, low] {
                t.set_limit(limit);
                pause(5);
            }
        };
        // By the lower limit the minimum is EINVAL, by the higher one it is free: EMFILE by
        // neither.
        watched(change, || {
            for _ in 0..200 * ROUNDS {
                let fd = t.reserve(from).map(|reserved| reserved.fd());
                assert!(fd == Ok(between) || errno(fd) == EINVAL, "{fd:?}");
            }
        });
    }
}
