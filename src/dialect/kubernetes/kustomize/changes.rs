//! Objects as the kustomizations leave them.

use rustc_hash::FxHashMap;

use super::layers::{self, Change, Identity, Layer, Meets, Target};
use super::merge::{Lists, merge, operate};
use super::tree::{NotFollowed, Tree, moved};
use super::{Applied, is_harmless};
use crate::document::{Document, Format, Kind, NodeId, NodeRef, ScalarStyle};
use crate::source::{FileId, Span};
use crate::syntax;

/// What became of the objects that were changed.
#[derive(Debug, Default)]
pub(in crate::dialect::kubernetes) struct Changes {
    documents: Vec<Document>,
    /// By file and node; `None` for an object of which it is not known, or that was deleted.
    objects: FxHashMap<(usize, NodeId), Option<usize>>,
}

/// An object after all changes.
#[derive(Debug, Clone, Copy)]
pub(in crate::dialect::kubernetes) enum Outcome<'c> {
    /// As it is written.
    Unchanged,
    /// Put together anew.
    Changed(NodeRef<'c>),
    /// Deleted, or not known.
    Gone,
}

impl Changes {
    /// What became of an object.
    pub(in crate::dialect::kubernetes) fn of(&self, file: usize, object: NodeId) -> Outcome<'_> {
        match self.objects.get(&(file, object)) {
            None => Outcome::Unchanged,
            Some(None) => Outcome::Gone,
            Some(Some(at)) => self.documents[*at].roots().next().map_or(Outcome::Gone, Outcome::Changed),
        }
    }
}

impl Applied<'_> {
    /// Carries out all changes, in their order.
    pub(in crate::dialect::kubernetes) fn changes(&self) -> Changes {
        let mut changes = Changes::default();
        if self.layers.is_empty() {
            return changes;
        }
        let texts: Vec<Option<Document>> = self.texts.iter().map(|text| parsed(*text)).collect();
        for (file, applied) in self.files.iter().enumerate() {
            let layers: Vec<&Layer<'_>> =
                self.layers.iter().filter(|layer| layer.scope.contains(&file)).collect();
            if layers.is_empty() {
                continue;
            }
            let mut roots: Vec<NodeRef<'_>> = applied.document.roots().collect();
            let mut depth = 0;
            while let Some(root) = roots.pop() {
                let items = root.get("items").filter(|items| items.kind() == Kind::Sequence);
                if let Some(items) = items
                    && depth < 1_000
                {
                    depth += 1;
                    roots.extend(items.items());
                    continue;
                }
                match changed(root, &layers, &texts) {
                    Ok(None) => {}
                    Ok(Some(document)) => {
                        changes.objects.insert((file, root.target_id()), Some(changes.documents.len()));
                        changes.documents.push(document);
                    }
                    Err(NotFollowed) => {
                        changes.objects.insert((file, root.target_id()), None);
                    }
                }
            }
        }
        changes
    }
}

/// What the layers make of an object; `None` where they leave it as it is.
fn changed<'t>(
    root: NodeRef<'t>,
    layers: &[&Layer<'t>],
    texts: &'t [Option<Document>],
) -> Result<Option<Document>, NotFollowed> {
    let text = |path: &[&str]| root.at(path).and_then(NodeRef::text).unwrap_or_default();
    let mut identity = Identity {
        group: text(&["apiVersion"]).rsplit_once('/').map_or("", |(group, _)| group),
        kind: text(&["kind"]),
        namespace: text(&["metadata", "namespace"]),
        names: vec![text(&["metadata", "name"]).to_string()],
    };
    if identity.kind.is_empty() {
        return Ok(None);
    }
    let lists = Lists::of(identity.group, identity.kind);
    let mut tree = Tree::Node(root);
    for layer in layers {
        match &layer.change {
            Change::Patch { target, patch } => patched(&mut tree, &identity, *target, *patch, lists)?,
            Change::Text { target, number } => {
                let Some(document) = texts.get(*number).and_then(Option::as_ref) else {
                    return Err(NotFollowed);
                };
                for patch in document.roots() {
                    patched(&mut tree, &identity, *target, patch, lists)?;
                }
            }
            Change::Namespace { key, value } => {
                layers::set_namespace(&mut tree, identity.kind, *key, *value)?;
                identity.namespace = value.text().unwrap_or_default();
            }
            Change::Affix { prefix, suffix } => {
                let current = identity.names.last().cloned().unwrap_or_default();
                identity.names.push(format!("{prefix}{current}{suffix}"));
            }
            Change::Annotations(pairs) => layers::annotate(&mut tree, identity.kind, *pairs)?,
            Change::Labels { pairs, in_selectors, in_templates } => {
                layers::label(&mut tree, identity.kind, *pairs, (*in_selectors, *in_templates))?;
            }
        }
    }
    match tree {
        Tree::Node(_) => Ok(None),
        changed => changed.finish(root).map(Some),
    }
}

