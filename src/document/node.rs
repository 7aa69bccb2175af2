//! Nodes, and the builder through which the parsers fill a document.

use std::sync::Arc;

use super::{Comment, Document, Format, Scalar, ScalarStyle};
use crate::source::{FileId, Span};

/// A node of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// What a node is; aliases are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Scalar,
    /// A list.
    Sequence,
    /// Keys and values.
    Mapping,
}

/// A local tag such as `!Ref`, or a core one such as `tag:yaml.org,2002:str`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'d> {
    /// The text as written, with its exclamation mark: `!Ref`, `!!str`. The body of a block of HCL has the block's type.
    pub text: &'d str,
    /// Where it stands, before the value's own span.
    pub span: Span,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) data: Data,
    pub(super) start: u32,
    pub(super) end: u32,
    /// One more than the position of its tag in `Document::tags`; 0 when there is none.
    pub(super) tag: u32,
}

// Large documents are mostly nodes, so these are kept small; what few nodes have stands beside them.
const _: () = assert!(size_of::<Node>() == 24 && size_of::<Entry>() == 8);

#[derive(Debug, Clone, Copy)]
pub(super) enum Data {
    /// Text that stands in the source as it is.
    Verbatim { style: ScalarStyle, start: u32, end: u32 },
    /// Text that had to be decoded: a range of `Document::decoded`.
    Decoded { style: ScalarStyle, start: u32, end: u32 },
    /// A range of `Document::items`.
    Sequence { start: u32, end: u32 },
    /// A range of `Document::entries`.
    Mapping { start: u32, end: u32 },
    /// A mapping with merge keys: a position in `Document::merged`.
    Merged(u32),
    /// Another node, which may be any earlier one; never itself an alias.
    Alias(NodeId),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// The entries of a mapping: ranges of `Document::entries`, as written, then those that merge keys add.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entries {
    start: u32,
    written: u32,
    end: u32,
}

/// From which node on the nodes of a document stand in a file.
#[derive(Debug, Clone)]
pub(super) struct NodeOrigin {
    first: NodeId,
    file: FileId,
    text: Arc<str>,
}

/// A node together with its document.
#[derive(Clone, Copy)]
pub struct NodeRef<'d> {
    document: &'d Document,
    id: NodeId,
}

/// A key and a value of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct EntryRef<'d> {
    /// The key, nearly always a scalar.
    pub key: NodeRef<'d>,
    /// The value.
    pub value: NodeRef<'d>,
}

impl<'d> EntryRef<'d> {
    /// The key's text; empty for a key that is not a scalar.
    pub fn name(&self) -> &'d str {
        self.key.text().unwrap_or_default()
    }

    /// From the key's start to the value's end.
    pub fn span(&self) -> Span {
        let (key, value) = (self.key.span(), self.value.span());
        if value.start >= key.start { key.to(value) } else { key }
    }
}

impl std::fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.kind(), self.span().range(), self.tag().map(|tag| tag.text))
    }
}

impl<'d> NodeRef<'d> {
    pub(super) fn new(document: &'d Document, id: NodeId) -> Self {
        Self { document, id }
    }

