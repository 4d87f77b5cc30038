//! What a call that fails, or is taken back, leaves behind: nothing. Each of them runs with a limit
//! of open files, over every tier; then every file still fits in, and every number is free.

use fdtable::{CloseRangeFlags, Error, FdTable, FileId, Files, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EBUSY, EINVAL, EMFILE, ENFILE};
use test_support::{BAD, EDGES, File, NONE, World, errno};

/// How many files fit in.
const ROOM: usize = 3;

type Table = FdTable<File>;

/// A call that fails on a number that is open, and the errno.
type Failing = (i32, fn(&World, &Table, RawFd) -> i32);

/// A number that is open in none of these.
fn free(fd: RawFd) -> RawFd {
    if fd < 500 { fd + 500 } else { fd - 500 }
}

fn open(w: &World, t: &Table, placement: Placement) -> i32 {
    errno(t.open(placement, w.file(-1), NONE))
}

/// Calls where no other file fits in.
fn full<R>(w: &World, call: impl FnOnce() -> R) -> R {
    let others: Vec<_> = (1..ROOM).map(|_| w.files.insert(w.file(-1)).unwrap()).collect();
    let result = call();
    drop(others);
    result
}

/// Calls where no number is allowed.
fn limited<R>(t: &Table, limit: u32, call: impl FnOnce() -> R) -> R {
    let before = t.limit();
    t.set_limit(limit);
    let result = call();
    t.set_limit(before);
    result
}

/// Calls while another operation has a number.
fn reserved<R>(t: &Table, fd: RawFd, call: impl FnOnce() -> R) -> R {
    let reserved = t.reserve(Placement::At(fd)).unwrap();
    let result = call();
    drop(reserved);
    result
}

fn id(t: &Table, fd: RawFd) -> FileId {
    t.get(fd).unwrap().id()
}

/// The id of a file that is gone.
fn stale(w: &World) -> FileId {
    w.files.insert(w.file(-1)).unwrap().id()
}

const OPENS: &[Failing] = &[
    (EBUSY, |w, t, fd| open(w, t, Placement::At(fd))),
    (EBUSY, |w, t, fd| reserved(t, free(fd), || open(w, t, Placement::At(free(fd))))),
    (EBADF, |w, t, _| open(w, t, Placement::At(BAD[0]))),
    (EINVAL, |w, t, _| open(w, t, Placement::From(BAD[0]))),
    (EMFILE, |w, t, fd| limited(t, fd as u32 + 1, || open(w, t, Placement::From(fd)))),
    (EMFILE, |w, t, _| limited(t, 0, || open(w, t, Placement::Lowest))),
    (EMFILE, |w, t, _| limited(t, 0, || open(w, t, Placement::FromBase))),
    (EMFILE, |w, t, _| limited(t, 0, || open(w, t, Placement::Any))),
    (ENFILE, |w, t, fd| full(w, || open(w, t, Placement::At(free(fd))))),
    (ENFILE, |w, t, _| full(w, || open(w, t, Placement::Lowest))),
    (ENFILE, |w, t, _| full(w, || open(w, t, Placement::Any))),
    (ENFILE, |w, _, _| full(w, || errno(w.files.insert(w.file(-1))))),
];

const REPLACEMENTS: &[Failing] = &[
    (EBADF, |w, t, _| errno(t.replace(BAD[0], w.file(-1), NONE))),
    (EBADF, |w, t, fd| limited(t, fd as u32, || errno(t.replace(fd, w.file(-1), NONE)))),
    (EBUSY, |w, t, fd| reserved(t, free(fd), || errno(t.replace(free(fd), w.file(-1), NONE)))),
    (ENFILE, |w, t, fd| full(w, || errno(t.replace(fd, w.file(-1), NONE)))),
    (ENFILE, |w, t, fd| full(w, || errno(t.replace(free(fd), w.file(-1), NONE)))),
    (EBADF, |w, t, fd| errno(t.replace_if(fd, stale(w), w.file(-1), NONE))),
    (EBADF, |w, t, fd| errno(t.replace_if(free(fd), id(t, fd), w.file(-1), NONE))),
    (EBADF, |w, t, fd| errno(t.replace_if(BAD[0], id(t, fd), w.file(-1), NONE))),
    (ENFILE, |w, t, fd| full(w, || errno(t.replace_if(fd, id(t, fd), w.file(-1), NONE)))),
];

