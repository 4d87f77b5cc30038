//! Panics: of a caller that holds what the surface hands out, and of files that the table drops by
//! itself.

use std::{
    any::Any,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
};

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement, RawFd};
use test_support::{CLOEXEC, EDGES, File, NONE, World, numbers, tag_at};

use crate::callbacks::{Callback, counter, open};

const CALLERS: &str = "of a caller";

/// Panics, quietly, while something is alive.
fn panic_with<H>(held: H) {
    let _held = held;
    resume_unwind(Box::new(CALLERS));
}

fn panic_in<R>(f: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(|| drop(f()))).expect_err("no panic")
}

/// How many files fit in.
const ROOM: usize = 4;
/// The numbers that are open beside the one in question.
const OPEN: [RawFd; 2] = [7, 70_000];
const FREE: RawFd = 8;

/// A call whose result is alive when its caller panics.
type Holding = fn(&World, &Files<File>, RawFd);

/// After these everything is as before.
const NOTHING_HAPPENS: &[Holding] = &[
    |_, files, _| panic_with(files.load().reserve(Placement::At(FREE))),
    |_, files, fd| panic_with(files.load().reserve_many::<3>(Placement::From(fd))),
    |_, files, _| panic_with(files.load().reserve_owned(Placement::Lowest)),
    |_, files, fd| panic_with(files.load().get(fd)),
    |_, files, fd| panic_with(files.load().get(fd).map(|file| file.into_owned())),
    |_, files, fd| panic_with(files.load().descriptor(fd).map(|open| (open.clone(), open))),
    |_, files, _| {
        let table = files.load();
        let mut iter = table.iter();
        panic_with((iter.next(), iter));
    },
    |_, files, fd| {
        let table = files.load();
        let id = table.get(fd).unwrap().id();
        panic_with((table.fds_of(id).next(), table.fds_of(id)));
    },
    |_, files, _| panic_with(files.load()),
    |_, files, _| panic_with(Arc::clone(&files.load())),
    |_, files, _| panic_with(files.load().fork()),
    |_, files, _| panic_with((files.fork(), files.share())),
    |_, files, _| panic_with(files.prepare_exec()),
    |w, _, fd| panic_with(w.files.insert(w.file(fd))),
    |w, files, fd| panic_with(files.load().open(Placement::At(fd), w.file(fd), NONE)),
    |w, files, fd| {
        let foreign = OpenFileTable::new().insert(w.file(fd)).unwrap();
        let table = files.load();
        let reserved = table.reserve(Placement::At(FREE)).unwrap();
        panic_with(reserved.install_ref(foreign, CLOEXEC));
    },
    |_, files, fd| _ = files.load().update_flags(fd, |_| panic_of_caller()),
    |_, files, fd| {
        let table = files.load();
        let id = table.get(fd).unwrap().id();
        _ = table.update_flags_if(fd, id, |_| panic_of_caller());
    },
];

fn panic_of_caller() -> FdFlags {
    panic_with(());
    NONE
}

/// After these the number alone is closed.
const CLOSED: &[Holding] = &[
    |_, files, fd| panic_with(files.load().close(fd)),
    |_, files, fd| panic_with(files.load().take(fd)),
    |_, files, fd| panic_with(files.load().take_owned(fd)),
    |_, files, fd| panic_with(files.load().drain(fd as u32, fd as u32)),
    |_, files, fd| {
        let table = files.load();
        let mut drain = table.drain(fd as u32, fd as u32).unwrap();
        panic_with((drain.next(), drain));
    },
];

/// After these all is closed: a drain closes what is left.
const ALL_CLOSED: &[Holding] = &[
    |_, files, _| panic_with(files.load().drain(0, u32::MAX)),
    |_, files, _| {
        let table = files.load();
        let mut drain = table.drain(0, u32::MAX).unwrap();
        let first = drain.next();
        panic_with((drain, first));
    },
    |_, files, _| {
        let table = files.load();
        table.drain(0, u32::MAX).unwrap().for_each(panic_with);
    },
];

/// After these the number is open on another file.
const REPLACED: &[Holding] = &[
    |_, files, fd| panic_with(files.load().dup2(OPEN[0], fd)),
    |w, files, fd| panic_with(files.load().replace(fd, w.file(fd), NONE)),
    |w, files, fd| {
        let table = files.load();
        let id = table.get(fd).unwrap().id();
        panic_with(table.replace_if(fd, id, w.file(fd), NONE));
    },
];

