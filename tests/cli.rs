//! The program as users and machines meet it: exit status, standard streams, colour, formats, bad input.
//!
//! Every case runs in a directory of its own with an empty environment.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use support::program::{FAULTY, Outcome, Project, outcome, sound};

const FAULTY_HCL: &str = "resource \"aws_lb_target_group\" \"orders\" {
  protocol         = \"HTTP\"
  protocol_version = \"GRPC\"

  health_check {
    path    = \"/healthz\"
    matcher = \"0\"
  }
}
";

#[test]
fn exit_status() {
    let sound = sound();
    let project = Project::new(&[
        ("faulty.yaml", FAULTY.as_bytes()),
        ("sound.yaml", sound.as_bytes()),
        ("latin.yaml", b"Resources: \xe9"),
        ("broken.yaml", b"Resources:\n  A: [\n    Type: AWS::SNS::Topic\n"),
        ("image.pkr.hcl", b"build {}\n"),
        ("notes.yaml", b"name: build\n"),
        ("bad.guard", b"rule {"),
        ("bad-config.yaml", b"rules: 3\n"),
        ("never.yaml", b"fail-on: never\n"),
        ("empty/readme.txt", b""),
    ]);
    let cases: &[(&[&str], i32)] = &[
        (&["check", "sound.yaml"], 0),
        (&["check", "faulty.yaml"], 1),
        (&["check", "sound.yaml", "faulty.yaml"], 1),
        (&["check", "faulty.yaml", "--fail-on", "never"], 0),
        (&["check", "faulty.yaml", "--exit-zero"], 0),
        (&["check", "faulty.yaml", "--config", "never.yaml"], 0),
        (&["check", "faulty.yaml", "--config", "never.yaml", "--fail-on", "error"], 1),
        (&["check", "faulty.yaml", "--off", "health-check-http-matcher"], 0),
        (&["check", "faulty.yaml", "--only", "health-check-http-matcher"], 1),
        (&["check", "faulty.yaml", "--no-builtin"], 0),
        (&["check", "broken.yaml"], 1),
        (&["check", "notes.yaml"], 0),
        (&["check", "notes.yaml", "--fail-on", "info"], 1),
        (&["check", "latin.yaml"], 2),
        (&["check", "latin.yaml", "--exit-zero"], 2),
        (&["check", "missing.yaml"], 2),
        (&["check", "sound.yaml", "--strict"], 0),
        (&["check", "faulty.yaml", "--strict"], 1),
        (&["check", "broken.yaml", "--strict"], 2),
        (&["check", "broken.yaml", "--strict", "--exit-zero"], 2),
        (&["check", "notes.yaml", "--strict"], 2),
        (&["check", "sound.yaml", "image.pkr.hcl", "--strict"], 2),
        (&["check", "empty", "--strict"], 2),
        (&["check", "missing.yaml", "faulty.yaml"], 2),
        (&["check", "image.pkr.hcl"], 0),
        (&["check", "sound.yaml", "--rules", "missing.guard"], 2),
        (&["check", "sound.yaml", "--rules", "bad.guard"], 2),
        (&["check", "sound.yaml", "--config", "missing.yaml"], 2),
        (&["check", "sound.yaml", "--config", "bad-config.yaml"], 2),
        (&["check", "sound.yaml", "--off", "no-such-rule"], 2),
        (&["check", "sound.yaml", "--format", "yson"], 2),
        (&["check", "sound.yaml", "--no-such-flag"], 2),
        (&["check", "sound.yaml", "--format", "sarif=/dev/null/x"], 2),
        (&["no-such-command"], 2),
        (&[], 2),
        (&["--help"], 0),
        (&["check", "--help"], 0),
        (&["--version"], 0),
        (&["completions", "bash"], 0),
    ];
    for (args, status) in cases {
        let found = project.run(args);
        assert_eq!(found.status, *status, "{args:?}\n{}{}", found.stdout, found.stderr);
    }
}

#[test]
fn the_format_does_not_change_the_exit_status() {
    let sound = sound();
    let project = Project::new(&[("faulty.yaml", FAULTY.as_bytes()), ("sound.yaml", sound.as_bytes())]);
    for format in
        ["text", "concise", "narrated", "json", "sarif", "github", "gitlab", "junit", "checkstyle", "rdjson"]
    {
        for (file, status) in [("sound.yaml", 0), ("faulty.yaml", 1), ("missing.yaml", 2)] {
            let found = project.run(&["check", "--format", format, file]);
            assert_eq!(found.status, status, "{format} {file}");
            assert_eq!(found.stderr, "", "{format} {file}");
        }
    }
}

#[test]
fn files_are_named_as_they_were_given() {
    let project = Project::new(&[("a/faulty.yaml", FAULTY.as_bytes())]);
    let absolute = project.path().join("a/faulty.yaml");
    let absolute = absolute.to_str().expect("UTF-8");
    let cases: &[(&[&str], &str)] = &[
        (&[], "a/faulty.yaml"),
        (&["."], "a/faulty.yaml"),
        (&["a"], "a/faulty.yaml"),
        (&["a/"], "a/faulty.yaml"),
        (&["a/faulty.yaml"], "a/faulty.yaml"),
        (&["./a/faulty.yaml"], "a/faulty.yaml"),
        (&[absolute], absolute),
    ];
    for (paths, file) in cases {
        let args: Vec<&str> = ["check", "--format", "concise"].iter().chain(*paths).copied().collect();
        let found = project.run(&args).stdout;
        assert!(
            found.starts_with(&format!("{file}:11:19: error[health-check-http-matcher] ")),
            "{paths:?}: {found}"
        );
        assert_eq!(found.lines().count(), 1, "{paths:?}: {found}");
    }
    // Machine formats are relative to the current directory, so that they match the repository.
    let found = project.run(&["check", "--format", "github", absolute]).stdout;
    assert!(found.contains("file=a/faulty.yaml,"), "{found}");
}

