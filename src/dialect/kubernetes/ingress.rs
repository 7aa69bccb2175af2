//! Ingresses of the AWS Load Balancer Controller: one load balancer for each group, with its listeners and rules.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::annotations::{ALB, Setting};
use super::classes::{self, Claim, Params};
use super::evidence::declared;
use super::ingress_rules::{OnListener, in_text};
use super::listeners::{Certificates, Listen, ListenPort, certificates, listen};
use super::lowering::{Layered, Lowering, Properties, Refusal, View};
use super::rules::{self, Action, Plan, RulePlan};
use super::target_groups::Backend;
use crate::model::{Evidence, EvidenceKind, Link, Place, ResourceIdx, Unknown, ValueId, signs};

/// An Ingress as a member of its group.
pub(super) struct Member<'d> {
    pub(super) object: usize,
    pub(super) claim: Claim,
    pub(super) listen: Listen,
    pub(super) certificates: Certificates<'d>,
    pub(super) rules: Vec<RulePlan<'d>>,
    pub(super) default: Option<Plan<'d>>,
}

/// What joins Ingresses into one load balancer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum GroupKey {
    Named { name: String, directory: String },
    Alone(usize),
}

/// An Ingress that is to be put into a group.
struct Candidate {
    /// `group.order`.
    order: i64,
    object: usize,
    claim: Claim,
}

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// To forward by rules.
    Forward,
    /// Only to lead to HTTPS.
    Redirect,
}

/// The target groups that were made, by Ingress and backend.
pub(super) type Made = FxHashMap<(usize, String), ResourceIdx>;

