//! The edges between resources: those that the dialects know, those that `Effective` says, and those that follow.

mod services;

use rustc_hash::FxHashSet;

use super::build::{Draft, Link, Platform};
use super::{Data, ResourceIdx, ValueId, Values};

pub(super) const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
pub(super) const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
pub(super) const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
pub(super) const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
pub(super) const CLASSIC: &str = "AWS::ElasticLoadBalancing::LoadBalancer";
pub(super) const LATTICE_GROUP: &str = "AWS::VpcLattice::TargetGroup";
pub(super) const LATTICE_LISTENER: &str = "AWS::VpcLattice::Listener";
pub(super) const LATTICE_RULE: &str = "AWS::VpcLattice::Rule";
pub(super) const LATTICE_SERVICE: &str = "AWS::VpcLattice::Service";
pub(super) const ECS_SERVICE: &str = "AWS::ECS::Service";
pub(super) const DISCOVERY: &str = "AWS::ServiceDiscovery::Service";
pub(super) const PORT: &str = "Workload::Port";

/// What leads from API Gateway into a network.
pub(super) const INTEGRATIONS: [&str; 2] = ["AWS::ApiGatewayV2::Integration", "AWS::ApiGateway::VpcLink"];
pub(super) const SECURITY_GROUP: &str = "AWS::EC2::SecurityGroup";
pub(super) const SECURITY_GROUP_RULE: &str = "AWS::EC2::SecurityGroupIngress";

/// All edges of a model.
#[derive(Debug)]
pub(super) struct Graph {
    edges: Vec<Vec<(Link, ResourceIdx)>>,
    known: FxHashSet<(ResourceIdx, Link, ResourceIdx)>,
    open: Vec<Vec<Link>>,
}

impl Graph {
    /// The targets of one kind of link, in the order in which they were found.
    pub(super) fn targets(&self, from: ResourceIdx, link: Link) -> impl Iterator<Item = ResourceIdx> + '_ {
        self.edges[from.0 as usize].iter().filter(move |(kind, _)| *kind == link).map(|(_, to)| *to)
    }

    /// Whether the files leave open whether there are more targets.
    pub(super) fn is_open(&self, from: ResourceIdx, link: Link) -> bool {
        self.open[from.0 as usize].contains(&link)
    }

    /// Whether a resource has any edge.
    pub(super) fn has_links(&self, from: ResourceIdx) -> bool {
        !self.edges[from.0 as usize].is_empty() || !self.open[from.0 as usize].is_empty()
    }

    pub(super) fn add(&mut self, from: ResourceIdx, link: Link, to: ResourceIdx) {
        if from != to && self.known.insert((from, link, to)) {
            self.edges[from.0 as usize].push((link, to));
        }
    }

    fn leave_open(&mut self, from: ResourceIdx, link: Link) {
        if !self.is_open(from, link) {
            self.open[from.0 as usize].push(link);
        }
    }

    /// Both directions of one relation.
    fn join(&mut self, a: ResourceIdx, a_to_b: Link, b: ResourceIdx, b_to_a: Link) {
        self.add(a, a_to_b, b);
        self.add(b, b_to_a, a);
    }

    /// Adds `from -[link]-> z` for every way `from -[first]-> y -[second]-> z`.
    fn follow(&mut self, from: ResourceIdx, first: Link, second: Link, link: Link) {
        let middle: Vec<ResourceIdx> = self.targets(from, first).collect();
        for middle in middle {
            let ends: Vec<ResourceIdx> = self.targets(middle, second).collect();
            for end in ends {
                self.add(from, link, end);
            }
            if self.is_open(middle, second) {
                self.leave_open(from, link);
            }
        }
        if self.is_open(from, first) {
            self.leave_open(from, link);
        }
    }
}

struct Connector<'m> {
    values: &'m Values,
    drafts: &'m [Draft],
    graph: Graph,
    /// The links by which any security group may be meant.
    open_security: Vec<Link>,
}

