//! Documents as one line of text, for tests: every node with its span.

use std::sync::Arc;

use super::parse;
use crate::document::{Format, Kind, NodeRef, ScalarStyle};
use crate::source::FileId;

/// Asserts that `input` reads as `expected`: see [`dump`]; roots are joined by ` --- `, then come diagnostics
/// as `! rule@start..end message`.
#[track_caller]
pub(super) fn check(format: Format, input: &str, expected: &str) {
    let found = report(format, input);
    assert_eq!(found, expected, "\n{input}\n\nfound:\n{found}\nexpected:\n{expected}\n");
}

/// What `check` compares.
fn report(format: Format, input: &str) -> String {
    let text = Arc::from(input);
    let (document, diagnostics) = parse(FileId(0), format, &text);
    let mut lines = vec![document.roots().map(dump).collect::<Vec<_>>().join(" --- ")];
    for diagnostic in &diagnostics {
        let span = diagnostic.primary.span.range();
        lines.push(format!("! {}@{span:?} {}", diagnostic.rule, diagnostic.message));
        for label in &diagnostic.related {
            lines.push(format!("  {:?} {}", label.span.range(), label.text));
        }
    }
    lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A node as `{key value, …}@start..end`, `[item …]@…`, `text@…` with the quotes of its style, `*@…` for an alias.
pub(super) fn dump(node: NodeRef<'_>) -> String {
    let span = node.span().range();
    if node.is_alias() {
        return format!("*@{span:?}");
    }
    let tag = node.tag().map(|tag| format!("{}@{:?} ", tag.text, tag.span.range())).unwrap_or_default();
    let content = if let Some(scalar) = node.scalar() {
        let text = scalar.text.escape_debug();
        match scalar.style {
            ScalarStyle::Plain => text.to_string(),
            ScalarStyle::Single => format!("'{text}'"),
            ScalarStyle::Double => format!("\"{text}\""),
            ScalarStyle::Literal => format!("|{text}|"),
            ScalarStyle::Expression => format!("({text})"),
            ScalarStyle::Folded => format!(">{text}>"),
        }
    } else if node.kind() == Kind::Sequence {
        let items: Vec<_> = node.items().map(dump).collect();
        format!("[{}]", items.join(" "))
    } else {
        let mut parts: Vec<_> =
            node.written_entries().map(|e| format!("{} {}", dump(e.key), dump(e.value))).collect();
        let written: Vec<_> = node.written_entries().map(|e| e.key.id()).collect();
        let merged = node.entries().filter(|e| !written.contains(&e.key.id()));
        parts.extend(merged.map(|e| format!("+{} {}", e.name(), dump(e.value))));
        format!("{{{}}}", parts.join(", "))
    };
    format!("{tag}{content}@{span:?}")
}
