//! Ingresses: layers of settings, listeners, rules, groups.

use super::*;

#[test]
fn annotations_are_merged_by_layer() {
    let key = "Properties/ProtocolVersion";
    check(&ingress_with("", ""), ORDERS, key, "absent");
    check(&ingress_with("backend-protocol-version: GRPC", ""), ORDERS, key, "GRPC");
    let both = ingress_with("backend-protocol-version: GRPC", "backend-protocol-version: 'HTTP1'");
    check(&both, ORDERS, key, "HTTP1");
    check_text(&both, ORDERS, key, "HTTP1");
    check(&ingress_with("backend-protocol-version: grpc", ""), ORDERS, key, "?Invalid");
    check(&ingress_with("backend-protocol: GRPC", ""), ORDERS, "Properties/Protocol", "?Invalid");
    check(&ingress_with("backend-protocol-version: '{{ .Values.v }}'", ""), ORDERS, key, "?Expression");
    check(&ingress_with("backend-protocol-version: ${VERSION}", ""), ORDERS, key, "?Expression");
    let block =
        ingress_with("backend-protocol-version: GRPC", "").replace("version: GRPC", "version: |\n      GRPC");
    check(&block, ORDERS, key, "GRPC");
    check(&ingress_with("backend-protocol-version:", ""), ORDERS, key, "absent");
}

#[test]
fn class_parameters_win_over_annotations() {
    let manifest = |params: &str| {
        format!(
            "{}---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: alb}}\nspec: {{controller: ingress.k8s.aws/alb, parameters: {{apiGroup: elbv2.k8s.aws, kind: IngressClassParams, name: p}}}}\n{params}",
            ingress_with("target-type: instance", "")
        )
    };
    let params = "---\napiVersion: elbv2.k8s.aws/v1beta1\nkind: IngressClassParams\nmetadata: {name: p}\nspec:\n  targetType: ip\n  certificateArn: [arn:a]\n";
    check(&manifest(params), ORDERS, "Properties/TargetType", "ip");
    check(&manifest(params), ORDERS, "Properties/Port", "9000");
    let https = "Ingress web/shop -> HTTPS:443";
    check(&manifest(params), https, "Properties/Certificates/0/CertificateArn", "arn:a");
    check(&manifest(""), ORDERS, "Properties/TargetType", "?Outside");
    assert!(ids(&model(&manifest("")), LISTENER).is_empty());
}

#[test]
fn health_checks() {
    let grpc = |more: &str| ingress_with(&format!("backend-protocol-version: GRPC\n{more}"), "");
    check(&grpc("success-codes: '0'"), ORDERS, "Properties/Matcher", "{GrpcCode: 0}");
    check_text(&grpc("success-codes: '0'"), ORDERS, "Properties/Matcher/GrpcCode", "0");
    check(&grpc("success-codes: 0"), ORDERS, "Properties/Matcher", "{GrpcCode: 0}");
    check(&ingress_with("success-codes: 200-399", ""), ORDERS, "Properties/Matcher", "{HttpCode: 200-399}");
    let invalid = ingress_with("backend-protocol-version: grpc\nsuccess-codes: '0'", "");
    check(&invalid, ORDERS, "Properties/Matcher", "?Invalid");
    check(&grpc("healthcheck-path: /a.B/C"), ORDERS, "Properties/HealthCheckPath", "/a.B/C");
    check(&grpc("healthcheck-interval-seconds: '15'"), ORDERS, "Properties/HealthCheckIntervalSeconds", "15");
    check(
        &grpc("healthcheck-interval-seconds: 15s"),
        ORDERS,
        "Properties/HealthCheckIntervalSeconds",
        "?Invalid",
    );
    check(&grpc("healthcheck-protocol: TCP"), ORDERS, "Properties/HealthCheckProtocol", "TCP");
    check(&grpc("healthcheck-protocol: http"), ORDERS, "Properties/HealthCheckProtocol", "?Invalid");
}

#[test]
fn health_check_ports() {
    let port = |more: &str| ingress_with(&format!("healthcheck-port: {more}"), "");
    let key = "Properties/HealthCheckPort";
    check(&port("traffic-port"), ORDERS, key, "traffic-port");
    check(&port("'8080'"), ORDERS, key, "8080");
    check(&port("admin"), ORDERS, key, "30081");
    check(&port("admin\ntarget-type: ip"), ORDERS, key, "9001");
    check(&port("api"), ORDERS, key, "?Computed");
    check(&port("nothing"), ORDERS, key, "?Invalid");
    let pods = "pods of Service web/orders";
    check(&port("admin"), ORDERS, "Links/HealthCheckPorts", &format!("[@{pods}:9001]"));
    check(&port("'30081'"), ORDERS, "Links/HealthCheckPorts", &format!("[@{pods}:9001]"));
    check(&port("traffic-port"), ORDERS, "Links/HealthCheckPorts", &format!("[@{pods}:9000]"));
    check(&port("'8080'"), ORDERS, "Links/HealthCheckPorts", "[]");
}

