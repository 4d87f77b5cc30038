//! Words, `::`, and single characters, each with its line.

use crate::code::code_only;

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_part_of_a_word)
    }
}

fn is_part_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What is left of a source without comments and literals.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let code = code_only(text);
    let lines = (1..).zip(code.lines());
    lines.flat_map(|(line, code)| tokens_of_line(code, line)).collect()
}

fn tokens_of_line(mut code: &str, line: usize) -> Vec<Token> {
    let mut found = Vec::new();
    loop {
        code = code.trim_start();
        let Some(first) = code.chars().next() else { return found };
        let length = match code.find(|c| !is_part_of_a_word(c)).unwrap_or(code.len()) {
            0 if code.starts_with("::") => 2,
            0 => first.len_utf8(),
            word => word,
        };
        let (token, rest) = code.split_at(length);
        found.push(Token { text: token.to_owned(), line });
        code = rest;
    }
}

/// The place behind the bracket that closes the one at `open`, or the end.
pub(crate) fn behind_the_closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[test]
fn a_line_is_words_double_colons_and_characters() {
    let texts: Vec<_> = tokens("use a::b_1; // c\n'}' x").into_iter().map(|t| t.text).collect();
    assert_eq!(texts, ["use", "a", "::", "b_1", ";", "x"]);
}

#[test]
fn brackets_of_all_kinds_nest() {
    let tokens = tokens("(a [b] {c}) d");
    assert_eq!(tokens[behind_the_closing(&tokens, 0)].text, "d");
}
