//! Flow style and JSON: what comes in stands between commas, on the same line or on one of its own, as its siblings do.

use crate::document::{Document, EntryRef, Format, NodeRef};
use crate::source::Span;

use super::surroundings::{Quotes, indentation, line_break, line_start};
use super::{New, Refusal, scalar};

/// An entry that comes into a mapping: where, and what.
pub(super) fn entry(
    document: &Document,
    mapping: NodeRef<'_>,
    key: &str,
    new: &New,
    neighbours: &[EntryRef<'_>],
) -> Result<(Span, String), Refusal> {
    let text = document.text();
    let writer = Writer::new(document, mapping);
    let insertion = |at: usize, text: String| (Span::new(document.file, at as u32, at as u32), text);
    if mapping.written_entries().next().is_none() {
        return writer.only_entry(mapping, key, new);
    }
    let Some(sibling) = neighbours.first() else {
        return Err(Refusal::NoPlace);
    };
    let (start, end) = (sibling.key.span().start as usize, sibling.value.span().end as usize);
    if end < start || sibling.value.span().start >= sibling.value.span().end {
        return Err(Refusal::NoPlace);
    }
    let Some(indent) = indentation(text, start).filter(|_| line_start(text, start) > 0) else {
        let separator = separator(mapping, text);
        let entry = writer.entry(key, new, None);
        return Ok(insertion(end, format!("{separator}{entry}")));
    };
    let entry = writer.entry(key, new, Some(indent));
    let rest = text[end..].lines().next().unwrap_or_default();
    if rest.contains('#') {
        // The comment belongs to the sibling: before it is the place that leaves it there.
        return Ok(insertion(start, format!("{entry},{}{indent}", writer.line_break)));
    }
    Ok(insertion(end, format!(",{}{indent}{entry}", writer.line_break)))
}

/// An item that comes to the end of a list.
pub(super) fn item(document: &Document, list: NodeRef<'_>, new: &New) -> Result<(Span, String), Refusal> {
    let text = document.text();
    let writer = Writer::new(document, list);
    let insertion = |at: usize, text: String| (Span::new(document.file, at as u32, at as u32), text);
    let Some(last) = list.items().last() else {
        let inner = list.span().start as usize + 1;
        let is_empty = text[inner..list.span().end as usize].trim() == "]";
        return if is_empty { Ok(insertion(inner, writer.value(new, None))) } else { Err(Refusal::NoPlace) };
    };
    let (start, end) = (last.span().start as usize, last.span().end as usize);
    match indentation(text, start).filter(|_| line_start(text, start) > list.span().start as usize) {
        Some(indent) => {
            let rest = text[end..].lines().next().unwrap_or_default();
            if rest.contains('#') {
                return Err(Refusal::NoPlace);
            }
            // A list of blocks on several lines each gets another one like them.
            let like = text[start..end].contains('\n').then_some(indent);
            Ok(insertion(end, format!(",{}{indent}{}", writer.line_break, writer.value(new, like))))
        }
        None => Ok(insertion(end, format!("{}{}", writer.comma(), writer.value(new, None)))),
    }
}

/// A list or mapping in place of another one between brackets.
pub(super) fn instead_of(node: NodeRef<'_>, new: &New) -> String {
    let document = node.document();
    let text = document.text();
    let writer = Writer::new(document, node);
    let is_long = text[node.span().range()].contains('\n');
    let start = node.span().start as usize;
    let line = &text[line_start(text, start)..start];
    let indent = &line[..line.len() - line.trim_start().len()];
    writer.value(new, is_long.then_some(indent))
}

/// A value on one line.
pub(super) fn on_one_line(document: &Document, new: &New) -> String {
    let root = document.roots().next();
    root.map_or_else(String::new, |root| Writer::new(document, root).value(new, None))
}

/// A list on one line whose first item is written already.
pub(super) fn list_with(document: &Document, first: &str, more: &[New]) -> String {
    let Some(root) = document.roots().next() else { return String::new() };
    let writer = Writer::new(document, root);
    let more = more.iter().map(|item| writer.value(item, None));
    let items: Vec<String> = std::iter::once(first.to_string()).chain(more).collect();
    format!("[{}]", items.join(writer.comma()))
}

/// The comma between the entries of a mapping, with the white space that the author puts behind it.
fn separator(mapping: NodeRef<'_>, text: &str) -> String {
    let entries: Vec<EntryRef<'_>> = mapping.written_entries().collect();
    let between = entries.windows(2).next_back().map(|pair| {
        let (end, start) = (pair[0].value.span().end as usize, pair[1].key.span().start as usize);
        text.get(end..start).unwrap_or_default()
    });
    match between {
        Some(between) if between.starts_with(',') && between[1..].bytes().all(|byte| byte == b' ') => {
            between.to_string()
        }
        _ => if has_space_behind_colon(mapping, text) { ", " } else { "," }.to_string(),
    }
}

fn has_space_behind_colon(mapping: NodeRef<'_>, text: &str) -> bool {
    mapping.written_entries().next().is_none_or(|entry| {
        let (end, start) = (entry.key.span().end as usize, entry.value.span().start as usize);
        text.get(end..start).is_none_or(|between| between.ends_with(' '))
    })
}

struct Writer<'d> {
    document: &'d Document,
    line_break: &'static str,
    /// One more level of indentation.
    step: String,
    colon: &'static str,
    keys: Quotes,
    values: Quotes,
}

