//! Service meshes: whose sidecar is injected into pods, and which ports it was told to pass on as bytes.

use std::cmp::Ordering;

use super::objects::{Found, Object, World};
use super::ports::Ports;
use super::services::{Service, ServicePort};
use super::values::inner_span;
use super::workloads::Workload;
use crate::document::NodeRef;
use crate::model::{Builder, Place, ValueId, Values};
use crate::source::Span;

/// The mesh of some pods, and where that is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mesh {
    pub(super) name: &'static str,
    at: Span,
}

/// The mesh whose sidecar is injected into the pods of a workload, as far as labels and annotations say.
pub(super) fn injected(world: &World<'_>, workload: &Workload<'_>) -> Option<Mesh> {
    let object = &world.objects[workload.object];
    let namespace = namespace_of(world, object);
    let of_pod = |kind: &str, key: &str| workload.metadata.and_then(|metadata| metadata.get(kind)?.get(key));
    let of_namespace = |kind: &str, key: &str| namespace.and_then(|metadata| metadata.get(kind)?.get(key));
    let istio = of_pod("labels", "sidecar.istio.io/inject")
        .or_else(|| of_pod("annotations", "sidecar.istio.io/inject"))
        .or_else(|| of_namespace("labels", "istio-injection"));
    let revision = of_pod("labels", "istio.io/rev").or_else(|| of_namespace("labels", "istio.io/rev"));
    let linkerd = of_pod("annotations", "linkerd.io/inject")
        .or_else(|| of_namespace("annotations", "linkerd.io/inject"));
    let is_on = |node: &NodeRef<'_>| matches!(node.text(), Some("true" | "enabled" | "ingress"));
    let istio = match istio {
        Some(node) => Some(node).filter(is_on),
        None => revision,
    };
    let found = istio.map(|node| ("istio", node));
    let (name, node) = found.or_else(|| linkerd.filter(is_on).map(|node| ("linkerd", node)))?;
    Some(Mesh { name, at: inner_span(node) })
}

fn namespace_of<'d>(world: &World<'d>, object: &Object<'d>) -> Option<NodeRef<'d>> {
    match world.find_cluster_wide("Namespace", object.namespace, object.file) {
        Found::One(idx) => world.objects[idx].node.get("metadata"),
        Found::Several(_) | Found::Nowhere => None,
    }
}

impl Mesh {
    /// `{Name}`.
    pub(super) fn value(self, values: &mut Values) -> ValueId {
        let place = Place::written(self.at, self.at);
        let name = values.text(self.name, place);
        values.map_of(&[("Name", name)], place)
    }
}

/// Adds the section `Mesh` to the ports of pods in a mesh.
pub(super) fn of_ports<'d>(
    builder: &mut Builder,
    world: &World<'d>,
    workloads: &[Workload<'d>],
    services: &[Service<'d>],
    ports: &Ports<'d>,
) {
    let mut in_front: Vec<Vec<(&Service<'d>, &ServicePort<'d>)>> = vec![Vec::new(); ports.all.len()];
    for service in services {
        for port in &service.ports {
            for behind in &port.behind {
                in_front[behind.0].push((service, port));
            }
        }
    }
    for (port, in_front) in ports.all.iter().zip(&in_front) {
        let Some(workload) = port.workload.map(|idx| &workloads[idx]) else { continue };
        let Some(mesh) = injected(world, workload) else { continue };
        let opaque = match mesh.name {
            // Which name counts is the client's choice, by the Service that it calls.
            "istio" if in_front.iter().all(|(_, port)| istio_words(port).is_some()) => {
                in_front.first().and_then(|(_, port)| istio_words(port))
            }
            "linkerd" => port.number.and_then(|number| linkerd_words(world, workload, in_front, number)),
            _ => None,
        };
        let values = &mut builder.values;
        let place = Place::written(mesh.at, mesh.at);
        let mut entries = vec![("Name", values.text(mesh.name, place))];
        let at = opaque.as_ref().map_or(place, |opaque| Place::written(opaque.at, opaque.at));
        entries.push(("Opaque", values.bool(opaque.is_some(), at)));
        if let Some(opaque) = &opaque {
            entries.push(("Text", values.text(&opaque.words, at)));
            entries.push(("Listed", values.bool(opaque.listed.is_some(), at)));
            let others = opaque.listed.as_ref().filter(|others| !others.is_empty());
            entries.extend(others.map(|others| ("Suggestion", values.text(others, at))));
        }
        let section = values.map_of(&entries, place);
        builder.draft_mut(port.resource).sections.push(("Mesh", section));
    }
}

/// Why a mesh does not see calls on a port.
struct Opaque {
    words: String,
    at: Span,
    /// The list of ports there without this one; `None` where no list says it.
    listed: Option<String>,
}

/// Why Istio does not speak HTTP/2 to a port: `appProtocol` first, else the part of its name before the dash.
fn istio_words(port: &ServicePort<'_>) -> Option<Opaque> {
    let (what, word, span) = match (port.app_protocol, port.name) {
        (Some((protocol, span)), _) => ("appProtocol", protocol, span),
        (None, Some((name, span))) => ("port name", name, span),
        (None, None) => return None,
    };
    let treated = match word.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "tcp" | "tls" => "bytes",
        "http" => "HTTP/1.1",
        _ => return None,
    };
    let words = format!("{what} `{word}` makes Istio treat it as {treated}");
    Some(Opaque { words, at: span, listed: None })
}

