//! Random programs against a plain ordered map: numbers to 2^31 - 1, reservations, every placement, ids, user flags,
//! ENFILE, copies and plans, and after each step that every file lives exactly as long as something refers to it.
//!
//! `PROPTEST_CASES` sets the number of programs; a failure prints the shortest one that fails.

/// The parts, from the shared words upwards.
mod model {
    pub(crate) mod op;
    pub(crate) mod reference;
    pub(crate) mod run;
}

use model::op::{Op, Setting, op, setting};
use model::run::Run;
use proptest::prelude::*;

const CASES: u32 = 4000;

fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config
}

fn behaves_as_the_map(setting: Setting, program: &[Op]) {
    let mut run = Run::new(setting);
    for op in program {
        run.step(op);
        run.check();
    }
    run.finish();
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_program_gives_what_the_map_gives(
        setting in setting(),
        program in prop::collection::vec(op(), 1..=60),
    ) {
        behaves_as_the_map(setting, &program);
    }
}
