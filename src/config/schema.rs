//! The JSON Schema of a configuration, for editors; it is made of the same tables that the file is read with.

use serde_json::{Value, json};

use super::file::{FAIL_ON, LEVELS, PLATFORMS};

/// Where the schema of the current version is published.
pub const SCHEMA_URL: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/raw/v", env!("CARGO_PKG_VERSION"), "/schemas/config.schema.json");

/// The schema of `grpc-guard.yaml`.
pub fn schema() -> Value {
    let texts = |about: &str| json!({ "description": about, "type": "array", "items": { "type": "string" } });
    let words = |words: Vec<&str>| words.into_iter().map(Value::from).collect::<Value>();
    let levels = words(LEVELS.iter().map(|(word, _)| *word).collect());
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
                            "items": { "type": "string" },
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
            "levels": { "description": "What becomes of the findings of single rules.", "$ref": "#/$defs/levels" },
            "overrides": {
                "description": "Levels that hold for some paths only; of several the last counts.",
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["levels", "paths"],
                    "properties": {
                        "paths": texts("The files, in the syntax of .gitignore."),
                        "levels": { "$ref": "#/$defs/levels" },
                    },
                },
            },
            "platform": {
                "description": "Who turns Kubernetes Services and Ingresses into load balancers where they do not say.",
                "enum": words(PLATFORMS.iter().map(|(word, _)| *word).collect()),
            },
            "rules": texts("Rule files of your own, or directories of them."),
        },
        "$defs": {
            "level": { "enum": levels },
            "levels": {
                "type": "object",
                "propertyNames": { "pattern": "^[a-z0-9-]+$" },
                "additionalProperties": { "$ref": "#/$defs/level" },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::file::{EXCEPTION_KEYS, KEYS, OVERRIDE_KEYS};
    use super::super::grpc::HINT_KEYS;
    use super::*;

    /// What is read and what the schema knows are the same keys.
    #[test]
    fn all_keys_are_described() {
        let schema = schema();
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
    }
}
