//! Objects of the Kubernetes provider.

use super::*;

#[test]
fn objects_of_kubernetes() {
    let json = r#"{"variable": {"open": {}}, "resource": {
        "kubernetes_ingress_v1": {"i": {"metadata": {"name": "orders", "annotations": {
            "alb.ingress.kubernetes.io/backend-protocol-version": "GRPC", "alb.ingress.kubernetes.io/scheme": "${var.open}"}},
          "spec": [{"ingress_class_name": "alb", "rule": {"http": {"path": {"path": "/", "path_type": "Prefix",
            "backend": {"service": {"name": "orders", "port": {"number": 50051}}}}}}}]}},
        "kubernetes_manifest": {"m": {"manifest": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders"},
            "spec": {"ports": [{"port": 50051}]}}}}}}"#;
    with("main.tf.json", json, |lowered| {
        let model = &lowered.models[0];
        let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
        let version = property(model, "Ingress orders -> orders:50051", "Properties/ProtocolVersion");
        let version = version.unwrap_or_else(|| panic!("no version in {ids:?}"));
        assert_eq!(show(model, version), r#""GRPC""#);
        let span = model.values.place(version).span;
        assert_eq!(&json[span.range()], "GRPC");
        assert!(ids.contains(&"Service orders"), "{ids:?}");
    });
}

#[test]
fn bindings_put_services_behind_target_groups() {
    let check = |named: &str, expected: &str| {
        let json = format!(
            r#"{{"variable": {{"open": {{}}}}, "resource": {{
            "aws_lb_target_group": {{"orders": {{"name": "orders", "protocol": "HTTP", "target_type": "ip"}},
              "other": {{"protocol": "HTTP"}}}},
            "kubernetes_manifest": {{"b": {{"manifest": {{"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
              "metadata": {{"name": "b"}}, "spec": {{{named}, "serviceRef": {{"name": "orders", "port": 50051}}}}}}}},
              "s": {{"manifest": {{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "orders"}},
              "spec": {{"ports": [{{"port": 50051, "name": "grpc"}}]}}}}}}}}}}}}"#
        );
        with("main.tf.json", &json, |lowered| {
            let [model] = lowered.models.as_slice() else { panic!("{} models", lowered.models.len()) };
            let value = |id: &str, path: &str| property(model, id, path).map(|value| show(model, value));
            let level = value("aws_lb_target_group.orders", "Grpc/Level");
            assert_eq!(level.as_deref(), Some(expected), "{named}");
            let behind = value("aws_lb_target_group.orders", "Links/Services/0/Type");
            let is_bound = expected == "\"definite\"";
            assert_eq!(behind.as_deref(), is_bound.then_some("\"Kubernetes::Service\""), "{named}");
            assert_eq!(value("aws_lb_target_group.other", "Grpc/Level").as_deref(), Some("\"none\""));
        });
    };
    let (bound, free) = ("\"definite\"", "\"none\"");
    check(r#""targetGroupARN": "${aws_lb_target_group.orders.arn}""#, bound);
    check(r#""targetGroupARN": "${aws_lb_target_group.orders.id}""#, bound);
    check(r#""targetGroupName": "orders""#, bound);
    check(
        r#""targetGroupARN": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/orders/0123456789abcdef""#,
        bound,
    );
    check(r#""targetGroupName": "invoices""#, free);
    check(r#""targetGroupARN": "${var.open}""#, free);
}

#[test]
fn workloads_of_kubernetes() {
    let json = r#"{"resource": {"kubernetes_deployment_v1": {"d": {"metadata": {"name": "orders"}, "spec": {
        "selector": {"match_labels": {"app": "orders"}},
        "template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"container": [{"name": "server", "image": "x",
            "port": {"container_port": 50051, "name": "grpc"}, "readiness_probe": {"grpc": {"port": 50051}}}]}}}}},
        "kubernetes_service_v1": {"s": {"metadata": {"name": "orders"}, "spec": {"selector": {"app": "orders"},
            "port": [{"port": 50051, "target_port": "grpc"}], "type": "ClusterIP"}}}}}"#;
    with("main.tf.json", json, |lowered| {
        let model = &lowered.models[0];
        let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
        let port = model.resources.iter().find(|resource| resource.type_name == "Workload::Port");
        let port = port.unwrap_or_else(|| panic!("no port among {ids:?}"));
        let check = |id: &str, path: &str, expected: &str| {
            let found = property(model, id, path).map_or_else(|| "-".to_string(), |value| show(model, value));
            assert_eq!(found, expected, "{path} of {id}");
        };
        check(&port.id, "Grpc/Level", r#""definite""#);
        check(&port.id, "Probes/0/Speaks", r#""grpc""#);
        check("Service orders", "Links/Ports/0/Type", r#""Workload::Port""#);
    });
}
