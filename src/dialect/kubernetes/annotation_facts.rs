//! The section `Annotations`: every annotation of an object, and what is wrong with it.
//!
//! The closed lists are those of the AWS Load Balancer Controller (`pkg/annotations/constants.go`, the Location
//! column of its annotation guide) and of the cloud provider (`docs/service_controller.md`).

use super::annotations::{ALB, NLB, Setting};
use super::effects::Around;
use super::listeners;
use super::objects::Object;
use super::values::{inner_span, is_placeholder};
use crate::document::{Kind, NodeRef, Schema, Typed};
use crate::model::{Place, ValueId, Values};

/// What an annotation holds.
#[derive(Debug, Clone, Copy)]
enum Holds {
    /// One of these words, compared exactly.
    Word(&'static [&'static str]),
    /// As a word, where another rule speaks of all but the case.
    CaseOf(&'static [&'static str]),
    /// A whole number.
    Int,
    /// A boolean as Go parses it.
    Bool,
    /// JSON.
    Json,
    /// The JSON of `listen-ports`.
    ListenPorts,
    /// `key=value,key=value`.
    Pairs,
    /// Anything.
    Text,
}

use Holds::{Bool, CaseOf, Int, Json, ListenPorts, Pairs, Text, Word};

/// Read on an Ingress and on a Service behind one.
const ON_BOTH: [(&str, Holds); 23] = [
    ("backend-protocol", Word(&["HTTP", "HTTPS"])),
    ("backend-protocol-version", Word(&["HTTP1", "HTTP2", "GRPC"])),
    ("target-type", Word(&["instance", "ip"])),
    ("target-group-attributes", Pairs),
    ("target-node-labels", Pairs),
    ("healthcheck-port", Text),
    ("healthcheck-protocol", CaseOf(&["HTTP", "HTTPS"])),
    ("healthcheck-path", Text),
    ("healthcheck-interval-seconds", Int),
    ("healthcheck-timeout-seconds", Int),
    ("healthy-threshold-count", Int),
    ("unhealthy-threshold-count", Int),
    ("success-codes", Text),
    ("auth-type", Word(&["none", "cognito", "oidc"])),
    ("auth-idp-cognito", Json),
    ("auth-idp-oidc", Json),
    ("auth-on-unauthenticated-request", Word(&["authenticate", "allow", "deny"])),
    ("auth-scope", Text),
    ("auth-session-cookie", Text),
    ("auth-session-timeout", Int),
    ("jwt-validation", Json),
    ("multi-cluster-target-group", Bool),
    ("target-control-port", Text),
];

/// Read on an Ingress only.
const ON_INGRESS: [(&str, Holds); 40] = [
    ("load-balancer-name", Text),
    ("group.name", Text),
    ("group.order", Int),
    ("ip-address-type", Text),
    ("scheme", Word(&["internal", "internet-facing"])),
    ("subnets", Text),
    ("customer-owned-ipv4-pool", Text),
    ("load-balancer-attributes", Pairs),
    ("wafv2-acl-arn", Text),
    ("wafv2-acl-name", Text),
    ("waf-acl-id", Text),
    ("web-acl-id", Text),
    ("shield-advanced-protection", Bool),
    ("security-groups", Text),
    ("listen-ports", ListenPorts),
    ("ssl-redirect", Int),
    ("inbound-cidrs", Text),
    ("certificate-arn", Text),
    ("ssl-policy", Text),
    ("mutual-authentication", Json),
    ("security-group-prefix-lists", Text),
    ("listener-attributes", Pairs),
    ("minimum-load-balancer-capacity", Pairs),
    ("ipam-ipv4-pool-id", Text),
    ("enable-frontend-nlb", Bool),
    ("frontend-nlb-scheme", Word(&["internal", "internet-facing"])),
    ("frontend-nlb-subnets", Text),
    ("frontend-nlb-security-groups", Text),
    ("frontend-nlb-listener-port-mapping", Text),
    ("frontend-nlb-eip-allocations", Text),
    ("frontend-nlb-healthcheck-port", Text),
    ("frontend-nlb-healthcheck-protocol", Text),
    ("frontend-nlb-healthcheck-path", Text),
    ("frontend-nlb-healthcheck-interval-seconds", Int),
    ("frontend-nlb-healthcheck-timeout-seconds", Int),
    ("frontend-nlb-healthcheck-healthy-threshold-count", Int),
    ("frontend-nlb-healthcheck-unhealthy-threshold-count", Int),
    ("frontend-nlb-healthcheck-success-codes", Text),
    ("frontend-nlb-attributes", Pairs),
    ("frontend-nlb-tags", Pairs),
];

