//! Signs in names of which only a part is known: `"${var.prefix}-grpc"`, a `name_prefix`.

use crate::model::signs::{self, NameOf};
use crate::model::{Builder, ResourceIdx};
use crate::source::Span;

/// The arguments that name a resource.
pub(super) const NAMES: [&str; 3] = ["name", "name_prefix", "family"];

/// Adds what the known part of a name says.
pub(super) fn add(builder: &mut Builder, idx: ResourceIdx, part: &str, span: Span) {
    let draft = builder.draft_mut(idx);
    let whose = match draft.type_name.as_str() {
        "AWS::ElasticLoadBalancingV2::TargetGroup" => NameOf::Own("target group"),
        "AWS::ElasticLoadBalancing::LoadBalancer" => NameOf::Nearby("load balancer"),
        "AWS::ECS::Service" => NameOf::Nearby("service"),
        "AWS::ECS::TaskDefinition" => NameOf::Nearby("task definition"),
        _ => return,
    };
    draft.grpc.extend(signs::name(whose, part, span));
    draft.grpc_web |= matches!(whose, NameOf::Own(_)) && signs::is_grpc_web(part);
}
