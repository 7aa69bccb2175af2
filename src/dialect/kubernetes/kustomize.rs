//! Which manifests are applied together: those that a kustomization lists, with the bases that it includes and the patches
//! that it lays over them, else those of a directory.
//!
//! Patches of annotations are laid over the objects, with their places in the patch. What another patch makes of an object is
//! not known, unless it touches only what does not matter here: such an object is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::annotations::Annotations;
use crate::dialect::File;
use crate::dialect::projects::{directory, joined};
use crate::document::{Kind, NodeRef};
use crate::syntax;

/// How deep kustomizations are followed.
const MAX_NESTING: usize = 16;

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
    pub(super) patches: Vec<Patch<'d>>,
}

/// What a patch makes of the objects of a name.
#[derive(Debug, Clone)]
pub(super) struct Patch<'d> {
    kind: String,
    /// All of the kind when empty.
    name: String,
    effect: Effect<'d>,
}

#[derive(Debug, Clone)]
enum Effect<'d> {
    /// Annotations, laid over those that are there.
    Annotations(Option<NodeRef<'d>>),
    /// Something that is not followed.
    Unknown,
}

/// A kustomization, its paths made absolute.
#[derive(Debug)]
struct Kustomization<'d> {
    resources: Vec<String>,
    /// Files that hold patches.
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
    read.map(|found| found.resources.into_iter().chain(found.patch_files).collect()).unwrap_or_default()
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
        return vec![Applied { files: all.copied().collect(), patches: Vec::new() }];
    }
    let by_path: BTreeMap<&str, File<'d>> = files.iter().map(|file| (file.path, *file)).collect();
    let included: BTreeSet<&str> =
        kustomizations.values().flat_map(|found| found.resources.iter().map(String::as_str)).collect();
    let mut outer: Vec<&str> =
        kustomizations.keys().copied().filter(|directory| !included.contains(directory)).collect();
    if outer.is_empty() {
        outer.extend(kustomizations.keys().next());
    }
    let mut worlds = Vec::new();
    let mut used = patch_files(files);
    for directory in outer {
        let mut world = Applied::default();
        collect(directory, &kustomizations, &by_path, &mut world, 0);
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

fn collect<'d>(
    at: &str,
    kustomizations: &BTreeMap<&str, Kustomization<'d>>,
    by_path: &BTreeMap<&str, File<'d>>,
    world: &mut Applied<'d>,
    depth: usize,
) {
    let Some(found) = kustomizations.get(at).filter(|_| depth <= MAX_NESTING) else { return };
    for resource in &found.resources {
        match by_path.get(resource.as_str()) {
            Some(file) if !world.files.iter().any(|known| known.path == file.path) => world.files.push(*file),
            Some(_) => {}
            None => collect(resource, kustomizations, by_path, world, depth + 1),
        }
    }
    found.add_patches(by_path, &mut world.patches);
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
        let resources = ["resources", "bases", "components"].into_iter().flat_map(texts);
        let resources = resources.filter(is_local).map(|text| joined(own, text)).collect();
        let paths = ["patches", "patchesJson6902"].into_iter().flat_map(|key| {
            let items = root.get(key).into_iter().flat_map(NodeRef::items);
            items.filter_map(|item| item.get("path").and_then(NodeRef::text))
        });
        let merged = texts("patchesStrategicMerge").chain(texts("patches"));
        let paths = paths.chain(merged.filter(|text| !text.contains('\n')));
        let patch_files = paths.map(|text| joined(own, text)).collect();
        let is_opaque = OPAQUE.iter().any(|key| root.get(key).is_some());
        Some(Self { resources, patch_files, root, is_opaque })
    }

    fn add_patches(&self, by_path: &BTreeMap<&str, File<'d>>, patches: &mut Vec<Patch<'d>>) {
        let items = |key: &str| self.root.get(key).into_iter().flat_map(NodeRef::items);
        for item in items("patches").chain(items("patchesJson6902")) {
            let target = item.get("target").map(Target::read);
            if let Some(text) = item.get("patch").and_then(NodeRef::text) {
                of_text(text, target.as_ref(), patches);
            }
        }
        for item in items("patchesStrategicMerge") {
            if let Some(text) = item.text().filter(|text| text.contains('\n')) {
                of_text(text, None, patches);
            }
        }
        let target_of = |path: &str| {
            let named = |item: &NodeRef<'_>| {
                let own = item.get("path").and_then(NodeRef::text);
                own.is_some_and(|own| path.ends_with(own.trim_start_matches("./").trim_start_matches("../")))
            };
            items("patches").chain(items("patchesJson6902")).find(named)?.get("target").map(Target::read)
        };
        for path in &self.patch_files {
            let Some(file) = by_path.get(path.as_str()) else { continue };
            let target = target_of(path);
            for root in file.document.roots() {
                add(root, target.as_ref(), patches);
            }
        }
    }
}

