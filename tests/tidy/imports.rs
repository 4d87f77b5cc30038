//! What a module names of its own crate: by `use`, and by paths within its code.

use std::collections::BTreeSet;

use crate::{
    items::{CHOSEN_BY_CFG, behind_the_visibility, without_tests},
    tokens::{Token, behind_the_closing},
    use_tree,
};

/// One path within the crate.
#[derive(Debug, PartialEq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    /// From the root of the crate.
    pub(crate) path: Vec<String>,
    /// The name under which a `pub use` exports the item again. One that a `cfg` chooses does not
    /// count: it names one of several definitions.
    pub(crate) reexported_as: Option<String>,
}

/// The paths that a module names of this crate, which has `modules`, in builds without tests.
pub(crate) fn imports(module: &[&str], tokens: &[Token], modules: &BTreeSet<&str>) -> Vec<Import> {
    let tokens = without_tests(tokens);
    let scope = module.iter().map(|name| (*name).to_owned()).collect();
    let mut reader =
        Reader { tokens: &tokens, modules, scope, ends: Vec::new(), found: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        at = reader.step(at);
    }
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token],
    modules: &'a BTreeSet<&'a str>,
    /// The module that a relative path begins in: the file's, or a module with a body in it.
    scope: Vec<String>,
    /// Where each module with a body ends.
    ends: Vec<usize>,
    found: Vec<Import>,
}

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Reads what begins at a token, and gives the place behind it.
    fn step(&mut self, at: usize) -> usize {
        if self.ends.last() == Some(&at) {
            self.ends.pop();
            self.scope.pop();
        }
        let visible = behind_the_visibility(self.tokens, at);
        let chosen = at > 0 && self.text(at - 1) == CHOSEN_BY_CFG;
        match self.text(visible) {
            "use" if self.text(visible + 1) != "<" => {
                return self.import(visible + 1, visible > at && !chosen);
            }
            "mod" if self.text(visible + 2) == "{" => {
                self.scope.push(self.text(visible + 1).to_owned());
                self.ends.push(behind_the_closing(self.tokens, visible + 2) - 1);
                return visible + 3;
            }
            _ if visible > at => return visible,
            _ => {}
        }
        if self.begins_a_path(at) { self.path(at) } else { at + 1 }
    }

    fn begins_a_path(&self, at: usize) -> bool {
        // A method, and what is behind a type in angle brackets, are no part of a path.
        let before = at.checked_sub(1).map_or("", |before| self.text(before));
        self.tokens[at].is_word() && self.text(at + 1) == "::" && ![".", "::"].contains(&before)
    }

    /// A `use`.
    fn import(&mut self, at: usize, reexports: bool) -> usize {
        let (leaves, end) = use_tree::leaves(self.tokens, at);
        for leaf in leaves {
            if let Some(path) = self.path_from_the_root(&leaf.path) {
                let reexported_as = reexports.then_some(leaf.name);
                self.found.push(Import { line: leaf.line, path, reexported_as });
            }
        }
        end
    }

    /// A path in code.
    fn path(&mut self, start: usize) -> usize {
        let mut path = vec![self.text(start)];
        let mut at = start + 1;
        while self.text(at) == "::" && self.tokens.get(at + 1).is_some_and(Token::is_word) {
            path.push(self.text(at + 1));
            at += 2;
        }
        if let Some(path) = self.path_from_the_root(&path) {
            self.found.push(Import { line: self.tokens[start].line, path, reexported_as: None });
        }
        at
    }

    /// A path that begins in this crate; one that begins with a module of the scope does, too.
    fn path_from_the_root(&self, path: &[&str]) -> Option<Vec<String>> {
        let own = |name: &str| {
            let child = [self.scope.as_slice(), &[name.to_owned()]].concat().join("::");
            self.modules.contains(child.as_str())
        };
        let (mut root, mut rest) = match path {
            ["crate", rest @ ..] => (Vec::new(), rest),
            ["self", rest @ ..] => (self.scope.clone(), rest),
            ["super", ..] => (self.scope.clone(), path),
            [name, ..] if own(name) => (self.scope.clone(), path),
            _ => return None,
        };
        while let ["super", behind @ ..] = rest {
            root.pop();
            rest = behind;
        }
        root.extend(rest.iter().map(|name| (*name).to_owned()));
        Some(root)
    }
}

/// The paths of an import, with the name of a re-export behind `=`.
#[cfg(test)]
fn shown(module: &[&str], text: &str) -> Vec<String> {
    let modules = BTreeSet::from(["a", "a::b", "c"]);
    let imports = imports(module, &crate::tokens::tokens(text), &modules);
    let show = |Import { path, reexported_as, .. }: Import| {
        let path = path.join("::");
        reexported_as.map_or(path.clone(), |name| format!("{path} = {name}"))
    };
    imports.into_iter().map(show).collect()
}

#[test]
fn a_use_names_what_is_at_the_leaves_of_its_tree() {
    let text = "use crate::{c::X, a::{self, b::{Y as Z, *}}}; use std::a::W; use ::a::V;";
    assert_eq!(shown(&["a"], text), ["c::X", "a", "a::b::Y", "a::b::*"]);
    // What begins with a module of one's own is a path of this crate.
    assert_eq!(shown(&["a"], "use b::X; use c::Y;"), ["a::b::X"]);
    assert_eq!(shown(&[], "use c::Y; use b::X;"), ["c::Y"]);
}

#[test]
fn a_relative_path_begins_in_the_module_that_it_stands_in() {
    let text = "use super::X; mod c { use super::{Y, super::Z}; } use self::W;";
    assert_eq!(shown(&["a", "b"], text), ["a::X", "a::b::Y", "a::Z", "a::b::W"]);
}

#[test]
fn paths_in_code_are_imports_too() {
    let text = "fn f(x: &crate::c::X<u8>) { super::g::<u8>(); x.b::<u8>(); b::h(); std::b::i() }";
    assert_eq!(shown(&["a"], text), ["c::X", "g", "a::b::h"]);
    assert_eq!(shown(&["a"], "pub(in crate::c) fn f() -> impl X + use<'a> {}"), [""; 0]);
    assert_eq!(shown(&["a"], "macro_rules! m { () => { $crate::c::f() } }"), ["c::f"]);
}

#[test]
fn a_public_use_reexports_unless_a_cfg_chooses_it() {
    let text = "pub use c::X; pub(crate) use c::{Y as Z, W}; use c::V;";
    assert_eq!(shown(&[], text), ["c::X = X", "c::Y = Z", "c::W = W", "c::V"]);
    assert_eq!(shown(&[], "#[cfg(unix)] pub use c::X; #[cfg(test)] pub use c::Y;"), ["c::X"]);
}

#[test]
fn tests_and_documentation_are_no_imports() {
    let text = "/// [x](crate::c::X)\nfn f() {} #[cfg(test)] mod tests { use crate::c::Y; }";
    assert_eq!(shown(&["a"], text), [""; 0]);
}
