//! The model as JSON, for people who write rules: what a query can reach, links cut at one hop.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use super::{Data, Model, ValueId};

/// Deeper nesting than any template has.
const MAX_DEPTH: usize = 64;

impl Model {
    /// The model as JSON. A link shows what it leads to as `{"Type": …, "Address": …}`; a reference as
    /// `{"Reference": id}`; what the files do not settle as `{"Unknown": why}`.
    pub fn to_json(&self) -> Value {
        let ids: FxHashMap<ValueId, usize> =
            self.resources.iter().enumerate().map(|(idx, resource)| (resource.value, idx)).collect();
        let printer = Printer { model: self, ids };
        let resources = self.resources.iter().map(|resource| {
            let entries = self.values.entries(resource.value).iter();
            let map = entries
                .map(|entry| (self.values.key_text(entry.key).to_string(), printer.value(entry.value, 0)));
            (resource.id.clone(), Value::Object(map.collect()))
        });
        json!({ "Resources": Value::Object(resources.collect()) })
    }
}

struct Printer<'m> {
    model: &'m Model,
    ids: FxHashMap<ValueId, usize>,
}

impl Printer<'_> {
    fn value(&self, value: ValueId, depth: usize) -> Value {
        if let Some(idx) = self.ids.get(&value) {
            let resource = &self.model.resources[*idx];
            return json!({ "Type": resource.type_name, "Address": resource.id });
        }
        if depth > MAX_DEPTH {
            return json!({ "Unknown": "Limit" });
        }
        match self.model.values.data(value) {
            Data::Null => Value::Null,
            Data::Bool(flag) => flag.into(),
            Data::Int(number) => number.into(),
            Data::Float(number) => number.into(),
            Data::Text(text) => text.into(),
            Data::List(items) => items.iter().map(|item| self.value(*item, depth + 1)).collect(),
            Data::Map(entries) => {
                let entry = |entry: &super::Entry| {
                    (self.model.values.key_text(entry.key).to_string(), self.value(entry.value, depth + 1))
                };
                Value::Object(entries.iter().map(entry).collect::<Map<String, Value>>())
            }
            Data::Reference(target) => json!({ "Reference": self.model.resource(target).id }),
            Data::Unknown(why) => json!({ "Unknown": format!("{why:?}") }),
        }
    }
}