    fn raw(self) -> &'d Node {
        &self.document.nodes[self.id.0 as usize]
    }

    /// The node that an alias stands for; any other node itself.
    fn target(self) -> &'d Node {
        match self.raw().data {
            Data::Alias(id) => &self.document.nodes[id.0 as usize],
            _ => self.raw(),
        }
    }

    /// The document.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// The id, unique in the document. An alias has its own.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The id of the node whose content this is: an alias's target, else the node itself.
    pub fn target_id(self) -> NodeId {
        match self.raw().data {
            Data::Alias(id) => id,
            _ => self.id,
        }
    }

    /// Whether this is an alias (`*name`).
    pub fn is_alias(self) -> bool {
        matches!(self.raw().data, Data::Alias(_))
    }

    /// Where the value was written, quotes included, tag excluded; an alias gives its own place.
    /// The span of a collection ends with its last child or closing bracket.
    pub fn span(self) -> Span {
        let node = self.raw();
        Span::new(self.file(), node.start, node.end)
    }

    fn origin(self) -> Option<&'d NodeOrigin> {
        let origins = &self.document.origins;
        let at = origins.partition_point(|origin| origin.first <= self.id);
        at.checked_sub(1).map(|at| &origins[at])
    }

    /// The file in which it stands: that of the document, unless the document was put together from several.
    pub fn file(self) -> FileId {
        self.origin().map_or(self.document.file, |origin| origin.file)
    }

    /// The text of that file.
    pub fn file_text(self) -> &'d Arc<str> {
        self.origin().map_or(&self.document.text, |origin| &origin.text)
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        match self.target().data {
            Data::Verbatim { .. } | Data::Decoded { .. } => Kind::Scalar,
            Data::Sequence { .. } => Kind::Sequence,
            Data::Mapping { .. } | Data::Merged(_) => Kind::Mapping,
            Data::Alias(_) => unreachable!("internal error: an alias of an alias"),
        }
    }

    /// The tag, if one is written.
    pub fn tag(self) -> Option<Tag<'d>> {
        let (start, end) = self.document.tags[self.target().tag.checked_sub(1)? as usize];
        let span = Span::new(self.document.file, start, end);
        Some(Tag { text: &self.document.text[span.range()], span })
    }

    /// The scalar.
    pub fn scalar(self) -> Option<Scalar<'d>> {
        match self.target().data {
            Data::Verbatim { style, start, end } => {
                Some(Scalar { text: &self.document.text[start as usize..end as usize], style })
            }
            Data::Decoded { style, start, end } => {
                Some(Scalar { text: &self.document.decoded[start as usize..end as usize], style })
            }
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn text(self) -> Option<&'d str> {
        self.scalar().map(|scalar| scalar.text)
    }

    /// Whether it is a scalar of this text. Looks at the length first, which for most keys of a mapping is enough.
    fn is_text(self, text: &str) -> bool {
        let (from, start, end) = match self.target().data {
            Data::Verbatim { start, end, .. } => (&*self.document.text, start as usize, end as usize),
            Data::Decoded { start, end, .. } => {
                (self.document.decoded.as_str(), start as usize, end as usize)
            }
            _ => return false,
        };
        end - start == text.len() && from.as_bytes()[start..end] == *text.as_bytes()
    }

    /// The items of a sequence; none for anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = NodeRef<'d>> + Clone {
        let ids: &'d [NodeId] = match self.target().data {
            Data::Sequence { start, end } => &self.document.items[start as usize..end as usize],
            _ => &[],
        };
        ids.iter().map(move |id| self.document.node(*id))
    }

    /// Where the entries of a mapping stand.
    fn own_entries(self) -> Option<Entries> {
        match self.target().data {
            Data::Mapping { start, end } => Some(Entries { start, written: end, end }),
            Data::Merged(at) => Some(self.document.merged[at as usize]),
            _ => None,
        }
    }

    /// The entries of a mapping in order, merge keys replaced by what they bring (which never
    /// overrides a written key); none for anything else. A repeated key is there twice.
    pub fn entries(self) -> impl Iterator<Item = EntryRef<'d>> + Clone {
        let (start, end) = self.own_entries().map_or((0, 0), |own| (own.start, own.end));
        // Merge keys are among the written entries of mappings that have some.
        let may_merge = matches!(self.target().data, Data::Merged(_));
        self.entry_refs(start, end, may_merge)
    }

    /// The entries of a mapping as written: merge keys are ordinary entries called `<<`.
    pub fn written_entries(self) -> impl Iterator<Item = EntryRef<'d>> + Clone {
        let (start, end) = self.own_entries().map_or((0, 0), |own| (own.start, own.written));
        self.entry_refs(start, end, false)
    }

    /// The entries of a mapping as written, without those that end before an offset as far as the order of the text tells
    /// which these are without a look at each.
    pub fn written_entries_from(self, offset: u32) -> impl Iterator<Item = EntryRef<'d>> + Clone {
        let (start, end) = self.own_entries().map_or((0, 0), |own| (own.start, own.written));
        let ends_before = |entry: &Entry| {
            let end = |id: NodeId| self.document.node(id).span().end;
            end(entry.key).max(end(entry.value)) < offset
        };
        let before = match self.document.is_in_order() {
            true => self.document.entries[start as usize..end as usize].partition_point(ends_before),
            false => 0,
        };
        self.entry_refs(start + before as u32, end, false)
    }

    /// The items of a sequence, likewise.
    pub fn items_from(self, offset: u32) -> impl Iterator<Item = NodeRef<'d>> + Clone {
        let ids: &'d [NodeId] = match self.target().data {
            Data::Sequence { start, end } => &self.document.items[start as usize..end as usize],
            _ => &[],
        };
        let before = match self.document.is_in_order() {
            true => ids.partition_point(|id| self.document.node(*id).span().end < offset),
            false => 0,
        };
        ids[before..].iter().map(move |id| self.document.node(*id))
    }

    fn entry_refs(
        self,
        start: u32,
        end: u32,
        skip_merge: bool,
    ) -> impl Iterator<Item = EntryRef<'d>> + Clone {
        let is_merge = move |at: u32| self.document.merge_keys.binary_search(&at).is_ok();
        (start..end)
            .zip(&self.document.entries[start as usize..end as usize])
            .filter(move |(at, _)| !(skip_merge && is_merge(*at)))
            .map(move |(_, entry)| EntryRef {
                key: self.document.node(entry.key),
                value: self.document.node(entry.value),
            })
    }

    /// The entry of a key; the last one wins where it is repeated, a written one over a merged one.
    pub fn entry(self, key: &str) -> Option<EntryRef<'d>> {
        let Entries { start, written, end } = self.own_entries()?;
        let (written, merged) =
            self.document.entries[start as usize..end as usize].split_at((written - start) as usize);
        let is_wanted = |entry: &&Entry| self.document.node(entry.key).is_text(key);
        let found = written.iter().rfind(is_wanted).or_else(|| merged.iter().find(is_wanted))?;
        Some(EntryRef { key: self.document.node(found.key), value: self.document.node(found.value) })
    }

    /// The value of a key.
    pub fn get(self, key: &str) -> Option<NodeRef<'d>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// The value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<NodeRef<'d>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}

