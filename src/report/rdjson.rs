//! Reviewdog's diagnostic format. Its columns count UTF-8 bytes.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::ascii::write_json;
use super::location::relative;
use super::neutral::neutral;
use super::{Options, offered, open};
use crate::diagnostic::{Diagnostic, Edit, Fix, Severity};
use crate::edit;
use crate::engine::Analysis;
use crate::source::{SourceMap, Span};

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let sources = &analysis.sources;
    let location = |span: Span| {
        let path = relative(&sources.get(span.file).path, options.root.as_deref());
        json!({ "path": path, "range": range(sources, span) })
    };
    let diagnostics: Vec<Value> = open(analysis)
        .map(|diagnostic| {
            let mut code = json!({ "value": diagnostic.rule });
            if let Some(url) = &diagnostic.url {
                code["url"] = json!(url);
            }
            let mut found = json!({
                "message": neutral(&diagnostic.message).replace("](", "] ("),
                "location": location(diagnostic.primary.span),
                "severity": match diagnostic.severity {
                    Severity::Error => "ERROR",
                    Severity::Warning => "WARNING",
                    Severity::Info => "INFO",
                },
                "code": code,
            });
            if !diagnostic.related.is_empty() {
                let related = diagnostic.related.iter();
                found["related_locations"] = related
                    .map(|label| json!({ "message": label.text, "location": location(label.span) }))
                    .collect();
            }
            if let Some((span, text)) = suggestion(sources, diagnostic) {
                found["suggestions"] = json!([{ "range": range(sources, span), "text": text }]);
            }
            found
        })
        .collect();
    let report = json!({
        "source": { "name": "grpc-guard", "url": env!("CARGO_PKG_REPOSITORY") },
        "diagnostics": diagnostics,
    });
    write_json(out, &report)
}

/// The suggestion of a fix: none where the text between its edits is a secret.
fn suggestion(sources: &SourceMap, diagnostic: &Diagnostic) -> Option<(Span, String)> {
    let (span, text) = as_one(sources, offered(diagnostic, sources)?)?;
    (sources.slice(span) == sources.shown(span)).then_some((span, text))
}

/// All edits of a fix as one, because suggestions stand beside each other as alternatives. They have no path either, so a
/// fix of several files is none.
fn as_one(sources: &SourceMap, fix: &Fix) -> Option<(Span, String)> {
    let (first, last) = (fix.edits.first()?.span, fix.edits.last()?.span);
    if fix.edits.iter().any(|edit| edit.span.file != first.file) {
        return None;
    }
    let whole = first.to(last);
    // What stands between two edits is repeated, and may be a secret.
    if sources.shown(whole) != sources.slice(whole) {
        return None;
    }
    let moved = |edit: &Edit| {
        let span = Span::new(first.file, edit.span.start - whole.start, edit.span.end - whole.start);
        Edit { span, replacement: edit.replacement.clone() }
    };
    let edits: Vec<Edit> = fix.edits.iter().map(moved).collect();
    Some((whole, edit::apply(sources.slice(whole), &edits)))
}

fn range(sources: &SourceMap, span: Span) -> Value {
    json!({ "start": point(sources, span, span.start), "end": point(sources, span, span.end) })
}

fn point(sources: &SourceMap, span: Span, offset: u32) -> Value {
    let source = sources.get(span.file);
    let line = source.lines().line(offset);
    let start = source.lines().line_range(&source.text, line).start as u32;
    json!({ "line": line, "column": offset - start + 1 })
}
