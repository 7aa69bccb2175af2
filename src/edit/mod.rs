//! From a wanted change of a document to edits of its text that leave everything else as it is.
//!
//! A [`Plan`] gathers what is to change: a scalar gets another text, a key another name, an entry goes, an entry comes.
//! [`Plan::edits`] turns that into replacements in the style of what stands around: block or flow, indentation, quotes,
//! line ends, JSON on one line or on many. What cannot be written without touching more than is meant is refused.
//! Knows no dialect: where a property is written, and how it is called there, is for others to say.

mod block;
mod find;
mod flow;
mod hcl;
mod new;
mod remove;
mod scalar;
mod surroundings;

pub use find::{Step, enclosing, find, is_repeated};
pub use new::New;
pub use surroundings::is_flow;

use crate::diagnostic::Edit;
use crate::document::{Document, EntryRef, Format, Kind, NodeId, NodeRef};
use crate::source::Span;

/// Why a change is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The text there is not the value itself: an alias, a function, a block scalar, an expression.
    NotLiteral,
    /// The surroundings are written in a way that leaves no safe place.
    NoPlace,
    /// Nothing would change.
    NoChange,
}

/// What a scalar may become without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Whatever the reader takes for the same value: a number stays without quotes where it was.
    SameStyle,
    /// Text, also for readers that tell text from numbers: Kubernetes annotations.
    Text,
    /// The number itself, even where text stood in quotes: a port of Kubernetes may be either.
    Number,
}

/// Changes of one document, gathered before any is written so that they can be joined.
#[derive(Debug)]
pub struct Plan<'d> {
    document: &'d Document,
    edits: Vec<Edit>,
    /// What comes into each mapping; entries of the same name are joined.
    inserts: Vec<(NodeId, Vec<(String, New)>)>,
    /// Where new entries are wanted: mapping, new name, what the names of siblings to stand behind begin with.
    behind: Vec<(NodeId, String, &'static str)>,
    appends: Vec<(NodeId, New)>,
    /// Mappings of HCL of which a key changes or goes.
    changed: Vec<NodeId>,
}

impl<'d> Plan<'d> {
    /// No change yet.
    pub fn new(document: &'d Document) -> Self {
        let (edits, inserts, behind, appends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { document, edits, inserts, behind, appends, changed: Vec::new() }
    }

    /// The document that it changes.
    pub fn document(&self) -> &'d Document {
        self.document
    }

    fn push(&mut self, span: Span, replacement: impl Into<String>) {
        self.edits.push(Edit { span, replacement: replacement.into() });
    }

    /// Replaces text that is known to stand there letter by letter, such as a part of a scalar.
    pub fn replace_text(&mut self, span: Span, replacement: &str) {
        self.push(span, replacement);
    }

    /// Gives a scalar another value, or puts a list or mapping in its place.
    pub fn replace(&mut self, node: NodeRef<'d>, new: &New, wants: Wants) -> Result<(), Refusal> {
        if node.is_alias() || node.tag().is_some_and(|tag| !tag.text.starts_with("!!")) {
            return Err(Refusal::NotLiteral);
        }
        let written = match (new, node.kind()) {
            (New::Text(_) | New::Word(_), Kind::Scalar) if !self.is_hcl() => {
                scalar::instead_of(node, new, wants)?
            }
            (New::Text(_) | New::Word(_), kind) if kind != Kind::Scalar => return Err(Refusal::NotLiteral),
            _ if self.is_hcl() => hcl::instead_of(node, new, wants)?,
            _ if is_flow(node) => flow::instead_of(node, new),
            (New::List(items), Kind::Sequence) => return self.morph_list(node, items),
            _ => return Err(Refusal::NoPlace),
        };
        if self.document.text().get(node.span().range()) == Some(&written) {
            return Err(Refusal::NoChange);
        }
        self.push(node.span(), written);
        Ok(())
    }

    /// Gives an entry another value whatever the old one was.
    pub fn replace_entry(&mut self, entry: EntryRef<'d>, key: &str, new: &New) -> Result<(), Refusal> {
        if entry.value.is_alias() || entry.value.tag().is_some() || entry.key.is_alias() {
            return Err(Refusal::NotLiteral);
        }
        if entry.value.kind() == Kind::Scalar && !matches!(new, New::List(_) | New::Map(_)) {
            self.rename(entry, key)?;
            return match self.replace(entry.value, new, Wants::SameStyle) {
                Err(Refusal::NoChange) => Ok(()),
                done => done,
            };
        }
        if let New::Map(entries) = new
            && entries.iter().any(|(key, _)| entry.value.get(key).is_some())
        {
            self.rename(entry, key)?;
            return self.morph(entry.value, entries);
        }
        if self.is_hcl() {
            return Err(Refusal::NoPlace);
        }
        let (span, text) = block::instead_of(self.document, entry, key, new)?;
        self.push(span, text);
        Ok(())
    }

