//! `test`: the unit tests of rule files, for people.
//!
//! Status 0: every expectation is met. 1: one is not. 2: a rule or test file cannot be used.

mod find;
mod print;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{TestArgs, TestFormat};
use super::{CLEAN, FAILED, FINDINGS};
use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::unit_tests::{self, TestCase, Verdict};
use crate::policy::{Failure, FailurePlace, Outcome, RuleFile, Status};
use crate::source::read;
use crate::source::{FileId, Source, SourceMap, Span};

pub(super) fn run(args: &TestArgs) -> anyhow::Result<u8> {
    let pairs = find::pairs(&args.paths)?;
    let mut report = Report::default();
    for pair in &pairs {
        report.run(&pair.rules, &pair.tests);
    }
    let text = match args.format {
        TestFormat::Text => print::text(&report),
        TestFormat::Json => print::json(&report),
        TestFormat::Junit => print::junit(&report),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    let status = [(report.problems.is_empty(), FAILED), (report.n_failed() == 0, FINDINGS)];
    Ok(status.into_iter().find(|(is_good, _)| !is_good).map_or(CLEAN, |(_, status)| status))
}

/// What all tests have become.
#[derive(Default)]
struct Report {
    sources: SourceMap,
    files: Vec<FileReport>,
    /// Files that cannot be used.
    problems: Vec<Diagnostic>,
}

/// What one test file has become.
struct FileReport {
    rules: PathBuf,
    tests: PathBuf,
    cases: Vec<CaseReport>,
}

struct CaseReport {
    name: String,
    span: Span,
    /// Why the case could not be evaluated.
    error: Option<String>,
    checks: Vec<Check>,
    /// Rules for which nothing is expected.
    unchecked: Vec<String>,
}

/// An expectation and what became of it.
struct Check {
    rule: String,
    span: Span,
    expected: Status,
    verdict: Verdict,
    /// What failed, where a rule was expected to hold.
    reasons: Vec<Reason>,
}

/// Why a rule failed.
struct Reason {
    /// The value in the test file, or what lacks one.
    at: Span,
    /// The clause in the rule file.
    clause: Span,
    text: String,
}

impl CaseReport {
    fn is_good(&self) -> bool {
        self.error.is_none() && self.checks.iter().all(Check::is_good)
    }
}

impl Check {
    /// As under cfn-guard, an expectation of a rule that does not exist is worth a note only.
    fn is_good(&self) -> bool {
        !matches!(self.verdict, Verdict::Unmet(_))
    }
}

impl Report {
    fn n_cases(&self) -> usize {
        self.files.iter().map(|file| file.cases.len()).sum()
    }

    fn n_failed(&self) -> usize {
        self.files.iter().flat_map(|file| &file.cases).filter(|case| !case.is_good()).count()
    }

    fn run(&mut self, rules: &Path, tests: &[PathBuf]) {
        let Some(id) = self.read(rules) else { return };
        let name = rules.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = Arc::clone(&self.sources.get(id).text);
        let (file, diagnostics) = RuleFile::compile(id, &name, &text);
        let Some(file) = file else {
            self.problems.extend(diagnostics.into_iter().filter(|found| found.severity == Severity::Error));
            return;
        };
        for path in tests {
            let Some(id) = self.read(path) else { continue };
            let text = Arc::clone(&self.sources.get(id).text);
            match unit_tests::parse_tests(id, &text) {
                Ok(cases) => {
                    let cases = cases.iter().map(|case| run_case(&file, case)).collect();
                    self.files.push(FileReport { rules: rules.to_path_buf(), tests: path.clone(), cases });
                }
                Err(error) => {
                    self.problems.push(Diagnostic::new(
                        "policy-test",
                        Severity::Error,
                        error.span,
                        error.message,
                    ));
                }
            }
        }
    }

    fn read(&mut self, path: &Path) -> Option<FileId> {
        let shown = path.to_string_lossy().replace('\\', "/");
        match read::text_of(path, read::MAX_BYTES) {
            Ok(text) => Some(self.sources.add(Source::new(shown, text))),
            Err(error) => {
                let id = self.sources.add(Source::new(shown, ""));
                let problem = Diagnostic::new(
                    "unreadable-file",
                    Severity::Error,
                    Span::new(id, 0, 0),
                    error.to_string(),
                );
                self.problems.push(problem);
                None
            }
        }
    }
}

fn run_case(rules: &RuleFile, case: &TestCase) -> CaseReport {
    let outcome = case.run(rules);
    let checks: Vec<Check> = case
        .verdicts(&outcome)
        .into_iter()
        .map(|(expected, verdict)| Check {
            rule: expected.rule.value.clone(),
            span: expected.rule.span,
            expected: expected.status,
            reasons: if verdict == Verdict::Met {
                Vec::new()
            } else {
                reasons(case, &outcome, &expected.rule.value)
            },
            verdict,
        })
        .collect();
    let is_checked = |rule: &str| checks.iter().any(|check| check.rule == rule);
    let mut unchecked: Vec<String> =
        outcome.rules.iter().map(|(rule, _)| rule.clone()).filter(|rule| !is_checked(rule)).collect();
    unchecked.dedup();
    CaseReport { name: case.name.clone(), span: case.span, error: outcome.error, checks, unchecked }
}

fn reasons(case: &TestCase, outcome: &Outcome, rule: &str) -> Vec<Reason> {
    let of_rule = outcome.failures.iter().filter(|failure| failure.rule == rule);
    of_rule.map(|failure| reason(case, failure)).collect()
}

fn reason(case: &TestCase, failure: &Failure) -> Reason {
    let (at, mut text) = match &failure.place {
        FailurePlace::Value(value) => (case.values().place(*value).span, String::new()),
        FailurePlace::Absent { inside, missing } => {
            (case.values().place(*inside).anchor, format!("`{missing}` is not there"))
        }
    };
    for words in [&failure.comparison, &failure.message].into_iter().flatten() {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(words);
    }
    if text.is_empty() {
        text.push_str("this clause does not hold");
    }
    Reason { at, clause: failure.clause, text }
}
