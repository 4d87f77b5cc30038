//! Measures the table against what one would use instead of it, says which targets it meets, and
//! writes docs/BENCHMARKS.md.
//!
//! ```sh
//! cargo run --release --example report               # about five minutes
//! cargo run --release --example report -- --quick    # seconds, for a look; docs/ stays as it is
//! cargo run --release --example report -- gap        # only the rows with this in their name
//! ```

#![allow(unreachable_pub, reason = "a program: nothing of it is reachable")]

use std::{env, process::ExitCode};

use indicatif::{ProgressBar, ProgressStyle};

mod charts;
mod document;
mod guest;
mod machine;
mod memory;
mod options;
#[path = "../../benches/peers/mod.rs"]
mod peers;
mod results;
#[path = "../../benches/rows/mod.rs"]
mod rows;
mod samples;
mod supervised;
mod svg;
mod tails;
mod targets;
mod terminal;
mod undisturbed;

use options::Options;
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
    if options.filter.is_empty() {
        if let Err(e) = document::write(&results, &options.directory) {
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

/// With a filter, only the rows.
fn measure(options: &Options) -> Results {
    let mut rows = rows::all();
    rows.retain(|row| row.name.contains(&options.filter));
    let whole = options.filter.is_empty();
    let more = tails::situations() + supervised::situations(&options.supervised);
    let bar = ProgressBar::new(rows.len() as u64 + if whole { more } else { 0 });
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {elapsed} {wide_msg}");
    bar.set_style(style.expect("a valid template"));
    let weights = if whole { memory::weigh() } else { Vec::new() };
    let rows = rows.iter().map(|row| samples::measure(row, &options.samples, &bar)).collect();
    let tails = if whole { tails::measure(&options.tails, &bar) } else { Vec::new() };
    let supervised =
        if whole { supervised::measure(&options.supervised, &bar) } else { Ok(Vec::new()) };
    bar.finish_and_clear();
    Results { rows, tails, weights, supervised }
}
