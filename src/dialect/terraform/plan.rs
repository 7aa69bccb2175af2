//! Plans and states as `terraform show -json` prints them: one model a file.
//!
//! A plan holds values with the provider's defaults filled in, leaves out what is known only after deployment, and
//! keeps beside them the configuration, which says what was written and what refers to what. Files that hold
//! nothing but the values (the root module of `planned_values`, also with addresses for keys) are read too.

mod address;
mod configuration;
mod declare;
mod references;

use rustc_hash::FxHashMap;

use crate::dialect::hints::Hints;
use crate::dialect::{Platforms, finish};
use crate::document::{EntryRef, Kind, NodeRef, Schema, Typed};
use crate::model::{Builder, Data, Entry, Limit, Model, Place, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

use super::evaluate::{MAX_ENTRIES, TOO_MANY_ENTRIES, put};
use super::kubernetes::Manifests;
use super::mapping::{self, Form, Row};
use super::shape::{Missing, shape};
use super::text::Places;
use super::{attachments, containers, names};
use configuration::Configuration;
use declare::{Shape, changes, shape_of};

/// How deep values are looked into for what is unknown.
const MAX_DEPTH: u32 = 48;

/// Said where they are nested deeper.
const TOO_DEEP: Limit = Limit::new("levels of planned values", MAX_DEPTH as usize);

/// Whether a root is a plan or state.
pub(super) fn detect(root: NodeRef<'_>) -> bool {
    shape_of(root).is_some()
}

/// A resource instance of a plan.
struct Planned<'d> {
    idx: ResourceIdx,
    /// `module.a["k"]`; empty for the root module.
    module: String,
    resource_type: &'d str,
    name: &'d str,
    index: Option<String>,
    values: Option<NodeRef<'d>>,
    unknown: Option<NodeRef<'d>>,
    name_span: Span,
    span: Span,
}

struct Plan<'d> {
    builder: Builder,
    resources: Vec<Planned<'d>>,
    configuration: Option<Configuration<'d>>,
    /// Instances by module, type and name.
    instances: FxHashMap<(String, &'d str, &'d str), Vec<usize>>,
    /// The addresses of the instances of a module, by its address without the last key.
    modules: FxHashMap<String, Vec<String>>,
    /// What `arn` and `id` are known to be, of one resource alone.
    identities: FxHashMap<&'d str, Option<ResourceIdx>>,
    missing: Missing,
}

/// Lowers one plan.
pub(super) fn lower(root: NodeRef<'_>, platforms: &Platforms, hints: &Hints<'_>) -> Option<Model> {
    let shape = shape_of(root)?;
    let values = match shape {
        Shape::Plan => root.at(&["planned_values", "root_module"]),
        Shape::State => root.at(&["values", "root_module"]),
        Shape::Values => Some(root),
    };
    let mut plan = Plan {
        builder: Builder::new(),
        resources: Vec::new(),
        configuration: root.at(&["configuration", "root_module"]).map(Configuration::new),
        instances: FxHashMap::default(),
        modules: FxHashMap::default(),
        identities: FxHashMap::default(),
        missing: if shape == Shape::State { Missing::Absent } else { Missing::Unknown },
    };
    let changes = changes(root);
    match values {
        Some(module) => plan.declare_modules(module, &changes),
        None => plan.declare_changes(root),
    }
    for at in 0..plan.resources.len() {
        plan.properties(at);
    }
    plan.outputs();
    attachments::apply(&mut plan.builder);
    attachments::listener_protocols(&mut plan.builder);
    let manifests = plan.manifests(root);
    Some(finish(manifests.lower(plan.builder, platforms), hints))
}

