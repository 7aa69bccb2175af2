//! The JSON Schema of a configuration, for editors; it is made of the same tables that the file is read with, and of what the
//! built-in rules say of themselves.

use serde_json::{Map, Value, json};

use super::file::{FAIL_ON, LEVELS, PLATFORMS};
use crate::catalog::{Catalog, Rule};
use crate::policy::{OptionKind, OptionValue, RuleOption};

/// Where the schema of the current version is published.
pub const SCHEMA_URL: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/raw/v", env!("CARGO_PKG_VERSION"), "/schemas/config.schema.json");

/// The schema of `grpc-guard.yaml`; `checks` are the names and summaries of what no rule file gives.
pub fn schema(catalog: &Catalog, checks: &[(&str, &str)]) -> Value {
    let texts = |about: &str| json!({ "description": about, "type": "array", "items": { "type": "string" } });
    let words = |words: Vec<&str>| words.into_iter().map(Value::from).collect::<Value>();
    let levels = words(LEVELS.iter().map(|(word, _)| *word).collect());
    let mut rules: Map<String, Value> = catalog.rules().map(|it| (it.name.clone(), rule(it))).collect();
    let plain = || json!({ "$ref": "#/$defs/plain-rule" });
    rules.extend(checks.iter().map(|(name, about)| (name.to_string(), described(about, plain()))));
    rules.sort_keys();
    let names = words(rules.keys().map(String::as_str).collect());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": SCHEMA_URL,
        "title": "grpc-guard.yaml",
        "description": "The configuration of grpc-guard. Paths and patterns are relative to its directory.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "baseline": {
                "description": "A file of findings that do not count, made by `check --write-baseline`.",
                "type": "string",
                "minLength": 1,
            },
            "builtin": { "description": "Whether the built-in rules are on.", "type": "boolean", "default": true },
            "exceptions": {
                "description": "Findings that do not count, by rule and path.",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["rules"],
                    "properties": {
                        "rules": {
                            "description": "The rules that it is about.",
                            "type": "array",
                            "items": { "anyOf": [{ "enum": names }, { "type": "string" }] },
                            "minItems": 1,
                        },
                        "paths": texts("The files that it is about, in the syntax of .gitignore; all without it."),
                        "reason": { "description": "Why; a missing one is reported.", "type": "string" },
                        "until": {
                            "description": "The last day on which it counts, such as 2027-01-31.",
                            "type": "string",
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                        },
                    },
                },
            },
            "exclude": texts("Files and directories that are not read, in the syntax of .gitignore."),
            "fail-on": {
                "description": "The least severity that makes the exit status 1.",
                "enum": words(FAIL_ON.iter().map(|(word, _)| *word).collect()),
                "default": "error",
            },
            "grpc": {
                "description": "What carries gRPC and what does not, where the files do not say it plainly enough.",
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["is"],
                    "anyOf": [{ "required": ["resources"] }, { "required": ["paths"] }],
                    "properties": {
                        "is": { "description": "Whether it does.", "type": "boolean" },
                        "paths": texts("The files that it is about, in the syntax of .gitignore; all without it."),
                        "reason": { "description": "Why, for those who read it.", "type": "string" },
                        "resources": texts(
                            "The resources that it is about: `namespace/name`, a logical id, an address; `*` stands for any text.",
                        ),
                    },
                },
            },
            "overrides": {
                "description": "What holds of single rules for some paths only; of several the last counts.",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["paths", "rules"],
                    "properties": {
                        "paths": texts("The files, in the syntax of .gitignore."),
                        "rules": { "$ref": "#/$defs/rules" },
                    },
                },
            },
            "platform": {
                "description": "Who turns Kubernetes Services and Ingresses into load balancers where they do not say.",
                "enum": words(PLATFORMS.iter().map(|(word, _)| *word).collect()),
            },
            "rule-files": texts("Rule files of your own, or directories of them."),
            "rules": { "$ref": "#/$defs/rules" },
        },
        // Only rule files of one's own bring names that are not known here.
        "if": { "required": ["rule-files"] },
        "else": {
            "properties": {
                "overrides": { "items": { "properties": { "rules": { "propertyNames": { "enum": names } } } } },
                "rules": { "propertyNames": { "enum": names } },
            },
        },
        "$defs": {
            "level": { "description": "What becomes of its findings.", "enum": levels },
            "plain-rule": of_rule(json!({ "type": "object", "maxProperties": 0 })),
            "own-rule": of_rule(json!({ "type": "object" })),
            "rules": {
                "description": "What becomes of the findings of single rules, and what the rules judge by.",
                "type": "object",
                "properties": rules,
                "additionalProperties": { "$ref": "#/$defs/own-rule" },
            },
        },
    })
}

