//! Whatever a file system holds: a run is bounded, names what it could not read, and checks the rest.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "a test says why it was skipped")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use support::program::{FAULTY, Project};

/// The most that a run may take, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the tool, and ends it when it hangs.
fn run(dir: &Path, args: &[&str]) -> Output {
    let begin = Instant::now();
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).arg(env!("CARGO_BIN_EXE_grpc-guard")).args(args);
    let output =
        command.env_remove("GITHUB_STEP_SUMMARY").current_dir(dir).output().expect("timeout is there");
    assert_ne!(output.status.code(), Some(124), "{args:?} hangs: {:?}", begin.elapsed());
    output
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn expect(dir: &Path, args: &[&str], status: i32, told: &[&str]) {
    let output = run(dir, &[&["check", "--no-config", "--format", "concise"], args].concat());
    let said = said(&output);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
    for told in told {
        assert!(said.contains(told), "{args:?}: `{told}` is not in {said}");
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

const FOUND: &str = "health-check-http-matcher";

/// One directory with everything that is no ordinary file, beside one that is.
#[test]
fn a_directory_of_everything() {
    let project = Project::new(&[("in/lb.yaml", FAULTY.as_bytes()), ("out/other.yaml", FAULTY.as_bytes())]);
    let at = |name: &str| project.path().join("in").join(name);
    fifo(&at("pipe.yaml"));
    let _socket = UnixListener::bind(at("socket.yaml")).expect("a socket can be made");
    fs::create_dir(at("directory.yaml")).expect("made");
    fs::write(at("directory.yaml/inner.yaml"), FAULTY).expect("written");
    symlink(".", at("loop")).expect("made");
    symlink("self.yaml", at("self.yaml")).expect("made");
    symlink("../out", at("outside")).expect("made");
    symlink("../out/other.yaml", at("outside.yaml")).expect("made");
    symlink("/dev/zero", at("zero.yaml")).expect("made");
    let long = format!("{}.yaml", "n".repeat(250));
    fs::write(at(&long), FAULTY).expect("a name of 255 bytes can be written");
    fs::write(at("LB.yaml"), FAULTY).expect("written");
    let long = format!("in/{long}:");
    expect(
        project.path(),
        &["--verbose", "in"],
        1,
        &[
            "in/lb.yaml:",
            "in/LB.yaml:",
            "in/directory.yaml/inner.yaml:",
            &long,
            "skipped in/pipe.yaml: it is not a regular file",
            "skipped in/socket.yaml: it is not a regular file",
            "skipped in/loop: it is a symbolic link",
            "skipped in/self.yaml: it is a symbolic link",
            "skipped in/outside: it is a symbolic link",
            "skipped in/outside.yaml: it is a symbolic link",
            "skipped in/zero.yaml: it is a symbolic link",
        ],
    );
    let quiet = run(project.path(), &["check", "--no-config", "--format", "concise", "in"]);
    assert!(!said(&quiet).contains("other.yaml"), "nothing outside is read: {}", said(&quiet));
    for (name, status, told) in [
        ("in/pipe.yaml", 2, "this is a pipe, not a file"),
        ("in/socket.yaml", 2, "this is a socket, not a file"),
        ("in/self.yaml", 2, "in/self.yaml:1:1: error[unreadable-file]"),
        ("in/zero.yaml", 2, "this is a device, not a file"),
        ("in/outside.yaml", 1, "in/outside.yaml:"),
        ("in/directory.yaml", 1, "in/directory.yaml/inner.yaml:"),
        ("in/gone.yaml", 2, "there is no file or directory of this name"),
    ] {
        // The file beside it is checked all the same.
        let told = [told, "in/lb.yaml:", FOUND];
        expect(project.path(), &[name, "in/lb.yaml"], status.max(1), &told);
    }
    // What a run itself needs is none of these either.
    for flag in ["--config", "--baseline", "--rules"] {
        let args: &[&str] = &["check", "--format", "concise", flag, "in/pipe.yaml", "in/lb.yaml"];
        let output = run(project.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
        assert!(said(&output).contains("pipe"), "{args:?}: {}", said(&output));
    }
}

/// Files whose size says nothing: those of `/proc`, and those that grow or are cut while they are read.
#[cfg(target_os = "linux")]
#[test]
fn sizes_that_are_not_true() {
    let project =
        Project::new(&[("lb.yaml", FAULTY.as_bytes()), ("grows.yaml", b"apiVersion: v1\nkind: Pod\n")]);
    expect(project.path(), &["/proc/self/status", "lb.yaml"], 1, &["/proc/self/status:1:1", FOUND]);
    let path = project.path().join("grows.yaml");
    let writer = thread::spawn(move || {
        for turn in 0..400 {
            let text = if turn % 3 == 0 { String::new() } else { "a: b\n".repeat(turn * 50) };
            fs::write(&path, format!("apiVersion: v1\nkind: Pod\n{text}")).expect("written");
            thread::sleep(Duration::from_millis(1));
        }
    });
    for _ in 0..8 {
        let output = run(project.path(), &["check", "--no-config", "--format", "concise", "."]);
        assert!(output.status.code().is_some_and(|code| code <= 2), "{}", said(&output));
        assert!(said(&output).contains(FOUND) && !said(&output).contains("bug"), "{}", said(&output));
    }
    writer.join().expect("the writer ends");
}

/// Directories and files that may not be read. The superuser may read everything.
#[test]
fn what_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let project =
        Project::new(&[("lb.yaml", FAULTY.as_bytes()), ("a/no.yaml", FAULTY.as_bytes()), ("no.yaml", b"x")]);
    let close = |name: &str, mode| {
        fs::set_permissions(project.path().join(name), fs::Permissions::from_mode(mode)).expect("allowed");
    };
    close("a", 0o000);
    close("no.yaml", 0o000);
    if fs::read_dir(project.path().join("a")).is_ok() {
        println!("SKIPPED: this user may read everything");
    } else {
        let told =
            ["a:1:1: error[unreadable-file] this cannot be read: permission denied", "no.yaml:1:1", FOUND];
        expect(project.path(), &["."], 2, &told);
    }
    close("a", 0o755);
}

/// A link stays a link and its target is mended; another name of the same file keeps the old text, and is told about nowhere.
#[test]
fn fixes_through_links() {
    let project = Project::new(&[("real/lb.yaml", FAULTY.as_bytes())]);
    let at = |name: &str| project.path().join(name);
    symlink("real/lb.yaml", at("link.yaml")).expect("made");
    fs::hard_link(at("real/lb.yaml"), at("other.yaml")).expect("made");
    let output = run(project.path(), &["check", "--no-config", "--fix", "--unsafe-fixes", "link.yaml"]);
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", said(&output));
    assert!(at("link.yaml").symlink_metadata().expect("there").is_symlink());
    let read = |name: &str| fs::read_to_string(at(name)).expect("readable");
    assert_ne!(read("real/lb.yaml"), FAULTY, "{}", said(&output));
    assert_eq!(read("other.yaml"), FAULTY);
}

/// Whatever was not looked at is said, and `--strict` makes it status 2: nothing is silently green.
#[test]
fn nothing_is_silently_green() {
    let deep = format!("apiVersion: v1\nkind: Pod\nspec: {}{}\n", "[".repeat(300), "]".repeat(300));
    let levels = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {}b{}\n",
        "{a: ".repeat(120),
        "}".repeat(120)
    );
    let items = format!("\"{}\"", ",".repeat(20_000));
    let split = format!(
        "{{\"Resources\": {{\"G\": {{\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\", \"Properties\": {{\"ProtocolVersion\": \"GRPC\",
        \"HealthCheckEnabled\": true, \"HealthCheckPath\": {{\"Fn::Select\": [0, {{\"Fn::Split\": [\",\", {items}]}}]}}}}}}}}}}"
    );
    let project = Project::new(&[
        ("clean.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("broken.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {name: a\n"),
        ("chart.yaml", b"{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n"),
        ("deep.yaml", deep.as_bytes()),
        ("levels.yaml", levels.as_bytes()),
        ("split.json", split.as_bytes()),
        ("latin.yaml", b"apiVersion: v1\nkind: \xe9\n"),
        ("notes.txt", b"nothing of ours\n"),
        ("twice.guard", b"let a = %b\nlet b = %a\nrule twice { %a exists }\n"),
        ("back.guard", b"rule back { metadata.name == /^(a+)+(?=c)$/ }\n"),
        ("long.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab}\n"),
        ("empty/x.txt", b""),
    ]);
    // The arguments, the status without and with `--strict`, and what is said.
    let cases: &[(&[&str], i32, i32, &str)] = &[
        (&["clean.yaml"], 0, 0, ""),
        (&["broken.yaml"], 1, 2, "error[syntax-error]"),
        (&["chart.yaml"], 0, 2, "[unrendered-template]"),
        (&["deep.yaml"], 1, 2, "error[limit-reached] nested more than 256 levels deep"),
        (&["levels.yaml"], 0, 2, "[limit-reached] more than 100 levels of values in an object"),
        (&["split.json"], 0, 2, "[limit-reached] more than 10000 items of `Fn::Split`"),
        (&["latin.yaml"], 2, 2, "error[unreadable-file]"),
        (&["notes.txt"], 0, 2, "info[unrecognized-file]"),
        (&["empty"], 0, 2, "nothing to check"),
        (&["--rules", "twice.guard", "clean.yaml"], 2, 2, "[policy-failed]"),
        (&["--rules", "back.guard", "long.yaml"], 2, 2, "goes back more than 1000000 times"),
        // A choice of findings does not hide them.
        (&["--exit-zero", "latin.yaml"], 2, 2, "error[unreadable-file]"),
        (&["--only", "target-group-http1", "latin.yaml"], 2, 2, "error[unreadable-file]"),
        (&["--exit-zero", "--rules", "twice.guard", "clean.yaml"], 2, 2, "[policy-failed]"),
    ];
    for (args, status, strict, told) in cases {
        expect(project.path(), args, *status, &[told]);
        let told: &[&str] = if *strict == 2 { &[told] } else { &[] };
        expect(project.path(), &[*args, &["--strict"]].concat(), *strict, told);
    }
}
