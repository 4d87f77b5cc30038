//! Groups 5 to 12: RLIMIT_NOFILE, the range of numbers, and the system-wide limit of open files.

use fdtable::{Error, FdTable, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EINVAL, EMFILE, ENFILE};
use test_support::{
    BAD, CLOEXEC, EDGES, File, NO_LIMIT, NONE, World, arg, errno, numbers, register, tag_at,
};

/// Limits at and beside every border, the default and the greatest one.
const LIMITS: [u32; 17] = [
    1,
    2,
    1023,
    1024,
    1025,
    32767,
    32768,
    32769,
    36863,
    36864,
    36865,
    65535,
    65536,
    65537,
    1 << 20,
    RawFd::MAX as u32,
    NO_LIMIT,
];

/// Every placement that can choose among several numbers, for a table without room.
const CHOOSING: [Placement; 4] =
    [Placement::Lowest, Placement::From(0), Placement::Auto, Placement::Any];

/// Opens every number below `limit`.
fn fill(w: &World, t: &FdTable<File>, limit: u32) {
    for fd in 0..register(limit) {
        assert_eq!(t.open(Placement::Lowest, w.file(fd), NONE).unwrap(), fd);
    }
}

#[test]
fn a_number_that_cannot_be_is_ebadf_everywhere() {
    let w = World::new();
    let t = w.table();
    let tag = w.open(&t, 0);
    let id = t.get(0).unwrap().id();
    for bad in BAD {
        assert!(t.get(bad).is_none() && !t.contains(bad) && t.flags(bad).is_none());
        assert_eq!(errno(t.set_flags(bad, NONE)), EBADF);
        assert_eq!(errno(t.set_cloexec(bad, true)), EBADF);
        assert_eq!(errno(t.dup(bad, Placement::Lowest, NONE)), EBADF);
        assert_eq!(errno(t.dup2(bad, 0)), EBADF);
        assert_eq!(errno(t.dup2(0, bad)), EBADF);
        assert_eq!(errno(t.dup3(bad, 0, NONE)), EBADF);
        assert_eq!(errno(t.dup3(0, bad, NONE)), EBADF);
        assert_eq!(errno(t.dup(0, Placement::At(bad), NONE)), EBADF);
        assert_eq!(errno(t.open(Placement::At(bad), w.file(bad), NONE)), EBADF);
        assert_eq!(errno(t.reserve(Placement::At(bad))), EBADF);
        assert_eq!(errno(t.replace(bad, w.file(bad), NONE)), EBADF);
        assert_eq!(errno(t.replace_if(bad, id, w.file(bad), NONE)), EBADF);
        assert_eq!(errno(t.close(bad)), EBADF);
        assert_eq!(errno(t.close_if(bad, id)), EBADF);
        assert_eq!(errno(t.take(bad)), EBADF);
    }
    assert_eq!(tag_at(&t, 0), Some(tag));
    assert_eq!(numbers(&t), [0]);
}

#[test]
fn a_number_not_open_is_ebadf_everywhere() {
    let w = World::new();
    let t = w.table();
    w.open(&t, 7);
    let id = t.get(7).unwrap().id();
    for fd in EDGES {
        assert!(t.get(fd).is_none() && !t.contains(fd) && t.flags(fd).is_none());
        assert_eq!(errno(t.set_flags(fd, NONE)), EBADF, "{fd}");
        assert_eq!(errno(t.dup(fd, Placement::Lowest, NONE)), EBADF, "{fd}");
        assert_eq!(errno(t.dup2(fd, 7)), EBADF, "{fd}");
        assert_eq!(errno(t.dup3(fd, 7, NONE)), EBADF, "{fd}");
        assert_eq!(errno(t.replace_if(fd, id, w.file(fd), NONE)), EBADF, "{fd}");
        assert_eq!(errno(t.close(fd)), EBADF, "{fd}");
        assert_eq!(errno(t.close_if(fd, id)), EBADF, "{fd}");
        assert_eq!(errno(t.take(fd)), EBADF, "{fd}");
    }
    assert_eq!(numbers(&t), [7]);
}

