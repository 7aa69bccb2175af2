//! Annotations that are spelled right and change nothing: because of what stands beside them, or because the controller
//! that takes the object is another one.

use super::annotations::{ALB, NLB, Setting};
use super::classes::{self, Balancer, Cluster};
use super::listeners;
use super::objects::{Object, World};
use super::rules::{self, Plan};
use crate::dialect::ControllerHint;
use crate::model::Platform;

/// What an annotation meets.
pub(super) struct Around<'w, 'd> {
    pub(super) world: &'w World<'d>,
    pub(super) cluster: &'w Cluster,
}

/// Annotations of a Service that EKS Auto Mode does not read.
const NOT_IN_AUTO_MODE_NLB: [&str; 7] = [
    "type",
    "internal",
    "proxy-protocol",
    "access-log-enabled",
    "access-log-emit-interval",
    "access-log-s3-bucket-name",
    "access-log-s3-bucket-prefix",
];

/// Annotations of an Ingress that EKS Auto Mode does not read.
const NOT_IN_AUTO_MODE_ALB: [&str; 4] =
    ["group.name", "waf-acl-id", "web-acl-id", "shield-advanced-protection"];

/// Annotations that are about the TLS of a listener.
const OF_TLS: [&str; 3] = ["certificate-arn", "ssl-policy", "mutual-authentication"];

impl<'d> Around<'_, 'd> {
    /// Why an annotation does nothing, with the word for it in the section; `None` when it does something.
    pub(super) fn idle(&self, object: &Object<'d>, name: &str) -> Option<(&'static str, String)> {
        if object.is_ingress() {
            return self.on_ingress(object, name);
        }
        if !object.is("", "Service") || object.spec_text(&["type"]) != Some("LoadBalancer") {
            return None;
        }
        if name.starts_with(ALB) {
            let why = "no Ingress among the files names this Service".to_string();
            return (!self.is_behind_ingress(object)).then_some(("without-effect", why));
        }
        let suffix = name.strip_prefix(NLB)?;
        match classes::service(object, self.cluster)? {
            Balancer::Network(platform) => self.on_network(object, suffix, platform),
            Balancer::Classic => {
                self.on_classic(object, suffix).map(|why| ("without-effect", why.to_string()))
            }
        }
    }

    fn on_ingress(&self, object: &Object<'d>, name: &str) -> Option<(&'static str, String)> {
        let Some(claim) = classes::ingress(self.world, object, self.cluster) else {
            let class = classes::written_class(object)?;
            // One finding says it of all of them.
            let first = object.annotations.written().iter().filter_map(|(key, _)| key.text());
            let is_first = first.into_iter().find(|key| key.starts_with(ALB)) == Some(name);
            let why = format!("the Ingress is of class `{class}`, whose controller does not read it");
            return (is_first && classes::is_of_another_controller(self.world, object, class))
                .then_some(("misplaced", why));
        };
        if name == super::other_routes::BACKEND_PROTOCOL {
            let why = "the Ingress is not for nginx, and no other controller reads it".to_string();
            return classes::written_class(object).map(|_| ("without-effect", why));
        }
        let suffix = name.strip_prefix(ALB)?;
        if claim.platform == Platform::AutoMode && NOT_IN_AUTO_MODE_ALB.contains(&suffix) {
            return Some(("misplaced", "EKS Auto Mode does not support it".to_string()));
        }
        let listens = object.annotations.under(ALB, "listen-ports").filter(|_| OF_TLS.contains(&suffix))?;
        let has_https = listeners::protocols(listens).is_none_or(|protocols| protocols.contains(&"HTTPS"));
        let why = "`listen-ports` has no HTTPS port".to_string();
        (!has_https).then_some(("without-effect", why))
    }

    fn on_network(
        &self,
        object: &Object<'d>,
        suffix: &str,
        platform: Platform,
    ) -> Option<(&'static str, String)> {
        if platform == Platform::AutoModeService && NOT_IN_AUTO_MODE_NLB.contains(&suffix) {
            return Some(("misplaced", "EKS Auto Mode does not support it".to_string()));
        }
        let setting = |name: &str| object.annotations.under(NLB, name);
        let own = setting(suffix)?;
        let has_certificate = setting("ssl-cert").is_some();
        let why = match suffix {
            "healthcheck-path" | "healthcheck-success-codes" if checks_tcp(object) => {
                match setting("healthcheck-protocol") {
                    Some(_) => "the health check is TCP",
                    None => "the health check is TCP unless `healthcheck-protocol` says otherwise",
                }
            }
            "backend-protocol" if !own.is_placeholder() && !matches!(own.text, "ssl" | "tcp") => {
                "a network load balancer knows only `ssl` here"
            }
            "backend-protocol" if own.text == "ssl" && !has_certificate => "no listener ends TLS",
            "alpn-policy" if own.text != "None" && !has_certificate => "no listener ends TLS",
            "alpn-policy" if self.cluster.controller() == Some(ControllerHint::InTree) => {
                "the cloud provider does not read it"
            }
            "alpn-policy" if platform == Platform::InTree && own.text != "None" => {
                "the cloud provider, which takes type `nlb`, does not read it; the AWS Load Balancer Controller takes `external`"
            }
            "connection-idle-timeout" | "connection-draining-enabled" | "connection-draining-timeout" => {
                "it is for classic load balancers, and this is a network load balancer"
            }
            "ssl-ports" if platform != Platform::InTree && own.text == "*" => {
                "the AWS Load Balancer Controller takes `*` for the name of a port"
            }
            "ssl-ports" | "ssl-negotiation-policy" if !has_certificate => "there is no `ssl-cert`",
            _ => return None,
        };
        Some(("without-effect", why.to_string()))
    }

    fn on_classic(&self, object: &Object<'d>, suffix: &str) -> Option<&'static str> {
        if self.cluster.controller() != Some(ControllerHint::InTree) {
            return None;
        }
        let has_certificate = object.annotations.under(NLB, "ssl-cert").is_some();
        match suffix {
            "alpn-policy" => Some("a classic load balancer has no ALPN"),
            "ssl-ports" | "ssl-negotiation-policy" if !has_certificate => Some("there is no `ssl-cert`"),
            _ => None,
        }
    }

    fn is_behind_ingress(&self, service: &Object<'d>) -> bool {
        self.world.objects.iter().any(|object| {
            let fits = object.namespace == service.namespace
                || object.namespace.is_empty()
                || service.namespace.is_empty();
            fits && object.is_ingress() && names(object, service.name)
        })
    }
}

/// Whether an Ingress names a Service, be it in the text of an annotation.
fn names(ingress: &Object<'_>, service: &str) -> bool {
    let (rules, default) = rules::plan(ingress);
    rules.into_iter().map(|rule| rule.plan).chain(default).any(|plan| match plan {
        Plan::Backend(backend) => backend.service == service,
        Plan::Action(setting) => setting.text.contains(service),
        Plan::Unknown => true,
    })
}

/// Whether the health check of a network load balancer only opens a connection.
fn checks_tcp(service: &Object<'_>) -> bool {
    let setting = |name: &str| -> Option<&Setting<'_>> { service.annotations.under(NLB, name) };
    match setting("healthcheck-protocol") {
        Some(protocol) => protocol.text.eq_ignore_ascii_case("tcp"),
        // With node ports and the policy `Local` the node itself answers over HTTP.
        None => {
            service.spec(&["externalTrafficPolicy"]).is_none_or(|policy| policy.text() == Some("Cluster"))
        }
    }
}
