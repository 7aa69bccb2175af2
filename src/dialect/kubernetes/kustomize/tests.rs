//! What overlays make of their bases.

use super::*;
use crate::dialect::kubernetes::objects::World;
use crate::document::{Document, Format};
use crate::source::FileId;
use crate::syntax;

/// The objects of each set of manifests that are applied together, with what `show` says of each.
fn told(files: &[(&str, &str)], show: impl Fn(NodeRef<'_>) -> String) -> Vec<Vec<String>> {
    let parse = |(idx, (_, text)): (usize, &(&str, &str))| {
        syntax::parse(FileId(idx as u32), Format::Yaml, &(*text).into()).0
    };
    let documents: Vec<Document> = files.iter().enumerate().map(parse).collect();
    let files: Vec<File<'_>> =
        files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
    let mut sets = Vec::new();
    for applied in applied(&files) {
        let changes = applied.changes();
        let world = World::collect_changed(&applied.files, Some(&changes));
        if !world.objects.is_empty() {
            sets.push(world.objects.iter().map(|object| show(object.node)).collect());
        }
    }
    sets
}

/// The same with the annotation `a` of each object.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&[&str]]) {
    let told = told(files, |object| {
        let text = |path: &[&str]| object.at(path).and_then(NodeRef::text).unwrap_or_default();
        let shown = [text(&["kind"]), text(&["metadata", "name"]), text(&["metadata", "annotations", "a"])];
        shown.join(" ").trim().to_string()
    });
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

/// One object with one overlay; what `path` says then, and whether it stands where `stands` first does in the overlay.
#[track_caller]
fn check_value(object: &str, kustomization: &str, patch: &str, path: &[&str], expected: &str) {
    let kustomization = format!("resources: [../base]\n{kustomization}");
    let files = [
        ("/k/base/kustomization.yaml", "resources: [a.yaml]"),
        ("/k/base/a.yaml", object),
        ("/k/prod/kustomization.yaml", &kustomization),
        ("/k/prod/patch.yaml", patch),
    ];
    let told = told(&files, |object| {
        let found = path.iter().try_fold(object, |node, key| match key.parse::<usize>() {
            Ok(at) if node.kind() == Kind::Sequence => node.items().nth(at),
            _ => node.get(key),
        });
        let Some(node) = found else { return "-".to_string() };
        let span = node.span();
        let written = files[span.file.0 as usize].1.get(span.range()).unwrap_or("?");
        match node.text() {
            Some(text) if written.trim_matches('"') == text => {
                format!("{text} in {}", files[span.file.0 as usize].0.trim_start_matches("/k/"))
            }
            Some(text) => format!("{text} at {written:?}"),
            None => format!("{:?}", node.kind()),
        }
    });
    assert_eq!(told, [[expected]], "{kustomization}{patch}");
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: n}\nspec:\n  type: ClusterIP\n  \
                       ports: [{name: http, port: 80, targetPort: 8080}, {name: grpc, port: 50051}]\n";

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: d}}\n  \
                          template:\n    metadata: {labels: {app: d}}\n    spec:\n      containers:\n        - name: server\n          \
                          ports: [{containerPort: 8080, name: http}]\n          readinessProbe: {httpGet: {path: /, port: 8080}}\n        \
                          - name: proxy\n";

const FILE: &str = "patches: [{path: patch.yaml}]";

#[test]
fn merged_patches_reach_fields() {
    let patch = |rest: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {rest}\n");
    let check = |rest: &str, path: &[&str], expected: &str| {
        check_value(SERVICE, FILE, &patch(rest), path, expected);
    };
    check("{type: LoadBalancer}", &["spec", "type"], "LoadBalancer in prod/patch.yaml");
    check("{type: LoadBalancer}", &["spec", "ports", "0", "port"], "80 in base/a.yaml");
    check("{type: null}", &["spec", "type"], "-");
    // Ports are merged by their number.
    let ports = "{ports: [{port: 50051, appProtocol: grpc}]}";
    check(ports, &["spec", "ports", "1", "appProtocol"], "grpc in prod/patch.yaml");
    check(ports, &["spec", "ports", "1", "name"], "grpc in base/a.yaml");
    check(ports, &["spec", "ports", "2"], "-");
    let deleted = "{ports: [{port: 80, $patch: delete}]}";
    check(deleted, &["spec", "ports", "0", "port"], "50051 in base/a.yaml");
    let replaced = "{$patch: replace, ports: [{port: 1}]}";
    check(replaced, &["spec", "ports", "0", "port"], "1 in prod/patch.yaml");
    check(replaced, &["spec", "type"], "-");
}

