//! Puts the results into docs/BENCHMARKS.md: between its markers, the prose stays.

use std::{fs, io};

use benches::peers::{Peer, mutex_map::MutexMap, rwlock_vec::RwLockVec};

use super::{
    charts,
    forks::{Beside, CHANGES, ENOUGH, SIZES, THREADS, threads_name},
    machine, memory,
    options::{Options, Part},
    programs::{Ran, fastest},
    results::Results,
    samples::{Measured, Samples, Spread},
    supervised::Rate,
    svg,
    tails::{OPS, OTHERS, Op, Quantiles, Tail},
    targets::{self, OURS, Verdict},
    terminal::time,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/BENCHMARKS.md");

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

/// Whose calls beside forks are in the page: the others' changes take a mutex as that map's.
const WITH_CALLS: [&str; 3] = [OURS, <RwLockVec as Peer>::NAME, <MutexMap as Peer>::NAME];

/// Writes the page, and its charts, as far as they were measured.
pub fn write(results: &Results, options: &Options) -> io::Result<()> {
    let (mut text, directory) = (fs::read_to_string(PAGE)?, &options.directory);
    fs::create_dir_all(directory.join("charts"))?;
    if let Part::All = options.part {
        put_tables(&mut text, results)?;
        for (name, chart) in charts::all(results) {
            fs::write(directory.join(format!("charts/{name}.svg")), svg::draw(&chart))?;
        }
    }
    if let Part::All | Part::Forks = options.part {
        fill(&mut text, "forks", &forks(&results.forks))?;
        fill(&mut text, "changes beside forks", &changes(&results.forks))?;
    }
    if let Part::All | Part::Programs = options.part {
        fill(&mut text, "programs", &or_why_not(results, programs))?;
        fill(&mut text, "rates", &or_why_not(results, rates))?;
    }
    fs::write(directory.join("BENCHMARKS.md"), text)
}

fn put_tables(text: &mut String, results: &Results) -> io::Result<()> {
    let mut put = |key: &str, table: String| fill(text, key, &table);
    put("machine", machine::describe())?;
    put("targets", targets(&targets::judge(results)))?;
    for (key, beginnings) in GROUPS {
        let wanted = |row: &&Measured| beginnings.iter().any(|start| row.name.starts_with(start));
        let rows: Vec<_> = results.rows.iter().filter(wanted).collect();
        put(key, rows.chunks(COLUMNS).map(times).collect::<Vec<_>>().join("\n"))?;
    }
    put("memory", weights(results))?;
    put("supervisor", or_why_not(results, supervised))?;
    for op in OPS {
        put(&format!("tails of {}", op.name()), tails(&results.tails, op))?;
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

/// A table for each size: changes and peers down, numbers of threads across.
fn forks(forks: &[Beside]) -> String {
    let table = |open| {
        let titles = THREADS.map(threads_name);
        let header = [format!("ns, {open} open"), String::new(), "quiet".into()];
        let mut table = Markdown::new(header.into_iter().chain(titles));
        let of_size: Vec<_> = forks.iter().filter(|fork| fork.situation.open == open).collect();
        for row in rows_of_forks(&of_size) {
            let quiet = row.iter().flat_map(|fork| fork.quiet.times.iter().copied());
            let quiet = time(Spread::of(quiet.collect()).median);
            let cells = row.iter().map(|fork| fork_cell(fork));
            table.row(titles_of_fork(row[0]).into_iter().chain([quiet]).chain(cells));
        }
        table.0
    };
    SIZES.map(table).join("\n")
}

/// Those of one peer beside the same change, by numbers of threads.
fn rows_of_forks<'a>(forks: &[&'a Beside]) -> Vec<Vec<&'a Beside>> {
    let peers = forks.chunk_by(|a, b| a.situation == b.situation).next().unwrap_or_default();
    let row = |change, peer| {
        let here = |fork: &&&Beside| (fork.situation.change, fork.peer) == (change, peer);
        forks.iter().filter(here).copied().collect()
    };
    let rows = CHANGES.into_iter().flat_map(|change| peers.iter().map(move |fork| (change, fork)));
    rows.map(|(change, fork)| row(change, fork.peer)).collect()
}

fn titles_of_fork(fork: &Beside) -> [String; 2] {
    [fork.situation.change.name().into(), emphasised(fork.peer)]
}