/// Read on an Ingress only, rarely written.
const ON_INGRESS_TOO: [(&str, Holds); 6] = [
    ("tags", Pairs),
    ("manage-backend-security-group-rules", Bool),
    ("use-regex-path-match", Bool),
    ("create-acm-cert", Bool),
    ("acm-pca-arn", Text),
    ("dry-run-plan", Text),
];

/// Names that go on behind a dot.
const ALB_FAMILIES: [(&str, Holds); 5] = [
    ("actions.", Json),
    ("conditions.", Json),
    ("transforms.", Json),
    ("listener-attributes.", Pairs),
    ("target-control-port.", Text),
];

/// Read on a Service of type LoadBalancer, by either controller.
const ON_BALANCER: [(&str, Holds); 53] = [
    ("type", Text),
    ("nlb-target-type", Word(&["ip", "instance"])),
    ("name", Text),
    ("scheme", Word(&["internal", "internet-facing"])),
    ("internal", Text),
    ("proxy-protocol", Word(&["*"])),
    ("proxy-protocol-per-target-group", Text),
    ("ip-address-type", Text),
    ("access-log-enabled", Bool),
    ("access-log-emit-interval", Int),
    ("access-log-s3-bucket-name", Text),
    ("access-log-s3-bucket-prefix", Text),
    ("cross-zone-load-balancing-enabled", Bool),
    ("ssl-cert", Text),
    ("ssl-ports", Text),
    ("ssl-negotiation-policy", Text),
    ("backend-protocol", Text),
    ("additional-resource-tags", Pairs),
    ("healthcheck-healthy-threshold", Int),
    ("healthcheck-unhealthy-threshold", Int),
    ("healthcheck-timeout", Int),
    ("healthcheck-interval", Int),
    ("healthcheck-protocol", Text),
    ("healthcheck-port", Text),
    ("healthcheck-path", Text),
    ("healthcheck-success-codes", Text),
    ("target-group-attributes", Pairs),
    ("subnets", Text),
    ("eip-allocations", Text),
    ("eip-allocations-discovery-tags", Text),
    ("private-ipv4-addresses", Text),
    ("ipv6-addresses", Text),
    ("alpn-policy", Word(&["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"])),
    ("target-node-labels", Pairs),
    ("attributes", Pairs),
    ("security-groups", Text),
    ("extra-security-groups", Text),
    ("manage-backend-security-group-rules", Bool),
    ("inbound-sg-rules-on-private-link-traffic", Text),
    ("security-group-prefix-lists", Text),
    ("listener-attributes", Pairs),
    ("multi-cluster-target-group", Bool),
    ("enable-prefix-for-ipv6-source-nat", Text),
    ("source-nat-ipv6-prefixes", Text),
    ("minimum-load-balancer-capacity", Pairs),
    ("enable-icmp-for-path-mtu-discovery", Text),
    ("enable-tcp-udp-listener", Bool),
    ("disable-nlb-sg", Bool),
    ("quic-enabled-ports", Text),
    ("quic-enabled-containers", Text),
    ("connection-draining-enabled", Bool),
    ("connection-draining-timeout", Int),
    ("connection-idle-timeout", Int),
];

/// Names that go on behind a dot.
const NLB_FAMILIES: [(&str, Holds); 3] =
    [("target-group-attributes.", Pairs), ("listener-attributes.", Pairs), ("actions.", Json)];

/// What is wrong with an annotation, in the words of the section, and what may have been meant.
type Fault = (&'static str, Option<String>);

/// The section of an object, with the annotations of its pods.
pub(super) fn section<'d>(values: &mut Values, around: &Around<'_, 'd>, object: &Object<'d>) -> ValueId {
    let of_pods = [&["template"][..], &["jobTemplate", "spec", "template"][..]]
        .into_iter()
        .filter_map(|path| object.spec(path)?.at(&["metadata", "annotations"]))
        .flat_map(NodeRef::entries)
        .map(|entry| (entry.key, entry.value));
    let mut list = Vec::new();
    for (key, value) in object.annotations.written().iter().copied().chain(of_pods) {
        list.push(annotation(values, around, object, key, value));
    }
    values.list(&list, Place::fact_at(object.name_span))
}