impl<'d> Plan<'d> {
    fn properties(&mut self, at: usize) {
        let resource = &self.resources[at];
        let idx = resource.idx;
        let written = self.configuration.as_ref().and_then(|configuration| {
            configuration.resource(&resource.module, resource.resource_type, resource.name)
        });
        for needed in self.depends_on(at, written) {
            self.builder.draft_mut(idx).depends_on.push(needed);
        }
        let resource = &self.resources[at];
        let Some(mapped) = mapping::of_terraform(resource.resource_type) else { return };
        let expressions = written.and_then(|written| written.get("expressions"));
        let missing = if expressions.is_some() { Missing::Absent } else { self.missing };
        let place = Place::written(resource.span, resource.name_span);
        let layers = Layers { values: resource.values, expressions, unknown: resource.unknown };
        let body = self.block(at, layers, place, mapped.rows);
        if let Some(prefix) = self.builder.values.get(body, "name_prefix")
            && let Some(text) = self.builder.values.as_text(prefix).map(str::to_string)
        {
            let span = self.builder.values.place(prefix).span;
            names::add(&mut self.builder, idx, &text, span);
        }
        let shaped = shape(&mut self.builder.values, body, mapped.rows, missing);
        let draft = self.builder.draft_mut(idx);
        draft.properties = Some(shaped.properties);
        draft.blocks = shaped.blocks;
    }

    /// The objects of Kubernetes.
    fn manifests(&mut self, root: NodeRef<'d>) -> Manifests {
        let mut manifests = Manifests::default();
        for at in 0..self.resources.len() {
            let resource = &self.resources[at];
            let (resource_type, name) = (resource.resource_type, resource.name_span);
            // Without the changes nothing tells what is unknown from what is not set.
            let is_settled = resource.unknown.is_some() || self.missing == Missing::Absent;
            if let (true, Some(values)) = (Manifests::takes(resource_type) && is_settled, resource.values) {
                let unknown = resource.unknown;
                let body = self.plain(values, name);
                if let Some(unknown) = unknown {
                    self.add_unknown(body, unknown, 0);
                }
                self.bound_group(at, body);
                manifests.add(root.document(), resource_type, name, &self.builder.values, body);
            }
        }
        manifests
    }

    /// Puts the target group into a TargetGroupBinding whose ARN is known only after the apply, where the configuration of the
    /// manifest refers to nothing but one.
    fn bound_group(&mut self, at: usize, body: ValueId) {
        let values = &self.builder.values;
        let kind = values.at(body, &["manifest", "kind"]).and_then(|kind| values.as_text(kind));
        let spec = values.at(body, &["manifest", "spec"]);
        let (Some("TargetGroupBinding"), Some(spec)) = (kind, spec) else { return };
        let Some(arn) = values.get(spec, "targetGroupARN").filter(|arn| values.is_unknown(*arn)) else {
            return;
        };
        let place = values.place(arn);
        let resource = &self.resources[at];
        let written = self.configuration.as_ref().and_then(|configuration| {
            configuration.resource(&resource.module, resource.resource_type, resource.name)
        });
        let expression = written.and_then(|written| written.at(&["expressions", "manifest"]));
        if let Some([group]) = expression.and_then(|expression| self.referred(at, expression)).as_deref() {
            let reference = self.builder.values.reference(*group, place);
            self.builder.values.put(spec, "targetGroupARN", reference);
        }
    }

    /// Adds to a map, and to the maps in it, the keys of which the values are unknown.
    fn add_unknown(&mut self, value: ValueId, unknown: NodeRef<'d>, depth: u32) {
        if depth > MAX_DEPTH {
            return self.builder.values.reach(TOO_DEEP, unknown.span());
        }
        let items = self.builder.values.items(value).to_vec();
        for (item, unknown) in items.into_iter().zip(unknown.items()) {
            self.add_unknown(item, unknown, depth + 1);
        }
        if !matches!(self.builder.values.data(value), Data::Map(_)) {
            return;
        }
        let anchor = self.builder.values.place(value).anchor;
        for entry in unknown.written_entries().take(MAX_ENTRIES) {
            match self.builder.values.get(value, entry.name()) {
                Some(known) if !is_true(entry.value) => self.add_unknown(known, entry.value, depth + 1),
                _ if is_true(entry.value) => {
                    let open = self.builder.values.unknown(Unknown::Computed, Place::default_at(anchor));
                    self.builder.values.put(value, entry.name(), open);
                }
                _ => {}
            }
        }
    }

