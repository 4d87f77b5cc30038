//! Groups 33 and 34: what a file's Drop may do, a panic in it, and the end of a table.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use fdtable::{CloseRangeFlags, FdTable, OpenFileTable, Placement, RawFd};
use libc::EBADF;
use test_support::{EDGES, NONE, World, errno, numbers, panic_of, tag_at};

type Table = FdTable<Callback>;

/// A file whose drop calls a closure.
pub(crate) struct Callback(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Callback {
    pub(crate) fn new(f: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(f)))
    }

    /// A file whose drop panics; without the report, as it is meant to.
    fn panicking() -> Self {
        Self::new(|| resume_unwind(Box::new("in a file's drop")))
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.0.take().expect("dropped twice")();
    }
}

fn table(files: &OpenFileTable<Callback>) -> Arc<Table> {
    Arc::new(FdTable::builder(files).limit(1 << 31).build().unwrap())
}

pub(crate) fn open(t: &FdTable<Callback>, fd: RawFd, file: Callback) {
    assert_eq!(t.open(Placement::At(fd), file, NONE).unwrap(), fd);
}

/// A counter, and a file that raises it when it is dropped.
pub(crate) fn counter() -> (Arc<AtomicUsize>, impl Fn() -> Callback) {
    let count = Arc::new(AtomicUsize::new(0));
    let for_files = count.clone();
    (count, move || {
        let count = for_files.clone();
        Callback::new(move || {
            count.fetch_add(1, SeqCst);
        })
    })
}

/// It would be called again after each of its own changes, for ever.
#[test]
#[cfg(debug_assertions)]
fn a_change_of_flags_that_changes_its_own_number_panics() {
    let t = table(&OpenFileTable::new());
    for fd in EDGES {
        open(&t, fd, counter().1());
        let id = t.get(fd).unwrap().id();
        let change = |flags| flags ^ t.set_flags(fd, flags).unwrap();
        let calls: [&dyn Fn(); 2] =
            [&|| _ = t.update_flags(fd, change), &|| _ = t.update_flags_if(fd, id, change)];
        for call in calls {
            assert!(panic_of(call).contains("changes the number"));
            assert_eq!(t.flags(fd), Some(NONE));
        }
    }
}

