//! Pods: their containers, their ports, and finding the ports behind a Service.

use rustc_hash::FxHashMap;

use super::objects::{Object, World};
use super::values::{inner_span, int, text};
use crate::document::{NodeRef, Schema, Typed};
use crate::source::Span;

/// More workloads than a selector of a real Service meets; beyond, nothing is known of what it selects.
const MAX_SELECTED: usize = 64;

/// A port of a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct ContainerPort<'d> {
    pub(super) number: i64,
    pub(super) at: Span,
    pub(super) name: Option<(&'d str, Span)>,
}

/// A container, a sidecar included.
#[derive(Debug)]
pub(super) struct Container<'d> {
    pub(super) node: NodeRef<'d>,
    pub(super) name: Option<(&'d str, Span)>,
    pub(super) image: Option<(&'d str, Span)>,
    /// Its TCP ports.
    pub(super) ports: Vec<ContainerPort<'d>>,
}

/// A pod, or something that makes pods.
#[derive(Debug)]
pub(super) struct Workload<'d> {
    /// Its object.
    pub(super) object: usize,
    /// The pod's `spec`.
    pub(super) pod: NodeRef<'d>,
    /// The pod's `metadata`.
    pub(super) metadata: Option<NodeRef<'d>>,
    pub(super) labels: Vec<(&'d str, &'d str)>,
    pub(super) containers: Vec<Container<'d>>,
}

impl<'d> Workload<'d> {
    fn read(idx: usize, object: &Object<'d>) -> Option<Self> {
        let spec = object.node.get("spec")?;
        let (metadata, pod) = match (object.group, object.kind) {
            ("", "Pod") => (object.node.get("metadata"), spec),
            ("batch", "CronJob") => {
                let template = spec.at(&["jobTemplate", "spec", "template"])?;
                (template.get("metadata"), template.get("spec")?)
            }
            ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("", "ReplicationController")
            | ("batch", "Job")
            | ("argoproj.io", "Rollout")
            | ("serving.knative.dev", "Service" | "Configuration") => {
                let template = spec.get("template")?;
                (template.get("metadata"), template.get("spec")?)
            }
            _ => return None,
        };
        let labels = metadata.and_then(|metadata| metadata.get("labels")).map(pairs).unwrap_or_default();
        let sidecars = pod
            .get("initContainers")
            .into_iter()
            .flat_map(NodeRef::items)
            .filter(|container| container.get("restartPolicy").and_then(text) == Some("Always"));
        let containers = pod
            .get("containers")
            .into_iter()
            .flat_map(NodeRef::items)
            .chain(sidecars)
            .map(Container::read)
            .collect();
        Some(Self { object: idx, pod, metadata, labels, containers })
    }

    /// The container and the port of a name.
    pub(super) fn named_port(&self, name: &str) -> Option<(usize, ContainerPort<'d>)> {
        self.find_port(|port| port.name.is_some_and(|(own, _)| own == name))
    }

    fn find_port(&self, wanted: impl Fn(&ContainerPort<'d>) -> bool) -> Option<(usize, ContainerPort<'d>)> {
        self.containers.iter().enumerate().find_map(|(idx, container)| {
            container.ports.iter().find(|port| wanted(port)).map(|port| (idx, *port))
        })
    }
}

impl<'d> Container<'d> {
    fn read(node: NodeRef<'d>) -> Self {
        let field = |key: &str| {
            let value = node.get(key)?;
            Some((text(value)?, inner_span(value)))
        };
        let ports = node
            .get("ports")
            .into_iter()
            .flat_map(NodeRef::items)
            .filter(|port| !matches!(port.get("protocol").and_then(text), Some("UDP" | "SCTP")))
            .filter_map(|port| {
                let number = port.get("containerPort")?;
                let name = port.get("name").and_then(|name| Some((text(name)?, inner_span(name))));
                Some(ContainerPort { number: int(number)?, at: inner_span(number), name })
            })
            .collect();
        Self { node, name: field("name"), image: field("image"), ports }
    }

    /// Its environment variables that have a value in the manifest, with the place of the value.
    pub(super) fn env(&self) -> impl Iterator<Item = (&'d str, &'d str, Span)> {
        self.node.get("env").into_iter().flat_map(NodeRef::items).filter_map(|variable| {
            let value = variable.get("value")?;
            Some((text(variable.get("name")?)?, value.text()?, inner_span(value)))
        })
    }

    /// The words of its command and arguments.
    pub(super) fn words(&self) -> Vec<(&'d str, Span)> {
        let mut words = Vec::new();
        for list in ["command", "args"].iter().filter_map(|key| self.node.get(key)) {
            for item in list.items() {
                let Some(line) = item.text() else { continue };
                words.extend(line.split_whitespace().map(|word| (word, inner_span(item))));
            }
        }
        words
    }

