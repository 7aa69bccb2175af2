//! The ways that calls take through what is deployed: client, balancer, listener, rule, target group, service, port.
//!
//! Read off the links of a model, so that people can see whether the tool understood their setup. Knows how nothing looks
//! when it is drawn.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::Diagnostic;
use crate::document::{self, Secret};
use crate::model::{Data, Model, ValueId};
use crate::source::{FileId, Span};

/// A kind of station on the way of a call, in the order of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Who calls.
    Client,
    /// A load balancer.
    Balancer,
    /// A listener of it.
    Listener,
    /// A rule of a listener, its default action among them.
    Rule,
    /// A target group.
    TargetGroup,
    /// What registers targets: an ECS service, a Kubernetes Service, an Auto Scaling group.
    Service,
    /// A port that a container serves.
    Port,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Stage; 7] = [
        Stage::Client,
        Stage::Balancer,
        Stage::Listener,
        Stage::Rule,
        Stage::TargetGroup,
        Stage::Service,
        Stage::Port,
    ];

    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Client => "clients",
            Stage::Balancer => "load balancer",
            Stage::Listener => "listener",
            Stage::Rule => "rule",
            Stage::TargetGroup => "target group",
            Stage::Service => "service",
            Stage::Port => "port",
        }
    }
}

/// One station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// What it is.
    pub stage: Stage,
    /// What the user calls it.
    pub name: String,
    /// What matters of it, in a few words each.
    pub facts: Vec<String>,
    /// How sure it is that gRPC is served here, and why: `definite`, `likely` or `possible`.
    pub grpc: Option<(String, String)>,
    /// Where its name is written; clients stand in no file.
    pub span: Option<Span>,
    /// Where calls go from here, by their place among the hops.
    pub next: Vec<usize>,
    /// Whether the files leave open where else calls go.
    pub is_open: bool,
    resource: String,
    whole: Option<Span>,
}

/// The ways through one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// All hops. Each leads to later ones only.
    pub hops: Vec<Hop>,
    /// The files that the project is written in.
    pub files: Vec<FileId>,
}

impl Traffic {
    /// The hops to which none leads.
    pub fn roots(&self) -> Vec<usize> {
        let led_to: FxHashSet<usize> = self.hops.iter().flat_map(|hop| hop.next.iter().copied()).collect();
        (0..self.hops.len()).filter(|idx| !led_to.contains(idx)).collect()
    }

    /// Reads the ways off a model.
    pub(super) fn of(model: &Model) -> Self {
        let reader = Reader {
            model,
            index: model.resources.iter().enumerate().map(|(idx, found)| (found.value, idx)).collect(),
        };
        reader.read()
    }

    /// Keeps secrets out of the words.
    pub(super) fn hide(&mut self, secrets: &[Secret]) {
        for hop in &mut self.hops {
            let evidence = hop.grpc.iter_mut().map(|(_, evidence)| evidence);
            for text in hop.facts.iter_mut().chain(evidence).chain([&mut hop.name]) {
                if let Some(harmless) = document::without(text, secrets) {
                    *text = harmless;
                }
            }
        }
    }

    /// The findings on each hop that nobody made an exception for, in their order.
    pub fn findings<'a>(&self, diagnostics: &'a [Diagnostic]) -> Vec<Vec<&'a Diagnostic>> {
        let mut on_hops = vec![Vec::new(); self.hops.len()];
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.suppressed.is_none()) {
            let at = diagnostic.primary.span;
            // Without a resource it is about the file, not about something in it.
            let Some(resource) = diagnostic.resource.as_deref() else { continue };
            if !self.files.contains(&at.file) {
                continue;
            }
            // What a controller builds of an object stands where the object does.
            let holds = |hop: &Hop| {
                hop.whole.is_some_and(|whole| {
                    whole.file == at.file && whole.start <= at.start && at.end <= whole.end
                })
            };
            // One place may speak for several resources, such as the groups of one annotation.
            let resources =
                std::iter::once(resource).chain(diagnostic.other_resources.iter().map(String::as_str));
            let place = |name: &str| self.hops.iter().position(|hop| hop.resource == name);
            let mut places: Vec<usize> = resources.filter_map(place).collect();
            if places.is_empty() {
                places.extend(self.hops.iter().position(holds));
            }
            for idx in places {
                on_hops[idx].push(diagnostic);
            }
        }
        on_hops
    }
}

struct Reader<'m> {
    model: &'m Model,
    index: FxHashMap<ValueId, usize>,
}

