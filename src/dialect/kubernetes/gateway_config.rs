//! TargetGroupConfiguration, LoadBalancerConfiguration and route matches in AWS words.

use super::annotations::Setting;
use super::gateway::host_value;
use super::lowering::Properties;
use super::objects::Object;
use super::ports::Ports;
use super::services::ServicePort;
use super::target_groups::health_check_port;
use super::values::{inner_span, text};
use crate::document::NodeRef;
use crate::model::{Place, Unknown, ValueId, Values};
use crate::source::Span;

/// The merged TargetGroupConfiguration of a backend. A layer that has a field hides it in the layers below, as a
/// whole: a `healthCheckConfig` without a path is one without a path.
#[derive(Debug)]
pub(super) struct GroupConfig<'d> {
    /// The strongest first.
    pub(super) layers: Vec<NodeRef<'d>>,
}

impl<'d> GroupConfig<'d> {
    /// What the strongest `healthCheckConfig` leaves out and a layer below has: the block, and the place and text of each
    /// setting that is hidden.
    pub(super) fn hidden_checks(&self) -> Option<(Span, Vec<(&'static str, Setting<'d>)>)> {
        let mut blocks = self.layers.iter().filter_map(|layer| layer.entry("healthCheckConfig"));
        let strongest = blocks.next()?;
        let below = blocks.next()?;
        let hidden = ["healthCheckPath", "matcher"].into_iter().filter_map(|key| {
            if strongest.value.get(key).is_some() {
                return None;
            }
            let entry = below.value.entry(key)?;
            let inner =
                ["grpcCode", "httpCode"].iter().find_map(|code| entry.value.entry(code)).unwrap_or(entry);
            Some((key, Setting::read(inner.key, inner.value)?))
        });
        let hidden: Vec<_> = hidden.collect();
        (!hidden.is_empty()).then_some((strongest.key.span(), hidden))
    }

    fn field(&self, key: &str) -> Option<Setting<'d>> {
        let entry = self.layers.iter().find_map(|layer| layer.entry(key))?;
        Setting::read(entry.key, entry.value)
    }

    /// A field of `healthCheckConfig`.
    pub(super) fn health_check(&self, key: &str) -> Option<Setting<'d>> {
        let check = self.layers.iter().find_map(|layer| layer.get("healthCheckConfig"))?;
        let entry = check.entry(key)?;
        Setting::read(entry.key, entry.value)
    }

    fn matcher(&self, key: &str) -> Option<(Setting<'d>, Span)> {
        let check = self.layers.iter().find_map(|layer| layer.get("healthCheckConfig"))?;
        let matcher = check.entry("matcher")?;
        let entry = matcher.value.entry(key)?;
        Some((Setting::read(entry.key, entry.value)?, matcher.key.span()))
    }
}

/// The properties of the target group of a route's backend. `version` is what the route makes of it: a word, where
/// that comes from, and whether no configuration changes it.
pub(super) fn group_properties(
    values: &mut Values,
    config: &GroupConfig<'_>,
    version: Option<(&str, Span, bool)>,
    port: Option<&ServicePort<'_>>,
    pods: &Ports<'_>,
    name: Span,
) -> ValueId {
    let mut properties = Properties::default();
    if let Some(setting) = config.field("protocol") {
        properties.put("Protocol", setting.word(values, &["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"]));
    }
    let written = config.field("protocolVersion").filter(|_| !version.is_some_and(|(_, _, forced)| forced));
    match (written, version) {
        (Some(setting), _) => {
            properties.put("ProtocolVersion", setting.word(values, &["HTTP1", "HTTP2", "GRPC"]));
        }
        (None, Some((word, span, _))) => {
            properties.put("ProtocolVersion", values.text(word, Place::default_at(span)));
        }
        (None, None) => {}
    }
    let target_type = config.field("targetType");
    let is_ip = match target_type.as_ref().map(|setting| setting.text) {
        Some("ip") => Some(true),
        None | Some("instance") => Some(false),
        Some(_) => None,
    };
    if let Some(setting) = &target_type {
        properties.put("TargetType", setting.word(values, &["instance", "ip"]));
    }
    let number = match port {
        Some(port) => port.target_port(values, pods, is_ip),
        None => Some(values.unknown(Unknown::Outside, Place::fact_at(name))),
    };
    if let Some(number) = number {
        properties.put("Port", number);
    }
    if let Some(setting) = config.field("targetGroupName") {
        properties.put("Name", setting.value(values));
    }
    put_health_check(&mut properties, values, config, port, is_ip);
    let attributes = config.layers.iter().find_map(|layer| layer.entry("targetGroupAttributes"));
    if let Some(entry) = attributes {
        let list = key_values(values, entry.value);
        let place = Place::written(inner_span(entry.value), entry.key.span());
        properties.put("TargetGroupAttributes", values.list(&list, place));
    }
    properties.finish(values, Place::written(name, name))
}

