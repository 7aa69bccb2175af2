//! Options of rules, from the configuration to the finding.

mod support;

use serde_json::Value;
use support::program::Project;

/// A load balancer whose idle timeout is written.
fn load_balancer(seconds: u32) -> String {
    format!(
        "Resources:
  Edge:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      LoadBalancerAttributes:
        - {{Key: idle_timeout.timeout_seconds, Value: \"{seconds}\"}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Edge
      Port: 443
      Protocol: HTTPS
      Certificates: [{{CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1'}}]
      SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06
      DefaultActions: [{{Type: forward, TargetGroupArn: !Ref Orders}}]
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: 50051
      Protocol: HTTP
      ProtocolVersion: GRPC
      TargetType: ip
      HealthCheckPath: /grpc.health.v1.Health/Check
      Matcher: {{GrpcCode: '0'}}
      TargetGroupAttributes: [{{Key: deregistration_delay.timeout_seconds, Value: '20'}}]
"
    )
}

/// `file: rule: message` of all findings.
#[track_caller]
fn found(project: &Project, args: &[&str]) -> Vec<String> {
    let outcome = project.run(&[&["check", "--format", "json"], args].concat());
    assert!(outcome.status < 2, "{}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let text = |found: &Value, key: &str| found[key].as_str().unwrap_or_default().to_string();
    let told = report["diagnostics"].as_array().expect("diagnostics").iter().map(|it| {
        format!(
            "{}: {}[{}]: {}",
            text(it, "file"),
            text(it, "severity"),
            text(it, "rule"),
            text(it, "message")
        )
    });
    told.collect()
}

const IDLE: &str = "load-balancer-short-idle-timeout";
const DELAY: &str = "target-group-short-deregistration-delay";

#[test]
fn a_number_is_chosen_everywhere_and_for_some_paths() {
    let project = Project::new(&[]);
    for dir in ["prod", "dev"] {
        project.write(&format!("{dir}/lb.yaml"), load_balancer(120));
    }
    assert_eq!(found(&project, &[]), Vec::<String>::new(), "120 s are enough by default");

    project
        .write("grpc-guard.yaml", format!("rules:\n  {IDLE}: {{level: error, options: {{seconds: 300}}}}\n"));
    let told = |dir: &str, severity: &str| {
        format!("{dir}/lb.yaml: {severity}[{IDLE}]: gRPC streams that are quiet for 120 s are cut")
    };
    assert_eq!(found(&project, &[]), [told("dev", "error"), told("prod", "error")]);

    let over =
        format!("overrides:\n  - {{paths: [dev/], rules: {{{IDLE}: {{options: {{seconds: 60}}}}}}}}\n");
    let config = project.read("grpc-guard.yaml");
    project.write("grpc-guard.yaml", format!("{config}{over}"));
    assert_eq!(found(&project, &[]), [told("prod", "error")], "in dev/ a minute is enough");

    let over =
        format!("overrides:\n  - {{paths: [dev/], rules: {{{IDLE}: {{options: {{seconds: 300}}}}}}}}\n");
    project.write("grpc-guard.yaml", over);
    assert_eq!(found(&project, &[]), [told("dev", "warning")], "only in dev/ it is not");
    assert_eq!(found(&project, &["--no-config"]), Vec::<String>::new());
}

#[test]
fn words_name_the_value_that_is_configured() {
    let config = format!("rules:\n  {DELAY}: {{options: {{seconds: 45}}}}\n");
    let project = Project::new(&[("grpc-guard.yaml", config.as_bytes())]);
    project.write("lb.yaml", load_balancer(120));
    let told = "calls are cut 20 s after their target is deregistered, less than 45 s";
    assert_eq!(found(&project, &[]), [format!("lb.yaml: warning[{DELAY}]: {told}")]);
    let text = project.run(&["check"]).stdout;
    assert!(text.contains("help: raise `deregistration_delay.timeout_seconds` to 45 or more"), "{text}");

    let page = project.run(&["explain", DELAY]).stdout;
    for part in [
        "it takes 45 seconds",
        "| a whole number from 1 to 3600 | `30`; `45` is configured |",
        "      seconds: 45",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let rules: Value =
        serde_json::from_str(&project.run(&["rules", "--format", "json"]).stdout).expect("JSON");
    let rule = rules.as_array().expect("rules").iter().find(|rule| rule["name"] == DELAY).expect("the rule");
    let option = &rule["options"][0];
    assert_eq!(
        (&option["name"], &option["default"], &option["value"]),
        (&"seconds".into(), &30.into(), &45.into())
    );
}

/// A rule that is off by default runs for whoever names it, and only there.
#[test]
fn rules_that_are_off_are_asked_for() {
    let project = Project::new(&[]);
    for dir in ["a", "b"] {
        project.write(&format!("{dir}/lb.yaml"), load_balancer(120));
    }
    let names = |config: &str, args: &[&str]| {
        project.write("grpc-guard.yaml", config);
        let found = found(&project, args);
        found
            .iter()
            .map(|line| line.split(": ").next().unwrap_or_default().to_string())
            .collect::<Vec<String>>()
    };
    let both = ["a/lb.yaml", "b/lb.yaml"];
    assert!(names("", &[]).is_empty());
    assert_eq!(names("", &["--only", DELAY]), both);
    assert_eq!(names(&format!("rules: {{{DELAY}: info}}\n"), &[]), both);
    assert_eq!(names(&format!("rules: {{{DELAY}: {{options: {{seconds: 30}}}}}}\n"), &[]), both);
    assert!(names(&format!("rules: {{{DELAY}: {{options: {{seconds: 10}}}}}}\n"), &[]).is_empty());
    assert!(names(&format!("rules: {{{DELAY}: off}}\n"), &[]).is_empty());
    let over = format!("overrides: [{{paths: [b/], rules: {{{DELAY}: warning}}}}]\n");
    assert_eq!(names(&over, &[]), ["b/lb.yaml"]);
}

#[test]
fn rules_of_ones_own_have_options_too() {
    const RULE: &str = "\
# METADATA
# summary: port is not one of ours
# input: model
# help: use one of {%ports}
# options:
#   ports: {means: ports that may be used, from: 1, to: 65535}
#   name-pattern: {means: names of groups that are looked at}
let ports = [50051]
let name_pattern = /./

rule our_ports {
    AWS::ElasticLoadBalancingV2::TargetGroup when Source.Address == %name_pattern {
        Properties.Port in %ports <<port {Properties.Port} is none of {%ports}>>
    }
}
";
    let project = Project::new(&[("policies/our-ports.guard", RULE.as_bytes())]);
    project.write("lb.yaml", load_balancer(120));
    let run = |options: &str| {
        project.write(
            "grpc-guard.yaml",
            format!("rule-files: [policies/]\nrules:\n  our-ports: {{options: {{{options}}}}}\n"),
        );
        project.run(&["check", "--format", "concise"])
    };
    assert_eq!(run("").stdout, "");
    let told = run("ports: [8080, 8443]").stdout;
    assert!(told.contains("error[our-ports] port 50051 is none of 8080, 8443"), "{told}");
    assert_eq!(run("ports: [8080], name-pattern: '^Users$'").stdout, "", "another group");
    let refused = run("prots: [8080]");
    assert_eq!(refused.status, 2);
    for part in ["`our-ports` has no option `prots`", "--> grpc-guard.yaml:3:25", "did you mean `ports`?"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}

#[test]
fn options_that_are_declared_wrongly_are_located() {
    for (options, file, place, told) in [
        ("{a: {means: x}}", "", "2:13", "the option `a` is no variable of this file"),
        ("{a: {means: x}}", "let a = Resources.*", "2:13", "the option `a` is no variable of this file"),
        ("{a: {means: x}}", "let a = {b: 1}", "2:13", "`let a` is nothing that a configuration can choose"),
        ("{a: {means: x, from: 2}}", "let a = 1", "2:13", "the default of `a`, `1` is not 2 or more"),
        ("{a: {from: 2}}", "let a = 3", "2:13", "an option needs `means`: what it decides"),
        ("{a: {means: x, frm: 2}}", "let a = 3", "2:27", "the metadata has no key `frm`"),
        ("{a: {means: x, from: b}}", "let a = 3", "2:33", "a whole number is expected here"),
        ("[a]", "let a = 3", "2:12", "a mapping of options is expected here"),
    ] {
        let text = format!("# METADATA\n# options: {options}\n{file}\nrule x {{ A == %a }}\n");
        let project = Project::new(&[("x.guard", text.as_bytes())]);
        let refused = project.run(&["check", "--rules", "x.guard"]);
        assert_eq!(refused.status, 2, "{options}");
        let place = format!("--> x.guard:{place}");
        assert!(
            refused.stderr.contains(told) && refused.stderr.contains(&place),
            "{options}: {}",
            refused.stderr
        );
    }
}
