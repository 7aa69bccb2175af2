//! The templates of a project, and which of them belong together: nested stacks by a relative path, imports by the name
//! of an export.

use super::function::{self, Function};
use super::resolve::Resolver;
use super::resources::Declarations;
use super::scenario::Scenario;
use super::template::Template;
use super::{detect, resources};
use crate::dialect::File;
use crate::dialect::projects::{contains, directory, joined};
use crate::document::{EntryRef, NodeRef};
use crate::model::Place;

/// How many nodes the names of one export or import may take.
const NAME_BUDGET: usize = 10_000;

/// Types whose instances are stacks of their own, with the property that names the template.
const NESTED: [(&str, &str); 2] =
    [("AWS::CloudFormation::Stack", "TemplateURL"), ("AWS::Serverless::Application", "Location")];

/// One template.
#[derive(Debug)]
pub(super) struct Stack<'d> {
    /// The path of its file.
    path: &'d str,
    pub(super) template: Template<'d>,
    pub(super) declarations: Declarations<'d>,
    pub(super) n_nodes: usize,
}

/// An export of a stack.
#[derive(Debug)]
struct Export<'d> {
    stack: usize,
    output: EntryRef<'d>,
    /// Its name, `…` for what is not known of it.
    name: String,
}

/// All templates of a project.
#[derive(Debug)]
pub(super) struct Stacks<'d> {
    pub(super) list: Vec<Stack<'d>>,
    exports: Vec<Export<'d>>,
}

