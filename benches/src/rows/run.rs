//! How operations are run on some threads and timed; and whether the machine let them run.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Barrier, LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// 1, 2, 4, ... up to the machine's.
pub fn threads() -> impl Iterator<Item = usize> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (0..).map(|power| 1 << power).take_while(move |threads| *threads <= cores)
}

/// A supervisor's threads live on, so these do too. Two are there for what runs beside another.
static POOLS: LazyLock<BTreeMap<usize, ThreadPool>> = LazyLock::new(|| {
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
    threads().chain([2]).map(|threads| (threads, pool(threads).expect("threads start"))).collect()
});

/// When a thread has begun and ended its share.
type Share = (Instant, Instant);

/// Measures `op(thread, i)` on several threads at once, `iters` times on each: from when the first
/// begins until the last has ended.
pub fn on_threads(threads: usize, iters: u64, op: &(impl Fn(usize, u64) + Sync)) -> Duration {
    let start_line = Barrier::new(threads);
    let shares = POOLS[&threads].broadcast(|thread| {
        delayed(|| {
            start_line.wait();
            share(iters, |i| op(thread.index(), i))
        })
    });
    let begin = shares.iter().map(|share| share.0).min();
    let end = shares.iter().map(|share| share.1).max();
    end.zip(begin).map_or(Duration::ZERO, |(end, begin)| end - begin)
}

/// Measures `op(i)` on one thread, while another one does `other` all the time.
pub fn beside(other: &(impl Fn() + Sync), iters: u64, op: &(impl Fn(u64) + Sync)) -> Duration {
    let (start_line, done) = (Barrier::new(2), AtomicBool::new(false));
    let until_done = || {
        while !done.load(Ordering::Relaxed) {
            other();
        }
        Duration::ZERO
    };
    let measured = || {
        let (begin, end) = share(iters, op);
        done.store(true, Ordering::Relaxed);
        end - begin
    };
    let times = POOLS[&2].broadcast(|thread| {
        delayed(|| {
            start_line.wait();
            if thread.index() == 1 { until_done() } else { measured() }
        })
    });
    times[0]
}

fn share(iters: u64, op: impl Fn(u64)) -> Share {
    let begin = Instant::now();
    (0..iters).for_each(op);
    (begin, Instant::now())
}

/// How long samples' threads have been kept waiting for a core, in nanoseconds.
pub static DELAY: AtomicU64 = AtomicU64::new(0);

/// Runs a part of a sample on this thread, and notes how long it was kept waiting for a core.
pub fn delayed<R>(part: impl FnOnce() -> R) -> R {
    let before = delay();
    let result = part();
    DELAY.fetch_add(delay() - before, Ordering::Relaxed);
    result
}

/// Of this thread so far. Only Linux tells.
fn delay() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().nth(1).and_then(|delay| delay.parse().ok()).unwrap_or(0)
}
