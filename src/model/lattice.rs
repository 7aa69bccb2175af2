//! What VPC Lattice does: how its health checks ask, and which requests its rules match.
//!
//! Facts: "Health checks for your VPC Lattice target groups" and "Listener rules" of the VPC Lattice guide. There is no check in
//! gRPC; a check is an HTTP request in the version that the check names, HTTP status codes decide.

use super::health::{Facts, on_traffic_port, path_kind};
use super::{Data, Place, Unknown, ValueId, Values};
use crate::source::Span;

/// `HealthCheck` of a target group.
pub(super) fn health_check(values: &mut Values, effective: ValueId, name: Span) -> ValueId {
    let get = |path: &[&str]| values.at(effective, &[&["Config"], path].concat());
    let check = get(&["HealthCheck"]);
    let (enabled, version) = (get(&["HealthCheck", "Enabled"]), get(&["HealthCheck", "ProtocolVersion"]));
    let (path, port) = (get(&["HealthCheck", "Path"]), get(&["HealthCheck", "Port"]));
    let (group, traffic) = (get(&["ProtocolVersion"]), get(&["Port"]));
    let mut facts = Facts::new(values, name);
    let is_grpc = group.map(|group| facts.values().as_text(group) == Some("GRPC"));
    let speaks = match enabled.map(|enabled| facts.values().data(enabled)) {
        Some(Data::Bool(false)) => Some("none"),
        // A check of a GRPC group that names no version is refused.
        Some(Data::Bool(true)) if is_grpc == Some(true) && version.is_none() => Some("none"),
        Some(Data::Bool(true)) => Some("http"),
        _ => None,
    };
    match speaks {
        Some(speaks) => facts.word("Speaks", speaks, enabled.or(check)),
        None => facts.unknown("Speaks", enabled.or(check)),
    }
    on_traffic_port(&mut facts, port, traffic);
    let text = path.and_then(|path| facts.values().as_text(path).map(str::to_string));
    match text {
        Some(text) if speaks == Some("http") => facts.word("PathKind", path_kind(&text), path),
        None if path.is_some() => facts.unknown("PathKind", path),
        _ => {}
    }
    facts.finish()
}

/// `Match` of a rule: Lattice has one method and one path to a rule, and no query strings.
pub(super) fn match_value(values: &mut Values, effective: ValueId, name: Span) -> ValueId {
    let place = Place::fact_at(name);
    let http = values.at(effective, &["Match", "HttpMatch"]);
    let written = values.get(effective, "Match");
    let is_open = [written, http].into_iter().flatten().any(|value| values.is_unknown(value));
    if is_open {
        let unknown = values.unknown(Unknown::Expression, place);
        return values.map_of(&[("Paths", unknown), ("Methods", unknown), ("QueryStrings", unknown)], place);
    }
    let methods: Vec<ValueId> = http.and_then(|http| values.get(http, "Method")).into_iter().collect();
    let methods = values.list(&methods, place);
    let empty = values.list(&[], place);
    values.map_of(&[("Paths", empty), ("Methods", methods), ("QueryStrings", empty)], place)
}
