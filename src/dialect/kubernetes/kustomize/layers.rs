//! What a kustomization does to the objects that it includes, and to which of them.

use std::ops::Range;

use super::tree::{Key, NotFollowed, Tree};
use crate::document::NodeRef;

/// A change of objects.
#[derive(Debug, Clone)]
pub(super) struct Layer<'d> {
    /// The files whose objects it may change, by their place among those that are applied.
    pub(super) scope: Range<usize>,
    pub(super) change: Change<'d>,
}

/// What changes.
#[derive(Debug, Clone)]
pub(super) enum Change<'d> {
    /// A patch: an object to merge, or a list of operations.
    Patch { target: Option<Target<'d>>, patch: NodeRef<'d> },
    /// The same as text in the kustomization, parsed to the document of this number.
    Text { target: Option<Target<'d>>, number: usize },
    /// The `namespace` of all objects.
    Namespace { key: NodeRef<'d>, value: NodeRef<'d> },
    /// Another name for all objects, by which later patches may call them.
    Affix { prefix: &'d str, suffix: &'d str },
    /// `commonAnnotations`.
    Annotations(NodeRef<'d>),
    /// Labels: the pairs, whether selectors have them too, and whether templates of pods do.
    Labels { pairs: NodeRef<'d>, in_selectors: bool, in_templates: bool },
}

/// Which objects a patch is for, when it does not say so itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'d>(pub(super) NodeRef<'d>);

/// Whether a patch is for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meets {
    Yes,
    No,
    /// Its selector is not one that is understood.
    Perhaps,
}

/// What an object is known by.
#[derive(Debug)]
pub(super) struct Identity<'d> {
    pub(super) group: &'d str,
    pub(super) kind: &'d str,
    pub(super) namespace: &'d str,
    /// Its name, and those that prefixes and suffixes made of it.
    pub(super) names: Vec<String>,
}

impl<'d> Target<'d> {
    /// Whether it selects an object.
    pub(super) fn meets(self, object: &Identity<'_>, tree: &Tree<'_>) -> Meets {
        let field = |key: &str| self.0.get(key).and_then(NodeRef::text).filter(|text| !text.is_empty());
        let mut open = false;
        let own = [("group", object.group), ("kind", object.kind), ("namespace", object.namespace)];
        for (key, own) in own {
            match field(key).map(|pattern| is_match(pattern, own)) {
                // An object without a namespace may be applied to any.
                Some(Some(false)) if key != "namespace" || !own.is_empty() => return Meets::No,
                Some(None) => open = true,
                _ => {}
            }
        }
        if let Some(pattern) = field("name") {
            let found: Vec<Option<bool>> = object.names.iter().map(|name| is_match(pattern, name)).collect();
            if !found.contains(&Some(true)) {
                if !found.contains(&None) {
                    return Meets::No;
                }
                open = true;
            }
        }
        for (key, section) in [("labelSelector", "labels"), ("annotationSelector", "annotations")] {
            let Some(selector) = field(key) else { continue };
            match selects(selector, tree, section) {
                Meets::Yes => {}
                Meets::No => return Meets::No,
                Meets::Perhaps => open = true,
            }
        }
        if open { Meets::Perhaps } else { Meets::Yes }
    }
}

/// Whether a regular expression matches a whole text; `None` for one that is none. Nearly all are plain names.
fn is_match(pattern: &str, text: &str) -> Option<bool> {
    if pattern == text {
        return Some(true);
    }
    if pattern.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Some(false);
    }
    regex::Regex::new(&format!("^(?:{pattern})$")).ok().map(|regex| regex.is_match(text))
}

/// Whether `a=b,c=d` holds for the labels or annotations of an object.
fn selects(selector: &str, tree: &Tree<'_>, section: &str) -> Meets {
    for clause in selector.split(',') {
        let Some((key, value)) = clause.split_once('=') else { return Meets::Perhaps };
        let (key, value) = (key.trim(), value.trim_start_matches('=').trim());
        if key.ends_with('!') || key.contains(' ') {
            return Meets::Perhaps;
        }
        if tree.text_at(&["metadata", section, key]) != Some(value) {
            return Meets::No;
        }
    }
    Meets::Yes
}

