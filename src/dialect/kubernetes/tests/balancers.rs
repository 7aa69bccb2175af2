//! Services of type LoadBalancer.

use super::*;
use crate::dialect::ControllerHint;
use crate::dialect::ControllerHint::{AutoMode, InTree};

fn balancer(annotations: &str, spec: &str) -> String {
    let lines: String = annotations
        .lines()
        .map(|line| format!("    service.beta.kubernetes.io/aws-load-balancer-{line}\n"))
        .collect();
    format!(
        "apiVersion: v1
kind: Service
metadata:
  name: orders
  annotations:
    example.com/owner: team
{lines}spec:
  type: LoadBalancer
{spec}  selector: {{app: orders}}
  ports:
  - {{name: grpc, port: 443, targetPort: 50051, nodePort: 30443}}
"
    )
}

#[test]
fn who_builds_a_load_balancer() {
    let built = |manifest: &str, hint: Option<ControllerHint>| {
        let model =
            model_of(&[manifest], &Platforms { controller: hint, ..Platforms::default() }).expect("a model");
        let kind = |kind: &str| ids(&model, kind).first().cloned();
        let id = kind(BALANCER).or_else(|| kind(CLASSIC))?;
        let resource = model.resources.iter().find(|resource| resource.id == id)?;
        let controller = find(&model, &id, "Source/Controller").map(|value| show(&model, value));
        Some(format!("{} {}", resource.type_name.rsplit("::").nth(1)?, controller?))
    };
    let network = Some("ElasticLoadBalancingV2 aws-load-balancer-controller".to_string());
    let in_tree = Some("ElasticLoadBalancingV2 cloud-provider-aws".to_string());
    let classic = Some("ElasticLoadBalancing cloud-provider-aws".to_string());
    let auto = Some("ElasticLoadBalancingV2 eks-auto-mode".to_string());
    assert_eq!(built(&balancer("", ""), None), network);
    assert_eq!(built(&balancer("", ""), Some(InTree)), classic);
    assert_eq!(built(&balancer("", ""), Some(AutoMode)), auto);
    assert_eq!(built(&balancer("type: external", ""), None), network);
    assert_eq!(built(&balancer("type: nlb-ip", ""), None), network);
    assert_eq!(built(&balancer("type: nlb", ""), None), in_tree);
    assert_eq!(built(&balancer("backend-protocol: http", ""), None), classic);
    assert_eq!(built(&balancer("type: classic", ""), None), classic);
    assert_eq!(built(&balancer("connection-idle-timeout: '60'", ""), None), classic);
    assert_eq!(built(&balancer("nlb-target-type: ip\nbackend-protocol: tcp", ""), None), network);
    assert_eq!(built(&balancer("", "  loadBalancerClass: service.k8s.aws/nlb\n"), None), network);
    assert_eq!(built(&balancer("", "  loadBalancerClass: eks.amazonaws.com/nlb\n"), None), auto);
    assert_eq!(built(&balancer("", "  loadBalancerClass: tailscale\n"), None), None);
    assert_eq!(built(&balancer("", "  loadBalancerIP: 10.0.0.1\n"), None), None);
    let google = balancer("", "").replace("example.com/owner: team", "cloud.google.com/neg: '{}'");
    assert_eq!(built(&google, None), None);
}

