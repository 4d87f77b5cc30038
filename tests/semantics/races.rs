//! Groups 23 to 32: two threads on one number. `concurrent` does the same with more of both.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use fastrand::Rng;
use fdtable::{FdTable, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EBUSY, EINVAL, EMFILE};
use test_support::{
    CLOEXEC, EDGES, File, NONE, World, arg, errno, numbers, pause, race, tag_at, watched,
};

const ROUNDS: usize = 1_000;

/// Room for what a test makes in all its rounds at all edges.
fn roomy() -> World {
    World::with(OpenFileTable::new(), 1 << 17)
}

/// A number that is not `fd`, in the same tier where there is one.
fn other(fd: RawFd) -> RawFd {
    if fd == 0 { 1 } else { fd - 1 }
}

#[test]
fn readers_of_a_dup2_target_see_the_old_or_the_new_file() {
    let w = roomy();
    for target in EDGES {
        let t = w.table();
        let (a, b) = if target < 2 { (2, 3) } else { (0, 1) };
        let known = [w.open(&t, a), w.open(&t, b)];
        t.dup2(a, target).unwrap();
        let look = || {
            let file = t.get(target).expect("never EBADF");
            assert!(known.contains(&file.tag), "never a third file");
            assert!(t.contains(target));
        };
        watched(look, || {
            for _ in 0..ROUNDS {
                t.dup2(b, target).unwrap();
                t.dup3(a, target, CLOEXEC).unwrap();
            }
        });
        assert_eq!(t.len(), 3);
    }
    assert_eq!(w.live(), 0);
}

#[test]
fn two_dup2_onto_one_target_release_each_displaced_file_once() {
    let w = roomy();
    for target in EDGES {
        let t = w.table();
        let (a, b) = if target < 2 { (2, 3) } else { (0, 1) };
        let (first, second) = (w.open(&t, a), w.open(&t, b));
        let old = AtomicUsize::new(0);
        race(
            ROUNDS,
            || {
                let file = w.file(target);
                old.store(file.tag, SeqCst);
                drop(t.replace(target, file, NONE).unwrap());
            },
            || t.dup2(a, target).unwrap().map(|file| file.tag),
            || t.dup2(b, target).unwrap().map(|file| file.tag),
            |by_a, by_b| {
                // Who came first displaced the old file, who came second the first one's.
                let old = old.load(SeqCst);
                let survivor = match (by_a, by_b) {
                    (Some(x), Some(y)) if x == old && y == first => second,
                    (Some(x), Some(y)) if y == old && x == second => first,
                    displaced => panic!("{displaced:?} at {target}"),
                };
                assert_eq!(tag_at(&t, target), Some(survivor));
                assert!(w.dropped_one(old));
            },
        );
        drop(t);
        assert_eq!(w.live(), 0);
    }
}

#[test]
fn crossed_dup2_both_end() {
    let w = roomy();
    for x in EDGES {
        for y in [other(x), 70_000] {
            let t = w.table();
            let tags = Mutex::new((0, 0));
            race(
                ROUNDS / 2,
                || {
                    let (first, second) = (w.file(x), w.file(y));
                    *tags.lock().unwrap() = (first.tag, second.tag);
                    drop(t.replace(x, first, NONE).unwrap());
                    drop(t.replace(y, second, NONE).unwrap());
                },
                || drop(t.dup2(x, y).unwrap()),
                || drop(t.dup2(y, x).unwrap()),
                |(), ()| {
                    // Each looked its file up before it put it down: one file in both places,
                    // or both files, in each other's.
                    let (first, second) = *tags.lock().unwrap();
                    let now = (tag_at(&t, x).unwrap(), tag_at(&t, y).unwrap());
                    let lost = match now {
                        _ if now == (first, first) => vec![second],
                        _ if now == (second, second) => vec![first],
                        _ if now == (second, first) => vec![],
                        _ => panic!("{now:?} of {first} and {second}"),
                    };
                    for tag in [first, second] {
                        assert_eq!(w.dropped_one(tag), lost.contains(&tag));
                    }
                },
            );
        }
    }
    assert_eq!(w.live(), 0);
}

#[test]
fn two_closes_of_one_number_are_one_success_and_one_ebadf() {
    let w = roomy();
    for fd in EDGES {
        let t = w.table();
        let tag = AtomicUsize::new(0);
        race(
            ROUNDS,
            || tag.store(w.open(&t, fd), SeqCst),
            || errno(t.close(fd)),
            || errno(t.close(fd)),
            |a, b| {
                let mut both = [a, b];
                both.sort_unstable();
                assert_eq!(both, [0, EBADF], "{fd}");
                assert!(w.dropped_one(tag.load(SeqCst)), "{fd}");
            },
        );
    }
}

