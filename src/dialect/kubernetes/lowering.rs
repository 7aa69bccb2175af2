//! The state of one lowering, and what its steps share.

use rustc_hash::FxHashMap;

use super::annotations::{ALB, Annotations, Setting};
use super::classes::{Cluster, Params, controller_name};
use super::evidence::Around;
use super::objects::{Object, World};
use super::ports::Ports;
use super::services::Services;
use super::values::is_placeholder;
use super::workloads::Workloads;
use crate::model::{Builder, Draft, Link, Place, Platform, ResourceIdx, Unknown, ValueId, Values};
use crate::source::Span;

/// A target group that a controller makes of a Service's port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) resource: ResourceIdx,
    /// The Service and the index of its port, where the files have them.
    pub(super) backend: Option<(usize, usize)>,
    /// The object that asked for it.
    pub(super) owner: usize,
}

/// Everything that the steps read and add to.
#[derive(Debug)]
pub(super) struct Lowering<'w, 'd> {
    pub(super) world: &'w World<'d>,
    pub(super) workloads: &'w Workloads<'d>,
    pub(super) services: Services<'d>,
    pub(super) ports: Ports<'d>,
    pub(super) cluster: Cluster,
    pub(super) builder: Builder,
    /// The resource of each object.
    pub(super) resources: Vec<ResourceIdx>,
    pub(super) groups: Vec<Group>,
    pub(super) ids: Ids,
    /// Why controllers will not accept objects, by object.
    pub(super) refusals: Vec<(usize, Refusal)>,
}

/// Why a controller will not accept an object, where that takes more than one object, or setting, to see.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// A word of the section `Refusals`.
    pub(super) reason: &'static str,
    /// In a few words.
    pub(super) text: String,
    /// What a person would edit.
    pub(super) at: Span,
    /// What it contradicts.
    pub(super) other: Option<Span>,
    /// What has to be there instead, or beside, where that is settled.
    pub(super) meant: Option<Meant>,
}

