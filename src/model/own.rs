//! What a resource says by itself about gRPC: its names, its port, its own settings.

use super::build::{Draft, Evidence, EvidenceKind, Settled};
use super::graph::{
    CLASSIC, DISCOVERY, ECS_SERVICE, LATTICE_GROUP, LATTICE_LISTENER, LISTENER, RULE, TARGET_GROUP,
};
use super::signs::{self, NameOf};
use super::{Data, Platform, ValueId, Values};
use crate::source::Span;

const APP_RUNNER: &str = "AWS::AppRunner::Service";

/// What a resource says by itself: what the user says of it, what its dialect found, and what its AWS properties say.
pub(super) fn own_evidence(values: &Values, draft: &Draft, settled: Option<&Settled>) -> Vec<Evidence> {
    let said = match settled {
        Some(settled) if settled.is_grpc => Some(&settled.text).zip(Some(settled.span)),
        // Whoever says no knows better than what the names say.
        Some(_) => return Vec::new(),
        None => None,
    };
    let said = said.map(|(text, span)| Evidence::new(EvidenceKind::Declared, span, text));
    let mut found: Vec<Evidence> = said.into_iter().chain(draft.grpc.iter().cloned()).collect();
    let Some(properties) = draft.properties else { return found };
    let effective = draft.effective.unwrap_or(properties);
    match draft.type_name.as_str() {
        TARGET_GROUP => target_group(values, draft, properties, effective, &mut found),
        RULE => rule(values, properties, &mut found),
        LATTICE_GROUP => lattice_group(values, draft, properties, effective, &mut found),
        APP_RUNNER => app_runner(values, draft, properties, &mut found),
        LISTENER | LATTICE_LISTENER | CLASSIC | ECS_SERVICE | DISCOVERY | "AWS::ECS::TaskDefinition" => {
            names(values, draft, properties, nearby, &mut found);
        }
        _ => {}
    }
    found
}

fn nearby(draft: &Draft) -> NameOf {
    NameOf::Nearby(match draft.type_name.as_str() {
        LISTENER | LATTICE_LISTENER => "listener",
        CLASSIC => "load balancer",
        ECS_SERVICE | APP_RUNNER | DISCOVERY => "service",
        _ => "task definition",
    })
}

/// The names by which people know a resource: logical id or block label, `Name` and kin, the tag `Name`.
fn names(
    values: &Values,
    draft: &Draft,
    properties: ValueId,
    whose: fn(&Draft) -> NameOf,
    found: &mut Vec<Evidence>,
) {
    if matches!(draft.platform, Platform::CloudFormation | Platform::Terraform) {
        found.extend(signs::name(whose(draft), label(&draft.id), draft.name));
    }
    for key in ["Name", "ServiceName", "Family", "LoadBalancerName"] {
        if let Some(value) = values.get(properties, key)
            && let Some(text) = values.known_parts(value)
        {
            found.extend(signs::name(whose(draft), text, values.place(value).span));
        }
    }
    if let Some((text, span)) = name_tag(values, properties) {
        found.extend(signs::name(whose(draft), text, span));
    }
}

/// The last name of an address, with the instance's key: `this["a.b"]` of `module.x.aws_lb.this["a.b"]`.
fn label(id: &str) -> &str {
    let id = id.strip_suffix(" (default)").unwrap_or(id);
    let key = if id.ends_with(']') { id.rfind('[') } else { None };
    let start = id[..key.unwrap_or(id.len())].rfind('.').map_or(0, |dot| dot + 1);
    &id[start..]
}

fn name_tag(values: &Values, properties: ValueId) -> Option<(&str, Span)> {
    let tags = values.get(properties, "Tags")?;
    let value = match values.data(tags) {
        Data::Map(_) => values.get(tags, "Name")?,
        _ => {
            let is_name =
                |tag: &&ValueId| values.get(**tag, "Key").and_then(|key| values.as_text(key)) == Some("Name");
            values.get(*values.items(tags).iter().find(is_name)?, "Value")?
        }
    };
    Some((values.known_parts(value)?, values.place(value).span))
}

fn target_group(
    values: &Values,
    draft: &Draft,
    properties: ValueId,
    effective: ValueId,
    found: &mut Vec<Evidence>,
) {
    let text = |key: &[&str]| {
        let value = values.at(effective, key)?;
        Some((values.as_text(value)?, values.place(value).span))
    };
    match text(&["ProtocolVersion"]) {
        Some(("GRPC", span)) => {
            found.push(Evidence::new(EvidenceKind::Declared, span, "protocol version is `GRPC`"))
        }
        Some(("HTTP2", span)) => {
            found.push(Evidence::new(EvidenceKind::Weak, span, "protocol version is `HTTP2`"))
        }
        _ => {}
    }
    if let Some(code) = values.at(properties, &["Matcher", "GrpcCode"]) {
        let span = values.place(code).span;
        found.push(Evidence::new(EvidenceKind::Declared, span, "health check matches a gRPC status"));
    }
    if let Some((path, span)) = text(&["HealthCheckPath"]) {
        if path.starts_with("/grpc.health.") {
            found.push(Evidence::new(EvidenceKind::Declared, span, format!("health check calls `{path}`")));
        } else if signs::is_rpc_path(path) && path != "/AWS.ALB/healthcheck" {
            found.push(Evidence::new(EvidenceKind::Argument, span, format!("health check calls `{path}`")));
        }
    }
    names(values, draft, properties, |_| NameOf::Own("target group"), found);
    if let Some(port) = values.get(effective, "Port")
        && let Some(number) = values.as_int(port)
    {
        found.extend(signs::port_number("target group port", number, values.place(port).span));
        found.extend(signs::product(label(&draft.id), number, values.place(port).span));
    }
}

