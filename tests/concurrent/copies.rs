//! fork, unshare and exec plans while other threads change the table: each copy is the table at
//! one instant, and every reference it took is given back.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use fastrand::Rng;
use fdtable::{CloseRangeFlags, Descriptor, FdTable, Files, Placement, RawFd};
use test_support::{CLOEXEC, EDGES, File, NONE, errno, numbers, tag_at};

use crate::harness::{THREADS, assert_all_dropped, beside, rounds, world};

const CLOSE: CloseRangeFlags = CloseRangeFlags::empty();

/// How many numbers are open in a table that a copy takes long for.
const LARGE: RawFd = 20_000;

/// Both numbers in one chunk, in one tier (the gap: in one subtree and far apart), across tiers.
const PAIRS: [(RawFd, RawFd); 12] = [
    (3, 4),
    (31, 32),
    (5, 1_000),
    (1_023, 1_024),
    (2_000, 2_001),
    (2_000, 30_000),
    (5, 32_770),
    (32_770, 32_900),
    (36_863, 36_864),
    (100_000, 7),
    (1 << 20, RawFd::MAX),
    (0, RawFd::MAX),
];

#[test]
fn fork_under_churn_conserves_counts() {
    let w = world(1_600_000);
    let t = w.table();
    let forks = AtomicUsize::new(0);
    let fork = |random: &mut Rng| {
        let child = t.fork();
        for Descriptor { fd, flags, file } in child.iter() {
            // The sources keep their numbers; what dup2 put elsewhere carries FD_CLOEXEC.
            assert!(file.home == fd || flags == CLOEXEC, "{fd}");
        }
        // Some of it is closed by hand, the rest by the end of the child.
        if let Some(&fd) = numbers(&child).get(random.usize(..8)) {
            drop(child.close(fd).unwrap());
        }
        forks.fetch_add(1, SeqCst);
    };
    beside(2, fork, THREADS, |_, random| {
        for _ in 0..rounds(80_000) {
            let (a, b) = (random.choice(EDGES).unwrap(), random.choice(EDGES).unwrap());
            match random.u8(..4) {
                0 | 1 => _ = errno(t.open(Placement::At(a), w.file(a), NONE)),
                2 if a != b => _ = errno(t.dup3(a, b, CLOEXEC)),
                _ => _ = errno(t.close(a)),
            }
        }
    });
    assert!(forks.into_inner() > 0);
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    assert_all_dropped(&w, &t);
}

/// Moves one file between the two numbers, by dup2 and close as a shell does.
fn movement(t: &FdTable<File>, (a, b): (RawFd, RawFd)) {
    for _ in 0..rounds(2_800) {
        for (from, to) in [(a, b), (b, a)] {
            t.dup2(from, to).unwrap();
            t.close(from).unwrap();
        }
    }
}

#[test]
fn a_file_moved_by_dup2_and_close_is_in_every_fork() {
    let w = world(400);
    for (a, b) in PAIRS {
        let t = w.table();
        let tag = w.open(&t, a);
        let fork = |_: &mut Rng| {
            let child = t.fork();
            let found = [a, b].map(|fd| tag_at(&child, fd));
            assert!(found.contains(&Some(tag)), "lost between {a} and {b}");
            assert!(found.into_iter().flatten().all(|found| found == tag));
        };
        beside(2, fork, 1, |_, _| movement(&t, (a, b)));
        drop(t);
        assert!(w.dropped_one(tag), "{a} {b}");
    }
}

#[test]
fn a_file_moved_by_dup2_and_close_is_in_every_exec_plan_and_unshared_table() {
    let w = world(400);
    for (a, b) in PAIRS {
        let files = Files::new(w.table());
        let tag = w.open(&files.load(), a);
        let look = |t: &FdTable<File>| {
            let found = [a, b].map(|fd| tag_at(t, fd));
            assert!(found.contains(&Some(tag)), "lost between {a} and {b}");
        };
        let copy = |_: &mut Rng| {
            look(files.prepare_exec().table());
            let task = files.share();
            task.unshare();
            look(&task.load());
            let task = files.share();
            let flags = CloseRangeFlags::UNSHARE | CloseRangeFlags::CLOEXEC;
            task.close_range(0, u32::MAX, flags).unwrap();
            look(&task.load());
            look(&files.fork().load());
        };
        beside(2, copy, 1, |_, _| movement(&files.load(), (a, b)));
        assert_eq!(files.load().flags(a), Some(NONE), "marked in the copies alone");
        drop(files);
        assert!(w.dropped_one(tag), "{a} {b}");
    }
}

