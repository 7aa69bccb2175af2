//! Entries of `Effective` joined with what they name in other resources, because the policy language cannot join two lists: the
//! services of Service Connect with their port mappings, targets with the load balancers they are, associations with what
//! their web ACL looks at, rules of security groups with the ports that they open.
//!
//! Facts: the API references of Amazon ECS (`TimeoutConfiguration`) and AWS WAF (`FieldToMatch`).

use super::assemble::{Writer, grpc_value};
use super::graph::{ECS_SERVICE, LOAD_BALANCER, SECURITY_GROUP, SECURITY_GROUP_RULE, TARGET_GROUP};
use super::grpc::{Verdict, of_evidence};
use super::signs::{self, NameOf};
use super::{Data, Entry, Link, Place, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

/// How deep a web ACL's statements are searched; WAF itself allows far less.
const MAX_DEPTH: usize = 24;

impl Writer<'_> {
    /// `Effective` with its entries joined.
    pub(super) fn joined(&mut self, idx: ResourceIdx, effective: ValueId) -> ValueId {
        match self.draft(idx).type_name.as_str() {
            ECS_SERVICE => {
                let effective = self.with_alternates(effective);
                self.with_service_connect(idx, effective)
            }
            TARGET_GROUP => self.with_targets(effective),
            "AWS::WAFv2::WebACLAssociation" => self.with_web_acl(effective, &["WebACLArn"]),
            "AWS::CloudFront::Distribution" => {
                self.with_web_acl(effective, &["DistributionConfig", "WebACLId"])
            }
            SECURITY_GROUP | SECURITY_GROUP_RULE => self.with_ingress(idx, effective),
            _ => effective,
        }
    }

    /// A copy of a map with one more key.
    fn with(&mut self, map: ValueId, key: &str, value: ValueId) -> ValueId {
        let place = self.values.place(map);
        let mut entries = self.values.entries(map).to_vec();
        let key = self.values.intern(key);
        entries.retain(|entry| entry.key != key);
        entries.push(Entry { key, value });
        self.values.map(&entries, place)
    }

    /// `Effective` of an ECS service that deploys from one target group to another, with both: `TargetGroup` and
    /// `AlternateTargetGroup` of each entry of `LoadBalancers`.
    fn with_alternates(&mut self, effective: ValueId) -> ValueId {
        let Some(list) = self.values.get(effective, "LoadBalancers") else { return effective };
        let entries = self.values.items(list).to_vec();
        let alternate = ["AdvancedConfiguration", "AlternateTargetGroupArn"];
        if !entries.iter().any(|entry| self.values.at(*entry, &alternate).is_some()) {
            return effective;
        }
        let mut joined = Vec::with_capacity(entries.len());
        for mut entry in entries {
            for (path, key) in
                [(&["TargetGroupArn"][..], "TargetGroup"), (&alternate, "AlternateTargetGroup")]
            {
                let group = self.values.at(entry, path).and_then(|arn| self.values.as_reference(arn));
                if let Some(group) = group {
                    entry = self.with(entry, key, self.maps[group.0 as usize]);
                }
            }
            joined.push(entry);
        }
        let list = self.values.list(&joined, self.values.place(list));
        self.with(effective, "LoadBalancers", list)
    }

    /// `Effective` of an ECS service with `ServiceConnectServices`: each joined with the port mapping that it names.
    fn with_service_connect(&mut self, service: ResourceIdx, effective: ValueId) -> ValueId {
        let path = ["ServiceConnectConfiguration", "Services"];
        let services = self.values.at(effective, &path).map(|list| self.values.items(list).to_vec());
        let mut joined = Vec::new();
        for entry in services.unwrap_or_default() {
            let Some(port_name) = self.values.get(entry, "PortName") else { continue };
            let Some((port, own_name)) = self.port_called(service, port_name) else { continue };
            let anchor = self.values.place(own_name).span;
            let grpc = grpc_value(self.values, &self.verdicts[port.0 as usize], anchor);
            let mut facts = vec![("PortName", port_name), ("Grpc", grpc)];
            let properties = self.draft(port).properties;
            let protocol = properties.and_then(|properties| self.values.get(properties, "AppProtocol"));
            facts.extend(protocol.map(|protocol| ("AppProtocol", protocol)));
            let written = self.values.get(entry, "Timeout");
            let at = Place::default_at(self.values.place(port_name).span);
            for (key, of_http, of_tcp) in
                [("IdleTimeoutSeconds", 300, Some(3600)), ("PerRequestTimeoutSeconds", 15, None)]
            {
                let value = match (written.and_then(|written| self.values.get(written, key)), protocol) {
                    (Some(value), _) => Some(match self.values.as_int(value) {
                        Some(number) => self.values.int(number, self.values.place(value)),
                        None => value,
                    }),
                    (None, _) if written.is_some_and(|written| self.values.is_unknown(written)) => {
                        Some(self.values.unknown(Unknown::Expression, at))
                    }
                    (None, Some(protocol)) if self.values.is_unknown(protocol) => {
                        Some(self.values.unknown(Unknown::Expression, at))
                    }
                    (None, Some(_)) => Some(self.values.int(of_http, at)),
                    (None, None) => of_tcp.map(|default| self.values.int(default, at)),
                };
                facts.extend(value.map(|value| (key, value)));
            }
            joined.push(self.values.map_of(&facts, Place::fact_at(anchor)));
        }
        if joined.is_empty() {
            return effective;
        }
        let list = self.values.list(&joined, Place::fact_at(self.draft(service).name));
        self.with(effective, "ServiceConnectServices", list)
    }

    /// The port of a service's task whose mapping has this name, and where it has it.
    fn port_called(&self, service: ResourceIdx, wanted: ValueId) -> Option<(ResourceIdx, ValueId)> {
        let wanted = self.values.as_text(wanted)?;
        let tasks = self.graph.targets(service, Link::Workloads);
        tasks.flat_map(|task| self.graph.targets(task, Link::Ports)).find_map(|port| {
            let name = self.values.get(self.draft(port).properties?, "Name")?;
            (self.values.as_text(name) == Some(wanted)).then_some((port, name))
        })
    }

    /// `Effective` of a target group whose targets are load balancers: each target with its `LoadBalancer`.
    fn with_targets(&mut self, effective: ValueId) -> ValueId {
        let kind = self.values.get(effective, "TargetType").and_then(|kind| self.values.as_text(kind));
        let targets = self.values.get(effective, "Targets").filter(|_| kind == Some("alb"));
        let Some(targets) = targets else { return effective };
        let mut joined = Vec::new();
        for target in self.values.items(targets).to_vec() {
            let id = self.values.get(target, "Id").and_then(|id| self.values.as_reference(id));
            let balancer = id.filter(|id| self.draft(*id).type_name == LOAD_BALANCER);
            joined.push(match balancer {
                Some(balancer) => self.with(target, "LoadBalancer", self.maps[balancer.0 as usize]),
                None => target,
            });
        }
        let list = self.values.list(&joined, self.values.place(targets));
        self.with(effective, "Targets", list)
    }

    /// `Effective` of what uses a web ACL with `WebACL.BodyStatements`: the places where that looks at a request's body.
    fn with_web_acl(&mut self, effective: ValueId, path: &[&str]) -> ValueId {
        let Some(written) = self.values.at(effective, path) else { return effective };
        let Some(acl) = self.values.as_reference(written) else { return effective };
        let Some(rules) = self.draft(acl).properties.and_then(|acl| self.values.get(acl, "Rules")) else {
            return effective;
        };
        let mut found = Vec::new();
        self.bodies(rules, 0, &mut found);
        let place = Place::fact_at(self.values.place(written).span);
        let statements = self.values.list(&found, place);
        let acl = self.values.map_of(&[("BodyStatements", statements)], place);
        self.with(effective, "WebACL", acl)
    }

    /// The bodies among the fields that statements look at; Terraform has the words in its own spelling.
    fn bodies(&self, value: ValueId, depth: usize, found: &mut Vec<ValueId>) {
        if depth > MAX_DEPTH {
            return;
        }
        match self.values.data(value) {
            Data::List(items) => items.iter().for_each(|item| self.bodies(*item, depth + 1, found)),
            Data::Map(entries) => {
                for entry in entries {
                    match self.values.key_text(entry.key) {
                        "FieldToMatch" | "field_to_match" => {
                            let bodies = ["Body", "JsonBody", "body", "json_body"];
                            let field = match self.values.data(entry.value) {
                                Data::List(items) => items.first().copied().unwrap_or(entry.value),
                                _ => entry.value,
                            };
                            found.extend(bodies.iter().filter_map(|key| {
                                let body = self.values.get(field, key)?;
                                let is_set = !matches!(self.values.data(body), Data::Null | Data::List([]));
                                is_set.then_some(body)
                            }));
                        }
                        _ => self.bodies(entry.value, depth + 1, found),
                    }
                }
            }
            _ => {}
        }
    }

    /// `Effective` of a security group, or of one rule of it, with `SecurityGroupIngress`: each entry with `Grpc`, the verdict on the
    /// ports that it opens.
    fn with_ingress(&mut self, idx: ResourceIdx, effective: ValueId) -> ValueId {
        let is_rule = self.draft(idx).type_name == SECURITY_GROUP_RULE;
        let written = self.values.get(effective, "SecurityGroupIngress");
        let entries = match written {
            _ if is_rule => vec![effective],
            Some(list) => self.values.items(list).to_vec(),
            None => return effective,
        };
        let mut joined = Vec::with_capacity(entries.len());
        for entry in entries {
            if !matches!(self.values.data(entry), Data::Map(_)) {
                joined.push(entry);
                continue;
            }
            let verdict = self.opened(idx, effective, entry);
            let anchor = self.values.place(entry).anchor;
            let grpc = grpc_value(self.values, &verdict, anchor);
            joined.push(self.with(entry, "Grpc", grpc));
        }
        let place = written.map_or(Place::fact_at(self.draft(idx).name), |list| self.values.place(list));
        let list = self.values.list(&joined, place);
        self.with(effective, "SecurityGroupIngress", list)
    }

    /// The verdict on the ports that an entry of a security group opens: those of the services behind the group, else what
    /// the entry itself says of its only port.
    fn opened(&self, group: ResourceIdx, properties: ValueId, entry: ValueId) -> Verdict {
        let protocol = self.values.get(entry, "IpProtocol");
        let is_all = protocol.is_some_and(|protocol| {
            self.values.as_int(protocol) == Some(-1) || self.values.as_text(protocol) == Some("all")
        });
        let number = |key| self.values.get(entry, key).and_then(|port| self.values.as_int(port));
        let (from, to) = (number("FromPort"), number("ToPort"));
        let is_open =
            |port: i64| is_all || from.zip(to).is_some_and(|(from, to)| (from..=to).contains(&port));
        let services = self.graph.targets(group, Link::Services);
        let tasks = services.flat_map(|service| self.graph.targets(service, Link::Workloads));
        let ports = tasks.flat_map(|task| self.graph.targets(task, Link::Ports)).filter(|port| {
            let properties = self.draft(*port).properties;
            let number = properties.and_then(|properties| self.values.get(properties, "Number"));
            number.and_then(|number| self.values.as_int(number)).is_some_and(is_open)
        });
        let verdicts = ports.map(|port| &self.verdicts[port.0 as usize]);
        if let Some(best) = verdicts.max_by(|a, b| a.level.cmp(&b.level)) {
            return best.clone();
        }
        let mut found = Vec::new();
        if let (Some(port), true) = (from, from == to && !is_all) {
            let span = |key: &str| -> Span {
                self.values
                    .get(entry, key)
                    .map_or(self.draft(group).name, |value| self.values.place(value).span)
            };
            found.extend(signs::port_number("opened port", port, span("FromPort")));
            let name = |map: ValueId, key: &str| {
                let text = self.values.get(map, key).and_then(|value| self.values.known_parts(value))?;
                signs::name(NameOf::Nearby("opened port"), text, span(key))
            };
            found.extend(name(entry, "Description"));
            found.extend(name(properties, "GroupName"));
        }
        of_evidence(&found)
    }
}
