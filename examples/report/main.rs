//! Measures the table against what one would use instead of it, and says which targets it meets.
//!
//! ```sh
//! cargo run --release --example report               # about five minutes
//! cargo run --release --example report -- --quick    # a minute, for a look
//! cargo run --release --example report -- gap        # only the rows with this in their name
//! ```

#![allow(unreachable_pub, reason = "a program: nothing of it is reachable")]

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

mod options;
#[path = "../../benches/peers/mod.rs"]
mod peers;
#[path = "../../benches/rows/mod.rs"]
mod rows;
mod samples;
mod targets;
mod terminal;

use options::Options;
use samples::Measured;

fn main() -> ExitCode {
    let options = match Options::from_env() {
        Ok(options) => options,
        Err(e) => {
            eprintln!("report: {e}\n\n{}", options::USAGE);
            return ExitCode::FAILURE;
        }
    };
    let measured = measure(&options);
    terminal::rows(&measured);
    terminal::targets(&targets::judge(&measured));
    ExitCode::SUCCESS
}

fn measure(options: &Options) -> Vec<Measured> {
    let mut rows = rows::all();
    rows.retain(|row| row.name.contains(&options.filter));
    let bar = ProgressBar::new(rows.len() as u64);
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {elapsed} {wide_msg}");
    bar.set_style(style.expect("a valid template"));
    let measured = rows
        .iter()
        .map(|row| {
            bar.set_message(format!("{}, {} threads", row.name, row.threads));
            let measured = samples::measure(row, &options.plan);
            bar.inc(1);
            measured
        })
        .collect();
    bar.finish_and_clear();
    measured
}
