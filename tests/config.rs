//! The schema of the configuration is current, and says the same as the tool.

use std::fs;
use std::path::Path;

use grpc_guard::catalog::Catalog;
use grpc_guard::source::{Source, SourceMap};
use grpc_guard::{config, report};
use serde_json::Value;

fn schema() -> Value {
    let checks = report::checks();
    let checks: Vec<(&str, &str)> =
        checks.iter().map(|check| (check.name.as_str(), check.summary.as_str())).collect();
    config::schema(&Catalog::builtin(), &checks)
}

#[test]
fn the_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config.schema.json");
    let new = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &new).expect("the schema can be written");
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    similar_asserts::assert_eq!(text, new, "run UPDATE=1 cargo test --test config");
}

/// What is wrong with a configuration, each in one line.
fn mistakes(text: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new("grpc-guard.yaml", text));
    let mut file = config::parse(id, sources.get(id));
    let catalog = Catalog::builtin();
    file.diagnostics.extend(config::settle(&mut file.settings, &file.options, &catalog));
    // Rule files of one's own, which are not read here, bring names of their own.
    if file.settings.rules.is_empty() {
        let checks = report::checks();
        let names = catalog.rules().map(|rule| rule.name.as_str());
        let names = names.chain(checks.iter().map(|check| check.name.as_str()));
        file.diagnostics.extend(config::unknown_rules(&file.names, names));
    }
    let told = file.diagnostics.iter().map(|found| {
        let at = sources.get(id).position(found.primary.span.start);
        let help = found.help.as_deref().unwrap_or_default();
        format!("{}:{} {} ({help})", at.line, at.column, found.message)
    });
    told.collect()
}

/// Everything that a configuration can say.
const WHOLE: &str = "\
fail-on: warning
builtin: true
baseline: known.json
platform: eks-auto-mode
exclude: [vendor/, '*.generated.yaml']
rule-files: [policies/]
rules:
  health-check-default-path: off
  syntax-error: warning
  our-own-rule: {level: info, options: {buckets: [a, b]}}
  load-balancer-short-idle-timeout: {level: warning, options: {seconds: 300, lattice-seconds: 120}}
  listener-outdated-tls: {options: {allowed: [ELBSecurityPolicy-2016-08]}}
  listener-plaintext-on-internet: {options: {passthrough-ports: [443, 8443]}}
  security-group-open-to-world: {options: {edge: '-edge$'}}
overrides:
  - paths: [dev/]
    rules:
      load-balancer-short-idle-timeout: {options: {seconds: 30}}
      listener-without-https: info
exceptions:
  - {rules: [listener-without-https], paths: [legacy/], reason: replaced in OPS-1, until: '2027-01-31'}
grpc:
  - {resources: [shop/orders], is: true, reason: so}
";

