//! Every operation at once, on some tables of one open file table:
//! `stress [THREADS [SECONDS [SEED]]]`.
//!
//! Each file knows whether it was dropped, and all are counted: at the end none is left. Written
//! for the sanitizers (`.ci/sanitize`), so threads meet at atomics alone, and what is read and
//! written of a file is plain memory.

use std::{
    env,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use fdtable::{
    CloseRangeFlags, Error, FdFlags, FdTable, FileId, FileRef, Files, OpenFileTable, OwnedFileRef,
    Placement, RawFd, Reservation,
};

const TABLES: usize = 3;
/// So few that threads meet at ENFILE now and then.
const MAX_FILES: u32 = 256;
/// Where the numbers are that threads meet at: both sides of the tiers' borders, and the gap near
/// and far.
const BASES: [RawFd; 8] = [0, 28, 1020, 20_000, 32_764, 36_860, (1 << 20) - 4, RawFd::MAX - 7];
/// What a thread keeps of references, and of reservations.
const KEPT: usize = 4;

static MADE: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);

const ALIVE: u64 = 0x600d_f11e_600d_f11e;
const DEAD: u64 = 0xdead_f11e_dead_f11e;

/// Plain memory, inside the description and behind a pointer.
struct File {
    canary: u64,
    boxed: Box<u64>,
}

impl File {
    fn new() -> Self {
        MADE.fetch_add(1, Relaxed);
        Self { canary: ALIVE, boxed: Box::new(ALIVE) }
    }

    fn check(&self) {
        assert_eq!((self.canary, *self.boxed), (ALIVE, ALIVE), "a file that is none");
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.check();
        (self.canary, *self.boxed) = (DEAD, DEAD);
        DROPPED.fetch_add(1, Relaxed);
    }
}

type Table = Arc<FdTable<File>>;

/// One thread, and what it keeps.
struct Worker<'a> {
    tables: &'a [Table],
    task: Files<File>,
    random: Rng,
    files: Vec<OwnedFileRef<File>>,
    reserved: Vec<Reservation<'static, File>>,
    known: Option<FileId>,
    calls: u64,
}

impl<'a> Worker<'a> {
    fn new(tables: &'a [Table], random: Rng) -> Self {
        let task = Files::new(FdTable::new(tables[0].open_files()));
        let (files, reserved) = (Vec::new(), Vec::new());
        Self { tables, task, random, files, reserved, known: None, calls: 0 }
    }

    fn run(mut self, stop: &AtomicBool) -> u64 {
        while !stop.load(Acquire) {
            let table = self.random.choice(self.tables).expect("a table");
            match self.random.u8(..100) {
                0..25 => self.look(table),
                25..45 => self.place(table),
                45..60 => self.put(table),
                60..80 => self.close(table),
                80..97 => self.keep(table),
                97 => self.sweep(table),
                98 => copy(table),
                _ => self.task(),
            }
            self.calls += 1;
        }
        self.calls
    }

    fn fd(&mut self) -> RawFd {
        self.random.choice(BASES).unwrap() + self.random.i32(0..8)
    }

    fn flags(&mut self) -> FdFlags {
        FdFlags::from_bits_truncate(self.random.u8(..))
    }

    fn placement(&mut self) -> Placement {
        match self.random.u8(..7) {
            0 => Placement::Lowest,
            1 => Placement::FromBase,
            2 => Placement::Any,
            3 => Placement::From(self.fd()),
            4 => {
                let min = self.fd();
                Placement::Within { min, end: min as u32 + 3 }
            }
            _ => Placement::At(self.fd()),
        }
    }

    fn look(&mut self, table: &Table) {
        let (fd, flags) = (self.fd(), self.flags());
        match self.random.u8(..8) {
            0 => drop(table.set_flags(fd, flags)),
            1 => drop(table.set_cloexec(fd, flags.contains(FdFlags::CLOEXEC))),
            2 => drop(table.flags(fd)),
            _ => {
                if let Some(file) = table.get(fd) {
                    file.check();
                    self.known = Some(file.id());
                }
            }
        }
    }

    fn place(&mut self, table: &Table) {
        let (placement, flags) = (self.placement(), self.flags());
        if self.random.u8(..3) == 0 {
            let _ = table.dup(self.fd(), placement, flags);
        } else {
            drop(table.open(placement, File::new(), flags));
        }
    }

    fn put(&mut self, table: &Table) {
        let (fd, old, flags) = (self.fd(), self.fd(), self.flags());
        let displaced = match (self.random.u8(..4), self.known) {
            (0, _) => table.dup3(old, fd, flags),
            (1, _) => table.replace(fd, File::new(), flags).map_err(Error::from),
            (2, Some(id)) => {
                table.replace_if(fd, id, File::new(), flags).map(Some).map_err(Error::from)
            }
            _ => table.dup2(old, fd),
        };
        displaced.iter().flatten().for_each(|file| file.check());
    }

