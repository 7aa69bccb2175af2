//! Listeners as Gateways write them, and which routes they take.

use super::objects::Object;
use super::values::{inner_span, int, text};
use crate::document::NodeRef;
use crate::source::Span;

/// A listener as a Gateway writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct GatewayListener<'d> {
    pub(super) node: NodeRef<'d>,
    pub(super) name: &'d str,
    pub(super) port: (i64, Span),
    pub(super) protocol: (&'d str, Span),
}

impl<'d> GatewayListener<'d> {
    /// Reads it; `None` for a protocol that an application load balancer does not have, and for a template's business.
    pub(super) fn read(node: NodeRef<'d>) -> Option<Self> {
        let port = node.get("port")?;
        let protocol = node.get("protocol")?;
        let word = text(protocol).filter(|word| matches!(*word, "HTTP" | "HTTPS"))?;
        Some(Self {
            node,
            name: node.get("name").and_then(text).unwrap_or_default(),
            port: (int(port)?, inner_span(port)),
            protocol: (word, inner_span(protocol)),
        })
    }

    /// Why it does not take a route; `None` when it does, or when the files do not tell.
    pub(super) fn refuses(&self, route: &Object<'_>, gateway_namespace: &str) -> Option<&'static str> {
        let takes_kind = match self.node.at(&["allowedRoutes", "kinds"]) {
            Some(kinds) if kinds.items().len() > 0 => {
                let takes = |kind: NodeRef<'_>| text(kind).is_none_or(|kind| kind == route.kind);
                kinds.items().any(|kind| kind.get("kind").is_some_and(takes))
            }
            _ => self.protocol.0 == "HTTPS" || route.kind == "HTTPRoute",
        };
        let from = self.node.at(&["allowedRoutes", "namespaces", "from"]).map(|from| from.text());
        let is_same = route.namespace == gateway_namespace
            || route.namespace.is_empty()
            || gateway_namespace.is_empty();
        let hosts = || route.spec(&["hostnames"]).into_iter().flat_map(NodeRef::items);
        let own = self.node.get("hostname").and_then(text);
        let is_open = hosts().any(|host| text(host).is_none());
        let meets = own.is_none_or(|own| {
            hosts().next().is_none() || is_open || hosts().filter_map(text).any(|host| hosts_meet(own, host))
        });
        if !takes_kind {
            Some("kind")
        } else if matches!(from, None | Some(Some("Same"))) && !is_same {
            Some("namespace")
        } else if meets {
            None
        } else {
            Some("hostname")
        }
    }
}

/// Whether two hostnames, of which either may start with `*.`, have a host in common.
fn hosts_meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let covers = |wide: &str, narrow: &str| {
        wide.strip_prefix('*').is_some_and(|suffix| narrow.trim_start_matches('*').ends_with(suffix))
    };
    one == other || covers(&one, &other) || covers(&other, &one)
}
