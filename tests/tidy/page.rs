//! The section of docs/DESIGN.md that says on which floor each module of `src/` is.

/// A name on the page, with its floor, counted from the top, and its line.
#[derive(Debug, PartialEq)]
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a str,
    pub(crate) floor: usize,
    pub(crate) line: usize,
}

/// What is in the block of the section `## Floors`, each line of which is a floor; nothing if there
/// is no such block.
pub(crate) fn listed(page: &str) -> Vec<Listed<'_>> {
    let section = (1..).zip(page.lines()).skip_while(|(_, text)| *text != "## Floors").skip(1);
    let section = section.take_while(|(_, text)| !text.starts_with("## "));
    let block = section.skip_while(|(_, text)| *text != "```text").skip(1);
    let lines = block.take_while(|(_, text)| *text != "```");
    let floors = lines.enumerate().flat_map(|(floor, (line, text))| {
        text.split_whitespace().map(move |name| Listed { name, floor, line })
    });
    floors.collect()
}

#[test]
fn each_line_of_the_block_is_a_floor() {
    let page = "# Design\n```text\nx\n```\n## Floors\nWords.\n\n```text\na b::c\nd\n```\ne\n## F\n";
    let listed_as = |name, floor, line| Listed { name, floor, line };
    assert_eq!(
        listed(page),
        [listed_as("a", 0, 9), listed_as("b::c", 0, 9), listed_as("d", 1, 10)]
    );
    assert_eq!(listed("## Floors\n## Other\n```text\na\n```\n"), []);
}
