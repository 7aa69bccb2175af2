//! Evaluates expressions and bodies. What the files do not settle is unknown, and so is everything that this
//! module does not understand: it never guesses.

use crate::document::{EntryRef, Kind as NodeKind, NodeRef, Schema, Typed};
use crate::model::{Data, Entry, Limit, Place, Unknown, ValueId};
use crate::source::Span;

use super::expression::{self, Binary, Expression, For, Kind, Part, Step, Unary};
use super::functions;
use super::module::{Module, Scope, TOO_MANY_STEPS};
use super::text::Places;

/// How deep evaluation may nest, over all the references that it follows.
const MAX_DEPTH: u32 = 160;

/// The longest text that is built.
const MAX_TEXT: usize = 256 * 1024;

/// The largest map that is built.
pub(super) const MAX_ENTRIES: usize = 4096;

/// Said where expressions are nested deeper.
const TOO_DEEP: Limit = Limit::new("levels of values and references", MAX_DEPTH as usize);

/// Said where a text becomes longer.
const TOO_LONG: Limit = Limit::new("bytes in a text that an expression puts together", MAX_TEXT);

/// Said where a map is larger.
pub(super) const TOO_MANY_ENTRIES: Limit = Limit::new("entries of a map", MAX_ENTRIES);

impl<'d> Module<'d> {
    /// An unknown expression at the place of a value.
    pub(super) fn unknown_at(&mut self, value: ValueId) -> ValueId {
        let place = self.builder.values.place(value);
        self.unknown(Unknown::Expression, place)
    }

    pub(super) fn unknown(&mut self, why: Unknown, place: Place) -> ValueId {
        self.builder.values.unknown(why, place)
    }

    /// The unknown value of what is beyond the steps or the nesting that are allowed.
    pub(super) fn give_up(&mut self, place: Place) -> ValueId {
        let limit = if self.fuel == 0 { TOO_MANY_STEPS } else { TOO_DEEP };
        self.builder.values.give_up(limit, place)
    }

    /// Takes a step; false when the module's fuel is used up or the nesting is too deep.
    pub(super) fn step(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel > 0 && self.depth < MAX_DEPTH
    }

    /// A copy of a value at another place; what is known of its inside goes with it.
    pub(super) fn place_at(&mut self, value: ValueId, place: Place) -> ValueId {
        let why = match self.builder.values.data(value) {
            Data::Unknown(Unknown::Invalid) => Some(Unknown::Expression),
            _ => None,
        };
        let copy = match why {
            Some(why) => self.unknown(why, place),
            None => self.builder.values.copy_at(value, place),
        };
        if let Some(structure) = self.memo.encoded.get(&value) {
            self.memo.encoded.insert(copy, *structure);
        }
        if let Some(fragments) = self.memo.fragments.get(&value).cloned() {
            self.memo.fragments.insert(copy, fragments);
        }
        copy
    }

    /// A value of the configuration; strings are templates.
    pub(super) fn node(&mut self, node: NodeRef<'d>, anchor: Span, scope: &Scope) -> ValueId {
        let place = Place::written(node.span(), anchor);
        if !self.step() {
            return self.give_up(place);
        }
        self.depth += 1;
        let value = match node.kind() {
            NodeKind::Scalar => self.scalar(node, place, scope),
            NodeKind::Sequence => {
                let single = node.items().len() == 1;
                let items: Vec<ValueId> = node
                    .items()
                    .map(|item| self.node(item, if single { anchor } else { item_anchor(item) }, scope))
                    .collect();
                self.builder.values.list(&items, place)
            }
            NodeKind::Mapping => {
                let mut entries: Vec<Entry> = Vec::new();
                for entry in node.written_entries().filter(|entry| entry.name() != "//") {
                    let value = self.node(entry.value, entry.key.span(), scope);
                    if entries.len() >= MAX_ENTRIES {
                        self.depth -= 1;
                        return self.builder.values.give_up(TOO_MANY_ENTRIES, place);
                    }
                    let Some(name) = self.key_name(entry, scope) else {
                        self.depth -= 1;
                        return self.unknown(Unknown::Expression, place);
                    };
                    let key = self.builder.values.intern(&name);
                    put(&mut entries, key, value);
                }
                self.builder.values.map(&entries, place)
            }
        };
        self.depth -= 1;
        value
    }

