//! What a run may depend on and what it may touch: the same bytes whatever the threads and the order of the files, no socket,
//! and nothing of the user's home.

#![allow(clippy::print_stdout, reason = "a test says what it looked at and why it was skipped")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

use assert_cmd::Command;
use grpc_guard::report::Format;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All reports of one run over the fixtures.
fn reports(paths: &[&str], environment: &[(&str, &str)]) -> BTreeMap<&'static str, String> {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().envs(environment.iter().copied()).current_dir(root()).args(["check", "--no-config"]);
    for (name, _) in Format::ALL {
        command.arg(format!("--format={name}={}", dir.path().join(name).display()));
    }
    let output = command.args(paths).output().expect("the tool runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name| fs::read_to_string(dir.path().join(name)).expect("the report was written");
    Format::ALL.into_iter().map(|(name, _)| (name, read(name))).collect()
}

#[test]
fn threads_and_order_change_no_byte() {
    let mut paths = vec!["fixtures"];
    let expected = reports(&paths, &[("RAYON_NUM_THREADS", "1")]);
    assert!(expected["concise"].lines().count() > 500, "there is something to compare");
    for threads in ["2", "8"] {
        assert_eq!(reports(&paths, &[("RAYON_NUM_THREADS", threads)]), expected, "{threads} threads");
    }
    // The same files named one by one, from the last to the first, some of them twice.
    let mut entries: Vec<String> = fs::read_dir(root().join("fixtures"))
        .expect("fixtures/")
        .map(|entry| format!("fixtures/{}", entry.expect("an entry").file_name().to_string_lossy()))
        .collect();
    entries.sort();
    entries.reverse();
    paths = entries.iter().map(String::as_str).chain(["fixtures/projects", "./fixtures/mission"]).collect();
    assert_eq!(reports(&paths, &[("RAYON_NUM_THREADS", "8")]), expected, "shuffled");
    let world = [
        ("LANG", "tr_TR.UTF-8"),
        ("TZ", "Asia/Tokyo"),
        ("HOME", "/nowhere"),
        ("CI", "true"),
        ("PRE_COMMIT", "1"),
    ];
    assert_eq!(reports(&["fixtures"], &world), expected, "another environment");
}

/// The system calls of a run, or `None` where they cannot be watched.
fn traced(calls: &str, home: &Path, args: &[&str]) -> Option<String> {
    let log = home.join("trace");
    let run = Process::new("strace")
        .args(["-f", "-qq", "-s", "4096", "-e", &format!("trace={calls}"), "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_grpc-guard"))
        .args(args)
        .current_dir(root())
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .output();
    let is_traced = run.is_ok_and(|output| output.status.code().is_some_and(|code| code < 2));
    if !is_traced {
        println!("SKIPPED: strace is not here, or may not trace");
        return None;
    }
    fs::read_to_string(log).ok()
}

#[test]
fn no_socket_is_opened() {
    let home = tempfile::tempdir().expect("a directory can be made");
    for args in [
        &["check", "fixtures/projects", "--format", "sarif"][..],
        &["explain", "health-check-http-matcher"],
        &["model", "fixtures/projects/faulty"],
        &["rules"],
    ] {
        let Some(calls) = traced("%network", home.path(), args) else { return };
        assert!(!calls.contains("socket(") && !calls.contains("connect("), "{args:?}: {calls}");
    }
}

/// What is opened is what the documentation names: the files to check, their configuration and ignore files.
#[test]
fn nothing_of_the_home_is_read() {
    let home = tempfile::tempdir().expect("a directory can be made");
    fs::create_dir_all(home.path().join(".config/git")).expect("a directory can be made");
    fs::write(home.path().join(".config/git/ignore"), "*.yaml\n").expect("a file can be written");
    fs::write(home.path().join(".gitconfig"), "[core]\nexcludesFile = ~/.config/git/ignore\n")
        .expect("a file can be written");
    let args = ["check", "fixtures/projects", "--format", "concise"];
    let Some(calls) = traced("open,openat", home.path(), &args) else { return };
    let home = home.path().to_str().expect("UTF-8");
    let read: Vec<&str> =
        calls.lines().filter(|line| line.contains(home) && !line.contains("ENOENT")).collect();
    assert!(read.is_empty(), "{read:#?}");
    assert!(calls.contains("load-balancer.yaml"), "the trace shows what is read");
}

/// Every command opens only what the documentation names: what it was given, the project around it, and what any program needs.
#[test]
fn nothing_else_is_opened() {
    let home = tempfile::tempdir().expect("a directory can be made");
    let dir = tempfile::tempdir().expect("a directory can be made");
    let template =
        fs::read_to_string(root().join("fixtures/projects/faulty/load-balancer.yaml")).expect("a fixture");
    fs::write(dir.path().join("lb.yaml"), template).expect("written");
    fs::write(dir.path().join("grpc-guard.yaml"), "fail-on: error\n").expect("written");
    let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let (lb, config, report, baseline) =
        (at("lb.yaml"), at("grpc-guard.yaml"), at("report.json"), at("baseline.json"));
    let json = format!("json={report}");
    for args in [
        &["check", "--config", &config, &lb, "--format", &json][..],
        &["check", "--config", &config, &lb, "--write-baseline", &baseline],
        &["check", "--config", &config, &lb, "--diff"],
        &["model", &lb],
        &["graph", "--no-config", &lb],
        &["rules", "--no-config"],
        &["explain", "--no-config", "health-check-http-matcher"],
        &["completions", "bash"],
        &["man"],
    ] {
        let Some(calls) = traced("open,openat,openat2,creat,execve", home.path(), args) else { return };
        let inside = dir.path().to_str().expect("UTF-8");
        // The C library, the number of processors, the terminal, and what is asked for.
        let is_of_system = |path: &str| {
            [
                "/lib",
                "/usr/lib",
                "/etc/ld.so",
                "/proc/self/",
                "/sys/fs/cgroup",
                "/sys/devices/system/cpu",
                "/dev/",
            ]
            .iter()
            .any(|start| path.starts_with(start))
        };
        for line in calls.lines().filter(|line| !line.contains("ENOENT") && line.contains("open")) {
            let path = line.split('"').nth(1).unwrap_or_default();
            let is_above = Path::new(inside).starts_with(path) || root().starts_with(path);
            // Ignore files and configurations are looked for from the current directory up.
            let is_known = [".gitignore", ".ignore", ".grpc-guardignore", "exclude"]
                .iter()
                .any(|end| path.ends_with(end));
            let is_fine = path.starts_with(inside)
                || is_of_system(path)
                || is_above
                || is_known
                || !path.starts_with('/');
            assert!(is_fine, "{args:?}: {line}");
        }
        let n_programs = calls.lines().filter(|line| line.contains("execve(")).count();
        assert_eq!(n_programs, 1, "{args:?} runs another program: {calls}");
    }
}
