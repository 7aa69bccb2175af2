//! What the AWS Gateway API Controller builds in VPC Lattice.

use super::*;

/// A GRPCRoute on a Gateway of Lattice, its Service, and something beside them.
fn route_and(beside: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: net, namespace: shop}}
spec:
  gatewayClassName: amazon-vpc-lattice
  listeners: [{{name: https, port: 443, protocol: HTTPS}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{name: orders, namespace: shop}}
spec:
  parentRefs: [{{name: net}}]
  rules: [{{backendRefs: [{{name: orders, port: 50051}}]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: orders, namespace: shop}}
spec: {{ports: [{{port: 50051}}]}}
---
apiVersion: application-networking.k8s.aws/v1alpha1
{beside}"
    )
}

const SERVICE: &str = "GRPCRoute shop/orders -> Lattice service";

#[test]
fn policies_lead_to_the_services_that_they_are_about() {
    let policy = |kind: &str, target: &str, namespace: &str| {
        route_and(&format!(
            "kind: {kind}\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {{targetRef: {{group: gateway.networking.k8s.io, {target}}}}}\n"
        ))
    };
    let (gateway, route) = ("kind: Gateway, name: net", "kind: GRPCRoute, name: orders");
    let linked = format!("[@{SERVICE}]");
    let check_links = |kind: &str, target: &str, namespace: &str, expected: &str| {
        let id = format!("{kind} {namespace}/p");
        check(&policy(kind, target, namespace), &id, "Links/LoadBalancers", expected);
    };
    check_links("VpcAssociationPolicy", gateway, "shop", &linked);
    check_links("VpcAssociationPolicy", gateway, "other", "[]");
    check_links("AccessLogPolicy", route, "shop", &linked);
    check(&policy("IAMAuthPolicy", route, "shop"), SERVICE, "Properties/AuthType", "AWS_IAM");
    // That of the network is another one than that of the service.
    check(&policy("IAMAuthPolicy", gateway, "shop"), SERVICE, "Properties/AuthType", "absent");
    check(&policy("IAMAuthPolicy", gateway, "shop"), SERVICE, "Effective/AuthType", "NONE");
}

#[test]
fn a_policy_whose_target_is_open_may_be_for_any_service() {
    let group = "GRPCRoute shop/orders -> orders:50051";
    let policy = |target: &str| {
        route_and(&format!(
            "kind: TargetGroupPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {{targetRef: {{{target}}}, healthCheck: {{enabled: true}}}}\n"
        ))
    };
    let enabled = "Properties/Config/HealthCheck/Enabled";
    check(&policy("kind: Service, name: orders"), group, enabled, "true");
    check(&policy("kind: Service, name: other"), group, "Properties/Config/HealthCheck", "absent");
    check(&policy("kind: Service, name: \"${NAME}\""), group, "Properties/Config/HealthCheck", "?Expression");
    check(&policy("kind: \"${KIND}\", name: orders"), group, "Properties/Config/HealthCheck", "?Expression");
    check(&policy("kind: Gateway, name: \"${NAME}\""), group, "Properties/Config/HealthCheck", "absent");
    check(&policy("kind: Service, name: \"${NAME}\""), group, "Properties/Config/ProtocolVersion", "GRPC");
}
