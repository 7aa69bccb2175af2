//! The outcome of tests as text, JSON and JUnit.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{CaseReport, Check, FileReport, Report};
use crate::policy::Status;
use crate::policy::unit_tests::Verdict;
use crate::source::Span;

/// More reasons of one expectation are counted only.
const MAX_REASONS: usize = 5;

pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    for problem in &report.problems {
        let _ = writeln!(out, "error: {}\n  --> {}", problem.message, place(report, problem.primary.span));
        if let Some(help) = &problem.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    for file in &report.files {
        for (number, case) in file.cases.iter().enumerate().filter(|(_, case)| !case.is_good()) {
            let _ = writeln!(out, "{}: {}", shown(&file.tests), case_name(case, number));
            if let Some(error) = &case.error {
                let _ = writeln!(out, "  cannot be evaluated: {error}\n    --> {}", place(report, case.span));
            }
            for check in case.checks.iter().filter(|check| !check.is_good()) {
                print_check(&mut out, report, check);
            }
        }
    }
    for check in report.files.iter().flat_map(|file| &file.cases).flat_map(|case| &case.checks) {
        if check.verdict == Verdict::NoSuchRule {
            let _ =
                writeln!(out, "note: there is no rule `{}`\n  --> {}", check.rule, place(report, check.span));
        }
    }
    let (n, n_failed) = (report.n_cases(), report.n_failed());
    let files = report.files.len();
    let words = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let _ = match n_failed {
        0 => writeln!(out, "{} in {} passed", words(n, "test case"), words(files, "file")),
        _ => writeln!(out, "{n_failed} of {} in {} failed", words(n, "test case"), words(files, "file")),
    };
    out
}

fn print_check(out: &mut String, report: &Report, check: &Check) {
    let _ = writeln!(
        out,
        "  rule `{}`: {}\n    --> {}",
        check.rule,
        outcome_words(check),
        place(report, check.span)
    );
    for reason in check.reasons.iter().take(MAX_REASONS) {
        let _ = writeln!(out, "    {}", reason.text);
        let _ = writeln!(out, "      data   --> {}", place_with_text(report, reason.at));
        let _ = writeln!(out, "      clause --> {}", place_with_text(report, reason.clause));
    }
    if check.reasons.len() > MAX_REASONS {
        let _ = writeln!(out, "    and {} more", check.reasons.len() - MAX_REASONS);
    }
}

pub(super) fn json(report: &Report) -> String {
    let check = |check: &Check| {
        let evaluated: Vec<&str> = evaluated(check).iter().map(|status| status.as_str()).collect();
        let reasons: Vec<Value> = check
            .reasons
            .iter()
            .map(|reason| json!({"message": reason.text, "data": at(report, reason.at), "clause": at(report, reason.clause)}))
            .collect();
        json!({"rule": check.rule, "expected": check.expected.as_str(), "passed": check.is_good(),
            "evaluated": evaluated, "reasons": reasons})
    };
    let case = |case: &CaseReport| {
        json!({"name": case.name, "passed": case.is_good(), "error": case.error, "at": at(report, case.span),
            "expectations": case.checks.iter().map(check).collect::<Vec<_>>(), "unchecked": case.unchecked})
    };
    let file = |file: &FileReport| {
        json!({"rules": shown(&file.rules), "tests": shown(&file.tests),
            "cases": file.cases.iter().map(case).collect::<Vec<_>>()})
    };
    let problems: Vec<Value> = report
        .problems
        .iter()
        .map(|problem| json!({"message": problem.message, "help": problem.help, "at": at(report, problem.primary.span)}))
        .collect();
    let all = json!({"schema_version": 1, "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "problems": problems, "summary": {"cases": report.n_cases(), "failed": report.n_failed()}});
    format!("{all:#}\n")
}

pub(super) fn junit(report: &Report) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (n, failed, errors) = (report.n_cases(), report.n_failed(), report.problems.len());
    let _ = writeln!(out, "<testsuites tests=\"{n}\" failures=\"{failed}\" errors=\"{errors}\">");
    for file in &report.files {
        let n_failed = file.cases.iter().filter(|case| !case.is_good()).count();
        let name = escape(&shown(&file.tests));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{n_failed}\">",
            file.cases.len()
        );
        for (number, case) in file.cases.iter().enumerate() {
            let _ = write!(out, "    <testcase name=\"{}\"", escape(&case_name(case, number)));
            if case.is_good() {
                out.push_str("/>\n");
                continue;
            }
            let mut words: Vec<String> =
                case.error.iter().map(|error| format!("cannot be evaluated: {error}")).collect();
            for check in case.checks.iter().filter(|check| !check.is_good()) {
                words.push(format!("rule `{}`: {}", check.rule, outcome_words(check)));
                words
                    .extend(check.reasons.iter().map(|it| format!("{} ({})", it.text, place(report, it.at))));
            }
            let first = words.first().map(|word| escape(word)).unwrap_or_default();
            let _ = writeln!(
                out,
                ">\n      <failure message=\"{first}\">{}</failure>",
                escape(&words.join("\n"))
            );
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    if !report.problems.is_empty() {
        let _ = writeln!(out, "  <testsuite name=\"files\" tests=\"{errors}\" errors=\"{errors}\">");
        for problem in &report.problems {
            let name = escape(&place(report, problem.primary.span));
            let message = escape(&problem.message);
            let _ = writeln!(out, "    <testcase name=\"{name}\"><error message=\"{message}\"/></testcase>");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn evaluated(check: &Check) -> Vec<Status> {
    match &check.verdict {
        Verdict::Met => vec![check.expected],
        Verdict::Unmet(found) => found.clone(),
        Verdict::NoSuchRule => Vec::new(),
    }
}

fn outcome_words(check: &Check) -> String {
    let found: Vec<&str> = evaluated(check).iter().map(|status| status.as_str()).collect();
    format!("expected {}, got {}", check.expected.as_str(), found.join(" and "))
}

fn case_name(case: &CaseReport, number: usize) -> String {
    if case.name.is_empty() { format!("case {}", number + 1) } else { case.name.clone() }
}

fn place(report: &Report, span: Span) -> String {
    let source = report.sources.get(span.file);
    let position = source.position(span.start);
    format!("{}:{}:{}", source.path, position.line, position.column)
}

/// The place and its first line.
fn place_with_text(report: &Report, span: Span) -> String {
    let text = report.sources.slice(span).lines().next().unwrap_or_default().trim();
    let short: String = text.chars().take(80).collect();
    format!("{}  {short}{}", place(report, span), if short.len() < text.len() { "…" } else { "" })
}

fn at(report: &Report, span: Span) -> Value {
    let source = report.sources.get(span.file);
    let position = source.position(span.start);
    json!({"file": source.path, "line": position.line, "column": position.column})
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
