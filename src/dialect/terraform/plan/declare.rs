//! What a file declares: which of the forms of a plan it has, and the resources in it.

use rustc_hash::FxHashMap;

use crate::document::{EntryRef, Kind, NodeRef};
use crate::model::{Draft, Platform};

use super::super::mapping;
use super::{Plan, Planned, address};

/// Which of the forms a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A plan.
    Plan,
    /// A state.
    State,
    /// The values of a plan alone.
    Values,
}

/// The form of a root; `None` when it is no plan.
pub(super) fn shape_of(root: NodeRef<'_>) -> Option<Shape> {
    if let Some(version) = root.get("format_version").and_then(NodeRef::text) {
        // Other major versions mean other things by the same words.
        let major = version.split('.').next()?;
        return match major {
            "0" | "1" if root.get("planned_values").is_some() || root.get("resource_changes").is_some() => {
                Some(Shape::Plan)
            }
            "0" | "1" if root.get("values").is_some() => Some(Shape::State),
            _ => None,
        };
    }
    if root.get("planned_values").is_some_and(|values| values.get("root_module").is_some()) {
        return Some(Shape::Plan);
    }
    is_module(root).then_some(Shape::Values)
}

/// Whether a node looks like a module of values: nothing but resources and child modules, the first of them with
/// a type and values.
fn is_module(root: NodeRef<'_>) -> bool {
    let mut keys = root.written_entries().map(|entry| entry.name());
    if !keys.all(|key| matches!(key, "address" | "resources" | "child_modules" | "outputs")) {
        return false;
    }
    let mut module = root;
    // NOTE: a root module may hold nothing but child modules.
    for _ in 0..16 {
        if let Some((resource, _)) = module.get("resources").and_then(|resources| children(resources).next())
        {
            return resource.get("type").is_some()
                && (resource.get("values").is_some() || resource.get("mode").is_some());
        }
        match module.get("child_modules").and_then(|modules| children(modules).next()) {
            Some((child, _)) => module = child,
            None => return false,
        }
    }
    false
}

/// The objects of an array, or those of an object together with their keys.
fn children(node: NodeRef<'_>) -> impl Iterator<Item = (NodeRef<'_>, Option<EntryRef<'_>>)> {
    let listed = node.items().map(|item| (item, None));
    let keyed = node.written_entries().map(|entry| (entry.value, Some(entry)));
    listed.chain(keyed).filter(|(child, _)| child.kind() == Kind::Mapping)
}

/// What is known only after deployment, by address.
pub(super) fn changes(root: NodeRef<'_>) -> FxHashMap<&str, NodeRef<'_>> {
    let changes = root.get("resource_changes").into_iter().flat_map(NodeRef::items);
    changes
        .filter_map(|change| Some((change.get("address")?.text()?, change.at(&["change", "after_unknown"])?)))
        .collect()
}

impl<'d> Plan<'d> {
    pub(super) fn declare_modules(&mut self, root: NodeRef<'d>, changes: &FxHashMap<&str, NodeRef<'d>>) {
        let mut open = vec![(root, String::new())];
        while let Some((module, address)) = open.pop() {
            self.declare_module(&address);
            for (resource, key) in module.get("resources").into_iter().flat_map(children) {
                self.declare(resource, key, &address, resource.get("values"), changes);
            }
            let nested: Vec<_> = module
                .get("child_modules")
                .into_iter()
                .flat_map(children)
                .filter_map(|(child, key)| {
                    let address = child.get("address").and_then(NodeRef::text);
                    Some((child, address.or(key.map(|key| key.name()))?.to_string()))
                })
                .collect();
            open.extend(nested.into_iter().rev());
        }
    }

    fn declare_module(&mut self, address: &str) {
        let Some((parent, own)) = address::parent(address) else { return };
        let stem = address::child(parent, own.name);
        let known = self.modules.entry(stem).or_default();
        // NOTE: changes name the module of each resource; those of one module follow each other.
        if known.last().is_none_or(|last| last != address) && !known.iter().any(|known| known == address) {
            known.push(address.to_string());
        }
    }

    /// A plan without `planned_values`: what the changes lead to.
    pub(super) fn declare_changes(&mut self, root: NodeRef<'d>) {
        let unknown = changes(root);
        for change in root.get("resource_changes").into_iter().flat_map(NodeRef::items) {
            let after = change.at(&["change", "after"]).filter(|after| after.kind() == Kind::Mapping);
            let module = change.get("module_address").and_then(NodeRef::text).unwrap_or_default();
            if after.is_some() {
                self.declare_module(module);
                self.declare(change, None, module, after, &unknown);
            }
        }
    }

    fn declare(
        &mut self,
        resource: NodeRef<'d>,
        key: Option<EntryRef<'d>>,
        module: &str,
        values: Option<NodeRef<'d>>,
        changes: &FxHashMap<&str, NodeRef<'d>>,
    ) {
        let text = |key: &str| resource.get(key).and_then(NodeRef::text);
        if text("mode").is_some_and(|mode| mode != "managed") {
            return;
        }
        let (Some(resource_type), Some(name)) = (text("type"), text("name")) else { return };
        let written = resource.get("address").or(key.map(|key| key.key));
        let name_span = written.or(resource.get("name")).map_or_else(|| resource.span(), NodeRef::span);
        let index = resource.get("index").and_then(NodeRef::text).map(str::to_string);
        let address = match written.and_then(NodeRef::text) {
            Some(address) => address.to_string(),
            None => format!("{resource_type}.{name}"),
        };
        let type_name = mapping::of_terraform(resource_type)
            .map_or_else(|| format!("Terraform::{resource_type}"), |mapped| mapped.aws.to_string());
        let span = key.map_or_else(|| resource.span(), |key| key.span());
        let unknown = changes.get(address.as_str()).copied();
        let idx = self.builder.add(Draft::new(address, type_name, name_span, span, Platform::Terraform));
        for key in ["arn", "id"] {
            let identity = values.and_then(|values| values.get(key)).and_then(NodeRef::text);
            if let Some(identity) = identity.filter(|identity| identity.starts_with("arn:")) {
                let known = self.identities.entry(identity).or_insert(Some(idx));
                if *known != Some(idx) {
                    *known = None;
                }
            }
        }
        let module = module.to_string();
        self.instances.entry((module.clone(), resource_type, name)).or_default().push(self.resources.len());
        self.resources.push(Planned {
            idx,
            module,
            resource_type,
            name,
            index,
            values,
            unknown,
            name_span,
            span,
        });
    }
}