#[test]
fn standard_input() {
    let project = Project::new(&[]);
    let cases: &[(&[&str], &str)] = &[
        (&["check", "--format", "concise", "-"], "<stdin>:11:19: "),
        (&["check", "--format", "concise", "--stdin-filename", "dir/lb.yaml", "-"], "dir/lb.yaml:11:19: "),
    ];
    for (args, start) in cases {
        let mut command = project.command(args);
        command.write_stdin(FAULTY);
        let found = outcome(command);
        assert_eq!(found.status, 1, "{args:?} {}", found.stderr);
        assert!(found.stdout.starts_with(start), "{args:?}: {}", found.stdout);
    }
}

#[test]
fn several_reports_in_one_run() {
    let project = Project::new(&[("faulty.yaml", FAULTY.as_bytes())]);
    let found = project.run(&[
        "check",
        "faulty.yaml",
        "--format",
        "sarif=out/report.sarif",
        "--format",
        "json=out/report.json",
    ]);
    assert_eq!(found.status, 1, "{}", found.stderr);
    assert!(found.stdout.contains("error[health-check-http-matcher]"), "text stays: {}", found.stdout);
    let mut files: Vec<String> = fs::read_dir(project.path().join("out"))
        .expect("the directory was made")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    files.sort();
    assert_eq!(files, ["report.json", "report.sarif"], "no leftovers");
    let sarif = fs::read(project.path().join("out/report.sarif")).expect("the report was written");
    let sarif: serde_json::Value = serde_json::from_slice(&sarif).expect("the report is JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "health-check-http-matcher");

    let found = project.run(&["check", "faulty.yaml", "--format", "json", "--format", "concise=c.txt"]);
    serde_json::from_str::<serde_json::Value>(&found.stdout).expect("nothing but JSON on standard output");
}

#[test]
fn colour() {
    let project = Project::new(&[("faulty.yaml", FAULTY.as_bytes())]);
    type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], bool);
    let cases: &[Case] = &[
        (&[], &[], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("FORCE_COLOR", "1")], true),
        (&[], &[("FORCE_COLOR", "0")], false),
        (&[], &[("FORCE_COLOR", "")], false),
        (&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "")], true),
    ];
    for (flags, env, expected) in cases {
        let mut command = project.command(&["check", "faulty.yaml"]);
        command.args(*flags).envs(env.iter().copied());
        let found = outcome(command).stdout;
        assert_eq!(found.contains('\u{1b}'), *expected, "{flags:?} {env:?}: {found}");
    }
    let plain = project.run(&["check", "faulty.yaml", "--color", "never"]).stdout;
    let coloured = project.run(&["check", "faulty.yaml", "--color", "always"]).stdout;
    let stripped: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(idx, part)| if idx == 0 { part } else { part.split_once('m').expect("an SGR sequence").1 })
        .collect();
    assert_eq!(stripped, plain, "colour changes no character");
}

#[test]
fn the_width_of_the_terminal() {
    let long = format!("{FAULTY}      # {}\n", "x".repeat(300)).replace("\"200\"", &"1".repeat(300));
    let project = Project::new(&[("long.yaml", long.as_bytes())]);
    for (columns, most) in [("60", 60), ("200", 200), ("0", 80), ("many", 80), ("1", 40)] {
        let mut command = project.command(&["check", "long.yaml"]);
        command.env("COLUMNS", columns);
        let found = outcome(command).stdout;
        let code = found.lines().find(|line| line.starts_with("11 |")).unwrap_or_else(|| panic!("{found}"));
        assert_eq!(code.chars().count(), most, "COLUMNS={columns}: {code}");
    }
}

