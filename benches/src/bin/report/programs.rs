//! Whole programs, natively and under the supervisor, in turn.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use indicatif::ProgressBar;

use super::samples::Samples;

pub struct Plan {
    /// How often each is run on each side, at least.
    pub rounds: usize,
    /// And how long that is gone on with.
    pub time: Duration,
}

/// A program, and how long it took on each side; or why there is no such figure.
pub struct Ran {
    pub name: &'static str,
    /// What the supervised time may be as a multiple of the native one.
    pub at_most: Option<f64>,
    pub subjects: Result<Vec<Samples>, String>,
}

/// Natively, and with which options of the supervisor.
const SIDES: &[(&str, Option<&[&str]>)] = &[
    ("native", None),
    ("supervised", Some(&[])),
    ("supervised, `--serve-all`", Some(&["--serve-all"])),
];

struct Program {
    name: &'static str,
    at_most: Option<f64>,
    needs: &'static [&'static str],
    /// A shell script that makes what it works on, in an empty directory.
    prepare: &'static str,
    figure: Figure,
}

enum Figure {
    /// How long these words take.
    Time(&'static [&'static str]),
    /// A shell script prints how many operations a second there were. Its arguments go before what
    /// shall be on either side.
    Rate(&'static str),
}
use Figure::{Rate, Time};

const GIT: &[&str] = &["git", "status", "--short"];
const FEW_FILES: &str = "git init -q . && seq 10 | split -l 1 && git add . && git status --short";
const MANY_FILES: &str = "for d in $(seq 38); do \
    mkdir $d; (cd $d; seq 100000 | split -l 1000); done; \
    git init -q . && git add . && git status --short";
const HELLO: &str =
    "printf '#include <stdio.h>\\nint main(void) { puts(\"hello\"); }\\n' > hello.c";
/// What the path finds may be a script: this is the interpreter itself.
const PYTHON: &str = "ln -s \"$(python3 -c 'import sys; print(sys.executable)')\" python";
const INSERTS: &str = "(echo 'create table if not exists t (x);'; \
    for i in $(seq 100); do echo \"insert into t values ($i);\"; done) > inserts.sql";
/// The server alone is on one side or the other: who asks it is not.
const REDIS: &str = "rm -rf appendonlydir; \
    \"$@\" redis-server --port 0 --unixsocket socket --appendonly yes --save '' > log & \
    until redis-cli -s socket ping > reply 2>&1; do sleep 0.01; done; \
    redis-benchmark -s socket -t set -n 100000 --csv | tail -n 1 | cut -d '\"' -f 4; \
    redis-cli -s socket shutdown nosave; wait";

const PROGRAMS: &[Program] = &[
    Program {
        name: "true",
        at_most: None,
        needs: &["true"],
        prepare: ":",
        figure: Time(&["true"]),
    },
    Program {
        name: "git status, 10 files",
        at_most: Some(1.7),
        needs: &["git"],
        prepare: FEW_FILES,
        figure: Time(GIT),
    },
    Program {
        name: "git status, 3,800 files",
        at_most: Some(1.7),
        needs: &["git"],
        prepare: MANY_FILES,
        figure: Time(GIT),
    },
    Program {
        name: "gcc, hello world",
        at_most: Some(2.0),
        needs: &["gcc"],
        prepare: HELLO,
        figure: Time(&["gcc", "hello.c", "-o", "hello"]),
    },
    Program {
        name: "python, start",
        at_most: Some(1.4),
        needs: &["python3"],
        prepare: PYTHON,
        figure: Time(&["./python", "-c", "pass"]),
    },
    Program {
        name: "python, import json, ssl, asyncio",
        at_most: Some(1.4),
        needs: &["python3"],
        prepare: PYTHON,
        figure: Time(&["./python", "-c", "import json, ssl, asyncio"]),
    },
    Program {
        name: "dd, 64 MiB by 4 KiB",
        at_most: Some(1.1),
        needs: &["dd"],
        prepare: "head -c 64M /dev/zero > in",
        figure: Time(&["dd", "if=in", "of=out", "bs=4k", "status=none"]),
    },
    Program {
        name: "grep -r, 3,800 files of 6 KB",
        at_most: Some(3.7),
        needs: &["grep"],
        prepare: MANY_FILES,
        figure: Time(&["grep", "-rc", "99999", "."]),
    },
    Program {
        name: "sqlite3, 100 inserts",
        at_most: Some(1.06),
        needs: &["sqlite3"],
        prepare: INSERTS,
        figure: Time(&["sqlite3", "db", ".read inserts.sql"]),
    },
    Program {
        name: "redis-server, SET",
        at_most: Some(1.03),
        needs: &["redis-server", "redis-cli", "redis-benchmark"],
        prepare: ":",
        figure: Rate(REDIS),
    },
];

