//! Gateways and routes.

use super::*;

/// A Gateway with these listeners, a GRPCRoute to `orders:9000`, and what else is given.
fn gateway(listeners: &str, more: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge, namespace: web}}
spec:
  gatewayClassName: aws-alb
  listeners: [{listeners}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{name: orders, namespace: web}}
spec:
  parentRefs: [{{name: edge}}]
  rules:
  - matches: [{{method: {{service: a.Orders}}}}]
    backendRefs: [{{name: orders, port: 9000}}]
---
apiVersion: v1
kind: Service
metadata: {{name: orders, namespace: web}}
spec: {{selector: {{app: orders}}, ports: [{{port: 9000}}]}}
{more}"
    )
}

const HTTPS: &str = "{name: a, port: 443, protocol: HTTPS}";
const HTTP: &str = "{name: b, port: 80, protocol: HTTP}";
const GROUP_ID: &str = "GRPCRoute web/orders -> orders:9000";

fn config(spec: &str) -> String {
    format!(
        "---\napiVersion: gateway.k8s.aws/v1beta1\nkind: TargetGroupConfiguration\nmetadata: {{name: c, namespace: web}}\nspec:\n  targetReference: {{name: orders}}\n{spec}"
    )
}

#[test]
fn grpc_routes_make_grpc_groups() {
    let manifest = gateway(HTTPS, "");
    check(&manifest, GROUP_ID, "Properties/ProtocolVersion", "GRPC");
    check(&manifest, GROUP_ID, "Grpc/Level", "definite");
    let listener = "Gateway web/edge -> HTTPS:443";
    check(&manifest, listener, "Links/TargetGroups", &format!("[@{GROUP_ID}]"));
    check(&manifest, "GRPCRoute web/orders", "Links/Listeners", &format!("[@{listener}]"));
    let paths = "Properties/Conditions/0/PathPatternConfig/Values";
    check(&manifest, "Gateway web/edge -> HTTPS:443 rule 1", paths, "[/a.Orders/*]");
}

#[test]
fn http_listeners_take_no_grpc_route() {
    let manifest = gateway(HTTP, "");
    let listener = "Gateway web/edge -> HTTP:80";
    check(&manifest, listener, "Links/TargetGroups", "[]");
    check(&manifest, "GRPCRoute web/orders", "Links/Listeners", &format!("[@{listener}]"));
    check(&manifest, "GRPCRoute web/orders", "Refusals/0/Reason", "kind");
    let forced =
        gateway("{name: b, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}", "");
    check(&forced, "GRPCRoute web/orders -> orders:9000 over HTTP", "Properties/ProtocolVersion", "HTTP1");
}

#[test]
fn configurations_are_merged_field_by_field() {
    let version = config("  defaultConfiguration: {protocolVersion: HTTP1, targetType: ip}\n");
    let manifest = gateway(HTTPS, &version);
    check(&manifest, GROUP_ID, "Properties/ProtocolVersion", "HTTP1");
    check(&manifest, GROUP_ID, "Properties/Port", "9000");
    let of_route = config(
        "  defaultConfiguration: {healthCheckConfig: {healthCheckPath: /a, matcher: {grpcCode: '0'}}}\n  routeConfigurations:\n  - {routeIdentifier: {kind: GRPCRoute}, targetGroupProps: {healthCheckConfig: {matcher: {httpCode: '200'}}}}\n  - {routeIdentifier: {kind: GRPCRoute, namespace: web, name: other}, targetGroupProps: {protocol: HTTPS}}\n",
    );
    let manifest = gateway(HTTPS, &of_route);
    check(&manifest, GROUP_ID, "Properties/Matcher", "{HttpCode: 200}");
    check(&manifest, GROUP_ID, "Properties/HealthCheckPath", "absent");
    check(&manifest, GROUP_ID, "Properties/Protocol", "absent");
}

#[test]
fn other_gateways_give_evidence_only() {
    let manifest = gateway(HTTPS, "").replace("aws-alb", "istio");
    assert!(ids(&model(&manifest), GROUP).is_empty());
    check(&manifest, "pods of Service web/orders:9000", "Grpc/Level", "definite");
}

#[test]
fn sections_are_respected() {
    let manifest =
        gateway(&format!("{HTTPS}, {HTTP}"), "").replace("{name: edge}]", "{name: edge, sectionName: b}]");
    check(&manifest, "GRPCRoute web/orders", "Links/Listeners", "[@Gateway web/edge -> HTTP:80]");
    check(&manifest, "Gateway web/edge -> HTTPS:443", "Links/TargetGroups", "[]");
    let nowhere = manifest.replace("sectionName: b", "sectionName: c");
    check(&nowhere, "GRPCRoute web/orders", "Refusals/0/Reason", "section");
}

#[test]
fn refusals_of_routes() {
    let reason = |manifest: &str, expected: &str| {
        check(manifest, "GRPCRoute web/orders", "Refusals/0/Reason", expected);
    };
    let own = gateway(HTTPS, "").replace("{name: edge, namespace: web}", "{name: edge, namespace: infra}");
    let own = own.replace("parentRefs: [{name: edge}]", "parentRefs: [{name: edge, namespace: infra}]");
    reason(&own, "namespace");
    reason(
        &own.replace("protocol: HTTPS", "protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}"),
        "absent",
    );
    let host = |listener: &str, route: &str| {
        gateway(HTTPS, "")
            .replace("protocol: HTTPS", &format!("protocol: HTTPS, hostname: '{listener}'"))
            .replace("  rules:", &format!("  hostnames: ['{route}']\n  rules:"))
    };
    reason(&host("a.example.com", "b.example.com"), "hostname");
    reason(&host("*.example.com", "b.example.com"), "absent");
    reason(&host("b.example.com", "*.example.com"), "absent");
    reason(&host("*.example.com", "example.com"), "hostname");
    reason(&host("a.example.com", "${HOST}"), "absent");
}

#[test]
fn lattice_passes_nothing_through_to_http_routes() {
    let model = model(
        "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop}
spec:
  gatewayClassName: amazon-vpc-lattice
  listeners:
    - {name: https, protocol: HTTPS, port: 443}
    - {name: tls, protocol: TLS, port: 8443, tls: {mode: Passthrough}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: orders}
spec:
  parentRefs: [{name: shop}]
  rules: [{backendRefs: [{name: orders, kind: Service, port: 80}]}]
",
    );
    let listeners = ids(&model, "AWS::VpcLattice::Listener");
    assert_eq!(listeners, ["HTTPRoute orders -> HTTPS:443"]);
}
