//! The resources of a template, declared once and lowered for each scenario.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::embed::Position;
use super::function::{self, Function};
use super::resolve::{Binding, Resolver};
use super::scenario::{Scenario, Truth};
use super::stacks::{self, Stacks};
use super::template::Template;
use crate::diagnostic::Diagnostic;
use crate::dialect::{self, hints::Hints};
use crate::document::{EntryRef, NodeRef};
use crate::model::{Draft, Limit, Link, Model, Place, Platform, Reached, ResourceIdx, Unknown};
use crate::source::Span;

/// How many resources `Fn::ForEach` may add; CloudFormation itself allows 500 in all.
const MAX_REPEATED: usize = 5_000;

/// Said where there are more.
const TOO_MANY_REPEATED: Limit = Limit::new("resources with those of `Fn::ForEach`", MAX_REPEATED);

/// How many nodes are looked at for one scenario, beyond those that the document has.
pub(super) const SPARE_BUDGET: usize = 100_000;

/// Types for which scenarios are told apart: what carries traffic, by the beginning of their names.
const TRAFFIC: [&str; 14] = [
    "AWS::ApiGateway",
    "AWS::AppMesh::",
    "AWS::AppRunner::",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::CloudFront::",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpointService",
    "AWS::ECS::",
    "AWS::ElasticLoadBalancing::",
    "AWS::ElasticLoadBalancingV2::",
    "AWS::GlobalAccelerator::",
    "AWS::ServiceDiscovery::",
    "AWS::VpcLattice::",
    "AWS::WAFv2::",
];

/// Types of which the model knows what a reference from them means. One from any other may be a use of its own.
const KNOWN_USERS: [&str; 4] =
    ["AWS::ElasticLoadBalancing::", "AWS::ElasticLoadBalancingV2::", "AWS::ECS::", "AWS::AutoScaling::"];

/// Links that resources which are not known may add to.
const OPEN_LINKS: [Link; 8] = [
    Link::LoadBalancers,
    Link::Listeners,
    Link::Rules,
    Link::TargetGroups,
    Link::Services,
    Link::Workloads,
    Link::Ports,
    Link::Twins,
];

/// A resource as written, its loops unrolled.
#[derive(Debug)]
pub(super) struct Declared<'d> {
    id: Cow<'d, str>,
    type_name: Cow<'d, str>,
    condition: Option<Cow<'d, str>>,
    entry: EntryRef<'d>,
    bindings: Vec<Binding<'d>>,
}

impl<'d> Declared<'d> {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn type_name(&self) -> &str {
        &self.type_name
    }

    pub(super) fn body(&self) -> NodeRef<'d> {
        self.entry.value
    }

    /// Where its logical id is written.
    pub(super) fn key(&self) -> Span {
        self.entry.key.span()
    }
}

/// All resources of a template.
#[derive(Debug, Default)]
pub(super) struct Declarations<'d> {
    list: Vec<Declared<'d>>,
    /// The limits that finding them ran into.
    reached: Vec<Reached>,
    /// Where each logical id stands in the list.
    by_id: FxHashMap<Cow<'d, str>, usize>,
    /// Whether there may be more: a macro or a loop over something unknown may add them.
    is_open: bool,
}

impl<'d> Declarations<'d> {
    /// Finds the resources.
    pub(super) fn read(template: &Template<'d>) -> Self {
        let mut declarations = Self { is_open: template.has_macros, ..Self::default() };
        let Some(resources) = template.resources else { return declarations };
        let mut resolver = Resolver::new(template, Scenario::default(), SPARE_BUDGET);
        declarations.add(&mut resolver, resources);
        declarations.reached.extend_from_slice(resolver.builder.values.reached());
        declarations.keep_last();
        declarations
    }

    fn add(&mut self, resolver: &mut Resolver<'_, 'd>, resources: NodeRef<'d>) -> bool {
        for entry in resources.entries() {
            let name = entry.name();
            if function::is_for_each(name) {
                if !resolver.for_each(entry.value, |resolver, body| self.add(resolver, body)) {
                    self.is_open = true;
                }
                continue;
            }
            if name.starts_with("Fn::") {
                self.is_open = true;
                continue;
            }
            let Some(type_name) = entry.value.get("Type").and_then(|kind| kind.text()) else { continue };
            let is_repeated = !resolver.bindings.is_empty();
            if is_repeated && self.list.len() >= MAX_REPEATED {
                self.reached.push(TOO_MANY_REPEATED.at(entry.key.span()));
                self.is_open = true;
                return false;
            }
            let condition = entry.value.get("Condition").and_then(|condition| condition.text());
            self.list.push(Declared {
                id: resolver.bound(name),
                type_name: resolver.bound(type_name),
                condition: condition.map(|condition| resolver.bound(condition)),
                entry,
                bindings: resolver.bindings.clone(),
            });
        }
        true
    }