/// Finds all edges.
pub(super) fn connect(values: &Values, drafts: &[Draft]) -> Graph {
    let edges: Vec<Vec<(Link, ResourceIdx)>> = drafts.iter().map(|draft| draft.links.clone()).collect();
    let known = edges
        .iter()
        .enumerate()
        .flat_map(|(from, edges)| edges.iter().map(move |(link, to)| (ResourceIdx(from as u32), *link, *to)));
    let known = known.collect();
    let open = drafts.iter().map(|draft| draft.unknown_links.clone()).collect();
    let mut connector =
        Connector { values, drafts, graph: Graph { edges, known, open }, open_security: Vec::new() };
    connector.dialect_edges();
    for idx in connector.indices() {
        connector.written_edges(idx);
    }
    connector.derived_edges();
    connector.graph
}

impl Connector<'_> {
    fn indices(&self) -> impl Iterator<Item = ResourceIdx> + use<> {
        (0..self.drafts.len() as u32).map(ResourceIdx)
    }

    fn draft(&self, idx: ResourceIdx) -> &Draft {
        &self.drafts[idx.0 as usize]
    }

    fn of_type(&self, type_name: &str) -> Vec<ResourceIdx> {
        self.indices().filter(|idx| self.draft(*idx).type_name == type_name).collect()
    }

    /// Turns round what the dialects said, and adds `DependsOn`.
    fn dialect_edges(&mut self) {
        for idx in self.indices() {
            for (link, to) in self.drafts[idx.0 as usize].links.clone() {
                let back = match (self.draft(idx).type_name.as_str(), link) {
                    (TARGET_GROUP, Link::Ports) => Some(Link::TargetGroups),
                    (TARGET_GROUP, Link::Services) => Some(Link::TargetGroups),
                    (TARGET_GROUP, Link::Workloads) => Some(Link::TargetGroups),
                    (LATTICE_GROUP, Link::Ports | Link::Services | Link::Workloads) => {
                        Some(Link::TargetGroups)
                    }
                    (RULE | LATTICE_RULE, Link::TargetGroups) => Some(Link::Rules),
                    (RULE | LATTICE_RULE, Link::Listeners) => Some(Link::Rules),
                    (LISTENER | LATTICE_LISTENER, Link::LoadBalancers) => Some(Link::Listeners),
                    _ => None,
                };
                if let Some(back) = back {
                    self.graph.add(to, back, idx);
                }
            }
            for to in self.drafts[idx.0 as usize].depends_on.clone() {
                self.graph.add(idx, Link::DependsOn, to);
            }
        }
    }

    fn properties(&self, idx: ResourceIdx) -> Option<ValueId> {
        self.draft(idx).effective.or(self.draft(idx).properties)
    }

    /// The edges that stand in one resource's properties.
    fn written_edges(&mut self, idx: ResourceIdx) {
        let Some(properties) = self.properties(idx) else { return };
        match self.draft(idx).type_name.as_str() {
            LISTENER => {
                self.reference(idx, properties, "LoadBalancerArn", Link::LoadBalancers, Link::Listeners)
            }
            RULE => {
                self.reference(idx, properties, "ListenerArn", Link::Listeners, Link::Rules);
                self.actions(idx, properties);
            }
            LATTICE_LISTENER => {
                self.reference(idx, properties, "ServiceIdentifier", Link::LoadBalancers, Link::Listeners)
            }
            LATTICE_RULE => {
                self.reference(idx, properties, "ListenerIdentifier", Link::Listeners, Link::Rules);
                self.lattice_forward(idx, properties, "Action");
            }
            ECS_SERVICE => self.ecs_service(idx, properties),
            "AWS::ApiGatewayV2::Integration" => {
                self.leads_to(idx, properties, "IntegrationUri");
            }
            "AWS::WAFv2::WebACLAssociation" => self.leads_to(idx, properties, "ResourceArn"),
            "AWS::ApiGateway::VpcLink" => self.leads_to(idx, properties, "TargetArns"),
            "AWS::AutoScaling::AutoScalingGroup" => self.auto_scaling_group(idx, properties),
            LOAD_BALANCER | CLASSIC => self.balancer_security(idx, properties),
            _ => {}
        }
    }

    /// One property that names a resource.
    fn reference(&mut self, from: ResourceIdx, within: ValueId, key: &str, link: Link, back: Link) {
        let Some(value) = self.values.get(within, key) else { return };
        match self.values.data(value) {
            Data::Reference(to) => self.graph.join(from, link, to, back),
            Data::Unknown(_) => self.graph.leave_open(from, link),
            _ => {}
        }
    }

    /// The target groups that a rule's actions forward to.
    fn actions(&mut self, rule: ResourceIdx, properties: ValueId) {
        let Some(actions) = self.values.get(properties, "Actions") else { return };
        if self.values.is_unknown(actions) {
            self.graph.leave_open(rule, Link::TargetGroups);
        }
        for action in self.values.items(actions).to_vec() {
            if self.values.is_unknown(action) {
                self.graph.leave_open(rule, Link::TargetGroups);
            }
            self.reference(rule, action, "TargetGroupArn", Link::TargetGroups, Link::Rules);
            let groups = self.values.at(action, &["ForwardConfig", "TargetGroups"]);
            let Some(groups) = groups else { continue };
            if self.values.is_unknown(groups) {
                self.graph.leave_open(rule, Link::TargetGroups);
            }
            for group in self.values.items(groups).to_vec() {
                self.reference(rule, group, "TargetGroupArn", Link::TargetGroups, Link::Rules);
            }
        }
    }

    /// The target groups that a Lattice action forwards to.
    fn lattice_forward(&mut self, from: ResourceIdx, properties: ValueId, action: &str) {
        let Some(groups) = self.values.at(properties, &[action, "Forward", "TargetGroups"]) else { return };
        if self.values.is_unknown(groups) {
            self.graph.leave_open(from, Link::TargetGroups);
        }
        for group in self.values.items(groups).to_vec() {
            self.reference(from, group, "TargetGroupIdentifier", Link::TargetGroups, Link::Rules);
        }
    }

    fn ecs_service(&mut self, service: ResourceIdx, properties: ValueId) {
        self.reference(service, properties, "TaskDefinition", Link::Workloads, Link::Services);
        self.lattice_registrations(service, properties);
        self.discovery(service, properties);
        self.security_groups(service, properties);
        let Some(balancers) = self.values.get(properties, "LoadBalancers") else { return };
        if self.values.is_unknown(balancers) {
            self.graph.leave_open(service, Link::TargetGroups);
        }
        for entry in self.values.items(balancers).to_vec() {
            let group =
                self.values.get(entry, "TargetGroupArn").and_then(|arn| self.values.as_reference(arn));
            self.reference(service, entry, "TargetGroupArn", Link::TargetGroups, Link::Services);
            if let Some(advanced) = self.values.get(entry, "AdvancedConfiguration") {
                self.reference(
                    service,
                    advanced,
                    "AlternateTargetGroupArn",
                    Link::TargetGroups,
                    Link::Services,
                );
            }
            self.reference(service, entry, "LoadBalancerName", Link::LoadBalancers, Link::Services);
            let classic =
                self.values.get(entry, "LoadBalancerName").and_then(|name| self.values.as_reference(name));
            let ports = self.registered_ports(service, entry);
            for registered in group.into_iter().chain(classic) {
                match &ports {
                    Some(ports) => {
                        for port in ports {
                            self.graph.join(registered, Link::Ports, *port, Link::TargetGroups);
                        }
                    }
                    None => self.graph.leave_open(registered, Link::Ports),
                }
            }
        }
    }

    /// The ports that an entry of a service's `LoadBalancers` registers; `None` when that is open.
    fn registered_ports(&self, service: ResourceIdx, entry: ValueId) -> Option<Vec<ResourceIdx>> {
        let number = self.values.get(entry, "ContainerPort").and_then(|port| self.values.as_int(port));
        let container = self.values.get(entry, "ContainerName").and_then(|name| self.values.as_text(name));
        let task = self.graph.targets(service, Link::Workloads).next()?;
        if self.graph.is_open(task, Link::Ports) {
            return None;
        }
        let candidates = self.graph.targets(task, Link::Ports).filter(|port| {
            let Some(properties) = self.draft(*port).properties else { return false };
            let own = self.values.get(properties, "Number").and_then(|own| self.values.as_int(own));
            let named = self.values.get(properties, "Container").and_then(|name| self.values.as_text(name));
            own == number && (container.is_none() || named.is_none() || container == named)
        });
        let found: Vec<ResourceIdx> = candidates.collect();
        if number.is_none() { None } else { Some(found) }
    }

    fn auto_scaling_group(&mut self, group: ResourceIdx, properties: ValueId) {
        for (key, link) in
            [("TargetGroupARNs", Link::TargetGroups), ("LoadBalancerNames", Link::LoadBalancers)]
        {
            let Some(list) = self.values.get(properties, key) else { continue };
            if self.values.is_unknown(list) {
                self.graph.leave_open(group, link);
            }
            let single = self.values.as_reference(list);
            let items = self.values.items(list).iter().filter_map(|item| self.values.as_reference(*item));
            let targets: Vec<ResourceIdx> = items.chain(single).collect();
            for target in targets {
                self.graph.join(group, link, target, Link::Workloads);
            }
        }
        let sources = self.values.get(properties, "TrafficSources").map(|list| self.values.items(list));
        for source in sources.unwrap_or_default() {
            self.reference(group, *source, "Identifier", Link::TargetGroups, Link::Workloads);
        }
    }

    fn derived_edges(&mut self) {
        let of_types = |types: [&str; 2]| types.map(|name| self.of_type(name)).concat();
        let rules = of_types([RULE, LATTICE_RULE]);
        let listeners = of_types([LISTENER, LATTICE_LISTENER]);
        let groups = of_types([TARGET_GROUP, LATTICE_GROUP]);
        for listener in &listeners {
            self.graph.follow(*listener, Link::Rules, Link::TargetGroups, Link::TargetGroups);
        }
        for rule in &rules {
            self.graph.follow(*rule, Link::Listeners, Link::LoadBalancers, Link::LoadBalancers);
        }
        for group in &groups {
            self.graph.follow(*group, Link::Rules, Link::Listeners, Link::Listeners);
            self.graph.follow(*group, Link::Listeners, Link::LoadBalancers, Link::LoadBalancers);
            self.graph.follow(*group, Link::Services, Link::Workloads, Link::Workloads);
        }
        for kind in [LOAD_BALANCER, CLASSIC, LATTICE_SERVICE] {
            for balancer in self.of_type(kind) {
                self.graph.follow(balancer, Link::Listeners, Link::Rules, Link::Rules);
                self.graph.follow(balancer, Link::Listeners, Link::TargetGroups, Link::TargetGroups);
                self.graph.follow(balancer, Link::Services, Link::Workloads, Link::Workloads);
            }
        }
        self.open_registrations(&groups);
        for group in &groups {
            self.health_check_ports(*group);
        }
        self.twins(&groups);
        for kind in INTEGRATIONS {
            for integration in self.of_type(kind) {
                self.graph.follow(integration, Link::LoadBalancers, Link::TargetGroups, Link::TargetGroups);
                self.graph.follow(integration, Link::Listeners, Link::TargetGroups, Link::TargetGroups);
                self.graph.follow(integration, Link::Services, Link::Ports, Link::Ports);
            }
        }
        for service in self.of_type(ECS_SERVICE) {
            self.dependencies(service);
        }
        for rule in self.of_type(SECURITY_GROUP_RULE) {
            self.group_of_rule(rule);
        }
    }

    /// Where something registers in a group that the files do not settle, or forwards to one, it may be any that nothing else
    /// registers in, or forwards to.
    fn open_registrations(&mut self, groups: &[ResourceIdx]) {
        let ways: [(&[&str], [Link; 3]); 2] = [
            (
                &["AWS::ECS::Service", "AWS::AutoScaling::AutoScalingGroup"],
                [Link::Ports, Link::Services, Link::Workloads],
            ),
            (&[LISTENER, RULE], [Link::Rules, Link::Listeners, Link::LoadBalancers]),
        ];
        for (types, links) in ways {
            let is_open = |idx: ResourceIdx| {
                types.contains(&self.draft(idx).type_name.as_str())
                    && self.graph.is_open(idx, Link::TargetGroups)
            };
            if !self.indices().any(is_open) {
                continue;
            }
            for group in groups {
                if links.iter().all(|link| self.graph.targets(*group, *link).next().is_none()) {
                    links.iter().for_each(|link| self.graph.leave_open(*group, *link));
                }
            }
        }
    }

    /// The ports that a group's health check reaches.
    fn health_check_ports(&mut self, group: ResourceIdx) {
        if self.graph.targets(group, Link::HealthCheckPorts).next().is_some() {
            return;
        }
        let Some(properties) = self.properties(group) else { return };
        let Some(port) = self.values.get(properties, "HealthCheckPort") else { return };
        let own = self.values.get(properties, "Port").and_then(|port| self.values.as_int(port));
        let wanted = self.values.as_int(port);
        let ports: Vec<ResourceIdx> = if self.values.as_text(port) == Some("traffic-port") || wanted == own {
            self.graph.targets(group, Link::Ports).collect()
        } else if let Some(wanted) = wanted {
            let workloads: Vec<ResourceIdx> = self.graph.targets(group, Link::Workloads).collect();
            let all = workloads.into_iter().flat_map(|workload| self.graph.targets(workload, Link::Ports));
            all.filter(|port| self.number(*port) == Some(wanted)).collect()
        } else {
            Vec::new()
        };
        for port in ports {
            self.graph.add(group, Link::HealthCheckPorts, port);
        }
        let workloads: Vec<ResourceIdx> = self.graph.targets(group, Link::Workloads).collect();
        let is_open = workloads.iter().any(|workload| self.graph.is_open(*workload, Link::Ports));
        if is_open && self.graph.targets(group, Link::HealthCheckPorts).next().is_none() {
            self.graph.leave_open(group, Link::HealthCheckPorts);
        }
    }

    fn number(&self, port: ResourceIdx) -> Option<i64> {
        self.values.as_int(self.values.get(self.draft(port).properties?, "Number")?)
    }

    /// Groups over the same ports, or over the same machines at the same port.
    fn twins(&mut self, groups: &[ResourceIdx]) {
        for group in groups {
            let own_port = self.traffic_port(*group);
            let ports: Vec<ResourceIdx> = self.graph.targets(*group, Link::Ports).collect();
            let by_port = ports.iter().flat_map(|port| self.graph.targets(*port, Link::TargetGroups));
            let workloads: Vec<ResourceIdx> = self.graph.targets(*group, Link::Workloads).collect();
            let machines = workloads.iter().filter(|_| ports.is_empty() && own_port.is_some());
            let by_machine = machines
                .flat_map(|workload| self.graph.targets(*workload, Link::TargetGroups))
                .filter(|other| self.traffic_port(*other) == own_port);
            let twins: Vec<ResourceIdx> = by_port.chain(by_machine).filter(|other| other != group).collect();
            for twin in twins {
                self.graph.add(*group, Link::Twins, twin);
            }
        }
        self.open_twins(groups);
    }

    /// What an open registration would make a twin has to be there, and only a twin that speaks gRPC matters.
    fn open_twins(&mut self, groups: &[ResourceIdx]) {
        let is_open = |idx: ResourceIdx| self.graph.is_open(idx, Link::Ports);
        let grpc: Vec<ResourceIdx> = groups.iter().copied().filter(|idx| self.may_speak_grpc(*idx)).collect();
        let open: Vec<ResourceIdx> = grpc.iter().copied().filter(|idx| is_open(*idx)).collect();
        let of_files: Vec<ResourceIdx> =
            groups.iter().copied().filter(|group| !self.is_of_kubernetes(*group)).collect();
        for group in of_files {
            let may_be = if self.graph.is_open(group, Link::Ports) { &grpc } else { &open };
            // Of two, one is another.
            if may_be.iter().take(2).any(|other| *other != group) {
                self.graph.leave_open(group, Link::Twins);
            }
        }
    }

    /// Whether a group stands in front of a Service, by whose name the dialect tells twins.
    fn is_of_kubernetes(&self, group: ResourceIdx) -> bool {
        !matches!(self.draft(group).platform, Platform::CloudFormation | Platform::Terraform)
    }

    /// Whether the protocol version of a group is GRPC, or a value that the files do not settle.
    fn may_speak_grpc(&self, group: ResourceIdx) -> bool {
        let Some(properties) = self.properties(group) else { return true };
        match self.values.get(properties, "ProtocolVersion").map(|version| self.values.data(version)) {
            Some(Data::Text(version)) => version == "GRPC",
            Some(Data::Unknown(_)) => true,
            _ => false,
        }
    }

    fn traffic_port(&self, group: ResourceIdx) -> Option<i64> {
        self.values.as_int(self.values.get(self.properties(group)?, "Port")?)
    }
}
