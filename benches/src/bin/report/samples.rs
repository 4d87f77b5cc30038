//! Samples of all subjects of a row, taken in turn, so that what else the machine does meets all of
//! them alike.

use std::time::Duration;

use benches::rows::{Row, Sampler};
use indicatif::ProgressBar;

use super::undisturbed::undisturbed;

pub struct Plan {
    /// Samples of each subject.
    pub rounds: usize,
    /// About how long one takes.
    pub sample: Duration,
    /// How often a disturbed one is taken, at most.
    pub tries: usize,
}

/// A row's result.
pub struct Measured {
    pub name: String,
    pub threads: usize,
    pub subjects: Vec<Samples>,
}

pub struct Samples {
    pub name: String,
    /// Nanoseconds for one operation of one thread, round by round.
    pub times: Vec<f64>,
}

/// Quartiles.
#[derive(Clone, Copy)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Measured {
    pub fn title(&self) -> String {
        let threads = self.threads;
        if threads == 1 { self.name.clone() } else { format!("{}, {threads} threads", self.name) }
    }

    pub fn subject(&self, name: &str) -> Option<&Samples> {
        self.subjects.iter().find(|subject| subject.name == name)
    }
}

impl Samples {
    pub fn spread(&self) -> Spread {
        Spread::of(self.times.clone())
    }

    /// The ratio of two medians; around it, the quartiles of the ratios of single rounds.
    pub fn ratio(&self, to: &Self) -> Spread {
        let rounds = self.times.iter().zip(&to.times);
        let single = Spread::of(rounds.map(|(this, to)| this / to).collect());
        Spread { median: self.spread().median / to.spread().median, ..single }
    }
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |quarter| values[(values.len() - 1) * quarter / 4];
        Self { low: at(1), median: at(2), high: at(3) }
    }

    pub fn over(self, unit: f64) -> Self {
        Self { low: self.low / unit, median: self.median / unit, high: self.high / unit }
    }
}

pub fn measure(row: &Row, plan: &Plan, bar: &ProgressBar) -> Measured {
    bar.set_message(row.name.clone());
    let mut samplers: Vec<_> =
        row.subjects.iter().map(|s| Calibrated::new(s.sampler(), plan)).collect();
    let mut subjects: Vec<_> = row
        .subjects
        .iter()
        .map(|subject| Samples { name: subject.name.clone(), times: Vec::new() })
        .collect();
    let count = subjects.len();
    for round in 0..plan.rounds {
        // Every second round runs backwards, so that no subject has always the same one before it.
        let order = (0..count).map(|i| if round % 2 == 0 { i } else { count - 1 - i });
        for i in order {
            subjects[i].times.push(samplers[i].sample());
        }
    }
    bar.inc(1);
    Measured { name: row.name.clone(), threads: row.threads, subjects }
}

/// A sampler that knows how many operations make a sample.
struct Calibrated {
    sampler: Sampler,
    iters: u64,
    tries: usize,
}

impl Calibrated {
    fn new(mut sampler: Sampler, plan: &Plan) -> Self {
        let mut iters = 1;
        loop {
            let time = sampler(iters);
            if time * 4 >= plan.sample {
                let wanted = plan.sample.as_secs_f64() / time.as_secs_f64() * iters as f64;
                return Self { sampler, iters: (wanted as u64).max(1), tries: plan.tries };
            }
            iters *= 2;
        }
    }

    fn sample(&mut self) -> f64 {
        let time = undisturbed(self.tries, || (self.sampler)(self.iters));
        time.as_secs_f64() * 1e9 / self.iters as f64
    }
}