fn put_health_check(
    properties: &mut Properties,
    values: &mut Values,
    config: &GroupConfig<'_>,
    port: Option<&ServicePort<'_>>,
    is_ip: Option<bool>,
) {
    if let Some(setting) = config.health_check("healthCheckProtocol") {
        let known = ["HTTP", "HTTPS", "TCP", "http", "https", "tcp"];
        let value = match setting.text.to_ascii_uppercase() {
            upper if known.contains(&upper.as_str()) => values.text(&upper, setting.place()),
            _ => setting.word(values, &known),
        };
        properties.put("HealthCheckProtocol", value);
    }
    if let Some(setting) = config.health_check("healthCheckPath") {
        properties.put("HealthCheckPath", setting.value(values));
    }
    if let Some(setting) = config.health_check("healthCheckPort") {
        let ports = port.map(std::slice::from_ref);
        properties.put("HealthCheckPort", health_check_port(&setting, values, ports, is_ip));
    }
    let numbers = [
        ("HealthCheckIntervalSeconds", "healthCheckInterval"),
        ("HealthCheckTimeoutSeconds", "healthCheckTimeout"),
        ("HealthyThresholdCount", "healthyThresholdCount"),
        ("UnhealthyThresholdCount", "unhealthyThresholdCount"),
    ];
    for (property, key) in numbers {
        if let Some(setting) = config.health_check(key) {
            properties.put(property, setting.number(values));
        }
    }
    let mut entries: Vec<(&str, ValueId)> = Vec::new();
    let mut anchor = None;
    for (key, property) in [("grpcCode", "GrpcCode"), ("httpCode", "HttpCode")] {
        if let Some((setting, at)) = config.matcher(key) {
            entries.push((property, setting.value(values)));
            anchor = Some((setting.span, at));
        }
    }
    if let Some((span, at)) = anchor {
        properties.put("Matcher", values.map_of(&entries, Place::written(span, at)));
    }
}

/// `[{key, value}]` as `[{Key, Value}]`.
fn key_values(values: &mut Values, list: NodeRef<'_>) -> Vec<ValueId> {
    let mut out = Vec::new();
    for item in list.items() {
        let (Some(key), Some(value)) = (item.entry("key"), item.entry("value")) else { continue };
        let key = Setting::read(key.key, key.value);
        let value = Setting::read(value.key, value.value);
        let (Some(key), Some(value)) = (key, value) else { continue };
        let place = value.place();
        let entry = [("Key", key.value(values)), ("Value", value.value(values))];
        out.push(values.map_of(&entry, place));
    }
    out
}

