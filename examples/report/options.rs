//! The command line.

use std::{path::PathBuf, time::Duration};

use lexopt::prelude::*;

use super::{samples, supervised, tails};

pub const USAGE: &str = "usage: report [--quick] [--out DIRECTORY] [FILTER]

  --quick   short samples and few of them: to look at, not to quote
  --out     where the page and its charts go: docs, or target/report with --quick
  FILTER    only the rows with this in their name; writes nothing";

pub struct Options {
    pub samples: samples::Plan,
    pub tails: tails::Plan,
    pub supervised: supervised::Plan,
    pub directory: PathBuf,
    pub filter: String,
}

impl Options {
    pub fn from_env() -> Result<Self, lexopt::Error> {
        let (mut quick, mut directory, mut filter) = (false, None, String::new());
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("quick") => quick = true,
                Long("out") => directory = Some(args.value()?.into()),
                Value(part) if filter.is_empty() => filter = part.string()?,
                other => return Err(other.unexpected()),
            }
        }
        let usual = if quick { Self::quick() } else { Self::full() };
        Ok(Self { directory: directory.unwrap_or(usual.directory), filter, ..usual })
    }

    fn full() -> Self {
        Self {
            samples: samples::Plan { rounds: 21, sample: Duration::from_millis(6), tries: 4 },
            tails: tails::Plan { rounds: 11, round: Duration::from_millis(40), tries: 4 },
            supervised: supervised::Plan {
                rounds: 5,
                round: Duration::from_millis(400),
                guests: &[1, 2, 4, 8],
            },
            directory: "docs".into(),
            filter: String::new(),
        }
    }

    fn quick() -> Self {
        Self {
            samples: samples::Plan { rounds: 7, sample: Duration::from_millis(2), tries: 1 },
            tails: tails::Plan { rounds: 3, round: Duration::from_millis(10), tries: 1 },
            supervised: supervised::Plan {
                rounds: 3,
                round: Duration::from_millis(100),
                guests: &[2],
            },
            directory: "target/report".into(),
            filter: String::new(),
        }
    }
}