/// Whether a patch that names its object itself is for this one.
pub(super) fn names(patch: NodeRef<'_>, object: &Identity<'_>) -> bool {
    let text = |path: &[&str]| patch.at(path).and_then(NodeRef::text).unwrap_or_default();
    let namespace = text(&["metadata", "namespace"]);
    let group = text(&["apiVersion"]).rsplit_once('/').map_or("", |(group, _)| group);
    text(&["kind"]) == object.kind
        && group == object.group
        && object.names.iter().any(|name| name == text(&["metadata", "name"]))
        && (namespace.is_empty() || object.namespace.is_empty() || namespace == object.namespace)
}

/// Kinds that have no namespace and that matter here.
const CLUSTER_WIDE: [&str; 7] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GatewayClass",
    "IngressClass",
    "IngressClassParams",
    "Namespace",
];

/// Sets the namespace of an object.
pub(super) fn set_namespace<'d>(
    tree: &mut Tree<'d>,
    kind: &str,
    key: NodeRef<'d>,
    value: NodeRef<'d>,
) -> Result<(), NotFollowed> {
    let metadata = tree.mapping("metadata", key)?;
    let name = match kind {
        "Namespace" => "name",
        kind if CLUSTER_WIDE.contains(&kind) => return Ok(()),
        _ => "namespace",
    };
    metadata.put(Key { text: name.into(), at: key }, Tree::Node(value))
}

/// Annotations that are meant for some kinds only, and do nothing elsewhere, though kustomize puts them everywhere.
const OF_KINDS: [(&str, &str); 5] = [
    ("alb.ingress.kubernetes.io/", "Ingress"),
    ("nginx.ingress.kubernetes.io/", "Ingress"),
    ("nginx.org/", "Ingress"),
    ("traefik.ingress.kubernetes.io/", "Ingress"),
    ("service.beta.kubernetes.io/", "Service"),
];

/// Adds annotations to an object and the pods that it makes.
pub(super) fn annotate<'d>(tree: &mut Tree<'d>, kind: &str, pairs: NodeRef<'d>) -> Result<(), NotFollowed> {
    let of_kind = |name: &str| {
        OF_KINDS.iter().find(|(prefix, _)| name.starts_with(prefix)).is_none_or(|(_, own)| *own == kind)
    };
    put_pairs(tree, &["metadata", "annotations"], pairs, of_kind)?;
    if has_pods(tree) {
        let of_pods = |name: &str| !OF_KINDS.iter().any(|(prefix, _)| name.starts_with(prefix));
        put_pairs(tree, &["spec", "template", "metadata", "annotations"], pairs, of_pods)?;
    }
    Ok(())
}

/// Adds labels to an object, to the pods that it makes and to its selector.
pub(super) fn label<'d>(
    tree: &mut Tree<'d>,
    kind: &str,
    pairs: NodeRef<'d>,
    (in_selectors, in_templates): (bool, bool),
) -> Result<(), NotFollowed> {
    let all = |_: &str| true;
    put_pairs(tree, &["metadata", "labels"], pairs, all)?;
    if in_templates && has_pods(tree) {
        put_pairs(tree, &["spec", "template", "metadata", "labels"], pairs, all)?;
    }
    if in_selectors && has_pods(tree) {
        put_pairs(tree, &["spec", "selector", "matchLabels"], pairs, all)?;
    }
    let selects = tree.get("spec").and_then(|spec| spec.get("selector")).is_some();
    if in_selectors && kind == "Service" && selects {
        put_pairs(tree, &["spec", "selector"], pairs, all)?;
    }
    Ok(())
}

fn has_pods(tree: &Tree<'_>) -> bool {
    tree.get("spec").and_then(|spec| spec.get("template")).is_some()
}

fn put_pairs<'d>(
    tree: &mut Tree<'d>,
    path: &[&'static str],
    pairs: NodeRef<'d>,
    is_meant: impl Fn(&str) -> bool,
) -> Result<(), NotFollowed> {
    for entry in pairs.entries().filter(|entry| is_meant(entry.name())) {
        let mut map = &mut *tree;
        for key in path {
            map = map.mapping(key, entry.key)?;
        }
        map.put(Key { text: entry.name().into(), at: entry.key }, Tree::Node(entry.value))?;
    }
    Ok(())
}
