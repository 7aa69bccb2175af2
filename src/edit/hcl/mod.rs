//! HCL: what comes in stands on lines of its own, and `=` are aligned as `terraform fmt` aligns them.

mod align;
mod insert;
mod remove;

pub(super) use align::aligned;
pub(super) use insert::entries;
pub(super) use remove::removed;

use crate::document::{Document, EntryRef, Kind, NodeRef, ScalarStyle, Schema, Typed};

use super::surroundings::is_flow;
use super::{New, Refusal, Wants};

/// A new scalar or list in place of an old one.
pub(super) fn instead_of(node: NodeRef<'_>, new: &New, wants: Wants) -> Result<String, Refusal> {
    let (New::Text(text) | New::Word(text)) = new else {
        let is_list = node.kind() == Kind::Sequence && is_flow(node) && matches!(new, New::List(_));
        let has_comments = node.document().text()[node.span().range()].contains(['#', '\n']);
        return if is_list && !has_comments { value(new) } else { Err(Refusal::NoPlace) };
    };
    let scalar = node.scalar().ok_or(Refusal::NotLiteral)?;
    let typed = crate::document::Scalar { text, style: ScalarStyle::Plain }.typed(Schema::Core);
    let is_word = matches!(typed, Typed::Bool(_) | Typed::Int(_) | Typed::Float(_));
    match scalar.style {
        ScalarStyle::Double if wants == Wants::Number => Ok(text.clone()),
        ScalarStyle::Double => quoted(text),
        ScalarStyle::Plain if is_word && wants != Wants::Text => Ok(text.clone()),
        ScalarStyle::Plain => quoted(text),
        _ => Err(Refusal::NotLiteral),
    }
}

/// A key in place of an old one.
pub(super) fn renamed(entry: EntryRef<'_>, key: &str) -> Result<String, Refusal> {
    match entry.key.scalar().map(|scalar| scalar.style) {
        Some(ScalarStyle::Double) => quoted(key),
        Some(ScalarStyle::Plain) if is_identifier(key) && !is_repeated(entry.value) => Ok(key.to_string()),
        _ => Err(Refusal::NoPlace),
    }
}

/// The source of a scalar in quotes.
pub(super) fn in_quotes(node: NodeRef<'_>) -> Result<String, Refusal> {
    match node.scalar() {
        Some(scalar) if scalar.style == ScalarStyle::Plain => quoted(scalar.text),
        _ => Err(Refusal::NotLiteral),
    }
}

/// A value on one line.
fn value(new: &New) -> Result<String, Refusal> {
    match new {
        New::Text(text) => quoted(text),
        New::Word(word) | New::Name(word) => Ok(word.clone()),
        New::List(items) => {
            let items: Result<Vec<String>, Refusal> = items.iter().map(value).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        New::Map(entries) => {
            let entries: Result<Vec<String>, Refusal> = entries
                .iter()
                .map(|(key, new)| Ok(format!("{} = {}", self::key(key)?, value(new)?)))
                .collect();
            Ok(format!("{{ {} }}", entries?.join(", ")))
        }
    }
}

/// A text in quotes. What would be read as a template is left to a person.
fn quoted(text: &str) -> Result<String, Refusal> {
    if text.contains("${") || text.contains("%{") || text.contains(char::is_control) {
        return Err(Refusal::NotLiteral);
    }
    Ok(super::scalar::double(text))
}

fn key(name: &str) -> Result<String, Refusal> {
    if is_identifier(name) { Ok(name.to_string()) } else { quoted(name) }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Whether a node is the body of a block.
fn is_body(node: NodeRef<'_>) -> bool {
    node.kind() == Kind::Mapping && node.tag().is_some()
}

/// Whether a value stands for several blocks of one type.
fn is_repeated(node: NodeRef<'_>) -> bool {
    node.items().any(is_body)
}

/// Whether an entry is an argument, and no block.
fn is_argument(entry: &EntryRef<'_>) -> bool {
    let value = entry.value;
    match value.kind() {
        Kind::Scalar => true,
        Kind::Mapping => value.tag().is_none() && is_flow(value),
        Kind::Sequence => !is_repeated(value),
    }
}

/// Whether a comment stands somewhere in a range of the text.
fn has_comment(document: &Document, start: usize, end: usize) -> bool {
    let at = document.comments.partition_point(|comment| (comment.span.start as usize) < start);
    document.comments.get(at).is_some_and(|comment| (comment.span.start as usize) < end)
}

/// The end of the line of an offset behind which nothing but a comment stands.
fn end_of_line(document: &Document, end: usize) -> Option<usize> {
    let text = document.text();
    let line_end = super::surroundings::line_end(text, end);
    let rest = text[end..line_end].trim_start_matches([' ', '\t', ',']);
    let is_quiet = rest.is_empty() || rest.starts_with('#') || rest.starts_with("//");
    is_quiet.then_some(line_end)
}

#[cfg(test)]
mod tests;