    fn key_name(&mut self, entry: EntryRef<'d>, scope: &Scope) -> Option<String> {
        let name = entry.name();
        if !name.contains("${") && !name.contains("%{") {
            return Some(name.to_string());
        }
        let value = self.scalar(entry.key, Place::written(entry.key.span(), entry.key.span()), scope);
        self.builder.values.as_text(value).map(str::to_string)
    }

    fn scalar(&mut self, node: NodeRef<'d>, place: Place, scope: &Scope) -> ValueId {
        let Some(scalar) = node.scalar() else { return self.unknown(Unknown::Expression, place) };
        match scalar.typed(Schema::Core) {
            Typed::Null => self.builder.values.null(place),
            Typed::Bool(value) => self.builder.values.bool(value, place),
            Typed::Int(value) => self.builder.values.int(value, place),
            Typed::Float(value) => self.builder.values.float(value, place),
            Typed::Str(text) if !text.contains("${") && !text.contains("%{") => {
                self.builder.values.text(text, place)
            }
            Typed::Str(text) => {
                let parts = expression::template(text);
                let value = self.template(&parts, &Places::of_string(node), place, scope);
                self.place_at(value, place)
            }
        }
    }

    /// A string: one expression alone keeps its type, anything else is text.
    pub(super) fn template(
        &mut self,
        parts: &[Part],
        places: &Places,
        place: Place,
        scope: &Scope,
    ) -> ValueId {
        if let [Part::Expression(expression)] = parts {
            return self.expression(expression, places, scope);
        }
        let mut text = String::new();
        let mut unknown = None;
        for part in parts {
            let why = match part {
                Part::Text(literal, _) => {
                    text.push_str(literal);
                    None
                }
                Part::Opaque(..) => Some(Unknown::Expression),
                Part::Expression(expression) => {
                    let value = self.expression(expression, places, scope);
                    match self.builder.values.data(value) {
                        Data::Unknown(why) => Some(why),
                        _ => match functions::as_text(&self.builder.values, value) {
                            Some(known) => {
                                text.push_str(&known);
                                None
                            }
                            None => Some(Unknown::Expression),
                        },
                    }
                }
            };
            if let Some(why) = why {
                unknown.get_or_insert(why);
                text.push('…');
            }
            if text.len() > MAX_TEXT {
                return self.builder.values.give_up(TOO_LONG, place);
            }
        }
        self.fuel = self.fuel.saturating_sub(text.len() as u32 / 64);
        match unknown {
            None => self.builder.values.text(&text, place),
            Some(why) => {
                let value = self.unknown(why, place);
                self.memo.fragments.insert(value, text);
                value
            }
        }
    }

    /// The value of an expression of a string whose bytes stand at `places`.
    pub(super) fn expression(&mut self, from: &Expression, places: &Places, scope: &Scope) -> ValueId {
        let span = places.span(from.start, from.end);
        let place = Place::written(span, span);
        if !self.step() {
            return self.give_up(place);
        }
        self.depth += 1;
        let value = self.kind(from, places, place, scope);
        self.depth -= 1;
        value
    }

