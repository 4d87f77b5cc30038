//! The table and an ordered map, called the same way. Three programs use this folder: `model` and
//! `corpus`, which are tests, and the target of `fuzz`.

/// Programs from bytes.
pub(crate) mod bytes;
/// What a program is made of.
pub(crate) mod op;
/// The map.
pub(crate) mod reference;
/// Both at once.
pub(crate) mod run;

use op::{Op, Setting};
use run::Run;

/// Runs the program; panics at the first step after which the table is not what the map is.
pub(crate) fn behaves_as_the_map(setting: Setting, program: &[Op]) {
    let mut run = Run::new(setting);
    for op in program {
        run.step(op);
        run.check();
    }
    run.finish();
}
