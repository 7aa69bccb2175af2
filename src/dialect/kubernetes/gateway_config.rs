//! TargetGroupConfiguration, LoadBalancerConfiguration and route matches in AWS words.

use super::annotations::Setting;
use super::gateway::host_value;
use super::lowering::{Layered, Properties};
use super::objects::Object;
use super::ports::Ports;
use super::services::ServicePort;
use super::target_groups::health_check_port;
use super::values::{inner_span, is_placeholder, text};
use crate::document::{EntryRef, NodeRef};
use crate::model::{Place, Unknown, ValueId, Values};
use crate::source::Span;

/// The merged TargetGroupConfiguration of a backend. A layer that has a field hides it in the layers below, as a
/// whole: a `healthCheckConfig` without a path is one without a path.
#[derive(Debug)]
pub(super) struct GroupConfig<'d> {
    /// The strongest first.
    pub(super) layers: Vec<Layer<'d>>,
}

/// What one configuration says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layer<'d> {
    /// It is among the files.
    Written(NodeRef<'d>),
    /// There may be one, and what it says is not known.
    Open,
}

/// The field of a name in the strongest layer that has it: `Some(None)` where an open layer may.
fn strongest<'d>(layers: impl IntoIterator<Item = Layer<'d>>, key: &str) -> Option<Option<EntryRef<'d>>> {
    layers.into_iter().find_map(|layer| match layer {
        Layer::Written(node) => node.entry(key).map(Some),
        Layer::Open => Some(None),
    })
}

/// The same as a setting.
fn setting<'d>(entry: Option<Option<EntryRef<'d>>>) -> Layered<'d> {
    match entry {
        None => Layered::Absent,
        Some(None) => Layered::Unknown(Unknown::Outside),
        Some(Some(entry)) => Setting::read(entry.key, entry.value).map_or(Layered::Absent, Layered::Written),
    }
}

/// A list of keys and values of the strongest layer that has it.
fn put_attributes<'d>(
    properties: &mut Properties,
    values: &mut Values,
    property: &'static str,
    entry: Option<Option<EntryRef<'d>>>,
    name: Span,
) {
    match entry {
        None => {}
        Some(None) => properties.put(property, values.unknown(Unknown::Outside, Place::fact_at(name))),
        Some(Some(entry)) => {
            let list = key_values(values, entry.value);
            let place = Place::written(inner_span(entry.value), entry.key.span());
            properties.put(property, values.list(&list, place));
        }
    }
}

/// A setting of a health check that a stronger layer hides.
#[derive(Debug)]
pub(super) struct Hidden<'d> {
    pub(super) key: &'static str,
    /// The key inside it that has the setting, where it is a block.
    pub(super) inner: Option<&'static str>,
    pub(super) setting: Setting<'d>,
}

impl<'d> GroupConfig<'d> {
    /// What the strongest `healthCheckConfig` leaves out and a layer below has: the block, and each setting that is hidden.
    pub(super) fn hidden_checks(&self) -> Option<(Span, Vec<Hidden<'d>>)> {
        let mut blocks = self.layers.iter().map_while(|layer| match layer {
            Layer::Written(node) => Some(node.entry("healthCheckConfig")),
            Layer::Open => None,
        });
        let strongest = blocks.by_ref().flatten().next()?;
        let below = blocks.flatten().next()?;
        let hidden = ["healthCheckPath", "matcher"].into_iter().filter_map(|key| {
            if strongest.value.get(key).is_some() {
                return None;
            }
            let entry = below.value.entry(key)?;
            let codes = ["grpcCode", "httpCode"];
            let inner = codes.into_iter().find_map(|code| Some((code, entry.value.entry(code)?)));
            let written = inner.map_or(entry, |(_, inner)| inner);
            let setting = Setting::read(written.key, written.value)?;
            Some(Hidden { key, inner: inner.map(|(code, _)| code), setting })
        });
        let hidden: Vec<_> = hidden.collect();
        (!hidden.is_empty()).then_some((strongest.key.span(), hidden))
    }

    fn entry(&self, key: &str) -> Option<Option<EntryRef<'d>>> {
        strongest(self.layers.iter().copied(), key)
    }

    fn field(&self, key: &str) -> Layered<'d> {
        setting(self.entry(key))
    }

    /// A field of `healthCheckConfig`.
    pub(super) fn health_check(&self, key: &str) -> Layered<'d> {
        setting(match self.entry("healthCheckConfig") {
            Some(Some(check)) => check.value.entry(key).map(Some),
            open_or_absent => open_or_absent,
        })
    }

    /// The `matcher` of the health check.
    fn matcher(&self) -> Option<Option<EntryRef<'d>>> {
        match self.entry("healthCheckConfig")? {
            Some(check) => check.value.entry("matcher").map(Some),
            None => Some(None),
        }
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
    properties.put_layered(values, "Protocol", &config.field("protocol"), name, |setting, values| {
        setting.word(values, &["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"])
    });
    let written = match version {
        Some((_, _, true)) => Layered::Absent,
        _ => config.field("protocolVersion"),
    };
    match (&written, version) {
        (Layered::Absent, Some((word, span, _))) => {
            properties.put("ProtocolVersion", values.text(word, Place::default_at(span)));
        }
        _ => properties.put_layered(values, "ProtocolVersion", &written, name, |setting, values| {
            setting.word(values, &["HTTP1", "HTTP2", "GRPC"])
        }),
    }
    let target_type = config.field("targetType");
    let is_ip = match &target_type {
        Layered::Absent => Some(false),
        Layered::Written(setting) => match setting.text {
            "ip" => Some(true),
            "instance" => Some(false),
            _ => None,
        },
        Layered::Unknown(_) => None,
    };
    properties.put_layered(values, "TargetType", &target_type, name, |setting, values| {
        setting.word(values, &["instance", "ip"])
    });
    let number = match port {
        Some(port) => port.target_port(values, pods, is_ip),
        None => Some(values.unknown(Unknown::Outside, Place::fact_at(name))),
    };
    if let Some(number) = number {
        properties.put("Port", number);
    }
    properties.put_layered(values, "Name", &config.field("targetGroupName"), name, Setting::value);
    put_health_check(&mut properties, values, config, (port, is_ip), name);
    put_attributes(
        &mut properties,
        values,
        "TargetGroupAttributes",
        config.entry("targetGroupAttributes"),
        name,
    );
    properties.finish(values, Place::written(name, name))
}