#[test]
fn a_closed_pipe_is_success() {
    let project = Project::new(&[("faulty.yaml", FAULTY.as_bytes())]);
    for args in [
        &["check", "faulty.yaml"][..],
        &["check", "faulty.yaml", "--format", "json"],
        &["completions", "zsh"],
    ] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_grpc-guard"))
            .env_clear()
            .current_dir(project.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the tool ends");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let project = Project::new(&[("faulty.yaml", FAULTY.as_bytes())]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("this system has /dev/full");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_grpc-guard"))
        .env_clear()
        .current_dir(project.path())
        .args(["check", "faulty.yaml"])
        .stdout(full)
        .output()
        .expect("the tool runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}

#[test]
fn nothing_to_check_is_said() {
    let project = Project::new(&[("readme.txt", b"")]);
    let found = project.run(&["check"]);
    assert_eq!(found.status, 0);
    assert!(found.stderr.contains("nothing to check"), "{}", found.stderr);
    assert_eq!(project.run(&["check", "--quiet"]).stderr, "");
}

#[test]
fn what_was_passed_over_is_said_when_asked() {
    let sound = sound();
    let project = Project::new(&[
        ("sound.yaml", sound.as_bytes()),
        ("notes.yaml", b"name: build\n"),
        ("main.tf", b"resource \"aws_lb\" \"a\" {}\n"),
    ]);
    let found = project.run(&["check"]);
    assert_eq!((found.status, found.stderr.as_str()), (0, ""));
    let found = project.run(&["check", "--verbose"]);
    for line in [
        "file sound.yaml: read as CloudFormation\n",
        "file notes.yaml: in none of the formats that are checked\n",
        "file main.tf: read as Terraform\n",
        "1 file is in none of the formats that are checked\n",
    ] {
        assert!(found.stderr.contains(line), "{line}: {}", found.stderr);
    }
}

/// The table of design: every bad input has its diagnostic, and the other files are still checked.
#[test]
fn bad_input() {
    let deep = "[".repeat(100_000);
    let deep_yaml = format!("Resources: {deep}");
    let bomb: String = (0..30).fold("a0: &a0 [x, x]\n".to_string(), |text, n| {
        format!("{text}a{}: &a{} [{}]\n", n + 1, n + 1, vec![format!("*a{n}"); 10].join(", "))
    });
    let bomb = format!(
        "AWSTemplateFormatVersion: '2010-09-09'\n{bomb}Resources:\n  A: {{Type: 'AWS::X::Y', Properties: *a30}}\n"
    );
    let with_bom = format!("\u{feff}{FAULTY}");
    let crlf = FAULTY.replace('\n', "\r\n");
    let long_line = format!("{}{}\n", "# ", "x".repeat(2_000_000));
    let long_line = format!("{long_line}{FAULTY}");
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("unclosed.yaml", b"Resources:\n  A: [AWS::SNS::Topic\nB: 2\n".to_vec(), &["syntax-error"]),
        (
            "unclosed.json",
            b"{\"Resources\": {\"A\": {\"Type\": \"AWS::SNS::Topic\"".to_vec(),
            &["syntax-error"],
        ),
        ("deep.json", deep.clone().into_bytes(), &["limit-reached", "syntax-error", "unrecognized-file"]),
        ("deep.yaml", deep_yaml.into_bytes(), &["limit-reached", "syntax-error", "unrecognized-file"]),
        ("bomb.yaml", bomb.into_bytes(), &[]),
        ("latin.yaml", b"Resources: \xe9\n".to_vec(), &["unreadable-file"]),
        ("utf16.yaml", b"\xff\xfeR\0".to_vec(), &["unreadable-file"]),
        ("bom.yaml", with_bom.into_bytes(), &["health-check-http-matcher"]),
        ("crlf.yaml", crlf.into_bytes(), &["health-check-http-matcher"]),
        ("long.yaml", long_line.into_bytes(), &["health-check-http-matcher"]),
        ("nul.yaml", b"Resources:\n  A: \0\n".to_vec(), &["syntax-error", "unrecognized-file"]),
        ("empty.yaml", b"".to_vec(), &["unrecognized-file"]),
        ("notes.yaml", b"name: build\n".to_vec(), &["unrecognized-file"]),
        (
            "chart.yaml",
            b"apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}-orders\n".to_vec(),
            &["unrendered-template"],
        ),
        ("image.pkr.hcl", b"build {}\n".to_vec(), &["unrecognized-file"]),
        ("unclosed.tf", b"resource \"aws_lb\" \"a\" {\n".to_vec(), &["syntax-error"]),
        ("nul.tf", b"locals {\n  a = \0\n}\n".to_vec(), &["syntax-error"]),
        ("deep.tf", format!("locals {{\n  a = {deep}\n}}\n").into_bytes(), &["limit-reached"]),
        ("blocks.tf", "a {\n".repeat(100_000).into_bytes(), &["limit-reached"]),
        ("latin.tf", b"# \xe9\n".to_vec(), &["unreadable-file"]),
        ("bom.tf", format!("\u{feff}{FAULTY_HCL}").into_bytes(), &["health-check-path-not-a-method"]),
        ("crlf.tf", FAULTY_HCL.replace('\n', "\r\n").into_bytes(), &["health-check-path-not-a-method"]),
    ];
    for (name, content, expected) in cases {
        let project = Project::new(&[(name, &content), ("faulty.yml", FAULTY.as_bytes())]);
        let found = project.run(&["check", "--format", "json", name, "faulty.yml"]);
        assert!(found.status == 1 || found.status == 2, "{name}: {}", found.stderr);
        let report: serde_json::Value = serde_json::from_str(&found.stdout).expect("one JSON object");
        let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for diagnostic in report["diagnostics"].as_array().expect("a list") {
            let text = |key: &str| diagnostic[key].as_str().expect("text");
            rules.entry(text("file")).or_default().push(text("rule"));
        }
        assert_eq!(rules.get("faulty.yml"), Some(&vec!["health-check-http-matcher"]), "{name}: {rules:?}");
        let here = rules.remove(name).unwrap_or_default();
        if expected.is_empty() {
            continue;
        }
        assert_eq!(here.len(), 1, "{name}: one diagnostic, no storm: {here:?}");
        assert!(expected.contains(&here[0]), "{name}: {here:?}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_link_loops_do_not_hang() {
    use std::os::unix::fs::symlink;

    let project = Project::new(&[("faulty.yaml", FAULTY.as_bytes())]);
    symlink(".", project.path().join("loop")).expect("a link can be made");
    let made = std::process::Command::new("mkfifo").arg(project.path().join("pipe.yaml")).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo works");
    let found = project.run(&["check", "--format", "concise"]);
    assert_eq!((found.status, found.stdout.lines().count()), (1, 1), "{}", found.stdout);
    let found = project.run(&["check", "--format", "concise", "pipe.yaml"]);
    assert_eq!(found.status, 2);
    assert!(found.stdout.contains("this is a pipe, not a file"), "{}", found.stdout);
}

#[test]
fn the_configuration_is_found_and_strict() {
    let config = "rules:\n  health-check-http-matcher: off\n";
    let files: &[(&str, &[u8])] = &[
        ("grpc-guard.yaml", config.as_bytes()),
        (".git/HEAD", b""),
        ("deep/er/faulty.yaml", FAULTY.as_bytes()),
        ("typo.yaml", b"rules:\n  health-check-htp-matcher: off\nexlude: []\n"),
    ];
    let project = Project::new(files);
    assert_eq!(project.run(&["check"]).status, 0);
    assert_eq!(project.run(&["check", "--no-config"]).status, 1);
    let mut below = project.command(&["check"]);
    below.current_dir(project.path().join("deep/er"));
    assert_eq!(outcome(below).status, 0, "the nearest configuration above counts");

    let found = project.run(&["check", "--config", "typo.yaml"]);
    assert_eq!(found.status, 2);
    assert_eq!(found.stdout, "");
    for part in [
        "error[invalid-config]: there is no rule `health-check-htp-matcher`",
        "--> typo.yaml:2:3",
        "did you mean `health-check-http-matcher`?",
        "there is no key `exlude`",
        "--> typo.yaml:3:1",
        "did you mean `exclude`?",
    ] {
        assert!(found.stderr.contains(part), "{part}: {}", found.stderr);
    }
}

#[test]
fn neither_the_order_of_arguments_nor_threads_change_a_byte() {
    let names: Vec<String> = (0..40).map(|n| format!("d{}/{n}.yaml", n % 7)).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), FAULTY.as_bytes())).collect();
    let project = Project::new(&files);
    let mut turned: Vec<&str> = names.iter().map(String::as_str).collect();
    turned.reverse();
    const FORMATS: [&str; 12] = [
        "text",
        "concise",
        "narrated",
        "json",
        "sarif",
        "github",
        "gitlab",
        "junit",
        "checkstyle",
        "rdjson",
        "markdown",
        "html",
    ];
    for format in FORMATS {
        let run = |paths: &[&str], threads: &str| {
            let mut command = project.command(&["check", "--format", format]);
            command.args(paths).env("RAYON_NUM_THREADS", threads);
            outcome(command).stdout
        };
        let expected = run(&["."], "1");
        assert!(expected.contains("health-check-http-matcher"), "{expected}");
        for threads in ["2", "8"] {
            assert_eq!(run(&["."], threads), expected, "{format}, {threads} threads");
        }
        assert_eq!(run(&turned, "2"), expected, "{format}, named in reverse");
    }
}

