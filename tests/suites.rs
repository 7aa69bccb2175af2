//! The public test suites of YAML and JSON: valid files give the tree that the suite states, invalid ones are refused at
//! a position. `YAML_TEST_SUITE` and `JSON_TEST_SUITE` name checkouts of the repositories yaml/yaml-test-suite and
//! nst/JSONTestSuite; without them the tests say that they were skipped.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::PathBuf;
use std::sync::Arc;

use grpc_guard::diagnostic::Diagnostic;
use grpc_guard::document::{Document, Format, Kind, NodeRef, Schema, Typed};
use grpc_guard::source::FileId;
use grpc_guard::syntax::parse;
use serde_json::Value;

/// Cases of the YAML suite that we read otherwise than it states, each with the reason.
const YAML_DEVIATIONS: &[(&str, &str)] = &[
    (
        "7Z25/00",
        "a document after `...` has to begin with `---`: a stray `...` would start a second one unseen",
    ),
    ("M7A3/00", "as 7Z25"),
    (
        "9C9N/00",
        "a flow sequence may go on at column 0, as libyaml and the deployment tools built on it allow",
    ),
    ("ZYU8/02", "a `%` that begins a line is a directive, never a value"),
];

fn suite(variable: &str) -> Option<PathBuf> {
    let dir = std::env::var_os(variable).map(PathBuf::from);
    if dir.is_none() {
        eprintln!("skipped: {variable} names no checkout of the suite");
    }
    dir
}

fn read(format: Format, text: &str) -> (Document, Option<Diagnostic>) {
    let (document, diagnostics) = parse(FileId(0), format, &Arc::from(text));
    let refusal =
        diagnostics.into_iter().find(|found| matches!(&*found.rule, "syntax-error" | "limit-reached"));
    (document, refusal)
}

/// The tree as JSON; keys that are no scalars as their JSON text.
fn json(node: NodeRef<'_>) -> Value {
    match node.kind() {
        Kind::Sequence => Value::Array(node.items().map(json).collect()),
        Kind::Mapping => {
            let entries = node.written_entries().map(|entry| {
                let key = entry.key.text().map_or_else(|| json(entry.key).to_string(), str::to_owned);
                (key, json(entry.value))
            });
            Value::Object(entries.collect())
        }
        _ => {
            let Some(scalar) = node.scalar() else { return Value::Null };
            match (node.tag().map(|tag| tag.text), scalar.typed(Schema::Core)) {
                (Some("!" | "!!str" | "!<tag:yaml.org,2002:str>"), _) => Value::from(scalar.text),
                (_, Typed::Null) => Value::Null,
                (_, Typed::Bool(value)) => Value::from(value),
                (_, Typed::Int(value)) => Value::from(value),
                (_, Typed::Float(value)) => Value::from(value),
                (_, _) => Value::from(scalar.text),
            }
        }
    }
}

/// Equal trees; numbers are compared as numbers.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

/// A text of the YAML suite without the signs that make invisible characters visible.
fn visible(text: &str) -> String {
    let text = text.replace("∎\n", "").replace('∎', "");
    let text = text.replace('␣', " ").replace('↵', "").replace('←', "\r").replace('⇔', "\u{feff}");
    let tab = regex::Regex::new("—*»").expect("a valid pattern");
    tab.replace_all(&text, "\t").into_owned()
}

#[test]
fn yaml_is_read_as_the_suite_states() {
    let Some(dir) = suite("YAML_TEST_SUITE") else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir.join("src"))
        .expect("a checkout of yaml-test-suite")
        .map(|entry| entry.expect("a readable directory").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 300, "{} files", files.len());
    let (mut problems, mut counts) = (Vec::new(), [0; 3]);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let cases: Vec<serde_yaml::Value> = serde_yaml::from_str(&text).expect("the suite's own YAML");
        let id = file.file_stem().expect("a name").to_string_lossy().into_owned();
        // A case that leaves a key out means the one before it.
        let mut input = String::new();
        for (number, case) in cases.iter().enumerate() {
            if let Some(text) = case["yaml"].as_str() {
                input = visible(text);
            }
            let is_invalid = case["fail"].as_bool().unwrap_or(false);
            let name = format!("{id}/{number:02}");
            let (document, refusal) = read(Format::Yaml, &input);
            let problem = match (&refusal, is_invalid, case["json"].as_str()) {
                (None, true, _) => Some("invalid, and accepted".to_owned()),
                (Some(refusal), false, _) => Some(format!("valid, and refused: {}", refusal.message)),
                (None, false, Some(expected)) => {
                    let expected: Result<Vec<Value>, _> =
                        serde_json::Deserializer::from_str(&visible(expected)).into_iter().collect();
                    let found: Vec<Value> = document.roots().map(json).collect();
                    let expected = expected.expect("the suite's own JSON");
                    let agree = expected.len() == found.len()
                        && expected.iter().zip(&found).all(|(expected, found)| same(expected, found));
                    (!agree).then(|| format!("stated {expected:?}, read {found:?}"))
                }
                _ => None,
            };
            counts[usize::from(is_invalid)] += 1;
            let is_listed = YAML_DEVIATIONS.iter().any(|(listed, _)| *listed == name);
            match problem {
                Some(problem) if !is_listed => {
                    problems.push(format!("{name} {}: {problem}", case["name"].as_str().unwrap_or("")))
                }
                None if is_listed => problems.push(format!("{name}: listed as a deviation, and agrees")),
                Some(_) => counts[2] += 1,
                None => {}
            }
        }
    }
    assert!(problems.is_empty(), "{} problems of {counts:?}:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn json_is_read_as_the_suite_states() {
    let Some(dir) = suite("JSON_TEST_SUITE") else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir.join("test_parsing"))
        .expect("a checkout of JSONTestSuite")
        .map(|entry| entry.expect("a readable directory").path())
        .collect();
    files.sort();
    assert!(files.len() > 300, "{} files", files.len());
    let mut problems = Vec::new();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        // Bytes that are not UTF-8 never reach a parser: reading the file refuses them.
        let bytes = std::fs::read(&file).expect("a readable file");
        let Ok(text) = String::from_utf8(bytes) else {
            if name.starts_with("y_") {
                problems.push(format!("{name}: valid, and not UTF-8"));
            }
            continue;
        };
        let (document, refusal) = read(Format::Json, &text);
        let problem = match (name.get(..2), refusal) {
            (Some("n_"), None) => Some("invalid, and accepted".to_owned()),
            (Some("y_"), Some(refusal)) => Some(format!("valid, and refused: {}", refusal.message)),
            (Some("y_"), None) => {
                let expected: Value = serde_json::from_str(&text).expect("a valid file of the suite");
                let found = document.roots().next().map(json);
                (!found.as_ref().is_some_and(|found| same(&expected, found)))
                    .then(|| format!("stated {expected}, read {found:?}"))
            }
            _ => None,
        };
        problems.extend(problem.map(|problem| format!("{name}: {problem}")));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
