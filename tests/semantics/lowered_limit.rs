//! Groups 8 to 10 and 31: RLIMIT_NOFILE lowered under open numbers.

use fdtable::Placement;
use libc::{EBADF, EINVAL, EMFILE};
use test_support::{CLOEXEC, EDGES, NONE, World, arg, errno, numbers, tag_at};

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
    for placement in [Placement::Lowest, Placement::FromBase, Placement::Any] {
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
