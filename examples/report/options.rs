//! The command line.

use std::time::Duration;

use lexopt::prelude::*;

use super::samples::Plan;

pub const USAGE: &str = "usage: report [--quick] [FILTER]

  --quick   short samples and few of them, to look at and not to quote
  FILTER    only the rows with this in their name";

pub struct Options {
    pub plan: Plan,
    pub filter: String,
}

impl Options {
    pub fn from_env() -> Result<Self, lexopt::Error> {
        let (mut plan, mut filter) = (Plan::FULL, String::new());
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("quick") => plan = Plan::QUICK,
                Value(part) if filter.is_empty() => filter = part.string()?,
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self { plan, filter })
    }
}

impl Plan {
    const FULL: Self = Self { rounds: 21, sample: Duration::from_millis(5) };
    const QUICK: Self = Self { rounds: 7, sample: Duration::from_millis(2) };
}
