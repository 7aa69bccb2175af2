//! `guard eval` and `guard test`: rule files evaluated exactly as cfn-guard 3.2.1 does, printed for machines.
//!
//! The exit status says only whether the job could be done: what rules say stands in the output.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::GuardCommand;
use super::{CLEAN, FAILED};
use crate::diagnostic::Severity;
use crate::model::{Data, ValueId, Values};
use crate::policy::loader::{self, LoadError, Profile};
use crate::policy::unit_tests::{self, Verdict};
use crate::policy::{Outcome, RuleFile, Subject};
use crate::source::FileId;
use crate::source::read as files;

/// Where messages of this command point to; nobody looks.
const NO_FILE: FileId = FileId(0);

pub(super) fn run(command: &GuardCommand) -> anyhow::Result<u8> {
    let (output, status) = match command {
        GuardCommand::Eval { rules, data, params, .. } => eval(rules, data, params),
        GuardCommand::Test { rules, tests, .. } => (test(rules, tests), CLEAN),
    };
    writeln!(io::stdout().lock(), "{output}")?;
    Ok(status)
}

/// Why a document could not be used.
enum DataProblem {
    /// It cannot be read or merged.
    Error(String),
    /// cfn-guard breaks down where it could have said so.
    Crash(String),
}

fn eval(rules: &[PathBuf], data: &Path, params: &[PathBuf]) -> (Value, u8) {
    let mut files = Vec::new();
    for path in rules {
        collect_rules(path, &mut files);
    }
    let mut values = Values::default();
    let root = match document(&mut values, data, params) {
        Ok(root) => root,
        Err(DataProblem::Error(message)) => {
            let error = json!({"kind": "data", "message": message});
            return (json!({"error": error, "results": []}), FAILED);
        }
        Err(DataProblem::Crash(message)) => {
            let result = |path: &PathBuf| json!({"rules_file": file_name(path), "outcome": "eval_error", "error": message, "rules": []});
            return (json!({"error": null, "results": files.iter().map(result).collect::<Vec<_>>()}), FAILED);
        }
    };
    let subject = Subject::new(&values, root);
    let results: Vec<Value> = files.iter().map(|path| result(path, &subject)).collect();
    (json!({"error": null, "results": results}), CLEAN)
}

fn result(path: &Path, subject: &Subject<'_>) -> Value {
    let name = file_name(path);
    match compile(path) {
        Err(error) => json!({"rules_file": name, "outcome": "rules_error", "error": error, "rules": []}),
        Ok(file) => {
            let outcome = file.evaluate_on(subject);
            match outcome.error {
                Some(error) => {
                    json!({"rules_file": name, "outcome": "eval_error", "error": error, "rules": []})
                }
                None => json!({"rules_file": name, "outcome": "ok", "rules": statuses(&outcome)}),
            }
        }
    }
}

fn statuses(outcome: &Outcome) -> Vec<Value> {
    outcome.rules.iter().map(|(name, status)| json!({"name": name, "status": status.as_str()})).collect()
}

fn test(rules: &Path, tests: &Path) -> Value {
    let failed = |outcome: &str, error: String| json!({"outcome": outcome, "error": error, "cases": []});
    let file = match compile(rules) {
        Ok(file) => file,
        Err(error) => return failed("rules_error", error),
    };
    let cases = read(tests).and_then(|text| {
        unit_tests::parse_tests(NO_FILE, &Arc::from(text.as_str())).map_err(|error| error.message)
    });
    let cases = match cases {
        Ok(cases) => cases,
        Err(error) => return failed("data_error", error),
    };
    let mut results = Vec::new();
    for case in &cases {
        let outcome = case.run(&file);
        if let Some(error) = outcome.error {
            return failed("eval_error", error);
        }
        let passed = case.verdicts(&outcome).iter().all(|(_, verdict)| !matches!(verdict, Verdict::Unmet(_)));
        results.push(json!({"name": case.name, "rules": statuses(&outcome), "passed": passed}));
    }
    json!({"outcome": "ok", "cases": results})
}

/// The document, with the parameters merged in front of it.
fn document(values: &mut Values, data: &Path, params: &[PathBuf]) -> Result<ValueId, DataProblem> {
    let mut merged = None;
    for path in params {
        let next = load(values, path)?;
        merged = Some(match merged {
            Some(before) => merge(values, before, next)?,
            None => next,
        });
    }
    let root = load(values, data)?;
    match merged {
        Some(params) => merge(values, params, root),
        None => Ok(root),
    }
}

fn load(values: &mut Values, path: &Path) -> Result<ValueId, DataProblem> {
    let text = read(path).map_err(DataProblem::Error)?;
    let load = loader::load_text(values, NO_FILE, &Arc::from(text.as_str()), Profile::GuardValidate);
    load.map_err(
        |LoadError { message, is_crash, .. }| {
            if is_crash { DataProblem::Crash(message) } else { DataProblem::Error(message) }
        },
    )
}

/// Maps are joined, and no key may be in both; lists are chained.
fn merge(values: &mut Values, a: ValueId, b: ValueId) -> Result<ValueId, DataProblem> {
    let place = values.place(b);
    match (values.data(a), values.data(b)) {
        (Data::Map(first), Data::Map(second)) => {
            if let Some(twice) = second.iter().find(|entry| first.iter().any(|other| other.key == entry.key))
            {
                let key = values.key_text(twice.key);
                return Err(DataProblem::Error(format!("the key `{key}` is in two of the merged files")));
            }
            let entries = [first, second].concat();
            Ok(values.map(&entries, place))
        }
        (Data::List(first), Data::List(second)) => {
            let items = [first, second].concat();
            Ok(values.list(&items, place))
        }
        _ => Err(DataProblem::Error("a map and something else cannot be merged".to_string())),
    }
}

fn compile(path: &Path) -> Result<RuleFile, String> {
    let text = read(path)?;
    let (file, diagnostics) = RuleFile::compile(NO_FILE, &file_name(path), &text);
    file.ok_or_else(|| {
        let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let words: Vec<String> =
            errors.map(|found| format!("byte {}: {}", found.primary.span.start, found.message)).collect();
        words.join("; ")
    })
}

/// Rule files in a directory, in the order of their names; a file is taken whatever its name.
fn collect_rules(path: &Path, into: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        into.push(path.to_path_buf());
        return;
    }
    let walk = walkdir::WalkDir::new(path).sort_by_file_name();
    for entry in walk.into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let is_rules = entry.path().extension().is_some_and(|ext| ext == "guard" || ext == "ruleset");
        if is_rules {
            into.push(entry.into_path());
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    files::text_of(path, files::MAX_BYTES).map_err(|error| format!("{}: {error}", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
