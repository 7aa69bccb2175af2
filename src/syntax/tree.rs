//! Builds a document from what a reader meets in order: openings, scalars, closings.
//!
//! Shared by all readers, so that limits, repeated keys and merge keys mean the same in each.
//! Keeps its own stack: the depth of the text is never the depth of the call stack.

use std::sync::Arc;

use super::{MAX_DEPTH, MAX_NODES, MAX_REPORTED, Stop, keys, limit_reached};
use crate::diagnostic::Diagnostic;
use crate::document::{Comment, Document, DocumentBuilder, Format, NodeId, ScalarStyle};
use crate::source::{FileId, Span};

/// What an open collection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    Sequence,
    Mapping,
}

/// Where the next node goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Root,
    Item,
    Key,
    Value,
}

/// A collection that is being read.
#[derive(Debug)]
struct Open {
    collection: Collection,
    start: u32,
    /// Its first child in `Tree::items` or `Tree::entries`.
    base: usize,
    /// The key whose value comes next.
    key: Option<NodeId>,
    tag: (u32, u32),
}

/// A document under construction.
#[derive(Debug)]
pub(super) struct Tree {
    file: FileId,
    builder: DocumentBuilder,
    open: Vec<Open>,
    /// Children of the open sequences, innermost last.
    items: Vec<NodeId>,
    /// Children of the open mappings, innermost last.
    entries: Vec<(NodeId, NodeId)>,
    root: Option<NodeId>,
    merges: keys::Merges,
    n_duplicates: usize,
    n_broken: usize,
    /// Of the document that is being read; they do not count if it turns out to be broken.
    pending: Vec<Diagnostic>,
    diagnostics: Vec<Diagnostic>,
}

impl Tree {
    pub(super) fn new(file: FileId, format: Format, text: &Arc<str>) -> Self {
        Self {
            file,
            builder: DocumentBuilder::new(file, format, Arc::clone(text)),
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            root: None,
            merges: keys::Merges::default(),
            n_duplicates: 0,
            n_broken: 0,
            pending: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Where the next node goes.
    pub(super) fn slot(&self) -> Slot {
        match self.open.last() {
            None => Slot::Root,
            Some(Open { collection: Collection::Sequence, .. }) => Slot::Item,
            Some(Open { key: None, .. }) => Slot::Key,
            Some(_) => Slot::Value,
        }
    }

    /// The innermost open collection and its start.
    pub(super) fn innermost(&self) -> Option<(Collection, u32)> {
        self.open.last().map(|open| (open.collection, open.start))
    }

    /// Begins a collection.
    pub(super) fn open(&mut self, collection: Collection, start: u32) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            let span = Span::new(self.file, start, start);
            return Err(Box::new(too_deep(span)));
        }
        let base = match collection {
            Collection::Sequence => self.items.len(),
            Collection::Mapping => self.entries.len(),
        };
        self.open.push(Open { collection, start, base, key: None, tag: (0, 0) });
        Ok(())
    }

    /// Gives the collection that was just begun its tag.
    pub(super) fn tag_open(&mut self, start: u32, end: u32) {
        if let Some(open) = self.open.last_mut() {
            open.tag = (start, end);
        }
    }

    /// Ends the innermost collection at `end`, or at the end of its last child.
    pub(super) fn close(&mut self, end: Option<u32>) -> Result<NodeId, Stop> {
        let open = self.open.pop().expect("internal error: a closing without an opening");
        let node = match open.collection {
            Collection::Sequence => self.close_sequence(&open, end),
            Collection::Mapping => self.close_mapping(&open, end)?,
        };
        if open.tag != (0, 0) {
            self.builder.tag(node, open.tag.0, open.tag.1);
        }
        self.put(node)
    }

    fn close_sequence(&mut self, open: &Open, end: Option<u32>) -> NodeId {
        let items = &self.items[open.base..];
        let last_end = || items.last().map(|id| self.builder.so_far().node(*id).span().end);
        let end = end.or_else(last_end).unwrap_or(open.start).max(open.start);
        let node = self.builder.sequence(open.start, end, items);
        self.items.truncate(open.base);
        node
    }