    /// The arguments of one block that the rows name.
    fn block(&mut self, at: usize, layers: Layers<'d>, place: Place, rows: &'static [Row]) -> ValueId {
        let mut entries: Vec<Entry> = Vec::new();
        for row in rows {
            let value = layers.values.and_then(|values| values.entry(row.argument));
            let expression = layers.expressions.and_then(|expressions| expressions.get(row.argument));
            let unknown = layers.unknown.and_then(|unknown| unknown.get(row.argument));
            let anchor = value.map_or(place.anchor, |value| value.key.span());
            let is_null = |value: EntryRef<'d>| value.value.scalar().is_some_and(is_null);
            let found = match (value, expression) {
                (Some(value), _) if is_null(value) => {
                    Some(self.builder.values.null(Place::written(value.value.span(), anchor)))
                }
                // The provider filled it in.
                (Some(value), None) if layers.expressions.is_some() && !is_blocks(value.value) => None,
                (Some(value), _) => {
                    let layers = Layers { values: Some(value.value), expressions: expression, unknown };
                    Some(self.argument(at, layers, anchor, row))
                }
                (None, Some(expression)) => self.after_deployment(at, expression, place.anchor, row),
                // Inside a `dynamic` block nothing tells what was written; what deployment decides is unknown.
                (None, None) if layers.expressions.is_none() && unknown.is_some_and(is_true) => {
                    Some(self.builder.values.unknown(Unknown::Computed, Place::default_at(place.anchor)))
                }
                (None, None) => None,
            };
            if let Some(found) = found {
                let key = self.builder.values.intern(row.argument);
                put(&mut entries, key, found);
            }
        }
        self.builder.values.map(&entries, place)
    }

    fn argument(&mut self, at: usize, layers: Layers<'d>, anchor: Span, row: &'static Row) -> ValueId {
        let node = layers.values.expect("internal error: an argument has a value");
        let place = Place::written(node.span(), anchor);
        match row.form {
            Form::Block(rows) | Form::Blocks(rows) | Form::Inline(rows) if node.kind() != Kind::Scalar => {
                self.blocks(at, layers, node, anchor, rows)
            }
            Form::Containers => match node.text() {
                Some(text) => {
                    let places = Places::of_string(node);
                    let read = containers::read_json(&mut self.builder.values, text, &places, place);
                    read.unwrap_or_else(|| self.builder.values.unknown(Unknown::Expression, place))
                }
                None => self.builder.values.unknown(Unknown::Expression, place),
            },
            _ => {
                let value = self.plain(node, anchor);
                match layers.expressions {
                    Some(expression) => self.with_references(at, value, expression, row),
                    None => value,
                }
            }
        }
    }