/// What can be said of a rule: a level, or a level and options.
fn of_rule(options: Value) -> Value {
    json!({
        "anyOf": [
            { "$ref": "#/$defs/level" },
            {
                "type": "object",
                "additionalProperties": false,
                "properties": { "level": { "$ref": "#/$defs/level" }, "options": options },
            },
        ],
    })
}

fn described(description: &str, of: Value) -> Value {
    let mut described = json!({ "description": description });
    if let (Value::Object(described), Value::Object(of)) = (&mut described, of) {
        described.extend(of);
    }
    described
}

fn rule(rule: &Rule) -> Value {
    let options = rule.file.options();
    let of = match options {
        [] => json!({ "$ref": "#/$defs/plain-rule" }),
        _ => {
            let properties: Map<String, Value> =
                options.iter().map(|it| (it.spec.name.value.clone(), option(it))).collect();
            of_rule(json!({ "type": "object", "additionalProperties": false, "properties": properties }))
        }
    };
    described(&rule.meta().summary, of)
}

fn option(option: &RuleOption) -> Value {
    let mut number = json!({ "type": "integer" });
    for (key, bound) in [("minimum", option.spec.from), ("maximum", option.spec.to)] {
        if let Some(bound) = bound {
            number[key] = json!(bound);
        }
    }
    let takes = match option.default.kind() {
        OptionKind::Bool => json!({ "type": "boolean" }),
        OptionKind::Int => number,
        OptionKind::Text => json!({ "type": "string" }),
        OptionKind::Pattern => json!({ "type": "string", "format": "regex" }),
        OptionKind::Ints => json!({ "type": "array", "items": number }),
        OptionKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
    };
    let mut described = described(&option.spec.means, takes);
    described["default"] = value(&option.default);
    described
}

/// The value of an option as JSON has it.
pub fn value(of: &OptionValue) -> Value {
    match of {
        OptionValue::Bool(flag) => json!(flag),
        OptionValue::Int(number) => json!(number),
        OptionValue::Text(text) | OptionValue::Pattern(text) => json!(text),
        OptionValue::Ints(numbers) => json!(numbers),
        OptionValue::Texts(texts) => json!(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::{EXCEPTION_KEYS, KEYS, OVERRIDE_KEYS, RULE_KEYS};
    use super::super::grpc::HINT_KEYS;
    use super::*;

    /// What is read and what the schema knows are the same keys.
    #[test]
    fn all_keys_are_described() {
        let schema = schema(&Catalog::builtin(), &[]);
        let keys = |pointer: &str| -> Vec<String> {
            let object = schema.pointer(pointer).and_then(Value::as_object).expect("an object");
            let mut keys: Vec<String> = object.keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys("/properties"), KEYS);
        assert_eq!(keys("/properties/exceptions/items/properties"), EXCEPTION_KEYS);
        assert_eq!(keys("/properties/grpc/items/properties"), HINT_KEYS);
        assert_eq!(keys("/properties/overrides/items/properties"), OVERRIDE_KEYS);
        assert_eq!(keys("/$defs/own-rule/anyOf/1/properties"), RULE_KEYS);
    }
}
