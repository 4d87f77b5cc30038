//! The tree behind a `use`: what it names, one path for each leaf.

use crate::tokens::Token;

#[derive(Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) line: usize,
    pub(crate) path: Vec<&'a str>,
    /// What it is called where it is imported.
    pub(crate) name: String,
}

/// The leaves of the tree that begins at a token, and the place behind it.
pub(crate) fn leaves(tokens: &[Token], at: usize) -> (Vec<Leaf<'_>>, usize) {
    let mut found = Vec::new();
    let end = branch(tokens, at, Vec::new(), &mut found);
    (found, end)
}

/// Reads a path to its leaf or to its braces.
fn branch<'a>(
    tokens: &'a [Token],
    mut at: usize,
    mut path: Vec<&'a str>,
    found: &mut Vec<Leaf<'a>>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    loop {
        match text(at) {
            "{" => return branches(tokens, at + 1, &path, found),
            // A path that begins with it is of another crate.
            "::" if path.is_empty() => path.push("::"),
            "::" | "$" => {}
            "" | ";" | "," | "}" => return at,
            name => {
                path.push(name);
                if text(at + 1) != "::" {
                    return leaf(tokens, at, path, found);
                }
            }
        }
        at += 1;
    }
}

fn branches<'a>(
    tokens: &'a [Token],
    mut at: usize,
    path: &[&'a str],
    found: &mut Vec<Leaf<'a>>,
) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            "," => at += 1,
            _ => at = branch(tokens, at, path.to_vec(), found),
        }
    }
    at
}

/// The last name of a path, with what it is renamed to.
fn leaf<'a>(
    tokens: &'a [Token],
    at: usize,
    mut path: Vec<&'a str>,
    found: &mut Vec<Leaf<'a>>,
) -> usize {
    // `a::{self}` is `a`.
    if path.len() > 1 {
        path.pop_if(|last| *last == "self");
    }
    let line = tokens[at].line;
    let renamed = tokens.get(at + 1).is_some_and(|token| token.text == "as");
    let name = match tokens.get(at + 2) {
        Some(name) if renamed => name.text.clone(),
        _ => path[path.len() - 1].to_owned(),
    };
    found.push(Leaf { line, path, name });
    if renamed { at + 3 } else { at + 1 }
}
