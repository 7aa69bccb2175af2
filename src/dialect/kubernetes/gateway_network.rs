//! Gateways of the class for network load balancers, and the TCP and TLS routes that are attached to them.

use super::annotations::Setting;
use super::evidence::of_service_port;
use super::gateway::Config;
use super::gateway_classes::{self, GatewayKind};
use super::gateway_config::{Layer, ListenerConfig, balancer_config, group_properties};
use super::lowering::{Group, Layered, Lowering, Properties};
use super::objects::Object;
use super::target_groups::Backend;
use super::values::{inner_span, int, text};
use crate::document::NodeRef;
use crate::model::{Place, Platform, ResourceIdx, Unknown, ValueId};

impl<'d> Lowering<'_, 'd> {
    /// Lowers all of them.
    pub(super) fn lower_network_gateways(&mut self) {
        for idx in 0..self.world.objects.len() {
            let object = &self.world.objects[idx];
            if object.is(super::gateway::API, "Gateway")
                && gateway_classes::kind(self.world, object) == Some(GatewayKind::Network)
            {
                self.lower_network_gateway(idx);
            }
        }
    }

    fn lower_network_gateway(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let name = object.name_span;
        let label = format!("Gateway {}", object.full_name());
        let configs = self.configs(object);
        let layers = self.layers(&configs);
        let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
        let balancer =
            self.add_built(object, format!("{label} -> load balancer"), kind, name, Platform::Gateway);
        let properties = balancer_config(&mut self.builder.values, "network", &layers, name);
        self.builder.draft_mut(balancer).properties = Some(properties);
        for listener in object.spec(&["listeners"]).into_iter().flat_map(NodeRef::items) {
            let protocol = listener.get("protocol").and_then(text);
            if matches!(protocol, Some("TCP" | "TLS" | "TCP_UDP")) {
                self.lower_network_listener(idx, &label, balancer, listener, (&configs, &layers));
            }
        }
    }

    fn lower_network_listener(
        &mut self,
        gateway: usize,
        label: &str,
        balancer: ResourceIdx,
        listener: NodeRef<'d>,
        (configs, layers): (&[Config], &[Layer<'d>]),
    ) {
        let object = &self.world.objects[gateway];
        let word = |key: &str| listener.get(key).and_then(|node| Some((text(node)?, inner_span(node))));
        let (Some((protocol, protocol_at)), Some(port_node)) = (word("protocol"), listener.get("port"))
        else {
            return;
        };
        let Some(port) = int(port_node) else { return };
        let at = listener.get("name").map_or(object.name_span, inner_span);
        let id = format!("{label} -> {protocol}:{port}");
        let kind = "AWS::ElasticLoadBalancingV2::Listener";
        let resource = self.add_built(object, id, kind, at, Platform::Gateway);
        let groups = self.groups_of_listener(gateway, listener, port, configs);
        let config = ListenerConfig::find(layers, &format!("{protocol}:{port}"));
        let place = Place::default_at(at);
        let values = &mut self.builder.values;
        let mut properties = Properties::default();
        properties.put("LoadBalancerArn", values.reference(balancer, place));
        properties.put("Protocol", values.text(protocol, Place::written(protocol_at, protocol_at)));
        let port_at = inner_span(port_node);
        properties.put("Port", values.int(port, Place::written(port_at, port_at)));
        if protocol == "TLS" {
            match config.field("defaultCertificate") {
                Layered::Written(setting) => {
                    let arn = setting.value(values);
                    let entry = values.map_of(&[("CertificateArn", arn)], setting.place());
                    properties.put("Certificates", values.list(&[entry], setting.place()));
                }
                Layered::Absent => properties.put("Certificates", values.unknown(Unknown::Computed, place)),
                Layered::Unknown(why) => properties.put("Certificates", values.unknown(why, place)),
            }
            properties.put_layered(
                values,
                "AlpnPolicy",
                &config.field("alpnPolicy"),
                at,
                |setting, values| {
                    let known = ["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"];
                    let policy = setting.word(values, &known);
                    values.list(&[policy], setting.place())
                },
            );
            properties.put_layered(values, "SslPolicy", &config.field("sslPolicy"), at, Setting::value);
        }
        let mut list: Vec<ValueId> = Vec::new();
        for (group, at) in groups {
            let place = Place::written(at, at);
            let arn = values.reference(group, place);
            list.push(values.map_of(&[("TargetGroupArn", arn)], place));
        }
        if !list.is_empty() {
            let list = values.list(&list, place);
            let config = values.map_of(&[("TargetGroups", list)], place);
            let action = [("Type", values.text("forward", place)), ("ForwardConfig", config)];
            let action = values.map_of(&action, place);
            properties.put("DefaultActions", values.list(&[action], place));
        }
        let properties = properties.finish(values, Place::written(at, at));
        self.builder.draft_mut(resource).properties = Some(properties);
    }

    /// The target groups of the first route that is attached to a listener; a network load balancer takes one.
    fn groups_of_listener(
        &mut self,
        gateway: usize,
        listener: NodeRef<'d>,
        port: i64,
        configs: &[Config],
    ) -> Vec<(ResourceIdx, crate::source::Span)> {
        let world = self.world;
        let name = listener.get("name").and_then(text);
        let takes = |route: &Object<'d>| {
            gateway_classes::parents(world, route).iter().any(|parent| {
                parent.gateway == gateway
                    && parent.node.get("sectionName").and_then(text).is_none_or(|it| Some(it) == name)
                    && parent.node.get("port").and_then(int).is_none_or(|it| it == port)
            })
        };
        let route = world
            .objects
            .iter()
            .position(|object| matches!(object.kind, "TCPRoute" | "TLSRoute") && takes(object));
        let Some(route) = route else { return Vec::new() };
        let object = &world.objects[route];
        let by_service = self.configurations();
        let mut groups = Vec::new();
        for rule in object.spec(&["rules"]).into_iter().flat_map(NodeRef::items) {
            for (backend, namespace) in super::gateway::backends(rule, object) {
                let config = self.group_config(object, configs, &by_service, backend, namespace);
                let group = self.network_route_group(route, &config, backend, namespace);
                groups.push((group, backend.at));
            }
        }
        groups
    }

    fn network_route_group(
        &mut self,
        route: usize,
        config: &super::gateway_config::GroupConfig<'d>,
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
        let id = format!("{} {} -> {}", object.kind, object.full_name(), backend.label());
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        let resource = self.add_built(object, id, kind, backend.at, Platform::Gateway);
        let behind = service.zip(port).map(|(service, port)| &self.services.all[service].ports[port]);
        let values = &mut self.builder.values;
        let properties = group_properties(values, config, None, behind, &self.ports, backend.at);
        if values.get(properties, "Protocol").is_none() {
            // What a TLSRoute makes of it depends on the release of the controller.
            let place = Place::default_at(backend.at);
            let protocol = match object.kind {
                "TCPRoute" => values.text("TCP", place),
                _ => values.unknown(Unknown::Computed, place),
            };
            values.put(properties, "Protocol", protocol);
        }
        let draft = self.builder.draft_mut(resource);
        draft.properties = Some(properties);
        if let Some(port) = behind {
            of_service_port(draft, port);
        }
        let group = Group { resource, backend: service.zip(port), owner: route };
        self.link_backend(group);
        self.groups.push(group);
        resource
    }
}
