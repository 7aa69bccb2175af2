//! What a health check will do: whom it asks, in which protocol, and which answers it takes.
//!
//! Facts: the ELBv2 API reference (`Matcher`, `CreateTargetGroup`) and "Health checks for your target groups" of the
//! Application Load Balancer guide; classic targets: `ConfigureHealthCheck`.

use super::{Data, Place, Unknown, ValueId, Values};
use crate::source::Span;

/// The method of the standard health service.
const CHECK: &str = "/grpc.health.v1.Health/Check";
/// What the load balancer calls when no path is written.
const DEFAULT_PATH: &str = "/AWS.ALB/healthcheck";

/// Spellings that were seen in public configurations and that no server answers.
const MISSPELLED: [&str; 8] = [
    "/Amazon Web Services.ALB/healthcheck",
    "/aws.alb/healthcheck",
    "/AWS.ALB/healthCheck",
    "/AWS.ALB/HealthCheck",
    "/grpc.health.Health/Check",
    "/grpc.health.v1.Health.Check",
    "/grpc.health.v1.Health",
    "/grpc.health.v1/Check",
];

/// The class of a health check path (`HealthCheck.PathKind`).
pub(super) fn path_kind(path: &str) -> &'static str {
    if path == DEFAULT_PATH {
        "default"
    } else if path == CHECK {
        "health-check"
    } else if path == "/grpc.health.v1.Health/Watch" {
        "health-watch"
    } else if !path.starts_with('/') {
        "malformed"
    } else if MISSPELLED.contains(&path) || is_nearly_check(path) {
        "misspelled"
    } else if is_method(path) {
        "method"
    } else {
        "http-style"
    }
}

/// Whether a path means the standard check and is not it: its letters with other marks between them, or another service
/// of its package, which has only one.
fn is_nearly_check(path: &str) -> bool {
    let letters = |path: &str| -> String {
        let kept = path.chars().filter(char::is_ascii_alphanumeric);
        kept.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let in_package = path.strip_prefix("/grpc.health.v1.").is_some_and(|rest| !rest.starts_with("Health/"));
    letters(path) == letters(CHECK) || in_package && is_method(path)
}

/// `/package.Service/Method`, or `/Service/Method` without a package.
fn is_method(path: &str) -> bool {
    let Some((service, method)) = path[1..].split_once('/') else { return false };
    let is_ident = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let last = service.rsplit('.').next().unwrap_or(service);
    let is_capital = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    service.split('.').all(is_ident)
        && is_ident(method)
        && (service.contains('.') || is_capital(last) && is_capital(method))
}

/// Why a matcher is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MatcherProblem {
    Malformed,
    OutOfRange,
}

