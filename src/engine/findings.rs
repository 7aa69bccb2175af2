//! From failures of clauses to diagnostics: where to point, what to say, how bad it is.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::fix::Offers;
use super::wording;
use crate::catalog::Rule;
use crate::diagnostic::{self, Diagnostic, Label, Severity};
use crate::model::{Data, Limit, Origin, ValueId, Values};
use crate::policy::{Failure, FailurePlace, Subject};
use crate::source::{FileId, SourceMap, Span};

/// What is said of the calls that lead to a module or nested stack.
pub(super) const CALLED: &str = "called from here";

/// At most this many other places are shown.
const MAX_RELATED: usize = 4;

/// The diagnostic of one failure; `None` when the evidence is too weak to speak.
pub(super) fn diagnostic(
    rule: &Rule,
    failure: &Failure,
    subject: &Subject<'_>,
    offers: Option<&Offers<'_>>,
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
    let (message, fix) = failure.message.as_deref().map(read_message).unwrap_or_default();
    // A built-in rule's message says what is wrong; the comparison of a fact with a word would only repeat it.
    let label = if rule.is_builtin && !message.is_empty() { String::new() } else { label };
    let message = if message.is_empty() { default_message(rule, failure) } else { message };
    let mut found = Diagnostic::new(rule.id_of(&failure.rule), severity, span, message).with_label(label);
    found.clause = Some(failure.clause);
    found.url = meta.references.first().cloned();
    let mut named = None;
    if let Some(resource) = failure.resource {
        let help = rule.file.help_at(subject, resource, failure.block).or(fix);
        found.help = help.map(|help| wording::as_written(help, values, resource));
        named = offers.and_then(|offers| offers.resource(resource));
        found.resource = named.map(|named| named.id.clone());
        found.fix = offers.and_then(|offers| offers.of(failure));
        for related in rule.file.related_at(subject, resource, failure.block) {
            push_related(&mut found, Label::new(values.place(related.value).span, related.text));
        }
        if meta.evidence {
            for value in evidence(values, resource) {
                let label = evidence_label(values, value);
                // The words of the evidence say more than those that a rule has for any evidence.
                match found.related.iter_mut().find(|other| other.span == label.span) {
                    Some(other) => other.text = label.text,
                    None => push_related(&mut found, label),
                }
            }
        }
    }
    if let Some(named) = named {
        for call in &named.callers {
            push_related(&mut found, Label::new(*call, CALLED));
        }
    }
    Some(found)
}

/// How many findings of one file are told; nobody reads more, and reports hold all of them in memory.
const MAX_FINDINGS: usize = 10_000;

/// Keeps the first findings of a file that has too many, and says so; the worst are kept before all others, so that the exit
/// status is what it would be.
pub(super) fn keep_most(diagnostics: &mut Vec<Diagnostic>, sources: &SourceMap) {
    if diagnostics.len() <= MAX_FINDINGS {
        return;
    }
    let mut counts: FxHashMap<FileId, usize> = FxHashMap::default();
    diagnostics.iter().for_each(|found| *counts.entry(found.primary.span.file).or_default() += 1);
    counts.retain(|_, count| *count > MAX_FINDINGS);
    if counts.is_empty() {
        return;
    }
    diagnostic::sort(diagnostics, sources);
    let is_open = |found: &Diagnostic| found.suppressed.is_none();
    diagnostics.sort_by_key(|found| (Reverse(is_open(found)), Reverse(found.severity)));
    let mut left: FxHashMap<FileId, usize> = counts.keys().map(|file| (*file, MAX_FINDINGS)).collect();
    diagnostics.retain(|found| match left.get_mut(&found.primary.span.file) {
        Some(left) => {
            let is_kept = *left > 0;
            *left = left.saturating_sub(1);
            is_kept
        }
        None => true,
    });
    let limit = Limit::new("findings in this file", MAX_FINDINGS);
    let cut = counts.keys().map(|file| Diagnostic::from(&limit.at(Span::new(*file, 0, 0))));
    diagnostics
        .extend(cut.map(|found| found.with_help("mend these first; `--only` and `--off` choose rules")));
}

/// How many pieces of evidence are shown.
const MAX_EVIDENCE: usize = 3;

/// What is left of doubt when no more evidence is shown.
const SETTLED: f64 = 0.1;

/// How many words a label may have.
const MAX_LABEL_WORDS: usize = 8;

/// Why a resource is taken for one that carries gRPC, the strongest first, as much as it takes to settle it.
fn evidence(values: &Values, resource: ValueId) -> Vec<ValueId> {
    let of = |value: ValueId| values.at(value, &["Grpc", "Evidence"]).map(|list| values.items(list));
    let own = of(resource).unwrap_or_default();
    let entries = carriers(values, resource);
    let all = own.iter().chain(entries.iter().flat_map(|entry| of(*entry).unwrap_or_default()));
    let mut doubt = 1.0;
    let needed = all.copied().take_while(|evidence| {
        let is_needed = doubt > SETTLED;
        let weight = values.get(*evidence, "Weight").map(|weight| values.data(weight));
        if let Some(Data::Float(weight)) = weight {
            doubt *= 1.0 - weight;
        }
        is_needed
    });
    needed.take(MAX_EVIDENCE).collect()
}

