//! The rules of an Ingress: paths, hosts, extra conditions and actions, in the order in which the controller puts them.

use serde_json::Value as Json;

use super::annotations::{ALB, Annotations, Setting};
use super::objects::Object;
use super::target_groups::Backend;
use super::values::{inner_span, text};
use super::workloads::{PortRef, port_ref};
use crate::document::{Kind, NodeRef};
use crate::model::{Place, Unknown, ValueId, Values};
use crate::source::Span;

/// Where a path leads.
#[derive(Debug, Clone)]
pub(super) enum Plan<'d> {
    /// To a Service.
    Backend(Backend<'d>),
    /// To what an `actions.NAME` annotation says.
    Action(Setting<'d>),
    /// Not settled, or refused.
    Unknown,
}

/// Path patterns in the load balancer's semantics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paths {
    /// Any path.
    Any,
    /// One of these.
    Patterns(Vec<String>, Span),
    /// The controller refuses it, or a template fills it in.
    Unknown(Unknown, Span),
}

/// A rule before it is put on listeners.
#[derive(Debug, Clone)]
pub(super) struct RulePlan<'d> {
    pub(super) plan: Plan<'d>,
    pub(super) host: Option<(&'d str, Span)>,
    pub(super) paths: Paths,
    /// The path as written.
    pub(super) written: Option<(&'d str, Span)>,
    /// `conditions.NAME` of the backend.
    pub(super) conditions: Option<Setting<'d>>,
    /// `transforms.NAME` of the backend.
    pub(super) transforms: Option<Setting<'d>>,
    /// What the rule is about.
    pub(super) at: Span,
}

/// The rules of an Ingress in the controller's order, and its default backend.
pub(super) fn plan<'d>(object: &Object<'d>) -> (Vec<RulePlan<'d>>, Option<Plan<'d>>) {
    let mut plans = Vec::new();
    for rule in object.spec(&["rules"]).into_iter().flat_map(items) {
        let host = rule.get("host").and_then(|host| Some((text(host)?, inner_span(host))));
        let mut paths: Vec<(u8, usize, RulePlan<'d>)> = rule
            .at(&["http", "paths"])
            .into_iter()
            .flat_map(items)
            .map(|path| path_plan(object, path, host))
            .collect();
        // Exact paths stand first, then prefixes, the longest first, then the rest as written.
        paths.sort_by_key(|(class, length, _)| (*class, std::cmp::Reverse(*length)));
        plans.extend(paths.into_iter().map(|(_, _, plan)| plan));
    }
    let default = object.spec(&["defaultBackend"]).or_else(|| object.spec(&["backend"]));
    (plans, default.map(|backend| backend_plan(&object.annotations, backend).0))
}

/// The items of a list; a mapping where a list ought to be, a forgotten dash, counts as its only item.
fn items(node: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let only = (node.kind() == Kind::Mapping).then_some(node);
    node.items().chain(only)
}

fn path_plan<'d>(
    object: &Object<'d>,
    path: NodeRef<'d>,
    host: Option<(&'d str, Span)>,
) -> (u8, usize, RulePlan<'d>) {
    let written = path.get("path").and_then(|path| Some((path.text()?, inner_span(path))));
    let path_type = path.get("pathType").and_then(|kind| kind.text()).unwrap_or_default();
    let paths = match written {
        None | Some(("", _)) => Paths::Any,
        Some((literal, span)) if [literal, path_type].into_iter().any(super::values::is_placeholder) => {
            Paths::Unknown(Unknown::Expression, span)
        }
        Some((literal, span)) => match path_type {
            "Prefix" | "Exact" if literal.contains(['*', '?']) => Paths::Unknown(Unknown::Invalid, span),
            "Prefix" => {
                let trimmed = literal.trim_end_matches('/');
                let all = format!("{trimmed}/*");
                let patterns = if trimmed.is_empty() { vec![all] } else { vec![trimmed.to_string(), all] };
                Paths::Patterns(patterns, span)
            }
            _ => Paths::Patterns(vec![literal.to_string()], span),
        },
    };
    let (class, length) = match (path_type, written) {
        ("Exact", _) => (0, 0),
        ("Prefix", Some((literal, _))) => (1, literal.len()),
        ("Prefix", None) => (1, 0),
        _ => (2, 0),
    };
    let at = written.map_or(path.span().at_start(), |(_, span)| span);
    let (plan, name) = match path.get("backend") {
        Some(backend) => backend_plan(&object.annotations, backend),
        None => (Plan::Unknown, None),
    };
    let of_name = |key: &str| {
        name.and_then(|(name, _)| object.annotations.under(ALB, &format!("{key}.{name}")).cloned())
    };
    let (conditions, transforms) = (of_name("conditions"), of_name("transforms"));
    let at = name.map_or(at, |(_, span)| span);
    (class, length, RulePlan { plan, host, paths, written, conditions, transforms, at })
}

/// Reads a backend, of today's or the old API.
fn backend_plan<'d>(
    annotations: &Annotations<'d>,
    backend: NodeRef<'d>,
) -> (Plan<'d>, Option<(&'d str, Span)>) {
    let name = backend.at(&["service", "name"]).or_else(|| backend.get("serviceName"));
    let Some((name, at)) = name.and_then(|name| Some((text(name)?, inner_span(name)))) else {
        return (Plan::Unknown, None);
    };
    let port = backend
        .at(&["service", "port", "number"])
        .or_else(|| backend.at(&["service", "port", "name"]))
        .or_else(|| backend.get("servicePort"));
    let plan = match port.and_then(port_ref) {
        Some(PortRef::Name("use-annotation")) => annotations
            .under(ALB, &format!("actions.{name}"))
            .map_or(Plan::Unknown, |setting| Plan::Action(setting.clone())),
        Some(named) => {
            let port_at = port.map_or(at, inner_span);
            Plan::Backend(Backend { service: name, port: named, at, port_at })
        }
        None => Plan::Unknown,
    };
    (plan, Some((name, at)))
}