#[test]
fn rules_and_explain() {
    let project = Project::new(&[]);
    let list = project.run(&["rules"]);
    assert_eq!(list.status, 0, "{}", list.stderr);
    assert!(
        list.stdout.lines().any(|line| line.starts_with("health-check-http-matcher ")),
        "{}",
        list.stdout
    );
    let list: serde_json::Value =
        serde_json::from_str(&project.run(&["rules", "--format", "json"]).stdout).expect("the list is JSON");
    for rule in list.as_array().expect("a list") {
        let name = rule["name"].as_str().expect("a name");
        let page = project.run(&["explain", name]);
        assert_eq!(page.status, 0, "{name}: {}", page.stderr);
        assert!(page.stdout.contains(name) && page.stdout.lines().count() > 5, "{name}: {}", page.stdout);
    }
    for check in ["syntax-error", "unreadable-file", "unrecognized-file", "duplicate-key"] {
        assert_eq!(project.run(&["explain", check]).status, 0, "{check}");
    }
    let typo = project.run(&["explain", "health-check-htp-matcher"]);
    assert_eq!(typo.status, 2);
    assert!(typo.stderr.contains("did you mean `health-check-http-matcher`?"), "{}", typo.stderr);
}

/// The projects that the documentation shows.
#[test]
fn the_example_projects_are_what_they_are_called() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/projects");
    for (name, status) in [("ok", 0), ("faulty", 1), ("broken", 1)] {
        let mut command = Project::new(&[]).command(&["check", "--format", "concise"]);
        command.current_dir(root.join(name));
        let found = outcome(command);
        assert_eq!(found.status, status, "{name}: {}", found.stdout);
        assert_eq!(found.stdout.is_empty(), name == "ok", "{name}: {}", found.stdout);
    }
}

#[test]
fn what_is_said_of_files_has_levels_too() {
    let project = Project::new(&[("compose.yaml", b"services: {}\n")]);
    let found = project.run(&["check", "--format", "concise", "compose.yaml"]);
    assert!(found.stdout.contains("info[unrecognized-file]"), "{}", found.stdout);
    let found = project.run(&["check", "--format", "concise", "--off", "unrecognized-file", "compose.yaml"]);
    assert_eq!((found.stdout.as_str(), found.status), ("", 0));
    let found = project.run(&["check", "--format", "concise", "--off", "unreadable-file", "gone.yaml"]);
    assert!(found.stdout.contains("error[unreadable-file]"), "a failed run says so: {}", found.stdout);
    assert_eq!(found.status, 2);
}