#[test]
fn containers_are_merged_by_name() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [\n  \
                 {name: server, ports: [{containerPort: 50051, name: grpc}], \
                 readinessProbe: {httpGet: null, grpc: {port: 50051}}}]}}}\n";
    let of = |path: &[&str], expected: &str| {
        let containers = ["spec", "template", "spec", "containers"];
        check_value(DEPLOYMENT, FILE, patch, &[&containers, path].concat(), expected);
    };
    of(&["0", "readinessProbe", "grpc", "port"], "50051 in prod/patch.yaml");
    of(&["0", "readinessProbe", "httpGet"], "-");
    of(&["0", "ports", "0", "name"], "http in base/a.yaml");
    of(&["0", "ports", "1", "name"], "grpc in prod/patch.yaml");
    of(&["1", "name"], "proxy in base/a.yaml");
}

#[test]
fn lists_of_custom_resources_are_replaced() {
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: r}\nspec: {rules: [{name: a}, {name: b}]}\n";
    let patch = "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: r}\nspec: {rules: [{name: c}]}\n";
    check_value(route, FILE, patch, &["spec", "rules", "0", "name"], "c in prod/patch.yaml");
    check_value(route, FILE, patch, &["spec", "rules", "1"], "-");
}

#[test]
fn operations_reach_fields() {
    let targeted = "patches: [{path: patch.yaml, target: {kind: Service, name: s.*}}]";
    let check = |operation: &str, path: &[&str], expected: &str| {
        check_value(SERVICE, targeted, &format!("- {operation}\n"), path, expected);
    };
    check(
        "{op: replace, path: /spec/ports/0/targetPort, value: 9090}",
        &["spec", "ports", "0", "targetPort"],
        "9090 in prod/patch.yaml",
    );
    check("{op: remove, path: /spec/ports/0}", &["spec", "ports", "0", "port"], "50051 in base/a.yaml");
    check(
        "{op: add, path: /spec/ports/-, value: {port: 1}}",
        &["spec", "ports", "2", "port"],
        "1 in prod/patch.yaml",
    );
    check(
        "{op: add, path: /metadata/labels, value: {a~b: c}}",
        &["metadata", "labels", "a~b"],
        "c in prod/patch.yaml",
    );
    check(
        "{op: add, path: /spec/sessionAffinity, value: ClientIP}",
        &["spec", "sessionAffinity"],
        "ClientIP in prod/patch.yaml",
    );
}

#[test]
fn text_in_a_kustomization_keeps_its_place() {
    let text = "patches:\n  - target: {kind: Service}\n    patch: |-\n      - op: replace\n        path: /spec/type\n        value: NodePort\n";
    check_value(SERVICE, text, "", &["spec", "type"], "NodePort in prod/kustomization.yaml");
    let text = "patchesStrategicMerge:\n  - |-\n    apiVersion: v1\n    kind: Service\n    metadata:\n      name: s\n    spec:\n      type: NodePort\n";
    check_value(SERVICE, text, "", &["spec", "type"], "NodePort in prod/kustomization.yaml");
    let text = "patches:\n  - patch: '[{\"op\": \"replace\", \"path\": \"/spec/type\", \"value\": \"NodePort\"}]'\n    target: {kind: Service}\n";
    let whole =
        r#"NodePort at "'[{\"op\": \"replace\", \"path\": \"/spec/type\", \"value\": \"NodePort\"}]'""#;
    check_value(SERVICE, text, "", &["spec", "type"], whole);
}

#[test]
fn what_a_kustomization_sets_on_all_objects() {
    let prod = |key: &str| format!("{key} in prod/kustomization.yaml");
    check_value(SERVICE, "namespace: shop", "", &["metadata", "namespace"], &prod("shop"));
    let annotations = "commonAnnotations: {team: a, alb.ingress.kubernetes.io/scheme: internal}";
    check_value(SERVICE, annotations, "", &["metadata", "annotations", "team"], &prod("a"));
    let scheme = ["metadata", "annotations", "alb.ingress.kubernetes.io/scheme"];
    check_value(SERVICE, annotations, "", &scheme, "-");
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n";
    check_value(ingress, annotations, "", &scheme, &prod("internal"));
    let template = ["spec", "template", "metadata", "labels", "env"];
    check_value(DEPLOYMENT, "commonLabels: {env: prod}", "", &template, &prod("prod"));
    let selector = ["spec", "selector", "matchLabels", "env"];
    check_value(DEPLOYMENT, "commonLabels: {env: prod}", "", &selector, &prod("prod"));
    check_value(DEPLOYMENT, "labels: [{pairs: {env: prod}}]", "", &selector, "-");
    check_value(
        DEPLOYMENT,
        "labels: [{pairs: {env: prod}}]",
        "",
        &["metadata", "labels", "env"],
        &prod("prod"),
    );
    // A Service without a selector gets none.
    check_value(SERVICE, "commonLabels: {env: prod}", "", &["spec", "selector"], "-");
}

