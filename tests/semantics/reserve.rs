//! Groups 13, 14 and 16: numbers that are taken but not open, and which number comes next.

use std::sync::Arc;

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EBUSY, EINVAL, EMFILE};
use test_support::{CLOEXEC, EDGES, File, NO_LIMIT, NONE, World, errno, numbers, tag_at};

const ALL: (u32, u32) = (0, u32::MAX);

/// The number that comes after `fd`, or EMFILE after the last one.
fn assert_next_is_after(t: &FdTable<File>, fd: RawFd) {
    let next = t.reserve(Placement::From(fd)).map(|r| r.fd());
    match fd.checked_add(1) {
        Some(after) => assert_eq!(next, Ok(after)),
        None => assert_eq!(errno(next), EMFILE),
    }
}

#[test]
fn a_reserved_number_is_not_open() {
    let w = World::new();
    let t = w.table();
    let id = w.files.insert(w.file(-1)).unwrap().id();
    for fd in EDGES {
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        assert_eq!(reserved.fd(), fd);
        assert!(t.get(fd).is_none() && !t.contains(fd) && t.flags(fd).is_none());
        assert_eq!(errno(t.set_flags(fd, CLOEXEC)), EBADF, "{fd}");
        assert_eq!(errno(t.set_cloexec(fd, true)), EBADF, "{fd}");
        assert_eq!(errno(t.close(fd)), EBADF, "{fd}");
        assert_eq!(errno(t.close_if(fd, id)), EBADF, "{fd}");
        assert_eq!(errno(t.replace_if(fd, id, w.file(fd), NONE)), EBADF, "{fd}");
        assert_eq!(errno(t.take(fd)), EBADF, "{fd}");
        assert_eq!(errno(t.dup(fd, Placement::Lowest, NONE)), EBADF, "{fd}");
        assert_eq!(errno(t.dup2(fd, fd)), EBADF, "{fd}");
        assert!(t.is_empty() && numbers(&t).is_empty());
        assert_eq!(t.drain(0, u32::MAX).unwrap().count(), 0, "{fd}");
    }
}

#[test]
fn dup2_onto_a_reserved_number_is_ebusy() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let old = if fd == 0 { 1 } else { 0 };
        w.open(&t, old);
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        assert_eq!(errno(t.dup2(old, fd)), EBUSY, "{fd}");
        assert_eq!(errno(t.dup3(old, fd, CLOEXEC)), EBUSY, "{fd}");
        assert_eq!(errno(t.dup(old, Placement::At(fd), NONE)), EBUSY, "{fd}");
        assert_eq!(errno(t.open(Placement::At(fd), w.file(fd), NONE)), EBUSY);
        assert_eq!(errno(t.reserve(Placement::At(fd))), EBUSY, "{fd}");
        let rejected = t.replace(fd, w.file(fd), NONE).err().unwrap();
        assert_eq!(rejected.error.errno(), EBUSY, "{fd}");
        drop(reserved);
        t.dup2(old, fd).unwrap();
        assert_eq!(numbers(&t).len(), 2, "{fd}");
    }
}

#[test]
fn a_reserved_number_is_not_allocated_again_until_it_is_dropped() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let reserved = t.reserve(Placement::From(fd)).unwrap();
        assert_eq!(reserved.fd(), fd);
        assert_next_is_after(&t, fd);
        drop(reserved);
        assert_eq!(t.open(Placement::From(fd), w.file(fd), NONE).unwrap(), fd);
        assert_next_is_after(&t, fd);
    }
}

#[test]
fn a_dropped_reservation_is_the_lowest_free_number_again() {
    let w = World::new();
    let t = w.table();
    for fd in 0..2_000 {
        let reserved = t.reserve(Placement::Lowest).unwrap();
        assert_eq!(reserved.fd(), fd);
        drop(reserved);
        assert_eq!(t.open(Placement::Lowest, w.file(fd), NONE).unwrap(), fd);
    }
}