    fn blocks(
        &mut self,
        at: usize,
        layers: Layers<'d>,
        node: NodeRef<'d>,
        anchor: Span,
        rows: &'static [Row],
    ) -> ValueId {
        let place = Place::written(node.span(), anchor);
        let listed: Vec<NodeRef<'d>> = match node.kind() {
            Kind::Sequence => node.items().collect(),
            _ => vec![node],
        };
        // Blocks and their expressions belong together in order, unless some of them are dynamic.
        let paired = |layer: Option<NodeRef<'d>>, at: usize| match layer {
            Some(layer) if layer.kind() == Kind::Sequence && layer.items().len() == listed.len() => {
                layer.items().nth(at)
            }
            Some(layer) if layer.kind() == Kind::Mapping && listed.len() == 1 => Some(layer),
            _ => None,
        };
        let single = listed.len() == 1;
        let blocks: Vec<ValueId> = listed
            .iter()
            .enumerate()
            .map(|(number, block)| {
                let layers = Layers {
                    values: Some(*block),
                    expressions: paired(layers.expressions, number).filter(is_block_of_expressions),
                    unknown: paired(layers.unknown, number),
                };
                let anchor = if single { anchor } else { block.span() };
                self.block(at, layers, Place::written(block.span(), anchor), rows)
            })
            .collect();
        self.builder.values.list(&blocks, place)
    }

    /// What was written for an argument whose value is not among the planned ones.
    fn after_deployment(
        &mut self,
        at: usize,
        expression: NodeRef<'d>,
        anchor: Span,
        row: &'static Row,
    ) -> Option<ValueId> {
        let place = Place::written(self.resources[at].name_span, anchor);
        if let Form::Block(rows) | Form::Blocks(rows) | Form::Inline(rows) = row.form
            && expression.kind() == Kind::Sequence
        {
            let blocks: Vec<ValueId> = expression
                .items()
                .map(|block| {
                    let layers = Layers { values: None, expressions: Some(block), unknown: None };
                    self.block(at, layers, place, rows)
                })
                .collect();
            return Some(self.builder.values.list(&blocks, place));
        }
        if let Some(constant) = expression.get("constant_value") {
            return Some(self.plain(constant, constant.span()));
        }
        let unknown = self.builder.values.unknown(Unknown::Computed, place);
        Some(self.with_references(at, unknown, expression, row))
    }

    /// Puts the resources that an expression refers to in the place of what deployment decides.
    fn with_references(
        &mut self,
        at: usize,
        value: ValueId,
        expression: NodeRef<'d>,
        row: &'static Row,
    ) -> ValueId {
        let values = &self.builder.values;
        let is_open = |value: ValueId| matches!(values.data(value), Data::Unknown(_) | Data::Null);
        let open_items = values.items(value).iter().filter(|item| is_open(**item)).count();
        let items = values.items(value).len();
        if !values.is_unknown(value) && (items == 0 || open_items < items) {
            return value;
        }
        let place = values.place(value);
        let found = self.referred(at, expression);
        match (row.form, found.as_deref()) {
            (Form::List, Some(found)) if items == 0 || items == found.len() => {
                let items: Vec<ValueId> =
                    found.iter().map(|idx| self.builder.values.reference(*idx, place)).collect();
                self.builder.values.list(&items, place)
            }
            (Form::List, _) => self.builder.values.unknown(Unknown::Computed, place),
            (_, Some([one])) => self.builder.values.reference(*one, place),
            _ => value,
        }
    }

    /// A value that stands there as it is; a text that is the ARN of a resource of the plan is that resource.
    fn plain(&mut self, node: NodeRef<'d>, anchor: Span) -> ValueId {
        let place = Place::written(node.span(), anchor);
        match node.kind() {
            Kind::Scalar => match node.scalar().map(|scalar| scalar.typed(Schema::Core)) {
                Some(Typed::Bool(value)) => self.builder.values.bool(value, place),
                Some(Typed::Int(value)) => self.builder.values.int(value, place),
                Some(Typed::Float(value)) => self.builder.values.float(value, place),
                Some(Typed::Str(text)) => match self.identities.get(text).copied().flatten() {
                    Some(idx) => self.builder.values.reference(idx, place),
                    None => self.builder.values.text(text, place),
                },
                Some(Typed::Null) | None => self.builder.values.null(place),
            },
            Kind::Sequence => {
                let items: Vec<ValueId> = node.items().map(|item| self.plain(item, item.span())).collect();
                self.builder.values.list(&items, place)
            }
            Kind::Mapping => {
                let mut entries: Vec<Entry> = Vec::new();
                if node.written_entries().nth(MAX_ENTRIES).is_some() {
                    return self.builder.values.give_up(TOO_MANY_ENTRIES, place);
                }
                for entry in node.written_entries() {
                    let value = self.plain(entry.value, entry.key.span());
                    let key = self.builder.values.intern(entry.name());
                    put(&mut entries, key, value);
                }
                self.builder.values.map(&entries, place)
            }
        }
    }
}

/// One block as the parts of a plan show it.
#[derive(Clone, Copy)]
struct Layers<'d> {
    values: Option<NodeRef<'d>>,
    /// What the configuration says; `None` when it does not say.
    expressions: Option<NodeRef<'d>>,
    /// `true` where deployment decides.
    unknown: Option<NodeRef<'d>>,
}

fn is_null(scalar: crate::document::Scalar<'_>) -> bool {
    scalar.typed(Schema::Core) == Typed::Null
}

fn is_true(node: NodeRef<'_>) -> bool {
    node.scalar().is_some_and(|scalar| scalar.typed(Schema::Core) == Typed::Bool(true))
}

/// Whether a value is a list of blocks, which may be dynamic and then stand in no expression.
fn is_blocks(node: NodeRef<'_>) -> bool {
    node.items().next().is_some_and(|item| item.kind() == Kind::Mapping)
}

/// Whether a node holds an expression for each argument, and is not itself the expression of an attribute.
fn is_block_of_expressions(node: &NodeRef<'_>) -> bool {
    node.kind() == Kind::Mapping && node.get("references").is_none() && node.get("constant_value").is_none()
}

#[cfg(test)]
mod tests;