/// Fills a [`Document`] bottom-up: children first, then the collection that holds them.
#[derive(Debug)]
pub struct DocumentBuilder {
    document: Document,
}

impl DocumentBuilder {
    /// An empty document over `text`.
    pub fn new(file: FileId, format: Format, text: Arc<str>) -> Self {
        let document = Document {
            file,
            format,
            comments: Vec::new(),
            text,
            nodes: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            decoded: String::new(),
            tags: Vec::new(),
            merged: Vec::new(),
            merge_keys: Vec::new(),
            roots: Vec::new(),
            aliases: Vec::new(),
            origins: Vec::new(),
        };
        Self { document }
    }

    /// Says in which file the nodes stand that follow. Their texts have to be decoded ones.
    pub fn stand_in(&mut self, file: FileId, text: &Arc<str>) {
        let origin = self.document.origins.last();
        if origin.map_or(self.document.file, |origin| origin.file) != file {
            let first = NodeId(self.document.nodes.len() as u32);
            self.document.origins.push(NodeOrigin { first, file, text: Arc::clone(text) });
        }
    }

    /// The text.
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.document.text)
    }

    fn push(&mut self, data: Data, start: u32, end: u32) -> NodeId {
        let id = NodeId(self.document.nodes.len() as u32);
        self.document.nodes.push(Node { data, start, end, tag: 0 });
        id
    }

    /// A scalar whose text stands in the source at `content` (inside quotes, if any); `start..end` is the node's span.
    pub fn verbatim(
        &mut self,
        style: ScalarStyle,
        start: u32,
        end: u32,
        content: std::ops::Range<u32>,
    ) -> NodeId {
        self.push(Data::Verbatim { style, start: content.start, end: content.end }, start, end)
    }

    /// A scalar whose text had to be decoded.
    pub fn decoded(&mut self, style: ScalarStyle, start: u32, end: u32, text: &str) -> NodeId {
        let at = self.document.decoded.len() as u32;
        self.document.decoded.push_str(text);
        let to = self.document.decoded.len() as u32;
        self.push(Data::Decoded { style, start: at, end: to }, start, end)
    }

    /// A sequence.
    pub fn sequence(&mut self, start: u32, end: u32, items: &[NodeId]) -> NodeId {
        let at = self.document.items.len() as u32;
        self.document.items.extend_from_slice(items);
        self.push(Data::Sequence { start: at, end: at + items.len() as u32 }, start, end)
    }

    /// A mapping; entries that merge keys bring are added when `merge` says so.
    pub fn mapping(&mut self, start: u32, end: u32, entries: &[(NodeId, NodeId)]) -> NodeId {
        let at = self.document.entries.len() as u32;
        self.document.entries.extend(entries.iter().map(|(key, value)| Entry { key: *key, value: *value }));
        self.push(Data::Mapping { start: at, end: at + entries.len() as u32 }, start, end)
    }

    /// A mapping in which `merges` lists the indices of merge keys (`<<`) within `entries`, and
    /// `merged` the entries that they bring, already without those that a written key overrides.
    pub fn mapping_with_merges(
        &mut self,
        start: u32,
        end: u32,
        entries: &[(NodeId, NodeId)],
        merges: &[usize],
        merged: &[(NodeId, NodeId)],
    ) -> NodeId {
        let id = self.mapping(start, end, entries);
        let Data::Mapping { start: at, end: written } = self.document.nodes[id.0 as usize].data else {
            unreachable!("internal error: a mapping was pushed")
        };
        self.document.merge_keys.extend(merges.iter().map(|idx| at + *idx as u32));
        self.document.entries.extend(merged.iter().map(|(key, value)| Entry { key: *key, value: *value }));
        let own = Entries { start: at, written, end: written + merged.len() as u32 };
        self.document.nodes[id.0 as usize].data = Data::Merged(self.document.merged.len() as u32);
        self.document.merged.push(own);
        id
    }

    /// An alias of an earlier, finished node.
    pub fn alias(&mut self, start: u32, end: u32, target: NodeId) -> NodeId {
        let target = match self.document.nodes[target.0 as usize].data {
            Data::Alias(further) => further,
            _ => target,
        };
        let alias = self.push(Data::Alias(target), start, end);
        self.document.aliases.push(alias);
        alias
    }

    /// Gives a node its tag.
    pub fn tag(&mut self, node: NodeId, start: u32, end: u32) {
        if start < end {
            self.document.tags.push((start, end));
            self.document.nodes[node.0 as usize].tag = self.document.tags.len() as u32;
        }
    }

    /// Ends one document of the stream.
    pub fn root(&mut self, node: NodeId) {
        self.document.roots.push(node);
    }

    /// Takes back the document that was ended last.
    pub fn pop_root(&mut self) {
        self.document.roots.pop();
    }

    /// Records a comment.
    pub fn comment(&mut self, comment: Comment) {
        self.document.comments.push(comment);
    }

    /// Looks at the document so far, for instance to resolve a merge key.
    pub fn so_far(&self) -> &Document {
        &self.document
    }

    /// The finished document.
    pub fn finish(self) -> Document {
        self.document
    }
}
