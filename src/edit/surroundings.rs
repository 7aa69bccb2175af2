//! How the text around a change is written: lines, indentation, line ends, quotes.

use crate::document::{Document, EntryRef, Format, Kind, NodeRef, ScalarStyle};
use crate::source::Span;

use super::scalar;

/// Whether a collection stands between brackets.
pub fn is_flow(node: NodeRef<'_>) -> bool {
    let source = &node.document().text()[node.span().start as usize..];
    match node.kind() {
        Kind::Scalar => false,
        Kind::Mapping => source.starts_with('{'),
        Kind::Sequence => source.starts_with('['),
    }
}

/// Where the line of an offset begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    if start == 0 && text.starts_with('\u{feff}') && at >= 3 { 3 } else { start }
}

/// Where the line of an offset ends, its line end not included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if text[..end].ends_with('\r') { end - 1 } else { end }
}

/// The line end of the file at an offset: that of its line, else of the line before.
pub(super) fn line_break(text: &str, at: usize) -> &'static str {
    let newline = text[at..].find('\n').map(|newline| at + newline).or_else(|| text[..at].rfind('\n'));
    match newline {
        Some(newline) if text[..newline].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The white space before an offset on its line; `None` when something else stands there.
pub(super) fn indentation(text: &str, at: usize) -> Option<&str> {
    let prefix = &text[line_start(text, at)..at];
    prefix.chars().all(|c| c == ' ' || c == '\t').then_some(prefix)
}

/// The column of a key in block style; what stands before it on its line may only be white space and `- `.
pub(super) fn block_column(text: &str, at: usize) -> Option<usize> {
    let prefix = &text[line_start(text, at)..at];
    prefix.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(prefix.len())
}

/// The quotes that a mapping's texts are in, where they need none as well as where they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quotes {
    pub(super) always: bool,
    pub(super) double: bool,
}

impl Quotes {
    /// How the values of a mapping are quoted.
    pub(super) fn of_values(mapping: NodeRef<'_>) -> Self {
        Self::of(mapping.document(), mapping.written_entries().map(|entry| entry.value))
    }

    /// How the keys of a mapping are quoted.
    pub(super) fn of_keys(mapping: NodeRef<'_>) -> Self {
        Self::of(mapping.document(), mapping.written_entries().map(|entry| entry.key))
    }

    fn of<'d>(document: &Document, nodes: impl Iterator<Item = NodeRef<'d>>) -> Self {
        if document.format != Format::Yaml {
            return Self { always: true, double: true };
        }
        let (mut plain, mut quoted, mut needless) = (0, None, 0);
        for node in nodes.filter(|node| !node.is_alias() && node.tag().is_none()) {
            let Some(scalar) = node.scalar() else { continue };
            match scalar.style {
                ScalarStyle::Plain if scalar::is_plain(scalar.text, false) => plain += 1,
                ScalarStyle::Single | ScalarStyle::Double => {
                    quoted = Some(scalar.style == ScalarStyle::Double);
                    needless += usize::from(scalar::is_plain(scalar.text, false));
                }
                _ => {}
            }
        }
        Self { always: needless > plain, double: quoted.unwrap_or(true) }
    }
}

/// The written entries that stay, the one behind which a new key stands best first: those that are asked for by what their
/// names begin with, the one whose name begins with most of the same words, else the last.
pub(super) fn neighbours<'d>(
    mapping: NodeRef<'d>,
    key: &str,
    behind: Option<&str>,
    removed: &[Span],
) -> Vec<EntryRef<'d>> {
    let is_kept = |entry: &EntryRef<'_>| {
        let at = entry.key.span();
        !removed.iter().any(|gone| gone.start <= at.start && at.end <= gone.end)
    };
    let alike = |entry: &EntryRef<'_>| {
        if behind.is_some_and(|behind| entry.name().starts_with(behind)) {
            return usize::MAX;
        }
        let common = common_words(entry.name(), key);
        if common >= 4 { common } else { 0 }
    };
    let mut entries: Vec<EntryRef<'d>> = mapping.written_entries().filter(is_kept).collect();
    entries.reverse();
    // Sorting is stable: of equals the last written comes first.
    entries.sort_by_key(|entry| std::cmp::Reverse(alike(entry)));
    entries
}

/// The length of the whole words with which two names begin alike.
fn common_words(one: &str, other: &str) -> usize {
    let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let is_end = |name: &str, at: usize| {
        let next = name.as_bytes().get(at);
        next.is_none_or(|next| next.is_ascii_uppercase() || matches!(next, b'-' | b'_' | b'.' | b'/'))
    };
    // A separator belongs to the word before it.
    let is_boundary = |at: &usize| {
        let last = one.as_bytes()[*at - 1];
        matches!(last, b'-' | b'_' | b'.' | b'/') || is_end(one, *at) && is_end(other, *at)
    };
    (1..=common).rev().find(is_boundary).unwrap_or(0)
}

/// How much deeper a mapping stands than the one around it, in files of this author.
pub(super) fn block_step(document: &Document) -> usize {
    let text = document.text();
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    let mut looked_at = 0;
    while let Some(node) = open.pop() {
        looked_at += 1;
        if looked_at > 200 || node.is_alias() {
            continue;
        }
        for entry in node.written_entries() {
            let inner = entry.value.written_entries().next();
            if let Some(inner) = inner.filter(|_| !entry.value.is_alias() && !is_flow(entry.value))
                && let Some(outer) = block_column(text, entry.key.span().start as usize)
                && let Some(inner) = indentation(text, inner.key.span().start as usize)
                && inner.len() > outer
            {
                return inner.len() - outer;
            }
        }
        open.extend(node.written_entries().map(|entry| entry.value).chain(node.items()));
    }
    2
}

/// How much further right than its key the dashes of a list stand, in files of this author.
pub(super) fn list_step(document: &Document) -> usize {
    let text = document.text();
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    let mut looked_at = 0;
    while let Some(node) = open.pop() {
        looked_at += 1;
        if looked_at > 2000 || node.is_alias() {
            continue;
        }
        for entry in node.written_entries().filter(|entry| entry.value.kind() == Kind::Sequence) {
            if is_flow(entry.value) || entry.value.is_alias() {
                continue;
            }
            let first = entry.value.items().next().map(|item| item.span().start as usize);
            let dash = first.and_then(|first| dash_before(text, first));
            let key = block_column(text, entry.key.span().start as usize);
            if let (Some(dash), Some(key)) = (dash, key)
                && dash >= key
            {
                return dash - key;
            }
        }
        open.extend(node.written_entries().map(|entry| entry.value).chain(node.items()));
    }
    2
}

/// The column of the dash in front of an item.
pub(super) fn dash_before(text: &str, item: usize) -> Option<usize> {
    let start = line_start(text, item);
    let prefix = &text[start..item];
    let dash = prefix.rfind('-')?;
    let is_plain = prefix[dash + 1..].bytes().all(|byte| byte == b' ')
        && prefix[..dash].bytes().all(|byte| matches!(byte, b' ' | b'-'));
    is_plain.then_some(dash)
}
