//! Strategic merges and JSON patches (RFC 6902), as kustomize lays them over an object.

use std::borrow::Cow;

use super::tree::{Key, NotFollowed, Tree};
use crate::document::{Kind, NodeRef, Schema, Typed};

/// Lists of the API that are merged by item: their name, and the field that says which item is meant.
const MERGED_LISTS: [(&str, &str); 8] = [
    ("containers", "name"),
    ("ephemeralContainers", "name"),
    ("initContainers", "name"),
    ("volumes", "name"),
    ("env", "name"),
    ("volumeMounts", "mountPath"),
    ("imagePullSecrets", "name"),
    ("hostAliases", "ip"),
];

const DIRECTIVE: &str = "$patch";

/// Whose lists are merged: those of the API are, those of custom resources are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// Of a Service.
    OfService,
    /// Of another object of the API.
    OfApi,
    /// Of a custom resource.
    Replaced,
}

impl Lists {
    /// Those of an object.
    pub(super) fn of(group: &str, kind: &str) -> Self {
        match group {
            "" if kind == "Service" => Lists::OfService,
            "" | "apps" | "autoscaling" | "batch" | "extensions" | "networking.k8s.io" | "policy" => {
                Lists::OfApi
            }
            _ => Lists::Replaced,
        }
    }

    fn key(self, list: &str) -> Option<&'static str> {
        match (self, list) {
            (Lists::Replaced, _) => None,
            (Lists::OfService, "ports") => Some("port"),
            (Lists::OfApi, "ports") => Some("containerPort"),
            _ => MERGED_LISTS.iter().find(|(name, _)| *name == list).map(|(_, key)| *key),
        }
    }
}

/// Lays a patch over what stands under the key `within`.
pub(super) fn merge<'d>(
    tree: &mut Tree<'d>,
    patch: NodeRef<'d>,
    within: &str,
    lists: Lists,
) -> Result<(), NotFollowed> {
    match patch.kind() {
        Kind::Mapping => merge_mapping(tree, patch, lists),
        Kind::Sequence => match (lists.key(within), tree.items()) {
            (Some(key), Some(items)) => merge_items(items, patch, key, lists),
            _ => {
                *tree = new(patch, lists)?;
                Ok(())
            }
        },
        Kind::Scalar => {
            *tree = Tree::Node(patch);
            Ok(())
        }
    }
}

fn merge_mapping<'d>(tree: &mut Tree<'d>, patch: NodeRef<'d>, lists: Lists) -> Result<(), NotFollowed> {
    match patch.get(DIRECTIVE).map(NodeRef::text) {
        None | Some(Some("merge")) => {}
        Some(Some("replace")) => *tree = Tree::Map { at: patch, entries: Vec::new() },
        // Deleting is up to the list around it.
        Some(_) => return Err(NotFollowed),
    }
    if tree.entries().is_none() {
        *tree = Tree::Map { at: patch, entries: Vec::new() };
    }
    for entry in patch.entries().filter(|entry| entry.name() != DIRECTIVE) {
        if entry.name().starts_with('$') {
            return Err(NotFollowed);
        }
        let entries = tree.entries().ok_or(NotFollowed)?;
        let found = entries.iter().position(|(key, _)| key.text == entry.name());
        match found {
            Some(at) if is_null(entry.value) => drop(entries.remove(at)),
            Some(at) => merge(&mut entries[at].1, entry.value, entry.name(), lists)?,
            None if is_null(entry.value) => {}
            None => {
                let key = Key { text: Cow::Borrowed(entry.name()), at: entry.key };
                entries.push((key, new(entry.value, lists)?));
            }
        }
    }
    Ok(())
}

