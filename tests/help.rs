//! Help names the property as it is written in the user's own file.

mod support;

use grpc_guard::catalog::Catalog;
use support::{analyze, root, settings};

/// The help of the findings of one rule in one of its fixtures.
#[track_caller]
fn check(rule: &str, fixture: &str, expected: &str) {
    let path = root().join("fixtures").join(rule).join(fixture);
    let analysis = analyze(&path, &Catalog::builtin(), &settings(&path, Some(&[rule])));
    let found: Vec<&str> = analysis.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert!(found.contains(&expected), "{rule} {fixture}: {found:?}");
}

#[test]
fn a_property_is_an_annotation_or_an_argument() {
    let rule = "health-check-matcher-excludes-ok";
    check(rule, "fire.cfn.yaml", "set `Matcher.GrpcCode` to `0`");
    check(rule, "fire.tf.json", "set `health_check.matcher` to `0`");
    check(rule, "fire.k8s.yaml", "set `alb.ingress.kubernetes.io/success-codes` to `0`");
}

#[test]
fn an_attribute_stands_in_a_list() {
    let help =
        "set `routing.http2.enabled` in `alb.ingress.kubernetes.io/load-balancer-attributes` to `true`";
    check("load-balancer-http2-disabled", "fire.k8s.yaml", help);
    check("load-balancer-http2-disabled", "fire.cfn.yaml", "set `routing.http2.enabled` to `true`");
}

#[test]
fn some_cases_have_words_of_their_own() {
    let help = "use an Ingress of class `alb` with `backend-protocol-version` `GRPC` in place of this Service, or put a proxy \
                that knows HTTP/2 between them";
    check("network-load-balancer-pins-connections", "fire.k8s.yaml", help);
}
