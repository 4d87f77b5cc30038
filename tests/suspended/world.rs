//! The table under test, and what a thread is suspended in.

use std::{
    array, process,
    sync::atomic::{
        AtomicBool, AtomicI64, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::Duration,
};

use fastrand::Rng;
use fdtable::{CloseRangeFlags, FdTable, Files, OpenFileTable, Placement, RawFd};
use test_support::{CLOEXEC, NONE, arg};

use crate::{goes_on, stops::Subject};

/// Files not dropped yet.
pub(crate) static LIVE: AtomicI64 = AtomicI64::new(0);

/// A file that was opened for a number in this chunk.
pub(crate) struct File(pub(crate) RawFd);

impl File {
    pub(crate) fn new(chunk: RawFd) -> Self {
        LIVE.fetch_add(1, SeqCst);
        Self(chunk)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, SeqCst);
    }
}

/// Chunks of every tier. In each, the thread that is suspended has the first numbers, the one that
/// goes on those from `OWN` on, and both take the lowest free ones from `SHARED` on.
pub(crate) const CHUNKS: [RawFd; 8] =
    [0, 992, 1_024, 32_768, 36_864, 65_536, 1 << 20, RawFd::MAX - 31];
pub(crate) const OWN: RawFd = 8;
pub(crate) const SHARED: RawFd = 16;

/// Chunks of the gap in which the thread that is suspended has one number alone: with it, the chunk
/// and its nodes come and go.
pub(crate) const ALONE: [RawFd; 3] = [20_000, 1 << 24, 1 << 30];

/// The calls that a thread is suspended in.
pub(crate) const CALLS: [&str; 17] = [
    "open",
    "open_lowest",
    "close",
    "dup2",
    "replace",
    "set_cloexec",
    "get",
    "fork",
    "close_range",
    "take",
    "reserve_many",
    "iter",
    "unshare",
    "exec",
    "reclaim",
    "fork_beside_changes",
    "change_beside_forks",
];

/// Those that look at a whole table.
const LONG: [&str; 4] = ["fork", "iter", "unshare", "exec"];

/// Numbers of the busy table: one that is open, and one for each thread that opens and closes.
pub(crate) const ALWAYS_OPEN: RawFd = 0;
pub(crate) const BUSY_OWN: RawFd = 1;
const BUSY_SUSPENDED: RawFd = 2;
/// Leaves the processor to the others for a while.
const MOMENT: Duration = Duration::from_micros(50);

pub(crate) struct World {
    pub(crate) t: FdTable<File>,
    /// A table that two further threads fork and change without a pause: copies of it ask for
    /// quiet, and changes of it pause.
    pub(crate) busy: FdTable<File>,
    /// Two tasks' files, which both threads load, share and swap.
    pub(crate) files: [Files<File>; 2],
    /// The call that the other thread is in: its place in `CALLS` plus one, or 0.
    call: AtomicUsize,
    /// How often it was suspended in each of them; the first is between two calls.
    pub(crate) suspended_in: [AtomicUsize; CALLS.len() + 1],
    /// How many numbers answered that they were held up.
    pub(crate) held_up: AtomicUsize,
}

impl World {
    pub(crate) fn new() -> Self {
        let open_files = OpenFileTable::new();
        let table = || FdTable::builder(&open_files).limit(1 << 31).build().unwrap();
        Self {
            t: table(),
            busy: table(),
            files: array::from_fn(|_| Files::new(table())),
            call: AtomicUsize::new(0),
            suspended_in: array::from_fn(|_| AtomicUsize::new(0)),
            held_up: AtomicUsize::new(0),
        }
    }
}

impl World {
    /// Forks and changes the busy table, beside `f`.
    pub(crate) fn busy_beside(&self, f: impl FnOnce()) {
        let end = AtomicBool::new(false);
        self.busy.open(Placement::At(ALWAYS_OPEN), File::new(0), NONE).expect("it is free");
        thread::scope(|s| {
            let _end = SetAtTheEnd(&end);
            s.spawn(|| {
                while !end.load(Relaxed) {
                    drop(self.busy.fork());
                    thread::sleep(MOMENT);
                }
            });
            s.spawn(|| {
                while !end.load(Relaxed) {
                    for _ in 0..1_000 {
                        self.busy.set_flags(ALWAYS_OPEN, CLOEXEC).expect("it is open");
                    }
                    thread::sleep(MOMENT);
                }
            });
            f();
        });
    }
}

/// Also when a check fails: the scope waits for its threads.
struct SetAtTheEnd<'a>(&'a AtomicBool);

impl Drop for SetAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Subject for World {
    const PATIENCE: Duration = Duration::from_secs(30);

    fn call_anything(&self, random: &mut Rng) {
        let i = random.usize(..CALLS.len());
        // The short calls more often, so that the thread is in each about as long.
        let times = match CALLS[i] {
            call if LONG.contains(&call) => 1,
            "fork_beside_changes" => 10,
            _ => 100,
        };
        for _ in 0..times {
            self.call.store(i + 1, Relaxed);
            call_anything(self, i, random);
            self.call.store(0, Relaxed);
        }
    }

    fn everything_goes_on(&self) {
        self.suspended_in[self.call.load(Relaxed)].fetch_add(1, Relaxed);
        self.held_up.fetch_add(goes_on::everything(self), Relaxed);
    }

    /// A thread that is held up cannot say so.
    fn held_up(&self) {
        eprintln!("a suspended thread holds another one up, in call {}", self.call.load(Relaxed));
        process::abort();
    }
}

/// Opens and closes a number that the other thread neither opens nor closes.
fn open_and_close(t: &FdTable<File>, placement: Placement, chunk: RawFd) {
    let fd = t.open(placement, File::new(chunk), NONE).expect("room");
    drop(t.close(fd).expect("no other thread closes it"));
}

/// One call on numbers of its own, whatever it answers.
fn call_anything(w: &World, i: usize, random: &mut Rng) {
    let (t, chunk) = (&w.t, random.choice(CHUNKS).unwrap());
    let (a, b) = (chunk + random.i32(0..3), chunk + random.i32(0..3));
    let files = random.choice(&w.files).unwrap();
    match CALLS[i] {
        "open" => drop(t.open(Placement::At(a), File::new(chunk), NONE)),
        "open_lowest" => open_and_close(t, Placement::From(chunk + SHARED), chunk),
        "close" => drop(t.close(a)),
        "dup2" => drop(t.dup2(a, b)),
        "replace" => drop(t.replace(a, File::new(chunk), CLOEXEC)),
        "set_cloexec" => _ = t.set_cloexec(a, true),
        "get" => drop(t.get(a)),
        "fork" => drop(t.fork()),
        "close_range" => {
            t.close_range(arg(chunk), arg(chunk) + 2, CloseRangeFlags::empty()).unwrap()
        }
        "take" => drop(t.take(a)),
        "reserve_many" => drop(t.reserve_many::<3>(Placement::From(chunk + SHARED))),
        "iter" => drop(t.iter().count()),
        "unshare" => files.share().unshare(),
        "exec" => files.prepare_exec().commit(),
        "reclaim" => {
            let alone = random.choice(ALONE).unwrap();
            open_and_close(t, Placement::At(alone), alone);
        }
        "fork_beside_changes" => drop(w.busy.fork()),
        "change_beside_forks" => open_and_close(&w.busy, Placement::At(BUSY_SUSPENDED), 0),
        _ => unreachable!("every call is above"),
    }
}
