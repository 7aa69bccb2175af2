//! The diagnostics that no rule file gives: what is wrong with the files themselves.

use super::RuleInfo;
use crate::diagnostic::Severity;

/// Name, severity, summary, explanation.
type Check = (&'static str, Severity, &'static str, &'static str);

const CHECKS: [Check; 18] = [
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
        "circular-project",
        Severity::Error,
        "module or nested stack contains itself",
        "A module calls its own directory, or a nested stack its own template, if only by way of others. It cannot be deployed, \
         and what is inside was not followed any further.",
    ),
    (
        "invalid-hint",
        Severity::Warning,
        "note about gRPC cannot be understood",
        "A note at a resource says whether it carries gRPC: `grpc: true` or `grpc: false` under `Metadata`, an annotation or \
         `\"//\"`, or a comment `# grpc-guard: grpc` or `# grpc-guard: not-grpc`. This one says something else and was passed over.",
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
        "stale-baseline",
        Severity::Info,
        "baseline holds a finding that is gone",
        "The baseline names a finding that is no longer found. As long as it is in there, it could come back unseen. Write the \
         baseline anew with `--write-baseline`.",
    ),
    (
        "unused-exception",
        Severity::Warning,
        "exception excepts nothing",
        "An exception (`# grpc-guard: ignore[rule] reason`, or one at a resource or in the configuration) stands where that \
         rule finds nothing, or names a rule that does not exist. Exceptions must not outlive their cause: remove it, or mend \
         the name.",
    ),
    (
        "expired-exception",
        Severity::Warning,
        "exception has ended",
        "The last day of an exception (`until 2027-01-31`) is over, so the finding counts again. Mend what is found, or agree \
         on a later day.",
    ),
    (
        "exception-without-reason",
        Severity::Warning,
        "exception does not say why",
        "An exception holds, but nobody who reads it will know why, or whether it still has to. Write the reason behind the \
         rule: `# grpc-guard: ignore[rule] replaced in OPS-1234`.",
    ),
    (
        "invalid-exception",
        Severity::Warning,
        "exception cannot be read",
        "Something that begins like an exception names no rule, or gives a last day that is no date. It excepts nothing. Write \
         `ignore[rule] reason`, with `until 2027-01-31` in front of the reason or behind it.",
    ),
    (
        "unused-hint",
        Severity::Warning,
        "hint about gRPC is about nothing",
        "A comment `# grpc-guard: grpc` stands neither in a resource nor right above one, or an entry of `grpc` in the \
         configuration matches no resource. Move it to the resource that it is about, or mend the name.",
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
         AWS types), not a Kubernetes manifest (no `apiVersion` and `kind`), and neither Terraform configuration nor a plan.",
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
