//! `check --fix` and `--diff` as they are typed: what is written where, and what is not.

mod support;

use std::fs;

use assert_cmd::Command;
use support::program::{Project, outcome};

/// One safe fix (the listener), and one that is not (the health check path).
const FAULTY: &str = "\
Resources:
  # The listener.
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/a/1
      Port: 50051
      Protocol: TLS
      Certificates: [{CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1'}]
      SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06
      AlpnPolicy: [None] # as it was
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref OrdersGrpc}]
  OrdersGrpc:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 50051, Protocol: TCP, TargetType: ip, HealthCheckPort: '50051'}
  Users:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: 50051
      Protocol: HTTP
      ProtocolVersion: GRPC
      TargetType: ip
      HealthCheckPath: /healthz
      Matcher: {GrpcCode: '0'}
";

fn safely(text: &str) -> String {
    text.replace("AlpnPolicy: [None] # as it was", "AlpnPolicy: [HTTP2Preferred] # as it was")
}

fn wholly(text: &str) -> String {
    safely(text).replace("/healthz", "/grpc.health.v1.Health/Check")
}

/// A project of one file.
fn with(text: &str) -> Project {
    Project::new(&[("lb.yaml", text.as_bytes())])
}

fn command(project: &Project, args: &str) -> Command {
    project.command(&args.split_whitespace().collect::<Vec<_>>())
}

fn run(project: &Project, args: &str) -> (i32, String, String) {
    told(command(project, args))
}

fn told(command: Command) -> (i32, String, String) {
    let outcome = outcome(command);
    (outcome.status, outcome.stdout, outcome.stderr)
}

fn content(project: &Project) -> String {
    project.read("lb.yaml")
}

