//! CloudFormation templates: lowered into the common model.
//!
//! Each template is a project of its own. Its conditions give scenarios, and each scenario gives a model: a resource
//! or a branch of `Fn::If` is never mixed with one that cannot be deployed together with it.

mod condition;
mod evaluate;
mod function;
mod parameter;
mod resolve;
mod resources;
mod scenario;
mod template;
#[cfg(test)]
mod tests;

use super::hints::Hints;
use super::{Dialect, File, Lowered, Platforms};
use crate::document::{Kind, NodeRef};
use crate::model::Model;
use resolve::Resolver;
use resources::Declarations;
use scenario::Scenario;
use template::Template;

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

/// Lowers the files of one project.
pub fn lower(files: &[File<'_>], platforms: &Platforms) -> Lowered {
    let (hints, diagnostics) = Hints::read(Dialect::CloudFormation, files, platforms);
    let mut lowered = Lowered { diagnostics, ..Lowered::default() };
    for file in files {
        for root in file.document.roots().filter(|root| detect(file.path, *root)) {
            lower_template(root, &hints, &mut lowered);
        }
    }
    lowered
}

fn lower_template(root: NodeRef<'_>, hints: &Hints<'_>, lowered: &mut Lowered) {
    let template = Template::read(root);
    let declarations = Declarations::read(&template);
    let n_nodes = root.document().n_nodes();
    let relevant = declarations.relevant_conditions(&template);
    let scenarios = if relevant.is_empty() {
        vec![Scenario::default()]
    } else {
        let mut resolver = Resolver::new(&template, Scenario::default(), SEARCH_BUDGET);
        scenario::find(&mut resolver, &relevant, n_nodes)
    };
    let part = lowered.models.last().map_or(0, |last| last.part + 1);
    for scenario in scenarios {
        let model = declarations.lower(&template, scenario, n_nodes, hints);
        lowered.models.push(Model { part, ..model });
    }
}