/// What a patch is laid over, when it does not say so itself.
struct Target {
    kind: String,
    name: String,
}

impl Target {
    fn read(node: NodeRef<'_>) -> Self {
        let text = |key| node.get(key).and_then(NodeRef::text).unwrap_or_default().to_string();
        // Names are regular expressions; one that is not a plain name may stand for any.
        let is_plain =
            |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        Self { kind: text("kind"), name: Some(text("name")).filter(is_plain).unwrap_or_default() }
    }
}

/// A patch that stands as text in the kustomization: its places are none of a file, so that what it sets is not known.
fn of_text(text: &str, target: Option<&Target>, patches: &mut Vec<Patch<'_>>) {
    let (document, _) = syntax::parse(crate::source::FileId(0), crate::document::Format::Yaml, &text.into());
    let mut found = Vec::new();
    for root in document.roots() {
        add(root, target, &mut found);
    }
    for patch in found {
        let effect = match patch.effect {
            Effect::Annotations(None) => continue,
            Effect::Annotations(Some(_)) | Effect::Unknown => Effect::Unknown,
        };
        patches.push(Patch { kind: patch.kind, name: patch.name, effect });
    }
}

fn add<'d>(root: NodeRef<'d>, target: Option<&Target>, patches: &mut Vec<Patch<'d>>) {
    let text = |path: &[&str]| root.at(path).and_then(NodeRef::text).unwrap_or_default().to_string();
    let (kind, name) = match target {
        Some(target) => (target.kind.clone(), target.name.clone()),
        None => (text(&["kind"]), text(&["metadata", "name"])),
    };
    let effect = match root.kind() {
        // Operations, each with the path that it changes.
        Kind::Sequence => {
            let path = |item: NodeRef<'d>| item.get("path").and_then(NodeRef::text).unwrap_or_default();
            let is_harmless = |path: &str| path.rsplit('/').any(|part| HARMLESS.contains(&part));
            match root.items().map(path).all(is_harmless) {
                true => return,
                false => Effect::Unknown,
            }
        }
        _ if is_harmless(root, "", 0) => Effect::Annotations(root.at(&["metadata", "annotations"])),
        _ => Effect::Unknown,
    };
    patches.push(Patch { kind, name, effect });
}

/// Whether a merged object touches nothing but annotations and what does not matter; `within` is the key around the node.
fn is_harmless(node: NodeRef<'_>, within: &str, depth: usize) -> bool {
    // Names that say which object or container is meant.
    let is_named = matches!(within, "metadata" | "containers" | "initContainers");
    match node.kind() {
        Kind::Mapping => node.entries().all(|entry| match entry.name() {
            "apiVersion" | "kind" if depth == 0 => true,
            "name" | "namespace" if is_named => true,
            "annotations" if depth == 1 && within == "metadata" => entry.value.kind() == Kind::Mapping,
            name if name.starts_with('$') => false,
            name => HARMLESS.contains(&name) || is_harmless(entry.value, name, depth + 1),
        }),
        Kind::Sequence => {
            node.items().all(|item| item.kind() == Kind::Mapping && is_harmless(item, within, depth + 1))
        }
        Kind::Scalar => false,
    }
}

