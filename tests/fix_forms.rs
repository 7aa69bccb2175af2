//! What single fixes make of single files, to the letter: where a new key stands, what goes with what is removed, what is
//! left alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::diagnostic::Applicability;
use grpc_guard::engine;
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};

/// The text after all fixes of one rule.
fn fixed(rule: &str, path: &str, text: &str, most: Applicability) -> String {
    let catalog = Catalog::builtin();
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new(path.to_string(), Arc::<str>::from(text)));
    let files = vec![LoadedFile { id, explicit: true }];
    let loaded = Loaded { sources, files, ..Loaded::default() };
    let settings = Settings { only: Some(BTreeSet::from([rule.to_string()])), ..Settings::default() };
    let fixed = engine::fix(loaded, &catalog, &settings, most, &|_| {});
    fixed.changed.first().map_or_else(|| text.to_string(), |changed| changed.after.to_string())
}

/// Fixes `text`, and compares with the text in which each `(old, new)` is replaced once.
fn check(rule: &str, path: &str, text: &str, changes: &[(&str, &str)]) {
    let mut expected = text.to_string();
    for (old, new) in changes {
        assert_eq!(expected.matches(old).count(), 1, "{old:?} is not there once in:\n{expected}");
        expected = expected.replacen(old, new, 1);
    }
    let result = fixed(rule, path, text, Applicability::Unsafe);
    assert_eq!(result, expected, "{rule} in {path}");
    let crlf = fixed(rule, path, &text.replace('\n', "\r\n"), Applicability::Unsafe);
    assert_eq!(crlf, expected.replace('\n', "\r\n"), "{rule} in {path} with CRLF");
}

/// A listener, its group, and a service that begins as it is told.
fn ecs(service: &str) -> String {
    format!(
        "Resources:
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      Port: 443
      DefaultActions: [{{Type: forward, TargetGroupArn: !Ref Orders}}]
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
  Logs:
    Type: AWS::Logs::LogGroup
  Service:
{service}      LoadBalancers: [{{ContainerName: orders, ContainerPort: 50051, TargetGroupArn: !Ref Orders}}]
"
    )
}

#[test]
fn a_service_waits_for_its_listener() {
    let rule = "ecs-service-starts-before-listener";
    let safely = |service: &str| fixed(rule, "a.yaml", &ecs(service), Applicability::Safe);
    let becomes = |before: &str, after: &str| assert_eq!(safely(before), ecs(after));
    let typed = "    Type: AWS::ECS::Service # here\n";
    let rest = "    Properties:\n";
    becomes(&format!("{typed}{rest}"), &format!("{typed}    DependsOn: Listener\n{rest}"));
    becomes(
        &format!("{typed}    DependsOn: Logs # first\n{rest}"),
        &format!("{typed}    DependsOn: [Logs, Listener] # first\n{rest}"),
    );
    becomes(
        &format!("{typed}    DependsOn:\n    - Logs # first\n{rest}"),
        &format!("{typed}    DependsOn:\n    - Logs # first\n    - Listener\n{rest}"),
    );
    becomes(
        &format!("    DependsOn: [\"Logs\"]\n{typed}{rest}"),
        &format!("    DependsOn: [\"Logs\", Listener]\n{typed}{rest}"),
    );
    // With a rule beside the default action of the listener, the listener is enough.
    let rule_too = |service: &str| {
        let rule = "  Rule:\n    Type: AWS::ElasticLoadBalancingV2::ListenerRule\n    Properties:\n      ListenerArn: !Ref Listener\n      Priority: 1\n      Actions: [{Type: forward, TargetGroupArn: !Ref Orders}]\n";
        format!("{}{rule}", ecs(service))
    };
    let waiting = rule_too(&format!("{typed}    DependsOn: Listener\n{rest}"));
    assert_eq!(fixed(rule, "a.yaml", &rule_too(&format!("{typed}{rest}")), Applicability::Safe), waiting);
    // What stands elsewhere, for others too, is not changed safely.
    let aliased = format!("{typed}    DependsOn: *first\n{rest}");
    let anchored = ecs(&aliased)
        .replace("  Listener:\n", "  Other:\n    Type: A::B::C\n    DependsOn: &first [Logs]\n  Listener:\n");
    assert_eq!(fixed(rule, "a.yaml", &anchored, Applicability::Unsafe), anchored);
}

#[test]
fn nothing_waits_in_a_circle() {
    let text = ecs("    Type: AWS::ECS::Service\n    Properties:\n").replace(
        "      Port: 443\n",
        "      Port: 443\n      Tags: [{Key: of, Value: !GetAtt Service.Name}]\n",
    );
    assert_eq!(fixed("ecs-service-starts-before-listener", "a.yaml", &text, Applicability::Unsafe), text);
}

