//! What names lead to: variables, local values, resources, their attributes and items.

use crate::document::{Format, Kind as NodeKind, NodeRef, Schema, Typed};
use crate::model::{Data, Entry, Place, ResourceIdx, Unknown, ValueId};
use crate::source::{FileId, Span};

use super::evaluate::{MAX_ENTRIES, TOO_MANY_ENTRIES, put};
use super::functions;
use super::module::{Expansion, Module, Scope};

/// Attributes that stand for the resource itself.
pub(super) const IDENTITY: [&str; 3] = ["arn", "id", "name"];

impl<'d> Module<'d> {
    pub(super) fn variable(&mut self, name: &str) -> Option<ValueId> {
        let (name, variable) = self.declared(name)?;
        if let Some(known) = self.memo.variables.get(name) {
            return Some(*known);
        }
        let value = match variable.default {
            _ if self.inputs.contains_key(name) => {
                let value = self.inputs[name];
                variable.wanted.map_or(value, |wanted| self.conform(value, wanted))
            }
            _ if self.set_in_files(name).is_some() => {
                let entry = self.set_in_files(name)?;
                let value = self.literal(entry.value, entry.key.span());
                variable.wanted.map_or(value, |wanted| self.conform(value, wanted))
            }
            Some(entry) => {
                let value = self.literal(entry.value, entry.key.span());
                variable.wanted.map_or(value, |wanted| self.conform(value, wanted))
            }
            None => {
                let span = self.passed.first().map_or_else(|| self.any_span(), |node| node.span());
                self.unknown(Unknown::Parameter, Place::default_at(span.at_start()))
            }
        };
        self.memo.variables.insert(name, value);
        Some(value)
    }

    fn any_span(&self) -> Span {
        let first = self.resources.first().map(|declaration| declaration.span);
        first.unwrap_or_else(|| Span::new(FileId(0), 0, 0))
    }

    /// The default of a variable. In JSON its strings are not templates; in HCL it is an expression without names.
    fn literal(&mut self, node: NodeRef<'d>, anchor: Span) -> ValueId {
        if node.document().format == Format::Hcl {
            return self.node(node, anchor, &Scope::default());
        }
        let place = Place::written(node.span(), anchor);
        if !self.step() {
            return self.give_up(place);
        }
        self.depth += 1;
        let value = match node.kind() {
            NodeKind::Scalar => match node.scalar().map(|scalar| scalar.typed(Schema::Core)) {
                Some(Typed::Bool(value)) => self.builder.values.bool(value, place),
                Some(Typed::Int(value)) => self.builder.values.int(value, place),
                Some(Typed::Float(value)) => self.builder.values.float(value, place),
                Some(Typed::Str(text)) => self.builder.values.text(text, place),
                Some(Typed::Null) | None => self.builder.values.null(place),
            },
            NodeKind::Sequence => {
                let items: Vec<ValueId> = node.items().map(|item| self.literal(item, item.span())).collect();
                self.builder.values.list(&items, place)
            }
            NodeKind::Mapping => {
                let mut entries: Vec<Entry> = Vec::new();
                if node.written_entries().nth(MAX_ENTRIES).is_some() {
                    self.depth -= 1;
                    return self.builder.values.give_up(TOO_MANY_ENTRIES, place);
                }
                for entry in node.written_entries() {
                    let value = self.literal(entry.value, entry.key.span());
                    let key = self.builder.values.intern(entry.name());
                    put(&mut entries, key, value);
                }
                self.builder.values.map(&entries, place)
            }
        };
        self.depth -= 1;
        value
    }

    pub(super) fn local_value(&mut self, name: &str) -> Option<ValueId> {
        let (name, entry) = self.local(name)?;
        match self.memo.locals.get(name) {
            Some(Some(known)) => return Some(*known),
            Some(None) => {
                // A local value that is made from itself; Terraform refuses it.
                return Some(
                    self.unknown(Unknown::Expression, Place::written(entry.span(), entry.key.span())),
                );
            }
            None => {}
        }
        self.memo.locals.insert(name, None);
        let value = self.node(entry.value, entry.key.span(), &Scope::default());
        self.memo.locals.insert(name, Some(value));
        Some(value)
    }

