//! Who builds what of a Gateway, and who refuses which routes.

use super::objects::{Found, Object, World};
use super::values::text;
use crate::document::NodeRef;
use crate::model::Platform;

/// What a controller of AWS makes of a Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GatewayKind {
    /// An application load balancer.
    Application,
    /// A network load balancer.
    Network,
    /// A VPC Lattice service network.
    Lattice,
}

impl GatewayKind {
    /// Whose defaults apply to what is built.
    pub(super) fn platform(self) -> Platform {
        match self {
            GatewayKind::Application | GatewayKind::Network => Platform::Gateway,
            GatewayKind::Lattice => Platform::Lattice,
        }
    }
}

/// What a controller of AWS makes of a Gateway; `None` for other controllers, and where nothing tells.
pub(super) fn kind(world: &World<'_>, gateway: &Object<'_>) -> Option<GatewayKind> {
    let class = gateway.spec_text(&["gatewayClassName"])?;
    match world.find_cluster_wide("GatewayClass", class, gateway.file) {
        Found::One(class) => match world.objects[class].spec_text(&["controllerName"])? {
            "gateway.k8s.aws/alb" => Some(GatewayKind::Application),
            "gateway.k8s.aws/nlb" => Some(GatewayKind::Network),
            "application-networking.k8s.aws/gateway-api-controller" => Some(GatewayKind::Lattice),
            _ => None,
        },
        Found::Several(_) => None,
        Found::Nowhere => guess(gateway, &class.to_ascii_lowercase()),
    }
}

/// From the name of a class that is not in the files.
fn guess(gateway: &Object<'_>, class: &str) -> Option<GatewayKind> {
    if class == "amazon-vpc-lattice" {
        return Some(GatewayKind::Lattice);
    }
    let has_config =
        gateway.spec_text(&["infrastructure", "parametersRef", "group"]) == Some("gateway.k8s.aws");
    let is = |word: &str| class.contains(word) && (class.contains("aws") || class == word || has_config);
    if is("alb") {
        Some(GatewayKind::Application)
    } else if is("nlb") {
        Some(GatewayKind::Network)
    } else {
        None
    }
}

/// A reference of a route to a Gateway that is among the files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parent<'d> {
    /// The reference.
    pub(super) node: NodeRef<'d>,
    /// The Gateway.
    pub(super) gateway: usize,
}

/// The Gateways of a route that are among the files.
pub(super) fn parents<'d>(world: &World<'d>, route: &Object<'d>) -> Vec<Parent<'d>> {
    let refs = route.spec(&["parentRefs"]).into_iter().flat_map(NodeRef::items);
    refs.filter_map(|node| {
        if !matches!(node.get("kind").and_then(text), None | Some("Gateway")) {
            return None;
        }
        let name = node.get("name").and_then(text)?;
        let namespace = node.get("namespace").and_then(text).unwrap_or(route.namespace);
        match world.find_in("Gateway", name, namespace, route.file) {
            Found::One(gateway) => Some(Parent { node, gateway }),
            Found::Several(_) | Found::Nowhere => None,
        }
    })
    .collect()
}
