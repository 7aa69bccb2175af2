//! The property tables: for each AWS property its normal form and its defaults, one row a property.
//!
//! They turn `Properties` (what the user wrote) into `Effective` (what AWS will use). The sources of the
//! defaults stand with the tables.

mod classic;
mod lattice;
mod listener;
mod load_balancer;
mod normalise;
mod services;
mod target_group;

use crate::model::{
    Builder, Data, Draft, Entry, Key, Place, Platform, ResourceIdx, Unknown, ValueId, Values,
};
use crate::source::Span;

pub use normalise::Normal;
pub(in crate::dialect) use normalise::value as normal;

/// One property of one kind of resource.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Path under `Properties` and `Effective`, its parts joined with dots.
    pub property: &'static str,
    /// Normal form.
    pub normal: Normal,
    /// The default, worked out from the rows before this one.
    pub default: fn(&Cx<'_>) -> Fallback,
}

/// One entry of an attribute list such as `TargetGroupAttributes`.
#[derive(Debug, Clone, Copy)]
pub struct AttributeRow {
    /// AWS key, also the key under `Effective.Attributes`.
    pub key: &'static str,
    /// Normal form.
    pub normal: Normal,
    /// The default, worked out from the effective properties.
    pub default: fn(&Cx<'_>) -> Fallback,
}

/// All rows of one kind of resource.
#[derive(Debug)]
pub struct Table {
    /// The AWS type.
    pub type_name: &'static str,
    /// Its properties, in an order in which each default needs only earlier rows.
    pub rows: &'static [Row],
    /// Whether the provider ignores a written property in this context.
    pub ignored: fn(&Cx<'_>, property: &str) -> bool,
    /// The property that holds the attribute list, when there is one.
    pub attributes: Option<(&'static str, &'static [AttributeRow])>,
}

const TABLES: [&Table; 10] = [
    &target_group::TABLE,
    &load_balancer::TABLE,
    &listener::TABLE,
    &classic::TABLE,
    &lattice::TARGET_GROUP,
    &lattice::LISTENER,
    &lattice::SERVICE,
    &services::DISTRIBUTION,
    &services::ECS_SERVICE,
    &services::DISCOVERY,
];

/// Maps that AWS puts around the properties of a resource: what is absent in them is absent from the resource.
const WRAPPERS: [&str; 2] = ["Config", "DistributionConfig"];

/// The table of a type.
pub fn table(type_name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.type_name == type_name)
}

/// What applies when a property is not written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
    /// Nothing: the property stays absent.
    Absent,
    /// A word.
    Text(&'static str),
    /// A number.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// It depends on something that the files do not settle.
    Unknown,
}

/// What a default may look at.
pub struct Cx<'b> {
    values: &'b Values,
    draft: &'b Draft,
    effective: &'b [Written],
}

struct Written {
    path: &'static str,
    value: ValueId,
}

/// A property looked at by a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'v> {
    /// Not there.
    Absent,
    /// Not settled.
    Unknown,
    /// Its text (numbers and lists count as empty text).
    Text(&'v str),
    /// Its truth.
    Flag(bool),
}

impl<'b> Cx<'b> {
    /// Whose defaults apply.
    pub fn platform(&self) -> Platform {
        self.draft.platform
    }

    /// An effective property of an earlier row.
    pub fn see(&self, path: &str) -> Seen<'b> {
        let found = self.effective.iter().find(|written| written.path == path);
        found.map_or(Seen::Absent, |written| self.look(written.value))
    }

    /// A property as the user wrote it.
    pub fn written(&self, path: &str) -> Seen<'b> {
        let found = self.draft.properties.and_then(|properties| find(self.values, properties, path));
        found.map_or(Seen::Absent, |value| self.look(value))
    }

    /// Whether a Terraform block was written, which changes the provider's defaults.
    pub fn has_block(&self, block: &str) -> bool {
        self.draft.blocks.iter().any(|(name, _)| name == block)
    }

    fn look(&self, value: ValueId) -> Seen<'b> {
        match self.values.data(value) {
            Data::Text(text) => Seen::Text(text),
            Data::Bool(flag) => Seen::Flag(flag),
            Data::Unknown(_) | Data::Reference(_) => Seen::Unknown,
            _ => Seen::Text(""),
        }
    }
}

fn find(values: &Values, root: ValueId, path: &str) -> Option<ValueId> {
    let mut value = root;
    for key in path.split('.') {
        if values.is_unknown(value) {
            return Some(value);
        }
        value = values.get(value, key)?;
    }
    Some(value)
}

/// Fills in `Effective` of every resource that has a table and no `Effective` yet.
pub(super) fn fill_effective(builder: &mut Builder) {
    for idx in builder.indices() {
        let draft = builder.draft(idx);
        if draft.effective.is_some() {
            continue;
        }
        if let Some(table) = table(&draft.type_name) {
            let effective = effective(builder, idx, table);
            builder.draft_mut(idx).effective = Some(effective);
        }
    }
}

