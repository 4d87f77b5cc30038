//! Files whose Drop calls back into the table, or panics, while other threads change it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use fastrand::Rng;
use fdtable::{CloseRangeFlags, FdTable, OpenFileTable, Placement, RawFd};
use test_support::{EDGES, NO_LIMIT, NONE, pause};

use crate::harness::{THREADS, beside, rounds, together};

const CLOSE: CloseRangeFlags = CloseRangeFlags::empty();

/// What the files of one test share: the table that their drops call, and the counts.
#[derive(Default)]
struct Shared {
    table: OnceLock<Weak<FdTable<Caller>>>,
    made: AtomicUsize,
    dropped: AtomicUsize,
}

enum Then {
    Close(RawFd),
    Dup2(RawFd, RawFd),
    Fork,
    DropTable(Box<FdTable<Caller>>),
    Panic,
}

/// A file whose drop does one thing to a table.
struct Caller {
    shared: Arc<Shared>,
    then: Option<Then>,
}

impl Caller {
    fn new(shared: &Arc<Shared>, then: Then) -> Self {
        shared.made.fetch_add(1, SeqCst);
        Self { shared: shared.clone(), then: Some(then) }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.shared.dropped.fetch_add(1, SeqCst);
        let then = self.then.take().expect("dropped twice");
        let Some(t) = self.shared.table.get().and_then(Weak::upgrade) else {
            return;
        };
        match then {
            Then::Close(fd) => drop(t.close(fd)),
            Then::Dup2(old, new) => drop(t.dup2(old, new)),
            Then::Fork => drop(t.fork()),
            Then::DropTable(table) => drop(table),
            // Without the report of a panic: thousands are meant.
            Then::Panic => resume_unwind(Box::new(())),
        }
    }
}

fn table(files: &OpenFileTable<Caller>, shared: &Arc<Shared>) -> Arc<FdTable<Caller>> {
    let t = Arc::new(FdTable::builder(files).limit(NO_LIMIT).build().unwrap());
    shared.table.set(Arc::downgrade(&t)).unwrap();
    t
}

fn any_call(files: &OpenFileTable<Caller>, shared: &Arc<Shared>, random: &mut Rng) -> Then {
    let (a, b) = (random.choice(EDGES).unwrap(), random.choice(EDGES).unwrap());
    match random.u8(..5) {
        0 | 1 => Then::Close(a),
        2 => Then::Dup2(a, b),
        3 => Then::Fork,
        _ => {
            let inner = FdTable::new(files);
            let file = Caller::new(shared, Then::Close(b));
            assert!(inner.open(Placement::At(5), file, NONE).is_ok());
            Then::DropTable(Box::new(inner))
        }
    }
}

#[test]
fn drop_calls_back_into_the_table_under_churn() {
    let (files, shared) = (OpenFileTable::new(), Arc::new(Shared::default()));
    let t = table(&files, &shared);
    together(THREADS, |_, random| {
        for _ in 0..rounds(60_000) {
            let fd = random.choice(EDGES).unwrap();
            let file = Caller::new(&shared, any_call(&files, &shared, random));
            match random.u8(..4) {
                0 => drop(t.replace(fd, file, NONE)),
                1 => drop((t.close(fd), file)),
                _ => drop(t.open(Placement::At(fd), file, NONE)),
            }
        }
    });
    // A drop may put a file back where the sweep has been: until nothing is open.
    while !t.is_empty() {
        t.close_range(0, u32::MAX, CLOSE).unwrap();
    }
    assert_eq!(shared.dropped.load(SeqCst), shared.made.load(SeqCst));
    for fd in EDGES {
        assert_eq!(t.reserve(Placement::At(fd)).unwrap().fd(), fd);
    }
}

/// Whether the call panics.
fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// Opens, closes or replaces a file whose drop panics.
fn with_a_panic(t: &FdTable<Caller>, shared: &Arc<Shared>, random: &mut Rng) {
    let fd = random.choice(EDGES).unwrap();
    let file = Caller::new(shared, Then::Panic);
    match random.u8(..3) {
        0 => drop(t.replace(fd, file, NONE)),
        1 => drop(t.open(Placement::At(fd), file, NONE)),
        _ => {
            drop(t.open(Placement::At(fd), file, NONE));
            drop(t.close(fd));
        }
    }
}

#[test]
fn drop_panics_under_churn_and_every_number_is_usable_afterwards() {
    let (files, shared) = (OpenFileTable::new(), Arc::new(Shared::default()));
    let t = table(&files, &shared);
    let caught = AtomicUsize::new(0);
    together(THREADS, |_, random| {
        for _ in 0..rounds(16_000) {
            if panics(|| with_a_panic(&t, &shared, random)) {
                caught.fetch_add(1, SeqCst);
            }
        }
    });
    assert!(caught.into_inner() > 0);
    for fd in EDGES {
        panics(|| drop(t.close(fd)));
    }
    assert!(t.is_empty());
    for fd in EDGES {
        let harmless = Caller::new(&shared, Then::Fork);
        assert!(t.open(Placement::At(fd), harmless, NONE).is_ok(), "{fd}");
    }
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    assert!(t.is_empty());
    assert_eq!(shared.dropped.load(SeqCst), shared.made.load(SeqCst));
}

/// What is opened and closed beside the copies of the test below.
const CHURNED: [RawFd; 4] = [5, 1_030, 32_775, 70_000];

/// Copies the table, and closes the copy's files one by one: the drop of each may panic.
fn copy_and_close(t: &FdTable<Caller>) {
    panics(|| {
        let child = t.fork();
        for fd in CHURNED {
            panics(|| drop(child.close(fd)));
        }
    });
}

/// Opens a number for long enough that a copy may find it.
fn open_for_a_moment(t: &FdTable<Caller>, shared: &Arc<Shared>, random: &mut Rng) {
    let fd = random.choice(CHURNED).unwrap();
    let file = Caller::new(shared, Then::Panic);
    panics(|| drop(t.open(Placement::At(fd), file, NONE)));
    pause(random.usize(..200));
    panics(|| drop(t.close(fd)));
}

#[test]
fn a_drop_that_panics_inside_a_copy_takes_no_other_file_with_it() {
    // The copy gives up the references to files that were closed while it was made.
    let (files, shared) = (OpenFileTable::new(), Arc::new(Shared::default()));
    let t = table(&files, &shared);
    for fd in EDGES {
        let harmless = Caller::new(&shared, Then::Close(-1));
        assert!(t.open(Placement::At(fd), harmless, NONE).is_ok());
    }
    let copy = |_: &mut Rng| copy_and_close(&t);
    beside(2, copy, 2, |_, random| {
        (0..rounds(20_000)).for_each(|_| open_for_a_moment(&t, &shared, random));
    });
    for fd in CHURNED {
        panics(|| drop(t.close(fd)));
    }
    t.close_range(0, u32::MAX, CLOSE).unwrap();
    assert!(t.is_empty());
    let lost = shared.made.load(SeqCst) - shared.dropped.load(SeqCst);
    assert_eq!(lost, 0, "files that nobody holds are not dropped");
}
