//! Groups 17 to 20: close_range(2), on a table and on a task's files.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use fdtable::{CloseRangeFlags, Descriptor, FdFlags, FdTable, Files, Placement, RawFd};
use libc::{EBUSY, EINVAL};
use test_support::{CLOEXEC, EDGES, File, NONE, World, arg, errno, numbers, tag_at, watched};

const CLOSE: CloseRangeFlags = CloseRangeFlags::empty();
const MARK: CloseRangeFlags = CloseRangeFlags::CLOEXEC;
const UNSHARE: CloseRangeFlags = CloseRangeFlags::UNSHARE;

fn open_edges(w: &World, t: &FdTable<File>) {
    for fd in EDGES {
        w.open(t, fd);
    }
}

fn marked(t: &FdTable<File>) -> Vec<RawFd> {
    let open = t.iter().filter(|open| open.flags.contains(CLOEXEC));
    open.map(|open| open.fd).collect()
}

#[test]
fn first_above_last_is_einval_without_effect() {
    let w = World::new();
    let files = Files::new(w.table());
    let sibling = files.share();
    open_edges(&w, &files.load());
    for (first, last) in [(1, 0), (u32::MAX, 0), (1025, 1024), (u32::MAX, u32::MAX - 1)] {
        for flags in [CLOSE, MARK] {
            assert_eq!(errno(files.load().close_range(first, last, flags)), EINVAL);
        }
        for flags in [CLOSE, MARK, UNSHARE, UNSHARE | MARK] {
            assert_eq!(errno(files.close_range(first, last, flags)), EINVAL);
        }
        assert_eq!(errno(files.load().drain(first, last)), EINVAL);
    }
    assert!(Arc::ptr_eq(&files.load(), &sibling.load()));
    assert_eq!(numbers(&files.load()), EDGES);
    assert_eq!(marked(&files.load()), []);
    assert_eq!(w.dropped(), []);
}

#[test]
fn unknown_flags_are_einval_without_effect() {
    let w = World::new();
    let files = Files::new(w.table());
    let sibling = files.share();
    open_edges(&w, &files.load());
    for bit in (0..32).map(|shift| 1_u32 << shift) {
        let flag = CloseRangeFlags::from_bits_retain(bit);
        if CloseRangeFlags::all().contains(flag) {
            continue;
        }
        for flags in [flag, flag | MARK, flag | UNSHARE] {
            assert_eq!(errno(files.close_range(0, u32::MAX, flags)), EINVAL, "{bit:#x}");
            let table = files.load();
            assert_eq!(errno(table.close_range(0, u32::MAX, flags)), EINVAL, "{bit:#x}");
        }
    }
    // A table does not know who shares it.
    assert_eq!(errno(files.load().close_range(0, u32::MAX, UNSHARE)), EINVAL);
    assert!(Arc::ptr_eq(&files.load(), &sibling.load()));
    assert_eq!(numbers(&files.load()), EDGES);
    assert_eq!(marked(&files.load()), []);
}

#[test]
fn the_flags_have_linux_values() {
    assert_eq!(CloseRangeFlags::UNSHARE.bits(), libc::CLOSE_RANGE_UNSHARE);
    assert_eq!(CloseRangeFlags::CLOEXEC.bits(), libc::CLOSE_RANGE_CLOEXEC);
}

#[test]
fn the_whole_range_closes_everything_and_twice_is_fine() {
    let w = World::new();
    let t = w.table();
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    open_edges(&w, &t);
    t.close_range(u32::MAX, u32::MAX, CLOSE).unwrap();
    assert_eq!(numbers(&t), EDGES);
    for _ in 0..2 {
        t.close_range(0, u32::MAX, CLOSE).unwrap();
        assert!(t.is_empty());
        assert_eq!(w.live(), 0);
    }
    open_edges(&w, &t);
}

#[test]
fn a_range_of_holes_is_fine() {
    let w = World::new();
    let t = w.table();
    open_edges(&w, &t);
    for (first, last) in [(1, 1022), (1025, 32766), (36865, 65534), ((1 << 20) + 1, 0x7fff_fffe)] {
        t.close_range(first, last, CLOSE).unwrap();
        t.close_range(first, last, MARK).unwrap();
    }
    t.close_range(1 << 31, u32::MAX, CLOSE).unwrap();
    assert_eq!(numbers(&t), EDGES);
    assert_eq!(marked(&t), []);
    assert_eq!(w.dropped(), []);
}

