//! Who reconciles an Ingress or a Service: the class, the annotations, and what the project hints at.

use super::annotations::{ALB, NLB};
use super::lowering::{Meant, Refusal};
use super::objects::{Found, Object, World};
use crate::dialect::{ControllerHint, Platforms};
use crate::model::Platform;

/// The IngressClassParams behind a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Params {
    /// The class names none, or is the conventional `alb` and not in the files.
    None,
    /// A class of another name is not in the files: it may say what the annotations leave out.
    Unlisted,
    /// An object.
    Object(usize),
    /// The class names one that is not in the files: it may set anything.
    Unknown,
}

/// A load balancer controller of AWS that takes an Ingress, a Service or a Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// Whose defaults apply.
    pub(super) platform: Platform,
    /// For an Ingress, the parameters of its class.
    pub(super) params: Params,
}

/// What a Service of type LoadBalancer becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Balancer {
    /// A network load balancer.
    Network(Platform),
    /// A classic one.
    Classic,
}

/// The word of `Source.Controller`.
pub(super) fn controller_name(platform: Platform) -> &'static str {
    match platform {
        Platform::AutoMode | Platform::AutoModeService => "eks-auto-mode",
        Platform::InTree => "cloud-provider-aws",
        Platform::Lattice => "lattice",
        _ => "aws-load-balancer-controller",
    }
}

/// Words in class names of controllers that are not for an application load balancer.
const OTHER_CONTROLLERS: [&str; 15] = [
    "nginx",
    "traefik",
    "haproxy",
    "kong",
    "gce",
    "gke",
    "istio",
    "contour",
    "cilium",
    "azure",
    "openshift",
    "ambassador",
    "emissary",
    "tailscale",
    "apisix",
];

/// What the user and the project as a whole say about the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cluster {
    controller: Option<ControllerHint>,
    default_class: Option<usize>,
    is_elsewhere: bool,
}

impl Cluster {
    /// Looks through the project once.
    pub(super) fn read(world: &World<'_>, platforms: &Platforms) -> Self {
        let mut defaults = (0..world.objects.len()).filter(|idx| {
            let object = &world.objects[*idx];
            object.kind == "IngressClass"
                && object
                    .annotations
                    .get("ingressclass.kubernetes.io/is-default-class")
                    .is_some_and(|setting| setting.text == "true")
        });
        let default_class = defaults.next().filter(|_| defaults.next().is_none());
        let is_elsewhere = world.objects.iter().any(|object| ELSEWHERE_GROUPS.contains(&object.group));
        Self { controller: platforms.controller, default_class, is_elsewhere }
    }
}

impl Cluster {
    /// What the user says of the cluster.
    pub(super) fn controller(&self) -> Option<ControllerHint> {
        self.controller
    }
}

/// The class that an Ingress asks for, when it is written out.
pub(super) fn written_class<'d>(object: &Object<'d>) -> Option<&'d str> {
    match object.annotations.get("kubernetes.io/ingress.class") {
        Some(class) => Some(class.text).filter(|_| !class.is_placeholder()),
        None => object.spec_text(&["ingressClassName"]),
    }
}

/// The proxy that takes an Ingress which no controller of AWS takes, as far as its class says.
pub(super) fn proxy(world: &World<'_>, object: &Object<'_>) -> Option<&'static str> {
    let Some(class) = written_class(object) else {
        let is_nginx = object.annotations.has_prefix("nginx.ingress.kubernetes.io/");
        return is_nginx.then_some("nginx");
    };
    let controller = match world.find_cluster_wide("IngressClass", class, object.file) {
        Found::One(idx) => world.objects[idx].spec_text(&["controller"]),
        Found::Several(_) | Found::Nowhere => None,
    };
    let lower = controller.unwrap_or(class).to_ascii_lowercase();
    ["nginx", "traefik"].into_iter().find(|word| lower.contains(word))
}

/// Whether a class that no controller of AWS takes is known to be another's.
pub(super) fn is_of_another_controller(world: &World<'_>, object: &Object<'_>, class: &str) -> bool {
    let lower = class.to_ascii_lowercase();
    OTHER_CONTROLLERS.iter().any(|word| lower.contains(word))
        || matches!(world.find_cluster_wide("IngressClass", class, object.file), Found::One(_))
}

/// API groups that exist on other clouds only.
const ELSEWHERE_GROUPS: [&str; 4] =
    ["cloud.google.com", "networking.gke.io", "metallb.io", "metallb.universe.tf"];

