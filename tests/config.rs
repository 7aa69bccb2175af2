//! The schema of the configuration is current, and says the same as the tool.

use std::fs;
use std::path::Path;

use grpc_guard::config;
use grpc_guard::source::{Source, SourceMap};

#[test]
fn the_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config.schema.json");
    let new = format!("{:#}\n", config::schema());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &new).expect("the schema can be written");
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    similar_asserts::assert_eq!(text, new, "run UPDATE=1 cargo test --test config");
}

/// What the schema lets an editor take, the tool takes, and the other way round.
#[test]
fn the_schema_and_the_tool_agree() {
    let schema = jsonschema::validator_for(&config::schema()).expect("the schema is one");
    let cases = [
        ("", true),
        ("levels: {}", true),
        ("levels: {a-rule: off, b-rule: warn}", true),
        ("levels: {a-rule: warning}", false),
        ("levels: [a-rule]", false),
        ("levles: {}", false),
        ("fail-on: never", true),
        ("fail-on: warn", false),
        ("builtin: false", true),
        ("builtin: maybe", false),
        ("platform: eks-auto-mode", true),
        ("platform: fargate", false),
        ("rules: [a/, b.guard]", true),
        ("rules: a/", false),
        ("exclude: ['*.generated.yaml']", true),
        ("exclude: 3", false),
        ("baseline: known.json", true),
        ("baseline: []", false),
        ("baseline: ''", false),
        ("overrides: [{paths: [dev/], levels: {a-rule: info}}]", true),
        ("overrides: [{paths: [dev/]}]", false),
        ("overrides: [{levels: {a-rule: info}}]", false),
        ("overrides: [{paths: [dev/], levels: {a-rule: info}, rules: []}]", false),
        ("overrides: {paths: [dev/]}", false),
        ("exceptions: [{rules: [a-rule], reason: r, until: '2027-01-31'}]", true),
        ("exceptions: [{rules: [a-rule], paths: [a/]}]", true),
        ("exceptions: [{rules: []}]", false),
        ("exceptions: [{reason: r}]", false),
        ("exceptions: [{rules: [a-rule], until: soon}]", false),
        ("exceptions: [a-rule]", false),
        ("[a]", false),
    ];
    for (text, good) in cases {
        let value: serde_json::Value = serde_yaml::from_str(text).unwrap_or(serde_json::Value::Null);
        assert_eq!(schema.is_valid(&value), good, "the schema on {text:?}");
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("grpc-guard.yaml", text));
        let wrong = config::parse(id, sources.get(id)).diagnostics;
        assert_eq!(wrong.is_empty(), good, "the tool on {text:?}: {wrong:?}");
    }
}
