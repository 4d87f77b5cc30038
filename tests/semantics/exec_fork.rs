//! Groups 21, 22 and 36: exec, fork, and what two tables have in common.

use std::sync::{Arc, Mutex, atomic::Ordering::SeqCst};

use fdtable::{FdFlags, FdTable, FileId, Files, OpenFileTable, Placement, RawFd};
use test_support::{CLOEXEC, EDGES, File, NONE, World, numbers, race, tag_at};

use crate::callbacks::{Callback, counter};

/// Every second edge is FD_CLOEXEC, and all carry a flag of the user's.
fn open_edges(w: &World, t: &FdTable<File>) -> Vec<usize> {
    let flags = |i: usize| if i % 2 == 1 { CLOEXEC } else { NONE } | FdFlags::USER_4;
    let edges = EDGES.into_iter().enumerate();
    edges.map(|(i, fd)| w.open_with(t, fd, flags(i))).collect()
}

fn kept() -> Vec<RawFd> {
    EDGES.into_iter().step_by(2).collect()
}

fn contents(t: &FdTable<File>) -> Vec<(RawFd, FdFlags, FileId)> {
    t.iter().map(|open| (open.fd, open.flags, open.file.id())).collect()
}

/// Both forms of an exec.
const EXECS: [fn(&Files<File>); 2] = [Files::exec, |files| files.prepare_exec().commit()];

#[test]
fn exec_of_a_shared_table_leaves_the_siblings_their_fd_cloexec_numbers() {
    for exec in EXECS {
        let w = World::new();
        let files = Files::new(w.table());
        open_edges(&w, &files.load());
        let sibling = files.share();
        exec(&files);
        assert_eq!(numbers(&files.load()), kept());
        assert_eq!(numbers(&sibling.load()), EDGES);
        assert!(!files.is_shared() && !sibling.is_shared());
        assert_eq!(w.dropped(), []);
        // What exec kept is the same file, with its flags, and one reference more.
        for fd in kept() {
            assert_eq!(tag_at(&files.load(), fd), tag_at(&sibling.load(), fd));
            assert_eq!(files.load().flags(fd), Some(FdFlags::USER_4));
        }
        drop(sibling);
        assert_eq!(w.live(), kept().len());
        drop(files);
        assert_eq!(w.live(), 0);
    }
}

#[test]
fn exec_of_an_unshared_table_releases_the_fd_cloexec_files() {
    for exec in EXECS {
        let w = World::new();
        let files = Files::new(w.table());
        let tags = open_edges(&w, &files.load());
        exec(&files);
        let released: Vec<_> = tags.into_iter().skip(1).step_by(2).collect();
        assert_eq!(w.dropped(), released);
        assert_eq!(numbers(&files.load()), kept());
    }
}

#[test]
fn exec_of_an_unshared_table_keeps_it_and_what_is_reserved() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    let table = Arc::clone(&files.load());
    let reserved = table.reserve(Placement::At(7)).unwrap();
    files.exec();
    assert!(Arc::ptr_eq(&table, &files.load()));
    reserved.install(w.file(7), CLOEXEC).unwrap();
    files.exec();
    assert_eq!(numbers(&files.load()), kept());
}

#[test]
fn exec_frees_each_number_before_it_drops_the_file() {
    let files = Arc::new(Files::new(FdTable::new(&OpenFileTable::new())));
    let (count, file) = counter();
    for fd in [3, 20_000] {
        let (task, file) = (Arc::downgrade(&files), file());
        let reopen = move || {
            let files = task.upgrade().unwrap();
            assert_eq!(files.load().open(Placement::At(fd), file, NONE).unwrap(), fd);
        };
        files.load().open(Placement::At(fd), Callback::new(reopen), CLOEXEC).unwrap();
    }
    files.exec();
    assert_eq!(files.load().iter().map(|open| open.fd).collect::<Vec<_>>(), [3, 20_000]);
    drop(files);
    assert_eq!(count.load(SeqCst), 2);
}

#[test]
fn an_exec_plan_closes_nothing_before_its_commit() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    let plan = files.prepare_exec();
    assert_eq!(w.dropped(), []);
    plan.commit();
    assert_eq!(w.live(), kept().len());
}

#[test]
fn an_exec_plan_not_committed_closes_nothing() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    let (before, table) = (contents(&files.load()), Arc::as_ptr(&files.load()));
    let plan = files.prepare_exec();
    assert_eq!(numbers(plan.table()), kept());
    assert_eq!(contents(&files.load()), before);
    drop(plan);
    assert_eq!(contents(&files.load()), before);
    assert_eq!(Arc::as_ptr(&files.load()), table);
    assert!(!files.is_shared());
    assert_eq!(w.dropped(), []);
    // Nor does it leave a reference behind.
    drop(files);
    assert_eq!(w.live(), 0);
}

#[test]
fn the_table_after_exec_has_the_limit_and_the_base_of_before() {
    let w = World::new();
    let table = FdTable::builder(&w.files).base(2048).limit(5000);
    let files = Files::new(table.build().unwrap());
    for exec in EXECS {
        exec(&files);
        assert_eq!((files.load().limit(), files.load().base()), (5000, 2048));
    }
}

#[test]
fn fork_copies_each_number_with_one_more_reference() {
    let w = World::new();
    let t = w.table();
    let tags = open_edges(&w, &t);
    let child = t.fork();
    assert_eq!(contents(&child), contents(&t));
    drop(t);
    assert_eq!(w.dropped(), []);
    for (fd, tag) in EDGES.into_iter().zip(tags) {
        assert!(!w.dropped_one(tag), "{fd}");
        drop(child.close(fd).unwrap());
        assert!(w.dropped_one(tag), "{fd}");
    }
}