#[test]
fn listeners() {
    let listeners = |annotations: &str| ids(&model(&ingress_with(annotations, "")), LISTENER);
    assert_eq!(listeners(""), ["Ingress web/shop -> HTTP:80"]);
    assert_eq!(listeners("certificate-arn: arn:a"), ["Ingress web/shop -> HTTPS:443"]);
    let both = "listen-ports: '[{\"HTTP\": 80}, {\"HTTPS\": 8443}]'";
    assert_eq!(listeners(both), ["Ingress web/shop -> HTTP:80", "Ingress web/shop -> HTTPS:8443"]);
    let unquoted = "listen-ports: [{\"HTTP\": 80}, {\"HTTPS\": 8443}]";
    assert_eq!(listeners(unquoted).len(), 2);
    for refused in [
        "'[]'",
        "'[{\"https\": 443}]'",
        "'[{\"HTTP\": \"80\"}]'",
        "'[{\"HTTP\":80},{\"HTTPS\":80}]'",
        "nonsense",
    ] {
        assert!(listeners(&format!("listen-ports: {refused}")).is_empty(), "{refused}");
    }
    let https = "Ingress web/shop -> HTTPS:8443";
    check(&ingress_with(both, ""), https, "Properties/Certificates", "?Computed");
    check_text(&ingress_with(both, ""), https, "Properties/Protocol", "HTTPS");
    check_text(&ingress_with(both, ""), https, "Properties/Port", "8443");
    let group = "Links/TargetGroups";
    check(&ingress_with(both, ""), "Ingress web/shop -> HTTP:80", group, &format!("[@{ORDERS}]"));
    let redirected = ingress_with(&format!("{both}\nssl-redirect: '8443'"), "");
    check(&redirected, "Ingress web/shop -> HTTP:80", group, "[]");
    check(&redirected, https, group, &format!("[@{ORDERS}]"));
}

#[test]
fn certificates_without_hosts_are_absent() {
    let manifest = ingress_with("listen-ports: '[{\"HTTPS\": 443}]'", "")
        .replace("  - host: shop.example.com\n    http:", "  - http:");
    check(&manifest, "Ingress web/shop -> HTTPS:443", "Properties/Certificates", "absent");
    let tls = manifest.replace("  rules:", "  tls: [{hosts: [a.example.com]}]\n  rules:");
    check(&tls, "Ingress web/shop -> HTTPS:443", "Properties/Certificates", "?Computed");
}