#[test]
fn a_service_of_one_module_waits_within_it() {
    let text = r#"{"resource": {
  "aws_lb_listener": {"grpc": {"port": 443, "default_action": [{"type": "forward", "target_group_arn": "${aws_lb_target_group.grpc.arn}"}]}},
  "aws_lb_target_group": {"grpc": {"port": 50051}},
  "aws_ecs_service": {"grpc": {
    "name": "grpc",
    "load_balancer": [{"target_group_arn": "${aws_lb_target_group.grpc.arn}", "container_name": "grpc", "container_port": 50051}]
  }}
}}
"#;
    let load_balancer = "\"container_port\": 50051}]\n";
    let after = "\"container_port\": 50051}],\n    \"depends_on\": [\"aws_lb_listener.grpc\"]\n";
    check("ecs-service-starts-before-listener", "a.tf.json", text, &[(load_balancer, after)]);
}

/// A TLS listener with these attributes.
fn listener(attributes: &str) -> String {
    format!(
        "Resources:
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      Protocol: TLS # as ever
{attributes}      Port: 443
"
    )
}

#[test]
fn an_attribute_goes_with_its_key() {
    let rule = "listener-idle-timeout-without-effect";
    let becomes = |before: &str, after: &str| {
        assert_eq!(fixed(rule, "a.yaml", &listener(before), Applicability::Unsafe), listener(after));
    };
    let idle = "        - Key: tcp.idle_timeout.seconds\n          Value: 600\n";
    let other = "        - {Key: other, Value: \"1\"} # why\n";
    let list = "      ListenerAttributes:\n";
    becomes(&format!("{list}{idle}"), "");
    becomes(&format!("{list}{idle}{other}"), &format!("{list}{other}"));
    becomes(&format!("{list}{other}{idle}"), &format!("{list}{other}"));
    becomes(
        "      ListenerAttributes: [{Key: other, Value: \"1\"}, {Key: tcp.idle_timeout.seconds, Value: \"60\"}]\n",
        "      ListenerAttributes: [{Key: other, Value: \"1\"}]\n",
    );
    // A comment would be lost.
    let told = format!("{list}        - Key: tcp.idle_timeout.seconds # told\n          Value: 600\n");
    becomes(&told, &told);
    let json = "{\"Resources\":{\"L\":{\"Type\":\"AWS::ElasticLoadBalancingV2::Listener\",\"Properties\":{\"Protocol\":\"TLS\",\"ListenerAttributes\":[{\"Key\":\"tcp.idle_timeout.seconds\",\"Value\":\"60\"}]}}}}";
    check(
        rule,
        "a.json",
        json,
        &[(",\"ListenerAttributes\":[{\"Key\":\"tcp.idle_timeout.seconds\",\"Value\":\"60\"}]", "")],
    );
    let service = "apiVersion: v1
kind: Service
metadata:
  name: orders
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-ssl-cert: arn:aws:acm:eu-west-1:111122223333:certificate/1
    service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TLS-443: tcp.idle_timeout.seconds=3600,other=1
spec:
  type: LoadBalancer
  loadBalancerClass: service.k8s.aws/nlb
  ports: [{name: grpc, port: 443}]
";
    check(rule, "a.yaml", service, &[("tcp.idle_timeout.seconds=3600,", "")]);
}

const TASK: &str = "Resources:
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers:
        - {ContainerName: orders, ContainerPort: 8080}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: orders
          PortMappings: [{ContainerPort: 50051}]
        - Name: proxy
          PortMappings: [{ContainerPort: 9901}]
";

#[test]
fn a_service_names_what_its_task_has() {
    let rule = "ecs-service-missing-port";
    check(rule, "a.yaml", TASK, &[("ContainerPort: 8080", "ContainerPort: 50051")]);
    // The port is right, and of another container than the one that nobody has.
    let misnamed =
        TASK.replace("ContainerName: orders, ContainerPort: 8080", "ContainerName: app, ContainerPort: 9901");
    check(rule, "a.yaml", &misnamed, &[("ContainerName: app", "ContainerName: proxy")]);
    // Two ports, or a port of another container: nobody knows which is meant.
    let two = TASK.replace("{ContainerPort: 50051}", "{ContainerPort: 50051}, {ContainerPort: 50052}");
    check(rule, "a.yaml", &two, &[]);
    check(rule, "a.yaml", &TASK.replace("8080", "9901"), &[]);
    // A parameter decides for others too.
    let parameter = TASK.replace("ContainerPort: 8080", "ContainerPort: !Ref Port");
    check(
        rule,
        "a.yaml",
        &format!("Parameters: {{Port: {{Type: Number, Default: 8080}}}}\n{parameter}"),
        &[],
    );
}

const INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    alb.ingress.kubernetes.io/success-codes: '0'
    alb.ingress.kubernetes.io/target-type: ip
spec:
  ingressClassName: alb
  rules:
    - http:
        paths:
          - {path: /o.v1.O, pathType: Prefix, backend: {service: {name: orders, port: {number: 50051}}}}
          - {path: /, pathType: Prefix, backend: {service: {name: site, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: orders, annotations: {alb.ingress.kubernetes.io/backend-protocol-version: GRPC}}
spec: {selector: {app: orders}, ports: [{name: grpc, port: 50051}]}
---
apiVersion: v1
kind: Service
metadata:
  name: site
spec: {selector: {app: site}, ports: [{name: http, port: 80}]}
";

#[test]
fn health_checks_move_to_the_services_they_fit() {
    let rule = "ingress-shared-health-check";
    let codes = "    alb.ingress.kubernetes.io/success-codes: '0'\n";
    let grpc = "protocol-version: GRPC}";
    check(
        rule,
        "a.yaml",
        INGRESS,
        &[(codes, ""), (grpc, "protocol-version: GRPC, alb.ingress.kubernetes.io/success-codes: \"0\"}")],
    );
    let path = "    alb.ingress.kubernetes.io/healthcheck-path: /healthz\n";
    let site = "  name: site\n";
    check(
        rule,
        "a.yaml",
        &INGRESS.replace(codes, path),
        &[(path, ""), (site, &format!("{site}  annotations:\n{path}"))],
    );
    // A Service that is not here cannot get it.
    let absent = INGRESS.split("---\n").take(2).collect::<Vec<_>>().join("---\n");
    check(rule, "a.yaml", &absent.replace(codes, path), &[]);
}

#[test]
fn a_shared_annotation_is_not_changed_safely() {
    let text = "apiVersion: v1
kind: Service
metadata:
  name: a
  annotations: &nlb
    service.beta.kubernetes.io/aws-load-balancer-type: external
spec: {type: LoadBalancer, selector: {app: a}, ports: [{port: 50051, name: grpc}]}
";
    let rule = "service-load-balancer-unclaimed";
    assert_eq!(fixed(rule, "a.yaml", text, Applicability::Safe), text);
    let line = "    service.beta.kubernetes.io/aws-load-balancer-type: external\n";
    let target = "    service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip\n";
    check(rule, "a.yaml", text, &[(line, &format!("{line}{target}"))]);
}

/// A module whose service takes its port from JSON in a text.
const CONNECT: &str = r#"{"resource": {
  "aws_ecs_task_definition": {"orders": {"container_definitions": "[{\"name\": \"orders\", \"portMappings\": [{\"containerPort\": 50051, \"name\": \"orders-grpc\", \"appProtocol\": \"http\"}]}]"}},
  "aws_ecs_service": {"orders": {
    "task_definition": "${aws_ecs_task_definition.orders.arn}",
    "service_connect_configuration": [{"enabled": true, "service": [{"port_name": "orders-grpc"}]}]
  }}
}}
"#;

#[test]
fn words_in_json_in_a_text_are_changed_there() {
    let change = (r#"\"appProtocol\": \"http\""#, r#"\"appProtocol\": \"grpc\""#);
    check("service-connect-port-without-grpc", "a.tf.json", CONNECT, &[change]);
}

#[test]
fn a_block_has_the_arguments_of_the_provider() {
    let grpc = CONNECT.replace(r#"\"http\""#, r#"\"grpc\""#);
    let change = (
        r#"{"port_name": "orders-grpc"}"#,
        r#"{"port_name": "orders-grpc", "timeout": {"per_request_timeout_seconds": 0}}"#,
    );
    check("service-connect-timeout-cuts-streams", "a.tf.json", &grpc, &[change]);
}

#[test]
fn a_protocol_version_goes_to_its_own_annotation() {
    let text = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    alb.ingress.kubernetes.io/backend-protocol: \"GRPC\" # as told
spec:
  ingressClassName: alb
";
    let rule = "annotation-invalid-value";
    check(rule, "a.yaml", text, &[("backend-protocol:", "backend-protocol-version:")]);
    assert_eq!(fixed(rule, "a.yaml", text, Applicability::Safe), text);
    let both = text.replace("spec:", "    alb.ingress.kubernetes.io/backend-protocol-version: GRPC\nspec:");
    check(rule, "a.yaml", &both, &[]);
}