#[test]
fn exceptions_in_comments() {
    let excepted =
        |comment: &str| FAULTY.replace("\"200\"\n", &format!("\"200\" # grpc-guard: ignore[{comment}\n"));
    let good = excepted("health-check-http-matcher] agreed");
    let above = FAULTY.replace(
        "        HttpCode",
        "        # grpc-guard: ignore[health-check-http-matcher] agreed\n        HttpCode",
    );
    let typo = excepted("health-check-htp-matcher] agreed");
    let unused = sound()
        .replace("GrpcCode: \"0\"", "GrpcCode: \"0\" # grpc-guard: ignore[health-check-http-matcher] agreed");
    for (text, expected) in [
        (&good, &[][..]),
        (&above, &[]),
        (&typo, &["health-check-http-matcher", "unused-exception"]),
        (&unused, &["unused-exception"]),
    ] {
        let project = Project::new(&[("lb.yaml", text.as_bytes())]);
        let report = project.run(&["check", "--format", "json"]).stdout;
        let report: serde_json::Value = serde_json::from_str(&report).expect("one JSON object");
        let all = report["diagnostics"].as_array().expect("a list");
        let open: Vec<&str> = all
            .iter()
            .filter(|it| it["suppressed"].is_null())
            .map(|it| it["rule"].as_str().expect("a name"))
            .collect();
        assert_eq!(open, expected, "{text}");
        let reasons = all.iter().filter_map(|it| it["suppressed"]["reason"].as_str());
        assert!(reasons.into_iter().all(|reason| reason == "agreed"), "{report}");
        assert_eq!(report["summary"]["suppressed"], u64::from(open.is_empty()), "{report}");
    }
}

/// The open findings of a run with `--format json`, and those that are suppressed with what excepts them and why.
fn open_and_excepted(found: &Outcome) -> (Vec<String>, Vec<String>) {
    let report: serde_json::Value =
        serde_json::from_str(&found.stdout).unwrap_or_else(|_| panic!("{}", found.stderr));
    let (mut open, mut excepted) = (Vec::new(), Vec::new());
    for it in report["diagnostics"].as_array().expect("a list") {
        let rule = it["rule"].as_str().expect("a name").to_string();
        match it["suppressed"].as_object() {
            None => open.push(rule),
            Some(by) => excepted.push(format!("{rule} by {}: {}", by["by"], by["reason"]).replace('"', "")),
        }
    }
    (open, excepted)
}

#[test]
fn exceptions_end_and_give_reasons() {
    const RULE: &str = "health-check-http-matcher";
    let with = |said: &str| FAULTY.replace("\"200\"\n", &format!("\"200\" # grpc-guard: ignore{said}\n"));
    let cases: &[(&str, &str, &[&str], &[&str])] = &[
        ("[health-check-http-matcher] until 2027-01-31 agreed", "2027-01-31", &[], &["agreed"]),
        (
            "[health-check-http-matcher] until 2027-01-31 agreed",
            "2027-02-01",
            &[RULE, "expired-exception"],
            &[],
        ),
        ("[health-check-http-matcher]", "2027-02-01", &["exception-without-reason"], &[""]),
        ("[health-check-http-matcher] until 2027-13-31 x", "2027-02-01", &[RULE, "invalid-exception"], &[]),
        (" health-check-http-matcher", "2027-02-01", &[RULE, "invalid-exception"], &[]),
        ("d[health-check-http-matcher] agreed", "2027-02-01", &[RULE, "invalid-exception"], &[]),
        ("[listener-without-https] until 2020-01-01 x", "2027-02-01", &[RULE, "unused-exception"], &[]),
    ];
    for (said, today, expected, reasons) in cases {
        let project = Project::new(&[("lb.yaml", with(said).as_bytes())]);
        let mut command = project.command(&["check", "--format", "json"]);
        command.env("GRPC_GUARD_TODAY", today);
        let (open, excepted) = open_and_excepted(&outcome(command));
        assert_eq!(open, *expected, "{said}");
        let reasons: Vec<String> =
            reasons.iter().map(|reason| format!("{RULE} by source: {reason}")).collect();
        assert_eq!(excepted, reasons, "{said}");
    }
    let project =
        Project::new(&[("lb.yaml", with("[health-check-http-matcher] until 2001-09-09 x").as_bytes())]);
    for (variable, value, status) in [
        ("SOURCE_DATE_EPOCH", "1000000000", 0),
        ("SOURCE_DATE_EPOCH", "1000086400", 1),
        ("SOURCE_DATE_EPOCH", "soon", 2),
        ("GRPC_GUARD_TODAY", "yesterday", 2),
        ("GRPC_GUARD_TODAY", "", 1),
    ] {
        let mut command = project.command(&["check"]);
        command.env(variable, value);
        let found = outcome(command);
        assert_eq!(found.status, status, "{variable}={value}: {}", found.stderr);
        assert_eq!(found.stderr.contains(variable), status == 2, "{}", found.stderr);
    }
}

