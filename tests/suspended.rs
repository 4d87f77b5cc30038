//! A thread stopped by a signal at whatever instruction it has come to, in the middle of a call:
//! every other thread goes on, and at worst the number of that call answers EBUSY.
//!
//! The allocator of this binary takes no lock, or a thread stopped in malloc would hold others up.

use std::{
    alloc::{GlobalAlloc, Layout},
    array, process, ptr,
    sync::atomic::{
        AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::Duration,
};

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement, RawFd};
use libc::{EBADF, EBUSY};

#[path = "semantics/support.rs"]
#[allow(dead_code, reason = "what only the other test binaries use")]
mod support;

use support::{CLOEXEC, NONE, Random, arg, errno};

/// Blocks of powers of two, recycled through one lock-free stack a size.
struct Recycler {
    region: AtomicPtr<u8>,
    next: AtomicUsize,
    /// The number of the first free block, or 0 | how many were ever given back.
    free: [AtomicU64; CLASSES],
}

/// The smallest block, and what all blocks are aligned to.
const BLOCK: usize = 128;
const CLASSES: usize = 20;
/// Address space for blocks, not memory; in front of it lie the links of the free ones.
const BLOCKS: usize = 1 << 30;
const LINKS: usize = BLOCKS / BLOCK * size_of::<AtomicU32>();

#[global_allocator]
static ALLOCATOR: Recycler = Recycler {
    region: AtomicPtr::new(ptr::null_mut()),
    // Block 0 is nobody's.
    next: AtomicUsize::new(BLOCK),
    free: [const { AtomicU64::new(0) }; CLASSES],
};

impl Recycler {
    fn region(&self) -> *mut u8 {
        let region = self.region.load(SeqCst);
        if !region.is_null() {
            return region;
        }
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        );
        // SAFETY: a new mapping, wherever the kernel puts it.
        let new = unsafe { libc::mmap(ptr::null_mut(), LINKS + BLOCKS, access, kind, -1, 0) };
        assert_ne!(new, libc::MAP_FAILED);
        match self.region.compare_exchange(ptr::null_mut(), new.cast(), SeqCst, SeqCst) {
            Ok(_) => new.cast(),
            Err(first) => first,
        }
    }

    fn block(&self, number: u32) -> *mut u8 {
        self.region().wrapping_add(LINKS + number as usize * BLOCK)
    }

    fn link(&self, number: u32) -> &AtomicU32 {
        let links = self.region().cast::<AtomicU32>();
        // SAFETY: inside the mapping, which is zero at first and never unmapped.
        unsafe { &*links.wrapping_add(number as usize) }
    }

    fn pop(&self, class: usize) -> Option<u32> {
        let mut head = self.free[class].load(SeqCst);
        while head as u32 != 0 {
            let next = u64::from(self.link(head as u32).load(SeqCst));
            let popped = head >> 32 << 32 | next;
            match self.free[class].compare_exchange(head, popped, SeqCst, SeqCst) {
                Ok(_) => return Some(head as u32),
                Err(now) => head = now,
            }
        }
        None
    }

    fn push(&self, class: usize, number: u32) {
        let mut head = self.free[class].load(SeqCst);
        loop {
            self.link(number).store(head as u32, SeqCst);
            let pushed = ((head >> 32) + 1) << 32 | u64::from(number);
            match self.free[class].compare_exchange(head, pushed, SeqCst, SeqCst) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    fn fresh(&self, class: usize) -> Option<u32> {
        let offset = self.next.fetch_add(BLOCK << class, SeqCst);
        (offset + (BLOCK << class) <= BLOCKS).then_some((offset / BLOCK) as u32)
    }
}

/// Blocks of class `c` are `BLOCK << c` bytes.
fn class_of(layout: Layout) -> usize {
    let size = layout.size().max(BLOCK).next_power_of_two();
    (size.ilog2() - BLOCK.ilog2()) as usize
}

// SAFETY: a block is handed out to one caller at a time, aligned, and inside the mapping.
unsafe impl GlobalAlloc for Recycler {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let class = class_of(layout);
        if layout.align() > BLOCK || class >= CLASSES {
            return ptr::null_mut();
        }
        let number = self.pop(class).or_else(|| self.fresh(class));
        number.map_or(ptr::null_mut(), |number| self.block(number))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let offset = block as usize - self.block(0) as usize;
        self.push(class_of(layout), (offset / BLOCK) as u32);
    }
}

/// Files not dropped yet.
static LIVE: AtomicI64 = AtomicI64::new(0);

/// A file that was opened for a number in this chunk.
struct File(RawFd);

impl File {
    fn new(chunk: RawFd) -> Self {
        LIVE.fetch_add(1, SeqCst);
        Self(chunk)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, SeqCst);
    }
}

/// Whether the thread stands in the signal handler, and how often it was let go again.
static SUSPENDED: AtomicBool = AtomicBool::new(false);
static RESUMED: AtomicU64 = AtomicU64::new(0);

extern "C" fn stand_still(_signal: libc::c_int) {
    let before = RESUMED.load(SeqCst);
    SUSPENDED.store(true, SeqCst);
    while RESUMED.load(SeqCst) == before {
        // SAFETY: both are allowed in a signal handler; nanosleep reads the time given.
        unsafe {
            let moment = libc::timespec { tv_sec: 0, tv_nsec: 10_000 };
            libc::nanosleep(&raw const moment, ptr::null_mut());
        }
    }
    SUSPENDED.store(false, SeqCst);
}

fn on_signal(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) {
    // SAFETY: an all-zero sigaction is a valid one, and the handler calls nothing that is not
    // allowed in one.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    assert_eq!(set, 0);
}

