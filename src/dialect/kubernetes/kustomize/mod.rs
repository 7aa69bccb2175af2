//! Which manifests are applied together: those that a kustomization lists, with the bases and components that it includes,
//! else those of a directory.
//!
//! Patches, labels, annotations and the namespace of a kustomization are laid over the objects, each with its place. An object of
//! which is not known what becomes of it is left out.

mod changes;
mod layers;
mod merge;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::changes::{Changes, Outcome};
use self::layers::{Change, Layer, Target};
use crate::dialect::File;
use crate::dialect::projects::{directory, joined};
use crate::document::{Kind, NodeRef};
use crate::model::{Limit, Reached};

/// How deep kustomizations are followed.
const MAX_NESTING: usize = 16;

/// Said where they are nested deeper.
const TOO_DEEP: Limit = Limit::new("kustomizations in one another", MAX_NESTING);

/// Keys of an object that matter neither to routing nor to health checks.
const HARMLESS: [&str; 17] = [
    "affinity",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "labels",
    "maxReplicas",
    "minReplicas",
    "nodeSelector",
    "priorityClassName",
    "replicas",
    "resources",
    "revisionHistoryLimit",
    "serviceAccountName",
    "tolerations",
    "topologySpreadConstraints",
];

/// Keys of a kustomization that may change anything.
const OPAQUE: [&str; 5] = ["generators", "helmCharts", "replacements", "transformers", "validators"];

/// Manifests that are applied together.
#[derive(Debug, Default)]
pub(super) struct Applied<'d> {
    pub(super) files: Vec<File<'d>>,
    layers: Vec<Layer<'d>>,
    /// Patches that stand as text in a kustomization.
    texts: Vec<NodeRef<'d>>,
    /// The directories that were included, each once, and a component once for all that it changes.
    directories: BTreeSet<(String, Option<usize>)>,
    /// The limits that following them ran into.
    pub(super) reached: Vec<Reached>,
}

/// A kustomization, its paths made absolute.
#[derive(Debug)]
struct Kustomization<'d> {
    resources: Vec<String>,
    /// What changes the objects of all that were included before.
    components: Vec<String>,
    /// Files that hold patches, and for what.
    patch_files: Vec<String>,
    root: NodeRef<'d>,
    is_opaque: bool,
}

/// Whether a path is that of a kustomization.
pub(super) fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "kustomization.yaml" | "kustomization.yml")
}

/// The files and directories that a kustomization names.
pub(super) fn named(file: &File<'_>) -> Vec<String> {
    let read = Kustomization::read(file);
    let named = |found: Kustomization<'_>| found.included().chain(&found.patch_files).cloned().collect();
    read.map(named).unwrap_or_default()
}

/// The files among these that hold patches, which are no objects.
pub(super) fn patch_files(files: &[File<'_>]) -> BTreeSet<String> {
    files.iter().filter_map(Kustomization::read).flat_map(|found| found.patch_files).collect()
}

/// The manifests of a project that are applied together; a file may be in several, as a base is.
pub(super) fn applied<'d>(files: &[File<'d>]) -> Vec<Applied<'d>> {
    let kustomizations: BTreeMap<&str, Kustomization<'d>> = files
        .iter()
        .filter_map(|file| Some((directory(file.path), Kustomization::read(file)?)))
        .filter(|(_, found)| !found.is_opaque)
        .collect();
    if kustomizations.is_empty() {
        let patches = patch_files(files);
        let all = files.iter().filter(|file| !is_kustomization(file.path) && !patches.contains(file.path));
        return vec![Applied { files: all.copied().collect(), ..Applied::default() }];
    }
    let by_path: BTreeMap<&str, File<'d>> = files.iter().map(|file| (file.path, *file)).collect();
    let included: BTreeSet<&str> =
        kustomizations.values().flat_map(|found| found.included().map(String::as_str)).collect();
    let mut outer: Vec<&str> =
        kustomizations.keys().copied().filter(|directory| !included.contains(directory)).collect();
    if outer.is_empty() {
        outer.extend(kustomizations.keys().next());
    }
    let mut worlds = Vec::new();
    let mut used = patch_files(files);
    for directory in outer {
        let mut world = Applied::default();
        let around = Around { kustomizations: &kustomizations, by_path: &by_path };
        around.collect(directory, &mut world, None, 0);
        used.extend(world.files.iter().map(|file| file.path.to_string()));
        worlds.push(world);
    }
    // What no kustomization lists is applied as any other file.
    let mut rest: BTreeMap<&str, Applied<'d>> = BTreeMap::new();
    for file in files.iter().filter(|file| !is_kustomization(file.path) && !used.contains(file.path)) {
        rest.entry(directory(file.path)).or_default().files.push(*file);
    }
    worlds.extend(rest.into_values());
    worlds
}

/// What is looked up while kustomizations are followed.
struct Around<'a, 'd> {
    kustomizations: &'a BTreeMap<&'d str, Kustomization<'d>>,
    by_path: &'a BTreeMap<&'d str, File<'d>>,
}

impl<'d> Around<'_, 'd> {
    /// Adds what a kustomization includes; a component changes all from `start` on.
    fn collect(&self, at: &str, world: &mut Applied<'d>, start: Option<usize>, depth: usize) {
        let Some(found) = self.kustomizations.get(at) else { return };
        // So the work does not multiply with each level.
        if !world.directories.insert((at.to_string(), start)) {
            return;
        }
        if depth > MAX_NESTING {
            return world.reached.push(TOO_DEEP.at(found.root.span()));
        }
        let start = start.unwrap_or(world.files.len());
        for resource in &found.resources {
            match self.by_path.get(resource.as_str()) {
                Some(file) if !world.files.iter().any(|known| known.path == file.path) => {
                    world.files.push(*file);
                }
                Some(_) => {}
                None => self.collect(resource, world, None, depth + 1),
            }
        }
        for component in &found.components {
            self.collect(component, world, Some(start), depth + 1);
        }
        found.add_layers(self.by_path, start, world);
    }
}

