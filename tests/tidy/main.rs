//! What a compiler does not check of the sources: that a reader can hold each line, function and
//! file in mind, and that `src/` is built in floors, each of which rests on those below.

mod code;
mod floors;
mod floors_tests;
mod imports;
mod items;
mod page;
mod sizes;
mod sources;
mod tokens;
mod use_tree;

use sources::{read, sources};

/// Every folder of the repository that holds sources.
const FOLDERS: [&str; 5] = ["benches", "examples", "loom-tests", "src", "tests"];

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_line_function_or_file_is_too_long() {
    let sources: Vec<_> = FOLDERS.into_iter().flat_map(sources).collect();
    let faults: Vec<_> = sources.iter().flat_map(sizes::faults).collect();
    assert_none(&faults);
}

#[test]
fn every_module_rests_on_the_floors_below_it() {
    assert_none(&floors::faults(&read("docs/DESIGN.md"), &sources("src")));
}
