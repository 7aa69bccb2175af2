//! The behaviours of CloudFront distributions, the default one and the ordered ones in one list (`Effective.Behaviors`), each
//! joined with what its origin says of the protocol.
//!
//! Facts: the CloudFront API reference (`CacheBehavior`, `CustomOriginConfig`) and "Using gRPC with CloudFront distributions".

use super::tables::{self, Normal};
use crate::model::{Builder, Data, Evidence, EvidenceKind, Place, Platform, ResourceIdx, Unknown, ValueId};

/// The type of a distribution.
pub(super) const DISTRIBUTION: &str = "AWS::CloudFront::Distribution";

/// Adds `Effective.Behaviors` to a distribution.
pub(super) fn behaviors(builder: &mut Builder, idx: ResourceIdx) {
    let Some(effective) = builder.draft(idx).effective else { return };
    let Some(config) = builder.values.get(effective, "DistributionConfig") else { return };
    let place = Place::fact_at(builder.draft(idx).name);
    let default = builder.values.get(config, "DefaultCacheBehavior");
    let ordered = builder.values.get(config, "CacheBehaviors");
    let mut written: Vec<ValueId> = default.into_iter().collect();
    match ordered.map(|ordered| (ordered, builder.values.data(ordered))) {
        Some((_, Data::List(items))) => written.extend(items),
        Some((ordered, _)) => written.push(ordered),
        None => {}
    }
    let mut behaviors = Vec::with_capacity(written.len());
    for behavior in written {
        let (joined, evidence) = joined(builder, idx, config, behavior);
        behaviors.push(joined);
        builder.draft_mut(idx).grpc.extend(evidence);
    }
    let list = builder.values.list(&behaviors, place);
    builder.values.put(effective, "Behaviors", list);
}

/// A behaviour with its defaults and its origin's protocol policy, and the evidence that it carries gRPC.
fn joined(
    builder: &mut Builder,
    idx: ResourceIdx,
    config: ValueId,
    behavior: ValueId,
) -> (ValueId, Option<Evidence>) {
    let platform = builder.draft(idx).platform;
    let values = &mut builder.values;
    if !matches!(values.data(behavior), Data::Map(_)) {
        return (values.unknown(Unknown::Expression, values.place(behavior)), None);
    }
    let place = values.place(behavior);
    let mut entries = Vec::with_capacity(6);
    for key in ["PathPattern", "TargetOriginId"] {
        entries.extend(values.get(behavior, key).map(|value| (key, value)));
    }
    let grpc = values.get(behavior, "GrpcConfig");
    let anchor = grpc.map_or(place.anchor, |grpc| values.place(grpc).anchor);
    let is_open = grpc.is_some_and(|grpc| values.is_unknown(grpc));
    let enabled = match grpc.and_then(|grpc| values.get(grpc, "Enabled")) {
        Some(enabled) => tables::normal(values, Normal::Bool, enabled),
        None if is_open => values.unknown(Unknown::Expression, Place::default_at(anchor)),
        None => values.bool(false, Place::default_at(anchor)),
    };
    let evidence = (values.as_bool(enabled) == Some(true)).then(|| {
        Evidence::new(EvidenceKind::Declared, values.place(enabled).span, "a behaviour turns gRPC on")
    });
    entries.push(("GrpcConfig", values.map_of(&[("Enabled", enabled)], Place::fact_at(anchor))));
    let methods = match values.get(behavior, "AllowedMethods") {
        Some(methods) => tables::normal(values, Normal::List, methods),
        None => {
            let default = Place::default_at(anchor);
            let items = ["GET", "HEAD"].map(|method| values.text(method, default));
            values.list(&items, default)
        }
    };
    entries.push(("AllowedMethods", methods));
    if let Some(policy) = values.get(behavior, "ViewerProtocolPolicy") {
        entries.push(("ViewerProtocolPolicy", tables::normal(values, Normal::Lower, policy)));
    }
    let origin = origin_policy(builder, platform, config, behavior);
    entries.extend(origin.map(|policy| ("OriginProtocolPolicy", policy)));
    (builder.values.map_of(&entries, place), evidence)
}

/// How CloudFront speaks to the origin that a behaviour names: `http-only`, `https-only`, `match-viewer`, or `s3`.
fn origin_policy(
    builder: &mut Builder,
    platform: Platform,
    config: ValueId,
    behavior: ValueId,
) -> Option<ValueId> {
    let values = &mut builder.values;
    let wanted = values.get(behavior, "TargetOriginId")?;
    let origins = values.get(config, "Origins")?;
    let name = values.as_text(wanted).map(str::to_string);
    let is_wanted = |values: &crate::model::Values, origin: &ValueId| {
        let id = values.get(*origin, "Id");
        let text = id.and_then(|id| values.as_text(id));
        text.is_some() && text == name.as_deref()
    };
    let items = values.items(origins).to_vec();
    // Two origins with ids that are not settled cannot be told apart; the only one is meant whatever its id.
    let origin = items.iter().find(|origin| is_wanted(values, origin)).or(match items.as_slice() {
        [only] if values.as_text(wanted).is_none() => Some(only),
        _ => None,
    })?;
    let place = values.place(*origin);
    let custom = values.get(*origin, "CustomOriginConfig");
    if let Some(custom) = custom {
        if values.is_unknown(custom) {
            return Some(custom);
        }
        let policy = values.get(custom, "OriginProtocolPolicy")?;
        return Some(tables::normal(values, Normal::Lower, policy));
    }
    if values.get(*origin, "VpcOriginConfig").is_some() {
        return None;
    }
    match values.get(*origin, "S3OriginConfig") {
        Some(s3) => {
            let at = values.place(s3).anchor;
            Some(values.text("s3", Place::fact_at(at)))
        }
        // The provider takes an origin without a configuration for a bucket.
        None if platform == Platform::Terraform => Some(values.text("s3", Place::fact_at(place.anchor))),
        None => None,
    }
}
