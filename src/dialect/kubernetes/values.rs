//! Nodes of a manifest as typed values: YAML 1.1, as the API server's clients read it.

use rustc_hash::FxHashMap;

use crate::document::{Document, Kind, NodeId, NodeRef, ScalarStyle, Schema, Typed};
use crate::model::{Limit, Place, Unknown, ValueId, Values};
use crate::source::Span;

/// How deep the values of an object may be nested.
const MAX_DEPTH: usize = 100;

/// Said where it is nested deeper.
const TOO_DEEP: Limit = Limit::new("levels of values in an object", MAX_DEPTH);

/// Turns nodes into values. What an alias or a merge key repeats is converted once and shared.
#[derive(Debug, Default)]
pub(super) struct Converter {
    done: FxHashMap<(*const Document, NodeId), ValueId>,
}

impl Converter {
    /// The value of a node, as written under the key (or name) at `anchor`.
    pub(super) fn value(&mut self, values: &mut Values, node: NodeRef<'_>, anchor: Span) -> ValueId {
        self.at_depth(values, node, anchor, 0)
    }

    fn at_depth(&mut self, values: &mut Values, node: NodeRef<'_>, anchor: Span, depth: usize) -> ValueId {
        let place = Place::written(inner_span(node), anchor);
        if depth > MAX_DEPTH {
            return values.give_up(TOO_DEEP, place);
        }
        if let Some(scalar) = node.scalar() {
            if is_placeholder(scalar.text) {
                return values.unknown(Unknown::Expression, place);
            }
            return match scalar.typed(Schema::Yaml11) {
                Typed::Null => values.null(place),
                Typed::Bool(value) => values.bool(value, place),
                Typed::Int(value) => values.int(value, place),
                Typed::Float(value) => values.float(value, place),
                Typed::Str(text) => values.text(text, place),
            };
        }
        let identity = (std::ptr::from_ref(node.document()), node.target_id());
        if let Some(shared) = self.done.get(&identity) {
            return values.copy_at(*shared, place);
        }
        let value = if node.kind() == Kind::Sequence {
            let items: Vec<ValueId> =
                node.items().map(|item| self.at_depth(values, item, anchor, depth + 1)).collect();
            values.list(&items, place)
        } else {
            let mut entries: Vec<(&str, ValueId)> = Vec::new();
            let mut positions: FxHashMap<&str, usize> = FxHashMap::default();
            for entry in node.entries() {
                let value = self.at_depth(values, entry.value, entry.key.span(), depth + 1);
                let name = entry.name();
                match positions.get(name) {
                    Some(at) => entries[*at].1 = value,
                    None => {
                        positions.insert(name, entries.len());
                        entries.push((name, value));
                    }
                }
            }
            values.map_of(&entries, place)
        };
        self.done.insert(identity, value);
        value
    }
}

/// The span of a value without its quotes.
pub(super) fn inner_span(node: NodeRef<'_>) -> Span {
    let span = node.span();
    match node.scalar().map(|scalar| scalar.style) {
        Some(ScalarStyle::Single | ScalarStyle::Double) if !node.is_alias() && span.end >= span.start + 2 => {
            Span::new(span.file, span.start + 1, span.end - 1)
        }
        _ => span,
    }
}

/// Whether a scalar is a template's business: `{{ .Values.x }}`, `${NAME}`, `$(NAME)`, `<your-arn>`.
pub(super) fn is_placeholder(text: &str) -> bool {
    text.contains("{{")
        || text.contains("${")
        || text.contains("$(")
        || text.contains("{%")
        || text.starts_with('<') && text.ends_with('>')
}

/// A whole number, also one in quotes.
pub(super) fn int(node: NodeRef<'_>) -> Option<i64> {
    match node.scalar()?.typed(Schema::Yaml11) {
        Typed::Int(value) => Some(value),
        Typed::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Text that is there: neither null nor empty nor a template's business.
pub(super) fn text(node: NodeRef<'_>) -> Option<&str> {
    let scalar = node.scalar()?;
    let known = !matches!(scalar.typed(Schema::Yaml11), Typed::Null)
        && !scalar.text.is_empty()
        && !is_placeholder(scalar.text);
    known.then_some(scalar.text)
}
