//! Services: their ports, and the pods' ports behind them.

use super::evidence::is_proxy;
use super::objects::{Found, Object, World};
use super::ports::{PortId, Ports};
use super::values::{inner_span, int, text};
use super::workloads::{PortRef, Selected, Workloads, pairs, port_ref};
use crate::document::NodeRef;
use crate::model::{Builder, Link, Place, ResourceIdx, Unknown, ValueId, Values};
use crate::source::Span;

/// A port of a Service.
#[derive(Debug)]
pub(super) struct ServicePort<'d> {
    pub(super) node: NodeRef<'d>,
    pub(super) number: Option<i64>,
    /// The number, or where it ought to be.
    pub(super) at: Span,
    pub(super) name: Option<(&'d str, Span)>,
    /// Where traffic goes: `targetPort`, or the number itself.
    pub(super) target: Option<(PortRef<'d>, Span)>,
    pub(super) node_port: Option<(i64, Span)>,
    pub(super) app_protocol: Option<(&'d str, Span)>,
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: &'d str,
    /// The pods' ports behind it.
    pub(super) behind: Vec<PortId>,
}

/// A Service of the core API.
#[derive(Debug)]
pub(super) struct Service<'d> {
    pub(super) object: usize,
    /// Its object's resource.
    pub(super) resource: ResourceIdx,
    pub(super) ports: Vec<ServicePort<'d>>,
    pub(super) selector: Vec<(&'d str, &'d str)>,
    pub(super) selected: Selected,
}

impl<'d> Service<'d> {
    fn read(object: usize, node: NodeRef<'d>, resource: ResourceIdx) -> Self {
        let spec = node.get("spec");
        let ports = spec
            .and_then(|spec| spec.get("ports"))
            .into_iter()
            .flat_map(NodeRef::items)
            .map(ServicePort::read)
            .collect();
        let selector = spec.and_then(|spec| spec.get("selector")).map(pairs).unwrap_or_default();
        Self { object, resource, ports, selector, selected: Selected::Nothing }
    }

    /// The port that a backend names.
    pub(super) fn port(&self, wanted: PortRef<'_>) -> Option<&ServicePort<'d>> {
        self.port_index(wanted).map(|port| &self.ports[port])
    }

    /// The index of the port that a backend names.
    pub(super) fn port_index(&self, wanted: PortRef<'_>) -> Option<usize> {
        self.ports.iter().position(|port| match wanted {
            PortRef::Number(number) => port.number == Some(number),
            PortRef::Name(name) => port.name.is_some_and(|(own, _)| own == name),
        })
    }

    /// Whether no port of the Service is a template's business, so that one which is not among them does not exist.
    pub(super) fn lists_all(&self, wanted: PortRef<'_>) -> bool {
        let key = match wanted {
            PortRef::Number(_) => "port",
            PortRef::Name(_) => "name",
        };
        let is_open = |port: &ServicePort<'_>| {
            port.node.get(key).and_then(NodeRef::text).is_some_and(super::values::is_placeholder)
        };
        !self.ports.iter().any(is_open)
    }
}

impl<'d> ServicePort<'d> {
    fn read(node: NodeRef<'d>) -> Self {
        let word = |key: &str| {
            let value = node.get(key)?;
            Some((text(value)?, inner_span(value)))
        };
        let number_node = node.get("port");
        let number = number_node.and_then(int);
        let at = number_node.map_or(node.span().at_start(), inner_span);
        let target = match node.get("targetPort").filter(|target| target.text() != Some("")) {
            Some(target) => port_ref(target).map(|port| (port, inner_span(target))),
            None => number.map(|number| (PortRef::Number(number), at)),
        };
        Self {
            node,
            number,
            at,
            name: word("name"),
            target,
            node_port: node.get("nodePort").and_then(|port| Some((int(port)?, inner_span(port)))),
            app_protocol: word("appProtocol"),
            protocol: word("protocol").map_or("TCP", |(protocol, _)| protocol),
            behind: Vec::new(),
        }
    }

    /// `Port` of a target group over this port: the pods' for addresses, the node's for instances. A node port that is
    /// not written is made up by the cluster, so that nothing in the files can mean it: then there is no value.
    pub(super) fn target_port(
        &self,
        values: &mut Values,
        ports: &Ports<'_>,
        is_ip: Option<bool>,
    ) -> Option<ValueId> {
        let place = Place::written(self.at, self.at);
        let known = match (is_ip, self.target) {
            (Some(false), _) => Some(self.node_port?),
            (Some(true), Some((PortRef::Number(number), span))) => Some((number, span)),
            (Some(true), Some((PortRef::Name(_), span))) => {
                let mut numbers = self.behind.iter().map(|id| ports.all[id.0].number);
                let first = numbers.next().flatten();
                first.filter(|_| numbers.all(|number| number == first)).map(|number| (number, span))
            }
            _ => None,
        };
        Some(match known {
            Some((number, span)) => values.int(number, Place::written(span, span)),
            None => values.unknown(Unknown::Outside, place),
        })
    }

    /// The port's name, or its number.
    pub(super) fn label(&self) -> String {
        match (self.name, self.number) {
            (Some((name, _)), _) => name.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => "?".to_string(),
        }
    }
}

/// All Services, by object.
#[derive(Debug, Default)]
pub(super) struct Services<'d> {
    pub(super) all: Vec<Service<'d>>,
    by_object: rustc_hash::FxHashMap<usize, usize>,
}