/// Chunks of every tier. In each, the thread that is suspended has the first numbers, the one that
/// goes on those from `OWN` on, and both take the lowest free ones from `SHARED` on.
const CHUNKS: [RawFd; 8] = [0, 992, 1_024, 32_768, 36_864, 65_536, 1 << 20, RawFd::MAX - 31];
const OWN: RawFd = 8;
const SHARED: RawFd = 16;

/// The calls that a thread is suspended in.
const CALLS: [&str; 14] = [
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
];

/// Those that look at a whole table.
const LONG: [&str; 4] = ["fork", "iter", "unshare", "exec"];

struct World {
    t: FdTable<File>,
    /// Two tasks' files, which both threads load, share and swap.
    files: [Files<File>; 2],
    /// The call that the other thread is in: its place in `CALLS` plus one, or 0.
    call: AtomicUsize,
}

/// One call on numbers of its own, whatever it answers.
fn call_anything(w: &World, i: usize, random: &mut Random) {
    let (t, chunk) = (&w.t, random.pick(&CHUNKS));
    let (a, b) = (chunk + random.below(3) as RawFd, chunk + random.below(3) as RawFd);
    let files = &w.files[random.below(2)];
    match CALLS[i] {
        "open" => drop(t.open(Placement::At(a), File::new(chunk), NONE)),
        "open_lowest" => {
            let from = Placement::From(chunk + SHARED);
            let fd = t.open(from, File::new(chunk), NONE).expect("room");
            drop(t.close(fd).expect("nobody else closes it"));
        }
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
        _ => unreachable!("every call is above"),
    }
}

/// Calls on, until it is told to end.
fn victim(w: &World, end: &AtomicBool) {
    let mut random = Random::new(7);
    while !end.load(Relaxed) {
        let i = random.below(CALLS.len());
        // The short calls more often, so that the thread is in each about as long.
        let times = if LONG.contains(&CALLS[i]) { 1 } else { 100 };
        for _ in 0..times {
            w.call.store(i + 1, Relaxed);
            call_anything(w, i, &mut random);
            w.call.store(0, Relaxed);
        }
    }
}

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
    drop(files.load().close(fd).unwrap());
}

/// All that another thread may want, on every tier; how many numbers were held up.
fn everything_goes_on(w: &World) -> usize {
    w.files.iter().for_each(files_work);
    let held_up = CHUNKS.iter().map(|&chunk| {
        own_numbers_work(&w.t, chunk);
        the_lowest_free_is_found(&w.t, chunk);
        its_numbers_answer(&w.t, chunk)
    });
    held_up.sum()
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Ends the process if `progress` stands still: a thread that is held up cannot say so.
fn watch_over(progress: &AtomicUsize, end: &AtomicBool) {
    let mut last = usize::MAX;
    while !end.load(SeqCst) {
        let now = progress.load(SeqCst);
        if now == last {
            eprintln!("a suspended thread holds another one up (round {now})");
            process::abort();
        }
        last = now;
        for _ in 0..600 {
            thread::sleep(Duration::from_millis(50));
            if end.load(SeqCst) {
                return;
            }
        }
    }
}

/// Also when a check fails: the scope waits for its threads.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
        RESUMED.fetch_add(1, SeqCst);
    }
}

/// Suspends the thread, lets all else go on, and resumes it; the call it was in, and the numbers
/// held up.
fn suspend(w: &World, victim: libc::pthread_t) -> (usize, usize) {
    // SAFETY: the thread runs until the end of the scope.
    assert_eq!(unsafe { libc::pthread_kill(victim, libc::SIGUSR1) }, 0);
    wait_until(|| SUSPENDED.load(SeqCst));
    let call = w.call.load(Relaxed);
    let held_up = everything_goes_on(w);
    RESUMED.fetch_add(1, SeqCst);
    wait_until(|| !SUSPENDED.load(SeqCst));
    (call, held_up)
}

#[test]
fn a_thread_suspended_anywhere_holds_up_at_most_its_own_number() {
    const ROUNDS: usize = 1_500;
    on_signal(libc::SIGUSR1, stand_still);
    let open_files = OpenFileTable::new();
    let table = || FdTable::builder(&open_files).limit(1 << 31).build().unwrap();
    let w = World {
        t: table(),
        files: array::from_fn(|_| Files::new(table())),
        call: AtomicUsize::new(0),
    };
    let (end, progress) = (AtomicBool::new(false), AtomicUsize::new(0));
    let handle = AtomicU64::new(0);
    let mut suspended_in = [0; CALLS.len() + 1];
    let mut held_up = 0;
    thread::scope(|s| {
        let _end = End(&end);
        s.spawn(|| watch_over(&progress, &end));
        s.spawn(|| {
            // SAFETY: it has no obligation.
            handle.store(unsafe { libc::pthread_self() }, SeqCst);
            victim(&w, &end);
        });
        wait_until(|| handle.load(SeqCst) != 0);
        for round in 0..ROUNDS {
            let (call, numbers) = suspend(&w, handle.load(SeqCst));
            suspended_in[call] += 1;
            held_up += numbers;
            progress.store(round + 1, SeqCst);
        }
    });
    println!("{held_up} numbers held up; suspended between calls {}", suspended_in[0]);
    for (call, times) in CALLS.iter().zip(&suspended_in[1..]) {
        println!("suspended in {call}: {times}");
        assert!(*times > 0, "never in {call}");
    }
    assert!(held_up > 0, "never in the middle of an open or a close");
    drop(w);
    assert_eq!(LIVE.load(SeqCst), 0);
}
