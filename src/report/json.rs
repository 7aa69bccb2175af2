//! One versioned JSON object; `schemas/report.schema.json` is its contract.

use std::io::{self, Write};

use serde::Serialize;

use super::ascii::write_json;
use super::location::Location;
use super::{Counts, offered};
use crate::diagnostic::{Applicability, Diagnostic, Excepted, Label, Severity};
use crate::engine::Analysis;
use crate::source::{Position, SourceMap, Span};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    diagnostics: Vec<Finding<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    url: Option<&'a str>,
    #[serde(flatten)]
    range: Range<'a>,
    label: Option<&'a str>,
    resource: Option<&'a str>,
    other_resources: &'a [String],
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
    suppressed: Option<Suppressed<'a>>,
}

#[derive(Serialize)]
struct Range<'a> {
    file: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
    offset: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    message: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    class: &'static str,
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
struct Suppressed<'a> {
    by: &'static str,
    reason: &'a str,
    until: Option<&'a str>,
    #[serde(flatten)]
    range: Option<Range<'a>>,
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(analysis);
    let report = Report {
        schema_version: SCHEMA_VERSION,
        diagnostics: analysis.diagnostics.iter().map(|found| finding(&analysis.sources, found)).collect(),
        summary: Summary {
            files: analysis.stats.files,
            errors: counts.errors,
            warnings: counts.warnings,
            infos: counts.infos,
            suppressed: counts.suppressed,
        },
    };
    write_json(out, &report)
}

fn finding<'a>(sources: &'a SourceMap, diagnostic: &'a Diagnostic) -> Finding<'a> {
    let related = |label: &'a Label| Related { range: range(sources, label.span), message: &label.text };
    Finding {
        rule: &diagnostic.rule,
        severity: diagnostic.severity,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        url: diagnostic.url.as_deref(),
        range: range(sources, diagnostic.primary.span),
        label: Some(diagnostic.primary.text.as_str()).filter(|text| !text.is_empty()),
        resource: diagnostic.resource.as_deref(),
        other_resources: &diagnostic.other_resources,
        related: diagnostic.related.iter().map(related).collect(),
        fix: offered(diagnostic, sources).map(|fix| Fix {
            class: match fix.applicability {
                Applicability::Safe => "safe",
                Applicability::Unsafe => "unsafe",
            },
            title: &fix.title,
            edits: fix
                .edits
                .iter()
                .map(|edit| Edit { range: range(sources, edit.span), replacement: &edit.replacement })
                .collect(),
        }),
        suppressed: diagnostic.suppressed.as_ref().map(|suppression| Suppressed {
            by: match suppression.by {
                Excepted::InSource => "source",
                Excepted::ByConfiguration => "configuration",
                Excepted::ByBaseline => "baseline",
            },
            until: suppression.until.as_deref(),
            reason: &suppression.reason,
            range: suppression.span.map(|span| range(sources, span)),
        }),
    }
}

fn range(sources: &SourceMap, span: Span) -> Range<'_> {
    let Location { path, start, end } = Location::of(sources, span);
    Range { file: path, start: point(start, span.start), end: point(end, span.end) }
}

fn point(position: Position, offset: u32) -> Point {
    Point { line: position.line, column: position.column, offset }
}
