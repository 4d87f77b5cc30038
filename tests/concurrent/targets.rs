//! Many threads on one number: dup2, close, reserve, close_range, and lookups beside them.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fastrand::Rng;
use fdtable::{CloseRangeFlags, Descriptor, FdTable, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EBUSY};
use test_support::{CLOEXEC, EDGES, File, NONE, World, errno, numbers, register, tag_at};

use crate::harness::{THREADS, assert_all_dropped, beside, rounds, together, world};

const CLOSE: CloseRangeFlags = CloseRangeFlags::empty();

/// The sources of a storm lie in the first numbers, the target elsewhere.
fn targets() -> impl Iterator<Item = RawFd> {
    EDGES.into_iter().skip(1)
}

/// A file of the sources, or one that `displace` put there.
fn is_known(file: &File, target: RawFd) -> bool {
    (0..4).contains(&file.home) || file.home == target
}

/// Puts another file at the target, which is open.
fn displace(w: &World, t: &FdTable<File>, target: RawFd, random: &mut Rng) {
    let displaced = match random.u8(..3) {
        0 => t.replace(target, w.file(target), CLOEXEC).unwrap(),
        1 => t.dup3(random.i32(0..4), target, CLOEXEC).unwrap(),
        _ => t.dup2(random.i32(0..4), target).unwrap(),
    };
    assert!(is_known(&displaced.expect("it was open all the time"), target));
}

#[test]
fn readers_of_a_dup2_target_see_old_or_new_and_never_a_third_file() {
    let w = world(400_000);
    for target in targets() {
        let t = w.table();
        for fd in 0..4 {
            w.open(&t, fd);
        }
        t.dup2(0, target).unwrap();
        let look = |_: &mut Rng| {
            for _ in 0..32 {
                let file = t.get(target).expect("never EBADF");
                assert!(is_known(&file, target));
                assert!(t.flags(target).is_some_and(|flags| flags == CLOEXEC || flags == NONE));
            }
        };
        beside(2, look, 2, |_, random| {
            (0..rounds(6_000)).for_each(|_| displace(&w, &t, target, random));
        });
        // Of the files of replace at most the one still there is left.
        let there = usize::from(t.get(target).unwrap().home == target);
        assert_eq!(w.live(), 4 + there, "{target}");
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert_all_dropped(&w, &t);
    }
}

#[test]
fn dup2_in_a_circle_ends_and_keeps_every_number_open() {
    let w = world(4_000);
    for far in targets() {
        let t = w.table();
        let circle = [0, 1, 40, far];
        for fd in circle {
            w.open(&t, fd);
        }
        together(THREADS, |i, random| {
            for _ in 0..rounds(8_000) {
                let to = (i + 1 + random.usize(..2)) % circle.len();
                if circle[i] != circle[to] {
                    assert!(t.dup2(circle[i], circle[to]).unwrap().is_some());
                }
            }
        });
        assert!(circle.into_iter().all(|fd| t.contains(fd)));
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert_all_dropped(&w, &t);
    }
}