impl Reader<'_> {
    fn read(&self) -> Traffic {
        let of_stage = |stage: Stage| {
            let resources = self.model.resources.iter().enumerate();
            resources.filter(move |(_, found)| stage_of(&found.type_name) == Some(stage)).map(|(idx, _)| idx)
        };
        let mut hops: Vec<Hop> = Vec::new();
        let mut made: FxHashMap<usize, usize> = FxHashMap::default();
        for stage in [Stage::Balancer, Stage::Listener, Stage::Rule, Stage::TargetGroup] {
            for resource in of_stage(stage) {
                made.insert(resource, hops.len());
                hops.push(self.hop(stage, resource));
            }
        }
        for (stage, link) in
            [(Stage::Balancer, "Listeners"), (Stage::Listener, "Rules"), (Stage::Rule, "TargetGroups")]
        {
            for from in of_stage(stage) {
                let next = self.linked(from, link).into_iter().filter_map(|to| made.get(&to).copied());
                hops[made[&from]].next = next.collect();
            }
        }
        self.services(&mut hops, &made);
        // That a Service's pods are in other files is said by the ports that only the Service knows.
        for hop in hops.iter_mut().filter(|hop| hop.stage >= Stage::TargetGroup && !hop.next.is_empty()) {
            hop.is_open = false;
        }
        let mut files: Vec<FileId> = self.model.resources.iter().map(|found| found.name.file).collect();
        files.sort_unstable();
        files.dedup();
        Traffic { hops: self.with_clients(hops), files }
    }

    /// Adds what registers targets, and the ports. What registers other ports in another group is another hop, so that no way
    /// is shown which does not exist.
    fn services(&self, hops: &mut Vec<Hop>, made: &FxHashMap<usize, usize>) {
        let mut services: BTreeMap<(usize, Vec<usize>), usize> = BTreeMap::new();
        let mut ports: FxHashMap<usize, usize> = FxHashMap::default();
        let mut fronts: Vec<usize> = made.keys().copied().collect();
        fronts.sort_unstable_by_key(|front| made[front]);
        for front in fronts {
            let own_ports = self.linked(front, "Ports");
            let registrars: Vec<usize> = ["Services", "Workloads"]
                .iter()
                .flat_map(|link| self.linked(front, link))
                .filter(|idx| stage_of(&self.model.resources[*idx].type_name) == Some(Stage::Service))
                .collect();
            let mut left = own_ports.clone();
            for registrar in &registrars {
                let behind: Vec<usize> = own_ports
                    .iter()
                    .copied()
                    .filter(|port| registrars.len() == 1 || self.serves(*registrar, *port))
                    .collect();
                left.retain(|port| !behind.contains(port));
                let service = *services.entry((*registrar, behind.clone())).or_insert_with(|| {
                    hops.push(self.hop(Stage::Service, *registrar));
                    hops.len() - 1
                });
                hops[made[&front]].next.push(service);
                for port in behind {
                    self.lead_to_port(hops, &mut ports, service, port);
                }
            }
            for port in left {
                self.lead_to_port(hops, &mut ports, made[&front], port);
            }
        }
    }

    fn lead_to_port(
        &self,
        hops: &mut Vec<Hop>,
        ports: &mut FxHashMap<usize, usize>,
        from: usize,
        port: usize,
    ) {
        let to = *ports.entry(port).or_insert_with(|| {
            hops.push(self.hop(Stage::Port, port));
            hops.len() - 1
        });
        if !hops[from].next.contains(&to) {
            hops[from].next.push(to);
        }
    }

    /// Whether a service registers a port.
    fn serves(&self, service: usize, port: usize) -> bool {
        let workloads = self.linked(port, "Workloads");
        self.linked(service, "Ports").contains(&port)
            || self.linked(service, "Workloads").iter().any(|workload| workloads.contains(workload))
    }

    /// Puts the clients in front, those from the internet apart from those inside, and the hops in the order of the way.
    fn with_clients(&self, hops: Vec<Hop>) -> Vec<Hop> {
        let mut by_scheme: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (idx, hop) in hops.iter().enumerate().filter(|(_, hop)| hop.stage == Stage::Balancer) {
            let has = |word: &str| hop.facts.iter().any(|fact| fact == word);
            let from = match (has("internet-facing"), has("internal")) {
                (true, _) => "from the internet",
                (_, true) => "inside the network",
                _ => "",
            };
            by_scheme.entry(from).or_default().push(idx);
        }
        let n_clients = by_scheme.len();
        let mut order: Vec<usize> = (0..hops.len()).collect();
        order.sort_by_key(|idx| hops[*idx].stage);
        let mut place = vec![0; hops.len()];
        for (at, idx) in order.iter().enumerate() {
            place[*idx] = at + n_clients;
        }
        let moved = |next: &[usize]| next.iter().map(|idx| place[*idx]).collect::<Vec<usize>>();
        let clients = by_scheme.into_iter().map(|(from, balancers)| Hop {
            stage: Stage::Client,
            name: "clients".to_string(),
            facts: Some(from.to_string()).filter(|from| !from.is_empty()).into_iter().collect(),
            grpc: None,
            span: None,
            next: moved(&balancers),
            is_open: false,
            resource: String::new(),
            whole: None,
        });
        let rest = order.iter().map(|idx| Hop { next: moved(&hops[*idx].next), ..hops[*idx].clone() });
        clients.chain(rest).collect()
    }

    fn hop(&self, stage: Stage, resource: usize) -> Hop {
        let found = &self.model.resources[resource];
        let onward = match stage {
            Stage::Client | Stage::Port => "",
            Stage::Balancer => "Listeners",
            Stage::Listener => "Rules",
            Stage::Rule => "TargetGroups",
            Stage::TargetGroup | Stage::Service => "Ports",
        };
        let grpc = self.text(resource, &["Grpc", "Level"]).filter(|level| level != "none").map(|level| {
            let evidence = self.model.values.at(found.value, &["Grpc", "Evidence"]);
            let first = evidence.and_then(|list| self.model.values.items(list).first().copied());
            let text = first.and_then(|entry| self.model.values.get(entry, "Text"));
            (level, text.and_then(|text| self.model.values.as_text(text)).unwrap_or_default().to_string())
        });
        Hop {
            stage,
            name: name_of(stage, &found.id),
            facts: self.facts(stage, resource),
            grpc,
            span: Some(found.name),
            next: Vec::new(),
            is_open: self.is_open(resource, onward),
            resource: found.id.clone(),
            whole: Some(found.span),
        }
    }

    /// What matters of a hop, in a few words each.
    fn facts(&self, stage: Stage, resource: usize) -> Vec<String> {
        let of = |key: &str| self.text(resource, &["Effective", key]);
        let mut facts: Vec<Option<String>> = Vec::new();
        match stage {
            Stage::Client => {}
            Stage::Balancer => {
                let type_name = &self.model.resources[resource].type_name;
                let kind = match type_name.as_str() {
                    CLASSIC => Some("classic".to_string()),
                    _ => of("Type"),
                };
                facts.extend([kind, of("Scheme")]);
                let listeners =
                    self.model.values.at(self.model.resources[resource].value, &["Effective", "Listeners"]);
                let listeners = listeners.map(|list| self.model.values.items(list)).unwrap_or_default();
                facts.extend(listeners.iter().map(|listener| {
                    Some(format!(
                        "{}:{}",
                        self.of(*listener, "Protocol")?,
                        self.of(*listener, "LoadBalancerPort")?
                    ))
                }));
            }
            Stage::Listener => facts.push(Some(format!(
                "{}:{}",
                of("Protocol").unwrap_or_else(|| "?".to_string()),
                of("Port").unwrap_or_else(|| "?".to_string())
            ))),
            Stage::Rule => {
                facts.push(
                    of("Priority")
                        .filter(|priority| priority != "default")
                        .map(|text| format!("priority {text}")),
                );
                let paths = self.model.values.at(self.model.resources[resource].value, &["Match", "Paths"]);
                let paths = paths.map(|list| self.model.values.items(list)).unwrap_or_default();
                facts.extend(paths.iter().take(3).map(|path| self.of(*path, "Pattern")));
                facts.push((paths.len() > 3).then(|| format!("{} more paths", paths.len() - 3)));
                facts.push(self.other_action(resource));
            }
            Stage::TargetGroup => {
                facts.push(of("Protocol"));
                facts.push(of("ProtocolVersion"));
                facts.push(of("Port").map(|port| format!("port {port}")));
                facts.push(of("HealthCheckPath").map(|path| format!("checked at {path}")));
            }
            Stage::Service => {
                facts.push(Some(service_kind(&self.model.resources[resource].type_name).to_string()))
            }
            Stage::Port => {
                facts.push(of("Number").map(|number| format!("port {number}")));
                facts.push(of("Name").map(|name| format!("named {name}")));
            }
        }
        facts.into_iter().flatten().collect()
    }

    /// What a rule does instead of forwarding.
    fn other_action(&self, rule: usize) -> Option<String> {
        let actions = self.model.values.at(self.model.resources[rule].value, &["Effective", "Actions"])?;
        let mut kinds = self.model.values.items(actions).iter().filter_map(|action| self.of(*action, "Type"));
        kinds.find(|kind| kind != "forward")
    }

    /// The resources under a link.
    fn linked(&self, resource: usize, link: &str) -> Vec<usize> {
        let list = self.model.values.at(self.model.resources[resource].value, &["Links", link]);
        let items = list.map(|list| self.model.values.items(list)).unwrap_or_default();
        items.iter().filter_map(|item| self.index.get(item).copied()).collect()
    }

    fn is_open(&self, resource: usize, link: &str) -> bool {
        let list = self.model.values.at(self.model.resources[resource].value, &["Links", link]);
        let items = list.map(|list| self.model.values.items(list)).unwrap_or_default();
        items.iter().any(|item| self.model.values.is_unknown(*item))
    }

    fn text(&self, resource: usize, path: &[&str]) -> Option<String> {
        self.shown(self.model.values.at(self.model.resources[resource].value, path)?)
    }

    fn of(&self, value: ValueId, key: &str) -> Option<String> {
        self.shown(self.model.values.get(value, key)?)
    }

    /// A scalar in words; `?` for one that the files do not settle.
    fn shown(&self, value: ValueId) -> Option<String> {
        match self.model.values.data(value) {
            Data::Text(text) => Some(text.to_string()),
            Data::Int(number) => Some(number.to_string()),
            Data::Unknown(_) => Some("?".to_string()),
            _ => None,
        }
    }
}

