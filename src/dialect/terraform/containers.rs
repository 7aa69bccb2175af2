//! The containers of an ECS task: JSON in a string, or what `jsonencode` is given. Keys are in camelCase there and
//! in PascalCase in AWS's resource schema.

use std::sync::Arc;

use crate::document::{Format, Kind, NodeRef, Schema, Typed};
use crate::model::{Data, Entry, Limit, Place, Unknown, ValueId, Values};
use crate::source::{FileId, Span};
use crate::syntax;

use super::evaluate::{MAX_ENTRIES, TOO_MANY_ENTRIES, put};
use super::text::Places;

/// Stands for the unknown parts of a JSON text; a private-use character, which no definition holds.
pub(super) const HOLE: char = '\u{F8FF}';

/// Maps whose keys are the user's own words.
const FREE_MAPS: [&str; 3] = ["dockerLabels", "options", "labels"];

/// How deep definitions may nest.
const MAX_DEPTH: u32 = 32;

/// Said where they are nested deeper.
const TOO_DEEP: Limit = Limit::new("levels of container definitions", MAX_DEPTH as usize);

/// Definitions that were read before (a list) in AWS names; anything else is unknown.
pub(super) fn definitions(values: &mut Values, value: ValueId) -> ValueId {
    let place = values.place(value);
    match values.data(value) {
        Data::List(_) => rename(values, value, 0),
        Data::Unknown(_) => value,
        _ => values.unknown(Unknown::Expression, place),
    }
}

fn rename(values: &mut Values, value: ValueId, depth: u32) -> ValueId {
    let place = values.place(value);
    if depth > MAX_DEPTH {
        return values.give_up(TOO_DEEP, place);
    }
    match values.data(value) {
        Data::List(_) => {
            let mut items = values.items(value).to_vec();
            for item in &mut items {
                *item = rename(values, *item, depth + 1);
            }
            values.list(&items, place)
        }
        Data::Map(_) => {
            let mut renamed: Vec<Entry> = Vec::new();
            let entries = values.entries(value).to_vec();
            for entry in entries {
                let name = values.key_text(entry.key).to_string();
                if matches!(values.data(entry.value), Data::Null) {
                    continue;
                }
                let inner = if FREE_MAPS.contains(&name.as_str()) {
                    entry.value
                } else {
                    rename(values, entry.value, depth + 1)
                };
                let key = values.intern(&pascal_case(&name));
                put(&mut renamed, key, inner);
            }
            values.map(&renamed, place)
        }
        _ => value,
    }
}

fn pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The value of a JSON text whose bytes stand at `places`; what holds a [`HOLE`] is unknown. `None` when the text is
/// no JSON.
pub(super) fn read_json(values: &mut Values, text: &str, places: &Places, place: Place) -> Option<ValueId> {
    let text: Arc<str> = Arc::from(text);
    let (document, problems) = syntax::parse(FileId(0), Format::Json, &text);
    let root = document.roots().next()?;
    if problems.iter().any(|problem| problem.rule == "syntax-error") {
        return None;
    }
    let value = json(values, root, places, place.anchor, 0);
    // The whole stands where the string does.
    Some(values.copy_at(value, place))
}

fn json(values: &mut Values, node: NodeRef<'_>, places: &Places, anchor: Span, depth: u32) -> ValueId {
    let at = |node: NodeRef<'_>| places.span(node.span().start, node.span().end);
    let place = Place::written(at(node), anchor);
    if depth > MAX_DEPTH {
        return values.give_up(TOO_DEEP, place);
    }
    match node.kind() {
        Kind::Scalar => match node.scalar().map(|scalar| scalar.typed(Schema::Core)) {
            Some(Typed::Bool(value)) => values.bool(value, place),
            Some(Typed::Int(value)) => values.int(value, place),
            Some(Typed::Float(value)) => values.float(value, place),
            Some(Typed::Str(text)) if text.contains(HOLE) => values.unknown(Unknown::Expression, place),
            Some(Typed::Str(text)) => values.text(text, place),
            Some(Typed::Null) | None => values.null(place),
        },
        Kind::Sequence => {
            let items: Vec<ValueId> =
                node.items().map(|item| json(values, item, places, at(item), depth + 1)).collect();
            values.list(&items, place)
        }
        Kind::Mapping => {
            let mut entries: Vec<Entry> = Vec::new();
            for entry in node.written_entries() {
                if entries.len() >= MAX_ENTRIES {
                    return values.give_up(TOO_MANY_ENTRIES, place);
                }
                let value = json(values, entry.value, places, at(entry.key), depth + 1);
                let key = values.intern(entry.name());
                put(&mut entries, key, value);
            }
            values.map(&entries, place)
        }
    }
}
