//! How long a fork takes beside threads that change the table without a pause, and how long their
//! calls take while copies go on.
//!
//! Every peer's copy is the table at one instant. The peers with a concurrent map look up without a
//! lock, but take one for a change and for a copy.

use std::{
    fmt,
    hint::black_box,
    os::fd::RawFd,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use benches::{
    peers::{
        CLOEXEC, File, Peer, buckets::Buckets, dashmap::Dash, mutex_map::MutexMap,
        numbered::Numbered, papaya::Papaya, rwlock_vec::RwLockVec,
    },
    rows::{LOW, each_peer, opened, run},
};
use fdtable::{FdTable, Placement};
use indicatif::ProgressBar;

use super::{
    samples::{Samples, Spread},
    tails::Quantiles,
    undisturbed::undisturbed,
};

/// How many numbers are open.
pub const SIZES: [RawFd; 3] = [100, 1000, 60_000];
/// How many threads change the table.
pub const THREADS: [usize; 3] = [1, 2, 4];
pub const CHANGES: [Change; 3] = [Change::Flags, Change::OpenClose, Change::Dup2];

/// So many samples are enough for a 99.9 %.
pub const ENOUGH: usize = 1000;

/// How many numbers are a thread's own.
const OWN: usize = THREADS[2];

/// In a larger table, only a few of the peers are measured: a copy takes milliseconds.
const SMALL: RawFd = 1000;

/// How often a thread's call is sampled: the one that is under way then. A call that takes longer
/// counts as often. Of all calls, the many short ones would hide those that wait.
const INTERVAL: Duration = Duration::from_micros(2);

pub struct Plan {
    pub rounds: usize,
    /// Forks that a round must have seen, if the time allows.
    pub forks: usize,
    /// How long a round lasts, at the least and at the most. In a large table, at most ten times as
    /// long.
    pub least: Duration,
    pub most: Duration,
    pub tries: usize,
}

/// What the other threads do all the time.
#[derive(Clone, Copy, PartialEq)]
pub enum Change {
    /// `F_SETFD`, on one open number after another.
    Flags,
    /// Opens the lowest free number, and closes it by the next call.
    OpenClose,
    /// From one open number after another onto an open one of the thread's own.
    Dup2,
}

/// What a fork is measured beside.
#[derive(Clone, Copy, PartialEq)]
pub struct Situation {
    pub open: RawFd,
    pub change: Change,
    pub threads: usize,
}

/// One peer in one situation.
pub struct Beside {
    pub peer: &'static str,
    pub situation: Situation,
    /// Medians of forks in nanoseconds, round by round: of the same table at rest, and beside the
    /// changes.
    pub quiet: Samples,
    pub medians: Samples,
    /// Of all forks beside the changes.
    pub forks: Quantiles,
    /// Of the sampled calls of the threads that change, round by round.
    pub calls: Vec<Quantiles>,
}

/// What one round has seen.
struct Round {
    /// A fork of the table at rest.
    quiet: f64,
    /// Each fork beside the changes.
    forks: Vec<u64>,
    calls: Quantiles,
}

impl Change {
    pub fn name(self) -> &'static str {
        match self {
            Self::Flags => "flags",
            Self::OpenClose => "open+close",
            Self::Dup2 => "dup2",
        }
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open, change, threads } = self;
        write!(f, "fork beside {}/{open} open, {}", change.name(), threads_name(*threads))
    }
}

pub fn threads_name(threads: usize) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

impl Situation {
    /// Whether these threads and the one that forks are more than the cores.
    pub fn is_crowded(self) -> bool {
        self.threads >= thread::available_parallelism().map_or(1, usize::from)
    }

    fn is_large(self) -> bool {
        self.open > SMALL
    }
}

impl Beside {
    fn of(peer: &'static str, situation: Situation, rounds: Vec<Round>) -> Self {
        let median = |round: &Round| Quantiles::of(round.forks.clone()).p50;
        let samples = |times| Samples { name: peer.into(), times };
        Self {
            peer,
            situation,
            quiet: samples(rounds.iter().map(|round| round.quiet).collect()),
            medians: samples(rounds.iter().map(median).collect()),
            forks: Quantiles::of(rounds.iter().flat_map(|round| round.forks.clone()).collect()),
            calls: rounds.into_iter().map(|round| round.calls).collect(),
        }
    }

    /// How many times as long as at rest a fork takes.
    pub fn ratio(&self) -> Spread {
        self.medians.ratio(&self.quiet)
    }

    /// The 99.9 % of calls: the median of the rounds, as other programs disturb some of them.
    pub fn late_calls(&self) -> Spread {
        Spread::of(self.calls.iter().map(|round| round.p999).collect())
    }

    pub fn worst_call(&self) -> f64 {
        self.calls.iter().map(|round| round.worst).fold(0.0, f64::max)
    }

    pub fn calls_sampled(&self) -> usize {
        self.calls.iter().map(|round| round.count).sum()
    }

    /// The samples of the round that has the fewest.
    pub fn fewest_calls(&self) -> usize {
        self.calls.iter().map(|round| round.count).min().unwrap_or(0)
    }
}

