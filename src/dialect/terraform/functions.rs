//! The functions of Terraform's language that are worth knowing, on values that are known.
//!
//! A function that is not here, or an argument that a function does not take, gives an unknown value.

use crate::model::{Data, Entry, Place, Unknown, ValueId, Values};

use super::evaluate::{MAX_ENTRIES, put};
use super::expression::Binary;

/// A primitive as text, as Terraform converts it.
pub(super) fn as_text(values: &Values, value: ValueId) -> Option<String> {
    match values.data(value) {
        Data::Text(text) => Some(text.to_string()),
        Data::Int(number) => Some(number.to_string()),
        Data::Float(number) => Some(number.to_string()),
        Data::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// How many steps it costs to look at these arguments.
pub(super) fn cost(values: &Values, arguments: &[ValueId]) -> u32 {
    let size = |value: &ValueId| match values.data(*value) {
        Data::Text(text) => text.len() / 64,
        Data::List(items) => items.len(),
        Data::Map(entries) => entries.len(),
        _ => 0,
    };
    arguments.iter().map(size).sum::<usize>() as u32 + 1
}

/// Whether two values are equal; `None` when the files do not settle it.
pub(super) fn equal(values: &Values, a: ValueId, b: ValueId) -> Option<bool> {
    match (values.data(a), values.data(b)) {
        (Data::Unknown(_), _) | (_, Data::Unknown(_)) => None,
        (Data::Null, Data::Null) => Some(true),
        (Data::Null, _) | (_, Data::Null) => Some(false),
        (Data::Reference(a), Data::Reference(b)) => (a == b).then_some(true),
        (Data::Text(a), Data::Text(b)) => Some(a == b),
        (Data::Bool(a), Data::Bool(b)) => Some(a == b),
        (Data::Int(a), Data::Int(b)) => Some(a == b),
        (Data::Int(a), Data::Float(b)) | (Data::Float(b), Data::Int(a)) => Some(a as f64 == b),
        (Data::Float(a), Data::Float(b)) => Some(a == b),
        (Data::List(a), Data::List(b)) if a.is_empty() || b.is_empty() => Some(a.len() == b.len()),
        (Data::Map(a), Data::Map(b)) if a.is_empty() || b.is_empty() => Some(a.len() == b.len()),
        // Text against a number: the type of a variable may convert one into the other.
        _ => None,
    }
}

/// The value of an operator between numbers.
pub(super) fn arithmetic(
    values: &mut Values,
    operator: Binary,
    left: ValueId,
    right: ValueId,
    place: Place,
) -> ValueId {
    if let (Some(a), Some(b)) = (values.as_int(left), values.as_int(right)) {
        let number = match operator {
            Binary::Add => a.checked_add(b),
            Binary::Subtract => a.checked_sub(b),
            Binary::Multiply => a.checked_mul(b),
            Binary::Divide if b != 0 && a % b == 0 => a.checked_div(b),
            Binary::Remainder => a.checked_rem(b),
            _ => None,
        };
        if let Some(number) = number {
            return values.int(number, place);
        }
    }
    let (Some(a), Some(b)) = (as_number(values, left), as_number(values, right)) else {
        return values.unknown(Unknown::Expression, place);
    };
    let settled = match operator {
        Binary::Less => a < b,
        Binary::LessEqual => a <= b,
        Binary::Greater => a > b,
        Binary::GreaterEqual => a >= b,
        Binary::Divide if b != 0.0 => return values.float(a / b, place),
        _ => return values.unknown(Unknown::Expression, place),
    };
    values.bool(settled, place)
}

fn as_number(values: &Values, value: ValueId) -> Option<f64> {
    match values.data(value) {
        Data::Int(number) => Some(number as f64),
        Data::Float(number) => Some(number),
        Data::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// A value as JSON text, when all of it is known.
pub(super) fn to_json(values: &Values, value: ValueId) -> Option<String> {
    json(values, value, 0).map(|json| json.to_string())
}

fn json(values: &Values, value: ValueId, depth: u32) -> Option<serde_json::Value> {
    if depth > 64 {
        return None;
    }
    Some(match values.data(value) {
        Data::Null => serde_json::Value::Null,
        Data::Bool(value) => value.into(),
        Data::Int(number) => number.into(),
        Data::Float(number) => number.into(),
        Data::Text(text) => text.into(),
        Data::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| json(values, *item, depth + 1)).collect();
            items?.into()
        }
        Data::Map(entries) => {
            let entries: Option<serde_json::Map<_, _>> = entries
                .iter()
                .map(|entry| {
                    Some((values.key_text(entry.key).to_string(), json(values, entry.value, depth + 1)?))
                })
                .collect();
            serde_json::Value::Object(entries?)
        }
        Data::Reference(_) | Data::Unknown(_) => return None,
    })
}

/// The value of a call.
pub(super) fn call(values: &mut Values, name: &str, given: &[ValueId], place: Place) -> ValueId {
    let found = text_function(values, name, given, place)
        .or_else(|| conversion(values, name, given, place))
        .or_else(|| list_function(values, name, given, place))
        .or_else(|| map_function(values, name, given, place));
    found.unwrap_or_else(|| {
        let why = given.iter().find_map(|value| match values.data(*value) {
            Data::Unknown(Unknown::Invalid) | Data::Reference(_) => None,
            Data::Unknown(why) => Some(why),
            _ => None,
        });
        values.unknown(why.unwrap_or(Unknown::Expression), place)
    })
}

fn text_function(values: &mut Values, name: &str, given: &[ValueId], place: Place) -> Option<ValueId> {
    let text = |at: usize| as_text(values, *given.get(at)?);
    let result = match name {
        "lower" => text(0)?.to_lowercase(),
        "upper" => text(0)?.to_uppercase(),
        "title" => title(&text(0)?),
        "chomp" => text(0)?.trim_end_matches(['\r', '\n']).to_string(),
        "trim" => {
            let (text, signs) = (text(0)?, text(1)?);
            text.trim_matches(|sign| signs.contains(sign)).to_string()
        }
        "basename" => {
            let path = text(0)?;
            path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())?.to_string()
        }
        "trimspace" => text(0)?.trim().to_string(),
        "trimprefix" => {
            let (text, prefix) = (text(0)?, text(1)?);
            text.strip_prefix(prefix.as_str()).unwrap_or(&text).to_string()
        }
        "trimsuffix" => {
            let (text, suffix) = (text(0)?, text(1)?);
            text.strip_suffix(suffix.as_str()).unwrap_or(&text).to_string()
        }
        // A pattern between slashes is a regular expression.
        "replace" => {
            let (text, from, to) = (text(0)?, text(1)?, text(2)?);
            if from.is_empty() || (from.len() > 1 && from.starts_with('/') && from.ends_with('/')) {
                return None;
            }
            let grown = text.matches(from.as_str()).count() * to.len();
            if text.len() + grown > 256 * 1024 {
                return None;
            }
            text.replace(from.as_str(), &to)
        }
        "substr" => {
            let (text, from) = (text(0)?, values.as_int(given[0..].get(1).copied()?)?);
            let length = values.as_int(*given.get(2)?)?;
            let from = usize::try_from(from).ok()?;
            let rest = text.chars().skip(from);
            match usize::try_from(length) {
                Ok(length) => rest.take(length).collect(),
                Err(_) if length == -1 => rest.collect(),
                Err(_) => return None,
            }
        }
        "format" => format(values, given)?,
        "join" => {
            let separator = text(0)?;
            let mut parts = Vec::new();
            for list in given.get(1..)? {
                let Data::List(items) = values.data(*list) else { return None };
                for item in items {
                    parts.push(as_text(values, *item)?);
                }
            }
            let size = parts.iter().map(|part| part.len() + separator.len()).sum::<usize>();
            if size > 256 * 1024 {
                return None;
            }
            parts.join(&separator)
        }
        "startswith" | "endswith" | "strcontains" => {
            let (text, part) = (text(0)?, text(1)?);
            let found = match name {
                "startswith" => text.starts_with(&part),
                "endswith" => text.ends_with(&part),
                _ => text.contains(&part),
            };
            return Some(values.bool(found, place));
        }
        "split" => {
            let (separator, text) = (text(0)?, text(1)?);
            if separator.is_empty() {
                return None;
            }
            let parts: Vec<ValueId> =
                text.split(separator.as_str()).map(|part| values.text(part, place)).collect();
            return Some(values.list(&parts, place));
        }
        _ => return None,
    };
    Some(values.text(&result, place))
}

/// A text with the first letter of each word in upper case.
fn title(text: &str) -> String {
    let mut is_start = true;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_start {
            true => out.extend(letter.to_uppercase()),
            false => out.push(letter),
        }
        is_start = !letter.is_alphanumeric();
    }
    out
}

