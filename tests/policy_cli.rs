//! `test`, `guard eval` and `guard test`, as they are typed.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn write(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("the directory is made");
        fs::write(path, text).expect("the file is written");
    }
}

fn run(files: &[(&str, &str)], args: &[&str]) -> Output {
    let dir = TempDir::new().expect("a directory");
    write(dir.path(), files);
    let mut command = Command::cargo_bin("grpc-guard").expect("the program is built");
    command.current_dir(dir.path()).args(args).output().expect("the program runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

const RULES: (&str, &str) = ("rules/a.guard", "rule a { A == 1 <<A must be one>> }\nrule b { B exists }\n");
const GOOD: (&str, &str) = (
    "rules/tests/a_tests.yaml",
    "- name: good\n  input: {A: 1}\n  expectations: {rules: {a: PASS, b: FAIL}}\n",
);
const BAD: (&str, &str) =
    ("rules/tests/a_more.yaml", "- name: bad\n  input: {A: 2}\n  expectations: {rules: {a: PASS}}\n");

#[test]
fn test_says_what_failed_and_on_what() {
    let output = run(&[RULES, GOOD], &["test", "rules"]);
    assert_eq!((output.status.code(), text(&output).as_str()), (Some(0), "1 test case in 1 file passed\n"));

    let output = run(&[RULES, GOOD, BAD], &["test", "rules/a.guard"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "rules/tests/a_more.yaml: bad\n  rule `a`: expected PASS, got FAIL\n    --> rules/tests/a_more.yaml:3:26\n\
        \x20   is `2`, rule wants `1`; A must be one\n      data   --> rules/tests/a_more.yaml:2:14  2\n\
        \x20     clause --> rules/a.guard:1:10  A == 1 <<A must be one>>\n1 of 2 test cases in 2 files failed\n";
    assert_eq!(text(&output), expected);

    let output = run(&[RULES, GOOD, BAD], &["test", "rules/tests/a_more.yaml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["summary"]["failed"], 1);
    assert_eq!(report["files"][0]["cases"][0]["expectations"][0]["reasons"][0]["data"]["column"], 14);

    let output = run(&[RULES, GOOD, BAD], &["test", "rules", "--format", "junit"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("<testsuites tests=\"2\" failures=\"1\" errors=\"0\">"),
        "{}",
        text(&output)
    );
}

#[test]
fn files_that_cannot_be_used_give_status_2() {
    let broken = ("rules/a.guard", "rule a { A = 1 }\n");
    let output = run(&[broken, GOOD], &["test", "rules"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output).starts_with("error: `=` does not compare\n  --> rules/a.guard:1:12\n"),
        "{}",
        text(&output)
    );
    let no_list = ("rules/tests/a_tests.yaml", "input: 1\n");
    let output = run(&[RULES, no_list], &["test", "rules"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(run(&[RULES], &["test", "rules"]).status.code(), Some(2));
    assert_eq!(run(&[], &["test", "nowhere"]).status.code(), Some(2));
}

#[test]
fn guard_eval_merges_parameters_in_front() {
    let eval = ["guard", "eval", "--rules", "rules", "--data", "data.yaml", "--params", "p.yaml"];
    let output = run(&[RULES, ("data.yaml", "A: 1\n"), ("p.yaml", "B: 2\n")], &eval);
    let report = json(&output);
    assert_eq!(report["results"][0]["rules"][0]["status"], "PASS");
    assert_eq!(report["results"][0]["rules"][1]["status"], "PASS");
    let output = run(&[RULES, ("data.yaml", "A: 1\n"), ("p.yaml", "A: 2\n")], &eval);
    assert_eq!(json(&output)["error"]["kind"], "data");
}

#[test]
fn hostile_input_gets_an_answer() {
    let eval = ["guard", "eval", "--rules", "rules", "--data", "data.yaml"];
    let deep = "[".repeat(10_000);
    let large = "rule a { A == 1 }\n".repeat(600_000);
    for (rules, data) in [
        ("rule a { A exists }", deep.as_str()),
        ("", ""),
        (deep.as_str(), "A: 1"),
        (large.as_str(), "A: 1"),
        ("\0\u{1}\u{2}", "\0"),
        ("rule a {\n a\n}", "A: 1"),
    ] {
        let output = run(&[("rules/a.guard", rules), ("data.yaml", data)], &eval);
        assert!(json(&output)["results"].is_array());
    }
}

#[test]
fn guard_test_prints_the_status_of_every_rule() {
    let test = ["guard", "test", "--rules", "rules/a.guard", "--tests", "rules/tests/a_tests.yaml"];
    let report = json(&run(&[RULES, GOOD], &test));
    assert_eq!(report["outcome"], "ok");
    assert_eq!(report["cases"][0]["passed"], true);
    assert_eq!(report["cases"][0]["rules"][1]["status"], "FAIL");
}
