//! The yardstick of `benches/compare.py`: reads the files it is given and runs a common parser over each, keeping nothing.
//!
//! `syntax_pass read PATH…` only reads, `syntax_pass parse PATH…` parses too: YAML by libyaml (as translated to Rust, behind
//! `yaml_serde`), JSON by `serde_json`. Neither builds a tree, knows positions, or looks at what the files mean.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use serde::Deserialize;
use serde::de::IgnoredAny;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let parses = match arguments.next() {
        Some(word) if word == "parse" => true,
        Some(word) if word == "read" => false,
        _ => return ExitCode::from(2),
    };
    let mut n_bytes = 0;
    for path in arguments {
        visit(Path::new(&path), &mut |path| {
            let Ok(text) = fs::read_to_string(path) else { return };
            n_bytes += text.len();
            if parses {
                parse(path, &text);
            }
        });
    }
    // Whoever optimises this cannot leave the reading out.
    ExitCode::from(u8::from(n_bytes == 0))
}

fn parse(path: &Path, text: &str) {
    if path.extension().is_some_and(|extension| extension == "json") {
        let _ = serde_json::from_str::<IgnoredAny>(text);
        return;
    }
    for document in serde_yaml::Deserializer::from_str(text) {
        let _ = IgnoredAny::deserialize(document);
    }
}

/// Calls `take` on every file at and below a path.
fn visit(path: &Path, take: &mut impl FnMut(&Path)) {
    if !path.is_dir() {
        take(path);
        return;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().for_each(|path| visit(path, take));
}