#[test]
fn components_change_what_was_included_before() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: patch.yaml, target: {kind: Service}}]\n";
    let files = [
        ("/k/base/kustomization.yaml", "resources: [a.yaml]"),
        ("/k/base/a.yaml", BASE),
        ("/k/extra/kustomization.yaml", component),
        ("/k/extra/patch.yaml", "- {op: replace, path: /metadata/annotations/a, value: extra}"),
        ("/k/prod/kustomization.yaml", "resources: [../base]\ncomponents: [../extra]"),
    ];
    check(&files, &[&["Service s extra", "Pod p"]]);
}

#[test]
fn patches_may_call_objects_by_their_new_names() {
    let files = [
        ("/k/base/kustomization.yaml", "resources: [a.yaml]\nnamePrefix: shop-"),
        ("/k/base/a.yaml", BASE),
        ("/k/prod/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]"),
        (
            "/k/prod/patch.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: shop-s, annotations: {a: new}}",
        ),
    ];
    check(&files, &[&["Service s new", "Pod p"]]);
}

#[test]
fn a_patch_changes_only_what_its_kustomization_includes() {
    let files = [
        (
            "/k/one/kustomization.yaml",
            "resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: Service}}]",
        ),
        ("/k/one/a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {a: base}}"),
        ("/k/one/p.yaml", "- {op: replace, path: /metadata/annotations/a, value: new}"),
        ("/k/two/kustomization.yaml", "resources: [b.yaml]"),
        ("/k/two/b.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: b, annotations: {a: base}}"),
        ("/k/prod/kustomization.yaml", "resources: [../one, ../two]"),
    ];
    check(&files, &[&["Service a new", "Service b base"]]);
}

#[test]
fn objects_are_left_out_when_it_is_not_known_what_becomes_of_them() {
    let of = |rest: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s{rest}");
    check_patch(FILE, &of(", annotations: {a: new}}"), &["Service s new", "Pod p"]);
    check_patch(FILE, &of(", labels: {x: y}}\nspec: {replicas: 3}"), &["Service s base", "Pod p"]);
    check_patch(FILE, &of("}\nspec: {ports: [{name: x}]}"), &["Service s base", "Pod p"]);
    check_patch(FILE, &of("}\n$patch: delete"), &["Pod p"]);
    check_patch(FILE, &of("}\nspec: {$retainKeys: [a]}"), &["Pod p"]);
    check_patch(
        "patchesStrategicMerge: [patch.yaml]",
        &of(", annotations: {a: b}}"),
        &["Service s b", "Pod p"],
    );
    let targeted = |target: &str| format!("patches: [{{path: patch.yaml, target: {target}}}]");
    let check = |target: &str, operation: &str, expected: &[&str]| {
        check_patch(&targeted(target), &format!("- {operation}"), expected);
    };
    let move_it = "{op: move, from: /spec/a, path: /spec/b}";
    check("{kind: Service}", move_it, &["Pod p"]);
    check("{kind: Ingress}", move_it, &["Service s base", "Pod p"]);
    check("{kind: Service}", "{op: replace, path: /spec/type, value: x}", &["Pod p"]);
    check("{kind: Service}", "{op: replace, path: /spec/replicas, value: 2}", &["Service s base", "Pod p"]);
    let annotate = "{op: add, path: /metadata/annotations/a, value: new}";
    check("{kind: Service, labelSelector: 'x=y'}", annotate, &["Service s base", "Pod p"]);
    check("{kind: Service, annotationSelector: 'a=base'}", annotate, &["Service s new", "Pod p"]);
    check("{kind: Service, labelSelector: 'x in (y)'}", annotate, &["Pod p"]);
    check("{kind: Service, name: '['}", annotate, &["Pod p"]);
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
