//! What the tests share: a file that knows its number and records its drop, the edges of the
//! tiers, and two ways to make threads meet.

use std::{
    hint, panic, process,
    sync::{
        Mutex,
        atomic::{
            AtomicBool, AtomicU8, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread,
    time::{Duration, Instant},
};

use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement, RawFd};

/// Both sides of every border between tiers, 2^20 (the default limit) and the last number.
pub(crate) const EDGES: [RawFd; 12] =
    [0, 1023, 1024, 32767, 32768, 36863, 36864, 65535, 65536, (1 << 20) - 1, 1 << 20, RawFd::MAX];

/// What no descriptor can be: -1, 2^31 as u32, and a number between.
pub(crate) const BAD: [RawFd; 3] = [-1, RawFd::MIN, -1000];

/// Every number below it may be open: no edge is out of reach.
pub(crate) const NO_LIMIT: u32 = 1 << 31;

pub(crate) const NONE: FdFlags = FdFlags::empty();
pub(crate) const CLOEXEC: FdFlags = FdFlags::CLOEXEC;

/// The descriptor that an unsigned argument names: 2^31 and above are negative.
pub(crate) fn register(n: u32) -> RawFd {
    n as RawFd
}

/// A descriptor as an argument of close_range and set_limit.
pub(crate) fn arg(fd: RawFd) -> u32 {
    fd as u32
}

/// The errno of a call, 0 for success.
pub(crate) fn errno<T, E>(result: Result<T, E>) -> i32
where
    Error: From<E>,
{
    result.map_or_else(|e| Error::from(e).errno(), |_| 0)
}

/// A file that knows which number it was opened for, and whose drop is recorded.
pub(crate) struct File {
    pub(crate) tag: usize,
    pub(crate) home: RawFd,
    drops: &'static [AtomicU8],
}

impl Drop for File {
    fn drop(&mut self) {
        let before = self.drops[self.tag].fetch_add(1, SeqCst);
        assert_eq!(before, 0, "file {} was dropped twice", self.tag);
    }
}

/// An open file table and the record of every file made for it.
pub(crate) struct World {
    pub(crate) files: OpenFileTable<File>,
    /// How often each file was dropped. It is never freed: a file dropped twice must be seen,
    /// not be undefined.
    drops: &'static [AtomicU8],
    made: AtomicUsize,
}

impl World {
    /// A world for a hundred thousand files or so.
    pub(crate) fn new() -> Self {
        Self::with(OpenFileTable::new(), 1 << 17)
    }

    /// A world for at most `capacity` files, over a table of open files of the caller's.
    pub(crate) fn with(files: OpenFileTable<File>, capacity: usize) -> Self {
        let drops = (0..capacity).map(|_| AtomicU8::new(0)).collect::<Vec<_>>();
        Self { files, drops: drops.leak(), made: AtomicUsize::new(0) }
    }

    /// A table in which every edge may be open.
    pub(crate) fn table(&self) -> FdTable<File> {
        self.limited(NO_LIMIT)
    }

    pub(crate) fn limited(&self, limit: u32) -> FdTable<File> {
        FdTable::builder(&self.files).limit(limit).build().unwrap()
    }

    /// A new file, meant for the number `home`.
    pub(crate) fn file(&self, home: RawFd) -> File {
        let tag = self.made.fetch_add(1, Relaxed);
        assert!(tag < self.drops.len(), "the world is too small");
        File { tag, home, drops: self.drops }
    }

    /// Opens a new file at `fd`, without flags; its tag.
    pub(crate) fn open(&self, table: &FdTable<File>, fd: RawFd) -> usize {
        self.open_with(table, fd, NONE)
    }

    pub(crate) fn open_with(&self, table: &FdTable<File>, fd: RawFd, flags: FdFlags) -> usize {
        let file = self.file(fd);
        let tag = file.tag;
        assert_eq!(table.open(Placement::At(fd), file, flags).unwrap(), fd);
        tag
    }

    /// The tags of all files dropped so far.
    pub(crate) fn dropped(&self) -> Vec<usize> {
        let made = self.made.load(SeqCst);
        (0..made)
            .filter(|&tag| match self.drops[tag].load(SeqCst) {
                0 => false,
                1 => true,
                n => panic!("file {tag} was dropped {n} times"),
            })
            .collect()
    }

    /// Whether this one file is dropped.
    pub(crate) fn dropped_one(&self, tag: usize) -> bool {
        self.drops[tag].load(SeqCst) == 1
    }

    /// How many files are not dropped yet.
    pub(crate) fn live(&self) -> usize {
        self.made.load(SeqCst) - self.dropped().len()
    }
}

/// Every open number of a table, ascending.
pub(crate) fn numbers(table: &FdTable<File>) -> Vec<RawFd> {
    table.iter().map(|open| open.fd).collect()
}

/// The file at `fd`, by its tag.
pub(crate) fn tag_at(table: &FdTable<File>, fd: RawFd) -> Option<usize> {
    table.get(fd).map(|file| file.tag)
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Runs `body` while another thread calls `watch` over and over, from before its first
/// instruction to after its last.
pub(crate) fn watched<R>(watch: impl Fn() + Sync, body: impl FnOnce() -> R) -> R {
    let (started, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|s| {
        s.spawn(|| {
            let _started = SetOnDrop(&started);
            while !stop.load(SeqCst) {
                watch();
                started.store(true, SeqCst);
            }
        });
        // Also when `body` panics: the scope would wait for the watcher for ever.
        let _stop = SetOnDrop(&stop);
        wait_for(|| started.load(SeqCst));
        body()
    })
}

/// Ends the process after a minute: a thread whose call never returns could not be joined.
fn wait_for(condition: impl Fn() -> bool) {
    let (start, mut spins) = (Instant::now(), 0_u32);
    while !condition() {
        spins = spins.wrapping_add(1);
        if spins & 63 == 0 {
            if start.elapsed() > Duration::from_secs(60) {
                eprintln!("the other thread has not got on for a minute");
                process::abort();
            }
            thread::yield_now();
        }
        hint::spin_loop();
    }
}

/// Runs `a` and `b` at the same time, `rounds` times over, shifted against each other by a
/// different amount in each; `before` and `after` run alone, between the rounds.
pub(crate) fn race<A: Send, B>(
    rounds: usize,
    before: impl Fn(),
    a: impl Fn() -> A + Sync,
    b: impl Fn() -> B,
    after: impl Fn(A, B),
) {
    let (go, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (quit, dead) = (AtomicBool::new(false), AtomicBool::new(false));
    let result = Mutex::new(None);
    thread::scope(|s| {
        s.spawn(|| {
            let _dead = SetOnDrop(&dead);
            for round in 1..=rounds {
                wait_for(|| go.load(SeqCst) == round || quit.load(SeqCst));
                if quit.load(SeqCst) {
                    return;
                }
                pause(round % 16);
                let a = a();
                *result.lock().unwrap() = Some(a);
                done.store(round, SeqCst);
            }
        });
        let _quit = SetOnDrop(&quit);
        for round in 1..=rounds {
            before();
            go.store(round, SeqCst);
            pause(round / 16 % 16);
            let b = b();
            wait_for(|| done.load(SeqCst) == round || dead.load(SeqCst));
            let a = result.lock().unwrap().take();
            after(a.expect("the other thread panicked"), b);
        }
    });
}

/// A moment, without leaving the processor.
pub(crate) fn pause(spins: usize) {
    for _ in 0..spins * 4 {
        hint::spin_loop();
    }
}

/// The message of a panic that `f` must end in.
pub(crate) fn panic_of(f: impl FnOnce()) -> String {
    let payload = panic::catch_unwind(panic::AssertUnwindSafe(f)).expect_err("no panic");
    payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
