//! Paths of properties, as fixes name them.

use crate::dialect::tables;
use crate::model::{ValueId, Values};

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A key of a map.
    Key(String),
    /// An item of a list.
    At(usize),
    /// The `Value` of the entry with this `Key`.
    Attribute(String),
}

impl Part {
    /// The name that it has in messages; an item has none.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) | Self::Attribute(key) => Some(key),
            Self::At(_) => None,
        }
    }
}

/// The path under `Properties` of one under `Effective`: `Attributes` stands for the list of the type.
pub(super) fn in_properties(type_name: &str, path: &[Part]) -> Vec<Part> {
    match path {
        [Part::Key(head), Part::Key(key)] if head == "Attributes" => match attribute_list(type_name) {
            Some(list) => vec![Part::Key(list.to_string()), Part::Attribute(key.clone())],
            None => path.to_vec(),
        },
        _ => path.to_vec(),
    }
}

/// The property that holds the attributes of a type.
pub(super) fn attribute_list(type_name: &str) -> Option<&'static str> {
    tables::table(type_name)?.attributes.map(|(list, _)| list)
}

/// The value at a path.
pub(super) fn walk(values: &Values, root: ValueId, path: &[Part]) -> Option<ValueId> {
    path.iter().try_fold(root, |value, part| match part {
        Part::Key(key) => values.get(value, key),
        Part::At(at) => values.items(value).get(*at).copied(),
        Part::Attribute(name) => {
            let is_it = |item: &&ValueId| {
                values.get(**item, "Key").and_then(|key| values.as_text(key)) == Some(name.as_str())
            };
            let item = values.items(value).iter().rev().find(is_it)?;
            values.get(*item, "Value")
        }
    })
}

/// The path with dots, without positions, as the tables of Terraform know it.
pub(super) fn dotted(path: &[Part]) -> String {
    let names: Vec<&str> = path
        .iter()
        .filter_map(|part| match part {
            Part::Key(name) | Part::Attribute(name) => Some(name.as_str()),
            Part::At(_) => None,
        })
        .collect();
    names.join(".")
}
