//! Reviewdog's diagnostic format. Its columns count UTF-8 bytes.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::ascii::write_json;
use super::location::relative;
use super::neutral::neutral;
use super::{Options, open};
use crate::diagnostic::Severity;
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
            if let Some(fix) = &diagnostic.fix {
                let edits = fix.edits.iter();
                found["suggestions"] = edits
                    .map(|edit| json!({ "range": range(sources, edit.span), "text": edit.replacement }))
                    .collect();
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

fn range(sources: &SourceMap, span: Span) -> Value {
    json!({ "start": point(sources, span, span.start), "end": point(sources, span, span.end) })
}

fn point(sources: &SourceMap, span: Span, offset: u32) -> Value {
    let source = sources.get(span.file);
    let line = source.lines().line(offset);
    let start = source.lines().line_range(&source.text, line).start as u32;
    json!({ "line": line, "column": offset - start + 1 })
}
