//! Writes the resources as rules see them: `Type`, `Properties`, `Effective`, facts, `Links`, `Source`.

use rustc_hash::FxHashSet;

use super::build::{Draft, Link, TlsEvidence, TlsSign};
use super::graph::{
    self, CLASSIC, DISCOVERY, Graph, LATTICE_GROUP, LATTICE_RULE, LISTENER, LOAD_BALANCER, PORT, RULE,
    TARGET_GROUP,
};
use super::grpc::{Judge, Verdict};
use super::{
    Data, Model, Place, Platform, Resource, ResourceIdx, Unknown, ValueId, Values, health, lattice, routing,
};
use crate::source::{FileId, Span};

/// Works out links, evidence and verdicts, and writes them down.
pub(super) fn assemble(mut values: Values, drafts: Vec<Draft>) -> Model {
    let mut graph = graph::connect(&values, &drafts);
    for (rule, earlier) in routing::shadows(&values, &drafts, &graph) {
        graph.add(rule, Link::ShadowedBy, earlier);
    }
    let judge = Judge::new(&values, &drafts, &graph);
    let verdicts = judge.verdicts();
    let maps: Vec<ValueId> = drafts.iter().map(|draft| values.map(&[], Place::fact_at(draft.name))).collect();
    classic_facts(&mut values, &drafts, &judge);
    let mut writer = Writer::new(&mut values, &drafts, &graph, &verdicts, &maps);
    for idx in 0..drafts.len() {
        writer.resource(ResourceIdx(idx as u32));
    }
    finish(values, drafts, &maps)
}

/// The root map; a name that is there twice gets a number, so that no resource hides another.
fn finish(mut values: Values, drafts: Vec<Draft>, maps: &[ValueId]) -> Model {
    let mut used = rustc_hash::FxHashMap::<String, u32>::default();
    let mut resources = Vec::with_capacity(drafts.len());
    for (draft, value) in drafts.into_iter().zip(maps) {
        let count = used.entry(draft.id.clone()).and_modify(|count| *count += 1).or_insert(1);
        let id = if *count > 1 { format!("{} #{count}", draft.id) } else { draft.id };
        resources.push(Resource {
            id,
            type_name: draft.type_name,
            name: draft.name,
            span: draft.span,
            callers: draft.callers,
            value: *value,
        });
    }
    let whole = Span::new(resources.first().map_or(FileId(0), |first| first.name.file), 0, 0);
    let entries: Vec<(&str, ValueId)> = resources.iter().map(|r| (r.id.as_str(), r.value)).collect();
    let map = values.map_of(&entries, Place::fact_at(whole));
    let root = values.map_of(&[("Resources", map)], Place::fact_at(whole));
    Model { values, resources, root, choices: Vec::new(), part: 0, leaves_defaults: false }
}

/// Puts `Grpc` and `Tls` into each entry of a classic load balancer's listeners.
fn classic_facts(values: &mut Values, drafts: &[Draft], judge: &Judge<'_>) {
    for (idx, draft) in drafts.iter().enumerate() {
        if draft.type_name != CLASSIC {
            continue;
        }
        let list = draft.effective.and_then(|effective| values.get(effective, "Listeners"));
        let entries = list.map(|list| values.items(list).to_vec()).unwrap_or_default();
        for entry in entries {
            if !matches!(values.data(entry), Data::Map(_)) {
                continue;
            }
            let verdict = judge.classic_listener(values, ResourceIdx(idx as u32), entry);
            let anchor = values.place(entry).anchor;
            let grpc = grpc_value(values, &verdict, anchor);
            values.put(entry, "Grpc", grpc);
            let tls = tls_value(values, "unsettled", &[], anchor);
            values.put(entry, "Tls", tls);
        }
    }
}

