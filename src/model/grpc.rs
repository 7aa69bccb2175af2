//! Is it gRPC, and how do we know: evidence is gathered along the links and weighed.
//!
//! Weights combine as a noisy or, each kind of evidence counting once; a link takes a tenth off.

use super::build::{Draft, Evidence, EvidenceKind, Link};
use super::graph::{CLASSIC, Graph, LISTENER, LOAD_BALANCER, PORT, RULE, TARGET_GROUP};
use super::signs::{self, NameOf};
use super::{Data, Platform, ResourceIdx, ValueId, Values};
use crate::source::Span;

/// What one link takes off the weight of evidence.
const DECAY: f64 = 0.9;
/// What is left of a score when the port's own name speaks of something beside gRPC.
const BESIDE: f64 = 0.2;

/// How strong the evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    None,
    Possible,
    Likely,
    Definite,
}

impl Level {
    fn of(score: f64) -> Self {
        match score {
            score if score >= 0.9 => Level::Definite,
            score if score >= 0.6 => Level::Likely,
            score if score >= 0.45 => Level::Possible,
            _ => Level::None,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Possible => "possible",
            Level::Likely => "likely",
            Level::Definite => "definite",
        }
    }
}

/// The verdict on one resource.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) level: Level,
    score: f64,
    /// The strongest of each kind, strongest first.
    pub(super) evidence: Vec<(String, Span)>,
    pub(super) web: bool,
    pub(super) streaming: bool,
}

impl Verdict {
    fn none() -> Self {
        Self { level: Level::None, score: 0.0, evidence: Vec::new(), web: false, streaming: false }
    }
}

/// Evidence under way: how much of its weight is left.
struct Weighed<'m> {
    evidence: &'m Evidence,
    weight: f64,
}

/// Weighs the evidence of one model.
pub(super) struct Judge<'m> {
    drafts: &'m [Draft],
    graph: &'m Graph,
    own: Vec<Vec<Evidence>>,
}

fn score(verdicts: &[Verdict], idx: ResourceIdx) -> f64 {
    verdicts[idx.0 as usize].score
}

fn weigh(evidence: &Evidence, factor: f64) -> Weighed<'_> {
    Weighed { evidence, weight: evidence.kind.weight() * evidence.factor * factor }
}

impl<'m> Judge<'m> {
    /// Collects what each resource says by itself.
    pub(super) fn new(values: &Values, drafts: &'m [Draft], graph: &'m Graph) -> Self {
        let own = drafts.iter().map(|draft| own_evidence(values, draft)).collect();
        Self { drafts, graph, own }
    }

