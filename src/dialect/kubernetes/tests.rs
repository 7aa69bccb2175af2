//! What manifests become, in many short cases.

mod balancers;
mod gateway;
mod ingress;
mod lattice;
mod workloads;

use std::sync::Arc;

use super::*;

use crate::document::Format;

use crate::model::{Data, Model, Unknown, ValueId};

use crate::source::FileId;

/// Lowers files, each given by its text, as one project.
fn model_of(files: &[&str], platforms: &Platforms) -> Option<Model> {
    let documents: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(idx, text)| crate::syntax::parse(FileId(idx as u32), Format::Yaml, &Arc::from(*text)).0)
        .collect();
    let paths: Vec<String> = (0..files.len()).map(|idx| format!("{idx}/file.yaml")).collect();
    let files: Vec<File<'_>> =
        documents.iter().zip(&paths).map(|(document, path)| File { path: path.as_str(), document }).collect();
    lower(&files, platforms).models.pop()
}

fn model(manifest: &str) -> Model {
    model_of(&[manifest], &Platforms::default()).expect("a model")
}

fn find(model: &Model, id: &str, path: &str) -> Option<ValueId> {
    let resource = model.resources.iter().find(|resource| resource.id == id)?;
    path.split('/').try_fold(resource.value, |value, key| match key.parse::<usize>() {
        Ok(idx) => model.values.items(value).get(idx).copied(),
        Err(_) => model.values.get(value, key),
    })
}

fn show(model: &Model, value: ValueId) -> String {
    match model.values.data(value) {
        Data::Null => "null".to_string(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => value.to_string(),
        Data::Text(text) => text.to_string(),
        Data::List(items) => {
            let items: Vec<String> = items.iter().map(|item| show(model, *item)).collect();
            format!("[{}]", items.join(", "))
        }
        // A link leads to a whole resource; its id is enough.
        Data::Map(entries) => match model.resources.iter().find(|resource| resource.value == value) {
            Some(resource) => format!("@{}", resource.id),
            None => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|entry| {
                        format!("{}: {}", model.values.key_text(entry.key), show(model, entry.value))
                    })
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        },
        Data::Reference(target) => format!("@{}", model.resource(target).id),
        Data::Unknown(why) => format!("?{why:?}"),
    }
}

#[track_caller]
fn check_in(model: &Model, id: &str, path: &str, expected: &str) {
    let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
    assert!(ids.contains(&id), "no resource `{id}` among {ids:#?}");
    let found = find(model, id, path).map_or("absent".to_string(), |value| show(model, value));
    assert_eq!(found, expected, "{id} {path}");
}

#[track_caller]
fn check(manifest: &str, id: &str, path: &str, expected: &str) {
    check_in(&model(manifest), id, path, expected);
}

/// The text under a value's own place.
#[track_caller]
fn check_text(manifest: &str, id: &str, path: &str, expected: &str) {
    let model = model(manifest);
    let value = find(&model, id, path).expect("a value");
    assert_eq!(&manifest[model.values.place(value).span.range()], expected, "{id} {path}");
}

fn ids(model: &Model, type_name: &str) -> Vec<String> {
    let of_type = model.resources.iter().filter(|resource| resource.type_name == type_name);
    of_type.map(|resource| resource.id.clone()).collect()
}

const GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

const CLASSIC: &str = "AWS::ElasticLoadBalancing::LoadBalancer";

/// An Ingress with one backend and these annotations (without their prefix), and its Service with these.
fn ingress_with(annotations: &str, service_annotations: &str) -> String {
    let indent = |prefix: &str, lines: &str| {
        lines.lines().map(|line| format!("    {prefix}{line}\n")).collect::<String>()
    };
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    example.com/owner: team
{}spec:
  ingressClassName: alb
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: orders, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: orders
  namespace: web
  annotations:
    example.com/owner: team
{}spec:
  selector: {{app: orders}}
  ports:
  - {{name: api, port: 80, targetPort: 9000}}
  - {{name: admin, port: 81, targetPort: 9001, nodePort: 30081}}
",
        indent(ALB_PREFIX, annotations),
        indent(ALB_PREFIX, service_annotations)
    )
}

const ALB_PREFIX: &str = "alb.ingress.kubernetes.io/";

const ORDERS: &str = "Ingress web/shop -> orders:80";

