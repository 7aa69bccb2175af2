//! What proxies other than the load balancers of AWS speak to their backends: one `Workload::Backend` for each port
//! that an Ingress of nginx, a route of Traefik or a Knative Service leads to.

use rustc_hash::FxHashSet;

use super::annotations::Setting;
use super::classes;
use super::lowering::{Lowering, Properties, word};
use super::objects::Object;
use super::other_routes::{BACKEND_PROTOCOL, GRPC_SERVICES, backends};
use super::ports::PortId;
use super::target_groups::Backend;
use super::values::{inner_span, int, is_placeholder, text};
use super::workloads::PortRef;
use crate::document::NodeRef;
use crate::model::signs::{self, NameOf};
use crate::model::{Draft, Link, Place, Platform};
use crate::source::Span;

/// The scheme that Traefik uses for a Service.
const SERVERS_SCHEME: &str = "traefik.ingress.kubernetes.io/service.serversscheme";

/// A port as a proxy speaks to it.
struct Spoken<'d> {
    owner: usize,
    controller: &'static str,
    /// The Service and its port, as the proxy's object names them.
    target: String,
    protocol: &'d str,
    /// Where the protocol is written; else what a person would edit.
    at: (Span, bool),
    ports: Vec<PortId>,
    /// The Services that may be meant.
    services: Vec<usize>,
    /// The port as it is named, where the files do not have the Service.
    named: Option<(PortRef<'d>, Span)>,
}

impl Spoken<'_> {
    /// Whether gRPC can pass.
    fn is_http2(&self) -> bool {
        match self.controller {
            "nginx" => ["GRPC", "GRPCS"].iter().any(|word| self.protocol.eq_ignore_ascii_case(word)),
            _ => !matches!(self.protocol, "http" | "http1"),
        }
    }
}

