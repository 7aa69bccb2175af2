//! `.tf.json` files: the files of a directory are one module and give one model.

use std::rc::Rc;

use crate::diagnostic::Diagnostic;
use crate::dialect::hints::Hints;
use crate::dialect::{Platforms, finish};
use crate::document::{EntryRef, Kind, NodeRef};
use crate::model::{Data, Entry, Limit, Model, Place, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

use super::calls::Library;
use super::evaluate::{item_anchor, put};
use super::expression::{self, Part};
use super::kubernetes::Manifests;
use super::mapping::{self, Form, Row};
use super::module::{Module, Scope, bare, labels};
use super::shape::{Missing, shape};
use super::text::Places;
use super::{attachments, containers, functions, names};

/// How many blocks of one kind a resource may have before they count as unknown.
const MAX_BLOCKS: usize = 1024;

/// Said where there are more.
const TOO_MANY_BLOCKS: Limit = Limit::new("blocks of one kind", MAX_BLOCKS);

/// What a root module gives.
pub(super) struct Configured {
    pub(super) model: Model,
    /// What is wrong with the calls of modules.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The directories that are part of it.
    pub(super) directories: Vec<String>,
}

/// Lowers a directory as a root module, with the modules that it calls.
pub(super) fn lower(
    library: &Rc<Library<'_>>,
    directory: &str,
    platforms: &Platforms,
    hints: &Hints<'_>,
) -> Configured {
    let mut module = Module::new(Rc::clone(library), directory.to_string());
    module.expand_all();
    module.fill_all();
    module.export_own_outputs();
    let mut directories = Vec::new();
    module.directories(&mut directories);
    attachments::apply(&mut module.builder);
    attachments::listener_protocols(&mut module.builder);
    let mut manifests = Manifests::default();
    module.manifests(&mut manifests);
    let diagnostics = std::mem::take(&mut module.diagnostics);
    let builder = manifests.lower(module.into_builder(), platforms);
    Configured { model: finish(builder, hints), diagnostics, directories }
}

impl<'d> Module<'d> {
    /// Declares all resources, also those of the modules that are called, so that references can name them.
    pub(super) fn expand_all(&mut self) {
        for at in 0..self.resources.len() {
            self.expand(at);
        }
        self.expand_calls();
    }

    /// Fills in all resources, also those of the modules that are called.
    fn fill_all(&mut self) {
        for at in 0..self.resources.len() {
            self.uses(at);
            for instance in 0..self.resources[at].instances.len() {
                self.properties(at, instance);
            }
        }
        for node in std::mem::take(&mut self.passed) {
            self.export_named_in(node);
        }
        self.in_all_calls(Self::fill_all);
        self.calls_depend();
    }

    /// Marks what the outputs name as used by something that is not known. For a module that is called, its caller says
    /// whether that is so.
    pub(super) fn export_own_outputs(&mut self) {
        for output in self.outputs.clone() {
            self.export_named_in(output.value);
        }
    }

    fn export_named_in(&mut self, node: NodeRef<'d>) {
        let (resources, modules) = self.all_named_in(node);
        resources.into_iter().for_each(|used| self.export(used));
        modules.iter().for_each(|module| self.export_outputs(module));
    }

    /// Fills in what the user wrote for one instance.
    fn properties(&mut self, at: usize, instance: usize) {
        let declaration = &self.resources[at];
        let Some(mapped) = mapping::of_terraform(declaration.resource_type) else { return };
        let (idx, scope) =
            (declaration.instances[instance].idx, declaration.instances[instance].scope.clone());
        let place = Place::written(declaration.span, declaration.name_span);
        let bodies = declaration.bodies.clone();
        let body = self.body(&bodies, place, mapped.rows, &scope);
        self.partly_known_names(idx, body);
        let shaped = shape(&mut self.builder.values, body, mapped.rows, Missing::Absent);
        let draft = self.builder.draft_mut(idx);
        draft.properties = Some(shaped.properties);
        draft.blocks = shaped.blocks;
    }

    /// The objects of Kubernetes, evaluated as they are.
    fn manifests(&mut self, manifests: &mut Manifests) {
        for at in 0..self.resources.len() {
            let declaration = &self.resources[at];
            let (resource_type, name) = (declaration.resource_type, declaration.name_span);
            if !Manifests::takes(resource_type) {
                continue;
            }
            let Some(body) = declaration.bodies.first().copied() else { continue };
            for instance in 0..declaration.instances.len().min(1) {
                let scope = self.resources[at].instances[instance].scope.clone();
                let value = self.node(body, name, &scope);
                manifests.add(body.document(), resource_type, name, &self.builder.values, value);
            }
        }
        self.in_first_instances(|module| module.manifests(manifests));
    }

    fn partly_known_names(&mut self, idx: ResourceIdx, body: ValueId) {
        for argument in names::NAMES {
            let Some(value) = self.builder.values.get(body, argument) else { continue };
            let known = match self.builder.values.data(value) {
                Data::Text(text) if argument == "name_prefix" => Some(text.to_string()),
                _ => self.memo.fragments.get(&value).cloned(),
            };
            if let Some(known) = known {
                let span = self.builder.values.place(value).span;
                names::add(&mut self.builder, idx, &known, span);
            }
        }
    }

    /// Notes what a resource depends on, and what it uses in ways that no table knows.
    fn uses(&mut self, at: usize) {
        let declaration = &self.resources[at];
        let mapped = mapping::of_terraform(declaration.resource_type);
        let is_mapped =
            |name: &str| mapped.is_some_and(|mapped| mapped.rows.iter().any(|row| row.argument == name));
        let arguments: Vec<EntryRef<'d>> = declaration.arguments().collect();
        let explicit: Vec<NodeRef<'d>> =
            declaration.argument("depends_on").map(|entry| entry.value.items().collect()).unwrap_or_default();
        let mut needed = Vec::new();
        let drafts = self.drafts_named(&explicit);
        for entry in arguments {
            if !is_mapped(entry.name()) && entry.name() != "dynamic" {
                self.export_named_in(entry.value);
            }
            needed.extend(self.named_in(entry.value));
        }
        needed.sort_unstable();
        needed.dedup();
        let needed: Vec<ResourceIdx> = needed
            .into_iter()
            .filter(|needed| *needed != at)
            .flat_map(|needed| self.drafts(needed))
            .collect();
        for idx in self.drafts(at) {
            let others = drafts.iter().chain(&needed).filter(|other| **other != idx);
            self.builder.draft_mut(idx).depends_on.extend(others);
        }
    }

    /// The resources that the items of a `depends_on` name: of a module all.
    pub(super) fn drafts_named(&self, items: &[NodeRef<'d>]) -> Vec<ResourceIdx> {
        let mut found = Vec::new();
        for item in items {
            let mut words = bare(item.text().unwrap_or_default()).split(['.', '[']);
            match (words.next(), words.next()) {
                (Some("module"), Some(name)) => found.extend(self.drafts_within(name)),
                (Some(resource_type), Some(name)) => {
                    found.extend(self.find(resource_type, name).into_iter().flat_map(|at| self.drafts(at)));
                }
                _ => {}
            }
        }
        found
    }

    pub(super) fn drafts(&self, at: usize) -> Vec<ResourceIdx> {
        self.resources[at].instances.iter().map(|instance| instance.idx).collect()
    }

    fn export(&mut self, at: usize) {
        for idx in self.drafts(at) {
            self.builder.draft_mut(idx).exported = true;
        }
    }

    /// The arguments that the rows name, evaluated; of several bodies the last wins.
    fn body(&mut self, bodies: &[NodeRef<'d>], place: Place, rows: &'static [Row], scope: &Scope) -> ValueId {
        let mut entries: Vec<Entry> = Vec::new();
        for body in bodies {
            for entry in body.written_entries() {
                if let Some(row) = rows.iter().find(|row| row.argument == entry.name()) {
                    let value = self.argument(entry, row, scope);
                    let key = self.builder.values.intern(row.argument);
                    put(&mut entries, key, value);
                }
            }
            let Some(dynamic) = body.entry("dynamic") else { continue };
            for (_, block) in labels(dynamic.value) {
                if let Some(row) = rows.iter().find(|row| row.argument == block.name()) {
                    self.dynamic(&mut entries, block, row, scope);
                }
            }
        }
        self.builder.values.map(&entries, place)
    }

    fn argument(&mut self, entry: EntryRef<'d>, row: &'static Row, scope: &Scope) -> ValueId {
        let anchor = entry.key.span();
        match row.form {
            Form::Block(rows) | Form::Blocks(rows) | Form::Inline(rows) => {
                self.blocks(entry.value, anchor, rows, scope)
            }
            Form::Containers => self.containers(entry.value, anchor, scope),
            _ => self.node(entry.value, anchor, scope),
        }
    }

    /// A block, an array of blocks, or an expression in their place.
    fn blocks(&mut self, node: NodeRef<'d>, anchor: Span, rows: &'static [Row], scope: &Scope) -> ValueId {
        let place = Place::written(node.span(), anchor);
        match node.kind() {
            Kind::Mapping => self.body(&[node], place, rows, scope),
            Kind::Sequence => {
                let single = node.items().len() == 1;
                let blocks: Vec<ValueId> = node
                    .items()
                    .map(|item| {
                        let anchor = if single { anchor } else { item_anchor(item) };
                        match item.kind() {
                            Kind::Mapping => {
                                self.body(&[item], Place::written(item.span(), anchor), rows, scope)
                            }
                            _ => self.node(item, anchor, scope),
                        }
                    })
                    .collect();
                self.builder.values.list(&blocks, place)
            }
            Kind::Scalar => self.node(node, anchor, scope),
        }
    }

    /// The blocks that a `dynamic` block makes, added to those that are written; unknown when their number is.
    fn dynamic(&mut self, entries: &mut Vec<Entry>, block: EntryRef<'d>, row: &'static Row, scope: &Scope) {
        let key = self.builder.values.intern(row.argument);
        let place = Place::written(block.value.span(), block.key.span());
        let written = entries.iter().find(|entry| entry.key == key).map(|entry| entry.value);
        let mut made = match written.map(|written| (written, self.builder.values.data(written))) {
            Some((_, Data::List(items))) => items.to_vec(),
            Some((written, _)) => vec![written],
            None => Vec::new(),
        };
        for definition in super::module::objects(block.value) {
            let items = self.dynamic_items(definition, scope);
            if made.len() > MAX_BLOCKS {
                let given_up = self.builder.values.give_up(TOO_MANY_BLOCKS, place);
                return put(entries, key, given_up);
            }
            let Some(items) = items else {
                let unknown = self.builder.values.unknown(Unknown::Condition, place);
                return put(entries, key, unknown);
            };
            let iterator = definition.get("iterator").and_then(NodeRef::text).unwrap_or(row.argument);
            for (name, value) in items {
                let name = self.builder.values.text(&name, place);
                let bound = self.builder.values.map_of(&[("key", name), ("value", value)], place);
                let mut inner = scope.clone();
                inner.names.push((iterator.to_string(), bound));
                for content in definition.get("content").into_iter().flat_map(super::module::objects) {
                    made.push(match row.form {
                        Form::Block(rows) | Form::Blocks(rows) | Form::Inline(rows) => {
                            let place = Place::written(content.span(), block.key.span());
                            self.body(&[content], place, rows, &inner)
                        }
                        _ => self.node(content, block.key.span(), &inner),
                    });
                }
            }
        }
        let list = self.builder.values.list(&made, place);
        put(entries, key, list);
    }

    fn dynamic_items(&mut self, definition: NodeRef<'d>, scope: &Scope) -> Option<Vec<(String, ValueId)>> {
        let each = definition.entry("for_each")?;
        let items = self.node(each.value, each.key.span(), scope);
        match self.builder.values.data(items) {
            // A list of objects has no keys but its positions.
            Data::List(list) => {
                let name = |(at, item): (usize, &ValueId)| {
                    let text = functions::as_text(&self.builder.values, *item);
                    (text.unwrap_or_else(|| at.to_string()), *item)
                };
                Some(list.iter().enumerate().map(name).collect())
            }
            _ => self.pairs(items),
        }
    }

    /// Container definitions: a JSON text, which may hold expressions, or an expression that gives one.
    fn containers(&mut self, node: NodeRef<'d>, anchor: Span, scope: &Scope) -> ValueId {
        let place = Place::written(node.span(), anchor);
        let Some(text) = node.text() else { return self.node(node, anchor, scope) };
        let places = Places::of_string(node);
        let parts = expression::template(text);
        if let [Part::Expression(expression)] = parts.as_slice() {
            let value = self.expression(expression, &places, scope);
            if let Some(structure) = self.memo.encoded.get(&value).copied() {
                return self.place_at(structure, place);
            }
            if let Some(text) = self.builder.values.as_text(value).map(str::to_string) {
                let whole = Places::whole(node.span());
                let read = containers::read_json(&mut self.builder.values, &text, &whole, place);
                return read.unwrap_or_else(|| self.builder.values.unknown(Unknown::Expression, place));
            }
            return self.builder.values.unknown(Unknown::Expression, place);
        }
        let (json, places) = self.json_text(&parts, text.len(), &places, scope);
        let read = containers::read_json(&mut self.builder.values, &json, &places, place);
        read.unwrap_or_else(|| self.builder.values.unknown(Unknown::Expression, place))
    }

    /// The JSON text that a template gives, holes where a part is unknown.
    fn json_text(
        &mut self,
        parts: &[Part],
        length: usize,
        places: &Places,
        scope: &Scope,
    ) -> (String, Places) {
        let mut json = String::with_capacity(length);
        let mut written = Places::empty(places.literal());
        let mut quoted = false;
        for part in parts {
            let (start, known) = match part {
                Part::Text(text, start) => {
                    let shift = json.len() as u32;
                    for (offset, at) in places.runs_in(*start, start + text.len() as u32) {
                        written.push(shift + offset - start, at);
                    }
                    quoted = ends_quoted(text, quoted);
                    json.push_str(text);
                    continue;
                }
                Part::Expression(expression) => {
                    let value = self.expression(expression, places, scope);
                    (expression.start, functions::as_text(&self.builder.values, value))
                }
                Part::Opaque(start, _) => (*start, None),
            };
            written.push(json.len() as u32, places.span(start, start).start);
            match known {
                Some(known) => {
                    quoted = ends_quoted(&known, quoted);
                    json.push_str(&known);
                }
                None if quoted => json.push(containers::HOLE),
                None => {
                    json.push('"');
                    json.push(containers::HOLE);
                    json.push('"');
                }
            }
        }
        (json, written)
    }
}

/// Whether a JSON text ends inside a string.
fn ends_quoted(text: &str, mut quoted: bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => drop(bytes.next()),
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}
