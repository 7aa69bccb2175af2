//! The total order of diagnostics: path, start, severity (worst first), rule, message.

use std::cmp::Reverse;

use super::Diagnostic;
use crate::source::SourceMap;

/// Sorts diagnostics and drops exact repetitions, so that equal input gives equal output.
pub fn sort(diagnostics: &mut Vec<Diagnostic>, sources: &SourceMap) {
    let key = |d: &Diagnostic| {
        let span = d.primary.span;
        (span.start, Reverse(d.severity), span.end)
    };
    diagnostics.sort_by(|a, b| {
        let path = |d: &Diagnostic| sources.get(d.primary.span.file).path.as_str();
        path(a)
            .cmp(path(b))
            .then_with(|| key(a).cmp(&key(b)))
            .then_with(|| a.rule.cmp(&b.rule))
            .then_with(|| a.message.cmp(&b.message))
            .then_with(|| a.resource.cmp(&b.resource))
    });
    diagnostics
        .dedup_by(|a, b| a.rule == b.rule && a.message == b.message && a.primary.span == b.primary.span);
}
