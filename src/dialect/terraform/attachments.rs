//! Resources that join two others become what a template would say in one of them: targets of a group, groups of an
//! Auto Scaling group, instances of a classic load balancer, rules of a security group. Beside them stands the one
//! default of the provider that takes two resources to see.

use crate::model::{Builder, Data, Limit, Place, ResourceIdx, Unknown, ValueId};

/// How many attachments of one resource are written into it; more say nothing new.
const MAX_ITEMS: usize = 1024;

/// Said where there are more.
const TOO_MANY_ITEMS: Limit = Limit::new("attachments of one resource", MAX_ITEMS);

/// Writes what the attachments say into the resources that they join.
pub(super) fn apply(builder: &mut Builder) {
    for idx in builder.indices() {
        match builder.draft(idx).type_name.as_str() {
            "Terraform::aws_lb_target_group_attachment" => target(builder, idx),
            "Terraform::aws_autoscaling_attachment" => {
                registration(builder, idx, "TargetGroupArn", "TargetGroupARNs");
                registration(builder, idx, "LoadBalancerName", "LoadBalancerNames");
            }
            "Terraform::aws_autoscaling_traffic_source_attachment" => {
                registration(builder, idx, "Identifier", "TargetGroupARNs");
            }
            "Terraform::aws_elb_attachment" => instance(builder, idx),
            "Terraform::aws_security_group_rule" => ingress_rule(builder, idx),
            _ => {}
        }
    }
}

fn property(builder: &Builder, idx: ResourceIdx, key: &str) -> Option<ValueId> {
    builder.values.get(builder.draft(idx).properties?, key)
}

fn named(builder: &Builder, idx: ResourceIdx, key: &str) -> Option<ResourceIdx> {
    builder.values.as_reference(property(builder, idx, key)?)
}

/// Adds an item to a list property of a resource; what is not settled stays so.
fn append(builder: &mut Builder, to: ResourceIdx, key: &str, item: ValueId) {
    let Some(properties) = builder.draft(to).properties else { return };
    let values = &mut builder.values;
    if !matches!(values.data(properties), Data::Map(_)) {
        return;
    }
    let known = values.get(properties, key);
    if known.is_some_and(|known| values.is_unknown(known)) {
        return;
    }
    let mut items = known.map(|known| values.items(known).to_vec()).unwrap_or_default();
    if items.len() >= MAX_ITEMS {
        let span = values.place(item).span;
        return values.reach(TOO_MANY_ITEMS, span);
    }
    items.push(item);
    let place = known.map_or(values.place(item), |known| values.place(known));
    let list = values.list(&items, place);
    values.put(properties, key, list);
}

fn target(builder: &mut Builder, idx: ResourceIdx) {
    let Some(group) = named(builder, idx, "TargetGroupArn") else { return };
    let place = Place::written(builder.draft(idx).name, builder.draft(idx).name);
    let found = [("Id", "TargetId"), ("Port", "Port")]
        .map(|(key, own)| property(builder, idx, own).map(|value| (key, value)));
    let entries: Vec<(&str, ValueId)> = found.into_iter().flatten().collect();
    let entry = builder.values.map_of(&entries, place);
    append(builder, group, "Targets", entry);
}

fn registration(builder: &mut Builder, idx: ResourceIdx, own: &str, key: &str) {
    let Some(registered) = property(builder, idx, own) else { return };
    match named(builder, idx, "AutoScalingGroupName") {
        Some(group) => append(builder, group, key, registered),
        // A group that is declared elsewhere uses it.
        None => {
            if let Some(used) = builder.values.as_reference(registered) {
                builder.draft_mut(used).exported = true;
            }
        }
    }
}

fn instance(builder: &mut Builder, idx: ResourceIdx) {
    let balancer = named(builder, idx, "LoadBalancerName");
    if let (Some(balancer), Some(instance)) = (balancer, property(builder, idx, "Instance")) {
        append(builder, balancer, "Instances", instance);
    }
}

fn ingress_rule(builder: &mut Builder, idx: ResourceIdx) {
    const COMMON: [&str; 4] = ["FromPort", "ToPort", "IpProtocol", "Description"];
    let kind = property(builder, idx, "Type").and_then(|kind| builder.values.as_text(kind));
    if kind != Some("ingress") {
        return;
    }
    let Some(group) = named(builder, idx, "GroupId") else { return };
    for key in ["CidrIp", "CidrIpv6"] {
        let Some(ranges) = property(builder, idx, key) else { continue };
        for range in builder.values.items(ranges).to_vec() {
            let common = COMMON.map(|key| property(builder, idx, key).map(|value| (key, value)));
            let mut entries: Vec<(&str, ValueId)> = common.into_iter().flatten().collect();
            entries.push((key, range));
            let place = builder.values.place(range);
            let entry = builder.values.map_of(&entries, place);
            append(builder, group, "SecurityGroupIngress", entry);
        }
    }
}

/// The provider takes HTTP for the protocol of a listener of an application load balancer that names none.
pub(super) fn listener_protocols(builder: &mut Builder) {
    for idx in builder.indices() {
        if builder.draft(idx).type_name != "AWS::ElasticLoadBalancingV2::Listener"
            || property(builder, idx, "Protocol").is_some()
        {
            continue;
        }
        let Some(properties) = builder.draft(idx).properties else { continue };
        let place = Place::default_at(builder.draft(idx).name);
        let protocol = match is_application(builder, idx) {
            Some(true) => builder.values.text("HTTP", place),
            Some(false) => continue,
            None => builder.values.unknown(Unknown::Computed, place),
        };
        if matches!(builder.values.data(properties), Data::Map(_)) {
            builder.values.put(properties, "Protocol", protocol);
        }
    }
}

/// Whether a listener belongs to an application load balancer; `None` when that is not settled.
fn is_application(builder: &Builder, listener: ResourceIdx) -> Option<bool> {
    let balancer = named(builder, listener, "LoadBalancerArn")?;
    if builder.draft(balancer).type_name != "AWS::ElasticLoadBalancingV2::LoadBalancer" {
        return None;
    }
    match property(builder, balancer, "Type") {
        Some(kind) => builder.values.as_text(kind).map(|kind| kind == "application"),
        None => Some(true),
    }
}
