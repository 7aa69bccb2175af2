//! What files hold reaches terminals, build servers, browsers and viewers: nothing in it may act there, and no secret may be
//! shown, in any format.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use grpc_guard::report::Format;

/// What a file may hold to be taken for more than text.
const EVIL: &str = "x\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200b}\r::error::pwned\n::error file=a::pwned\u{2028}\
    ##vso[task.setvariable variable=a]b ##[command]c %0A::stop-commands::d</script><b>pwned<!--]]>&\"'\u{7f}\u{e0041}\
    ](javascript:alert(1)) | `e` @all";

/// A template that quotes `EVIL` as a name, a key and a value.
fn template() -> String {
    let evil = serde_json::to_string(EVIL).expect("text is JSON");
    format!(
        "{{\"Resources\": {{{evil}: {{\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\", \"Properties\": {{
\"ProtocolVersion\": \"GRPC\", \"Protocol\": \"HTTP\", {evil}: 1,
\"HealthCheckPath\": {evil}, \"Matcher\": {{\"HttpCode\": {evil}}}}}}}}}}}\n"
    )
}

/// All that a run says, on both streams, and what it writes to files.
fn said(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().env("GITHUB_STEP_SUMMARY", "summary.md").current_dir(dir).args(args);
    let output = command.output().expect("the tool runs");
    let mut said = String::from_utf8(output.stdout).expect("UTF-8");
    said.push_str(&String::from_utf8(output.stderr).expect("UTF-8"));
    said.push_str(&fs::read_to_string(dir.join("summary.md")).unwrap_or_default());
    let _ = fs::remove_file(dir.join("summary.md"));
    said
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory can be made");
    for (name, content) in files {
        fs::write(dir.path().join(name), content).expect("a file can be written");
    }
    dir
}

fn check(name: &str, said: &str) {
    let harmful = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
    };
    if let Some(at) = said.find(harmful) {
        panic!("{name}: a harmful character: {:?}", &said[at.saturating_sub(40)..(at + 40).min(said.len())]);
    }
    assert!(!said.contains("##vso[") && !said.contains("##["), "{name}: a command of a build server");
    for line in said.lines().map(str::trim_start) {
        let is_ours = name == "github" && line.starts_with("::error title=");
        assert!(is_ours || !line.starts_with("::"), "{name}: a workflow command: {line}");
    }
    if !["text", "concise", "narrated", "github"].contains(&name) {
        assert!(!said.contains("</script><b>") && !said.contains("<b>pwned"), "{name}: markup");
    }
    // Viewers look for links in messages, not in excerpts.
    let is_message = |line: &&str| match name {
        "sarif" => line.contains(" Help: "),
        "rdjson" => line.contains("\"message\": "),
        _ => true,
    };
    if ["sarif", "rdjson", "markdown"].contains(&name) {
        for line in said.lines().filter(is_message) {
            assert!(!line.contains("](javascript:"), "{name}: a link: {line}");
        }
    }
}

#[test]
fn nothing_in_a_file_acts_in_a_report() {
    let dir = project(&[("lb.json", &template())]);
    for (name, _) in Format::ALL {
        let said = said(dir.path(), &["check", "--no-config", "--format", name]);
        assert!(said.contains("pwned"), "{name}: the name is quoted: {said}");
        check(name, &said);
    }
    check("model", &said(dir.path(), &["model", "lb.json"]));
}

#[cfg(unix)]
#[test]
fn nothing_in_the_name_of_a_file_acts_in_a_report() {
    let name = EVIL.replace('/', "\u{2044}");
    let name = &name[..name.floor_char_boundary(200)];
    let dir =
        project(&[(&format!("{name}.json"), &template()), (&format!("{name}.yaml"), "Resources: [AWS::\n")]);
    for (format, _) in Format::ALL {
        check(format, &said(dir.path(), &["check", "--no-config", "--format", format]));
    }
    check("text", &said(dir.path(), &["check", "--no-config", "--verbose", "--statistics"]));
    check("text", &said(dir.path(), &["check", "--no-config", &format!("{name}.gone")]));
    check("text", &said(dir.path(), &["check", "--config", &format!("{name}.json")]));
}