pub(super) fn grpc_value(values: &mut Values, verdict: &Verdict, name: Span) -> ValueId {
    let place = Place::fact_at(name);
    let mut items = Vec::with_capacity(verdict.evidence.len());
    for (text, weight, span) in &verdict.evidence {
        let at = Place::fact_at(*span);
        let text = values.text(text, at);
        let weight = values.float((weight * 100.0).round() / 100.0, at);
        items.push(values.map_of(&[("Text", text), ("Weight", weight)], at));
    }
    let evidence = values.list(&items, place);
    let level = values.text(verdict.level.as_str(), place);
    let web = values.bool(verdict.web, place);
    let streaming = values.bool(verdict.streaming, place);
    values.map_of(&[("Level", level), ("Evidence", evidence), ("Web", web), ("Streaming", streaming)], place)
}

fn tls_value(values: &mut Values, state: &str, evidence: &[&TlsEvidence], name: Span) -> ValueId {
    let place = Place::fact_at(name);
    let mut items = Vec::with_capacity(evidence.len());
    for sign in evidence {
        let at = Place::fact_at(sign.span);
        let text = values.text(&sign.text, at);
        items.push(values.map_of(&[("Text", text)], at));
    }
    let list = values.list(&items, place);
    let state = values.text(state, place);
    values.map_of(&[("State", state), ("Evidence", list)], place)
}

pub(super) struct Writer<'m> {
    pub(super) values: &'m mut Values,
    pub(super) drafts: &'m [Draft],
    pub(super) graph: &'m Graph,
    pub(super) verdicts: &'m [Verdict],
    pub(super) maps: &'m [ValueId],
    no_links: ValueId,
    empty_list: ValueId,
    /// What may stand behind a balancer's address: endpoint services and VPC links, with the property that names it.
    users: Vec<(&'m Draft, &'static str, &'static str)>,
    /// Whether the files leave open which target group some resource means.
    any_open_group: bool,
    /// What some resource waits for.
    awaited: FxHashSet<ResourceIdx>,
}

const PASSTHROUGH: &str = "tls-passthrough";

/// Types whose existence is a reason for connection balancing.
const USERS: [(&str, &str, &str); 2] = [
    ("AWS::EC2::VPCEndpointService", "NetworkLoadBalancerArns", "private-link"),
    ("AWS::ApiGateway::VpcLink", "TargetArns", "vpc-link"),
];

impl<'m> Writer<'m> {
    fn new(
        values: &'m mut Values,
        drafts: &'m [Draft],
        graph: &'m Graph,
        verdicts: &'m [Verdict],
        maps: &'m [ValueId],
    ) -> Self {
        let nowhere = Span::new(drafts.first().map_or(FileId(0), |draft| draft.name.file), 0, 0);
        let place = Place::fact_at(nowhere);
        let empty_list = values.list(&[], place);
        let entries: Vec<(&str, ValueId)> =
            Link::ALL.iter().map(|link| (link.as_str(), empty_list)).collect();
        let no_links = values.map_of(&entries, place);
        let users = drafts
            .iter()
            .filter_map(|draft| {
                let (_, key, word) = USERS.iter().find(|(type_name, ..)| draft.type_name == *type_name)?;
                Some((draft, *key, *word))
            })
            .collect();
        let mut indices = (0..drafts.len() as u32).map(ResourceIdx);
        let any_open_group = indices.any(|idx| graph.is_open(idx, Link::TargetGroups));
        let awaited = drafts.iter().flat_map(|draft| draft.depends_on.iter().copied()).collect();
        Self { values, drafts, graph, verdicts, maps, no_links, empty_list, users, any_open_group, awaited }
    }

