//! `AWS::ElasticLoadBalancingV2::Listener`.
//!
//! Defaults: the ELBv2 API reference (`CreateListener`, `ListenerAttribute`) and the Terraform provider.

use super::{AttributeRow, Cx, Fallback, Normal, Row, Seen, Table};

/// The table.
pub(super) static TABLE: Table = Table {
    type_name: "AWS::ElasticLoadBalancingV2::Listener",
    rows: &[
        Row { property: "Port", normal: Normal::Int, default: |_| Fallback::Absent },
        Row { property: "Protocol", normal: Normal::Upper, default: |_| Fallback::Absent },
        Row { property: "SslPolicy", normal: Normal::Text, default: ssl_policy },
        Row { property: "AlpnPolicy", normal: Normal::First, default: alpn_policy },
        Row { property: "MutualAuthentication.Mode", normal: Normal::Lower, default: |_| Fallback::Absent },
    ],
    ignored: |_, _| false,
    attributes: Some((
        "ListenerAttributes",
        &[AttributeRow { key: "tcp.idle_timeout.seconds", normal: Normal::Int, default: tcp_idle }],
    )),
};

fn ssl_policy(cx: &Cx<'_>) -> Fallback {
    match cx.see("Protocol") {
        Seen::Text("HTTPS" | "TLS") => Fallback::Text("ELBSecurityPolicy-2016-08"),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn alpn_policy(cx: &Cx<'_>) -> Fallback {
    match cx.see("Protocol") {
        Seen::Text("TLS") => Fallback::Text("None"),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}

fn tcp_idle(cx: &Cx<'_>) -> Fallback {
    match cx.see("Protocol") {
        Seen::Text("TCP") => Fallback::Int(350),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}