/// Every place where an exception can be written that is no comment.
#[test]
fn exceptions_at_resources() {
    let template = |metadata: &str| format!("Metadata:\n  grpc-guard:\n    ignore:\n{metadata}{FAULTY}");
    let resource = |metadata: &str| {
        FAULTY.replace(
            "    Properties:\n",
            &format!("    Metadata:\n      grpc-guard:\n        ignore: {metadata}\n    Properties:\n"),
        )
    };
    let json = r#"{"Resources": {"Orders": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Metadata": {"grpc-guard": {"ignore": {"health-check-http-matcher": "agreed"}}},
        "Properties": {"Port": 50051, "Protocol": "HTTP", "ProtocolVersion": "GRPC", "TargetType": "ip",
            "HealthCheckPath": "/grpc.health.v1.Health/Check", "Matcher": {"HttpCode": "200"}}}}}"#;
    let terraform = r#"{"resource": {
        "aws_lb_listener": {"calls": {
            "//": {"grpc-guard": {"ignore": ["[listener-without-https] agreed"]}},
            "load_balancer_arn": "${aws_lb.edge.arn}", "port": 80, "protocol": "HTTP",
            "default_action": {"type": "forward", "target_group_arn": "${aws_lb_target_group.orders.arn}"}}},
        "aws_lb": {"edge": {"name": "edge"}},
        "aws_lb_target_group": {"orders": {"protocol": "HTTP", "protocol_version": "GRPC"}}}}"#;
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: orders\n  annotations:\n    \
        grpc-guard.dev/ignore: \"[listener-without-https] agreed\"\n    \
        alb.ingress.kubernetes.io/backend-protocol-version: GRPC\n\
        spec:\n  ingressClassName: alb\n  defaultBackend: {service: {name: orders, port: {number: 50051}}}\n";
    let cases: &[(&str, String)] = &[
        ("map.yaml", template("      health-check-http-matcher: agreed\n")),
        ("list.yaml", template("      - '[health-check-http-matcher] agreed'\n")),
        ("text.yaml", template("      \"[health-check-http-matcher] agreed\"\n")),
        ("resource.yaml", resource("{health-check-http-matcher: agreed}")),
        ("resource.json", json.to_string()),
        ("main.tf.json", terraform.to_string()),
        ("ingress.yaml", ingress.to_string()),
    ];
    for (name, text) in cases {
        const RULES: [&str; 2] = ["health-check-http-matcher", "listener-without-https"];
        let run = |text: &str| {
            let project = Project::new(&[(name, text.as_bytes())]);
            open_and_excepted(&project.run(&["check", "--format", "json", "--only", &RULES.join(",")]))
        };
        let [rule, other] = if text.contains(RULES[0]) { RULES } else { [RULES[1], RULES[0]] };
        assert_eq!(run(text), (vec![], vec![format!("{rule} by source: agreed")]), "{name}");
        let (open, excepted) = run(&text.replace(rule, other));
        assert_eq!(excepted, Vec::<String>::new(), "{name}");
        assert!(
            ["unused-exception", rule].iter().all(|rule| open.iter().any(|it| it == rule)),
            "{name}: {open:?}"
        );
    }
    let wrong = Project::new(&[("lb.yaml", resource("{health-check-http-matcher: [x]}").as_bytes())]);
    let (open, _) = open_and_excepted(&wrong.run(&["check", "--format", "json"]));
    assert_eq!(open, ["invalid-exception", "health-check-http-matcher"]);
}

#[test]
fn exceptions_and_levels_by_path() {
    let config = "exceptions:\n  - {rules: [health-check-http-matcher], paths: [legacy/], reason: agreed, until: 2027-01-31}\n\
        overrides:\n  - {paths: [dev/], rules: {health-check-http-matcher: info}}\n";
    let project = Project::new(&[
        ("grpc-guard.yaml", config.as_bytes()),
        ("legacy/lb.yaml", FAULTY.as_bytes()),
        ("dev/lb.yaml", FAULTY.as_bytes()),
    ]);
    let run = |args: &[&str], today: &str| {
        let mut command = project.command(&["check"]);
        command.args(args).env("GRPC_GUARD_TODAY", today);
        outcome(command)
    };
    let found = run(&["--format", "json"], "2027-01-01");
    assert_eq!(found.status, 0, "{}", found.stdout);
    let expected = vec!["health-check-http-matcher by configuration: agreed".to_string()];
    assert_eq!(open_and_excepted(&found), (vec!["health-check-http-matcher".to_string()], expected));
    let found = run(&["--format", "concise"], "2027-02-01");
    assert_eq!(found.status, 1);
    for line in [
        "dev/lb.yaml:11:19: info[health-check-http-matcher]",
        "grpc-guard.yaml:2:",
        "warning[expired-exception]",
        "legacy/lb.yaml:11:19: error[health-check-http-matcher]",
    ] {
        assert!(found.stdout.contains(line), "{line}: {}", found.stdout);
    }
    // Whoever looks at a part cannot know what the rest excepts in vain.
    assert_eq!(run(&["dev", "--format", "concise"], "2027-01-01").stdout.lines().count(), 1);
    fs::remove_file(project.path().join("legacy/lb.yaml")).expect("removed");
    let found = run(&["--format", "concise"], "2027-01-01").stdout;
    assert!(found.contains("warning[unused-exception]"), "{found}");
}

