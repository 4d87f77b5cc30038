//! Groups 1 to 4: old number equal to new number, and the descriptor flags.

use fdtable::{Descriptor, FdFlags, Placement};
use libc::{EBADF, EINVAL};
use test_support::{BAD, CLOEXEC, EDGES, NONE, World, errno, tag_at, watched};

#[test]
fn dup2_of_a_bad_number_onto_itself_is_ebadf() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES.into_iter().chain(BAD) {
        assert_eq!(errno(t.dup2(fd, fd)), EBADF, "{fd}");
        assert!(!t.contains(fd), "{fd}");
    }
}

#[test]
fn dup2_of_a_number_onto_itself_keeps_its_flags_and_releases_nothing() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let flags = CLOEXEC | FdFlags::USER_3;
        let tag = w.open_with(&t, fd, flags);
        let id = t.get(fd).unwrap().id();
        assert!(t.dup2(fd, fd).unwrap().is_none(), "{fd}");
        assert_eq!(t.flags(fd), Some(flags), "{fd}");
        assert_eq!(t.get(fd).unwrap().id(), id, "{fd}");
        assert!(!w.dropped().contains(&tag), "{fd}");
        // One reference as before: a single close is the last.
        drop(t.close(fd).unwrap());
        assert!(w.dropped().contains(&tag), "{fd}");
    }
}

#[test]
fn dup3_of_equal_numbers_is_einval_even_when_bad() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES.into_iter().chain(BAD) {
        assert_eq!(errno(t.dup3(fd, fd, NONE)), EINVAL, "{fd} free");
        assert_eq!(errno(t.dup3(fd, fd, CLOEXEC)), EINVAL, "{fd} free");
    }
    for fd in EDGES {
        let tag = w.open(&t, fd);
        assert_eq!(errno(t.dup3(fd, fd, CLOEXEC)), EINVAL, "{fd} open");
        assert_eq!(t.flags(fd), Some(NONE), "{fd}");
        assert_eq!(tag_at(&t, fd), Some(tag), "{fd}");
    }
    assert_eq!(w.dropped(), []);
}

#[test]
fn dup3_of_other_flags_than_o_cloexec_is_einval() {
    // The flags are made of the raw argument before there is a call that could look at an fd.
    assert_eq!(FdFlags::from_dup3(0), Ok(NONE));
    assert_eq!(FdFlags::from_dup3(libc::O_CLOEXEC), Ok(CLOEXEC));
    for bit in (0..32).map(|shift| 1_i32.wrapping_shl(shift)) {
        if bit == libc::O_CLOEXEC {
            continue;
        }
        assert_eq!(errno(FdFlags::from_dup3(bit)), EINVAL, "{bit:#x}");
        let with_cloexec = bit | libc::O_CLOEXEC;
        assert_eq!(errno(FdFlags::from_dup3(with_cloexec)), EINVAL, "{bit:#x}");
    }
}

#[test]
fn dup_and_dup2_clear_fd_cloexec_on_the_new_number_alone() {
    let w = World::new();
    for old in EDGES {
        let t = w.table();
        w.open_with(&t, old, CLOEXEC);
        let new = t.dup(old, Placement::Lowest, NONE).unwrap();
        assert_eq!(t.flags(new), Some(NONE), "dup({old})");
        for new in EDGES.into_iter().filter(|&new| new != old) {
            t.dup2(old, new).unwrap();
            assert_eq!(t.flags(new), Some(NONE), "dup2({old}, {new})");
            t.set_cloexec(new, true).unwrap();
            t.dup2(old, new).unwrap();
            assert_eq!(t.flags(new), Some(NONE), "dup2({old}, {new}) again");
        }
        assert_eq!(t.flags(old), Some(CLOEXEC), "{old}");
    }
}

#[test]
fn dup3_and_f_dupfd_cloexec_set_fd_cloexec_on_the_new_number_alone() {
    let w = World::new();
    for old in EDGES {
        let t = w.table();
        w.open(&t, old);
        for new in EDGES.into_iter().filter(|&new| new != old) {
            t.dup3(old, new, CLOEXEC).unwrap();
            assert_eq!(t.flags(new), Some(CLOEXEC), "dup3({old}, {new})");
            drop(t.close(new).unwrap());
            assert_eq!(t.dup(old, Placement::From(new), CLOEXEC).unwrap(), new);
            assert_eq!(t.flags(new), Some(CLOEXEC), "F_DUPFD_CLOEXEC({old}, {new})");
        }
        assert_eq!(t.flags(old), Some(NONE), "{old}");
    }
}

#[test]
fn no_instant_shows_the_new_number_without_fd_cloexec() {
    let w = World::new();
    for new in EDGES.into_iter().filter(|&new| new != 0) {
        let t = w.table();
        w.open(&t, 0);
        let look = || {
            if let Some(flags) = t.flags(new) {
                assert_eq!(flags, CLOEXEC, "{new}");
            }
            for Descriptor { fd, flags, .. } in t.iter() {
                assert_eq!(flags.contains(CLOEXEC), fd == new, "{fd}");
            }
        };
        watched(look, || {
            for _ in 0..2_000 {
                t.dup3(0, new, CLOEXEC).unwrap();
                t.dup3(0, new, CLOEXEC).unwrap();
                t.close(new).unwrap();
                t.dup(0, Placement::From(new), CLOEXEC).unwrap();
                t.close(new).unwrap();
            }
        });
    }
}

#[test]
fn f_setfd_changes_fd_cloexec_alone() {
    let w = World::new();
    let t = w.table();
    let user = FdFlags::all() - CLOEXEC;
    for fd in EDGES {
        assert_eq!(errno(t.set_cloexec(fd, true)), EBADF, "{fd}");
        w.open_with(&t, fd, user);
        for _ in 0..2 {
            t.set_cloexec(fd, true).unwrap();
            assert_eq!(t.flags(fd), Some(user | CLOEXEC), "{fd}");
        }
        for _ in 0..2 {
            t.set_cloexec(fd, false).unwrap();
            assert_eq!(t.flags(fd), Some(user), "{fd}");
        }
    }
    assert_eq!(w.dropped(), []);
}

#[test]
fn set_flags_sets_all_eight_and_returns_the_previous_ones() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        assert_eq!(errno(t.set_flags(fd, CLOEXEC)), EBADF, "{fd}");
        w.open(&t, fd);
        let mut previous = NONE;
        for bits in [1, 0x80, 0xff, 0x55, 0] {
            let flags = FdFlags::from_bits(bits).unwrap();
            assert_eq!(t.set_flags(fd, flags), Ok(previous), "{fd}");
            assert_eq!(t.flags(fd), Some(flags), "{fd}");
            previous = flags;
        }
    }
}

#[test]
fn a_reopened_number_has_the_flags_of_the_new_open() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        w.open_with(&t, fd, FdFlags::all());
        drop(t.close(fd).unwrap());
        w.open(&t, fd);
        assert_eq!(t.flags(fd), Some(NONE), "{fd}");
        drop(t.replace(fd, w.file(fd), FdFlags::USER_6).unwrap());
        assert_eq!(t.flags(fd), Some(FdFlags::USER_6), "{fd}");
    }
}