#[test]
fn close_if_with_a_stale_id_never_closes_the_new_file() {
    let w = roomy();
    for fd in EDGES {
        let t = w.table();
        let new = AtomicUsize::new(0);
        let id = Mutex::new(None);
        race(
            ROUNDS,
            || {
                drop(t.replace(fd, w.file(fd), NONE).unwrap());
                *id.lock().unwrap() = Some(t.get(fd).unwrap().id());
            },
            || errno(t.close_if(fd, id.lock().unwrap().unwrap())),
            || {
                // The block of the file that is closed is taken again by the next file.
                let closed = errno(t.close(fd));
                let file = w.file(fd);
                new.store(file.tag, SeqCst);
                let opened = t.open(Placement::At(fd), file, NONE);
                (closed, errno(opened))
            },
            |stale, (closed, opened)| {
                assert_eq!((closed, stale).min((stale, closed)), (0, EBADF));
                match opened {
                    0 => assert_eq!(tag_at(&t, fd), Some(new.load(SeqCst)), "{fd}"),
                    // The number was not given back yet by the other's close.
                    EBUSY => assert_eq!(stale, 0),
                    errno => panic!("errno {errno}"),
                }
            },
        );
    }
}

#[test]
fn close_if_and_replace_if_look_at_the_file_and_not_at_the_number() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let mut stale = Vec::new();
        for _ in 0..100 {
            w.open(&t, fd);
            stale.push(t.get(fd).unwrap().id());
            drop(t.close(fd).unwrap());
        }
        let tag = w.open(&t, fd);
        let id = t.get(fd).unwrap().id();
        for stale in stale {
            assert_ne!(stale, id, "{fd}");
            assert_eq!(errno(t.close_if(fd, stale)), EBADF, "{fd}");
            assert_eq!(errno(t.replace_if(fd, stale, w.file(fd), NONE)), EBADF);
        }
        assert_eq!(tag_at(&t, fd), Some(tag), "{fd}");
        let displaced = t.replace_if(fd, id, w.file(fd), CLOEXEC).unwrap();
        assert_eq!(displaced.tag, tag);
        assert_eq!(errno(t.close_if(fd, id)), EBADF, "{fd}");
        let id = t.get(fd).unwrap().id();
        drop(t.close_if(fd, id).unwrap());
        assert!(!t.contains(fd), "{fd}");
    }
}

#[test]
fn close_frees_the_number_at_once_and_the_file_when_its_last_use_ends() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let tag = w.open(&t, fd);
        let user = t.get(fd).unwrap().into_owned();
        thread::scope(|s| s.spawn(|| drop(t.close(fd).unwrap())).join()).unwrap();
        assert!(!w.dropped_one(tag), "{fd}");
        let new = w.open(&t, fd);
        assert_eq!((user.tag, tag_at(&t, fd)), (tag, Some(new)), "{fd}");
        thread::scope(|s| s.spawn(move || drop(user)).join()).unwrap();
        assert!(w.dropped_one(tag) && !w.dropped_one(new), "{fd}");
    }
}

#[test]
fn the_last_of_a_user_and_a_closer_drops_the_file() {
    let w = roomy();
    for fd in EDGES {
        let t = w.table();
        let tag = AtomicUsize::new(0);
        race(
            ROUNDS,
            || tag.store(w.open(&t, fd), SeqCst),
            || t.get(fd).map(|file| file.tag),
            || drop(t.close(fd).unwrap()),
            |found, ()| {
                let tag = tag.load(SeqCst);
                assert!(found.is_none_or(|found| found == tag), "{fd}");
                assert!(w.dropped_one(tag), "{fd}");
            },
        );
    }
}

#[test]
fn a_lookup_never_gives_the_file_of_another_number() {
    let w = World::with(OpenFileTable::with_limit(4), 1 << 17);
    for x in EDGES {
        let (t, y) = (w.table(), other(x));
        // Four files at most: every open takes the block of a file closed just before.
        let look = || {
            for fd in [x, y] {
                if let Some(file) = t.get(fd) {
                    assert_eq!(file.home, fd);
                }
            }
        };
        watched(look, || {
            for round in 0..2 * ROUNDS {
                let fd = if round % 2 == 0 { x } else { y };
                w.open(&t, fd);
                let closed = t.close(fd).unwrap();
                assert_eq!(closed.home, fd);
            }
        });
    }
    assert_eq!(w.live(), 0);
}

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
    let w = roomy();
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

#[test]
fn two_opens_get_the_two_lowest_numbers() {
    let w = roomy();
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
    let w = roomy();
    for edge in EDGES {
        let min = edge.min(RawFd::MAX - 200) - 40;
        churn_alone(&w, &w.table(), min.max(0));
    }
    assert_eq!(w.live(), 0);
}

#[test]
fn no_number_at_or_above_the_limit_that_was_in_force() {
    let w = roomy();
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

#[test]
fn a_number_held_up_answers_ebusy_and_holds_up_no_other() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let old = other(fd);
        let tag = w.open(&t, old);
        // What another thread's open is until its last step: taken and empty.
        let held_up = t.reserve(Placement::At(fd)).unwrap();
        assert_eq!(errno(t.dup2(old, fd)), EBUSY, "{fd}");
        assert!(t.get(fd).is_none(), "{fd}");
        assert_eq!(tag_at(&t.fork(), old), Some(tag), "{fd}");
        t.close_range(arg(fd), arg(fd), Default::default()).unwrap();
        let next = t.reserve(Placement::From(fd)).map(|r| r.fd());
        // Where 0 is held up, 1 is the other number.
        assert_eq!(next.ok(), fd.checked_add(if fd == 0 { 2 } else { 1 }));
        drop(t.close(old).unwrap());
        assert!(w.dropped_one(tag), "{fd}");
        held_up.install(w.file(fd), NONE).unwrap();
        assert_eq!(numbers(&t), [fd]);
    }
}