#[test]
fn a_whole_configuration_and_faulty_ones() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    let is_valid = |text: &str| {
        let value: Value = serde_yaml::from_str(text).expect("YAML");
        validator.is_valid(&value)
    };
    assert!(is_valid(WHOLE));
    assert_eq!(mistakes(WHOLE), Vec::<String>::new());
    for (good, bad, expected) in [
        (
            "level: warning, options",
            "level: warn, options",
            "11:45 `level` cannot be `warn` (did you mean `warning`?)",
        ),
        (
            "seconds: 300",
            "second: 300",
            "11:64 `load-balancer-short-idle-timeout` has no option `second` (did you mean `seconds`?)",
        ),
        (
            "seconds: 300",
            "seconds: 0",
            "11:73 `0` is not from 1 to 3599 (it decides this: idle timeouts of an Application Load Balancer up to this one are reported)",
        ),
        (
            "seconds: 300",
            "seconds: 5m",
            "11:73 `seconds` is a whole number (it decides this: idle timeouts of an Application Load Balancer up to this one are reported)",
        ),
        (
            "[443, 8443]",
            "[443, 99999]",
            "13:71 `99999` is not from 1 to 65535 (it decides this: ports on which TLS is passed through to the server unless something shows otherwise)",
        ),
        (
            "[443, 8443]",
            "443",
            "13:65 `passthrough-ports` is a list of whole numbers (it decides this: ports on which TLS is passed through to the server unless something shows otherwise)",
        ),
        (
            "[ELBSecurityPolicy-2016-08]",
            "[[a]]",
            "12:47 each entry of `allowed` is a text (it decides this: policies that are accepted although they offer old versions)",
        ),
        (
            "default-path: off",
            "default-path: {options: {path: x}}",
            "8:41 `health-check-default-path` has no option `path` (it has no options)",
        ),
        (
            "level: info, options: {buckets: [a, b]}",
            "level: info, option: {}",
            "10:31 there is no key `option` in a rule (did you mean `options`?)",
        ),
        (
            "{options: {seconds: 30}}",
            "{options: 30}",
            "18:51 `options` is a map of options and values (write `options: {name: value}`; `grpc-guard explain` shows the options of a rule)",
        ),
        (
            "rules:\n  health",
            "levels:\n  health",
            "7:1 there is no key `levels` in a configuration (use `baseline`, `builtin`, `exceptions`, `exclude`, `fail-on`, `grpc`, `overrides`, `platform`, `rule-files` or `rules`)",
        ),
    ] {
        let text = WHOLE.replacen(good, bad, 1);
        assert_ne!(text, WHOLE, "{good}");
        assert_eq!(mistakes(&text), [expected], "{bad}");
        assert!(!is_valid(&text), "the schema takes {bad}");
    }
    // What is no regular expression in this flavour, the schema cannot know.
    let text = WHOLE.replace("'-edge$'", "'('");
    let told = mistakes(&text);
    assert!(told[0].starts_with("14:50 `(` is no regular expression: "), "{told:?}");
}

/// What the schema lets an editor take, the tool takes, and the other way round.
#[test]
fn the_schema_and_the_tool_agree() {
    let schema = jsonschema::validator_for(&schema()).expect("the schema is one");
    let cases = [
        ("", true),
        ("rules: {}", true),
        ("rules: {listener-without-https: off, syntax-error: warning}", true),
        ("rules: {listener-without-https: warn}", false),
        ("rules: {listener-without-http: off}", false),
        ("{rules: {a-rule: off}, rule-files: [a/]}", true),
        ("rules: [listener-without-https]", false),
        ("rules: {listener-without-https: {}}", true),
        ("rules: {listener-without-https: {level: 3}}", false),
        ("rulse: {}", false),
        ("fail-on: never", true),
        ("fail-on: warn", false),
        ("builtin: false", true),
        ("builtin: maybe", false),
        ("platform: eks-auto-mode", true),
        ("platform: fargate", false),
        ("rule-files: [a/, b.guard]", true),
        ("rule-files: a/", false),
        ("exclude: ['*.generated.yaml']", true),
        ("exclude: 3", false),
        ("baseline: known.json", true),
        ("baseline: []", false),
        ("baseline: ''", false),
        ("overrides: [{paths: [dev/], rules: {listener-without-https: info}}]", true),
        ("overrides: [{paths: [dev/], rules: {listener-without-http: info}}]", false),
        ("overrides: [{paths: [dev/]}]", false),
        ("overrides: [{rules: {listener-without-https: info}}]", false),
        ("overrides: [{paths: [dev/], rules: {listener-without-https: info}, levels: {}}]", false),
        ("overrides: {paths: [dev/]}", false),
        ("exceptions: [{rules: [listener-without-https], reason: r, until: '2027-01-31'}]", true),
        ("exceptions: [{rules: [listener-without-https], paths: [a/]}]", true),
        ("exceptions: [{rules: []}]", false),
        ("exceptions: [{reason: r}]", false),
        ("exceptions: [{rules: [listener-without-https], until: soon}]", false),
        ("exceptions: [listener-without-https]", false),
        ("[a]", false),
    ];
    for (text, good) in cases {
        let value: serde_json::Value = serde_yaml::from_str(text).unwrap_or(serde_json::Value::Null);
        assert_eq!(schema.is_valid(&value), good, "the schema on {text:?}");
        let wrong = mistakes(text);
        assert_eq!(wrong.is_empty(), good, "the tool on {text:?}: {wrong:?}");
    }
}