/// Path patterns that are RPCs, and conditions on gRPC's content type.
fn rule(values: &Values, properties: ValueId, found: &mut Vec<Evidence>) {
    let Some(conditions) = values.get(properties, "Conditions") else { return };
    for condition in values.items(conditions) {
        let field = values.get(*condition, "Field").and_then(|field| values.as_text(field));
        let written = match field {
            None | Some("path-pattern") => values
                .at(*condition, &["PathPatternConfig", "Values"])
                .or_else(|| values.get(*condition, "Values")),
            Some("http-header") => values.at(*condition, &["HttpHeaderConfig", "Values"]),
            Some(_) => None,
        };
        let Some(written) = written else { continue };
        for value in values.items(written) {
            let Some(text) = values.as_text(*value) else { continue };
            let span = values.place(*value).span;
            if text.starts_with("application/grpc") && !text.starts_with("application/grpc-web") {
                let text = format!("rule asks for content type `{text}`");
                found.push(Evidence::new(EvidenceKind::Declared, span, text));
            } else if signs::is_rpc_path(text)
                || signs::is_rpc_path(text.trim_end_matches('*').trim_end_matches('/'))
            {
                found.push(Evidence::new(EvidenceKind::Argument, span, format!("rule routes `{text}`")));
            }
        }
    }
}

fn lattice_group(
    values: &Values,
    draft: &Draft,
    properties: ValueId,
    effective: ValueId,
    found: &mut Vec<Evidence>,
) {
    if let Some(version) = values.at(effective, &["Config", "ProtocolVersion"])
        && let Some(text @ ("GRPC" | "HTTP2")) = values.as_text(version)
    {
        let kind = if text == "GRPC" { EvidenceKind::Declared } else { EvidenceKind::Weak };
        found.push(Evidence::new(kind, values.place(version).span, format!("protocol version is `{text}`")));
    }
    names(values, draft, properties, |_| NameOf::Own("target group"), found);
    if let Some(port) = values.at(effective, &["Config", "Port"])
        && let Some(number) = values.as_int(port)
    {
        found.extend(signs::port_number("target group port", number, values.place(port).span));
        found.extend(signs::product(label(&draft.id), number, values.place(port).span));
    }
}

/// A service of App Runner: its port, the image's name, the variables that speak of the port.
fn app_runner(values: &Values, draft: &Draft, properties: ValueId, found: &mut Vec<Evidence>) {
    names(values, draft, properties, nearby, found);
    let Some(source) = values.get(properties, "SourceConfiguration") else { return };
    let places = [
        ["ImageRepository", "ImageConfiguration"].as_slice(),
        &["CodeRepository", "CodeConfiguration", "CodeConfigurationValues"],
    ];
    for configuration in places.into_iter().filter_map(|path| values.at(source, path)) {
        let Some(port) = values.get(configuration, "Port") else { continue };
        let Some(number) = values.as_int(port) else { continue };
        found.extend(signs::port_number("port", number, values.place(port).span));
        if let Some(image) = values.at(source, &["ImageRepository", "ImageIdentifier"])
            && let Some(text) = values.known_parts(image)
        {
            found.extend(signs::product(text, number, values.place(image).span));
            let repository = text.split([':', '@']).next().unwrap_or(text);
            let name = repository.rsplit('/').next().unwrap_or(repository);
            found.extend(signs::name(NameOf::Nearby("image"), name, values.place(image).span));
        }
        for list in
            ["RuntimeEnvironmentVariables"].into_iter().filter_map(|key| values.get(configuration, key))
        {
            variables(values, list, number, found);
        }
    }
}

/// Variables as a list of names and values, or as a map.
fn variables(values: &Values, list: ValueId, number: i64, found: &mut Vec<Evidence>) {
    let pairs: Vec<(&str, ValueId)> = match values.data(list) {
        Data::Map(entries) => entries.iter().map(|entry| (values.key_text(entry.key), entry.value)).collect(),
        _ => {
            let pair = |item: &ValueId| {
                let name = values.get(*item, "Name").and_then(|name| values.as_text(name))?;
                Some((name, values.get(*item, "Value")?))
            };
            values.items(list).iter().filter_map(pair).collect()
        }
    };
    for (name, value) in pairs {
        let text = match values.data(value) {
            Data::Text(text) => text.to_string(),
            Data::Int(number) => number.to_string(),
            _ => continue,
        };
        found.extend(signs::env(name, &text, number, values.place(value).span));
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn labels_of_addresses() {
        assert_eq!(label("OrdersTargetGroup"), "OrdersTargetGroup");
        assert_eq!(label("aws_lb_target_group.grpc[0]"), "grpc[0]");
        assert_eq!(label("module.x[\"a.b\"].aws_lb_listener.this[\"a.b\"] (default)"), "this[\"a.b\"]");
    }
}
