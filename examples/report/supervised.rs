//! The example `supervisor` with this table, against the same one with a hash map behind a mutex.

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

/// The programs, and what they are called in the report.
pub const SUPERVISORS: [(&str, &str); 2] =
    [("supervisor", "fdtable"), ("supervisor_locked", "Mutex<HashMap>")];
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
pub fn measure(plan: &Plan, programs: &Path, bar: &ProgressBar) -> Result<Vec<Supervised>, String> {
    let mut results = Vec::new();
    for threads in plan.guests {
        for forks in [false, true] {
            let load = Load { threads: *threads, time: plan.round, forks };
            let mut both = SUPERVISORS.map(|(_, table)| Supervised {
                table,
                threads: load.threads,
                forks,
                rounds: Vec::new(),
            });
            bar.set_message(both[0].title());
            for _ in 0..plan.rounds {
                for (result, (program, _)) in both.iter_mut().zip(SUPERVISORS) {
                    result.rounds.push(run(&programs.join(program), HANDLERS, &load)?);
                }
            }
            results.extend(both);
            bar.inc(1);
        }
    }
    Ok(results)
}

/// Ours with more and fewer handlers, in turn, as often as they answer so many threads.
pub fn rates(plan: &Plan, programs: &Path, bar: &ProgressBar) -> Result<Vec<Rate>, String> {
    let supervisor = programs.join(SUPERVISORS[0].0);
    let mut results = Vec::new();
    for threads in plan.guests.iter().copied() {
        let rate = |handlers: &usize| Rate { handlers: *handlers, threads, rounds: Vec::new() };
        let mut rates: Vec<_> = plan.handlers.iter().map(rate).collect();
        bar.set_message(format!("{threads} guest threads, by handlers"));
        for _ in 0..plan.rounds {
            for rate in &mut rates {
                let load = Load { threads, time: plan.round, forks: false };
                rate.rounds.push(run(&supervisor, rate.handlers, &load)?.calls_per_second);
            }
        }
        bar.inc(rates.len() as u64);
        results.extend(rates);
    }
    Ok(results)
}

/// Builds them; where they are.
pub fn build() -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--quiet"]);
    for (program, _) in SUPERVISORS {
        build.args(["--example", program]);
    }
    let built = build.status().map_err(|e| format!("cargo: {e}"))?;
    let this = env::current_exe().map_err(|e| e.to_string())?;
    let directory = this.parent().filter(|_| built.success());
    directory.map(Path::to_owned).ok_or("the supervisors cannot be built".into())
}

fn run(supervisor: &Path, handlers: usize, load: &Load) -> Result<Served, String> {
    let this = env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(supervisor);
    command.args(["--handlers", &handlers.to_string(), "--"]).arg(this).args(load.to_args());
    let output = command.stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
    let served = Served::parse(&String::from_utf8_lossy(&output.stdout));
    served.ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().into())
}
