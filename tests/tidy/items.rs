//! What a build without tests compiles of a source, as tokens.

use crate::tokens::{Token, behind_the_closing};

/// Stands for an attribute `#[cfg(...)]`: the item behind it is one of several.
pub(crate) const CHOSEN_BY_CFG: &str = "#";

/// Leaves out the items that only tests have, and attributes other than `cfg`.
pub(crate) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some(open) = attribute(tokens, at) else {
            kept.push(token.clone());
            at += 1;
            continue;
        };
        let words: Vec<_> = tokens[open + 1..].iter().map(|token| token.text.as_str()).collect();
        at = behind_the_closing(tokens, open);
        match words.as_slice() {
            ["cfg", "(", "test", ..] | ["cfg", "(", "all", "(", "test", ..] => {
                at = behind_the_item(tokens, at);
            }
            ["cfg", ..] => {
                kept.push(Token { text: CHOSEN_BY_CFG.to_owned(), line: token.line });
            }
            _ => {}
        }
    }
    kept
}

/// Whether a source consists of `mod` and `pub use` alone.
pub(crate) fn is_listing(tokens: &[Token]) -> bool {
    let mut tokens = without_tests(tokens);
    tokens.retain(|token| token.text != CHOSEN_BY_CFG);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut at = 0;
    while at < tokens.len() {
        let item = behind_the_visibility(&tokens, at);
        let is_listed = match text(item) {
            // An empty body is a page of documentation.
            "mod" => text(item + 2) == ";" || text(item + 3) == "}",
            "use" => item > at,
            _ => false,
        };
        if !is_listed {
            return false;
        }
        at = behind_the_item(&tokens, item);
    }
    true
}

/// `pub` and `pub(...)`, if either stands here.
pub(crate) fn behind_the_visibility(tokens: &[Token], at: usize) -> usize {
    let is = |at: usize, text| tokens.get(at).is_some_and(|token| token.text == text);
    match (is(at, "pub"), is(at + 1, "(")) {
        (true, true) => behind_the_closing(tokens, at + 1),
        (true, false) => at + 1,
        _ => at,
    }
}

/// Where the bracket of an attribute opens, `#[` or `#![`, if one begins here.
fn attribute(tokens: &[Token], at: usize) -> Option<usize> {
    let is = |at: usize, text| tokens.get(at).is_some_and(|token| token.text == text);
    let open = if is(at + 1, "!") { at + 2 } else { at + 1 };
    (is(at, "#") && is(open, "[")).then_some(open)
}

/// What an item begins with that ends with its braces or with a semicolon.
const ITEMS: [&str; 15] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// The place behind what an attribute before `at` belongs to.
fn behind_the_item(tokens: &[Token], mut at: usize) -> usize {
    while let Some(open) = attribute(tokens, at) {
        at = behind_the_closing(tokens, open);
    }
    let is_item = |token: &Token| ITEMS.contains(&token.text.as_str());
    // A field, an arm and a statement end with a comma or with the list that they are in.
    let is_item = tokens.get(at).is_some_and(is_item);
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            "}" | ")" | "]" => return at,
            "{" if is_item => return behind_the_braces(tokens, at),
            "(" | "[" | "{" => at = behind_the_closing(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// A `use` and a `static` have a semicolon behind their braces.
fn behind_the_braces(tokens: &[Token], open: usize) -> usize {
    let end = behind_the_closing(tokens, open);
    let semicolon = tokens.get(end).is_some_and(|token| token.text == ";");
    end + usize::from(semicolon)
}

#[test]
fn items_of_tests_alone_are_left_out() {
    for (text, left) in [
        ("a; #[cfg(test)] mod tests { b; } c;", "a ; c ;"),
        ("#[cfg(all(test, feature = \"x\"))] #[allow(y)] pub(crate) use a::{b, c}; d;", "d ;"),
        ("#[cfg(test)] fn f<A, B>(a: [A; 2]) -> B { a } b;", "b ;"),
        ("struct A { #[cfg(test)] a: B<{ 1 }>, b: C }", "struct A { b : C }"),
        ("f(a, #[cfg(test)] b)", "f ( a , )"),
        ("#![doc(x)] #[cfg(not(test))] #[inline] use a;", "# use a ;"),
    ] {
        let tokens = without_tests(&crate::tokens::tokens(text));
        let texts: Vec<_> = tokens.into_iter().map(|token| token.text).collect();
        assert_eq!(texts.join(" "), left);
    }
}

#[test]
fn a_listing_has_modules_and_public_uses_alone() {
    let is_listing = |text: &str| is_listing(&crate::tokens::tokens(text));
    assert!(is_listing("//! A.\n#![warn(x)] mod a; pub(crate) mod b; pub use a::{X, b::Y};"));
    assert!(is_listing("#[cfg(not(test))] pub use a::X; #[doc = \"b\"] pub mod c {}"));
    assert!(is_listing("mod a; #[cfg(test)] mod tests { fn f() {} }"));
    assert!(!is_listing("mod a; use a::X;"));
    assert!(!is_listing("mod a { fn f() {} }"));
    assert!(!is_listing("pub use a::X; pub struct Y;"));
}
