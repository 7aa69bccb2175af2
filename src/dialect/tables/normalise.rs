//! Normal forms: one property, one spelling.

use crate::model::{Data, ValueId, Values};

/// The form in which a property appears under `Effective`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normal {
    /// As it is, whatever it is.
    Same,
    /// Text; a number becomes its decimal text.
    Text,
    /// A word in upper case.
    Upper,
    /// A word in lower case.
    Lower,
    /// A whole number, also when it was written as decimal text.
    Int,
    /// A number, or a word such as `traffic-port` as it is.
    IntOrText,
    /// A boolean, also when it was written as text.
    Bool,
    /// A list; a single value becomes a list of one.
    List,
    /// The first entry of a list, or the value itself.
    First,
}

/// A value in its normal form, at the same place; a value that has none stays as it is.
pub(in crate::dialect) fn value(values: &mut Values, normal: Normal, value: ValueId) -> ValueId {
    let place = values.place(value);
    let text = match values.data(value) {
        Data::Text(text) => Some(text.to_string()),
        _ => None,
    };
    match normal {
        Normal::Same => value,
        Normal::Text => match values.data(value) {
            Data::Int(number) => values.text(&number.to_string(), place),
            Data::Float(number) => values.text(&number.to_string(), place),
            _ => value,
        },
        Normal::Upper => text.map_or(value, |text| values.text(&text.to_ascii_uppercase(), place)),
        Normal::Lower => text.map_or(value, |text| values.text(&text.to_ascii_lowercase(), place)),
        Normal::Int | Normal::IntOrText => match values.as_int(value) {
            Some(number) => values.int(number, place),
            None => value,
        },
        Normal::Bool => match values.as_bool(value) {
            Some(flag) => values.bool(flag, place),
            None => value,
        },
        Normal::List => match values.data(value) {
            Data::List(_) | Data::Unknown(_) => value,
            _ => values.list(&[value], place),
        },
        Normal::First => match values.data(value) {
            Data::List(items) => items.first().copied().unwrap_or(value),
            _ => value,
        },
    }
}
