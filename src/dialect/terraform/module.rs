//! One module: what its files declare, evaluated when it is asked for.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::Diagnostic;
use crate::document::{EntryRef, Kind, NodeRef};
use crate::model::{Builder, Data, Draft, Limit, Platform, ResourceIdx, ValueId};
use crate::source::Span;

use super::calls::{Call, Directory, Library};
use super::{expression, mapping};

/// How many instances of one resource are told apart; more than that stand as one.
const MAX_INSTANCES: usize = 64;

/// How many instances of all resources are told apart.
const MAX_ALL_INSTANCES: usize = 8192;

/// How many steps the evaluation of one module may take; what is left then is unknown.
const FUEL: u32 = 1_000_000;

/// Said where evaluation ended for want of steps.
pub(super) const TOO_MANY_STEPS: Limit = Limit::new("steps to evaluate the modules", FUEL as usize);

/// How many local values are followed to find what an argument names.
const MAX_FOLLOWED: usize = 64;

/// How many resources of one value are noted.
const MAX_NAMED: usize = 1024;

/// The arguments that every resource may have and that say nothing of what is deployed.
const META_ARGUMENTS: [&str; 8] =
    ["//", "count", "for_each", "depends_on", "provider", "lifecycle", "provisioner", "connection"];

/// The files of one directory.
#[derive(Debug)]
pub(super) struct Module<'d> {
    /// The model in the making.
    pub(super) builder: Builder,
    /// The resources in order of writing.
    pub(super) resources: Vec<Declaration<'d>>,
    /// The outputs.
    pub(super) outputs: Vec<EntryRef<'d>>,
    /// What is passed to modules: uses that are not followed.
    pub(super) passed: Vec<NodeRef<'d>>,
    /// The modules that are called.
    pub(super) calls: Vec<Call<'d>>,
    /// What the caller passes.
    pub(super) inputs: FxHashMap<&'d str, ValueId>,
    /// In front of the addresses of all resources: `module.orders.`.
    pub(super) address: String,
    /// The calls that lead here, the outermost first.
    pub(super) callers: Vec<Span>,
    /// The directories of the modules around this one.
    pub(super) within: Vec<String>,
    /// All modules that may be called.
    pub(super) library: Rc<Library<'d>>,
    /// How many modules were entered so far.
    pub(super) n_modules: usize,
    /// What is wrong with calls.
    pub(super) diagnostics: Vec<Diagnostic>,
    directory: String,
    /// The roots of files that set variables.
    values: Vec<NodeRef<'d>>,
    by_name: FxHashMap<(&'d str, &'d str), usize>,
    variables: FxHashMap<&'d str, Variable<'d>>,
    locals: FxHashMap<&'d str, EntryRef<'d>>,
    /// For each draft: its declaration and its place among the instances.
    owners: FxHashMap<ResourceIdx, (usize, usize)>,
    pub(super) memo: Memo<'d>,
    pub(super) fuel: u32,
    pub(super) depth: u32,
}

/// What was evaluated before; `None` stands for what is being evaluated, to find circles.
#[derive(Debug, Default)]
pub(super) struct Memo<'d> {
    pub(super) variables: FxHashMap<&'d str, ValueId>,
    pub(super) locals: FxHashMap<&'d str, Option<ValueId>>,
    pub(super) arguments: FxHashMap<(ResourceIdx, &'d str), Option<ValueId>>,
    /// What a local value names.
    named: FxHashMap<&'d str, Named<'d>>,
    /// The structure that a text encodes (`jsonencode`).
    pub(super) encoded: FxHashMap<ValueId, ValueId>,
    /// The known part of a text of which the rest is unknown, holes marked by `…`.
    pub(super) fragments: FxHashMap<ValueId, String>,
}

/// A variable as it is declared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable<'d> {
    /// What it is when nobody sets it.
    pub(super) default: Option<EntryRef<'d>>,
    /// Its type, as written.
    pub(super) wanted: Option<&'d str>,
}

/// What the strings of a value name.
#[derive(Debug, Default)]
pub(super) struct Named<'d> {
    resources: Vec<usize>,
    locals: Vec<&'d str>,
    modules: Vec<String>,
}

