//! The `configuration` of a plan: what was written, module by module.

use rustc_hash::FxHashMap;

use crate::document::NodeRef;

use super::address;

/// The modules of a configuration by the path of their names.
pub(super) struct Configuration<'d> {
    modules: FxHashMap<String, Module<'d>>,
}

struct Module<'d> {
    node: NodeRef<'d>,
    /// The call in the parent module.
    call: Option<NodeRef<'d>>,
    resources: FxHashMap<(&'d str, &'d str), NodeRef<'d>>,
}

impl<'d> Configuration<'d> {
    /// Reads a root module.
    pub(super) fn new(root: NodeRef<'d>) -> Self {
        let mut modules = FxHashMap::default();
        let mut open = vec![(root, None, String::new())];
        while let Some((node, call, path)) = open.pop() {
            let mut resources = FxHashMap::default();
            for resource in node.get("resources").into_iter().flat_map(NodeRef::items) {
                let text = |key: &str| resource.get(key).and_then(NodeRef::text);
                if text("mode").unwrap_or("managed") == "managed"
                    && let (Some(resource_type), Some(name)) = (text("type"), text("name"))
                {
                    resources.insert((resource_type, name), resource);
                }
            }
            for call in node.get("module_calls").into_iter().flat_map(NodeRef::written_entries) {
                if let Some(module) = call.value.get("module") {
                    open.push((module, Some(call.value), format!("{path}/{}", call.name())));
                }
            }
            modules.insert(path, Module { node, call, resources });
        }
        Self { modules }
    }

    fn module(&self, address: &str) -> Option<&Module<'d>> {
        let path = address::modules(address).iter().map(|name| format!("/{name}")).collect::<String>();
        self.modules.get(&path)
    }

    /// A resource of a module instance, as it is written.
    pub(super) fn resource(&self, module: &str, resource_type: &str, name: &str) -> Option<NodeRef<'d>> {
        self.module(module)?.resources.get(&(resource_type, name)).copied()
    }

    /// What a module is called with for one of its variables.
    pub(super) fn input(&self, module: &str, variable: &str) -> Option<NodeRef<'d>> {
        self.module(module)?.call?.get("expressions")?.get(variable)
    }

    /// The expression of an output.
    pub(super) fn output(&self, module: &str, output: &str) -> Option<NodeRef<'d>> {
        self.module(module)?.node.get("outputs")?.get(output)?.get("expression")
    }

    /// The expressions of all outputs of the root module.
    pub(super) fn root_outputs(&self) -> Vec<NodeRef<'d>> {
        let outputs = self.modules.get("").and_then(|root| root.node.get("outputs"));
        let outputs = outputs.into_iter().flat_map(NodeRef::written_entries);
        outputs.filter_map(|output| output.value.get("expression")).collect()
    }
}
