//! Words for values and comparisons, cut short where they would run on.

use super::super::ast::{Kind, Names, Op, Query};
use super::super::print;
use super::value::{Found, Raw, View, view};
use super::{Evaluator, Subject};
use crate::model::Values;

/// Longer texts are cut in messages.
const MAX_TEXT: usize = 200;

/// More items of a list are not written out.
const MAX_ITEMS: usize = 12;

/// The steps of a query from `part` on: `Matcher.GrpcCode`.
pub(super) fn rest_of(query: &Query, part: usize, names: &Names) -> String {
    print::steps(query.parts.get(part..).unwrap_or_default(), names)
}

/// A value as it reads in a message: scalars as text, lists joined, maps cut short.
pub(super) fn plain(subject: &Subject<'_>, raw: Raw<'_>) -> String {
    match view(subject.values, raw) {
        View::Null => "null".to_string(),
        View::Bool(value) => value.to_string(),
        View::Int(value) => value.to_string(),
        View::Float(value) => value.to_string(),
        View::Text(text) => shorten(text),
        View::Char(value) => value.to_string(),
        View::List(items) => {
            let mut words: Vec<String> =
                items.iter().take(MAX_ITEMS).map(|item| scalar(subject, item)).collect();
            if items.len() > MAX_ITEMS {
                words.push("…".to_string());
            }
            words.join(", ")
        }
        View::Map(_) => "{…}".to_string(),
        View::Regex(regex) => format!("/{}/", regex.text()),
        View::Range(range) => print::range(range),
        View::Reference(target) => subject.resource_id(target.0).unwrap_or("(another resource)").to_string(),
        View::Unknown => "(unknown)".to_string(),
    }
}

fn scalar(subject: &Subject<'_>, raw: Raw<'_>) -> String {
    match view(subject.values, raw) {
        View::List(_) => "[…]".to_string(),
        _ => plain(subject, raw),
    }
}

fn shorten(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT + 1).collect();
    match line.char_indices().nth(MAX_TEXT) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

impl<'e> Evaluator<'e> {
    /// "is `HTTPS`, rule wants `HTTP`".
    pub(super) fn comparison(
        &self,
        op: Op,
        negated: bool,
        subject: Found<'e>,
        wanted: Option<Raw<'e>>,
    ) -> Option<String> {
        let wanted_words = self.quoted_list(wanted?);
        let Some(value) = subject.value() else {
            return Some(match (op, negated) {
                (_, true) => format!("is not there to be compared with {wanted_words}"),
                (Op::In, _) => format!("is not there, rule wants one of {wanted_words}"),
                _ => format!("is not there, rule wants {wanted_words}"),
            });
        };
        // Only equality cares for kinds.
        let other = if op == Op::Eq && !negated { wanted? } else { value.raw };
        let is = self.quoted(value.raw, value.raw, other);
        Some(match (op, negated) {
            (Op::Eq, false) => format!("is {is}, rule wants {}", self.quoted(wanted?, value.raw, wanted?)),
            (Op::Eq, true) | (Op::In, true) => format!("is {is}, which the rule forbids"),
            (Op::In, false) => match view(self.values, wanted?) {
                View::Text(_) => format!("is {is}, rule wants a part of {wanted_words}"),
                View::Range(_) => format!("is {is}, rule wants {wanted_words}"),
                _ => format!("is {is}, rule wants one of {wanted_words}"),
            },
            (Op::Lt, false) | (Op::Ge, true) => format!("is {is}, rule wants less than {wanted_words}"),
            (Op::Le, false) | (Op::Gt, true) => format!("is {is}, rule wants at most {wanted_words}"),
            (Op::Gt, false) | (Op::Le, true) => format!("is {is}, rule wants more than {wanted_words}"),
            (Op::Ge, false) | (Op::Lt, true) => format!("is {is}, rule wants at least {wanted_words}"),
        })
    }

    /// A value in backticks, with its kind where the two sides are of different kinds.
    fn quoted(&self, raw: Raw<'e>, left: Raw<'e>, right: Raw<'e>) -> String {
        let kinds = (kind_of(self.values, left), kind_of(self.values, right));
        let text = match view(self.values, raw) {
            View::Text("") => return "an empty text".to_string(),
            View::Map(_) => return "a map".to_string(),
            View::List(items) if items.len() == 0 => return "an empty list".to_string(),
            View::List(_) => self.quoted_list(raw),
            _ => format!("`{}`", plain(self.subject, raw)),
        };
        match kind_of(self.values, raw) {
            Some(kind) if kinds.0 != kinds.1 && kinds.0.is_some() && kinds.1.is_some() => {
                format!("{} {text}", kind_words(kind))
            }
            _ => text,
        }
    }

    fn quoted_list(&self, raw: Raw<'e>) -> String {
        let View::List(items) = view(self.values, raw) else {
            return format!("`{}`", plain(self.subject, raw));
        };
        let mut words: Vec<String> =
            items.iter().take(MAX_ITEMS).map(|item| format!("`{}`", scalar(self.subject, item))).collect();
        if items.len() > MAX_ITEMS {
            words.push("…".to_string());
        }
        words.join(", ")
    }
}

fn kind_of(values: &Values, raw: Raw<'_>) -> Option<Kind> {
    Some(match view(values, raw) {
        View::Text(_) => Kind::Text,
        View::List(_) => Kind::List,
        View::Map(_) => Kind::Map,
        View::Bool(_) => Kind::Bool,
        View::Int(_) | View::Float(_) => Kind::Int,
        View::Null => Kind::Null,
        _ => return None,
    })
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "the text",
        Kind::List => "the list",
        Kind::Map => "the map",
        Kind::Bool => "the boolean",
        Kind::Int | Kind::Float => "the number",
        Kind::Null => "the value",
    }
}
