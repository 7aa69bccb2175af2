//! Blocks of one body, gathered by type and labels: as JSON nests them.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::document::{DocumentBuilder, NodeId, ScalarStyle};

/// The type of a block, or one of its labels.
#[derive(Debug)]
pub(super) struct Label<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What a body holds, in order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Blocks<'t> {
    slots: Vec<Slot<'t>>,
    /// The slots of blocks by name and kind.
    known: HashMap<(Cow<'t, str>, Kind), usize>,
}

#[derive(Debug)]
struct Slot<'t> {
    key: Key<'t>,
    content: Content<'t>,
}

#[derive(Debug)]
enum Key<'t> {
    Node(NodeId),
    Label(Label<'t>),
}

#[derive(Debug)]
enum Content<'t> {
    Argument(NodeId),
    /// The bodies of blocks without a further label, and where each stands.
    Bodies(Vec<(NodeId, (u32, u32))>),
    /// Blocks by their next label.
    Labelled(Blocks<'t>, (u32, u32)),
}

/// Blocks of the same type but of another number of labels are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Bodies,
    Labelled,
}

impl<'t> Blocks<'t> {
    /// Adds an argument.
    pub(super) fn argument(&mut self, key: NodeId, value: NodeId) {
        self.slots.push(Slot { key: Key::Node(key), content: Content::Argument(value) });
    }

    /// Adds a block: its type and labels, and its body with the place of its braces.
    pub(super) fn block(&mut self, labels: Vec<Label<'t>>, body: NodeId, place: (u32, u32)) {
        let mut into = self;
        let mut labels = labels.into_iter().peekable();
        while let Some(label) = labels.next() {
            let kind = if labels.peek().is_some() { Kind::Labelled } else { Kind::Bodies };
            let inner_start = labels.peek().map_or(place.0, |next| next.start);
            let at = *into.known.entry((label.name.clone(), kind)).or_insert(into.slots.len());
            if at == into.slots.len() {
                let content = match kind {
                    Kind::Bodies => Content::Bodies(Vec::new()),
                    Kind::Labelled => Content::Labelled(Blocks::default(), (inner_start, place.1)),
                };
                into.slots.push(Slot { key: Key::Label(label), content });
            }
            match &mut into.slots[at].content {
                Content::Bodies(bodies) => return bodies.push((body, place)),
                Content::Labelled(inner, span) => {
                    span.1 = place.1;
                    into = inner;
                }
                Content::Argument(_) => return,
            }
        }
    }

    /// Everything as entries of a mapping. As deep as blocks have labels, which the reader limits.
    pub(super) fn entries(self, builder: &mut DocumentBuilder) -> Vec<(NodeId, NodeId)> {
        let mut entries = Vec::with_capacity(self.slots.len());
        for slot in self.slots {
            let key = match slot.key {
                Key::Node(node) => node,
                Key::Label(label) => label.node(builder),
            };
            let value = match slot.content {
                Content::Argument(value) => value,
                Content::Bodies(bodies) => match bodies.as_slice() {
                    [(body, _)] => *body,
                    bodies => {
                        let start = bodies.first().map_or(0, |(_, place)| place.0);
                        let end = bodies.last().map_or(start, |(_, place)| place.1);
                        let items: Vec<NodeId> = bodies.iter().map(|(body, _)| *body).collect();
                        builder.sequence(start, end, &items)
                    }
                },
                Content::Labelled(inner, (start, end)) => {
                    let entries = inner.entries(builder);
                    builder.mapping(start, end, &entries)
                }
            };
            entries.push((key, value));
        }
        entries
    }
}

impl Label<'_> {
    fn node(&self, builder: &mut DocumentBuilder) -> NodeId {
        let (start, end) = (self.start, self.end);
        let quotes = u32::from(builder.so_far().text().as_bytes()[start as usize] == b'"');
        let style = if quotes == 1 { ScalarStyle::Double } else { ScalarStyle::Plain };
        match &self.name {
            Cow::Borrowed(_) => builder.verbatim(style, start, end, start + quotes..end - quotes),
            Cow::Owned(name) => builder.decoded(style, start, end, name),
        }
    }
}
