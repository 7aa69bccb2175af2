//! Exceptions in comments: `# grpc-guard: ignore[rule, rule] reason`, on the line of a finding or on lines of their own right
//! above it.
//!
//! An exception that excepts nothing is a diagnostic itself, so that none outlives its cause.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::config::Settings;
use crate::diagnostic::{Diagnostic, Severity, Suppression, UNREADABLE_FILE};
use crate::source::{FileId, Source, SourceMap, Span};

/// The check that reports exceptions without a finding.
pub(crate) const UNUSED_EXCEPTION: &str = "unused-exception";

const MARK: &str = "grpc-guard: ignore[";

/// One name in one comment.
struct Exception<'s> {
    rule: &'s str,
    span: Span,
    reason: &'s str,
    /// The 1-based line whose findings are excepted.
    line: u32,
    is_used: bool,
}

/// Marks the findings that have an exception, and adds what is wrong with exceptions.
pub(super) fn apply(
    diagnostics: &mut Vec<Diagnostic>,
    files: impl Iterator<Item = FileId>,
    sources: &SourceMap,
    catalog: &Catalog,
    settings: &Settings,
) {
    let mut exceptions: BTreeMap<FileId, Vec<Exception>> = BTreeMap::new();
    for file in files {
        let found = exceptions_of(file, sources.get(file));
        if !found.is_empty() {
            exceptions.insert(file, found);
        }
    }
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.rule != UNREADABLE_FILE) {
        let span = diagnostic.primary.span;
        let Some(here) = exceptions.get_mut(&span.file) else { continue };
        let line = sources.get(span.file).lines().line(span.start);
        for exception in here.iter_mut().filter(|it| it.line == line && it.rule == diagnostic.rule) {
            exception.is_used = true;
            let reason = exception.reason.to_string();
            diagnostic.suppressed = Some(Suppression { span: Some(exception.span), reason });
        }
    }
    let unused = exceptions.into_values().flatten().filter(|exception| !exception.is_used);
    diagnostics.extend(unused.filter_map(|exception| unused_diagnostic(&exception, catalog, settings)));
}

fn unused_diagnostic(exception: &Exception, catalog: &Catalog, settings: &Settings) -> Option<Diagnostic> {
    let rule = exception.rule;
    let is_known = catalog.get(rule).is_some();
    // A rule that did not run may have found something.
    if is_known && !settings.runs(rule) {
        return None;
    }
    let message = match is_known {
        true => format!("`{rule}` finds nothing that this would except"),
        false => format!("there is no rule `{rule}` to except"),
    };
    let severity = settings.severity(UNUSED_EXCEPTION, Severity::Warning)?;
    let found = Diagnostic::new(UNUSED_EXCEPTION, severity, exception.span, message);
    Some(match catalog.suggest(rule) {
        Some(near) if !is_known => found.with_help(format!("did you mean `{near}`?")),
        _ => found.with_help("remove the comment"),
    })
}

/// All exceptions of a file, in order.
fn exceptions_of(file: FileId, source: &Source) -> Vec<Exception<'_>> {
    let text: &str = &source.text;
    let mut found = Vec::new();
    for (at, _) in text.match_indices(MARK) {
        let lines = source.lines();
        let own = lines.line(at as u32);
        let range = lines.line_range(text, own);
        let Some(sign) = text[range.start..at].rfind('#').map(|sign| range.start + sign) else { continue };
        // The mark opens its comment, and the comment is none within quotes or behind a word.
        let before = &text[range.start..sign];
        if !text[sign + 1..at].trim().is_empty() || !(before.is_empty() || before.ends_with([' ', '\t'])) {
            continue;
        }
        let names_at = at + MARK.len();
        let Some((names, reason)) = text[names_at..range.end].split_once(']') else { continue };
        let line = if before.trim().is_empty() { next_line(source, own) } else { own };
        for rule in names.split(',') {
            let start =
                rule.as_ptr() as usize - text.as_ptr() as usize + (rule.len() - rule.trim_start().len());
            let rule = rule.trim();
            let span = Span::new(file, start as u32, (start + rule.len()) as u32);
            found.push(Exception { rule, span, reason: reason.trim(), line, is_used: false });
        }
    }
    found
}

/// The first line below that is no comment.
fn next_line(source: &Source, own: u32) -> u32 {
    let is_comment = |line: &u32| source.line_text(*line).trim_start().starts_with('#');
    (own + 1..=source.lines().n_lines()).find(|line| !is_comment(line)).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, u32, &str)]) {
        let source = Source::new("a.yaml", text);
        let found = exceptions_of(FileId(0), &source);
        let told: Vec<(&str, u32, &str)> = found.iter().map(|it| (it.rule, it.line, it.reason)).collect();
        assert_eq!(told, expected, "{text}");
        for exception in &found {
            assert_eq!(&text[exception.span.range()], exception.rule);
        }
    }

    #[test]
    fn exceptions_are_read_where_they_stand() {
        check("a: 1 # grpc-guard: ignore[a-rule] agreed\n", &[("a-rule", 1, "agreed")]);
        check(
            "# grpc-guard: ignore[a-rule, b-rule] agreed\n# more\nb: 2\n",
            &[("a-rule", 3, "agreed"), ("b-rule", 3, "agreed")],
        );
        check("  #grpc-guard: ignore[a-rule]\n  b: 2\r\n", &[("a-rule", 2, "")]);
        check(
            "a: 'x# grpc-guard: ignore[a-rule]'\n# see grpc-guard: ignore[a-rule]\n# grpc-guard: ignore[a\n",
            &[],
        );
    }
}
