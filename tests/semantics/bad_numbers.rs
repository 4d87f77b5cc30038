//! Numbers that cannot be, and numbers that are not open: EBADF in every call.

use fdtable::Placement;
use libc::EBADF;
use test_support::{BAD, EDGES, NONE, World, errno, numbers, tag_at};

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
