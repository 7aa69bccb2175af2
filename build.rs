//! Embeds `rules/*.guard`: adding a rule is adding its file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=rules");
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
        writeln!(table, "    Builtin {{ name: {name:?}, types: &{types:?}, text: include_str!({path:?}) }},")
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

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the output directory is writable");
}