    /// The arguments `--flag=value` and `--flag value`; a flag without a value has an empty one.
    pub(super) fn arguments(&self) -> Vec<(&'d str, &'d str, Span)> {
        let words = self.words();
        let mut arguments = Vec::new();
        for (idx, (word, span)) in words.iter().enumerate() {
            if !word.starts_with('-') {
                continue;
            }
            match word.split_once('=') {
                Some((flag, value)) => arguments.push((flag, value, *span)),
                None => match words.get(idx + 1).filter(|(next, _)| !next.starts_with('-')) {
                    Some((value, at)) => arguments.push((*word, *value, *at)),
                    None => arguments.push((*word, "", *span)),
                },
            }
        }
        arguments
    }
}

/// The scalar entries of a mapping of labels.
pub(super) fn pairs(node: NodeRef<'_>) -> Vec<(&str, &str)> {
    node.entries().filter_map(|entry| Some((entry.key.text()?, entry.value.text()?))).collect()
}

/// All workloads, to be found by their pods' labels.
#[derive(Debug, Default)]
pub(super) struct Workloads<'d> {
    pub(super) all: Vec<Workload<'d>>,
    by_label: FxHashMap<(&'d str, &'d str), Vec<usize>>,
}

/// What a selector meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selected {
    /// These workloads.
    Workloads(Vec<usize>),
    /// None of the files.
    Nothing,
    /// Too many, or those of several namespaces.
    Unsettled,
}

impl<'d> Workloads<'d> {
    /// Reads the workloads among the objects.
    pub(super) fn read(world: &World<'d>) -> Self {
        let mut workloads = Workloads::default();
        for (idx, object) in world.objects.iter().enumerate() {
            let Some(workload) = Workload::read(idx, object) else { continue };
            for label in &workload.labels {
                workloads.by_label.entry(*label).or_default().push(workloads.all.len());
            }
            workloads.all.push(workload);
        }
        workloads
    }

    /// The workloads, of whatever namespace, whose pods carry all labels of `selector`; none for an empty one.
    pub(super) fn labelled(&self, selector: &[(&str, &str)]) -> Vec<usize> {
        let postings = selector.iter().map(|label| self.by_label.get(label).map_or(&[][..], Vec::as_slice));
        let rarest = postings.min_by_key(|posting| posting.len()).unwrap_or_default();
        let carries = |idx: &usize| selector.iter().all(|label| self.all[*idx].labels.contains(label));
        rarest.iter().copied().filter(carries).collect()
    }

    /// The workloads whose pods carry all labels of `selector`, which is not empty.
    pub(super) fn select(
        &self,
        world: &World<'d>,
        selector: &[(&str, &str)],
        service: &Object<'_>,
    ) -> Selected {
        let labelled = self.labelled(selector);
        let matching = |namespace_fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let fits = |idx: &usize| namespace_fits(world.objects[self.all[*idx].object].namespace);
            labelled.iter().copied().filter(fits).take(MAX_SELECTED + 1).collect()
        };
        let mut found = matching(&|namespace| namespace == service.namespace);
        if found.is_empty() {
            found = matching(&|namespace| service.namespace.is_empty() || namespace.is_empty());
            let namespace_of = |idx: &usize| world.objects[self.all[*idx].object].namespace;
            if found.iter().any(|idx| namespace_of(idx) != namespace_of(&found[0])) {
                return Selected::Unsettled;
            }
        }
        self.without_copies(world, found, service)
    }

    /// Of workloads that share a name (a base and its overlay), those beside the Service.
    fn without_copies(&self, world: &World<'d>, found: Vec<usize>, service: &Object<'_>) -> Selected {
        let object = |idx: usize| &world.objects[self.all[idx].object];
        let mut kept = found.clone();
        kept.retain(|idx| {
            let own = object(*idx);
            let copies: Vec<usize> = found
                .iter()
                .copied()
                .filter(|other| object(*other).kind == own.kind && object(*other).name == own.name)
                .collect();
            copies.len() == 1
                || own.file == service.file
                || !copies.iter().any(|copy| object(*copy).file == service.file)
                    && world.directory(own) == world.directory(service)
        });
        match kept.len() {
            0 if found.is_empty() => Selected::Nothing,
            1..=MAX_SELECTED => Selected::Workloads(kept),
            _ => Selected::Unsettled,
        }
    }
}

/// A port as probes and Services write it: a number, or the name of a container port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PortRef<'d> {
    Number(i64),
    Name(&'d str),
}

/// Reads a port; `None` for a template's business and for nonsense.
pub(super) fn port_ref(node: NodeRef<'_>) -> Option<PortRef<'_>> {
    match node.scalar()?.typed(Schema::Yaml11) {
        Typed::Int(number) => Some(PortRef::Number(number)),
        Typed::Str(_) => {
            let word = text(node)?;
            // A quoted number is a name to the API server, and no port has such a name.
            Some(word.parse().map_or(PortRef::Name(word), PortRef::Number))
        }
        _ => None,
    }
}