/// The codes of `200`, `0,12` or `0-99`, expanded.
fn codes(text: &str, allowed: std::ops::RangeInclusive<i64>) -> Result<Vec<i64>, MatcherProblem> {
    let mut found = Vec::new();
    for part in text.split(',') {
        let number = |text: &str| -> Result<i64, MatcherProblem> {
            let text = text.trim();
            let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
            if digits {
                text.parse().map_err(|_| MatcherProblem::Malformed)
            } else {
                Err(MatcherProblem::Malformed)
            }
        };
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(MatcherProblem::Malformed);
        }
        if !allowed.contains(&first) || !allowed.contains(&last) {
            return Err(MatcherProblem::OutOfRange);
        }
        found.extend(first..=last);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The facts about one check in the making.
pub(super) struct Facts<'v> {
    values: &'v mut Values,
    name: Span,
    entries: Vec<(&'static str, ValueId)>,
}

impl<'v> Facts<'v> {
    pub(super) fn new(values: &'v mut Values, name: Span) -> Self {
        Self { values, name, entries: Vec::new() }
    }

    pub(super) fn values(&self) -> &Values {
        self.values
    }

    fn place(&self, at: Option<ValueId>) -> Place {
        let at = at.map_or(Place::fact_at(self.name), |value| self.values.place(value));
        Place { origin: super::Origin::Fact, ..at }
    }

    pub(super) fn word(&mut self, key: &'static str, word: &str, at: Option<ValueId>) {
        let place = self.place(at);
        let value = self.values.text(word, place);
        self.entries.push((key, value));
    }

    fn flag(&mut self, key: &'static str, flag: bool, at: Option<ValueId>) {
        let place = self.place(at);
        let value = self.values.bool(flag, place);
        self.entries.push((key, value));
    }

    pub(super) fn unknown(&mut self, key: &'static str, at: Option<ValueId>) {
        let place = self.place(at);
        let value = self.values.unknown(Unknown::Expression, place);
        self.entries.push((key, value));
    }

    pub(super) fn finish(self) -> ValueId {
        self.values.map_of(&self.entries, Place::fact_at(self.name))
    }
}

/// `HealthCheck` of a target group.
pub(super) fn target_group(values: &mut Values, effective: ValueId, name: Span) -> ValueId {
    let get = |key: &[&str]| values.at(effective, key);
    let (enabled, protocol, version) =
        (get(&["HealthCheckEnabled"]), get(&["HealthCheckProtocol"]), get(&["ProtocolVersion"]));
    let (path, port, traffic) = (get(&["HealthCheckPath"]), get(&["HealthCheckPort"]), get(&["Port"]));
    let (grpc_code, http_code) = (get(&["Matcher", "GrpcCode"]), get(&["Matcher", "HttpCode"]));
    let group = get(&["Protocol"]);
    let mut facts = Facts { values, name, entries: Vec::new() };

    let word = |facts: &Facts<'_>, value: Option<ValueId>| match value.map(|value| facts.values.data(value)) {
        Some(Data::Text(text)) => Some(text.to_string()),
        _ => None,
    };
    let unsettled =
        |facts: &Facts<'_>, value: Option<ValueId>| value.is_some_and(|value| facts.values.is_unknown(value));
    let is_off = enabled.is_some_and(|enabled| facts.values.as_bool(enabled) == Some(false));
    let version_word = word(&facts, version);
    let speaks = if is_off {
        Some("none")
    } else if [enabled, version].into_iter().any(|value| unsettled(&facts, value)) {
        None
    } else if version_word.as_deref() == Some("GRPC") {
        Some("grpc")
    } else if unsettled(&facts, protocol) {
        None
    } else {
        match word(&facts, protocol).as_deref() {
            Some("HTTP" | "HTTPS") => Some("http"),
            Some("TCP") => Some("tcp"),
            Some(_) => None,
            None => Some("none"),
        }
    };
    match speaks {
        Some(speaks) => facts.word("Speaks", speaks, protocol),
        None => facts.unknown("Speaks", protocol),
    }
    on_traffic_port(&mut facts, port, traffic);
    match word(&facts, path) {
        Some(text) => facts.word("PathKind", path_kind(&text), path),
        None if unsettled(&facts, path) => facts.unknown("PathKind", path),
        None => {}
    }
    if speaks == Some("grpc") {
        grpc_matcher(&mut facts, grpc_code);
    } else if speaks.is_none() {
        facts.unknown("GrpcCodes", grpc_code);
    }
    if speaks == Some("http") {
        let is_layer7 = matches!(word(&facts, group).as_deref(), Some("HTTP" | "HTTPS"));
        let range = if is_layer7 { 200..=499 } else { 200..=599 };
        if let Some(text) = word(&facts, http_code)
            && let Err(problem) = codes(&text, range)
        {
            matcher_problem(&mut facts, problem, http_code);
        } else if unsettled(&facts, http_code) {
            facts.unknown("MatcherProblem", http_code);
        }
    }
    facts.finish()
}

pub(super) fn on_traffic_port(facts: &mut Facts<'_>, port: Option<ValueId>, traffic: Option<ValueId>) {
    let Some(value) = port else { return facts.flag("OnTrafficPort", true, port) };
    let number =
        |facts: &Facts<'_>, value: Option<ValueId>| value.and_then(|value| facts.values.as_int(value));
    if facts.values.as_text(value) == Some("traffic-port") {
        return facts.flag("OnTrafficPort", true, port);
    }
    match (number(facts, port), number(facts, traffic)) {
        (Some(check), Some(traffic)) => facts.flag("OnTrafficPort", check == traffic, port),
        // A port of the traffic that nobody wrote is made up; no number in the files can mean it.
        (Some(_), None) if traffic.is_none() => facts.flag("OnTrafficPort", false, port),
        _ => facts.unknown("OnTrafficPort", port),
    }
}

fn grpc_matcher(facts: &mut Facts<'_>, code: Option<ValueId>) {
    let Some(value) = code else { return };
    match facts.values.data(value) {
        Data::Text(text) => match codes(text, 0..=99) {
            Ok(codes) => {
                let place = facts.place(code);
                let items: Vec<ValueId> = codes.iter().map(|code| facts.values.int(*code, place)).collect();
                let list = facts.values.list(&items, place);
                facts.entries.push(("GrpcCodes", list));
            }
            Err(problem) => matcher_problem(facts, problem, code),
        },
        Data::Unknown(_) => {
            facts.unknown("GrpcCodes", code);
            facts.unknown("MatcherProblem", code);
        }
        _ => matcher_problem(facts, MatcherProblem::Malformed, code),
    }
}

fn matcher_problem(facts: &mut Facts<'_>, problem: MatcherProblem, at: Option<ValueId>) {
    let word = match problem {
        MatcherProblem::Malformed => "malformed",
        MatcherProblem::OutOfRange => "out-of-range",
    };
    facts.word("MatcherProblem", word, at);
}

