//! How long single operations take while other threads do something to the whole table.

use std::{
    hint::{self, black_box},
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use benches::{
    peers::Peer,
    rows::{HIGH, LOW, every_peer, open_close, opened, run},
};
use fdtable::Placement;
use indicatif::ProgressBar;

use super::{
    samples::{Samples, Spread},
    undisturbed::undisturbed,
};

/// What one looks up in turn.
const OWN: i32 = 64;
/// What a fork copies and a sweep closes besides.
const OPEN: i32 = 4096;

/// Between two operations, as a handler does other things. Without it, the operations that find no
/// lock held would be many more than their share of the time, and hide the others.
const PAUSE: Duration = Duration::from_micros(2);
/// Forks or sweeps that a round must have seen.
const DISTURBANCES: usize = 10;

pub struct Plan {
    pub rounds: usize,
    pub round: Duration,
    pub tries: usize,
}

/// What the other threads do.
#[derive(Clone, Copy, PartialEq)]
pub enum Others {
    Nothing,
    /// One forks, and drops the child.
    Fork,
    /// One closes all but `OWN` descriptors and opens them again.
    Sweep,
    /// As before, and two threads a core that open and close: holders of a lock get preempted.
    CrowdedFork,
    CrowdedSweep,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Op {
    Lookup,
    OpenClose,
}

pub const OTHERS: [Others; 5] =
    [Others::Nothing, Others::Fork, Others::Sweep, Others::CrowdedFork, Others::CrowdedSweep];
pub const OPS: [Op; 2] = [Op::Lookup, Op::OpenClose];

/// One peer, doing one thing beside others.
pub struct Tail {
    pub peer: &'static str,
    pub op: Op,
    pub others: Others,
    pub rounds: Vec<Quantiles>,
}

/// Of the nanoseconds that each operation took, the timer included.
pub struct Quantiles {
    /// How many they are.
    pub count: usize,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub worst: f64,
}

impl Others {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "quiet",
            Self::Fork => "another thread forks",
            Self::Sweep => "another thread sweeps",
            Self::CrowdedFork => "forks, more threads than cores",
            Self::CrowdedSweep => "sweeps, more threads than cores",
        }
    }

    fn crowd(self) -> usize {
        match self {
            Self::CrowdedFork | Self::CrowdedSweep => {
                2 * thread::available_parallelism().map_or(1, usize::from)
            }
            _ => 0,
        }
    }
}

impl Op {
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::OpenClose => "open+close",
        }
    }
}

impl Tail {
    pub fn spread(&self, quantile: fn(&Quantiles) -> f64) -> Spread {
        self.samples(quantile).spread()
    }

    pub fn samples(&self, quantile: fn(&Quantiles) -> f64) -> Samples {
        Samples { name: self.peer.into(), times: self.rounds.iter().map(quantile).collect() }
    }
}

impl Quantiles {
    pub fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let last = times.len().saturating_sub(1) as f64;
        let at = |part| times.get((last * part) as usize).map_or(f64::NAN, |time| *time as f64);
        Self { count: times.len(), p50: at(0.5), p99: at(0.99), p999: at(0.999), worst: at(1.0) }
    }
}

type Round = Box<dyn Fn(Op, Others, &Plan) -> Quantiles>;

