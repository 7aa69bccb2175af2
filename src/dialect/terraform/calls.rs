//! Modules that a module calls by a local path: what is passed in, what comes out, and the resources in between.
//!
//! Each instance of a call is a module of its own over the same files, with the values that are passed to it. All of them
//! share one builder, which is handed to the module that is at work.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::dialect::projects::{CIRCULAR_PROJECT, MAX_NESTING, joined};
use crate::document::{EntryRef, NodeRef};
use crate::model::{Builder, Entry, Limit, Place, ResourceIdx, Unknown, ValueId};

use super::module::{Expansion, Module, Scope, labels, objects};

/// How many modules one configuration may consist of, instances counted.
const MAX_MODULES: usize = 256;

/// Arguments of a call that are no inputs.
const META_ARGUMENTS: [&str; 7] = ["//", "source", "version", "count", "for_each", "depends_on", "providers"];

/// The modules that may be called, by directory.
#[derive(Debug, Default)]
pub(super) struct Library<'d> {
    pub(super) directories: BTreeMap<String, Directory<'d>>,
}

/// The files of one directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory<'d> {
    /// The roots of those that declare something, those that override others last.
    pub(super) roots: Vec<NodeRef<'d>>,
    /// The roots of those that set variables where the directory is no module of another one, the most important last.
    pub(super) values: Vec<NodeRef<'d>>,
}

/// A `module` block.
#[derive(Debug)]
pub(super) struct Call<'d> {
    /// The name and the block.
    entry: EntryRef<'d>,
    /// The directory that is called, where it is among the files.
    directory: Option<String>,
    expansion: Expansion,
    instances: Vec<CallInstance<'d>>,
}

#[derive(Debug)]
struct CallInstance<'d> {
    key: Option<String>,
    /// Taken out while it is at work.
    module: Option<Box<Module<'d>>>,
    /// Its outputs, once they were asked for; `None` inside while they are worked out.
    outputs: Option<Option<ValueId>>,
}

/// The directories that the configuration below a root calls by a local path, with the names of the calls.
pub(super) fn local_calls<'d>(root: NodeRef<'d>, directory: &str) -> Vec<(EntryRef<'d>, String)> {
    let blocks = objects(root).flat_map(NodeRef::written_entries).filter(|block| block.name() == "module");
    let calls = blocks.flat_map(|block| labels(block.value)).map(|(_, call)| call);
    calls.filter_map(|call| Some((call, called(call, directory)?))).collect()
}

/// The directory that a call names by a local path.
fn called(call: EntryRef<'_>, directory: &str) -> Option<String> {
    let source = objects(call.value).find_map(|body| body.get("source"))?.text()?;
    let is_local = source.starts_with("./") || source.starts_with("../") || matches!(source, "." | "..");
    is_local.then(|| joined(directory, source))
}

impl<'d> Module<'d> {
    /// Notes a `module` block.
    pub(super) fn add_call(&mut self, entry: EntryRef<'d>) {
        let directory = called(entry, self.directory());
        let directory = directory.filter(|directory| self.library.directories.contains_key(directory));
        let expansion = Expansion::Pending;
        self.calls.push(Call { entry, directory, expansion, instances: Vec::new() });
    }

    /// Makes the instances of a call, and gives them what is passed to them.
    fn expand_call(&mut self, at: usize) {
        let call = &self.calls[at];
        let (entry, Some(directory)) = (call.entry, call.directory.clone()) else { return };
        if call.expansion != Expansion::Pending {
            return;
        }
        self.calls[at].expansion = Expansion::Running;
        if !self.may_enter(entry, &directory) {
            self.calls[at].expansion = Expansion::Open;
            return;
        }
        let body: Vec<NodeRef<'d>> = objects(entry.value).collect();
        let argument = |name: &str| body.iter().rev().find_map(|body| body.entry(name));
        let (expansion, scopes) = self.scopes(argument("count"), argument("for_each"));
        let arguments: Vec<EntryRef<'d>> = body.iter().flat_map(|body| body.written_entries()).collect();
        let mut instances = Vec::with_capacity(scopes.len());
        for (key, suffix, scope) in scopes {
            let address = format!("{}module.{}{suffix}.", self.address, entry.name());
            let mut module = self.child(directory.clone(), address, entry);
            for argument in &arguments {
                if !META_ARGUMENTS.contains(&argument.name()) {
                    let value = self.node(argument.value, argument.key.span(), &scope);
                    module.memo.take_from(&self.memo, value);
                    module.inputs.insert(argument.name(), value);
                }
            }
            instances.push(CallInstance { key, module: Some(Box::new(module)), outputs: None });
        }
        self.calls[at].instances = instances;
        self.calls[at].expansion = expansion;
    }