fn fork_cell(fork: &Beside) -> String {
    let Quantiles { count, p50, p999, worst, .. } = fork.forks;
    let Spread { low, median, high } = fork.ratio();
    let (late, ratio) = (late(p999, worst, count), format!("**{median:.2} ×**"));
    format!("{}, {late}<br>{ratio}<br><sub>{low:.2}–{high:.2}; of {count}</sub>", time(p50))
}

/// The 99.9 %, or the worst where the samples are too few.
fn late(p999: f64, worst: f64, count: usize) -> String {
    match count >= ENOUGH {
        true => time(p999),
        false => format!("*worst: {}*", time(worst)),
    }
}

/// Sizes, changes and peers down, numbers of threads across.
fn changes(forks: &[Beside]) -> String {
    let header = ["ns".into(), String::new(), "open".into()];
    let mut table = Markdown::new(header.into_iter().chain(THREADS.map(threads_name)));
    let shown: Vec<_> = forks.iter().filter(|fork| WITH_CALLS.contains(&fork.peer)).collect();
    for of_size in shown.chunk_by(|a, b| a.situation.open == b.situation.open) {
        for row in rows_of_forks(of_size) {
            let open = row[0].situation.open.to_string();
            let cells = row.iter().map(|fork| calls_cell(fork));
            table.row(titles_of_fork(row[0]).into_iter().chain([open]).chain(cells));
        }
    }
    table.0
}

fn calls_cell(fork: &Beside) -> String {
    let (Spread { low, median, high }, worst) = (fork.late_calls(), fork.worst_call());
    let late = late(median, worst, fork.fewest_calls());
    let (low, high, count) = (time(low), time(high), fork.calls_sampled());
    format!("**{late}**, {}<br><sub>{low}–{high}; of {count}</sub>", time(worst))
}

/// What concerns supervisors.
fn or_why_not(results: &Results, table: fn(&Results) -> String) -> String {
    match &results.unsupervised {
        Some(why) => format!("Not measured: {why}\n"),
        None => table(results),
    }
}

fn supervised(results: &Results) -> String {
    let mut table = Markdown::new(["", "table", "calls/s", "middle half", "99.9 %", "middle half"]);
    for result in &results.supervised {
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

/// Programs down, sides across.
fn programs(results: &Results) -> String {
    let sides = results.programs.iter().find_map(|ran| ran.subjects.as_ref().ok());
    let sides: Vec<_> = sides.into_iter().flatten().map(|side| side.name.as_str()).collect();
    let header = [""].into_iter().chain(sides.iter().copied()).chain(["at most", ""]);
    let mut table = Markdown::new(header);
    for ran in &results.programs {
        let mut cells = vec![ran.name.to_owned()];
        match &ran.subjects {
            Ok(subjects) => {
                cells.extend((0..subjects.len()).map(|side| program_cell(subjects, side)));
                cells.extend(program_verdict(ran.at_most, subjects).into_iter().flatten());
            }
            Err(why) => cells.push(why.clone()),
        }
        table.row(cells);
    }
    format!("Load average {} at the end.\n\n{}", machine::load(), table.0)
}

fn program_cell(sides: &[Samples], side: usize) -> String {
    let Spread { low, high, .. } = sides[side].spread();
    let ratio = match side {
        0 => String::new(),
        side => format!("**{:.2} ×**<br>", Ran::ratio(sides, side)),
    };
    let fastest = time(fastest(&sides[side]));
    format!("{ratio}{fastest}<br><sub>{}–{}</sub>", time(low), time(high))
}

/// Of the plain supervisor.
fn program_verdict(at_most: Option<f64>, sides: &[Samples]) -> Option<[String; 2]> {
    let (bound, ratio) = (at_most?, Ran::ratio(sides, 1));
    let met = if ratio <= bound { "met" } else { "**missed**" };
    Some([format!("{bound:.2} ×"), met.into()])
}

/// Handlers down, threads of the guest across.
fn rates(results: &Results) -> String {
    let threads = results.rates.chunk_by(|a, b| a.threads == b.threads);
    let columns: Vec<_> = threads.collect();
    let title = |rates: &&[Rate]| rates[0].threads.to_string();
    let header = ["handlers \\ guest threads".into()].into_iter();
    let mut table = Markdown::new(header.chain(columns.iter().map(title)));
    for (row, rate) in columns.first().copied().into_iter().flatten().enumerate() {
        let cells = columns.iter().map(|column| {
            let Spread { low, median, high } = Spread::of(column[row].rounds.clone());
            format!("{median:.0}<br><sub>{low:.0}–{high:.0}</sub>")
        });
        table.row([rate.handlers.to_string()].into_iter().chain(cells));
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
