//! Groups 5 to 7 and 11: RLIMIT_NOFILE, and the range of numbers.

use fdtable::{Error, FdTable, Placement, RawFd};
use libc::{EBADF, EINVAL, EMFILE};
use test_support::{
    CLOEXEC, EDGES, File, NO_LIMIT, NONE, World, arg, errno, numbers, register, tag_at,
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
    [Placement::Lowest, Placement::From(0), Placement::FromBase, Placement::Any];

/// Opens every number below `limit`.
fn fill(w: &World, t: &FdTable<File>, limit: u32) {
    for fd in 0..register(limit) {
        assert_eq!(t.open(Placement::Lowest, w.file(fd), NONE).unwrap(), fd);
    }
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
fn from_base_is_the_lowest_free_number_from_the_base_on() {
    let w = World::new();
    for base in [1024, 2048, 32768, 1 << 20, NO_LIMIT - 4096] {
        let builder = FdTable::builder(&w.files).base(base).limit(NO_LIMIT);
        let t = builder.build().unwrap();
        assert_eq!(t.base(), base);
        for fd in register(base)..register(base + 40) {
            assert_eq!(t.open(Placement::FromBase, w.file(fd), NONE).unwrap(), fd);
        }
        drop(t.close(register(base + 17)).unwrap());
        assert_eq!(t.dup(register(base), Placement::FromBase, NONE).unwrap(), register(base + 17));
        // The base is no minimum of the caller's: at or above the limit it is no EINVAL.
        t.set_limit(base);
        assert_eq!(errno(t.reserve(Placement::FromBase)), EMFILE, "{base}");
    }
    for base in [0, 32, 992, 1025, 1040, 32769, NO_LIMIT - 4064, NO_LIMIT, u32::MAX] {
        assert_eq!(errno(FdTable::builder(&w.files).base(base).build()), EINVAL, "{base}");
    }
}

#[test]
fn within_gives_the_lowest_free_number_of_its_range_and_no_other() {
    let w = World::new();
    for min in EDGES {
        for width in [1, 2, 31, 32, 33, 65] {
            let t = w.table();
            let end = arg(min) + width;
            let within = Placement::Within { min, end };
            let numbers: Vec<RawFd> = (arg(min)..end.min(NO_LIMIT)).map(register).collect();
            for fd in &numbers {
                assert_eq!(t.open(within, w.file(*fd), NONE).unwrap(), *fd);
            }
            assert_eq!(errno(t.open(within, w.file(min), NONE)), EMFILE, "{min} {width}");
            assert_eq!(t.len(), numbers.len(), "{min} {width}");
            for hole in [min, numbers[numbers.len() / 2], numbers[numbers.len() - 1]] {
                drop(t.close(hole).unwrap());
                assert_eq!(t.open(within, w.file(hole), NONE).unwrap(), hole, "{min} {width}");
            }
        }
    }
}

#[test]
fn within_a_range_that_is_none_is_einval() {
    let w = World::new();
    for limit in LIMITS {
        let t = w.limited(limit);
        let last = limit - 1;
        for (min, end) in [(-1, 5), (RawFd::MIN, u32::MAX), (register(last), last), (5, 5), (5, 0)]
        {
            assert_eq!(errno(t.reserve(Placement::Within { min, end })), EINVAL, "{min}..{end}");
        }
        if limit < NO_LIMIT {
            let at_the_limit = Placement::Within { min: register(limit), end: u32::MAX };
            assert_eq!(errno(t.reserve(at_the_limit)), EINVAL, "{limit}");
        }
        // The range may end above the limit, the number may not lie there.
        let within = Placement::Within { min: register(last), end: u32::MAX };
        let taken = t.reserve(within).unwrap();
        assert_eq!((taken.fd(), errno(t.reserve(within))), (register(last), EMFILE));
    }
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
