//! The target group that the controller makes for a backend of an Ingress.

use super::annotations::Setting;
use super::classes::Claim;
use super::evidence::of_service_port;
use super::lowering::{Group, Layered, Lowering, Properties, View};
use super::ports::Ports;
use super::services::ServicePort;
use super::workloads::PortRef;
use crate::model::{Link, Place, ResourceIdx, Unknown, ValueId, Values};
use crate::source::Span;

/// A backend as an Ingress names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backend<'d> {
    pub(super) service: &'d str,
    pub(super) port: PortRef<'d>,
    /// Where the Service is named.
    pub(super) at: Span,
    /// Where its port is named.
    pub(super) port_at: Span,
}

impl Backend<'_> {
    /// `service:port`.
    pub(super) fn label(&self) -> String {
        match self.port {
            PortRef::Number(number) => format!("{}:{number}", self.service),
            PortRef::Name(name) => format!("{}:{name}", self.service),
        }
    }
}

/// What decides which codes and ports mean what.
struct Shape {
    version: Version,
    is_ip: Option<bool>,
}

/// Whether the group speaks gRPC, as far as it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Grpc,
    Other,
    Unknown,
}

impl<'d> Lowering<'_, 'd> {
    /// Makes the target group of a backend; the caller sees to it that each is made once.
    pub(super) fn target_group(&mut self, ingress: usize, claim: Claim, backend: Backend<'d>) -> ResourceIdx {
        let object = &self.world.objects[ingress];
        let id = format!("Ingress {} -> {}", object.full_name(), backend.label());
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        let resource = self.add_built(object, id, kind, object.name_span, claim.platform);

        let candidates = self.services.find(self.world, backend.service, object);
        let service = match candidates.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let port = service.and_then(|service| self.services.all[service].port_index(backend.port));
        let view = View {
            world: self.world,
            params: claim.params,
            services: candidates
                .iter()
                .map(|idx| &self.world.objects[self.services.all[*idx].object].annotations)
                .collect(),
            ingress: &object.annotations,
            name: object.name_span,
        };
        let known = service.zip(port).map(|(service, port)| (&self.services.all[service].ports, port));
        let properties = properties(&mut self.builder.values, &view, claim, known, &self.ports);
        let missing = self.missing_backend(backend, object.namespace, service, port);
        let draft = self.builder.draft_mut(resource);
        draft.properties = Some(properties);
        draft.sections.extend(missing);
        if let Some((service, port)) = service.zip(port) {
            of_service_port(draft, &self.services.all[service].ports[port]);
        }
        let health_check_port = view.get("healthcheck-port");
        let group = Group { resource, backend: service.zip(port), owner: ingress };
        self.link_backend(group);
        self.link_health_check(group, &health_check_port);
        self.groups.push(group);
        resource
    }

    /// The section `Missing` of a group whose backend names what the files show not to exist: a port that its Service
    /// does not have, or a Service that is absent while one of almost the same name stands in its namespace. A Service
    /// that is merely absent may be in files that were not given, and is not missing.
    pub(super) fn missing_backend(
        &mut self,
        backend: Backend<'d>,
        namespace: &str,
        service: Option<usize>,
        port: Option<usize>,
    ) -> Option<(&'static str, ValueId)> {
        let similar = match (service, port) {
            (Some(_), Some(_)) => return None,
            (Some(service), None) if !self.services.all[service].lists_all(backend.port) => return None,
            (Some(_), None) => None,
            (None, _) => Some(self.services.similar(self.world, backend.service, namespace)?),
        };
        let (kind, name, at) = match similar {
            None => ("service-port", backend.label(), backend.port_at),
            Some(_) => ("service", backend.service.to_owned(), backend.at),
        };
        let place = Place::written(at, at);
        // A Service with one port leaves no doubt which is meant.
        let meant = service.and_then(|service| match self.services.all[service].ports.as_slice() {
            [only] => match backend.port {
                PortRef::Number(_) => only.number.map(|number| number.to_string()),
                PortRef::Name(_) => only.name.map(|(name, _)| name.to_string()),
            },
            _ => None,
        });
        let values = &mut self.builder.values;
        let mut entry = vec![("Kind", values.text(kind, place)), ("Name", values.text(&name, place))];
        entry.extend(meant.map(|meant| ("Suggestion", values.text(&meant, place))));
        if let Some((name, span)) = similar {
            entry.push(("Similar", values.text(name, Place::written(span, span))));
        }
        let entry = values.map_of(&entry, place);
        Some(("Missing", values.list(&[entry], place)))
    }

    /// Links the ports that the health check reaches.
    pub(super) fn link_health_check(&mut self, group: Group, setting: &Layered<'d>) {
        let Some((service, port)) = group.backend else { return };
        if let Layered::Unknown(_) = setting {
            self.builder.draft_mut(group.resource).unknown_links.push(Link::HealthCheckPorts);
            return;
        }
        let service = &self.services.all[service];
        let setting = setting.written().filter(|setting| setting.text != "traffic-port");
        let mut reached: Vec<ResourceIdx> = Vec::new();
        match setting.map(|setting| (setting.text, setting.text.parse::<i64>())) {
            None => {
                reached.extend(service.ports[port].behind.iter().map(|id| self.ports.all[id.0].resource));
            }
            Some((_, Ok(number))) => {
                for port in &self.ports.all {
                    let super::workloads::Selected::Workloads(selected) = &service.selected else { break };
                    if port.number == Some(number)
                        && port.workload.is_some_and(|workload| selected.contains(&workload))
                    {
                        reached.push(port.resource);
                    }
                }
                for port in &service.ports {
                    if port.node_port.is_some_and(|(node_port, _)| node_port == number)
                        || matches!(port.target, Some((PortRef::Number(target), _)) if target == number)
                    {
                        reached.extend(port.behind.iter().map(|id| self.ports.all[id.0].resource));
                    }
                }
            }
            Some((name, Err(_))) => {
                if let Some(port) = service.port(PortRef::Name(name)) {
                    reached.extend(port.behind.iter().map(|id| self.ports.all[id.0].resource));
                }
            }
        }
        for resource in reached {
            self.builder.link(group.resource, Link::HealthCheckPorts, resource);
        }
    }
}