    /// Verdicts on all resources, by index. Listeners, rules and load balancers have that of the strongest group.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let indices = (0..self.drafts.len() as u32).map(ResourceIdx);
        let mut verdicts: Vec<Verdict> = indices.clone().map(|idx| self.own_verdict(idx)).collect();
        for idx in indices {
            if matches!(self.drafts[idx.0 as usize].type_name.as_str(), LISTENER | RULE | LOAD_BALANCER) {
                let groups = self.graph.targets(idx, Link::TargetGroups);
                let best = groups.max_by(|a, b| score(&verdicts, *a).total_cmp(&score(&verdicts, *b)));
                let streaming = verdicts[idx.0 as usize].streaming;
                verdicts[idx.0 as usize] =
                    best.map_or_else(Verdict::none, |best| verdicts[best.0 as usize].clone());
                verdicts[idx.0 as usize].streaming |= streaming;
            }
        }
        verdicts
    }

    /// The verdict on one entry of a classic load balancer's listeners.
    pub(super) fn classic_listener(&self, values: &Values, balancer: ResourceIdx, entry: ValueId) -> Verdict {
        let port = values.get(entry, "InstancePort");
        let number = port.and_then(|port| values.as_int(port));
        let at_port = match (port, number) {
            (Some(port), Some(number)) => {
                signs::port_number("instance port", number, values.place(port).span)
            }
            _ => None,
        };
        let mut gathered: Vec<Weighed<'_>> = at_port.iter().map(|evidence| weigh(evidence, 1.0)).collect();
        self.gather(&mut gathered, balancer, 1.0);
        let mut near = vec![balancer];
        // An entry may name the ports behind it, where instance ports are made up by the cluster.
        let named = values.get(entry, "Ports").map(|ports| values.items(ports));
        let is_named = |port: ResourceIdx| {
            named.is_none_or(|named| named.iter().any(|value| values.as_reference(*value) == Some(port)))
        };
        for port in self.graph.targets(balancer, Link::Ports) {
            if is_named(port) && self.serves(values, port, number) {
                near.push(port);
                self.gather(&mut gathered, port, DECAY);
            }
        }
        let web = near.iter().any(|near| self.drafts[near.0 as usize].grpc_web);
        let streaming = near.iter().any(|near| self.drafts[near.0 as usize].streaming);
        combine(&gathered, web, streaming)
    }

    /// Whether a port may be the one that a listener entry forwards to: host and container port may differ, so a
    /// port is left out only when another one has the very number.
    fn serves(&self, values: &Values, port: ResourceIdx, number: Option<i64>) -> bool {
        let own = self.drafts[port.0 as usize]
            .properties
            .and_then(|properties| values.get(properties, "Number"))
            .and_then(|own| values.as_int(own));
        number.is_none()
            || own.is_none()
            || own == number
            || self.graph.targets(port, Link::TargetGroups).count() <= 1
    }

    fn gather<'s>(&'s self, into: &mut Vec<Weighed<'s>>, from: ResourceIdx, factor: f64) {
        into.extend(self.own[from.0 as usize].iter().map(|evidence| weigh(evidence, factor)));
    }

    fn gather_linked<'s>(&'s self, into: &mut Vec<Weighed<'s>>, from: ResourceIdx, link: Link, factor: f64) {
        for target in self.graph.targets(from, link) {
            self.gather(into, target, factor);
        }
    }

    /// A resource's own evidence, and that of its neighbours.
    fn own_verdict(&self, idx: ResourceIdx) -> Verdict {
        let draft = &self.drafts[idx.0 as usize];
        let mut gathered = Vec::new();
        self.gather(&mut gathered, idx, 1.0);
        let mut near = vec![idx];
        match draft.type_name.as_str() {
            TARGET_GROUP => {
                for link in [Link::Ports, Link::Rules, Link::Listeners, Link::Services] {
                    self.gather_linked(&mut gathered, idx, link, DECAY);
                }
                self.gather_linked(&mut gathered, idx, Link::Workloads, DECAY * DECAY);
                near.extend(self.graph.targets(idx, Link::Ports));
            }
            PORT => {
                for link in [Link::TargetGroups, Link::Workloads] {
                    self.gather_linked(&mut gathered, idx, link, DECAY);
                }
            }
            "Kubernetes::Service" => {
                for link in [Link::Ports, Link::TargetGroups] {
                    self.gather_linked(&mut gathered, idx, link, DECAY);
                }
                near.extend(self.graph.targets(idx, Link::Ports));
            }
            _ => {}
        }
        let web = near.iter().any(|near| self.drafts[near.0 as usize].grpc_web);
        let streaming = near.iter().any(|near| self.drafts[near.0 as usize].streaming);
        combine(&gathered, web, streaming)
    }
}

fn combine(gathered: &[Weighed<'_>], web: bool, streaming: bool) -> Verdict {
    let mut best: Vec<&Weighed<'_>> = Vec::new();
    for weighed in gathered {
        match best.iter_mut().find(|kept| kept.evidence.kind == weighed.evidence.kind) {
            Some(kept) if kept.weight < weighed.weight => *kept = weighed,
            Some(_) => {}
            None => best.push(weighed),
        }
    }
    best.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut score = 1.0 - best.iter().map(|weighed| 1.0 - weighed.weight).product::<f64>();
    let declared = best.iter().any(|weighed| weighed.evidence.kind == EvidenceKind::Declared);
    let is_own = |weighed: &Weighed<'_>| weighed.evidence.kind == EvidenceKind::OwnName;
    let beside = gathered.iter().any(|weighed| is_own(weighed) && weighed.evidence.factor < 1.0);
    if !declared && (web || beside) {
        score *= BESIDE;
    }
    let evidence =
        best.iter().map(|weighed| (weighed.evidence.text.clone(), weighed.evidence.span)).collect();
    Verdict { level: Level::of(score), score, evidence, web, streaming }
}

/// What a resource says by itself: what its dialect found, and what its AWS properties say.
fn own_evidence(values: &Values, draft: &Draft) -> Vec<Evidence> {
    let mut found = draft.grpc.clone();
    let Some(properties) = draft.properties else { return found };
    let effective = draft.effective.unwrap_or(properties);
    match draft.type_name.as_str() {
        TARGET_GROUP => target_group(values, draft, properties, effective, &mut found),
        RULE => rule(values, properties, &mut found),
        LISTENER | CLASSIC | "AWS::ECS::Service" | "AWS::ECS::TaskDefinition" => {
            names(values, draft, properties, nearby, &mut found);
        }
        _ => {}
    }
    found
}

fn nearby(draft: &Draft) -> NameOf {
    NameOf::Nearby(match draft.type_name.as_str() {
        LISTENER => "listener",
        CLASSIC => "load balancer",
        "AWS::ECS::Service" => "service",
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
