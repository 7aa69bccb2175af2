//! What has to be made first: `DependsOn` of CloudFormation, `depends_on` of Terraform.

use rustc_hash::FxHashSet;

use super::{Writer, is_open, terraform};
use crate::dialect::Dialect;
use crate::document::{Kind, NodeRef};
use crate::edit::{New, Refusal, Step};
use crate::model::{ResourceIdx, ValueId};

impl<'d> Writer<'d, '_> {
    /// Makes a resource wait for others of its template or module.
    pub fn depend_on(&mut self, resource: ResourceIdx, others: &[ResourceIdx]) -> Result<(), Refusal> {
        if others.iter().any(|other| self.leads_to(*other, resource)) {
            // Each would wait for the other.
            return Err(Refusal::NoPlace);
        }
        let (key, behind) = match self.dialect {
            Dialect::CloudFormation => ("DependsOn", Some("Type")),
            Dialect::Terraform => ("depends_on", None),
            Dialect::Kubernetes => return Err(Refusal::NoPlace),
        };
        let mut names: Vec<String> = Vec::with_capacity(others.len());
        for other in others {
            let name = self.name_for(resource, *other)?;
            // A listener and its default rule have one name.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let (at, steps) = self.locate(self.model.resource(resource).name)?;
        let mut body = steps.last().map(Step::value).ok_or(Refusal::NoPlace)?;
        if self.dialect == Dialect::Terraform {
            body = terraform::block(body, None)?;
        }
        if !is_open(body) {
            return Err(Refusal::NotLiteral);
        }
        let Some(known) = body.get(key) else {
            let new = match names.as_slice() {
                [only] if behind.is_some() => New::Name(only.clone()),
                names => New::List(names.iter().cloned().map(New::Name).collect()),
            };
            return match behind {
                Some(behind) => self.plan(at).insert_behind(body, behind, &[key.to_string()], new),
                None => self.plan(at).insert(body, &[key.to_string()], new),
            };
        };
        let is_here = body.written_entries().any(|entry| entry.name() == key);
        if !is_here || !is_open(known) {
            return Err(Refusal::NotLiteral);
        }
        let known_names: Vec<&str> =
            known.text().into_iter().chain(known.items().filter_map(NodeRef::text)).map(bare).collect();
        let more: Vec<New> =
            names.into_iter().filter(|name| !known_names.contains(&name.as_str())).map(New::Name).collect();
        match known.kind() {
            _ if more.is_empty() => Err(Refusal::NoChange),
            Kind::Sequence => more.into_iter().try_for_each(|name| self.plan(at).append(known, name)),
            Kind::Scalar => self.plan(at).extend_scalar(known, &more),
            Kind::Mapping => Err(Refusal::NotLiteral),
        }
    }

    /// The name of a resource where another names it; only within one template or module.
    fn name_for(&self, from: ResourceIdx, other: ResourceIdx) -> Result<String, Refusal> {
        let (own, other) = (self.model.resource(from), self.model.resource(other));
        let (at, own_steps) = self.locate(own.name)?;
        let (other_at, other_steps) = self.locate(other.name)?;
        match (self.dialect, own_steps.as_slice(), other_steps.as_slice()) {
            // What stands deeper is made by a loop, and named otherwise.
            (
                Dialect::CloudFormation,
                [Step::Entry { entry: resources, .. }, _],
                [Step::Entry { entry: other_resources, .. }, Step::Entry { entry, .. }],
            ) if at == other_at && resources.key.span() == other_resources.key.span() => {
                Ok(entry.name().to_string())
            }
            (
                Dialect::Terraform,
                [.., Step::Entry { entry: own_label, .. }, Step::Entry { entry: own_entry, .. }],
                [.., Step::Entry { entry: label, .. }, Step::Entry { entry, .. }],
            ) => {
                let own_address = format!("{}.{}", own_label.name(), own_entry.name());
                let address = format!("{}.{}", label.name(), entry.name());
                // What stands before it is the module.
                let module = own.id.find(&own_address).map(|at| &own.id[..at]);
                let is_sibling = module.is_some_and(|module| {
                    other.id.strip_prefix(module).is_some_and(|local| local.starts_with(&address))
                });
                if is_sibling { Ok(address) } else { Err(Refusal::NoPlace) }
            }
            _ => Err(Refusal::NoPlace),
        }
    }

    /// Whether a resource waits for another, directly or through others.
    fn leads_to(&self, from: ResourceIdx, to: ResourceIdx) -> bool {
        let values = &self.model.values;
        let wanted = self.model.resource(to).value;
        // The default rule of a listener waits for what the listener waits for.
        let name = self.model.resource(from).name;
        let declared = self.model.resources.iter().filter(|resource| resource.name == name);
        let mut open: Vec<ValueId> = declared.map(|resource| resource.value).collect();
        let mut seen: FxHashSet<ValueId> = FxHashSet::default();
        while let Some(next) = open.pop() {
            if next == wanted {
                return true;
            }
            if seen.insert(next) {
                let needed = values.at(next, &["Links", "DependsOn"]);
                open.extend(needed.map(|list| values.items(list)).unwrap_or_default());
            }
        }
        false
    }
}

/// A name without the `${` and `}` of an expression.
fn bare(text: &str) -> &str {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}