impl<'d> Writer<'d> {
    fn new(document: &'d Document, near: NodeRef<'_>) -> Self {
        let text = document.text();
        let is_json = document.format == Format::Json;
        // An empty mapping says nothing of the author's ways; the first of the document does.
        let root = document.roots().next();
        let said =
            [Some(near), root].into_iter().flatten().find(|node| node.written_entries().next().is_some());
        let has_space = said.is_none_or(|node| has_space_behind_colon(node, text)) || !is_json;
        let (keys, values) = match said {
            Some(said) => (Quotes::of_keys(said), Quotes::of_values(said)),
            None => (Quotes::of_keys(near), Quotes::of_values(near)),
        };
        Self {
            document,
            line_break: line_break(text, near.span().start as usize),
            step: step(document),
            colon: if has_space { ": " } else { ":" },
            keys,
            values,
        }
    }

    fn comma(&self) -> &'static str {
        if self.colon.ends_with(' ') { ", " } else { "," }
    }

    /// The only entry of a mapping.
    fn only_entry(&self, mapping: NodeRef<'_>, key: &str, new: &New) -> Result<(Span, String), Refusal> {
        let text = self.document.text();
        let span = mapping.span();
        if text[span.range()].trim_start_matches('{').trim_end_matches('}').trim() != "" {
            return Err(Refusal::NoPlace);
        }
        let start = span.start as usize;
        let line = &text[line_start(text, start)..start];
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_long = self.document.format == Format::Json && text.trim_end().contains('\n');
        let entries = [(key.to_string(), new.clone())];
        Ok((span, self.mapping(&entries, is_long.then_some(indent))))
    }

    /// `key: value`; a value that takes lines has its closing bracket at `indent`.
    fn entry(&self, key: &str, new: &New, indent: Option<&str>) -> String {
        let key = scalar::among(self.keys, &New::Text(key.to_string()), true);
        format!("{key}{}{}", self.colon, self.value(new, indent))
    }

    fn value(&self, new: &New, indent: Option<&str>) -> String {
        match new {
            // There names are no texts.
            New::Name(name) if self.document.format == Format::Hcl => name.clone(),
            New::Text(_) | New::Name(_) | New::Word(_) => scalar::among(self.values, new, true),
            New::List(items) => {
                let is_short = items.iter().all(|item| !matches!(item, New::Map(_)));
                let indent = indent.filter(|_| self.document.format == Format::Json && !is_short);
                let inner = indent.map(|indent| format!("{indent}{}", self.step));
                let items = items.iter().map(|item| self.value(item, inner.as_deref()));
                self.between("[", items.collect(), "]", indent)
            }
            New::Map(entries) => self.mapping(entries, indent),
        }
    }

    fn mapping(&self, entries: &[(String, New)], indent: Option<&str>) -> String {
        let indent = indent.filter(|_| self.document.format == Format::Json);
        let inner = indent.map(|indent| format!("{indent}{}", self.step));
        let entries = entries.iter().map(|(key, new)| self.entry(key, new, inner.as_deref()));
        self.between("{", entries.collect(), "}", indent)
    }

    fn between(&self, open: &str, parts: Vec<String>, close: &str, indent: Option<&str>) -> String {
        match indent {
            Some(indent) => {
                let inner = format!("{}{indent}{}", self.line_break, self.step);
                let parts = parts.join(&format!(",{inner}"));
                format!("{open}{inner}{parts}{}{indent}{close}", self.line_break)
            }
            None => format!("{open}{}{close}", parts.join(self.comma())),
        }
    }
}

/// One level of indentation of a document between brackets: what its first nested line has.
fn step(document: &Document) -> String {
    let text = document.text();
    let first = document.roots().next().and_then(|root| root.written_entries().next());
    let indent = first.and_then(|entry| indentation(text, entry.key.span().start as usize));
    indent.filter(|indent| !indent.is_empty()).unwrap_or("  ").to_string()
}
