//! Kubernetes manifests: lowered into the common model.
//!
//! Every object is in the model as it is written. Beside it stands what the controllers of AWS make of it: load
//! balancers, listeners, rules and target groups of Ingresses and Services, and the ports of pods. Knows no rule.

mod annotation_facts;
mod annotations;
mod balancers;
mod bindings;
mod classes;
mod effects;
mod evidence;
mod gateway;
mod gateway_classes;
mod gateway_config;
mod gateway_listeners;
mod gateway_network;
mod ingress;
mod ingress_groups;
mod ingress_rules;
mod kustomize;
mod lattice;
mod listeners;
mod lowering;
mod mesh;
mod objects;
mod other_routes;
mod patterns;
mod ports;
mod probes;
mod proxies;
mod rollouts;
mod route_facts;
mod rules;
mod services;
mod spelling;
mod target_groups;
pub(super) mod ties;
mod values;
mod workload_facts;
mod workloads;

#[cfg(test)]
mod tests;

pub use self::spelling::spelling;

use std::collections::BTreeSet;

use self::classes::Cluster;
use self::lowering::{Ids, Lowering};
use self::objects::World;
use self::ports::Ports;
use self::services::Services;
use self::values::{Converter, text};
use self::workloads::Workloads;
use super::hints::Hints;
use super::{Dialect, File, Lowered, Platforms};
use crate::document::{Kind, NodeRef};
use crate::model::{Builder, Draft, Model, Platform, ResourceIdx};

/// Whether a root of a file is of this dialect; looks at a few keys only.
pub fn detect(path: &str, root: NodeRef<'_>) -> bool {
    root.kind() == Kind::Mapping
        && (["apiVersion", "kind"].iter().all(|key| root.get(key).and_then(text).is_some())
            || kustomize::is_kustomization(path))
}

/// Kinds that several files may declare and still be applied together.
const SHARED_KINDS: [&str; 9] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "Namespace",
    "Role",
    "RoleBinding",
    "Secret",
    "ServiceAccount",
];

/// What a file declares that no other file may declare beside it: its objects by kind, namespace and name.
pub(super) fn declared(file: &File<'_>) -> Vec<String> {
    let world = World::collect(&[*file]);
    let named =
        world.objects.iter().filter(|object| !object.name.is_empty() && !SHARED_KINDS.contains(&object.kind));
    named.map(|object| format!("{}/{} {}", object.group, object.kind, object.full_name())).collect()
}

/// Lowers the files of one project.
pub fn lower(files: &[File<'_>], platforms: &Platforms) -> Lowered {
    let (hints, diagnostics) = Hints::read(Dialect::Kubernetes, files, platforms);
    let lowered = lower_with(files, platforms, &hints);
    Lowered { diagnostics, ..lowered }
}

/// Lowers the files of one project, of which the user says more.
pub(super) fn lower_with(files: &[File<'_>], platforms: &Platforms, hints: &Hints<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    for applied in kustomize::applied(files) {
        let changes = applied.changes();
        let mut world = World::collect_changed(&applied.files, Some(&changes));
        world.reached.extend(&applied.reached);
        if !world.objects.is_empty() || !world.reached.is_empty() {
            let part = lowered.models.len() as u32;
            let builder = lower_world(Builder::new(), &world, platforms, &[]);
            lowered.models.push(Model { part, ..super::finish::finish(builder, hints) });
        }
    }
    lowered
}

/// Lowers objects that are declared beside resources of AWS, into the same model. `bound` holds those of them that
/// the objects name, by [`reference_text`].
pub(super) fn lower_beside(
    builder: Builder,
    files: &[File<'_>],
    platforms: &Platforms,
    bound: &[ResourceIdx],
) -> Builder {
    let world = World::collect(files);
    if world.objects.is_empty() { builder } else { lower_world(builder, &world, platforms, bound) }
}

/// What stands in an object for the resource of a number; for everyone else it is a template's business.
pub(super) fn reference_text(number: usize) -> String {
    format!("{BOUND}{number}}}")
}

/// The number in such a text.
fn reference_number(text: &str) -> Option<usize> {
    text.strip_prefix(BOUND)?.strip_suffix('}')?.parse().ok()
}

const BOUND: &str = "${resource ";

/// Whether a path is that of a kustomization, which may name neither its version nor its kind.
pub(super) fn is_kustomization(path: &str) -> bool {
    kustomize::is_kustomization(path)
}

/// The files and directories that a kustomization names.
pub(super) fn named(file: &File<'_>) -> Vec<String> {
    kustomize::named(file)
}

/// Files that hold patches of kustomizations, which are no objects.
pub(super) fn patch_files(files: &[File<'_>]) -> BTreeSet<String> {
    kustomize::patch_files(files)
}

fn lower_world(
    mut builder: Builder,
    world: &World<'_>,
    platforms: &Platforms,
    bound: &[ResourceIdx],
) -> Builder {
    world.reached.iter().for_each(|reached| builder.values.reach(reached.limit, reached.span));
    let mut ids = Ids::default();
    let cluster = Cluster::read(world, platforms);
    let around = effects::Around { world, cluster: &cluster };
    let resources = add_objects(&mut builder, &mut ids, &around);

    let workloads = Workloads::read(world);
    let mut ports = Ports::default();
    ports.declare(&mut builder, world, &workloads);
    probes::read(&mut builder, world, &workloads, &mut ports);
    let services = Services::read(&mut builder, world, &resources, &workloads, &mut ports);
    evidence::of_containers(&mut builder, &workloads, &ports);
    evidence::of_services(&mut builder, &services.all, &ports);
    workload_facts::add(&mut builder, world, &resources, &workloads, &services.all);

    let mut lowering = Lowering {
        world,
        workloads: &workloads,
        services,
        ports,
        cluster,
        builder,
        resources,
        groups: Vec::new(),
        ids,
        refusals: Vec::new(),
    };
    lowering.read_other_ingresses();
    lowering.lower_ingresses();
    lowering.lower_balancers();
    lowering.lower_gateways();
    lowering.lower_network_gateways();
    lowering.lower_lattice();
    lowering.judge_routes();
    lowering.lower_proxies();
    lowering.note_entries();
    lowering.bind(bound);
    lowering.judge_bindings();
    lowering.judge_balancers();
    lowering.link_rollouts();
    lowering.join_groups();
    lowering.write_refusals();
    let Lowering { ports, services, resources, mut builder, .. } = lowering;
    mesh::of_ports(&mut builder, world, &workloads.all, &services.all, &ports);
    evidence::of_names(&mut builder, world, &workloads, &ports);
    ports.finish(&mut builder, &workloads, &resources);
    builder
}

/// Puts every object into the model as it is written.
fn add_objects<'d>(
    builder: &mut Builder,
    ids: &mut Ids,
    around: &effects::Around<'_, 'd>,
) -> Vec<ResourceIdx> {
    let mut converter = Converter::default();
    let add = |object: &objects::Object<'d>| {
        let id = ids.unique(format!("{} {}", object.kind, object.full_name()));
        let type_name = format!("Kubernetes::{}", object.kind);
        let mut draft = Draft::new(id, type_name, object.name_span, object.node.span(), Platform::Kubernetes);
        draft.properties = Some(converter.value(&mut builder.values, object.node, object.name_span));
        let annotations = annotation_facts::section(&mut builder.values, around, object);
        draft.sections.push(("Annotations", annotations));
        builder.add(draft)
    };
    around.world.objects.iter().map(add).collect()
}
