//! Which manifests of a project have to do with each other, so that of a directory with hundreds of them only those around
//! the named ones need be judged.
//!
//! Two files are tied when one names what the other declares, or selects it, through whatever chain of others; objects that
//! bear on a whole cluster or namespace are tied to all. More files are taken for tied than are; none may be missed.

use rustc_hash::{FxHashMap, FxHashSet};

use super::annotations::ALB;
use super::kustomize;
use super::objects::{Object, World};
use super::rules::{self, Plan};
use super::services::is_slip;
use super::workloads::{Workloads, pairs};
use crate::dialect::File;
use crate::dialect::projects::{Sets, contains};

/// Objects that bear on nothing but what names or selects them, by API group and kind.
const PLAIN: [(&str, &str); 18] = [
    ("", "ConfigMap"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
];

/// Kinds that many name without having to do with each other.
const SHARED: [&str; 3] = ["GatewayClass", "IngressClass", "Namespace"];

/// The controller whose Services are told by their names, and whose Ingresses speak for all of them.
const BY_NAME: &str = "nginx";

/// Of the files of a project, those that have to do with the ones that are reported on.
pub(in crate::dialect) fn around(files: &[File<'_>], is_reported: &[bool]) -> Vec<bool> {
    let world = World::collect(files);
    let is_open = open(files, &world);
    // A kustomization says what is applied together, and parameters of a class may join all its Ingresses.
    let is_joined = files.iter().any(|file| kustomize::is_kustomization(file.path))
        || world.objects.iter().any(|object| object.kind == "IngressClassParams");
    if is_joined || (0..files.len()).any(|file| is_reported[file] && is_open[file]) {
        return vec![true; files.len()];
    }
    let mut ties = Ties { sets: Sets::new(files.len()) };
    let declared = ties.join_names(&world);
    ties.join_words(files, &world, &is_open, &declared);
    ties.join_selected(&world);
    let is_any = |idx: &usize| is_reported[*idx];
    let reported: FxHashSet<usize> =
        (0..files.len()).filter(is_any).map(|file| ties.sets.find(file)).collect();
    let mut tied = is_open;
    for (file, is_tied) in tied.iter_mut().enumerate() {
        *is_tied |= reported.contains(&ties.sets.find(file));
    }
    for ingress in world.objects.iter().filter(|object| object.is_ingress() && leads_anywhere(object)) {
        tied[ingress.file] = true;
    }
    tied
}

/// The files that may have to do with any other.
fn open(files: &[File<'_>], world: &World<'_>) -> Vec<bool> {
    let mut is_open = vec![true; files.len()];
    for object in &world.objects {
        is_open[object.file] = false;
    }
    for object in &world.objects {
        let is_plain = PLAIN.contains(&(object.group, object.kind)) && object.name.bytes().all(is_of_word);
        is_open[object.file] |= !is_plain;
    }
    is_open
}

/// Whether an Ingress leads to what only the text of an action says, which Services may stand in as parts of words.
fn leads_anywhere(ingress: &Object<'_>) -> bool {
    let (rules, default) = rules::plan(ingress);
    let mut plans = rules.into_iter().map(|rule| rule.plan).chain(default);
    plans.any(|plan| !matches!(plan, Plan::Backend(_)))
}

struct Ties {
    sets: Sets,
}

impl Ties {
    /// Joins the files that declare one name. Gives the first of them for each name.
    fn join_names<'d>(&mut self, world: &World<'d>) -> FxHashMap<&'d str, usize> {
        let mut declared: FxHashMap<&str, usize> = FxHashMap::default();
        for object in world.objects.iter().filter(|object| !SHARED.contains(&object.kind)) {
            let group = object.annotations.under(ALB, "group.name").map(|group| group.text);
            for name in std::iter::once(object.name).chain(group).filter(|name| !name.is_empty()) {
                let first = *declared.entry(name).or_insert(object.file);
                self.sets.join(first, object.file);
            }
        }
        declared
    }

    /// Joins every file with those whose names stand in its text, be it with a slip of the pen.
    fn join_words(
        &mut self,
        files: &[File<'_>],
        world: &World<'_>,
        is_open: &[bool],
        declared: &FxHashMap<&str, usize>,
    ) {
        let mut slips = Slips::read(world);
        let mut leads = is_open.to_vec();
        for ingress in world.objects.iter().filter(|object| object.is_ingress()) {
            leads[ingress.file] = true;
        }
        let mut by_name = None;
        for (idx, file) in files.iter().enumerate() {
            let text = file.document.text();
            for word in text.split(|c: char| !c.is_ascii() || !is_of_word(c as u8)) {
                let parts = word.split('.').chain(word.contains('.').then_some(word));
                for part in parts.filter(|part| !part.is_empty()) {
                    if let Some(other) = declared.get(part) {
                        self.sets.join(idx, *other);
                    } else if leads[idx] {
                        slips.of(part).iter().for_each(|other| self.sets.join(idx, *other));
                    }
                }
            }
            if contains(text, BY_NAME) {
                self.sets.join(idx, *by_name.get_or_insert(idx));
            }
        }
    }

    /// Joins Services with the workloads that they select, and with others that select the same.
    fn join_selected(&mut self, world: &World<'_>) {
        let workloads = Workloads::read(world);
        let mut same: FxHashMap<Vec<(&str, &str)>, usize> = FxHashMap::default();
        for service in world.objects.iter().filter(|object| object.is("", "Service")) {
            let mut selector = service.spec(&["selector"]).map(pairs).unwrap_or_default();
            for workload in workloads.labelled(&selector) {
                self.sets.join(service.file, world.objects[workloads.all[workload].object].file);
            }
            selector.sort_unstable();
            self.sets.join(service.file, *same.entry(selector).or_insert(service.file));
        }
    }
}

/// Whether a byte may stand in a name.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// The Services that a word may mean though it is spelled otherwise, by what is left of their names without any one letter.
struct Slips<'d> {
    services: FxHashMap<String, Vec<(&'d str, usize)>>,
    of_word: FxHashMap<String, Vec<usize>>,
}

impl<'d> Slips<'d> {
    fn read(world: &World<'d>) -> Self {
        let mut services: FxHashMap<String, Vec<(&str, usize)>> = FxHashMap::default();
        for service in world.objects.iter().filter(|object| object.is("", "Service")) {
            for rest in shortened(service.name) {
                services.entry(rest).or_default().push((service.name, service.file));
            }
        }
        Self { services, of_word: FxHashMap::default() }
    }

    /// The files of the Services that a word may mean.
    fn of(&mut self, word: &str) -> &[usize] {
        if !self.of_word.contains_key(word) {
            let near = shortened(word).into_iter().filter_map(|rest| self.services.get(&rest)).flatten();
            let found = near.filter(|(name, _)| is_slip(word, name)).map(|(_, file)| *file).collect();
            self.of_word.insert(word.to_string(), found);
        }
        &self.of_word[word]
    }
}

/// A name, and what is left of it without any one letter.
fn shortened(name: &str) -> Vec<String> {
    let without = |(at, letter): (usize, char)| format!("{}{}", &name[..at], &name[at + letter.len_utf8()..]);
    std::iter::once(name.to_string()).chain(name.char_indices().map(without)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Format;
    use crate::source::FileId;
    use crate::syntax;

    /// Which of some files, of which the first is reported on, have to do with it.
    #[track_caller]
    fn check(texts: &[&str], expected: &[bool]) {
        let parse = |text: &&str| syntax::parse(FileId(0), Format::Yaml, &(**text).into()).0;
        let documents: Vec<_> = texts.iter().map(parse).collect();
        let files: Vec<File<'_>> =
            documents.iter().map(|document| File { path: "k8s/a.yaml", document }).collect();
        let is_reported: Vec<bool> = (0..files.len()).map(|idx| idx == 0).collect();
        assert_eq!(around(&files, &is_reported), expected, "{texts:#?}");
    }

    fn service(name: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}-pods, tier: web}}}}\n"
        )
    }

    fn deployment(app: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: run-{app}}}\n\
             spec: {{template: {{metadata: {{labels: {{app: {app}, tier: web}}}}, spec: {{containers: [{{name: run}}]}}}}}}\n"
        )
    }

    fn ingress(backend: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: to-{backend}}}\n\
             spec: {{rules: [{{http: {{paths: [{{backend: {{service: {{name: {backend}, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    }

    #[test]
    fn what_names_or_selects_belongs_together() {
        let (orders, carts) = (service("orders"), service("carts"));
        let (pods, others) = (deployment("orders-pods"), deployment("carts-pods"));
        let way = ingress("orders");
        check(&[&way, &orders, &pods, &carts, &others], &[true, true, true, false, false]);
        check(&[&pods, &way, &orders, &others, &carts], &[true, true, true, false, false]);
        check(&[&carts, &way, &orders], &[true, false, false]);
    }

    #[test]
    fn a_slip_of_the_pen_ties_too() {
        let slip = ingress("ordesr");
        check(&[&slip, &service("orders"), &service("carts")], &[true, true, false]);
        check(&[&service("orders"), &slip], &[true, true]);
    }

    #[test]
    fn what_bears_on_all_is_tied_to_all() {
        let carts = service("carts");
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
        let knative = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: other}\n";
        let action = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: actions\n  annotations:\n    \
            alb.ingress.kubernetes.io/actions.forward: '{broken'\nspec:\n  rules:\n  - http:\n      paths:\n      - \
            {path: /, backend: {service: {name: forward, port: {name: use-annotation}}}}\n";
        check(&[&carts, namespace, knative, action], &[true, true, true, true]);
        check(&[namespace, &carts], &[true, true]);
        let templated = "apiVersion: v1\nkind: Service\nmetadata: {name: '${APP}'}\n";
        check(&[&carts, templated], &[true, true]);
        check(&[action, &carts], &[true, false]);
    }

    #[test]
    fn members_of_a_group_are_one_load_balancer() {
        let member = |backend: &str| {
            let group = "annotations: {alb.ingress.kubernetes.io/group.name: shared}, name";
            ingress(backend).replace("metadata: {name", &format!("metadata: {{{group}"))
        };
        check(&[&member("orders"), &member("carts"), &ingress("users")], &[true, true, false]);
    }

    #[test]
    fn a_kustomization_joins_what_it_lists() {
        let text = service("orders");
        let document = syntax::parse(FileId(0), Format::Yaml, &text.as_str().into()).0;
        let file = |path| File { path, document: &document };
        let files = [file("a.yaml"), file("b.yaml"), file("kustomization.yaml")];
        assert_eq!(around(&files, &[true, false, false]), [true, true, true]);
    }
}
