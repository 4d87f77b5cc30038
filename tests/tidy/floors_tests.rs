//! A small crate in floors, and one fault of each kind.

use crate::{floors::faults, sources::Source};

const PAGE: &str = "## Floors\n```text\nlib\nfiles\nt::open t::close\nt::slot\nerror sync\n```\n";

const GOOD: [(&str, &str); 8] = [
    ("lib.rs", "mod error; mod files; mod sync; mod t; pub use error::Error; pub use t::Open;"),
    ("files.rs", "use crate::{error::Error, t::open::{Open, open}}; pub struct Files;"),
    ("t.rs", "mod close; mod open; mod slot; pub use close::Close; pub use open::Open;"),
    ("t/open.rs", "use super::slot::Slot; pub struct Open(crate::error::Error);"),
    ("t/close.rs", "use crate::t::slot::Slot; pub struct Close;"),
    ("t/slot/mod.rs", "use crate::sync::{Atomic, epoch::{self, Guard}}; pub struct Slot;"),
    ("error.rs", "pub enum Error { A } #[cfg(test)] mod tests { use crate::files::Files; }"),
    ("sync.rs", "#[cfg(x)] pub use self::native::Atomic; mod native { use super::A; } fn a() {}"),
];

/// The faults of the small crate if these of its files have other texts.
fn with_all(changed: &[(&str, &str)]) -> Vec<String> {
    let is_changed = |path: &str| changed.iter().any(|(other, _)| *other == path);
    let rest = GOOD.iter().filter(|(path, _)| !is_changed(path));
    let source = |(path, text): &(&str, &str)| {
        let (path, text) = (format!("src/{path}"), (*text).to_owned());
        Source { path, text }
    };
    faults(PAGE, &rest.chain(changed).map(source).collect::<Vec<_>>())
}

fn with(file: &str, text: &str) -> Vec<String> {
    with_all(&[(file, text)])
}

#[test]
fn a_crate_in_floors_has_no_fault() {
    assert_eq!(with_all(&[]), [""; 0]);
    // A module may export again what it imports.
    assert_eq!(with("t/open.rs", "pub use crate::error::Error; pub struct Open;"), [""; 0]);
}

#[test]
fn an_import_from_a_floor_above_is_a_fault() {
    let fault = "src/t/slot/mod.rs:2: `crate::t::open::Open` is on a floor above `t::slot`";
    assert_eq!(with("t/slot/mod.rs", "// A slot.\nuse super::open::Open;"), [fault]);
    assert_eq!(with("t/slot/mod.rs", "mod x {\nuse super::super::open::Open; }"), [fault]);
    assert_eq!(with("t/slot/mod.rs", "fn f(\nx: &crate::t::open::Open) {}"), [fault]);
    assert_eq!(with("t/slot/mod.rs", "use crate::{error::Error,\nt::open::Open};"), [fault]);
}

#[test]
fn an_import_from_the_same_floor_is_a_fault() {
    let faults = with("t/close.rs", "use super::{open::Open, slot::Slot};");
    assert_eq!(faults, ["src/t/close.rs:1: `crate::t::open::Open` is on the floor of `t::close`"]);
}

#[test]
fn an_import_of_a_reexport_is_a_fault() {
    let of_the_root = with("t/open.rs", "use crate::Error;");
    let fault = "`crate::Error` names the crate's root, not the module that defines it";
    assert_eq!(of_the_root, [format!("src/t/open.rs:1: {fault}")]);
    let of_a_listing = with("files.rs", "use crate::t::Open;");
    let fault = "`crate::t::Open` is a re-export, not defined in `t`";
    assert_eq!(of_a_listing, [format!("src/files.rs:1: {fault}")]);
}

#[test]
fn an_import_of_what_a_module_only_reexports_is_a_fault() {
    let reexport = ("t/slot/mod.rs", "pub use crate::sync::Atomic as Word; pub struct Slot;");
    let import = ("t/open.rs", "use super::slot::{Slot, Word};");
    let fault = "src/t/open.rs:1: `crate::t::slot::Word` is a re-export, not defined in `t::slot`";
    assert_eq!(with_all(&[reexport, import]), [fault]);
}

#[test]
fn an_import_of_a_module_is_a_fault() {
    let fault = "src/t/open.rs:1: `crate::t::slot` is a whole module, not an item of one";
    assert_eq!(with("t/open.rs", "use super::slot;"), [fault]);
    assert_eq!(with("t/open.rs", "use super::slot::{self, Slot};"), [fault]);
    let fault = "src/t/open.rs:1: `crate::t::*` is a re-export, not defined in `t`";
    assert_eq!(with("t/open.rs", "use super::*;"), [fault]);
}

#[test]
fn a_module_on_no_floor_is_a_fault() {
    let fault = "src/new.rs:1: docs/DESIGN.md lists no floor of `new`";
    assert_eq!(with("new.rs", "fn f() {}"), [fault]);
    let fault = "src/t.rs:1: docs/DESIGN.md lists no floor of `t`";
    assert_eq!(with("t.rs", "mod open; struct T;"), [fault], "more than a listing");
}

#[test]
fn a_floor_without_its_module_is_a_fault() {
    let page = "## Floors\n```text\nlib\nfiles lib\n```\n";
    let lib = Source { path: "src/lib.rs".to_owned(), text: "mod files;".to_owned() };
    let faults_of = |page| faults(page, std::slice::from_ref(&lib));
    let missing = "docs/DESIGN.md:4: `files` is no module of src";
    assert_eq!(faults_of(page), [missing, "docs/DESIGN.md:4: `lib` is listed twice"]);
    let none = "docs/DESIGN.md: no block ```text in a section `## Floors`";
    assert_eq!(faults_of("# Design\n"), [none]);
}