impl<'d> Stacks<'d> {
    /// Reads the templates of the files.
    pub(super) fn read(files: &[File<'d>]) -> Self {
        let mut list = Vec::new();
        for file in files {
            for root in file.document.roots().filter(|root| detect(file.path, *root)) {
                let template = Template::read(root);
                let declarations = Declarations::read(&template);
                list.push(Stack {
                    path: file.path,
                    template,
                    declarations,
                    n_nodes: root.document().n_nodes(),
                });
            }
        }
        let mut stacks = Self { list, exports: Vec::new() };
        if files.len() > 1 {
            for stack in 0..stacks.list.len() {
                let found = exports(&stacks.list[stack].template);
                stacks.exports.extend(found.into_iter().map(|(output, name)| Export { stack, output, name }));
            }
        }
        stacks
    }

    /// The stack that a resource of another one nests.
    pub(super) fn nested(&self, stack: usize, type_name: &str, body: NodeRef<'_>) -> Option<usize> {
        let path = nested_path(directory(self.list[stack].path), type_name, body)?;
        self.list.iter().position(|other| other.path == path)
    }

    /// The stack and the output that a stack imports by a name; `None` where there is none, or where several might be meant.
    pub(super) fn exporter(&self, stack: usize, name: &str) -> Option<(usize, EntryRef<'d>)> {
        let own = self.list[stack].path;
        let others = || self.exports.iter().filter(|export| self.list[export.stack].path != own);
        let near = |export: &&Export<'d>| directory(self.list[export.stack].path) == directory(own);
        let near: Vec<&Export<'d>> =
            others().filter(near).filter(|export| may_be(&export.name, name)).collect();
        let found = match near.as_slice() {
            [] => others().filter(|export| export.name == name && is_known(name)).collect(),
            _ => near,
        };
        match found.as_slice() {
            [one] => Some((one.stack, one.output)),
            _ => None,
        }
    }

    /// The stacks that no other one nests; of those that nest each other the first.
    pub(super) fn outermost(&self) -> Vec<usize> {
        let nested: Vec<Vec<usize>> = (0..self.list.len()).map(|at| self.nested_in(at)).collect();
        let is_inner =
            |at: &usize| nested.iter().enumerate().any(|(by, nested)| by != *at && nested.contains(at));
        let (inner, mut outermost): (Vec<usize>, Vec<usize>) = (0..self.list.len()).partition(is_inner);
        let mut reached = vec![false; self.list.len()];
        let mut reach = |from: usize| {
            let mut open = vec![from];
            let is_new = !reached[from];
            while let Some(at) = open.pop() {
                if !std::mem::replace(&mut reached[at], true) {
                    open.extend(&nested[at]);
                }
            }
            is_new
        };
        for at in &outermost {
            reach(*at);
        }
        outermost.extend(inner.into_iter().filter(|at| reach(*at)));
        outermost.sort_unstable();
        outermost
    }

    fn nested_in(&self, at: usize) -> Vec<usize> {
        let resources = self.list[at].template.resources.into_iter().flat_map(NodeRef::entries);
        let nested = resources.filter_map(|resource| {
            let type_name = resource.value.get("Type").and_then(|kind| kind.text())?;
            self.nested(at, type_name, resource.value)
        });
        nested.collect()
    }
}

/// The file that a resource nests by a relative path.
fn nested_path(from: &str, type_name: &str, body: NodeRef<'_>) -> Option<String> {
    let (_, property) = NESTED.iter().find(|(nested, _)| *nested == type_name)?;
    let node = body.at(&["Properties", property])?;
    let location = node.text().filter(|_| function::call(node).is_none())?;
    let is_local = !location.is_empty() && !location.contains(':') && !location.starts_with('/');
    is_local.then(|| joined(from, location))
}

/// The files that a template nests by relative paths.
pub(super) fn nested_files(file: &File<'_>) -> Vec<String> {
    let from = directory(file.path);
    let resources = file.document.roots().filter_map(|root| root.get("Resources")).flat_map(NodeRef::entries);
    let nested = resources.filter_map(|resource| {
        let type_name = resource.value.get("Type").and_then(|kind| kind.text())?;
        nested_path(from, type_name, resource.value)
    });
    nested.collect()
}

/// Pairs of files of which the first imports what the second may export.
pub(super) fn imports(files: &[File<'_>]) -> Vec<(usize, usize)> {
    if files.len() < 2 {
        return Vec::new();
    }
    let holding = |word: &'static str| {
        let found = move |(_, file): &(usize, &File<'_>)| contains(file.document.text(), word);
        files.iter().enumerate().filter(found)
    };
    let mut exported: Vec<(usize, String)> = Vec::new();
    for (at, file) in holding("Export") {
        for root in file.document.roots() {
            exported.extend(exports(&Template::read(root)).into_iter().map(|(_, name)| (at, name)));
        }
    }
    let mut imported: Vec<(usize, String)> = Vec::new();
    for (at, file) in holding("ImportValue") {
        if exported.iter().all(|(exporter, _)| *exporter == at) {
            continue;
        }
        for root in file.document.roots() {
            let template = Template::read(root);
            let mut nodes = Vec::new();
            function::walk(root, |node| {
                let call = function::call(node).filter(|call| call.function == Function::ImportValue);
                nodes.extend(call.map(|_| node));
            });
            imported.extend(nodes.into_iter().filter_map(|node| Some((at, import_name(&template, node)?))));
        }
    }
    let mut pairs = Vec::new();
    for (importer, name) in &imported {
        let own = directory(files[*importer].path);
        for (exporter, export) in &exported {
            let is_near = directory(files[*exporter].path) == own;
            if importer != exporter && (is_near && may_be(export, name) || export == name && is_known(name)) {
                pairs.push((*importer, *exporter));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn exports<'d>(template: &Template<'d>) -> Vec<(EntryRef<'d>, String)> {
    let mut found = Vec::new();
    for output in template.outputs.into_iter().flat_map(NodeRef::entries) {
        let Some(name) = output.value.at(&["Export", "Name"]) else { continue };
        let mut resolver = Resolver::new(template, Scenario::default(), NAME_BUDGET);
        let value = resolver.value(name, name.span());
        if let Some(name) = value.and_then(|value| resolver.name_text(value)) {
            found.push((output, name));
        }
    }
    found
}

fn import_name(template: &Template<'_>, node: NodeRef<'_>) -> Option<String> {
    let mut resolver = Resolver::new(template, Scenario::default(), NAME_BUDGET);
    let call = function::call(node)?;
    let value = resolver.argument(call, Place::written(node.span(), node.span()))?;
    resolver.name_text(value)
}

fn is_known(name: &str) -> bool {
    !name.contains('…')
}

/// Whether an export is one that an import may mean. Of the name of an export often only the end is known, as it begins with
/// the name of a stack, and so it is with an import, which begins with a parameter.
fn may_be(export: &str, import: &str) -> bool {
    if is_known(export) && is_known(import) {
        return export == import;
    }
    let end = |name: &str| name.rsplit('…').next().unwrap_or_default().to_string();
    let is_telling = |end: &str| end.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
    match (export.starts_with('…'), import.starts_with('…')) {
        (true, true) => is_telling(&end(export)) && end(export) == end(import),
        (true, false) => is_known(import) && is_telling(&end(export)) && import.ends_with(&end(export)),
        _ => false,
    }
}

impl<'d> Resolver<'_, 'd> {
    /// The text of a name, with `…` for what is not known of it.
    pub(super) fn name_text(&self, value: crate::model::ValueId) -> Option<String> {
        let text = self.plain_text(value).map(|text| text.into_owned());
        text.or_else(|| self.builder.values.known_parts(value).map(str::to_string))
    }
}

/// Whether a resource is a stack of its own.
pub(super) fn is_nested(type_name: &str) -> bool {
    NESTED.iter().any(|(nested, _)| *nested == type_name)
}

/// Whether scenarios are told apart for a resource.
pub(super) fn is_traffic(type_name: &str, follows: bool) -> bool {
    resources::is_traffic(type_name) || follows && is_nested(type_name)
}