/// Each value holds the word `hunter2`, which nothing may show.
const SECRETS: [(&str, &str); 7] = [
    (
        "cfn.yaml",
        "Parameters:
  DbPassword: {Type: String, Default: \"hunter2-default\"}
  Pin: {Type: String, NoEcho: true, Default: hunter2-pin}
Resources:
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Name: !Sub 'x-${DbPassword}'
      ProtocolVersion: GRPC
      Matcher: {HttpCode: !Ref Pin, Password: hunter2-flow}
      Tags: [{Key: ApiToken, Value: hunter2-tag}]
      # url: postgres://me:hunter2-url@db/orders
",
    ),
    (
        "stack.json",
        r#"{"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "orders",
"Environment": [{"Name": "DB_PASSWORD", "Value": "hunter2-env"}], "PortMappings": [{"ContainerPort": 50051}]}]}},
"Orders": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"ProtocolVersion": "GRPC", "Matcher": {"HttpCode": "200"}, "ClientSecret": "hunter2\"x"}}}}
"#,
    ),
    (
        "pods.yaml",
        "apiVersion: v1
kind: Secret
metadata: {name: orders}
stringData: {greeting: hunter2-data}
---
apiVersion: v1
kind: Service
metadata:
  name: orders
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-backend-protocol: none
    example.com/auth-token: hunter2-secret-token
spec:
  type: LoadBalancer
  ports: [{name: grpc, port: 443}]
",
    ),
    (
        "main.tf.json",
        r#"{"variable": {"db_password": {"default": "hunter2-variable"}, "pin": {"sensitive": true, "default": "hunter2-sensitive"}},
"resource": {"aws_lb_target_group": {"orders": {"protocol_version": "GRPC", "name": "a-${var.db_password}", "health_check": {"matcher": "${var.pin}"}}},
"aws_ecs_task_definition": {"orders": {"container_definitions": "[{\"name\":\"orders\",\"environment\":[{\"name\":\"TOKEN\",\"value\":\"hunter2-embedded\"}],\"portMappings\":[{\"containerPort\":50051}]}]"}}}}
"#,
    ),
    (
        "broken.yaml",
        "Resources:\n  Db:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      MasterUserPassword: hunter2-broken\n      Port: [\n",
    ),
    (
        "key.yaml",
        "Resources:\n  Orders:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties:\n      ProtocolVersion: GRPC\n      \
         PrivateKey: |\n        hunter2\n        hunter2\n      Matcher: {HttpCode: '200'}\n",
    ),
    (
        "rules.guard",
        "rule names_the_value { Resources.*.Properties.Matcher exists\n Resources.*.Properties.Matcher.Password !exists <<is {Resources.*.Properties.Matcher.Password}>> }\n",
    ),
];

#[test]
fn no_secret_is_shown() {
    let dir = project(&SECRETS);
    for (name, _) in Format::ALL {
        let args =
            ["check", "--no-config", "--rules", "rules.guard", "--explain-rule", "--format", name, "."];
        let said = said(dir.path(), &args);
        assert!(said.contains("health-check-http-matcher"), "{name}: {said}");
        for line in said.lines() {
            assert!(!line.contains("hunter2"), "{name}: {line}");
        }
    }
    for (file, _) in &SECRETS[..6] {
        for args in [&["model", file][..], &["graph", "--no-config", file]] {
            let said = said(dir.path(), args);
            assert!(!said.contains("hunter2"), "{file}: {said}");
        }
    }
}

#[test]
fn nothing_in_a_file_acts_in_a_graph() {
    let dir = project(&[("template.json", &template())]);
    // A terminal and Graphviz take markup for text.
    for (format, like) in [("text", "text"), ("mermaid", "mermaid"), ("dot", "text")] {
        let said = said(dir.path(), &["graph", "--no-config", "--format", format, "."]);
        assert!(said.contains("pwned"), "{format}: {said}");
        check(like, &said);
    }
}

/// What names a secret and is none stays as it is.
#[test]
fn names_of_secrets_are_shown() {
    let template = "Resources:
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      ProtocolVersion: GRPC
      SecretArn: arn:aws:secretsmanager:eu-west-1:1:secret:visible
      Password: '{{resolve:ssm:visible}}'
      Token: !Ref VisibleToken
      Matcher: {HttpCode: '200'}
";
    let dir = project(&[("lb.yaml", template)]);
    let said = said(dir.path(), &["check", "--no-config", "--format", "sarif"]);
    for visible in ["secret:visible", "{{resolve:ssm:visible}}", "!Ref VisibleToken"] {
        assert!(said.contains(visible), "{visible}: {said}");
    }
}

/// What the user's own files say is quoted as well: rule files, the configuration, a baseline, exceptions.
#[test]
fn nothing_in_files_of_the_run_acts_in_a_report() {
    let evil = serde_json::to_string(EVIL).expect("text is JSON");
    let one_line = EVIL.replace(['\n', '\r', '\u{2028}', '>'], " ");
    let rule = format!("rule harm {{ Resources.*.Properties.Absent exists <<{one_line} pwned>> }}\n");
    let excepted = template().replace(
        "\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\",",
        &format!(
            "\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\", \"Metadata\": {{\"grpc-guard\": {{\"ignore\": {{\"health-check-http-matcher\": {evil}, {evil}: {evil}}}}}}},"
        ),
    );
    let dir = project(&[
        ("lb.json", &excepted),
        ("harm.guard", &rule),
        ("grpc-guard.yaml", &format!("exceptions:\n  - rules: [target-group-http1]\n    reason: {evil}\n")),
        ("wrong.yaml", &format!("rules: {{{evil}: off}}\n{evil}: 1\n")),
        ("old.json", &format!("{{\"version\": 1, \"findings\": [{{{evil}: {evil}}}]}}\n")),
        ("broken.guard", &format!("rule harm {{ Resources[ {evil}\n")),
    ]);
    for (name, _) in Format::ALL {
        let said = said(
            dir.path(),
            &["check", "--rules", "harm.guard", "--explain-rule", "--format", name, "lb.json"],
        );
        assert!(said.contains("pwned"), "{name}: {said}");
        check(name, &said);
    }
    for args in [
        &["check", "--config", "wrong.yaml", "lb.json"][..],
        &["check", "--baseline", "old.json", "lb.json"],
        &["check", "--rules", "broken.guard", "lb.json"],
        &["check", "--only", &one_line, "lb.json"],
        &["explain", &one_line],
        &["check", "--diff", "--unsafe-fixes", "--no-config", "lb.json"],
        &["check", "--no-config", "--statistics", "--verbose", "lb.json"],
    ] {
        check("text", &said(dir.path(), args));
    }
}