    fn close(&mut self, table: &Table) {
        let fd = self.fd();
        let closed = match (self.random.u8(..4), self.known) {
            (0, Some(id)) => table.close_if(fd, id),
            (1, _) => table.take(fd).map(|(file, _)| file),
            (2, _) => table.take_owned(fd).map(|(file, number)| {
                self.reserved.push(number);
                file
            }),
            _ => table.close(fd),
        };
        closed.iter().for_each(|file| file.check());
    }

    /// Takes a reference or a number to keep, or uses one.
    fn keep(&mut self, table: &Table) {
        match self.random.u8(..6) {
            0 => {
                let fd = self.fd();
                self.files.extend(table.get(fd).map(FileRef::into_owned));
            }
            1 => self.files.extend(table.open_files().insert(File::new())),
            2 => {
                let placement = self.placement();
                self.reserved.extend(table.reserve_owned(placement));
            }
            3 => {
                let (three, flags) = (table.reserve_many::<3>(self.placement()), self.flags());
                for number in three.into_iter().flatten() {
                    drop(number.install(File::new(), flags));
                }
            }
            4 => self.install(),
            _ => drop(self.files.pop().map(|file| file.check())),
        }
        self.files.truncate(KEPT);
        self.reserved.truncate(KEPT);
    }

    fn install(&mut self) {
        let flags = self.flags();
        match (self.reserved.pop(), self.files.pop()) {
            (Some(reserved), Some(file)) => drop(reserved.install_ref(file, flags)),
            (Some(reserved), None) => drop(reserved.install(File::new(), flags)),
            (None, file) => self.files.extend(file),
        }
    }

    fn sweep(&mut self, table: &Table) {
        let first = self.fd() as u32;
        match self.random.u8(..5) {
            0 => drop(table.close_range(first, first.saturating_add(9), CloseRangeFlags::empty())),
            1 => drop(table.close_range(first, u32::MAX, CloseRangeFlags::CLOEXEC)),
            2 => {
                table.drain(first, first.saturating_add(9)).into_iter().flatten().for_each(|open| {
                    open.check();
                })
            }
            3 => drop(self.known.map(|id| table.fds_of(id).count())),
            _ => table.set_limit(if self.random.bool() { 1 << 16 } else { 1 << 31 }),
        }
    }

    /// A process of this thread's own, whose tables refer to the same files.
    fn task(&mut self) {
        let child = if self.random.bool() { self.task.fork() } else { self.task.share() };
        drop(child.load().open(self.placement(), File::new(), self.flags()));
        child.unshare();
        child.close_range(0, 40, CloseRangeFlags::UNSHARE).expect("a range, and a flag");
        let plan = self.task.prepare_exec();
        if self.random.bool() {
            plan.commit();
        }
    }
}

fn copy(table: &Table) {
    let copy = table.fork();
    copy.iter().for_each(|open| open.check());
}

/// Everything is closed: no number is taken, and no file is left.
fn assert_conserved(tables: &[Table]) {
    for table in tables {
        table.close_range(0, u32::MAX, CloseRangeFlags::empty()).expect("the whole range");
        assert_eq!((table.len(), table.iter().count()), (0, 0));
        let lowest = table.reserve(Placement::Lowest).map(|reserved| reserved.fd());
        assert_eq!(lowest, Ok(0), "number 0 is lost");
    }
    let (made, dropped) = (MADE.load(Relaxed), DROPPED.load(Relaxed));
    assert_eq!(made, dropped, "files made, and dropped");
}

fn arguments() -> (u64, u64, u64) {
    let mut numbers = env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let mut next = |usual| numbers.next().unwrap_or(usual);
    (next(4), next(2), next(1))
}

fn main() {
    let (threads, seconds, seed) = arguments();
    let files = OpenFileTable::with_limit(MAX_FILES);
    let tables: Vec<Table> = (0..TABLES).map(|_| Arc::new(FdTable::new(&files))).collect();
    tables.iter().for_each(|table| table.set_limit(1 << 31));
    let (stop, mut random) = (AtomicBool::new(false), Rng::with_seed(seed));
    let calls: u64 = thread::scope(|scope| {
        let (tables, stop) = (&tables, &stop);
        let spawn = |_| {
            let random = random.fork();
            scope.spawn(move || Worker::new(tables, random).run(stop))
        };
        let workers: Vec<_> = (0..threads).map(spawn).collect();
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end && !workers.iter().any(|worker| worker.is_finished()) {
            thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Release);
        workers.into_iter().map(|worker| worker.join().expect("a worker")).sum()
    });
    assert_conserved(&tables);
    println!("{threads} threads, {calls} calls, {} files, seed {seed}", MADE.load(Relaxed));
}
