//! docs/SEMANTICS.md names the test of every case, and docs/DESIGN.md the invariants that the code
//! cites, and functions and models: here they are held to that, so that they cannot promise what is
//! not there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const PAGE: &str = include_str!("../../docs/SEMANTICS.md");

/// How many groups of cases there are.
const GROUPS: usize = 37;

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

/// `semantics::limits::some_test` is in tests/semantics/limits.rs; a test of the whole binary is in
/// tests/heap.rs or in tests/suspended/main.rs.
fn source_of(name: &str) -> Option<String> {
    let (module, _) = name.rsplit_once("::")?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(module.replace("::", "/"));
    let file = fs::read_to_string(path.with_extension("rs"));
    file.or_else(|_| fs::read_to_string(path.join("main.rs"))).ok()
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

const DESIGN: &str = include_str!("../../docs/DESIGN.md");

/// The sources in a folder, and in those below it.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                found.push((path, source));
            }
        }
    }
    found
}

/// Words like `I4` and `F1`.
fn invariants(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| matches!(word.as_bytes(), [b'I' | b'F', b'1'..=b'9'])).collect()
}

#[test]
fn every_invariant_is_on_the_page_and_cited() {
    let stated = DESIGN.lines().filter_map(|line| line.strip_prefix("* **")?.split_once("**"));
    let stated: BTreeSet<_> = stated.map(|(name, _)| name).filter(|name| name.len() == 2).collect();
    let sources = sources("src");
    let comments = sources.iter().flat_map(|(_, source)| source.lines());
    let comments = comments.filter_map(|line| line.split_once("//"));
    let reasons = sources
        .iter()
        .flat_map(|(_, source)| source.lines())
        .filter_map(|line| line.split_once("reason = "));
    let cited: BTreeSet<_> =
        comments.chain(reasons).flat_map(|(_, text)| invariants(text)).collect();
    assert_eq!(cited, stated);
}

#[test]
fn every_function_and_model_of_the_orderings_exists() {
    let rows = DESIGN.lines().skip_while(|line| !line.starts_with("| where | ordering"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let (functions, models) = (sources("src"), sources("loom-tests"));
    let quoted = |cell: &'static str| cell.split('`').skip(1).step_by(2);
    let mut names = 0;
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for name in quoted(cells[1]).map(|name| name.rsplit("::").next().unwrap()) {
            let heads = [format!("fn {name}("), format!("fn {name}<")];
            let defines = |source: &str| heads.iter().any(|head| source.contains(head));
            let known = functions.iter().any(|(_, source)| defines(source));
            assert!(known, "{name} is in docs/DESIGN.md only");
            names += 1;
        }
        for name in quoted(cells[5]) {
            let known = models.iter().any(|(path, _)| path.file_stem().unwrap() == name);
            assert!(known, "{name} is in docs/DESIGN.md only");
        }
    }
    assert!(names > 20, "where is the table?");
}