/// The properties of a Gateway's load balancer, from its LoadBalancerConfigurations, the strongest first.
pub(super) fn balancer_config(
    values: &mut Values,
    kind: &str,
    configs: &[NodeRef<'_>],
    name: Span,
) -> ValueId {
    let mut properties = Properties::default();
    properties.put("Type", values.text(kind, Place::default_at(name)));
    let field = |key: &str| {
        let entry = configs.iter().find_map(|config| config.entry(key))?;
        Setting::read(entry.key, entry.value)
    };
    if let Some(setting) = field("scheme") {
        properties.put("Scheme", setting.word(values, &["internal", "internet-facing"]));
    }
    if let Some(setting) = field("loadBalancerName") {
        properties.put("Name", setting.value(values));
    }
    if let Some(entry) = configs.iter().find_map(|config| config.entry("loadBalancerAttributes")) {
        let list = key_values(values, entry.value);
        let place = Place::written(inner_span(entry.value), entry.key.span());
        properties.put("LoadBalancerAttributes", values.list(&list, place));
    }
    properties.finish(values, Place::written(name, name))
}

/// The conditions of a route's rule. A rule with several matches becomes several rules of the listener; here their
/// paths stand as alternatives of one, which is the same where they differ in nothing else.
pub(super) fn conditions(
    values: &mut Values,
    route: &Object<'_>,
    rule: NodeRef<'_>,
    place: Place,
) -> ValueId {
    let mut list = Vec::new();
    let hosts: Vec<ValueId> = route
        .spec(&["hostnames"])
        .into_iter()
        .flat_map(NodeRef::items)
        .filter_map(|host| host_value(values, host))
        .collect();
    put_condition(values, &mut list, "host-header", "HostHeaderConfig", &hosts);
    let mut paths = Vec::new();
    for found in rule.get("matches").into_iter().flat_map(NodeRef::items) {
        let patterns = match route.kind {
            "GRPCRoute" => grpc_patterns(found),
            _ => http_patterns(found),
        };
        let Some((patterns, span)) = patterns else {
            // One match without a path matches every path.
            paths.clear();
            break;
        };
        let place = Place::written(span, span);
        paths.extend(patterns.iter().map(|pattern| values.text(pattern, place)));
    }
    put_condition(values, &mut list, "path-pattern", "PathPatternConfig", &paths);
    let has_other = rule.get("matches").into_iter().flat_map(NodeRef::items).any(|found| {
        ["headers", "queryParams"].iter().any(|key| found.get(key).is_some())
            || route.kind == "HTTPRoute" && found.get("method").is_some()
    });
    if has_other {
        list.push(values.unknown(Unknown::Expression, place));
    }
    values.list(&list, place)
}

fn put_condition(values: &mut Values, list: &mut Vec<ValueId>, field: &str, config: &str, items: &[ValueId]) {
    let Some(first) = items.first() else { return };
    let place = values.place(*first);
    let field = values.text(field, place);
    let items = values.list(items, place);
    let inner = values.map_of(&[("Values", items)], place);
    list.push(values.map_of(&[("Field", field), (config, inner)], place));
}

/// `/service/method` with `*` for what is not written.
fn grpc_patterns(found: NodeRef<'_>) -> Option<(Vec<String>, Span)> {
    let method = found.get("method")?;
    let word = |key: &str| method.get(key).and_then(|value| Some((text(value)?, inner_span(value))));
    let (service, name) = (word("service"), word("method"));
    let span = service.or(name)?.1;
    let part = |part: Option<(&str, Span)>| part.map_or("*".to_string(), |(text, _)| text.to_string());
    Some((vec![format!("/{}/{}", part(service), part(name))], span))
}

fn http_patterns(found: NodeRef<'_>) -> Option<(Vec<String>, Span)> {
    let path = found.get("path")?;
    let value = path.get("value")?;
    let literal = text(value)?;
    let span = inner_span(value);
    match path.get("type").and_then(text) {
        None | Some("PathPrefix") => {
            let trimmed = literal.trim_end_matches('/');
            let all = format!("{trimmed}/*");
            Some((if trimmed.is_empty() { vec![all] } else { vec![trimmed.to_string(), all] }, span))
        }
        Some(_) => Some((vec![literal.to_string()], span)),
    }
}