    /// Of resources with one name only the last counts.
    fn keep_last(&mut self) {
        let by_id = |list: &[Declared<'d>]| -> FxHashMap<Cow<'d, str>, usize> {
            list.iter().enumerate().map(|(at, declared)| (declared.id.clone(), at)).collect()
        };
        self.by_id = by_id(&self.list);
        if self.by_id.len() < self.list.len() {
            let mut at = 0;
            self.list.retain(|declared| {
                at += 1;
                self.by_id[&declared.id] == at - 1
            });
            self.by_id = by_id(&self.list);
        }
    }

    /// The resource of a logical id.
    pub(super) fn find(&self, id: &str) -> Option<&Declared<'d>> {
        self.by_id.get(id).map(|at| &self.list[*at])
    }

    /// All logical ids in the order of writing.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|declared| declared.id.as_ref())
    }

    /// The conditions on which what carries traffic depends.
    pub(super) fn relevant_conditions(&self, template: &Template<'d>, follows: bool) -> Vec<usize> {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        let mut note = |name: &str| {
            if let Some(idx) = template.condition(name)
                && seen.insert(idx)
            {
                found.push(idx);
            }
        };
        for declared in self.list.iter().filter(|declared| stacks::is_traffic(&declared.type_name, follows)) {
            if let Some(condition) = &declared.condition {
                note(condition);
            }
            let Some(properties) = declared.entry.value.get("Properties") else { continue };
            function::walk(properties, |node| {
                let Some(call) = function::call(node) else { return };
                match call.function {
                    Function::If => {
                        call.argument.items().next().and_then(NodeRef::text).into_iter().for_each(&mut note)
                    }
                    Function::Condition => call.argument.text().into_iter().for_each(&mut note),
                    _ => {}
                }
            });
        }
        found
    }

    /// Lowers all resources that exist in a scenario, with the stacks that belong to it; what is wrong with these.
    pub(super) fn lower<'t>(
        stacks: &'t Stacks<'d>,
        own: usize,
        scenario: Scenario,
        hints: &Hints<'_>,
    ) -> (Model, Vec<Diagnostic>) {
        let stack = &stacks.list[own];
        let (choices, leaves_defaults) = (scenario.choices.clone(), scenario.leaves_defaults);
        let mut resolver = Resolver::new(&stack.template, scenario, stack.n_nodes * 2 + SPARE_BUDGET);
        resolver.position = Some(Box::new(Position::root(stacks, own)));
        let present = stack.declarations.declare(&mut resolver);
        resolver.fill_all(&present, true);
        let diagnostics = resolver.position.take().map(|position| position.diagnostics).unwrap_or_default();
        let model = Model { choices, leaves_defaults, ..dialect::finish(resolver.builder, hints) };
        (model, diagnostics)
    }

    /// Declares the resources that exist in the resolver's scenario, so that references can name them.
    pub(super) fn declare<'t>(
        &'t self,
        resolver: &mut Resolver<'t, 'd>,
    ) -> Vec<(ResourceIdx, &'t Declared<'d>)> {
        resolver.is_open = self.is_open;
        for reached in &self.reached {
            resolver.builder.values.reach(reached.limit, reached.span);
        }
        let position = resolver.position.as_deref();
        let prefix = position.map(|position| position.prefix.clone()).unwrap_or_default();
        let callers = position.map(|position| position.callers.clone()).unwrap_or_default();
        let mut present: Vec<(ResourceIdx, &Declared<'d>)> = Vec::with_capacity(self.list.len());
        for declared in &self.list {
            // What is passed to a nested stack may make other repetitions of it.
            let is_repeated = !declared.bindings.is_empty() && !callers.is_empty();
            let truth = match declared.condition.as_deref() {
                _ if is_repeated => Truth::Unknown,
                Some(name) => resolver.condition_named(name),
                None => Truth::True,
            };
            resolver.is_open |= truth == Truth::Unknown && is_traffic(&declared.type_name);
            let idx = (truth == Truth::True).then(|| {
                let EntryRef { key, .. } = declared.entry;
                let span = declared.entry.span();
                let id = format!("{prefix}{}", declared.id);
                let type_name = declared.type_name.as_ref();
                let mut draft = Draft::new(id, type_name, key.span(), span, Platform::CloudFormation);
                draft.type_at = declared.entry.value.get("Type").map_or(key.span(), |kind| kind.span());
                draft.callers.clone_from(&callers);
                draft.condition = declared.condition.as_deref().map(str::to_string);
                resolver.builder.add(draft)
            });
            present.extend(idx.map(|idx| (idx, declared)));
            resolver.resources.insert(&declared.id, idx);
        }
        present
    }
}

