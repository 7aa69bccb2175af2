//! A user's own rules: written for CloudFormation, evaluated on documents as they are written or on the model of any dialect.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// In the way of the public registry: a selection, a `when`, an exception in the metadata, a message with a fix.
const RULE: &str = r#"
let listeners = Resources.*[ Type == 'AWS::ElasticLoadBalancingV2::Listener'
  Metadata.guard.SuppressedRules not exists or
  Metadata.guard.SuppressedRules.* != "LISTENER_PROTOCOL"
]

rule LISTENER_PROTOCOL when %listeners !empty {
  %listeners.Properties.Protocol == 'HTTPS' <<
    Violation: listeners speak HTTPS here.
    Fix: set the protocol to HTTPS
  >>
}
"#;

fn check(dir: &Path, file: &str, text: &str, flags: &[&str]) -> Vec<Value> {
    fs::write(dir.join("listeners.guard"), RULE).expect("writable");
    fs::write(dir.join(file), text).expect("writable");
    let output = Command::cargo_bin("grpc-guard")
        .expect("the program is built")
        .current_dir(dir)
        .args(["check", "--no-config", "--no-builtin", "--rules", "listeners.guard", "--format", "json"])
        .args(flags)
        .arg(file)
        .output()
        .expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a JSON report");
    report["diagnostics"].as_array().expect("diagnostics").clone()
}

#[track_caller]
fn assert_one(found: &[Value], line: u64, column: u64) {
    assert_eq!(found.len(), 1, "{found:#?}");
    let finding = &found[0];
    assert_eq!(finding["rule"], "LISTENER_PROTOCOL");
    assert_eq!(finding["message"], "Violation: listeners speak HTTPS here.");
    assert_eq!(finding["help"], "set the protocol to HTTPS");
    assert_eq!(
        (finding["start"]["line"].as_u64(), finding["start"]["column"].as_u64()),
        (Some(line), Some(column))
    );
}

const TEMPLATE: &str = "Resources:
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      Protocol: HTTP
";

const MODULE: &str = r#"{"resource": {"aws_lb_listener": {"front": {
  "load_balancer_arn": "${aws_lb.main.arn}",
  "protocol": "HTTP"
}}}}"#;

#[test]
fn a_template_is_checked_as_it_is_written() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert_one(&check(dir.path(), "lb.yaml", TEMPLATE, &[]), 5, 17);
    assert_eq!(check(dir.path(), "front.tf.json", MODULE, &[]), Vec::<Value>::new());
}

#[test]
fn the_same_rule_holds_for_terraform_through_the_model() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert_one(&check(dir.path(), "lb.yaml", TEMPLATE, &["--input", "model"]), 5, 17);
    assert_one(&check(dir.path(), "front.tf.json", MODULE, &["--input", "model"]), 3, 15);
    let unknown = MODULE.replace("\"HTTP\"", "\"${var.protocol}\"");
    assert_eq!(check(dir.path(), "open.tf.json", &unknown, &["--input", "model"]), Vec::<Value>::new());
}

/// What Terraform's own syntax says is looked at as what its JSON says.
#[test]
fn a_document_in_hcl_is_that_of_its_json() {
    let rule = "rule secure { resource.aws_lb_listener.*.protocol == 'HTTPS' }\n";
    let hcl = "resource \"aws_lb_listener\" \"front\" {\n  protocol = \"HTTP\"\n}\n";
    for (file, text, line, column) in [("front.tf.json", MODULE, 3, 15), ("front.tf", hcl, 2, 14)] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::write(dir.path().join("secure.guard"), rule).expect("writable");
        let found = check(dir.path(), file, text, &["--rules", "secure.guard"]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0]["rule"], "secure");
        assert_eq!(found[0]["start"]["line"], line, "{file}");
        assert_eq!(found[0]["start"]["column"], column, "{file}");
    }
}

#[test]
fn exceptions_in_the_metadata_are_honoured() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let excepted = TEMPLATE.replace(
        "    Properties:",
        "    Metadata:\n      guard:\n        SuppressedRules: [LISTENER_PROTOCOL]\n    Properties:",
    );
    assert_eq!(check(dir.path(), "lb.yaml", &excepted, &[]), Vec::<Value>::new());
    assert_eq!(check(dir.path(), "lb.yaml", &excepted, &["--input", "model"]), Vec::<Value>::new());
}

#[test]
fn the_clause_that_failed_is_shown_on_request() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let found = check(dir.path(), "lb.yaml", TEMPLATE, &["--explain-rule"]);
    let related = &found[0]["related"][0];
    assert_eq!(related["file"], "listeners.guard");
    assert_eq!(related["start"]["line"], 8);
}

#[test]
fn a_file_of_no_dialect_is_looked_at_when_it_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("replicas.guard"), "rule replicas { replicas >= 2 }\n").expect("writable");
    fs::write(dir.path().join("values.yaml"), "replicas: 1\n").expect("writable");
    let output = Command::cargo_bin("grpc-guard")
        .expect("the program is built")
        .current_dir(dir.path())
        .args([
            "check",
            "--no-config",
            "--no-builtin",
            "--rules",
            "replicas.guard",
            "--format",
            "concise",
            "values.yaml",
        ])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.starts_with("values.yaml:1:11: error[replicas]"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_rule_that_cannot_be_evaluated_never_counts_as_passed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("circle.guard"), "rule a {\n  b\n}\nrule b {\n  a\n}\n").expect("writable");
    fs::write(dir.path().join("replicas.guard"), "rule replicas { replicas >= 2 }\n").expect("writable");
    fs::write(dir.path().join("values.yaml"), "replicas: 1\n").expect("writable");
    let output = Command::cargo_bin("grpc-guard")
        .expect("the program is built")
        .current_dir(dir.path())
        .args(["check", "--no-config", "--no-builtin", "--rules", ".", "--format", "concise", "values.yaml"])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("error[policy-failed]"), "{text}");
    assert!(text.contains("circle.guard:2:3: warning[policy-error]"), "{text}");
    assert!(text.contains("values.yaml:1:11: error[replicas]"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}
