//! docs/SEMANTICS.md names the test of every case: here it is held to that, so that it cannot
//! promise what nothing checks.

use std::{collections::BTreeSet, fs, path::Path};

const PAGE: &str = include_str!("../../docs/SEMANTICS.md");

/// How many groups of cases there are.
const GROUPS: usize = 36;

/// The test binaries that the page may name.
const BINARIES: [&str; 4] = ["semantics", "concurrent", "heap", "suspended"];

/// The names of tests in a text: whatever stands in backquotes and begins with a binary's name.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        let (binary, rest) = word.split_once("::").unwrap_or_default();
        BINARIES.contains(&binary) && !rest.is_empty()
    })
}

/// `semantics::limits::some_test` is in tests/semantics/limits.rs, `heap::some_test` in
/// tests/heap.rs.
fn source_of(name: &str) -> Option<String> {
    let (module, _) = name.rsplit_once("::")?;
    let file = format!("tests/{}.rs", module.replace("::", "/"));
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).ok()
}

/// The functions of a source that carry `#[test]`.
fn tests_in(source: &str) -> BTreeSet<&str> {
    let after_attribute = source.split("#[test]\n").skip(1);
    let signature = after_attribute.filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
    signature.map(|(name, _)| name).collect()
}

fn exists(name: &str) -> bool {
    let (_, function) = name.rsplit_once("::").unwrap();
    source_of(name).is_some_and(|source| tests_in(&source).contains(function))
}

#[test]
fn every_test_that_the_page_names_exists() {
    let missing: Vec<_> = names(PAGE).filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "in docs/SEMANTICS.md only: {missing:#?}");
    assert!(names(PAGE).count() > GROUPS);
    // The check itself can fail.
    assert!(!exists("semantics::limits::no_such_test") && !exists("semantics::no_module::x"));
    assert!(!exists("semantics::limits::fill"), "no test, though a function");
}

#[test]
fn every_group_of_cases_names_a_test() {
    let rows = PAGE.lines().filter_map(|line| {
        let (number, rest) = line.strip_prefix("| ")?.split_once(" |")?;
        Some((number.trim().parse::<usize>().ok()?, rest))
    });
    let mut covered = BTreeSet::new();
    for (group, row) in rows {
        assert!(names(row).next().is_some(), "group {group} names no test");
        assert!(covered.insert(group), "group {group} is there twice");
    }
    assert_eq!(covered, (1..=GROUPS).collect());
}