    pub(super) fn draft(&self, idx: ResourceIdx) -> &'m Draft {
        &self.drafts[idx.0 as usize]
    }

    fn resource(&mut self, idx: ResourceIdx) {
        let draft = self.draft(idx);
        let name = Place::fact_at(draft.name);
        let type_name = self.values.text(&draft.type_name, Place::fact_at(draft.type_at));
        let properties = draft.properties.unwrap_or_else(|| self.values.map(&[], name));
        let effective = draft.effective.unwrap_or(properties);
        let effective = self.joined(idx, effective);
        let mut entries = vec![("Type", type_name), ("Properties", properties), ("Effective", effective)];
        match draft.type_name.as_str() {
            TARGET_GROUP => {
                entries.push(("HealthCheck", health::target_group(self.values, effective, draft.name)))
            }
            CLASSIC => entries.push(("HealthCheck", health::classic(self.values, effective, draft.name))),
            LATTICE_GROUP => {
                entries.push(("HealthCheck", lattice::health_check(self.values, effective, draft.name)));
            }
            LATTICE_RULE => {
                entries.push(("Match", lattice::match_value(self.values, effective, draft.name)));
            }
            DISCOVERY => {
                entries.push(("HealthCheck", health::discovery(self.values, effective, draft.name)));
            }
            RULE => entries.push(("Match", routing::match_value(self.values, effective, draft.name))),
            _ => {}
        }
        entries.push(("Grpc", grpc_value(self.values, &self.verdicts[idx.0 as usize], draft.name)));
        entries.push(("Tls", self.tls(idx)));
        entries.push(("Layer4Reasons", self.layer4(idx)));
        if !draft.sections.iter().any(|(key, _)| *key == "Missing") {
            entries.push(("Missing", self.empty_list));
        }
        let exported = draft.exported || self.is_loose_end(idx);
        entries.push(("Exported", self.values.bool(exported, name)));
        entries.extend(draft.sections.iter().copied());
        entries.push(("Links", self.links(idx)));
        entries.push(("Source", self.source(draft)));
        self.values.fill_map(self.maps[idx.0 as usize], &entries);
    }

    /// Whether something may use a target group in a way that gave no link: by an expression that is not evaluated, or where
    /// the files do not settle which group is meant.
    fn is_loose_end(&self, idx: ResourceIdx) -> bool {
        let users = [Link::Rules, Link::Services, Link::Workloads];
        self.draft(idx).type_name == TARGET_GROUP
            && users.iter().all(|link| self.graph.targets(idx, *link).next().is_none())
            && (self.any_open_group || self.awaited.contains(&idx))
    }

    fn links(&mut self, idx: ResourceIdx) -> ValueId {
        if !self.graph.has_links(idx) {
            return self.no_links;
        }
        let place = Place::fact_at(self.draft(idx).name);
        let mut entries = self.values.entries(self.no_links).to_vec();
        let mut targets: Vec<ValueId> = Vec::new();
        for (link, entry) in Link::ALL.into_iter().zip(&mut entries) {
            targets.clear();
            targets.extend(self.graph.targets(idx, link).map(|target| self.maps[target.0 as usize]));
            if self.graph.is_open(idx, link) {
                targets.push(self.values.unknown(Unknown::Outside, place));
            }
            if !targets.is_empty() {
                entry.value = self.values.list(&targets, place);
            }
        }
        self.values.map(&entries, place)
    }

    /// What the server behind a resource expects. A native gRPC probe settles plaintext, because it has no TLS;
    /// else any sign of TLS outweighs signs of plaintext.
    fn tls(&mut self, idx: ResourceIdx) -> ValueId {
        let name = self.draft(idx).name;
        if let Some((state, shown)) = self.tls_state(idx) {
            return tls_value(self.values, state, &shown, name);
        }
        let place = Place::fact_at(name);
        let state = self.values.unknown(Unknown::Parameter, place);
        self.values.map_of(&[("State", state), ("Evidence", self.empty_list)], place)
    }

    /// The state and the evidence for it; `None` where the files leave it open.
    fn tls_state(&self, idx: ResourceIdx) -> Option<(&'static str, Vec<&'m TlsEvidence>)> {
        let draft = self.draft(idx);
        let ports: Vec<ResourceIdx> = if draft.type_name == PORT {
            vec![idx]
        } else {
            let groups = self.graph.targets(idx, Link::TargetGroups);
            let of_groups = groups.flat_map(|group| self.graph.targets(group, Link::Ports));
            self.graph.targets(idx, Link::Ports).chain(of_groups).collect()
        };
        let own = if draft.type_name == PORT { &[][..] } else { &draft.tls[..] };
        let found: Vec<&TlsEvidence> =
            own.iter().chain(ports.iter().flat_map(|port| self.draft(*port).tls.iter())).collect();
        let native = ports.iter().any(|port| self.has_native_probe(*port));
        let has = |sign: TlsSign| found.iter().any(|evidence| evidence.sign == sign);
        let is_open = draft.type_name == TARGET_GROUP
            && (self.has_open_port(draft) || ports.is_empty() && self.graph.is_open(idx, Link::Ports));
        let state = if native {
            "plaintext"
        } else if has(TlsSign::Tls) || self.is_tls_port(draft) {
            "tls"
        } else if has(TlsSign::Plaintext) {
            "plaintext"
        } else if has(TlsSign::PerhapsTls) || is_open {
            return None;
        } else {
            "unsettled"
        };
        let wanted = if state == "tls" { TlsSign::Tls } else { TlsSign::Plaintext };
        Some((state, found.into_iter().filter(|evidence| evidence.sign == wanted).collect()))
    }

    /// Whether a target group's own port is one that is customary for TLS.
    fn is_tls_port(&self, draft: &Draft) -> bool {
        let port = draft.effective.and_then(|effective| self.values.get(effective, "Port"));
        draft.type_name == TARGET_GROUP
            && matches!(port.and_then(|port| self.values.as_int(port)), Some(443 | 8443))
    }

    /// Whether the files do not settle the port, which might be one that is customary for TLS.
    fn has_open_port(&self, draft: &Draft) -> bool {
        let port = draft.effective.and_then(|effective| self.values.get(effective, "Port"));
        port.is_some_and(|port| self.values.is_unknown(port))
    }

    fn has_native_probe(&self, port: ResourceIdx) -> bool {
        let draft = self.draft(port);
        let is_kubernetes = !matches!(draft.platform, Platform::CloudFormation | Platform::Terraform);
        let probes = draft.sections.iter().find(|(key, _)| *key == "Probes");
        let speaks_grpc = |probe: &ValueId| {
            let word = |key| self.values.get(*probe, key).and_then(|value| self.values.as_text(value));
            word("Speaks") == Some("grpc") && word("Native") != Some("false")
        };
        is_kubernetes && probes.is_some_and(|(_, list)| self.values.items(*list).iter().any(speaks_grpc))
    }

    /// Reasons for connection balancing: a resource's own, and those of its load balancers and ports.
    fn layer4(&mut self, idx: ResourceIdx) -> ValueId {
        let draft = self.draft(idx);
        let mut found = draft.layer4_reasons.clone();
        if draft.type_name == TARGET_GROUP {
            let listeners: Vec<ResourceIdx> = self.graph.targets(idx, Link::Listeners).collect();
            found.extend(listeners.into_iter().flat_map(|listener| self.written_layer4(listener)));
        }
        if matches!(draft.type_name.as_str(), LISTENER | LOAD_BALANCER | CLASSIC | TARGET_GROUP) {
            let balancers = self.graph.targets(idx, Link::LoadBalancers);
            let groups: Vec<ResourceIdx> = self.graph.targets(idx, Link::TargetGroups).collect();
            let ports = groups.iter().flat_map(|group| self.graph.targets(*group, Link::Ports));
            let near: Vec<ResourceIdx> =
                balancers.chain(ports).chain(self.graph.targets(idx, Link::Ports)).collect();
            for near in near {
                found.extend(self.draft(near).layer4_reasons.iter().copied());
                found.extend(self.proxy(near));
            }
            found.extend(self.written_layer4(idx));
        }
        // On port 443 TLS is passed through unless what is behind it is known to speak plaintext.
        let is_plaintext =
            |writer: &Self| writer.tls_state(idx).is_some_and(|(state, _)| state == "plaintext");
        if found.iter().any(|(word, _)| *word == PASSTHROUGH) && is_plaintext(self) {
            found.retain(|(word, _)| *word != PASSTHROUGH);
        }
        found.sort_unstable();
        found.dedup_by_key(|(word, _)| *word);
        if found.is_empty() {
            return self.empty_list;
        }
        let items: Vec<ValueId> =
            found.iter().map(|(word, span)| self.values.text(word, Place::fact_at(*span))).collect();
        self.values.list(&items, Place::fact_at(draft.name))
    }

    fn proxy(&self, port: ResourceIdx) -> Option<(&'static str, Span)> {
        let draft = self.draft(port);
        let (_, proxy) = draft.sections.iter().find(|(key, _)| *key == "Proxy")?;
        (self.values.as_bool(*proxy) == Some(true)).then_some(("proxy", draft.name))
    }

    /// Reasons that stand in a listener's or balancer's own properties, or in what uses the balancer.
    fn written_layer4(&self, idx: ResourceIdx) -> Vec<(&'static str, Span)> {
        let mut found = Vec::new();
        let draft = self.draft(idx);
        let Some(effective) = draft.effective else { return found };
        if draft.type_name == LISTENER {
            let is = |key: &str, text: &str| {
                self.values.get(effective, key).and_then(|value| self.values.as_text(value)) == Some(text)
            };
            let port = self.values.get(effective, "Port");
            if is("Protocol", "TCP") && port.and_then(|port| self.values.as_int(port)) == Some(443) {
                found.push((PASSTHROUGH, port.map_or(draft.name, |port| self.values.place(port).span)));
            }
        }
        let balancers = self.graph.targets(idx, Link::LoadBalancers).chain(std::iter::once(idx));
        for balancer in balancers {
            found.extend(self.static_address(balancer));
            found.extend(self.users(balancer));
        }
        found
    }

    fn static_address(&self, balancer: ResourceIdx) -> Option<(&'static str, Span)> {
        let effective = self.draft(balancer).effective?;
        let mappings = self.values.get(effective, "SubnetMappings")?;
        let allocation =
            self.values.items(mappings).iter().find_map(|item| self.values.get(*item, "AllocationId"))?;
        Some(("static-address", self.values.place(allocation).span))
    }

    /// Endpoint services and VPC links that name a balancer.
    fn users(&self, balancer: ResourceIdx) -> Vec<(&'static str, Span)> {
        let mut found = Vec::new();
        for (draft, key, word) in &self.users {
            let list = draft.properties.and_then(|properties| self.values.get(properties, key));
            let names_it = |item: &&ValueId| self.values.as_reference(**item) == Some(balancer);
            if let Some(item) = list.and_then(|list| self.values.items(list).iter().find(names_it)) {
                found.push((*word, self.values.place(*item).span));
            }
        }
        found
    }

    fn source(&mut self, draft: &Draft) -> ValueId {
        let place = Place::fact_at(draft.name);
        let dialect = match draft.platform {
            Platform::CloudFormation => "cloudformation",
            Platform::Terraform => "terraform",
            _ => "kubernetes",
        };
        let dialect = self.values.text(dialect, place);
        let address = self.values.text(&draft.id, place);
        let mut entries = vec![("Dialect", dialect), ("Address", address)];
        entries.extend(draft.controller.map(|controller| ("Controller", controller)));
        let condition = draft.condition.as_deref().map(|name| self.values.text(name, place));
        entries.extend(condition.map(|condition| ("Condition", condition)));
        let object = match draft.platform {
            Platform::Ingress | Platform::AutoMode => Some("Ingress"),
            Platform::Service | Platform::AutoModeService | Platform::InTree => Some("Service"),
            Platform::Gateway => Some("Gateway"),
            Platform::Lattice => Some("Lattice"),
            Platform::CloudFormation | Platform::Terraform | Platform::Kubernetes => None,
        };
        entries.extend(object.map(|object| ("Object", self.values.text(object, place))));
        self.values.map_of(&entries, place)
    }
}