fn properties<'d>(
    values: &mut Values,
    view: &View<'_, 'd>,
    claim: Claim,
    known: Option<(&Vec<ServicePort<'d>>, usize)>,
    pods: &Ports<'_>,
) -> ValueId {
    let name = view.name;
    let mut properties = Properties::default();
    let protocol = view.get("backend-protocol");
    properties.put_layered(values, "Protocol", &protocol, name, |setting, values| {
        setting.word(values, &["HTTP", "HTTPS"])
    });
    let version = view.get("backend-protocol-version");
    properties.put_layered(values, "ProtocolVersion", &version, name, |setting, values| {
        setting.word(values, &["HTTP1", "HTTP2", "GRPC"])
    });
    let target_type = view.get_over("target-type", &["targetType"]);
    properties.put_layered(values, "TargetType", &target_type, name, |setting, values| {
        setting.word(values, &["instance", "ip"])
    });
    let shape = Shape {
        version: match &version {
            Layered::Written(setting) if setting.text == "GRPC" => Version::Grpc,
            Layered::Written(setting) if matches!(setting.text, "HTTP1" | "HTTP2") => Version::Other,
            Layered::Absent => Version::Other,
            _ => Version::Unknown,
        },
        is_ip: match &target_type {
            Layered::Written(setting) if setting.text == "ip" => Some(true),
            Layered::Written(setting) if setting.text == "instance" => Some(false),
            Layered::Absent => Some(claim.platform == crate::model::Platform::AutoMode),
            _ => None,
        },
    };
    let port = match known {
        Some((ports, port)) => ports[port].target_port(values, pods, shape.is_ip),
        None => Some(values.unknown(Unknown::Outside, Place::fact_at(name))),
    };
    if let Some(port) = port {
        properties.put("Port", port);
    }
    put_health_check(&mut properties, values, view, &shape, known);
    let attributes = view.get("target-group-attributes");
    properties.put_layered(values, "TargetGroupAttributes", &attributes, name, |setting, values| {
        let list = setting.attributes(values);
        values.list(&list, setting.place())
    });
    properties.finish(values, Place::written(name, name))
}

