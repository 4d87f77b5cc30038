//! What the table is to reach, as ratios to what it is measured beside, and whether it does.

use benches::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, flat::Flat, kernel::Kernel, mutex_map::MutexMap,
    numbered::Numbered,
};
use fdtable::FdTable;

use super::{
    forks::{Beside, Situation},
    results::Results,
    samples::{Measured, Samples, Spread},
    tails::{Op, Others, Tail},
    terminal::time,
};

pub const OURS: &str = <FdTable<File> as Peer>::NAME;
const FLAT: &str = <Flat as Peer>::NAME;
const KERNEL: &str = <Kernel as Peer>::NAME;
const MUTEX: &str = <MutexMap as Peer>::NAME;
const LOAD: &str = <Numbered<ArcSwapArray<false>> as Peer>::NAME;
const LOAD_FULL: &str = <Numbered<ArcSwapArray<true>> as Peer>::NAME;

pub struct Verdict {
    pub what: String,
    pub against: String,
    pub bound: f64,
    pub ratio: Spread,
}

impl Verdict {
    pub fn met(&self) -> bool {
        self.ratio.median <= self.bound
    }
}

/// What the table's time is a ratio to.
#[derive(Clone, Copy)]
enum Against {
    One(&'static str),
    /// The fastest of the others, without these and what is only there to compare with.
    BestBut(&'static [&'static str]),
}
use Against::{BestBut, One};

/// Which numbers of threads.
#[derive(Clone, Copy, PartialEq)]
enum Threads {
    Single,
    Several,
}
use Threads::{Several, Single};

/// Row, threads, what to compare with, bound.
const TARGETS: &[(&str, Threads, Against, f64)] = &[
    ("flags/low", Single, One(FLAT), 1.3),
    ("flags/high", Single, One(FLAT), 1.3),
    ("contains/low", Single, One(FLAT), 1.3),
    ("contains/high", Single, One(FLAT), 1.3),
    ("lookup/low", Single, One(LOAD), 1.0),
    ("lookup/low", Single, One(LOAD_FULL), 0.6),
    ("lookup/low", Single, BestBut(&[LOAD, LOAD_FULL]), 0.45),
    ("lookup/high", Single, One(LOAD), 1.0),
    ("lookup/high", Single, One(LOAD_FULL), 0.6),
    ("lookup/high", Single, BestBut(&[LOAD, LOAD_FULL]), 0.45),
    ("lookup/gap", Single, One("fdtable, low"), 2.5),
    ("open+close/lowest, 0 open", Single, BestBut(&[KERNEL]), 1.0),
    ("open+close/lowest, 0 open", Single, One(KERNEL), 0.1),
    ("open+close/lowest, 60000 open", Single, One("fdtable, 0 open"), 2.0),
    ("open+close/any", Several, One("fdtable, 1 thread"), 1.3),
    ("dup2+close/free gap number", Single, One(MUTEX), 1.0),
    ("mixed/90 lookup, 8 open+close, 2 dup2", Several, BestBut(&[]), 1.0 / 1.5),
    ("fork/1000 open", Single, One("clone of Vec<Option<Arc>>"), 1.0),
];

/// The bytes that an empty table may weigh.
const EMPTY: f64 = 2048.0;
/// What a neighbour that forks may do to the slowest lookups.
const TAIL: f64 = 2.0;

/// Open numbers; how many times as long as at rest a fork may take beside threads that change the
/// table; and how many nanoseconds a call of these may take, in 99.9 % of cases.
const FORKS: &[(i32, f64, f64)] = &[(1000, 5.0, 100e3), (60_000, 4.0, 2e6)];
/// Forks are judged beside so many threads at the most: beside more, they wait for the scheduler.
/// Calls are judged where there is a core for each thread.
const BESIDE: usize = 2;

pub fn judge(results: &Results) -> Vec<Verdict> {
    let mut verdicts = judge_rows(&results.rows);
    verdicts.extend(judge_weight(results));
    verdicts.extend(judge_tail(&results.tails));
    let judged = FORKS.iter().flat_map(|target| judge_forks(&results.forks, *target));
    verdicts.extend(judged);
    verdicts
}

/// By what is worst.
fn judge_forks(
    forks: &[Beside],
    (open, longer, late): (i32, f64, f64),
) -> impl Iterator<Item = Verdict> {
    let ours = forks.iter().filter(move |fork| {
        let Situation { open: size, threads, .. } = fork.situation;
        fork.peer == OURS && size == open && threads <= BESIDE
    });
    let of_forks = ours.clone().map(|fork| (fork, fork.ratio()));
    let of_calls = ours.filter(|fork| !fork.situation.is_crowded());
    let of_calls = of_calls.map(|fork| (fork, fork.late_calls().over(late)));
    let fork = worst(of_forks).map(|(fork, ratio)| Verdict {
        what: fork.situation.to_string(),
        against: "quiet".into(),
        bound: longer,
        ratio,
    });
    let call = worst(of_calls).map(|(fork, ratio)| Verdict {
        what: format!("99.9 % of calls, {}", fork.situation),
        against: time(late),
        bound: 1.0,
        ratio,
    });
    fork.into_iter().chain(call)
}

fn worst<T>(ratios: impl Iterator<Item = (T, Spread)>) -> Option<(T, Spread)> {
    ratios.max_by(|a, b| a.1.median.total_cmp(&b.1.median))
}

fn judge_weight(results: &Results) -> Option<Verdict> {
    let ours = results.weights.iter().find(|weight| weight.name == OURS)?;
    Some(Verdict {
        what: "bytes of an empty table".into(),
        against: format!("{EMPTY} bytes"),
        bound: 1.0,
        ratio: Spread::of(vec![*ours.bytes.first()? as f64 / EMPTY]),
    })
}

fn judge_tail(tails: &[Tail]) -> Option<Verdict> {
    let beside = |others| {
        let wanted = |tail: &&Tail| (tail.peer, tail.op, tail.others) == (OURS, Op::Lookup, others);
        Some(tails.iter().find(wanted)?.samples(|quantiles| quantiles.p999))
    };
    Some(Verdict {
        what: "99.9 % of lookups, another thread forks".into(),
        against: "quiet".into(),
        bound: TAIL,
        ratio: beside(Others::Fork)?.ratio(&beside(Others::Nothing)?),
    })
}

fn judge_rows(rows: &[Measured]) -> Vec<Verdict> {
    let judged = TARGETS.iter().flat_map(|&(name, threads, against, bound)| {
        let asked =
            move |row: &&Measured| row.name == name && (row.threads == 1) == (threads == Single);
        rows.iter().filter(asked).filter_map(move |row| verdict(row, against, bound))
    });
    judged.collect()
}

fn verdict(row: &Measured, against: Against, bound: f64) -> Option<Verdict> {
    let to = match against {
        One(name) => row.subject(name)?,
        BestBut(left_out) => best(row, left_out)?,
    };
    Some(Verdict {
        what: row.title(),
        against: to.name.clone(),
        bound,
        ratio: row.subject(OURS)?.ratio(to),
    })
}

fn best<'a>(row: &'a Measured, left_out: &[&str]) -> Option<&'a Samples> {
    let others = row
        .subjects
        .iter()
        .filter(|subject| !subject.name.starts_with(OURS) && !left_out.contains(&&*subject.name));
    others.min_by(|a, b| a.spread().median.total_cmp(&b.spread().median))
}