/// Every peer in every situation, in turn.
pub fn measure(plan: &Plan, bar: &ProgressBar) -> Vec<Tail> {
    let mut peers = Vec::new();
    every_peer!(peer(&mut peers));
    let mut tails = Vec::new();
    for op in OPS {
        for others in OTHERS {
            bar.set_message(format!("{}, {}", op.name(), others.name()));
            let tail =
                |peer: &(&'static str, _)| Tail { peer: peer.0, op, others, rounds: Vec::new() };
            let mut here: Vec<_> = peers.iter().map(tail).collect();
            for _ in 0..plan.rounds {
                for (tail, (_, round)) in here.iter_mut().zip(&peers) {
                    tail.rounds.push(round(op, others, plan));
                }
            }
            tails.extend(here);
            bar.inc(1);
        }
    }
    tails
}

pub fn situations() -> u64 {
    (OPS.len() * OTHERS.len()) as u64
}

fn peer<P: Peer>(peers: &mut Vec<(&'static str, Round)>) {
    let peer = P::new();
    opened(&peer, LOW..OWN);
    // A number for open+close that no sweep comes to.
    assert!(peer.close(OWN / 2));
    refill(&peer);
    peers.push((P::NAME, Box::new(move |op, others, plan| round(&peer, op, others, plan))));
}

fn refill<P: Peer>(peer: &P) {
    opened(peer, HIGH..HIGH + OPEN);
}

/// Without a crowd, other programs' share of the machine is not to be in it.
fn round<P: Peer>(peer: &P, op: Op, others: Others, plan: &Plan) -> Quantiles {
    let round = || Quantiles::of(times(peer, op, others, plan.round));
    if others.crowd() == 0 { undisturbed(plan.tries, round) } else { round() }
}

/// How long each operation of a round takes.
fn times<P: Peer>(peer: &P, op: Op, others: Others, time: Duration) -> Vec<u64> {
    let together = Together::new(others);
    thread::scope(|scope| {
        if others != Others::Nothing {
            scope.spawn(|| run::delayed(|| together.disturb(peer, others)));
        }
        for _ in 0..others.crowd() {
            scope.spawn(|| together.until_done(&|| open_close(peer, Placement::Lowest)));
        }
        together.start_line.wait();
        let enough = || others == Others::Nothing || together.is_disturbed_enough();
        let times = match op {
            Op::Lookup => each(time, enough, |i| look_up(peer, i)),
            Op::OpenClose => each(time, enough, |_| open_close(peer, Placement::Lowest)),
        };
        together.done.store(true, Ordering::Relaxed);
        times
    })
}

/// What the threads of a round share: they start at once, and the others go on until the one that
/// is timed is done.
struct Together {
    start_line: Barrier,
    done: AtomicBool,
    disturbances: AtomicUsize,
}

impl Together {
    fn new(others: Others) -> Self {
        let whole_table = usize::from(others != Others::Nothing);
        Self {
            start_line: Barrier::new(1 + whole_table + others.crowd()),
            done: AtomicBool::new(false),
            disturbances: AtomicUsize::new(0),
        }
    }

    fn until_done(&self, op: &dyn Fn()) {
        self.start_line.wait();
        while !self.done.load(Ordering::Relaxed) {
            op();
        }
    }

    fn disturb<P: Peer>(&self, peer: &P, others: Others) {
        self.until_done(&|| {
            disturb(peer, others);
            self.disturbances.fetch_add(1, Ordering::Relaxed);
        });
    }

    fn is_disturbed_enough(&self) -> bool {
        self.disturbances.load(Ordering::Relaxed) >= DISTURBANCES
    }
}

fn disturb<P: Peer>(peer: &P, others: Others) {
    match others {
        Others::Nothing => (),
        Others::Fork | Others::CrowdedFork => drop(peer.fork()),
        Others::Sweep | Others::CrowdedSweep => {
            peer.close_from(HIGH);
            refill(peer);
        }
    }
}

/// How long each `op` takes, with a pause in between: until the time is over and there were enough
/// disturbances, or until it is time to give up.
fn each(time: Duration, enough: impl Fn() -> bool, op: impl Fn(usize)) -> Vec<u64> {
    let mut times = Vec::with_capacity(1 << 16);
    let begin = Instant::now();
    let mut now = begin;
    while now - begin < time || !enough() && now - begin < 10 * time {
        let before = now;
        op(times.len());
        now = Instant::now();
        times.push((now - before).as_nanos() as u64);
        let due = now + PAUSE;
        while now < due {
            hint::spin_loop();
            now = Instant::now();
        }
    }
    times
}

fn look_up<P: Peer>(peer: &P, i: usize) {
    // Half of them: the other half has the free number.
    let id = peer.read(black_box(i as i32 % (OWN / 2)));
    assert!(black_box(id).is_some());
}