#[test]
fn drop_may_close_the_next_number_of_its_own_table() {
    let t = table(&OpenFileTable::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    for (i, fd) in EDGES.into_iter().enumerate() {
        let (weak, order) = (Arc::downgrade(&t), order.clone());
        let then = move || {
            order.lock().unwrap().push(fd);
            if let (Some(t), Some(next)) = (weak.upgrade(), EDGES.get(i + 1)) {
                drop(t.close(*next).unwrap());
            }
        };
        open(&t, fd, Callback::new(then));
    }
    drop(t.close(0).unwrap());
    assert_eq!(*order.lock().unwrap(), EDGES);
    assert!(t.is_empty());
}

#[test]
fn drop_may_open_dup2_and_fork_in_its_own_table() {
    for fd in EDGES {
        let t = table(&OpenFileTable::new());
        let (count, file) = counter();
        let other = if fd == 9 { 10 } else { 9 };
        open(&t, other, file());
        let weak = Arc::downgrade(&t);
        let inner = file();
        let then = move || {
            let t = weak.upgrade().unwrap();
            // The number is free by now.
            open(&t, fd, inner);
            drop(t.dup2(other, fd).unwrap());
            assert_eq!(t.fork().len(), 2);
            drop(t.close(fd).unwrap());
            assert_eq!(t.dup(other, Placement::From(fd), NONE).unwrap(), fd);
        };
        open(&t, fd, Callback::new(then));
        drop(t.close(fd).unwrap());
        // The inner file was displaced by the inner dup2.
        assert_eq!((count.load(SeqCst), t.len()), (1, 2), "{fd}");
        drop(t);
        assert_eq!(count.load(SeqCst), 2, "{fd}");
    }
}

#[test]
fn drop_of_a_file_displaced_by_dup2_may_change_the_target_again() {
    for fd in EDGES {
        let t = table(&OpenFileTable::new());
        let (count, file) = counter();
        let old = if fd == 0 { 1 } else { 0 };
        open(&t, old, file());
        let weak = Arc::downgrade(&t);
        let then = move || drop(weak.upgrade().unwrap().close(fd).unwrap());
        open(&t, fd, Callback::new(then));
        drop(t.dup2(old, fd).unwrap());
        assert_eq!(errno(t.close(fd)), EBADF, "{fd}");
        assert_eq!(count.load(SeqCst), 0);
    }
}

#[test]
fn drop_in_a_sweep_may_change_numbers_before_and_behind_it() {
    let t = table(&OpenFileTable::new());
    let (count, file) = counter();
    let (before, behind, inner) = (10, RawFd::MAX, file());
    open(&t, before, file());
    open(&t, behind, file());
    let weak = Arc::downgrade(&t);
    let then = move || {
        let t = weak.upgrade().unwrap();
        drop(t.close(behind).unwrap());
        open(&t, before, inner);
    };
    open(&t, 1024, Callback::new(then));
    t.close_range(0, u32::MAX, CloseRangeFlags::empty()).unwrap();
    let open: Vec<_> = t.iter().map(|open| open.fd).collect();
    assert_eq!((open, count.load(SeqCst)), (vec![before], 2));
}

#[test]
fn drop_may_drop_a_table_with_files_of_its_own() {
    // As a socket whose messages in flight hold sockets: each file holds a table with the next.
    let files = OpenFileTable::new();
    let (count, file) = counter();
    let mut innermost = file();
    for depth in 0..64 {
        let t = table(&files);
        open(&t, EDGES[depth % EDGES.len()], innermost);
        open(&t, 77, file());
        innermost = Callback::new(move || drop(t));
    }
    assert_eq!(count.load(SeqCst), 0);
    drop(innermost);
    assert_eq!(count.load(SeqCst), 65);
}

#[test]
fn drop_may_be_the_end_of_the_open_file_table_it_lies_in() {
    let (count, file) = counter();
    let t = table(&OpenFileTable::new());
    for fd in EDGES {
        open(&t, fd, file());
    }
    let last = Mutex::new(Some(table(&OpenFileTable::new())));
    open(&t, 5, Callback::new(move || drop(last.lock().unwrap().take())));
    drop(t);
    assert_eq!(count.load(SeqCst), EDGES.len());
}

#[test]
fn a_panic_in_drop_leaves_the_number_usable() {
    for fd in EDGES {
        // One file at most: the place of the one that panicked is not lost either.
        let t = table(&OpenFileTable::with_limit(1));
        let (count, file) = counter();
        for round in 0..3 {
            open(&t, fd, Callback::panicking());
            assert_eq!(panic_of(|| drop(t.close(fd))), "in a file's drop");
            assert!(!t.contains(fd), "{fd}");
            open(&t, fd, file());
            drop(t.close(fd).unwrap());
            assert_eq!(count.load(SeqCst), round + 1, "{fd}");
        }
    }
}

#[test]
fn a_panic_in_the_drop_of_a_displaced_file_leaves_the_new_one() {
    for fd in EDGES {
        let t = table(&OpenFileTable::new());
        let (count, file) = counter();
        let old = if fd == 0 { 1 } else { 0 };
        open(&t, old, file());
        open(&t, fd, Callback::panicking());
        panic_of(|| drop(t.dup2(old, fd)));
        assert!(t.get(fd).unwrap().id() == t.get(old).unwrap().id(), "{fd}");
        open(&t, 500, Callback::panicking());
        panic_of(|| drop(t.replace(500, file(), NONE)));
        assert!(t.contains(500));
        drop(t);
        assert_eq!(count.load(SeqCst), 2, "{fd}");
    }
}

#[test]
fn a_panic_in_a_sweep_drops_nothing_twice_and_leaves_every_number_usable() {
    for panicking in EDGES {
        let t = table(&OpenFileTable::new());
        let (count, file) = counter();
        for fd in EDGES {
            let bad = fd == panicking;
            open(&t, fd, if bad { Callback::panicking() } else { file() });
        }
        let all = CloseRangeFlags::empty();
        panic_of(|| t.close_range(0, u32::MAX, all).unwrap());
        t.close_range(0, u32::MAX, all).unwrap();
        assert_eq!(count.load(SeqCst), EDGES.len() - 1, "{panicking}");
        for fd in EDGES {
            open(&t, fd, file());
        }
        t.close_range(0, u32::MAX, all).unwrap();
        assert_eq!(count.load(SeqCst), 2 * EDGES.len() - 1, "{panicking}");
    }
}

#[test]
fn a_panic_in_the_drop_of_a_table_releases_the_other_files_once() {
    for panicking in EDGES {
        let files = OpenFileTable::new();
        let t = table(&files);
        let (count, file) = counter();
        for fd in EDGES {
            let bad = fd == panicking;
            open(&t, fd, if bad { Callback::panicking() } else { file() });
        }
        panic_of(|| drop(t));
        assert_eq!(count.load(SeqCst), EDGES.len() - 1, "{panicking}");
        // The open file table goes on.
        let t = table(&files);
        open(&t, panicking, file());
        drop((t, files));
        assert_eq!(count.load(SeqCst), EDGES.len(), "{panicking}");
    }
}

#[test]
fn a_panic_between_reserve_and_install_gives_the_number_back() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let handler = || {
            let _reserved = t.reserve(Placement::At(fd)).unwrap();
            resume_unwind(Box::new("in a handler"));
        };
        assert!(catch_unwind(AssertUnwindSafe(handler)).is_err());
        w.open(&t, fd);
    }
}

