//! The rows, by what they ask of a table; and how a row is run on some threads.

use std::{
    hint::black_box,
    ops::Range,
    os::fd::RawFd,
    sync::{
        Barrier, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion};
use fdtable::Placement;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::peers::Peer;

pub mod dup;
pub mod flags;
pub mod lookup;
pub mod mixed;
pub mod open;
pub mod whole;

pub const THREADS: [usize; 3] = [1, 2, 4];
/// The first number of each kind that the rows use: in the table's low and high hot ranges, and in its gap.
pub const LOW: RawFd = 0;
pub const HIGH: RawFd = 32768;
pub const GAP: RawFd = 10_000;

/// Calls a function that is generic over the peer for each of some peers.
macro_rules! each_peer {
    ($row:ident $args:tt: $($peer:ty),+ $(,)?) => {
        $($row::<$peer> $args;)+
    };
}
pub(crate) use each_peer;

/// A supervisor's threads live on, so these do too.
static POOLS: LazyLock<Vec<ThreadPool>> = LazyLock::new(|| {
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
    (1..=THREADS[THREADS.len() - 1]).map(|threads| pool(threads).expect("threads start")).collect()
});

/// When a thread has begun and ended its share.
type Share = (Instant, Instant);

/// Measures `op(thread, i)` on several threads at once, `iters` times on each: from when the first begins until the last has ended.
pub fn on_threads(threads: usize, iters: u64, op: &(impl Fn(usize, u64) + Sync)) -> Duration {
    let start_line = Barrier::new(threads);
    let shares = POOLS[threads - 1].broadcast(|thread| {
        start_line.wait();
        share(iters, |i| op(thread.index(), i))
    });
    let begin = shares.iter().map(|share| share.0).min();
    let end = shares.iter().map(|share| share.1).max();
    end.zip(begin).map_or(Duration::ZERO, |(end, begin)| end - begin)
}

/// Measures `op(i)` on one thread, while another one does `other` all the time.
pub fn beside(other: &(impl Fn() + Sync), iters: u64, op: &(impl Fn(u64) + Sync)) -> Duration {
    let (start_line, done) = (Barrier::new(2), AtomicBool::new(false));
    let times = POOLS[1].broadcast(|thread| {
        start_line.wait();
        if thread.index() == 1 {
            while !done.load(Ordering::Relaxed) {
                other();
            }
            return Duration::ZERO;
        }
        let (begin, end) = share(iters, op);
        done.store(true, Ordering::Relaxed);
        end - begin
    });
    times[0]
}

fn share(iters: u64, op: impl Fn(u64)) -> Share {
    let begin = Instant::now();
    (0..iters).for_each(op);
    (begin, Instant::now())
}

/// A benchmark of `op(peer, thread, i)` on some threads.
pub fn threaded<P: Peer>(
    c: &mut Criterion,
    name: &str,
    peer: &P,
    threads: usize,
    op: impl Fn(&P, usize, u64) + Sync,
) {
    c.benchmark_group(name).bench_function(BenchmarkId::new(P::NAME, threads), |b| {
        b.iter_custom(|iters| on_threads(threads, iters, &|thread, i| op(peer, thread, i)));
    });
}

/// Opens and closes again.
pub fn open_close<P: Peer>(peer: &P, placement: Placement) {
    let fd = peer.open(black_box(placement), 0);
    assert!(peer.close(black_box(fd)));
}

/// Opens new files on the lowest free numbers from the start of a range on, as many as it is long; which numbers, the peer may decide.
pub fn opened<P: Peer>(peer: &P, range: Range<RawFd>) -> Vec<RawFd> {
    let min = range.start;
    range.map(|_| peer.open(Placement::From(min), 0)).collect()
}

/// Whether a peer can open a number; says so if not.
pub fn reaches<P: Peer>(peer: &P, name: &str, number: RawFd) -> bool {
    let reaches = number < peer.limit();
    if !reaches {
        eprintln!("{name}/{}: left out, its limit is {} here", P::NAME, peer.limit());
    }
    reaches
}