#[test]
fn legacy_redirect_takes_the_rest_of_the_http_listener() {
    let manifest = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    kubernetes.io/ingress.class: alb
    alb.ingress.kubernetes.io/listen-ports: '[{\"HTTP\": 80}, {\"HTTPS\": 443}]'
    alb.ingress.kubernetes.io/actions.ssl-redirect: '{\"Type\": \"redirect\", \"RedirectConfig\": {\"Protocol\": \"HTTPS\", \"Port\": \"443\", \"StatusCode\": \"HTTP_301\"}}'
spec:
  rules:
  - http:
      paths:
      - {path: /*, backend: {serviceName: ssl-redirect, servicePort: use-annotation}}
      - {path: /*, backend: {serviceName: orders, servicePort: 50051}}
";
    check(manifest, "Ingress shop -> HTTP:80", "Links/TargetGroups", "[]");
    check(manifest, "Ingress shop -> HTTPS:443", "Links/TargetGroups", "[@Ingress shop -> orders:50051]");
    assert!(find(&model(manifest), "Ingress shop -> HTTP:80 rule 2", "Type").is_none());
}

#[test]
fn paths_become_patterns() {
    let pattern = |path: &str, kind: &str, expected: &str| {
        let manifest = ingress_with("", "").replace(
            "      - path: /\n        pathType: Prefix\n",
            &format!("      - path: {path}\n        pathType: {kind}\n"),
        );
        let rule = "Ingress web/shop -> HTTP:80 rule 1";
        check(&manifest, rule, "Properties/Conditions/1/PathPatternConfig/Values", expected);
    };
    pattern("/", "Prefix", "[/*]");
    pattern("/a.B", "Prefix", "[/a.B, /a.B/*]");
    pattern("/a.B/*", "Prefix", "[?Invalid]");
    pattern("/a.B/Get", "Exact", "[/a.B/Get]");
    pattern("/", "ImplementationSpecific", "[/]");
}

#[test]
fn longer_prefixes_come_first() {
    let manifest = ingress_with("", "").replace(
        "      - path: /\n",
        "      - {path: /a, pathType: ImplementationSpecific, backend: {service: {name: x, port: {number: 1}}}}\n      - path: /\n",
    );
    let action = |rule: u8| format!("Ingress web/shop -> HTTP:80 rule {rule}");
    check(&manifest, &action(1), "Properties/Actions/0/TargetGroupArn", &format!("@{ORDERS}"));
    check(&manifest, &action(2), "Properties/Actions/0/TargetGroupArn", "@Ingress web/shop -> x:1");
}

#[test]
fn groups_share_a_load_balancer() {
    let member = |name: &str, more: &str| {
        ingress_with(&format!("group.name: shared\n{more}"), "")
            .replace("name: shop", &format!("name: {name}"))
    };
    let one = member("one", "ssl-redirect: '443'\nlisten-ports: '[{\"HTTPS\":443}]'");
    let two = member("two", "listen-ports: '[{\"HTTP\":80},{\"HTTPS\":443}]'");
    let model = model_of(&[&one, &two.replace("orders", "bills")], &Platforms::default()).expect("a model");
    assert_eq!(ids(&model, BALANCER), ["IngressGroup shared -> load balancer"]);
    check_in(&model, "IngressGroup shared -> HTTP:80", "Links/TargetGroups", "[]");
    let groups = "[@Ingress web/one -> orders:80, @Ingress web/two -> bills:80]";
    check_in(&model, "IngressGroup shared -> HTTPS:443", "Links/TargetGroups", groups);
}

#[test]
fn weighted_actions() {
    let manifest = ingress_with(
        "actions.split: '{\"type\":\"forward\",\"forwardConfig\":{\"targetGroups\":[{\"serviceName\":\"orders\",\"servicePort\":\"80\",\"weight\":9},{\"targetGroupARN\":\"arn:x\",\"weight\":1}]}}'",
        "",
    )
    .replace("{name: orders, port: {number: 80}}", "{name: split, port: {name: use-annotation}}");
    let rule = "Ingress web/shop -> HTTP:80 rule 1";
    let targets = "Properties/Actions/0/ForwardConfig/TargetGroups";
    check(
        &manifest,
        rule,
        targets,
        &format!("[{{TargetGroupArn: @{ORDERS}, Weight: 9}}, {{TargetGroupArn: ?Outside, Weight: 1}}]"),
    );
    check(&manifest, ORDERS, "Links/Services", "[@Service web/orders]");
}

#[test]
fn other_classes_are_left_alone() {
    let count = |manifest: &str| ids(&model(manifest), GROUP).len();
    let manifest = ingress_with("scheme: internal", "");
    assert_eq!(count(&manifest), 1);
    assert_eq!(count(&manifest.replace("ingressClassName: alb", "ingressClassName: nginx")), 0);
    assert_eq!(count(&manifest.replace("ingressClassName: alb", "ingressClassName: internal-alb")), 1);
    assert_eq!(count(&manifest.replace("  ingressClassName: alb\n", "")), 1);
    let class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: alb}\nspec: {controller: k8s.io/ingress-nginx}\n";
    assert_eq!(count(&format!("{manifest}{class}")), 0);
    let auto = class.replace("k8s.io/ingress-nginx", "eks.amazonaws.com/alb");
    let auto = format!("{manifest}{auto}");
    assert_eq!(count(&auto), 1);
    check(&auto, ORDERS, "Effective/TargetType", "ip");
    check(&auto, ORDERS, "Source/Controller", "eks-auto-mode");
}

#[test]
fn twins_share_a_port() {
    let manifest = format!(
        "{}---\napiVersion: v1\nkind: Service\nmetadata:\n  name: orders-grpc\n  namespace: web\n  annotations: {{alb.ingress.kubernetes.io/backend-protocol-version: GRPC}}\nspec:\n  selector: {{app: orders}}\n  ports: [{{port: 80, targetPort: 9000}}]\n",
        ingress_with("", "").replace(
            "      - path: /\n",
            "      - {path: /a.B, pathType: Prefix, backend: {service: {name: orders-grpc, port: {number: 80}}}}\n      - path: /\n",
        )
    );
    check(&manifest, ORDERS, "Links/Twins", "[@Ingress web/shop -> orders-grpc:80]");
}

#[test]
fn nginx_passes_grpc_on() {
    let manifest = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, annotations: {nginx.ingress.kubernetes.io/backend-protocol: GRPC}}
spec:
  ingressClassName: nginx
  rules: [{http: {paths: [{backend: {service: {name: bills, port: {name: api}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: bills}
spec: {selector: {app: bills}, ports: [{name: api, port: 80}]}
";
    check(manifest, "pods of Service bills:80", "Grpc/Level", "definite");
    check(manifest, "pods of Service bills:80", "Tls/State", "plaintext");
}

#[test]
fn copies_in_several_files_are_not_mixed() {
    let base = ingress_with("", "backend-protocol-version: HTTP1");
    let overlay = "apiVersion: v1\nkind: Service\nmetadata: {name: orders, namespace: web, annotations: {alb.ingress.kubernetes.io/backend-protocol-version: GRPC}}\nspec: {ports: [{port: 80}]}\n";
    // The copy of the same file is meant.
    let model = model_of(&[&base, overlay], &Platforms::default()).expect("a model");
    check_in(&model, ORDERS, "Properties/ProtocolVersion", "HTTP1");
    // Of two elsewhere, none is.
    let (ingress, service) = base.split_once("---\n").expect("two documents");
    let model = model_of(&[ingress, service, overlay], &Platforms::default()).expect("a model");
    check_in(&model, ORDERS, "Properties/ProtocolVersion", "?Outside");
    check_in(&model, ORDERS, "Links/Services", "[?Outside]");
}

#[test]
fn namespaces_meet_only_when_clear() {
    let ingress =
        ingress_with("", "").split_once("---\n").expect("two documents").0.replace("  namespace: web\n", "");
    let service = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: orders, namespace: {namespace}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    };
    let id = "Ingress shop -> orders:80";
    let model = model_of(&[&ingress, &service("a")], &Platforms::default()).expect("a model");
    check_in(&model, id, "Links/Services", "[@Service a/orders]");
    let model = model_of(&[&ingress, &service("a"), &service("b")], &Platforms::default()).expect("a model");
    check_in(&model, id, "Links/Services", "[?Outside]");
}

#[test]
fn unknown_reasons_are_as_documented() {
    let model = model(&ingress_with("backend-protocol-version: grpc", ""));
    let value = find(&model, ORDERS, "Properties/ProtocolVersion").expect("a value");
    assert!(matches!(model.values.data(value), Data::Unknown(Unknown::Invalid)));
}

#[test]
fn what_may_stand_elsewhere_is_left_open() {
    let both = "listen-ports: '[{\"HTTP\": 80}, {\"HTTPS\": 443}]'";
    // Another member of the group may redirect.
    let member = ingress_with(&format!("group.name: shared\n{both}"), "");
    check(&member, "IngressGroup shared -> HTTP:80", "Links/TargetGroups", "[]");
    check(&member, "IngressGroup shared -> HTTPS:443", "Links/TargetGroups", &format!("[@{ORDERS}]"));
    // The class may bring a certificate.
    let class =
        ingress_with("scheme: internal", "").replace("ingressClassName: alb", "ingressClassName: edge");
    assert!(ids(&model(&class), LISTENER).is_empty());
    check(&class, ORDERS, "Properties/TargetType", "?Outside");
    check(&class.replace("scheme: internal", "target-type: ip"), ORDERS, "Properties/TargetType", "ip");
    // A patch routes nothing.
    let patch = ingress_with(both, "");
    let patch = &patch[..patch.find("  rules:").expect("rules")];
    assert!(ids(&model(patch), LISTENER).is_empty());
}

#[test]
fn ports_of_two_minds() {
    let manifest = ingress_with("", "").replace(
        "  - {name: api, port: 80, targetPort: 9000}\n",
        "  - {name: http, port: 80, targetPort: 9000}\n  - {name: grpc, port: 82, targetPort: 9000}\n",
    );
    check(&manifest, ORDERS, "Grpc/Level", "none");
}

#[test]
fn redirects_lead_to_https() {
    let refusals = |annotations: &str, expected: &str| {
        check(&ingress_with(annotations, ""), "Ingress web/shop", "Refusals", expected);
    };
    let both = "listen-ports: '[{\"HTTP\": 80}, {\"HTTPS\": 443}]'";
    refusals("", "[]");
    refusals(&format!("{both}\nssl-redirect: '443'"), "[]");
    refusals(&format!("{both}\nssl-redirect: '80'"), "[{Reason: ssl-redirect, Text: port 80 is not HTTPS}]");
    refusals("ssl-redirect: '443'", "[{Reason: ssl-redirect, Text: nothing listens on port 443}]");
    refusals(&format!("{both}\nssl-redirect: '${{PORT}}'"), "[]");
}
