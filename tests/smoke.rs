//! The fuzz targets without a fuzzer: on any machine, with the stable toolchain, for a few seconds each.
//!
//! The inputs are fixtures and rule files with a few changes, made by a generator that always makes the same; whatever a real
//! fuzzer has found is in `fuzz/found/<target>/` and tried first. `SMOKE_SECONDS` is the time for each target.

#![allow(clippy::print_stdout, reason = "a test says what it tried")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    unused_attributes,
    reason = "the targets are crates of their own"
)]

// The targets name these crates; here both are this one.
extern crate self as grpc_guard_fuzz;
extern crate self as libfuzzer_sys;

mod support;

#[path = "../fuzz/src/lib.rs"]
mod shared;

pub use shared::{CATALOG, analyze, check, loaded, outline, parse};

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[path = "../fuzz/fuzz_targets/cloudformation.rs"]
mod cloudformation;
#[path = "../fuzz/fuzz_targets/config.rs"]
mod config;
#[path = "../fuzz/fuzz_targets/exceptions.rs"]
mod exceptions;
#[path = "../fuzz/fuzz_targets/fix.rs"]
mod fix;
#[path = "../fuzz/fuzz_targets/guard_eval.rs"]
mod guard_eval;
#[path = "../fuzz/fuzz_targets/guard_grammar.rs"]
mod guard_grammar;
#[path = "../fuzz/fuzz_targets/hcl.rs"]
mod hcl;
#[path = "../fuzz/fuzz_targets/kubernetes.rs"]
mod kubernetes;
#[path = "../fuzz/fuzz_targets/reports.rs"]
mod reports;
#[path = "../fuzz/fuzz_targets/terraform.rs"]
mod terraform;
#[path = "../fuzz/fuzz_targets/yaml.rs"]
mod yaml;

/// A generator that gives the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// Pieces that mean something in one of the languages.
const PIECES: [&str; 40] = [
    "\n",
    " ",
    "  ",
    ": ",
    "- ",
    "#",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!Ref ",
    "!Sub ",
    "|",
    ">-\n",
    "\n---\n",
    "\r\n",
    "\u{feff}",
    "é",
    "\u{202e}",
    "\u{1b}[31m",
    "\0",
    "<<: *a",
    "${",
    "}",
    "%{ if",
    "null",
    "0",
    "-1",
    "1e999",
    "\\u0000",
    "Fn::If",
    "grpc",
    "%%\n",
    "when ",
    "<<",
];

/// A seed with a few changes.
fn changed(seeds: &[String], dice: &mut Dice) -> String {
    let mut text = seeds[dice.below(seeds.len())].clone();
    let at = |text: &str, dice: &mut Dice| text.floor_char_boundary(dice.below(text.len() + 1));
    for _ in 0..=dice.below(4) {
        let (one, other) = (at(&text, dice), at(&text, dice));
        let (from, to) = (one.min(other), one.max(other).min(text.floor_char_boundary(one.min(other) + 40)));
        match dice.below(5) {
            0 => text.insert_str(from, PIECES[dice.below(PIECES.len())]),
            1 => drop(text.drain(from..to)),
            2 => text.replace_range(from..to, PIECES[dice.below(PIECES.len())]),
            3 => text.insert_str(from, &text[from..to].to_string().repeat(1 + dice.below(3))),
            _ => {
                let other = &seeds[dice.below(seeds.len())];
                let cut = at(other, dice);
                text.truncate(from);
                text.push_str(&other[cut..]);
            }
        }
    }
    text
}

/// The texts of the files whose names end so, below the directories; none is large.
fn seeds(dirs: &[&str], endings: &[&str]) -> Vec<String> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut open: Vec<PathBuf> = dirs.iter().map(|dir| support::root().join(dir)).collect();
    while let Some(dir) = open.pop() {
        for path in support::entries(&dir) {
            match path.is_dir() {
                true => open.push(path),
                false if endings.iter().any(|end| path.to_string_lossy().ends_with(end)) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    let texts = found.iter().filter_map(|path| fs::read_to_string(path).ok());
    texts.filter(|text| text.len() < 8 << 10).collect()
}

fn replay(target: &str, run: fn(&str)) -> usize {
    let dir = support::root().join("fuzz/found").join(target);
    let found = if dir.is_dir() { support::entries(&dir) } else { Vec::new() };
    for path in &found {
        let text = fs::read(path).expect("a found input is readable");
        run(&String::from_utf8_lossy(&text));
    }
    found.len()
}

#[track_caller]
fn smoke(target: &str, run: fn(&str), seeds: &[String]) {
    assert!(Path::new(&support::root().join("fuzz/fuzz_targets").join(format!("{target}.rs"))).is_file());
    let seconds = std::env::var("SMOKE_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(2);
    let n_found = replay(target, run);
    assert!(!seeds.is_empty(), "{target} has seeds");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut n_tried = 0;
    while Instant::now() < end {
        let text = changed(seeds, &mut dice);
        if let Err(bug) = panic::catch_unwind(|| run(&text)) {
            println!("an input that breaks `{target}`, after {n_tried} others:\n{text:?}");
            panic::resume_unwind(bug);
        }
        n_tried += 1;
    }
    println!("{target}: {n_tried} inputs, and {n_found} that were found");
}

#[test]
fn syntax() {
    smoke("yaml", yaml::run, &seeds(&["fixtures"], &[".yaml"]));
    smoke("hcl", hcl::run, &seeds(&["fixtures"], &[".tf", ".tf.json"]));
}

#[test]
fn dialects() {
    smoke("cloudformation", cloudformation::run, &seeds(&["fixtures"], &[".cfn.yaml", ".cfn.json"]));
    smoke("kubernetes", kubernetes::run, &seeds(&["fixtures"], &[".k8s.yaml"]));
    smoke("terraform", terraform::run, &seeds(&["fixtures"], &[".tf.json", ".plan.json"]));
}

#[test]
fn policies() {
    let rules = seeds(&["rules"], &[".guard"]);
    smoke("guard_grammar", guard_grammar::run, &rules);
    let data = seeds(&["fixtures/health-check-http-matcher", "fixtures/target-group-http1"], &[".yaml"]);
    let pairs: Vec<String> =
        rules.iter().zip(data.iter().cycle()).map(|(rule, data)| format!("{rule}\n%%\n{data}")).collect();
    smoke("guard_eval", guard_eval::run, &pairs);
}

#[test]
fn settings_and_exceptions() {
    let own =
        "levels:\n  target-group-http1: off\nexclude: [vendor/**]\nplatform: in-tree\nfail-on: warning\n";
    smoke("config", config::run, &[own.to_string()]);
    let exception = "ignore[network-load-balancer-pins-connections] one pod only, until 2027-01-31";
    smoke("exceptions", exceptions::run, &[exception.to_string()]);
}

#[test]
fn reports_and_fixes() {
    let evil = "a<b>.json\n::error file=x::</script>\u{1b}[31m\u{202e}%0A";
    smoke("reports", reports::run, &[evil.to_string()]);
    smoke("fix", fix::run, &seeds(&["fixtures"], &["fire.k8s.yaml", "fire.cfn.yaml", "fire.tf.json"]));
}

// Below the targets, which import it by its name.
#[macro_export]
macro_rules! fuzz_target {
    (|$text:ident: &str| $body:expr) => {
        pub(crate) fn run($text: &str) {
            $body
        }
    };
}