#[test]
fn a_range_closes_its_ends_and_nothing_beside_them() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let around = [fd.checked_sub(1), Some(fd), fd.checked_add(1)];
        let around = around.into_iter().flatten().filter(|&n| n >= 0);
        for n in around.clone() {
            w.open(&t, n);
        }
        t.close_range(arg(fd), arg(fd), CLOSE).unwrap();
        let left: Vec<_> = around.filter(|&n| n != fd).collect();
        assert_eq!(numbers(&t), left, "{fd}");
        assert_eq!(t.open(Placement::From(fd), w.file(fd), NONE).unwrap(), fd);
    }
}

#[test]
fn every_range_between_two_edges_closes_what_is_in_it() {
    let w = World::new();
    for (i, first) in EDGES.into_iter().enumerate() {
        for (j, last) in EDGES.into_iter().enumerate().skip(i) {
            let t = w.table();
            open_edges(&w, &t);
            t.close_range(arg(first), arg(last), MARK).unwrap();
            assert_eq!(marked(&t), EDGES[i..=j]);
            t.close_range(arg(first), arg(last), CLOSE).unwrap();
            assert_eq!(numbers(&t), [&EDGES[..i], &EDGES[j + 1..]].concat());
        }
    }
    assert_eq!(w.live(), 0);
}

#[test]
fn cloexec_closes_nothing_and_looks_past_a_lowered_limit() {
    let w = World::new();
    let t = w.table();
    open_edges(&w, &t);
    t.set_flags(1024, FdFlags::USER_2).unwrap();
    t.set_limit(1);
    t.close_range(0, u32::MAX, MARK).unwrap();
    assert_eq!(marked(&t), EDGES);
    assert_eq!(t.flags(1024), Some(CLOEXEC | FdFlags::USER_2));
    assert_eq!(w.dropped(), []);
    t.close_range(1, u32::MAX, CLOSE).unwrap();
    assert_eq!(numbers(&t), [0]);
}

#[test]
fn drain_hands_out_what_it_closes_lowest_first() {
    let w = World::new();
    let t = w.table();
    open_edges(&w, &t);
    t.set_cloexec(1024, true).unwrap();
    let mut drain = t.drain(1, 65_535).unwrap();
    for &expected in &EDGES[1..4] {
        let Descriptor { fd, flags, file } = drain.next().unwrap();
        assert_eq!((fd, file.home), (expected, expected));
        assert_eq!(flags.contains(CLOEXEC), fd == 1024);
        assert!(!t.contains(fd) && !w.dropped_one(file.tag));
        let tag = file.tag;
        drop(file);
        assert!(w.dropped_one(tag));
    }
    // The rest is closed when the iterator goes.
    drop(drain);
    assert_eq!(numbers(&t), [&EDGES[..1], &EDGES[8..]].concat());
    assert_eq!(w.dropped().len(), 7);
}

#[test]
fn a_walk_that_has_ended_meets_and_closes_nothing_more() {
    let w = World::new();
    let t = w.table();
    w.open(&t, 1);
    let (mut drain, mut iter) = (t.drain(0, 9).unwrap(), t.iter());
    assert!(iter.next().is_some() && iter.next().is_none());
    assert!(drain.next().is_some() && drain.next().is_none());
    w.open(&t, 2);
    assert!(iter.next().is_none() && drain.next().is_none());
    drop(drain);
    assert_eq!(numbers(&t), [2]);
}

#[test]
fn a_walk_does_not_come_to_a_number_twice() {
    let w = World::new();
    let t = w.table();
    w.open(&t, 1);
    w.open(&t, 2);
    let mut drain = t.drain(0, 9).unwrap();
    assert_eq!(drain.next().unwrap().fd, 1);
    w.open(&t, 1);
    let mut iter = t.iter();
    assert_eq!(iter.next().unwrap().fd, 1);
    drop(t.close(1));
    w.open(&t, 1);
    assert_eq!((iter.next().unwrap().fd, drain.next().unwrap().fd), (2, 2));
    drop(drain);
    assert_eq!(numbers(&t), [1]);
}

