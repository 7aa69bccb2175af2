//! Annotations of the object that decides, and fields of the controller's own objects.
//!
//! The names are those of the AWS Load Balancer Controller's annotation guides for Ingresses and Services and of its
//! TargetGroupConfiguration.

use super::Writer;
use super::path::Part;
use crate::document::{Kind, NodeRef};
use crate::edit::{self, New, Refusal, Step, Wants};
use crate::model::{Origin, ResourceIdx, ValueId};
use crate::source::Span;

const ALB: &str = "alb.ingress.kubernetes.io/";
const NLB: &str = "service.beta.kubernetes.io/aws-load-balancer-";
const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// A property, its annotations on an Ingress and on a Service of type LoadBalancer, and its field.
type Names = (&'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

const NAMES: [Names; 14] = [
    ("Protocol", Some("backend-protocol"), None, Some("protocol")),
    ("ProtocolVersion", Some("backend-protocol-version"), None, Some("protocolVersion")),
    ("TargetType", Some("target-type"), Some("nlb-target-type"), Some("targetType")),
    (
        "HealthCheckProtocol",
        Some("healthcheck-protocol"),
        Some("healthcheck-protocol"),
        Some("healthCheckProtocol"),
    ),
    ("HealthCheckPath", Some("healthcheck-path"), Some("healthcheck-path"), Some("healthCheckPath")),
    ("HealthCheckPort", Some("healthcheck-port"), Some("healthcheck-port"), Some("healthCheckPort")),
    (
        "HealthCheckIntervalSeconds",
        Some("healthcheck-interval-seconds"),
        Some("healthcheck-interval"),
        Some("healthCheckInterval"),
    ),
    (
        "HealthCheckTimeoutSeconds",
        Some("healthcheck-timeout-seconds"),
        Some("healthcheck-timeout"),
        Some("healthCheckTimeout"),
    ),
    ("Matcher", Some("success-codes"), Some("healthcheck-success-codes"), Some("matcher")),
    ("AlpnPolicy", None, Some("alpn-policy"), None),
    ("SslPolicy", Some("ssl-policy"), Some("ssl-negotiation-policy"), None),
    ("TargetGroupAttributes", Some("target-group-attributes"), Some("target-group-attributes"), None),
    ("LoadBalancerAttributes", Some("load-balancer-attributes"), Some("attributes"), None),
    ("ListenerAttributes", Some("listener-attributes"), None, None),
];

/// What the cloud provider's own controller does not read.
const NOT_IN_TREE: [&str; 3] = ["AlpnPolicy", "TargetType", "Matcher"];

impl<'d> Writer<'d, '_> {
    /// The object whose name stands at a span.
    pub(super) fn object(&self, name: Span) -> Result<(usize, NodeRef<'d>), Refusal> {
        let (at, steps) = self.locate(name)?;
        let [.., Step::Entry { mapping, entry: metadata }, Step::Entry { entry, .. }] = steps.as_slice()
        else {
            return Err(Refusal::NoPlace);
        };
        if metadata.name() != "metadata" || entry.name() != "name" {
            return Err(Refusal::NoPlace);
        }
        Ok((at, *mapping))
    }

    /// Writes a property of something that a controller builds.
    pub(super) fn insert_kubernetes(
        &mut self,
        resource: ResourceIdx,
        path: &[Part],
        new: &New,
    ) -> Result<(), Refusal> {
        let Some((Part::Key(property), rest)) = path.split_first() else { return Err(Refusal::NoPlace) };
        let names = NAMES.iter().find(|names| names.0 == property).ok_or(Refusal::NoPlace)?;
        // What a route leads to has no object of its own.
        let Ok((at, owner)) = self.deciding_object(resource) else {
            return self.insert_field(resource, names, rest, new);
        };
        let key = match owner.get("kind").and_then(NodeRef::text) {
            Some("Ingress") => names.1.map(|name| format!("{ALB}{name}")),
            Some("Service") if self.is_behind_ingress(resource) => names.1.map(|name| format!("{ALB}{name}")),
            Some("Service") => names.2.map(|name| format!("{NLB}{name}")),
            _ => return self.insert_field(resource, names, rest, new),
        };
        let key = key.ok_or(Refusal::NoPlace)?;
        let values = &self.model.values;
        let controller = values.at(self.model.resource(resource).value, &["Source", "Controller"]);
        let controller = controller.and_then(|name| values.as_text(name));
        if controller == Some("cloud-provider-aws") && NOT_IN_TREE.contains(&names.0) {
            return Err(Refusal::NoPlace);
        }
        let text = match (rest, scalar(new)?) {
            ([Part::Attribute(attribute)], value) => format!("{attribute}={value}"),
            (_, value) => value,
        };
        self.annotate(at, owner, &key, &text, matches!(rest, [Part::Attribute(_)]))
    }

    /// Sets an annotation of the Ingress behind a resource, or of the object that it is.
    pub fn set_annotation(&mut self, resource: ResourceIdx, key: &str, new: &New) -> Result<(), Refusal> {
        let described = self.model.resource(resource);
        let (at, owner) = self.object(described.name)?;
        let is_object = described.type_name.starts_with("Kubernetes::");
        if owner.get("kind").and_then(NodeRef::text) != Some("Ingress") && !is_object {
            return Err(Refusal::NoPlace);
        }
        self.annotate(at, owner, key, &scalar(new)?, false)
    }

    /// Takes an annotation from its object and puts it on others; what they have of it themselves stays.
    pub fn move_annotation(&mut self, value: ValueId, onto: &[ResourceIdx]) -> Result<(), Refusal> {
        let span = self.model.values.place(value).span;
        let (_, steps) = self.locate(span)?;
        let [.., Step::Entry { entry: list, .. }, Step::Entry { entry, .. }] = steps.as_slice() else {
            return Err(Refusal::NoPlace);
        };
        let text = entry.value.text().filter(|_| !entry.value.is_alias() && entry.value.tag().is_none());
        let text = text.ok_or(Refusal::NotLiteral)?;
        if list.name() != "annotations" || onto.is_empty() {
            return Err(Refusal::NoPlace);
        }
        for other in onto {
            let (at, owner) = self.object(self.model.resource(*other).name)?;
            if owner.at(&["metadata", "annotations", entry.name()]).is_none() {
                self.annotate(at, owner, entry.name(), text, false)?;
            }
        }
        self.remove_at(span)
    }

    /// Removes a pair of an annotation that holds pairs, of which the value stands at a span; with the last one goes the
    /// annotation.
    pub(super) fn remove_pair(&mut self, span: Span, key: &str) -> Result<(), Refusal> {
        let at = self.plan_of(span).ok_or(Refusal::NoPlace)?;
        let steps = edit::enclosing(self.documents.get(at), span).ok_or(Refusal::NoPlace)?;
        let node = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
        let text = node.text().ok_or(Refusal::NotLiteral)?;
        let is_it = |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| name.trim() == key);
        let pairs: Vec<&str> = text.split(',').collect();
        let left: Vec<&str> = pairs.iter().copied().filter(|pair| !is_it(pair)).collect();
        self.touched.push(span);
        if left.len() == pairs.len() {
            return Err(Refusal::NotLiteral);
        }
        if left.iter().all(|pair| pair.trim().is_empty()) {
            return self.plan(at).remove(&steps);
        }
        self.plan(at).replace(node, &New::Text(left.join(",").trim().to_string()), Wants::Text)
    }

    /// Writes an annotation, or adds a pair to one that holds pairs.
    fn annotate(
        &mut self,
        at: usize,
        object: NodeRef<'d>,
        key: &str,
        text: &str,
        is_pair: bool,
    ) -> Result<(), Refusal> {
        let metadata = object.get("metadata").ok_or(Refusal::NoPlace)?;
        let annotations = metadata.written_entries().find(|entry| entry.name() == "annotations");
        let new = New::Text(text.to_string());
        self.extended.extend(metadata.get("name").map(NodeRef::span));
        let Some(annotations) = annotations.map(|entry| entry.value) else {
            return self.plan(at).insert(metadata, &["annotations".to_string(), key.to_string()], new);
        };
        match annotations.written_entries().find(|entry| entry.name() == key) {
            Some(entry) if is_pair => {
                let known = entry.value.text().ok_or(Refusal::NotLiteral)?;
                let new = New::Text(format!("{},{text}", known.trim_end().trim_end_matches(',')));
                self.plan(at).replace(entry.value, &new, Wants::Text)
            }
            Some(entry) => self.plan(at).replace(entry.value, &new, Wants::Text),
            None => self.insert_near(at, annotations, &[key.to_string()], new),
        }
    }

    /// A field beside others of the same group in the controller's own object.
    fn insert_field(
        &mut self,
        resource: ResourceIdx,
        names: &Names,
        rest: &[Part],
        new: &New,
    ) -> Result<(), Refusal> {
        let field = names.3.ok_or(Refusal::NoPlace)?;
        let of_check = names.0.starts_with("HealthCheck") || names.0 == "Matcher";
        let mut layers = Vec::new();
        for span in self.written_spans(resource) {
            let Some(at) = self.plan_of(span) else { continue };
            let steps = edit::enclosing(self.documents.get(at), span).unwrap_or_default();
            let found = steps.iter().rev().find_map(|step| {
                let mapping = step.collection();
                let is_it = ["protocolVersion", "healthCheckConfig", "protocol", "targetType"];
                let holds = mapping.written_entries().any(|entry| is_it.contains(&entry.name()));
                (mapping.kind() == Kind::Mapping && holds).then_some(mapping)
            });
            let root = steps.first().map(Step::collection);
            let is_of_one = root.is_some_and(|root| root.at(&["spec", "targetReference"]).is_some());
            let is_in_check = steps
                .iter()
                .any(|step| matches!(step, Step::Entry { entry, .. } if entry.name() == "healthCheckConfig"));
            layers.extend(found.map(|mapping| (at, mapping, is_of_one, is_in_check)));
        }
        // A check is one field of a layer: the check that counts gets more. Otherwise what is of one Service is the place.
        let of_check_that_counts = layers.iter().find(|(.., is_in_check)| of_check && *is_in_check);
        let of_service = || layers.iter().find(|(_, _, is_of_one, _)| *is_of_one);
        let layer = of_check_that_counts.or_else(of_service).or(layers.first());
        let (at, mapping, is_of_one, _) = *layer.ok_or(Refusal::NoPlace)?;
        // The default of a Gateway is one for all Services behind it.
        self.is_shared |= !is_of_one;
        if !is_of_one && names.0 == "Protocol" {
            return Err(Refusal::NoPlace);
        }
        let mut keys = vec![field.to_string()];
        for part in rest {
            let Part::Key(key) = part else { return Err(Refusal::NoPlace) };
            keys.push(super::lower_first(key));
        }
        let check = mapping.get("healthCheckConfig").filter(|_| of_check);
        let holder = check.unwrap_or(mapping);
        if keys.len() == 1 && holder.get(field).is_some() {
            return Err(Refusal::NotLiteral);
        }
        match check {
            Some(check) => {
                let matcher = check.get(field).filter(|_| keys.len() > 1);
                match matcher {
                    Some(matcher) => self.plan(at).insert(matcher, &keys[1..], new.clone()),
                    None => self.insert_near(at, check, &keys, new.clone()),
                }
            }
            None => {
                if of_check {
                    keys.insert(0, "healthCheckConfig".to_string());
                }
                self.plan(at).insert(mapping, &keys, new.clone())
            }
        }
    }

    /// The object whose annotations are this resource's alone: the Ingress of a single group, else the Service behind it;
    /// the one that already speaks of the group before either.
    fn deciding_object(&self, resource: ResourceIdx) -> Result<(usize, NodeRef<'d>), Refusal> {
        let described = self.model.resource(resource);
        let (at, owner) = self.object(described.name)?;
        if described.type_name != TARGET_GROUP || owner.get("kind").and_then(NodeRef::text) != Some("Ingress")
        {
            return Ok((at, owner));
        }
        let is_of_owner =
            |other: &&crate::model::Resource| other.name == described.name && other.type_name == TARGET_GROUP;
        let is_only = self.model.resources.iter().filter(is_of_owner).count() == 1;
        let service = self.service(resource).and_then(|name| self.object(name).ok());
        let written = self.written_spans(resource);
        let annotations = service.and_then(|(_, service)| service.at(&["metadata", "annotations"]));
        let speaks = annotations.map(NodeRef::span).is_some_and(|whole| {
            let is_inside =
                |span: &Span| span.file == whole.file && whole.start <= span.start && span.end <= whole.end;
            written.iter().any(is_inside)
        });
        match service {
            Some(service) if speaks || !is_only => Ok(service),
            None if !is_only => Err(Refusal::NoPlace),
            _ => Ok((at, owner)),
        }
    }

    fn is_behind_ingress(&self, resource: ResourceIdx) -> bool {
        let name = self.model.resource(resource).name;
        let owner = self.object(name).ok().and_then(|(_, owner)| owner.get("kind")?.text());
        owner == Some("Ingress")
    }

    /// Where the name of the one Service behind a group is written.
    fn service(&self, resource: ResourceIdx) -> Option<Span> {
        let values = &self.model.values;
        let links = values.at(self.model.resource(resource).value, &["Links", "Services"])?;
        let [only] = values.items(links) else { return None };
        self.model.resources.iter().find(|other| other.value == *only).map(|other| other.name)
    }

    /// Where the properties of a resource are written.
    fn written_spans(&self, resource: ResourceIdx) -> Vec<Span> {
        let values = &self.model.values;
        let Some(properties) = values.get(self.model.resource(resource).value, "Properties") else {
            return Vec::new();
        };
        let entries = values.entries(properties).iter().map(|entry| entry.value);
        let places = entries.map(|value| values.place(value));
        places.filter(|place| place.origin == Origin::Written).map(|place| place.span).collect()
    }
}

fn scalar(new: &New) -> Result<String, Refusal> {
    match new {
        New::Text(text) | New::Word(text) => Ok(text.clone()),
        New::List(items) => {
            let items: Result<Vec<String>, Refusal> = items.iter().map(scalar).collect();
            Ok(items?.join(","))
        }
        New::Name(_) | New::Map(_) => Err(Refusal::NoPlace),
    }
}
