//! What plans become.

use super::super::tests::{property, show, with};

/// A plan of one root module.
fn plan(values: &str, unknown: &str, configuration: &str) -> String {
    format!(
        r#"{{"format_version": "1.2", "planned_values": {{"root_module": {values}}},
            "resource_changes": {unknown}, "configuration": {{"root_module": {configuration}}}}}"#
    )
}

fn check(json: &str, id: &str, path: &str, expected: &str) {
    with("plan.json", json, |lowered| {
        let model = &lowered.models[0];
        let found = property(model, id, path).map_or_else(|| "-".to_string(), |value| show(model, value));
        let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
        assert_eq!(found, expected, "{path} of {id} (there are {ids:?}) in {json}");
    });
}

const BALANCER: &str = r#"{"address": "aws_lb.m[0]", "mode": "managed", "type": "aws_lb", "name": "m", "index": 0,
    "values": {"load_balancer_type": "network", "internal": false}}"#;
const GROUP: &str = r#"{"address": "aws_lb_target_group.g", "mode": "managed", "type": "aws_lb_target_group", "name": "g",
    "values": {"port": 50051, "protocol": "HTTP", "protocol_version": "GRPC", "target_type": "instance",
        "health_check": [{"enabled": true, "path": "/x", "protocol": "HTTP"}]}}"#;
const LISTENER: &str = r#"{"address": "aws_lb_listener.l", "mode": "managed", "type": "aws_lb_listener", "name": "l",
    "values": {"port": 443, "protocol": "TLS", "alpn_policy": null, "default_action": [{"type": "forward"}]}}"#;
const WRITTEN: &str = r#"{"resources": [
    {"address": "aws_lb.m", "mode": "managed", "type": "aws_lb", "name": "m",
     "expressions": {"load_balancer_type": {"constant_value": "network"}}},
    {"address": "aws_lb_target_group.g", "mode": "managed", "type": "aws_lb_target_group", "name": "g",
     "expressions": {"port": {"constant_value": 50051}, "protocol": {"constant_value": "HTTP"},
        "protocol_version": {"references": ["var.v"]}, "health_check": [{"path": {"constant_value": "/x"}}]}},
    {"address": "aws_lb_listener.l", "mode": "managed", "type": "aws_lb_listener", "name": "l",
     "expressions": {"port": {"constant_value": 443}, "protocol": {"constant_value": "TLS"},
        "alpn_policy": {"references": ["var.alpn"]},
        "load_balancer_arn": {"references": ["aws_lb.m[0].arn", "aws_lb.m[0]", "aws_lb.m"]},
        "default_action": [{"type": {"constant_value": "forward"},
            "target_group_arn": {"references": ["aws_lb_target_group.g.arn", "aws_lb_target_group.g"]}}]}}],
    "outputs": {"o": {"expression": {"references": ["aws_lb_target_group.g.arn", "aws_lb_target_group.g"]}}}}"#;

#[test]
fn values_and_references() {
    let values = format!(r#"{{"resources": [{BALANCER}, {GROUP}, {LISTENER}]}}"#);
    let json = plan(&values, "[]", WRITTEN);
    check(&json, "aws_lb.m[0]", "Properties/Type", r#""network""#);
    // The provider filled it in.
    check(&json, "aws_lb.m[0]", "Properties/Scheme", "-");
    check(&json, "aws_lb_target_group.g", "Properties/ProtocolVersion", r#""GRPC""#);
    check(&json, "aws_lb_target_group.g", "Properties/HealthCheckPath", r#""/x""#);
    check(&json, "aws_lb_target_group.g", "Properties/HealthCheckEnabled", "-");
    check(&json, "aws_lb_target_group.g", "Effective/Matcher/GrpcCode", r#""12""#);
    check(&json, "aws_lb_target_group.g", "Exported", "true");
    check(&json, "aws_lb_listener.l", "Properties/LoadBalancerArn", "@aws_lb.m[0]");
    check(&json, "aws_lb_listener.l", "Properties/AlpnPolicy", "-");
    check(
        &json,
        "aws_lb_listener.l",
        "Properties/DefaultActions",
        r#"[{Type: "forward", TargetGroupArn: @aws_lb_target_group.g}]"#,
    );
}

#[test]
fn values_alone_leave_the_rest_open() {
    let root = format!(r#"{{"resources": [{GROUP}, {LISTENER}]}}"#);
    check(&root, "aws_lb_target_group.g", "Properties/ProtocolVersion", r#""GRPC""#);
    check(&root, "aws_lb_target_group.g", "Properties/Matcher", "?Expression");
    check(&root, "aws_lb_listener.l", "Properties/LoadBalancerArn", "?Computed");
    check(&root, "aws_lb_listener.l", "Properties/AlpnPolicy", "-");
    let keyed = r#"{"child_modules": {"module.a": {"resources": {"module.a.aws_lb_target_group.g":
        {"mode": "managed", "type": "aws_lb_target_group", "name": "g", "values": {"port": 1}}}}}}"#;
    check(keyed, "module.a.aws_lb_target_group.g", "Properties/Port", "1");
    with("x.json", keyed, |lowered| {
        let name = lowered.models[0].resources[0].name;
        assert_eq!(&keyed[name.range()], r#""module.a.aws_lb_target_group.g""#);
    });
}

#[test]
fn states_are_settled_and_joined_by_arn() {
    let json = r#"{"format_version": "1.0", "values": {"root_module": {"resources": [
        {"address": "aws_lb_target_group.g", "mode": "managed", "type": "aws_lb_target_group", "name": "g", "values": {"arn": "arn:aws:g", "port": 1}},
        {"address": "aws_lb_listener.l", "mode": "managed", "type": "aws_lb_listener", "name": "l",
         "values": {"default_action": [{"type": "forward", "target_group_arn": "arn:aws:g"}]}}]}}}"#;
    check(json, "aws_lb_listener.l", "Properties/DefaultActions/0/TargetGroupArn", "@aws_lb_target_group.g");
    check(json, "aws_lb_listener.l", "Properties/LoadBalancerArn", "-");
}

