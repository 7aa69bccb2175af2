//! The diagnostics that no rule file gives: what is wrong with the files themselves.

use super::RuleInfo;
use crate::diagnostic::Severity;

/// Name, severity, summary, explanation.
type Check = (&'static str, Severity, &'static str, &'static str);

const CHECKS: [Check; 11] = [
    (
        "duplicate-key",
        Severity::Error,
        "key is written twice in one map",
        "Only one of the values can count, and which one differs from tool to tool. Keep the one that is meant.",
    ),
    (
        "limit-reached",
        Severity::Warning,
        "file is nested or expanded beyond the limits",
        "The file is nested deeper, or its aliases expand to more, than any deployment tool takes. The part behind \
         the limit was not checked.",
    ),
    (
        "duplicate-rule",
        Severity::Error,
        "rule file has the name of a built-in rule",
        "Findings, levels and exceptions name a rule, so that two rules cannot have one name. Rename the file, or leave \
         the built-in rules out.",
    ),
    (
        "policy-error",
        Severity::Error,
        "rule file does not mean what it says",
        "A rule file names something that does not exist, refers to itself, or has metadata that cannot be read. It is a \
         warning where the rule can be evaluated all the same.",
    ),
    (
        "policy-failed",
        Severity::Error,
        "rule could not be evaluated",
        "The evaluation of a rule was given up, so nothing is known of what it checks. The run ends with status 2.",
    ),
    (
        "policy-syntax",
        Severity::Error,
        "rule file is not well-formed",
        "The file cannot be read as Guard rules from this place on. No rule of it counts as passed: the run ends with \
         status 2.",
    ),
    (
        "syntax-error",
        Severity::Error,
        "file is not well-formed",
        "The file cannot be read as YAML or JSON from this place on, so what follows was not checked. The other files \
         were.",
    ),
    (
        "unused-exception",
        Severity::Warning,
        "exception excepts nothing",
        "A comment `# grpc-guard: ignore[rule] reason` stands where that rule finds nothing, or names a rule that does not \
         exist. Exceptions must not outlive their cause: remove the comment, or mend the name.",
    ),
    (
        "unreadable-file",
        Severity::Error,
        "file could not be read",
        "The file could not be read, so nothing in it was checked. The run ends with status 2: a check that could not \
         look must not say that all is well.",
    ),
    (
        "unrecognized-file",
        Severity::Info,
        "file is none of the formats that are checked",
        "The file was named on the command line, but it is not a CloudFormation template (it has no `Resources` with \
         AWS types), not a Kubernetes manifest (no `apiVersion` and `kind`), and neither Terraform JSON nor a plan.",
    ),
    (
        "unrendered-template",
        Severity::Info,
        "file is a template that must be rendered first",
        "The file holds template expressions such as `{{ .Values.port }}`; only a rendered manifest can be checked. \
         Render it first: `helm template … | grpc-guard check -`.",
    ),
];

/// What reports and `explain` say about the built-in checks, by name.
pub fn checks() -> Vec<RuleInfo> {
    CHECKS
        .iter()
        .map(|(name, severity, summary, explanation)| RuleInfo {
            name: (*name).to_string(),
            summary: (*summary).to_string(),
            explanation: (*explanation).to_string(),
            help: None,
            severity: *severity,
            url: None,
            tags: vec!["files".to_string()],
        })
        .collect()
}
