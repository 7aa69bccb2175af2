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
    for name in ["README.md", "docs/graph.md", "docs/output.md", "docs/exit-status.md", "docs/fixing.md"] {
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

/// The commands that a page shows run as they are typed, in order, in a project under Git; 2 would mean that they cannot.
#[test]
fn commands_run_as_they_are_typed() {
    let mut n_commands = 0;
    for page in ["docs/baseline.md", "docs/fixing.md"] {
        let dir = tempfile::tempdir().expect("a directory can be made");
        fs::write(dir.path().join("lb.yaml"), "Resources: {A: {Type: AWS::SNS::Topic}}\n").expect("written");
        let git = |args: &[&str]| {
            let mut git = std::process::Command::new("git");
            git.current_dir(dir.path())
                .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
                .args(args);
            assert!(git.output().expect("git runs").status.success(), "{args:?}");
        };
        git(&["init", "-q"]);
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "first"]);
        git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("readable");
        for block in text.split("```sh\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            for args in block.lines().filter_map(|line| line.strip_prefix("grpc-guard ")) {
                let args = args.split(" #").next().unwrap_or_default();
                let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
                let (args, input) = args.split_once(" < ").unwrap_or((args, ""));
                command.env_clear().current_dir(dir.path()).args(args.split_whitespace());
                if !input.trim().is_empty() {
                    command.pipe_stdin(dir.path().join(input.trim())).expect("the file is there");
                }
                let output = command.output().expect("the tool runs");
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.code().is_some_and(|status| status < 2), "{page}: {args}: {told}");
                n_commands += 1;
            }
        }
    }
    assert!(n_commands >= 3, "{n_commands} commands");
}

/// Every configuration that a page shows is one, and every exception in it holds.
#[test]
fn the_configurations_of_the_docs_are_some() {
    for page in ["docs/configuration.md", "docs/suppression.md", "docs/baseline.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("readable");
        let blocks = text.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
        const KEYS: [&str; 4] = ["baseline:", "exceptions:", "fail-on:", "# yaml-language-server"];
        let configs: Vec<&str> =
            blocks.filter(|block| KEYS.iter().any(|key| block.starts_with(key))).collect();
        assert!(!configs.is_empty(), "{page} shows a configuration");
        for config in configs {
            let mut sources = grpc_guard::source::SourceMap::default();
            let id = sources.add(grpc_guard::source::Source::new("grpc-guard.yaml", config));
            let wrong = grpc_guard::config::parse(id, sources.get(id)).diagnostics;
            assert!(wrong.is_empty(), "{page}: {wrong:?}");
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