impl<'t, 'd> Resolver<'t, 'd> {
    /// Fills in what was declared, and the stacks within. What a nested stack puts out is used by its caller, who says so.
    pub(super) fn fill_all(&mut self, present: &[(ResourceIdx, &'t Declared<'d>)], is_outermost: bool) {
        for (idx, declared) in present {
            self.fill(*idx, declared);
        }
        // Only services ask what has to be there before them.
        if present.iter().any(|(_, declared)| declared.type_name == "AWS::ECS::Service") {
            for (idx, declared) in present {
                self.implied_dependencies(*idx, declared);
            }
        }
        self.fill_embedded(present);
        for output in self.template.outputs.into_iter().flat_map(NodeRef::entries) {
            if is_outermost || output.value.get("Export").is_some() {
                self.mention(output.value);
            }
        }
        if self.is_open {
            for (idx, declared) in present {
                let draft = self.builder.draft_mut(*idx);
                draft.exported = true;
                if is_traffic(&declared.type_name) {
                    draft.unknown_links.extend(OPEN_LINKS);
                }
            }
        }
    }

    /// Fills in the properties of a resource and what it depends on.
    fn fill(&mut self, idx: ResourceIdx, declared: &'t Declared<'d>) {
        self.bindings.clone_from(&declared.bindings);
        let is_known = KNOWN_USERS.iter().any(|users| declared.type_name.starts_with(users));
        self.is_foreign = !is_known && !self.follows(declared);
        let EntryRef { key, value: body } = declared.entry;
        let properties = if body.get("Fn::Transform").is_some() {
            // A macro may add properties.
            self.mention(body);
            let place = Place::written(body.span(), key.span());
            Some(self.builder.values.unknown(Unknown::Expression, place))
        } else {
            body.get("Properties").and_then(|properties| self.value(properties, key.span()))
        };
        // Rules of the public registry look for exceptions there.
        let metadata = body.entry("Metadata").map(|entry| (entry.value, entry.key.span()));
        let metadata = metadata.and_then(|(value, key)| self.value(value, key));
        let depends_on = body.get("DependsOn");
        let names = depends_on
            .into_iter()
            .flat_map(|node| node.text().into_iter().chain(node.items().filter_map(NodeRef::text)));
        let targets: Vec<ResourceIdx> = names
            .filter_map(|name| self.resources.get(self.bound(name).as_ref()).copied().flatten())
            .collect();
        let draft = self.builder.draft_mut(idx);
        draft.properties = properties;
        draft.sections.extend(metadata.map(|metadata| ("Metadata", metadata)));
        draft.depends_on = targets;
        self.bindings.clear();
        self.is_foreign = false;
    }

    /// Adds what a resource depends on because it names it, in any function and any branch.
    fn implied_dependencies(&mut self, idx: ResourceIdx, declared: &'t Declared<'d>) {
        let Some(properties) = declared.entry.value.get("Properties") else { return };
        self.bindings.clone_from(&declared.bindings);
        let mut named = Vec::new();
        function::mentions(properties, |name| {
            let found = self.resources.get(self.bound(name).as_ref()).copied().flatten();
            named.extend(found.filter(|found| *found != idx));
        });
        self.bindings.clear();
        let depends_on = &mut self.builder.draft_mut(idx).depends_on;
        depends_on.extend(named);
        depends_on.sort_unstable();
        depends_on.dedup();
    }
}

pub(super) fn is_traffic(type_name: &str) -> bool {
    TRAFFIC.iter().any(|start| type_name.starts_with(start))
}
