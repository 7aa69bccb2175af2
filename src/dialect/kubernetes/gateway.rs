//! Gateways of the AWS Load Balancer Controller, and the routes that are attached to them.
//!
//! An HTTPS listener takes GRPCRoutes and HTTPRoutes, an HTTP listener only HTTPRoutes unless it says otherwise; and
//! whatever is forwarded from HTTP is HTTP/1.1. Gateways of other controllers give evidence only.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::annotations::Setting;
use super::evidence::{declared, of_service_port};
use super::gateway_classes::{self, GatewayKind};
use super::gateway_config::{GroupConfig, Layer, ListenerConfig, balancer_config, group_properties};
use super::gateway_listeners::GatewayListener;
use super::lowering::{Group, Layered, Lowering, Properties, Refusal, word};
use super::objects::{Found, Object};
use super::target_groups::Backend;
use super::values::{inner_span, int, is_placeholder, text};
use super::workloads::PortRef;
use crate::document::NodeRef;
use crate::model::{Link, Place, Platform, ResourceIdx, Unknown, ValueId};

/// The group of the Gateway API.
pub(super) const API: &str = "gateway.networking.k8s.io";

/// A port of a Gateway, which becomes one listener of the load balancer.
struct BuiltListener<'d> {
    resource: ResourceIdx,
    is_https: bool,
    sections: Vec<GatewayListener<'d>>,
    n_rules: i64,
}

/// A Gateway that was lowered.
struct BuiltGateway<'d> {
    /// Its LoadBalancerConfigurations, the Gateway's own before that of its class.
    configs: Vec<Config>,
    listeners: Vec<BuiltListener<'d>>,
    /// Whether all its listeners could be read.
    is_complete: bool,
}

/// A LoadBalancerConfiguration that is referred to; `None` where the files do not tell what it says.
pub(super) type Config = Option<usize>;

/// The TargetGroupConfigurations of a project.
#[derive(Default)]
pub(super) struct Configurations<'d> {
    by_service: FxHashMap<&'d str, Vec<usize>>,
    /// Those whose Service a template fills in.
    open: Vec<usize>,
}

/// What the routes of a project need at hand.
struct Routing<'d> {
    /// The Gateways by their object.
    gateways: FxHashMap<usize, BuiltGateway<'d>>,
    configs: Configurations<'d>,
    /// The target groups that were made, by route, backend and whether HTTP/1.1 is forced.
    made: FxHashMap<(usize, String, bool), ResourceIdx>,
}

