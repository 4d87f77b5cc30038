//! Programs as bytes, each against the ordered map of `table_model`. Half of them are what fuzzing
//! kept, and `fuzz` says how. The others are long and drawn evenly, and reach what short ones do
//! not.

use std::{fs, path::PathBuf};

use table_model::{behaves_as_the_map, bytes};

/// Every file, in the order of the names.
fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let entries = fs::read_dir(folder).expect("the corpus");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn every_program_of_the_corpus_gives_what_the_map_gives() {
    let (mut programs, mut operations) = (0, 0);
    for file in files() {
        // Shown if the test fails.
        println!("{}", file.display());
        let (setting, program) = bytes::program(&fs::read(file).expect("a file"));
        behaves_as_the_map(setting, &program);
        programs += 1;
        operations += program.len();
    }
    println!("{programs} programs, {operations} operations");
    assert!(operations > 1_000, "most of the corpus is gone");
}