#[test]
fn install_opens_the_reserved_number_and_nothing_before_it_does() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        let file = w.file(fd);
        let tag = file.tag;
        let flags = CLOEXEC | FdFlags::USER_1;
        assert_eq!(reserved.install(file, flags).unwrap(), fd);
        assert_eq!((tag_at(&t, fd), t.flags(fd)), (Some(tag), Some(flags)));
        drop(t.close(fd).unwrap());
        assert!(w.dropped_one(tag), "{fd}");
    }
}

#[test]
fn install_ref_opens_the_number_on_the_same_description() {
    let w = World::new();
    let t = w.table();
    let loose = w.files.insert(w.file(-1)).unwrap();
    for fd in EDGES {
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        assert_eq!(reserved.install_ref(loose.clone(), CLOEXEC).unwrap(), fd);
        assert_eq!(t.get(fd).unwrap().id(), loose.id(), "{fd}");
        assert_eq!(t.flags(fd), Some(CLOEXEC), "{fd}");
    }
    let tag = loose.tag;
    drop(loose);
    t.close_range(1, u32::MAX, CloseRangeFlags::empty()).unwrap();
    assert!(!w.dropped_one(tag));
    drop(t.close(0).unwrap());
    assert!(w.dropped_one(tag));
}

#[test]
fn install_ref_of_another_open_file_table_is_einval_and_frees_the_number() {
    let w = World::new();
    let t = w.table();
    let foreign = OpenFileTable::new();
    for fd in EDGES {
        let file = foreign.insert(w.file(fd)).unwrap();
        let id = file.id();
        let tag = file.tag;
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        let rejected = reserved.install_ref(file, NONE).unwrap_err();
        assert_eq!(rejected.error.errno(), EINVAL, "{fd}");
        assert_eq!(rejected.file.id(), id, "{fd}");
        assert!(!w.dropped_one(tag), "{fd}");
        w.open(&t, fd);
    }
}

#[test]
fn take_closes_and_keeps_the_number() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let old = if fd == 0 { 1 } else { 0 };
        w.open(&t, old);
        let tag = w.open(&t, fd);
        let (file, reserved) = t.take(fd).unwrap();
        assert_eq!((file.tag, reserved.fd()), (tag, fd));
        assert!(!w.dropped_one(tag), "{fd}");
        drop(file);
        assert!(w.dropped_one(tag), "{fd}");
        assert_eq!(errno(t.close(fd)), EBADF, "{fd}");
        assert_eq!(errno(t.dup2(old, fd)), EBUSY, "{fd}");
        drop(reserved);
        assert_eq!(t.dup(old, Placement::From(fd), NONE).unwrap(), fd);
    }
}

#[test]
fn a_reserved_number_is_in_no_copy() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let open = if fd == 0 { 1 } else { 0 };
        w.open(&t, open);
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        let child = t.fork();
        assert_eq!(numbers(&child), [open], "{fd}");
        // It is free there: the reservation is the parent's.
        assert_eq!(child.reserve(Placement::At(fd)).unwrap().fd(), fd);
        assert_eq!(errno(t.reserve(Placement::At(fd))), EBUSY, "{fd}");
        drop(reserved);
    }
}

#[test]
fn a_reserved_number_is_not_in_the_table_after_exec() {
    let w = World::new();
    for fd in EDGES {
        let files = Files::new(w.table());
        let table = Arc::clone(&files.load());
        let reserved = table.reserve(Placement::At(fd)).unwrap();
        let plan = files.prepare_exec();
        assert!(plan.table().is_empty(), "{fd}");
        plan.commit();
        w.open(&files.load(), fd);
        drop(reserved);
        assert_eq!(numbers(&files.load()), [fd]);
    }
}

#[test]
fn an_owned_reservation_keeps_its_table_alive() {
    let w = World::new();
    for fd in EDGES {
        let table = Arc::new(w.table());
        let tag = w.open(&table, if fd == 0 { 1 } else { 0 });
        let reserved = table.reserve_owned(Placement::At(fd)).unwrap();
        assert_eq!(errno(table.reserve(Placement::At(fd))), EBUSY, "{fd}");
        drop(table);
        assert!(!w.dropped_one(tag), "{fd}");
        drop(reserved);
        assert!(w.dropped_one(tag), "{fd}");
    }
}