/// An action of an `actions.NAME` annotation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// To Services or to target groups given by ARN (`None`), each with its weight.
    Forward(Vec<(Option<(String, PortText)>, i64)>),
    /// Elsewhere; what the redirect keeps is absent.
    Redirect { protocol: Option<String>, port: Option<String>, code: Option<String>, elsewhere: bool },
    /// An answer.
    Fixed { code: Option<String> },
}

/// A port as JSON writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PortText {
    Number(i64),
    Name(String),
}

/// Looks a key up in any case, as Go's decoder does.
pub(super) fn field<'j>(json: &'j Json, key: &str) -> Option<&'j Json> {
    json.as_object()?.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

fn field_text(json: &Json, key: &str) -> Option<String> {
    match field(json, key)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads an action; `None` when the controller refuses it or a template fills it in.
pub(super) fn action(setting: &Setting<'_>) -> Option<Action> {
    if setting.is_placeholder() {
        return None;
    }
    let json = setting.json()?;
    match field_text(&json, "type")?.as_str() {
        "forward" => {
            let Some(config) = field(&json, "forwardConfig") else {
                field(&json, "targetGroupARN").or_else(|| field(&json, "targetGroupName"))?;
                return Some(Action::Forward(vec![(None, 1)]));
            };
            let targets = field(config, "targetGroups")?.as_array()?.iter().map(|target| {
                let weight = field(target, "weight").and_then(Json::as_i64).unwrap_or(1);
                let port = field(target, "servicePort").map(|port| match port {
                    Json::Number(number) => PortText::Number(number.as_i64().unwrap_or_default()),
                    Json::String(text) => {
                        text.parse().map_or_else(|_| PortText::Name(text.clone()), PortText::Number)
                    }
                    _ => PortText::Name(String::new()),
                });
                (field_text(target, "serviceName").zip(port), weight)
            });
            Some(Action::Forward(targets.collect()))
        }
        "redirect" => {
            let config = field(&json, "redirectConfig")?;
            let keeps = |key: &str, same: &str| field_text(config, key).is_none_or(|value| value == same);
            let elsewhere =
                !(keeps("host", "#{host}") && keeps("path", "/#{path}") && keeps("query", "#{query}"));
            let given = |key: &str, same: &str| field_text(config, key).filter(|value| value != same);
            Some(Action::Redirect {
                protocol: given("protocol", "#{protocol}"),
                port: given("port", "#{port}"),
                code: field_text(config, "statusCode"),
                elsewhere,
            })
        }
        "fixed-response" => {
            let config = field(&json, "fixedResponseConfig")?;
            Some(Action::Fixed { code: field_text(config, "statusCode") })
        }
        _ => None,
    }
}

/// The conditions of `conditions.NAME` beside hosts and paths: field, configuration, and the AWS name of it.
const OTHER_CONDITIONS: [(&str, &str, &str); 4] = [
    ("http-header", "httpHeaderConfig", "HttpHeaderConfig"),
    ("http-request-method", "httpRequestMethodConfig", "HttpRequestMethodConfig"),
    ("query-string", "queryStringConfig", "QueryStringConfig"),
    ("source-ip", "sourceIPConfig", "SourceIpConfig"),
];

/// The conditions of a rule in AWS shape. Hosts and paths of `conditions.NAME` stand as alternatives beside those
/// of the Ingress rule.
pub(super) fn conditions(values: &mut Values, plan: &RulePlan<'_>) -> ValueId {
    let place = Place::written(plan.at, plan.at);
    let mut list = Vec::new();
    let mut hosts: Vec<ValueId> = Vec::new();
    let mut paths: Vec<ValueId> = Vec::new();
    if let Some((host, span)) = plan.host {
        hosts.push(super::lowering::word(values, host, Place::written(span, span)));
    }
    match &plan.paths {
        Paths::Any => {}
        Paths::Patterns(patterns, span) => {
            let place = Place::written(*span, *span);
            paths.extend(patterns.iter().map(|pattern| values.text(pattern, place)));
        }
        Paths::Unknown(why, span) => paths.push(values.unknown(*why, Place::written(*span, *span))),
    }
    if let Some(setting) = &plan.conditions {
        let place = setting.place();
        match setting.json().as_ref().and_then(Json::as_array) {
            None => list.push(values.unknown(Unknown::Invalid, place)),
            Some(extra) => {
                for json in extra {
                    let texts = |key| field(json, key).map(condition_values);
                    match field_text(json, "field").as_deref() {
                        Some("host-header") => {
                            let texts = texts("hostHeaderConfig").unwrap_or_default();
                            hosts.extend(texts.iter().map(|text| values.text(text, place)));
                        }
                        Some("path-pattern") => {
                            let texts = texts("pathPatternConfig").unwrap_or_default();
                            paths.extend(texts.iter().map(|text| values.text(text, place)));
                        }
                        _ => list.push(other_condition(values, json, place)),
                    }
                }
            }
        }
    }
    let alternatives =
        [("host-header", "HostHeaderConfig", hosts), ("path-pattern", "PathPatternConfig", paths)];
    for (field, config, items) in alternatives {
        if let Some(first) = items.first() {
            let place = values.place(*first);
            let field = values.text(field, place);
            let items = values.list(&items, place);
            let inner = values.map_of(&[("Values", items)], place);
            list.push(values.map_of(&[("Field", field), (config, inner)], place));
        }
    }
    values.list(&list, place)
}

/// The transforms of a rule in AWS shape, as far as their types go.
pub(super) fn transforms(values: &mut Values, setting: &Setting<'_>) -> ValueId {
    let place = setting.place();
    let json = setting.json();
    let Some(items) = json.as_ref().and_then(Json::as_array) else {
        return values.unknown(Unknown::Invalid, place);
    };
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        let kind = match field_text(item, "type") {
            Some(kind) => values.text(&kind, place),
            None => values.unknown(Unknown::Invalid, place),
        };
        list.push(values.map_of(&[("Type", kind)], place));
    }
    values.list(&list, place)
}

