//! `AWS::ElasticLoadBalancingV2::TargetGroup`.
//!
//! Defaults: the CloudFormation resource reference and the ELBv2 API (`CreateTargetGroup`), the Terraform AWS
//! provider's `aws_lb_target_group`, and the AWS Load Balancer Controller's model builder.

use super::{AttributeRow, Cx, Fallback, Normal, Row, Seen, Table};
use crate::model::Platform;

/// The table.
pub(super) static TABLE: Table = Table {
    type_name: "AWS::ElasticLoadBalancingV2::TargetGroup",
    rows: &[
        Row { property: "TargetType", normal: Normal::Lower, default: target_type },
        Row { property: "Protocol", normal: Normal::Upper, default: protocol },
        Row { property: "ProtocolVersion", normal: Normal::Upper, default: protocol_version },
        Row { property: "Port", normal: Normal::Int, default: absent },
        Row { property: "Name", normal: Normal::Text, default: absent },
        Row { property: "IpAddressType", normal: Normal::Lower, default: |_| Fallback::Text("ipv4") },
        Row { property: "HealthCheckEnabled", normal: Normal::Bool, default: check_enabled },
        Row { property: "HealthCheckProtocol", normal: Normal::Upper, default: check_protocol },
        Row { property: "HealthCheckPath", normal: Normal::Text, default: check_path },
        Row {
            property: "HealthCheckPort",
            normal: Normal::IntOrText,
            default: |_| Fallback::Text("traffic-port"),
        },
        Row { property: "HealthCheckIntervalSeconds", normal: Normal::Int, default: interval },
        Row { property: "HealthCheckTimeoutSeconds", normal: Normal::Int, default: timeout },
        Row { property: "HealthyThresholdCount", normal: Normal::Int, default: healthy_threshold },
        Row { property: "UnhealthyThresholdCount", normal: Normal::Int, default: unhealthy_threshold },
        Row { property: "Matcher.GrpcCode", normal: Normal::Text, default: grpc_code },
        Row { property: "Matcher.HttpCode", normal: Normal::Text, default: http_code },
    ],
    ignored,
    attributes: Some((
        "TargetGroupAttributes",
        &[
            AttributeRow { key: "stickiness.enabled", normal: Normal::Bool, default: stickiness },
            AttributeRow { key: "stickiness.type", normal: Normal::Lower, default: stickiness_type },
            AttributeRow {
                key: "deregistration_delay.timeout_seconds",
                normal: Normal::Int,
                default: |_| Fallback::Int(300),
            },
            AttributeRow {
                key: "deregistration_delay.connection_termination.enabled",
                normal: Normal::Bool,
                default: |_| Fallback::Bool(false),
            },
            AttributeRow {
                key: "slow_start.duration_seconds",
                normal: Normal::Int,
                default: |_| Fallback::Int(0),
            },
            AttributeRow {
                key: "load_balancing.algorithm.type",
                normal: Normal::Lower,
                default: |_| Fallback::Text("round_robin"),
            },
            AttributeRow {
                key: "load_balancing.algorithm.anomaly_mitigation",
                normal: Normal::Lower,
                default: |_| Fallback::Text("off"),
            },
            AttributeRow {
                key: "load_balancing.cross_zone.enabled",
                normal: Normal::Lower,
                default: |_| Fallback::Text("use_load_balancer_configuration"),
            },
            AttributeRow {
                key: "proxy_protocol_v2.enabled",
                normal: Normal::Bool,
                default: |_| Fallback::Bool(false),
            },
            AttributeRow {
                key: "preserve_client_ip.enabled",
                normal: Normal::Bool,
                default: preserve_client_ip,
            },
        ],
    )),
};

/// The Terraform provider drops `protocol_version` unless the protocol is HTTP or HTTPS.
fn ignored(cx: &Cx<'_>, property: &str) -> bool {
    property == "ProtocolVersion"
        && cx.platform() == Platform::Terraform
        && matches!(cx.see("Protocol"), Seen::Text(protocol) if !is_http(protocol))
}

fn absent(_: &Cx<'_>) -> Fallback {
    Fallback::Absent
}

fn is_http(protocol: &str) -> bool {
    matches!(protocol, "HTTP" | "HTTPS")
}

fn target_type(cx: &Cx<'_>) -> Fallback {
    Fallback::Text(match cx.platform() {
        Platform::AutoMode | Platform::AutoModeService => "ip",
        _ => "instance",
    })
}

fn protocol(cx: &Cx<'_>) -> Fallback {
    match cx.platform() {
        Platform::Ingress | Platform::AutoMode | Platform::Gateway => Fallback::Text("HTTP"),
        Platform::Service | Platform::AutoModeService => Fallback::Text("TCP"),
        _ => Fallback::Absent,
    }
}

