//! Embeds `rules/*.guard`, parsed, and the examples of their pages: adding a rule is adding its file.

#[path = "src/policy/parse/grammar.rs"]
mod grammar;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use grammar::{Match, Rule};

fn main() {
    println!("cargo:rerun-if-changed=rules");
    println!("cargo:rerun-if-changed=docs/rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
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
        let nodes = grammar::file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parsed = out.join(format!("{name}.parsed"));
        write(&parsed, &grammar::pack(&nodes));
        let types = types(&text, &nodes);
        let is_off = text.lines().any(|line| line == "# default: off");
        let page = fs::read_to_string(root.join("docs/rules").join(format!("{name}.md"))).unwrap_or_default();
        let examples = examples(&page);
        writeln!(
            table,
            "    Builtin {{ name: {name:?}, types: &{types:?}, is_off: {is_off}, text: include_str!({path:?}), \
             parsed: include_bytes!({parsed:?}), examples: {examples:?} }},"
        )
        .expect("a string takes all text");
    }
    table.push(']');
    write(&out.join("builtin_rules.rs"), table.as_bytes());
}

/// The resource types whose blocks a rule holds, so that a run compiles only the rules that its resources can meet.
fn types<'t>(text: &'t str, nodes: &[Match]) -> Vec<&'t str> {
    let names = nodes.iter().filter(|node| node.rule == Rule::type_name);
    let mut types: Vec<&str> = names.map(|name| &text[name.start as usize..name.end as usize]).collect();
    types.sort_unstable();
    types.dedup();
    types
}

/// The examples of a rule's page, which a test writes with the tool's own output; a new rule has no page yet.
fn examples(page: &str) -> &str {
    let section = page.split_once("\n## Examples\n\n").map_or("", |(_, rest)| rest);
    section.split_once("\n## ").map_or(section, |(examples, _)| examples).trim_end()
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("the output directory is writable");
}
