//! Terraform: configuration in HCL and JSON, and plans and states as `terraform show -json` prints them.
//!
//! Both are lowered through one table of provider arguments and AWS properties ([`mapping`]). Expressions are
//! evaluated where that is sound; everything else is unknown.

#[cfg(test)]
mod any_shape;
mod attachments;
mod calls;
mod configuration;
mod containers;
mod evaluate;
mod expression;
mod files;
mod functions;
mod kubernetes;
mod lookup;
mod mapping;
mod module;
mod names;
mod plan;
mod shape;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_hcl;
mod text;
mod types;

pub use files::{SUFFIXES, is_of_module};
pub use mapping::argument;
pub(in crate::dialect) use mapping::{becomes, is_unwrapped};

use std::collections::BTreeSet;
use std::rc::Rc;

use super::hints::Hints;
use super::projects::directory;
use super::{Dialect, File, Lowered, Platforms};
use crate::document::{EntryRef, Format, Kind, NodeRef};
use calls::Library;

/// The blocks of a configuration, and the key of a comment.
const BLOCKS: [&str; 15] = [
    "//",
    "terraform",
    "provider",
    "variable",
    "locals",
    "resource",
    "data",
    "module",
    "output",
    "moved",
    "import",
    "removed",
    "check",
    "ephemeral",
    "action",
];

/// Whether a root of a file is of this dialect; looks at a few keys only.
pub fn detect(path: &str, root: NodeRef<'_>) -> bool {
    if !is_of_module(path) {
        plan::detect(root)
    } else if root.document().format == Format::Hcl || files::sets_variables(path) {
        root.kind() == Kind::Mapping
    } else {
        is_configuration(root)
    }
}

/// The resources that a root of a configuration declares, each with an object of its arguments.
pub(super) fn written_resources(root: NodeRef<'_>) -> impl Iterator<Item = (EntryRef<'_>, NodeRef<'_>)> {
    let blocks = module::objects(root).flat_map(NodeRef::written_entries);
    let resource_types =
        blocks.filter(|entry| entry.name() == "resource").flat_map(|entry| module::labels(entry.value));
    let resources = resource_types.flat_map(|(_, resource_type)| module::labels(resource_type.value));
    resources.flat_map(|(_, resource)| module::objects(resource.value).map(move |body| (resource, body)))
}

/// What a file declares that no other file of the module may declare beside it.
pub(super) fn declared(file: &File<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if files::overrides(file.path) || !files::declares(file.path) {
        return found;
    }
    let blocks = file.document.roots().flat_map(module::objects).flat_map(NodeRef::written_entries);
    for block in blocks {
        let kind = block.name();
        for (_, first) in module::labels(block.value) {
            match kind {
                "resource" | "data" => {
                    let names = module::labels(first.value);
                    found.extend(names.map(|(_, name)| format!("{kind} {}.{}", first.name(), name.name())));
                }
                "variable" | "output" | "module" | "locals" => found.push(format!("{kind} {}", first.name())),
                "provider" if first.value.get("alias").is_none() => {
                    found.push(format!("provider {}", first.name()))
                }
                _ => {}
            }
        }
    }
    found
}

fn is_configuration(root: NodeRef<'_>) -> bool {
    let mut blocks = module::objects(root).flat_map(NodeRef::written_entries).peekable();
    blocks.peek().is_some() && blocks.all(|entry| BLOCKS.contains(&entry.name()))
}

/// Lowers the files of one project: the configuration in a directory is one module, a plan stands for itself.
pub fn lower(files: &[File<'_>], platforms: &Platforms) -> Lowered {
    let (hints, diagnostics) = Hints::read(Dialect::Terraform, files, platforms);
    let mut lowered = Lowered { diagnostics, ..Lowered::default() };
    let mut library = Library::default();
    let mut called = BTreeSet::new();
    let mut sorted: Vec<&File<'_>> = files.iter().collect();
    sorted.sort_by_key(|file| files::turn(file.path));
    for file in sorted {
        if !is_of_module(file.path) {
            let roots = file.document.roots();
            lowered.models.extend(roots.filter_map(|root| plan::lower(root, platforms, &hints)));
            continue;
        }
        called.extend(calls(file).into_iter().map(|(_, directory)| directory));
        let roots = file.document.roots();
        let roots = roots.filter(|root| matches!(root.kind(), Kind::Mapping | Kind::Sequence));
        let directory = library.directories.entry(directory(file.path).to_string()).or_default();
        match files::sets_variables(file.path) {
            true => directory.values.extend(roots),
            false => directory.roots.extend(roots),
        }
    }
    let library = Rc::new(library);
    // A module that is called is nothing by itself; only where all call each other one of them must begin.
    let (mut outer, inner): (Vec<&String>, Vec<&String>) =
        library.directories.keys().partition(|directory| !called.contains(*directory));
    outer.extend(inner);
    let mut done = BTreeSet::new();
    for directory in outer {
        if done.contains(directory) {
            continue;
        }
        let configured = configuration::lower(&library, directory, platforms, &hints);
        done.extend(configured.directories);
        lowered.diagnostics.extend(configured.diagnostics);
        lowered.models.push(configured.model);
    }
    lowered
}

/// The modules that a file calls by a local path: the name of the call, and the directory.
pub(super) fn calls<'d>(file: &File<'d>) -> Vec<(EntryRef<'d>, String)> {
    let directory = directory(file.path);
    file.document.roots().flat_map(|root| calls::local_calls(root, directory)).collect()
}
