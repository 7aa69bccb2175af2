//! Pods: ports, probes, evidence.

use super::*;

#[test]
fn ports_of_workloads() {
    let port = "Deployment shop/orders:9000";
    let named = "ports: [{name: api, containerPort: 9000}, {containerPort: 53, protocol: UDP}]";
    check(&deployment(named), port, "Properties", "{Number: 9000, Name: api, Container: main}");
    check(&deployment(named), "Service shop/orders", "Links/Ports", &format!("[@{port}]"));
    check(&deployment(named), "Service shop/orders", "Links/Workloads", "[@Deployment shop/orders]");
    let model = model(&deployment(named));
    assert_eq!(ids(&model, "Workload::Port"), [port]);
    check(&deployment("image: nginx"), "Service shop/orders", "Links/Ports", "[]");
    let unnamed = deployment("image: a").replace("targetPort: api", "targetPort: 9000");
    check(&unnamed, "Service shop/orders", "Links/Ports", &format!("[@{port}]"));
    let elsewhere = deployment(named).replace("selector: {app: orders}", "selector: {app: other}");
    check(&elsewhere, "Service shop/orders", "Links/Workloads", "[?Outside]");
}

#[test]
fn probes_are_read() {
    let port = "Deployment shop/orders:9000";
    let with = |probe: &str| deployment(&format!("ports: [{{name: api, containerPort: 9000}}]\n{probe}"));
    let grpc = with("readinessProbe: {grpc: {port: 9000}}");
    check(&grpc, port, "Probes/0", "{Role: readiness, Speaks: grpc}");
    check(&grpc, port, "Grpc/Level", "definite");
    check(&grpc, port, "Tls/State", "plaintext");
    check(&with("livenessProbe: {httpGet: {port: api}}"), port, "Probes/0", "{Role: liveness, Speaks: http}");
    check(&with("startupProbe: {tcpSocket: {port: 9000}}"), port, "Probes/0", "{Role: startup, Speaks: tcp}");
    let exec = with("readinessProbe: {exec: {command: [grpc_health_probe, '-addr=:9000', -tls]}}");
    check(&exec, port, "Probes/0", "{Role: readiness, Speaks: grpc, Native: false}");
    check(&exec, port, "Tls/State", "tls");
    check(
        &with("readinessProbe: {exec: {command: [cat, x]}}"),
        port,
        "Probes/0",
        "{Role: readiness, Speaks: command}",
    );
    let problem = "Probes/0/Problem";
    check(&with("readinessProbe: {grpc: {port: api}}"), port, problem, "named-port");
    check(&with("readinessProbe: {grpc: {service: a}}"), port, problem, "missing-port");
    check(
        &with("readinessProbe: {grpc: {port: 9000}, httpGet: {port: 9000}}"),
        port,
        problem,
        "several-handlers",
    );
    check(
        &with("readinessProbe: {grpc: {port: 9100}}"),
        "Deployment shop/orders:9100",
        "Grpc/Level",
        "definite",
    );
}

#[test]
fn evidence_of_containers() {
    let port = "Deployment shop/orders:9000";
    let level = |container: &str, expected: &str| {
        check(&deployment(container), port, "Grpc/Level", expected);
    };
    level("ports: [{name: api, containerPort: 9000}]", "none");
    level("ports: [{name: grpc, containerPort: 9000}]", "definite");
    level("ports: [{name: grpc-metrics, containerPort: 9000}]", "none");
    level("ports: [{name: api, containerPort: 9000}]\nenv: [{name: GRPC_PORT, value: '9000'}]", "likely");
    level("ports: [{name: api, containerPort: 9000}]\nargs: ['--grpc-port=9000']", "likely");
    level("ports: [{name: api, containerPort: 9000}]\nargs: ['--grpc-port', '9000']", "likely");
    level(
        "ports: [{name: api, containerPort: 9000}]\nenv: [{name: ORDERS_GRPC_ENDPOINT, value: 'x:9000'}]",
        "none",
    );
    level("image: acme/orders-grpc:1\nports: [{name: api, containerPort: 9000}]", "likely");
    level("image: acme/orders-grpc:1\nports: [{name: http, containerPort: 9000}]", "none");
    // The name of the image speaks for the port with a better sign, not for its neighbour.
    level(
        "image: acme/orders-grpc:1\nports: [{name: api, containerPort: 9000}, {containerPort: 50051}]",
        "none",
    );
}

