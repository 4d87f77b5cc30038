//! What goes on beside a suspended thread, and what it answers.

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, Placement, RawFd};
use libc::{EBADF, EBUSY};
use test_support::{CLOEXEC, NONE, arg, errno};

use crate::world::{ALONE, ALWAYS_OPEN, BUSY_OWN, CHUNKS, File, OWN, SHARED, World};

/// What the other thread does not hold: each call ends, and gives what it gives to a thread alone.
fn own_numbers_work(t: &FdTable<File>, chunk: RawFd) {
    let (a, b) = (chunk + OWN, chunk + OWN + 1);
    assert_eq!(t.open(Placement::At(a), File::new(chunk), NONE).unwrap(), a);
    assert_eq!(t.get(a).unwrap().0, chunk);
    assert!(t.dup2(a, b).unwrap().is_none());
    assert!(t.dup3(a, b, CLOEXEC).unwrap().is_some());
    assert_eq!(t.flags(b), Some(CLOEXEC));
    assert_eq!(t.set_flags(b, FdFlags::USER_1), Ok(CLOEXEC));
    assert!(t.replace(b, File::new(chunk), NONE).unwrap().is_some());
    let child = t.fork();
    assert!(child.contains(a) && child.contains(b));
    drop(t.take(b).unwrap());
    assert_eq!(errno(t.dup2(a, b)), 0);
    t.close_range(arg(b), arg(b), CloseRangeFlags::empty()).unwrap();
    assert_eq!(errno(t.close(b)), EBADF);
    assert!(t.iter().any(|open| open.fd == a));
    drop(t.close(a).unwrap());
    assert_eq!(errno(t.close(a)), EBADF);
}

/// The other thread holds three of the numbers there at most: the lowest after them is found.
fn the_lowest_free_is_found(t: &FdTable<File>, chunk: RawFd) {
    let from = chunk + SHARED;
    let reserved = t.reserve_many::<2>(Placement::From(from)).unwrap();
    for number in &reserved {
        assert!((from..from + 5).contains(&number.fd()), "{}", number.fd());
    }
    let any = t.open(Placement::Any, File::new(-1), NONE).unwrap();
    drop(t.close(any).unwrap());
}

/// The other thread's numbers: each call ends, and gives what a race with its call may give.
/// Returns how many were held up.
fn its_numbers_answer(t: &FdTable<File>, chunk: RawFd) -> usize {
    let own = chunk + OWN;
    assert_eq!(t.open(Placement::At(own), File::new(chunk), NONE).unwrap(), own);
    let mut held_up = 0;
    for fd in chunk..chunk + 3 {
        assert!(t.get(fd).is_none_or(|file| file.0 == chunk), "{fd}");
        let answers = [
            errno(t.dup2(own, fd)),
            errno(t.close(fd)),
            errno(t.open(Placement::At(fd), File::new(chunk), NONE)),
        ];
        match answers {
            [0, 0, 0] => {}
            [EBUSY, EBADF, EBUSY] => held_up += 1,
            _ => panic!("{answers:?} for {fd}"),
        }
    }
    drop(t.close(own).unwrap());
    held_up
}

fn files_work(files: &Files<File>) {
    let fd = files.load().open(Placement::Lowest, File::new(-1), NONE).unwrap();
    assert!(files.fork().load().contains(fd));
    files.share().unshare();
    files.prepare_exec().commit();
    files.exec();
    drop(files.load().close(fd).unwrap());
}

/// A chunk that the other thread makes and empties: whatever it is at, a number beside it opens and
/// closes, and so does another chunk of the same node.
fn what_is_reclaimed_is_made_anew(t: &FdTable<File>, alone: RawFd) {
    for fd in [alone + OWN, alone + 32] {
        assert_eq!(t.open(Placement::At(fd), File::new(fd), NONE).unwrap(), fd);
        assert_eq!(t.get(fd).unwrap().0, fd);
        assert_eq!(t.fork().get(fd).unwrap().0, fd);
        assert_eq!(t.close(fd).unwrap().0, fd);
        assert_eq!(errno(t.close(fd)), EBADF);
    }
    assert!(t.get(alone).is_none_or(|file| file.0 == alone));
}

/// A table that other threads fork and change: the other thread may be stopped while its copy asks
/// for quiet, or in a pause. Copies and changes end, at the latest when its request is void.
fn busy_table_works(t: &FdTable<File>) {
    assert!(t.fork().contains(ALWAYS_OPEN));
    assert_eq!(t.set_flags(ALWAYS_OPEN, CLOEXEC).map(drop), Ok(()));
    assert_eq!(t.open(Placement::At(BUSY_OWN), File::new(0), NONE).unwrap(), BUSY_OWN);
    drop(t.close(BUSY_OWN).unwrap());
}

/// All that another thread may want, on every tier; how many numbers were held up.
pub(crate) fn everything(w: &World) -> usize {
    w.files.iter().for_each(files_work);
    busy_table_works(&w.busy);
    ALONE.iter().for_each(|&alone| what_is_reclaimed_is_made_anew(&w.t, alone));
    let held_up = CHUNKS.iter().map(|&chunk| {
        own_numbers_work(&w.t, chunk);
        the_lowest_free_is_found(&w.t, chunk);
        its_numbers_answer(&w.t, chunk)
    });
    held_up.sum()
}
