//! The layers depend one way, files stay readable, and only a few places touch the world.

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first: a module uses only those before it.
const LAYERS: [&str; 13] = [
    "source",
    "diagnostic",
    "document",
    "syntax",
    "edit",
    "model",
    "dialect",
    "policy",
    "catalog",
    "config",
    "engine",
    "report",
    "cli",
];

const MAX_LINES: usize = 600;

struct File {
    path: PathBuf,
    layer: Option<usize>,
    text: String,
}

fn sources() -> Vec<File> {
    fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("source files are UTF-8");
            let path = path.strip_prefix(&root).expect("below src").to_path_buf();
            let first = path.iter().next().expect("a name").to_string_lossy().into_owned();
            let layer = LAYERS.iter().position(|layer| *layer == first.trim_end_matches(".rs"));
            File { path, layer, text }
        })
        .collect()
}

/// The text without its unit tests, which stand at the end of a file.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// The layers that a text names after `crate::`, also inside `use crate::{…}`.
fn used_layers(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or(line);
        for part in code.split("crate::").skip(1) {
            let names: Vec<&str> = match part.strip_prefix('{') {
                Some(group) => group.split(',').map(|name| name.trim()).collect(),
                None => vec![part],
            };
            for name in names {
                let word: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if let Some(layer) = LAYERS.iter().find(|layer| **layer == word) {
                    found.push((number + 1, *layer));
                }
            }
        }
    }
    found
}

#[test]
fn layers_depend_one_way() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = file.layer else { continue };
        for (line, used) in used_layers(&file.text) {
            let used_at = LAYERS.iter().position(|layer| *layer == used).expect("a layer");
            if used_at > own {
                wrong.push(format!("src/{}:{line}: {} uses {used}", file.path.display(), LAYERS[own]));
            }
        }
    }
    assert!(wrong.is_empty(), "a layer uses a higher one:\n{}", wrong.join("\n"));
}

#[test]
fn lib_declares_the_layers_in_order() {
    let lib = sources().into_iter().find(|file| file.path == Path::new("lib.rs")).expect("lib.rs");
    let declared: Vec<String> = lib
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_string)
        .collect();
    assert_eq!(declared, LAYERS);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for file in sources() {
        let lines = without_tests(&file.text).lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("src/{}: {lines} lines without its tests", file.path.display()));
        }
        if !file.text.starts_with("//!") {
            wrong.push(format!("src/{}: no //! at its head", file.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_a_few_places_touch_the_world() {
    let allowed = ["source/read.rs", "cli"];
    let mut wrong = Vec::new();
    for file in sources() {
        if file.layer.is_none() || allowed.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        for (number, line) in without_tests(&file.text).lines().enumerate() {
            for word in ["println!", "eprintln!", "print!(", "std::fs", "std::net", "std::process"] {
                if line.contains(word) {
                    wrong.push(format!("src/{}:{}: {word}", file.path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
