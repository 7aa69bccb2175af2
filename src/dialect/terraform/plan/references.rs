//! What the expressions of a plan refer to, also through the inputs and outputs of modules.
//!
//! A plan lists the references of an expression, not the expression. So they are followed only where they lead to
//! one resource and nothing else could be meant.

use crate::document::NodeRef;
use crate::model::ResourceIdx;

use super::super::lookup::IDENTITY;
use super::address::{self, Step};
use super::{Plan, Planned};

/// How many inputs and outputs are followed from one to the next.
const MAX_HOPS: u32 = 16;

/// How many references are looked at for one expression, those that it leads to included.
const MAX_REFERENCES: usize = 512;

/// Resources that an expression refers to.
#[derive(Debug, Default)]
struct Found {
    /// Instances, in the order of the references.
    instances: Vec<ResourceIdx>,
    /// References looked at so far.
    n_references: usize,
    /// Whether anything else may be meant: a local value, a data source, an attribute that is no identity.
    open: bool,
}

impl<'d> Plan<'d> {
    /// The resources whose identity an expression of a resource gives; `None` when that is not settled.
    pub(super) fn referred(&self, at: usize, expression: NodeRef<'d>) -> Option<Vec<ResourceIdx>> {
        let from = &self.resources[at];
        let mut found = Found::default();
        self.follow(expression, &from.module, from, &mut found, 0);
        (!found.open && !found.instances.is_empty()).then_some(found.instances)
    }

    fn follow(
        &self,
        expression: NodeRef<'d>,
        module: &str,
        from: &Planned<'d>,
        found: &mut Found,
        hops: u32,
    ) {
        let all: Vec<&str> = references(expression).take(MAX_REFERENCES).collect();
        found.n_references += all.len();
        if hops > MAX_HOPS || found.n_references >= MAX_REFERENCES {
            found.open = true;
            return;
        }
        for reference in &all {
            // A reference is listed in full first, then shorter and shorter.
            let longer = |other: &&str| {
                let rest = other.strip_prefix(reference);
                rest.is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            if all.iter().any(longer) {
                continue;
            }
            self.reference(&address::steps(reference), module, from, found, hops);
        }
    }

    fn reference(&self, steps: &[Step<'_>], module: &str, from: &Planned<'d>, found: &mut Found, hops: u32) {
        let Some(configuration) = &self.configuration else { return };
        match steps {
            [root, ..] if matches!(root.name, "each" | "count" | "path" | "terraform" | "self") => {}
            [root, variable, ..] if root.name == "var" => {
                let Some((parent, _)) = address::parent(module) else { return };
                if let Some(input) = configuration.input(module, variable.name) {
                    self.follow(input, parent, from, found, hops + 1);
                }
            }
            [root, child, output, ..] if root.name == "module" => {
                let Some(child) = self.module_instance(module, child) else {
                    found.open = true;
                    return;
                };
                let Some(expression) = configuration.output(&child, output.name) else {
                    found.open = true;
                    return;
                };
                let before = found.instances.len();
                self.follow(expression, &child, from, found, hops + 1);
                // One item of an output that lists the instances of a resource.
                if let Some(index) = output.index {
                    let picked = found.instances[before..].iter().copied().find(|idx| {
                        self.planned(*idx).is_some_and(|own| own.index.as_deref() == Some(index))
                    });
                    if let Some(picked) = picked {
                        found.instances.truncate(before);
                        found.instances.push(picked);
                    }
                }
            }
            [root, ..] if matches!(root.name, "module" | "local" | "data") => found.open = true,
            [resource_type, name, rest @ ..] => self.resource(resource_type, name, rest, module, from, found),
            _ => found.open = true,
        }
    }

    fn resource(
        &self,
        resource_type: &Step<'_>,
        name: &Step<'_>,
        rest: &[Step<'_>],
        module: &str,
        from: &Planned<'d>,
        found: &mut Found,
    ) {
        if rest.first().is_some_and(|attribute| !IDENTITY.contains(&attribute.name)) {
            found.open = true;
            return;
        }
        let key = (module.to_string(), resource_type.name, name.name);
        let Some(instances) = self.instances.get(&key) else {
            found.open = true;
            return;
        };
        let has_index = |at: &&usize, index: Option<&str>| self.resources[**at].index.as_deref() == index;
        let chosen: Vec<usize> = match (name.index, instances.as_slice()) {
            (_, [one]) => vec![*one],
            (Some(index), _) => instances.iter().filter(|at| has_index(at, Some(index))).copied().collect(),
            // `each.key` and `count.index` pair the instances of both.
            (None, _) if from.index.is_some() => {
                let paired = instances.iter().find(|at| has_index(at, from.index.as_deref()));
                paired.map_or_else(|| instances.clone(), |at| vec![*at])
            }
            (None, _) => instances.clone(),
        };
        if chosen.is_empty() {
            found.open = true;
        }
        for at in chosen {
            let idx = self.resources[at].idx;
            if !found.instances.contains(&idx) {
                found.instances.push(idx);
            }
        }
    }

    fn planned(&self, idx: ResourceIdx) -> Option<&Planned<'d>> {
        self.resources.get(idx.0 as usize)
    }

    /// The address of a child module: the one with the key that is given, or the only one.
    fn module_instance(&self, parent: &str, child: &Step<'_>) -> Option<String> {
        let stem = address::child(parent, child.name);
        let addresses = self.modules.get(&stem)?;
        match (child.index, addresses.as_slice()) {
            (_, [one]) => Some(one.clone()),
            (Some(index), several) => several
                .iter()
                .find(|address| address::steps(address).last().and_then(|step| step.index) == Some(index))
                .cloned(),
            (None, _) => None,
        }
    }

    /// What a resource needs before it: written, or implied by what it refers to in its own module.
    pub(super) fn depends_on(&self, at: usize, written: Option<NodeRef<'d>>) -> Vec<ResourceIdx> {
        let from = &self.resources[at];
        let mut found = Found::default();
        let Some(written) = written else { return Vec::new() };
        for needed in written.get("depends_on").into_iter().flat_map(NodeRef::items) {
            let steps = address::steps(needed.text().unwrap_or_default());
            if let [resource_type, name, ..] = steps.as_slice() {
                self.resource(resource_type, name, &[], &from.module, from, &mut found);
            }
        }
        for expression in written.get("expressions").into_iter().flat_map(NodeRef::written_entries) {
            let mut open = vec![expression.value];
            while let Some(node) = open.pop() {
                open.extend(node.items());
                open.extend(node.written_entries().map(|entry| entry.value));
                for reference in references(node).take(MAX_REFERENCES) {
                    if found.instances.len() < MAX_REFERENCES
                        && let [resource_type, name, ..] = address::steps(reference).as_slice()
                    {
                        self.resource(resource_type, name, &[], &from.module, from, &mut found);
                    }
                }
            }
        }
        found.instances.retain(|idx| *idx != from.idx);
        found.instances
    }

    /// Marks what the outputs of the root module hand out.
    pub(super) fn outputs(&mut self) {
        let Some(configuration) = &self.configuration else { return };
        let Some(first) = self.resources.first() else { return };
        let mut found = Found::default();
        for expression in configuration.root_outputs() {
            self.follow(expression, "", first, &mut found, 0);
        }
        for idx in found.instances {
            self.builder.draft_mut(idx).exported = true;
        }
    }
}

fn references(expression: NodeRef<'_>) -> impl Iterator<Item = &str> {
    expression.get("references").into_iter().flat_map(NodeRef::items).filter_map(NodeRef::text)
}
