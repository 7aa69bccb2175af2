//! Values as they are written in rule files.

use indexmap::IndexMap;

use super::super::super::ast::{Bounds, Literal, Op, Range};
use super::{Node, Rule, TreeBuilder};
use crate::source::Spanned;

impl<'t> TreeBuilder<'t> {
    pub(super) fn value(&mut self, node: Node<'t>) -> Spanned<Literal> {
        let span = self.span(&node);
        let inner = node.into_inner().next().expect("internal error: an empty value");
        Spanned::new(self.literal(inner), span)
    }

    fn literal(&mut self, node: Node<'t>) -> Literal {
        let text = node.as_str();
        match node.as_rule() {
            Rule::string => Literal::Text(unquote(text)),
            Rule::int => Literal::Int(self.int(&node)),
            Rule::float => Literal::Float(text.parse().unwrap_or(f64::INFINITY)),
            Rule::bool => Literal::Bool(text.eq_ignore_ascii_case("true")),
            Rule::regex => self.regex(&node),
            Rule::range => self.range(&node),
            Rule::list => Literal::List(node.into_inner().map(|value| self.value(value).value).collect()),
            Rule::map => {
                Literal::Map(node.into_inner().map(|entry| self.map_entry(entry)).collect::<IndexMap<_, _>>())
            }
            _ => Literal::Null,
        }
    }

    fn map_entry(&mut self, node: Node<'t>) -> (String, Literal) {
        let mut inner = node.into_inner();
        let key = inner.next().expect("internal error: an entry without key");
        let name =
            if key.as_rule() == Rule::string { unquote(key.as_str()) } else { key.as_str().to_string() };
        (name, self.value(inner.next().expect("internal error: an entry without value")).value)
    }

    pub(super) fn int(&mut self, node: &Node<'t>) -> i64 {
        let text = node.as_str();
        let digits = text.trim_start_matches('-');
        let Ok(value) = digits.parse::<i64>() else {
            self.error(self.span(node), format!("the number {text} does not fit into 64 bits"));
            return 0;
        };
        if text.starts_with('-') { -value } else { value }
    }

    fn regex(&mut self, node: &Node<'t>) -> Literal {
        let text = node.as_str();
        match (self.regex)(&text[1..text.len() - 1].replace("\\/", "/")) {
            Ok(regex) => Literal::Regex(regex),
            Err(why) => {
                self.error(self.span(node), format!("regular expression does not compile: {why}"));
                Literal::Null
            }
        }
    }

    fn range(&mut self, node: &Node<'t>) -> Literal {
        let text = node.as_str();
        let inner = &text[2..text.len() - 1];
        let cut = inner.char_indices().skip(1).find(|(_, c)| *c == ',').map_or(inner.len(), |(at, _)| at);
        let (low, high) = (inner[..cut].trim_matches([' ', '\t']), inner.get(cut + 1..).unwrap_or_default());
        let bounds = match (end(low), end(high.trim_matches([' ', '\t']))) {
            (Some(End::Int(low)), Some(End::Int(high))) => Bounds::Int(low, high),
            (Some(End::Float(low)), Some(End::Float(high))) => Bounds::Float(low, high),
            (Some(End::Char(low)), Some(End::Char(high))) => Bounds::Char(low, high),
            _ => {
                self.error(
                    self.span(node),
                    "both ends of a range must be of one kind: `r[1, 10]`, `r[0.5, 1.0]`",
                );
                return Literal::Null;
            }
        };
        let (includes_low, includes_high) = (text.starts_with("r["), text.ends_with(']'));
        Literal::Range(Range { bounds, includes_low, includes_high })
    }
}

enum End {
    Int(i64),
    Float(f64),
    Char(char),
}

fn end(text: &str) -> Option<End> {
    let digits = text.trim_start_matches('-');
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(End::Int);
    }
    if digits.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(value) = text.parse()
    {
        return Some(End::Float(value));
    }
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    chars.next().is_none().then_some(End::Char(first))
}

/// The text of a string: a backslash before the closing kind of quote is dropped, any other one stays.
pub(super) fn unquote(text: &str) -> String {
    let quote = &text[..1];
    text[1..text.len() - 1].replace(&format!("\\{quote}"), quote)
}

/// The texts that a literal allows when a type is compared with it.
pub(super) fn type_names(literal: &Literal, op: Op) -> Vec<String> {
    match (literal, op) {
        (Literal::Text(text), Op::Eq) => vec![text.clone()],
        (Literal::List(items), Op::In) => {
            let texts = items.iter().map(|item| match item {
                Literal::Text(text) => Some(text.clone()),
                _ => None,
            });
            texts.collect::<Option<_>>().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