#[test]
fn evidence_of_tls() {
    let port = "Deployment shop/orders:9000";
    let state = |container: &str, expected: &str| {
        check(
            &deployment(&format!("ports: [{{name: api, containerPort: 9000}}]\n{container}")),
            port,
            "Tls/State",
            expected,
        );
    };
    state("image: a", "unsettled");
    state("args: ['--tls-cert=/certs/tls.crt']", "tls");
    state("env: [{name: ORDERS_INSECURE, value: 'true'}]", "plaintext");
    let mounted =
        deployment("ports: [{name: api, containerPort: 9000}]\nvolumeMounts: [{name: certs, mountPath: /c}]")
            .replace(
                "      containers:",
                "      volumes: [{name: certs, secret: {secretName: orders-tls}}]\n      containers:",
            );
    check(&mounted, port, "Tls/State", "tls");
}

#[test]
fn draining() {
    let workload = "Deployment shop/orders";
    let hook = |hook: &str| deployment(&format!("lifecycle: {{preStop: {hook}}}"));
    check(&deployment("image: a"), workload, "Drain", "{GraceSeconds: 30}");
    let drain = "{PreStopSeconds: 15, GraceSeconds: 30}";
    check(&hook("{sleep: {seconds: 15}}"), workload, "Drain", drain);
    check(&hook("{exec: {command: [/bin/sh, -c, 'sleep 15 && nginx -s quit']}}"), workload, "Drain", drain);
    check(&hook("{exec: {command: [drain]}}"), workload, "Drain/PreStopSeconds", "?Expression");
}

#[test]
fn what_a_service_misses() {
    let missing = "Missing";
    let there = deployment("ports: [{name: api, containerPort: 1}]");
    check(&there, "Service shop/orders", missing, "[]");
    let other = deployment("ports: [{name: http, containerPort: 1}]");
    check(&other, "Service shop/orders", missing, "[{Kind: target-port, Name: api, Suggestion: http}]");
    let template = deployment("ports: [{name: '{{ x }}', containerPort: 1}]");
    check(&template, "Service shop/orders", missing, "[]");
}

#[test]
fn meshes() {
    let namespace =
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n";
    check(&format!("{}{namespace}", deployment("image: a")), "Deployment shop/orders", "Mesh/Name", "istio");
    check(&deployment("image: a"), "Deployment shop/orders", "Mesh", "absent");
}

#[test]
fn ways_in_and_scalers() {
    let manifest = format!(
        "{}---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: h, namespace: shop}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: orders}}}}\n",
        deployment("ports: [{name: api, containerPort: 9000}]")
            .replace("  selector: {app: orders}", "  type: LoadBalancer\n  selector: {app: orders}")
    );
    check(&manifest, "Deployment shop/orders:9000", "Entries", "[layer4]");
    check(&manifest, "Deployment shop/orders", "Links/Ports", "[@Deployment shop/orders:9000]");
    check(&manifest, "HorizontalPodAutoscaler shop/h", "Links/Workloads", "[@Deployment shop/orders]");
}

#[test]
fn disruption_budgets_lead_to_the_workloads_that_they_keep() {
    let budget = |selector: &str| {
        format!(
            "{}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: b, namespace: shop}}\nspec: {{maxUnavailable: 1, selector: {selector}}}\n",
            deployment("ports: [{containerPort: 9000}]")
        )
    };
    let check = |selector: &str, expected: &str| {
        check(&budget(selector), "PodDisruptionBudget shop/b", "Links/Workloads", expected);
    };
    check("{matchLabels: {app: orders}}", "[@Deployment shop/orders]");
    check("{matchLabels: {app: other}}", "[?Outside]");
    check("{matchLabels: {app: '{{ x }}'}}", "[?Outside]");
    check("{matchExpressions: [{key: app, operator: Exists}]}", "[?Outside]");
}