    fn close_mapping(&mut self, open: &Open, end: Option<u32>) -> Result<NodeId, Stop> {
        let entries = &self.entries[open.base..];
        let document = self.builder.so_far();
        let last_end = || entries.last().map(|(_, value)| document.node(*value).span().end);
        let end = end.or_else(last_end).unwrap_or(open.start).max(open.start);
        if self.n_duplicates < MAX_REPORTED {
            let room = MAX_REPORTED - self.n_duplicates;
            let found = keys::duplicates(document, entries, room);
            self.n_duplicates += found.len();
            self.pending.extend(found);
        }
        let merges = keys::merge_keys(document, entries);
        let node = if merges.is_empty() {
            self.builder.mapping(open.start, end, entries)
        } else {
            let merged = self.merges.resolve(document, entries, &merges)?;
            self.builder.mapping_with_merges(open.start, end, entries, &merges, &merged)
        };
        self.entries.truncate(open.base);
        Ok(node)
    }

    /// A scalar that stands in the text at `content` as it is.
    pub(super) fn verbatim(
        &mut self,
        style: ScalarStyle,
        (start, end): (u32, u32),
        content: std::ops::Range<u32>,
    ) -> Result<NodeId, Stop> {
        let node = self.builder.verbatim(style, start, end, content);
        self.put(node)
    }

    /// A scalar whose text had to be decoded.
    pub(super) fn decoded(
        &mut self,
        style: ScalarStyle,
        (start, end): (u32, u32),
        text: &str,
    ) -> Result<NodeId, Stop> {
        let node = self.builder.decoded(style, start, end, text);
        self.put(node)
    }

    /// An alias of an earlier node.
    pub(super) fn alias(&mut self, start: u32, end: u32, target: NodeId) -> Result<NodeId, Stop> {
        let node = self.builder.alias(start, end, target);
        self.put(node)
    }

    /// Gives a finished node its tag.
    pub(super) fn tag(&mut self, node: NodeId, start: u32, end: u32) {
        self.builder.tag(node, start, end);
    }

    /// The comments so far.
    pub(super) fn comments(&self) -> &[Comment] {
        &self.builder.so_far().comments
    }

    pub(super) fn comment(&mut self, comment: Comment) {
        self.builder.comment(comment);
    }

    fn put(&mut self, node: NodeId) -> Result<NodeId, Stop> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { collection: Collection::Sequence, .. }) => self.items.push(node),
            Some(open) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => self.entries.push((key, node)),
            },
        }
        if self.builder.so_far().n_nodes() > MAX_NODES {
            let span = self.builder.so_far().node(node).span().at_start();
            let message = format!("the file has more than {MAX_NODES} values");
            return Err(Box::new(limit_reached(span, message)));
        }
        Ok(node)
    }

    /// Ends one document of the stream.
    pub(super) fn finish_document(&mut self) {
        if let Some(root) = self.root.take() {
            self.builder.root(root);
        }
        self.diagnostics.append(&mut self.pending);
    }

    /// Forgets the document that is being read, and says why.
    pub(super) fn abandon_document(&mut self, problem: Diagnostic) {
        self.forget_document();
        self.n_broken += 1;
        if self.n_broken <= MAX_REPORTED {
            self.diagnostics.push(problem);
        }
    }

    /// Forgets the document that is being read.
    pub(super) fn forget_document(&mut self) {
        self.open.clear();
        self.items.clear();
        self.entries.clear();
        self.pending.clear();
        self.root = None;
    }

    /// Takes back the document that was finished last: the text after it shows that it was not whole.
    pub(super) fn retract_document(&mut self) {
        self.builder.pop_root();
    }

    /// The document and everything that is to be said about it.
    pub(super) fn finish(self) -> (Document, Vec<Diagnostic>) {
        (self.builder.finish(), self.diagnostics)
    }
}

/// The message for text that nests deeper than [`MAX_DEPTH`].
pub(super) fn too_deep(span: Span) -> Diagnostic {
    limit_reached(span, format!("nested more than {MAX_DEPTH} levels deep"))
}
