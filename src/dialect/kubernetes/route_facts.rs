//! What the controllers of AWS refuse in routes and Gateways, or read otherwise than it is meant.

use rustc_hash::FxHashMap;

use super::classes::controller_name;
use super::gateway_classes::{self, GatewayKind, Parent};
use super::lowering::{Group, Lowering, Refusal};
use super::objects::{Found, Object};
use super::values::{inner_span, int, text};
use crate::document::NodeRef;
use crate::model::{Link, Place, Platform};
use crate::source::Span;

/// Header matches that Lattice takes in one rule.
const MAX_LATTICE_HEADERS: usize = 5;

impl<'d> Lowering<'_, 'd> {
    /// Names the controller of every route, and looks for what it refuses.
    pub(super) fn judge_routes(&mut self) {
        let world = self.world;
        for (idx, object) in world.objects.iter().enumerate() {
            if object.group != super::gateway::API {
                continue;
            }
            match object.kind {
                "GRPCRoute" | "HTTPRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute" => self.judge_route(idx),
                "Gateway" => self.judge_gateway(idx),
                "BackendTLSPolicy" => self.judge_tls_policy(idx),
                _ => {}
            }
        }
        self.find_shared_hostnames();
    }

    fn refuse(&mut self, object: usize, reason: &'static str, text: String, at: Span) {
        self.refusals.push((object, Refusal::new(reason, text, at)));
    }

    fn set_controller(&mut self, object: usize, name: &str) {
        let place = Place::fact_at(self.world.objects[object].name_span);
        let value = self.builder.values.text(name, place);
        self.builder.draft_mut(self.resources[object]).controller = Some(value);
    }

    fn judge_route(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let parents = gateway_classes::parents(self.world, object);
        let kind_of =
            |parent: &Parent<'_>| gateway_classes::kind(self.world, &self.world.objects[parent.gateway]);
        let kinds: Vec<Option<GatewayKind>> = parents.iter().map(kind_of).collect();
        let Some(Some(kind)) = kinds.first().copied().filter(|first| kinds.iter().all(|kind| kind == first))
        else {
            return;
        };
        self.set_controller(idx, controller_name(kind.platform()));
        if object.kind == "GRPCRoute" {
            self.note_patterns(idx);
        }
        let is_of_requests = matches!(object.kind, "GRPCRoute" | "HTTPRoute");
        let wanted = match kind {
            GatewayKind::Application if !is_of_requests => {
                "an application load balancer takes HTTPRoutes and GRPCRoutes"
            }
            GatewayKind::Network if is_of_requests => "a network load balancer takes TCP, TLS and UDP routes",
            _ => "",
        };
        if !wanted.is_empty() {
            for parent in &parents {
                let at = parent.node.get("name").map_or(object.name_span, inner_span);
                let text = format!("Gateway `{}`: {wanted}", self.world.objects[parent.gateway].name);
                self.refuse(idx, "class-layer", text, at);
            }
        }
        match (kind, object.kind) {
            (GatewayKind::Application, "GRPCRoute") => self.judge_filters(idx),
            (GatewayKind::Lattice, "GRPCRoute") => self.judge_lattice(idx, &parents),
            _ => {}
        }
        if kind != GatewayKind::Lattice {
            self.judge_grants(idx);
        }
    }

    /// The controller of the load balancers takes one kind of filter in a GRPCRoute.
    fn judge_filters(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        for rule in object.spec(&["rules"]).into_iter().flat_map(NodeRef::items) {
            let mut n_configurations = 0;
            for filter in rule.get("filters").into_iter().flat_map(NodeRef::items) {
                let Some((kind, at)) = word(filter, "type") else { continue };
                let referred = filter.at(&["extensionRef", "kind"]).and_then(text);
                let is_configuration = matches!(referred, None | Some("ListenerRuleConfiguration"));
                n_configurations += usize::from(kind == "ExtensionRef" && is_configuration);
                let text = match kind {
                    "ExtensionRef" if is_configuration && n_configurations == 1 => continue,
                    "ExtensionRef" if is_configuration => {
                        "a rule takes one ListenerRuleConfiguration".to_string()
                    }
                    "ExtensionRef" => {
                        format!("`{}` is no ListenerRuleConfiguration", referred.unwrap_or_default())
                    }
                    _ => format!("filter `{kind}` is not one that the AWS Load Balancer Controller takes"),
                };
                self.refuse(idx, "filter", text, at);
            }
            let backends = rule.get("backendRefs").into_iter().flat_map(NodeRef::items);
            for filter in backends.filter_map(|it| it.get("filters")).flat_map(NodeRef::items) {
                if let Some((kind, at)) = word(filter, "type") {
                    let text = format!("filter `{kind}` of a backend is not read");
                    self.refuse(idx, "backend-filter", text, at);
                }
            }
        }
    }

    fn judge_lattice(&mut self, idx: usize, parents: &[Parent<'d>]) {
        let object = &self.world.objects[idx];
        for parent in parents {
            let section = parent.node.get("sectionName").and_then(text);
            let port = parent.node.get("port").and_then(int);
            let gateway = &self.world.objects[parent.gateway];
            let listeners = gateway.spec(&["listeners"]).into_iter().flat_map(NodeRef::items);
            let mut selected = listeners
                .filter(|listener| {
                    section.is_none_or(|section| listener.get("name").and_then(text) == Some(section))
                        && port.is_none_or(|port| listener.get("port").and_then(int) == Some(port))
                })
                .peekable();
            let is_there = selected.peek().is_some();
            if is_there && selected.all(|listener| listener.get("protocol").and_then(text) == Some("HTTP")) {
                let named = parent.node.get("sectionName").or(parent.node.get("name"));
                let at = named.map_or(object.name_span, inner_span);
                let text = format!(
                    "Lattice takes gRPC on HTTPS only, and Gateway `{}` listens in HTTP there",
                    gateway.name
                );
                self.refuse(idx, "lattice", text, at);
            }
        }
        for rule in object.spec(&["rules"]).into_iter().flat_map(NodeRef::items) {
            if let Some(matches) = rule.entry("matches") {
                let n = matches.value.items().len();
                if n > 1 {
                    let text = format!("rule has {n} matches, and Lattice takes one");
                    self.refuse(idx, "lattice", text, matches.key.span());
                }
                for found in matches.value.items() {
                    self.judge_lattice_match(idx, found);
                }
            }
            for (backend, namespace) in super::gateway::backends(rule, object) {
                let services = self.services.find_in(self.world, backend.service, namespace, object);
                let [one] = services.as_slice() else { continue };
                let service = &self.world.objects[self.services.all[*one].object];
                let n_families = service.spec(&["ipFamilies"]).map_or(0, |families| families.items().len());
                if n_families > 1 || service.spec_text(&["ipFamilyPolicy"]) == Some("RequireDualStack") {
                    let text =
                        format!("Service `{}` is dual-stack, which Lattice does not take", service.name);
                    self.refuse(idx, "lattice", text, backend.at);
                }
            }
        }
    }

    fn judge_lattice_match(&mut self, idx: usize, found: NodeRef<'d>) {
        if let Some(method) = found.get("method") {
            if let Some((kind, at)) = word(method, "type").filter(|(kind, _)| *kind != "Exact") {
                self.refuse(
                    idx,
                    "lattice",
                    format!("method match is `{kind}`, and Lattice takes `Exact`"),
                    at,
                );
            }
            if let (Some((name, at)), true) = (word(method, "method"), method.get("service").is_none()) {
                let text = format!("method `{name}` stands without a service");
                self.refuse(idx, "lattice", text, at);
            }
        }
        let Some(headers) = found.entry("headers") else { return };
        let n = headers.value.items().len();
        if n > MAX_LATTICE_HEADERS {
            let text = format!("rule matches {n} headers, and Lattice takes {MAX_LATTICE_HEADERS}");
            self.refuse(idx, "lattice", text, headers.key.span());
        }
        for header in headers.value.items() {
            if let Some((kind, at)) = word(header, "type").filter(|(kind, _)| *kind != "Exact") {
                self.refuse(
                    idx,
                    "lattice",
                    format!("header match is `{kind}`, and Lattice takes `Exact`"),
                    at,
                );
            }
        }
    }

    /// A backend of another namespace needs a grant there. Where its Service is among the files, so is its grant.
    fn judge_grants(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let backends = object.spec(&["rules"]).into_iter().flat_map(NodeRef::items);
        for backend in backends.filter_map(|rule| rule.get("backendRefs")).flat_map(NodeRef::items) {
            let Some((namespace, at)) = word(backend, "namespace") else { continue };
            let Some((name, _)) = word(backend, "name") else { continue };
            let is_service = matches!(backend.get("kind").and_then(text), None | Some("Service"));
            if namespace == object.namespace || object.namespace.is_empty() || !is_service {
                continue;
            }
            let Found::One(service) = self.world.find_in("Service", name, namespace, object.file) else {
                continue;
            };
            if self.world.objects[service].namespace == namespace && !self.is_granted(object, namespace, name)
            {
                let text = format!("namespace `{namespace}` has no ReferenceGrant for this {}", object.kind);
                self.refuse(idx, "reference-grant", text, at);
            }
        }
    }

    fn is_granted(&self, route: &Object<'d>, namespace: &str, service: &str) -> bool {
        let grants = self.world.objects.iter().filter(|object| {
            object.kind == "ReferenceGrant" && (object.namespace == namespace || object.namespace.is_empty())
        });
        let items = |grant: &Object<'d>, key: &str| {
            grant.spec(&[key]).into_iter().flat_map(NodeRef::items).collect::<Vec<_>>()
        };
        // What a template fills in may be what is needed.
        let is = |node: NodeRef<'_>, key: &str, wanted: &str| {
            node.get(key).is_none_or(|value| text(value).is_none_or(|own| own == wanted))
        };
        grants.into_iter().any(|grant| {
            let from = items(grant, "from");
            let to = items(grant, "to");
            from.iter().any(|from| is(*from, "kind", route.kind) && is(*from, "namespace", route.namespace))
                && to.iter().any(|to| is(*to, "kind", "Service") && is(*to, "name", service))
        })
    }

    /// Listeners that contradict each other, or are of another layer than the load balancer.
    fn judge_gateway(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let Some(kind) = gateway_classes::kind(self.world, object) else { return };
        self.set_controller(idx, controller_name(kind.platform()));
        if kind == GatewayKind::Lattice {
            return;
        }
        let allowed: &[&str] = match kind {
            GatewayKind::Application => &["HTTP", "HTTPS"],
            _ => &["TCP", "UDP", "TLS", "TCP_UDP", "QUIC", "TCP_QUIC"],
        };
        let what = if kind == GatewayKind::Application { "application" } else { "network" };
        let mut seen: FxHashMap<(i64, &str), &str> = FxHashMap::default();
        let mut by_port: FxHashMap<i64, &str> = FxHashMap::default();
        for listener in object.spec(&["listeners"]).into_iter().flat_map(NodeRef::items) {
            let (Some((protocol, protocol_at)), Some(port)) =
                (word(listener, "protocol"), listener.get("port").and_then(int))
            else {
                continue;
            };
            if !allowed.contains(&protocol) {
                let text = format!("an {what} load balancer has no `{protocol}` listener");
                let text = if what == "network" { text.replacen("an ", "a ", 1) } else { text };
                self.refuse(idx, "class-layer", text, protocol_at);
                continue;
            }
            let first = *by_port.entry(port).or_insert(protocol);
            let is_pair = |a: &str, b: &str| (a == "TCP" && b == "UDP") || (a == "UDP" && b == "TCP");
            if first != protocol && !is_pair(first, protocol) {
                let text = format!("port {port} is `{first}` and `{protocol}` at once");
                self.refuse(idx, "listener-conflict", text, protocol_at);
                continue;
            }
            let (hostname, at) = word(listener, "hostname").unwrap_or(("", protocol_at));
            let is_open = listener.get("hostname").is_some_and(|host| text(host).is_none());
            if kind == GatewayKind::Application
                && !is_open
                && seen.insert((port, hostname), protocol).is_some()
            {
                let named = if hostname.is_empty() {
                    "without a hostname".to_string()
                } else {
                    format!("for `{hostname}`")
                };
                let text = format!("two listeners {named} share port {port}");
                self.refuse(idx, "listener-conflict", text, at);
            }
        }
    }

    /// A policy on the TLS of a backend that a load balancer of AWS routes to.
    fn judge_tls_policy(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let targets = object.spec(&["targetRefs"]).into_iter().flat_map(NodeRef::items);
        let names: Vec<&str> = targets.filter_map(|target| target.get("name").and_then(text)).collect();
        let is_of_policy = |group: &&Group| {
            let Some((service, _)) = group.backend else { return false };
            let service = &self.world.objects[self.services.all[service].object];
            let fits = service.namespace == object.namespace
                || service.namespace.is_empty()
                || object.namespace.is_empty();
            fits && names.contains(&service.name)
                && self.builder.draft(group.resource).platform == Platform::Gateway
        };
        let groups: Vec<Group> = self.groups.iter().filter(is_of_policy).copied().collect();
        for group in &groups {
            self.builder.link(self.resources[idx], Link::TargetGroups, group.resource);
        }
        if !groups.is_empty() {
            self.set_controller(idx, "aws-load-balancer-controller");
        }
    }

    /// A GRPCRoute and an HTTPRoute with one hostname at one listener.
    fn find_shared_hostnames(&mut self) {
        type Key<'k> = (&'k str, &'k str, &'k str);
        let mut of_http: FxHashMap<Key<'d>, Vec<(Option<&'d str>, Span)>> = FxHashMap::default();
        let world = self.world;
        let places = |object: &Object<'d>| {
            let mut places: Vec<(Key<'d>, Option<&'d str>, Span)> = Vec::new();
            for parent in object.spec(&["parentRefs"]).into_iter().flat_map(NodeRef::items) {
                let Some(gateway) = parent.get("name").and_then(text) else { continue };
                let namespace = parent.get("namespace").and_then(text).unwrap_or(object.namespace);
                let section = parent.get("sectionName").and_then(text);
                for host in object.spec(&["hostnames"]).into_iter().flat_map(NodeRef::items) {
                    let Some(hostname) = text(host) else { continue };
                    places.push(((gateway, namespace, hostname), section, inner_span(host)));
                }
            }
            places
        };
        for object in world.objects.iter().filter(|object| object.kind == "HTTPRoute") {
            for (key, section, at) in places(object) {
                of_http.entry(key).or_default().push((section, at));
            }
        }
        for (idx, object) in world.objects.iter().enumerate().filter(|(_, object)| object.kind == "GRPCRoute")
        {
            for (key, section, at) in places(object) {
                let meets = |other: &&(Option<&str>, Span)| {
                    other.0.is_none() || section.is_none() || other.0 == section
                };
                let Some((_, other)) = of_http.get(&key).and_then(|found| found.iter().find(meets)) else {
                    continue;
                };
                let text = format!("an HTTPRoute has `{}` on the same listener", key.2);
                let refusal =
                    Refusal { reason: "hostname-shared", text, at, other: Some(*other), meant: None };
                self.refusals.push((idx, refusal));
            }
        }
    }
}

/// The word under a key, and where it is.
fn word<'d>(node: NodeRef<'d>, key: &str) -> Option<(&'d str, Span)> {
    let value = node.get(key)?;
    Some((text(value)?, inner_span(value)))
}
