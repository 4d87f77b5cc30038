//! A table and an ordered map that run the same program, step by step. The tests `model` and
//! `corpus` and the fuzz target share it: they differ in where their programs come from.

/// Programs from bytes.
pub mod bytes;
/// What a program is made of.
pub mod op;
/// The map.
mod reference;
/// Both at once.
mod run;

use op::{Op, Setting};
use run::Run;

/// Runs the program; panics at the first step after which the table is not what the map is.
pub fn behaves_as_the_map(setting: Setting, program: &[Op]) {
    let mut run = Run::new(setting);
    for op in program {
        run.step(op);
        run.check();
    }
    run.finish();
}
