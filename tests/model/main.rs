//! Random programs against a plain ordered map: numbers to 2^31 - 1, reservations, every placement,
//! ids, user flags, ENFILE, copies and plans, and after each step that every file lives exactly as
//! long as something refers to it.
//!
//! `PROPTEST_CASES` sets the number of programs; a failure prints the shortest one that fails.

mod draw;

use draw::{op, setting};
use proptest::prelude::*;

const CASES: u32 = 4000;

fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_program_gives_what_the_map_gives(
        setting in setting(),
        program in prop::collection::vec(op(), 1..=60),
    ) {
        table_model::behaves_as_the_map(setting, &program);
    }
}