const CLASSIC: &str = "AWS::ElasticLoadBalancing::LoadBalancer";

fn stage_of(type_name: &str) -> Option<Stage> {
    Some(match type_name {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" | CLASSIC | "AWS::VpcLattice::Service" => Stage::Balancer,
        "AWS::ElasticLoadBalancingV2::Listener" | "AWS::VpcLattice::Listener" => Stage::Listener,
        "AWS::ElasticLoadBalancingV2::ListenerRule" | "AWS::VpcLattice::Rule" => Stage::Rule,
        "AWS::ElasticLoadBalancingV2::TargetGroup" | "AWS::VpcLattice::TargetGroup" => Stage::TargetGroup,
        "AWS::ECS::Service" | "Kubernetes::Service" | "AWS::AutoScaling::AutoScalingGroup" => Stage::Service,
        "Workload::Port" => Stage::Port,
        _ => return None,
    })
}

fn service_kind(type_name: &str) -> &'static str {
    match type_name {
        "AWS::ECS::Service" => "ECS service",
        "Kubernetes::Service" => "Kubernetes Service",
        _ => "Auto Scaling group",
    }
}

/// The part of a resource's id that tells it from the others of its stage: what a controller builds of an object is called
/// `Ingress shop/orders -> HTTPS:443 rule 1`.
fn name_of(stage: Stage, id: &str) -> String {
    let (owner, own) = id.rsplit_once(" -> ").map_or((None, id), |(owner, own)| (Some(owner), own));
    match stage {
        Stage::Balancer => owner.unwrap_or(id).to_string(),
        Stage::Rule if own.ends_with("(default)") => "default".to_string(),
        Stage::Rule if owner.is_some() => own.rsplit(' ').next().unwrap_or(own).to_string(),
        Stage::Service => own.strip_prefix("Service ").unwrap_or(own).to_string(),
        Stage::Port => own.strip_prefix("pods of Service ").unwrap_or(own).to_string(),
        _ => own.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_people_call_things() {
        for (stage, id, expected) in [
            (Stage::Balancer, "Edge", "Edge"),
            (Stage::Balancer, "Ingress shop/orders -> load balancer", "Ingress shop/orders"),
            (Stage::Listener, "Ingress shop/orders -> HTTPS:443", "HTTPS:443"),
            (Stage::Rule, "Ingress shop/orders -> HTTPS:443 rule 1", "1"),
            (Stage::Rule, "Listener (default)", "default"),
            (Stage::Rule, "aws_lb_listener_rule.orders", "aws_lb_listener_rule.orders"),
            (Stage::Service, "Service shop/orders", "shop/orders"),
            (Stage::Port, "pods of Service shop/orders:grpc", "shop/orders:grpc"),
            (Stage::TargetGroup, "Ingress shop/orders -> orders:grpc", "orders:grpc"),
        ] {
            assert_eq!(name_of(stage, id), expected);
        }
    }
}
