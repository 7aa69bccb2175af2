//! The edges of services beside load balancers: API Gateway, Lattice, Cloud Map, security groups, and what has to be there first.

use super::{Connector, DISCOVERY, LISTENER, LOAD_BALANCER, SECURITY_GROUP, TARGET_GROUP};
use crate::model::build::Link;
use crate::model::{Data, ResourceIdx, ValueId};

impl Connector<'_> {
    /// What an integration or link of API Gateway leads to: listeners, balancers or services of Cloud Map.
    pub(super) fn leads_to(&mut self, from: ResourceIdx, properties: ValueId, key: &str) {
        let Some(value) = self.values.get(properties, key) else { return };
        let single = [value];
        let named = match self.values.data(value) {
            Data::List(items) => items,
            _ => &single,
        };
        for value in named {
            let Some(to) = self.values.as_reference(*value) else { continue };
            let link = match self.draft(to).type_name.as_str() {
                LISTENER => Link::Listeners,
                LOAD_BALANCER => Link::LoadBalancers,
                TARGET_GROUP => Link::TargetGroups,
                DISCOVERY => Link::Services,
                _ => continue,
            };
            self.graph.add(from, link, to);
        }
    }

    /// The groups of Lattice in which a service registers, each for a named port.
    pub(super) fn lattice_registrations(&mut self, service: ResourceIdx, properties: ValueId) {
        let Some(list) = self.values.get(properties, "VpcLatticeConfigurations") else { return };
        for entry in self.values.items(list) {
            self.reference(service, *entry, "TargetGroupArn", Link::TargetGroups, Link::Services);
            let group = self.values.get(*entry, "TargetGroupArn");
            let Some(group) = group.and_then(|arn| self.values.as_reference(arn)) else { continue };
            let wanted = self.values.get(*entry, "PortName").and_then(|name| self.values.as_text(name));
            let ports = self.ports_of(service, |properties| {
                let name = self.values.get(properties, "Name").and_then(|name| self.values.as_text(name));
                name.is_some() && name == wanted
            });
            for port in ports {
                self.graph.join(group, Link::Ports, port, Link::TargetGroups);
            }
        }
    }

    /// The services of Cloud Map in which a service registers: its container's port, or any port where none is named.
    pub(super) fn discovery(&mut self, service: ResourceIdx, properties: ValueId) {
        let Some(list) = self.values.get(properties, "ServiceRegistries") else { return };
        for entry in self.values.items(list) {
            let registry = self.values.get(*entry, "RegistryArn");
            let Some(registry) = registry.and_then(|arn| self.values.as_reference(arn)) else { continue };
            self.graph.add(registry, Link::Services, service);
            let number = |key| self.values.get(*entry, key).and_then(|port| self.values.as_int(port));
            let wanted = number("ContainerPort").or(number("Port"));
            let ports = self.ports_of(service, |properties| {
                let own = self.values.get(properties, "Number").and_then(|own| self.values.as_int(own));
                wanted.is_none() || own == wanted
            });
            for port in ports {
                self.graph.add(registry, Link::Ports, port);
            }
        }
    }

    /// The ports of a service's task for which a test of their properties holds.
    fn ports_of(&self, service: ResourceIdx, is_meant: impl Fn(ValueId) -> bool) -> Vec<ResourceIdx> {
        let tasks = self.graph.targets(service, Link::Workloads);
        let ports = tasks.flat_map(|task| self.graph.targets(task, Link::Ports));
        ports.filter(|port| self.draft(*port).properties.is_some_and(&is_meant)).collect()
    }

    /// The security groups around a service's tasks.
    pub(super) fn security_groups(&mut self, service: ResourceIdx, properties: ValueId) {
        let path = ["NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups"];
        let Some(list) = self.values.at(properties, &path) else { return };
        self.leave_groups_open(list, Link::Services);
        for group in self.values.items(list).iter().filter_map(|item| self.values.as_reference(*item)) {
            self.graph.add(group, Link::Services, service);
        }
    }

    /// Where a list of security groups is not settled, any of them may be meant.
    fn leave_groups_open(&mut self, list: ValueId, link: Link) {
        let is_open = self.values.is_unknown(list)
            || self.values.items(list).iter().any(|item| self.values.is_unknown(*item));
        if is_open && !self.open_security.contains(&link) {
            self.open_security.push(link);
            for group in self.of_type(SECURITY_GROUP) {
                self.graph.leave_open(group, link);
            }
        }
    }

    /// The security groups of a load balancer.
    pub(super) fn balancer_security(&mut self, balancer: ResourceIdx, properties: ValueId) {
        let Some(list) = self.values.get(properties, "SecurityGroups") else { return };
        self.leave_groups_open(list, Link::LoadBalancers);
        for group in self.values.items(list).iter().filter_map(|item| self.values.as_reference(*item)) {
            self.graph.add(group, Link::LoadBalancers, balancer);
        }
    }

    /// A rule of a security group stands before what its group does.
    pub(super) fn group_of_rule(&mut self, rule: ResourceIdx) {
        let group = self.properties(rule).and_then(|properties| self.values.get(properties, "GroupId"));
        let Some(group) = group.and_then(|group| self.values.as_reference(group)) else { return };
        for link in [Link::LoadBalancers, Link::Services] {
            let ends: Vec<ResourceIdx> = self.graph.targets(group, link).collect();
            for end in ends {
                self.graph.add(rule, link, end);
            }
            if self.graph.is_open(group, link) {
                self.graph.leave_open(rule, link);
            }
        }
    }

    /// What has to be there before a resource is made, directly or through others.
    pub(super) fn dependencies(&mut self, service: ResourceIdx) {
        let mut open: Vec<ResourceIdx> = self.graph.targets(service, Link::DependsOn).collect();
        while let Some(next) = open.pop() {
            for further in self.draft(next).depends_on.clone() {
                if !self.graph.known.contains(&(service, Link::DependsOn, further)) {
                    self.graph.add(service, Link::DependsOn, further);
                    open.push(further);
                }
            }
        }
    }
}