#[test]
fn a_panic_of_a_caller_gives_back_what_it_holds() {
    let w = World::with(OpenFileTable::with_limit(ROOM as u32), 1 << 14);
    let files = Files::new(w.table());
    let calls = [
        (NOTHING_HAPPENS, 3, true),
        (CLOSED, 2, false),
        (ALL_CLOSED, 0, false),
        (REPLACED, 3, false),
    ];
    for fd in EDGES {
        for (calls, left, same) in calls {
            for (i, call) in calls.iter().enumerate() {
                let [_, _, tag] = [OPEN[0], OPEN[1], fd].map(|fd| w.open(&files.load(), fd));
                panic_in(|| call(&w, &files, fd));
                let table = files.load();
                assert_eq!(
                    numbers(&table).len(),
                    left,
                    "{fd}: call {i} of those that leave {left}"
                );
                assert_eq!(tag_at(&table, fd) == Some(tag), same, "{fd}: call {i}");
                w.assert_whole(&table, ROOM);
            }
        }
    }
}

/// What the drop of a file panics with. Its own drop panics too, with another one.
struct Payload(RawFd);

impl Drop for Payload {
    fn drop(&mut self) {
        resume_unwind(Box::new(Payload(-1)));
    }
}

fn drop_and_panic(file: Callback, fd: RawFd) {
    drop(file);
    resume_unwind(Box::new(Payload(fd)));
}

/// Files whose drops panic are open at these, and a file at every other edge.
const BOMBS: [RawFd; 4] = [1023, 1024, 36_863, RawFd::MAX];

/// A call that drops all files that there are.
type Dropping = fn(Files<Callback>);

const DROPPING: &[Dropping] = &[
    |files| drop(files),
    |files| files.load().close_range(0, u32::MAX, CloseRangeFlags::empty()).unwrap(),
    |files| files.close_range(0, u32::MAX, CloseRangeFlags::UNSHARE).unwrap(),
    |files| drop(files.load().drain(0, u32::MAX)),
    |files| {
        files.load().close_range(0, u32::MAX, CloseRangeFlags::CLOEXEC).unwrap();
        files.prepare_exec().commit();
    },
    |files| {
        files.load().close_range(0, u32::MAX, CloseRangeFlags::CLOEXEC).unwrap();
        let last = files.load();
        files.prepare_exec().commit();
        drop(last);
    },
    |files| {
        files.load().close_range(0, u32::MAX, CloseRangeFlags::CLOEXEC).unwrap();
        files.exec();
    },
    |files| {
        let parent = files.fork();
        let plan = files.prepare_exec();
        drop(files.load().drain(0, u32::MAX));
        drop(parent);
        drop(plan);
    },
    |files| {
        let sibling = files.share();
        sibling.unshare();
        drop(files);
        drop(sibling);
    },
    |files| {
        let table = Arc::clone(&files.load());
        let last = table.reserve_owned(Placement::Lowest).unwrap();
        drop((files, table));
        drop(last);
    },
];

/// The same while a panic of the caller unwinds.
const DROPPING_WHILE_UNWINDING: &[Dropping] = &[
    panic_with,
    |files| panic_with(files.load().drain(0, u32::MAX)),
    |files| {
        let copy = files.load().fork();
        drop(files);
        panic_with(copy);
    },
    |files| {
        let parent = files.fork();
        drop(files.load().drain(0, u32::MAX));
        panic_with((files, parent));
    },
];

/// How a call that drops all files panics, when each of them was dropped and its room is free.
fn panic_of(call: Dropping) -> ManuallyDrop<Box<dyn Any + Send>> {
    let open_files = OpenFileTable::with_limit(EDGES.len() as u32);
    let (count, file) = counter();
    let table = FdTable::builder(&open_files).limit(1 << 31).build().unwrap();
    for fd in EDGES {
        let (bomb, file) = (BOMBS.contains(&fd), file());
        let panicking = |file| Callback::new(move || drop_and_panic(file, fd));
        open(&table, fd, if bomb { panicking(file) } else { file });
    }
    // Never dropped, as its drop may panic.
    let panic = ManuallyDrop::new(panic_in(|| call(Files::new(table))));
    assert_eq!(count.load(SeqCst), EDGES.len(), "every file is dropped once");
    let inserted = EDGES.map(|_| open_files.insert(file()).is_ok());
    assert_eq!(inserted, EDGES.map(|_| true), "room for files is lost");
    panic
}

#[test]
fn the_first_panic_of_files_that_are_dropped_together_goes_on_when_all_are_dropped() {
    for call in DROPPING {
        let panic = panic_of(*call);
        let Some(Payload(fd)) = panic.downcast_ref() else { panic!("another panic") };
        assert_eq!(*fd, BOMBS[0]);
    }
    for call in DROPPING_WHILE_UNWINDING {
        assert_eq!(panic_of(*call).downcast_ref(), Some(&CALLERS));
    }
}
