//! Block style: what comes in stands on lines of its own, indented like its siblings.

use crate::document::{Document, EntryRef, Kind, NodeId, NodeRef, ScalarStyle};
use crate::source::Span;

use super::surroundings::{
    Quotes, block_column, block_step, dash_before, is_flow, line_break, line_end, line_start, list_step,
};
use super::{New, Refusal, Wants, flow, scalar};

/// An entry that comes into a mapping: where, and what.
pub(super) fn entry(
    document: &Document,
    mapping: NodeRef<'_>,
    key: &str,
    new: &New,
    neighbours: &[EntryRef<'_>],
) -> Result<(Span, String), Refusal> {
    let text = document.text();
    if mapping.kind() == Kind::Scalar {
        return below_key(document, mapping, key, new);
    }
    for sibling in neighbours.iter().copied() {
        let Some(column) = block_column(text, sibling.key.span().start as usize) else { continue };
        let Some(at) = line_end_of(sibling) else { continue };
        let writer = Writer::new(document, at);
        let mut out = format!("{}{}", writer.line_break, " ".repeat(column));
        writer.entry(&mut out, mapping, key, new, column);
        return Ok((Span::new(document.file, at as u32, at as u32), out));
    }
    Err(Refusal::NoPlace)
}

/// The first entry below a key that has no value yet.
fn below_key(
    document: &Document,
    nothing: NodeRef<'_>,
    key: &str,
    new: &New,
) -> Result<(Span, String), Refusal> {
    let text = document.text();
    let above = entry_of(document, nothing.id()).ok_or(Refusal::NoPlace)?;
    let column = block_column(text, above.key.span().start as usize).ok_or(Refusal::NoPlace)?;
    let at = line_end_of(above).ok_or(Refusal::NoPlace)?;
    let writer = Writer::new(document, at);
    let column = column + writer.step;
    let mut out = format!("{}{}", writer.line_break, " ".repeat(column));
    writer.entry(&mut out, nothing, key, new, column);
    Ok((Span::new(document.file, at as u32, at as u32), out))
}

/// An item that comes to the end of a list.
pub(super) fn item(document: &Document, list: NodeRef<'_>, new: &New) -> Result<(Span, String), Refusal> {
    let text = document.text();
    let last = list.items().last().ok_or(Refusal::NoPlace)?;
    let column = dash_before(text, last.span().start as usize).ok_or(Refusal::NoPlace)?;
    let end = content_end(last).ok_or(Refusal::NoPlace)?;
    let at = rest_is_blank(text, end).ok_or(Refusal::NoPlace)?;
    let writer = Writer::new(document, at);
    let mut out = format!("{}{}- ", writer.line_break, " ".repeat(column));
    // Items are written alike: the quotes of the last one are those of the new one.
    writer.item(&mut out, last, new, column);
    Ok((Span::new(document.file, at as u32, at as u32), out))
}

/// An entry that takes the place of another.
pub(super) fn instead_of(
    document: &Document,
    entry: EntryRef<'_>,
    key: &str,
    new: &New,
) -> Result<(Span, String), Refusal> {
    let text = document.text();
    let start = entry.key.span().start as usize;
    let Some(column) = block_column(text, start) else {
        // Between brackets the new value is as short as the old one was.
        let value = flow::on_one_line(document, new);
        let key = scalar::instead_of(entry.key, &New::Text(key.to_string()), Wants::SameStyle)?;
        let between = &text[entry.key.span().end as usize..entry.value.span().start as usize];
        return Ok((entry.key.span().to(entry.value.span()), format!("{key}{between}{value}")));
    };
    let end = content_end(entry.value).ok_or(Refusal::NoPlace)?;
    if text[start..end].contains('#') {
        // A comment in there would be lost.
        return Err(Refusal::NoPlace);
    }
    let writer = Writer::new(document, end);
    let mut out = String::new();
    writer.entry(&mut out, entry.value, key, new, column);
    Ok((Span::new(document.file, start as u32, end as u32), out))
}

/// Where the content of a node ends; `None` where nobody can add a line behind it without changing it.
pub(super) fn content_end(node: NodeRef<'_>) -> Option<usize> {
    let text = node.document().text();
    let end = node.span().end as usize;
    if node.is_alias() || is_flow(node) {
        return Some(end);
    }
    match node.kind() {
        Kind::Scalar => {
            let style = node.scalar()?.style;
            if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                return Some(end);
            }
            let start = node.span().start as usize;
            let header = text[start..end].lines().next().unwrap_or_default();
            (!header.contains('+')).then(|| start + text[start..end].trim_end().len())
        }
        Kind::Mapping => entry_end(node.written_entries().last()?),
        Kind::Sequence => content_end(node.items().last()?),
    }
}

