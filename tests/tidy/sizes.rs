//! How much a reader must hold in mind at once: the length of lines, functions and files.

use crate::{
    sources::Source,
    tokens::{Token, behind_the_closing, tokens},
};

/// Two files fit beside each other on a screen, and a quoted line fits into a mail or a review.
const MAX_COLUMNS: usize = 100;

/// A function is seen whole, from its signature to its closing brace, without scrolling.
const MAX_FUNCTION_LINES: usize = 30;

/// A file is one mechanism and is read from top to bottom: what is longer is two of them.
const MAX_FILE_LINES: usize = 400;

/// What is too long in a source, each with its line.
pub(crate) fn faults(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_FILE_LINES {
        faults.push(format!("{path}:{lines}: the file has more than {MAX_FILE_LINES} lines"));
    }
    for (line, columns) in (1..).zip(text.lines().map(|line| line.chars().count())) {
        if columns > MAX_COLUMNS {
            faults.push(format!("{path}:{line}: {columns} columns, more than {MAX_COLUMNS}"));
        }
    }
    for Function { name, line, lines } in functions(&tokens(text)) {
        if lines > MAX_FUNCTION_LINES {
            let most = MAX_FUNCTION_LINES;
            faults.push(format!("{path}:{line}: `{name}` has {lines} lines, more than {most}"));
        }
    }
    faults
}

/// A function with a body; its lines are those from `fn` to the closing brace.
#[derive(Debug, PartialEq)]
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

fn functions(tokens: &[Token]) -> Vec<Function> {
    let is_function = |at: &usize| tokens[*at].text == "fn" && tokens[at + 1].is_word();
    let starts = (0..tokens.len().saturating_sub(1)).filter(is_function);
    starts.filter_map(|start| function(tokens, start)).collect()
}

fn function(tokens: &[Token], start: usize) -> Option<Function> {
    let body = body(tokens, start)?;
    let end = &tokens[behind_the_closing(tokens, body) - 1];
    let (name, line) = (tokens[start + 1].text.clone(), tokens[start].line);
    Some(Function { name, line, lines: end.line - line + 1 })
}

/// Where the body of a function begins, unless it is a declaration. A semicolon or a brace within
/// the signature stands in brackets.
fn body(tokens: &[Token], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match tokens.get(at)?.text.as_str() {
            "{" => return Some(at),
            ";" => return None,
            "(" | "[" => at = behind_the_closing(tokens, at),
            _ => at += 1,
        }
    }
}

#[test]
fn a_function_is_measured_from_its_signature_to_its_brace() {
    let text = "trait T { fn declared(&self) -> [u8; 2]; }
        type F = fn(u8);
        fn f(
            a: [u8; 2],
        ) -> [u8; 3] {
            g('}', \"}\"); // }
            fn inner() {}
        }";
    let function = |name: &str, line, lines| Function { name: name.to_owned(), line, lines };
    assert_eq!(functions(&tokens(text)), [function("f", 3, 6), function("inner", 7, 1)]);
}

#[test]
fn what_is_too_long_is_named_with_its_line() {
    let faults_in = |text: String| faults(&Source { path: "a.rs".to_owned(), text });
    let function = |lines: usize| format!("\nfn f() {{\n{}}}\n", "x;\n".repeat(lines - 2));
    assert_eq!(faults_in(function(MAX_FUNCTION_LINES)), [""; 0]);
    let longer = faults_in(function(MAX_FUNCTION_LINES + 1));
    assert_eq!(longer, ["a.rs:2: `f` has 31 lines, more than 30"]);
    // A comment counts too, and a character may be several bytes.
    assert_eq!(faults_in(format!("//{}", "é".repeat(MAX_COLUMNS - 2))), [""; 0]);
    let wide = faults_in(format!("\n//{}", "é".repeat(MAX_COLUMNS - 1)));
    assert_eq!(wide, ["a.rs:2: 101 columns, more than 100"]);
    assert_eq!(faults_in("\n".repeat(MAX_FILE_LINES)), [""; 0]);
    let long = faults_in("\n".repeat(MAX_FILE_LINES + 1));
    assert_eq!(long, ["a.rs:401: the file has more than 400 lines"]);
}