    fn kind(&mut self, from: &Expression, places: &Places, place: Place, scope: &Scope) -> ValueId {
        match &from.kind {
            Kind::Null => self.builder.values.null(place),
            Kind::Bool(value) => self.builder.values.bool(*value, place),
            Kind::Int(value) => self.builder.values.int(*value, place),
            Kind::Float(value) => self.builder.values.float(*value, place),
            Kind::Template(parts) => self.template(parts, places, place, scope),
            Kind::Name(name) => match bound(scope, name) {
                Some(value) => value,
                None => self.unknown(Unknown::Expression, place),
            },
            Kind::Attribute(base, name) => match &base.kind {
                Kind::Name(root) => self.root(root, name, place, scope),
                _ => {
                    let base = self.expression(base, places, scope);
                    self.attribute(base, name, place)
                }
            },
            Kind::Index(base, key) => {
                let base = self.expression(base, places, scope);
                let key = self.expression(key, places, scope);
                self.index(base, key, place)
            }
            Kind::Splat(base, steps) => self.splat(base, steps, places, place, scope),
            Kind::Call { name, arguments, expand } => {
                self.call(name, arguments, *expand, places, place, scope)
            }
            Kind::Unary(operator, operand) => {
                let operand = self.expression(operand, places, scope);
                let values = &mut self.builder.values;
                match (operator, values.data(operand)) {
                    (_, Data::Unknown(_)) => operand,
                    (Unary::Minus, Data::Int(value)) => values.int(value.saturating_neg(), place),
                    (Unary::Minus, Data::Float(value)) => values.float(-value, place),
                    (Unary::Not, _) => match values.as_bool(operand) {
                        Some(value) => values.bool(!value, place),
                        None => values.unknown(Unknown::Expression, place),
                    },
                    _ => values.unknown(Unknown::Expression, place),
                }
            }
            Kind::Binary(operator, left, right) => {
                let left = self.expression(left, places, scope);
                let right = self.expression(right, places, scope);
                self.binary(*operator, left, right, place)
            }
            Kind::Conditional(condition, then, otherwise) => {
                let condition = self.expression(condition, places, scope);
                match self.builder.values.as_bool(condition) {
                    Some(true) => self.expression(then, places, scope),
                    Some(false) => self.expression(otherwise, places, scope),
                    None => {
                        let then = self.expression(then, places, scope);
                        let otherwise = self.expression(otherwise, places, scope);
                        match functions::equal(&self.builder.values, then, otherwise) {
                            Some(true) => then,
                            _ => self.unknown(Unknown::Condition, place),
                        }
                    }
                }
            }
            Kind::List(items) => {
                let items: Vec<ValueId> =
                    items.iter().map(|item| self.expression(item, places, scope)).collect();
                self.builder.values.list(&items, place)
            }
            Kind::Object(entries) => self.object(entries, places, place, scope),
            Kind::For(each) => self.comprehension(each, places, place, scope),
        }
    }

