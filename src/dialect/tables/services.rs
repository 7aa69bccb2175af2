//! `AWS::CloudFront::Distribution`, `AWS::ECS::Service` and `AWS::ServiceDiscovery::Service`.
//!
//! Defaults: the CloudFormation resource reference, the Terraform provider's schemas, and the API references of Amazon ECS
//! and Cloud Map. What takes a second resource to see (a behaviour's origin, a task's network mode) is joined in
//! `dialect/distributions.rs` and `dialect/ecs.rs`.

use super::{Cx, Fallback, Normal, Row, Seen, Table};
use crate::model::Platform;

/// Distributions; `Behaviors` is added in `dialect/distributions.rs`.
pub(super) static DISTRIBUTION: Table = Table {
    type_name: "AWS::CloudFront::Distribution",
    rows: &[Row { property: "DistributionConfig.HttpVersion", normal: Normal::Lower, default: http_version }],
    ignored: |_, _| false,
    attributes: None,
};

/// ECS services; `NetworkMode` is added in `dialect/ecs.rs`.
pub(super) static ECS_SERVICE: Table = Table {
    type_name: "AWS::ECS::Service",
    rows: &[
        Row { property: "LaunchType", normal: Normal::Upper, default: |_| Fallback::Absent },
        Row { property: "HealthCheckGracePeriodSeconds", normal: Normal::Int, default: |_| Fallback::Int(0) },
    ],
    ignored: |_, _| false,
    attributes: None,
};

/// Services of Cloud Map.
pub(super) static DISCOVERY: Table = Table {
    type_name: "AWS::ServiceDiscovery::Service",
    rows: &[
        Row { property: "HealthCheckConfig.Type", normal: Normal::Upper, default: |_| Fallback::Absent },
        Row { property: "HealthCheckConfig.ResourcePath", normal: Normal::Text, default: resource_path },
    ],
    ignored: |_, _| false,
    attributes: None,
};

fn http_version(cx: &Cx<'_>) -> Fallback {
    Fallback::Text(if cx.platform() == Platform::Terraform { "http2" } else { "http1.1" })
}

fn resource_path(cx: &Cx<'_>) -> Fallback {
    match cx.see("HealthCheckConfig.Type") {
        Seen::Text("HTTP" | "HTTPS") => Fallback::Text("/"),
        Seen::Unknown => Fallback::Unknown,
        _ => Fallback::Absent,
    }
}