/// Why Linkerd passes a port on as bytes: it is listed as opaque, or skipped.
fn linkerd_words(
    world: &World<'_>,
    workload: &Workload<'_>,
    in_front: &[(&Service<'_>, &ServicePort<'_>)],
    number: i64,
) -> Option<Opaque> {
    let opaque = |key: &str, list: &str, at: Span| Opaque {
        words: format!("`{key}` makes Linkerd treat it as bytes"),
        at,
        listed: Some(without(list, number)),
    };
    let of_pod = workload.metadata.and_then(|metadata| metadata.get("annotations"));
    let owner = &world.objects[workload.object];
    let of_namespace = namespace_of(world, owner).and_then(|metadata| metadata.get("annotations"));
    for key in ["config.linkerd.io/opaque-ports", "config.linkerd.io/skip-inbound-ports"] {
        let near =
            of_pod.and_then(|node| node.get(key)).or_else(|| of_namespace.and_then(|node| node.get(key)));
        let listed = near.and_then(|node| Some((node, node.text().filter(|list| lists(list, number))?)));
        if let Some((node, list)) = listed {
            return Some(opaque(key, list, inner_span(node)));
        }
    }
    in_front.iter().find_map(|(service, port)| {
        let key = "config.linkerd.io/opaque-ports";
        let setting = world.objects[service.object].annotations.get(key)?;
        let listed = port.number.is_some_and(|number| lists(setting.text, number));
        listed.then(|| opaque(key, setting.text, setting.span))
    })
}

/// Whether a list of ports and ranges, `25,4000-4100`, has a number.
fn lists(list: &str, number: i64) -> bool {
    list.split(',').filter_map(range).any(|(from, to)| (from..=to).contains(&number))
}

/// An item of such a list.
fn range(item: &str) -> Option<(i64, i64)> {
    let (from, to) = item.split_once('-').unwrap_or((item, item));
    Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
}

/// Such a list without a number: a range around it falls in two.
fn without(list: &str, number: i64) -> String {
    let written = |from: i64, to: i64| match from.cmp(&to) {
        Ordering::Less => Some(format!("{from}-{to}")),
        Ordering::Equal => Some(from.to_string()),
        Ordering::Greater => None,
    };
    let left = list.split(',').map(str::trim).flat_map(|item| match range(item) {
        Some((from, to)) if (from..=to).contains(&number) => {
            [written(from, number.saturating_sub(1)), written(number.saturating_add(1), to)]
        }
        _ => [Some(item.to_string()), None],
    });
    let separator = if list.contains(", ") { ", " } else { "," };
    left.flatten().collect::<Vec<String>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_leaves_a_list() {
        let check = |list: &str, expected: &str| assert_eq!(without(list, 50051), expected, "{list}");
        check("50051", "");
        check("25,50051,3306", "25,3306");
        check("25, 50051, 3306", "25, 3306");
        check("50000-50100", "50000-50050,50052-50100");
        check("50051-50052,25", "50052,25");
        check("50050-50051", "50050");
        check("25,smtp", "25,smtp");
    }
}