fn condition_values(config: &Json) -> Vec<String> {
    let values = field(config, "values").and_then(Json::as_array);
    values.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_string)).collect()
}

fn other_condition(values: &mut Values, json: &Json, place: Place) -> ValueId {
    let name = field_text(json, "field").unwrap_or_default();
    let known = OTHER_CONDITIONS.iter().find(|(field, _, _)| *field == name);
    let Some((aws_field, key, aws_key)) = known else { return values.unknown(Unknown::Invalid, place) };
    let Some(config) = field(json, key) else { return values.unknown(Unknown::Invalid, place) };
    let items: Vec<ValueId> = field(config, "values")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .map(|item| match item {
            Json::String(text) => values.text(text, place),
            pair => {
                let mut entries = Vec::new();
                for (from, to) in [("key", "Key"), ("value", "Value")] {
                    if let Some(text) = field_text(pair, from) {
                        entries.push((to, values.text(&text, place)));
                    }
                }
                values.map_of(&entries, place)
            }
        })
        .collect();
    let items = values.list(&items, place);
    let mut inner = vec![("Values", items)];
    if let Some(header) = field_text(config, "httpHeaderName") {
        inner.push(("HttpHeaderName", values.text(&header, place)));
    }
    let inner = values.map_of(&inner, place);
    let aws_field = values.text(aws_field, place);
    values.map_of(&[("Field", aws_field), (*aws_key, inner)], place)
}

/// Whether extra conditions ask for the content type of gRPC.
pub(super) fn asks_for_grpc(setting: &Setting<'_>) -> bool {
    let Some(json) = setting.json() else { return false };
    json.as_array().into_iter().flatten().any(|condition| {
        let Some(config) = field(condition, "httpHeaderConfig") else { return false };
        let is_content_type = field_text(config, "httpHeaderName")
            .is_some_and(|name| name.eq_ignore_ascii_case("content-type"));
        let values = field(config, "values").and_then(Json::as_array);
        is_content_type
            && values.into_iter().flatten().any(|value| {
                value.as_str().is_some_and(|value| {
                    value.starts_with("application/grpc") && !value.starts_with("application/grpc-web")
                })
            })
    })
}

/// Whether every request that meets `plan` meets `redirect` before it.
pub(super) fn is_covered(plan: &RulePlan<'_>, redirect: &RulePlan<'_>) -> bool {
    if redirect.conditions.is_some() {
        return false;
    }
    let host_covers = match (redirect.host, plan.host) {
        (None, _) => true,
        (Some((wide, _)), Some((narrow, _))) => wide == narrow,
        (Some(_), None) => false,
    };
    let paths_cover = match (&redirect.paths, &plan.paths) {
        (Paths::Any, _) => true,
        (Paths::Patterns(wide, _), _) if wide.iter().any(|pattern| pattern == "/*") => true,
        (Paths::Patterns(wide, _), Paths::Patterns(narrow, _)) => {
            narrow.iter().all(|pattern| wide.contains(pattern))
        }
        _ => false,
    };
    host_covers && paths_cover
}