impl<'d> Patch<'d> {
    /// Lays the patch over an object; whether what becomes of it is still known.
    pub(super) fn lay_over(&self, kind: &str, name: &str, annotations: &mut Annotations<'d>) -> bool {
        let is_meant =
            (self.kind.is_empty() || self.kind == kind) && (self.name.is_empty() || self.name == name);
        match &self.effect {
            _ if !is_meant => true,
            Effect::Annotations(None) => true,
            Effect::Annotations(Some(node)) => {
                annotations.overlay(Annotations::read(*node));
                true
            }
            Effect::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::kubernetes::objects::World;
    use crate::document::Format;
    use crate::source::FileId;

    /// The objects of each set of manifests that are applied together, with their annotation `a`.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&[&str]]) {
        let parse = |(_, text): &(&str, &str)| syntax::parse(FileId(0), Format::Yaml, &(*text).into()).0;
        let documents: Vec<_> = files.iter().map(parse).collect();
        let files: Vec<File<'_>> =
            files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
        let told: Vec<Vec<String>> = applied(&files)
            .iter()
            .map(|applied| World::collect_patched(&applied.files, &applied.patches))
            .filter(|world| !world.objects.is_empty())
            .map(|world| {
                let shown = world.objects.iter().map(|object| {
                    let annotation = object.annotations.get("a").map_or("", |setting| setting.text);
                    format!(
                        "{} {}{}{annotation}",
                        object.kind,
                        object.name,
                        if annotation.is_empty() { "" } else { " " }
                    )
                });
                shown.collect()
            })
            .collect();
        assert_eq!(told, expected);
    }

    const BASE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: {a: base}}\n---\n\
                        apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";

    /// A base with one overlay that holds a patch.
    #[track_caller]
    fn check_patch(kustomization: &str, patch: &str, expected: &[&str]) {
        let kustomization = format!("resources: [../base]\n{kustomization}");
        let files = [
            ("/k/base/kustomization.yaml", "resources: [a.yaml]"),
            ("/k/base/a.yaml", BASE),
            ("/k/prod/kustomization.yaml", &kustomization),
            ("/k/prod/patch.yaml", patch),
        ];
        check(&files, &[expected]);
    }

    #[test]
    fn patches_are_laid_over_or_leave_the_object_open() {
        let file = "patches: [{path: patch.yaml}]";
        let of = |rest: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s{rest}");
        check_patch(file, &of(", annotations: {a: new}}"), &["Service s new", "Pod p"]);
        check_patch(file, &of(", labels: {x: y}}\nspec: {replicas: 3}"), &["Service s base", "Pod p"]);
        check_patch(file, &of("}\nspec: {ports: [{name: x, port: 1}]}"), &["Pod p"]);
        check_patch(file, &of("}\nspec: {rules: [{backend: {name: x}}]}"), &["Pod p"]);
        check_patch(file, &of("}\n$patch: delete"), &["Pod p"]);
        check_patch(
            "patchesStrategicMerge: [patch.yaml]",
            &of(", annotations: {a: b}}"),
            &["Service s b", "Pod p"],
        );
        let operations = "- {op: replace, path: /spec/type, value: ClusterIP}";
        check_patch("patches: [{path: patch.yaml, target: {kind: Service}}]", operations, &["Pod p"]);
        let operations = "- {op: replace, path: /spec/replicas, value: 2}";
        check_patch(
            "patches: [{path: patch.yaml, target: {kind: Service}}]",
            operations,
            &["Service s base", "Pod p"],
        );
        let inline = "patches:\n  - target: {kind: Service, name: s}\n    patch: |-\n      - {op: add, path: /spec/type, value: x}\n";
        check_patch(inline, "", &["Pod p"]);
    }

    #[test]
    fn each_overlay_has_the_base_to_itself() {
        let files = [
            ("/k/base/kustomization.yaml", "resources: [a.yaml]"),
            ("/k/base/a.yaml", BASE),
            ("/k/base/other.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: other}\n"),
            ("/k/dev/kustomization.yaml", "resources: [../base, own.yaml]"),
            ("/k/dev/own.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: own}\n"),
            ("/k/prod/kustomization.yaml", "bases: [../base]"),
        ];
        let base = ["Service s base", "Pod p"];
        check(&files, &[&[base[0], base[1], "Pod own"], &base, &["Pod other"]]);
        // What changes anything is not followed.
        let files = [
            ("/k/base/a.yaml", BASE),
            ("/k/base/kustomization.yaml", "resources: [a.yaml]\nreplacements: [{path: x.yaml}]"),
        ];
        check(&files, &[&base]);
    }
}
