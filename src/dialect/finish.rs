//! The last steps of lowering, the same for every dialect: a listener's default action becomes a rule, the
//! containers of ECS tasks give ports, and the property tables fill in `Effective`.

use super::hints::Hints;
use super::{distributions, ecs, tables};
use crate::model::{Builder, Data, Draft, Model, Place, Platform, ResourceIdx, ValueId};

const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const CLASSIC: &str = "AWS::ElasticLoadBalancing::LoadBalancer";

/// Completes what a dialect lowered, and puts in what the user says of it.
pub(super) fn finish(mut builder: Builder, hints: &Hints<'_>) -> Model {
    default_rules(&mut builder);
    ecs::ports(&mut builder);
    ecs::missing(&mut builder);
    tables::fill_effective(&mut builder);
    retired(&mut builder);
    for idx in builder.indices() {
        match builder.draft(idx).type_name.as_str() {
            CLASSIC => classic_listeners(&mut builder, idx),
            ecs::SERVICE => ecs::network_mode(&mut builder, idx),
            distributions::DISTRIBUTION => distributions::behaviors(&mut builder, idx),
            _ => {}
        }
    }
    hints.apply(&mut builder);
    builder.finish()
}

/// Marks the first resource of a service that AWS no longer supports.
fn retired(builder: &mut Builder) {
    let first = builder.indices().find(|idx| builder.draft(*idx).type_name.starts_with("AWS::AppMesh::"));
    if let Some(first) = first {
        let place = Place::fact_at(builder.draft(first).type_at);
        let since = builder.values.text("2026-09-30", place);
        builder.draft_mut(first).sections.push(("Retired", since));
    }
}

/// Listeners with the words for their default action, and the rules that are made of it.
const DEFAULT_ACTIONS: [(&str, &str, &str, &str, &str); 2] = [
    (LISTENER, "DefaultActions", RULE, "ListenerArn", "Actions"),
    ("AWS::VpcLattice::Listener", "DefaultAction", "AWS::VpcLattice::Rule", "ListenerIdentifier", "Action"),
];

