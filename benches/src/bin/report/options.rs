//! The command line.

use std::{path::PathBuf, time::Duration};

use lexopt::prelude::*;

use super::{forks, programs, samples, supervised, tails};

pub const USAGE: &str = "usage: report [--quick] [--out DIRECTORY] [--forks | --programs | FILTER]

  --quick     short samples and few of them: to look at, not to quote
  --out       where the page and its charts go: docs, or target/report with --quick
  --forks     only forks beside threads that change the table: leaves the rest as it is
  --programs  only whole programs under the supervisor: leaves the rest of the page as it is
  FILTER      only the rows with this in their name; writes nothing";

pub struct Options {
    pub samples: samples::Plan,
    pub tails: tails::Plan,
    pub forks: forks::Plan,
    pub supervised: supervised::Plan,
    pub programs: programs::Plan,
    pub directory: PathBuf,
    pub part: Part,
}

/// What is measured.
pub enum Part {
    All,
    /// Forks beside threads that change the table.
    Forks,
    /// Whole programs.
    Programs,
    /// The rows with this in their name.
    Rows(String),
}

impl Options {
    pub fn from_env() -> Result<Self, lexopt::Error> {
        let (mut quick, mut directory, mut part) = (false, None, Part::All);
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("quick") => quick = true,
                Long("out") => directory = Some(args.value()?.into()),
                Long("forks") => part = Part::Forks,
                Long("programs") => part = Part::Programs,
                Value(name) if matches!(part, Part::All) => part = Part::Rows(name.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let usual = if quick { Self::quick() } else { Self::full() };
        Ok(Self { directory: directory.unwrap_or(usual.directory), part, ..usual })
    }

    fn full() -> Self {
        Self {
            samples: samples::Plan { rounds: 21, sample: Duration::from_millis(6), tries: 4 },
            tails: tails::Plan { rounds: 11, round: Duration::from_millis(40), tries: 4 },
            forks: forks::Plan {
                rounds: 11,
                forks: 91,
                least: Duration::from_millis(10),
                most: Duration::from_millis(50),
                tries: 2,
            },
            supervised: supervised::Plan {
                rounds: 5,
                round: Duration::from_millis(400),
                guests: &[1, 2, 4, 8],
                handlers: &[1, 2, 4, 8],
            },
            programs: programs::Plan { rounds: 7, time: Duration::from_secs(20) },
            directory: "docs".into(),
            part: Part::All,
        }
    }

    fn quick() -> Self {
        Self {
            samples: samples::Plan { rounds: 7, sample: Duration::from_millis(2), tries: 1 },
            tails: tails::Plan { rounds: 3, round: Duration::from_millis(10), tries: 1 },
            forks: forks::Plan {
                rounds: 1,
                forks: 20,
                least: Duration::from_millis(5),
                most: Duration::from_millis(15),
                tries: 1,
            },
            supervised: supervised::Plan {
                rounds: 3,
                round: Duration::from_millis(100),
                guests: &[2],
                handlers: &[2],
            },
            programs: programs::Plan { rounds: 1, time: Duration::ZERO },
            directory: "target/report".into(),
            part: Part::All,
        }
    }
}
