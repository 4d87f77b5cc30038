//! Which results are drawn.

use benches::rows::run;

use super::{
    results::Results,
    samples::{Measured, Spread},
    svg::{Chart, Line, Panel, Scale},
    tails::{Op, Others, Tail},
    targets::OURS,
};

/// Rows, and on how many threads: `MOST` are as many as the machine runs at once.
type Rows = [(&'static str, usize)];

const MOST: usize = usize::MAX;
const MIXED: &str = "mixed/90 lookup, 8 open+close, 2 dup2";

const LOOKUP: &Rows = &[
    ("lookup/low", 1),
    ("lookup/low", MOST),
    ("lookup/gap", 1),
    ("lookup/one shared", MOST),
    ("lookup/low, beside a writer", 1),
];
const OPEN: &Rows = &[
    ("open+close/lowest, 0 open", 1),
    ("open+close/lowest, 0 open", MOST),
    ("open+close/lowest, 60000 open", 1),
    ("dup2/open number", 1),
    ("dup2+close/free gap number", 1),
];
const WHOLE: &Rows =
    &[("fork/1000 open", 1), ("exec/1000 open, 500 CLOEXEC", 1), ("close_range/1000 open", 1)];

/// Each with the name of its file.
pub fn all(results: &Results) -> [(&'static str, Chart); 5] {
    let chart = |title, panels| Chart { title, panels };
    let mixed: Vec<_> = run::threads().map(|threads| (MIXED, threads)).collect();
    let bars = |rows| bars(&results.rows, rows);
    [
        ("lookup", chart("Looking up, using and giving up a descriptor", bars(LOOKUP))),
        ("open", chart("Opening and closing", bars(OPEN))),
        ("whole", chart("Over the whole table", bars(WHOLE))),
        ("mixed", chart("90 lookups, 8 open and close, 2 dup2", bars(&mixed))),
        (
            "tails",
            chart("Single operations beside what takes the whole table", tails(&results.tails)),
        ),
    ]
}

fn bars(rows: &[Measured], wanted: &Rows) -> Vec<Panel> {
    let most = run::threads().last().unwrap_or(1);
    let mut wanted: Vec<_> =
        wanted.iter().map(|(name, threads)| (*name, most.min(*threads))).collect();
    wanted.dedup();
    let row = |(name, threads)| rows.iter().find(|row| row.name == name && row.threads == threads);
    wanted.into_iter().filter_map(row).map(bar_panel).collect()
}

fn bar_panel(row: &Measured) -> Panel {
    let lines = row.subjects.iter().map(|subject| line(&subject.name, subject.spread()));
    Panel { title: row.title(), lines: lines.collect(), scale: Scale::Bars }
}

fn tails(tails: &[Tail]) -> Vec<Panel> {
    let drawn = [
        (Op::Lookup, Others::Nothing),
        (Op::Lookup, Others::Fork),
        (Op::Lookup, Others::Sweep),
        (Op::Lookup, Others::CrowdedFork),
        (Op::OpenClose, Others::Fork),
        (Op::OpenClose, Others::CrowdedSweep),
    ];
    drawn.map(|(op, others)| tail_panel(tails, op, others)).into()
}

fn tail_panel(tails: &[Tail], op: Op, others: Others) -> Panel {
    let here = tails.iter().filter(|tail| tail.op == op && tail.others == others);
    let lines = here.map(|tail| {
        let median = |quantile| tail.spread(quantile).median;
        let at =
            Spread { low: median(|q| q.p50), median: median(|q| q.p99), high: median(|q| q.p999) };
        line(tail.peer, at)
    });
    let title = format!("{}, {}", op.name(), others.name());
    Panel { title, lines: lines.collect(), scale: Scale::Logarithmic }
}

fn line(name: &str, at: Spread) -> Line {
    Line { name: name.into(), ours: name.starts_with(OURS), at }
}