impl<'d> Lowering<'_, 'd> {
    /// Lowers Gateways and routes.
    pub(super) fn lower_gateways(&mut self) {
        let mut routing = Routing {
            gateways: FxHashMap::default(),
            configs: self.configurations(),
            made: FxHashMap::default(),
        };
        for (idx, object) in self.world.objects.iter().enumerate() {
            if object.is(API, "Gateway")
                && gateway_classes::kind(self.world, object) == Some(GatewayKind::Application)
            {
                routing.gateways.insert(idx, self.lower_gateway(idx));
            }
        }
        for (idx, object) in self.world.objects.iter().enumerate() {
            if object.is(API, "GRPCRoute") {
                self.declare_route(object);
            }
            if object.is(API, "GRPCRoute") || object.is(API, "HTTPRoute") {
                self.attach(idx, &mut routing);
            }
        }
    }

    fn lower_gateway(&mut self, idx: usize) -> BuiltGateway<'d> {
        let object = &self.world.objects[idx];
        let name = object.name_span;
        let label = format!("Gateway {}", object.full_name());
        let configs = self.configs(object);
        let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
        let id = format!("{label} -> load balancer");
        let balancer = self.add_built(object, id, kind, name, Platform::Gateway);
        let layers = self.layers(&configs);
        let properties = balancer_config(&mut self.builder.values, "application", &layers, name);
        self.builder.draft_mut(balancer).properties = Some(properties);

        let mut by_port: BTreeMap<i64, Vec<GatewayListener<'d>>> = BTreeMap::new();
        let mut n_unread = 0;
        for node in object.spec(&["listeners"]).into_iter().flat_map(NodeRef::items) {
            n_unread += 1;
            let has_name = node.get("name").is_some_and(|name| text(name).is_some());
            if let Some(listener) = GatewayListener::read(node).filter(|_| has_name) {
                by_port.entry(listener.port.0).or_default().push(listener);
                n_unread -= 1;
            }
        }
        let mut listeners = Vec::new();
        for sections in by_port.into_values() {
            let first = sections[0];
            if sections.iter().any(|section| section.protocol.0 != first.protocol.0) {
                n_unread += sections.len();
                continue;
            }
            let id = format!("{label} -> {}:{}", first.protocol.0, first.port.0);
            let kind = "AWS::ElasticLoadBalancingV2::Listener";
            let at = first.node.get("name").map_or(name, inner_span);
            let resource = self.add_built(object, id, kind, at, Platform::Gateway);
            let properties = self.listener_properties(object, balancer, &sections, &layers);
            self.builder.draft_mut(resource).properties = Some(properties);
            let is_https = first.protocol.0 == "HTTPS";
            listeners.push(BuiltListener { resource, is_https, sections, n_rules: 0 });
        }
        BuiltGateway { configs, listeners, is_complete: n_unread == 0 }
    }

    /// The TargetGroupConfigurations by the Service that they are for.
    pub(super) fn configurations(&self) -> Configurations<'d> {
        let mut configurations = Configurations::default();
        for (idx, object) in self.world.objects.iter().enumerate() {
            if !object.is("gateway.k8s.aws", "TargetGroupConfiguration") {
                continue;
            }
            let Some(name) = object.spec(&["targetReference", "name"]) else { continue };
            match text(name) {
                Some(service) => configurations.by_service.entry(service).or_default().push(idx),
                None if name.text().is_some_and(is_placeholder) => configurations.open.push(idx),
                None => {}
            }
        }
        configurations
    }

    /// The LoadBalancerConfigurations of a Gateway and of its class.
    pub(super) fn configs(&self, gateway: &Object<'d>) -> Vec<Config> {
        let find = |name: NodeRef<'d>, namespace: &str, file: usize| {
            let found = self.world.find_in("LoadBalancerConfiguration", text(name)?, namespace, file);
            if let Found::One(idx) = found { Some(idx) } else { None }
        };
        let mut found = Vec::new();
        if let Some(name) = gateway.spec(&["infrastructure", "parametersRef", "name"]) {
            found.push(find(name, gateway.namespace, gateway.file));
        }
        if let Some(class) = gateway.spec_text(&["gatewayClassName"])
            && let Found::One(class) = self.world.find_cluster_wide("GatewayClass", class, gateway.file)
        {
            let class = &self.world.objects[class];
            let namespace = class.spec_text(&["parametersRef", "namespace"]).unwrap_or_default();
            if let Some(name) = class.spec(&["parametersRef", "name"]) {
                found.push(find(name, namespace, class.file));
            }
        }
        found
    }

    /// What LoadBalancerConfigurations say.
    pub(super) fn layers(&self, configs: &[Config]) -> Vec<Layer<'d>> {
        let spec = |config: &Config| match config {
            Some(idx) => self.world.objects[*idx].node.get("spec").map(Layer::Written),
            None => Some(Layer::Open),
        };
        configs.iter().filter_map(spec).collect()
    }

    fn listener_properties(
        &mut self,
        gateway: &Object<'d>,
        balancer: ResourceIdx,
        sections: &[GatewayListener<'d>],
        configs: &[Layer<'d>],
    ) -> ValueId {
        let first = sections[0];
        let (protocol, protocol_at) = first.protocol;
        let (port, port_at) = first.port;
        let name = gateway.name_span;
        let place = Place::default_at(name);
        let values = &mut self.builder.values;
        let mut properties = Properties::default();
        properties.put("LoadBalancerArn", values.reference(balancer, place));
        properties.put("Protocol", values.text(protocol, Place::written(protocol_at, protocol_at)));
        properties.put("Port", values.int(port, Place::written(port_at, port_at)));
        if protocol == "HTTPS" {
            let config = ListenerConfig::find(configs, &format!("{protocol}:{port}"));
            match config.field("defaultCertificate") {
                Layered::Written(setting) => {
                    let arn = setting.value(values);
                    let entry = values.map_of(&[("CertificateArn", arn)], setting.place());
                    properties.put("Certificates", values.list(&[entry], setting.place()));
                }
                // Hosts of listeners and routes let the controller look for a certificate.
                Layered::Absent => properties.put("Certificates", values.unknown(Unknown::Computed, place)),
                Layered::Unknown(why) => properties.put("Certificates", values.unknown(why, place)),
            }
            properties.put_layered(values, "SslPolicy", &config.field("sslPolicy"), name, Setting::value);
        }
        let code = values.text("404", place);
        let fixed = values.map_of(&[("StatusCode", code)], place);
        let action = [("Type", values.text("fixed-response", place)), ("FixedResponseConfig", fixed)];
        let action = values.map_of(&action, place);
        properties.put("DefaultActions", values.list(&[action], place));
        properties.finish(values, Place::written(name, name))
    }

    /// A GRPCRoute says of its backends that they speak gRPC, whoever routes.
    fn declare_route(&mut self, route: &Object<'d>) {
        let text = format!("GRPCRoute `{}` routes to it", route.full_name());
        let span = route.node.get("kind").map_or(route.name_span, inner_span);
        let evidence = declared(span, text);
        for rule in route.spec(&["rules"]).into_iter().flat_map(NodeRef::items) {
            for (backend, namespace) in backends(rule, route) {
                self.declare(backend, namespace, route, &evidence);
            }
        }
    }

    /// Puts the rules of a route on the listeners that take it.
    fn attach(&mut self, route: usize, routing: &mut Routing<'d>) {
        let object = &self.world.objects[route];
        for parent in object.spec(&["parentRefs"]).into_iter().flat_map(NodeRef::items) {
            if !matches!(parent.get("kind").and_then(text), None | Some("Gateway")) {
                continue;
            }
            let Some(name) = parent.get("name").and_then(text) else { continue };
            let namespace = parent.get("namespace").and_then(text).unwrap_or(object.namespace);
            let Found::One(found) = self.world.find_in("Gateway", name, namespace, object.file) else {
                continue;
            };
            let section = parent.get("sectionName").and_then(text);
            if section.is_none() && parent.get("sectionName").is_some() {
                continue;
            }
            let port = parent.get("port").and_then(int);
            let Some(gateway) = routing.gateways.get(&found) else { continue };
            let mut accepting = Vec::new();
            let mut is_selected = false;
            let mut refused = None;
            let gateway_namespace = self.world.objects[found].namespace;
            for (idx, listener) in gateway.listeners.iter().enumerate() {
                let mut selected = listener
                    .sections
                    .iter()
                    .filter(|section_of| {
                        section.is_none_or(|section| section == section_of.name)
                            && port.is_none_or(|port| port == section_of.port.0)
                    })
                    .peekable();
                if selected.peek().is_none() {
                    continue;
                }
                is_selected = true;
                self.builder.link(self.resources[route], Link::Listeners, listener.resource);
                let reasons: Vec<Option<&'static str>> =
                    selected.map(|section| section.refuses(object, gateway_namespace)).collect();
                if reasons.contains(&None) {
                    accepting.push(idx);
                } else {
                    refused = refused.or(reasons.first().copied().flatten());
                }
            }
            let at = parent.get("sectionName").or(parent.get("name")).map_or(object.name_span, inner_span);
            let refusal = match (is_selected, accepting.is_empty().then_some(refused).flatten()) {
                (false, _) if gateway.is_complete => {
                    Some(("section", format!("Gateway `{name}` has no such listener")))
                }
                (true, Some("kind")) => {
                    Some(("kind", format!("no listener of Gateway `{name}` takes a {}", object.kind)))
                }
                (true, Some("namespace")) => {
                    Some(("namespace", format!("Gateway `{name}` takes routes of its own namespace only")))
                }
                (true, Some("hostname")) => {
                    Some(("hostname", format!("Gateway `{name}` has no listener for these hostnames")))
                }
                _ => None,
            };
            self.refusals.extend(refusal.map(|(reason, text)| (route, Refusal::new(reason, text, at))));
            for listener in accepting {
                self.add_rules(route, found, listener, routing);
            }
        }
    }

    fn add_rules(&mut self, route: usize, gateway: usize, idx: usize, routing: &mut Routing<'d>) {
        let object = &self.world.objects[route];
        let listener = routing.gateways[&gateway].listeners[idx].resource;
        let is_https = routing.gateways[&gateway].listeners[idx].is_https;
        for rule in object.spec(&["rules"]).into_iter().flat_map(NodeRef::items) {
            let mut groups = Vec::new();
            for (backend, namespace) in backends(rule, object) {
                let key = (route, backend.label(), !is_https);
                let group = match routing.made.get(&key) {
                    Some(group) => *group,
                    None => {
                        let configs = &routing.gateways[&gateway].configs;
                        let config = self.group_config(object, configs, &routing.configs, backend, namespace);
                        self.note_drops(&config);
                        let group = self.route_group(route, &config, backend, namespace, is_https);
                        routing.made.insert(key, group);
                        group
                    }
                };
                groups.push((group, backend.at));
            }
            let n = {
                let Some(gateway) = routing.gateways.get_mut(&gateway) else { return };
                gateway.listeners[idx].n_rules += 1;
                gateway.listeners[idx].n_rules
            };
            let id = format!("{} rule {n}", self.builder.draft(listener).id);
            let at = groups.first().map_or(object.name_span, |(_, at)| *at);
            let kind = "AWS::ElasticLoadBalancingV2::ListenerRule";
            let resource = self.add_built(object, id, kind, at, Platform::Gateway);
            let place = Place::written(at, at);
            let values = &mut self.builder.values;
            let mut list = Vec::new();
            for (group, at) in &groups {
                let place = Place::written(*at, *at);
                let arn = values.reference(*group, place);
                list.push(values.map_of(&[("TargetGroupArn", arn)], place));
            }
            let list = values.list(&list, place);
            let config = values.map_of(&[("TargetGroups", list)], place);
            let action = [("Type", values.text("forward", place)), ("ForwardConfig", config)];
            let action = values.map_of(&action, place);
            let mut properties = Properties::default();
            properties.put("ListenerArn", values.reference(listener, place));
            properties.put("Priority", values.unknown(Unknown::Computed, place));
            properties.put("Actions", values.list(&[action], place));
            let conditions = super::gateway_config::conditions(values, object, rule, place);
            properties.put("Conditions", conditions);
            let properties = properties.finish(values, place);
            self.builder.draft_mut(resource).properties = Some(properties);
        }
    }

    fn route_group(
        &mut self,
        route: usize,
        config: &GroupConfig<'d>,
        backend: Backend<'d>,
        namespace: &str,
        is_https: bool,
    ) -> ResourceIdx {
        let object = &self.world.objects[route];
        let services = self.services.find_in(self.world, backend.service, namespace, object);
        let service = match services.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let port = service.and_then(|service| self.services.all[service].port_index(backend.port));
        let suffix = if is_https { "" } else { " over HTTP" };
        let id = format!("{} {} -> {}{suffix}", object.kind, object.full_name(), backend.label());
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        let resource = self.add_built(object, id, kind, backend.at, Platform::Gateway);
        let behind = service.zip(port).map(|(service, port)| &self.services.all[service].ports[port]);
        let kind_at = object.node.get("kind").map_or(object.name_span, inner_span);
        let version_default = if !is_https {
            Some(("HTTP1", backend.at, true))
        } else if object.kind == "GRPCRoute" {
            Some(("GRPC", kind_at, false))
        } else {
            behind
                .and_then(|port| port.app_protocol)
                .filter(|(protocol, _)| *protocol == "kubernetes.io/h2c")
                .map(|(_, span)| ("HTTP2", span, false))
        };
        let properties = group_properties(
            &mut self.builder.values,
            config,
            version_default,
            behind,
            &self.ports,
            backend.at,
        );
        let check_port = config.health_check("healthCheckPort");
        let draft = self.builder.draft_mut(resource);
        draft.properties = Some(properties);
        if let Some(port) = behind {
            of_service_port(draft, port);
        }
        if object.kind == "GRPCRoute" {
            draft.grpc.push(declared(kind_at, "a GRPCRoute leads here"));
        }
        let missing = self.missing_backend(backend, namespace, service, port);
        self.builder.draft_mut(resource).sections.extend(missing);
        let group = Group { resource, backend: service.zip(port), owner: route };
        self.link_backend(group);
        self.link_health_check(group, &check_port);
        self.groups.push(group);
        resource
    }

    /// The TargetGroupConfiguration that applies to a backend of a route.
    pub(super) fn group_config(
        &self,
        route: &Object<'d>,
        configs: &[Config],
        by_service: &Configurations<'d>,
        backend: Backend<'d>,
        namespace: &str,
    ) -> GroupConfig<'d> {
        let is_here = |idx: &&usize| {
            let own = self.world.objects[**idx].namespace;
            own == namespace || own.is_empty() || namespace.is_empty()
        };
        let mut of_service = by_service.by_service.get(backend.service).into_iter().flatten().filter(is_here);
        let mut layers = Vec::new();
        match of_service.next() {
            Some(idx) => layers.extend(config_layers(&self.world.objects[*idx], route)),
            None if by_service.open.iter().any(|idx| is_here(&idx)) => layers.push(Layer::Open),
            None => {}
        }
        for config in configs {
            let Some(config) = config else {
                layers.push(Layer::Open);
                break;
            };
            let config = &self.world.objects[*config];
            let Some(name) = config.spec(&["defaultTargetGroupConfiguration", "name"]) else { continue };
            let found = text(name).map(|name| {
                self.world.find_in("TargetGroupConfiguration", name, config.namespace, config.file)
            });
            match found {
                Some(Found::One(idx)) => layers.extend(config_layers(&self.world.objects[idx], route)),
                _ => layers.push(Layer::Open),
            }
            break;
        }
        GroupConfig { layers }
    }
}