/// Makes a rule of priority `default` of each listener's default actions: all routing is judged on one type.
fn default_rules(builder: &mut Builder) {
    for idx in builder.indices() {
        let draft = builder.draft(idx);
        let words = DEFAULT_ACTIONS.iter().find(|(type_name, ..)| draft.type_name == *type_name);
        let Some((_, written, rule, reference, word)) = words else { continue };
        let Some(actions) = draft.properties.and_then(|properties| builder.values.get(properties, written))
        else {
            continue;
        };
        let mut rule =
            Draft::new(format!("{} (default)", draft.id), *rule, draft.name, draft.span, draft.platform);
        rule.controller = draft.controller;
        let place = Place { anchor: builder.values.place(actions).anchor, ..Place::default_at(draft.name) };
        let listener = builder.values.reference(idx, Place::default_at(rule.name));
        let priority = builder.values.text("default", Place::default_at(rule.name));
        let entries = [(*reference, listener), ("Priority", priority), (*word, actions)];
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
    let entries = values.entries(item).to_vec();
    let copy = values.map(&entries, place);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, Platforms};
    use crate::model::{EvidenceKind, Values, signs};
    use crate::source::{FileId, Span};
    use serde_json::{Value, json};

    const TG: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

    fn span() -> Span {
        Span::new(FileId(0), 0, 0)
    }

    /// Properties from JSON; `{"ref": n}` names resource `n`, `{"unknown": 0}` is not settled.
    fn value(values: &mut Values, json: &Value) -> ValueId {
        let place = Place::written(span(), span());
        match json {
            Value::Null => values.null(place),
            Value::Bool(flag) => values.bool(*flag, place),
            Value::Number(number) => values.int(number.as_i64().expect("whole numbers only"), place),
            Value::String(text) => values.text(text, place),
            Value::Array(items) => {
                let items: Vec<ValueId> = items.iter().map(|item| value(values, item)).collect();
                values.list(&items, place)
            }
            Value::Object(map) if map.contains_key("ref") => {
                values.reference(ResourceIdx(map["ref"].as_u64().expect("an index") as u32), place)
            }
            Value::Object(map) if map.contains_key("unknown") => {
                values.unknown(crate::model::Unknown::Parameter, place)
            }
            Value::Object(map) => {
                let entries: Vec<(&str, ValueId)> =
                    map.iter().map(|(key, json)| (key.as_str(), value(values, json))).collect();
                values.map_of(&entries, place)
            }
        }
    }

    fn model(platform: Platform, resources: &[(&str, &str, Value)]) -> Value {
        let mut builder = Builder::new();
        for (id, type_name, properties) in resources {
            let mut draft = Draft::new(*id, *type_name, span(), span(), platform);
            draft.properties = Some(value(&mut builder.values, properties));
            builder.add(draft);
        }
        let platforms = Platforms::default();
        let (hints, _) = Hints::read(Dialect::CloudFormation, &[], &platforms);
        finish(builder, &hints).to_json()["Resources"].clone()
    }

    #[track_caller]
    fn check(platform: Platform, properties: Value, path: &str, expected: Value) {
        let found = model(platform, &[("Orders", TG, properties)]);
        let pointer = format!("/Orders/{path}");
        assert_eq!(found.pointer(&pointer).cloned().unwrap_or(Value::Null), expected, "{path} of {found:#}");
    }

    #[test]
    fn defaults_of_target_groups() {
        let grpc = || json!({"Protocol": "HTTP", "ProtocolVersion": "GRPC"});
        check(Platform::CloudFormation, grpc(), "Effective/HealthCheckPath", json!("/AWS.ALB/healthcheck"));
        check(Platform::CloudFormation, grpc(), "Effective/Matcher/GrpcCode", json!("12"));
        check(Platform::CloudFormation, grpc(), "HealthCheck/GrpcCodes", json!([12]));
        check(Platform::CloudFormation, grpc(), "Effective/HealthyThresholdCount", json!(5));
        check(Platform::Terraform, grpc(), "Effective/HealthyThresholdCount", json!(3));
        check(Platform::Ingress, json!({}), "Effective/Protocol", json!("HTTP"));
        check(Platform::Ingress, json!({}), "Effective/ProtocolVersion", json!("HTTP1"));
        check(Platform::Ingress, json!({}), "Effective/Matcher/HttpCode", json!("200"));
        check(Platform::Service, json!({}), "HealthCheck/Speaks", json!("tcp"));
        check(Platform::CloudFormation, json!({"Protocol": "TCP"}), "Effective/ProtocolVersion", Value::Null);
        check(Platform::AutoMode, json!({}), "Effective/TargetType", json!("ip"));
    }

    #[test]
    fn the_provider_drops_a_version_without_http() {
        let properties = || json!({"Protocol": "TCP", "ProtocolVersion": "GRPC"});
        check(Platform::Terraform, properties(), "Effective/ProtocolVersion", Value::Null);
        check(Platform::Terraform, properties(), "Properties/ProtocolVersion", json!("GRPC"));
        check(Platform::CloudFormation, properties(), "Effective/ProtocolVersion", json!("GRPC"));
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let unknown = json!({"Protocol": {"unknown": 0}});
        check(
            Platform::CloudFormation,
            unknown,
            "Effective/ProtocolVersion",
            json!({"Unknown": "Expression"}),
        );
        let unknown = json!({"Protocol": "HTTP", "ProtocolVersion": {"unknown": 0}});
        check(Platform::CloudFormation, unknown, "HealthCheck/Speaks", json!({"Unknown": "Expression"}));
    }

    #[test]
    fn attributes_are_a_typed_map() {
        let list = json!([{"Key": "stickiness.enabled", "Value": "true"}]);
        let properties = json!({"Protocol": "HTTP", "TargetGroupAttributes": list});
        check(
            Platform::CloudFormation,
            properties.clone(),
            "Effective/Attributes/stickiness.enabled",
            json!(true),
        );
        check(
            Platform::CloudFormation,
            properties,
            "Effective/Attributes/slow_start.duration_seconds",
            json!(0),
        );
        let open = json!({"Protocol": "HTTP", "TargetGroupAttributes": [{"unknown": 0}]});
        let unknown = json!({"Unknown": "Expression"});
        check(Platform::CloudFormation, open, "Effective/Attributes/stickiness.enabled", unknown);
    }

    #[test]
    fn listeners_reach_their_groups_through_rules() {
        let found = model(
            Platform::CloudFormation,
            &[
                ("Balancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", json!({})),
                (
                    "Listener",
                    LISTENER,
                    json!({"LoadBalancerArn": {"ref": 0}, "Protocol": "HTTP",
                           "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"ref": 2}}]}),
                ),
                ("Group", TG, json!({"Protocol": "HTTP", "ProtocolVersion": "GRPC"})),
            ],
        );
        let group = json!([{"Type": TG, "Address": "Group"}]);
        assert_eq!(found["Listener"]["Links"]["TargetGroups"], group);
        assert_eq!(found["Balancer"]["Links"]["TargetGroups"], group);
        assert_eq!(found["Listener"]["Grpc"]["Level"], "definite");
        assert_eq!(found["Listener (default)"]["Effective"]["Priority"], "default");
        assert_eq!(found["Group"]["Links"]["LoadBalancers"][0]["Address"], "Balancer");
    }

    #[test]
    fn evidence_comes_from_the_ports_behind_a_group() {
        let container = json!({"Name": "orders", "PortMappings": [{"ContainerPort": 50051, "Name": "grpc"}]});
        let balancer =
            json!({"ContainerName": "orders", "ContainerPort": 50051, "TargetGroupArn": {"ref": 0}});
        let found = model(
            Platform::CloudFormation,
            &[
                ("Group", TG, json!({"Protocol": "HTTP", "Port": 80})),
                ("Task", "AWS::ECS::TaskDefinition", json!({"ContainerDefinitions": [container]})),
                (
                    "Service",
                    "AWS::ECS::Service",
                    json!({"TaskDefinition": {"ref": 1}, "LoadBalancers": [balancer]}),
                ),
            ],
        );
        assert_eq!(found["Group"]["Links"]["Ports"][0]["Address"], "Task/orders:50051");
        assert_eq!(found["Group"]["Grpc"]["Level"], "definite");
        assert_eq!(found["Group"]["Grpc"]["Evidence"][0]["Text"], "port mapping is named `grpc`");
    }

    #[test]
    fn weights_of_names_and_numbers() {
        let level = |name: &str, port: i64| {
            let found =
                model(Platform::CloudFormation, &[(name, TG, json!({"Protocol": "HTTP", "Port": port}))]);
            found[name]["Grpc"]["Level"].clone()
        };
        assert_eq!(level("Orders", 50051), "likely");
        assert_eq!(level("OrdersGrpc", 8080), "definite");
        assert_eq!(level("Orders", 9090), "none");
        assert_eq!(level("OrdersGrpcWeb", 50051), "none");
        let own = signs::name(signs::NameOf::Own("port"), "grpc", span()).map(|evidence| evidence.kind);
        assert_eq!(own, Some(EvidenceKind::OwnName));
    }

    #[test]
    fn classic_listeners_are_completed_and_judged() {
        let listeners = json!([{"LoadBalancerPort": "80", "InstancePort": "50051", "Protocol": "tcp"}]);
        let found = model(Platform::CloudFormation, &[("Classic", CLASSIC, json!({"Listeners": listeners}))]);
        let entry = &found["Classic"]["Effective"]["Listeners"][0];
        assert_eq!(entry["InstancePort"], 50051);
        assert_eq!(entry["InstanceProtocol"], "TCP");
        assert_eq!(entry["Grpc"]["Level"], "likely");
        assert_eq!(found["Classic"]["HealthCheck"]["Speaks"], "tcp");
    }
}