/// `format` with `%s`, `%d`, `%v` and `%%`; other verbs are not understood.
fn format(values: &Values, given: &[ValueId]) -> Option<String> {
    let pattern = as_text(values, *given.first()?)?;
    let mut arguments = given[1..].iter();
    let mut out = String::new();
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        if next != '%' {
            out.push(next);
            continue;
        }
        match rest.next()? {
            '%' => out.push('%'),
            's' | 'd' | 'v' => out.push_str(&as_text(values, *arguments.next()?)?),
            _ => return None,
        }
    }
    Some(out)
}

fn conversion(values: &mut Values, name: &str, given: &[ValueId], place: Place) -> Option<ValueId> {
    let value = *given.first()?;
    match name {
        "tostring" => match values.data(value) {
            Data::Null | Data::Reference(_) => Some(value),
            _ => {
                let text = as_text(values, value)?;
                Some(values.text(&text, place))
            }
        },
        "tonumber" => match values.data(value) {
            Data::Null | Data::Int(_) | Data::Float(_) => Some(value),
            _ => {
                let number = values.as_int(value)?;
                Some(values.int(number, place))
            }
        },
        "tobool" => match values.data(value) {
            Data::Null => Some(value),
            _ => {
                let flag = values.as_bool(value)?;
                Some(values.bool(flag, place))
            }
        },
        "tolist" | "tomap" => matches!(values.data(value), Data::List(_) | Data::Map(_)).then_some(value),
        "toset" | "distinct" | "sort" => {
            let Data::List(items) = values.data(value) else { return None };
            let texts: Option<Vec<(String, ValueId)>> =
                items.iter().map(|item| Some((as_text(values, *item)?, *item))).collect();
            let mut texts = match texts {
                Some(texts) => texts,
                None if items.len() == 1 => return Some(value),
                None => return None,
            };
            if name != "distinct" {
                texts.sort_by(|a, b| a.0.cmp(&b.0));
            }
            if name != "sort" {
                let mut seen = rustc_hash::FxHashSet::default();
                texts.retain(|(text, _)| seen.insert(text.clone()));
            }
            let items: Vec<ValueId> = texts.into_iter().map(|(_, item)| item).collect();
            Some(values.list(&items, place))
        }
        _ => None,
    }
}