    fn object(
        &mut self,
        from: &[(Expression, Expression)],
        places: &Places,
        place: Place,
        scope: &Scope,
    ) -> ValueId {
        if from.len() > MAX_ENTRIES {
            return self.builder.values.give_up(TOO_MANY_ENTRIES, place);
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(from.len());
        for (key, value) in from {
            let key_span = places.span(key.start, key.end);
            let key = self.expression(key, places, scope);
            let Some(name) = functions::as_text(&self.builder.values, key) else {
                return self.unknown(Unknown::Expression, place);
            };
            let value_span = places.span(value.start, value.end);
            let value = self.expression(value, places, scope);
            let value = self.place_at(value, Place::written(value_span, key_span));
            let key = self.builder.values.intern(&name);
            put(&mut entries, key, value);
        }
        self.builder.values.map(&entries, place)
    }

    /// `root.name`: the names of the language first, then resources.
    fn root(&mut self, root: &str, name: &str, place: Place, scope: &Scope) -> ValueId {
        if let Some(value) = bound(scope, root) {
            return self.attribute(value, name, place);
        }
        let value = match (root, name) {
            ("var", _) => self.variable(name),
            ("local", _) => self.local_value(name),
            ("each", "key") => scope.each.map(|(key, _)| key),
            ("each", "value") => scope.each.map(|(_, value)| value),
            ("count", "index") => scope.index,
            ("module", _) => self.module_value(name, place),
            ("data" | "path" | "terraform" | "ephemeral", _) => None,
            _ => self.resource(root, name, place),
        };
        match value {
            Some(value) => value,
            // NOTE: what is not declared here may stand in a file that is not read, such as HCL.
            None => self.unknown(Unknown::Outside, place),
        }
    }

    fn splat(
        &mut self,
        base: &Expression,
        steps: &[Step],
        places: &Places,
        place: Place,
        scope: &Scope,
    ) -> ValueId {
        let base = self.expression(base, places, scope);
        let items = match self.builder.values.data(base) {
            Data::Unknown(_) => return base,
            Data::Null => Vec::new(),
            Data::List(items) => items.to_vec(),
            _ => vec![base],
        };
        let mut found = Vec::with_capacity(items.len());
        for mut item in items {
            if !self.step() {
                return self.give_up(place);
            }
            for step in steps {
                item = match step {
                    Step::Attribute(name) => self.attribute(item, name, place),
                    Step::Index(key) => {
                        let key = self.expression(key, places, scope);
                        self.index(item, key, place)
                    }
                };
            }
            found.push(item);
        }
        self.builder.values.list(&found, place)
    }

    fn binary(&mut self, operator: Binary, left: ValueId, right: ValueId, place: Place) -> ValueId {
        let values = &mut self.builder.values;
        let settled = match operator {
            Binary::And | Binary::Or => {
                // One side may settle it alone.
                let decisive = operator == Binary::Or;
                match (values.as_bool(left), values.as_bool(right)) {
                    (Some(value), _) | (_, Some(value)) if value == decisive => Some(decisive),
                    (Some(_), Some(_)) => Some(!decisive),
                    _ => None,
                }
            }
            Binary::Equal => functions::equal(values, left, right),
            Binary::NotEqual => functions::equal(values, left, right).map(|equal| !equal),
            _ => return functions::arithmetic(values, operator, left, right, place),
        };
        match settled {
            Some(value) => values.bool(value, place),
            None => values.unknown(Unknown::Expression, place),
        }
    }

    /// Keys and values of a collection in the order in which Terraform goes through it; for a list the keys are
    /// its texts where `for_each` takes it as a set.
    pub(super) fn pairs(&mut self, collection: ValueId) -> Option<Vec<(String, ValueId)>> {
        self.fuel = self.fuel.saturating_sub(functions::cost(&self.builder.values, &[collection]));
        if self.fuel == 0 {
            return None;
        }
        let values = &self.builder.values;
        match values.data(collection) {
            Data::Map(entries) => {
                let mut pairs: Vec<(String, ValueId)> = entries
                    .iter()
                    .map(|entry| (values.key_text(entry.key).to_string(), entry.value))
                    .collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                Some(pairs)
            }
            Data::List(items) => {
                let pairs = items.iter().map(|item| Some((functions::as_text(values, *item)?, *item)));
                pairs.collect()
            }
            _ => None,
        }
    }

    fn comprehension(&mut self, each: &For, places: &Places, place: Place, scope: &Scope) -> ValueId {
        let collection = self.expression(&each.collection, places, scope);
        let pairs: Vec<(ValueId, ValueId)> = match self.builder.values.data(collection) {
            Data::Unknown(_) => return collection,
            Data::List(items) => {
                let items = items.to_vec();
                let key = |(at, item)| (self.builder.values.int(at as i64, place), item);
                items.into_iter().enumerate().map(key).collect()
            }
            Data::Map(_) => {
                let pairs = self.pairs(collection).unwrap_or_default();
                let key = |(key, item): (String, ValueId)| (self.builder.values.text(&key, place), item);
                pairs.into_iter().map(key).collect()
            }
            _ => return self.unknown(Unknown::Expression, place),
        };
        let mut scope = scope.clone();
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        for (key, value) in pairs {
            if entries.len() >= MAX_ENTRIES {
                return self.builder.values.give_up(TOO_MANY_ENTRIES, place);
            }
            if !self.step() {
                return self.give_up(place);
            }
            if each.grouped {
                return self.unknown(Unknown::Expression, place);
            }
            let outer = scope.names.len();
            scope.names.extend(each.key.iter().map(|name| (name.clone(), key)));
            scope.names.push((each.value.clone(), value));
            let condition = each.condition.as_ref().map(|condition| {
                let condition = self.expression(condition, places, &scope);
                self.builder.values.as_bool(condition)
            });
            match condition {
                Some(None) => return self.unknown(Unknown::Condition, place),
                Some(Some(false)) => {}
                _ => {
                    if let Some(item_key) = &each.item_key {
                        let item_key = self.expression(item_key, places, &scope);
                        let Some(name) = functions::as_text(&self.builder.values, item_key) else {
                            return self.unknown(Unknown::Expression, place);
                        };
                        let value = self.expression(&each.item, places, &scope);
                        let key = self.builder.values.intern(&name);
                        put(&mut entries, key, value);
                    } else {
                        items.push(self.expression(&each.item, places, &scope));
                    }
                }
            }
            scope.names.truncate(outer);
        }
        match each.item_key {
            Some(_) => self.builder.values.map(&entries, place),
            None => self.builder.values.list(&items, place),
        }
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Expression],
        expand: bool,
        places: &Places,
        place: Place,
        scope: &Scope,
    ) -> ValueId {
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.expression(argument, places, scope);
            // The first argument without a fault is the answer; what comes after it does not matter.
            if name == "try" && !matches!(self.builder.values.data(value), Data::Unknown(Unknown::Invalid)) {
                return value;
            }
            given.push(value);
        }
        if expand {
            let last = given.pop();
            match last.map(|last| (last, self.builder.values.data(last))) {
                Some((_, Data::List(items))) => given.extend_from_slice(items),
                Some((last, Data::Unknown(_))) => return last,
                _ => return self.unknown(Unknown::Expression, place),
            }
        }
        self.fuel = self.fuel.saturating_sub(functions::cost(&self.builder.values, &given));
        if self.fuel == 0 {
            return self.give_up(place);
        }
        match (name, given.as_slice()) {
            ("jsonencode", [structure]) => {
                let value = match functions::to_json(&self.builder.values, *structure) {
                    Some(text) if text.len() <= MAX_TEXT => self.builder.values.text(&text, place),
                    Some(_) => self.builder.values.give_up(TOO_LONG, place),
                    _ => self.unknown(Unknown::Expression, place),
                };
                self.memo.encoded.insert(value, *structure);
                value
            }
            ("jsondecode", [text]) => match self.memo.encoded.get(text) {
                Some(structure) => *structure,
                None => self.unknown(Unknown::Expression, place),
            },
            ("sensitive" | "nonsensitive", [value]) => *value,
            ("can", [value]) => match self.builder.values.data(*value) {
                Data::Unknown(Unknown::Invalid) => self.builder.values.bool(false, place),
                Data::Unknown(why) => self.unknown(why, place),
                _ => self.builder.values.bool(true, place),
            },
            _ => functions::call(&mut self.builder.values, name, &given, place),
        }
    }
}

/// What to point at when something is absent in an item of a list: a block's type, else the item.
pub(super) fn item_anchor(item: NodeRef<'_>) -> Span {
    item.tag().map_or(item.span(), |tag| tag.span)
}

fn bound(scope: &Scope, name: &str) -> Option<ValueId> {
    scope.names.iter().rev().find(|(bound, _)| bound == name).map(|(_, value)| *value)
}

/// Sets a key; a later one wins.
pub(super) fn put(entries: &mut Vec<Entry>, key: crate::model::Key, value: ValueId) {
    match entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => entry.value = value,
        None => entries.push(Entry { key, value }),
    }
}