/// Lays a patch over an object, if it is for it.
fn patched<'t>(
    tree: &mut Tree<'t>,
    identity: &Identity<'_>,
    target: Option<Target<'_>>,
    patch: NodeRef<'t>,
    lists: Lists,
) -> Result<(), NotFollowed> {
    let meets = match target {
        Some(target) => target.meets(identity, tree),
        None if layers::names(patch, identity) => Meets::Yes,
        None => Meets::No,
    };
    match meets {
        Meets::No => return Ok(()),
        Meets::Perhaps if is_harmless(patch) => return Ok(()),
        Meets::Perhaps => return Err(NotFollowed),
        Meets::Yes => {}
    }
    // Where it cannot be followed, the object is as it was if the patch touches only what does not matter.
    let before = tree.clone();
    let followed = match patch.kind() {
        Kind::Sequence => operate(tree, patch),
        Kind::Mapping => merge_object(tree, patch, target.is_some(), lists),
        Kind::Scalar => Err(NotFollowed),
    };
    match followed {
        Err(NotFollowed) if is_harmless(patch) => {
            *tree = before;
            Ok(())
        }
        followed => followed,
    }
}

/// Merges a whole object; the names in a patch that has a target are not those of the object.
fn merge_object<'t>(
    tree: &mut Tree<'t>,
    patch: NodeRef<'t>,
    has_target: bool,
    lists: Lists,
) -> Result<(), NotFollowed> {
    let kept: Vec<_> = ["apiVersion", "kind"].into_iter().map(|key| (key, tree.get(key))).collect();
    let names: Vec<_> = ["name", "namespace"]
        .into_iter()
        .map(|key| (key, tree.get("metadata").and_then(|metadata| metadata.get(key))))
        .collect();
    merge(tree, patch, "", lists)?;
    restore(tree, &kept)?;
    if has_target || names.iter().any(|(_, name)| name.is_some()) {
        let metadata = tree.entries().and_then(|entries| {
            entries.iter_mut().find(|(key, _)| key.text == "metadata").map(|(_, value)| value)
        });
        if let Some(metadata) = metadata {
            restore(metadata, &names)?;
        }
    }
    Ok(())
}

/// Puts the values of keys back to what they were.
fn restore<'t>(tree: &mut Tree<'t>, kept: &[(&str, Option<Tree<'t>>)]) -> Result<(), NotFollowed> {
    let entries = tree.entries().ok_or(NotFollowed)?;
    for (name, before) in kept {
        match before {
            Some(before) => {
                for (_, value) in entries.iter_mut().filter(|(key, _)| key.text == *name) {
                    *value = before.clone();
                }
            }
            None => entries.retain(|(key, _)| key.text != *name),
        }
    }
    Ok(())
}

/// A patch that stands as text in a kustomization, its nodes where they are written.
fn parsed(text: NodeRef<'_>) -> Option<Document> {
    let content = text.text()?;
    let (document, problems) = syntax::parse(FileId(0), Format::Yaml, &content.into());
    if !problems.is_empty() {
        return None;
    }
    let lines = Lines::of(text);
    let whole = text.span();
    let place = |node: NodeRef<'_>| match &lines {
        Some(lines) => lines.span(node.span()).unwrap_or(whole),
        None => whole,
    };
    moved(&document, text, place).ok()
}

/// Where the lines of a literal block stand in their file.
struct Lines {
    file: FileId,
    /// Where each line starts in the text, and where in the file.
    starts: Vec<(u32, u32)>,
}

impl Lines {
    fn of(text: NodeRef<'_>) -> Option<Self> {
        let scalar = text.scalar().filter(|scalar| scalar.style == ScalarStyle::Literal)?;
        let span = text.span();
        let written = text.file_text().get(span.range())?;
        let mut at = span.start + written.find('\n')? as u32 + 1;
        let mut within = 0;
        let mut starts = Vec::new();
        let mut source = text.file_text().get(at as usize..)?.split_inclusive('\n');
        for line in scalar.text.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            let other = source.next()?;
            let indent = other.trim_end_matches(['\n', '\r']).len().saturating_sub(bare.len());
            if !other.get(indent..)?.starts_with(bare) {
                return None;
            }
            starts.push((within, at + indent as u32));
            within += line.len() as u32;
            at += other.len() as u32;
        }
        Some(Self { file: span.file, starts })
    }

    fn span(&self, inner: Span) -> Option<Span> {
        let moved = |offset: u32| {
            let at = self.starts.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
            let (start, place) = self.starts[at];
            Some(place + (offset - start))
        };
        Some(Span::new(self.file, moved(inner.start)?, moved(inner.end)?))
    }
}
