//! The repository's files.

use std::{fs, path::Path};

/// A source, by its path from the root of the repository.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The text of one file.
pub(crate) fn read(path: &str) -> String {
    let from_root = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(from_root).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The `.rs` files of a folder and of those below it, without build directories, in order.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{folder}: {error}")) {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let path = format!("{folder}/{name}");
            if entry.file_type().expect("a type").is_dir() {
                folders.extend((name != "target").then_some(path));
            } else if name.ends_with(".rs") {
                found.push(Source { text: read(&path), path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
