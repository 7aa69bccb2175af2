//! What names, numbers, variables and arguments in manifests say about gRPC and TLS.
//!
//! Signs are put where they are written; the model carries them along the links. A name *around* a port
//! (of its container, workload, Service or Ingress) speaks only for ports without a better sign beside them.

use super::objects::World;
use super::ports::{Port, Ports};
use super::services::{Service, ServicePort};
use super::values::{inner_span, text};
use super::workloads::{Container, PortRef, Workload, Workloads};
use crate::document::NodeRef;
use crate::model::signs::{self, NameOf};
use crate::model::{Builder, Draft, Evidence, EvidenceKind, ResourceIdx, TlsEvidence, TlsSign};
use crate::source::Span;

/// Evidence that is said outright.
pub(super) fn declared(span: Span, text: impl Into<String>) -> Evidence {
    Evidence::new(EvidenceKind::Declared, span, text)
}

/// Whether the evidence is about the thing itself, not about a name around it.
fn is_own(evidence: &Evidence) -> bool {
    evidence.factor >= 1.0 && !matches!(evidence.kind, EvidenceKind::NearbyName | EvidenceKind::Weak)
}

/// Whether a resource has a sign of gRPC of its own.
pub(super) fn has_own(draft: &Draft) -> bool {
    draft.grpc.iter().any(is_own)
}

/// Whether a port's name says that it serves something beside the main thing, or plain HTTP.
pub(super) fn is_side_port(name: Option<&str>) -> bool {
    name.is_some_and(|name| {
        signs::words(name).iter().any(|word| {
            matches!(
                word.as_str(),
                "http"
                    | "http1"
                    | "web"
                    | "ui"
                    | "rest"
                    | "ws"
                    | "websocket"
                    | "metrics"
                    | "metric"
                    | "monitoring"
                    | "prom"
                    | "prometheus"
                    | "health"
                    | "healthz"
                    | "healthcheck"
                    | "probe"
                    | "status"
                    | "admin"
                    | "management"
                    | "debug"
                    | "pprof"
                    | "mqtt"
                    | "ssh"
                    | "postgres"
                    | "mysql"
                    | "redis"
            )
        })
    })
}

/// Known layer 7 proxies, by a word of an image or of a name.
pub(super) fn is_proxy(name: &str) -> bool {
    signs::words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "envoy"
                | "nginx"
                | "traefik"
                | "istio"
                | "istiod"
                | "ingressgateway"
                | "proxyv2"
                | "haproxy"
                | "kong"
                | "contour"
                | "linkerd"
                | "gloo"
                | "caddy"
                | "ambassador"
                | "emissary"
                | "apisix"
                | "skipper"
        )
    })
}

/// Collects what containers say about their ports.
pub(super) fn of_containers(builder: &mut Builder, workloads: &Workloads<'_>, ports: &Ports<'_>) {
    for port in &ports.all {
        let draft = builder.draft_mut(port.resource);
        if let Some((name, span)) = port.name.filter(|_| port.workload.is_some()) {
            own_name(draft, "container port", name, span);
        }
        if let Some(number) = port.number {
            let thing = if port.workload.is_some() { "container port" } else { "target port" };
            draft.grpc.extend(signs::port_number(thing, number, port.at));
            draft.tls.extend(signs::tls_port(thing, number, port.at));
        }
        let Some(workload) = port.workload.map(|idx| &workloads.all[idx]) else { continue };
        let Some(container) = port.container.map(|idx| &workload.containers[idx]) else { continue };
        of_container(draft, workload, container, port);
    }
}

fn own_name(draft: &mut Draft, thing: &'static str, name: &str, span: Span) {
    draft.grpc.extend(signs::name(NameOf::Own(thing), name, span));
    draft.grpc_web |= signs::is_grpc_web(name);
    draft.streaming |= signs::is_streaming(name);
    draft.tls.extend(signs::tls_word(thing, name, span));
}

