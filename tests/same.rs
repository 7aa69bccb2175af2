//! The same fault gets the same words, whatever the language it is written in.
//!
//! Fixtures are turned into their other notations (YAML into JSON, Terraform's JSON into HCL and into a plan) and have to give the same
//! findings; `fixtures/same/<rule>/` holds one fault in several languages, with the same names everywhere.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use grpc_guard::catalog::Catalog;
use grpc_guard::dialect::{self, Dialect, File, Platforms};
use grpc_guard::engine;
use grpc_guard::model::{Data, Entry, Model, Resource, ResourceIdx, ValueId};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{FileId, Source, SourceMap};
use grpc_guard::syntax;
use rayon::prelude::*;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;
use support::{dialect as dialect_of, entries, hcl, name, projects, root, settings};

/// A finding without its place.
type Said = (String, String, String, String, String);

/// What is said about a text under a file name; `like` is the fixture whose platform holds.
fn said(file: &str, text: String, like: &Path, catalog: &Catalog) -> Vec<Said> {
    said_by(None, file, text, like, catalog)
}

/// The same by one rule alone, also one that is off unless it is asked for.
fn said_by(rule: Option<&str>, file: &str, text: String, like: &Path, catalog: &Catalog) -> Vec<Said> {
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new(file, text));
    let loaded = Loaded { sources, files: vec![LoadedFile { id, explicit: true }], ..Loaded::default() };
    let analysis = engine::analyze(loaded, catalog, &settings(like, rule.as_ref().map(std::slice::from_ref)));
    let of_resources = analysis.diagnostics.iter().filter(|found| found.resource.is_some());
    let mut said: Vec<Said> = of_resources
        .map(|found| {
            (
                found.resource.clone().unwrap_or_default(),
                found.rule.to_string(),
                found.severity.as_str().to_string(),
                found.message.clone(),
                found.help.clone().unwrap_or_default(),
            )
        })
        .collect();
    said.sort();
    said
}

/// The fixtures of all rules, and the sets, whose names end so.
fn fixtures(ending: &str) -> Vec<PathBuf> {
    let same = entries(&root().join("fixtures/same"));
    let is_of_rule = |dir: &PathBuf| !["formats", "projects", "same", "syntax"].contains(&name(dir).as_str());
    let dirs = entries(&root().join("fixtures")).into_iter().filter(is_of_rule).chain(same);
    let files = dirs.flat_map(|dir| projects(&dir));
    files.filter(|path| path.is_file() && name(path).ends_with(ending)).collect()
}

