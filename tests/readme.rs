//! The examples of the README are real: what they show is what the program prints.
//!
//! `UPDATE=1 cargo test --test readme` writes the output into them; read the diff.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// What `$ grpc-guard …` prints in the project's directory.
fn printed(args: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).args(args.split_whitespace());
    String::from_utf8(command.output().expect("the tool runs").stdout).expect("output is UTF-8")
}

/// The text with the output of every example made new.
fn renewed(text: &str) -> String {
    let mut parts = text.split("```console\n");
    let mut new = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (example, rest) = part.split_once("```").expect("a code block is closed");
        let command = example.lines().next().expect("an example has a command");
        let args = command.strip_prefix("$ grpc-guard ").expect("an example runs the tool");
        new.push_str(&format!("```console\n{command}\n{}```{rest}", printed(args)));
    }
    new
}

#[test]
fn examples_are_real() {
    for name in ["README.md", "docs/graph.md", "docs/output.md", "docs/exit-status.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = fs::read_to_string(&path).expect("the page is readable");
        let new = renewed(&text);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, new).expect("the page can be written");
        } else {
            similar_asserts::assert_eq!(text, new, "{}: run UPDATE=1 cargo test --test readme", name);
        }
    }
}

#[test]
fn the_configuration_of_the_readme_is_one() {
    let readme = include_str!("../README.md");
    let (_, configure) = readme.split_once("## Configure").expect("the README says how to configure");
    let (_, config) = configure.split_once("```yaml\n").expect("an example");
    let (config, _) = config.split_once("```").expect("a code block is closed");
    let dir = tempfile::tempdir().expect("a directory can be made");
    fs::create_dir(dir.path().join("policies")).expect("a directory can be made");
    fs::write(dir.path().join("grpc-guard.yaml"), config).expect("a file can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    let output = command.env_clear().current_dir(dir.path()).arg("check").output().expect("the tool runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
