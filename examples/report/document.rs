//! Puts the results into docs/BENCHMARKS.md: between its markers, the prose stays.

use std::{fs, io, path::Path};

use super::{
    charts, machine, memory,
    results::Results,
    samples::{Measured, Samples, Spread},
    svg,
    tails::{OPS, OTHERS, Op, Tail},
    targets::{self, OURS, Verdict},
    terminal::time,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/BENCHMARKS.md");

/// What the columns of one table hold at most.
const COLUMNS: usize = 5;

/// The tables of rows, and how their names begin.
const GROUPS: &[(&str, &[&str])] = &[
    ("flags", &["flags/", "contains/"]),
    ("lookup", &["lookup/"]),
    ("open", &["open+close/"]),
    ("dup", &["dup2", "F_DUPFD"]),
    ("whole", &["fork", "exec", "close_range"]),
    ("mixed", &["mixed/"]),
    ("kbox", &["kbox/"]),
];

/// Writes the page and its charts into a directory.
pub fn write(results: &Results, directory: &Path) -> io::Result<()> {
    let mut text = fs::read_to_string(PAGE)?;
    let mut put = |key: &str, table: String| fill(&mut text, key, &table);
    put("machine", machine::describe())?;
    put("targets", targets(&targets::judge(results)))?;
    for (key, beginnings) in GROUPS {
        let wanted = |row: &&Measured| beginnings.iter().any(|start| row.name.starts_with(start));
        let rows: Vec<_> = results.rows.iter().filter(wanted).collect();
        put(key, rows.chunks(COLUMNS).map(times).collect::<Vec<_>>().join("\n"))?;
    }
    put("memory", weights(results))?;
    put("supervisor", supervised(results))?;
    for op in OPS {
        put(&format!("tails of {}", op.name()), tails(&results.tails, op))?;
    }
    fs::create_dir_all(directory.join("charts"))?;
    fs::write(directory.join("BENCHMARKS.md"), text)?;
    for (name, chart) in charts::all(results) {
        fs::write(directory.join(format!("charts/{name}.svg")), svg::draw(&chart))?;
    }
    Ok(())
}

/// Replaces what is between the marker with a key and the next end.
fn fill(text: &mut String, key: &str, table: &str) -> io::Result<()> {
    let marker = format!("<!-- report: {key} -->\n");
    let place = text.find(&marker).map(|at| at + marker.len());
    let place = place.and_then(|from| Some(from..from + text[from..].find("<!-- end -->")?));
    let missing = || io::Error::other(format!("docs/BENCHMARKS.md has no place for {key:?}"));
    text.replace_range(place.ok_or_else(missing)?, &format!("\n{table}\n"));
    Ok(())
}

fn targets(verdicts: &[Verdict]) -> String {
    let mut table = Markdown::new(["", "against", "at most", "measured", "middle half", ""]);
    for verdict in verdicts {
        let Spread { low, median, high } = verdict.ratio;
        table.row([
            verdict.what.clone(),
            escaped(&verdict.against),
            format!("{:.2}", verdict.bound),
            format!("**{median:.2}**"),
            format!("{low:.2}–{high:.2}"),
            if verdict.met() { "met" } else { "**missed**" }.into(),
        ]);
    }
    table.0
}

/// Subjects down, rows across.
fn times(rows: &[&Measured]) -> String {
    let titles = rows.iter().map(|row| row.title());
    let mut table = Markdown::new([String::from("ns")].into_iter().chain(titles));
    let mut names: Vec<&str> = Vec::new();
    for subject in rows.iter().flat_map(|row| &row.subjects) {
        if !names.contains(&&*subject.name) {
            names.push(&subject.name);
        }
    }
    for name in names {
        let cells = rows.iter().map(|row| {
            let subject = row.subject(name);
            subject.map_or(String::new(), |subject| cell(subject, row.subject(OURS)))
        });
        table.row([emphasised(name)].into_iter().chain(cells));
    }
    table.0
}

fn cell(subject: &Samples, ours: Option<&Samples>) -> String {
    let Spread { low, median, high } = subject.spread();
    let ratio = ours
        .filter(|ours| ours.name != subject.name)
        .map_or(String::new(), |ours| format!("<br>{:.2} ×", subject.ratio(ours).median));
    format!("{}{ratio}<br><sub>{}–{}</sub>", time(median), time(low), time(high))
}

fn weights(results: &Results) -> String {
    let mut table = Markdown::new(["bytes"].into_iter().chain(memory::cases()));
    for weight in &results.weights {
        let cells = weight.bytes.iter().map(isize::to_string);
        table.row([emphasised(weight.name)].into_iter().chain(cells));
    }
    table.0
}

/// Peers down, situations across.
fn tails(tails: &[Tail], op: Op) -> String {
    let titles = OTHERS.iter().map(|others| others.name());
    let mut table = Markdown::new(["ns"].into_iter().chain(titles));
    let of_op: Vec<_> = tails.iter().filter(|tail| tail.op == op).collect();
    let peers = of_op.iter().filter(|tail| tail.others == OTHERS[0]).map(|tail| tail.peer);
    for peer in peers {
        let cells = of_op.iter().filter(|tail| tail.peer == peer).map(|tail| {
            let median = |quantile| time(tail.spread(quantile).median);
            let Spread { low, high, .. } = tail.spread(|q| q.p999);
            let (p50, p99, p999) = (median(|q| q.p50), median(|q| q.p99), median(|q| q.p999));
            format!("{p50}, {p99}, **{p999}**<br><sub>{}–{}</sub>", time(low), time(high))
        });
        table.row([emphasised(peer)].into_iter().chain(cells));
    }
    table.0
}

fn supervised(results: &Results) -> String {
    let results = match &results.supervised {
        Ok(results) => results,
        Err(why) => return format!("Not measured: {why}\n"),
    };
    let mut table = Markdown::new(["", "table", "calls/s", "middle half", "99.9 %", "middle half"]);
    for result in results {
        let (calls, p999) = (result.spread(|s| s.calls_per_second), result.spread(|s| s.p999));
        table.row([
            result.title(),
            emphasised(result.table),
            format!("{:.0}", calls.median),
            format!("{:.0}–{:.0}", calls.low, calls.high),
            time(p999.median),
            format!("{}–{}", time(p999.low), time(p999.high)),
        ]);
    }
    table.0
}

/// A name, which may be that of a type.
fn escaped(name: &str) -> String {
    name.replace('<', "&lt;").replace('>', "&gt;")
}

/// Ours stands out.
fn emphasised(name: &str) -> String {
    let name = escaped(name);
    if name.starts_with(OURS) { format!("**{name}**") } else { name }
}

/// A table: a first column of names, the rest of figures.
struct Markdown(String);

impl Markdown {
    fn new(header: impl IntoIterator<Item: Into<String>>) -> Self {
        let mut table = Self(String::new());
        let header: Vec<String> = header.into_iter().map(Into::into).collect();
        let columns = header.len();
        table.row(header);
        table.0 += &format!("|---|{}\n", "---:|".repeat(columns - 1));
        table
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<_> = cells.into_iter().collect();
        self.0 += &format!("| {} |\n", cells.join(" | "));
    }
}