impl<'d> Kustomization<'d> {
    fn read(file: &File<'d>) -> Option<Self> {
        if !is_kustomization(file.path) {
            return None;
        }
        let root = file.document.roots().next()?;
        let own = directory(file.path);
        let texts = |key: &str| root.get(key).into_iter().flat_map(NodeRef::items).filter_map(NodeRef::text);
        let is_local = |text: &&str| !text.is_empty() && !text.contains(':') && !text.starts_with('/');
        let local = |key: &str| texts(key).filter(is_local).map(|text| joined(own, text)).collect::<Vec<_>>();
        let resources = [local("resources"), local("bases")].concat();
        let mut found = Self {
            resources,
            components: local("components"),
            patch_files: Vec::new(),
            root,
            is_opaque: false,
        };
        found.is_opaque = OPAQUE.iter().any(|key| root.get(key).is_some());
        found.patch_files =
            found.patches().filter_map(|patch| patch.path).map(|path| joined(own, path)).collect();
        Some(found)
    }

    fn included(&self) -> impl Iterator<Item = &String> {
        self.resources.iter().chain(&self.components)
    }

    /// The patches in the order in which they are laid over.
    fn patches(&self) -> impl Iterator<Item = WrittenPatch<'d>> {
        let items = |key: &str| self.root.get(key).into_iter().flat_map(NodeRef::items);
        let merged = items("patchesStrategicMerge");
        let own = items("patches").chain(items("patchesJson6902"));
        merged.chain(own).map(|item| {
            let target = item.get("target").map(Target);
            // The path of a file, or the patch itself.
            match item.text() {
                Some(text) if text.contains('\n') => WrittenPatch { target, path: None, text: Some(item) },
                Some(path) => WrittenPatch { target, path: Some(path), text: None },
                None => WrittenPatch {
                    target,
                    path: item.get("path").and_then(NodeRef::text),
                    text: item.get("patch"),
                },
            }
        })
    }

    /// What it changes, in the order in which kustomize does.
    fn add_layers(&self, by_path: &BTreeMap<&'d str, File<'d>>, start: usize, world: &mut Applied<'d>) {
        let scope = start..world.files.len();
        let mut add = |change: Change<'d>| world.layers.push(Layer { scope: scope.clone(), change });
        let mut files = self.patch_files.iter();
        for patch in self.patches() {
            if patch.path.is_some()
                && let Some(file) = files.next().and_then(|path| by_path.get(path.as_str()))
            {
                for root in file.document.roots() {
                    add(Change::Patch { target: patch.target, patch: root });
                }
            }
            if let Some(text) = patch.text {
                add(Change::Text { target: patch.target, number: world.texts.len() });
                world.texts.push(text);
            }
        }
        if let Some(entry) = self.root.entry("namespace").filter(|entry| entry.value.text().is_some()) {
            add(Change::Namespace { key: entry.key, value: entry.value });
        }
        let word = |key: &str| self.root.get(key).and_then(NodeRef::text).unwrap_or_default();
        let (prefix, suffix) = (word("namePrefix"), word("nameSuffix"));
        if !(prefix.is_empty() && suffix.is_empty()) {
            add(Change::Affix { prefix, suffix });
        }
        if let Some(pairs) = self.root.get("commonLabels") {
            add(Change::Labels { pairs, in_selectors: true, in_templates: true });
        }
        for item in self.root.get("labels").into_iter().flat_map(NodeRef::items) {
            let is_set = |key: &str| item.get(key).and_then(NodeRef::text) == Some("true");
            let in_selectors = is_set("includeSelectors");
            if let Some(pairs) = item.get("pairs") {
                let in_templates = in_selectors || is_set("includeTemplates");
                add(Change::Labels { pairs, in_selectors, in_templates });
            }
        }
        if let Some(pairs) = self.root.get("commonAnnotations") {
            add(Change::Annotations(pairs));
        }
    }
}

/// An entry of the patches.
struct WrittenPatch<'d> {
    target: Option<Target<'d>>,
    path: Option<&'d str>,
    text: Option<NodeRef<'d>>,
}

/// Whether a patch touches nothing but annotations and what does not matter.
fn is_harmless(patch: NodeRef<'_>) -> bool {
    match patch.kind() {
        // Operations, each with the path that it changes.
        Kind::Sequence => patch.items().all(|item| {
            let path = item.get("path").and_then(NodeRef::text).unwrap_or_default();
            path.rsplit('/').any(|part| HARMLESS.contains(&part))
        }),
        _ => is_harmless_below(patch, "", 0),
    }
}

/// Whether a merged object touches nothing but annotations and what does not matter; `within` is the key around the node.
fn is_harmless_below(node: NodeRef<'_>, within: &str, depth: usize) -> bool {
    // Names that say which object or container is meant.
    let is_named = matches!(within, "metadata" | "containers" | "initContainers");
    match node.kind() {
        Kind::Mapping => node.entries().all(|entry| match entry.name() {
            "apiVersion" | "kind" if depth == 0 => true,
            "name" | "namespace" if is_named => true,
            name if name.starts_with('$') => false,
            name => HARMLESS.contains(&name) || is_harmless_below(entry.value, name, depth + 1),
        }),
        Kind::Sequence => node
            .items()
            .all(|item| item.kind() == Kind::Mapping && is_harmless_below(item, within, depth + 1)),
        Kind::Scalar => false,
    }
}
