//! What other controllers than those of AWS are told about backends: evidence, and no resources.

use super::annotations::Setting;
use super::classes;
use super::evidence::declared;
use super::lowering::Lowering;
use super::objects::Object;
use super::rules::{self, Plan};
use super::services::Service;
use super::target_groups::Backend;
use super::values::text;
use crate::document::NodeRef;
use crate::model::{Evidence, TlsEvidence, TlsSign, signs};
use crate::source::Span;

/// What nginx is told about the backends of an Ingress.
pub(super) const BACKEND_PROTOCOL: &str = "nginx.ingress.kubernetes.io/backend-protocol";
/// What Kong takes on the routes of an Ingress.
const KONG_PROTOCOLS: &str = "konghq.com/protocols";
/// The Services to which NGINX speaks gRPC.
pub(super) const GRPC_SERVICES: &str = "nginx.org/grpc-services";

impl<'d> Lowering<'_, 'd> {
    /// Reads the Ingresses of nginx.
    pub(super) fn read_other_ingresses(&mut self) {
        let mut through_nginx: Option<(Span, String)> = None;
        let mut through_kong: Option<(Span, String)> = None;
        for object in self.world.objects.iter().filter(|object| object.is_ingress()) {
            if classes::ingress(self.world, object, &self.cluster).is_some() {
                continue;
            }
            if let Some(setting) = object.annotations.get(KONG_PROTOCOLS)
                && setting.list().any(|protocol| matches!(protocol, "grpc" | "grpcs"))
            {
                through_kong.get_or_insert_with(|| (setting.span, object.full_name()));
                let told = declared(setting.span, "Kong is told that this route is gRPC");
                for backend in backends(object) {
                    self.declare(backend, object.namespace, object, &told);
                }
            }
            let protocol = object.annotations.get(BACKEND_PROTOCOL);
            // nginx takes the word in any case.
            let is = |setting: &Setting<'_>, word: &str| setting.text.eq_ignore_ascii_case(word);
            let protocol = protocol.filter(|setting| is(setting, "GRPC") || is(setting, "GRPCS"));
            let listed = object.annotations.get(GRPC_SERVICES);
            let Some(setting) = protocol.or(listed) else { continue };
            for backend in backends(object) {
                if protocol.is_none() && !setting.list().any(|service| service == backend.service) {
                    continue;
                }
                self.declare_backend(
                    object,
                    backend,
                    setting,
                    protocol.map(|protocol| protocol.text.to_ascii_uppercase()),
                );
            }
            through_nginx.get_or_insert_with(|| (setting.span, object.full_name()));
        }
        if let Some((span, ingress)) = through_nginx {
            let text = format!("nginx passes gRPC on for Ingress `{ingress}`");
            self.declare_proxy(&["nginx", "ingress"], &declared(span, text));
        }
        if let Some((span, ingress)) = through_kong {
            let text = format!("Kong passes gRPC on for Ingress `{ingress}`");
            self.declare_proxy(&["kong", "proxy"], &declared(span, text));
        }
    }

    /// Notes which pods' ports are reached through something that balances requests: an Ingress, a route, a virtual
    /// service. A TargetGroupBinding puts them behind a load balancer of which nothing is known here.
    pub(super) fn note_entries(&mut self) {
        for object in &self.world.objects {
            let names: Vec<&str> = match object.kind {
                "Ingress" => backends(object).into_iter().map(|backend| backend.service).collect(),
                "HTTPRoute" | "GRPCRoute" => named_below(object, &["rules"], &["backendRefs"], "name"),
                "IngressRoute" => named_below(object, &["routes"], &["services"], "name"),
                "HTTPProxy" => named_below(object, &["routes"], &["services"], "name"),
                "VirtualService" => named_below(object, &["http"], &["route"], "destination"),
                "Mapping" => object.spec_text(&["service"]).into_iter().collect(),
                "TargetGroupBinding" => object.spec_text(&["serviceRef", "name"]).into_iter().collect(),
                _ => continue,
            };
            let word = if object.kind == "TargetGroupBinding" { "target-group" } else { "layer7" };
            for name in names {
                // `orders.shop.svc.cluster.local:50051` names the Service `orders`.
                let name = name.split("://").last().unwrap_or(name);
                let name = name.split(['.', ':']).next().unwrap_or(name);
                let services = self.services.find(self.world, name, object);
                for service in services {
                    for behind in self.services.all[service].ports.iter().flat_map(|port| &port.behind) {
                        let entries = &mut self.ports.all[behind.0].entries;
                        if !entries.contains(&word) {
                            entries.push(word);
                        }
                    }
                }
            }
        }
    }

    fn declare_backend(
        &mut self,
        ingress: &Object<'d>,
        backend: Backend<'d>,
        setting: &Setting<'d>,
        protocol: Option<String>,
    ) {
        let text = format!("nginx is told that `{}` speaks gRPC", backend.service);
        let sign = match protocol.as_deref() {
            Some("GRPCS") => Some(TlsSign::Tls),
            Some("GRPC") => Some(TlsSign::Plaintext),
            _ => None,
        };
        self.declare(backend, ingress.namespace, ingress, &declared(setting.span, text.clone()));
        for port in self.ports_of(backend, ingress.namespace, ingress) {
            let tls = sign.map(|sign| TlsEvidence { sign, text: text.clone(), span: setting.span });
            self.builder.draft_mut(self.ports.all[port.0].resource).tls.extend(tls);
        }
    }

    /// Puts evidence at the pods' ports behind a backend.
    pub(super) fn declare(
        &mut self,
        backend: Backend<'d>,
        namespace: &str,
        from: &Object<'d>,
        evidence: &Evidence,
    ) {
        for port in self.ports_of(backend, namespace, from) {
            self.builder.draft_mut(self.ports.all[port.0].resource).grpc.push(evidence.clone());
        }
    }

    /// The pods' ports behind a backend.
    pub(super) fn ports_of(
        &self,
        backend: Backend<'d>,
        namespace: &str,
        from: &Object<'d>,
    ) -> Vec<super::ports::PortId> {
        match self.services.find_in(self.world, backend.service, namespace, from).as_slice() {
            [one] => {
                self.services.all[*one].port(backend.port).map_or(Vec::new(), |port| port.behind.clone())
            }
            _ => Vec::new(),
        }
    }

    /// A proxy that passes gRPC on serves it itself, on its TLS port.
    fn declare_proxy(&mut self, named: &[&str], evidence: &Evidence) {
        for service in &self.services.all {
            if !is_proxy(self.world.objects[service.object].name, service, named) {
                continue;
            }
            let tls_ports = service.ports.iter().filter(|port| {
                port.number == Some(443) || port.name.is_some_and(|(name, _)| name == "https")
            });
            for id in tls_ports.flat_map(|port| &port.behind) {
                self.builder.draft_mut(self.ports.all[id.0].resource).grpc.push(evidence.clone());
            }
        }
    }
}

