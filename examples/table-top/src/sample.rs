//! What there is to see of the table, read a frame at a time.

use std::{
    array, collections::VecDeque, f64::consts::TAU, sync::atomic::Ordering::Relaxed, time::Instant,
};

use fdtable::RawFd;

use super::{
    ALLOCATOR,
    load::{Load, Op},
};

const LOW_END: RawFd = 1024;
const HIGH: RawFd = 32768;
const HIGH_END: RawFd = HIGH + 4096;
/// In how many columns a tier is shown.
pub(crate) const COLUMNS: usize = 64;
/// How many frames back the history goes.
const HISTORY: usize = COLUMNS;
/// How long it takes a table to fill and to empty again.
const WAVE: f64 = 20.0;
/// The most that a thread has open.
const CREST: f64 = 3000.0;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Low,
    Gap,
    High,
}

impl Tier {
    pub(crate) const ALL: [(Self, &'static str); 3] = [
        (Self::Low, "low, 0 to 1023"),
        (Self::Gap, "gap, by powers of two"),
        (Self::High, "high, 32768 to 36863"),
    ];

    pub(crate) fn of(fd: RawFd) -> Self {
        match fd {
            0..LOW_END => Self::Low,
            HIGH..HIGH_END => Self::High,
            _ => Self::Gap,
        }
    }

    /// In which column a number of this tier is shown.
    fn column(self, fd: RawFd) -> usize {
        match self {
            Self::Low => fd as usize * COLUMNS / 1024,
            Self::High => (fd - HIGH) as usize * COLUMNS / 4096,
            // From 2^10 to 2^31: three columns each.
            Self::Gap => {
                (fd.ilog2() - 10) as usize * 3 + (fd >> (fd.ilog2() - 2)) as usize % 4 * 3 / 4
            }
        }
    }
}

#[derive(Default)]
pub(crate) struct Sample {
    /// How many numbers are open in each column of each tier.
    pub(crate) open: [Vec<u64>; Tier::ALL.len()],
    pub(crate) reserved: [usize; Tier::ALL.len()],
    /// What the program has allocated since the load was made, in bytes: the table, its copies, and
    /// what the threads note down.
    pub(crate) memory: usize,
    /// Calls a second.
    pub(crate) rates: [f64; Op::ALL.len()],
    /// All calls a second, frame by frame, the newest first.
    pub(crate) history: VecDeque<u64>,
    pub(crate) frame: u64,
}

pub(crate) struct Sampler<'a> {
    load: &'a Load,
    sample: Sample,
    start: Instant,
    last: Instant,
    done: [u64; Op::ALL.len()],
    memory: usize,
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(load: &'a Load) -> Self {
        let (sample, now) = (Sample::default(), Instant::now());
        let memory = ALLOCATOR.allocated();
        Self { load, sample, start: now, last: now, done: Default::default(), memory }
    }

    pub(crate) fn take(&mut self) -> &Sample {
        self.sample.frame += 1;
        self.sample.open = array::from_fn(|_| vec![0; COLUMNS]);
        for open in &self.load.table {
            let tier = Tier::of(open.fd);
            self.sample.open[tier as usize][tier.column(open.fd)] += 1;
        }
        self.sample.reserved = self.load.reserved.each_ref().map(|reserved| reserved.load(Relaxed));
        self.sample.memory = ALLOCATOR.allocated().saturating_sub(self.memory);
        self.rates();
        let phase = self.start.elapsed().as_secs_f64() / WAVE * TAU;
        self.load.wanted.store(((1.0 - phase.cos()) / 2.0 * CREST) as usize, Relaxed);
        &self.sample
    }

    fn rates(&mut self) {
        let now = Instant::now();
        let seconds = now.duration_since(self.last).as_secs_f64();
        for (op, _) in Op::ALL {
            let done = self.load.done.iter().map(|done| done.get(op)).sum();
            let before = std::mem::replace(&mut self.done[op as usize], done);
            self.sample.rates[op as usize] = (done - before) as f64 / seconds;
        }
        self.last = now;
        self.sample.history.push_front(self.sample.rates.iter().sum::<f64>() as u64);
        self.sample.history.truncate(HISTORY);
    }
}
