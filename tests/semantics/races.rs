//! Groups 23 to 25, 28 and 32: two threads on one number. `concurrent` does the same with more of
//! both.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use fdtable::{OpenFileTable, Placement, RawFd};
use libc::EBUSY;
use test_support::{CLOEXEC, EDGES, NONE, World, arg, errno, numbers, race, tag_at, watched};

const ROUNDS: usize = 1_000;

/// A number that is not `fd`, in the same tier where there is one.
fn other(fd: RawFd) -> RawFd {
    if fd == 0 { 1 } else { fd - 1 }
}

#[test]
fn readers_of_a_dup2_target_see_the_old_or_the_new_file() {
    let w = World::new();
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

/// The file that two dup2 leave at their target: the call that came first displaced the `old` file,
/// the other call the file of the first.
fn survivor(old: usize, files: [usize; 2], displaced: [Option<usize>; 2]) -> Option<usize> {
    match displaced {
        [Some(x), Some(y)] if x == old && y == files[0] => Some(files[1]),
        [Some(x), Some(y)] if y == old && x == files[1] => Some(files[0]),
        _ => None,
    }
}

#[test]
fn two_dup2_onto_one_target_release_each_displaced_file_once() {
    let w = World::new();
    for target in EDGES {
        let t = w.table();
        let (a, b) = if target < 2 { (2, 3) } else { (0, 1) };
        let files = [w.open(&t, a), w.open(&t, b)];
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
                let old = old.load(SeqCst);
                let survivor = survivor(old, files, [by_a, by_b]);
                assert!(survivor.is_some(), "displaced {by_a:?} and {by_b:?} at {target}");
                assert_eq!(tag_at(&t, target), survivor);
                assert!(w.dropped_one(old));
            },
        );
        drop(t);
        assert_eq!(w.live(), 0);
    }
}

/// Each dup2 of a crossed pair looked its file up before it put it down: now one file is at both
/// numbers, or each file is at the other's number. Returns the files that are lost.
fn lost(now: (usize, usize), (first, second): (usize, usize)) -> Vec<usize> {
    match now {
        _ if now == (first, first) => vec![second],
        _ if now == (second, second) => vec![first],
        _ if now == (second, first) => vec![],
        _ => panic!("{now:?} of {first} and {second}"),
    }
}

#[test]
fn crossed_dup2_both_end() {
    let w = World::new();
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
                    let tags = *tags.lock().unwrap();
                    let now = (tag_at(&t, x).unwrap(), tag_at(&t, y).unwrap());
                    let lost = lost(now, tags);
                    for tag in [tags.0, tags.1] {
                        assert_eq!(w.dropped_one(tag), lost.contains(&tag));
                    }
                },
            );
        }
    }
    assert_eq!(w.live(), 0);
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