#[test]
fn dup2_at_or_above_the_limit_is_ebadf() {
    let w = World::new();
    for limit in LIMITS {
        let t = w.limited(limit);
        assert_eq!(t.limit(), limit);
        w.open(&t, 0);
        for new in [limit, limit + 1, u32::MAX].map(register) {
            assert_eq!(errno(t.dup2(0, new)), EBADF, "{new} of {limit}");
            assert_eq!(errno(t.dup3(0, new, CLOEXEC)), EBADF, "{new} of {limit}");
            assert_eq!(errno(t.replace(new, w.file(new), NONE)), EBADF, "{new}");
            let at = Placement::At(new);
            assert_eq!(errno(t.open(at, w.file(new), NONE)), EBADF, "{new}");
            assert_eq!(errno(t.reserve(at)), EBADF, "{new} of {limit}");
            assert_eq!(errno(t.dup(0, at, NONE)), EBADF, "{new} of {limit}");
        }
        assert_eq!(numbers(&t), [0], "{limit}");
    }
}

#[test]
fn dup2_onto_the_last_number_below_the_limit_works() {
    let w = World::new();
    for limit in LIMITS {
        let t = w.limited(limit);
        let tag = w.open(&t, 0);
        let last = register(limit - 1);
        assert!(t.dup2(0, last).unwrap().is_none(), "{limit}");
        assert_eq!(tag_at(&t, last), Some(tag), "{limit}");
    }
}

#[test]
fn a_limit_above_two_to_the_31_counts_as_two_to_the_31() {
    let w = World::new();
    let t = w.limited(u32::MAX);
    assert_eq!(t.limit(), NO_LIMIT);
    t.set_limit(3);
    assert_eq!(t.limit(), 3);
    t.set_limit(u32::MAX);
    assert_eq!(t.limit(), NO_LIMIT);
    assert_eq!(FdTable::new(&w.files).limit(), 1 << 20);
}

#[test]
fn f_dupfd_of_a_minimum_outside_the_limit_is_einval() {
    let w = World::new();
    for limit in LIMITS {
        let t = w.limited(limit);
        w.open(&t, 0);
        for min in [limit, limit + 1, u32::MAX].map(register) {
            let from = Placement::From(min);
            assert_eq!(errno(t.dup(0, from, NONE)), EINVAL, "{min} of {limit}");
            assert_eq!(errno(t.reserve(from)), EINVAL, "{min} of {limit}");
            let file = w.file(min);
            let tag = file.tag;
            let rejected = t.open(from, file, NONE).unwrap_err();
            assert_eq!(rejected.error, Error::Invalid, "{min} of {limit}");
            assert_eq!(rejected.file.tag, tag, "{min} of {limit}");
            // A bad old number comes first.
            assert_eq!(errno(t.dup(5, from, NONE)), EBADF, "{min} of {limit}");
        }
    }
}

#[test]
fn f_dupfd_gives_exactly_the_minimum_then_the_next() {
    let w = World::new();
    for min in EDGES {
        let t = w.table();
        let old = if min == 0 { 9 } else { 0 };
        let tag = w.open(&t, old);
        assert_eq!(t.dup(old, Placement::From(min), NONE).unwrap(), min);
        let next = t.dup(old, Placement::From(min), NONE);
        if min == RawFd::MAX {
            assert_eq!(errno(next), EMFILE);
        } else {
            assert_eq!(next.unwrap(), min + 1);
            // A hole at the minimum is found again.
            drop(t.close(min).unwrap());
            assert_eq!(t.dup(old, Placement::From(min), NONE).unwrap(), min);
            assert_eq!(tag_at(&t, min + 1), Some(tag));
        }
        assert_eq!(tag_at(&t, min), Some(tag));
    }
}

