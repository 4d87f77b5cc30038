//! Measures the table against what one would use instead of it, says which targets it meets, and
//! writes docs/BENCHMARKS.md.
//!
//! ```sh
//! cargo run --release -p benches               # about nine minutes
//! cargo run --release -p benches -- --quick    # seconds, for a look; docs/ stays as it is
//! cargo run --release -p benches -- --forks
//! cargo run --release -p benches -- --programs
//! cargo run --release -p benches -- gap        # only the rows with this in their name
//! ```

#![allow(unreachable_pub, reason = "a program: nothing of it is reachable")]

use std::{env, process::ExitCode};

use benches::rows;
use indicatif::{ProgressBar, ProgressStyle};

mod charts;
mod document;
mod forks;
mod guest;
mod machine;
mod memory;
mod options;
mod programs;
mod results;
mod samples;
mod supervised;
mod svg;
mod tails;
mod targets;
mod terminal;
mod undisturbed;

use options::{Options, Part};
use results::Results;

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    if args.next().as_deref() == Some("--guest") {
        let load = guest::Load::from_args(args).ok_or("for the report's own use".into());
        return load
            .and_then(|load| guest::run(&load))
            .map_or_else(|e| failed(&e), |()| ExitCode::SUCCESS);
    }
    let options = match Options::from_env() {
        Ok(options) => options,
        Err(e) => return failed(&format!("{e}\n\n{}", options::USAGE)),
    };
    let results = measure(&options);
    terminal::show(&results);
    if !matches!(options.part, Part::Rows(_)) {
        if let Err(e) = document::write(&results, &options) {
            return failed(&format!("{}: {e}", options.directory.display()));
        }
        println!("\nwritten: {}", options.directory.join("BENCHMARKS.md").display());
    }
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    eprintln!("report: {why}");
    ExitCode::FAILURE
}

fn measure(options: &Options) -> Results {
    let bar = ProgressBar::new(situations(options));
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {elapsed} {wide_msg}");
    bar.set_style(style.expect("a valid template"));
    let mut results = Results::default();
    if let Part::All | Part::Rows(_) = options.part {
        let rows = rows(options);
        results.rows =
            rows.iter().map(|row| samples::measure(row, &options.samples, &bar)).collect();
    }
    if let Part::All = options.part {
        results.weights = memory::weigh();
        results.tails = tails::measure(&options.tails, &bar);
    }
    if let Some(name) = forks_named(&options.part) {
        results.forks = forks::measure(name, &options.forks, &bar);
    }
    if let Part::All | Part::Programs = options.part {
        results.unsupervised = supervise(options, &mut results, &bar).err();
    }
    bar.finish_and_clear();
    results
}

/// How many steps there are.
fn situations(options: &Options) -> u64 {
    let rows = rows(options).len() as u64;
    let forks = forks_named(&options.part).map_or(0, forks::situations);
    let programs = programs::situations() + supervised::rate_situations(&options.supervised);
    match options.part {
        Part::All => {
            let supervised = supervised::situations(&options.supervised);
            rows + tails::situations() + forks + supervised + programs
        }
        Part::Forks => forks,
        Part::Programs => programs,
        Part::Rows(_) => rows + forks,
    }
}

/// What is in the names of the forks that are measured, if any are.
fn forks_named(part: &Part) -> Option<&str> {
    match part {
        Part::All | Part::Forks => Some(""),
        Part::Programs => None,
        Part::Rows(name) => Some(name),
    }
}

fn rows(options: &Options) -> Vec<rows::Row> {
    let mut rows = rows::all();
    if let Part::Rows(name) = &options.part {
        rows.retain(|row| row.name.contains(name));
    }
    rows
}

fn supervise(options: &Options, results: &mut Results, bar: &ProgressBar) -> Result<(), String> {
    bar.set_message("building the supervisors");
    let built = supervised::build()?;
    if let Part::All = options.part {
        results.supervised = supervised::measure(&options.supervised, &built, bar)?;
    }
    results.rates = supervised::rates(&options.supervised, &built.ours, bar)?;
    results.programs = programs::measure(&options.programs, &built.ours, bar);
    Ok(())
}
