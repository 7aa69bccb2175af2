//! The `=` of arguments on neighbouring lines stand below each other.

use crate::diagnostic::Edit;
use crate::document::{EntryRef, NodeRef, ScalarStyle};
use crate::source::Span;

use super::is_argument;

/// A new argument, to be written once it is known how wide its neighbours are.
#[derive(Debug)]
pub(in crate::edit) struct Added {
    /// Where it is inserted.
    pub(super) at: u32,
    /// The key of the argument that it stands behind.
    pub(super) behind: Option<Span>,
    /// What stands before its key: a line end and indentation.
    pub(super) before: String,
    pub(super) key: String,
    /// The value, and what stands behind it.
    pub(super) value: String,
}

/// An argument on one line.
#[derive(Clone, Copy)]
struct Line<'d> {
    entry: EntryRef<'d>,
    /// Where `=` stands.
    sign: usize,
}

/// The edits that bring new arguments into a mapping, and those that keep it aligned when others change or go.
pub(in crate::edit) fn aligned(
    mapping: NodeRef<'_>,
    added: Vec<Added>,
    edits: &[Edit],
) -> Vec<(Span, String)> {
    let file = mapping.document().file;
    let mut made = Vec::new();
    let mut widths: Vec<usize> = added.iter().map(|new| new.key.len()).collect();
    for group in groups(mapping) {
        let own =
            |new: &Added| new.behind.is_some_and(|key| group.iter().any(|line| line.entry.key.span() == key));
        let before = group.iter().map(|line| key_length(line.entry)).max().unwrap_or(0);
        let is_aligned = group.iter().all(|line| gap(line) == before - key_length(line.entry) + 1);
        if !is_aligned {
            continue;
        }
        let kept: Vec<(&Line<'_>, usize)> =
            group.iter().filter_map(|line| Some((line, length_after(line, edits)?))).collect();
        let new = added.iter().filter(|new| own(new)).map(|new| new.key.len());
        let width = kept.iter().map(|(_, length)| *length).chain(new).max().unwrap_or(0);
        for (line, length) in kept {
            if gap(line) != width - length + 1 {
                let from = line.entry.key.span().end;
                made.push((Span::new(file, from, line.sign as u32), " ".repeat(width - length + 1)));
            }
        }
        for (at, new) in added.iter().enumerate() {
            if own(new) {
                widths[at] = width;
            }
        }
    }
    // What stands behind nothing is a group by itself.
    let alone = added.iter().filter(|new| new.behind.is_none()).map(|new| new.key.len()).max().unwrap_or(0);
    for (new, width) in added.iter().zip(widths) {
        let width = if new.behind.is_none() { alone } else { width };
        let pad = " ".repeat(width - new.key.len());
        let text = format!("{}{}{pad} = {}", new.before, new.key, new.value);
        made.push((Span::new(file, new.at, new.at), text));
    }
    made
}

/// The length of a key after the edits; `None` where the argument goes.
fn length_after(line: &Line<'_>, edits: &[Edit]) -> Option<usize> {
    let key = line.entry.key.span();
    for edit in edits {
        if edit.span == key {
            return Some(edit.replacement.len());
        }
        if edit.span.start <= key.start && key.end <= edit.span.end {
            return None;
        }
    }
    Some(key_length(line.entry))
}

fn key_length(entry: EntryRef<'_>) -> usize {
    let text = entry.key.document().text();
    text[entry.key.span().range()].chars().count()
}

fn gap(line: &Line<'_>) -> usize {
    line.sign - line.entry.key.span().end as usize
}

/// The arguments of a mapping that stand on lines right below each other.
fn groups(mapping: NodeRef<'_>) -> Vec<Vec<Line<'_>>> {
    let text = mapping.document().text();
    let mut groups: Vec<Vec<Line<'_>>> = Vec::new();
    let mut last_end = None;
    for entry in mapping.written_entries() {
        let Some(line) = line_of(text, entry) else {
            last_end = None;
            continue;
        };
        let start = entry.key.span().start as usize;
        let is_next = last_end.is_some_and(|end: usize| text[end..start].matches('\n').count() == 1);
        match groups.last_mut().filter(|_| is_next) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
        last_end = Some(entry.value.span().end as usize);
    }
    groups
}

fn line_of<'d>(text: &str, entry: EntryRef<'d>) -> Option<Line<'d>> {
    let (key, value) = (entry.key.span(), entry.value.span());
    let between = text.get(key.end as usize..value.start as usize)?;
    let sign = key.end as usize + between.find(['=', ':'])?;
    let is_heredoc = entry.value.scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Literal);
    let is_short = is_heredoc || !text[value.range()].contains('\n');
    (is_argument(&entry) && is_short && between.trim_matches([' ', '\t']).len() == 1)
        .then_some(Line { entry, sign })
}