fn list_function(values: &mut Values, name: &str, given: &[ValueId], place: Place) -> Option<ValueId> {
    let items = |at: usize| match values.data(*given.get(at)?) {
        Data::List(items) => Some(items.to_vec()),
        _ => None,
    };
    let result = match name {
        "concat" => {
            let lists: Option<Vec<Vec<ValueId>>> = (0..given.len()).map(items).collect();
            lists?.concat()
        }
        "flatten" => {
            let mut flat = Vec::new();
            flatten(values, &items(0)?, 0, &mut flat)?;
            flat
        }
        "compact" => {
            let mut kept = Vec::new();
            for item in items(0)? {
                match values.data(item) {
                    Data::Unknown(_) => return None,
                    Data::Null | Data::Text("") => {}
                    _ => kept.push(item),
                }
            }
            kept
        }
        "reverse" => items(0)?.into_iter().rev().collect(),
        "slice" => {
            let list = items(0)?;
            let bound = |at: usize| usize::try_from(values.as_int(*given.get(at)?)?).ok();
            list.get(bound(1)?..bound(2)?)?.to_vec()
        }
        "range" => {
            let numbers: Option<Vec<i64>> = given.iter().map(|value| values.as_int(*value)).collect();
            let (from, to) = match numbers?.as_slice() {
                [to] => (0, *to),
                [from, to] => (*from, *to),
                _ => return None,
            };
            if to.checked_sub(from)? > 1024 {
                return None;
            }
            (from..to).map(|number| values.int(number, place)).collect()
        }
        "element" => {
            let list = items(0)?;
            let at = usize::try_from(values.as_int(*given.get(1)?)?).ok()?;
            return list.get(at.checked_rem(list.len())?).copied();
        }
        "one" => {
            return match items(0)?.as_slice() {
                [] => Some(values.null(place)),
                [item] => Some(*item),
                _ => None,
            };
        }
        "coalesce" => {
            for value in given {
                match values.data(*value) {
                    Data::Null | Data::Text("") => {}
                    _ => return Some(*value),
                }
            }
            return None;
        }
        "coalescelist" => {
            for (at, value) in given.iter().enumerate() {
                if !items(at)?.is_empty() {
                    return Some(*value);
                }
            }
            return None;
        }
        "contains" => {
            let mut open = false;
            for item in items(0)? {
                match equal(values, item, *given.get(1)?) {
                    Some(true) => return Some(values.bool(true, place)),
                    Some(false) => {}
                    None => open = true,
                }
            }
            return (!open).then(|| values.bool(false, place));
        }
        "length" => {
            let length = match values.data(*given.first()?) {
                Data::List(items) => items.len(),
                Data::Map(entries) => entries.len(),
                Data::Text(text) => text.chars().count(),
                _ => return None,
            };
            return Some(values.int(length as i64, place));
        }
        "ceil" | "floor" | "abs" => {
            let number = as_number(values, *given.first()?)?;
            let found = match name {
                "ceil" => number.ceil(),
                "floor" => number.floor(),
                _ => number.abs(),
            };
            let is_whole = found.fract() == 0.0 && found.abs() < 9e15;
            return is_whole.then(|| values.int(found as i64, place));
        }
        "setunion" => {
            let mut all = Vec::new();
            for at in 0..given.len() {
                all.extend(items(at)?);
            }
            let all = values.list(&all, place);
            return conversion(values, "toset", &[all], place);
        }
        "max" | "min" => {
            let numbers: Option<Vec<i64>> = given.iter().map(|value| values.as_int(*value)).collect();
            let numbers = numbers?.into_iter();
            let found = if name == "max" { numbers.max() } else { numbers.min() };
            return Some(values.int(found?, place));
        }
        _ => return None,
    };
    Some(values.list(&result, place))
}