#[test]
fn a_file_moved_between_chunks_that_come_and_go_is_in_every_fork_of_a_large_table() {
    // Looking over the numbers between takes long enough for the file to move there and back, and
    // where it is not there is no chunk either that could show that it was.
    let w = world(20_000);
    for (a, b) in [(2_000, 200_000), (200_000, 2_000)] {
        let t = w.table();
        let tag = w.open(&t, a);
        for fd in (40_000..80_000).step_by(64) {
            w.open(&t, fd);
        }
        let back_and_forth = |_: &mut Rng| {
            for (from, to) in [(a, b), (b, a)] {
                t.dup2(from, to).unwrap();
                t.close(from).unwrap();
            }
        };
        beside(1, back_and_forth, 1, |_, _| {
            for _ in 0..rounds(1_000) {
                let child = t.fork();
                let found = [a, b].map(|fd| tag_at(&child, fd));
                assert!(found.contains(&Some(tag)), "lost between {a} and {b}");
            }
        });
        drop(t);
        assert_eq!(w.live(), 0);
    }
}

#[test]
fn forks_end_beside_threads_that_change_the_table_without_a_pause() {
    let w = world(2_200_000);
    let t = w.table();
    let tags: Vec<_> = (0..LARGE).map(|fd| w.open(&t, fd)).collect();
    let change = |random: &mut Rng| {
        let (kept, moving) = (random.i32(0..LARGE), LARGE + random.i32(0..64));
        t.set_flags(kept, CLOEXEC).unwrap();
        if errno(t.open(Placement::At(moving), w.file(moving), NONE)) == 0 {
            drop(t.close(moving));
        }
    };
    beside(2, change, 1, |_, random| {
        for _ in 0..rounds(60) {
            let child = t.fork();
            // At every instant all of these are open, and of the others at most one a thread.
            assert!((LARGE as usize..=LARGE as usize + 2).contains(&child.len()));
            let fd = random.i32(0..LARGE);
            assert_eq!(tag_at(&child, fd), Some(tags[fd as usize]));
        }
    });
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    assert_all_dropped(&w, &t);
}

#[test]
fn a_copy_never_has_the_later_of_two_files_without_the_earlier() {
    let w = world(800_000);
    for (a, b) in PAIRS.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
        let t = w.table();
        let fork = |_: &mut Rng| {
            let child = t.fork();
            assert!(child.contains(a) || !child.contains(b), "{b} without {a}");
        };
        beside(2, fork, 1, |_, _| {
            for _ in 0..rounds(2_800) {
                w.open(&t, a);
                w.open(&t, b);
                drop(t.close(b).unwrap());
                drop(t.close(a).unwrap());
            }
        });
        assert_all_dropped(&w, &t);
    }
}

#[test]
fn a_sibling_that_unshares_takes_no_file_from_those_that_stay() {
    let w = world(800_000);
    let files = Files::new(w.table());
    let leave = |random: &mut Rng| {
        let task = files.share();
        match random.u8(..3) {
            0 => task.unshare(),
            1 => task.close_range(0, u32::MAX, CloseRangeFlags::UNSHARE).unwrap(),
            _ => task.prepare_exec().commit(),
        }
        let t = task.load();
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert!(t.is_empty());
    };
    beside(2, leave, 2, |i, random| {
        let t = files.load();
        for _ in 0..rounds(40_000) {
            // Each thread has numbers of its own, and nobody else closes them.
            let fd = EDGES[2 * random.usize(..EDGES.len() / 2) + i];
            let tag = w.open_with(&t, fd, CLOEXEC);
            assert_eq!(tag_at(&t, fd), Some(tag));
            drop(t.close(fd).unwrap());
        }
    });
    assert_all_dropped(&w, &files.load());
}