#[test]
fn unshare_leaves_a_sibling_on_the_shared_table_untouched() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    let sibling = files.share();
    assert!(files.is_shared() && sibling.is_shared());
    files.close_range(1, u32::MAX, UNSHARE).unwrap();
    assert_eq!(numbers(&files.load()), [0]);
    assert_eq!(numbers(&sibling.load()), EDGES);
    assert_eq!(w.dropped(), []);
    assert!(!files.is_shared() && !sibling.is_shared());
    // They are two tables now.
    sibling.load().close_range(0, u32::MAX, CLOSE).unwrap();
    assert_eq!(w.live(), 1);
    assert_eq!(numbers(&files.load()), [0]);
}

#[test]
fn unshare_of_an_unshared_table_is_the_same_table() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    // Held, so that no copy can have its address.
    let before = Arc::clone(&files.load());
    files.close_range(1, u32::MAX, UNSHARE).unwrap();
    files.unshare();
    assert!(Arc::ptr_eq(&files.load(), &before));
    assert_eq!(numbers(&files.load()), [0]);
    assert_eq!(w.live(), 1);
}

#[test]
fn without_unshare_a_sibling_sees_the_close() {
    let w = World::new();
    let files = Files::new(w.table());
    let sibling = files.share();
    open_edges(&w, &files.load());
    files.close_range(1024, 65_535, MARK).unwrap();
    assert_eq!(marked(&sibling.load()), EDGES[2..8]);
    files.close_range(1, u32::MAX, CLOSE).unwrap();
    assert_eq!(numbers(&sibling.load()), [0]);
    assert_eq!(w.live(), 1);
}

#[test]
fn unshare_with_cloexec_marks_the_private_copy_alone() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    let sibling = files.share();
    files.close_range(1024, u32::MAX, UNSHARE | MARK).unwrap();
    assert_eq!(marked(&files.load()), EDGES[2..]);
    assert_eq!(numbers(&files.load()), EDGES);
    assert_eq!(marked(&sibling.load()), []);
    assert_eq!(numbers(&sibling.load()), EDGES);
    assert_eq!(w.dropped(), []);
}

#[test]
fn after_unshare_the_next_lowest_number_is_in_the_hole_and_a_far_one_survives() {
    let w = World::new();
    for far in EDGES.into_iter().filter(|&fd| fd > 1023) {
        let files = Files::new(w.table());
        for fd in 0..100 {
            w.open(&files.load(), fd);
        }
        let tag = w.open(&files.load(), far);
        let _sibling = files.share();
        files.close_range(40, 59, UNSHARE).unwrap();
        for hole in (40..60).chain([100]) {
            let t = files.load();
            assert_eq!(t.open(Placement::Lowest, w.file(hole), NONE).unwrap(), hole);
        }
        assert_eq!(tag_at(&files.load(), far), Some(tag), "{far}");
    }
}

#[test]
fn a_range_over_all_numbers_costs_what_is_open_in_it() {
    // If one of these walked 2^31 numbers, this would not end today.
    let w = World::new();
    let files = Files::new(w.table());
    let sibling = files.share();
    for _ in 0..1_000 {
        w.open(&files.load(), RawFd::MAX);
        w.open(&files.load(), 40_000);
        files.close_range(0, u32::MAX, MARK).unwrap();
        assert_eq!(marked(&sibling.load()), [40_000, RawFd::MAX]);
        assert_eq!(files.load().drain(1, u32::MAX).unwrap().count(), 2);
        files.close_range(0, u32::MAX, CLOSE).unwrap();
    }
    assert_eq!(w.live(), 0);
}

#[test]
fn a_sweep_holds_up_no_lookup() {
    let w = World::new();
    let t = w.table();
    let tag = w.open(&t, 0);
    let sweeps = AtomicUsize::new(0);
    let sweep = || {
        t.close_range(1, u32::MAX, CLOSE).unwrap();
        sweeps.fetch_add(1, SeqCst);
    };
    watched(sweep, || {
        let enough = sweeps.load(SeqCst) + 200;
        loop {
            for fd in EDGES.into_iter().skip(1) {
                // Below the sweep, inside it, and on what it closes meanwhile.
                assert!([0, EBUSY].contains(&errno(t.dup2(0, fd))));
                assert_eq!(tag_at(&t, 0), Some(tag));
                assert!(tag_at(&t, fd).is_none_or(|found| found == tag));
            }
            if sweeps.load(SeqCst) >= enough {
                break;
            }
        }
    });
    t.close_range(1, u32::MAX, CLOSE).unwrap();
    assert_eq!(numbers(&t), [0]);
}