/// Holds what is said of each fixture against what is said of it in another notation, where it has one.
#[track_caller]
fn check(ending: &str, least: usize, other: impl Fn(&str) -> Option<(&'static str, String)> + Sync) {
    let catalog = Catalog::builtin();
    let compared: Vec<Option<String>> = fixtures(ending)
        .par_iter()
        .filter_map(|path| {
            let text = fs::read_to_string(path).expect("a fixture is UTF-8");
            let (file, changed) = other(&text)?;
            let before = said(&name(path), text, path, &catalog);
            let after = said(file, changed, path, &catalog);
            let differ = format!("{}: {before:#?}\nand as {file}: {after:#?}", path.display());
            Some((before != after).then_some(differ))
        })
        .collect();
    assert!(compared.len() >= least, "only {} fixtures were compared", compared.len());
    let problems: Vec<String> = compared.into_iter().flatten().collect();
    assert!(problems.is_empty(), "{} fixtures differ:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn templates_in_yaml_and_json() {
    check(".cfn.yaml", 200, |text| {
        let template: Yaml = serde_yaml::from_str(text).ok()?;
        Some(("template.json", format!("{:#}", as_json(&template))))
    });
}

#[test]
fn manifests_in_yaml_and_json() {
    check(".k8s.yaml", 150, |text| {
        if is_only_in_yaml(text) {
            return None;
        }
        let objects: Result<Vec<Value>, _> = serde_yaml::Deserializer::from_str(text)
            .map(|object| Yaml::deserialize(object).map(|object| as_json(&object)))
            .collect();
        let objects = objects.ok()?;
        Some(("list.json", format!("{:#}", json!({"apiVersion": "v1", "kind": "List", "items": objects}))))
    });
}

#[test]
fn manifests_and_terraform() {
    check(".k8s.yaml", 150, |text| in_terraform(text, |_| None));
}

#[test]
fn manifests_and_resources_of_the_provider() {
    check(".k8s.yaml", 150, |text| in_terraform(text, provided));
}

/// Whether a template's braces stand without quotes: YAML takes them for mappings.
fn is_only_in_yaml(text: &str) -> bool {
    text.contains(": {{")
}

/// Manifests as resources of Terraform: those that `typed` knows by their own type, the others as they are.
fn in_terraform(
    text: &str,
    typed: impl Fn(&Value) -> Option<(&'static str, Value)>,
) -> Option<(&'static str, String)> {
    if is_only_in_yaml(text) {
        return None;
    }
    let objects: Result<Vec<Value>, _> = serde_yaml::Deserializer::from_str(text)
        .map(|object| Yaml::deserialize(object).map(|object| as_json(&object)))
        .collect();
    let mut resources: Map<String, Value> = Map::new();
    for (at, object) in objects.ok()?.iter().filter(|object| object.is_object()).enumerate() {
        let object = as_expressions(object)?;
        let (kind, body) = typed(&object).unwrap_or(("kubernetes_manifest", json!({"manifest": object})));
        let of_kind = resources.entry(kind).or_insert_with(|| json!({}));
        of_kind[format!("object_{at}")] = body;
    }
    let file = json!({"variable": {"open": {}}, "resource": resources});
    Some(("main.tf.json", format!("{file:#}")))
}

/// An object with a variable where it has a template's word, for Terraform reads `${` everywhere; `None` where a key has one.
fn as_expressions(value: &Value) -> Option<Value> {
    Some(match value {
        Value::String(text) if text.contains("${") => json!("${var.open}"),
        Value::Array(items) => items.iter().map(as_expressions).collect::<Option<_>>()?,
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                (!key.contains("${")).then_some(())?;
                Some((key.clone(), as_expressions(value)?))
            });
            Value::Object(entries.collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// The resource of Terraform's Kubernetes provider that is this object.
fn provided(object: &Value) -> Option<(&'static str, Value)> {
    let kind = match (object["apiVersion"].as_str()?, object["kind"].as_str()?) {
        ("networking.k8s.io/v1", "Ingress") => "kubernetes_ingress_v1",
        ("networking.k8s.io/v1", "IngressClass") => "kubernetes_ingress_class_v1",
        ("v1", "Service") => "kubernetes_service_v1",
        ("v1", "Namespace") => "kubernetes_namespace_v1",
        ("v1", "Pod") => "kubernetes_pod_v1",
        ("apps/v1", "Deployment") => "kubernetes_deployment_v1",
        ("apps/v1", "StatefulSet") => "kubernetes_stateful_set_v1",
        ("apps/v1", "DaemonSet") => "kubernetes_daemon_set_v1",
        ("autoscaling/v2", "HorizontalPodAutoscaler") => "kubernetes_horizontal_pod_autoscaler_v2",
        ("policy/v1", "PodDisruptionBudget") => "kubernetes_pod_disruption_budget_v1",
        _ => return None,
    };
    // The provider makes texts of all annotations.
    let annotations = object["metadata"]["annotations"].as_object();
    if annotations.is_some_and(|annotations| annotations.values().any(|value| !value.is_string())) {
        return None;
    }
    let mut body = Map::new();
    for part in ["metadata", "spec"] {
        if let Some(value) = object.get(part) {
            body.insert(part.to_string(), provided_block(value));
        }
    }
    Some((kind, Value::Object(body)))
}

/// A block of an object in the provider's words: `target_port` for `targetPort`, repeated `port` blocks for `ports`.
fn provided_block(value: &Value) -> Value {
    let free = ["annotations", "labels", "matchLabels", "selector", "nodeSelector", "limits", "requests"];
    match value {
        Value::Array(items) => items.iter().map(provided_block).collect(),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                let own = match (key.as_str(), value) {
                    ("tls", _) => "tls".to_string(),
                    (_, Value::Array(items)) if items.iter().any(Value::is_object) => {
                        snake_case(key.strip_suffix('s').unwrap_or(key))
                    }
                    _ => snake_case(key),
                };
                let is_text = |value: &Value| !value.is_object();
                let is_map = value.as_object().is_some_and(|map| map.values().all(is_text));
                let is_free = free.contains(&key.as_str()) && is_map;
                (own, if is_free { value.clone() } else { provided_block(value) })
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

fn snake_case(key: &str) -> String {
    let mut name = String::new();
    for letter in key.replace("IP", "Ip").chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn configurations_and_plans() {
    check(".tf.json", 100, |text| {
        let configuration: Value = serde_json::from_str(text).expect("a fixture is JSON");
        Some(("plan.json", format!("{:#}", plan(&configuration)?)))
    });
}

#[test]
fn configurations_in_json_and_hcl() {
    check(".tf.json", 250, |text| {
        let configuration: Value = serde_json::from_str(text).expect("a fixture is JSON");
        Some(("main.tf", hcl::of_json(&configuration)?))
    });
}

/// Rules whose fault has no common form in Terraform and CloudFormation, and why.
const ONE_SIDED: [(&str, &str); 1] =
    [("health-check-grpc-matcher-without-grpc", "Terraform has one `matcher` for both kinds of codes")];

/// Rules that no fixture of Kubernetes holds in CloudFormation, and why.
const NOT_BUILT: [(&str, &str); 6] = [
    ("classic-load-balancer-pins-connections", "what is served at a listener is known by the pods"),
    ("classic-load-balancer-without-alpn", "the same"),
    ("health-check-grpc-matcher-without-grpc", "Kubernetes has one annotation for both kinds of codes"),
    ("probe-http-on-grpc-port", "probes are those of pods"),
    ("target-group-grpc-for-grpc-web", "that it is gRPC-Web is known by the pods"),
    ("target-group-http-to-tls", "that it is TLS is known by the pods"),
];

/// Each rule that claims both finds in some fixture the same in Terraform and in the template that its model is: there the
/// properties have the names and the shape that CloudFormation gives them.
#[test]
fn configurations_and_templates() {
    let rules = agreements("terraform", ".tf.json");
    assert!(rules.len() > 75, "only {} rules were compared", rules.len());
    held(&rules, &ONE_SIDED);
}

/// The same for Kubernetes: the template has what the controllers build, and a note says what carries gRPC.
#[test]
fn manifests_and_templates() {
    let rules = agreements("kubernetes", ".k8s.yaml");
    assert!(rules.len() > 40, "only {} rules were compared", rules.len());
    held(&rules, &NOT_BUILT);
    // Sets hold these, all but one: what is a probe there is a container's health check in ECS, and called so.
    let of_set = |rule: &str| root().join(format!("fixtures/same/{rule}/fault.k8s.yaml")).is_file();
    let without_set: Vec<&str> =
        NOT_BUILT.iter().map(|(rule, _)| *rule).filter(|rule| !of_set(rule)).collect();
    assert_eq!(without_set, ["probe-http-on-grpc-port"]);
}

/// What comes of the fixtures of each rule that claims CloudFormation and another language.
fn agreements(language: &str, ending: &str) -> BTreeMap<String, Agreement> {
    let catalog = Catalog::builtin();
    let mut rules: BTreeMap<String, Agreement> = BTreeMap::new();
    for path in fixtures(ending) {
        let rule = path.parent().map(name).unwrap_or_default();
        let claims = |dialect: &str| {
            let meta = catalog.get(&rule).map(|rule| rule.meta());
            meta.is_some_and(|meta| meta.dialects.iter().any(|own| own == dialect))
        };
        if !(claims("cloudformation") && claims(language)) {
            continue;
        }
        let agreement = rules.entry(rule.clone()).or_default();
        let text = fs::read_to_string(&path).expect("a fixture is UTF-8");
        let Some((template, labels)) = template(&name(&path), &text) else { continue };
        let with_labels = |message: String| {
            let message = labels.iter().fold(message, |message, (id, label)| {
                message.replace(&format!("`{id}`"), &format!("`{label}`"))
            });
            // What it is taken for gRPC by is another thing in another language.
            match ends_with_evidence(&rule) && language == "kubernetes" {
                true => message.split_once(": ").map_or(message.clone(), |(said, _)| said.to_string()),
                false => message,
            }
        };
        let of_rule = |file: &str, text: String| -> BTreeSet<String> {
            let all = said_by(Some(&rule), file, text, &path, &catalog).into_iter();
            let own = all.filter(|(_, found, ..)| *found == rule);
            own.map(|(_, _, _, message, _)| with_labels(message)).collect()
        };
        let (own, other) = (of_rule(&name(&path), text), of_rule("template.json", template));
        // What stands at one place is told once, so that one language may say less.
        let agree = own.is_subset(&other) || other.is_subset(&own);
        match (agree, own.is_empty() || other.is_empty()) {
            (true, true) if own.len() != other.len() => {
                // Defaults differ, so that a fault in one language may be none in the other.
                agreement.one_sided.push(path.display().to_string());
            }
            (true, false) => agreement.n_same += 1,
            (true, true) => {}
            (false, _) => agreement.differ.push(format!("{}: {own:#?}\n{other:#?}", path.display())),
        }
    }
    rules
}

/// Whether the message of a rule ends with what something is taken for gRPC by.
fn ends_with_evidence(rule: &str) -> bool {
    let text = fs::read_to_string(root().join(format!("rules/{rule}.guard"))).expect("a rule");
    text.contains(": {Grpc.Evidence[0].Text}>>")
}

/// No message differs, and each rule says the same in both somewhere, but for those that are listed.
#[track_caller]
fn held(rules: &BTreeMap<String, Agreement>, but: &[(&str, &str)]) {
    let differ: Vec<&str> = rules.values().flat_map(|rule| &rule.differ).map(String::as_str).collect();
    let is_held = |rule: &str| rules.get(rule).is_some_and(|agreement| agreement.n_same > 0);
    let unheld: Vec<String> = rules
        .iter()
        .filter(|(rule, _)| !is_held(rule) && !but.iter().any(|(own, _)| own == rule))
        .map(|(rule, agreement)| format!("{rule} {:?}", agreement.one_sided))
        .collect();
    assert!(differ.is_empty(), "{} differ:\n{}\nand {unheld:#?}", differ.len(), differ.join("\n"));
    assert!(unheld.is_empty(), "no fixture gives the same in both: {unheld:#?}");
    let stale: Vec<&str> = but.iter().map(|(rule, _)| *rule).filter(|rule| is_held(rule)).collect();
    assert!(stale.is_empty(), "these are the same in both: {stale:?}");
}

/// How often a rule says the same in two languages.
#[derive(Default)]
struct Agreement {
    n_same: usize,
    differ: Vec<String>,
    one_sided: Vec<String>,
}

/// The template that the model of a file is, and the labels of its resources by their logical ids.
fn template(file: &str, text: &str) -> Option<(String, Vec<(String, String)>)> {
    let (document, _) = syntax::parse(FileId(0), syntax::format_of(file, text)?, &text.into());
    let file = File { path: file, document: &document };
    let dialect = dialect::detect(&file)?;
    let models = dialect::lower(dialect, &[file], &Platforms::default()).models;
    let [model] = models.as_slice() else { return None };
    let is_written =
        |resource: &Resource| resource.type_name.starts_with("AWS::") && !resource.id.ends_with("(default)");
    let logical = |resource: &Resource| -> String {
        let words = resource.id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.skip(1).map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
    };
    let (mut resources, mut labels) = (Map::new(), Vec::new());
    for resource in model.resources.iter().filter(|resource| is_written(resource)) {
        let label = resource.id.rsplit('.').next().unwrap_or_default();
        labels.push((logical(resource), label.to_string()));
        let properties = model.values.get(resource.value, "Properties")?;
        let refer = |idx| {
            let target = model.resource(idx);
            let name = if is_written(target) { logical(target) } else { "Open".to_string() };
            json!({"Ref": name})
        };
        let mut properties = properties_of(model, properties, &refer);
        if dialect == Dialect::Kubernetes {
            add_defaults(model, resource, &mut properties, &refer);
        }
        let mut body = json!({"Type": resource.type_name, "Properties": properties});
        let level = model.values.at(resource.value, &["Grpc", "Level"]);
        let level = level.and_then(|level| model.values.as_text(level));
        if dialect == Dialect::Kubernetes && matches!(level, Some("definite" | "likely")) {
            body["Metadata"] = json!({"grpc-guard": {"grpc": true}});
        }
        if resources.insert(logical(resource), body).is_some() {
            return None;
        }
    }
    let parameters = json!({"Open": {"Type": "String"}});
    Some((format!("{:#}", json!({"Parameters": parameters, "Resources": resources})), labels))
}

/// Adds what the controllers take where nothing is written, which is not what the API takes.
fn add_defaults(
    model: &Model,
    resource: &Resource,
    properties: &mut Value,
    refer: &dyn Fn(ResourceIdx) -> Value,
) {
    let effective = model.values.get(resource.value, "Effective");
    for entry in effective.into_iter().flat_map(|effective| model.values.entries(effective)) {
        let key = model.values.key_text(entry.key);
        let value = properties_of(model, entry.value, refer);
        if properties.get(key).is_none() && !(value.is_object() || value.is_array()) {
            properties[key] = value;
        }
    }
}

fn properties_of(model: &Model, value: ValueId, refer: &dyn Fn(ResourceIdx) -> Value) -> Value {
    let values = &model.values;
    match values.data(value) {
        Data::Null => Value::Null,
        Data::Bool(value) => json!(value),
        Data::Int(value) => json!(value),
        Data::Float(value) => json!(value),
        Data::Text(text) => json!(text),
        Data::List(items) => items.iter().map(|item| properties_of(model, *item, refer)).collect(),
        Data::Map(entries) => {
            let entry = |entry: &Entry| {
                (values.key_text(entry.key).to_string(), properties_of(model, entry.value, refer))
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        Data::Reference(target) => refer(target),
        Data::Unknown(_) => json!({"Ref": "Open"}),
    }
}

/// One fault in several languages.
#[test]
fn languages() {
    let catalog = Catalog::builtin();
    let sets = entries(&root().join("fixtures/same"));
    assert!(sets.len() >= 25, "there are only {} sets", sets.len());
    for set in sets {
        let rule = name(&set);
        let mut first: Option<(PathBuf, BTreeSet<String>)> = None;
        let files = projects(&set);
        assert!(files.len() > 1, "{rule}: a set needs a second language");
        for file in files {
            let text = fs::read_to_string(&file).expect("a fixture is UTF-8");
            let all = said(&name(&file), text, &file, &catalog);
            let own = all.into_iter().filter(|(_, found, ..)| *found == rule);
            let messages: BTreeSet<String> = own.map(|(_, _, _, message, _)| message).collect();
            assert!(!messages.is_empty(), "{rule} finds nothing in {}", file.display());
            match &first {
                None => first = Some((file, messages)),
                Some((other, expected)) => {
                    assert_eq!(&messages, expected, "{} and {}", file.display(), other.display());
                }
            }
            assert!(dialect_of(&set.join("x")).is_none(), "the name of a set is that of a rule");
        }
    }
}

/// A template's short functions written out, as its JSON has them.
fn as_json(value: &Yaml) -> Value {
    match value {
        Yaml::Tagged(tagged) => {
            let function = tagged.tag.to_string().trim_start_matches('!').to_string();
            let argument = as_json(&tagged.value);
            let (key, argument) = match (function.as_str(), argument) {
                ("Ref" | "Condition", argument) => (function, argument),
                ("GetAtt", Value::String(path)) => {
                    let parts = path.split_once('.').expect("an attribute");
                    ("Fn::GetAtt".to_string(), json!([parts.0, parts.1]))
                }
                (_, argument) => (format!("Fn::{function}"), argument),
            };
            json!({ key: argument })
        }
        Yaml::Sequence(items) => items.iter().map(as_json).collect(),
        Yaml::Mapping(entries) => {
            let entry = |(key, value): (&Yaml, &Yaml)| {
                let key = match key {
                    Yaml::String(text) => text.clone(),
                    other => serde_yaml::to_string(other).expect("a scalar").trim().to_string(),
                };
                (key, as_json(value))
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        other => serde_json::to_value(other).expect("a scalar of YAML is one of JSON"),
    }
}

/// The plan of a configuration that holds nothing but resources, each once.
fn plan(configuration: &Value) -> Option<Value> {
    let top = configuration.as_object()?;
    if top.keys().any(|key| key != "resource") {
        return None;
    }
    let (mut planned, mut written) = (Vec::new(), Vec::new());
    for (kind, named) in top["resource"].as_object()? {
        for (name, body) in named.as_object()? {
            let body = body.as_object()?;
            let is_special = |key: &String| {
                ["count", "for_each", "dynamic", "depends_on", "lifecycle", "provider", "//"]
                    .contains(&key.as_str())
            };
            // Provider functions and encoded documents are more than a plan's reference.
            if body.keys().any(is_special) || kind.starts_with("kubernetes") {
                return None;
            }
            let (values, expressions) = block(body)?;
            let address = format!("{kind}.{name}");
            let head = json!({"address": address, "mode": "managed", "type": kind, "name": name});
            let with = |key: &str, value: Map<String, Value>| {
                let mut resource = head.clone();
                resource[key] = Value::Object(value);
                resource
            };
            planned.push(with("values", values));
            written.push(with("expressions", expressions));
        }
    }
    Some(json!({
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": planned}},
        "configuration": {"root_module": {"resources": written}},
    }))
}

/// The values of a block as far as they are known before the apply, and its expressions.
fn block(body: &Map<String, Value>) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let (mut values, mut expressions) = (Map::new(), Map::new());
    for (key, value) in body {
        // A map is an attribute and no block.
        let is_map = key.ends_with("tags") || key.ends_with("variables");
        let blocks: Option<Vec<&Map<String, Value>>> = match value {
            _ if is_map => None,
            // A map, and no block.
            Value::Object(_) if key == "runtime_environment_variables" => None,
            Value::Object(block) => Some(vec![block]),
            Value::Array(items) => items.iter().map(Value::as_object).collect(),
            _ => None,
        };
        if let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) {
            let parts: Option<Vec<_>> = blocks.into_iter().map(block).collect();
            let (inner, written): (Vec<_>, Vec<_>) = parts?.into_iter().unzip();
            values.insert(key.clone(), inner.into_iter().map(Value::Object).collect());
            expressions.insert(key.clone(), written.into_iter().map(Value::Object).collect());
            continue;
        }
        match reference(value) {
            Some(path) => {
                let resource = path.rsplit_once('.')?.0;
                expressions.insert(key.clone(), json!({"references": [path, resource]}));
            }
            None if value.to_string().contains("${") => return None,
            None => {
                values.insert(key.clone(), value.clone());
                expressions.insert(key.clone(), json!({"constant_value": value}));
            }
        }
    }
    Some((values, expressions))
}

/// `aws_lb.edge.arn` of `${aws_lb.edge.arn}`.
fn reference(value: &Value) -> Option<&str> {
    let path = value.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
    (path.split('.').count() == 3 && path.starts_with("aws_") && !path.contains(['[', '(', '$']))
        .then_some(path)
}