/// What a fix may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meant {
    /// A text in place of the one that is refused.
    Text(String),
    /// Entries, each a text or one of its own with a text, in the block that is refused.
    Inside(Vec<(&'static str, Inner)>),
}

/// An entry of a block that a fix may fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inner {
    /// `key: text`.
    Text(String),
    /// `key: {name: text}`.
    Entry(&'static str, String),
}

impl Refusal {
    /// A refusal that contradicts nothing in particular, and for which there is no one mend.
    pub(super) fn new(reason: &'static str, text: String, at: Span) -> Self {
        Self { reason, text, at, other: None, meant: None }
    }
}

impl Meant {
    fn value(&self, values: &mut Values, place: Place) -> ValueId {
        match self {
            Meant::Text(text) => values.text(text, place),
            Meant::Inside(entries) => {
                let mut made = Vec::with_capacity(entries.len());
                for (key, inner) in entries {
                    let value = match inner {
                        Inner::Text(text) => values.text(text, place),
                        Inner::Entry(name, text) => {
                            let text = values.text(text, place);
                            values.map_of(&[(*name, text)], place)
                        }
                    };
                    made.push((*key, value));
                }
                values.map_of(&made, place)
            }
        }
    }
}

/// Makes ids unique: the same object may stand in several files.
#[derive(Debug, Default)]
pub(super) struct Ids(FxHashMap<String, usize>);

impl Ids {
    /// The id itself the first time, then with a number.
    pub(super) fn unique(&mut self, id: String) -> String {
        let seen = self.0.entry(id.clone()).or_default();
        *seen += 1;
        if *seen == 1 { id } else { format!("{id} ({seen})") }
    }
}

impl<'d> Lowering<'_, 'd> {
    /// Adds a resource that a controller builds for an object.
    pub(super) fn add_built(
        &mut self,
        owner: &Object<'d>,
        id: String,
        kind: &str,
        name: Span,
        platform: Platform,
    ) -> ResourceIdx {
        let id = self.ids.unique(id);
        let mut draft = Draft::new(id, kind, name, owner.node.span(), platform);
        draft.controller =
            Some(self.builder.values.text(controller_name(platform), Place::fact_at(owner.name_span)));
        self.builder.add(draft)
    }

    /// Links a target group with the Service and the pods' ports behind it.
    pub(super) fn link_backend(&mut self, group: Group) {
        self.builder.link(self.resources[group.owner], Link::TargetGroups, group.resource);
        let Some((service, port)) = group.backend else {
            self.builder.draft_mut(group.resource).unknown_links.extend([
                Link::Ports,
                Link::HealthCheckPorts,
                Link::Services,
                Link::Workloads,
            ]);
            return;
        };
        let entry = match self.world.objects[group.owner].kind {
            "Service" | "TCPRoute" | "TLSRoute" | "UDPRoute" => "layer4",
            // Behind what was declared elsewhere; see `note_entries`.
            "TargetGroupBinding" => "target-group",
            _ => "layer7",
        };
        let service = &self.services.all[service];
        self.builder.link(group.resource, Link::Services, service.resource);
        for behind in &service.ports[port].behind {
            let port = &mut self.ports.all[behind.0];
            self.builder.link(group.resource, Link::Ports, port.resource);
            if !port.entries.contains(&entry) {
                port.entries.push(entry);
            }
        }
        match &service.selected {
            super::workloads::Selected::Workloads(selected) => {
                for workload in selected {
                    let resource = self.resources[self.workloads.all[*workload].object];
                    self.builder.link(group.resource, Link::Workloads, resource);
                }
            }
            _ => self.builder.draft_mut(group.resource).unknown_links.push(Link::Workloads),
        }
        if service.ports[port].behind.is_empty() {
            self.builder.draft_mut(group.resource).unknown_links.push(Link::Ports);
        }
    }

    /// Writes the section `Refusals` of every object.
    pub(super) fn write_refusals(&mut self) {
        let mut by_object: FxHashMap<usize, Vec<Refusal>> = FxHashMap::default();
        for (object, refusal) in self.refusals.drain(..) {
            by_object.entry(object).or_default().push(refusal);
        }
        for (idx, object) in self.world.objects.iter().enumerate() {
            let values = &mut self.builder.values;
            let mut list = Vec::new();
            for refusal in by_object.remove(&idx).unwrap_or_default() {
                // A text that another is to replace stands there; a verdict does not.
                let place = match refusal.meant {
                    Some(Meant::Text(_)) => Place::written(refusal.at, refusal.at),
                    _ => Place::fact_at(refusal.at),
                };
                let mut entry = vec![
                    ("Reason", values.text(refusal.reason, place)),
                    ("Text", values.text(&refusal.text, place)),
                ];
                if let Some(other) = refusal.other {
                    entry.push(("Other", values.text(&refusal.text, Place::fact_at(other))));
                }
                entry.extend(refusal.meant.map(|meant| ("Suggestion", meant.value(values, place))));
                list.push(values.map_of(&entry, place));
            }
            let list = values.list(&list, Place::fact_at(object.name_span));
            self.builder.draft_mut(self.resources[idx]).sections.push(("Refusals", list));
        }
    }

    /// Lets the names of Services and Ingresses speak for the groups and ports behind them, and joins twins.
    pub(super) fn join_groups(&mut self) {
        let mut around: Vec<Around<'d>> = Vec::new();
        let mut of_service: Vec<Vec<Group>> = vec![Vec::new(); self.services.all.len()];
        let mut of_owner: FxHashMap<usize, Vec<Group>> = FxHashMap::default();
        let mut of_port: FxHashMap<ResourceIdx, Vec<ResourceIdx>> = FxHashMap::default();
        let mut owners: Vec<usize> = Vec::new();
        for group in &self.groups {
            if let Some((service, port)) = group.backend {
                of_service[service].push(*group);
                for behind in &self.services.all[service].ports[port].behind {
                    of_port.entry(self.ports.all[behind.0].resource).or_default().push(group.resource);
                }
            }
            let of_this = of_owner.entry(group.owner).or_default();
            if of_this.is_empty() {
                owners.push(group.owner);
            }
            of_this.push(*group);
        }
        for (service, groups) in self.services.all.iter().zip(&of_service) {
            let object = &self.world.objects[service.object];
            let name_of = |port: usize| service.ports[port].name.map(|(name, _)| name);
            let mut within: Vec<(ResourceIdx, Option<&'d str>)> =
                groups.iter().filter_map(|group| Some((group.resource, name_of(group.backend?.1)))).collect();
            for (idx, port) in service.ports.iter().enumerate() {
                let behind = port.behind.iter().map(|id| (self.ports.all[id.0].resource, name_of(idx)));
                within.extend(behind);
            }
            around.push(Around { thing: "Service", name: object.name, span: object.name_span, within });
        }
        for owner in owners {
            let object = &self.world.objects[owner];
            if object.kind == "Service" {
                continue;
            }
            let within = of_owner[&owner].iter().map(|group| {
                let port = group.backend.map(|(service, port)| &self.services.all[service].ports[port]);
                (group.resource, port.and_then(|port| port.name).map(|(name, _)| name))
            });
            around.push(Around {
                thing: "Ingress",
                name: object.name,
                span: object.name_span,
                within: within.collect(),
            });
        }
        for around in around {
            around.speak(&mut self.builder);
        }
        let mut twins: Vec<&Vec<ResourceIdx>> = of_port.values().collect();
        twins.sort_unstable();
        for groups in twins {
            for (idx, group) in groups.iter().enumerate() {
                for other in &groups[..idx] {
                    if other != group {
                        self.builder.link(*group, Link::Twins, *other);
                        self.builder.link(*other, Link::Twins, *group);
                    }
                }
            }
        }
    }
}

/// A setting after the merge of all layers.
#[derive(Debug, Clone)]
pub(super) enum Layered<'d> {
    /// Nobody wrote it.
    Absent,
    /// This one won.
    Written(Setting<'d>),
    /// The files do not settle it.
    Unknown(Unknown),
}

impl<'d> Layered<'d> {
    /// The setting that won.
    pub(super) fn written(&self) -> Option<&Setting<'d>> {
        match self {
            Layered::Written(setting) => Some(setting),
            _ => None,
        }
    }
}