    /// Whether a module may be entered; says why not.
    fn may_enter(&mut self, call: EntryRef<'d>, directory: &str) -> bool {
        if self.within.iter().any(|outer| outer == directory) {
            let message = format!("module `{}` contains itself", call.name());
            let mut found = Diagnostic::new(CIRCULAR_PROJECT, Severity::Error, call.key.span(), message);
            let outer = self.callers.iter().filter(|span| **span != call.key.span());
            found.related = outer.map(|span| Label::new(*span, "called from here")).collect();
            self.diagnostics.push(found.with_help("call another directory, or take the call out"));
            return false;
        }
        self.n_modules += 1;
        if self.within.len() > MAX_NESTING || self.n_modules > MAX_MODULES {
            let deep = Limit::new("modules in one another", MAX_NESTING);
            let many = Limit::new("instances of modules in one configuration", MAX_MODULES);
            let limit = if self.within.len() > MAX_NESTING { deep } else { many };
            self.builder.values.reach(limit, call.key.span());
            return false;
        }
        true
    }

    fn child(&self, directory: String, address: String, call: EntryRef<'d>) -> Module<'d> {
        let mut module = Module::new(Rc::clone(&self.library), directory);
        module.address = address;
        module.within = self.within.iter().cloned().chain([self.directory().to_string()]).collect();
        module.callers = self.callers.iter().copied().chain([call.key.span()]).collect();
        module
    }

    /// Lets an instance of a call work with the builder; `None` where it is at work already.
    fn within_instance<T>(
        &mut self,
        call: usize,
        instance: usize,
        work: impl FnOnce(&mut Module<'d>) -> T,
    ) -> Option<T> {
        let mut module = self.calls[call].instances.get_mut(instance)?.module.take()?;
        self.hand_over(&mut module);
        module.depth = self.depth;
        let result = work(&mut module);
        module.hand_over(self);
        self.diagnostics.append(&mut module.diagnostics);
        self.calls[call].instances[instance].module = Some(module);
        Some(result)
    }

    /// Gives what all modules share to another one.
    fn hand_over(&mut self, to: &mut Module<'d>) {
        to.builder = std::mem::take(&mut self.builder);
        to.fuel = self.fuel;
        to.n_modules = self.n_modules;
    }

    /// `module.name`: a map of the outputs, or a list or map of such maps.
    pub(super) fn module_value(&mut self, name: &str, place: Place) -> Option<ValueId> {
        let at = self.calls.iter().position(|call| call.entry.name() == name)?;
        self.calls[at].directory.as_ref()?;
        self.expand_call(at);
        let n_instances = self.calls[at].instances.len();
        let expansion = self.calls[at].expansion;
        let mut outputs = Vec::with_capacity(n_instances);
        for instance in 0..n_instances {
            outputs.push(self.outputs(at, instance, place));
        }
        let values = &mut self.builder.values;
        Some(match expansion {
            Expansion::Single => outputs.first().copied()?,
            Expansion::Counted => values.list(&outputs, place),
            Expansion::Keyed => {
                let keys = self.calls[at].instances.iter().map(|instance| instance.key.as_deref());
                let entries: Vec<Entry> = keys
                    .zip(&outputs)
                    .map(|(key, value)| Entry { key: values.intern(key.unwrap_or_default()), value: *value })
                    .collect();
                values.map(&entries, place)
            }
            // One instance stands for all, so that nothing is known of any of them.
            Expansion::Open | Expansion::Pending | Expansion::Running => {
                values.unknown(Unknown::Expression, place)
            }
        })
    }

    fn outputs(&mut self, call: usize, instance: usize, place: Place) -> ValueId {
        match self.calls[call].instances[instance].outputs {
            Some(Some(known)) => return known,
            Some(None) => return self.unknown(Unknown::Expression, place),
            None => self.calls[call].instances[instance].outputs = Some(None),
        }
        let found = self.within_instance(call, instance, |module| {
            let mut found = Vec::new();
            for output in module.outputs.clone() {
                let value = objects(output.value).find_map(|body| body.entry("value"));
                if let Some(value) = value {
                    found
                        .push((output.name(), module.node(value.value, value.key.span(), &Scope::default())));
                }
            }
            found
        });
        let Some(found) = found else { return self.unknown(Unknown::Expression, place) };
        if let Some(module) = &self.calls[call].instances[instance].module {
            found.iter().for_each(|(_, value)| self.memo.take_from(&module.memo, *value));
        }
        let map = self.builder.values.map_of(&found, place);
        self.calls[call].instances[instance].outputs = Some(Some(map));
        map
    }

    /// Declares the resources of all calls, and of what they call.
    pub(super) fn expand_calls(&mut self) {
        self.in_all_calls(|module| module.expand_all());
    }

    /// Does work in every instance of every call.
    pub(super) fn in_all_calls(&mut self, mut work: impl FnMut(&mut Module<'d>)) {
        for call in 0..self.calls.len() {
            self.expand_call(call);
            for instance in 0..self.calls[call].instances.len() {
                self.within_instance(call, instance, &mut work);
            }
        }
    }

    /// Does work in one instance of every call: what all instances have in common.
    pub(super) fn in_first_instances(&mut self, mut work: impl FnMut(&mut Module<'d>)) {
        for call in 0..self.calls.len() {
            self.within_instance(call, 0, &mut work);
        }
    }

    /// Marks what comes out of a call as used by something that is not known.
    pub(super) fn export_outputs(&mut self, name: &str) {
        let Some(at) = self.calls.iter().position(|call| call.entry.name() == name) else { return };
        for instance in 0..self.calls[at].instances.len() {
            self.within_instance(at, instance, |module| module.export_own_outputs());
        }
    }

    /// The attribute of a resource that a called module declares.
    pub(super) fn attribute_within(&mut self, idx: ResourceIdx, name: &str, place: Place) -> Option<ValueId> {
        let owns =
            |instance: &CallInstance<'d>| instance.module.as_ref().is_some_and(|module| module.holds(idx));
        let (call, instance) = self.calls.iter().enumerate().find_map(|(at, call)| {
            let instance = call.instances.iter().position(owns)?;
            Some((at, instance))
        })?;
        let value =
            self.within_instance(call, instance, |module| module.resource_attribute(idx, name, place))?;
        if let Some(module) = &self.calls[call].instances[instance].module {
            self.memo.take_from(&module.memo, value);
        }
        Some(value)
    }

    /// The resources of all instances of a call, those of the modules that they call too.
    pub(super) fn drafts_within(&self, name: &str) -> Vec<ResourceIdx> {
        let calls = self.calls.iter().filter(|call| call.entry.name() == name);
        let modules = calls.flat_map(|call| &call.instances).filter_map(|instance| instance.module.as_ref());
        modules.flat_map(|module| module.all_drafts()).collect()
    }

    fn all_drafts(&self) -> Vec<ResourceIdx> {
        let own = (0..self.resources.len()).flat_map(|at| self.drafts(at));
        let modules = self.calls.iter().flat_map(|call| &call.instances).filter_map(|it| it.module.as_ref());
        own.chain(modules.flat_map(|module| module.all_drafts())).collect()
    }

    /// Lets the resources of calls depend on what the calls name in `depends_on`.
    pub(super) fn calls_depend(&mut self) {
        for call in 0..self.calls.len() {
            let entry = self.calls[call].entry;
            let items: Vec<NodeRef<'d>> = objects(entry.value)
                .filter_map(|body| body.get("depends_on"))
                .flat_map(NodeRef::items)
                .collect();
            let needed = self.drafts_named(&items);
            if needed.is_empty() {
                continue;
            }
            for idx in self.drafts_within(entry.name()) {
                self.builder.draft_mut(idx).depends_on.extend(needed.iter().copied());
            }
        }
    }

    /// Whether this module or one that it calls declares a resource.
    fn holds(&self, idx: ResourceIdx) -> bool {
        let modules = self.calls.iter().flat_map(|call| &call.instances).filter_map(|it| it.module.as_ref());
        self.owner(idx).is_some() || modules.into_iter().any(|module| module.holds(idx))
    }

    /// The directories of this module and of all that it calls.
    pub(super) fn directories(&self, found: &mut Vec<String>) {
        found.push(self.directory().to_string());
        for instance in self.calls.iter().flat_map(|call| &call.instances) {
            if let Some(module) = &instance.module {
                module.directories(found);
            }
        }
    }

    /// The builder, when all is done.
    pub(super) fn into_builder(self) -> Builder {
        self.builder
    }
}
