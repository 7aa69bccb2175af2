//! The resources of a template, declared once and lowered for each scenario.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::function::{self, Function};
use super::resolve::{Binding, Resolver};
use super::scenario::{Scenario, Truth};
use super::template::Template;
use crate::dialect::{self, hints::Hints};
use crate::document::{EntryRef, NodeRef};
use crate::model::{Draft, Link, Model, Place, Platform, ResourceIdx, Unknown};

/// How many resources `Fn::ForEach` may add; CloudFormation itself allows 500 in all.
const MAX_REPEATED: usize = 5_000;

/// How many nodes are looked at for one scenario, beyond those that the document has.
const SPARE_BUDGET: usize = 100_000;

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

/// All resources of a template.
#[derive(Debug, Default)]
pub(super) struct Declarations<'d> {
    list: Vec<Declared<'d>>,
    /// Whether there may be more: a macro or a loop over something unknown may add them.
    is_open: bool,
}

impl<'d> Declarations<'d> {
    /// Finds the resources.
    pub(super) fn read(template: &Template<'d>) -> Self {
        let mut declarations = Self { list: Vec::new(), is_open: template.has_macros };
        let Some(resources) = template.resources else { return declarations };
        let mut resolver = Resolver::new(template, Scenario::default(), SPARE_BUDGET);
        declarations.add(&mut resolver, resources);
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
        let mut last = FxHashMap::default();
        for (at, declared) in self.list.iter().enumerate() {
            last.insert(declared.id.clone(), at);
        }
        if last.len() < self.list.len() {
            let mut at = 0;
            self.list.retain(|declared| {
                at += 1;
                last[&declared.id] == at - 1
            });
        }
    }

    /// The conditions on which what carries traffic depends.
    pub(super) fn relevant_conditions(&self, template: &Template<'d>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        let mut note = |name: &str| {
            if let Some(idx) = template.condition(name)
                && seen.insert(idx)
            {
                found.push(idx);
            }
        };
        for declared in self.list.iter().filter(|declared| is_traffic(&declared.type_name)) {
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

    /// Lowers all resources that exist in a scenario.
    pub(super) fn lower(
        &self,
        template: &Template<'d>,
        scenario: Scenario,
        n_nodes: usize,
        hints: &Hints<'_>,
    ) -> Model {
        let (choices, leaves_defaults) = (scenario.choices.clone(), scenario.leaves_defaults);
        let mut resolver = Resolver::new(template, scenario, n_nodes * 2 + SPARE_BUDGET);
        let mut is_open = self.is_open;
        let mut present: Vec<(ResourceIdx, &Declared<'d>)> = Vec::with_capacity(self.list.len());
        for declared in &self.list {
            let truth =
                declared.condition.as_deref().map_or(Truth::True, |name| resolver.condition_named(name));
            is_open |= truth == Truth::Unknown && is_traffic(&declared.type_name);
            let idx = (truth == Truth::True).then(|| {
                let EntryRef { key, .. } = declared.entry;
                let span = declared.entry.span();
                let id = declared.id.as_ref();
                let type_name = declared.type_name.as_ref();
                let mut draft = Draft::new(id, type_name, key.span(), span, Platform::CloudFormation);
                draft.type_at = declared.entry.value.get("Type").map_or(key.span(), |kind| kind.span());
                resolver.builder.add(draft)
            });
            present.extend(idx.map(|idx| (idx, declared)));
            resolver.resources.insert(&declared.id, idx);
        }
        for (idx, declared) in &present {
            resolver.fill(*idx, declared);
        }
        // Only services ask what has to be there before them.
        if present.iter().any(|(_, declared)| declared.type_name == "AWS::ECS::Service") {
            for (idx, declared) in &present {
                resolver.implied_dependencies(*idx, declared);
            }
        }
        if let Some(outputs) = template.outputs {
            resolver.mention(outputs);
        }
        if is_open {
            for (idx, declared) in present {
                let draft = resolver.builder.draft_mut(idx);
                draft.exported = true;
                if is_traffic(&declared.type_name) {
                    draft.unknown_links.extend(OPEN_LINKS);
                }
            }
        }
        Model { choices, leaves_defaults, ..dialect::finish(resolver.builder, hints) }
    }
}

impl<'t, 'd> Resolver<'t, 'd> {
    /// Fills in the properties of a resource and what it depends on.
    fn fill(&mut self, idx: ResourceIdx, declared: &'t Declared<'d>) {
        self.bindings.clone_from(&declared.bindings);
        self.is_foreign = !KNOWN_USERS.iter().any(|users| declared.type_name.starts_with(users));
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

fn is_traffic(type_name: &str) -> bool {
    TRAFFIC.iter().any(|start| type_name.starts_with(start))
}