#[test]
fn fork_keeps_fd_cloexec_and_the_limit_and_the_base() {
    let w = World::new();
    let builder = FdTable::builder(&w.files).base(4096).limit(40_000);
    let t = builder.build().unwrap();
    w.open_with(&t, 5, CLOEXEC);
    w.open_with(&t, 39_999, FdFlags::all() - FdFlags::CLOFORK);
    let child = t.fork();
    assert_eq!(child.flags(5), Some(CLOEXEC));
    assert_eq!(child.flags(39_999), Some(FdFlags::all() - FdFlags::CLOFORK));
    assert_eq!((child.limit(), child.base()), (40_000, 4096));
}

#[test]
fn fork_copies_a_number_above_a_lowered_limit() {
    let w = World::new();
    let t = w.table();
    let tags = open_edges(&w, &t);
    t.set_limit(1);
    let child = t.fork();
    assert_eq!(numbers(&child), EDGES);
    drop(t);
    assert_eq!(tag_at(&child, RawFd::MAX), tags.last().copied());
}

#[test]
fn fork_counts_a_file_once_for_each_number_it_has() {
    let w = World::new();
    let t = w.table();
    let tag = w.open(&t, 0);
    for fd in &EDGES[1..] {
        t.dup2(0, *fd).unwrap();
    }
    let child = t.fork();
    let file = child.get(0).unwrap();
    assert_eq!(child.fds_of(file.id()).collect::<Vec<_>>(), EDGES);
    drop(file);
    drop(t);
    for fd in EDGES {
        assert!(!w.dropped_one(tag), "{fd}");
        drop(child.close(fd).unwrap());
    }
    assert!(w.dropped_one(tag));
}

#[test]
fn a_forked_task_and_its_parent_go_their_own_ways() {
    let w = World::new();
    let files = Files::new(w.table());
    open_edges(&w, &files.load());
    let child = files.fork();
    assert!(!files.is_shared() && !child.is_shared());
    files.load().close_range(0, u32::MAX, Default::default()).unwrap();
    assert_eq!(numbers(&child.load()), EDGES);
    assert_eq!(w.dropped(), []);
    assert_eq!(child.load().dup(0, Placement::Lowest, NONE).unwrap(), 1);
    assert!(files.load().is_empty());
    drop(child);
    assert_eq!(w.live(), 0);
}

#[test]
fn a_shared_table_is_one_until_unshared() {
    let w = World::new();
    let files = Files::new(w.table());
    let sibling = files.share();
    w.open(&sibling.load(), 7);
    assert_eq!(numbers(&files.load()), [7]);
    files.unshare();
    w.open(&sibling.load(), 8);
    drop(files.load().close(7).unwrap());
    assert_eq!(numbers(&sibling.load()), [7, 8]);
    assert!(files.load().is_empty());
    assert_eq!(w.dropped(), []);
}

#[test]
fn a_task_that_adopts_leaves_its_table_and_shares_the_other() {
    let w = World::new();
    let [one, other] = [1, 2].map(|fd| {
        let files = Files::new(w.table());
        w.open(&files.load(), fd);
        files
    });
    let sibling = one.share();
    one.adopt(&other);
    assert!(Arc::ptr_eq(&one.load(), &other.load()));
    assert!(one.is_shared() && other.is_shared() && !sibling.is_shared());
    assert_eq!((numbers(&one.load()), numbers(&sibling.load())), (vec![2], vec![1]));
    // The last task has left: its files are closed.
    sibling.adopt(&other);
    assert_eq!(w.live(), 1);
    // A second time, and of itself: as once.
    sibling.adopt(&one);
    sibling.adopt(&sibling);
    drop((one, other));
    assert!(!sibling.is_shared());
    assert_eq!(numbers(&sibling.load()), [2]);
}

#[test]
fn two_unshares_of_one_task_leave_the_shared_table_once() {
    let w = World::new();
    let files = Files::new(w.table());
    (0..100).for_each(|fd| _ = w.open(&files.load(), fd));
    let sibling = Mutex::new(None);
    race(
        1_000,
        || *sibling.lock().unwrap() = Some(files.share()),
        || files.unshare(),
        || files.unshare(),
        |(), ()| {
            let sibling = sibling.lock().unwrap().take().unwrap();
            assert!(!files.is_shared() && !sibling.is_shared());
            let thread = files.share();
            assert!(files.is_shared() && thread.is_shared());
        },
    );
    assert_eq!(w.dropped(), []);
}

#[test]
fn the_same_number_in_two_tables_is_two_files() {
    let w = World::new();
    let (one, two) = (w.table(), w.table());
    for fd in EDGES {
        let (first, second) = (w.open(&one, fd), w.open(&two, fd));
        assert_ne!(one.get(fd).unwrap().id(), two.get(fd).unwrap().id());
        drop(one.close(fd).unwrap());
        assert!(w.dropped_one(first) && !w.dropped_one(second), "{fd}");
        assert_eq!(tag_at(&two, fd), Some(second), "{fd}");
        assert!(one.get(fd).is_none(), "{fd}");
        two.set_cloexec(fd, true).unwrap();
        w.open(&one, fd);
        assert_eq!(one.flags(fd), Some(NONE), "{fd}");
    }
    drop(one);
    assert_eq!(numbers(&two), EDGES);
}