/// Whether a controller of AWS takes an Ingress, and with which parameters.
pub(super) fn ingress(world: &World<'_>, object: &Object<'_>, cluster: &Cluster) -> Option<Claim> {
    let hinted = match cluster.controller {
        Some(ControllerHint::AutoMode) => Platform::AutoMode,
        _ => Platform::Ingress,
    };
    let has_annotations = object.annotations.has_prefix(ALB);
    let guess = Claim { platform: hinted, params: Params::None };
    if let Some(class) = object.annotations.get("kubernetes.io/ingress.class") {
        let ours = class.text == "alb" || class.is_placeholder() && has_annotations;
        return ours.then_some(Claim { platform: Platform::Ingress, params: Params::None });
    }
    let Some(class) = object.spec(&["ingressClassName"]).and_then(|class| class.text()) else {
        return match cluster.default_class {
            Some(class) => of_class(world, &world.objects[class]),
            None => has_annotations.then_some(guess),
        };
    };
    match world.find_cluster_wide("IngressClass", class, object.file) {
        Found::One(idx) => of_class(world, &world.objects[idx]),
        Found::Several(_) => has_annotations.then_some(Claim { platform: hinted, params: Params::Unknown }),
        Found::Nowhere => {
            let lower = class.to_ascii_lowercase();
            let other = OTHER_CONTROLLERS.iter().any(|word| lower.contains(word));
            match class {
                "alb" => Some(guess),
                _ => (has_annotations && !other).then_some(Claim { params: Params::Unlisted, ..guess }),
            }
        }
    }
}

fn of_class(world: &World<'_>, class: &Object<'_>) -> Option<Claim> {
    let platform = match class.spec_text(&["controller"])? {
        "ingress.k8s.aws/alb" => Platform::Ingress,
        "eks.amazonaws.com/alb" => Platform::AutoMode,
        _ => return None,
    };
    let params = match class.spec_text(&["parameters", "name"]) {
        None => Params::None,
        Some(name) => match world.find_cluster_wide("IngressClassParams", name, class.file) {
            Found::One(idx) => Params::Object(idx),
            Found::Several(_) | Found::Nowhere => Params::Unknown,
        },
    };
    Some(Claim { platform, params })
}

/// Annotations that only the classic load balancer of the cloud provider reads.
const CLASSIC_ONLY: [&str; 5] = [
    "connection-idle-timeout",
    "connection-draining-enabled",
    "connection-draining-timeout",
    "access-log-emit-interval",
    "extra-security-groups",
];

/// What a Service of type LoadBalancer becomes on AWS; `None` when another controller takes it.
pub(super) fn service(object: &Object<'_>, cluster: &Cluster) -> Option<Balancer> {
    let hint = cluster.controller;
    if let Some(class) = object.spec(&["loadBalancerClass"]).and_then(super::values::text) {
        return match class {
            "service.k8s.aws/nlb" => Some(Balancer::Network(Platform::Service)),
            "eks.amazonaws.com/nlb" => Some(Balancer::Network(Platform::AutoModeService)),
            _ => None,
        };
    }
    let setting = |name| object.annotations.under(NLB, name);
    match setting("type").map(|setting| setting.text) {
        Some("external" | "nlb-ip") => return Some(Balancer::Network(Platform::Service)),
        Some("nlb") => {
            let claimed = hint == Some(ControllerHint::LoadBalancerController);
            return Some(Balancer::Network(if claimed { Platform::Service } else { Platform::InTree }));
        }
        // `classic`, `clb`, `elb`: no controller knows the word, and the cloud provider builds a classic one.
        Some(word) if hint.is_none() && !super::values::is_placeholder(word) => {
            return Some(Balancer::Classic);
        }
        _ => {}
    }
    match hint {
        Some(ControllerHint::InTree) => return Some(Balancer::Classic),
        Some(ControllerHint::AutoMode) => return Some(Balancer::Network(Platform::AutoModeService)),
        Some(ControllerHint::LoadBalancerController) => return Some(Balancer::Network(Platform::Service)),
        None => {}
    }
    // Nothing says who takes it. Some annotations mean something only to the classic load balancer; otherwise
    // today's controller makes it a network load balancer.
    let is_classic =
        |setting: &super::annotations::Setting<'_>| matches!(setting.text, "http" | "https" | "tcp");
    let protocol = setting("backend-protocol").is_some_and(is_classic);
    if setting("nlb-target-type").is_none()
        && setting("type").is_none()
        && (protocol || CLASSIC_ONLY.iter().any(|name| setting(name).is_some()))
    {
        return Some(Balancer::Classic);
    }
    let aws = object.annotations.has_prefix(NLB);
    (aws || !is_elsewhere(object, cluster)).then_some(Balancer::Network(Platform::Service))
}