#[test]
fn a_thread_suspended_in_a_release_holds_up_no_other() {
    for fd in EDGES {
        let t = table(&OpenFileTable::new());
        let (count, file) = counter();
        let gates = Arc::new((Barrier::new(2), Barrier::new(2)));
        let in_drop = gates.clone();
        let then = move || {
            in_drop.0.wait();
            in_drop.1.wait();
        };
        open(&t, fd, Callback::new(then));
        thread::scope(|s| {
            s.spawn(|| drop(t.close(fd).unwrap()));
            gates.0.wait();
            // The other thread stands in the middle of the file's drop.
            let checks = catch_unwind(AssertUnwindSafe(|| {
                open(&t, fd, file());
                drop(t.replace(fd, file(), NONE).unwrap());
                assert_eq!(t.fork().len(), 1, "{fd}");
                assert!(t.get(fd).is_some());
                t.close_range(0, u32::MAX, CloseRangeFlags::empty()).unwrap();
                assert_eq!(count.load(SeqCst), 2, "{fd}");
            }));
            gates.1.wait();
            checks.unwrap_or_else(|failure| resume_unwind(failure));
        });
    }
}

#[test]
fn dropping_a_table_releases_all_it_holds_at_once() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        w.open(&t, fd);
    }
    for fd in 2_000..7_000 {
        assert!(t.dup2(0, fd).unwrap().is_none());
    }
    assert_eq!(w.dropped(), []);
    drop(t);
    assert_eq!(w.live(), 0);
}

#[test]
fn an_owned_reference_outlives_its_table_and_the_open_file_table() {
    for fd in EDGES {
        let w = World::new();
        let t = w.table();
        let tag = w.open(&t, fd);
        let owned = t.get(fd).unwrap().into_owned();
        let id = owned.id();
        drop(t);
        assert!(!w.dropped_one(tag), "{fd}");
        // Back at a number of another table, and out again.
        let other = w.table();
        let reserved = other.reserve(Placement::At(fd)).unwrap();
        reserved.install_ref(owned.clone(), NONE).unwrap();
        assert_eq!((tag_at(&other, fd), numbers(&other)), (Some(tag), vec![fd]));
        drop(other);
        assert_eq!((owned.id(), owned.home), (id, fd));
        thread::spawn(move || drop(owned)).join().unwrap();
        assert!(w.dropped_one(tag), "{fd}");
    }
}

#[test]
fn an_owned_reference_alone_keeps_the_open_file_table() {
    let (count, file) = counter();
    let mut kept = VecDeque::new();
    for fd in EDGES {
        let t = table(&OpenFileTable::new());
        open(&t, fd, file());
        kept.push_back(t.get(fd).unwrap().into_owned());
    }
    // Each is now the only thing left of its two tables.
    assert_eq!(count.load(SeqCst), 0);
    for left in 1..=EDGES.len() {
        kept.pop_front();
        assert_eq!(count.load(SeqCst), left);
    }
}