impl<'d> Lowering<'_, 'd> {
    /// Adds the backends of all proxies, but for ports that another object of the same kind of proxy calls gRPC: one
    /// port may serve both, each under a route of its own.
    pub(super) fn lower_proxies(&mut self) {
        let mut spoken = Vec::new();
        for (idx, object) in self.world.objects.iter().enumerate() {
            if object.is_ingress() {
                self.read_ingress(idx, &mut spoken);
            } else if object.kind == "IngressRoute" && object.group.contains("traefik") {
                self.read_ingress_route(idx, &mut spoken);
            }
        }
        let known: FxHashSet<PortId> = spoken
            .iter()
            .filter(|spoken| spoken.is_http2())
            .flat_map(|spoken| spoken.ports.iter().copied())
            .collect();
        for spoken in spoken {
            if spoken.is_http2() || !spoken.ports.iter().any(|port| known.contains(port)) {
                self.add_backend(spoken);
            }
        }
        self.lower_knative();
    }

    fn read_ingress(&self, idx: usize, spoken: &mut Vec<Spoken<'d>>) {
        let object = &self.world.objects[idx];
        if classes::ingress(self.world, object, &self.cluster).is_some() {
            return;
        }
        match classes::proxy(self.world, object) {
            Some("nginx") => self.read_nginx(idx, spoken),
            Some("traefik") => {
                for backend in backends(object) {
                    let setting = self.scheme_of_service(backend, object.namespace, object);
                    let at = setting.as_ref().map_or((backend.at, false), |it| (it.span, true));
                    let written = setting.map(|setting| setting.text);
                    let protocol = written.unwrap_or_else(|| self.traefik_default(backend, object));
                    spoken.push(Spoken {
                        owner: idx,
                        controller: "traefik",
                        target: backend.label(),
                        protocol,
                        at,
                        ports: self.ports_of(backend, object.namespace, object),
                        services: self.services.find_in(
                            self.world,
                            backend.service,
                            object.namespace,
                            object,
                        ),
                        named: Some((backend.port, backend.port_at)),
                    });
                }
            }
            _ => {}
        }
    }

    fn read_nginx(&self, idx: usize, spoken: &mut Vec<Spoken<'d>>) {
        let object = &self.world.objects[idx];
        let annotation = |name: &str| object.annotations.get(&format!("nginx.ingress.kubernetes.io/{name}"));
        // What is passed on as TLS, and what a snippet says, is not nginx's to translate.
        let is_passed = annotation("ssl-passthrough").is_some_and(|setting| setting.truth() != Some(false));
        let has_snippet = ["server-snippet", "configuration-snippet"]
            .iter()
            .filter_map(|name| annotation(name))
            .any(|snippet| snippet.text.contains("grpc_pass"));
        if is_passed || has_snippet {
            return;
        }
        let listed = object.annotations.get(GRPC_SERVICES);
        let setting = object.annotations.get(BACKEND_PROTOCOL);
        let mut seen = FxHashSet::default();
        for backend in backends(object) {
            let is_listed = listed.is_some_and(|listed| {
                listed.is_placeholder() || listed.list().any(|service| service == backend.service)
            });
            if !seen.insert(backend.label()) || is_listed {
                continue;
            }
            let at = setting.map_or((object.name_span, false), |setting| (setting.span, true));
            spoken.push(Spoken {
                owner: idx,
                controller: "nginx",
                target: backend.label(),
                protocol: setting.map_or("HTTP", |setting| setting.text),
                at,
                ports: self.ports_of(backend, object.namespace, object),
                services: Vec::new(),
                named: Some((backend.port, backend.port_at)),
            });
        }
    }

    fn read_ingress_route(&self, idx: usize, spoken: &mut Vec<Spoken<'d>>) {
        let object = &self.world.objects[idx];
        let routes = object.spec(&["routes"]).into_iter().flat_map(NodeRef::items);
        for service in routes.filter_map(|route| route.get("services")).flat_map(NodeRef::items) {
            let is_service = matches!(service.get("kind").and_then(text), None | Some("Service"));
            let Some(backend) = service_backend(service).filter(|_| is_service) else { continue };
            let namespace = service.get("namespace").and_then(text).unwrap_or(object.namespace);
            let of_service = self.scheme_of_service(backend, namespace, object);
            let written =
                service.get("scheme").map(|scheme| (scheme.text().unwrap_or("?"), inner_span(scheme)));
            let written = written.or(of_service.map(|setting| (setting.text, setting.span)));
            let at = written.map_or((backend.at, false), |(_, span)| (span, true));
            let protocol =
                written.map_or_else(|| self.traefik_default(backend, object), |(protocol, _)| protocol);
            spoken.push(Spoken {
                owner: idx,
                controller: "traefik",
                target: backend.label(),
                protocol,
                at,
                ports: self.ports_of(backend, namespace, object),
                services: self.services.find_in(self.world, backend.service, namespace, object),
                named: Some((backend.port, backend.port_at)),
            });
        }
    }

    /// What the Service itself says of the scheme.
    fn scheme_of_service(
        &self,
        backend: Backend<'d>,
        namespace: &str,
        from: &Object<'d>,
    ) -> Option<Setting<'d>> {
        match self.services.find_in(self.world, backend.service, namespace, from).as_slice() {
            [one] => {
                self.world.objects[self.services.all[*one].object].annotations.get(SERVERS_SCHEME).cloned()
            }
            _ => None,
        }
    }

    /// Traefik speaks TLS to port 443 and to ports that are named `https…`, and HTTP/1.1 otherwise.
    fn traefik_default(&self, backend: Backend<'d>, from: &Object<'d>) -> &'static str {
        let named = |name: &str| name.starts_with("https");
        let is_tls = match backend.port {
            PortRef::Number(443) => true,
            PortRef::Name(name) => named(name),
            PortRef::Number(_) => match self.services.find(self.world, backend.service, from).as_slice() {
                [one] => self.services.all[*one]
                    .port(backend.port)
                    .and_then(|port| port.name)
                    .is_some_and(|(name, _)| named(name)),
                _ => false,
            },
        };
        // HTTP/2 is negotiated over TLS.
        if is_tls { "tls" } else { "http" }
    }

    /// A Knative Service speaks HTTP/1.1 to its container unless the port is named `h2c`.
    fn lower_knative(&mut self) {
        for workload in 0..self.workloads.all.len() {
            let owner = self.workloads.all[workload].object;
            let object = &self.world.objects[owner];
            if !object.group.starts_with("serving.knative.dev") {
                continue;
            }
            let containers = &self.workloads.all[workload].containers;
            let declared = containers.iter().flat_map(|container| &container.ports).next().copied();
            let Some(port) = declared else { continue };
            // A name that a template fills in may be the right one.
            let mut names = containers
                .iter()
                .filter_map(|container| container.node.get("ports"))
                .flat_map(NodeRef::items)
                .filter_map(|port| port.get("name")?.text());
            if names.any(is_placeholder) {
                continue;
            }
            let id = self.ports.numbered(
                &mut self.builder,
                self.world,
                self.workloads,
                workload,
                port.number,
                port.at,
            );
            let at = port.name.map_or((port.at, false), |(_, span)| (span, true));
            self.add_backend(Spoken {
                owner,
                controller: "knative",
                target: port.number.to_string(),
                protocol: port.name.map_or("http1", |(name, _)| name),
                at,
                ports: vec![id],
                services: Vec::new(),
                named: None,
            });
        }
    }

    fn add_backend(&mut self, spoken: Spoken<'d>) {
        let object = &self.world.objects[spoken.owner];
        let id = format!("{} {} -> {}", object.kind, object.full_name(), spoken.target);
        let (at, is_written) = spoken.at;
        let id = self.ids.unique(id);
        let mut draft = Draft::new(id, "Workload::Backend", at, object.node.span(), Platform::Kubernetes);
        let values = &mut self.builder.values;
        draft.controller = Some(values.text(spoken.controller, Place::fact_at(at)));
        let place = if is_written { Place::written(at, at) } else { Place::default_at(at) };
        let mut properties = Properties::default();
        properties.put("Protocol", word(values, spoken.protocol, place));
        properties.put("Target", values.text(&spoken.target, Place::fact_at(at)));
        properties.put("Object", values.text(object.kind, Place::fact_at(at)));
        draft.properties = Some(properties.finish(values, Place::written(at, at)));
        if spoken.ports.is_empty() {
            draft.grpc.extend(spoken.named.and_then(|(port, span)| match port {
                PortRef::Number(number) => signs::port_number("backend port", number, span),
                PortRef::Name(name) => signs::name(NameOf::Own("backend port"), name, span),
            }));
        }
        let backend = self.builder.add(draft);
        for port in spoken.ports {
            self.builder.link(backend, Link::Ports, self.ports.all[port.0].resource);
        }
        if let [service] = spoken.services.as_slice() {
            self.builder.link(backend, Link::Services, self.services.all[*service].resource);
        }
    }
}

/// `{name, port}` of a route of Traefik.
fn service_backend(service: NodeRef<'_>) -> Option<Backend<'_>> {
    let name = service.get("name")?;
    let port = service.get("port")?;
    let port_ref = int(port).map(PortRef::Number).or_else(|| text(port).map(PortRef::Name))?;
    Some(Backend { service: text(name)?, port: port_ref, at: inner_span(name), port_at: inner_span(port) })
}