#[test]
fn configurations_that_cannot_be_read() {
    for (files, told) in [
        (&[("grpc-guard.yaml/x", b"" as &[u8])][..], "grpc-guard.yaml: this is a directory"),
        (&[("grpc-guard.yaml", b"rules: \xe9")], "grpc-guard.yaml: this file is not UTF-8: byte 7 is 0xe9"),
    ] {
        let project = Project::new(files);
        let found = project.run(&["check"]);
        assert_eq!((found.status, found.stdout.as_str()), (2, ""), "{told}");
        assert!(found.stderr.contains(told), "{told}: {}", found.stderr);
        assert_eq!(project.run(&["check", "--no-config"]).status, 0);
    }
}

#[test]
fn strict_says_what_was_not_looked_at() {
    let sound = sound();
    let project = Project::new(&[
        ("sound.yaml", sound.as_bytes()),
        ("a.yaml", b"Resources: [AWS::X::Y"),
        ("empty/x", b""),
    ]);
    for (path, told) in [
        ("empty", "error: --strict: nothing was checked\n"),
        (".", "error: --strict: 1 file was not analysed"),
    ] {
        let found = project.run(&["check", "--quiet", "--strict", path]);
        assert!(found.stderr.ends_with(told) || found.stderr.contains(told), "{path}: {}", found.stderr);
        assert_eq!(found.status, 2);
    }
}

#[test]
fn init_writes_what_works_and_overwrites_nothing() {
    let project = Project::new(&[(".git/HEAD", b"")]);
    let found = project.run(&["init"]);
    assert_eq!((found.status, found.stdout.as_str()), (0, ""), "{}", found.stderr);
    let names = ["grpc-guard.yaml", ".pre-commit-config.yaml", ".github/workflows/grpc-guard.yml"];
    let text =
        |project: &Project, name: &str| fs::read_to_string(project.path().join(name)).expect("readable");
    for name in names {
        assert!(found.stderr.contains(&format!("wrote {name}\n")), "{}", found.stderr);
        let text = text(&project, name);
        assert!(
            !text.contains('{') || name == "grpc-guard.yaml" && !text.contains("{SCHEMA}"),
            "{name}: {text}"
        );
        serde_yaml::from_str::<serde_yaml::Value>(&text).expect("YAML");
    }
    let config = text(&project, names[0]);
    assert!(config.starts_with("# yaml-language-server: $schema=https://"), "{config}");
    assert_eq!(project.run(&["check", "--verbose"]).status, 0, "the configuration is one");
    // Every line that is commented out is one that works.
    let config = config
        .replace(" {}\n#", "\n")
        .replace(" []\n#", "\n")
        .replace("\n#  ", "\n  ")
        .replace("# platform", "platform");
    fs::create_dir(project.path().join("policies")).expect("made");
    fs::write(project.path().join(names[0]), &config).expect("written");
    let found = project.run(&["check"]);
    assert_eq!(found.status, 0, "{config}\n{}", found.stderr);

    let again = project.run(&["init"]);
    assert_eq!(again.status, 2);
    assert!(
        again.stderr.contains("grpc-guard.yaml exists already, and nothing was written"),
        "{}",
        again.stderr
    );
    assert_eq!(text(&project, names[0]), config);

    let other =
        Project::new(&[(".gitlab-ci.yml", b"stages: []\n"), (".pre-commit-config.yaml", b"repos: []\n")]);
    let found = other.run(&["init"]);
    assert_eq!(found.status, 0, "{}", found.stderr);
    assert!(
        found.stdout.contains("- id: grpc-guard\n") && found.stdout.contains("codequality:"),
        "{}",
        found.stdout
    );
    assert_eq!(text(&other, ".pre-commit-config.yaml"), "repos: []\n");
    assert_eq!(text(&other, ".gitlab-ci.yml"), "stages: []\n");
}

#[test]
fn figures_at_the_end() {
    let sound = sound();
    let excepted =
        FAULTY.replace("\"200\"\n", "\"200\" # grpc-guard: ignore[health-check-http-matcher] agreed\n");
    let project = Project::new(&[
        ("a.yaml", FAULTY.as_bytes()),
        ("b.yaml", excepted.as_bytes()),
        ("c.yaml", sound.as_bytes()),
        ("notes.yaml", b"name: build\n"),
    ]);
    let tail = "findings  excepted  severity  rule\n       1         1  error     health-check-http-matcher\n\n\
                3 files read as CloudFormation, 1 file in none of the formats that are checked; 1 KiB\n";
    for format in ["text", "concise", "narrated"] {
        let found = project.run(&["check", "--format", format, "--statistics"]);
        assert!(found.stdout.ends_with(tail), "{format}: {}", found.stdout);
    }
    let plain = project.run(&["check", "--format", "json"]).stdout;
    assert_eq!(project.run(&["check", "--format", "json", "--statistics"]).stdout, plain);
}

#[test]
fn sentences_for_screen_readers() {
    let project = Project::new(&[("lb.yaml", FAULTY.as_bytes())]);
    let found = project.run(&["check", "--format", "narrated", "--color", "always"]);
    for line in [
        "Finding 1 of 1, error: ",
        "\nRule: health-check-http-matcher.\n",
        "\nResource: Orders.\n",
        "\nAt: lb.yaml, line 11, column 19. The line reads: HttpCode: \"200\"\n",
        "\nSee also: lb.yaml, line 7, column 24",
        "\nHelp: ",
        "\nChecked 1 file: 1 error, 0 warnings, 0 infos.\n",
    ] {
        assert!(found.stdout.contains(line), "{line}: {}", found.stdout);
    }
    assert!(found.stdout.chars().all(|c| c == '\n' || !c.is_control()), "{}", found.stdout);
    assert!(!found.stdout.contains(['│', '^', '|']), "nothing is drawn: {}", found.stdout);
    let missing = project.run(&["check", "--format", "narrated", "missing.yaml"]);
    assert_eq!(missing.status, 2);
    assert!(missing.stdout.contains("\nAt: missing.yaml.\n"), "{}", missing.stdout);
}

