//! `AWS::VpcLattice::TargetGroup`, `Listener` and `Service`.
//!
//! Defaults: the VPC Lattice API reference (`CreateTargetGroup`, `HealthCheckConfig`, `CreateListener`), "Health checks for
//! your VPC Lattice target groups" of the guide, and the Terraform provider's `aws_vpclattice_target_group`.

use super::{Cx, Fallback, Normal, Row, Seen, Table};
use crate::model::Platform;

/// Target groups.
pub(super) static TARGET_GROUP: Table = Table {
    type_name: "AWS::VpcLattice::TargetGroup",
    rows: &[
        Row { property: "Type", normal: Normal::Upper, default: kind },
        Row { property: "Config.Protocol", normal: Normal::Upper, default: protocol },
        Row { property: "Config.ProtocolVersion", normal: Normal::Upper, default: protocol_version },
        Row { property: "Config.Port", normal: Normal::Int, default: absent },
        Row { property: "Config.HealthCheck.Enabled", normal: Normal::Bool, default: check_enabled },
        Row { property: "Config.HealthCheck.Protocol", normal: Normal::Upper, default: check_protocol },
        Row { property: "Config.HealthCheck.ProtocolVersion", normal: Normal::Upper, default: check_version },
        Row {
            property: "Config.HealthCheck.Path",
            normal: Normal::Text,
            default: |cx| checked(cx, Fallback::Text("/")),
        },
        Row { property: "Config.HealthCheck.Port", normal: Normal::Int, default: absent },
        Row {
            property: "Config.HealthCheck.Matcher.HttpCode",
            normal: Normal::Text,
            default: |cx| checked(cx, Fallback::Text("200")),
        },
        Row {
            property: "Config.HealthCheck.HealthCheckIntervalSeconds",
            normal: Normal::Int,
            default: |cx| checked(cx, Fallback::Int(30)),
        },
        Row {
            property: "Config.HealthCheck.HealthCheckTimeoutSeconds",
            normal: Normal::Int,
            default: |cx| checked(cx, Fallback::Int(5)),
        },
        Row {
            property: "Config.HealthCheck.HealthyThresholdCount",
            normal: Normal::Int,
            default: |cx| checked(cx, Fallback::Int(5)),
        },
        Row {
            property: "Config.HealthCheck.UnhealthyThresholdCount",
            normal: Normal::Int,
            default: |cx| checked(cx, Fallback::Int(2)),
        },
    ],
    ignored: |_, _| false,
    attributes: None,
};

/// Listeners.
pub(super) static LISTENER: Table = Table {
    type_name: "AWS::VpcLattice::Listener",
    rows: &[
        Row { property: "Protocol", normal: Normal::Upper, default: absent },
        Row { property: "Port", normal: Normal::Int, default: listener_port },
    ],
    ignored: |_, _| false,
    attributes: None,
};

/// Services, which are Lattice's load balancers.
pub(super) static SERVICE: Table = Table {
    type_name: "AWS::VpcLattice::Service",
    rows: &[
        Row { property: "CustomDomainName", normal: Normal::Text, default: absent },
        Row { property: "AuthType", normal: Normal::Upper, default: |_| Fallback::Text("NONE") },
        Row { property: "IdleTimeoutSeconds", normal: Normal::Int, default: |_| Fallback::Int(60) },
    ],
    ignored: |_, _| false,
    attributes: None,
};

fn absent(_: &Cx<'_>) -> Fallback {
    Fallback::Absent
}

/// The Lattice controller of Kubernetes registers pods by address.
fn kind(cx: &Cx<'_>) -> Fallback {
    if cx.platform() == Platform::Lattice { Fallback::Text("IP") } else { Fallback::Absent }
}

fn protocol(cx: &Cx<'_>) -> Fallback {
    match cx.see("Type") {
        Seen::Text("LAMBDA") => Fallback::Absent,
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Text("HTTP"),
    }
}

fn protocol_version(cx: &Cx<'_>) -> Fallback {
    match cx.see("Config.Protocol") {
        Seen::Text("HTTP" | "HTTPS") => Fallback::Text("HTTP1"),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

/// On for groups of HTTP1, off for all others; a Terraform `health_check` block switches it on.
fn check_enabled(cx: &Cx<'_>) -> Fallback {
    match (cx.see("Type"), cx.see("Config.ProtocolVersion")) {
        (Seen::Text("LAMBDA" | "ALB"), _) => Fallback::Bool(false),
        (Seen::Unknown, _) | (_, Seen::Unknown) => Fallback::Unknown,
        _ if cx.platform() == Platform::Terraform && cx.has_block("health_check") => Fallback::Bool(true),
        (_, Seen::Text("HTTP1")) => Fallback::Bool(true),
        _ => Fallback::Bool(false),
    }
}

/// What only a check that is on has.
fn checked(cx: &Cx<'_>, fallback: Fallback) -> Fallback {
    match cx.see("Config.HealthCheck.Enabled") {
        Seen::Flag(true) => fallback,
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn check_protocol(cx: &Cx<'_>) -> Fallback {
    match cx.see("Config.Protocol") {
        Seen::Text("HTTPS") => checked(cx, Fallback::Text("HTTPS")),
        Seen::Unknown => Fallback::Unknown,
        _ => checked(cx, Fallback::Text("HTTP")),
    }
}

/// A group of HTTP1 or HTTP2 is checked in its own version; there is no check in gRPC, and the Terraform provider asks for
/// HTTP1 then.
fn check_version(cx: &Cx<'_>) -> Fallback {
    match cx.see("Config.ProtocolVersion") {
        Seen::Text("HTTP2") => checked(cx, Fallback::Text("HTTP2")),
        Seen::Text("HTTP1") => checked(cx, Fallback::Text("HTTP1")),
        Seen::Text("GRPC") if cx.platform() == Platform::Terraform => checked(cx, Fallback::Text("HTTP1")),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn listener_port(cx: &Cx<'_>) -> Fallback {
    match cx.see("Protocol") {
        Seen::Text("HTTP") => Fallback::Int(80),
        Seen::Text("HTTPS" | "TLS_PASSTHROUGH") => Fallback::Int(443),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}
