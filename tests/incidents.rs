//! Real problem reports: the fault that each is about is found, and nothing false is said of its remedied twin.
//!
//! The reports live outside this repository; without them the test says so and passes.

#![allow(clippy::print_stdout, reason = "a test says what it looked at and why it was skipped")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::diagnostic::Severity;
use grpc_guard::engine;
use grpc_guard::source::read::{self, ReadOptions};
use serde_json::Value;

struct Finding {
    rule: String,
    severity: Severity,
    line: u64,
    message: String,
}

fn check(catalog: &Catalog, path: &Path) -> Vec<Finding> {
    let loaded = read::read(&[path.to_path_buf()], &ReadOptions::default());
    let analysis = engine::analyze(loaded, catalog, &Settings::default());
    let finding = |found: &grpc_guard::diagnostic::Diagnostic| {
        let source = analysis.sources.get(found.primary.span.file);
        Finding {
            rule: found.rule.to_string(),
            severity: found.severity,
            line: u64::from(source.position(found.primary.span.start).line),
            message: found.message.clone(),
        }
    };
    analysis.diagnostics.iter().map(finding).collect()
}

/// Old catalogue code to rule names.
fn codes(shared: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(shared.join("catalogue/codes.tsv")).expect("the codes are readable");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).expect("a column");
    let (code, rule, also) = (column("code"), column("rule"), column("also"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let others = cells.get(also).copied().unwrap_or_default().split(',');
            let names = std::iter::once(cells[rule]).chain(others).filter(|name| !name.is_empty());
            (cells[code].to_string(), names.map(str::to_string).collect())
        })
        .collect()
}

/// The input files of an incident, and the expectations that are about each.
fn inputs(folder: &Path, meta: &Value) -> Vec<(PathBuf, Vec<Value>)> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files = files.into_iter().filter(|path| name(path).starts_with("input."));
    let expected = |file: PathBuf| {
        let key = if name(&file).ends_with(".tf.json") { "expected_tf_json" } else { "expected" };
        Some((file, meta.get(key)?.as_array()?.clone()))
    };
    files.filter_map(expected).collect()
}

#[test]
fn reported_faults_are_found_and_their_remedies_accepted() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let Ok(folders) = fs::read_dir(shared.join("incidents")) else {
        println!("skipped: there is no ../shared/incidents");
        return;
    };
    let (catalog, codes) = (Catalog::builtin(), codes(&shared));
    let (mut missed, mut false_errors, mut looked_at) = (Vec::new(), Vec::new(), 0);
    let mut folders: Vec<PathBuf> = folders.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    for folder in folders {
        let Ok(text) = fs::read_to_string(folder.join("incident.json")) else { continue };
        let meta: Value = serde_json::from_str(&text).expect("incidents are JSON");
        for (file, expected) in inputs(&folder, &meta) {
            looked_at += 1;
            let found = check(&catalog, &file);
            for wanted in expected.iter().filter(|wanted| wanted["primary"] == true) {
                let rules = wanted["rule"].as_str().and_then(|code| codes.get(code));
                // A rule that is not written yet cannot find anything.
                let Some(rules) = rules.filter(|rules| rules.iter().any(|rule| catalog.get(rule).is_some()))
                else {
                    continue;
                };
                let lines = [wanted["owner_span"][0].as_u64(), wanted["owner_span"][1].as_u64()];
                let (Some(first), Some(last)) = (lines[0], lines[1]) else { continue };
                let is_hit =
                    |found: &Finding| rules.contains(&found.rule) && (first..=last).contains(&found.line);
                if !found.iter().any(is_hit) {
                    missed.push(format!("{}:{first}-{last}: none of {rules:?}", file.display()));
                }
            }
            let fixed = file.with_file_name(
                file.file_name().unwrap_or_default().to_string_lossy().replacen("input.", "fixed.", 1),
            );
            if !fixed.exists() {
                continue;
            }
            let errors =
                check(&catalog, &fixed).into_iter().filter(|found| found.severity == Severity::Error);
            false_errors.extend(errors.map(|found| {
                format!("{}:{}: {}: {}", fixed.display(), found.line, found.rule, found.message)
            }));
        }
    }
    println!("{looked_at} incidents");
    assert!(looked_at > 0, "../shared/incidents holds no incident");
    assert!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
    assert!(false_errors.is_empty(), "errors on remedied twins:\n{}", false_errors.join("\n"));
}
