//! Unit tests of rule files, in cfn-guard's format: inputs, and the status that each rule must have on them.

use std::sync::Arc;

use super::loader::{self, LoadError, Profile};
use super::{Outcome, RuleFile, Status};
use crate::document::NodeRef;
use crate::model::{ValueId, Values};
use crate::source::{FileId, Span, Spanned};

/// One input and what is expected of rules on it.
#[derive(Debug)]
pub struct TestCase {
    /// Its name; empty when it has none.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// The status that each named rule must have.
    pub expectations: Vec<Expectation>,
    values: Values,
    root: ValueId,
}

/// The status that a rule must have.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The rule and where it is named.
    pub rule: Spanned<String>,
    /// The status.
    pub status: Status,
}

/// What became of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The rule has the status.
    Met,
    /// It has others.
    Unmet(Vec<Status>),
    /// There is no such rule.
    NoSuchRule,
}

impl TestCase {
    /// Evaluates a rule file on the input.
    pub fn run(&self, rules: &RuleFile) -> Outcome {
        rules.evaluate(&self.values, self.root)
    }

    /// The values of the input, to show what a rule failed on.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Each expectation, held against what rules have become. A rule that is defined several times meets PASS and FAIL
    /// when any definition does, and SKIP when all do.
    pub fn verdicts(&self, outcome: &Outcome) -> Vec<(&Expectation, Verdict)> {
        let judge = |expected: &Expectation| {
            let name = rule_name(&expected.rule.value);
            let found: Vec<Status> =
                outcome.rules.iter().filter(|(rule, _)| rule == name).map(|(_, status)| *status).collect();
            let is_met = match expected.status {
                Status::Skip => found.iter().all(|status| *status == Status::Skip),
                wanted => found.contains(&wanted),
            };
            match (found.is_empty(), is_met) {
                (true, _) => Verdict::NoSuchRule,
                (_, true) => Verdict::Met,
                _ => Verdict::Unmet(found),
            }
        };
        self.expectations.iter().map(|expected| (expected, judge(expected))).collect()
    }
}

/// The default rule may be named with its file: `rules.guard/default`.
fn rule_name(name: &str) -> &str {
    if name.ends_with("/default") { "default" } else { name }
}

/// Reads a test file.
pub fn parse_tests(file: FileId, text: &Arc<str>) -> Result<Vec<TestCase>, LoadError> {
    let document = loader::parse(file, text, Profile::GuardTest)?;
    let nothing = || LoadError::new(Span::new(file, 0, 0), "there are no test cases");
    let root = document.roots().next().ok_or_else(nothing)?;
    if root.text().is_some() || root.entries().next().is_some() {
        return Err(wrong(root, "a test file is a list of cases with `input` and `expectations`"));
    }
    root.items().map(case).collect()
}

fn case(node: NodeRef<'_>) -> Result<TestCase, LoadError> {
    let input = node.get("input").ok_or_else(|| wrong(node, "a test case needs `input`"))?;
    let expected = node.get("expectations").ok_or_else(|| wrong(node, "a test case needs `expectations`"))?;
    let rules = expected.get("rules").ok_or_else(|| wrong(expected, "expectations need `rules`"))?;
    let mut expectations = Vec::new();
    for entry in rules.entries() {
        let status = match entry.value.text() {
            Some("PASS") => Status::Pass,
            Some("FAIL") => Status::Fail,
            Some("SKIP") => Status::Skip,
            _ => return Err(wrong(entry.value, "a status is PASS, FAIL or SKIP")),
        };
        let rule = Spanned::new(entry.name().to_string(), entry.key.span());
        expectations.push(Expectation { rule, status });
    }
    let mut values = Values::default();
    let root = loader::load(&mut values, input, Profile::GuardTest)?;
    let name = node.get("name").and_then(|name| name.text()).unwrap_or_default().to_string();
    Ok(TestCase { name, span: node.span(), expectations, values, root })
}

fn wrong(node: NodeRef<'_>, message: &str) -> LoadError {
    LoadError::new(node.span(), message)
}
