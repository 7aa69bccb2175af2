//! What the fixes of all rules look up in one model, made when the first of them asks.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use crate::model::{Data, Model, Origin, Resource, ResourceIdx, ValueId, Values};
use crate::source::{FileId, Span};

/// How deep in a resource's properties a value is looked for.
pub(super) const MAX_DEPTH: usize = 12;

/// Where the properties of a resource are, as they count and as they are written.
pub(super) const SECTIONS: [&str; 2] = ["Effective", "Properties"];

const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// The resources of a model, by what leads to them.
pub(in crate::engine) struct Known<'m> {
    pub(super) model: &'m Model,
    of_values: OnceCell<FxHashMap<ValueId, ResourceIdx>>,
    /// By where their names start.
    of_names: OnceCell<FxHashMap<(FileId, u32), Vec<ResourceIdx>>>,
    /// The AWS resources that have a property written at a place.
    users: OnceCell<FxHashMap<Span, Vec<ResourceIdx>>>,
    /// The target groups in front of a Service.
    of_services: OnceCell<FxHashMap<ValueId, Vec<ResourceIdx>>>,
    /// Values and the resources they are somewhere inside of, sorted.
    owners: OnceCell<Vec<(ValueId, ResourceIdx)>>,
}

impl<'m> Known<'m> {
    pub(in crate::engine) fn new(model: &'m Model) -> Self {
        Self {
            model,
            of_values: OnceCell::new(),
            of_names: OnceCell::new(),
            users: OnceCell::new(),
            of_services: OnceCell::new(),
            owners: OnceCell::new(),
        }
    }

    /// The resource that a value is.
    pub(in crate::engine) fn resource(&self, value: ValueId) -> Option<ResourceIdx> {
        let all = || self.all().map(|(idx, resource)| (resource.value, idx)).collect();
        self.of_values.get_or_init(all).get(&value).copied()
    }

    /// The resources that a value is somewhere inside of, in their order.
    pub(super) fn owners(&self, value: ValueId) -> impl Iterator<Item = ResourceIdx> + '_ {
        let owners = self.owners.get_or_init(|| self.find_owners());
        let start = owners.partition_point(|(other, _)| *other < value);
        owners[start..].iter().take_while(move |(other, _)| *other == value).map(|(_, idx)| *idx)
    }

    /// The AWS resources that have a property written at a place.
    pub(super) fn users(&self, span: Span) -> impl Iterator<Item = ResourceIdx> + '_ {
        self.users.get_or_init(|| self.find_users()).get(&span).into_iter().flatten().copied()
    }

    /// Resources that are written in the same place, as those of a module that is called twice.
    pub(super) fn written_with(&self, resource: ResourceIdx) -> impl Iterator<Item = ResourceIdx> + '_ {
        let own = self.model.resource(resource);
        let is_twin = move |idx: &ResourceIdx| {
            let other = self.model.resource(*idx);
            other.name == own.name && other.span == own.span && other.type_name == own.type_name
        };
        self.named_at(own.name.file, own.name.start).filter(is_twin)
    }

    /// The target groups that a controller builds with the annotations of an object.
    pub(super) fn built_for(&self, name: Span) -> Vec<ResourceIdx> {
        // With or without its quote.
        let starts = [name.start.checked_sub(1), Some(name.start), name.start.checked_add(1)];
        let named = starts.into_iter().flatten().flat_map(|start| self.named_at(name.file, start));
        let named: Vec<ResourceIdx> = named.collect();
        let type_of = |idx: &ResourceIdx| self.model.resource(*idx).type_name.as_str();
        let object = named.iter().filter(|idx| type_of(idx).starts_with("Kubernetes::")).min();
        let of_service = object.and_then(|object| {
            let groups = self.of_services.get_or_init(|| self.find_groups());
            groups.get(&self.model.resource(*object).value)
        });
        let of_name = named.iter().filter(|idx| type_of(idx) == TARGET_GROUP);
        of_name.chain(of_service.into_iter().flatten()).copied().collect()
    }

    fn named_at(&self, file: FileId, start: u32) -> impl Iterator<Item = ResourceIdx> + '_ {
        let names = self.of_names.get_or_init(|| {
            let mut names: FxHashMap<_, Vec<ResourceIdx>> = FxHashMap::default();
            for (idx, resource) in self.all() {
                names.entry((resource.name.file, resource.name.start)).or_default().push(idx);
            }
            names
        });
        names.get(&(file, start)).into_iter().flatten().copied()
    }

    fn all(&self) -> impl Iterator<Item = (ResourceIdx, &'m Resource)> {
        let all = self.model.resources.iter().enumerate();
        all.map(|(idx, resource)| (ResourceIdx(idx as u32), resource))
    }

    fn find_groups(&self) -> FxHashMap<ValueId, Vec<ResourceIdx>> {
        let values = &self.model.values;
        let mut groups: FxHashMap<ValueId, Vec<ResourceIdx>> = FxHashMap::default();
        for (idx, resource) in self.all().filter(|(_, resource)| resource.type_name == TARGET_GROUP) {
            let services = values.at(resource.value, &["Links", "Services"]);
            for service in services.map(|list| values.items(list)).unwrap_or_default() {
                groups.entry(*service).or_default().push(idx);
            }
        }
        groups
    }

    fn find_owners(&self) -> Vec<(ValueId, ResourceIdx)> {
        let values = &self.model.values;
        let mut owners = Vec::new();
        let mut last_owners: FxHashMap<ValueId, ResourceIdx> = FxHashMap::default();
        for (idx, resource) in self.all() {
            let mut open: Vec<ValueId> =
                SECTIONS.iter().filter_map(|section| values.get(resource.value, section)).collect();
            while let Some(value) = open.pop() {
                // What the model joined is there more than once.
                if last_owners.insert(value, idx) == Some(idx) {
                    continue;
                }
                owners.push((value, idx));
                open.extend(values.items(value));
                open.extend(values.entries(value).iter().map(|entry| entry.value));
            }
        }
        owners.sort_unstable();
        owners
    }

    fn find_users(&self) -> FxHashMap<Span, Vec<ResourceIdx>> {
        let mut users = FxHashMap::default();
        for (idx, resource) in self.all() {
            if let Some(properties) = self.model.values.get(resource.value, "Properties")
                && resource.type_name.starts_with("AWS::")
            {
                note(&self.model.values, properties, idx, &mut users, 0);
            }
        }
        users
    }
}

/// Notes the places of what is written in a value.
fn note(
    values: &Values,
    value: ValueId,
    idx: ResourceIdx,
    users: &mut FxHashMap<Span, Vec<ResourceIdx>>,
    depth: usize,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let place = values.place(value);
    match values.data(value) {
        Data::Map(entries) => {
            entries.iter().for_each(|entry| note(values, entry.value, idx, users, depth + 1))
        }
        Data::List(items) => items.iter().for_each(|item| note(values, *item, idx, users, depth + 1)),
        _ if place.origin == Origin::Written => {
            let known = users.entry(place.span).or_default();
            if known.last() != Some(&idx) {
                known.push(idx);
            }
        }
        _ => {}
    }
}
