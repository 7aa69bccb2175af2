//! Services of type LoadBalancer: a network load balancer, or a classic one.

use super::annotations::{NLB, Setting};
use super::classes::{self, Balancer};
use super::evidence::of_service_port;
use super::lowering::{Group, Layered, Lowering, Properties};
use super::services::ServicePort;
use super::target_groups::health_check_port;
use super::values::{inner_span, int};
use crate::model::{Evidence, Link, Place, Platform, ResourceIdx, Unknown, ValueId, signs};

impl<'d> Lowering<'_, 'd> {
    /// Lowers all Services that a controller of AWS makes load balancers of.
    pub(super) fn lower_balancers(&mut self) {
        for idx in 0..self.services.all.len() {
            let object = &self.world.objects[self.services.all[idx].object];
            if object.spec_text(&["type"]) != Some("LoadBalancer") {
                continue;
            }
            match classes::service(object, &self.cluster) {
                Some(Balancer::Network(platform)) => self.lower_network(idx, platform),
                Some(Balancer::Classic) => self.lower_classic(idx),
                None => {}
            }
        }
    }

    /// Names the controller of every Service of type LoadBalancer, and looks for those that nobody takes, or another
    /// than the annotations are for.
    pub(super) fn judge_balancers(&mut self) {
        for idx in 0..self.services.all.len() {
            let owner = self.services.all[idx].object;
            let object = &self.world.objects[owner];
            if object.spec_text(&["type"]) != Some("LoadBalancer") {
                continue;
            }
            let fault = classes::unclaimed(object, &self.cluster);
            let controller = match (&fault, classes::service(object, &self.cluster)) {
                (Some(refusal), _) if refusal.reason == "nobody" => Some("none"),
                (_, Some(Balancer::Classic)) => Some(classes::controller_name(Platform::InTree)),
                (_, Some(Balancer::Network(platform))) => Some(classes::controller_name(platform)),
                (_, None) => None,
            };
            if let Some(controller) = controller.filter(|_| self.cluster.controller().is_some()) {
                let value = self.builder.values.text(controller, Place::fact_at(object.name_span));
                self.builder.draft_mut(self.resources[owner]).controller = Some(value);
            }
            self.refusals.extend(fault.map(|refusal| (owner, refusal)));
        }
    }

    fn setting(&self, service: usize, name: &str) -> Option<Setting<'d>> {
        let object = &self.world.objects[self.services.all[service].object];
        object.annotations.under(NLB, name).cloned()
    }

    fn layered(&self, service: usize, name: &str) -> Layered<'d> {
        self.setting(service, name).map_or(Layered::Absent, Layered::Written)
    }

    fn lower_network(&mut self, service: usize, platform: Platform) {
        let object = &self.world.objects[self.services.all[service].object];
        let name = object.name_span;
        let label = format!("Service {}", object.full_name());
        let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
        let balancer = self.add_built(object, format!("{label} -> load balancer"), kind, name, platform);
        let mut properties = Properties::default();
        let place = Place::default_at(name);
        properties.put("Type", self.builder.values.text("network", place));
        self.put_scheme(&mut properties, service);
        let load_balancer_name = self.layered(service, "name");
        let attributes = self.layered(service, "attributes");
        let addresses = self.setting(service, "eip-allocations");
        let values = &mut self.builder.values;
        properties.put_layered(values, "Name", &load_balancer_name, name, Setting::value);
        properties.put_layered(values, "LoadBalancerAttributes", &attributes, name, |setting, values| {
            let list = setting.attributes(values);
            values.list(&list, setting.place())
        });
        if let Some(setting) = &addresses {
            let mut list = Vec::new();
            for address in setting.list() {
                let place = setting.part(address);
                let id = super::lowering::word(values, address, place);
                list.push(values.map_of(&[("AllocationId", id)], place));
            }
            properties.put("SubnetMappings", values.list(&list, setting.place()));
        }
        let properties = properties.finish(values, Place::written(name, name));
        let draft = self.builder.draft_mut(balancer);
        draft.properties = Some(properties);
        draft.layer4_reasons.extend(addresses.map(|setting| ("static-address", setting.span)));

        for port in 0..self.services.all[service].ports.len() {
            let described = self.services.all[service].ports[port].label();
            let protocol = self.services.all[service].ports[port].protocol;
            if protocol == "SCTP" {
                continue;
            }
            let group = self.network_group(service, port, platform, &format!("{label} -> {described}"));
            self.network_listener(service, port, platform, &label, balancer, group);
        }
    }

    fn put_scheme(&mut self, properties: &mut Properties, service: usize) {
        let scheme = self.setting(service, "scheme");
        let internal = self.setting(service, "internal");
        let values = &mut self.builder.values;
        if let Some(setting) = scheme {
            properties.put("Scheme", setting.word(values, &["internal", "internet-facing"]));
        } else if let Some(setting) = internal {
            // Old manifests write a network here, `0.0.0.0/0`, and mean yes.
            let word = if setting.truth() == Some(false) { "internet-facing" } else { "internal" };
            properties.put("Scheme", values.text(word, setting.place()));
        }
    }

    /// Whether the listener of a port ends TLS.
    fn ends_tls(&self, service: usize, port: usize, platform: Platform) -> bool {
        let port = &self.services.all[service].ports[port];
        if port.protocol != "TCP" || self.setting(service, "ssl-cert").is_none() {
            return false;
        }
        let Some(ports) = self.setting(service, "ssl-ports") else { return true };
        ports.list().any(|word| {
            word == "*" && platform == Platform::InTree
                || port.name.is_some_and(|(name, _)| name == word)
                || port.number.is_some_and(|number| word.parse() == Ok(number))
        })
    }

    fn network_group(&mut self, service: usize, port: usize, platform: Platform, id: &str) -> ResourceIdx {
        let object = &self.world.objects[self.services.all[service].object];
        let name = object.name_span;
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        let resource = self.add_built(object, id.to_string(), kind, name, platform);
        let mut properties = Properties::default();
        self.put_group_protocol(&mut properties, service, port, platform);
        let is_ip = self.put_target_type(&mut properties, service, platform);
        let described = &self.services.all[service].ports[port];
        if let Some(port) = described.target_port(&mut self.builder.values, &self.ports, is_ip) {
            properties.put("Port", port);
        }
        self.put_network_check(&mut properties, service, is_ip);
        self.put_group_attributes(&mut properties, service, port, platform);
        let properties = properties.finish(&mut self.builder.values, Place::written(name, name));
        let evidence = self.annotation_words(service);
        let draft = self.builder.draft_mut(resource);
        draft.properties = Some(properties);
        of_service_port(draft, &self.services.all[service].ports[port]);
        if let [_] = self.services.all[service].ports.as_slice() {
            draft.grpc.extend(evidence);
        }
        let owner = self.services.all[service].object;
        let group = Group { resource, backend: Some((service, port)), owner };
        let check = self.layered(service, "healthcheck-port");
        self.link_backend(group);
        self.link_health_check(group, &check);
        self.groups.push(group);
        resource
    }

    fn put_group_protocol(
        &mut self,
        properties: &mut Properties,
        service: usize,
        port: usize,
        platform: Platform,
    ) {
        let port_at = &self.services.all[service].ports[port];
        let (protocol, place) = match port_at.node.get("protocol") {
            Some(node) => (port_at.protocol, Place::written(inner_span(node), inner_span(node))),
            None => (port_at.protocol, Place::default_at(port_at.at)),
        };
        let backend = self.setting(service, "backend-protocol").filter(|setting| setting.text == "ssl");
        let ends_tls = self.ends_tls(service, port, platform);
        let values = &mut self.builder.values;
        match backend.filter(|_| ends_tls) {
            Some(setting) => properties.put("Protocol", values.text("TLS", setting.place())),
            None => properties.put("Protocol", values.text(protocol, place)),
        }
    }

    /// The target type; and whether targets are addresses, as far as it is settled.
    fn put_target_type(
        &mut self,
        properties: &mut Properties,
        service: usize,
        platform: Platform,
    ) -> Option<bool> {
        let by_type = self.setting(service, "type").filter(|setting| setting.text == "nlb-ip");
        let setting = self.setting(service, "nlb-target-type");
        let values = &mut self.builder.values;
        if platform == Platform::InTree {
            return Some(false);
        }
        if let Some(setting) = by_type {
            properties.put("TargetType", values.text("ip", setting.place()));
            return Some(true);
        }
        let Some(setting) = setting else { return Some(platform == Platform::AutoModeService) };
        properties.put("TargetType", setting.word(values, &["ip", "instance"]));
        match setting.text {
            "ip" => Some(true),
            "instance" => Some(false),
            _ => None,
        }
    }

    fn put_network_check(&mut self, properties: &mut Properties, service: usize, is_ip: Option<bool>) {
        let object = &self.world.objects[self.services.all[service].object];
        let name = object.name_span;
        let protocol = self.setting(service, "healthcheck-protocol");
        let local = object
            .node
            .get("spec")
            .and_then(|spec| spec.entry("externalTrafficPolicy"))
            .filter(|entry| entry.value.text() == Some("Local") && is_ip == Some(false));
        let node_port = object.node.get("spec").and_then(|spec| spec.entry("healthCheckNodePort"));
        let path = self.layered(service, "healthcheck-path");
        let port = self.layered(service, "healthcheck-port");
        let codes = self.layered(service, "healthcheck-success-codes");
        let numbers = [
            ("HealthCheckIntervalSeconds", "healthcheck-interval"),
            ("HealthCheckTimeoutSeconds", "healthcheck-timeout"),
            ("HealthyThresholdCount", "healthcheck-healthy-threshold"),
            ("UnhealthyThresholdCount", "healthcheck-unhealthy-threshold"),
        ]
        .map(|(property, annotation)| (property, self.layered(service, annotation)));
        let values = &mut self.builder.values;
        let mut is_http = false;
        if let Some(setting) = &protocol {
            let upper = setting.text.to_ascii_uppercase();
            is_http = matches!(upper.as_str(), "HTTP" | "HTTPS");
            let value = match setting.is_placeholder() {
                true => setting.value(values),
                false => values.text(&upper, setting.place()),
            };
            properties.put("HealthCheckProtocol", value);
        } else if let Some(local) = local {
            // The node answers whether it has a pod of the Service: kube-proxy speaks HTTP on a port of its own.
            let place = Place::written(inner_span(local.value), local.key.span());
            properties.put("HealthCheckProtocol", values.text("HTTP", place));
            if matches!(path, Layered::Absent) {
                properties.put("HealthCheckPath", values.text("/healthz", place));
            }
            if matches!(port, Layered::Absent) {
                let written = node_port.and_then(|entry| Some((int(entry.value)?, inner_span(entry.value))));
                let value = match written {
                    Some((number, span)) => values.int(number, Place::written(span, span)),
                    None => values.unknown(Unknown::Computed, place),
                };
                properties.put("HealthCheckPort", value);
            }
        }
        if is_http || local.is_some() {
            properties.put_layered(values, "HealthCheckPath", &path, name, Setting::value);
            properties.put_layered(values, "Matcher", &codes, name, |setting, values| {
                let codes = setting.value(values);
                values.map_of(&[("HttpCode", codes)], setting.place())
            });
        }
        let ports = self.services.all[service].ports.as_slice();
        properties.put_layered(values, "HealthCheckPort", &port, name, |setting, values| {
            health_check_port(setting, values, Some(ports), is_ip)
        });
        for (property, setting) in &numbers {
            properties.put_layered(values, property, setting, name, Setting::number);
        }
    }

    fn put_group_attributes(
        &mut self,
        properties: &mut Properties,
        service: usize,
        port: usize,
        platform: Platform,
    ) {
        let described = &self.services.all[service].ports[port];
        let own = described
            .number
            .and_then(|number| self.setting(service, &format!("target-group-attributes.{number}")));
        let shared = self.setting(service, "target-group-attributes");
        let proxy = self.setting(service, "proxy-protocol").filter(|setting| setting.text == "*");
        // The cloud provider reads these two and leaves the rest alone.
        let is_read = |key: &str| {
            platform != Platform::InTree
                || matches!(key, "preserve_client_ip.enabled" | "proxy_protocol_v2.enabled")
        };
        let mut pairs: Vec<(&str, &str, Place, Place)> = Vec::new();
        for setting in shared.iter().chain(&own) {
            for (key, value) in setting.pairs() {
                pairs.retain(|(known, ..)| *known != key);
                if is_read(key) {
                    pairs.push((key, value, setting.part(key), setting.part(value)));
                }
            }
        }
        if let Some(setting) = &proxy {
            pairs.retain(|(known, ..)| *known != "proxy_protocol_v2.enabled");
            pairs.push(("proxy_protocol_v2.enabled", "true", setting.place(), setting.place()));
        }
        let Some((_, _, place, _)) = pairs.first().copied() else { return };
        let values = &mut self.builder.values;
        let mut list: Vec<ValueId> = Vec::new();
        for (key, value, key_place, value_place) in pairs {
            let entry = [
                ("Key", values.text(key, key_place)),
                ("Value", super::lowering::word(values, value, value_place)),
            ];
            list.push(values.map_of(&entry, value_place));
        }
        properties.put("TargetGroupAttributes", values.list(&list, place));
    }

    fn network_listener(
        &mut self,
        service: usize,
        port: usize,
        platform: Platform,
        label: &str,
        balancer: ResourceIdx,
        group: ResourceIdx,
    ) {
        let object = &self.world.objects[self.services.all[service].object];
        let name = object.name_span;
        let ends_tls = self.ends_tls(service, port, platform);
        let described: &ServicePort<'d> = &self.services.all[service].ports[port];
        let (protocol, number, at) = (described.protocol, described.number, described.at);
        let described = described.label();
        let kind = "AWS::ElasticLoadBalancingV2::Listener";
        let listener =
            self.add_built(object, format!("{label} -> listener {described}"), kind, name, platform);
        let certificate = self.setting(service, "ssl-cert");
        let policy = self.layered(service, "ssl-negotiation-policy");
        let alpn = self.setting(service, "alpn-policy");
        // The cloud provider does not read it; the other controller may have taken the Service before it.
        let is_read = platform != Platform::InTree;
        let alpn = alpn.filter(|_| is_read || self.cluster.controller().is_none());
        // The key names the protocol of the listener, which is TLS where that ends it.
        let ending = if certificate.is_some() && ends_tls { "TLS" } else { protocol };
        let attributes = number.map_or(Layered::Absent, |number| {
            self.layered(service, &format!("listener-attributes.{ending}-{number}"))
        });
        let place = Place::default_at(name);
        let values = &mut self.builder.values;
        let mut properties = Properties::default();
        properties.put("LoadBalancerArn", values.reference(balancer, place));
        if let Some(number) = number {
            properties.put("Port", values.int(number, Place::written(at, at)));
        }
        match certificate.filter(|_| ends_tls) {
            Some(setting) => {
                properties.put("Protocol", values.text("TLS", setting.place()));
                let mut list = Vec::new();
                for arn in setting.list() {
                    let place = setting.part(arn);
                    let arn = super::lowering::word(values, arn, place);
                    list.push(values.map_of(&[("CertificateArn", arn)], place));
                }
                properties.put("Certificates", values.list(&list, setting.place()));
                properties.put_layered(values, "SslPolicy", &policy, name, Setting::value);
                if let Some(setting) = alpn {
                    let known = ["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"];
                    let policy = match is_read {
                        true => setting.word(values, &known),
                        false => values.unknown(Unknown::Outside, setting.place()),
                    };
                    properties.put("AlpnPolicy", values.list(&[policy], setting.place()));
                }
            }
            None => properties.put("Protocol", values.text(protocol, Place::default_at(at))),
        }
        properties.put_layered(values, "ListenerAttributes", &attributes, name, |setting, values| {
            let list = setting.attributes(values);
            values.list(&list, setting.place())
        });
        let action =
            [("Type", values.text("forward", place)), ("TargetGroupArn", values.reference(group, place))];
        let action = values.map_of(&action, place);
        properties.put("DefaultActions", values.list(&[action], place));
        let properties = properties.finish(values, Place::written(name, name));
        self.builder.draft_mut(listener).properties = Some(properties);
    }

    /// Words in annotations around a Service: a certificate or a tag that names gRPC.
    fn annotation_words(&self, service: usize) -> Vec<Evidence> {
        ["additional-resource-tags", "ssl-cert", "name"]
            .iter()
            .filter_map(|name| {
                let setting = self.setting(service, name)?;
                let evidence = signs::name(signs::NameOf::Nearby("annotation"), setting.text, setting.span)?;
                Some(Evidence { text: format!("annotation `{name}` says `{}`", setting.text), ..evidence })
            })
            .collect()
    }

    fn lower_classic(&mut self, service: usize) {
        let object = &self.world.objects[self.services.all[service].object];
        let name = object.name_span;
        let kind = "AWS::ElasticLoadBalancing::LoadBalancer";
        let id = format!("Service {} -> load balancer", object.full_name());
        let balancer = self.add_built(object, id, kind, name, Platform::InTree);
        let mut properties = Properties::default();
        self.put_scheme(&mut properties, service);
        let mut list = Vec::new();
        for port in 0..self.services.all[service].ports.len() {
            if self.services.all[service].ports[port].protocol == "TCP" {
                list.push(self.classic_listener(service, port));
            }
        }
        let idle = self.layered(service, "connection-idle-timeout");
        let values = &mut self.builder.values;
        let place = Place::written(name, name);
        properties.put("Listeners", values.list(&list, place));
        if let Some(setting) = idle.written() {
            let timeout = setting.number(values);
            properties.put("ConnectionSettings", values.map_of(&[("IdleTimeout", timeout)], setting.place()));
        }
        let properties = properties.finish(values, place);
        let evidence = self.annotation_words(service);
        let draft = self.builder.draft_mut(balancer);
        draft.properties = Some(properties);
        if let [port] = self.services.all[service].ports.as_slice() {
            draft.grpc.extend(evidence);
            of_service_port(draft, port);
        }
        let behind: Vec<ResourceIdx> = self.services.all[service]
            .ports
            .iter()
            .flat_map(|port| port.behind.iter().map(|id| self.ports.all[id.0].resource))
            .collect();
        self.builder.link(balancer, Link::Services, self.services.all[service].resource);
        for resource in behind {
            self.builder.link(balancer, Link::Ports, resource);
        }
    }

    fn classic_listener(&mut self, service: usize, port: usize) -> ValueId {
        let ends_tls = self.ends_tls(service, port, Platform::InTree);
        let backend = self.setting(service, "backend-protocol");
        let certificate = self.setting(service, "ssl-cert").filter(|_| ends_tls);
        let described = &self.services.all[service].ports[port];
        let place = Place::default_at(described.at);
        let values = &mut self.builder.values;
        let mut entries: Vec<(&str, ValueId)> = Vec::new();
        if let Some(number) = described.number {
            entries
                .push(("LoadBalancerPort", values.int(number, Place::written(described.at, described.at))));
        }
        if let Some((number, span)) = described.node_port {
            entries.push(("InstancePort", values.int(number, Place::written(span, span))));
        }
        let words = match (backend.as_ref().map(|setting| setting.text), ends_tls) {
            _ if backend.as_ref().is_some_and(Setting::is_placeholder) => None,
            (None | Some("tcp"), true) => Some(("SSL", "TCP")),
            (Some("ssl"), true) => Some(("SSL", "SSL")),
            (Some("http"), true) => Some(("HTTPS", "HTTP")),
            (Some("https"), true) => Some(("HTTPS", "HTTPS")),
            (Some("http"), false) => Some(("HTTP", "HTTP")),
            (_, false) => Some(("TCP", "TCP")),
            (Some(_), true) => None,
        };
        let place = backend.as_ref().map_or(place, Setting::place);
        for (key, word) in ["Protocol", "InstanceProtocol"].into_iter().zip(match words {
            Some((front, back)) => [Some(front), Some(back)],
            None => [None, None],
        }) {
            let value = match word {
                Some(word) => values.text(word, place),
                None => values.unknown(Unknown::Invalid, place),
            };
            entries.push((key, value));
        }
        if let Some(setting) = certificate {
            entries.push(("SSLCertificateId", setting.value(values)));
        }
        let ports: Vec<ValueId> = described
            .behind
            .iter()
            .map(|id| values.reference(self.ports.all[id.0].resource, Place::fact_at(described.at)))
            .collect();
        entries.push(("Ports", values.list(&ports, Place::fact_at(described.at))));
        values.map_of(&entries, place)
    }
}
