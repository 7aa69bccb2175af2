//! The objects of a project, and finding them by kind, namespace and name.

use rustc_hash::{FxHashMap, FxHashSet};

use super::annotations::Annotations;
use super::kustomize::{Changes, Outcome};
use super::values::text;
use crate::dialect::File;
use crate::document::{Kind, NodeId, NodeRef};
use crate::model::{Limit, Reached};
use crate::source::Span;

/// How deep lists of objects may stand in lists; `kubectl` writes them one deep.
const MAX_LIST_DEPTH: usize = 4;

/// Said where they are nested deeper.
const TOO_DEEP: Limit = Limit::new("lists of objects in one another", MAX_LIST_DEPTH);

/// One object, also one that stood in a `List`.
#[derive(Debug)]
pub(super) struct Object<'d> {
    pub(super) node: NodeRef<'d>,
    /// The index of its file.
    pub(super) file: usize,
    /// `apps` of `apps/v1`; empty for the core group.
    pub(super) group: &'d str,
    pub(super) kind: &'d str,
    /// Empty when not written.
    pub(super) namespace: &'d str,
    pub(super) name: &'d str,
    pub(super) name_span: Span,
    pub(super) annotations: Annotations<'d>,
}

impl<'d> Object<'d> {
    fn read(node: NodeRef<'d>, file: usize) -> Option<Self> {
        let kind = node.get("kind").and_then(text)?;
        let version = node.get("apiVersion").and_then(text)?;
        let metadata = node.get("metadata");
        let name_node = metadata.and_then(|metadata| metadata.get("name"));
        let field = |key| metadata.and_then(|metadata| metadata.get(key));
        Some(Self {
            node,
            file,
            group: version.rsplit_once('/').map_or("", |(group, _)| group),
            kind,
            namespace: field("namespace").and_then(text).unwrap_or_default(),
            name: name_node.and_then(|name| name.text()).unwrap_or_default(),
            name_span: name_node
                .filter(|name| name.kind() == Kind::Scalar)
                .or_else(|| node.get("kind"))
                .map_or(node.span().at_start(), super::values::inner_span),
            annotations: field("annotations").map(Annotations::read).unwrap_or_default(),
        })
    }

    /// Whether it is of this API group and kind.
    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group == group
    }

    /// Whether it is an Ingress, of today's or an old API group.
    pub(super) fn is_ingress(&self) -> bool {
        self.kind == "Ingress" && matches!(self.group, "networking.k8s.io" | "extensions")
    }

    /// The node below `spec`.
    pub(super) fn spec(&self, path: &[&str]) -> Option<NodeRef<'d>> {
        self.node.get("spec")?.at(path)
    }

    /// The text at a path below `spec`.
    pub(super) fn spec_text(&self, path: &[&str]) -> Option<&'d str> {
        self.spec(path).and_then(text)
    }

    /// `namespace/name`, or the name where no namespace is written.
    pub(super) fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// One object.
    One(usize),
    /// Objects of several files, an overlay and its base for instance.
    Several(Vec<usize>),
    /// Not in the files, which does not mean that it does not exist.
    Nowhere,
}

/// All objects of a project.
#[derive(Debug, Default)]
pub(super) struct World<'d> {
    pub(super) objects: Vec<Object<'d>>,
    by_name: FxHashMap<(&'d str, &'d str), Vec<usize>>,
    directories: Vec<&'d str>,
    /// The limits that collecting them ran into.
    pub(super) reached: Vec<Reached>,
}