fn effective(builder: &mut Builder, idx: ResourceIdx, table: &Table) -> ValueId {
    let name = builder.draft(idx).name;
    let properties = match builder.draft(idx).properties {
        Some(properties) => properties,
        None => {
            let empty = builder.values.map(&[], Place::default_at(name));
            builder.draft_mut(idx).properties = Some(empty);
            empty
        }
    };
    if !matches!(builder.values.data(properties), Data::Map(_)) {
        return properties;
    }
    let mut written: Vec<Written> = Vec::with_capacity(table.rows.len());
    let mut dropped: Vec<&str> = Vec::new();
    for row in table.rows {
        let cx = Cx { values: &builder.values, draft: builder.draft(idx), effective: &written };
        let ignored = (table.ignored)(&cx, row.property);
        let value = match find(&builder.values, properties, row.property) {
            Some(_) if ignored => {
                dropped.push(row.property);
                None
            }
            Some(value) if !matches!(builder.values.data(value), Data::Null) => {
                Some(normalise::value(&mut builder.values, row.normal, value))
            }
            _ => {
                let anchor = anchor(&builder.values, properties, row.property, name);
                let cx = Cx { values: &builder.values, draft: builder.draft(idx), effective: &written };
                let fallback = (row.default)(&cx);
                fall_back(&mut builder.values, fallback, anchor)
            }
        };
        if let Some(value) = value {
            written.push(Written { path: row.property, value });
        }
    }
    let attributes = table
        .attributes
        .map(|(property, rows)| attributes(builder, idx, properties, property, rows, &written));
    assemble(&mut builder.values, properties, &written, &dropped, attributes, name)
}

/// What to point at when the property at `path` is absent: the innermost block that is written, else the name.
fn anchor(values: &Values, properties: ValueId, path: &str, name: Span) -> Span {
    let Some((parent, _)) = path.rsplit_once('.') else { return name };
    if WRAPPERS.contains(&parent) {
        return name;
    }
    let found = find(values, properties, parent).map(|parent| values.place(parent).anchor);
    found.unwrap_or_else(|| anchor(values, properties, parent, name))
}

fn fall_back(values: &mut Values, fallback: Fallback, anchor: Span) -> Option<ValueId> {
    let place = Place::default_at(anchor);
    match fallback {
        Fallback::Absent => None,
        Fallback::Text(text) => Some(values.text(text, place)),
        Fallback::Int(number) => Some(values.int(number, place)),
        Fallback::Bool(value) => Some(values.bool(value, place)),
        Fallback::Unknown => Some(values.unknown(Unknown::Expression, place)),
    }
}

/// The attribute list as a map, with defaults for what it does not name.
fn attributes(
    builder: &mut Builder,
    idx: ResourceIdx,
    properties: ValueId,
    property: &str,
    rows: &'static [AttributeRow],
    written: &[Written],
) -> ValueId {
    let name = builder.draft(idx).name;
    let list = builder.values.get(properties, property);
    let mut found: Vec<(String, ValueId)> = Vec::new();
    let mut settled = true;
    if let Some(list) = list {
        settled = matches!(builder.values.data(list), Data::List(_));
        for item in builder.values.items(list).to_vec() {
            let key = builder.values.get(item, "Key").and_then(|key| builder.values.as_text(key));
            let value = builder.values.get(item, "Value");
            match (key, value) {
                (Some(key), Some(value)) => found.push((key.to_string(), value)),
                _ => settled = false,
            }
        }
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(rows.len());
    for row in rows {
        let value = match found.iter().rev().find(|(key, _)| key == row.key) {
            Some((_, value)) => Some(normalise::value(&mut builder.values, row.normal, *value)),
            None if !settled => fall_back(&mut builder.values, Fallback::Unknown, name),
            None => {
                let cx = Cx { values: &builder.values, draft: builder.draft(idx), effective: written };
                let fallback = (row.default)(&cx);
                fall_back(&mut builder.values, fallback, name)
            }
        };
        if let Some(value) = value {
            entries.push(Entry { key: builder.values.intern(row.key), value });
        }
    }
    for (key, value) in found.iter().filter(|(key, _)| !rows.iter().any(|row| row.key == key)) {
        let key = builder.values.intern(key);
        if !entries.iter().any(|known| known.key == key) {
            entries.push(Entry { key, value: *value });
        }
    }
    let anchor = list.map_or(name, |list| builder.values.place(list).anchor);
    builder.values.map(&entries, Place::default_at(anchor))
}

/// A copy of a map with a value at a path below it; what is not settled stays as it is.
fn with_value(values: &mut Values, map: Option<ValueId>, path: &str, value: ValueId, name: Span) -> ValueId {
    if let Some(map) = map.filter(|map| values.is_unknown(*map)) {
        return map;
    }
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let value = match rest {
        Some(rest) => {
            let inner = map.and_then(|map| values.get(map, head));
            with_value(values, inner, rest, value, name)
        }
        None => value,
    };
    let mut entries: Vec<Entry> = map.map(|map| values.entries(map).to_vec()).unwrap_or_default();
    let key = values.intern(head);
    put(&mut entries, key, value);
    let place = map.map_or(Place::default_at(name), |map| values.place(map));
    values.map(&entries, place)
}

fn put(entries: &mut Vec<Entry>, key: Key, value: ValueId) {
    match entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => entry.value = value,
        None => entries.push(Entry { key, value }),
    }
}

/// Properties with the table's values put over them.
fn assemble(
    values: &mut Values,
    properties: ValueId,
    written: &[Written],
    dropped: &[&str],
    attributes: Option<ValueId>,
    name: Span,
) -> ValueId {
    let kept = |entry: &&Entry| !dropped.contains(&values.key_text(entry.key));
    let mut entries: Vec<Entry> = values.entries(properties).iter().filter(kept).copied().collect();
    for row in written {
        let (head, rest) =
            row.path.split_once('.').map_or((row.path, None), |(head, rest)| (head, Some(rest)));
        let key = values.intern(head);
        let value = match rest {
            None => row.value,
            Some(rest) => {
                let old = entries.iter().find(|entry| entry.key == key).map(|entry| entry.value);
                with_value(values, old, rest, row.value, name)
            }
        };
        put(&mut entries, key, value);
    }
    if let Some(attributes) = attributes {
        let key = values.intern("Attributes");
        put(&mut entries, key, attributes);
    }
    let place = values.place(properties);
    values.map(&entries, place)
}
