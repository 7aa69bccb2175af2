//! From nodes to values: functions are replaced by what they give in one scenario.
//!
//! What cannot be told from the template becomes an unknown value; nothing fails.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::embed::Position;
use super::function::{self, Call, Form, Function};
use super::parameter::{Choice, Parameter, Shape};
use super::scenario::{Open, Scenario};
use super::template::Template;
use crate::document::{Kind, NodeRef, Schema, Typed};
use crate::model::{Builder, Data, Entry, Limit, Place, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

/// How deep values, functions and conditions may be nested.
pub(super) const MAX_DEPTH: u32 = 128;

/// Said where values are nested deeper.
pub(super) const TOO_DEEP: Limit = Limit::new("levels of values and functions", MAX_DEPTH as usize);

/// Said where `Fn::ForEach` is nested deeper.
const TOO_MANY_LOOPS: Limit = Limit::new("`Fn::ForEach` in one another", MAX_LOOPS);

/// How deep `Fn::ForEach` may be nested; CloudFormation itself allows no more.
const MAX_LOOPS: usize = 5;

/// Maps with more keys than this use an index to find repeated keys.
const FEW_KEYS: usize = 16;

/// A loop variable of `Fn::ForEach` and its value.
pub(super) type Binding<'d> = (Cow<'d, str>, String);

/// Turns nodes into values of one scenario.
#[derive(Debug)]
pub(super) struct Resolver<'t, 'd> {
    pub(super) template: &'t Template<'d>,
    pub(super) builder: Builder,
    pub(super) scenario: Scenario,
    /// The resources by logical id; `None` where this scenario has it not.
    pub(super) resources: FxHashMap<&'t str, Option<ResourceIdx>>,
    /// The loop variables of `Fn::ForEach` around the node.
    pub(super) bindings: Vec<Binding<'d>>,
    /// Whether an open choice is to be reported rather than filled with the default.
    pub(super) asks: bool,
    /// The first open choice that was met while `asks` was set.
    pub(super) open: Option<Open>,
    /// Whether there may be more resources than those that are declared.
    pub(super) is_open: bool,
    /// Whether the references in the values may be uses that the model knows nothing of.
    pub(super) is_foreign: bool,
    /// Where it stands among the stacks of the project; `None` while names and scenarios are looked for.
    pub(super) position: Option<Box<Position<'t, 'd>>>,
    /// How many conditions stand around the node.
    pub(super) n_conditions: u32,
    pub(super) depth: u32,
    /// How many more nodes may be resolved.
    budget: usize,
    /// What it was at the beginning.
    all_of_budget: usize,
}

impl<'t, 'd> Resolver<'t, 'd> {
    /// A resolver for a template; `budget` bounds how many nodes it looks at.
    pub(super) fn new(template: &'t Template<'d>, scenario: Scenario, budget: usize) -> Self {
        Self {
            template,
            builder: Builder::new(),
            scenario,
            resources: FxHashMap::default(),
            bindings: Vec::new(),
            asks: false,
            open: None,
            is_open: false,
            is_foreign: false,
            position: None,
            n_conditions: 0,
            depth: 0,
            budget,
            all_of_budget: budget,
        }
    }

    /// The value of a node; `None` where it is `AWS::NoValue`. `anchor` is the key in front of it.
    pub(super) fn value(&mut self, node: NodeRef<'d>, anchor: Span) -> Option<ValueId> {
        let place = Place::written(function::written_span(node), anchor);
        self.nested(place, |resolver| match function::call(node) {
            Some(call) => resolver.call(call, place),
            None => Some(resolver.content(node, place)),
        })
    }

    /// The value of a function's argument.
    pub(super) fn argument(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        match call.form {
            Form::Tag => self.nested(place, |resolver| match function::long_call(call.argument) {
                Some(inner) => resolver.call(inner, place),
                None => Some(resolver.content(call.argument, place)),
            }),
            Form::Key => self.value(call.argument, place.anchor),
        }
    }

    /// Whether there is room for more repetitions of `Fn::ForEach`.
    pub(super) fn is_within_limits(&mut self, body: NodeRef<'d>) -> bool {
        if self.bindings.len() > MAX_LOOPS {
            self.builder.values.reach(TOO_MANY_LOOPS, body.span());
        }
        !self.is_exhausted() && self.bindings.len() <= MAX_LOOPS
    }

