//! TargetGroupBindings, TargetGroupConfigurations and Namespaces: what they lead to, and what is wrong with them.

use std::collections::BTreeMap;

use super::evidence::of_service_port;
use super::gateway_config::{GroupConfig, Hidden};
use super::lowering::{Group, Inner, Lowering, Meant, Refusal};
use super::objects::{Found, Object};
use super::reference_number;
use super::values::{inner_span, is_placeholder, text};
use super::workloads::port_ref;
use crate::document::NodeRef;
use crate::model::{Link, Place, ResourceIdx, ValueId};
use crate::source::Span;

const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

const ROUTE_KINDS: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TCPRoute", "UDPRoute", "TLSRoute"];

impl<'d> Lowering<'_, 'd> {
    /// Looks at all of them, once the target groups are made.
    pub(super) fn judge_bindings(&mut self) {
        let mut bound: BTreeMap<(&'d str, &'d str), Vec<(usize, Span)>> = BTreeMap::new();
        let world = self.world;
        for (idx, object) in world.objects.iter().enumerate() {
            match object.kind {
                "TargetGroupBinding" => {
                    self.judge_binding(idx);
                    if let Some((arn, at)) = target_group(object) {
                        bound.entry((world.directory(object), arn)).or_default().push((idx, at));
                    }
                }
                "TargetGroupConfiguration" => self.judge_configuration(idx),
                _ => {}
            }
        }
        for ((_, arn), bindings) in bound {
            let is_shared = |idx: usize| {
                world.objects[idx]
                    .spec(&["multiClusterTargetGroup"])
                    .is_some_and(|it| it.text() != Some("false"))
            };
            let Some((first, rest)) = bindings.split_first() else { continue };
            for (idx, at) in rest {
                let is_same = world.objects[*idx].full_name() == world.objects[first.0].full_name();
                let is_allowed = is_shared(*idx) && is_shared(first.0);
                if !(is_same || is_allowed) {
                    let text = format!("target group `{}` is bound twice", short(arn));
                    let refusal =
                        Refusal { reason: "binding", text, at: *at, other: Some(first.1), meant: None };
                    self.refusals.push((*idx, refusal));
                }
            }
        }
        self.link_namespaces();
    }

    /// Puts the Services of TargetGroupBindings behind the target groups that are declared beside the objects.
    pub(super) fn bind(&mut self, bound: &[ResourceIdx]) {
        let world = self.world;
        for (idx, object) in world.objects.iter().enumerate() {
            if object.kind != "TargetGroupBinding" {
                continue;
            }
            let Some(resource) = self.bound_group(object, bound) else { continue };
            let name = object.spec_text(&["serviceRef", "name"]);
            let port = object.spec(&["serviceRef", "port"]).and_then(port_ref);
            let services = name.map(|name| self.services.find_in(world, name, object.namespace, object));
            let backend = match services.as_deref() {
                Some([service]) => {
                    let port = port.and_then(|port| self.services.all[*service].port_index(port));
                    port.map(|port| (*service, port))
                }
                _ => None,
            };
            let group = Group { resource, backend, owner: idx };
            if let Some((service, port)) = backend {
                let port = &self.services.all[service].ports[port];
                of_service_port(self.builder.draft_mut(resource), port);
            }
            self.link_backend(group);
            self.groups.push(group);
        }
    }

    /// The target group that a binding names, by a reference or by its name.
    fn bound_group(&self, binding: &Object<'d>, bound: &[ResourceIdx]) -> Option<ResourceIdx> {
        let spec = binding.node.get("spec")?;
        let text = spec.get("targetGroupARN").or(spec.get("targetGroupName"))?.text()?;
        let is_group = |idx: &ResourceIdx| self.builder.draft(*idx).type_name == TARGET_GROUP;
        if let Some(number) = reference_number(text) {
            return bound.get(number).copied().filter(is_group);
        }
        let is_named = |idx: &ResourceIdx| {
            let draft = self.builder.draft(*idx);
            let name = draft.properties.and_then(|properties| self.builder.values.get(properties, "Name"));
            name.and_then(|name| self.builder.values.as_text(name)) == Some(short(text))
        };
        let mut named = self.builder.indices().filter(|idx| is_group(idx) && is_named(idx));
        named.next().filter(|_| named.next().is_none())
    }

    /// Notes what a TargetGroupConfiguration of a Service takes away from the default of the Gateway.
    pub(super) fn note_drops(&mut self, config: &GroupConfig<'d>) {
        let Some((at, hidden)) = config.hidden_checks() else { return };
        let holds = |object: &Object<'d>| {
            object.kind == "TargetGroupConfiguration" && {
                let span = object.node.span();
                span.file == at.file && span.start <= at.start && at.end <= span.end
            }
        };
        let Some(idx) = self.world.objects.iter().position(holds) else { return };
        let is_settled = hidden.iter().all(|hidden| !hidden.setting.is_placeholder());
        let inside = hidden.iter().map(|hidden| {
            let text = hidden.setting.text.to_string();
            (hidden.key, hidden.inner.map_or(Inner::Text(text.clone()), |code| Inner::Entry(code, text)))
        });
        let meant = is_settled.then(|| Meant::Inside(inside.collect()));
        for Hidden { key, setting, .. } in hidden {
            let text = format!("`{key}` `{}` of the default is gone", setting.text);
            let other = Some(setting.span);
            let is_known =
                |(object, known): &(usize, Refusal)| *object == idx && known.at == at && known.text == text;
            if !self.refusals.iter().any(is_known) {
                self.refusals.push((idx, Refusal { reason: "drops", text, at, other, meant: meant.clone() }));
            }
        }
    }

    fn judge_binding(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        // Without a Service it is a patch, or a sample.
        let Some(spec) = object.node.get("spec").filter(|spec| spec.get("serviceRef").is_some()) else {
            return;
        };
        let mut refuse = |text: String, at: Span| {
            self.refusals.push((idx, Refusal::new("binding", text, at)));
        };
        if spec.get("targetGroupARN").is_none() && spec.get("targetGroupName").is_none() {
            let text = "it names no target group: `targetGroupARN` or `targetGroupName` is needed";
            refuse(text.to_string(), object.name_span);
        }
        let target_type = spec.get("targetType").and_then(text);
        if let (Some(entry), Some("ip")) = (spec.entry("nodeSelector"), target_type) {
            refuse(
                "`nodeSelector` is for instance targets, and `targetType` is `ip`".to_string(),
                entry.key.span(),
            );
        }
        if let (Some(entry), Some("instance")) = (spec.entry("iamRoleArnToAssume"), target_type) {
            let text = "`iamRoleArnToAssume` is for ip targets, and `targetType` is `instance`";
            refuse(text.to_string(), entry.key.span());
        }
        let Some(name) = object.spec_text(&["serviceRef", "name"]) else { return };
        let Found::One(service) = self.world.find_in("Service", name, object.namespace, object.file) else {
            return;
        };
        let known = self.services.all.iter().find(|known| known.object == service);
        let port = spec.at(&["serviceRef", "port"]).and_then(|at| Some((port_ref(at)?, at)));
        if let (Some(known), Some((port, at))) = (known.filter(|known| !known.ports.is_empty()), port)
            && known.lists_all(port)
            && known.port(port).is_none()
        {
            let written = at.text().unwrap_or_default();
            refuse(format!("Service `{name}` has no port `{written}`"), inner_span(at));
        }
        let service = &self.world.objects[service];
        let service_type = service.spec(&["type"]);
        let is_inside = service_type.is_none_or(|word| text(word) == Some("ClusterIP"));
        if let (true, Some("instance"), Some(at)) = (is_inside, target_type, spec.get("targetType")) {
            let text = format!("`targetType` is `instance`, and Service `{name}` has no node ports");
            refuse(text, inner_span(at));
        }
    }

    /// Entries for routes that do not exist.
    fn judge_configuration(&mut self, idx: usize) {
        let object = &self.world.objects[idx];
        let service = object.spec_text(&["targetReference", "name"]);
        let routes: Vec<&Object<'d>> = self
            .world
            .objects
            .iter()
            .filter(|route| ROUTE_KINDS.contains(&route.kind) && service.is_some_and(|it| names(route, it)))
            .collect();
        let mut list = Vec::new();
        list.extend(self.misspelled_service(idx));
        let object = &self.world.objects[idx];
        for item in object.spec(&["routeConfigurations"]).into_iter().flat_map(NodeRef::items) {
            let Some(identifier) = item.get("routeIdentifier") else { continue };
            let field = |key: &str| identifier.get(key).and_then(text);
            let Some(kind) = field("kind").filter(|kind| !is_placeholder(kind)) else { continue };
            let (what, at) = if !ROUTE_KINDS.contains(&kind) {
                (kind, identifier.get("kind"))
            } else {
                let is_met = routes.iter().any(|route| {
                    route.kind == kind
                        && identifier.get("name").is_none_or(|it| text(it).is_none_or(|it| it == route.name))
                        && field("namespace")
                            .is_none_or(|it| route.namespace.is_empty() || it == route.namespace)
                });
                // Routes that are not among the files may be meant, unless those that are there show all of them.
                if is_met || routes.is_empty() {
                    continue;
                }
                (field("name").unwrap_or(kind), identifier.get("name").or(identifier.get("kind")))
            };
            let place = at.map_or(object.name_span, inner_span);
            let place = Place::written(place, place);
            let values = &mut self.builder.values;
            let entry = [("Kind", values.text("route", place)), ("Name", values.text(what, place))];
            list.push(values.map_of(&entry, place));
        }
        if !list.is_empty() {
            let missing = self.builder.values.list(&list, Place::fact_at(object.name_span));
            self.builder.draft_mut(self.resources[idx]).sections.push(("Missing", missing));
        }
    }

    /// The entry of `Missing` for a configuration of a Service that is not here, where the only one of almost the same name is. A
    /// Service that is merely absent may stand in files that were not given.
    fn misspelled_service(&mut self, idx: usize) -> Option<ValueId> {
        let object = &self.world.objects[idx];
        let reference = object.spec(&["targetReference"])?;
        let is_service = matches!(reference.get("kind").map(text), None | Some(Some("Service")));
        let node = reference.get("name")?;
        let name = text(node).filter(|_| is_service)?;
        if self.world.find_in("Service", name, object.namespace, object.file) != Found::Nowhere {
            return None;
        }
        let (similar, span) = self.services.similar(self.world, name, object.namespace)?;
        let place = Place::written(inner_span(node), inner_span(node));
        let values = &mut self.builder.values;
        let entry = [
            ("Kind", values.text("service", place)),
            ("Name", values.text(name, place)),
            ("Similar", values.text(similar, Place::written(span, span))),
        ];
        Some(values.map_of(&entry, place))
    }

    /// Links namespaces with the target groups over their Services.
    fn link_namespaces(&mut self) {
        for group in &self.groups {
            let Some((service, _)) = group.backend else { continue };
            let service = &self.world.objects[self.services.all[service].object];
            if service.namespace.is_empty() {
                continue;
            }
            if let Found::One(namespace) =
                self.world.find_cluster_wide("Namespace", service.namespace, service.file)
            {
                self.builder.link(self.resources[namespace], Link::TargetGroups, group.resource);
            }
        }
    }
}

/// Whether a route leads to a Service of a name.
fn names(route: &Object<'_>, service: &str) -> bool {
    let rules = route.spec(&["rules"]).into_iter().flat_map(NodeRef::items);
    rules
        .filter_map(|rule| rule.get("backendRefs"))
        .flat_map(NodeRef::items)
        .any(|backend| backend.get("name").and_then(text) == Some(service))
}

/// The target group that a binding names.
fn target_group<'d>(binding: &Object<'d>) -> Option<(&'d str, Span)> {
    let spec = binding.node.get("spec")?;
    let node = spec.get("targetGroupARN").or(spec.get("targetGroupName"))?;
    Some((text(node)?, inner_span(node)))
}

/// The name within an ARN.
fn short(arn: &str) -> &str {
    arn.split("targetgroup/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(arn)
}