const DUPLICATES: &[Failing] = &[
    (EBADF, |_, t, fd| errno(t.dup(free(fd), Placement::Lowest, NONE))),
    (EBUSY, |_, t, fd| errno(t.dup(fd, Placement::At(fd), NONE))),
    (EBADF, |_, t, fd| errno(t.dup(fd, Placement::At(BAD[0]), NONE))),
    (EINVAL, |_, t, fd| limited(t, 9, || errno(t.dup(fd, Placement::From(9), NONE)))),
    (EMFILE, |_, t, fd| limited(t, 0, || errno(t.dup(fd, Placement::Lowest, NONE)))),
    (EBADF, |_, t, fd| errno(t.dup2(free(fd), fd))),
    (EBADF, |_, t, fd| errno(t.dup2(fd, BAD[0]))),
    (EBUSY, |_, t, fd| reserved(t, free(fd), || errno(t.dup2(fd, free(fd))))),
    (EBUSY, |_, t, fd| reserved(t, free(fd), || errno(t.dup3(fd, free(fd), NONE)))),
    (EINVAL, |_, t, fd| errno(t.dup3(fd, fd, NONE))),
];

const RESERVATIONS: &[Failing] = &[
    (EBUSY, |_, t, fd| errno(t.reserve(Placement::At(fd)))),
    // The second of two.
    (EBUSY, |_, t, fd| errno(t.reserve_many::<2>(Placement::At(free(fd))))),
    (EMFILE, |_, t, fd| {
        let one = free(fd);
        limited(t, one as u32 + 1, || errno(t.reserve_many::<3>(Placement::From(one))))
    }),
    (ENFILE, |w, t, fd| {
        let reserved = t.reserve(Placement::At(free(fd))).unwrap();
        full(w, || errno(reserved.install(w.file(-1), NONE)))
    }),
    (EINVAL, |w, t, fd| {
        let foreign = OpenFileTable::new().insert(w.file(-1)).unwrap();
        let reserved = t.reserve(Placement::At(free(fd))).unwrap();
        errno(reserved.install_ref(foreign, NONE))
    }),
];

const OTHERS: &[Failing] = &[
    (EBADF, |_, t, fd| errno(t.close(free(fd)))),
    (EBADF, |_, t, fd| errno(t.take(free(fd)))),
    (EBADF, |w, t, fd| errno(t.close_if(fd, stale(w)))),
    (EBADF, |_, t, fd| errno(t.close_if(free(fd), id(t, fd)))),
    (EBADF, |_, t, fd| errno(t.set_flags(free(fd), NONE))),
    (EBADF, |w, t, fd| errno(t.update_flags_if(fd, stale(w), |flags| flags))),
    (EINVAL, |_, t, _| errno(t.drain(1, 0))),
    (EINVAL, |_, t, _| errno(t.close_range(1, 0, CloseRangeFlags::empty()))),
    // What is taken back is no failure.
    (0, |_, t, fd| errno(t.reserve_many::<2>(Placement::From(free(fd))))),
    (0, |_, t, _| {
        let files = Files::new(t.fork());
        let plan = files.prepare_exec();
        drop(files.load().drain(0, u32::MAX));
        drop(plan);
        errno(Ok::<_, Error>(()))
    }),
];

#[test]
fn a_call_that_fails_loses_no_file_no_room_and_no_number() {
    let w = World::with(OpenFileTable::with_limit(ROOM as u32), 1 << 14);
    let t = w.table();
    let any = || t.reserve(Placement::Any).unwrap().fd();
    let (first, calls) = (any(), [OPENS, REPLACEMENTS, DUPLICATES, RESERVATIONS, OTHERS]);
    for fd in EDGES {
        for (kind, failing) in calls.iter().enumerate() {
            for (i, (expected, call)) in failing.iter().enumerate() {
                let tag = w.open(&t, fd);
                assert_eq!(call(&w, &t, fd), *expected, "{fd}: call {i} of table {kind}");
                assert_eq!((w.live(), t.get(fd).map(|file| file.tag)), (1, Some(tag)));
                w.assert_whole(&t, ROOM);
                assert!(t.reserve(Placement::At(free(fd))).is_ok() && any() == first);
            }
        }
    }
}
