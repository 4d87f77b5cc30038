//! Rust without what is not code: comments, strings and character literals become spaces, so that
//! every line and column stays where it was.

pub(crate) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = length_of_no_code(rest, code.chars().next_back());
        let (taken, after) = rest.split_at(blank.max(first.len_utf8()));
        if blank == 0 {
            code.push_str(taken);
        } else {
            code.extend(taken.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = after;
    }
    code
}

/// The bytes of the comment or literal that the text begins with, or 0; `before` precedes it.
fn length_of_no_code(text: &str, before: Option<char>) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return length_of_block_comment(text);
    }
    if text.starts_with('"') {
        return length_to_quote(text, '"');
    }
    if text.starts_with('\'') {
        return length_of_character(text);
    }
    // An `r` that ends a word begins no raw string.
    let in_a_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if in_a_word { 0 } else { length_of_raw_string(text) }
}

/// Comments nest.
fn length_of_block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let (step, change) = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth += change;
        if depth == 0 {
            break;
        }
    }
    at
}

/// From an opening quote to the closing one that no backslash escapes.
fn length_to_quote(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// A lifetime is no literal.
fn length_of_character(text: &str) -> usize {
    let mut after = text.chars().skip(1);
    match (after.next(), after.next()) {
        (Some('\\'), _) => length_to_quote(text, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

/// `r"..."`, `r#"..."#` and so on, of bytes or of C too.
fn length_of_raw_string(text: &str) -> usize {
    let prefix = ["r", "br", "cr"].into_iter().find_map(|prefix| text.strip_prefix(prefix));
    let Some(opening) = prefix else { return 0 };
    let body = opening.trim_start_matches('#');
    let hashes = &opening[..opening.len() - body.len()];
    let Some(body) = body.strip_prefix('"') else { return 0 };
    let end = format!("\"{hashes}");
    body.find(&end).map_or(text.len(), |at| text.len() - body.len() + at + end.len())
}

#[test]
fn comments_and_literals_become_spaces() {
    for (text, code) in [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */\n */ d", "a             \n    d"),
        (r#"f("}\"{", x)"#, "f(      , x)"),
        (r##"(r#"a"}"#)"##, "(        )"),
        ("('{', '\\'', b'}', 'é')", "(   ,     , b   ,    )"),
        ("&'a str, 'b: loop", "&'a str, 'b: loop"),
        ("for r in r#for {}", "for r in r#for {}"),
    ] {
        assert_eq!(code_only(text), code);
    }
}