fn names(project: &Project) -> Vec<String> {
    let entries = fs::read_dir(project.path()).expect("readable");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn safe_fixes_are_applied_and_the_rest_is_reported() {
    let project = with(FAULTY);
    let (status, stdout, stderr) = run(&project, "check --fix --format concise lb.yaml");
    assert_eq!(content(&project), safely(FAULTY), "{stderr}");
    assert_eq!(status, 1, "{stdout}");
    assert!(
        stdout.contains("health-check-path-not-a-method") && !stdout.contains("listener-without-alpn"),
        "{stdout}"
    );
    assert_eq!(stderr, "1 finding fixed in 1 file\n");
    let (_, _, stderr) = run(&project, "check --fix --unsafe-fixes --quiet lb.yaml");
    assert_eq!(content(&project), wholly(FAULTY));
    assert_eq!(stderr, "");
    let before = fs::metadata(project.at("lb.yaml")).and_then(|it| it.modified()).expect("there");
    run(&project, "check --fix --unsafe lb.yaml");
    let after = fs::metadata(project.at("lb.yaml")).and_then(|it| it.modified()).expect("there");
    assert_eq!(before, after, "what does not change is not written");
    assert_eq!(names(&project), ["lb.yaml"]);
}

#[test]
fn diffs_write_nothing_and_can_be_applied() {
    let project = with(FAULTY);
    for args in ["check --diff lb.yaml", "check --fix --diff lb.yaml"] {
        let (status, stdout, stderr) = run(&project, args);
        assert_eq!((status, content(&project).as_str()), (1, FAULTY));
        assert!(stdout.starts_with("--- lb.yaml\n+++ lb.yaml\n@@ "), "{stdout}");
        assert!(
            stdout.contains("-      AlpnPolicy: [None] # as it was\n+      AlpnPolicy: [HTTP2Preferred]")
        );
        assert_eq!(
            stderr,
            "1 finding would be fixed in 1 file\n1 more finding can be fixed with --unsafe-fixes\n"
        );
    }
    let (_, diff, _) = run(&project, "check --diff --unsafe-fixes lb.yaml");
    fs::write(project.at("changes"), diff).expect("written");
    let patch = std::process::Command::new("git")
        .args(["apply", "-p0", "changes"])
        .current_dir(project.path())
        .output()
        .expect("git runs");
    assert!(patch.status.success(), "{}", String::from_utf8_lossy(&patch.stderr));
    assert_eq!(content(&project), wholly(FAULTY));
    let (status, stdout, _) = run(&project, "check --diff --unsafe-fixes lb.yaml");
    assert_eq!((status, stdout.as_str()), (0, ""));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let project = with("");
    for (args, expected) in [("", safely(FAULTY)), ("--unsafe-fixes", wholly(FAULTY))] {
        let mut command = command(&project, &format!("check --fix {args} --stdin-filename x.yaml -"));
        command.write_stdin(FAULTY);
        let (_, stdout, stderr) = told(command);
        assert_eq!(stdout, expected);
        assert!(stderr.contains("x.yaml:"), "the report is on standard error: {stderr}");
    }
    // What is nobody's business comes out as it went in.
    let mut command = command(&project, "check --fix --stdin-filename x.yaml -");
    command.write_stdin("a: 1\n");
    let (_, stdout, _) = told(command);
    assert_eq!(stdout, "a: 1\n");
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let project = with(FAULTY);
    let (status, _, stderr) = run(&project, "check --unsafe-fixes lb.yaml");
    assert_eq!(status, 2);
    assert!(stderr.contains("--unsafe-fixes goes with --fix"), "{stderr}");
    let (status, ..) = run(&project, "check --fix --changed-since HEAD lb.yaml");
    assert_eq!(status, 2);
}

#[test]
fn exceptions_and_the_baseline_are_left_alone() {
    let excepted = FAULTY.replace("# as it was", "# grpc-guard: ignore[listener-without-alpn] clients cope");
    let project = with(&excepted);
    run(&project, "check --fix lb.yaml");
    assert_eq!(content(&project), excepted);
    let project = with(FAULTY);
    run(&project, "check --write-baseline known.json lb.yaml");
    run(&project, "check --fix --unsafe-fixes --baseline known.json lb.yaml");
    assert_eq!(content(&project), FAULTY);
}

#[test]
fn what_is_refused_is_told() {
    let text = "Resources:\n  OrdersGrpc:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties:\n      Port: 50051\n      Protocol: HTTP\n      TargetType: ip\n  Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      Port: 80\n      Protocol: HTTP\n      LoadBalancerArn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1\n      DefaultActions: [{Type: forward, TargetGroupArn: !Ref OrdersGrpc}]\n";
    let project = with(text);
    let (_, _, stderr) = run(&project, "check --fix --unsafe-fixes lb.yaml");
    assert_eq!(content(&project), text);
    let expected = "not fixed: lb.yaml:2: mending target-group-http1 would lead to listener-without-https\n";
    assert!(stderr.contains(expected), "{stderr}");
}

#[cfg(unix)]
mod files {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::{Command as Plain, Stdio};
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn links_and_permissions_stay() {
        let project = with("");
        fs::create_dir(project.at("real")).expect("made");
        fs::write(project.at("real/lb.yaml"), FAULTY).expect("written");
        fs::remove_file(project.at("lb.yaml")).expect("removed");
        symlink("real/lb.yaml", project.at("lb.yaml")).expect("made");
        fs::set_permissions(project.at("real/lb.yaml"), Permissions::from_mode(0o640)).expect("allowed");
        run(&project, "check --fix lb.yaml");
        assert!(fs::symlink_metadata(project.at("lb.yaml")).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(project.at("real/lb.yaml")).expect("readable"), safely(FAULTY));
        assert_eq!(mode(&project.at("real/lb.yaml")), 0o640);
    }

    #[test]
    fn a_read_only_file_stops_everything() {
        let project = with(FAULTY);
        fs::write(project.at("other.yaml"), FAULTY).expect("written");
        fs::set_permissions(project.at("lb.yaml"), Permissions::from_mode(0o444)).expect("allowed");
        let (status, _, stderr) = run(&project, "check --fix lb.yaml other.yaml");
        assert_eq!(status, 2);
        assert!(stderr.contains("cannot write lb.yaml: the file is read-only"), "{stderr}");
        assert_eq!(content(&project), FAULTY);
        assert_eq!(fs::read_to_string(project.at("other.yaml")).expect("readable"), FAULTY);
        assert_eq!(names(&project), ["lb.yaml", "other.yaml"]);
    }

    /// A run that is killed leaves the old text or the new one, whenever that happens.
    #[test]
    fn a_kill_leaves_whole_files() {
        let big: String = (0..40)
            .map(|n| FAULTY.replace("Resources:\n", "").replace("OrdersGrpc", &format!("OrdersGrpc{n}")))
            .enumerate()
            .map(|(n, text)| {
                text.replace("Listener:", &format!("Listener{n}:")).replace("Users:", &format!("Users{n}:"))
            })
            .collect();
        let big = format!("Resources:\n{big}");
        let names: Vec<String> = (0..5).map(|n| format!("lb{n}.yaml")).collect();
        let (mut n_old, mut n_new) = (0, 0);
        for round in 0..16 {
            let project = with("");
            names.iter().for_each(|name| fs::write(project.at(name), &big).expect("written"));
            let mut child = Plain::new(env!("CARGO_BIN_EXE_grpc-guard"))
                .args(["check", "--fix", "--quiet"])
                .args(&names)
                .env_clear()
                .current_dir(project.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the tool starts");
            thread::sleep(Duration::from_millis(round * 60));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            for name in &names {
                let text = fs::read_to_string(project.at(name)).expect("readable");
                if text == big {
                    n_old += 1;
                } else if text == safely(&big) {
                    n_new += 1;
                } else {
                    panic!("{name} is neither old nor new after {} ms", round * 60);
                }
            }
        }
        assert!(n_old > 0, "every run was over before it was killed: {n_new} files");
    }

    /// A full disk leaves the old text. Without a small file system to fill, a limit of the file size does the same.
    #[test]
    fn a_full_disk_leaves_the_old_text() {
        let project = with("");
        let filler = "# filler\n".repeat(2000);
        let text = format!("{filler}{FAULTY}");
        fs::write(project.at("lb.yaml"), &text).expect("written");
        // 8 blocks of 512 bytes (1024 in some shells): less than the file has.
        let script = format!(
            "trap '' XFSZ; ulimit -f 8; exec '{}' check --fix --quiet lb.yaml",
            env!("CARGO_BIN_EXE_grpc-guard")
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env_clear().current_dir(project.path());
        let (status, _, stderr) = told(shell);
        assert_eq!(status, 2, "{stderr}");
        assert!(stderr.contains("cannot write lb.yaml"), "{stderr}");
        assert_eq!(content(&project), text);
        assert_eq!(names(&project), ["lb.yaml"], "nothing is left behind");
    }
}
