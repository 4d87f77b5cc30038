//! The supervisor with this table, against the same one with a hash map behind a mutex.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use indicatif::ProgressBar;

use super::{
    guest::{Load, Served},
    samples::{Samples, Spread},
};

/// The program over either table.
pub struct Supervisors {
    pub ours: PathBuf,
    pub locked: PathBuf,
}

const HANDLERS: usize = 4;

pub struct Plan {
    pub rounds: usize,
    pub round: Duration,
    pub guests: &'static [usize],
    /// How many there are where their number is what is varied.
    pub handlers: &'static [usize],
}

/// How many notifications a second one supervisor serves.
pub struct Rate {
    pub handlers: usize,
    pub threads: usize,
    pub rounds: Vec<f64>,
}

/// One supervisor under one load.
pub struct Supervised {
    pub table: &'static str,
    pub threads: usize,
    pub forks: bool,
    pub rounds: Vec<Served>,
}

impl Supervised {
    pub fn samples(&self, of: fn(&Served) -> f64) -> Samples {
        Samples { name: self.table.into(), times: self.rounds.iter().map(of).collect() }
    }

    pub fn spread(&self, of: fn(&Served) -> f64) -> Spread {
        self.samples(of).spread()
    }

    pub fn title(&self) -> String {
        let threads = if self.threads == 1 { "thread" } else { "threads" };
        let forks = if self.forks { ", and forks" } else { "" };
        format!("{} guest {threads}{forks}", self.threads)
    }
}

pub fn situations(plan: &Plan) -> u64 {
    2 * plan.guests.len() as u64
}

pub fn rate_situations(plan: &Plan) -> u64 {
    (plan.handlers.len() * plan.guests.len()) as u64
}

/// Both supervisors in turn, under each load; or why that cannot be.
pub fn measure(
    plan: &Plan,
    built: &Supervisors,
    bar: &ProgressBar,
) -> Result<Vec<Supervised>, String> {
    let programs = [("fdtable", &built.ours), ("Mutex<HashMap>", &built.locked)];
    let mut results = Vec::new();
    for threads in plan.guests {
        for forks in [false, true] {
            let load = Load { threads: *threads, time: plan.round, forks };
            let mut both = programs.map(|(table, _)| Supervised {
                table,
                threads: load.threads,
                forks,
                rounds: Vec::new(),
            });
            bar.set_message(both[0].title());
            for _ in 0..plan.rounds {
                for (result, (_, program)) in both.iter_mut().zip(programs) {
                    result.rounds.push(run(program, HANDLERS, &load)?);
                }
            }
            results.extend(both);
            bar.inc(1);
        }
    }
    Ok(results)
}

/// Ours with more and fewer handlers, in turn, as often as they answer so many threads.
pub fn rates(plan: &Plan, supervisor: &Path, bar: &ProgressBar) -> Result<Vec<Rate>, String> {
    let mut results = Vec::new();
    for threads in plan.guests.iter().copied() {
        let rate = |handlers: &usize| Rate { handlers: *handlers, threads, rounds: Vec::new() };
        let mut rates: Vec<_> = plan.handlers.iter().map(rate).collect();
        bar.set_message(format!("{threads} guest threads, by handlers"));
        for _ in 0..plan.rounds {
            for rate in &mut rates {
                let load = Load { threads, time: plan.round, forks: false };
                rate.rounds.push(run(supervisor, rate.handlers, &load)?.calls_per_second);
            }
        }
        bar.inc(rates.len() as u64);
        results.extend(rates);
    }
    Ok(results)
}

/// Builds both, and says where they are.
pub fn build() -> Result<Supervisors, String> {
    let this = env::current_exe().map_err(|e| e.to_string())?;
    // This program is `target/release/report`.
    let target = this.parent().and_then(Path::parent).ok_or("this program has no directory")?;
    let ours = build_into(target, &[])?;
    let locked = build_into(&target.join("locked"), &["--features", "locked"])?;
    Ok(Supervisors { ours, locked })
}

fn build_into(target: &Path, features: &[&str]) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--quiet", "-p", "supervisor"]).args(features);
    let built = build.arg("--target-dir").arg(target).status();
    match built.map_err(|e| format!("cargo: {e}"))?.success() {
        true => Ok(target.join("release/supervisor")),
        false => Err("the supervisor cannot be built".into()),
    }
}

fn run(supervisor: &Path, handlers: usize, load: &Load) -> Result<Served, String> {
    let this = env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(supervisor);
    let options = ["--nofile", "1073741824", "--handlers", &handlers.to_string(), "--"];
    command.args(options).arg(this).args(load.to_args());
    let output = command.stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
    let served = Served::parse(&String::from_utf8_lossy(&output.stdout));
    served.ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().into())
}