impl<'d> World<'d> {
    /// Collects the objects of all files.
    pub(super) fn collect(files: &[File<'d>]) -> Self {
        Self::collect_changed(files, None)
    }

    /// Collects the objects of all files as kustomizations leave them.
    pub(super) fn collect_changed(files: &[File<'d>], changes: Option<&'d Changes>) -> Self {
        let mut world = World::default();
        for (file_idx, file) in files.iter().enumerate() {
            world.directories.push(file.path.rsplit_once('/').map_or("", |(directory, _)| directory));
            let mut seen = FxHashSet::default();
            for root in file.document.roots() {
                world.add(root, file_idx, 0, (&mut seen, changes));
            }
        }
        for (idx, object) in world.objects.iter().enumerate() {
            world.by_name.entry((object.kind, object.name)).or_default().push(idx);
        }
        world
    }

    /// Adds an object, or those of a list. What an alias repeats is the same object.
    fn add(
        &mut self,
        node: NodeRef<'d>,
        file: usize,
        depth: usize,
        (seen, changes): (&mut FxHashSet<NodeId>, Option<&'d Changes>),
    ) {
        if !seen.insert(node.target_id()) {
            return;
        }
        let items = node.get("items").filter(|items| items.kind() == Kind::Sequence);
        let is_list =
            node.get("kind").and_then(|kind| kind.text()).is_some_and(|kind| kind.ends_with("List"));
        if let Some(items) = items.filter(|_| is_list) {
            if depth >= MAX_LIST_DEPTH {
                self.reached.push(TOO_DEEP.at(node.span()));
            } else {
                for item in items.items() {
                    self.add(item, file, depth + 1, (seen, changes));
                }
            }
            return;
        }
        let node = match changes.map(|changes| changes.of(file, node.target_id())) {
            None | Some(Outcome::Unchanged) => node,
            Some(Outcome::Changed(node)) => node,
            Some(Outcome::Gone) => return,
        };
        self.objects.extend(Object::read(node, file));
    }

    /// The object of a name in a namespace, as seen from a file. An absent namespace meets a written one only
    /// where the name is unique.
    pub(super) fn find_in(&self, kind: &str, name: &str, namespace: &str, file: usize) -> Found {
        let all = self.by_name.get(&(kind, name)).map_or(&[][..], Vec::as_slice);
        let exact: Vec<usize> =
            all.iter().copied().filter(|idx| self.objects[*idx].namespace == namespace).collect();
        if !exact.is_empty() {
            return self.nearest(exact, file);
        }
        let others: Vec<usize> = all
            .iter()
            .copied()
            .filter(|idx| namespace.is_empty() || self.objects[*idx].namespace.is_empty())
            .collect();
        let first = others.first().map(|idx| self.objects[*idx].namespace);
        if others.iter().any(|idx| Some(self.objects[*idx].namespace) != first) {
            return Found::Nowhere;
        }
        self.nearest(others, file)
    }

    /// An object of a kind that has no namespace.
    pub(super) fn find_cluster_wide(&self, kind: &str, name: &str, file: usize) -> Found {
        self.nearest(self.by_name.get(&(kind, name)).cloned().unwrap_or_default(), file)
    }

    /// Of several objects that share a name: the only one of the same file, or of the same directory.
    fn nearest(&self, candidates: Vec<usize>, file: usize) -> Found {
        let only = |same: &dyn Fn(usize) -> bool| {
            let mut matching = candidates.iter().copied().filter(|idx| same(self.objects[*idx].file));
            matching.next().filter(|_| matching.next().is_none())
        };
        match candidates.as_slice() {
            [] => Found::Nowhere,
            [one] => Found::One(*one),
            _ => only(&|other| other == file)
                .or_else(|| only(&|other| self.directories[other] == self.directories[file]))
                .map_or_else(|| Found::Several(candidates.clone()), Found::One),
        }
    }

    /// Whether the files hold another object of the same kind, namespace and name.
    pub(super) fn is_repeated(&self, object: &Object<'_>) -> bool {
        self.by_name.get(&(object.kind, object.name)).is_some_and(|all| {
            all.iter().filter(|idx| self.objects[**idx].namespace == object.namespace).nth(1).is_some()
        })
    }

    /// The directory of an object's file.
    pub(super) fn directory(&self, object: &Object<'_>) -> &'d str {
        self.directories[object.file]
    }
}
