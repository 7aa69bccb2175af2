//! `AWS::ElasticLoadBalancing::LoadBalancer`, the classic load balancer.
//!
//! Defaults: the Elastic Load Balancing API of 2012-06-01 (`CreateLoadBalancer`, `ConfigureHealthCheck`) and the
//! cloud provider's values for Services.

use super::{Cx, Fallback, Normal, Row, Table};
use crate::model::Platform;

/// The table; `Listeners` is completed entry by entry in `dialect/finish.rs`.
pub(super) static TABLE: Table = Table {
    type_name: "AWS::ElasticLoadBalancing::LoadBalancer",
    rows: &[
        Row { property: "Scheme", normal: Normal::Lower, default: |_| Fallback::Text("internet-facing") },
        Row { property: "Listeners", normal: Normal::List, default: |_| Fallback::Absent },
        Row { property: "HealthCheck.Target", normal: Normal::Text, default: |_| Fallback::Absent },
        Row { property: "HealthCheck.Interval", normal: Normal::Int, default: |cx| in_tree(cx, 10, 30) },
        Row { property: "HealthCheck.Timeout", normal: Normal::Int, default: |_| Fallback::Int(5) },
        Row {
            property: "HealthCheck.HealthyThreshold",
            normal: Normal::Int,
            default: |cx| in_tree(cx, 2, 10),
        },
        Row {
            property: "HealthCheck.UnhealthyThreshold",
            normal: Normal::Int,
            default: |cx| in_tree(cx, 6, 2),
        },
        Row {
            property: "ConnectionSettings.IdleTimeout",
            normal: Normal::Int,
            default: |_| Fallback::Int(60),
        },
    ],
    ignored: |_, _| false,
    attributes: None,
};

fn in_tree(cx: &Cx<'_>, controller: i64, api: i64) -> Fallback {
    Fallback::Int(if cx.platform() == Platform::InTree { controller } else { api })
}