#[test]
fn references_through_modules() {
    let values = r#"{"child_modules": [
        {"address": "module.lb", "resources": [
            {"address": "module.lb.aws_lb_target_group.this[\"a\"]", "mode": "managed", "type": "aws_lb_target_group", "name": "this", "index": "a", "values": {}},
            {"address": "module.lb.aws_lb_target_group.this[\"b\"]", "mode": "managed", "type": "aws_lb_target_group", "name": "this", "index": "b", "values": {}},
            {"address": "module.lb.aws_lb_listener.l[\"b\"]", "mode": "managed", "type": "aws_lb_listener", "name": "l", "index": "b", "values": {"default_action": [{}]}}]},
        {"address": "module.app", "resources": [
            {"address": "module.app.aws_ecs_service.s", "mode": "managed", "type": "aws_ecs_service", "name": "s",
             "values": {"load_balancer": [{"container_name": "c", "container_port": 1}]}}]}]}"#;
    let configuration = |output: &str| {
        format!(
            r#"{{"module_calls": {{
            "lb": {{"module": {{"outputs": {{"group": {{"expression": {{"references": [{output}]}}}}}},
                "resources": [{{"mode": "managed", "type": "aws_lb_target_group", "name": "this", "expressions": {{}}}},
                    {{"mode": "managed", "type": "aws_lb_listener", "name": "l", "expressions": {{"default_action":
                        [{{"target_group_arn": {{"references": ["aws_lb_target_group.this", "each.key"]}}}}]}}}}]}}}},
            "app": {{"expressions": {{"tg": {{"references": ["module.lb.group", "module.lb"]}}}},
                "module": {{"resources": [{{"mode": "managed", "type": "aws_ecs_service", "name": "s", "expressions":
                    {{"load_balancer": [{{"container_name": {{}}, "container_port": {{}}, "target_group_arn": {{"references": ["var.tg"]}}}}]}}}}]}}}}}}}}"#
        )
    };
    let arn = "Properties/LoadBalancers/0/TargetGroupArn";
    let one = plan(
        values,
        "[]",
        &configuration(
            r#""aws_lb_target_group.this[\"a\"].arn", "aws_lb_target_group.this[\"a\"]", "aws_lb_target_group.this""#,
        ),
    );
    check(&one, "module.app.aws_ecs_service.s", arn, r#"@module.lb.aws_lb_target_group.this["a"]"#);
    let several = plan(values, "[]", &configuration(r#""aws_lb_target_group.this""#));
    check(&several, "module.app.aws_ecs_service.s", arn, "?Computed");
    let local = plan(values, "[]", &configuration(r#""local.x""#));
    check(&local, "module.app.aws_ecs_service.s", arn, "?Computed");
    check(
        &local,
        "module.lb.aws_lb_listener.l[\"b\"]",
        "Properties/DefaultActions/0/TargetGroupArn",
        r#"@module.lb.aws_lb_target_group.this["b"]"#,
    );
}

#[test]
fn dynamic_blocks_are_told_by_what_is_unknown() {
    let values = r#"{"resources": [{"address": "aws_ecs_service.s", "mode": "managed", "type": "aws_ecs_service", "name": "s",
        "values": {"load_balancer": [{"container_name": "c", "container_port": 1}]}}]}"#;
    let changes = r#"[{"address": "aws_ecs_service.s", "change": {"after_unknown": {"load_balancer": [{"target_group_arn": true}]}}}]"#;
    let configuration =
        r#"{"resources": [{"mode": "managed", "type": "aws_ecs_service", "name": "s", "expressions": {}}]}"#;
    let json = plan(values, changes, configuration);
    check(
        &json,
        "aws_ecs_service.s",
        "Properties/LoadBalancers",
        r#"[{TargetGroupArn: ?Computed, ContainerName: "c", ContainerPort: 1}]"#,
    );
}

#[test]
fn containers_and_changes() {
    let json = r#"{"format_version": "0.2", "resource_changes": [
        {"address": "aws_ecs_task_definition.t", "mode": "managed", "type": "aws_ecs_task_definition", "name": "t",
         "change": {"actions": ["create"], "after": {"family": "f", "container_definitions": "[{\"name\":\"c\",\"portMappings\":[{\"containerPort\":50051}]}]"}}},
        {"address": "aws_lb.gone", "mode": "managed", "type": "aws_lb", "name": "gone", "change": {"actions": ["delete"], "after": null}}]}"#;
    check(
        json,
        "aws_ecs_task_definition.t",
        "Properties/ContainerDefinitions",
        r#"[{Name: "c", PortMappings: [{ContainerPort: 50051}]}]"#,
    );
    check(json, "aws_lb.gone", "Type", "-");
}

