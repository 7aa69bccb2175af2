//! `AWS::ElasticLoadBalancingV2::LoadBalancer`.
//!
//! Defaults: the ELBv2 API reference (`LoadBalancerAttribute`) and the controller's model builder.

use super::{AttributeRow, Cx, Fallback, Normal, Row, Seen, Table};
use crate::model::Platform;

/// The table.
pub(super) static TABLE: Table = Table {
    type_name: "AWS::ElasticLoadBalancingV2::LoadBalancer",
    rows: &[
        Row { property: "Type", normal: Normal::Lower, default: kind },
        Row { property: "Scheme", normal: Normal::Lower, default: scheme },
        Row { property: "Name", normal: Normal::Text, default: |_| Fallback::Absent },
        Row { property: "SecurityGroups", normal: Normal::List, default: |_| Fallback::Absent },
    ],
    ignored: |_, _| false,
    attributes: Some((
        "LoadBalancerAttributes",
        &[
            AttributeRow {
                key: "routing.http2.enabled",
                normal: Normal::Bool,
                default: |cx| application(cx, Fallback::Bool(true)),
            },
            AttributeRow {
                key: "idle_timeout.timeout_seconds",
                normal: Normal::Int,
                default: |cx| application(cx, Fallback::Int(60)),
            },
            AttributeRow {
                key: "client_keep_alive.seconds",
                normal: Normal::Int,
                default: |cx| application(cx, Fallback::Int(3600)),
            },
            AttributeRow {
                key: "routing.http.drop_invalid_header_fields.enabled",
                normal: Normal::Bool,
                default: |cx| application(cx, Fallback::Bool(false)),
            },
            AttributeRow {
                key: "load_balancing.cross_zone.enabled",
                normal: Normal::Bool,
                default: cross_zone,
            },
        ],
    )),
};

fn kind(cx: &Cx<'_>) -> Fallback {
    Fallback::Text(match cx.platform() {
        Platform::Service | Platform::AutoModeService => "network",
        _ => "application",
    })
}

fn scheme(cx: &Cx<'_>) -> Fallback {
    Fallback::Text(match cx.platform() {
        Platform::Ingress
        | Platform::Service
        | Platform::Gateway
        | Platform::AutoMode
        | Platform::AutoModeService => "internal",
        _ => "internet-facing",
    })
}

/// A default that only application load balancers have.
fn application(cx: &Cx<'_>, fallback: Fallback) -> Fallback {
    match cx.see("Type") {
        Seen::Text("application") => fallback,
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn cross_zone(cx: &Cx<'_>) -> Fallback {
    match cx.see("Type") {
        Seen::Text(kind) => Fallback::Bool(kind == "application"),
        _ => Fallback::Unknown,
    }
}
