//! What the AWS Gateway API Controller builds in VPC Lattice: a service for each route, with listeners, rules and target
//! groups, and target groups of exported Services.

use rustc_hash::FxHashMap;

use super::annotations::Setting;
use super::evidence::{declared, of_service_port};
use super::gateway_classes::{self, GatewayKind, Parent};
use super::lowering::{Group, Lowering, Properties, Refusal};
use super::objects::Object;
use super::target_groups::Backend;
use super::values::{inner_span, int, is_placeholder, text};
use super::workloads::PortRef;
use crate::document::NodeRef;
use crate::model::{Link, Place, Platform, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

const POLICY: &str = "TargetGroupPolicy";

/// The target groups that were made: by Service, port and kind of route.
type Made<'d> = FxHashMap<(&'d str, String, &'d str), ResourceIdx>;

/// The TargetGroupPolicy of a Service.
#[derive(Clone, Copy)]
enum Policy {
    None,
    One(usize),
    /// One whose target a template fills in may be meant.
    Open,
}

impl<'d> Lowering<'_, 'd> {
    /// Lowers routes on Gateways of Lattice, and exported Services.
    pub(super) fn lower_lattice(&mut self) {
        let world = self.world;
        let mut made = Made::default();
        let mut is_routed = false;
        for (idx, object) in world.objects.iter().enumerate() {
            match object.kind {
                "GRPCRoute" | "HTTPRoute" => is_routed |= self.lower_lattice_route(idx, &mut made),
                "ServiceExport" if object.group.starts_with("application-networking") => {
                    self.lower_export(idx);
                    is_routed = true;
                }
                _ => {}
            }
        }
        for (idx, object) in world.objects.iter().enumerate() {
            if object.kind == POLICY && is_routed {
                self.judge_policy(idx, &made);
            }
        }
    }

    /// Whether the route is attached to a Gateway of Lattice.
    fn lower_lattice_route(&mut self, idx: usize, made: &mut Made<'d>) -> bool {
        let object = &self.world.objects[idx];
        let parents: Vec<Parent<'d>> = gateway_classes::parents(self.world, object)
            .into_iter()
            .filter(|parent| {
                let gateway = &self.world.objects[parent.gateway];
                gateway_classes::kind(self.world, gateway) == Some(GatewayKind::Lattice)
            })
            .collect();
        if parents.is_empty() {
            return false;
        }
        let name = object.name_span;
        let place = Place::written(name, name);
        let label = format!("{} {}", object.kind, object.full_name());
        let kind = "AWS::VpcLattice::Service";
        let id = format!("{label} -> Lattice service");
        let service = self.add_built(object, id, kind, name, Platform::Lattice);
        let mut properties = Properties::default();
        let host = object.spec(&["hostnames"]).into_iter().flat_map(NodeRef::items).next();
        if let Some(host) = host.and_then(|host| super::gateway::host_value(&mut self.builder.values, host)) {
            properties.put("CustomDomainName", host);
        }
        if let Some(policy) = self.access_policy(object) {
            let place = Place::written(policy, policy);
            properties.put("AuthType", self.builder.values.text("AWS_IAM", place));
        }
        let properties = properties.finish(&mut self.builder.values, place);
        self.builder.draft_mut(service).properties = Some(properties);
        self.link_policies(service, object, &parents);
        for parent in &parents {
            for listener in self.selected(parent) {
                // gRPC is refused on HTTP listeners, and what passes TLS through takes TLSRoutes alone.
                let protocol = listener.get("protocol").and_then(text);
                let is_passed = protocol == Some("TLS");
                let is_refused = object.kind == "GRPCRoute" && protocol != Some("HTTPS");
                if is_refused || is_passed != (object.kind == "TLSRoute") {
                    continue;
                }
                self.lower_lattice_listener(idx, service, &label, listener, made);
            }
        }
        true
    }

    /// The policies of a kind for a route or for one of its Gateways, each of which must stand in the namespace of what it is for.
    fn policies_for(&self, kind: &str, route: &Object<'d>, parents: &[Parent<'d>]) -> Vec<usize> {
        let is_for = |policy: &Object<'_>, target: &Object<'_>| {
            policy.kind == kind
                && policy.namespace == target.namespace
                && policy.spec_text(&["targetRef", "kind"]) == Some(target.kind)
                && policy.spec_text(&["targetRef", "name"]) == Some(target.name)
        };
        let of_any = |policy: &Object<'_>| {
            let of_gateway = |parent: &Parent<'_>| is_for(policy, &self.world.objects[parent.gateway]);
            is_for(policy, route) || parents.iter().any(of_gateway)
        };
        let all = self.world.objects.iter().enumerate();
        all.filter(|(_, policy)| of_any(policy)).map(|(idx, _)| idx).collect()
    }

    /// The IAMAuthPolicy that asks callers of a route's service for signed requests.
    fn access_policy(&self, route: &Object<'d>) -> Option<Span> {
        let policy = *self.policies_for("IAMAuthPolicy", route, &[]).first()?;
        Some(self.world.objects[policy].name_span)
    }

    /// Links policies of the network with the service that they let callers reach.
    fn link_policies(&mut self, service: ResourceIdx, route: &Object<'d>, parents: &[Parent<'d>]) {
        for kind in ["VpcAssociationPolicy", "IAMAuthPolicy", "AccessLogPolicy"] {
            for policy in self.policies_for(kind, route, parents) {
                self.builder.link(self.resources[policy], Link::LoadBalancers, service);
            }
        }
    }

    /// The listeners of a Gateway that a reference selects.
    fn selected(&self, parent: &Parent<'d>) -> Vec<NodeRef<'d>> {
        let section = parent.node.get("sectionName").and_then(text);
        let port = parent.node.get("port").and_then(int);
        let listeners = self.world.objects[parent.gateway].spec(&["listeners"]);
        let listeners = listeners.into_iter().flat_map(NodeRef::items);
        listeners
            .filter(|listener| {
                section.is_none_or(|section| listener.get("name").and_then(text) == Some(section))
                    && port.is_none_or(|port| listener.get("port").and_then(int) == Some(port))
            })
            .collect()
    }

    fn lower_lattice_listener(
        &mut self,
        route: usize,
        service: ResourceIdx,
        label: &str,
        listener: NodeRef<'d>,
        made: &mut Made<'d>,
    ) {
        let object = &self.world.objects[route];
        let Some(port) = listener.get("port").and_then(|node| Some((int(node)?, inner_span(node)))) else {
            return;
        };
        let Some(protocol) = listener.get("protocol").and_then(|it| Some((text(it)?, inner_span(it)))) else {
            return;
        };
        let word = if protocol.0 == "TLS" { "TLS_PASSTHROUGH" } else { protocol.0 };
        let id = format!("{label} -> {word}:{}", port.0);
        let at = listener.get("name").map_or(object.name_span, inner_span);
        let resource = self.add_built(object, id, "AWS::VpcLattice::Listener", at, Platform::Lattice);
        let place = Place::default_at(at);
        let values = &mut self.builder.values;
        let mut properties = Properties::default();
        properties.put("ServiceIdentifier", values.reference(service, place));
        properties.put("Protocol", values.text(word, Place::written(protocol.1, protocol.1)));
        properties.put("Port", values.int(port.0, Place::written(port.1, port.1)));
        let code = values.int(404, place);
        let fixed = values.map_of(&[("StatusCode", code)], place);
        properties.put("DefaultAction", values.map_of(&[("FixedResponse", fixed)], place));
        let properties = properties.finish(values, Place::written(at, at));
        self.builder.draft_mut(resource).properties = Some(properties);
        for (n, rule) in object.spec(&["rules"]).into_iter().flat_map(NodeRef::items).enumerate() {
            let mut groups = Vec::new();
            for (backend, namespace) in super::gateway::backends(rule, object) {
                let key = (backend.service, backend.label(), object.kind);
                let group = match made.get(&key) {
                    Some(group) => *group,
                    None => {
                        let group = self.lattice_group(route, label, backend, namespace);
                        made.insert(key, group);
                        group
                    }
                };
                groups.push((group, backend.at));
            }
            self.lower_lattice_rule(route, resource, n, rule, &groups);
        }
    }

    fn lower_lattice_rule(
        &mut self,
        route: usize,
        listener: ResourceIdx,
        n: usize,
        rule: NodeRef<'d>,
        groups: &[(ResourceIdx, Span)],
    ) {
        let object = &self.world.objects[route];
        let id = format!("{} rule {}", self.builder.draft(listener).id, n + 1);
        let at = groups.first().map_or(object.name_span, |(_, at)| *at);
        let resource = self.add_built(object, id, "AWS::VpcLattice::Rule", at, Platform::Lattice);
        let place = Place::default_at(at);
        let values = &mut self.builder.values;
        let mut properties = Properties::default();
        properties.put("ListenerIdentifier", values.reference(listener, place));
        properties.put("Priority", values.int(n as i64 + 1, place));
        let mut list = Vec::new();
        for (group, at) in groups {
            let place = Place::written(*at, *at);
            let identifier = values.reference(*group, place);
            list.push(values.map_of(&[("TargetGroupIdentifier", identifier)], place));
        }
        let list = values.list(&list, place);
        let forward = values.map_of(&[("TargetGroups", list)], place);
        properties.put("Action", values.map_of(&[("Forward", forward)], place));
        let first = rule.get("matches").into_iter().flat_map(NodeRef::items).next();
        let mut http: Vec<(&str, ValueId)> = Vec::new();
        if object.kind == "GRPCRoute" {
            http.push(("Method", values.text("POST", place)));
        } else if let Some(method) = first.and_then(|found| found.get("method")) {
            let span = inner_span(method);
            http.push((
                "Method",
                super::lowering::word(values, method.text().unwrap_or_default(), Place::written(span, span)),
            ));
        }
        let config = values.map_of(&http, place);
        properties.put("Match", values.map_of(&[("HttpMatch", config)], place));
        let properties = properties.finish(values, Place::written(at, at));
        self.builder.draft_mut(resource).properties = Some(properties);
    }

    fn lattice_group(
        &mut self,
        route: usize,
        label: &str,
        backend: Backend<'d>,
        namespace: &str,
    ) -> ResourceIdx {
        let object = &self.world.objects[route];
        let services = self.services.find_in(self.world, backend.service, namespace, object);
        let service = match services.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let port = service.and_then(|service| self.services.all[service].port_index(backend.port));
        let kind_at = object.node.get("kind").map_or(object.name_span, inner_span);
        let id = format!("{label} -> {}", backend.label());
        let kind = "AWS::VpcLattice::TargetGroup";
        let resource = self.add_built(object, id, kind, backend.at, Platform::Lattice);
        let version = (object.kind == "GRPCRoute").then_some(("GRPC", kind_at));
        let number = match backend.port {
            PortRef::Number(number) => Some((number, backend.port_at)),
            PortRef::Name(_) => None,
        };
        let policy = self.policy_of(&["Service"], backend.service, namespace);
        // A GRPCRoute settles the version; a policy is asked for the rest only.
        self.put_lattice_group(resource, policy, version, true, number, backend.at);
        let draft = self.builder.draft_mut(resource);
        if let Some((service, port)) = service.zip(port) {
            of_service_port(draft, &self.services.all[service].ports[port]);
        }
        if version.is_some() {
            draft.grpc.push(declared(kind_at, "a GRPCRoute leads here"));
        }
        let group = Group { resource, backend: service.zip(port), owner: route };
        self.link_backend(group);
        self.groups.push(group);
        resource
    }

    /// An exported Service: a target group for each of its exported ports, of the version that the export or a policy says.
    fn lower_export(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let services = self.services.find_in(self.world, object.name, object.namespace, object);
        let [service] = services.as_slice() else { return };
        let service = *service;
        let exported: Vec<NodeRef<'d>> =
            object.spec(&["exportedPorts"]).into_iter().flat_map(NodeRef::items).collect();
        let policy = self.policy_of(&["ServiceExport", "Service"], object.name, object.namespace);
        for port in 0..self.services.all[service].ports.len() {
            let described = &self.services.all[service].ports[port];
            let (number, at) = (described.number, described.at);
            let entry = exported.iter().find(|entry| entry.get("port").and_then(int) == number);
            if entry.is_none() && !exported.is_empty() {
                continue;
            }
            let route = entry.and_then(|entry| entry.get("routeType"));
            let version = route
                .filter(|route| route.text().is_some_and(|word| word == "GRPC" || is_placeholder(word)))
                .map(|route| (route.text().unwrap_or_default(), inner_span(route)));
            let id = format!("ServiceExport {} -> {}", object.full_name(), described.label());
            let name = entry.and_then(|entry| entry.get("port")).map_or(object.name_span, inner_span);
            let kind = "AWS::VpcLattice::TargetGroup";
            let resource = self.add_built(object, id, kind, name, Platform::Lattice);
            self.put_lattice_group(resource, policy, version, false, number.map(|number| (number, at)), name);
            of_service_port(self.builder.draft_mut(resource), &self.services.all[service].ports[port]);
            let group = Group { resource, backend: Some((service, port)), owner: idx };
            self.link_backend(group);
            self.groups.push(group);
        }
    }

    fn put_lattice_group(
        &mut self,
        resource: ResourceIdx,
        policy: Policy,
        version: Option<(&str, Span)>,
        is_settled: bool,
        port: Option<(i64, Span)>,
        name: Span,
    ) {
        let is_open = matches!(policy, Policy::Open);
        let policy = match policy {
            Policy::One(policy) => Some(&self.world.objects[policy]),
            Policy::None | Policy::Open => None,
        };
        let field = |path: &[&str], key: &str| {
            let entry = policy?.spec(path)?.entry(key)?;
            Setting::read(entry.key, entry.value)
        };
        let values = &mut self.builder.values;
        let unknown = Place::fact_at(name);
        let mut config: Vec<(&str, ValueId)> = Vec::new();
        if let Some(setting) = field(&[], "protocol") {
            config.push(("Protocol", setting.value(values)));
        }
        let of_policy = field(&[], "protocolVersion").filter(|_| !(is_settled && version.is_some()));
        match (of_policy, version) {
            (Some(setting), _) => config.push(("ProtocolVersion", setting.value(values))),
            (None, Some((text, span))) if is_settled || !is_open => {
                let version = super::lowering::word(values, text, Place::written(span, span));
                config.push(("ProtocolVersion", version));
            }
            (None, None) if !is_open => {}
            (None, _) => config.push(("ProtocolVersion", values.unknown(Unknown::Expression, unknown))),
        }
        if is_open {
            for property in ["Protocol", "HealthCheck"] {
                config.push((property, values.unknown(Unknown::Expression, unknown)));
            }
        }
        if let Some((number, span)) = port {
            config.push(("Port", values.int(number, Place::written(span, span))));
        }
        let check = policy.and_then(|policy| policy.node.get("spec")?.entry("healthCheck"));
        if let Some(check) = check {
            let place = Place::written(inner_span(check.value), check.key.span());
            let mut entries: Vec<(&str, ValueId)> = Vec::new();
            for (property, key) in [
                ("Enabled", "enabled"),
                ("Protocol", "protocol"),
                ("ProtocolVersion", "protocolVersion"),
                ("Path", "path"),
                ("Port", "port"),
                ("HealthCheckIntervalSeconds", "intervalSeconds"),
                ("HealthCheckTimeoutSeconds", "timeoutSeconds"),
                ("HealthyThresholdCount", "healthyThresholdCount"),
                ("UnhealthyThresholdCount", "unhealthyThresholdCount"),
            ] {
                if let Some(setting) = field(&["healthCheck"], key) {
                    entries.push((property, setting.value(values)));
                }
            }
            if let Some(setting) = field(&["healthCheck"], "statusMatch") {
                let code = setting.value(values);
                entries.push(("Matcher", values.map_of(&[("HttpCode", code)], setting.place())));
            }
            // The controller writes HTTP1 where a check of a GRPC group names no version.
            if !entries.iter().any(|(key, _)| *key == "ProtocolVersion") && version.is_some() {
                entries.push(("ProtocolVersion", values.text("HTTP1", Place::default_at(check.key.span()))));
            }
            config.push(("HealthCheck", values.map_of(&entries, place)));
        }
        let place = Place::written(name, name);
        let mut properties = Properties::default();
        properties.put("Type", values.text("IP", Place::default_at(name)));
        properties.put("Config", values.map_of(&config, place));
        let properties = properties.finish(values, place);
        self.builder.draft_mut(resource).properties = Some(properties);
    }

    /// The policy for a Service, or for an export of this name as well. It must stand in the namespace.
    fn policy_of(&self, kinds: &[&str], name: &str, namespace: &str) -> Policy {
        let here = || {
            let all = self.world.objects.iter().enumerate();
            all.filter(|(_, object)| object.kind == POLICY && object.namespace == namespace)
        };
        for kind in kinds {
            let is_meant = |object: &Object<'_>| {
                object.spec_text(&["targetRef", "kind"]) == Some(kind)
                    && object.spec_text(&["targetRef", "name"]) == Some(name)
            };
            if let Some((idx, _)) = here().find(|(_, object)| is_meant(object)) {
                return Policy::One(idx);
            }
        }
        let may_be_meant = |object: &Object<'_>| {
            let may_be = |key: &str, words: &[&str]| {
                let word = object.spec(&["targetRef", key]).and_then(NodeRef::text);
                word.is_some_and(|word| words.contains(&word) || is_placeholder(word))
            };
            may_be("kind", kinds) && may_be("name", &[name])
        };
        if here().any(|(_, object)| may_be_meant(object)) { Policy::Open } else { Policy::None }
    }

    /// Whether a route may lead to the Service that a policy is for, as far as templates leave it open: by its Gateway, by
    /// the listener there, or by the backend. A listener that takes TLS as it comes has target groups too, of its own.
    fn may_lead_to(&self, route: &Object<'d>, name: &str) -> bool {
        if !matches!(route.kind, "GRPCRoute" | "HTTPRoute" | "TLSRoute" | "TCPRoute") {
            return false;
        }
        let is_open = |node: NodeRef<'d>, key: &str| {
            node.get(key).is_some_and(|node| text(node).is_none() || int(node).is_none() && key == "port")
        };
        let backends = || {
            let rules = route.spec(&["rules"]).into_iter().flat_map(NodeRef::items);
            rules.filter_map(|rule| rule.get("backendRefs")).flat_map(NodeRef::items)
        };
        let is_named =
            backends().any(|it| is_open(it, "name") || it.get("name").and_then(text) == Some(name));
        if !is_named {
            return false;
        }
        let parents = route.spec(&["parentRefs"]).into_iter().flat_map(NodeRef::items);
        let has_open_parent = parents.clone().any(|it| ["name", "port"].iter().any(|key| is_open(it, key)));
        let found = gateway_classes::parents(self.world, route);
        let mut of_lattice = found.iter().filter(|parent| {
            let gateway = &self.world.objects[parent.gateway];
            gateway_classes::kind(self.world, gateway) == Some(GatewayKind::Lattice)
        });
        let has_open_listener = of_lattice.clone().any(|parent| {
            let listeners = self.world.objects[parent.gateway].spec(&["listeners"]);
            let mut listeners = listeners.into_iter().flat_map(NodeRef::items);
            listeners.any(|it| ["name", "port", "protocol"].iter().any(|key| is_open(it, key)))
        });
        let has_open_backend = backends().any(|it| is_open(it, "name") || is_open(it, "port"));
        let is_attached = of_lattice.next().is_some();
        has_open_parent
            || found.len() < parents.count()
            || has_open_listener
            || is_attached && (has_open_backend || matches!(route.kind, "TLSRoute" | "TCPRoute"))
    }

    /// A policy on what is not routed, or that sets what a GRPCRoute settles.
    fn judge_policy(&mut self, idx: usize, made: &Made<'d>) {
        let object: &Object<'d> = &self.world.objects[idx];
        let Some(target) = object.spec(&["targetRef", "name"]) else { return };
        let (Some(name), Some("Service")) = (text(target), object.spec_text(&["targetRef", "kind"])) else {
            return;
        };
        let has = |namespace: &dyn Fn(&str) -> bool| {
            self.world
                .objects
                .iter()
                .any(|it| it.is("", "Service") && it.name == name && namespace(it.namespace))
        };
        let is_here = has(&|namespace| namespace == object.namespace);
        let routed: Vec<&str> =
            made.keys().filter(|(service, ..)| *service == name).map(|(_, _, kind)| *kind).collect();
        let is_exported = self.world.objects.iter().any(|it| {
            it.kind == "ServiceExport"
                && (it.name == name || is_placeholder(it.name))
                && it.namespace == object.namespace
        });
        let may_be_led_to = |is_asked: &dyn Fn(&str) -> bool| {
            let asked = self.world.objects.iter().filter(|route| is_asked(route.kind));
            asked.into_iter().any(|route| self.may_lead_to(route, name))
        };
        let (text, at) = if !is_here {
            let is_own = object.spec_text(&["targetRef", "namespace"]) == Some(object.namespace);
            let is_elsewhere = has(&|namespace| !namespace.is_empty() && !object.namespace.is_empty());
            if is_own || !is_elsewhere {
                return;
            }
            (format!("Service `{name}` is in another namespace"), inner_span(target))
        } else if routed.is_empty() && !is_exported {
            if may_be_led_to(&|_| true) {
                return;
            }
            (format!("no route of Lattice leads to Service `{name}`"), inner_span(target))
        } else if let Some(version) = object.spec(&["protocolVersion"])
            && !is_exported
            && routed.iter().all(|kind| *kind == "GRPCRoute")
            && !may_be_led_to(&|kind| kind != "GRPCRoute")
        {
            let text = "a GRPCRoute makes the version `GRPC` whatever the policy says";
            (text.to_string(), inner_span(version))
        } else {
            return;
        };
        self.refusals.push((idx, Refusal::new("without-effect", text, at)));
    }
}