/// The settings of one backend: IngressClassParams over Service over Ingress.
#[derive(Debug)]
pub(super) struct View<'v, 'd> {
    pub(super) world: &'v World<'d>,
    pub(super) params: Params,
    /// The annotations of the Service; of several, when its name does not settle which one is meant.
    pub(super) services: Vec<&'v Annotations<'d>>,
    pub(super) ingress: &'v Annotations<'d>,
    /// What to point at for what is not written.
    pub(super) name: Span,
}

impl<'d> View<'_, 'd> {
    /// The annotation `alb.ingress.kubernetes.io/NAME` that wins.
    pub(super) fn get(&self, name: &str) -> Layered<'d> {
        let written: Vec<&Setting<'d>> =
            self.services.iter().filter_map(|service| service.under(ALB, name)).collect();
        match (written.first(), self.services.len()) {
            (Some(setting), 1) => return Layered::Written((*setting).clone()),
            (Some(_), _) => return Layered::Unknown(Unknown::Outside),
            (None, _) => {}
        }
        self.ingress.under(ALB, name).map_or(Layered::Absent, |setting| Layered::Written(setting.clone()))
    }

    /// The same for a setting that a field of IngressClassParams overrides.
    pub(super) fn get_over(&self, name: &str, field: &[&str]) -> Layered<'d> {
        match (self.field(field), self.get(name)) {
            (Layered::Absent, Layered::Absent) if self.params == Params::Unlisted => {
                Layered::Unknown(Unknown::Outside)
            }
            (Layered::Absent, setting) => setting,
            (settled, _) => settled,
        }
    }

    /// A field of the IngressClassParams.
    pub(super) fn field(&self, path: &[&str]) -> Layered<'d> {
        match self.params {
            Params::None | Params::Unlisted => Layered::Absent,
            Params::Unknown => Layered::Unknown(Unknown::Outside),
            Params::Object(idx) => {
                let Some((last, parents)) = path.split_last() else { return Layered::Absent };
                let entry = self.world.objects[idx].spec(parents).and_then(|parent| parent.entry(last));
                entry
                    .and_then(|entry| Setting::read(entry.key, entry.value))
                    .map_or(Layered::Absent, Layered::Written)
            }
        }
    }
}

/// A map of properties in the making.
#[derive(Debug, Default)]
pub(super) struct Properties(Vec<(&'static str, ValueId)>);

impl Properties {
    /// Adds a property.
    pub(super) fn put(&mut self, key: &'static str, value: ValueId) {
        self.0.push((key, value));
    }

    /// Adds a property when there is a setting for it.
    pub(super) fn put_layered<'d>(
        &mut self,
        values: &mut Values,
        key: &'static str,
        setting: &Layered<'d>,
        name: Span,
        read: impl FnOnce(&Setting<'d>, &mut Values) -> ValueId,
    ) {
        match setting {
            Layered::Absent => {}
            Layered::Written(setting) => self.0.push((key, read(setting, values))),
            Layered::Unknown(why) => self.0.push((key, values.unknown(*why, Place::fact_at(name)))),
        }
    }

    /// The map.
    pub(super) fn finish(self, values: &mut Values, place: Place) -> ValueId {
        values.map_of(&self.0, place)
    }
}

/// A word at a place, unknown where a template fills it in.
pub(super) fn word(values: &mut Values, text: &str, place: Place) -> ValueId {
    if is_placeholder(text) { values.unknown(Unknown::Expression, place) } else { values.text(text, place) }
}