#[test]
fn network_load_balancers() {
    let group = "Service orders -> grpc";
    let listener = "Service orders -> listener grpc";
    let plain = balancer("", "");
    check(&plain, listener, "Properties/Protocol", "TCP");
    check(&plain, listener, "Links/TargetGroups", "[@Service orders -> grpc]");
    check(&plain, group, "Properties/Port", "30443");
    check(&plain, group, "Effective/HealthCheckProtocol", "TCP");
    check(&plain, group, "Grpc/Level", "definite");
    let tls = balancer("ssl-cert: arn:a\nalpn-policy: HTTP2Preferred\nbackend-protocol: ssl", "");
    check(&tls, listener, "Properties/Protocol", "TLS");
    check(&tls, listener, "Effective/AlpnPolicy", "HTTP2Preferred");
    check(&tls, group, "Properties/Protocol", "TLS");
    check(&balancer("ssl-cert: arn:a\nssl-ports: '80'", ""), listener, "Properties/Protocol", "TCP");
    check(&balancer("ssl-cert: arn:a\nssl-ports: '80,443'", ""), listener, "Properties/Protocol", "TLS");
    check(
        &balancer("ssl-cert: arn:a\nssl-ports: '*'\ntype: nlb", ""),
        listener,
        "Properties/Protocol",
        "TLS",
    );
    let ip = balancer("nlb-target-type: ip\nhealthcheck-protocol: http\nhealthcheck-path: /up", "");
    check(&ip, group, "Properties/Port", "50051");
    check(&ip, group, "Properties/HealthCheckProtocol", "HTTP");
    check(&ip, group, "Properties/HealthCheckPath", "/up");
    check(&balancer("healthcheck-path: /up", ""), group, "Properties/HealthCheckPath", "absent");
    let local = balancer("", "  externalTrafficPolicy: Local\n");
    check(&local, group, "Properties/HealthCheckProtocol", "HTTP");
    check(&local, group, "Properties/HealthCheckPort", "?Computed");
    let id = "Service orders -> load balancer";
    check(&balancer("internal: 'true'", ""), id, "Properties/Scheme", "internal");
    check(&balancer("scheme: internet-facing", ""), id, "Properties/Scheme", "internet-facing");
    check(&balancer("eip-allocations: eipalloc-1, eipalloc-2", ""), id, "Layer4Reasons", "[static-address]");
}

#[test]
fn network_group_attributes() {
    let key = "Effective/Attributes/proxy_protocol_v2.enabled";
    let group = "Service orders -> grpc";
    check(&balancer("target-group-attributes: proxy_protocol_v2.enabled=true", ""), group, key, "true");
    check(&balancer("target-group-attributes.80: proxy_protocol_v2.enabled=true", ""), group, key, "false");
    check(&balancer("target-group-attributes.443: proxy_protocol_v2.enabled=true", ""), group, key, "true");
    check(&balancer("proxy-protocol: '*'", ""), group, key, "true");
    let text =
        balancer("target-group-attributes: stickiness.enabled=true,proxy_protocol_v2.enabled=true", "");
    check_text(&text, group, "Properties/TargetGroupAttributes/1/Key", "proxy_protocol_v2.enabled");
}

#[test]
fn classic_load_balancers() {
    let id = "Service orders -> load balancer";
    let listener = "Properties/Listeners/0";
    let check = |annotations: &str, expected: &str| {
        let platforms = Platforms { controller: Some(InTree), ..Platforms::default() };
        let model = model_of(&[&balancer(annotations, "")], &platforms).expect("a model");
        check_in(&model, id, listener, &expected.replace("PODS", "pods of Service orders:50051"));
    };
    check(
        "",
        "{LoadBalancerPort: 443, InstancePort: 30443, Protocol: TCP, InstanceProtocol: TCP, Ports: [@PODS]}",
    );
    check(
        "backend-protocol: http",
        "{LoadBalancerPort: 443, InstancePort: 30443, Protocol: HTTP, InstanceProtocol: HTTP, Ports: [@PODS]}",
    );
    check(
        "backend-protocol: https\nssl-cert: arn:a",
        "{LoadBalancerPort: 443, InstancePort: 30443, Protocol: HTTPS, InstanceProtocol: HTTPS, SSLCertificateId: arn:a, Ports: [@PODS]}",
    );
    check(
        "backend-protocol: grpc\nssl-cert: arn:a",
        "{LoadBalancerPort: 443, InstancePort: 30443, Protocol: ?Invalid, InstanceProtocol: ?Invalid, SSLCertificateId: arn:a, Ports: [@PODS]}",
    );
}

#[test]
fn classic_listeners_are_judged_one_by_one() {
    let manifest = balancer("backend-protocol: tcp", "")
        .replace("  ports:\n", "  ports:\n  - {name: web, port: 80, targetPort: 8080}\n");
    let level = |listener: u8| format!("Effective/Listeners/{listener}/Grpc/Level");
    check(&manifest, "Service orders -> load balancer", &level(0), "none");
    check(&manifest, "Service orders -> load balancer", &level(1), "definite");
}
