//! From failures of clauses to diagnostics: where to point, what to say, how bad it is.

use crate::catalog::Rule;
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::model::{Model, ValueId, Values};
use crate::policy::{Failure, FailurePlace, Subject};
use crate::source::Span;

/// At most this many other places are shown.
const MAX_RELATED: usize = 4;

/// The diagnostic of one failure; `None` when the evidence is too weak to speak.
pub(super) fn diagnostic(
    rule: &Rule,
    failure: &Failure,
    subject: &Subject<'_>,
    model: Option<&Model>,
) -> Option<Diagnostic> {
    let meta = rule.file.meta();
    let values = subject.values();
    let mut severity = meta.severity.unwrap_or(Severity::Error);
    if let Some(resource) = failure.resource {
        severity = rule.file.severity_at(subject, resource).unwrap_or(severity);
        if meta.evidence {
            severity = severity.min(evidence_cap(values, resource)?);
        }
    }
    let (span, label) = primary(failure, values);
    let message = failure.message.clone().filter(|text| !text.is_empty());
    // A message says what is wrong in the user's words; the comparison of a fact with a word would only repeat it.
    let label = if message.is_some() { String::new() } else { label };
    let message = message.unwrap_or_else(|| default_message(rule, failure));
    let mut found = Diagnostic::new(rule.id_of(&failure.rule), severity, span, message).with_label(label);
    found.clause = Some(failure.clause);
    found.url = meta.references.first().cloned();
    if let Some(resource) = failure.resource {
        found.help = rule.file.help_at(subject, resource);
        found.resource = model.and_then(|model| name_of(model, resource));
        for related in rule.file.related_at(subject, resource) {
            push_related(&mut found, Label::new(values.place(related.value).span, related.text));
        }
    }
    Some(found)
}

/// The most that `evidence: Grpc` allows: definite evidence errors, likely evidence warnings, possible evidence infos.
fn evidence_cap(values: &Values, resource: ValueId) -> Option<Severity> {
    let level = |value: ValueId| values.at(value, &["Grpc", "Level"]).and_then(|level| values.as_text(level));
    // The listeners of a classic load balancer carry evidence of their own.
    let entries =
        values.at(resource, &["Effective", "Listeners"]).map(|list| values.items(list)).unwrap_or_default();
    let levels = std::iter::once(resource).chain(entries.iter().copied()).filter_map(level);
    let strongest = levels.map(|level| match level {
        "definite" => Some(Severity::Error),
        "likely" => Some(Severity::Warning),
        "possible" => Some(Severity::Info),
        _ => None,
    });
    strongest.max().flatten()
}

fn primary(failure: &Failure, values: &Values) -> (Span, String) {
    match &failure.place {
        FailurePlace::Value(value) => {
            // What the rule's author says in words need not be said again as a comparison.
            let comparison = failure.comparison.clone().filter(|_| failure.message.is_none());
            (values.place(*value).span, comparison.unwrap_or_default())
        }
        FailurePlace::Absent { inside, missing } => {
            (values.place(*inside).anchor, format!("`{missing}` is not there"))
        }
    }
}

fn default_message(rule: &Rule, failure: &Failure) -> String {
    let summary = &rule.file.meta().summary;
    if !summary.is_empty() {
        return lower_first(summary);
    }
    match &failure.place {
        FailurePlace::Absent { missing, .. } => format!("`{}` fails: `{missing}` is not there", failure.rule),
        FailurePlace::Value(_) => format!("`{}` fails", failure.rule),
    }
}

/// A sentence's first letter in lower case, unless the word is an acronym or a name such as `gRPC`.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(std::iter::once(second)).chain(chars).collect()
        }
        _ => text.to_string(),
    }
}

fn name_of(model: &Model, resource: ValueId) -> Option<String> {
    model.resources.iter().find(|found| found.value == resource).map(|found| found.id.clone())
}

fn push_related(found: &mut Diagnostic, label: Label) {
    let is_shown =
        |span: Span| found.primary.span == span || found.related.iter().any(|other| other.span == span);
    if !is_shown(label.span) && found.related.len() < MAX_RELATED {
        found.related.push(label);
    }
}