fn evidence_label(values: &Values, evidence: ValueId) -> Label {
    let text = values.get(evidence, "Text").and_then(|text| values.as_text(text)).unwrap_or_default();
    let whole = format!("treated as gRPC: {text}");
    let fits = whole.split_whitespace().count() <= MAX_LABEL_WORDS;
    Label::new(values.place(evidence).span, if fits { whole } else { text.to_string() })
}

/// The listeners of a classic load balancer and what Service Connect serves carry evidence of their own.
fn carriers(values: &Values, resource: ValueId) -> Vec<ValueId> {
    let entries = |key| values.at(resource, &["Effective", key]).map(|list| values.items(list));
    let lists = ["Listeners", "ServiceConnectServices"].into_iter().filter_map(entries);
    lists.flatten().copied().collect()
}

/// The most that `evidence: Grpc` allows: definite evidence errors, likely evidence warnings, possible evidence infos.
fn evidence_cap(values: &Values, resource: ValueId) -> Option<Severity> {
    let level = |value: ValueId| values.at(value, &["Grpc", "Level"]).and_then(|level| values.as_text(level));
    let levels = std::iter::once(resource).chain(carriers(values, resource)).filter_map(level);
    let strongest = levels.map(|level| match level {
        "definite" => Some(Severity::Error),
        "likely" => Some(Severity::Warning),
        "possible" => Some(Severity::Info),
        _ => None,
    });
    strongest.max().flatten()
}

/// The smallest place that a person would edit: a value's own text, but the key in front of a whole block.
fn primary(failure: &Failure, values: &Values) -> (Span, String) {
    match &failure.place {
        FailurePlace::Value(value) => {
            let place = values.place(*value);
            let is_block = matches!(values.data(*value), Data::Map(_)) && place.origin == Origin::Written;
            let span = if is_block { place.anchor } else { place.span };
            (span, failure.comparison.clone().unwrap_or_default())
        }
        FailurePlace::Absent { inside, missing } => {
            (values.place(*inside).anchor, format!("`{missing}` is not there"))
        }
    }
}

/// A message of a rule file on one line; a line `Fix: …`, as the public registry has it, is help.
fn read_message(text: &str) -> (String, Option<String>) {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<&str>>().join(" "));
    let (mut message, mut fix): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for line in lines.filter(|line| !line.is_empty()) {
        match line.strip_prefix("Fix:") {
            Some(rest) => fix.push(rest.trim().to_string()),
            None if fix.is_empty() => message.push(line),
            None => fix.push(line),
        }
    }
    (message.join(" "), Some(fix.join(" ")).filter(|fix| !fix.is_empty()))
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

pub(super) fn push_related(found: &mut Diagnostic, label: Label) {
    let is_shown =
        |span: Span| found.primary.span == span || found.related.iter().any(|other| other.span == span);
    if !is_shown(label.span) && found.related.len() < MAX_RELATED {
        found.related.push(label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_rule_files() {
        let read = |text: &str| read_message(text);
        assert_eq!(read(" is `HTTP`\n   and plain "), ("is `HTTP` and plain".to_string(), None));
        let (message, fix) = read("\n  Violation: no TLS.\n  Fix: use\n  HTTPS\n");
        assert_eq!((message.as_str(), fix.as_deref()), ("Violation: no TLS.", Some("use HTTPS")));
    }

    #[test]
    fn sentences_start_small_and_names_stay() {
        assert_eq!(lower_first("Target group is old"), "target group is old");
        assert_eq!(lower_first("GRPC target group"), "GRPC target group");
        assert_eq!(lower_first("gRPC service"), "gRPC service");
    }

    #[test]
    fn a_file_has_only_so_many_findings() {
        use crate::source::Source;
        let mut sources = SourceMap::default();
        let (many, few) = (sources.add(Source::new("many", "")), sources.add(Source::new("few", "")));
        let found = |file, at: usize| {
            let severity = if at == MAX_FINDINGS { Severity::Error } else { Severity::Warning };
            Diagnostic::new("rule", severity, Span::new(file, at as u32, at as u32), "message")
        };
        for n in [MAX_FINDINGS - 1, MAX_FINDINGS, MAX_FINDINGS + 1, MAX_FINDINGS * 2] {
            let mut told: Vec<Diagnostic> = (0..n).map(|at| found(many, at)).chain([found(few, 0)]).collect();
            keep_most(&mut told, &sources);
            let of = |file: FileId, rule: &str| {
                told.iter().filter(|it| it.primary.span.file == file && it.rule == rule).count()
            };
            let is_cut = usize::from(n > MAX_FINDINGS);
            assert_eq!((of(many, "rule"), of(many, "limit-reached")), (n.min(MAX_FINDINGS), is_cut));
            assert_eq!((of(few, "rule"), of(few, "limit-reached")), (1, 0));
            let n_errors = told.iter().filter(|it| it.severity == Severity::Error).count();
            assert_eq!(n_errors, is_cut, "the worst is kept");
        }
    }
}