fn annotation<'d>(
    values: &mut Values,
    around: &Around<'_, 'd>,
    object: &Object<'d>,
    key: NodeRef<'d>,
    value: NodeRef<'d>,
) -> ValueId {
    let place = Place::written(inner_span(value), key.span());
    let name = key.text().unwrap_or_default();
    let mut entries = vec![("Name", values.text(name, Place::written(key.span(), key.span())))];
    if let Some(text) = value.text() {
        entries.push(("Value", super::lowering::word(values, text, place)));
    }
    let key_place = Place::written(key.span(), key.span());
    match fault(object, name, key, value) {
        Some((problem, suggestion)) => {
            let is_of_key = matches!(problem, "unrecognized" | "misplaced");
            let at = if is_of_key { key_place } else { place };
            entries.push(("Problem", values.text(problem, at)));
            entries.extend(suggestion.map(|suggestion| ("Suggestion", values.text(&suggestion, at))));
            entries.extend(expected(name, problem).map(|words| ("Expected", values.text(&words, at))));
            let belongs = belongs(object, name, value.text().unwrap_or_default());
            entries.extend(belongs.map(|other| ("Belongs", values.text(&other, key_place))));
            if problem == "misplaced" {
                entries.push(("Why", values.text(why_misplaced(object, name), at)));
            }
        }
        None => {
            if let Some((problem, why)) = around.idle(object, name) {
                entries.push(("Problem", values.text(problem, key_place)));
                entries.push(("Why", values.text(&why, key_place)));
            }
        }
    }
    values.map_of(&entries, place)
}

/// The annotation that a value is for, where it stands at another: `GRPC` is no protocol but a version of one.
fn belongs(object: &Object<'_>, name: &str, value: &str) -> Option<String> {
    let is_version = ["GRPC", "HTTP2", "HTTP1"].contains(&value);
    let other = format!("{ALB}backend-protocol-version");
    let is_free = object.annotations.get(&other).is_none();
    (name.strip_prefix(ALB) == Some("backend-protocol") && is_version && is_free).then_some(other)
}