/// Where the content of an entry ends: behind the colon where it has no value.
pub(super) fn entry_end(entry: EntryRef<'_>) -> Option<usize> {
    let value = entry.value.span();
    if value.start < value.end {
        return content_end(entry.value);
    }
    let text = entry.key.document().text();
    let key = entry.key.span().end as usize;
    let colon = text[key..].find(':')?;
    text[key..key + colon].trim().is_empty().then_some(key + colon + 1)
}

/// The end of the line on which an entry ends, when nothing but a comment follows it there.
fn line_end_of(entry: EntryRef<'_>) -> Option<usize> {
    let text = entry.key.document().text();
    rest_is_blank(text, entry_end(entry)?)
}

fn rest_is_blank(text: &str, end: usize) -> Option<usize> {
    let at = line_end(text, end);
    let rest = text[end..at].trim_start();
    (rest.is_empty() || rest.starts_with('#') && rest.len() < at - end).then_some(at)
}

/// The entry whose value a node is.
fn entry_of(document: &Document, value: NodeId) -> Option<EntryRef<'_>> {
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    while let Some(node) = open.pop() {
        if node.is_alias() {
            continue;
        }
        if let Some(entry) = node.written_entries().find(|entry| entry.value.id() == value) {
            return Some(entry);
        }
        open.extend(node.written_entries().map(|entry| entry.value).chain(node.items()));
    }
    None
}

struct Writer<'d> {
    document: &'d Document,
    line_break: &'static str,
    step: usize,
    list_step: usize,
}

impl<'d> Writer<'d> {
    fn new(document: &'d Document, at: usize) -> Self {
        Self {
            document,
            line_break: line_break(document.text(), at),
            step: block_step(document),
            list_step: list_step(document),
        }
    }

    /// `key: value`, whose key stands at `column`, with the quotes that `like` has.
    fn entry(&self, out: &mut String, like: NodeRef<'_>, key: &str, new: &New, column: usize) {
        let quotes = Quotes::of_keys(like);
        out.push_str(&scalar::among(quotes, &New::Text(key.to_string()), true));
        out.push(':');
        self.value(out, like, new, column);
    }

    fn value(&self, out: &mut String, like: NodeRef<'_>, new: &New, column: usize) {
        match new {
            New::Text(_) | New::Name(_) | New::Word(_) => {
                out.push(' ');
                out.push_str(&scalar::among(Quotes::of_values(like), new, false));
            }
            New::Map(entries) => {
                let column = column + self.step;
                for (key, new) in entries {
                    self.line(out, column);
                    self.entry(out, like, key, new, column);
                }
            }
            New::List(items) => {
                let column = column + self.list_step;
                for new in items {
                    self.line(out, column);
                    out.push_str("- ");
                    self.item(out, like, new, column);
                }
            }
        }
    }

    /// What follows a dash at `column`.
    fn item(&self, out: &mut String, like: NodeRef<'_>, new: &New, column: usize) {
        match new {
            New::Map(entries) => {
                for (at, (key, new)) in entries.iter().enumerate() {
                    if at > 0 {
                        self.line(out, column + 2);
                    }
                    self.entry(out, like, key, new, column + 2);
                }
            }
            New::List(_) => out.push_str(&flow::on_one_line(self.document, new)),
            _ => out.push_str(&scalar::among(Quotes::of_values(like), new, false)),
        }
    }

    fn line(&self, out: &mut String, column: usize) {
        out.push_str(self.line_break);
        out.extend(std::iter::repeat_n(' ', column));
    }
}

/// The lines that an entry or item in block style takes, with the line end; `None` where something else is on them.
pub(super) fn whole_lines(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let from = line_start(text, start);
    let to = line_end(text, end);
    let is_alone = text[from..start].bytes().all(|byte| byte == b' ') && text[end..to].trim().is_empty();
    let after = match &text[to..] {
        rest if rest.starts_with("\r\n") => to + 2,
        rest if rest.starts_with('\n') => to + 1,
        _ => to,
    };
    is_alone.then_some((from, after))
}
