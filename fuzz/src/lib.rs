//! What the fuzz targets share: reading a text as a file, and what must hold of whatever comes out.

use std::sync::{Arc, LazyLock};

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::diagnostic::Diagnostic;
use grpc_guard::document::{Document, Format, Kind, NodeRef};
use grpc_guard::engine::{self, Analysis};
use grpc_guard::report::{self, Options};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{FileId, Source, SourceMap, Span};
use grpc_guard::syntax;

/// The built-in rules, compiled once.
pub static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);

/// A text as the only file of a run.
pub fn loaded(path: &str, text: &str) -> Loaded {
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new(path, text));
    Loaded { sources, files: vec![LoadedFile { id, explicit: true }], ..Loaded::default() }
}

/// What the tool says about a text that a file of this name holds.
pub fn analyze(path: &str, text: &str) -> Analysis {
    engine::analyze(loaded(path, text), &CATALOG, &Settings::default())
}

/// Analyses a text, and holds the analysis and every report of it to what they promise.
pub fn check(path: &str, text: &str) {
    let analysis = analyze(path, text);
    for found in &analysis.diagnostics {
        hold_diagnostic(&analysis.sources, found);
    }
    for format in
        [report::Format::Json, report::Format::Sarif, report::Format::Rdjson, report::Format::Gitlab]
    {
        let written = written(format, &analysis);
        serde_json::from_str::<serde_json::Value>(&written).expect("a report in JSON is JSON");
    }
    for format in [report::Format::Text, report::Format::Concise, report::Format::Github] {
        let written = written(format, &analysis);
        let control = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!written.contains(control), "{format:?} lets a control character through");
    }
    for format in [report::Format::Junit, report::Format::Checkstyle, report::Format::Html] {
        written(format, &analysis);
    }
}

fn written(format: report::Format, analysis: &Analysis) -> String {
    let mut out = Vec::new();
    report::write(format, analysis, &[], &mut out, &Options::default()).expect("writing to memory");
    String::from_utf8(out).expect("reports are UTF-8")
}

/// Every span of a diagnostic lies in its file, on character boundaries.
fn hold_diagnostic(sources: &SourceMap, found: &Diagnostic) {
    assert!(!found.message.is_empty(), "`{}` says nothing", found.rule);
    for label in std::iter::once(&found.primary).chain(&found.related) {
        hold_span(&sources.get(label.span.file).text, label.span);
    }
}

fn hold_span(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} is not in the text");
}

/// Parses a text and holds the tree and the diagnostics to what they promise.
pub fn parse(format: Format, text: &str) -> (Document, Vec<Diagnostic>) {
    let (document, diagnostics) = syntax::parse(FileId(0), format, &Arc::from(text));
    for found in &diagnostics {
        hold_span(text, found.primary.span);
    }
    for root in document.roots() {
        hold_node(text, root, root.span());
    }
    (document, diagnostics)
}

fn hold_node(text: &str, node: NodeRef<'_>, within: Span) {
    hold_span(text, node.span());
    assert!(within.contains(node.span()), "{:?} is not within {within:?}", node.span());
    if node.is_alias() {
        return;
    }
    match node.kind() {
        Kind::Sequence => node.items().for_each(|item| hold_node(text, item, node.span())),
        Kind::Mapping => node.written_entries().for_each(|entry| {
            hold_node(text, entry.key, node.span());
            hold_node(text, entry.value, node.span());
        }),
        _ => {}
    }
}

/// A tree with its spans, as text. Aliases are named, not followed: they may multiply without end.
pub fn outline(document: &Document) -> String {
    fn write(node: NodeRef<'_>, out: &mut String) {
        use std::fmt::Write as _;
        let _ = write!(out, "{:?}", node.span().range());
        if node.is_alias() {
            out.push('*');
        } else if let Some(scalar) = node.scalar() {
            let _ = write!(out, "{:?}{:?}", scalar.style, scalar.text);
        } else if node.kind() == Kind::Sequence {
            out.push('[');
            node.items().for_each(|item| write(item, out));
            out.push(']');
        } else {
            out.push('{');
            for entry in node.written_entries() {
                write(entry.key, out);
                write(entry.value, out);
            }
            out.push('}');
        }
    }
    let mut out = String::new();
    document.roots().for_each(|root| write(root, &mut out));
    out
}