    /// Makes a mapping hold these entries and no others; what it shares with them stays where it is.
    fn morph(&mut self, mapping: NodeRef<'d>, wanted: &[(String, New)]) -> Result<(), Refusal> {
        for entry in mapping.written_entries() {
            match wanted.iter().find(|(key, _)| key == entry.name()) {
                Some((_, new)) => match self.replace(entry.value, new, Wants::SameStyle) {
                    Ok(()) | Err(Refusal::NoChange) => {}
                    Err(why) => return Err(why),
                },
                None => self.remove(&[Step::Entry { mapping, entry }])?,
            }
        }
        for (key, new) in wanted.iter().filter(|(key, _)| mapping.get(key).is_none()) {
            self.insert(mapping, std::slice::from_ref(key), new.clone())?;
        }
        Ok(())
    }

    /// Makes a list hold these texts and no others; what it shares with them stays where it is.
    fn morph_list(&mut self, list: NodeRef<'d>, wanted: &[New]) -> Result<(), Refusal> {
        let texts = wanted.iter().map(|new| match new {
            New::Text(text) | New::Name(text) | New::Word(text) => Ok(text.as_str()),
            New::List(_) | New::Map(_) => Err(Refusal::NoPlace),
        });
        let texts: Vec<&str> = texts.collect::<Result<_, _>>()?;
        let is_kept = |item: NodeRef<'_>| item.text().is_some_and(|text| texts.contains(&text));
        if list.items().any(|item| item.tag().is_some() || item.is_alias()) {
            return Err(Refusal::NotLiteral);
        }
        // Where nothing is shared, the first makes room.
        let first = list.items().next().filter(|_| !list.items().any(is_kept));
        if let Some(first) = first {
            let [only] = wanted else { return Err(Refusal::NoPlace) };
            self.replace(first, only, Wants::SameStyle)?;
        }
        let is_changed = |item: &NodeRef<'_>| first.is_some_and(|first| first.id() == item.id());
        for item in list.items().filter(|item| !is_kept(*item) && !is_changed(item)) {
            self.remove(&[Step::Item { list, item }])?;
        }
        for (new, text) in wanted.iter().zip(&texts).filter(|_| first.is_none()) {
            if !list.items().any(|item| item.text() == Some(*text)) {
                self.append(list, new.clone())?;
            }
        }
        Ok(())
    }

    /// Gives a key another name.
    pub fn rename(&mut self, entry: EntryRef<'d>, key: &str) -> Result<(), Refusal> {
        if entry.key.text() == Some(key) {
            return Ok(());
        }
        if entry.key.is_alias() {
            return Err(Refusal::NotLiteral);
        }
        let written = if self.is_hcl() {
            let steps = enclosing(self.document, entry.key.span()).unwrap_or_default();
            self.changed.extend(steps.last().map(|step| step.collection().id()));
            hcl::renamed(entry, key)?
        } else {
            scalar::instead_of(entry.key, &New::Text(key.to_string()), Wants::SameStyle)?
        };
        self.push(entry.key.span(), written);
        Ok(())
    }

    fn is_hcl(&self) -> bool {
        self.document.format == Format::Hcl
    }

    /// Puts the source of a plain scalar, or of a flow collection, into quotes.
    pub fn quote(&mut self, node: NodeRef<'d>) -> Result<(), Refusal> {
        if node.is_alias() || node.tag().is_some() {
            return Err(Refusal::NotLiteral);
        }
        if self.is_hcl() {
            let written = hcl::in_quotes(node)?;
            self.push(node.span(), written);
            return Ok(());
        }
        let source = self.document.text().get(node.span().range()).unwrap_or_default();
        if source.is_empty() || source.contains(['\n', '\r']) || source.starts_with(['"', '\'', '|', '>']) {
            return Err(Refusal::NotLiteral);
        }
        let quoted = if source.contains('"') { scalar::single(source) } else { scalar::double(source) };
        self.push(node.span(), quoted);
        Ok(())
    }

    /// Sets the value at a path of keys that does not exist yet below a mapping.
    pub fn insert(&mut self, mapping: NodeRef<'d>, path: &[String], new: New) -> Result<(), Refusal> {
        let is_empty = mapping.kind() == Kind::Scalar && mapping.text() == Some("");
        if mapping.is_alias() || mapping.kind() != Kind::Mapping && !is_empty {
            return Err(Refusal::NotLiteral);
        }
        let Some((head, rest)) = path.split_first() else { return Err(Refusal::NoPlace) };
        let new = rest.iter().rev().fold(new, |inner, key| New::Map(vec![(key.clone(), inner)]));
        let at = match self.inserts.iter().position(|(id, _)| *id == mapping.id()) {
            Some(at) => at,
            None => {
                self.inserts.push((mapping.id(), Vec::new()));
                self.inserts.len() - 1
            }
        };
        new::join(&mut self.inserts[at].1, head.clone(), new);
        Ok(())
    }

