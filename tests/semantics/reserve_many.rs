//! Group 15: several numbers at once, all or none of them, or as many as there are.

use fdtable::{OpenFileTable, Placement, RawFd};
use libc::{EBUSY, EINVAL, EMFILE};
use test_support::{EDGES, NO_LIMIT, NONE, World, arg, errno, numbers, register, watched};

#[test]
fn reserve_many_takes_the_lowest_free_numbers() {
    let w = World::new();
    for fd in EDGES.into_iter().filter(|&fd| fd < RawFd::MAX - 9) {
        let t = w.table();
        for open in [1, 3, 4] {
            w.open(&t, fd + open);
        }
        let reserved = t.reserve_many::<4>(Placement::From(fd)).unwrap();
        let fds = reserved.each_ref().map(|r| r.fd() - fd);
        assert_eq!(fds, [0, 2, 5, 6], "{fd}");
        drop(reserved);
        assert_eq!(numbers(&t), [fd + 1, fd + 3, fd + 4]);
        let again = t.reserve_many::<1>(Placement::From(fd)).unwrap();
        assert_eq!(again[0].fd(), fd);
    }
}

#[test]
fn reserve_many_without_room_for_all_is_emfile_and_takes_none() {
    let w = World::new();
    for limit in EDGES.map(arg).into_iter().chain([NO_LIMIT]) {
        let Some(last) = limit.checked_sub(1).map(register) else {
            continue;
        };
        let t = w.limited(limit);
        let look = || assert!(!t.contains(last) && t.is_empty() && t.iter().count() == 0);
        watched(look, || {
            for _ in 0..500 {
                let two = t.reserve_many::<2>(Placement::From(last));
                assert_eq!(errno(two), EMFILE, "{limit}");
            }
        });
        w.open(&t, last);
        if last > 0 {
            let two = t.reserve_many::<2>(Placement::From(last - 1));
            assert_eq!(errno(two), EMFILE, "{limit}");
            w.open(&t, last - 1);
        }
    }
}

#[test]
fn reserve_n_takes_the_numbers_of_reserve_many_or_none() {
    let w = World::new();
    for limit in EDGES.map(arg).into_iter().filter(|limit| *limit > 3) {
        let t = w.limited(limit);
        let from = Placement::From(register(limit - 3));
        for n in 0..=3 {
            let reserved = t.reserve_n(from, n).unwrap();
            let fds: Vec<RawFd> = reserved.iter().map(|r| r.fd() - register(limit - 3)).collect();
            assert_eq!(fds, [0, 1, 2][..n], "{limit}");
        }
        assert_eq!(errno(t.reserve_n(from, 4)), EMFILE, "{limit}");
        assert_eq!(errno(t.reserve_n(from, usize::MAX)), EMFILE, "{limit}");
        assert!(t.reserve_many::<3>(from).is_ok(), "{limit}");
        assert_eq!(errno(t.reserve_n(Placement::From(-1), 1)), EINVAL);
    }
}

#[test]
fn reserve_up_to_takes_what_there_is_and_fails_for_none() {
    let w = World::new();
    for limit in EDGES.map(arg).into_iter().filter(|limit| *limit > 3) {
        let t = w.limited(limit);
        let from = Placement::From(register(limit - 3));
        assert_eq!(t.reserve_up_to(from, 0).unwrap().len(), 0);
        assert_eq!(t.reserve_up_to(from, 2).unwrap().len(), 2);
        let all = t.reserve_up_to(from, usize::MAX).unwrap();
        let fds: Vec<RawFd> = all.iter().map(|r| r.fd() - register(limit - 3)).collect();
        assert_eq!(fds, [0, 1, 2], "{limit}");
        assert_eq!(errno(t.reserve_up_to(from, 1)), EMFILE, "{limit}");
        assert_eq!(t.reserve_up_to(from, 0).unwrap().len(), 0);
        assert_eq!(errno(t.reserve_up_to(Placement::From(-1), 2)), EINVAL);
        assert_eq!(errno(t.reserve_up_to(Placement::At(all[0].fd()), 2)), EBUSY);
        assert_eq!(t.reserve_up_to(Placement::At(0), 2).unwrap().len(), 1);
    }
}

#[test]
fn reserve_many_rolling_back_frees_no_number_of_another() {
    let w = World::with(OpenFileTable::new(), 1 << 20);
    for limit in [64_u32, 1024, 1060, 36_866, 1 << 20, NO_LIMIT] {
        let t = w.limited(limit);
        let from = Placement::From(register(limit - 3));
        let rollback = || assert_eq!(errno(t.reserve_many::<4>(from)), EMFILE);
        watched(rollback, || {
            for _ in 0..5_000 {
                let Ok(fd) = t.open(from, w.file(0), NONE) else {
                    continue;
                };
                // Were it given back by the other thread, this would get it.
                let stolen = t.reserve(Placement::At(fd)).map(|r| r.fd());
                assert_eq!(errno(stolen), EBUSY, "{fd}");
                drop(t.close(fd).unwrap());
            }
        });
        // All three are free.
        assert!(t.reserve_many::<3>(from).is_ok(), "{limit}");
    }
    assert_eq!(w.live(), 0);
}
