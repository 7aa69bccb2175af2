//! Is it gRPC, and how do we know: evidence is gathered along the links and weighed.
//!
//! Weights combine as a noisy or, each kind of evidence counting once; a link takes a tenth off.

use super::build::{Draft, Evidence, EvidenceKind, Link, Settled};
use super::graph::{
    DISCOVERY, Graph, INTEGRATIONS, LATTICE_GROUP, LATTICE_LISTENER, LATTICE_RULE, LATTICE_SERVICE, LISTENER,
    LOAD_BALANCER, PORT, RULE, TARGET_GROUP,
};
use super::own::own_evidence;
use super::signs;
use super::{ResourceIdx, ValueId, Values};
use crate::source::Span;

/// A Service as it is written.
const SERVICE: &str = "Kubernetes::Service";
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
    pub(super) evidence: Vec<(String, f64, Span)>,
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
    /// What the user says of each resource.
    settled: Vec<Option<&'m Settled>>,
}

/// Whether a resource carries what the strongest of its target groups carries.
fn takes_that_of_groups(type_name: &str) -> bool {
    matches!(type_name, LISTENER | RULE | LOAD_BALANCER | LATTICE_LISTENER | LATTICE_RULE | LATTICE_SERVICE)
        || INTEGRATIONS.contains(&type_name)
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
        let settled = settled(drafts, graph);
        let own =
            drafts.iter().zip(&settled).map(|(draft, said)| own_evidence(values, draft, *said)).collect();
        Self { drafts, graph, own, settled }
    }

    /// Verdicts on all resources, by index. Listeners, rules and load balancers have that of the strongest group.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let indices = (0..self.drafts.len() as u32).map(ResourceIdx);
        let mut verdicts: Vec<Verdict> = indices.clone().map(|idx| self.own_verdict(idx)).collect();
        for idx in indices {
            if takes_that_of_groups(&self.drafts[idx.0 as usize].type_name) {
                let groups = self.graph.targets(idx, Link::TargetGroups);
                // An integration may lead to a service without any group.
                let groups = groups.chain(self.graph.targets(idx, Link::Ports));
                let best = groups.max_by(|a, b| score(&verdicts, *a).total_cmp(&score(&verdicts, *b)));
                let streaming = verdicts[idx.0 as usize].streaming;
                if self.settled[idx.0 as usize].is_some() {
                    continue;
                }
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

    /// Whether the user says that a resource carries no gRPC.
    fn is_denied(&self, idx: ResourceIdx) -> bool {
        self.settled[idx.0 as usize].is_some_and(|settled| !settled.is_grpc)
    }

    /// Whether what stands behind a resource is said to carry no gRPC, and nothing else behind it speaks for gRPC.
    fn is_denied_behind(&self, idx: ResourceIdx, links: &[Link]) -> bool {
        let mut behind = links.iter().flat_map(|link| self.graph.targets(idx, *link));
        let mut denied = false;
        let speaks = behind.any(|behind| {
            denied |= self.is_denied(behind);
            !self.own[behind.0 as usize].is_empty()
        });
        denied && !speaks
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
        let is_declared = |weighed: &Weighed<'_>| weighed.evidence.kind == EvidenceKind::Declared;
        let behind = behind(&draft.type_name);
        if self.is_denied(idx) || !gathered.iter().any(is_declared) && self.is_denied_behind(idx, behind) {
            return Verdict::none();
        }
        match draft.type_name.as_str() {
            TARGET_GROUP | LATTICE_GROUP => {
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
            DISCOVERY => {
                self.gather_linked(&mut gathered, idx, Link::Ports, DECAY);
                self.gather_linked(&mut gathered, idx, Link::Services, DECAY);
                near.extend(self.graph.targets(idx, Link::Ports));
            }
            // The port itself, as a proxy speaks to it.
            "Workload::Backend" => {
                self.gather_linked(&mut gathered, idx, Link::Ports, 1.0);
                near.extend(self.graph.targets(idx, Link::Ports));
            }
            SERVICE => {
                for link in [Link::Ports, Link::TargetGroups] {
                    self.gather_linked(&mut gathered, idx, link, DECAY);
                }
                near.extend(self.graph.targets(idx, Link::Ports));
            }
            _ => {}
        }
        let is_settled = self.settled[idx.0 as usize].is_some();
        let web = near.iter().any(|near| self.drafts[near.0 as usize].grpc_web) && !is_settled;
        let streaming = near.iter().any(|near| self.drafts[near.0 as usize].streaming);
        combine(&gathered, web, streaming)
    }
}

/// The verdict on a few pieces of evidence of full weight.
pub(super) fn of_evidence(evidence: &[Evidence]) -> Verdict {
    let gathered: Vec<Weighed<'_>> = evidence.iter().map(|evidence| weigh(evidence, 1.0)).collect();
    combine(&gathered, false, false)
}

/// What the user says of each resource. What is said of a Service holds for the ports behind it, unless another Service is
/// in front of them.
fn settled<'m>(drafts: &'m [Draft], graph: &Graph) -> Vec<Option<&'m Settled>> {
    let mut found: Vec<Option<&Settled>> = drafts.iter().map(|draft| draft.settled.as_ref()).collect();
    if found.iter().all(Option::is_none) {
        return found;
    }
    let services = |draft: &&Draft| draft.type_name == SERVICE;
    let mut in_front = vec![0_u32; drafts.len()];
    let indexed = || drafts.iter().enumerate().filter(|(_, draft)| services(draft));
    let ports = |service: usize| graph.targets(ResourceIdx(service as u32), Link::Ports);
    for port in indexed().flat_map(|(service, _)| ports(service)) {
        in_front[port.0 as usize] += 1;
    }
    for (service, draft) in indexed().filter(|(_, draft)| draft.settled.is_some()) {
        for port in ports(service).map(|port| port.0 as usize).filter(|port| in_front[*port] == 1) {
            found[port] = found[port].or(draft.settled.as_ref());
        }
    }
    found
}

/// The links to what stands behind a resource of a type.
fn behind(type_name: &str) -> &'static [Link] {
    match type_name {
        TARGET_GROUP | LATTICE_GROUP => &[Link::Ports, Link::Services, Link::Workloads],
        DISCOVERY => &[Link::Ports],
        PORT => &[Link::TargetGroups, Link::Workloads],
        SERVICE => &[Link::Ports],
        _ => &[],
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
    let evidence = best
        .iter()
        .map(|weighed| (weighed.evidence.text.clone(), weighed.weight, weighed.evidence.span))
        .collect();
    Verdict { level: Level::of(score), score, evidence, web, streaming }
}
