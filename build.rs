//! Embeds `rules/*.guard` and the examples of their pages: adding a rule is adding its file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=docs/rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("rules"))
        .expect("rules/ is readable")
        .map(|entry| entry.expect("rules/ is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "guard"))
        .collect();
    paths.sort();

    let mut table = String::from("[\n");
    for path in &paths {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("names of rules are ASCII");
        let text = fs::read_to_string(path).expect("rules are UTF-8");
        let types = types(&text);
        let page = fs::read_to_string(root.join("docs/rules").join(format!("{name}.md"))).unwrap_or_default();
        let examples = examples(&page);
        writeln!(
            table,
            "    Builtin {{ name: {name:?}, types: &{types:?}, text: include_str!({path:?}), examples: {examples:?} }},"
        )
        .expect("a string takes all text");
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    write(&out.join("builtin_rules.rs"), &table);
}

/// The resource types whose blocks a rule holds, so that a run compiles only the rules that its resources can meet.
fn types(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.contains("::") && !word.starts_with('#'))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The examples of a rule's page, which a test writes with the tool's own output; a new rule has no page yet.
fn examples(page: &str) -> &str {
    let section = page.split_once("\n## Examples\n\n").map_or("", |(_, rest)| rest);
    section.split_once("\n## ").map_or(section, |(examples, _)| examples).trim_end()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the output directory is writable");
}