    /// A resource as a value: itself, or a list or map of its instances.
    pub(super) fn resource(&mut self, resource_type: &str, name: &str, place: Place) -> Option<ValueId> {
        let at = self.find(resource_type, name)?;
        self.expand(at);
        let declaration = &self.resources[at];
        let values = &mut self.builder.values;
        match declaration.expansion {
            Expansion::Single | Expansion::Open => {
                let idx = declaration.instances.first()?.idx;
                Some(values.reference(idx, place))
            }
            Expansion::Counted => {
                let items: Vec<ValueId> = declaration
                    .instances
                    .iter()
                    .map(|instance| values.reference(instance.idx, place))
                    .collect();
                Some(values.list(&items, place))
            }
            Expansion::Keyed => {
                let mut entries = Vec::new();
                for instance in &declaration.instances {
                    let key = values.intern(instance.key.as_deref().unwrap_or_default());
                    let value = values.reference(instance.idx, place);
                    entries.push(Entry { key, value });
                }
                Some(values.map(&entries, place))
            }
            Expansion::Pending | Expansion::Running => Some(values.unknown(Unknown::Expression, place)),
        }
    }

    pub(super) fn attribute(&mut self, base: ValueId, name: &str, place: Place) -> ValueId {
        match self.builder.values.data(base) {
            Data::Unknown(_) => base,
            Data::Map(_) => match self.builder.values.get(base, name) {
                Some(value) => value,
                None => self.unknown(Unknown::Invalid, place),
            },
            Data::Reference(idx) => self.resource_attribute(idx, name, place),
            // The old form of a resource with a `count` of one.
            Data::List(&[item]) => self.attribute(item, name, place),
            _ => self.unknown(Unknown::Invalid, place),
        }
    }

    /// An attribute of a resource: its identity, what is written for it, or something that deployment decides.
    pub(super) fn resource_attribute(&mut self, idx: ResourceIdx, name: &str, place: Place) -> ValueId {
        if IDENTITY.contains(&name) {
            return self.builder.values.reference(idx, place);
        }
        let found = self.owner(idx).and_then(|(declaration, instance)| {
            let entry = declaration.argument(name)?;
            Some((entry, instance.scope.clone()))
        });
        let Some((entry, scope)) = found else {
            if self.owner(idx).is_none()
                && let Some(value) = self.attribute_within(idx, name, place)
            {
                return value;
            }
            return self.unknown(Unknown::Computed, place);
        };
        let memo = (idx, entry.name());
        match self.memo.arguments.get(&memo) {
            Some(Some(known)) => return *known,
            Some(None) => return self.unknown(Unknown::Expression, place),
            None => {}
        }
        self.memo.arguments.insert(memo, None);
        let value = self.node(entry.value, entry.key.span(), &scope);
        let value = match self.builder.values.data(value) {
            // An argument that is null is filled in by the provider.
            Data::Null => self.unknown(Unknown::Computed, place),
            _ => value,
        };
        self.memo.arguments.insert(memo, Some(value));
        value
    }

    pub(super) fn index(&mut self, base: ValueId, key: ValueId, place: Place) -> ValueId {
        let values = &mut self.builder.values;
        match (values.data(base), values.data(key)) {
            (Data::Unknown(_), _) => base,
            // One instance stands for all, whichever is asked for.
            (Data::Reference(_), _) => base,
            (_, Data::Unknown(_)) => key,
            (Data::List(items), _) => {
                let at = values.as_int(key).and_then(|at| usize::try_from(at).ok());
                match at.and_then(|at| items.get(at)) {
                    Some(item) => *item,
                    None => values.unknown(Unknown::Invalid, place),
                }
            }
            (Data::Map(_), _) => {
                let name = functions::as_text(values, key);
                match name.as_deref().and_then(|name| values.get(base, name)) {
                    Some(value) => value,
                    // A block that stands alone may be written without its array.
                    None if matches!(values.data(key), Data::Int(0)) => base,
                    None => values.unknown(Unknown::Invalid, place),
                }
            }
            _ => values.unknown(Unknown::Invalid, place),
        }
    }
}
