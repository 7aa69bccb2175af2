//! The ports of pods as resources: those that containers declare, and those that only a probe or a Service knows.

use rustc_hash::FxHashMap;

use super::objects::{Object, World};
use super::workloads::{PortRef, Workloads};
use crate::model::{Builder, Draft, Link, Place, Platform, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

/// A port in [`Ports`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PortId(pub(super) usize);

/// What a probe does at a port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    /// `readiness`, `liveness` or `startup`.
    pub(super) role: &'static str,
    /// `grpc`, `http`, `tcp` or `command`.
    pub(super) speaks: &'static str,
    /// Whether the kubelet itself sends it, not a command in the container.
    pub(super) is_native: bool,
    /// Why the API server refuses it.
    pub(super) problem: Option<&'static str>,
    /// Its handler.
    pub(super) span: Span,
}

/// A port on which a pod serves.
#[derive(Debug)]
pub(super) struct Port<'d> {
    pub(super) resource: ResourceIdx,
    /// The workload; `None` when the pods are not in the files.
    pub(super) workload: Option<usize>,
    /// The container, where it is clear which one serves there.
    pub(super) container: Option<usize>,
    pub(super) number: Option<i64>,
    pub(super) name: Option<(&'d str, Span)>,
    pub(super) app_protocol: Option<(&'d str, Span)>,
    /// Whether several containers declare it, of which only one can have it.
    pub(super) is_contested: bool,
    pub(super) probes: Vec<Probe>,
    pub(super) entries: Vec<&'static str>,
    /// The number or name that a person would edit.
    pub(super) at: Span,
}

/// All ports of a project.
#[derive(Debug, Default)]
pub(super) struct Ports<'d> {
    pub(super) all: Vec<Port<'d>>,
    by_number: FxHashMap<(usize, i64), PortId>,
    outside: FxHashMap<(String, String), PortId>,
}

impl<'d> Ports<'d> {
    /// The ports that containers declare.
    pub(super) fn declare(&mut self, builder: &mut Builder, world: &World<'d>, workloads: &Workloads<'d>) {
        for workload in 0..workloads.all.len() {
            for container in 0..workloads.all[workload].containers.len() {
                for port in &workloads.all[workload].containers[container].ports {
                    let id = self.numbered(builder, world, workloads, workload, port.number, port.at);
                    let known = &mut self.all[id.0];
                    known.is_contested |= known.container.is_some_and(|other| other != container);
                    known.container = Some(container);
                    known.name = known.name.or(port.name);
                }
            }
        }
    }

    /// The port of a number, made when new. Where no container declares it, it is the only container's, if there is one.
    pub(super) fn numbered(
        &mut self,
        builder: &mut Builder,
        world: &World<'d>,
        workloads: &Workloads<'d>,
        workload: usize,
        number: i64,
        at: Span,
    ) -> PortId {
        if let Some(id) = self.by_number.get(&(workload, number)) {
            return *id;
        }
        let owner = &workloads.all[workload];
        let object = &world.objects[owner.object];
        let container = (owner.containers.len() == 1).then_some(0);
        let id = format!("{} {}:{number}", object.kind, object.full_name());
        let id = self.add(builder, id, object, at);
        let port = &mut self.all[id.0];
        port.workload = Some(workload);
        port.container = container;
        port.number = Some(number);
        self.by_number.insert((workload, number), id);
        id
    }

    /// The port of pods that are not in the files, shared by all Services that select them alike.
    pub(super) fn outside(
        &mut self,
        builder: &mut Builder,
        service: &Object<'d>,
        selector: &[(&str, &str)],
        target: PortRef<'d>,
        at: Span,
    ) -> PortId {
        let mut labels: Vec<String> =
            selector.iter().map(|(key, value)| format!("{}:{key}={value}", key.len())).collect();
        labels.sort_unstable();
        let (target_text, number, name) = match target {
            PortRef::Number(number) => (number.to_string(), Some(number), None),
            PortRef::Name(name) => (name.to_string(), None, Some((name, at))),
        };
        let key = (format!("{}/{}", service.namespace, labels.join(",")), target_text.clone());
        if let Some(id) = self.outside.get(&key) {
            return *id;
        }
        let id = format!("pods of Service {}:{target_text}", service.full_name());
        let id = self.add(builder, id, service, at);
        let port = &mut self.all[id.0];
        port.number = number;
        port.name = name;
        self.outside.insert(key, id);
        id
    }

    fn add(&mut self, builder: &mut Builder, id: String, owner: &Object<'_>, at: Span) -> PortId {
        let draft = Draft::new(id, "Workload::Port", at, owner.node.span(), Platform::Kubernetes);
        let resource = builder.add(draft);
        self.all.push(Port {
            resource,
            workload: None,
            container: None,
            number: None,
            name: None,
            app_protocol: None,
            is_contested: false,
            probes: Vec::new(),
            entries: Vec::new(),
            at,
        });
        PortId(self.all.len() - 1)
    }

    /// Writes `Properties` and the sections of every port.
    pub(super) fn finish(&self, builder: &mut Builder, workloads: &Workloads<'d>, resources: &[ResourceIdx]) {
        for port in &self.all {
            if let Some(workload) = port.workload {
                builder.link(resources[workloads.all[workload].object], Link::Ports, port.resource);
            }
            let values = &mut builder.values;
            let container = port
                .workload
                .zip(port.container)
                .map(|(workload, container)| &workloads.all[workload].containers[container]);
            let mut properties: Vec<(&str, ValueId)> = Vec::new();
            if let Some(number) = port.number {
                properties.push(("Number", values.int(number, Place::written(port.at, port.at))));
            }
            let words = [
                ("Name", port.name),
                ("AppProtocol", port.app_protocol),
                ("Container", container.and_then(|container| container.name)),
                ("Image", container.and_then(|container| container.image)),
            ];
            for (key, word) in words {
                if let Some((word, span)) = word {
                    properties.push((key, values.text(word, Place::written(span, span))));
                }
            }
            let place = Place::written(port.at, port.at);
            let properties = values.map_of(&properties, place);
            let probes = if port.workload.is_some() && !port.is_contested {
                let probes: Vec<ValueId> = port.probes.iter().map(|probe| probe.value(values)).collect();
                values.list(&probes, place)
            } else {
                values.unknown(Unknown::Outside, place)
            };
            let entries: Vec<ValueId> =
                port.entries.iter().map(|entry| values.text(entry, Place::fact_at(port.at))).collect();
            let entries = values.list(&entries, Place::fact_at(port.at));
            let is_proxy =
                builder.draft(port.resource).layer4_reasons.iter().any(|(word, _)| *word == "proxy");
            let proxy = builder.values.bool(is_proxy, Place::fact_at(port.at));
            let draft = builder.draft_mut(port.resource);
            draft.properties = Some(properties);
            draft.sections.push(("Proxy", proxy));
            draft.sections.push(("Probes", probes));
            draft.sections.push(("Entries", entries));
        }
    }
}

impl Probe {
    fn value(&self, values: &mut crate::model::Values) -> ValueId {
        let place = Place::written(self.span, self.span);
        let mut entries =
            vec![("Role", values.text(self.role, place)), ("Speaks", values.text(self.speaks, place))];
        if self.speaks == "grpc" && !self.is_native {
            entries.push(("Native", values.text("false", place)));
        }
        if let Some(problem) = self.problem {
            entries.push(("Problem", values.text(problem, place)));
        }
        values.map_of(&entries, place)
    }
}
