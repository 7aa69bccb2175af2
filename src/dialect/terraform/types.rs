//! The type of a variable: it converts the default, and fills in attributes that are left out of objects.

use crate::model::{Data, Entry, Place, ValueId};

use super::evaluate::{MAX_ENTRIES, TOO_MANY_ENTRIES};
use super::expression::{self, Expression, Kind};
use super::functions;
use super::module::{Module, Scope, bare};
use super::text::Places;

impl Module<'_> {
    /// A value as the type written in `text` makes it; unknown when the type is not understood and may change it.
    pub(super) fn conform(&mut self, value: ValueId, text: &str) -> ValueId {
        match expression::expression(bare(text)) {
            Some(wanted) => self.as_type(value, &wanted),
            None if matches!(self.builder.values.data(value), Data::Null) => value,
            None => self.unknown_at(value),
        }
    }

    fn as_type(&mut self, value: ValueId, wanted: &Expression) -> ValueId {
        if matches!(self.builder.values.data(value), Data::Null | Data::Unknown(_)) || !self.step() {
            return value;
        }
        self.depth += 1;
        let converted = match &wanted.kind {
            Kind::Name(name) => self.primitive(value, name),
            Kind::Call { name, arguments, .. } => match (name.as_str(), arguments.as_slice()) {
                ("list" | "set", [item]) => self.items(value, item),
                ("map", [item]) => self.entries(value, item),
                ("object", [attributes]) => self.attributes(value, attributes),
                ("optional", [inner, ..]) => self.as_type(value, inner),
                _ => value,
            },
            _ => value,
        };
        self.depth -= 1;
        converted
    }

    fn primitive(&mut self, value: ValueId, name: &str) -> ValueId {
        let values = &mut self.builder.values;
        let place = values.place(value);
        match name {
            "string" => match functions::as_text(values, value) {
                Some(text) => values.text(&text, place),
                None => value,
            },
            "number" if matches!(values.data(value), Data::Text(_)) => match values.as_int(value) {
                Some(number) => values.int(number, place),
                None => value,
            },
            "bool" => match values.as_bool(value) {
                Some(flag) => values.bool(flag, place),
                None => value,
            },
            _ => value,
        }
    }

    fn items(&mut self, value: ValueId, wanted: &Expression) -> ValueId {
        let Data::List(items) = self.builder.values.data(value) else { return value };
        let place = self.builder.values.place(value);
        let mut items = items.to_vec();
        for item in &mut items {
            *item = self.as_type(*item, wanted);
        }
        self.builder.values.list(&items, place)
    }

    fn entries(&mut self, value: ValueId, wanted: &Expression) -> ValueId {
        let Data::Map(entries) = self.builder.values.data(value) else { return value };
        let place = self.builder.values.place(value);
        let mut entries = entries.to_vec();
        for entry in &mut entries {
            entry.value = self.as_type(entry.value, wanted);
        }
        self.builder.values.map(&entries, place)
    }

    /// An object has exactly the attributes of its type: others are dropped, those left out are null or a default.
    fn attributes(&mut self, value: ValueId, wanted: &Expression) -> ValueId {
        let (Data::Map(_), Kind::Object(attributes)) = (self.builder.values.data(value), &wanted.kind) else {
            return value;
        };
        let place = self.builder.values.place(value);
        if attributes.len() > MAX_ENTRIES {
            return self.builder.values.give_up(TOO_MANY_ENTRIES, place);
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(attributes.len());
        for (name, wanted) in attributes {
            let Some(name) = literal(name) else { return self.unknown_at(value) };
            let given = self.builder.values.get(value, name);
            let given = given.filter(|given| !matches!(self.builder.values.data(*given), Data::Null));
            let found = match (given, default(wanted)) {
                (Some(given), _) => self.as_type(given, wanted),
                (None, Some(default)) => {
                    let places = Places::whole(place.span);
                    let default = self.expression(default, &places, &Scope::default());
                    self.builder.values.copy_at(default, Place::default_at(place.anchor))
                }
                (None, None) => self.builder.values.null(Place::default_at(place.anchor)),
            };
            let key = self.builder.values.intern(name);
            super::evaluate::put(&mut entries, key, found);
        }
        self.builder.values.map(&entries, place)
    }
}

/// The second argument of `optional`.
fn default(wanted: &Expression) -> Option<&Expression> {
    match &wanted.kind {
        Kind::Call { name, arguments, .. } if name == "optional" => arguments.get(1),
        _ => None,
    }
}

fn literal(name: &Expression) -> Option<&str> {
    match &name.kind {
        Kind::Template(parts) => match parts.as_slice() {
            [expression::Part::Text(text, _)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