#[test]
fn take_owned_closes_and_keeps_the_number_and_its_table() {
    let w = World::new();
    for fd in EDGES {
        let table = Arc::new(w.table());
        let (beside, tag) = (w.open(&table, if fd == 0 { 1 } else { 0 }), w.open(&table, fd));
        assert_eq!(errno(table.take_owned(-1)), EBADF);
        let (taken, reserved) = table.take_owned(fd).unwrap();
        assert_eq!((taken.tag, reserved.fd()), (tag, fd));
        drop(taken);
        assert!(w.dropped_one(tag), "{fd}");
        assert_eq!(errno(table.take_owned(fd)), EBADF, "{fd}");
        assert_eq!(errno(table.reserve_owned(Placement::At(fd))), EBUSY, "{fd}");
        drop(table);
        assert!(!w.dropped_one(beside), "{fd}");
        assert_eq!(reserved.install(w.file(fd), NONE).unwrap(), fd);
        assert!(w.dropped_one(beside), "{fd}");
    }
}

#[test]
fn close_range_cloexec_leaves_no_mark_on_a_hole() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        w.open(&t, fd);
        drop(t.close(fd).unwrap());
        t.close_range(ALL.0, ALL.1, CloseRangeFlags::CLOEXEC).unwrap();
        w.open(&t, fd);
        assert_eq!(t.flags(fd), Some(NONE), "{fd}");
        drop(t.close(fd).unwrap());
    }
}

#[test]
fn close_range_leaves_a_reserved_number_reserved_and_unmarked() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let reserved = t.reserve(Placement::At(fd)).unwrap();
        t.close_range(ALL.0, ALL.1, CloseRangeFlags::CLOEXEC).unwrap();
        t.close_range(ALL.0, ALL.1, CloseRangeFlags::empty()).unwrap();
        assert_eq!(errno(t.reserve(Placement::At(fd))), EBUSY, "{fd}");
        reserved.install(w.file(fd), NONE).unwrap();
        assert_eq!(t.flags(fd), Some(NONE), "{fd}");
    }
}

#[test]
fn open_at_is_not_handed_out_again() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        w.open(&t, fd);
        assert_next_is_after(&t, fd);
        assert_eq!(errno(t.open(Placement::At(fd), w.file(fd), NONE)), EBUSY);
        assert_eq!(errno(t.dup(fd, Placement::At(fd), NONE)), EBUSY);
        if fd < 40_000 {
            for lower in 0..fd {
                assert_eq!(t.dup(fd, Placement::Lowest, NONE).unwrap(), lower);
            }
            assert_eq!(t.dup(fd, Placement::Lowest, NONE).unwrap(), fd + 1);
        }
    }
}

#[test]
fn a_freed_number_is_found_however_far_allocation_has_gone_on() {
    let w = World::new();
    for min in EDGES.into_iter().filter(|&fd| fd < RawFd::MAX) {
        let t = w.table();
        let from = Placement::From(min);
        for fd in min..min + 3_000 {
            assert_eq!(t.open(from, w.file(fd), NONE).unwrap(), fd);
        }
        for hole in [2_999, 64, 31, 7, 0].map(|offset| min + offset) {
            drop(t.close(hole).unwrap());
            assert_eq!(t.open(from, w.file(hole), NONE).unwrap(), hole);
            assert_eq!(t.reserve(from).unwrap().fd(), min + 3_000);
        }
    }
}

#[test]
fn reserve_then_install_is_open_for_every_placement() {
    let w = World::new();
    let t = w.limited(NO_LIMIT);
    let placements = [
        Placement::Lowest,
        Placement::From(1024),
        Placement::FromBase,
        Placement::Any,
        Placement::At(RawFd::MAX),
    ];
    for placement in placements {
        let reserved = t.reserve(placement).unwrap();
        let fd = reserved.install(w.file(0), CLOEXEC).unwrap();
        assert_eq!(t.flags(fd), Some(CLOEXEC), "{placement:?}");
    }
    assert_eq!(t.len(), placements.len());
}