#[test]
fn f_dupfd_without_a_free_number_at_or_above_the_minimum_is_emfile() {
    let w = World::new();
    for limit in LIMITS.into_iter().filter(|&limit| limit > 33) {
        let t = w.limited(limit);
        let min = register(limit).wrapping_sub(33);
        w.open(&t, 0);
        for fd in min..=min + 32 {
            assert_eq!(t.dup(0, Placement::From(min), NONE).unwrap(), fd);
        }
        assert_eq!(errno(t.dup(0, Placement::From(min), NONE)), EMFILE, "{limit}");
        let file = w.file(min);
        let rejected = t.open(Placement::From(min), file, NONE).unwrap_err();
        assert_eq!(rejected.error, Error::TooManyOpenFiles, "{limit}");
        assert_eq!(rejected.file.home, min);
        // Below the minimum there is room.
        assert_eq!(t.dup(0, Placement::Lowest, NONE).unwrap(), 1, "{limit}");
    }
}

#[test]
fn every_number_taken_is_emfile_and_gives_the_file_back() {
    for limit in [1, 31, 32, 33, 1024, 1056, 33_000, 37_000] {
        let w = World::new();
        let t = w.limited(limit);
        fill(&w, &t, limit);
        for placement in CHOOSING {
            let file = w.file(0);
            let tag = file.tag;
            let rejected = t.open(placement, file, NONE).unwrap_err();
            assert_eq!(rejected.error.errno(), EMFILE, "{placement:?} of {limit}");
            assert_eq!(rejected.file.tag, tag);
            drop(rejected);
            assert_eq!(w.dropped().last(), Some(&tag));
            assert_eq!(errno(t.dup(0, placement, NONE)), EMFILE, "{placement:?}");
            assert_eq!(errno(t.reserve(placement)), EMFILE, "{placement:?}");
        }
        assert_eq!(w.live(), limit as usize, "{limit}");
        assert_eq!(t.len(), limit as usize);
        drop(t);
        assert_eq!(w.live(), 0, "{limit}");
    }
}

#[test]
fn any_placement_finds_the_only_free_number() {
    for (limit, hole) in [(1, 0), (64, 33), (2_000, 1_023), (2_000, 1_999), (37_000, 36_864)] {
        let w = World::new();
        let t = w.limited(limit);
        fill(&w, &t, limit);
        for placement in [Placement::Any, Placement::Lowest] {
            drop(t.close(hole).unwrap());
            assert_eq!(t.open(placement, w.file(hole), NONE).unwrap(), hole);
            assert_eq!(errno(t.open(placement, w.file(hole), NONE)), EMFILE);
        }
    }
}

#[test]
fn auto_placement_is_the_lowest_free_number_from_the_base_on() {
    let w = World::new();
    for base in [1024, 2048, 32768, 1 << 20, NO_LIMIT - 4096] {
        let builder = FdTable::builder(&w.files).auto_base(base).limit(NO_LIMIT);
        let t = builder.build().unwrap();
        assert_eq!(t.auto_base(), base);
        for fd in register(base)..register(base + 40) {
            assert_eq!(t.open(Placement::Auto, w.file(fd), NONE).unwrap(), fd);
        }
        drop(t.close(register(base + 17)).unwrap());
        assert_eq!(t.dup(register(base), Placement::Auto, NONE).unwrap(), register(base + 17));
        // The base is no minimum of the caller's: at or above the limit it is no EINVAL.
        t.set_limit(base);
        assert_eq!(errno(t.reserve(Placement::Auto)), EMFILE, "{base}");
    }
    for base in [0, 32, 992, 1025, 32769, NO_LIMIT - 4064, NO_LIMIT, u32::MAX] {
        assert_eq!(errno(FdTable::builder(&w.files).auto_base(base).build()), EINVAL, "{base}");
    }
}

