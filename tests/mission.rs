//! The target group that this tool exists for: accepted as it stands, and each of its properties, broken in turn,
//! gives the matching finding on its line. All rules are on.

mod support;

use std::fs;

use grpc_guard::catalog::Catalog;
use grpc_guard::engine;
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};
use support::{findings, root, settings};

const PATH: &str = "fixtures/mission/target-group.yaml";

fn written() -> String {
    fs::read_to_string(root().join(PATH)).expect("the fixture is there")
}

/// The rules that speak, each with the text of its line.
fn found(text: &str) -> Vec<(String, String)> {
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new(PATH, text));
    let loaded = Loaded { sources, files: vec![LoadedFile { id, explicit: true }], ..Loaded::default() };
    let settings = settings(&root().join(PATH), None);
    let analysis = engine::analyze(loaded, &Catalog::builtin(), &settings);
    let lines: Vec<&str> = text.lines().collect();
    let on_line = |line: u32| lines[line as usize - 1].trim().to_string();
    findings(&analysis).into_iter().map(|found| (found.rule, on_line(found.line))).collect()
}

/// Replaces one line (removes it for an empty text) and looks for a rule at the line of the given text.
#[track_caller]
fn check(line: &str, instead: &str, rule: &str, at: &str) {
    let text = written();
    assert!(text.contains(&format!("{line}\n")), "the fixture has no line `{line}`");
    let indent = text.lines().find(|other| other.trim() == line).map_or(0, |other| other.len() - line.len());
    let old = format!("{}{line}\n", " ".repeat(indent));
    let new = if instead.is_empty() { String::new() } else { format!("{}{instead}\n", " ".repeat(indent)) };
    let found = found(&text.replace(&old, &new));
    let wanted = (rule.to_string(), at.to_string());
    assert!(found.contains(&wanted), "`{line}` -> `{instead}`: {wanted:?} is not among {found:#?}");
}

#[test]
fn it_is_accepted_as_it_stands() {
    assert_eq!(found(&written()), []);
}

#[test]
fn protocol() {
    check("Protocol: HTTP", "Protocol: HTTPS", "target-group-https-to-plaintext", "Protocol: HTTPS");
    check("Protocol: HTTP", "Protocol: HTTPS", "health-check-tls-mismatch", "HealthCheckProtocol: HTTP");
    let rule = "target-group-protocol-version-without-http";
    check("Protocol: HTTP", "Protocol: TCP", rule, "ProtocolVersion: GRPC");
}

#[test]
fn protocol_version() {
    let line = "ProtocolVersion: GRPC";
    check(line, "ProtocolVersion: HTTP1", "target-group-http1", "ProtocolVersion: HTTP1");
    check(line, "ProtocolVersion: HTTP2", "target-group-http2", "ProtocolVersion: HTTP2");
    check(line, "ProtocolVersion: gRPC", "target-group-invalid-protocol-version", "ProtocolVersion: gRPC");
    check(line, "", "target-group-http1", "HubTargetGroup:");
    check(line, "", "health-check-grpc-matcher-without-grpc", "GrpcCode: 0");
}

#[test]
fn health_check_path() {
    let line = "HealthCheckPath: /grpc.health.v1.Health/Check";
    check(line, "HealthCheckPath: /healthz", "health-check-path-not-a-method", "HealthCheckPath: /healthz");
    check(line, "", "health-check-matcher-excludes-unimplemented", "GrpcCode: 0");
    let misspelled = "HealthCheckPath: /grpc.health.v1.health/check";
    check(line, misspelled, "health-check-misspelled-path", misspelled);
    let watch = "HealthCheckPath: /grpc.health.v1.Health/Watch";
    check(line, watch, "health-check-streaming-method", watch);
}

#[test]
fn health_check_enabled() {
    let broken = "HealthCheckEnabled: false";
    check("HealthCheckEnabled: true", broken, "health-check-disabled", broken);
}

#[test]
fn health_check_port() {
    let broken = "HealthCheckPort: 8080";
    check("HealthCheckPort: traffic-port", broken, "health-check-on-other-port", broken);
}

#[test]
fn target_type() {
    let broken = "TargetType: lambda";
    check("TargetType: ip", broken, "target-group-unsupported-target-type", broken);
}

#[test]
fn health_check_protocol() {
    let rule = "health-check-unsupported-protocol";
    check("HealthCheckProtocol: HTTP", "HealthCheckProtocol: TCP", rule, "HealthCheckProtocol: TCP");
    let rule = "health-check-tls-mismatch";
    check("HealthCheckProtocol: HTTP", "HealthCheckProtocol: HTTPS", rule, "HealthCheckProtocol: HTTPS");
}

#[test]
fn matcher() {
    let line = "GrpcCode: 0";
    check(line, "GrpcCode: 12", "health-check-matcher-excludes-ok", "GrpcCode: 12");
    check(line, "GrpcCode: 0-99", "health-check-matcher-too-wide", "GrpcCode: 0-99");
    check(line, "GrpcCode: 20", "health-check-matcher-never-matches", "GrpcCode: 20");
    check(line, "GrpcCode: 200", "health-check-invalid-matcher", "GrpcCode: 200");
    check(line, "HttpCode: 200", "health-check-http-matcher", "HttpCode: 200");
}