impl<'d> Lowering<'_, 'd> {
    /// Lowers all Ingresses that a controller of AWS takes.
    pub(super) fn lower_ingresses(&mut self) {
        let mut groups: BTreeMap<GroupKey, Vec<Candidate>> = BTreeMap::new();
        for (idx, object) in self.world.objects.iter().enumerate().filter(|(_, object)| object.is_ingress()) {
            let Some(claim) = classes::ingress(self.world, object, &self.cluster) else { continue };
            let order = object.annotations.under(ALB, "group.order");
            let order = order.and_then(|order| order.text.parse().ok()).unwrap_or(0);
            let candidate = Candidate { order, object: idx, claim };
            groups.entry(self.group_key(idx, claim)).or_default().push(candidate);
        }
        for (key, mut candidates) in groups {
            // What routes nothing is a patch of something that is not in the files.
            if let (GroupKey::Alone(idx), true) = (&key, candidates.len() == 1)
                && !self.routes_something(*idx)
            {
                continue;
            }
            candidates.sort_by_key(|candidate| (candidate.order, candidate.object));
            let mut members: Vec<Member<'d>> =
                candidates.iter().map(|candidate| self.member(candidate.object, candidate.claim)).collect();
            // Other members of a group, which may redirect or bring certificates, need not be in the files.
            if let (GroupKey::Named { .. }, [only]) = (&key, members.as_mut_slice())
                && matches!(only.certificates, Certificates::None)
            {
                let name = self.world.objects[only.object].name_span;
                only.certificates = Certificates::Unsettled(Place::fact_at(name));
            }
            self.lower_group(&key, &members);
        }
    }

    fn routes_something(&self, idx: usize) -> bool {
        let object = &self.world.objects[idx];
        ["rules", "defaultBackend", "backend"].iter().any(|key| object.spec(&[key]).is_some())
    }

    fn group_key(&self, idx: usize, claim: Claim) -> GroupKey {
        let object = &self.world.objects[idx];
        match self.view(idx, claim).get_over("group.name", &["group", "name"]) {
            Layered::Written(setting) if !setting.is_placeholder() && !setting.text.is_empty() => {
                // A base and its overlays repeat the members of a group; each directory is then a world of its own.
                let is_repeated = self.world.is_repeated(object);
                let directory = if is_repeated { self.world.directory(object) } else { "" };
                GroupKey::Named { name: setting.text.to_string(), directory: directory.to_string() }
            }
            _ => GroupKey::Alone(idx),
        }
    }

    /// The settings of an Ingress itself.
    pub(super) fn view(&self, idx: usize, claim: Claim) -> View<'_, 'd> {
        let object = &self.world.objects[idx];
        View {
            world: self.world,
            params: claim.params,
            services: Vec::new(),
            ingress: &object.annotations,
            name: object.name_span,
        }
    }

    fn member(&self, idx: usize, claim: Claim) -> Member<'d> {
        let object = &self.world.objects[idx];
        let certificates = certificates(object, &self.view(idx, claim));
        let listen = listen(object, claim, &certificates);
        let (rules, default) = rules::plan(object);
        Member { object: idx, claim, listen, certificates, rules, default }
    }

    fn lower_group(&mut self, key: &GroupKey, members: &[Member<'d>]) {
        let Some(first) = members.first() else { return };
        let object = &self.world.objects[first.object];
        let label = match key {
            GroupKey::Named { name, .. } => format!("IngressGroup {name}"),
            GroupKey::Alone(_) => format!("Ingress {}", object.full_name()),
        };
        let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
        let id = format!("{label} -> load balancer");
        let balancer = self.add_built(object, id, kind, object.name_span, first.claim.platform);
        self.fill_load_balancer(balancer, members);

        let mut made = Made::default();
        for member in members {
            for plan in member.rules.iter().map(|rule| &rule.plan).chain(&member.default) {
                self.make_target_groups(&mut made, member, plan);
            }
            self.put_evidence(&made, member);
        }

        let may_have_others = matches!(key, GroupKey::Named { .. }) && members.len() == 1;
        let listens_to = |protocol: &str| {
            members.iter().any(|member| match &member.listen {
                Listen::Ports(ports) => ports.iter().any(|port| port.protocol == protocol),
                Listen::Unsettled => false,
            })
        };
        let redirects = members.iter().any(|member| self.redirects(member))
            || may_have_others && listens_to("HTTP") && listens_to("HTTPS");
        let mut ports: BTreeMap<i64, (ListenPort, Vec<&Member<'d>>)> = BTreeMap::new();
        for member in members {
            if let Listen::Ports(listed) = &member.listen {
                for port in listed {
                    ports.entry(port.port).or_insert((*port, Vec::new())).1.push(member);
                }
            }
        }
        if members.iter().any(|member| matches!(member.listen, Listen::Unsettled)) {
            for resource in made.values().chain([&balancer]) {
                let draft = self.builder.draft_mut(*resource);
                draft.unknown_links.extend([Link::Listeners, Link::Rules, Link::LoadBalancers]);
            }
        }
        if !may_have_others {
            self.check_redirect(members, &ports);
        }
        self.check_names(members);
        if matches!(key, GroupKey::Named { .. }) {
            self.check_conflicts(members);
        }
        for (port, members) in ports.into_values() {
            let duty = if redirects && port.protocol == "HTTP" { Duty::Redirect } else { Duty::Forward };
            self.lower_listener(&label, balancer, port, &members, &made, duty);
        }
    }

    /// The redirect must lead to a port on which the group listens in HTTPS.
    fn check_redirect(
        &mut self,
        members: &[Member<'d>],
        ports: &BTreeMap<i64, (ListenPort, Vec<&Member<'d>>)>,
    ) {
        if members.iter().any(|member| matches!(member.listen, Listen::Unsettled)) {
            return;
        }
        for member in members {
            let view = self.view(member.object, member.claim);
            let setting = view.get_over("ssl-redirect", &["sslRedirectPort"]);
            let Some(setting) = setting.written().filter(|setting| !setting.is_placeholder()) else {
                continue;
            };
            let Ok(wanted) = setting.text.parse::<i64>() else { continue };
            let text = match ports.get(&wanted).map(|(port, _)| port.protocol) {
                Some("HTTPS") => continue,
                Some(_) => format!("port {wanted} is not HTTPS"),
                None => format!("nothing listens on port {wanted}"),
            };
            let refusal = Refusal::new("ssl-redirect", text, setting.span);
            self.refusals.push((member.object, refusal));
        }
    }

    /// Whether an Ingress asks for the redirect of its group; not settled counts as yes, since nothing is then
    /// forwarded from HTTP for sure.
    fn redirects(&self, member: &Member<'d>) -> bool {
        !matches!(
            self.view(member.object, member.claim).get_over("ssl-redirect", &["sslRedirectPort"]),
            Layered::Absent
        )
    }

    fn fill_load_balancer(&mut self, balancer: ResourceIdx, members: &[Member<'d>]) {
        let name = self.world.objects[members[0].object].name_span;
        let mut properties = Properties::default();
        let place = Place::default_at(name);
        properties.put("Type", self.builder.values.text("application", place));
        // Members share these settings; where they contradict each other, the group is refused.
        let merged = |lowering: &Self, annotation: &str, field: Option<&str>| {
            let mut found = Layered::Absent;
            for member in members {
                let view = lowering.view(member.object, member.claim);
                let setting = match field {
                    Some(field) => view.get_over(annotation, &[field]),
                    None => view.get(annotation),
                };
                match (&found, setting) {
                    (_, Layered::Absent) => {}
                    (Layered::Absent, setting) => found = setting,
                    (Layered::Written(one), Layered::Written(other)) if one.text == other.text => {}
                    _ => found = Layered::Unknown(Unknown::Invalid),
                }
            }
            found
        };
        let scheme = merged(self, "scheme", Some("scheme"));
        let load_balancer_name = merged(self, "load-balancer-name", Some("loadBalancerName"));
        let address_type = merged(self, "ip-address-type", Some("ipAddressType"));
        let attributes = merged(self, "load-balancer-attributes", None);
        let listed = self.listed_attributes(members);
        let values = &mut self.builder.values;
        properties.put_layered(values, "Scheme", &scheme, name, |setting, values| {
            setting.word(values, &["internal", "internet-facing"])
        });
        properties.put_layered(values, "Name", &load_balancer_name, name, Setting::value);
        properties.put_layered(values, "IpAddressType", &address_type, name, Setting::value);
        match (listed.as_slice(), &attributes) {
            ([], Layered::Absent) => {}
            ([], setting) => {
                properties.put_layered(values, "LoadBalancerAttributes", setting, name, |setting, values| {
                    let list = setting.attributes(values);
                    values.list(&list, setting.place())
                });
            }
            (listed, setting) => {
                // The parameters of the class win key by key.
                let mut list: Vec<ValueId> = Vec::new();
                for (key, value) in listed {
                    let place = value.place();
                    let entry = [("Key", key.value(values)), ("Value", value.value(values))];
                    list.push(values.map_of(&entry, place));
                }
                for (key, value) in setting.written().map(Setting::pairs).unwrap_or_default() {
                    if listed.iter().all(|(own, _)| own.text != key) {
                        let place = setting.written().map_or(place, |setting| setting.part(value));
                        let entry = [("Key", values.text(key, place)), ("Value", values.text(value, place))];
                        list.push(values.map_of(&entry, place));
                    }
                }
                let list = values.list(&list, place);
                properties.put("LoadBalancerAttributes", list);
            }
        }
        let properties = properties.finish(values, Place::written(name, name));
        self.builder.draft_mut(balancer).properties = Some(properties);
    }

    /// `loadBalancerAttributes` of the IngressClassParams.
    fn listed_attributes(&self, members: &[Member<'d>]) -> Vec<(Setting<'d>, Setting<'d>)> {
        let Some(Params::Object(idx)) = members
            .iter()
            .map(|member| member.claim.params)
            .find(|params| matches!(params, Params::Object(_)))
        else {
            return Vec::new();
        };
        let Some(list) = self.world.objects[idx].spec(&["loadBalancerAttributes"]) else { return Vec::new() };
        list.items()
            .filter_map(|item| {
                let (key, value) = (item.entry("key")?, item.entry("value")?);
                Some((Setting::read(key.key, key.value)?, Setting::read(value.key, value.value)?))
            })
            .collect()
    }

    fn make_target_groups(&mut self, made: &mut Made, member: &Member<'d>, plan: &Plan<'d>) {
        for backend in self.backends(plan) {
            let key = (member.object, backend.label());
            if let Entry::Vacant(vacant) = made.entry(key) {
                vacant.insert(self.target_group(member.object, member.claim, backend));
            }
        }
    }

    /// The Services that a plan forwards to.
    fn backends(&self, plan: &Plan<'d>) -> Vec<Backend<'d>> {
        match plan {
            Plan::Backend(backend) => vec![*backend],
            Plan::Unknown => Vec::new(),
            Plan::Action(setting) => {
                let Some(Action::Forward(targets)) = rules::action(setting) else { return Vec::new() };
                let targets = targets.into_iter().filter_map(|(target, _)| target);
                targets.filter_map(|(service, port)| in_text(setting, &service, &port)).collect()
            }
        }
    }

    /// Paths and conditions that speak of gRPC, put at the groups that they lead to.
    fn put_evidence(&mut self, made: &Made, member: &Member<'d>) {
        for rule in &member.rules {
            let mut evidence: Vec<Evidence> = Vec::new();
            if let Some((path, span)) = rule.written.filter(|(path, _)| signs::is_rpc_path(path)) {
                let text = format!("path `{path}` is that of a gRPC service");
                evidence.push(Evidence::new(EvidenceKind::Argument, span, text));
            }
            if let Some(setting) = rule.conditions.as_ref().filter(|setting| rules::asks_for_grpc(setting)) {
                evidence.push(declared(setting.span, "a condition asks for content type `application/grpc`"));
            }
            for backend in self.backends(&rule.plan) {
                if let Some(group) = made.get(&(member.object, backend.label())) {
                    self.builder.draft_mut(*group).grpc.extend(evidence.iter().cloned());
                }
            }
        }
    }

    fn lower_listener(
        &mut self,
        label: &str,
        balancer: ResourceIdx,
        port: ListenPort,
        members: &[&Member<'d>],
        made: &Made,
        duty: Duty,
    ) {
        let object = &self.world.objects[members[0].object];
        let kind = "AWS::ElasticLoadBalancingV2::Listener";
        let id = format!("{label} -> {}:{}", port.protocol, port.port);
        let listener = self.add_built(object, id.clone(), kind, object.name_span, members[0].claim.platform);
        let name = object.name_span;
        let place = Place::default_at(name);
        let default = if duty == Duty::Redirect {
            self.redirect_action(members)
        } else {
            let default = members.iter().find_map(|member| Some((*member, member.default.as_ref()?)));
            match default {
                Some((member, plan)) => self.action(made, member, plan),
                None => Some(self.fixed_action("404", place)),
            }
        };
        let values = &mut self.builder.values;
        let mut properties = Properties::default();
        properties.put("LoadBalancerArn", values.reference(balancer, place));
        properties.put("Protocol", values.text(port.protocol, port.protocol_place));
        properties.put("Port", values.int(port.port, port.port_place));
        if port.protocol == "HTTPS" {
            let certificates = members.iter().map(|member| &member.certificates);
            let best = certificates.clone().find(|c| matches!(c, Certificates::Written(_)));
            let best = best.or_else(|| certificates.clone().find(|c| !matches!(c, Certificates::None)));
            if let Some(certificates) = best.and_then(|certificates| certificates.value(values, place)) {
                properties.put("Certificates", certificates);
            }
        }
        match default {
            Some(default) => {
                let list = values.list(&[default], place);
                properties.put("DefaultActions", list);
            }
            None => properties.put("DefaultActions", values.unknown(Unknown::Invalid, place)),
        }
        self.put_listener_settings(&mut properties, port, members);
        let properties = properties.finish(&mut self.builder.values, Place::written(name, name));
        self.builder.draft_mut(listener).properties = Some(properties);
        if duty == Duty::Forward {
            self.lower_rules(&id, OnListener { listener, port }, members, made);
        }
    }

    fn put_listener_settings(
        &mut self,
        properties: &mut Properties,
        port: ListenPort,
        members: &[&Member<'d>],
    ) {
        let name = self.world.objects[members[0].object].name_span;
        let attributes = format!("listener-attributes.{}-{}", port.protocol, port.port);
        for member in members {
            let view = self.view(member.object, member.claim);
            let policy = view.get_over("ssl-policy", &["sslPolicy"]);
            let attributes = view.get(&attributes);
            let values = &mut self.builder.values;
            if port.protocol == "HTTPS" && !matches!(policy, Layered::Absent) {
                properties.put_layered(values, "SslPolicy", &policy, name, Setting::value);
            }
            properties.put_layered(values, "ListenerAttributes", &attributes, name, |setting, values| {
                let list = setting.attributes(values);
                values.list(&list, setting.place())
            });
            if !matches!((&policy, &attributes), (Layered::Absent, Layered::Absent)) {
                return;
            }
        }
    }
}
