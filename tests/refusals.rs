//! Runs that cannot do their job: each says what is in the way and ends with status 2, and nothing is left half written.

#![cfg(unix)]

mod support;

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::program::{FAULTY, Project, outcome};

/// Everything below a directory and what is in it.
fn everything(dir: &Path) -> Vec<(OsString, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        match path.is_dir() {
            true => found.extend(everything(&path)),
            false => found.push((path.clone().into_os_string(), fs::read(&path).expect("readable"))),
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_in_the_way_is_named() {
    let project = Project::new(&[
        ("lb.yaml", FAULTY.as_bytes()),
        ("protected.json", b"old"),
        ("dir/x", b""),
        ("as-directory/grpc-guard.yaml/x", b""),
        ("latin.yaml", b"rules: \xe9"),
        ("wrong.yaml", b"rules: {health-check-http-matchr: off}\n"),
        ("old.json", b"{\"version\": 0, \"findings\": []}\n"),
        ("new.json", b"{\"version\": 2, \"findings\": []}\n"),
        ("broken.json", b"{\"version\": 1,\n"),
        ("broken.guard", b"rule {"),
    ]);
    fs::set_permissions(project.at("protected.json"), Permissions::from_mode(0o444)).expect("allowed");
    let before = everything(project.path());
    // What is asked for, and what is said.
    let cases: &[(&[&str], &str)] = &[
        // Outputs.
        (&["--format", "sarif=protected.json"], "cannot write protected.json: the file is read-only"),
        (&["--format", "sarif=dir"], "cannot write dir: is a directory"),
        (&["--format", "sarif=lb.yaml/x.sarif"], "cannot write lb.yaml/x.sarif"),
        (&["--format", "json=fine.json", "--format", "sarif=dir"], "cannot write dir: is a directory"),
        (&["--write-baseline", "dir"], "cannot write dir: is a directory"),
        #[cfg(target_os = "linux")]
        (
            &["--format", "json=fine.json", "--format", "sarif=/dev/full"],
            "cannot write /dev/full: No space left",
        ),
        #[cfg(target_os = "linux")]
        (&["--write-baseline", "/dev/full"], "cannot write /dev/full: No space left"),
        // Configurations.
        (
            &["--config", "as-directory/grpc-guard.yaml"],
            "cannot read the configuration as-directory/grpc-guard.yaml: this is a directory",
        ),
        (
            &["--config", "latin.yaml"],
            "cannot read the configuration latin.yaml: this file is not UTF-8: byte 7 is 0xe9",
        ),
        (&["--config", "missing.yaml"], "cannot read the configuration missing.yaml"),
        (&["--config", "wrong.yaml"], "there is no rule `health-check-http-matchr`"),
        // Baselines.
        (&["--baseline", "old.json"], "this baseline has version `0`, and version `1` is read here"),
        (&["--baseline", "new.json"], "this baseline has version `2`, and version `1` is read here"),
        (&["--baseline", "broken.json"], "--> broken.json:"),
        (&["--baseline", "dir"], "cannot read the baseline dir: this is a directory"),
        #[cfg(target_os = "linux")]
        (&["--baseline", "/dev/zero"], "cannot read the baseline /dev/zero: this is a device, not a file"),
        #[cfg(target_os = "linux")]
        (&["--config", "/dev/zero"], "cannot read the configuration /dev/zero: this is a device, not a file"),
        (&["--baseline", "missing.json"], "cannot read the baseline missing.json"),
        // Flags.
        (&["--format", "yson"], "invalid value 'yson' for '--format <FORMAT[=FILE]>': did you mean `json`?"),
        (&["--format", "sarf=x"], "did you mean `sarif`?"),
        (&["--fail-on", "warn"], "warning"),
        (&["--only", "health-check-http-matchr"], "did you mean `health-check-http-matcher`?"),
        (&["--formt", "json"], "'--format'"),
        (&["--rules", "broken.guard"], "--> broken.guard:1"),
        (&["--rules", "missing.guard"], "missing.guard"),
        (&["--unsafe-fixes"], "--unsafe-fixes goes with --fix"),
        (&["--changed-since", "HEAD"], "not a git repository"),
    ];
    let mut missing = Vec::new();
    for (args, told) in cases {
        let mut command = project.command(&[&["check", "lb.yaml"], *args].concat());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let found = outcome(command);
        assert_eq!(found.status, 2, "{args:?}: {}", found.stderr);
        if !found.stderr.contains(told) {
            missing.push(format!("{args:?}: `{told}` is not in {}", found.stderr));
        }
        assert_eq!(found.stdout, "", "{args:?}: no report claims to be the whole");
        assert!(!found.stderr.contains("panicked"), "{args:?}: {}", found.stderr);
        assert!(everything(project.path()) == before, "{args:?}: something was written");
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// What cannot be read is told in the report, beside what was found in the other files.
#[test]
fn files_that_cannot_be_read_are_told_in_the_report() {
    let project = Project::new(&[("lb.yaml", FAULTY.as_bytes()), ("latin.yaml", b"Resources: \xe9")]);
    fs::write(project.path().join(OsStr::from_bytes(b"caf\xe9.yaml")), FAULTY).expect("written");
    for (name, told) in [
        (
            &b"latin.yaml"[..],
            "latin.yaml:1:12: error[unreadable-file] this file is not UTF-8: byte 11 is 0xe9",
        ),
        (
            b"missing.yaml",
            "missing.yaml:1:1: error[unreadable-file] there is no file or directory of this name",
        ),
        (b"caf\xe9.yaml", "caf\u{fffd}.yaml:1:1: error[unreadable-file] the name of this file is not UTF-8"),
        (b"/dev/null", "/dev/null:1:1: error[unreadable-file] this is a device, not a file"),
    ] {
        let mut command =
            project.command(&["check", "lb.yaml", "--format", "concise", "--format", "sarif=log.sarif"]);
        command.arg(OsStr::from_bytes(name));
        let found = outcome(command);
        assert_eq!(found.status, 2, "{told}: {}", found.stderr);
        assert!(found.stderr.is_empty(), "{}", found.stderr);
        let log = project.read("log.sarif");
        assert!(log.contains("\"executionSuccessful\": false"), "{told}");
        assert!(log.contains("health-check-http-matcher"), "{told}: the other file is checked");
        let mut concise = project.command(&["check", "lb.yaml", "--format", "concise"]);
        concise.arg(OsStr::from_bytes(name));
        let found = outcome(concise);
        assert!(found.stdout.contains(told), "{told}: {}", found.stdout);
    }
}

/// Files are found first and read then, in the order of their names: while standard input is waited for, one goes away.
#[test]
fn a_file_deleted_during_the_run() {
    for args in [&["."][..], &["lb.yaml"]] {
        let project = Project::new(&[("lb.yaml", FAULTY.as_bytes()), ("other.yaml", FAULTY.as_bytes())]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
        command.env_clear().current_dir(project.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.args([
            "check",
            "other.yaml",
            "-",
            "--stdin-filename",
            "a.yaml",
            "--format",
            "sarif=log.sarif",
        ]);
        command.args(["--format", "concise=report.txt"]).args(args);
        let mut child = command.spawn().expect("the tool runs");
        // Until it waits it has looked for nothing else; a machine that is slower than this finds the file missing, not gone.
        std::thread::sleep(Duration::from_millis(1500));
        fs::remove_file(project.at("lb.yaml")).expect("removed");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(b"Resources: {}\n").expect("it reads");
        drop(stdin);
        assert_eq!(child.wait().expect("it ends").code(), Some(2), "{args:?}");
        let report = project.read("report.txt");
        let gone = "lb.yaml:1:1: error[unreadable-file] this file was there when the run began, and is gone";
        assert!(report.contains(gone), "{args:?}: {report}");
        assert!(report.contains("other.yaml:11:19: error[health-check-http-matcher]"), "{args:?}: {report}");
        let log: serde_json::Value = serde_json::from_str(&project.read("log.sarif")).expect("a whole log");
        assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    }
}