impl Memo<'_> {
    /// Takes over what another module knows of the inside of a value.
    pub(super) fn take_from(&mut self, other: &Self, value: ValueId) {
        if let Some(structure) = other.encoded.get(&value) {
            self.encoded.insert(value, *structure);
        }
        if let Some(fragments) = other.fragments.get(&value) {
            self.fragments.insert(value, fragments.clone());
        }
    }
}

/// A resource as it is declared.
#[derive(Debug)]
pub(super) struct Declaration<'d> {
    /// `aws_lb`.
    pub(super) resource_type: &'d str,
    /// The second label.
    pub(super) name: &'d str,
    /// Where the name stands.
    pub(super) name_span: Span,
    /// Label and body.
    pub(super) span: Span,
    /// The body, and after it those of override files.
    pub(super) bodies: Vec<NodeRef<'d>>,
    /// Its instances; none before it is expanded.
    pub(super) instances: Vec<Instance>,
    /// How it is multiplied.
    pub(super) expansion: Expansion,
}

/// How a resource is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expansion {
    /// Not worked out yet.
    Pending,
    /// Being worked out.
    Running,
    /// Neither `count` nor `for_each`.
    Single,
    /// By `count`, the number known.
    Counted,
    /// By `for_each`, the keys known.
    Keyed,
    /// By one of them, but the files do not settle how often: one instance stands for all.
    Open,
}

/// One instance of a resource.
#[derive(Debug)]
pub(super) struct Instance {
    /// Its draft.
    pub(super) idx: ResourceIdx,
    /// The key of `for_each`.
    pub(super) key: Option<String>,
    /// What `each` and `count` are in its body.
    pub(super) scope: Scope,
}

/// The names that an expression may use beside those of the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// `each.key` and `each.value`.
    pub(super) each: Option<(ValueId, ValueId)>,
    /// `count.index`.
    pub(super) index: Option<ValueId>,
    /// Names bound by `for` and `dynamic`, the innermost last.
    pub(super) names: Vec<(String, ValueId)>,
}

impl<'d> Declaration<'d> {
    /// The entry of an argument; an override file's wins.
    pub(super) fn argument(&self, name: &str) -> Option<EntryRef<'d>> {
        self.bodies.iter().rev().find_map(|body| body.entry(name))
    }

    /// All arguments and blocks but those that every resource may have.
    pub(super) fn arguments(&self) -> impl Iterator<Item = EntryRef<'d>> + '_ {
        let entries = self.bodies.iter().flat_map(|body| body.written_entries());
        entries.filter(|entry| !META_ARGUMENTS.contains(&entry.name()))
    }
}

impl<'d> Module<'d> {
    /// Reads what the files of a directory declare.
    pub(super) fn new(library: Rc<Library<'d>>, directory: String) -> Self {
        let Directory { roots, values } = library.directories.get(&directory).cloned().unwrap_or_default();
        let mut module = Self {
            builder: Builder::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
            passed: Vec::new(),
            calls: Vec::new(),
            inputs: FxHashMap::default(),
            address: String::new(),
            callers: Vec::new(),
            within: Vec::new(),
            library,
            n_modules: 0,
            diagnostics: Vec::new(),
            directory,
            values,
            by_name: FxHashMap::default(),
            variables: FxHashMap::default(),
            locals: FxHashMap::default(),
            owners: FxHashMap::default(),
            memo: Memo::default(),
            fuel: FUEL,
            depth: 0,
        };
        for root in roots.into_iter().flat_map(objects) {
            module.read(root);
        }
        module
    }

    fn read(&mut self, root: NodeRef<'d>) {
        for entry in root.written_entries() {
            match entry.name() {
                "variable" => {
                    for (_, variable) in labels(entry.value) {
                        let argument = |key| objects(variable.value).find_map(|body| body.entry(key));
                        let wanted = argument("type").and_then(|wanted| wanted.value.text());
                        let declared = Variable { default: argument("default"), wanted };
                        self.variables.insert(variable.name(), declared);
                    }
                }
                "locals" => {
                    for local in objects(entry.value).flat_map(NodeRef::written_entries) {
                        self.locals.insert(local.name(), local);
                    }
                }
                "resource" => {
                    for (_, resource_type) in labels(entry.value) {
                        for (_, resource) in labels(resource_type.value) {
                            self.declare(resource_type, resource);
                        }
                    }
                }
                "output" => self.outputs.extend(labels(entry.value).map(|(_, output)| output)),
                "module" => {
                    self.passed.push(entry.value);
                    labels(entry.value).for_each(|(_, call)| self.add_call(call));
                }
                _ => {}
            }
        }
    }

