//! Scalars: when quotes are needed, and how one is written in the style of another.

use crate::document::{Format, NodeRef, Scalar, ScalarStyle, Schema, Typed};

use super::surroundings::Quotes;
use super::{New, Refusal, Wants};

/// Whether a text without quotes is the same text for every reader. Strict: what is unusual is quoted.
pub(super) fn is_plain(text: &str, in_flow: bool) -> bool {
    let is_text = |schema| matches!(Scalar { text, style: ScalarStyle::Plain }.typed(schema), Typed::Str(_));
    let Some(first) = text.chars().next() else { return false };
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_./:*+-=%@".contains(c) || c == ',' && !in_flow;
    (first.is_ascii_alphanumeric() || matches!(first, '/' | '_' | '.'))
        && text.chars().all(is_safe)
        && !text.ends_with(':')
        && !(first.is_ascii_digit() && text.contains(':'))
        && !matches!(text, "y" | "Y" | "n" | "N")
        && is_text(Schema::Core)
        && is_text(Schema::Yaml11)
}

/// In single quotes.
pub(super) fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// In double quotes, escaped so that YAML and JSON read the same.
pub(super) fn double(text: &str) -> String {
    serde_json::Value::String(text.to_string()).to_string()
}

/// A new scalar among others.
pub(super) fn among(quotes: Quotes, new: &New, in_flow: bool) -> String {
    let quoted = |text: &str| match quotes.double || text.contains(char::is_control) {
        true => double(text),
        false => single(text),
    };
    match new {
        New::Word(word) => word.clone(),
        New::Text(text) | New::Name(text) if quotes.always || !is_plain(text, in_flow) => quoted(text),
        New::Text(text) | New::Name(text) => text.clone(),
        _ => String::new(),
    }
}

/// A new scalar in place of an old one, quoted like it.
pub(super) fn instead_of(node: NodeRef<'_>, new: &New, wants: Wants) -> Result<String, Refusal> {
    let (New::Text(text) | New::Word(text)) = new else { return Err(Refusal::NotLiteral) };
    let scalar = node.scalar().ok_or(Refusal::NotLiteral)?;
    match scalar.style {
        ScalarStyle::Double | ScalarStyle::Single if wants == Wants::Number => Ok(text.clone()),
        ScalarStyle::Double => Ok(double(text)),
        ScalarStyle::Single if text.contains(char::is_control) => Ok(double(text)),
        ScalarStyle::Single => Ok(single(text)),
        ScalarStyle::Literal | ScalarStyle::Folded | ScalarStyle::Expression => Err(Refusal::NotLiteral),
        ScalarStyle::Plain if node.span().start == node.span().end => Err(Refusal::NoPlace),
        ScalarStyle::Plain => {
            let is_word = !matches!(
                Scalar { text, style: ScalarStyle::Plain }.typed(Schema::Core),
                Typed::Str(_) | Typed::Null
            );
            let was_word = !matches!(scalar.typed(Schema::Core), Typed::Str(_) | Typed::Null);
            let may_be_bare = is_word && wants != Wants::Text && (was_word || matches!(new, New::Word(_)));
            let is_json = node.document().format == Format::Json;
            let is_bare = may_be_bare || !is_json && is_plain(text, true);
            Ok(if is_bare { text.clone() } else { double(text) })
        }
    }
}