#[test]
fn a_number_above_a_lowered_limit_goes_on_working() {
    let w = World::new();
    for fd in EDGES.into_iter().filter(|&fd| fd > 4) {
        let t = w.table();
        let tag = w.open(&t, fd);
        let other = w.open(&t, 0);
        t.set_limit(4);
        assert_eq!(tag_at(&t, fd), Some(tag), "{fd}");
        t.set_cloexec(fd, true).unwrap();
        assert_eq!(t.set_flags(fd, NONE), Ok(CLOEXEC), "{fd}");
        assert_eq!(numbers(&t), [0, fd]);
        // New numbers fill the holes below, then EMFILE.
        for free in 1..4 {
            assert_eq!(t.dup(fd, Placement::Lowest, NONE).unwrap(), free, "{fd}");
        }
        assert_eq!(errno(t.dup(fd, Placement::Lowest, NONE)), EMFILE, "{fd}");
        // Onto it: another is EBADF, itself works.
        assert_eq!(errno(t.dup2(0, fd)), EBADF, "{fd}");
        assert_eq!(errno(t.replace(fd, w.file(fd), NONE)), EBADF, "{fd}");
        assert!(t.dup2(fd, fd).unwrap().is_none(), "{fd}");
        assert_eq!(tag_at(&t, fd), Some(tag), "{fd}");
        t.close_range(1, 3, Default::default()).unwrap();
        t.close_range(4, u32::MAX, Default::default()).unwrap();
        assert_eq!(numbers(&t), [0], "{fd}");
        assert!(w.dropped().contains(&tag) && !w.dropped().contains(&other));
    }
}

#[test]
fn a_number_above_a_lowered_limit_is_closed_as_any_other() {
    let w = World::new();
    for fd in EDGES.into_iter().filter(|&fd| fd > 0) {
        let t = w.table();
        let tag = w.open(&t, fd);
        t.set_limit(arg(fd));
        drop(t.close(fd).unwrap());
        assert!(w.dropped().contains(&tag), "{fd}");
        assert_eq!(errno(t.close(fd)), EBADF, "{fd}");
        assert_eq!(errno(t.open(Placement::At(fd), w.file(fd), NONE)), EBADF, "{fd}");
        t.set_limit(arg(fd) + 1);
        w.open(&t, fd);
    }
}

#[test]
fn limit_zero_refuses_every_new_number_and_no_open_one() {
    let w = World::new();
    let t = w.table();
    let tags = EDGES.map(|fd| w.open(&t, fd));
    t.set_limit(0);
    for placement in [Placement::Lowest, Placement::Auto, Placement::Any] {
        assert_eq!(errno(t.open(placement, w.file(0), NONE)), EMFILE, "{placement:?}");
        assert_eq!(errno(t.dup(0, placement, NONE)), EMFILE, "{placement:?}");
        assert_eq!(errno(t.reserve(placement)), EMFILE, "{placement:?}");
        assert_eq!(errno(t.reserve_many::<2>(placement)), EMFILE, "{placement:?}");
    }
    assert_eq!(errno(t.dup(0, Placement::From(0), NONE)), EINVAL);
    for (fd, tag) in EDGES.into_iter().zip(tags) {
        assert_eq!(errno(t.dup2(0, fd)), if fd == 0 { 0 } else { EBADF }, "{fd}");
        assert_eq!(errno(t.dup2(fd, 5)), EBADF, "{fd}");
        assert_eq!(tag_at(&t, fd), Some(tag));
        t.set_cloexec(fd, true).unwrap();
        assert_eq!(t.flags(fd), Some(CLOEXEC), "{fd}");
        drop(t.close(fd).unwrap());
        assert!(w.dropped().contains(&tag), "{fd}");
    }
    assert!(t.is_empty());
}

#[test]
fn the_limit_bounds_the_number_and_not_the_count() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES.into_iter().filter(|&fd| fd > 4) {
        w.open(&t, fd);
    }
    // More are open than the limit allows numbers, and every number below it is free.
    t.set_limit(4);
    assert!(t.len() > 4);
    for fd in 0..4 {
        assert_eq!(t.open(Placement::Lowest, w.file(fd), NONE).unwrap(), fd);
    }
    assert_eq!(errno(t.open(Placement::Lowest, w.file(4), NONE)), EMFILE);
}

#[test]
fn more_than_65535_numbers_are_open_at_once() {
    const MANY: u32 = 70_000;
    let w = World::new();
    let t = FdTable::new(&w.files);
    fill(&w, &t, MANY);
    assert_eq!(t.len(), MANY as usize);
    for fd in 0..register(MANY) {
        assert_eq!(t.get(fd).unwrap().home, fd);
    }
    let child = t.fork();
    drop(t);
    assert_eq!(child.len(), MANY as usize);
    assert_eq!(w.live(), MANY as usize);
    drop(child);
    assert_eq!(w.live(), 0);
}