fn flatten(values: &Values, items: &[ValueId], depth: u32, flat: &mut Vec<ValueId>) -> Option<()> {
    if depth > 32 || flat.len() > 16_384 {
        return None;
    }
    for item in items {
        match values.data(*item) {
            Data::List(inner) => flatten(values, inner, depth + 1, flat)?,
            // It may be a list.
            Data::Unknown(_) => return None,
            _ => flat.push(*item),
        }
    }
    Some(())
}

fn map_function(values: &mut Values, name: &str, given: &[ValueId], place: Place) -> Option<ValueId> {
    let entries = |at: usize| match values.data(*given.get(at)?) {
        Data::Map(entries) => Some(entries.to_vec()),
        _ => None,
    };
    match name {
        "lookup" => {
            let known = entries(0)?;
            let key = as_text(values, *given.get(1)?)?;
            let found = known.iter().find(|entry| values.key_text(entry.key) == key);
            found.map(|entry| entry.value).or_else(|| given.get(2).copied())
        }
        "merge" => {
            let mut merged: Vec<Entry> = Vec::new();
            for (at, value) in given.iter().enumerate() {
                if matches!(values.data(*value), Data::Null) {
                    continue;
                }
                for entry in entries(at)? {
                    if merged.len() >= MAX_ENTRIES {
                        return None;
                    }
                    put(&mut merged, entry.key, entry.value);
                }
            }
            Some(values.map(&merged, place))
        }
        "keys" | "values" => {
            let mut sorted = entries(0)?;
            sorted.sort_by(|a, b| values.key_text(a.key).cmp(values.key_text(b.key)));
            let items: Vec<ValueId> = sorted
                .into_iter()
                .map(|entry| match name {
                    "keys" => {
                        let key = values.key_text(entry.key).to_string();
                        values.text(&key, place)
                    }
                    _ => entry.value,
                })
                .collect();
            Some(values.list(&items, place))
        }
        "zipmap" => {
            let (Data::List(keys), Data::List(items)) =
                (values.data(*given.first()?), values.data(*given.get(1)?))
            else {
                return None;
            };
            let pairs: Option<Vec<(String, ValueId)>> =
                keys.iter().zip(items).map(|(key, item)| Some((as_text(values, *key)?, *item))).collect();
            let mut zipped: Vec<Entry> = Vec::new();
            for (key, value) in pairs.filter(|pairs| pairs.len() <= MAX_ENTRIES)? {
                let key = values.intern(&key);
                put(&mut zipped, key, value);
            }
            Some(values.map(&zipped, place))
        }
        _ => None,
    }
}