/// The classes of Services that a controller of AWS takes.
const OUR_CLASSES: [&str; 2] = ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"];

/// Why no controller, or another than is meant, builds the load balancer of a Service: the reason, where it is
/// written, and the word that was meant instead.
pub(super) fn unclaimed(object: &Object<'_>, cluster: &Cluster) -> Option<Refusal> {
    let meant = |word: Option<&str>| word.map(|word| Meant::Text(word.to_string()));
    let setting = |name| object.annotations.under(NLB, name).filter(|setting| !setting.is_placeholder());
    if let Some(class) = object.spec(&["loadBalancerClass"]) {
        let name = super::values::text(class)?;
        let is_ours = OUR_CLASSES.contains(&name);
        let has_own = object.annotations.has_prefix(NLB);
        let text = format!("no controller of AWS takes the class `{name}`, and the annotations are for one");
        let slip = OUR_CLASSES.into_iter().find(|own| strsim::osa_distance(own, name) <= 2);
        let refusal = Refusal::new("foreign-class", text, super::values::inner_span(class));
        return (!is_ours && has_own).then(|| Refusal { meant: meant(slip), ..refusal });
    }
    let own = setting("type")?;
    let target = setting("nlb-target-type");
    // The webhook of today's AWS Load Balancer Controller gives a class to new Services that have none.
    let has_webhook = cluster.controller == Some(ControllerHint::LoadBalancerController);
    if has_webhook || cluster.controller == Some(ControllerHint::AutoMode) {
        return None;
    }
    let is_open = object
        .annotations
        .under(NLB, "nlb-target-type")
        .is_some_and(super::annotations::Setting::is_placeholder);
    match (own.text, target.map(|target| target.text)) {
        ("external", None) if !is_open => {
            let text =
                "`external` needs `aws-load-balancer-nlb-target-type` beside it for a controller to take it";
            Some(Refusal::new("nobody", text.to_string(), own.span))
        }
        ("nlb", Some("ip")) => {
            let text =
                "the cloud provider takes type `nlb` and registers instances, not the `ip` targets asked for";
            let refusal = Refusal::new("instances", text.to_string(), own.span);
            Some(Refusal { meant: meant(Some("external")), ..refusal })
        }
        ("external" | "nlb" | "nlb-ip", _) => None,
        (word, _) => {
            let text = format!(
                "type `{word}` is none that a controller knows, and a classic load balancer is built"
            );
            // `alb` is near to `nlb`, and an application load balancer may be what is wanted.
            let lower = word.to_ascii_lowercase();
            let is_slip = |known: &str| !lower.starts_with("alb") && strsim::osa_distance(known, &lower) <= 1;
            let slip = ["external", "nlb", "nlb-ip"].into_iter().any(is_slip).then_some("external");
            Some(Refusal { meant: meant(slip), ..Refusal::new("classic", text, own.span) })
        }
    }
}

/// Prefixes of annotations that other clouds and controllers read.
const ELSEWHERE: [&str; 22] = [
    "cloud.google.com/",
    "networking.gke.io/",
    "service.beta.kubernetes.io/azure-",
    "service.beta.kubernetes.io/do-",
    "service.beta.kubernetes.io/oci-",
    "service.beta.kubernetes.io/openstack-",
    "service.beta.kubernetes.io/alibaba-",
    "service.beta.kubernetes.io/linode-",
    "service.beta.kubernetes.io/scw-",
    "service.beta.kubernetes.io/vultr-",
    "service.kubernetes.io/ibm-",
    "service.kubernetes.io/qcloud-",
    "kubernetes.digitalocean.com/",
    "loadbalancer.openstack.org/",
    "load-balancer.hetzner.cloud/",
    "oci.oraclecloud.com/",
    "metallb.universe.tf/",
    "metallb.io/",
    "kube-vip.io/",
    "lbipam.cilium.io/",
    "io.cilium/",
    "tailscale.com/",
];

/// Whether a Service, or something beside it, is for another cloud.
fn is_elsewhere(object: &Object<'_>, cluster: &Cluster) -> bool {
    // AWS has no load balancer whose address one could choose this way.
    let has_address = object.spec(&["loadBalancerIP"]).is_some_and(|ip| super::values::text(ip).is_some());
    has_address
        || cluster.is_elsewhere
        || ELSEWHERE.iter().any(|prefix| object.annotations.has_prefix(prefix))
}