#[test]
fn a_number_is_closed_once_for_each_time_it_was_opened() {
    let w = world(1_600_000);
    for fd in EDGES {
        let t = w.table();
        let (opened, closed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        together(THREADS, |i, _| {
            for _ in 0..rounds(16_000) {
                if i == 0 {
                    match errno(t.open(Placement::At(fd), w.file(fd), NONE)) {
                        0 => _ = opened.fetch_add(1, SeqCst),
                        errno => assert_eq!(errno, EBUSY),
                    }
                } else if let Ok(file) = t.close(fd) {
                    assert_eq!(file.home, fd);
                    closed.fetch_add(1, SeqCst);
                }
            }
        });
        let left = usize::from(t.close(fd).is_ok());
        assert_eq!(closed.into_inner() + left, opened.into_inner(), "{fd}");
        assert_all_dropped(&w, &t);
    }
}

#[test]
fn close_if_with_a_stale_id_closes_nothing() {
    let w = world(1_200_000);
    for fd in EDGES {
        let t = w.table();
        beside(
            2,
            |_| {
                // By the time of close_if the number may be another file's.
                let Some(file) = t.get(fd) else { return };
                let (id, tag) = (file.id(), file.tag);
                drop(file);
                if let Ok(closed) = t.close_if(fd, id) {
                    assert_eq!((closed.file.id(), closed.tag), (id, tag));
                }
            },
            1,
            |_, _| {
                for _ in 0..rounds(16_000) {
                    let opened = errno(t.open(Placement::At(fd), w.file(fd), NONE));
                    assert!([0, EBUSY].contains(&opened));
                    let closed = errno(t.close(fd));
                    assert!([0, EBADF].contains(&closed));
                }
            },
        );
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert_all_dropped(&w, &t);
    }
}

/// Reserves the number, and opens and closes it or gives it back.
fn reserve(w: &World, t: &FdTable<File>, fd: RawFd, random: &mut Rng) {
    let Ok(reserved) = t.reserve(Placement::At(fd)) else { return };
    for _ in 0..8 {
        assert!(t.get(fd).is_none(), "a file at a reserved number");
    }
    if random.bool() {
        // Were it not this thread's alone, this would lose the other's file.
        reserved.install(w.file(fd), NONE).unwrap();
        drop(t.close(fd));
    }
}

#[test]
fn dup2_onto_a_number_that_another_thread_reserved_is_ebusy() {
    let w = world(1_200_000);
    for fd in targets() {
        let t = w.table();
        w.open(&t, 0);
        let displace = |_: &mut Rng| {
            match errno(t.dup2(0, fd)) {
                0 => drop(t.close(fd)),
                errno => assert_eq!(errno, EBUSY),
            };
        };
        beside(2, displace, 1, |_, random| {
            (0..rounds(12_000)).for_each(|_| reserve(&w, &t, fd, random));
        });
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert_all_dropped(&w, &t);
        w.open(&t, fd);
    }
}

#[test]
fn a_number_taken_is_nobody_elses_until_it_is_given_back() {
    let w = world(1_200_000);
    for fd in targets() {
        let t = w.table();
        let owner = AtomicUsize::new(0);
        together(THREADS, |_, random| {
            for _ in 0..rounds(10_000) {
                let _ = t.open(Placement::At(fd), w.file(fd), NONE);
                let Ok((file, reserved)) = t.take(fd) else {
                    continue;
                };
                assert_eq!(owner.fetch_add(1, SeqCst), 0, "two threads have it");
                assert_eq!(file.home, fd);
                assert!(!t.contains(fd));
                owner.fetch_sub(1, SeqCst);
                if random.bool() {
                    reserved.install(w.file(fd), NONE).unwrap();
                }
            }
        });
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert_all_dropped(&w, &t);
        w.open(&t, fd);
    }
}

/// Far numbers that share a chunk of the gap with few others, or with none.
const FAR: [RawFd; 8] = [1_024, 1_055, 1_056, 36_864, 40_000, 1 << 20, (1 << 20) + 32, RawFd::MAX];

/// Every way to look finds the file of the number that it asked for.
fn look_up(t: &FdTable<File>, random: &mut Rng) {
    for _ in 0..32 {
        let fd = random.choice(FAR).unwrap();
        if let Some(file) = t.get(fd) {
            assert_eq!(file.home, fd);
        }
        for Descriptor { fd, file, .. } in t.iter() {
            assert_eq!(file.home, fd);
        }
    }
}

#[test]
fn lookups_while_far_numbers_come_and_go_find_their_own_file() {
    // Each close may empty a chunk and its nodes, while a reader is inside.
    let w = world(1_600_000);
    let t = w.table();
    beside(
        2,
        |random: &mut Rng| look_up(&t, random),
        2,
        |_, random| {
            for _ in 0..rounds(400_000) {
                let fd = random.choice(FAR).unwrap();
                match errno(t.open(Placement::At(fd), w.file(fd), NONE)) {
                    0 => {}
                    errno => assert_eq!(errno, EBUSY),
                }
                let fd = random.choice(FAR).unwrap();
                if let Ok(file) = t.close(fd) {
                    assert_eq!(file.home, fd);
                }
            }
        },
    );
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    assert_all_dropped(&w, &t);
    for fd in FAR {
        w.open(&t, fd);
    }
    assert_eq!(numbers(&t), FAR);
}

/// One random operation on random numbers of every tier; each must end in a way it may.
fn anything(w: &World, t: &FdTable<File>, random: &mut Rng) {
    let near = |fd: RawFd, random: &mut Rng| fd.saturating_add(random.i32(0..3));
    let (a, b) = (random.choice(EDGES).unwrap(), random.choice(EDGES).unwrap());
    let (a, b) = (near(a, random), near(b, random));
    let kept = [0, EBADF, EBUSY];
    match random.u8(..10) {
        0 | 1 => _ = errno(t.open(Placement::From(a), w.file(-1), NONE)),
        2 => assert!([0, EBUSY].contains(&errno(t.open(Placement::At(a), w.file(-1), CLOEXEC)))),
        3 => assert!(kept.contains(&errno(t.dup2(a, b)))),
        4 => assert!([0, EBADF].contains(&errno(t.close(a)))),
        5 => assert!([0, EBUSY].contains(&errno(t.replace(a, w.file(-1), NONE)))),
        6 => {
            if let Ok((file, reserved)) = t.take(a) {
                assert_ne!(errno(t.dup2(b, a)), 0, "onto a number taken");
                reserved.install_ref(file.file.into_owned(), CLOEXEC).unwrap();
            }
        }
        7 => drop(t.fork()),
        8 => drop(t.reserve_many::<3>(Placement::From(a))),
        _ => assert!([0, EBADF].contains(&errno(t.set_cloexec(a, true)))),
    }
}

#[test]
fn close_range_against_everything_loses_no_number_and_no_file() {
    let w = World::with(OpenFileTable::new(), rounds(1_600_000));
    let t = w.table();
    let sweep = |random: &mut Rng| {
        let (a, b) = (random.choice(EDGES).unwrap(), random.choice(EDGES).unwrap());
        let (first, last) = (a.min(b) as u32, a.max(b) as u32);
        match random.u8(..3) {
            0 => t.close_range(first, last, CLOSE).unwrap(),
            1 => t.close_range(first, last, CloseRangeFlags::CLOEXEC).unwrap(),
            _ => drop(t.drain(first, last).unwrap().next()),
        }
    };
    beside(1, sweep, THREADS - 1, |_, random| {
        for _ in 0..rounds(240_000) {
            anything(&w, &t, random);
        }
    });
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    assert_all_dropped(&w, &t);
    // Every number is free again, with no mark left.
    for fd in EDGES {
        for fd in fd..=fd.saturating_add(8) {
            let tag = w.open_with(&t, fd, NONE);
            assert_eq!(tag_at(&t, fd), Some(tag));
            assert_eq!(t.flags(fd), Some(NONE));
            drop(t.close(fd).unwrap());
        }
    }
    assert_eq!(t.reserve(Placement::Lowest).unwrap().fd(), register(0));
}