#[test]
fn objects_of_kubernetes_keep_what_is_unknown() {
    let values = r#"{"resources": [{"address": "kubernetes_ingress_v1.i", "mode": "managed", "type": "kubernetes_ingress_v1", "name": "i",
        "values": {"metadata": [{"name": "orders", "annotations": {"alb.ingress.kubernetes.io/scheme": "internal"}}],
            "spec": [{"ingress_class_name": "alb", "rule": [{"host": null, "http": [{"path": [{"path": "/", "path_type": "Prefix",
                "backend": [{"service": [{"name": "orders", "port": [{"number": 50051}]}]}]}]}]}]}]}}]}"#;
    let changes = r#"[{"address": "kubernetes_ingress_v1.i", "change": {"after_unknown":
        {"metadata": [{"annotations": {"alb.ingress.kubernetes.io/certificate-arn": true}}]}}}]"#;
    with("plan.json", &plan(values, changes, "{}"), |lowered| {
        let model = &lowered.models[0];
        let annotations = "Properties/metadata/annotations";
        let found = property(model, "Ingress orders", annotations).expect("annotations");
        let keys = model.values.entries(found).iter().map(|entry| model.values.key_text(entry.key));
        assert_eq!(
            keys.collect::<Vec<_>>(),
            ["alb.ingress.kubernetes.io/scheme", "alb.ingress.kubernetes.io/certificate-arn"]
        );
        assert!(property(model, "Ingress orders -> orders:50051", "Type").is_some());
    });
}

#[test]
fn a_binding_refers_to_the_only_group_of_its_configuration() {
    let object = |name: &str, manifest: &str| {
        format!(
            r#"{{"address": "kubernetes_manifest.{name}", "mode": "managed", "type": "kubernetes_manifest", "name": "{name}",
                "values": {{"manifest": {manifest}}}}}"#
        )
    };
    let binding = object(
        "b",
        r#"{"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding", "metadata": {"name": "b"},
            "spec": {"serviceRef": {"name": "s", "port": 1}}}"#,
    );
    let service = object(
        "s",
        r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 1}]}}"#,
    );
    let changes = r#"[{"address": "kubernetes_manifest.b",
        "change": {"after_unknown": {"manifest": {"spec": {"targetGroupARN": true}}}}},
        {"address": "kubernetes_manifest.s", "change": {"after_unknown": {}}}]"#;
    let check = |references: &str, expected: &str| {
        let values = format!(r#"{{"resources": [{GROUP}, {binding}, {service}]}}"#);
        let written = format!(
            r#"{{"resources": [{{"address": "kubernetes_manifest.b", "mode": "managed", "type": "kubernetes_manifest", "name": "b",
                "expressions": {{"manifest": {{"references": [{references}]}}}}}},
                {{"address": "aws_lb_target_group.g", "mode": "managed", "type": "aws_lb_target_group", "name": "g", "expressions": {{}}}}]}}"#
        );
        check(&plan(&values, changes, &written), "aws_lb_target_group.g", "Links/Services/0/Type", expected);
    };
    check(r#""aws_lb_target_group.g.arn", "aws_lb_target_group.g""#, "\"Kubernetes::Service\"");
    check(r#""aws_lb_target_group.g.arn", "aws_lb_target_group.g", "local.port""#, "-");
    check(r#""var.arn""#, "-");
}