fn of_container(draft: &mut Draft, workload: &Workload<'_>, container: &Container<'_>, port: &Port<'_>) {
    let Some(number) = port.number else { return };
    let is_side = is_side_port(port.name.map(|(name, _)| name));
    if let Some((image, span)) = container.image {
        let name = image_name(image);
        draft.grpc.extend(signs::product(name, number, span));
        draft.grpc_web |= signs::is_grpc_web(name);
        if is_proxy(name) {
            draft.layer4_reasons.push(("proxy", span));
        }
    }
    if let Some((name, span)) = container.name {
        // The name stands in for an image that a template fills in.
        if container.image.is_none() && is_proxy(name) {
            draft.layer4_reasons.push(("proxy", span));
        }
        draft.grpc_web |= signs::is_grpc_web(name);
        draft.streaming |= signs::is_streaming(name);
    }
    for (variable, value, span) in container.env() {
        draft.grpc.extend(signs::env(variable, value, number, span));
        draft.streaming |= signs::is_streaming(variable);
        bounded(draft, variable, span);
        if !is_side {
            draft.tls.extend(signs::tls_setting(variable, value, span));
        }
    }
    for (flag, value, span) in container.arguments() {
        draft.grpc.extend(signs::argument(flag, value, number, span));
        bounded(draft, flag, span);
        if !is_side {
            draft.tls.extend(signs::tls_setting(flag, value, span));
        }
    }
    if !is_side {
        draft.tls.extend(mounted_certificate(workload, container));
    }
}

/// The image without its registry, tag and digest: `org/orders-grpc`.
fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let path =
        image.split_once('/').filter(|(host, _)| host.contains(['.', ':'])).map_or(image, |(_, path)| path);
    path.split(':').next().unwrap_or(path)
}

fn bounded(draft: &mut Draft, setting: &str, span: Span) {
    let letters: String = setting.chars().filter(char::is_ascii_alphanumeric).collect();
    if letters.to_ascii_lowercase().contains("maxconnectionage") {
        draft.layer4_reasons.push(("bounded-connections", span));
    }
}

/// A Secret with a certificate that the container mounts.
fn mounted_certificate(workload: &Workload<'_>, container: &Container<'_>) -> Option<TlsEvidence> {
    let mounts: Vec<&str> = container
        .node
        .get("volumeMounts")
        .into_iter()
        .flat_map(NodeRef::items)
        .filter_map(|mount| mount.get("name").and_then(text))
        .collect();
    workload.pod.get("volumes").into_iter().flat_map(NodeRef::items).find_map(|volume| {
        let name = volume.get("name").and_then(text)?;
        let secret = volume.at(&["secret", "secretName"])?;
        let secret_name = text(secret)?;
        let words = signs::words(secret_name);
        let is_certificate =
            words.iter().any(|word| matches!(word.as_str(), "tls" | "cert" | "certs" | "certificate"));
        let is_client = words.iter().any(|word| matches!(word.as_str(), "client" | "ca" | "webhook"));
        (mounts.contains(&name) && is_certificate && !is_client).then(|| TlsEvidence {
            sign: TlsSign::Tls,
            text: format!("Secret `{secret_name}` is mounted"),
            span: inner_span(secret),
        })
    })
}

/// What a port of a Service says, for the pods' ports behind it and for target groups made of it.
pub(super) fn of_service_port(draft: &mut Draft, port: &ServicePort<'_>) {
    if let Some((name, span)) = port.name {
        draft.grpc.extend(signs::name(NameOf::Own("Service port"), name, span));
        draft.grpc_web |= signs::is_grpc_web(name);
        draft.streaming |= signs::is_streaming(name);
    }
    if let Some((protocol, span)) = port.app_protocol {
        draft.grpc.extend(signs::app_protocol(protocol, span));
        draft.grpc_web |= signs::is_grpc_web(protocol);
        draft.tls.extend(signs::tls_word("application protocol", protocol, span));
    }
    if let Some(number) = port.number {
        draft.grpc.extend(signs::port_number("Service port", number, port.at));
        let perhaps = signs::tls_port("Service port", number, port.at);
        draft.tls.extend(perhaps.map(|found| TlsEvidence { sign: TlsSign::PerhapsTls, ..found }));
    }
    match port.target {
        Some((PortRef::Name(name), span)) => {
            draft.grpc.extend(signs::name(NameOf::Own("target port"), name, span));
            draft.tls.extend(signs::tls_word("target port", name, span));
        }
        Some((PortRef::Number(number), span)) => {
            draft.grpc.extend(signs::port_number("target port", number, span));
        }
        None => {}
    }
}

