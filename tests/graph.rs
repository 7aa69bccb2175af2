//! The ways of the traffic, in every syntax, over a project that holds what a picture must cope with.
//!
//! Only rules with settled words are on. After a wanted change run `INSTA_UPDATE=always cargo test --test graph`.

mod support;

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::engine::{self, Analysis};
use grpc_guard::report::Options;
use grpc_guard::report::graph::{self, GraphFormat};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};

/// Two groups behind one service, a plain listener, a listener whose way is open, and a name that means harm.
const TEMPLATE: &str = r##"
Parameters:
  Elsewhere:
    Type: String
Resources:
  Edge:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internal}
  Plain:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Edge
      Port: 80
      Protocol: HTTP
      DefaultActions:
        - Type: forward
          TargetGroupArn: !Ref Orders
  Open:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Edge
      Port: 443
      Protocol: HTTPS
      Certificates: [{CertificateArn: arn:aws:acm:eu-west-1:123456789012:certificate/1}]
      DefaultActions:
        - Type: forward
          TargetGroupArn: !Ref Elsewhere
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 50051, Protocol: HTTP, ProtocolVersion: GRPC, TargetType: ip}
  Site:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 8080, Protocol: HTTP, TargetType: ip}
  "x\"]; click n0 <b>&\e[31m\\N":
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Protocol: HTTP, ProtocolVersion: GRPC, HealthCheckPath: "/a`\"]b"}
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers:
        - {TargetGroupArn: !Ref Orders, ContainerName: app, ContainerPort: 50051}
        - {TargetGroupArn: !Ref Site, ContainerName: app, ContainerPort: 8080}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: app
          PortMappings: [{ContainerPort: 50051, Name: grpc}, {ContainerPort: 8080}]
"##;

fn analysis() -> Analysis {
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new("shop.yaml", TEMPLATE));
    let loaded = Loaded { sources, files: vec![LoadedFile { id, explicit: true }], ..Loaded::default() };
    let only = ["listener-without-https", "health-check-path-not-a-method"].map(str::to_string);
    let settings = Settings { only: Some(only.into()), traffic: true, ..Settings::default() };
    engine::analyze(loaded, &Catalog::builtin(), &settings)
}

fn drawn(format: GraphFormat) -> String {
    let mut bytes = Vec::new();
    graph::write(format, &analysis(), &mut bytes, &Options::default()).expect("memory takes all");
    String::from_utf8(bytes).expect("a graph is UTF-8")
}

#[test]
fn text() {
    insta::assert_snapshot!(drawn(GraphFormat::Text));
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(drawn(GraphFormat::Mermaid));
}

#[test]
fn dot() {
    insta::assert_snapshot!(drawn(GraphFormat::Dot));
}

#[test]
fn ways_lead_from_clients_to_ports() {
    let analysis = analysis();
    let [traffic] = analysis.traffic.as_slice() else { panic!("one project") };
    for (idx, hop) in traffic.hops.iter().enumerate() {
        assert!(hop.next.iter().all(|next| *next > idx && traffic.hops[*next].stage > hop.stage));
    }
    // The port of the other group is on no way through this one.
    let orders = traffic.hops.iter().find(|hop| hop.name == "Orders").expect("the group is a hop");
    let [service] = orders.next.as_slice() else { panic!("one service") };
    let ports: Vec<&str> =
        traffic.hops[*service].next.iter().map(|port| traffic.hops[*port].name.as_str()).collect();
    assert_eq!(ports, ["Task/app:50051"]);
    let found: usize = traffic.findings(&analysis.diagnostics).iter().map(Vec::len).sum();
    assert_eq!(found, analysis.diagnostics.len());
}
