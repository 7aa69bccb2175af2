//! Rules behave as under cfn-guard 3.2.1: its answers to the conformance cases, where they are at hand, and the examples
//! of the documentation.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use grpc_guard::model::Values;
use grpc_guard::policy::RuleFile;
use grpc_guard::policy::loader::{self, Profile};
use grpc_guard::source::FileId;
use serde::Deserialize;

const FILE: FileId = FileId(0);

#[derive(Deserialize)]
struct Case {
    id: String,
    rules: String,
    #[serde(default)]
    params: Vec<serde_yaml::Value>,
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    data: String,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    validate: Option<Answer>,
    test: Option<TestAnswer>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TestAnswer {
    Own(Answer),
    /// The word `same`: as through the other loader.
    Same(serde::de::IgnoredAny),
}

#[derive(Deserialize, Clone)]
struct Answer {
    outcome: String,
    #[serde(default)]
    rules: Vec<RuleStatus>,
}

#[derive(Deserialize, Clone)]
struct RuleStatus {
    name: String,
    status: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extension: &str, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, extension, into);
        } else if path.extension().is_some_and(|found| found == extension) {
            into.push(path);
        }
    }
    into.sort();
}

/// What becomes of rules on a document: an outcome and, when it is `ok`, the statuses.
fn answer(rules: &str, data: &str, profile: Profile) -> (String, Vec<(String, String)>) {
    let (Some(file), _) = RuleFile::compile(FILE, "rules", rules) else {
        return ("rules_error".into(), Vec::new());
    };
    let mut values = Values::default();
    let root = match loader::load_text(&mut values, FILE, &Arc::from(data), profile) {
        Ok(root) => root,
        Err(error) if error.is_crash => return ("eval_error".into(), Vec::new()),
        Err(_) => return ("data_error".into(), Vec::new()),
    };
    let outcome = file.evaluate(&values, root);
    if outcome.error.is_some() {
        return ("eval_error".into(), Vec::new());
    }
    let statuses = outcome.rules.into_iter().map(|(name, status)| (name, status.as_str().to_string()));
    ("ok".into(), statuses.collect())
}

#[test]
fn rules_behave_as_under_cfn_guard() {
    let mut paths = Vec::new();
    files(&root().join("../shared/guard/guard-cases/cases"), "yaml", &mut paths);
    if paths.is_empty() {
        eprintln!("skipped: the conformance cases of ../shared/guard are not there");
        return;
    }
    let (mut n, mut wrong) = (0, Vec::new());
    for path in paths {
        let text = fs::read_to_string(&path).expect("a case is readable");
        let case: Case =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if !case.params.is_empty() {
            // Parameter files are merged by the command line.
            continue;
        }
        for input in &case.inputs {
            let of_test = match &input.expect.test {
                Some(TestAnswer::Own(answer)) => Some(answer.clone()),
                Some(TestAnswer::Same(_)) => input.expect.validate.clone(),
                None => None,
            };
            let expected =
                [(input.expect.validate.clone(), Profile::GuardValidate), (of_test, Profile::GuardTest)];
            for (expected, profile) in expected {
                let Some(expected) = expected else { continue };
                let statuses: Vec<(String, String)> =
                    expected.rules.iter().map(|rule| (rule.name.clone(), rule.status.clone())).collect();
                // Where cfn-guard breaks down, an error in words is the right answer.
                let outcome = if expected.outcome == "crash" { "eval_error" } else { &expected.outcome };
                let found = answer(&case.rules, &input.data, profile);
                n += 1;
                if found != (outcome.to_string(), statuses.clone()) {
                    wrong.push(format!(
                        "{}[{}] {profile:?}: {found:?}, not {outcome} {statuses:?}",
                        case.id, input.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n > 1000, "only {n} evaluations were held against cfn-guard's");
}

/// A fenced block of a page.
struct Fence {
    language: String,
    text: String,
    line: usize,
}

fn fences(page: &str) -> Vec<Fence> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut is_open = false;
    for (number, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(language) => {
                is_open = true;
                fences.push(Fence { language: language.to_string(), text: String::new(), line: number + 1 });
            }
            None if is_open => {
                let fence = fences.last_mut().expect("a fence is open");
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            None => {}
        }
    }
    fences
}

/// Every `guard` block of the pages compiles; a `yaml` block behind it and a `text` block behind that are a document and
/// the statuses on it.
#[test]
fn examples_of_the_documentation_are_true() {
    let (mut n, mut wrong) = (0, Vec::new());
    for page in ["docs/policy-language.md", "docs/moving-from-cfn-guard.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        let all = fences(&text);
        let mut rules: Option<&Fence> = None;
        let mut document: Option<&Fence> = None;
        for fence in &all {
            match fence.language.as_str() {
                "guard" => {
                    let (file, problems) = RuleFile::compile(FILE, "example", &fence.text);
                    if file.is_none() {
                        wrong.push(format!("{page}:{}: {problems:?}", fence.line));
                    }
                    rules = Some(fence);
                    n += 1;
                }
                "yaml" => document = Some(fence),
                "text" => {
                    if let (Some(rules), Some(document)) = (rules, document.take()) {
                        let (outcome, statuses) = answer(&rules.text, &document.text, Profile::Native);
                        let found: String =
                            statuses.iter().map(|(name, status)| format!("{name}: {status}\n")).collect();
                        if outcome != "ok" || found != fence.text {
                            wrong.push(format!("{page}:{}: {outcome}\n{found}", fence.line));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n > 10, "only {n} examples were found");
}

/// The functions that the page lists are those that exist.
#[test]
fn every_function_is_documented() {
    let page = fs::read_to_string(root().join("docs/policy-language.md")).expect("the page is readable");
    let arity: BTreeMap<&str, usize> = BTreeMap::from([
        ("count", 1),
        ("join", 2),
        ("json_parse", 1),
        ("now", 0),
        ("parse_boolean", 1),
        ("parse_char", 1),
        ("parse_epoch", 1),
        ("parse_float", 1),
        ("parse_int", 1),
        ("parse_string", 1),
        ("regex_replace", 3),
        ("substring", 3),
        ("to_lower", 1),
        ("to_upper", 1),
        ("url_decode", 1),
    ]);
    for (name, n) in arity {
        assert!(page.contains(&format!("| `{name}(")), "`{name}` is not in the table of functions");
        let arguments = vec!["A"; n].join(", ");
        let (file, problems) =
            RuleFile::compile(FILE, "call", &format!("rule r {{ B == {name}({arguments}) }}\n"));
        assert!(file.is_some(), "{problems:?}");
    }
}