    /// The same, right behind the last sibling whose name begins with `sibling`, where there is one.
    pub fn insert_behind(
        &mut self,
        mapping: NodeRef<'d>,
        sibling: &'static str,
        path: &[String],
        new: New,
    ) -> Result<(), Refusal> {
        self.behind.extend(path.first().map(|key| (mapping.id(), key.clone(), sibling)));
        self.insert(mapping, path, new)
    }

    /// Makes a list of a scalar that stands for its only item, with more behind it.
    pub fn extend_scalar(&mut self, node: NodeRef<'d>, more: &[New]) -> Result<(), Refusal> {
        let is_plain = node.kind() == Kind::Scalar && node.tag().is_none() && !node.is_alias();
        let source = self.document.text().get(node.span().range()).unwrap_or_default();
        if !is_plain || self.is_hcl() || source.is_empty() || source.contains(['\n', '\r', '|', '>']) {
            return Err(Refusal::NotLiteral);
        }
        let written = flow::list_with(self.document, source, more);
        self.push(node.span(), written);
        Ok(())
    }

    /// Adds an item at the end of a list.
    pub fn append(&mut self, list: NodeRef<'d>, new: New) -> Result<(), Refusal> {
        if list.is_alias() || list.kind() != Kind::Sequence {
            return Err(Refusal::NotLiteral);
        }
        self.appends.push((list.id(), new));
        Ok(())
    }

    /// Takes away what the last of these steps leads to, and whatever is left empty by that.
    pub fn remove(&mut self, steps: &[Step<'d>]) -> Result<(), Refusal> {
        let removed = if self.is_hcl() {
            self.changed.extend(steps.last().map(|step| step.collection().id()));
            hcl::removed(self.document, steps)?
        } else {
            remove::span(self.document, steps)?
        };
        for edit in removed {
            self.push(edit.0, edit.1);
        }
        Ok(())
    }

    /// The edits, in order and without overlap.
    pub fn edits(mut self) -> Result<Vec<Edit>, Refusal> {
        let removed: Vec<Span> =
            self.edits.iter().filter(|edit| edit.replacement.is_empty()).map(|edit| edit.span).collect();
        if self.is_hcl() {
            self.write_hcl(&removed)?;
        }
        for (id, entries) in std::mem::take(&mut self.inserts) {
            let mapping = self.document.node(id);
            for (key, new) in entries {
                let wanted = self.behind.iter().find(|(of, name, _)| *of == id && *name == key);
                let behind = wanted.map(|(_, _, sibling)| *sibling);
                let neighbours = surroundings::neighbours(mapping, &key, behind, &removed);
                let (at, text) = if is_flow(mapping) {
                    flow::entry(self.document, mapping, &key, &new, &neighbours)?
                } else {
                    block::entry(self.document, mapping, &key, &new, &neighbours)?
                };
                self.push(at, text);
            }
        }
        for (list, new) in std::mem::take(&mut self.appends) {
            let list = self.document.node(list);
            let is_name = matches!(new, New::Name(_));
            let (at, text) = if self.is_hcl() && !is_name && list.items().any(|item| item.tag().is_some()) {
                return Err(Refusal::NoPlace);
            } else if is_flow(list) {
                flow::item(self.document, list, &new)?
            } else {
                block::item(self.document, list, &new)?
            };
            self.push(at, text);
        }
        if self.edits.is_empty() {
            return Err(Refusal::NoChange);
        }
        let mut edits = join_insertions(self.edits);
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let overlaps = |pair: &[Edit]| pair[0].span.end > pair[1].span.start;
        if edits.windows(2).any(overlaps) {
            return Err(Refusal::NoPlace);
        }
        Ok(edits)
    }
}

impl Plan<'_> {
    /// Writes what comes into the mappings of HCL, and keeps those aligned that change.
    fn write_hcl(&mut self, removed: &[Span]) -> Result<(), Refusal> {
        let mut inserts = std::mem::take(&mut self.inserts);
        for id in std::mem::take(&mut self.changed) {
            if !inserts.iter().any(|(known, _)| *known == id) {
                inserts.push((id, Vec::new()));
            }
        }
        for (id, new) in inserts {
            let mapping = self.document.node(id);
            let (made, added) = match new.as_slice() {
                [] => (Vec::new(), Vec::new()),
                new => hcl::entries(mapping, new, removed)?,
            };
            // Arguments stand before the blocks that come to the same place.
            let arguments = hcl::aligned(mapping, added, &self.edits);
            arguments.into_iter().chain(made).for_each(|(at, text)| self.push(at, text));
        }
        Ok(())
    }
}

/// Makes one insertion of those at one place, in the order in which they were asked for.
fn join_insertions(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        let is_same = |other: &&mut Edit| other.span == edit.span && edit.span.start == edit.span.end;
        match joined.iter_mut().find(is_same) {
            Some(other) => other.replacement.push_str(&edit.replacement),
            None => joined.push(edit),
        }
    }
    joined
}

/// Applies edits that are in order and do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out =
        String::with_capacity(text.len() + edits.iter().map(|edit| edit.replacement.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        let range = edit.span.range();
        out.push_str(&text[done..range.start]);
        out.push_str(&edit.replacement);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests;
