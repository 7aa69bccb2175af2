//! Where a span lies in the tree: nodes know their children, not their parents.

use crate::document::{Document, EntryRef, Format, Kind, NodeRef};
use crate::source::Span;

use super::surroundings::is_flow;

/// One step from a collection to what it holds.
#[derive(Debug, Clone, Copy)]
pub enum Step<'d> {
    /// Into an entry of a mapping.
    Entry {
        /// The mapping.
        mapping: NodeRef<'d>,
        /// The entry.
        entry: EntryRef<'d>,
    },
    /// Into an item of a list.
    Item {
        /// The list.
        list: NodeRef<'d>,
        /// The item.
        item: NodeRef<'d>,
    },
}

impl<'d> Step<'d> {
    /// What the step leads to.
    pub fn value(&self) -> NodeRef<'d> {
        match self {
            Step::Entry { entry, .. } => entry.value,
            Step::Item { item, .. } => *item,
        }
    }

    /// The collection that it starts from.
    pub fn collection(&self) -> NodeRef<'d> {
        match self {
            Step::Entry { mapping, .. } => *mapping,
            Step::Item { list, .. } => *list,
        }
    }
}

/// The steps from a root to the key, value or item at `span`; quotes and a tag may be in the span or not.
pub fn find(document: &Document, span: Span) -> Option<Vec<Step<'_>>> {
    let steps = enclosing(document, span)?;
    let is_it = |node: NodeRef<'_>| {
        let own = node.span();
        let with_tag = node.tag().map_or(own, |tag| tag.span.to(own));
        let is_quoted = own.end >= own.start + 2 && own.start + 1 == span.start && own.end - 1 == span.end;
        own == span || with_tag == span || is_quoted && node.kind() == Kind::Scalar
    };
    // A collection that begins with its first child has the span of its only one.
    let at = steps.iter().position(|step| match step {
        Step::Entry { entry, .. } => is_it(entry.key) || is_it(entry.value),
        Step::Item { item, .. } => is_it(*item),
    })?;
    Some(steps[..=at].to_vec())
}

/// The steps from a root as deep as a span goes.
pub fn enclosing(document: &Document, span: Span) -> Option<Vec<Step<'_>>> {
    let mut node = document.roots().find(|root| holds(*root, span))?;
    if document.format == Format::Hcl {
        return enclosing_blocks(node, span);
    }
    let mut steps = Vec::new();
    loop {
        // An alias stands for something that is written elsewhere.
        let step = match node.kind() {
            _ if node.is_alias() => None,
            Kind::Scalar => None,
            Kind::Mapping => node
                .written_entries_from(span.end)
                .find(|entry| contains(entry.key.span(), span) || holds(entry.value, span))
                .map(|entry| Step::Entry { mapping: node, entry }),
            Kind::Sequence => node
                .items_from(span.end)
                .find(|item| holds(*item, span))
                .map(|item| Step::Item { list: node, item }),
        };
        let Some(step) = step else { break };
        steps.push(step);
        let is_key = matches!(step, Step::Entry { entry, .. } if contains(entry.key.span(), span));
        if is_key {
            break;
        }
        node = step.value();
    }
    (!steps.is_empty()).then_some(steps)
}

/// The steps below a node of HCL. Blocks of one type are gathered wherever they stand, so that what holds all of them spans
/// others too: of several ways the one counts that leads to something written.
fn enclosing_blocks<'d>(node: NodeRef<'d>, span: Span) -> Option<Vec<Step<'d>>> {
    if let Some(entry) = node.written_entries().find(|entry| contains(entry.key.span(), span)) {
        return Some(vec![Step::Entry { mapping: node, entry }]);
    }
    let entries = node.written_entries().filter(|entry| holds(entry.value, span));
    let items = node.items().filter(|item| holds(*item, span));
    let steps = entries.map(|entry| Step::Entry { mapping: node, entry });
    let steps = steps.chain(items.map(|item| Step::Item { list: node, item }));
    for step in steps {
        let value = step.value();
        let is_written = value.kind() == Kind::Scalar || is_flow(value);
        match enclosing_blocks(value, span) {
            Some(more) => return Some(std::iter::once(step).chain(more).collect()),
            None if is_written => return Some(vec![step]),
            None => {}
        }
    }
    None
}

/// Whether an alias elsewhere repeats what stands at a span, so that a change there changes more than one thing.
pub fn is_repeated(document: &Document, span: Span) -> bool {
    document.aliases().any(|alias| contains(document.node(alias.target_id()).span(), span))
}

fn holds(node: NodeRef<'_>, span: Span) -> bool {
    let own = node.tag().map_or(node.span(), |tag| tag.span.to(node.span()));
    contains(own, span)
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}