fn merge_items<'d>(
    items: &mut Vec<Tree<'d>>,
    patch: NodeRef<'d>,
    key: &str,
    lists: Lists,
) -> Result<(), NotFollowed> {
    for item in patch.items() {
        let wanted = item.get(key).and_then(NodeRef::text).ok_or(NotFollowed)?;
        let protocol = item.get("protocol").and_then(NodeRef::text);
        let is_meant = |known: &Tree<'d>| {
            let own = known.text_at(&["protocol"]);
            let differs = own.zip(protocol).is_some_and(|(own, other)| own != other);
            known.text_at(&[key]) == Some(wanted) && !differs
        };
        let found = items.iter().position(is_meant);
        let is_deleted = item.get(DIRECTIVE).and_then(NodeRef::text) == Some("delete");
        match found {
            Some(at) if is_deleted => drop(items.remove(at)),
            Some(at) => merge_mapping(&mut items[at], item, lists)?,
            None if is_deleted => {}
            None => items.push(new(item, lists)?),
        }
    }
    Ok(())
}

/// What a patch adds, without the nulls and directives in it.
fn new(patch: NodeRef<'_>, lists: Lists) -> Result<Tree<'_>, NotFollowed> {
    match patch.kind() {
        Kind::Mapping => {
            let mut tree = Tree::Map { at: patch, entries: Vec::new() };
            merge_mapping(&mut tree, patch, lists)?;
            Ok(tree)
        }
        Kind::Sequence => {
            let items: Result<Vec<Tree<'_>>, NotFollowed> =
                patch.items().map(|item| new(item, lists)).collect();
            Ok(Tree::List { at: patch, items: items? })
        }
        Kind::Scalar => Ok(Tree::Node(patch)),
    }
}

fn is_null(node: NodeRef<'_>) -> bool {
    node.scalar().is_some_and(|scalar| scalar.typed(Schema::Yaml11) == Typed::Null)
}

/// Carries out the operations of a JSON patch.
pub(super) fn operate<'d>(tree: &mut Tree<'d>, operations: NodeRef<'d>) -> Result<(), NotFollowed> {
    for operation in operations.items() {
        let name = operation.get("op").and_then(NodeRef::text).ok_or(NotFollowed)?;
        let path = operation.get("path").ok_or(NotFollowed)?;
        let value = operation.get("value");
        let text = path.text().and_then(|text| text.strip_prefix('/')).ok_or(NotFollowed)?;
        let parts: Vec<String> =
            text.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        let (last, parents) = parts.split_last().ok_or(NotFollowed)?;
        let mut parent = &mut *tree;
        for part in parents {
            parent = child(parent, part).ok_or(NotFollowed)?;
        }
        match name {
            "test" => {}
            "remove" => remove(parent, last)?,
            "add" => add(parent, last, path, value.ok_or(NotFollowed)?)?,
            "replace" => *child(parent, last).ok_or(NotFollowed)? = Tree::Node(value.ok_or(NotFollowed)?),
            _ => return Err(NotFollowed),
        }
    }
    Ok(())
}

fn child<'t, 'd>(tree: &'t mut Tree<'d>, part: &str) -> Option<&'t mut Tree<'d>> {
    if tree.items().is_some() {
        return tree.items()?.get_mut(part.parse::<usize>().ok()?);
    }
    let entries = tree.entries()?;
    entries.iter_mut().find(|(key, _)| key.text == part).map(|(_, value)| value)
}

fn remove(parent: &mut Tree<'_>, part: &str) -> Result<(), NotFollowed> {
    if let Some(items) = parent.items() {
        let at = part.parse().ok().filter(|at| *at < items.len()).ok_or(NotFollowed)?;
        items.remove(at);
        return Ok(());
    }
    let entries = parent.entries().ok_or(NotFollowed)?;
    let at = entries.iter().position(|(key, _)| key.text == part).ok_or(NotFollowed)?;
    entries.remove(at);
    Ok(())
}

fn add<'d>(
    parent: &mut Tree<'d>,
    part: &str,
    path: NodeRef<'d>,
    value: NodeRef<'d>,
) -> Result<(), NotFollowed> {
    if let Some(items) = parent.items() {
        let at = if part == "-" { items.len() } else { part.parse().map_err(|_| NotFollowed)? };
        if at > items.len() {
            return Err(NotFollowed);
        }
        items.insert(at, Tree::Node(value));
        return Ok(());
    }
    parent.put(Key { text: Cow::Owned(part.to_string()), at: path }, Tree::Node(value))
}