/// Whether a Service is that of a proxy whose name has these words.
fn is_proxy(name: &str, service: &Service<'_>, named: &[&str]) -> bool {
    std::iter::once(name).chain(service.selector.iter().map(|(_, value)| *value)).any(|text| {
        let words = signs::words(text);
        named.iter().all(|word| words.iter().any(|own| own == word))
    })
}

/// The Services to which an Ingress leads by its paths.
pub(super) fn backends<'d>(ingress: &Object<'d>) -> Vec<Backend<'d>> {
    let (rules, default) = rules::plan(ingress);
    let plans = rules.into_iter().map(|rule| rule.plan).chain(default);
    plans
        .filter_map(|plan| match plan {
            Plan::Backend(backend) => Some(backend),
            Plan::Action(_) | Plan::Unknown => None,
        })
        .collect()
}

/// The names in lists of lists below `spec`: `rules[].backendRefs[].name`. The name of a destination is its `host`.
fn named_below<'d>(object: &Object<'d>, lists: &[&str], inner: &[&str], key: &str) -> Vec<&'d str> {
    let items = object.spec(lists).into_iter().flat_map(NodeRef::items);
    let inner = items.filter_map(|item| item.at(inner)).flat_map(NodeRef::items);
    inner
        .filter_map(|item| {
            let found = item.get(key)?;
            text(found.get("host").unwrap_or(found))
        })
        .collect()
}