fn put_health_check<'d>(
    properties: &mut Properties,
    values: &mut Values,
    view: &View<'_, 'd>,
    shape: &Shape,
    known: Option<(&Vec<ServicePort<'d>>, usize)>,
) {
    let name = view.name;
    let protocol = view.get("healthcheck-protocol");
    properties.put_layered(values, "HealthCheckProtocol", &protocol, name, check_protocol);
    let path = view.get("healthcheck-path");
    properties.put_layered(values, "HealthCheckPath", &path, name, Setting::value);
    let port = view.get("healthcheck-port");
    properties.put_layered(values, "HealthCheckPort", &port, name, |setting, values| {
        let ports = known.map(|(ports, _)| ports.as_slice());
        health_check_port(setting, values, ports, shape.is_ip)
    });
    let numbers = [
        ("HealthCheckIntervalSeconds", "healthcheck-interval-seconds"),
        ("HealthCheckTimeoutSeconds", "healthcheck-timeout-seconds"),
        ("HealthyThresholdCount", "healthy-threshold-count"),
        ("UnhealthyThresholdCount", "unhealthy-threshold-count"),
    ];
    for (property, annotation) in numbers {
        let setting = view.get(annotation);
        properties.put_layered(values, property, &setting, name, Setting::number);
    }
    let codes = view.get("success-codes");
    properties.put_layered(values, "Matcher", &codes, name, |setting, values| {
        let place = setting.place();
        let key = match shape.version {
            Version::Grpc => "GrpcCode",
            Version::Other => "HttpCode",
            Version::Unknown => return values.unknown(Unknown::Invalid, place),
        };
        let codes = setting.value(values);
        values.map_of(&[(key, codes)], place)
    });
}

/// A protocol of a health check. What is none of an Ingress's stays as it is, because a rule of all dialects speaks
/// of it; only `http` in another case than the controller's is left to the rule for annotations.
fn check_protocol(setting: &Setting<'_>, values: &mut Values) -> ValueId {
    let upper = setting.text.to_ascii_uppercase();
    if matches!(upper.as_str(), "HTTP" | "HTTPS") || setting.is_placeholder() {
        return setting.word(values, &["HTTP", "HTTPS"]);
    }
    values.text(&upper, setting.place())
}

/// `traffic-port`, a number, or the name of a port of the Service: its target for addresses, its node port for instances.
pub(super) fn health_check_port(
    setting: &Setting<'_>,
    values: &mut Values,
    ports: Option<&[ServicePort<'_>]>,
    is_ip: Option<bool>,
) -> ValueId {
    let place = setting.place();
    if setting.text == "traffic-port" || setting.is_placeholder() {
        return setting.value(values);
    }
    if let Ok(number) = setting.text.parse() {
        return values.int(number, place);
    }
    let Some(ports) = ports else { return values.unknown(Unknown::Outside, place) };
    let named = ports.iter().find(|port| port.name.is_some_and(|(name, _)| name == setting.text));
    match (named, is_ip) {
        (None, _) => values.unknown(Unknown::Invalid, place),
        (Some(port), Some(true)) => match port.target {
            Some((PortRef::Number(number), _)) => values.int(number, place),
            _ => values.unknown(Unknown::Invalid, place),
        },
        (Some(port), Some(false)) => match port.node_port {
            Some((number, _)) => values.int(number, place),
            None => values.unknown(Unknown::Computed, place),
        },
        (Some(_), None) => values.unknown(Unknown::Outside, place),
    }
}
