//! What belongs together is judged together, and nothing else is: `docs/projects.md`, held by fixtures.
//!
//! A directory of `fixtures/projects` is checked as a whole and file by file: whoever names files sees what the whole run says
//! of them, however they are split over runs.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use support::{entries, expectations, name, root};

/// Where something is said: file, line, rule, severity.
type Said = (String, u64, String, String);

/// One finding: its place, and the files of its related places.
struct Found {
    at: Said,
    related: Vec<String>,
}

/// Runs the tool in a directory.
fn check(dir: &Path, args: &[&str]) -> Vec<Found> {
    check_with(dir, args, "")
}

fn check_with(dir: &Path, args: &[&str], stdin: &str) -> Vec<Found> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().current_dir(dir).args(["check", "--format", "json"]).args(args);
    let output = command.write_stdin(stdin).output().expect("the tool runs");
    let json: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |value: &Value| value.as_str().expect("a text").to_string();
    let found = |diagnostic: &Value| {
        let related = diagnostic["related"].as_array().expect("a list");
        Found {
            at: (
                text(&diagnostic["file"]),
                diagnostic["start"]["line"].as_u64().expect("a line"),
                text(&diagnostic["rule"]),
                text(&diagnostic["severity"]),
            ),
            related: related.iter().map(|label| text(&label["file"])).collect(),
        }
    };
    let diagnostics = json["diagnostics"].as_array().expect("a list").iter();
    // Advice on single resources is no matter of what belongs together.
    let counts = |diagnostic: &&Value| diagnostic["suppressed"].is_null() && diagnostic["severity"] != "info";
    diagnostics.filter(counts).map(found).collect()
}

fn places<'f>(found: impl IntoIterator<Item = &'f Found>) -> BTreeSet<Said> {
    found.into_iter().map(|found| found.at.clone()).collect()
}

/// The file of a project that is read without being named.
const CONFIGURATION: &str = "grpc-guard.yaml";

/// All files below a directory, but for sidecars.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(dir) {
        if path.is_dir() {
            found.extend(files(&path));
        } else if !name(&path).ends_with(".expect") {
            found.push(path);
        }
    }
    found
}

fn relative(path: &Path, dir: &Path) -> String {
    path.strip_prefix(dir).expect("below").to_string_lossy().replace('\\', "/")
}

/// The projects with their expectations.
fn projects() -> Vec<(PathBuf, Vec<Said>)> {
    let dirs = entries(&root().join("fixtures/projects")).into_iter();
    // These show messages elsewhere.
    let dirs = dirs.filter(|dir| !["broken", "faulty", "shop"].contains(&name(dir).as_str()));
    let expected = |dir: &PathBuf| {
        let of_file = |path: &PathBuf| {
            let file = relative(path, dir);
            let said = expectations(path).into_iter().map(move |expected| {
                let severity = expected.severity.expect("these expectations name a severity");
                (file.clone(), u64::from(expected.line), expected.rule, severity)
            });
            said.collect::<Vec<Said>>()
        };
        files(dir).iter().flat_map(of_file).collect()
    };
    dirs.map(|dir| {
        let said = expected(&dir);
        (dir, said)
    })
    .collect()
}

#[test]
fn projects_are_judged_as_a_whole() {
    for (dir, expected) in projects() {
        let found = check(&dir, &["."]);
        assert_eq!(places(&found), expected.iter().cloned().collect(), "{}", dir.display());
        assert_eq!(found.len(), expected.len(), "{}: something is said twice", dir.display());
    }
}

#[test]
fn named_files_see_what_the_whole_run_says_of_them() {
    for (dir, _) in projects() {
        let whole = check(&dir, &["."]);
        let mut union = BTreeSet::new();
        for path in files(&dir).into_iter().filter(|path| name(path) != CONFIGURATION) {
            let file = relative(&path, &dir);
            let concerns = |found: &&Found| found.at.0 == file || found.related.contains(&file);
            let expected = places(whole.iter().filter(concerns));
            let found = places(
                &check(&dir, &[&file])
                    .into_iter()
                    .filter(|it| it.at.2 != "unrecognized-file")
                    .collect::<Vec<_>>(),
            );
            assert_eq!(found, expected, "{} named in {}", file, dir.display());
            union.extend(found);
        }
        // What is wrong with a configuration as a whole shows only where all is looked at.
        let whole = places(whole.iter().filter(|found| found.at.0 != CONFIGURATION));
        assert_eq!(union, whole, "{}", dir.display());
    }
}

#[test]
fn environments_are_not_mixed() {
    let dir = root().join("fixtures/projects/kubernetes-environments");
    assert_eq!(places(&check(&dir, &["dev"])), BTreeSet::new());
    let found = check(&dir, &["prod/ingress.yaml"]);
    assert!(found.iter().all(|found| found.related.iter().all(|file| file.starts_with("prod/"))));
}

#[test]
fn standard_input_replaces_its_file() {
    let dir = root().join("fixtures/projects/kubernetes-directory");
    let path = dir.join("deployment.yaml");
    let text = std::fs::read_to_string(&path).expect("a fixture");
    let as_typed = ["-", "--stdin-filename", "deployment.yaml"];
    assert_eq!(check_with(&dir, &as_typed, &text).len(), 1, "it is told where the evidence stands");
    let http = text.replace("50051", "8080").replace("grpc: {port: 8080}", "httpGet: {path: /, port: 8080}");
    assert_eq!(check_with(&dir, &as_typed, &http).len(), 0, "the file on disk does not count");
    let ingress = std::fs::read_to_string(dir.join("ingress.yaml")).expect("a fixture");
    assert_eq!(check_with(&dir, &["-"], &ingress).len(), 0, "nameless input has no neighbours");
}

#[test]
fn what_is_ignored_or_excluded_is_not_read() {
    let from = root().join("fixtures/projects/kubernetes-directory");
    for (name, text) in [
        (".gitignore", "deployment.yaml\n"),
        (".grpc-guardignore", "deployment.yaml\n"),
        ("grpc-guard.yaml", "exclude: [deployment.yaml]\n"),
    ] {
        let dir = tempfile::tempdir().expect("a directory can be made");
        for path in files(&from) {
            std::fs::copy(&path, dir.path().join(path.file_name().expect("a name")))
                .expect("it can be copied");
        }
        assert_eq!(check(dir.path(), &["ingress.yaml"]).len(), 1, "before {name}");
        std::fs::write(dir.path().join(name), text).expect("it can be written");
        assert_eq!(check(dir.path(), &["ingress.yaml"]).len(), 0, "with {name}");
    }
}