impl<'d> Services<'d> {
    /// Reads the Services and finds what is behind them.
    pub(super) fn read(
        builder: &mut Builder,
        world: &World<'d>,
        resources: &[ResourceIdx],
        workloads: &Workloads<'d>,
        ports: &mut Ports<'d>,
    ) -> Self {
        let mut services = Services::default();
        for (idx, object) in world.objects.iter().enumerate() {
            if !object.is("", "Service") {
                continue;
            }
            let mut service = Service::read(idx, object.node, resources[idx]);
            resolve(builder, world, resources, workloads, ports, &mut service);
            services.by_object.insert(idx, services.all.len());
            services.all.push(service);
        }
        services
    }

    /// The Services that a name may mean, as seen from an object: none when it is not in the files.
    pub(super) fn find(&self, world: &World<'_>, name: &str, from: &Object<'_>) -> Vec<usize> {
        self.find_in(world, name, from.namespace, from)
    }

    /// As `find`, in another namespace.
    pub(super) fn find_in(
        &self,
        world: &World<'_>,
        name: &str,
        namespace: &str,
        from: &Object<'_>,
    ) -> Vec<usize> {
        let objects = match world.find_in("Service", name, namespace, from.file) {
            Found::One(idx) => vec![idx],
            Found::Several(several) => several,
            Found::Nowhere => Vec::new(),
        };
        objects.iter().filter_map(|idx| self.by_object.get(idx).copied()).collect()
    }

    /// The name, and where it stands, of the only Service of a namespace that `name` may be a slip of the pen for.
    pub(super) fn similar(&self, world: &World<'d>, name: &str, namespace: &str) -> Option<(&'d str, Span)> {
        let mut near = self
            .all
            .iter()
            .map(|service| &world.objects[service.object])
            .filter(|object| object.namespace == namespace && is_slip(name, object.name));
        let one = near.next().filter(|_| near.next().is_none())?;
        Some((one.name, one.name_span))
    }
}

/// Whether one letter makes the difference. Digits and segments of one or two letters tell siblings apart (`api-v2`,
/// `shard-a`), so a difference there is meant.
pub(super) fn is_slip(written: &str, meant: &str) -> bool {
    let telling = |name: &str| -> Vec<String> {
        let segments =
            name.split(['-', '.']).filter(|segment| segment.len() < 3 || segment.contains(char::is_numeric));
        segments.map(str::to_owned).collect()
    };
    written.len() > 4 && strsim::osa_distance(written, meant) == 1 && telling(written) == telling(meant)
}

/// Finds the pods' ports behind the ports of a Service, and links them.
fn resolve<'d>(
    builder: &mut Builder,
    world: &World<'d>,
    resources: &[ResourceIdx],
    workloads: &Workloads<'d>,
    ports: &mut Ports<'d>,
    service: &mut Service<'d>,
) {
    let object = &world.objects[service.object];
    if service.selector.is_empty() {
        builder.draft_mut(service.resource).unknown_links.extend([Link::Ports, Link::Workloads]);
        return;
    }
    service.selected = workloads.select(world, &service.selector, object);
    let entry = entry_word(object);
    for port in &mut service.ports {
        let Some((target, at)) = port.target.filter(|_| port.protocol == "TCP") else { continue };
        match &service.selected {
            Selected::Workloads(selected) => {
                for workload in selected {
                    let number = match target {
                        PortRef::Number(number) => Some((number, at)),
                        PortRef::Name(name) => {
                            workloads.all[*workload].named_port(name).map(|(_, port)| (port.number, port.at))
                        }
                    };
                    let Some((number, at)) = number else { continue };
                    port.behind.push(ports.numbered(builder, world, workloads, *workload, number, at));
                }
            }
            Selected::Nothing => {
                let id = ports.outside(builder, object, &service.selector, target, at);
                port.behind.push(id);
                let names = std::iter::once(object.name)
                    .chain(service.selector.iter().flat_map(|(key, value)| [*key, *value]));
                if names.into_iter().any(is_proxy) {
                    let draft = builder.draft_mut(ports.all[id.0].resource);
                    draft.layer4_reasons.push(("proxy", object.name_span));
                }
            }
            Selected::Unsettled => {}
        }
        for id in &port.behind {
            let behind = &mut ports.all[id.0];
            behind.app_protocol = behind.app_protocol.or(port.app_protocol);
            if let Some(entry) = entry.filter(|entry| !behind.entries.contains(entry)) {
                behind.entries.push(entry);
            }
            let resource = behind.resource;
            builder.link(service.resource, Link::Ports, resource);
        }
    }
    match &service.selected {
        Selected::Workloads(selected) => {
            for workload in selected {
                builder.link(service.resource, Link::Workloads, resources[workloads.all[*workload].object]);
            }
        }
        Selected::Nothing | Selected::Unsettled => {
            builder.draft_mut(service.resource).unknown_links.extend([Link::Ports, Link::Workloads]);
        }
    }
}

/// The way in that a Service is by itself.
fn entry_word(object: &Object<'_>) -> Option<&'static str> {
    let cluster_ip = object.spec(&["clusterIP"]);
    if cluster_ip.is_some_and(|ip| ip.text().is_some_and(super::values::is_placeholder)) {
        return None;
    }
    if cluster_ip.and_then(text) == Some("None") {
        return Some("headless");
    }
    matches!(object.spec_text(&["type"]), None | Some("ClusterIP" | "NodePort")).then_some("cluster-ip")
}
