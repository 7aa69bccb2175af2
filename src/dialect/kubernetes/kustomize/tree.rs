//! An object in the making: nodes of several files put together, each keeping its place.

use std::borrow::Cow;

use crate::document::{Document, DocumentBuilder, Format, Kind, NodeId, NodeRef};
use crate::source::Span;

/// How deep an object may nest, and how many nodes it may have.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 50_000;

/// What a patch asks for is not understood, or does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotFollowed;

/// A node, or what became of one.
#[derive(Debug, Clone)]
pub(super) enum Tree<'d> {
    /// As written.
    Node(NodeRef<'d>),
    /// A mapping that was changed.
    Map { at: NodeRef<'d>, entries: Vec<(Key<'d>, Tree<'d>)> },
    /// A list that was changed.
    List { at: NodeRef<'d>, items: Vec<Tree<'d>> },
}

/// A key, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Key<'d> {
    pub(super) text: Cow<'d, str>,
    /// The node at whose place it stands.
    pub(super) at: NodeRef<'d>,
}

impl<'d> Tree<'d> {
    /// The entries of a mapping, to be changed; `None` for anything else.
    pub(super) fn entries(&mut self) -> Option<&mut Vec<(Key<'d>, Tree<'d>)>> {
        if let Tree::Node(node) = *self
            && node.kind() == Kind::Mapping
        {
            let mut entries: Vec<(Key<'d>, Tree<'d>)> = Vec::new();
            for entry in node.entries() {
                let key = Key { text: Cow::Borrowed(entry.name()), at: entry.key };
                // Of a repeated key the last one counts.
                match entries.iter_mut().find(|(known, _)| known.text == key.text) {
                    Some(known) => *known = (key, Tree::Node(entry.value)),
                    None => entries.push((key, Tree::Node(entry.value))),
                }
            }
            *self = Tree::Map { at: node, entries };
        }
        match self {
            Tree::Map { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// The items of a list, to be changed; `None` for anything else.
    pub(super) fn items(&mut self) -> Option<&mut Vec<Tree<'d>>> {
        if let Tree::Node(node) = *self
            && node.kind() == Kind::Sequence
        {
            *self = Tree::List { at: node, items: node.items().map(Tree::Node).collect() };
        }
        match self {
            Tree::List { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Tree<'d>> {
        match self {
            Tree::Node(node) => node.get(key).map(Tree::Node),
            Tree::Map { entries, .. } => {
                entries.iter().find(|(own, _)| own.text == key).map(|(_, value)| value.clone())
            }
            Tree::List { .. } => None,
        }
    }

    /// The text of a scalar at a path of keys.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&'d str> {
        let found = path.iter().try_fold(self.clone(), |tree, key| tree.get(key))?;
        match found {
            Tree::Node(node) => node.text(),
            _ => None,
        }
    }

    /// Puts a value under a key.
    pub(super) fn put(&mut self, key: Key<'d>, value: Tree<'d>) -> Result<(), NotFollowed> {
        let entries = self.entries().ok_or(NotFollowed)?;
        match entries.iter_mut().find(|(own, _)| own.text == key.text) {
            Some((_, known)) => *known = value,
            None => entries.push((key, value)),
        }
        Ok(())
    }

    /// The mapping under a key, made where there is none; it stands where `at` does then.
    pub(super) fn mapping(
        &mut self,
        key: &'static str,
        at: NodeRef<'d>,
    ) -> Result<&mut Tree<'d>, NotFollowed> {
        let entries = self.entries().ok_or(NotFollowed)?;
        let found = entries.iter().position(|(own, _)| own.text == key);
        let found = found.unwrap_or_else(|| {
            entries.push((Key { text: Cow::Borrowed(key), at }, Tree::Map { at, entries: Vec::new() }));
            entries.len() - 1
        });
        Ok(&mut entries[found].1)
    }

    /// The document of an object that stands in the file of `base`.
    pub(super) fn finish(&self, base: NodeRef<'d>) -> Result<Document, NotFollowed> {
        let into = DocumentBuilder::new(base.file(), Format::Yaml, base.file_text().clone());
        let mut writer = Writer { into, n_nodes: 0, place: |node: NodeRef<'_>| node.span() };
        let root = writer.tree(self, 0)?;
        writer.into.root(root);
        Ok(writer.into.finish())
    }
}

/// The same document with its nodes at the places that `place` gives in the file of `around`.
pub(super) fn moved(
    document: &Document,
    around: NodeRef<'_>,
    place: impl Fn(NodeRef<'_>) -> Span,
) -> Result<Document, NotFollowed> {
    let into = DocumentBuilder::new(around.file(), Format::Yaml, around.file_text().clone());
    let mut writer = Writer { into, n_nodes: 0, place };
    for root in document.roots() {
        let root = writer.node(root, 0)?;
        writer.into.root(root);
    }
    Ok(writer.into.finish())
}

struct Writer<P> {
    into: DocumentBuilder,
    n_nodes: usize,
    place: P,
}

impl<P: Fn(NodeRef<'_>) -> Span> Writer<P> {
    fn tree(&mut self, tree: &Tree<'_>, depth: usize) -> Result<NodeId, NotFollowed> {
        let at = match tree {
            Tree::Node(node) => return self.node(*node, depth),
            Tree::Map { at, .. } | Tree::List { at, .. } => *at,
        };
        if depth > MAX_DEPTH {
            return Err(NotFollowed);
        }
        match tree {
            Tree::Map { entries, .. } => {
                let mut written = Vec::new();
                for (key, value) in entries {
                    self.stand(key.at)?;
                    let (style, span) = (crate::document::ScalarStyle::Double, (self.place)(key.at));
                    let key = self.into.decoded(style, span.start, span.end, &key.text);
                    written.push((key, self.tree(value, depth + 1)?));
                }
                self.stand(at)?;
                let span = (self.place)(at);
                Ok(self.into.mapping(span.start, span.end, &written))
            }
            Tree::List { items, .. } => {
                let items: Result<Vec<NodeId>, NotFollowed> =
                    items.iter().map(|item| self.tree(item, depth + 1)).collect();
                let items = items?;
                self.stand(at)?;
                let span = (self.place)(at);
                Ok(self.into.sequence(span.start, span.end, &items))
            }
            Tree::Node(node) => self.node(*node, depth),
        }
    }

    /// A node as it is written.
    fn node(&mut self, node: NodeRef<'_>, depth: usize) -> Result<NodeId, NotFollowed> {
        if depth > MAX_DEPTH {
            return Err(NotFollowed);
        }
        let span = (self.place)(node);
        match node.kind() {
            Kind::Scalar => {
                self.stand(node)?;
                let scalar = node.scalar().ok_or(NotFollowed)?;
                Ok(self.into.decoded(scalar.style, span.start, span.end, scalar.text))
            }
            Kind::Sequence => {
                let items: Result<Vec<NodeId>, NotFollowed> =
                    node.items().map(|item| self.node(item, depth + 1)).collect();
                let items = items?;
                self.stand(node)?;
                Ok(self.into.sequence(span.start, span.end, &items))
            }
            Kind::Mapping => {
                let mut written = Vec::new();
                for entry in node.entries() {
                    let key = self.node(entry.key, depth + 1)?;
                    written.push((key, self.node(entry.value, depth + 1)?));
                }
                self.stand(node)?;
                Ok(self.into.mapping(span.start, span.end, &written))
            }
        }
    }

    /// The next node stands where this one does.
    fn stand(&mut self, node: NodeRef<'_>) -> Result<(), NotFollowed> {
        self.n_nodes += 1;
        if self.n_nodes > MAX_NODES {
            return Err(NotFollowed);
        }
        self.into.stand_in((self.place)(node).file, node.file_text());
        Ok(())
    }
}
