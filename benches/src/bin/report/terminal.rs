//! The results as tables on the terminal.

use comfy_table::{Cell, CellAlignment, Color, Table, presets};

use super::{
    forks::{Beside, ENOUGH, threads_name},
    memory,
    programs::{Ran, fastest},
    results::Results,
    samples::{Measured, Spread},
    tails::{OPS, OTHERS, Tail},
    targets::{self, OURS, Verdict},
};

pub fn show(results: &Results) {
    results.rows.iter().for_each(row);
    for op in OPS {
        for others in OTHERS {
            let here = |tail: &&Tail| (tail.op, tail.others) == (op, others);
            tails(results.tails.iter().filter(here).collect());
        }
    }
    let group = |fork: &Beside| (fork.situation.open, fork.situation.change);
    results.forks.chunk_by(|a, b| group(a) == group(b)).for_each(forks);
    weights(results);
    supervised(results);
    rates(results);
    programs(results);
    verdicts(&targets::judge(results));
}

fn row(row: &Measured) {
    let ours = row.subject(OURS);
    let mut table = table([&*row.title(), "ns", "middle half", "fdtable is x"]);
    for subject in &row.subjects {
        let spread = subject.spread();
        let ratio = ours.map(|ours| format!("{:.2}", ours.ratio(subject).median));
        table.add_row([
            Cell::new(&subject.name),
            right(time(spread.median)),
            right(format!("{}..{}", time(spread.low), time(spread.high))),
            right(ratio.unwrap_or_default()),
        ]);
    }
    println!("\n{table}");
}

fn tails(tails: Vec<&Tail>) {
    let Some(first) = tails.first() else {
        return;
    };
    let title = format!("{}, {}", first.op.name(), first.others.name());
    let mut table = table([&title, "50 %", "99 %", "99.9 %", "middle half", "worst"]);
    for tail in tails {
        let median = |quantile| right(time(tail.spread(quantile).median));
        let Spread { low, high, .. } = tail.spread(|q| q.p999);
        table.add_row([
            Cell::new(tail.peer),
            median(|q| q.p50),
            median(|q| q.p99),
            median(|q| q.p999),
            right(format!("{}..{}", time(low), time(high))),
            median(|q| q.worst),
        ]);
    }
    println!("\n{table}");
}

/// Of one size beside the same change.
fn forks(forks: &[Beside]) {
    let Some(first) = forks.first() else {
        return;
    };
    let title =
        format!("fork beside {}/{} open", first.situation.change.name(), first.situation.open);
    let titles = ["quiet", "50 %", "x quiet", "middle half", "99.9 %", "calls: 99.9 %", "worst"];
    let mut table = table([&*title, "beside"].into_iter().chain(titles));
    for fork in forks {
        let Spread { low, median, high } = fork.ratio();
        table.add_row([
            Cell::new(fork.peer),
            Cell::new(threads_name(fork.situation.threads)),
            right(time(fork.quiet.spread().median)),
            right(time(fork.forks.p50)),
            right(format!("{median:.2}")),
            right(format!("{low:.2}..{high:.2}")),
            right(late(fork.forks.p999, fork.forks.worst, fork.forks.count)),
            right(late(fork.late_calls().median, fork.worst_call(), fork.fewest_calls())),
            right(time(fork.worst_call())),
        ]);
    }
    println!("\n{table}");
}

/// The 99.9 %, and of how many samples; or the worst where these are too few.
fn late(p999: f64, worst: f64, count: usize) -> String {
    match count >= ENOUGH {
        true => format!("{} of {count}", time(p999)),
        false => format!("worst of {count}: {}", time(worst)),
    }
}

fn weights(results: &Results) {
    let mut table = table(["bytes"].into_iter().chain(memory::cases()));
    for weight in &results.weights {
        let cells = weight.bytes.iter().map(|bytes| right(bytes.to_string()));
        table.add_row([Cell::new(weight.name)].into_iter().chain(cells));
    }
    if !results.weights.is_empty() {
        println!("\n{table}");
    }
}

fn supervised(results: &Results) {
    if let Some(why) = &results.unsupervised {
        println!("\nsupervisor: not measured: {why}");
    }
    let results = &results.supervised;
    let header =
        ["supervisor", "table", "calls/s", "middle half", "99.9 %", "middle half", "forks"];
    let mut table = table(header);
    for result in results {
        let (calls, p999) = (result.spread(|s| s.calls_per_second), result.spread(|s| s.p999));
        let forks: u64 = result.rounds.iter().map(|round| round.forks).sum();
        table.add_row([
            Cell::new(result.title()),
            Cell::new(result.table),
            right(format!("{:.0}", calls.median)),
            right(format!("{:.0}..{:.0}", calls.low, calls.high)),
            right(time(p999.median)),
            right(format!("{}..{}", time(p999.low), time(p999.high))),
            right(forks.to_string()),
        ]);
    }
    if !results.is_empty() {
        println!("\n{table}");
    }
}

fn rates(results: &Results) {
    let mut table = table(["handlers", "guest threads", "calls/s", "middle half"]);
    for rate in &results.rates {
        let Spread { low, median, high } = Spread::of(rate.rounds.clone());
        table.add_row([
            right(rate.handlers.to_string()),
            right(rate.threads.to_string()),
            right(format!("{median:.0}")),
            right(format!("{low:.0}..{high:.0}")),
        ]);
    }
    if !results.rates.is_empty() {
        println!("\n{table}");
    }
}

fn programs(results: &Results) {
    let mut table = table(["program", "", "fastest", "middle half", "x native"]);
    for ran in &results.programs {
        match &ran.subjects {
            Err(why) => drop(table.add_row([ran.name, why])),
            Ok(subjects) => subjects.iter().enumerate().for_each(|(i, side)| {
                let Spread { low, high, .. } = side.spread();
                table.add_row([
                    Cell::new(ran.name),
                    Cell::new(&side.name),
                    right(time(fastest(side))),
                    right(format!("{}..{}", time(low), time(high))),
                    right(format!("{:.2}", Ran::ratio(subjects, i))),
                ]);
            }),
        }
    }
    if !results.programs.is_empty() {
        println!("\n{table}");
    }
}

fn verdicts(verdicts: &[Verdict]) {
    let mut table = table(["target", "against", "at most", "is", "middle half", ""]);
    for verdict in verdicts {
        let met = verdict.met();
        let (word, color) = if met { ("met", Color::Green) } else { ("missed", Color::Red) };
        let Spread { low, median, high } = verdict.ratio;
        table.add_row([
            Cell::new(&verdict.what),
            Cell::new(&verdict.against),
            right(format!("{:.2}", verdict.bound)),
            right(format!("{median:.2}")),
            right(format!("{low:.2}..{high:.2}")),
            Cell::new(word).fg(color),
        ]);
    }
    if !verdicts.is_empty() {
        println!("\n{table}");
    }
}

/// Three digits; in nanoseconds unless it says otherwise.
pub fn time(ns: f64) -> String {
    match ns {
        ..10.0 => format!("{ns:.2}"),
        ..100.0 => format!("{ns:.1}"),
        ..10e3 => format!("{ns:.0}"),
        ..100e3 => format!("{:.1} µs", ns / 1e3),
        ..1e6 => format!("{:.0} µs", ns / 1e3),
        _ => format!("{:.1} ms", ns / 1e6),
    }
}

fn table<'a>(header: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