/// Puts what Services say about their ports at the pods' ports, and at a Service of a single port. A pods' port that
/// another Service port calls HTTP serves both: what one of them says does not hold for the other.
pub(super) fn of_services(builder: &mut Builder, services: &[Service<'_>], ports: &Ports<'_>) {
    let mut names: Vec<(u32, bool)> = vec![(0, false); ports.all.len()];
    for port in services.iter().flat_map(|service| &service.ports) {
        for behind in &port.behind {
            let (count, any_side) = &mut names[behind.0];
            *count += 1;
            *any_side |= is_side_port(port.name.map(|(name, _)| name));
        }
    }
    for service in services {
        for port in &service.ports {
            for behind in &port.behind {
                let (count, any_side) = names[behind.0];
                if count < 2 || !any_side {
                    of_service_port(builder.draft_mut(ports.all[behind.0].resource), port);
                }
            }
        }
        if let [port] = service.ports.as_slice() {
            of_service_port(builder.draft_mut(service.resource), port);
        }
    }
}

/// A name around some resources, each with its port's own name.
#[derive(Debug)]
pub(super) struct Around<'d> {
    /// `container`, `workload`, `Service`, `Ingress`.
    pub(super) thing: &'static str,
    pub(super) name: &'d str,
    pub(super) span: Span,
    pub(super) within: Vec<(ResourceIdx, Option<&'d str>)>,
}

impl Around<'_> {
    /// Lets the name speak for the resources that have no better sign beside them.
    pub(super) fn speak(&self, builder: &mut Builder) {
        let Some(evidence) = signs::name(NameOf::Nearby(self.thing), self.name, self.span) else { return };
        let any_own = self.within.iter().any(|(resource, _)| has_own(builder.draft(*resource)));
        for (resource, port_name) in &self.within {
            let draft = builder.draft_mut(*resource);
            let speaks = if any_own { has_own(draft) } else { !is_side_port(*port_name) };
            if speaks {
                draft.grpc.push(evidence.clone());
                draft.grpc_web |= signs::is_grpc_web(self.name);
                draft.streaming |= signs::is_streaming(self.name);
            }
        }
    }
}

/// Lets the names of containers and workloads speak for their ports.
pub(super) fn of_names<'d>(
    builder: &mut Builder,
    world: &World<'d>,
    workloads: &Workloads<'d>,
    ports: &Ports<'d>,
) {
    let mut by_workload: Vec<Vec<&Port<'d>>> = vec![Vec::new(); workloads.all.len()];
    for port in &ports.all {
        if let Some(workload) = port.workload {
            by_workload[workload].push(port);
        }
    }
    for (workload, ports) in workloads.all.iter().zip(&by_workload) {
        let object = &world.objects[workload.object];
        let within = |keep: &dyn Fn(&Port<'d>) -> bool| {
            ports
                .iter()
                .filter(|port| keep(port))
                .map(|port| (port.resource, port.name.map(|(name, _)| name)))
                .collect::<Vec<_>>()
        };
        let mut around: Vec<Around<'d>> = Vec::new();
        around.push(Around {
            thing: "workload",
            name: object.name,
            span: object.name_span,
            within: within(&|_| true),
        });
        for (idx, container) in workload.containers.iter().enumerate() {
            let own = within(&|port| port.container == Some(idx));
            if let Some((name, span)) = container.name {
                around.push(Around { thing: "container", name, span, within: own.clone() });
            }
            if let Some((image, span)) = container.image {
                around.push(Around { thing: "image", name: image_name(image), span, within: own });
            }
        }
        for around in around {
            around.speak(builder);
        }
    }
}
