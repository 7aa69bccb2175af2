//! The last steps of lowering, the same for every dialect: a listener's default action becomes a rule, the
//! containers of ECS tasks give ports, and the property tables fill in `Effective`.

use super::{ecs, tables};
use crate::model::{Builder, Data, Draft, Model, Place, Platform, ResourceIdx, ValueId};

const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const CLASSIC: &str = "AWS::ElasticLoadBalancing::LoadBalancer";

/// Completes what a dialect lowered.
pub fn finish(mut builder: Builder) -> Model {
    default_rules(&mut builder);
    ecs::ports(&mut builder);
    tables::fill_effective(&mut builder);
    for idx in builder.indices() {
        if builder.draft(idx).type_name == CLASSIC {
            classic_listeners(&mut builder, idx);
        }
    }
    builder.finish()
}

/// Makes a rule of priority `default` of each listener's default actions: all routing is judged on one type.
fn default_rules(builder: &mut Builder) {
    for idx in builder.indices() {
        let draft = builder.draft(idx);
        if draft.type_name != LISTENER {
            continue;
        }
        let Some(actions) =
            draft.properties.and_then(|properties| builder.values.get(properties, "DefaultActions"))
        else {
            continue;
        };
        let mut rule =
            Draft::new(format!("{} (default)", draft.id), RULE, draft.name, draft.span, draft.platform);
        rule.controller = draft.controller;
        let place = Place { anchor: builder.values.place(actions).anchor, ..Place::default_at(draft.name) };
        let listener = builder.values.reference(idx, Place::default_at(rule.name));
        let priority = builder.values.text("default", Place::default_at(rule.name));
        let entries = [("ListenerArn", listener), ("Priority", priority), ("Actions", actions)];
        rule.properties = Some(builder.values.map_of(&entries, place));
        builder.add(rule);
    }
}

/// Fills in what an entry of a classic load balancer's `Listeners` leaves out.
fn classic_listeners(builder: &mut Builder, idx: ResourceIdx) {
    let draft = builder.draft(idx);
    let in_tree = draft.platform == Platform::InTree;
    let Some(effective) = draft.effective else { return };
    let Some(list) = builder.values.get(effective, "Listeners") else { return };
    let mut listeners = Vec::new();
    for item in builder.values.items(list).to_vec() {
        listeners.push(classic_listener(builder, item, in_tree));
    }
    if listeners.is_empty() {
        return;
    }
    let place = builder.values.place(list);
    let completed = builder.values.list(&listeners, place);
    builder.values.put(effective, "Listeners", completed);
}

fn classic_listener(builder: &mut Builder, item: ValueId, in_tree: bool) -> ValueId {
    let values = &mut builder.values;
    if !matches!(values.data(item), Data::Map(_)) {
        return item;
    }
    let place = values.place(item);
    let copy = values.map(&values.entries(item).to_vec(), place);
    for key in ["LoadBalancerPort", "InstancePort"] {
        if let Some(value) = values.get(item, key) {
            let number = tables::normal(values, tables::Normal::Int, value);
            values.put(copy, key, number);
        }
    }
    let protocol =
        values.get(item, "Protocol").map(|value| tables::normal(values, tables::Normal::Upper, value));
    let instance = values
        .get(item, "InstanceProtocol")
        .map(|value| tables::normal(values, tables::Normal::Upper, value));
    if let Some(protocol) = protocol {
        values.put(copy, "Protocol", protocol);
    }
    let instance = match (instance, protocol) {
        (Some(instance), _) => Some(instance),
        // The API takes the front end's protocol for the back end: HTTP for HTTPS and TCP for SSL.
        (None, Some(protocol)) => {
            let anchor = Place::default_at(place.anchor);
            match values.as_text(protocol) {
                Some("HTTP" | "HTTPS") if !in_tree => Some(values.text("HTTP", anchor)),
                Some(_) => Some(values.text("TCP", anchor)),
                None => Some(protocol),
            }
        }
        (None, None) => None,
    };
    if let Some(instance) = instance {
        values.put(copy, "InstanceProtocol", instance);
    }
    copy
}