/// HTTP1 for HTTP and HTTPS; nothing for other protocols.
fn protocol_version(cx: &Cx<'_>) -> Fallback {
    match cx.see("Protocol") {
        Seen::Text(protocol) if is_http(protocol) && cx.see("TargetType") != Seen::Text("lambda") => {
            Fallback::Text("HTTP1")
        }
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn check_enabled(cx: &Cx<'_>) -> Fallback {
    match cx.see("TargetType") {
        Seen::Text("lambda") => Fallback::Bool(false),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Bool(true),
    }
}

/// The API checks HTTP and HTTPS groups over HTTP and others over TCP; a Terraform `health_check` block
/// without `protocol` means HTTP; the controller follows the group.
fn check_protocol(cx: &Cx<'_>) -> Fallback {
    match (cx.platform(), cx.see("Protocol")) {
        (_, Seen::Unknown) => Fallback::Unknown,
        (Platform::Terraform, _) if cx.has_block("health_check") => Fallback::Text("HTTP"),
        (Platform::Ingress | Platform::AutoMode | Platform::Gateway, Seen::Text("HTTPS")) => {
            Fallback::Text("HTTPS")
        }
        (_, Seen::Text(protocol)) if is_http(protocol) => Fallback::Text("HTTP"),
        (_, Seen::Text(_)) => Fallback::Text("TCP"),
        (_, Seen::Absent | Seen::Flag(_)) => Fallback::Absent,
    }
}

fn check_path(cx: &Cx<'_>) -> Fallback {
    match (cx.see("HealthCheckProtocol"), cx.see("ProtocolVersion")) {
        (Seen::Unknown, _) | (_, Seen::Unknown) => Fallback::Unknown,
        (Seen::Text(protocol), Seen::Text("GRPC")) if is_http(protocol) => {
            Fallback::Text("/AWS.ALB/healthcheck")
        }
        (Seen::Text(protocol), _) if is_http(protocol) => Fallback::Text("/"),
        _ => Fallback::Absent,
    }
}

fn interval(cx: &Cx<'_>) -> Fallback {
    Fallback::Int(match cx.platform() {
        Platform::Ingress | Platform::AutoMode | Platform::Gateway => 15,
        Platform::Service | Platform::AutoModeService => 10,
        _ => 30,
    })
}

fn timeout(cx: &Cx<'_>) -> Fallback {
    match (cx.platform(), cx.see("Protocol"), cx.see("HealthCheckProtocol")) {
        (Platform::Ingress | Platform::AutoMode | Platform::Gateway, ..) => Fallback::Int(5),
        (Platform::Service | Platform::AutoModeService, ..) => Fallback::Int(10),
        (_, Seen::Unknown, _) | (_, _, Seen::Unknown) => Fallback::Unknown,
        (_, Seen::Text(protocol), Seen::Text(check)) => Fallback::Int(match (is_http(protocol), check) {
            (true, "HTTPS") => 10,
            (true, _) => 5,
            (false, "HTTP") => 6,
            (false, _) => 10,
        }),
        _ => Fallback::Int(5),
    }
}

fn healthy_threshold(cx: &Cx<'_>) -> Fallback {
    Fallback::Int(match cx.platform() {
        Platform::Terraform | Platform::Gateway | Platform::Service | Platform::AutoModeService => 3,
        Platform::Ingress | Platform::AutoMode => 2,
        _ => 5,
    })
}

fn unhealthy_threshold(cx: &Cx<'_>) -> Fallback {
    Fallback::Int(match cx.platform() {
        Platform::Terraform | Platform::Gateway | Platform::Service | Platform::AutoModeService => 3,
        _ => 2,
    })
}

/// 12 (UNIMPLEMENTED), unless an HTTP matcher stands there, which the API refuses. On a Gateway the
/// controller does not read the HTTP matcher of a GRPC group.
fn grpc_code(cx: &Cx<'_>) -> Fallback {
    match cx.see("ProtocolVersion") {
        Seen::Text("GRPC") => match cx.written("Matcher.HttpCode") {
            Seen::Absent => Fallback::Text("12"),
            _ if cx.platform() == Platform::Gateway => Fallback::Text("12"),
            _ => Fallback::Absent,
        },
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn http_code(cx: &Cx<'_>) -> Fallback {
    let check_is_http = match cx.see("HealthCheckProtocol") {
        Seen::Text(protocol) => is_http(protocol),
        Seen::Unknown => return Fallback::Unknown,
        Seen::Absent | Seen::Flag(_) => false,
    };
    match (cx.see("ProtocolVersion"), cx.see("Protocol")) {
        (Seen::Text("GRPC"), _) => Fallback::Absent,
        (Seen::Unknown, _) | (_, Seen::Unknown) => Fallback::Unknown,
        _ if !check_is_http || cx.written("Matcher.GrpcCode") != Seen::Absent => Fallback::Absent,
        _ if matches!(cx.platform(), Platform::Service | Platform::AutoModeService | Platform::Gateway) => {
            Fallback::Text("200-399")
        }
        (_, Seen::Text(protocol)) if is_http(protocol) => Fallback::Text("200"),
        _ => Fallback::Text("200-399"),
    }
}

/// A Terraform `stickiness` block is on unless it says otherwise.
fn stickiness(cx: &Cx<'_>) -> Fallback {
    Fallback::Bool(cx.platform() == Platform::Terraform && cx.has_block("stickiness"))
}

fn stickiness_type(cx: &Cx<'_>) -> Fallback {
    match cx.see("Protocol") {
        Seen::Text(protocol) if is_http(protocol) => Fallback::Text("lb_cookie"),
        Seen::Text(_) => Fallback::Text("source_ip"),
        Seen::Unknown => Fallback::Unknown,
        Seen::Absent | Seen::Flag(_) => Fallback::Absent,
    }
}

fn preserve_client_ip(cx: &Cx<'_>) -> Fallback {
    match (cx.see("Protocol"), cx.see("TargetType")) {
        (Seen::Unknown, _) | (_, Seen::Unknown) => Fallback::Unknown,
        (Seen::Text("TCP" | "TLS"), Seen::Text("ip")) => Fallback::Bool(false),
        (Seen::Text("TCP" | "TLS" | "UDP" | "TCP_UDP"), _) => Fallback::Bool(true),
        _ => Fallback::Absent,
    }
}
