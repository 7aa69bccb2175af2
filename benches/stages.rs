//! Each stage by itself, over inputs that are made here: `cargo bench --bench stages`.
//!
//! What a whole run costs, beside parsers and peers, is `benches/compare.py`'s business.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::dialect::{self, Dialect, File, Platforms};
use grpc_guard::document::Format;
use grpc_guard::engine;
use grpc_guard::policy::Subject;
use grpc_guard::report::{self, Options};
use grpc_guard::source::FileId;
use grpc_guard::source::read::{self, ReadOptions};
use grpc_guard::syntax;

fn main() {
    divan::main();
}

/// Services of a template: each has a target group, a rule, a task definition with a log group and a role.
const SERVICES: [usize; 2] = [10, 1_000];

/// A template in YAML. Every tenth service speaks gRPC and is set up wrongly.
fn yaml(n_services: usize) -> String {
    let mut text = String::from(
        "Resources:\n  Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties: {Port: 443, Protocol: HTTPS}\n",
    );
    for n in 0..n_services {
        let (port, name) = if n % 10 == 0 { (50051, "grpc") } else { (8080, "web") };
        let _ = write!(
            text,
            "  Group{n}:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: {port}
      Protocol: HTTP
      TargetType: ip
      HealthCheckPath: /health
      Matcher:
        HttpCode: 200-299
      Tags:
      - Key: service
        Value: service-{n}
  Rule{n}:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: {priority}
      Conditions:
      - Field: path-pattern
        Values: [/service{n}/*]
      Actions:
      - Type: forward
        TargetGroupArn: !Ref Group{n}
  Log{n}:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /ecs/${{AWS::StackName}}/{n}
      RetentionInDays: 7
  Task{n}:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: service-{n}
      ContainerDefinitions:
      - Name: main
        Image: registry.example.com/service:{n}
        PortMappings:
        - ContainerPort: {port}
          Name: {name}
        Environment:
        - Name: STAGE
          Value: prod
",
            priority = n + 1,
        );
    }
    text
}

/// The same template in JSON, as far as a benchmark of the parser cares.
fn json(n_services: usize) -> String {
    let mut text = String::from("{\"Resources\": {");
    for n in 0..n_services {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}\n  \"Group{n}\": {{\n    \"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\",\n    \"Properties\": \
             {{\"Port\": 50051, \"Protocol\": \"HTTP\", \"Matcher\": {{\"HttpCode\": \"200\"}}, \"Tags\": [{{\"Key\": \
             \"service\", \"Value\": \"service-{n}\"}}]}}\n  }}"
        );
    }
    text.push_str("\n}}\n");
    text
}

fn settled(text: &str, format: Format) -> grpc_guard::document::Document {
    syntax::parse(FileId(0), format, &Arc::from(text)).0
}

fn lowered(text: &str) -> dialect::Lowered {
    let document = settled(text, Format::Yaml);
    let files = [File { path: "template.yaml", document: &document }];
    dialect::lower(Dialect::CloudFormation, &files, &Platforms::default())
}

/// A directory of its own with one template in `n_files` files.
fn directory(n_files: usize) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for n in 0..n_files {
        std::fs::write(dir.path().join(format!("{n}.yaml")), yaml(10)).expect("writable");
    }
    let paths = vec![dir.path().to_path_buf()];
    (dir, paths)
}

#[divan::bench]
fn discover(bencher: Bencher) {
    let (_dir, paths) = directory(100);
    bencher.bench_local(|| read::read(black_box(&paths), &ReadOptions::default()));
}

#[divan::bench(args = SERVICES)]
fn prefilter(bencher: Bencher, n_services: usize) {
    let text = yaml(n_services);
    let bytes = BytesCount::of_str(&text);
    bencher.counter(bytes).bench_local(|| dialect::candidates("template.yaml", black_box(&text)));
}

#[divan::bench(args = SERVICES)]
fn parse_yaml(bencher: Bencher, n_services: usize) {
    let text: Arc<str> = Arc::from(yaml(n_services));
    let bytes = BytesCount::of_str(&text);
    bencher.counter(bytes).bench_local(|| syntax::parse(FileId(0), Format::Yaml, black_box(&text)));
}

#[divan::bench(args = SERVICES)]
fn parse_yaml_fully(bencher: Bencher, n_services: usize) {
    let text: Arc<str> = Arc::from(yaml(n_services));
    let bytes = BytesCount::of_str(&text);
    bencher.counter(bytes).bench_local(|| syntax::parse_yaml_fully(FileId(0), black_box(&text)));
}

#[divan::bench(args = SERVICES)]
fn parse_json(bencher: Bencher, n_services: usize) {
    let text: Arc<str> = Arc::from(json(n_services));
    let bytes = BytesCount::of_str(&text);
    bencher.counter(bytes).bench_local(|| syntax::parse(FileId(0), Format::Json, black_box(&text)));
}

#[divan::bench(args = SERVICES)]
fn lower(bencher: Bencher, n_services: usize) {
    let document = settled(&yaml(n_services), Format::Yaml);
    let files = [File { path: "template.yaml", document: &document }];
    bencher.bench_local(|| dialect::lower(Dialect::CloudFormation, black_box(&files), &Platforms::default()));
}

#[divan::bench]
fn compile_builtin_rules(bencher: Bencher) {
    bencher
        .with_inputs(Catalog::builtin)
        .bench_local_values(|catalog| catalog.rules().map(|rule| rule.meta().summary.len()).sum::<usize>());
}

#[divan::bench(args = SERVICES)]
fn evaluate(bencher: Bencher, n_services: usize) {
    let catalog = Catalog::builtin();
    let lowered = lowered(&yaml(n_services));
    bencher.bench_local(|| {
        for model in &lowered.models {
            let subject = Subject::new(&model.values, model.root);
            let has = |name: &str| model.resources.iter().any(|resource| resource.type_name == name);
            for rule in catalog.rules().filter(|rule| rule.can_apply(has)) {
                black_box(rule.file.evaluate_on(&subject));
            }
        }
    });
}

#[divan::bench]
fn report(bencher: Bencher) {
    let (_dir, paths) = directory(100);
    let loaded = read::read(&paths, &ReadOptions::default());
    let analysis = engine::analyze(loaded, &Catalog::builtin(), &Settings::default());
    bencher.bench_local(|| {
        let mut out = Vec::new();
        report::write(report::Format::Json, &analysis, &[], &mut out, &Options::default())
            .expect("memory takes all bytes");
        out
    });
}