type Peers = Vec<(&'static str, Box<dyn Fn(Situation, &Plan) -> Round>)>;

/// With tables that have so many numbers open.
fn peers(open: RawFd) -> Peers {
    let mut peers = Vec::new();
    each_peer!(peer(&mut peers, open): FdTable<File>, RwLockVec);
    if open <= SMALL {
        each_peer!(
            peer(&mut peers, open):
            MutexMap, Numbered<Dash>, Numbered<Papaya>, Numbered<Buckets>,
        );
    }
    peers
}

fn peer<P: Peer>(peers: &mut Peers, open: RawFd) {
    let peer = P::new();
    opened(&peer, LOW..open);
    peers.push((P::NAME, Box::new(move |situation, plan| round(&peer, situation, plan))));
}

/// Those with this in their name.
fn situations_with(name: &str) -> Vec<Situation> {
    let all = SIZES.into_iter().flat_map(|open| {
        let change = move |change| THREADS.map(|threads| Situation { open, change, threads });
        CHANGES.into_iter().flat_map(change)
    });
    all.filter(|situation| situation.to_string().contains(name)).collect()
}

pub fn situations(name: &str) -> u64 {
    situations_with(name).len() as u64
}

/// Every peer in every situation with this in its name, in turn.
pub fn measure(name: &str, plan: &Plan, bar: &ProgressBar) -> Vec<Beside> {
    let situations = situations_with(name);
    let mut results = Vec::new();
    for of_size in situations.chunk_by(|a, b| a.open == b.open) {
        let peers = peers(of_size[0].open);
        for situation in of_size {
            bar.set_message(situation.to_string());
            results.extend(in_turn(&peers, *situation, plan));
            bar.inc(1);
        }
    }
    results
}

fn in_turn(peers: &Peers, situation: Situation, plan: &Plan) -> Vec<Beside> {
    let mut rounds: Vec<Vec<Round>> = peers.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (rounds, (_, round)) in rounds.iter_mut().zip(peers) {
            rounds.push(round(situation, plan));
        }
    }
    let results = peers.iter().zip(rounds);
    results.map(|((peer, _), rounds)| Beside::of(peer, situation, rounds)).collect()
}

/// Where there is a core for each thread, other programs' share of the machine is not to be in it.
fn round<P: Peer>(peer: &P, situation: Situation, plan: &Plan) -> Round {
    let most = if situation.is_large() { 10 * plan.most } else { plan.most };
    let plan = &Plan { most, ..*plan };
    let at_rest = Plan { forks: plan.forks.div_ceil(8), least: Duration::ZERO, ..*plan };
    let quiet = undisturbed(plan.tries, || Quantiles::of(forks(peer, &at_rest)).p50);
    let beside = || beside(peer, situation, plan);
    let (forks, calls) =
        if situation.is_crowded() { beside() } else { undisturbed(plan.tries, beside) };
    Round { quiet, forks, calls: Quantiles::of(calls) }
}

/// The times of forks, and those of the other threads' calls meanwhile.
fn beside<P: Peer>(peer: &P, situation: Situation, plan: &Plan) -> (Vec<u64>, Vec<u64>) {
    let start_line = &Barrier::new(1 + situation.threads);
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        let changing = |thread| {
            let mut changer = Changer { peer, situation, thread, i: 0, opened: None };
            scope.spawn(move || {
                run::delayed(|| {
                    start_line.wait();
                    changer.until(done)
                })
            })
        };
        let threads: Vec<_> = (0..situation.threads).map(changing).collect();
        start_line.wait();
        let forks = forks(peer, plan);
        done.store(true, Ordering::Relaxed);
        let calls = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        (forks, calls.flatten().collect())
    })
}

/// How long each fork takes; the children's ends are not in it.
fn forks<P: Peer>(peer: &P, plan: &Plan) -> Vec<u64> {
    let mut times = Vec::with_capacity(1 << 12);
    let begin = Instant::now();
    loop {
        let before = Instant::now();
        let child = black_box(peer.fork());
        times.push(before.elapsed().as_nanos() as u64);
        drop(child);
        let time = begin.elapsed();
        if time >= plan.most || time >= plan.least && times.len() >= plan.forks {
            return times;
        }
    }
}

/// A thread that changes the table without a pause.
struct Changer<'a, P> {
    peer: &'a P,
    situation: Situation,
    thread: usize,
    /// How many changes it has made.
    i: usize,
    /// What it opened by its last call.
    opened: Option<RawFd>,
}

impl<P: Peer> Changer<'_, P> {
    /// Changes the table until it is told to end; the times of the calls that were sampled.
    fn until(&mut self, done: &AtomicBool) -> Vec<u64> {
        let mut times = Vec::with_capacity(1 << 16);
        let mut before = Instant::now();
        let mut due = before + INTERVAL;
        while !done.load(Ordering::Relaxed) {
            self.change();
            let now = Instant::now();
            while now >= due {
                times.push((now - before).as_nanos() as u64);
                due += INTERVAL;
            }
            before = now;
        }
        self.opened.map(|fd| self.peer.close(fd));
        times
    }

    /// One call.
    fn change(&mut self) {
        let Self { peer, situation: Situation { open, change, .. }, thread, i, .. } = *self;
        // The highest numbers belong to one thread each. The others come in turn, but no neighbours
        // in a row: 37 has no common factor with how many they are.
        let own = open - 1 - thread as RawFd;
        let others = open as usize - OWN;
        let other = (i * 37 % others) as RawFd;
        match change {
            Change::Flags => {
                let flags = if (i / others).is_multiple_of(2) { CLOEXEC } else { 0 };
                assert!(peer.set_flags(black_box(other), flags));
            }
            Change::OpenClose => match self.opened.take() {
                Some(fd) => assert!(peer.close(black_box(fd))),
                None => self.opened = Some(peer.open(black_box(Placement::Lowest), 0)),
            },
            Change::Dup2 => assert!(peer.dup2(black_box(other), black_box(own))),
        }
        self.i += 1;
    }
}
