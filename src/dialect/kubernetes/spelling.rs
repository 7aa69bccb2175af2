//! How AWS properties are written in manifests: for what an Ingress, a Service or a Gateway becomes.

use crate::dialect::tables;

/// The type, the property, and how it is written for an Ingress, a Service and a Gateway; empty where it is not.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const TG: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const LS: &str = "AWS::ElasticLoadBalancingV2::Listener";
const LB: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

const ROWS: [Row; 21] = [
    (TG, "Protocol", "backend-protocol", "", "protocol"),
    (TG, "ProtocolVersion", "backend-protocol-version", "", "protocolVersion"),
    (TG, "TargetType", "target-type", "nlb-target-type", "targetType"),
    (
        TG,
        "HealthCheckProtocol",
        "healthcheck-protocol",
        "healthcheck-protocol",
        "healthCheckConfig.healthCheckProtocol",
    ),
    (TG, "HealthCheckPath", "healthcheck-path", "healthcheck-path", "healthCheckConfig.healthCheckPath"),
    (TG, "HealthCheckPort", "healthcheck-port", "healthcheck-port", "healthCheckConfig.healthCheckPort"),
    (
        TG,
        "HealthCheckIntervalSeconds",
        "healthcheck-interval-seconds",
        "healthcheck-interval",
        "healthCheckConfig.healthCheckInterval",
    ),
    (
        TG,
        "HealthCheckTimeoutSeconds",
        "healthcheck-timeout-seconds",
        "healthcheck-timeout",
        "healthCheckConfig.healthCheckTimeout",
    ),
    (
        TG,
        "HealthyThresholdCount",
        "healthy-threshold-count",
        "healthcheck-healthy-threshold",
        "healthCheckConfig.healthyThresholdCount",
    ),
    (
        TG,
        "UnhealthyThresholdCount",
        "unhealthy-threshold-count",
        "healthcheck-unhealthy-threshold",
        "healthCheckConfig.unhealthyThresholdCount",
    ),
    (TG, "Matcher.GrpcCode", "success-codes", "", "healthCheckConfig.matcher.grpcCode"),
    (
        TG,
        "Matcher.HttpCode",
        "success-codes",
        "healthcheck-success-codes",
        "healthCheckConfig.matcher.httpCode",
    ),
    (
        TG,
        "TargetGroupAttributes",
        "target-group-attributes",
        "target-group-attributes",
        "targetGroupAttributes",
    ),
    (LB, "Scheme", "scheme", "scheme", "scheme"),
    (LB, "LoadBalancerAttributes", "load-balancer-attributes", "attributes", "loadBalancerAttributes"),
    (LS, "Certificates", "certificate-arn", "ssl-cert", "defaultCertificate"),
    (LS, "SslPolicy", "ssl-policy", "ssl-negotiation-policy", "sslPolicy"),
    (LS, "AlpnPolicy", "", "alpn-policy", "alpnPolicy"),
    (LS, "MutualAuthentication.Mode", "mutual-authentication", "", "mutualAuthentication.mode"),
    (LS, "ListenerAttributes", "listener-attributes", "listener-attributes", "listenerAttributes"),
    (LS, "Protocol", "", "", "protocol"),
];

/// How a property of an AWS type is written in the object of that kind (`Ingress`, `Service`, `Gateway`) that the resource
/// is built from. An attribute is asked for by its key alone: `stickiness.enabled`.
pub fn spelling(object: &str, aws_type: &str, property: &str) -> Option<String> {
    let of_type = || ROWS.iter().filter(|(own, ..)| *own == aws_type);
    if let Some(row) = of_type().find(|(_, own, ..)| *own == property) {
        return written(object, row);
    }
    let known = tables::table(aws_type).and_then(|table| table.attributes);
    known.filter(|(_, rows)| rows.iter().any(|row| row.key == property))?;
    let list = of_type().find(|(_, own, ..)| own.ends_with("Attributes"))?;
    // The place of both is told in one go, the words in backticks each.
    Some(format!("{property}` in `{}", written(object, list)?))
}

fn written(object: &str, (_, _, ingress, service, gateway): &Row) -> Option<String> {
    let (prefix, word) = match object {
        "Ingress" => (super::annotations::ALB, ingress),
        "Service" => (super::annotations::NLB, service),
        "Gateway" => ("", gateway),
        _ => return None,
    };
    (!word.is_empty()).then(|| format!("{prefix}{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_written_as_annotations_and_fields() {
        let check = |object: &str, aws_type: &str, property: &str, expected: Option<&str>| {
            assert_eq!(spelling(object, aws_type, property).as_deref(), expected, "{object} {property}");
        };
        check("Ingress", TG, "Matcher.GrpcCode", Some("alb.ingress.kubernetes.io/success-codes"));
        check("Gateway", TG, "Matcher.GrpcCode", Some("healthCheckConfig.matcher.grpcCode"));
        check("Service", TG, "Matcher.GrpcCode", None);
        let alpn = "service.beta.kubernetes.io/aws-load-balancer-alpn-policy";
        check("Service", LS, "AlpnPolicy", Some(alpn));
        let http2 = "routing.http2.enabled` in `alb.ingress.kubernetes.io/load-balancer-attributes";
        check("Ingress", LB, "routing.http2.enabled", Some(http2));
        check("Ingress", LB, "orders.v1.Orders", None);
        check("Ingress", TG, "GRPC", None);
        check("Lattice", TG, "Protocol", None);
    }
}