/// Where an annotation of an Ingress is read instead.
fn why_misplaced(object: &Object<'_>, name: &str) -> &'static str {
    let suffix = name.strip_prefix(ALB).unwrap_or_default();
    match ON_BOTH.iter().any(|(own, _)| *own == suffix) {
        true => "it is read on an Ingress and on the Services behind it",
        false if object.kind == "Service" => "it is read on the Ingress, not on the Service",
        false => "it is read on an Ingress",
    }
}

/// What the controller wants instead of a value that it does not take.
fn expected(name: &str, problem: &str) -> Option<String> {
    if !matches!(problem, "invalid-value" | "malformed") {
        return None;
    }
    let holds = match name.strip_prefix(ALB) {
        Some(suffix) => {
            holds(suffix, ON_BOTH.iter().chain(&ON_INGRESS).chain(&ON_INGRESS_TOO), &ALB_FAMILIES)
        }
        None => holds(name.strip_prefix(NLB)?, ON_BALANCER.iter(), &NLB_FAMILIES),
    };
    Some(match holds? {
        Word(words) | CaseOf(words) => words.join(" or "),
        Int => "a whole number without a unit".to_string(),
        Bool => "true or false".to_string(),
        Json => "JSON".to_string(),
        ListenPorts => "a JSON list of HTTP and HTTPS ports".to_string(),
        Pairs => "key=value,key=value".to_string(),
        Text => return None,
    })
}

fn fault(object: &Object<'_>, name: &str, key: NodeRef<'_>, value: NodeRef<'_>) -> Option<Fault> {
    if is_placeholder(name) {
        return None;
    }
    match value.scalar().map(|scalar| scalar.typed(Schema::Yaml11)) {
        Some(Typed::Null) => return None,
        Some(Typed::Str(text)) if is_placeholder(text) => return None,
        Some(Typed::Str(_)) => {}
        None if is_braces(value) => return None,
        _ => return Some(("not-a-string", None)),
    }
    let setting = Setting::read(key, value)?;
    let raw = value.text().unwrap_or_default();
    if let Some(suffix) = name.strip_prefix(ALB) {
        if !object.is_ingress() && !object.is("", "Service") {
            return Some(("misplaced", None));
        }
        let known = ON_BOTH.iter().chain(&ON_INGRESS).chain(&ON_INGRESS_TOO);
        let Some(holds) = holds(suffix, known.clone(), &ALB_FAMILIES) else {
            return Some(("unrecognized", nearest(ALB, suffix, known.map(|(name, _)| *name))));
        };
        let is_on_both = ON_BOTH.iter().any(|(own, _)| *own == suffix);
        if object.kind == "Service" && !is_on_both && !suffix.contains('.') {
            return Some(("misplaced", None));
        }
        return wrong_value(holds, &setting, raw);
    }
    let suffix = name.strip_prefix(NLB).filter(|_| object.is("", "Service"))?;
    match holds(suffix, ON_BALANCER.iter(), &NLB_FAMILIES) {
        Some(holds) => wrong_value(holds, &setting, raw),
        None => Some(("unrecognized", nearest(NLB, suffix, ON_BALANCER.iter().map(|(name, _)| *name)))),
    }
}

/// Whether a value is `{{NAME}}` without quotes, which YAML reads as a map: a template fills it in.
fn is_braces(value: NodeRef<'_>) -> bool {
    let is_map = |node: NodeRef<'_>| node.kind() == Kind::Mapping;
    let mut entries = value.entries();
    is_map(value) && entries.next().is_some_and(|entry| is_map(entry.key)) && entries.next().is_none()
}

fn holds<'t>(
    suffix: &str,
    mut known: impl Iterator<Item = &'t (&'static str, Holds)>,
    families: &[(&str, Holds)],
) -> Option<Holds> {
    let exact = known.find(|(name, _)| *name == suffix).map(|(_, holds)| *holds);
    exact.or_else(|| families.iter().find(|(start, _)| suffix.starts_with(start)).map(|(_, holds)| *holds))
}

/// The known name that is spelled most alike, when only one is.
fn nearest(prefix: &str, suffix: &str, known: impl Iterator<Item = &'static str>) -> Option<String> {
    let suffix = suffix.to_ascii_lowercase();
    let mut distances: Vec<(usize, &str)> =
        known.map(|name| (strsim::damerau_levenshtein(&suffix, name), name)).collect();
    distances.sort_unstable();
    match distances.as_slice() {
        [(best, name), (next, _), ..] if *best <= 3 && best < next => Some(format!("{prefix}{name}")),
        _ => None,
    }
}

fn wrong_value(holds: Holds, setting: &Setting<'_>, raw: &str) -> Option<Fault> {
    let trimmed = setting.text;
    let is_kept_exact = matches!(holds, Word(_) | CaseOf(_) | Int | Bool);
    if is_kept_exact && raw != trimmed {
        return Some(("untrimmed", Some(trimmed.to_string())));
    }
    let malformed = Some(("malformed", None));
    match holds {
        Word(words) if !words.contains(&trimmed) => {
            let meant = words.iter().find(|word| word.eq_ignore_ascii_case(trimmed));
            Some(("invalid-value", meant.map(|word| (*word).to_string())))
        }
        CaseOf(words) if !words.contains(&trimmed) => {
            let meant = words.iter().find(|word| word.eq_ignore_ascii_case(trimmed))?;
            Some(("invalid-value", Some((*meant).to_string())))
        }
        Int if trimmed.parse::<i64>().is_err() => {
            let digits = trimmed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let meant = digits.parse::<i64>().ok().map(|number| number.to_string());
            Some(("malformed", meant))
        }
        Bool if setting.truth().is_none() => malformed,
        Json if setting.json().is_none() => malformed,
        ListenPorts if !listeners::is_accepted(setting) => malformed,
        Pairs if trimmed.split(',').any(|pair| !pair.trim().is_empty() && !pair.contains('=')) => malformed,
        _ => None,
    }
}