#[test]
fn detection() {
    for (text, expected) in [
        ("apiVersion: v1\nkind: Pod\n", true),
        ("apiVersion: v1\n", false),
        ("kind: [a]\napiVersion: v1\n", false),
        ("- apiVersion: v1\n  kind: Pod\n", false),
        ("apiVersion:\nkind:\n", false),
    ] {
        let (document, _) = crate::syntax::parse(FileId(0), Format::Yaml, &Arc::from(text));
        assert_eq!(document.roots().any(|root| detect("a.yaml", root)), expected, "{text}");
    }
}

fn deployment(container: &str) -> String {
    let container: String = container.lines().map(|line| format!("        {line}\n")).collect();
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: orders, namespace: shop}}
spec:
  template:
    metadata: {{labels: {{app: orders, tier: back}}}}
    spec:
      containers:
      - name: main
{container}---
apiVersion: v1
kind: Service
metadata: {{name: orders, namespace: shop}}
spec:
  selector: {{app: orders}}
  ports: [{{port: 80, targetPort: api}}]
"
    )
}

#[test]
fn faults_of_annotations() {
    let problem = |annotation: &str, expected: &str| {
        let manifest = ingress_with(annotation, "");
        check(&manifest, "Ingress web/shop", "Annotations/1/Problem", expected);
    };
    problem("healthcheck-path: /", "absent");
    problem("success-codes: 0", "not-a-string");
    problem("listen-ports: [{\"HTTPS\": 443}]", "not-a-string");
    problem("target-type: ' ip'", "untrimmed");
    problem("backend-protocol-version: grpc", "invalid-value");
    problem("healthcheck-interval-seconds: 15s", "malformed");
    problem("ssl-redirect: '443'", "absent");
    problem("listen-ports: '[{\"https\": 443}]'", "malformed");
    problem("actions.a: '{'", "malformed");
    problem("successCodes: a", "unrecognized");
    problem("scheme: '{{ .Values.scheme }}'", "absent");
    problem("scheme: ", "absent");
    let suggestion = |annotation: &str, expected: &str| {
        let manifest = ingress_with(annotation, "");
        check(&manifest, "Ingress web/shop", "Annotations/1/Suggestion", expected);
    };
    suggestion("successCodes: a", "alb.ingress.kubernetes.io/success-codes");
    suggestion("backend-protocol-version: grpc", "GRPC");
    suggestion("healthcheck-interval-seconds: 15s", "15");
    let service = ingress_with("", "listen-ports: '[]'");
    check(&service, "Service web/orders", "Annotations/1/Problem", "misplaced");
}

#[test]
fn lists_are_opened() {
    let manifest = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n- null\n";
    assert_eq!(ids(&model(manifest), "Kubernetes::Pod"), ["Pod a", "Pod b"]);
}

#[test]
fn objects_are_typed_as_yaml_1_1() {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {on: yes, mode: 0755, tpl: '{{ x }}', text: '12'}\n";
    check(manifest, "ConfigMap a", "Properties/data", "{on: true, mode: 493, tpl: ?Expression, text: 12}");
}

#[test]
fn odd_shapes_are_survived() {
    for (from, to) in [
        ("rules:", "rules: {host: a}\n  x:"),
        ("  annotations:", "  annotations: []\n  x:"),
        ("  annotations:", "  annotations: 12\n  x:"),
        ("  annotations:", "  annotations:\n  x:"),
        ("spec:", "spec: null\nx:"),
        ("spec:", "spec: []\nx:"),
        ("metadata:", "metadata: null\nx:"),
        ("metadata:", "metadata: [a]\nx:"),
        ("  name: shop", "  name: {a: b}"),
        ("  name: shop", "  name:"),
        ("{number: 80}", "{number: 99999999999999999999}"),
        ("{number: 80}", "null"),
        ("{number: 80}", "[1]"),
        ("selector: {app: orders}", "selector: [a]"),
        ("port: 80", "port: -1"),
        ("targetPort: 9000", "targetPort: {}"),
        ("pathType: Prefix", "pathType: 12"),
        ("path: /", "path: 5"),
    ] {
        let manifest = ingress_with("backend-protocol-version: GRPC", "").replace(from, to);
        let _ = model_of(&[&manifest], &Platforms::default());
    }
    for probe in [
        "readinessProbe: 1",
        "readinessProbe: {grpc: 1}",
        "readinessProbe: {exec: {command: a}}",
        "env: {a: b}",
        "ports: 1",
    ] {
        let _ = model(&deployment(probe));
    }
}