pub fn situations() -> u64 {
    PROGRAMS.len() as u64
}

pub fn measure(plan: &Plan, supervisor: &Path, bar: &ProgressBar) -> Vec<Ran> {
    let measure = |program: &Program| {
        bar.set_message(program.name);
        let subjects = program.measure(plan, supervisor);
        bar.inc(1);
        Ran { name: program.name, at_most: program.at_most, subjects }
    };
    PROGRAMS.iter().map(measure).collect()
}

/// What the fastest run took: whatever else the machine does, it only adds to that.
pub fn fastest(side: &Samples) -> f64 {
    side.times.iter().copied().fold(f64::INFINITY, f64::min)
}

impl Ran {
    /// The fastest run of a side as a multiple of the fastest native one.
    pub fn ratio(sides: &[Samples], side: usize) -> f64 {
        fastest(&sides[side]) / fastest(&sides[0])
    }
}

impl Program {
    fn measure(&self, plan: &Plan, supervisor: &Path) -> Result<Vec<Samples>, String> {
        if let Some(missing) = self.needs.iter().find(|program| !is_installed(program)) {
            return Err(format!("not here: {missing}"));
        }
        let dir = Scratch::new()?;
        output(dir.command("sh").args(["-c", self.prepare]))?;
        let samples = |(name, _): &(&str, _)| Samples { name: (*name).into(), times: Vec::new() };
        let mut subjects: Vec<_> = SIDES.iter().map(samples).collect();
        let begin = Instant::now();
        for round in 0.. {
            if round > plan.rounds && begin.elapsed() > plan.time {
                break;
            }
            for (subject, (_, options)) in subjects.iter_mut().zip(SIDES) {
                let time = self.run(&dir, options.map(|options| (supervisor, options)))?;
                // The first round fills the caches.
                if round > 0 {
                    subject.times.push(time);
                }
            }
        }
        Ok(subjects)
    }

    /// Nanoseconds, in all or of one operation.
    fn run(&self, dir: &Scratch, under: Option<(&Path, &[&str])>) -> Result<f64, String> {
        let mut prefix: Vec<&str> = Vec::new();
        if let Some((supervisor, options)) = under {
            prefix.push(supervisor.to_str().ok_or("the supervisor's path is odd")?);
            prefix.extend(options.iter().chain(&["--"]));
        }
        let begin = Instant::now();
        match self.figure {
            Time(words) => {
                let words = [&prefix, words].concat();
                output(dir.command(words[0]).args(&words[1..]))?;
                Ok(begin.elapsed().as_nanos() as f64)
            }
            Rate(script) => {
                let printed = output(dir.command("sh").args(["-c", script, "sh"]).args(prefix))?;
                let rate: Result<f64, _> = printed.trim().parse();
                Ok(1e9 / rate.map_err(|_| format!("no rate: {printed:?}"))?)
            }
        }
    }
}

/// What it prints, if it succeeds.
fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into()),
        false => Err(format!("failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// An empty directory, removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let path = env::temp_dir().join(format!("fdtable-report-{}", std::process::id()));
        fs::create_dir(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }

    /// To run there, undisturbed by how the user has set things up.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("HOME", &self.0).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
