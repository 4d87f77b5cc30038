//! Groups 26 and 27: a close beside another one, beside an open and beside a user of the file.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use fdtable::{FdTable, Placement, RawFd};
use libc::{EBADF, EBUSY};
use test_support::{CLOEXEC, EDGES, File, NONE, World, errno, race, tag_at};

const ROUNDS: usize = 1_000;

#[test]
fn two_closes_of_one_number_are_one_success_and_one_ebadf() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let tag = AtomicUsize::new(0);
        race(
            ROUNDS,
            || tag.store(w.open(&t, fd), SeqCst),
            || errno(t.close(fd)),
            || errno(t.close(fd)),
            |a, b| {
                let mut both = [a, b];
                both.sort_unstable();
                assert_eq!(both, [0, EBADF], "{fd}");
                assert!(w.dropped_one(tag.load(SeqCst)), "{fd}");
            },
        );
    }
}

/// Closes the number and opens it again, on a new file that takes the block of the closed one. The
/// errno of the close, that of the open, and the new file's tag.
fn close_and_open(w: &World, t: &FdTable<File>, fd: RawFd) -> (i32, i32, usize) {
    let closed = errno(t.close(fd));
    let file = w.file(fd);
    let tag = file.tag;
    (closed, errno(t.open(Placement::At(fd), file, NONE)), tag)
}

#[test]
fn close_if_with_a_stale_id_never_closes_the_new_file() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let id = Mutex::new(None);
        race(
            ROUNDS,
            || {
                drop(t.replace(fd, w.file(fd), NONE).unwrap());
                *id.lock().unwrap() = Some(t.get(fd).unwrap().id());
            },
            || errno(t.close_if(fd, id.lock().unwrap().unwrap())),
            || close_and_open(&w, &t, fd),
            |stale, (closed, opened, new)| {
                assert_eq!((closed, stale).min((stale, closed)), (0, EBADF));
                match opened {
                    0 => assert_eq!(tag_at(&t, fd), Some(new), "{fd}"),
                    // The number was not given back yet by the other's close.
                    EBUSY => assert_eq!(stale, 0),
                    errno => panic!("errno {errno}"),
                }
            },
        );
    }
}

#[test]
fn close_if_and_replace_if_look_at_the_file_and_not_at_the_number() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let mut stale = Vec::new();
        for _ in 0..100 {
            w.open(&t, fd);
            stale.push(t.get(fd).unwrap().id());
            drop(t.close(fd).unwrap());
        }
        let tag = w.open(&t, fd);
        let id = t.get(fd).unwrap().id();
        for stale in stale {
            assert_ne!(stale, id, "{fd}");
            assert_eq!(errno(t.close_if(fd, stale)), EBADF, "{fd}");
            assert_eq!(errno(t.replace_if(fd, stale, w.file(fd), NONE)), EBADF);
        }
        assert_eq!(tag_at(&t, fd), Some(tag), "{fd}");
        let displaced = t.replace_if(fd, id, w.file(fd), CLOEXEC).unwrap();
        assert_eq!(displaced.tag, tag);
        assert_eq!(errno(t.close_if(fd, id)), EBADF, "{fd}");
        let id = t.get(fd).unwrap().id();
        drop(t.close_if(fd, id).unwrap());
        assert!(!t.contains(fd), "{fd}");
    }
}

#[test]
fn close_frees_the_number_at_once_and_the_file_when_its_last_use_ends() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let tag = w.open(&t, fd);
        let user = t.get(fd).unwrap().into_owned();
        thread::scope(|s| s.spawn(|| drop(t.close(fd).unwrap())).join()).unwrap();
        assert!(!w.dropped_one(tag), "{fd}");
        let new = w.open(&t, fd);
        assert_eq!((user.tag, tag_at(&t, fd)), (tag, Some(new)), "{fd}");
        thread::scope(|s| s.spawn(move || drop(user)).join()).unwrap();
        assert!(w.dropped_one(tag) && !w.dropped_one(new), "{fd}");
    }
}

#[test]
fn the_last_of_a_user_and_a_closer_drops_the_file() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let tag = AtomicUsize::new(0);
        race(
            ROUNDS,
            || tag.store(w.open(&t, fd), SeqCst),
            || t.get(fd).map(|file| file.tag),
            || drop(t.close(fd).unwrap()),
            |found, ()| {
                let tag = tag.load(SeqCst);
                assert!(found.is_none_or(|found| found == tag), "{fd}");
                assert!(w.dropped_one(tag), "{fd}");
            },
        );
    }
}