#[test]
fn links_and_widths_by_flag() {
    let long = FAULTY.replace("\"200\"", &"1".repeat(300));
    let project = Project::new(&[("long.yaml", long.as_bytes())]);
    let run = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = project.command(&["check", "long.yaml"]);
        command.args(args).envs(env.iter().copied());
        outcome(command).stdout
    };
    for (args, env, expected) in [
        (&["--hyperlinks", "always"][..], &[][..], true),
        (&["--hyperlinks", "always", "--color", "never"], &[], true),
        (&["--hyperlinks", "never", "--color", "always"], &[("FORCE_HYPERLINK", "1")], false),
        (&["--color", "always"], &[("FORCE_HYPERLINK", "1")], false),
        (&[], &[], false),
    ] {
        assert_eq!(run(args, env).contains("\u{1b}]8;;https://"), expected, "{args:?} {env:?}");
    }
    for (width, most) in [("60", 60), ("0", 80), ("1", 40), ("18446744073709551615", 330)] {
        let found = run(&["--width", width], &[("COLUMNS", "100")]);
        let code = found.lines().find(|line| line.starts_with("11 |")).unwrap_or_else(|| panic!("{found}"));
        assert!(code.chars().count() <= most, "--width {width}: {code}");
    }
    assert_eq!(project.run(&["check", "--width", "wide"]).status, 2);
}

#[test]
fn manual_pages() {
    let project = Project::new(&[]);
    let page = project.run(&["man"]);
    assert_eq!(page.status, 0);
    assert!(page.stdout.contains(".TH grpc-guard 1") && page.stdout.contains("check"), "{}", page.stdout);
    let page = project.run(&["man", "check"]);
    assert!(page.stdout.contains("\\-\\-changed\\-since"), "{}", page.stdout);
    let wrong = project.run(&["man", "chekc"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.stderr.contains("there is no command `chekc`"), "{}", wrong.stderr);
    assert!(!project.run(&["--help"]).stdout.contains("man "), "packagers know it");
}

/// What stands in the way of a report is named, nothing is half-written, and the status is 2.
#[cfg(unix)]
#[test]
fn reports_that_cannot_be_written() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let project = Project::new(&[
        ("lb.yaml", FAULTY.as_bytes()),
        ("protected.json", b"old"),
        ("real/report.json", b"old"),
        ("dir/x", b""),
    ]);
    let at = |path: &str| project.path().join(path);
    fs::set_permissions(at("protected.json"), fs::Permissions::from_mode(0o444)).expect("allowed");
    symlink("real/report.json", at("link.json")).expect("a link can be made");
    for (file, why) in [
        ("protected.json", "read-only"),
        ("dir", "is a directory"),
        ("lb.yaml/x", "lb.yaml/x"),
        #[cfg(target_os = "linux")]
        ("/dev/full", "No space left on device"),
    ] {
        let found = project.run(&[
            "check",
            "lb.yaml",
            "--format",
            "sarif=good.sarif",
            "--format",
            &format!("json={file}"),
        ]);
        assert_eq!(found.status, 2, "{file}");
        assert!(found.stderr.contains(file) && found.stderr.contains(why), "{file}: {}", found.stderr);
        assert!(!at("good.sarif").exists(), "{file}: all reports or none");
        assert_eq!(found.stdout, "", "{file}: no report claims to be the whole");
    }
    assert_eq!(fs::read(at("protected.json")).expect("readable"), b"old");
    let found = project.run(&["check", "lb.yaml", "--format", "json=link.json"]);
    assert_eq!(found.status, 1, "{}", found.stderr);
    assert!(fs::symlink_metadata(at("link.json")).expect("there").is_symlink());
    assert!(fs::read_to_string(at("real/report.json")).expect("readable").contains("schema_version"));
    let left: Vec<String> = fs::read_dir(project.path())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("tmp"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_no_report_can_hold() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let project = Project::new(&[("lb.yaml", FAULTY.as_bytes())]);
    let name = OsStr::from_bytes(b"caf\xe9.yaml");
    fs::write(project.path().join(name), FAULTY).expect("a file can be written");
    let mut named = project.command(&["check", "--format", "concise"]);
    named.arg(name);
    for found in [outcome(named), project.run(&["check", "--format", "concise"])] {
        assert_eq!(found.status, 2, "{}", found.stdout);
        let told = "caf\u{fffd}.yaml:1:1: error[unreadable-file] the name of this file is not UTF-8";
        assert!(found.stdout.contains(told), "{}", found.stdout);
    }
    let mut written = project.command(&["check", "lb.yaml", "--format"]);
    written.arg(OsStr::from_bytes(b"json=caf\xe9.json"));
    let found = outcome(written);
    assert_eq!((found.status, found.stdout.as_str()), (2, ""));
    assert!(found.stderr.contains("UTF-8"), "{}", found.stderr);
}