/// `HealthCheck` of a classic load balancer, from its target `PROTOCOL:port[/path]`.
pub(super) fn classic(values: &mut Values, effective: ValueId, name: Span) -> ValueId {
    let target = values.at(effective, &["HealthCheck", "Target"]);
    let listeners =
        values.get(effective, "Listeners").map(|list| values.items(list).to_vec()).unwrap_or_default();
    let instance_ports: Vec<Option<i64>> = listeners
        .iter()
        .map(|listener| values.get(*listener, "InstancePort").and_then(|port| values.as_int(port)))
        .collect();
    let mut facts = Facts { values, name, entries: Vec::new() };
    let Some(value) = target else {
        facts.word("Speaks", "tcp", None);
        facts.flag("OnTrafficPort", true, None);
        return facts.finish();
    };
    let text = match facts.values.data(value) {
        Data::Text(text) => text.to_string(),
        _ => {
            facts.unknown("Speaks", target);
            facts.unknown("OnTrafficPort", target);
            return facts.finish();
        }
    };
    let (protocol, rest) = text.split_once(':').unwrap_or((text.as_str(), ""));
    let (port, path) = rest.find('/').map_or((rest, None), |at| (&rest[..at], Some(&rest[at..])));
    let number: Option<i64> = port.parse().ok().filter(|port| (1..=65_535).contains(port));
    let speaks = match protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTPS" if number.is_some() && path.is_some() => Some("http"),
        "TCP" | "SSL" if number.is_some() && path.is_none() => Some("tcp"),
        _ => None,
    };
    match speaks {
        Some(speaks) => facts.word("Speaks", speaks, target),
        None => {
            facts.word("Speaks", "none", target);
            facts.word("TargetProblem", "malformed", target);
        }
    }
    if let Some(number) = number {
        let settled = instance_ports.iter().all(Option::is_some);
        let hit = instance_ports.contains(&Some(number));
        if hit || settled {
            facts.flag("OnTrafficPort", hit, target);
        } else {
            facts.unknown("OnTrafficPort", target);
        }
    }
    if let Some(path) = path {
        facts.word("PathKind", path_kind(path), target);
    }
    facts.finish()
}

/// `HealthCheck` of a service of Cloud Map: what Route 53 sends to the port with which instances register.
pub(super) fn discovery(values: &mut Values, effective: ValueId, name: Span) -> ValueId {
    let kind = values.at(effective, &["HealthCheckConfig", "Type"]);
    let path = values.at(effective, &["HealthCheckConfig", "ResourcePath"]);
    let is_open = values.get(effective, "HealthCheckConfig").is_some_and(|config| values.is_unknown(config));
    let mut facts = Facts::new(values, name);
    let word = match kind.map(|kind| facts.values.data(kind)) {
        Some(Data::Text("HTTP" | "HTTPS")) => Some("http"),
        Some(Data::Text("TCP")) => Some("tcp"),
        None if !is_open => Some("none"),
        _ => None,
    };
    match word {
        Some(word) => facts.word("Speaks", word, kind),
        None => facts.unknown("Speaks", kind),
    }
    facts.flag("OnTrafficPort", true, kind);
    let text = path.and_then(|path| facts.values.as_text(path).map(str::to_string));
    if let Some(text) = text {
        facts.word("PathKind", path_kind(&text), path);
    }
    facts.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_kinds() {
        for (path, kind) in [
            ("/AWS.ALB/healthcheck", "default"),
            ("/grpc.health.v1.Health/Check", "health-check"),
            ("/grpc.health.v1.Health/Watch", "health-watch"),
            ("/grpc.health.v1.health/check", "misspelled"),
            ("/grpc.health.v1.Health.Check", "misspelled"),
            ("/grpc.health.v1/Health/Check", "misspelled"),
            ("/grpc_health_v1.Health/Check", "misspelled"),
            ("/grpc.health.v1.Health/Check/", "misspelled"),
            ("/grpc.health.v1.HealthService/Check", "misspelled"),
            ("/grpc.health.v1.Health/List", "method"),
            ("/grpc.health.v1alpha.Health/Check", "method"),
            ("grpc.health.v1.Health/Check", "malformed"),
            ("/orders.v1.Orders/Ping", "method"),
            ("/Orders/Ping", "method"),
            ("/", "http-style"),
            ("/healthz", "http-style"),
            ("/api/health", "http-style"),
            ("/api/v1.0/health", "http-style"),
        ] {
            assert_eq!(path_kind(path), kind, "{path}");
        }
    }

    #[test]
    fn matchers() {
        assert_eq!(codes("0", 0..=99), Ok(vec![0]));
        assert_eq!(codes("0,12", 0..=99), Ok(vec![0, 12]));
        assert_eq!(codes("0-2, 12", 0..=99), Ok(vec![0, 1, 2, 12]));
        assert_eq!(codes("200", 0..=99), Err(MatcherProblem::OutOfRange));
        for text in ["", "OK", "0-", "2-1", "0;12", "-1"] {
            assert_eq!(codes(text, 0..=99), Err(MatcherProblem::Malformed), "{text}");
        }
    }
}
