//! The resources of a document as far as notes need them: where each stands and what it is called.

use crate::dialect::terraform::written_resources;
use crate::document::{Comment, Document, EntryRef, Format, Kind, NodeRef};
use crate::source::Span;

use super::Scope;

/// How deep loops and lists are followed.
const MAX_DEPTH: usize = 4;

/// A resource as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'d> {
    name: Span,
    span: Span,
    /// What it consists of.
    pub(super) body: NodeRef<'d>,
}

impl Owner<'_> {
    /// Where notes at it hold.
    pub(super) fn scope(&self) -> Scope {
        Scope { name: self.name, span: self.span }
    }
}

fn of_entry(entry: EntryRef<'_>) -> Owner<'_> {
    Owner { name: entry.key.span(), span: entry.span(), body: entry.value }
}

/// The resources of a CloudFormation template, those in loops as they are written.
pub(super) fn of_template<'d>(root: NodeRef<'d>, owners: &mut Vec<Owner<'d>>) {
    fn add<'d>(resources: NodeRef<'d>, depth: usize, owners: &mut Vec<Owner<'d>>) {
        for entry in resources.entries() {
            if !entry.name().starts_with("Fn::ForEach::") {
                owners.push(of_entry(entry));
            } else if depth < MAX_DEPTH {
                entry.value.items().for_each(|part| add(part, depth + 1, owners));
            }
        }
    }
    root.get("Resources").into_iter().for_each(|resources| add(resources, 0, owners));
}

/// The objects of a Kubernetes manifest, those in lists too.
pub(super) fn of_manifest<'d>(root: NodeRef<'d>, owners: &mut Vec<Owner<'d>>) {
    fn add<'d>(node: NodeRef<'d>, depth: usize, owners: &mut Vec<Owner<'d>>) {
        let kind = node.get("kind").and_then(|kind| kind.text()).unwrap_or_default();
        if kind.ends_with("List") && node.get("items").is_some_and(|items| items.kind() == Kind::Sequence) {
            if depth < MAX_DEPTH {
                let items = node.get("items").into_iter().flat_map(|items| items.items());
                items.for_each(|item| add(item, depth + 1, owners));
            }
        } else if !kind.is_empty() {
            let name = node.at(&["metadata", "name"]).map_or(node.span().at_start(), |name| name.span());
            owners.push(Owner { name, span: node.span(), body: node });
        }
    }
    add(root, 0, owners);
}

/// The resources of a Terraform configuration.
pub(super) fn of_configuration<'d>(root: NodeRef<'d>, owners: &mut Vec<Owner<'d>>) {
    for (resource, body) in written_resources(root) {
        // A block begins with its type.
        let span = body.tag().map_or(resource.span(), |tag| tag.span.to(body.span()));
        owners.push(Owner { name: resource.key.span(), span, body });
    }
}

/// The resource at which a comment stands: the innermost one on whose lines it is, else the one that begins below it with
/// nothing but comments and empty lines between.
pub(super) fn at_comment<'o, 'd>(
    document: &Document,
    comment: &Comment,
    owners: &'o [Owner<'d>],
) -> Option<&'o Owner<'d>> {
    let text = document.text();
    let is_hcl = document.format == Format::Hcl;
    let start = comment.span.start as usize;
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |end| end + 1);
    let around = owners.iter().filter(|owner| {
        let end =
            text[owner.span.end as usize..].find('\n').map_or(text.len(), |n| owner.span.end as usize + n);
        (line_start(owner.span.start as usize)..=end).contains(&start)
    });
    if let Some(inner) = around.min_by_key(|owner| owner.span.end - owner.span.start) {
        return Some(inner);
    }
    let below = owners.iter().filter(|owner| owner.span.start as usize > start);
    let next = below.min_by_key(|owner| owner.span.start)?;
    let between =
        &text[comment.span.end as usize..line_start(next.span.start as usize).max(comment.span.end as usize)];
    let is_comment = |line: &str| line.starts_with('#') || is_hcl && line.starts_with("//");
    let is_quiet =
        |line: &str| line.trim().is_empty() || is_comment(line.trim_start()) || line.trim() == "---";
    (comment.alone && between.lines().all(is_quiet)).then_some(next)
}