fn put_health_check(
    properties: &mut Properties,
    values: &mut Values,
    config: &GroupConfig<'_>,
    (port, is_ip): (Option<&ServicePort<'_>>, Option<bool>),
    name: Span,
) {
    let check = |key: &str| config.health_check(key);
    properties.put_layered(
        values,
        "HealthCheckProtocol",
        &check("healthCheckProtocol"),
        name,
        |setting, values| {
            let known = ["HTTP", "HTTPS", "TCP", "http", "https", "tcp"];
            match setting.text.to_ascii_uppercase() {
                upper if known.contains(&upper.as_str()) => values.text(&upper, setting.place()),
                _ => setting.word(values, &known),
            }
        },
    );
    properties.put_layered(values, "HealthCheckPath", &check("healthCheckPath"), name, Setting::value);
    properties.put_layered(values, "HealthCheckPort", &check("healthCheckPort"), name, |setting, values| {
        health_check_port(setting, values, port.map(std::slice::from_ref), is_ip)
    });
    let numbers = [
        ("HealthCheckIntervalSeconds", "healthCheckInterval"),
        ("HealthCheckTimeoutSeconds", "healthCheckTimeout"),
        ("HealthyThresholdCount", "healthyThresholdCount"),
        ("UnhealthyThresholdCount", "unhealthyThresholdCount"),
    ];
    for (property, key) in numbers {
        properties.put_layered(values, property, &check(key), name, Setting::number);
    }
    let matcher = match config.matcher() {
        None => return,
        Some(None) => {
            return properties.put("Matcher", values.unknown(Unknown::Outside, Place::fact_at(name)));
        }
        Some(Some(matcher)) => matcher,
    };
    let mut entries: Vec<(&str, ValueId)> = Vec::new();
    let mut span = None;
    for (key, property) in [("grpcCode", "GrpcCode"), ("httpCode", "HttpCode")] {
        let entry = matcher.value.entry(key);
        if let Some(setting) = entry.and_then(|entry| Setting::read(entry.key, entry.value)) {
            entries.push((property, setting.value(values)));
            span = Some(setting.span);
        }
    }
    if let Some(span) = span {
        properties.put("Matcher", values.map_of(&entries, Place::written(span, matcher.key.span())));
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
pub(super) fn balancer_config(values: &mut Values, kind: &str, configs: &[Layer<'_>], name: Span) -> ValueId {
    let mut properties = Properties::default();
    properties.put("Type", values.text(kind, Place::default_at(name)));
    let entry = |key: &str| strongest(configs.iter().copied(), key);
    properties.put_layered(values, "Scheme", &setting(entry("scheme")), name, |setting, values| {
        setting.word(values, &["internal", "internet-facing"])
    });
    properties.put_layered(values, "Name", &setting(entry("loadBalancerName")), name, Setting::value);
    let attributes = entry("loadBalancerAttributes");
    put_attributes(&mut properties, values, "LoadBalancerAttributes", attributes, name);
    properties.finish(values, Place::written(name, name))
}

/// What LoadBalancerConfigurations say of a listener, `HTTPS:443` for instance.
pub(super) struct ListenerConfig<'d>(Option<Layer<'d>>);

impl<'d> ListenerConfig<'d> {
    /// Looks for it, the strongest configuration first. An entry for a listener that is left open may be this one's.
    pub(super) fn find(configs: &[Layer<'d>], wanted: &str) -> Self {
        let found = configs.iter().find_map(|config| {
            let Layer::Written(node) = config else { return Some(Layer::Open) };
            let items = || node.get("listenerConfigurations").into_iter().flat_map(NodeRef::items);
            let key = |item: &NodeRef<'d>| item.get("protocolPort").and_then(NodeRef::text);
            items()
                .find(|item| key(item) == Some(wanted))
                .map(Layer::Written)
                .or_else(|| items().find(|item| key(item).is_some_and(is_placeholder)).map(|_| Layer::Open))
        });
        Self(found)
    }

    /// A field of it.
    pub(super) fn field(&self, key: &str) -> Layered<'d> {
        setting(strongest(self.0, key))
    }
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
