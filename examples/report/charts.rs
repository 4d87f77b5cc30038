//! Which results are drawn.

use super::{
    results::Results,
    rows::run,
    samples::{Measured, Spread},
    svg::{Chart, Line, Panel, Scale},
    tails::{Op, Others, Tail},
    targets::OURS,
};

/// Each with the name of its file.
pub fn all(results: &Results) -> Vec<(&'static str, Chart)> {
    let most = run::threads().last().unwrap_or(1);
    let rows = |wanted: &[(&str, usize)]| bars(&results.rows, wanted);
    vec![
        (
            "lookup",
            chart(
                "Looking up, using and giving up a descriptor",
                rows(&[
                    ("lookup/low", 1),
                    ("lookup/low", most),
                    ("lookup/gap", 1),
                    ("lookup/one shared", most),
                    ("lookup/low, beside a writer", 1),
                ]),
            ),
        ),
        (
            "open",
            chart(
                "Opening and closing",
                rows(&[
                    ("open+close/lowest, 0 open", 1),
                    ("open+close/lowest, 0 open", most),
                    ("open+close/lowest, 60000 open", 1),
                    ("dup2/open number", 1),
                    ("dup2+close/free gap number", 1),
                ]),
            ),
        ),
        (
            "whole",
            chart(
                "Over the whole table",
                rows(&[
                    ("fork/1000 open", 1),
                    ("exec/1000 open, 500 CLOEXEC", 1),
                    ("close_range/1000 open", 1),
                ]),
            ),
        ),
        (
            "mixed",
            chart("90 lookups, 8 open and close, 2 dup2", {
                let name = "mixed/90 lookup, 8 open+close, 2 dup2";
                let wanted: Vec<_> = run::threads().map(|threads| (name, threads)).collect();
                rows(&wanted)
            }),
        ),
        (
            "tails",
            chart(
                "Single operations, while other threads go over the whole table",
                tails(&results.tails),
            ),
        ),
    ]
}

fn chart(title: &'static str, panels: Vec<Panel>) -> Chart {
    Chart { title, panels }
}

fn bars(rows: &[Measured], wanted: &[(&str, usize)]) -> Vec<Panel> {
    let mut wanted = wanted.to_vec();
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