    /// Whether no more nodes may be looked at.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget == 0
    }

    fn nested(
        &mut self,
        place: Place,
        resolve: impl FnOnce(&mut Self) -> Option<ValueId>,
    ) -> Option<ValueId> {
        if self.depth >= MAX_DEPTH || self.budget == 0 {
            let limit = if self.budget == 0 {
                Limit::new("nodes for one scenario of the template", self.all_of_budget)
            } else {
                TOO_DEEP
            };
            return Some(self.builder.values.give_up(limit, place));
        }
        self.budget -= 1;
        self.depth += 1;
        let value = resolve(self);
        self.depth -= 1;
        value
    }

    /// The value of a node without regard to its tag.
    fn content(&mut self, node: NodeRef<'d>, place: Place) -> ValueId {
        match node.kind() {
            Kind::Scalar => self.scalar(node, place),
            Kind::Sequence => self.sequence(node, place),
            Kind::Mapping => self.mapping(node, place),
        }
    }

    fn scalar(&mut self, node: NodeRef<'d>, place: Place) -> ValueId {
        let Some(scalar) = node.scalar() else {
            return self.builder.values.null(place);
        };
        let is_text = node.tag().is_some_and(|tag| tag.text == "!!str");
        let typed = if is_text { Typed::Str(scalar.text) } else { scalar.typed(Schema::Core) };
        let values = &mut self.builder.values;
        match typed {
            Typed::Null => values.null(place),
            Typed::Bool(value) => values.bool(value, place),
            Typed::Int(value) => values.int(value, place),
            Typed::Float(value) => values.float(value, place),
            Typed::Str(text) => self.text(text, place),
        }
    }

    /// Text as written, its loop variables filled in.
    fn text(&mut self, text: &'d str, place: Place) -> ValueId {
        if text.contains("{{resolve:") {
            return self.builder.values.unknown(Unknown::Outside, place);
        }
        let text = self.bound(text);
        self.builder.values.text(&text, place)
    }

    fn sequence(&mut self, node: NodeRef<'d>, place: Place) -> ValueId {
        let mut items = Vec::with_capacity(node.items().len());
        for item in node.items() {
            items.extend(self.value(item, item_anchor(item, place.anchor)));
        }
        self.builder.values.list(&items, place)
    }

    fn mapping(&mut self, node: NodeRef<'d>, place: Place) -> ValueId {
        let mut entries = Entries::default();
        if self.add_entries(node, &mut entries) {
            self.builder.values.map(&entries.list, place)
        } else {
            // What a macro adds is not known, so nothing can be said to be absent.
            self.mention(node);
            self.builder.values.unknown(Unknown::Expression, place)
        }
    }

    /// Adds the entries of a mapping; whether they are all known.
    pub(super) fn add_entries(&mut self, node: NodeRef<'d>, entries: &mut Entries) -> bool {
        for entry in node.entries() {
            let Some(name) = entry.key.text() else { continue };
            if function::is_for_each(name) {
                if !self.for_each(entry.value, |resolver, body| resolver.add_entries(body, entries)) {
                    return false;
                }
                continue;
            }
            if name.starts_with("Fn::") {
                return false;
            }
            if let Some(value) = self.value(entry.value, entry.key.span()) {
                let name = self.bound(name);
                let key = self.builder.values.intern(&name);
                entries.put(Entry { key, value });
            }
        }
        true
    }

    fn call(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        match call.function {
            Function::Ref => self.fn_ref(call, place),
            Function::GetAtt => Some(self.fn_get_att(call, place)),
            Function::Sub => self.fn_sub(call, place),
            Function::Join => Some(self.fn_join(call, place)),
            Function::Select => self.fn_select(call, place),
            Function::Split => Some(self.fn_split(call, place)),
            Function::FindInMap => self.fn_find_in_map(call, place),
            Function::If => self.fn_if(call, place),
            Function::Equals | Function::And | Function::Or | Function::Not | Function::Condition => {
                Some(self.truth_value(call, place))
            }
            Function::Base64 => Some(self.fn_base64(call, place)),
            Function::Length => Some(self.fn_length(call, place)),
            Function::ToJsonString => Some(self.fn_to_json_string(call, place)),
            Function::ImportValue => Some(self.fn_import_value(call, place)),
            Function::GetAzs => {
                self.mention(call.argument);
                Some(self.builder.values.unknown(Unknown::Outside, place))
            }
            Function::Cidr | Function::Transform | Function::Other => {
                self.mention(call.argument);
                Some(self.builder.values.unknown(Unknown::Expression, place))
            }
        }
    }

    fn fn_ref(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        match self.argument_text(call, place) {
            Some(name) => self.named(&name, place),
            None => Some(self.builder.values.unknown(Unknown::Expression, place)),
        }
    }

    /// What `Ref` gives for a name.
    pub(super) fn named(&mut self, name: &str, place: Place) -> Option<ValueId> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let Some((_, value)) = self.bindings.iter().rev().find(|(variable, _)| variable == name) {
            return Some(self.builder.values.text(value, place));
        }
        if let Some(idx) = self.template.parameter(name) {
            return Some(self.parameter(idx, place));
        }
        Some(match self.resources.get(name) {
            Some(Some(idx)) => self.reference(*idx, place),
            Some(None) => self.builder.values.unknown(Unknown::Condition, place),
            None => self.builder.values.unknown(Unknown::Expression, place),
        })
    }

    fn reference(&mut self, idx: ResourceIdx, place: Place) -> ValueId {
        if self.is_foreign {
            self.builder.draft_mut(idx).exported = true;
        }
        self.builder.values.reference(idx, place)
    }

    fn parameter(&mut self, idx: usize, place: Place) -> ValueId {
        let parameter: &'t Parameter<'d> = &self.template.parameters[idx];
        let why = if parameter.is_pseudo() { Unknown::Outside } else { Unknown::Parameter };
        // A secret may be compared but not shown.
        if parameter.is_secret() && self.n_conditions == 0 {
            return self.builder.values.unknown(why, place);
        }
        if let Some(given) = self.given(idx, place) {
            return given;
        }
        match self.scenario.parameters.get(&idx) {
            Some(Choice::Text(text)) => {
                let text = text.clone();
                self.shaped(parameter.shape(&text), why, place)
            }
            Some(Choice::Other) => self.builder.values.unknown(why, place),
            None if self.asks => {
                self.open.get_or_insert(Open::Parameter(idx));
                self.builder.values.unknown(why, place)
            }
            None if self.scenario.leaves_defaults => self.builder.values.unknown(why, place),
            None => self.shaped(parameter.usual(), why, place),
        }
    }

    pub(super) fn shaped(&mut self, shape: Shape<'_>, why: Unknown, place: Place) -> ValueId {
        let values = &mut self.builder.values;
        match shape {
            Shape::Text(text) if text.contains("{{resolve:") => values.unknown(Unknown::Outside, place),
            Shape::Text(text) => values.text(text, place),
            Shape::Number(Typed::Int(value)) => values.int(value, place),
            Shape::Number(Typed::Float(value)) => values.float(value, place),
            Shape::Number(Typed::Str(text)) => values.text(text, place),
            Shape::Number(_) => values.text("", place),
            Shape::List("") | Shape::Numbers("") => values.list(&[], place),
            Shape::List(text) => {
                let items: Vec<ValueId> =
                    text.split(',').map(|item| values.text(item.trim(), place)).collect();
                values.list(&items, place)
            }
            Shape::Numbers(text) => {
                let number = |item: &str| match item.trim().parse() {
                    Ok(number) => values.int(number, place),
                    Err(_) => values.text(item.trim(), place),
                };
                let items: Vec<ValueId> = text.split(',').map(number).collect();
                values.list(&items, place)
            }
            Shape::Unknown => values.unknown(why, place),
        }
    }

    /// The text of an argument that has to be a name.
    pub(super) fn argument_text(&mut self, call: Call<'d>, place: Place) -> Option<Cow<'d, str>> {
        let inner = match call.form {
            Form::Tag => function::long_call(call.argument),
            Form::Key => function::call(call.argument),
        };
        if inner.is_none() {
            return call.argument.text().map(|text| self.bound(text));
        }
        let value = self.argument(call, place)?;
        self.plain_text(value).map(|text| Cow::Owned(text.into_owned()))
    }

    /// Text with the loop variables filled in.
    pub(super) fn bound(&self, text: &'d str) -> Cow<'d, str> {
        if self.bindings.is_empty() || !text.contains(['$', '&']) {
            return Cow::Borrowed(text);
        }
        let mut bound = text.to_string();
        for (name, value) in &self.bindings {
            bound = bound.replace(&format!("${{{name}}}"), value);
            if bound.contains('&') {
                let letters: String = value.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
                bound = bound.replace(&format!("&{{{name}}}"), &letters);
            }
        }
        Cow::Owned(bound)
    }

    /// Marks the resources below a node as used by something that the model does not know.
    pub(super) fn mention(&mut self, node: NodeRef<'d>) {
        if self.resources.is_empty() {
            return;
        }
        let mut named = Vec::new();
        function::mentions(node, |name| {
            let name = self.bound(name);
            if let Some(Some(idx)) = self.resources.get(name.as_ref()) {
                self.builder.draft_mut(*idx).exported = true;
                named.push(name.into_owned());
            }
        });
        for name in named {
            self.export_nested(&name);
        }
    }

    /// The text of a known scalar.
    pub(super) fn plain_text(&self, value: ValueId) -> Option<Cow<'_, str>> {
        match self.builder.values.data(value) {
            Data::Text(text) => Some(Cow::Borrowed(text)),
            Data::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Data::Int(value) => Some(Cow::Owned(value.to_string())),
            Data::Float(value) => Some(Cow::Owned(value.to_string())),
            _ => None,
        }
    }
}

/// The entries of a map in the making: of a repeated key the last value counts.
#[derive(Debug, Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    index: FxHashMap<crate::model::Key, usize>,
}

impl Entries {
    fn put(&mut self, entry: Entry) {
        let known = if self.list.len() <= FEW_KEYS {
            self.list.iter().position(|known| known.key == entry.key)
        } else {
            if self.index.is_empty() {
                self.index.extend(self.list.iter().enumerate().map(|(at, entry)| (entry.key, at)));
            }
            self.index.get(&entry.key).copied()
        };
        match known {
            Some(at) => self.list[at] = entry,
            None => {
                if !self.index.is_empty() {
                    self.index.insert(entry.key, self.list.len());
                }
                self.list.push(entry);
            }
        }
    }
}

/// What to point at when something is absent inside of an item: its first key, else the list's key.
fn item_anchor(item: NodeRef<'_>, list: Span) -> Span {
    if item.is_alias() || function::call(item).is_some() {
        return list;
    }
    item.written_entries().next().map_or(list, |first| first.key.span())
}