#[test]
fn one_number_at_two_to_the_31_minus_1_costs_no_walk() {
    // Each of these ends at once, or, if it walked the numbers between, not today.
    let w = World::new();
    let t = w.table();
    for round in 0..2_000 {
        let tag = w.open(&t, RawFd::MAX);
        assert_eq!(numbers(&t), [RawFd::MAX]);
        assert_eq!(t.len(), 1);
        let child = t.fork();
        t.close_range(0, u32::MAX, Default::default()).unwrap();
        assert!(t.is_empty() && !w.dropped_one(tag), "{round}");
        drop(child);
        assert!(w.dropped_one(tag), "{round}");
    }
}

#[test]
fn more_open_files_than_the_system_wide_limit_are_enfile() {
    for fd in EDGES {
        let w = World::with(OpenFileTable::with_limit(2), 64);
        let t = w.table();
        let other = if fd == 0 { 1 } else { 0 };
        w.open(&t, fd);
        let loose = w.files.insert(w.file(-1)).unwrap();
        for placement in [Placement::At(other), Placement::Lowest, Placement::Any] {
            let file = w.file(other);
            let tag = file.tag;
            let rejected = t.open(placement, file, NONE).unwrap_err();
            assert_eq!(rejected.error.errno(), ENFILE, "{placement:?}");
            assert_eq!(rejected.file.tag, tag);
        }
        assert_eq!(errno(w.files.insert(w.file(-1))), ENFILE);
        // A refused open and a refused install leave their number free.
        let reserved = t.reserve(Placement::At(other)).unwrap();
        assert_eq!(errno(reserved.install(w.file(other), NONE)), ENFILE);
        assert_eq!(numbers(&t), [fd]);
        // A refused replacement leaves the old file.
        assert_eq!(errno(t.replace(fd, w.file(fd), CLOEXEC)), ENFILE);
        assert_eq!(errno(t.replace(other, w.file(fd), CLOEXEC)), ENFILE);
        assert_eq!((t.flags(fd), t.flags(other)), (Some(NONE), None));
        // dup does not count, and one released file makes room for one.
        assert_eq!(t.dup(fd, Placement::At(other), NONE).unwrap(), other);
        drop(loose);
        drop(t.replace(other, w.file(other), NONE).unwrap());
        assert_eq!(errno(t.open(Placement::Any, w.file(9), NONE)), ENFILE);
        drop((t.close(fd).unwrap(), t.close(other).unwrap()));
        assert_eq!(w.live(), 0);
        w.open(&t, fd);
        w.open(&t, other);
        assert_eq!(errno(t.open(Placement::Any, w.file(9), NONE)), ENFILE);
    }
}

#[test]
fn a_file_in_use_after_its_close_counts_against_the_system_wide_limit() {
    let w = World::with(OpenFileTable::with_limit(1), 64);
    let t = w.table();
    for fd in EDGES {
        w.open(&t, fd);
        let user = t.get(fd).unwrap();
        drop(t.close(fd).unwrap());
        assert_eq!(errno(t.open(Placement::At(fd), w.file(fd), NONE)), ENFILE);
        drop(user);
        w.open(&t, fd);
        drop(t.close(fd).unwrap());
    }
}

#[test]
fn a_lowered_limit_holds_from_the_next_call_on() {
    let w = World::new();
    for lower in EDGES.into_iter().filter(|&fd| fd > 0) {
        let t = w.table();
        w.open(&t, 0);
        let from = Placement::From(lower - 1);
        assert_eq!(t.dup(0, from, NONE).unwrap(), lower - 1);
        t.set_limit(arg(lower));
        assert_eq!(errno(t.dup(0, from, NONE)), EMFILE, "{lower}");
        assert_eq!(errno(t.dup2(0, lower)), EBADF, "{lower}");
        t.set_limit(arg(lower) + 1);
        assert_eq!(t.dup(0, from, NONE).unwrap(), lower);
        assert_eq!(errno(t.dup(0, from, NONE)), EMFILE, "{lower}");
    }
}
