//! CloudFormation templates: lowered into the common model.
//!
//! Each template is judged by itself, with the stacks that it nests and those that it imports from. Its conditions give scenarios, and each scenario gives a model: a resource
//! or a branch of `Fn::If` is never mixed with one that cannot be deployed together with it.

mod condition;
mod embed;
mod evaluate;
mod function;
mod parameter;
mod resolve;
mod resources;
mod scenario;
mod stacks;
mod template;
#[cfg(test)]
mod tests;

use super::hints::Hints;
use super::{Dialect, File, Lowered, Platforms};
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Kind, NodeRef};
use crate::model::Model;
use resolve::Resolver;
use resources::Declarations;
use scenario::Scenario;
use stacks::Stacks;

/// How many resources `detect` looks at.
const MAX_LOOKS: usize = 16;

/// How many nodes the search for scenarios may resolve.
const SEARCH_BUDGET: usize = 2_000_000;

/// Whether a root of a file is of this dialect; looks at a few keys only.
pub fn detect(path: &str, root: NodeRef<'_>) -> bool {
    let _ = path;
    if root.kind() != Kind::Mapping || (root.get("apiVersion").is_some() && root.get("kind").is_some()) {
        return false;
    }
    if root.get("AWSTemplateFormatVersion").is_some() || is_serverless(root) {
        return true;
    }
    let resources = root.get("Resources").into_iter().flat_map(NodeRef::entries);
    resources.take(MAX_LOOKS).any(|resource| {
        let type_name = resource.value.get("Type").and_then(|kind| kind.text());
        function::is_for_each(resource.name()) || type_name.is_some_and(|name| name.contains("::"))
    })
}

fn is_serverless(root: NodeRef<'_>) -> bool {
    let Some(transform) = root.get("Transform") else { return false };
    let is_own = |node: NodeRef<'_>| node.text().is_some_and(|name| name.starts_with("AWS::"));
    is_own(transform) || transform.items().any(is_own)
}

/// Lowers the files of one project. A stack that another one nests is judged as it is nested.
pub fn lower(files: &[File<'_>], platforms: &Platforms) -> Lowered {
    let (hints, diagnostics) = Hints::read(Dialect::CloudFormation, files, platforms);
    let mut lowered = Lowered { diagnostics, ..Lowered::default() };
    let stacks = Stacks::read(files);
    for own in stacks.outermost() {
        lower_stack(&stacks, own, &hints, &mut lowered);
    }
    lowered
}

/// The files that a template nests by relative paths.
pub(super) fn nested_files(file: &File<'_>) -> Vec<String> {
    stacks::nested_files(file)
}

/// Pairs of files of which the first imports what the second may export.
pub(super) fn imports(files: &[File<'_>]) -> Vec<(usize, usize)> {
    stacks::imports(files)
}

fn lower_stack(stacks: &Stacks<'_>, own: usize, hints: &Hints<'_>, lowered: &mut Lowered) {
    let stack = &stacks.list[own];
    let is_several = stacks.list.len() > 1;
    let n_nodes =
        if is_several { stacks.list.iter().map(|stack| stack.n_nodes).sum() } else { stack.n_nodes };
    let relevant = stack.declarations.relevant_conditions(&stack.template, is_several);
    let (scenarios, limit) = if relevant.is_empty() {
        (vec![Scenario::default()], None)
    } else {
        let mut resolver = Resolver::new(&stack.template, Scenario::default(), SEARCH_BUDGET);
        let found = scenario::find(&mut resolver, &relevant, n_nodes);
        let reached = resolver.builder.values.reached().iter().filter(|_| !resolver.is_exhausted());
        lowered.diagnostics.extend(reached.map(Diagnostic::from));
        found
    };
    if let (Some(limit), Some(first)) = (limit, relevant.first()) {
        // The likelier ones are looked at.
        let found = Diagnostic::from(&limit.at(stack.template.conditions[*first].span()));
        lowered.diagnostics.push(Diagnostic { severity: Severity::Info, ..found });
    }
    let part = lowered.models.last().map_or(0, |last| last.part + 1);
    for scenario in scenarios {
        let (model, diagnostics) = Declarations::lower(stacks, own, scenario, hints);
        lowered.models.push(Model { part, ..model });
        lowered.diagnostics.extend(diagnostics);
    }
}
