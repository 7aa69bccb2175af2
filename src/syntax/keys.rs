//! Keys of a mapping: which are written twice, and what merge keys (`<<`) bring.

use std::collections::{HashMap, HashSet};

use super::{MAX_MERGED, Stop, limit_reached};
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::document::{Document, Kind, NodeId, NodeRef, ScalarStyle};

type Entries<'a> = &'a [(NodeId, NodeId)];

/// Up to this many keys are compared pairwise; more go through a hash map, so that the work stays linear.
const FEW: usize = 12;

/// One `duplicate-key` for every key that an earlier one repeats, at most `room` of them.
pub(super) fn duplicates(document: &Document, entries: Entries<'_>, room: usize) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if entries.len() <= FEW {
        let mut texts = [None; FEW];
        for (idx, (key, _)) in entries.iter().enumerate() {
            let text = comparable(document.node(*key));
            if text.is_some()
                && let Some(first) = texts[..idx].iter().position(|other| *other == text)
            {
                found.push((entries[first].0, *key));
            }
            texts[idx] = text;
        }
    } else {
        let mut seen = HashMap::with_capacity(entries.len());
        for (key, _) in entries {
            let Some(text) = comparable(document.node(*key)) else { continue };
            let first = *seen.entry(text).or_insert(*key);
            if first != *key {
                found.push((first, *key));
            }
        }
    }
    found.truncate(room);
    found.into_iter().map(|(first, second)| duplicate(document.node(first), document.node(second))).collect()
}

/// The text by which keys are told apart. Merge keys may be repeated.
fn comparable(key: NodeRef<'_>) -> Option<&str> {
    if is_merge_key(key) { None } else { key.text() }
}

fn duplicate(first: NodeRef<'_>, second: NodeRef<'_>) -> Diagnostic {
    let name = shown(second.text().unwrap_or_default());
    Diagnostic::new("duplicate-key", Severity::Error, second.span(), format!("key `{name}` is written twice"))
        .with_label("written again here")
        .with_related(Label::new(first.span(), "first written here"))
        .with_help(format!("keep one `{name}`; which of the two counts depends on the reader"))
}

/// A key as it is shown in a message.
fn shown(key: &str) -> String {
    const LONGEST: usize = 60;
    let line = key.escape_debug().to_string();
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

fn is_merge_key(key: NodeRef<'_>) -> bool {
    key.document().format == crate::document::Format::Yaml
        && key.scalar().is_some_and(|scalar| scalar.text == "<<" && scalar.style == ScalarStyle::Plain)
        && key.tag().is_none()
}

/// The indices of the entries that are merge keys with something to merge.
pub(super) fn merge_keys(document: &Document, entries: Entries<'_>) -> Vec<usize> {
    let is_merge = |(_, (key, value)): &(usize, &(NodeId, NodeId))| {
        is_merge_key(document.node(*key)) && is_mergeable(document.node(*value))
    };
    entries.iter().enumerate().filter(is_merge).map(|(idx, _)| idx).collect()
}

/// A mapping, or a list of mappings.
fn is_mergeable(value: NodeRef<'_>) -> bool {
    match value.kind() {
        Kind::Mapping => true,
        Kind::Sequence => value.items().all(|item| item.kind() == Kind::Mapping),
        Kind::Scalar => false,
    }
}

/// Resolves merge keys, and counts what that costs over the whole file: a chain of merges would
/// otherwise grow with the square of its length.
#[derive(Debug, Default)]
pub(super) struct Merges {
    n_visited: usize,
}

impl Merges {
    /// The entries that the merge keys at the indices `merges` of `entries` bring: never one that is
    /// written, and of two merged ones the earlier.
    pub(super) fn resolve(
        &mut self,
        document: &Document,
        entries: Entries<'_>,
        merges: &[usize],
    ) -> Result<Vec<(NodeId, NodeId)>, Stop> {
        let mut seen: HashSet<&str> =
            entries.iter().filter_map(|(key, _)| document.node(*key).text()).collect();
        let mut merged = Vec::new();
        for idx in merges {
            let value = document.node(entries[*idx].1);
            let one = (value.kind() == Kind::Mapping).then_some(value);
            for mapping in one.into_iter().chain(value.items()) {
                self.n_visited += 1;
                for entry in mapping.entries() {
                    self.n_visited += 1;
                    if self.n_visited > MAX_MERGED {
                        let message = format!("merge keys bring more than {MAX_MERGED} entries");
                        return Err(Box::new(limit_reached(value.span(), message)));
                    }
                    if entry.key.text().is_none_or(|text| seen.insert(text)) {
                        merged.push((entry.key.id(), entry.value.id()));
                    }
                }
            }
        }
        Ok(merged)
    }
}
