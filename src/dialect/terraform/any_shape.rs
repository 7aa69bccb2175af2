//! Whatever stands in the files, they are lowered without a panic and every span lies in its file.

use std::sync::Arc;

use proptest::prelude::*;

use super::lower;
use crate::dialect::{File, Platforms};
use crate::document::Format;
use crate::model::{Data, ValueId};
use crate::source::FileId;
use crate::syntax;

/// Words that expressions are made of, well or badly.
const WORDS: [&str; 44] = [
    "${",
    "}",
    "%{",
    "$${",
    "\"",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "=",
    ":",
    "=>",
    ",",
    ".",
    "...",
    "*",
    "[*]",
    "?",
    "!",
    "-",
    "+",
    "==",
    "&&",
    "for",
    "in",
    "if",
    "x",
    "each",
    "key",
    "count.index",
    "var.v",
    "local.l",
    "aws_lb.b",
    "jsonencode",
    "merge",
    "format",
    "\"%s\"",
    "1",
    "0.5e3",
    "é",
    "\n",
    " ",
];

/// Keys of the configuration and of plans.
const KEYS: [&str; 40] = [
    "resource",
    "variable",
    "locals",
    "output",
    "module",
    "default",
    "aws_lb",
    "aws_lb_target_group",
    "aws_elb",
    "aws_lb_listener",
    "aws_ecs_task_definition",
    "container_definitions",
    "dynamic",
    "listener",
    "for_each",
    "content",
    "count",
    "default_action",
    "health_check",
    "matcher",
    "protocol",
    "protocol_version",
    "load_balancer_arn",
    "kubernetes_ingress_v1",
    "metadata",
    "spec",
    "rule",
    "format_version",
    "planned_values",
    "root_module",
    "resources",
    "child_modules",
    "configuration",
    "expressions",
    "references",
    "constant_value",
    "module_calls",
    "address",
    "type",
    "values",
];

const TEXTS: [&str; 12] = [
    "1.2",
    "managed",
    "aws_lb",
    "aws_lb_listener",
    "aws_lb.b",
    "module.m",
    "module.m[\"k\"]",
    "${aws_lb.b.arn}",
    "${var.v}",
    "[{\"name\": \"${local.l}\"}]",
    "GRPC",
    "",
];

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..16).prop_map(|words| words.concat())
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i16>().prop_map(Into::into),
        prop::sample::select(&TEXTS[..]).prop_map(Into::into),
        words().prop_map(Into::into),
    ];
    leaf.prop_recursive(8, 64, 4, |inner| {
        let entries = prop::collection::vec((prop::sample::select(&KEYS[..]), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Into::into),
            entries.prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.to_string(), value));
                serde_json::Value::Object(entries.collect())
            }),
        ]
    })
}

fn check(path: &str, json: &serde_json::Value) {
    let text: Arc<str> = json.to_string().into();
    let (document, _) = syntax::parse(FileId(0), Format::Json, &text);
    let lowered = lower(&[File { path, document: &document }], &Platforms::default());
    for model in &lowered.models {
        let mut open: Vec<ValueId> = model.resources.iter().map(|resource| resource.value).collect();
        let mut seen = rustc_hash::FxHashSet::default();
        while let Some(value) = open.pop() {
            if !seen.insert(value) {
                continue;
            }
            assert!(text.get(model.values.place(value).span.range()).is_some(), "a span outside {text}");
            match model.values.data(value) {
                Data::Map(entries) => open.extend(entries.iter().map(|entry| entry.value)),
                Data::List(items) => open.extend(items),
                _ => {}
            }
        }
    }
}

proptest! {
    #[test]
    fn expressions_of_any_words(words in words()) {
        let json = serde_json::json!({
            "variable": {"v": {"default": {"k": [1, "two"]}}},
            "locals": {"l": words},
            "resource": {
                "aws_lb": {"b": {"count": words, "name": "${local.l}"}},
                "aws_lb_target_group": {"g": {"for_each": words, "port": words, "name": "${each.key}"}},
                "aws_ecs_task_definition": {"t": {"container_definitions": words}},
                "aws_elb": {"e": {"dynamic": {"listener": {"for_each": words, "content": {"lb_port": words}}}}},
            },
        });
        check("main.tf.json", &json);
    }

    #[test]
    fn configurations_of_any_shape(tree in tree()) {
        check("main.tf.json", &tree);
        check("main.tf.json", &serde_json::json!({"resource": tree, "locals": tree}));
        check("main.tf.json", &serde_json::json!({"resource": {"aws_lb_listener": {"x": tree}}}));
        check("main.tf.json", &serde_json::json!({"resource": {"kubernetes_ingress_v1": {"x": tree}}}));
    }

    #[test]
    fn plans_of_any_shape(tree in tree(), written in tree()) {
        check("plan.json", &tree);
        let resource = |name: &str| serde_json::json!({
            "address": format!("aws_lb_listener.{name}"), "mode": "managed", "type": "aws_lb_listener", "name": name,
            "values": tree,
        });
        check("plan.json", &serde_json::json!({
            "format_version": "1.2",
            "planned_values": {"root_module": {"resources": [resource("a"), resource("b")], "child_modules": tree}},
            "resource_changes": written,
            "configuration": {"root_module": {"resources": [{"type": "aws_lb_listener", "name": "a",
                "expressions": written}], "module_calls": written, "outputs": written}},
        }));
    }
}