    fn declare(&mut self, resource_type: EntryRef<'d>, resource: EntryRef<'d>) {
        let bodies: Vec<NodeRef<'d>> = objects(resource.value).collect();
        if bodies.is_empty() {
            return;
        }
        let label = (resource_type.name(), resource.name());
        if let Some(known) = self.by_name.get(&label) {
            self.resources[*known].bodies.extend(bodies);
            return;
        }
        self.by_name.insert(label, self.resources.len());
        self.resources.push(Declaration {
            resource_type: label.0,
            name: label.1,
            name_span: resource.key.span(),
            span: resource.span(),
            bodies,
            instances: Vec::new(),
            expansion: Expansion::Pending,
        });
    }

    /// The directory of its files.
    pub(super) fn directory(&self) -> &str {
        &self.directory
    }

    /// The place of a resource among the declarations.
    pub(super) fn find(&self, resource_type: &str, name: &str) -> Option<usize> {
        self.by_name.get(&(resource_type, name)).copied()
    }

    /// A variable, with its name as it is declared.
    pub(super) fn declared(&self, name: &str) -> Option<(&'d str, Variable<'d>)> {
        self.variables.get_key_value(name).map(|(name, variable)| (*name, *variable))
    }

    /// The entry that sets a variable of a root module; modules that are called get theirs from the caller.
    pub(super) fn set_in_files(&self, name: &str) -> Option<EntryRef<'d>> {
        let values = if self.within.is_empty() { self.values.as_slice() } else { &[] };
        values.iter().rev().find_map(|root| root.entry(name))
    }

    /// The entry of a local value.
    pub(super) fn local(&self, name: &str) -> Option<(&'d str, EntryRef<'d>)> {
        self.locals.get_key_value(name).map(|(name, entry)| (*name, *entry))
    }

    /// The declaration and instance of a draft.
    pub(super) fn owner(&self, idx: ResourceIdx) -> Option<(&Declaration<'d>, &Instance)> {
        let (declaration, instance) = *self.owners.get(&idx)?;
        let declaration = &self.resources[declaration];
        Some((declaration, declaration.instances.get(instance)?))
    }

    /// Makes the instances of a resource, and a draft for each.
    pub(super) fn expand(&mut self, at: usize) {
        if self.resources[at].expansion != Expansion::Pending {
            return;
        }
        self.resources[at].expansion = Expansion::Running;
        let declaration = &self.resources[at];
        let (expansion, scopes) =
            self.scopes(declaration.argument("count"), declaration.argument("for_each"));
        for (key, suffix, scope) in scopes {
            let declaration = &self.resources[at];
            let (resource_type, name) = (declaration.resource_type, declaration.name);
            let type_name = mapping::of_terraform(resource_type)
                .map_or_else(|| format!("Terraform::{resource_type}"), |mapped| mapped.aws.to_string());
            let id = format!("{}{resource_type}.{name}{suffix}", self.address);
            let mut draft =
                Draft::new(id, type_name, declaration.name_span, declaration.span, Platform::Terraform);
            draft.callers.clone_from(&self.callers);
            let idx = self.builder.add(draft);
            self.owners.insert(idx, (at, declaration.instances.len()));
            self.resources[at].instances.push(Instance { idx, key, scope });
        }
        self.resources[at].expansion = expansion;
    }

    /// The instances that `count` and `for_each` make: key, what follows the address, scope.
    pub(super) fn scopes(
        &mut self,
        count: Option<EntryRef<'d>>,
        for_each: Option<EntryRef<'d>>,
    ) -> (Expansion, Vec<(Option<String>, String, Scope)>) {
        let once = |scope| vec![(None, String::new(), scope)];
        if let Some(entry) = count {
            let count = self.node(entry.value, entry.key.span(), &Scope::default());
            return match self.builder.values.as_int(count) {
                Some(number @ 0..) if number as usize <= self.room() => {
                    let place = self.builder.values.place(count);
                    let scopes = (0..number).map(|number| {
                        let index = Some(self.builder.values.int(number, place));
                        (None, format!("[{number}]"), Scope { index, ..Scope::default() })
                    });
                    (Expansion::Counted, scopes.collect())
                }
                _ => {
                    let index = Some(self.unknown_at(count));
                    (Expansion::Open, once(Scope { index, ..Scope::default() }))
                }
            };
        }
        if let Some(entry) = for_each {
            let items = self.node(entry.value, entry.key.span(), &Scope::default());
            let number = match self.builder.values.data(items) {
                Data::Map(entries) => entries.len(),
                Data::List(items) => items.len(),
                _ => usize::MAX,
            };
            return match (number <= self.room()).then(|| self.pairs(items)).flatten() {
                Some(pairs) => {
                    let place = self.builder.values.place(items);
                    let scopes = pairs.into_iter().map(|(key, value)| {
                        let text = self.builder.values.text(&key, place);
                        let suffix = format!("[{key:?}]");
                        let each = Some((text, value));
                        (Some(key), suffix, Scope { each, ..Scope::default() })
                    });
                    (Expansion::Keyed, scopes.collect())
                }
                _ => {
                    let unknown = self.unknown_at(items);
                    (Expansion::Open, once(Scope { each: Some((unknown, unknown)), ..Scope::default() }))
                }
            };
        }
        (Expansion::Single, once(Scope::default()))
    }

    /// How many instances one resource may have.
    fn room(&self) -> usize {
        MAX_INSTANCES.min(MAX_ALL_INSTANCES.saturating_sub(self.owners.len()))
    }

    /// Every resource that the strings below a node name, whatever the expressions around them, also by way of
    /// local values.
    pub(super) fn named_in(&mut self, node: NodeRef<'d>) -> Vec<usize> {
        self.all_named_in(node).0
    }

    /// The resources as above, and the modules.
    pub(super) fn all_named_in(&mut self, node: NodeRef<'d>) -> (Vec<usize>, Vec<String>) {
        let Named { resources: mut found, locals: mut open, mut modules } = self.named_directly(node);
        let mut followed: FxHashSet<&str> = FxHashSet::default();
        while let Some(name) = open.pop() {
            if followed.len() >= MAX_FOLLOWED || !followed.insert(name) {
                continue;
            }
            let Some((_, local)) = self.local(name) else { continue };
            if !self.memo.named.contains_key(name) {
                let named = self.named_directly(local.value);
                self.memo.named.insert(name, named);
            }
            let named = &self.memo.named[name];
            found.extend(&named.resources);
            open.extend(&named.locals);
            modules.extend(named.modules.iter().cloned());
        }
        found.sort_unstable();
        found.dedup();
        modules.sort_unstable();
        modules.dedup();
        (found, modules)
    }

    fn named_directly(&self, node: NodeRef<'d>) -> Named<'d> {
        let mut named = Named::default();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match node.kind() {
                Kind::Mapping => open.extend(node.written_entries().map(|entry| entry.value)),
                Kind::Sequence => open.extend(node.items()),
                Kind::Scalar => {
                    let text = node.text().unwrap_or_default();
                    if !text.contains("${") {
                        continue;
                    }
                    for part in expression::template(text) {
                        let expression::Part::Expression(expression) = part else { continue };
                        expression.resources(&mut |root, name| match self.local(name) {
                            Some((name, _)) if root == "local" => named.locals.push(name),
                            _ if root == "module" => named.modules.push(name.to_string()),
                            _ => named.resources.extend(self.find(root, name)),
                        });
                    }
                }
            }
        }
        named.resources.sort_unstable();
        named.resources.dedup();
        named.resources.truncate(MAX_NAMED);
        named.locals.sort_unstable();
        named.locals.dedup();
        named
    }
}

/// An expression without its `${` and `}`.
pub(super) fn bare(text: &str) -> &str {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

/// The objects at a place where JSON allows one or an array of them.
pub(super) fn objects(node: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let single = (node.kind() == Kind::Mapping).then_some(node);
    single.into_iter().chain(node.items().filter(|item| item.kind() == Kind::Mapping))
}

/// The entries of one level of labels, with the object that holds them.
pub(super) fn labels(node: NodeRef<'_>) -> impl Iterator<Item = (NodeRef<'_>, EntryRef<'_>)> {
    objects(node)
        .flat_map(|object| object.written_entries().map(move |entry| (object, entry)))
        .filter(|(_, entry)| entry.name() != "//")
}