/// What a TargetGroupConfiguration says of a route: its closest entry, then its default. An entry for a route that a
/// template fills in may be this one's.
fn config_layers<'d>(object: &Object<'d>, route: &Object<'_>) -> Vec<Layer<'d>> {
    let spec = object.node.get("spec");
    let items = || {
        let routes = spec.and_then(|spec| spec.get("routeConfigurations"));
        routes.into_iter().flat_map(NodeRef::items)
    };
    let is_open = |item: NodeRef<'d>| {
        let identifier = item.get("routeIdentifier").into_iter().flat_map(NodeRef::entries);
        identifier.filter_map(|entry| entry.value.text()).any(is_placeholder)
    };
    if items().any(is_open) {
        return vec![Layer::Open];
    }
    let best = items()
        .filter_map(|item| Some((fits(item, route)?, item.get("targetGroupProps")?)))
        .max_by_key(|(fit, _)| *fit)
        .map(|(_, props)| props);
    let default = spec.and_then(|spec| spec.get("defaultConfiguration"));
    best.into_iter().chain(default).map(Layer::Written).collect()
}

/// How closely an entry of `routeConfigurations` names a route: kind, then namespace, then name.
fn fits(item: NodeRef<'_>, route: &Object<'_>) -> Option<u8> {
    let identifier = item.get("routeIdentifier")?;
    let field = |key: &str| identifier.get(key).and_then(text);
    if field("kind")? != route.kind {
        return None;
    }
    let mut fit = 1;
    for (wanted, own) in [(field("namespace"), route.namespace), (field("name"), route.name)] {
        match wanted {
            Some(wanted) if wanted != own => return None,
            Some(_) => fit += 1,
            None => {}
        }
    }
    Some(fit)
}

/// The Services that a rule of a route forwards to, with their namespaces.
pub(super) fn backends<'d>(rule: NodeRef<'d>, route: &Object<'d>) -> Vec<(Backend<'d>, &'d str)> {
    rule.get("backendRefs")
        .into_iter()
        .flat_map(NodeRef::items)
        .filter(|backend| matches!(backend.get("kind").and_then(text), None | Some("Service")))
        .filter_map(|backend| {
            let name = backend.get("name")?;
            let port_node = backend.get("port")?;
            let port = PortRef::Number(int(port_node)?);
            let namespace = backend.get("namespace").and_then(text).unwrap_or(route.namespace);
            let backend =
                Backend { service: text(name)?, port, at: inner_span(name), port_at: inner_span(port_node) };
            Some((backend, namespace))
        })
        .collect()
}

/// A host as a condition's value.
pub(super) fn host_value(values: &mut crate::model::Values, host: NodeRef<'_>) -> Option<ValueId> {
    let span = inner_span(host);
    Some(word(values, host.text()?, Place::written(span, span)))
}
