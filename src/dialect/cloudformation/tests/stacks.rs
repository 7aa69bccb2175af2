//! Nested stacks and exports: what flows between the templates of a project.

use super::{lower, print};
use crate::dialect::{File, Platforms};
use crate::document::Format;
use crate::model::Model;
use crate::source::FileId;
use crate::syntax;

/// The models of several templates, by path.
#[track_caller]
fn of_files(files: &[(&str, &str)]) -> Vec<Model> {
    let parse = |(_, text): &(&str, &str)| syntax::parse(FileId(0), Format::Yaml, &(*text).into()).0;
    let documents: Vec<_> = files.iter().map(parse).collect();
    let files: Vec<File<'_>> =
        files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
    lower(&files, &Platforms::default()).models
}

/// A value of the first model of several templates.
#[track_caller]
fn check_files(files: &[(&str, &str)], id: &str, path: &[&str], expected: &str) {
    let model = of_files(files).remove(0);
    let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
    let at = model.values.at(model.root, &["Resources", id]).and_then(|found| model.values.at(found, path));
    let found = at.map_or_else(|| "absent".to_string(), |value| print(&model, value));
    assert_eq!(found, expected, "{path:?} of {id} among {ids:?}");
}

const INNER: &str = "
Parameters: {Version: {Type: String, Default: HTTP1}, Ports: {Type: CommaDelimitedList, Default: '1,2'}}
Conditions: {IsGrpc: !Equals [!Ref Version, GRPC]}
Resources:
  G: {Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: {ProtocolVersion: !Ref Version, Port: !Select [0, !Ref Ports]}}
  Extra: {Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Condition: IsGrpc}
Outputs: {Arn: {Value: !Ref G}}
";

#[test]
fn nested_stacks_take_values_and_give_values() {
    let outer = |parameters: &str| {
        format!(
            "Resources:\n  S: {{Type: 'AWS::CloudFormation::Stack', Properties: {{TemplateURL: in/inner.yaml{parameters}}}}}\n  \
             L: {{Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: {{A: !GetAtt S.Outputs.Arn, B: !Ref S}}}}\n"
        )
    };
    let check = |parameters: &str, id: &str, path: &[&str], expected: &str| {
        let outer = outer(parameters);
        check_files(&[("/t/in/inner.yaml", INNER), ("/t/outer.yaml", &outer)], id, path, expected);
    };
    let version = ["Properties", "ProtocolVersion"];
    check("", "S/G", &version, "'HTTP1'");
    check("", "S/Extra", &["Type"], "absent");
    check("", "L", &["Properties", "A"], "->S/G");
    check("", "S/G", &["Exported"], "false");
    check(", Parameters: {Version: GRPC, Ports: '50051,50052'}", "S/G", &version, "'GRPC'");
    check(", Parameters: {Version: GRPC, Ports: '50051,50052'}", "S/G", &["Properties", "Port"], "'50051'");
    check(", Parameters: {Version: GRPC}", "S/Extra", &["Exported"], "false");
    check(", Parameters: {Version: !Ref X}", "S/G", &version, "?Expression");
    check(", Parameters: !If [A, {}, {}]", "S/G", &version, "?Parameter");
}

#[test]
fn imports_find_the_stack_that_exports() {
    let exporter = |name: &str| {
        format!("{INNER}  N: {{Value: !Ref G, Export: {{Name: {name}}}}}\n")
            .replace("Outputs: {Arn: {Value: !Ref G}}", "Outputs:")
    };
    let importer = |name: &str| {
        format!(
            "Parameters: {{S: {{Type: String}}}}\nResources:\n  L: {{Type: 'AWS::ElasticLoadBalancingV2::Listener', \
             Properties: {{A: !ImportValue {name}}}}}\n"
        )
    };
    let check = |paths: &[&str], export: &str, import: &str, expected: &str| {
        let (exporter, importer) = (exporter(export), importer(import));
        let mut files = vec![("/t/a.yaml", importer.as_str())];
        files.extend(paths.iter().map(|path| (*path, exporter.as_str())));
        check_files(&files, "L", &["Properties", "A"], expected);
    };
    check(&["/t/b.yaml"], "group", "group", "->G");
    check(&["/t/b.yaml"], "group", "other", "?Outside");
    check(&["/u/b.yaml"], "group", "group", "->G");
    check(&["/u/b.yaml", "/v/b.yaml"], "group", "group", "?Outside");
    check(&["/t/b.yaml", "/v/b.yaml"], "group", "group", "->G");
    let (export, import) = ("!Sub '${AWS::StackName}-Group'", "{'Fn::Sub': '${S}-Group'}");
    check(&["/t/b.yaml"], export, import, "->G");
    check(&["/t/b.yaml"], export, "net-Group", "->G");
    check(&["/u/b.yaml"], export, import, "?Outside");
    check(&["/t/b.yaml", "/t/c.yaml"], export, import, "?Outside");
    check(&["/t/b.yaml"], export, "{'Fn::Sub': '${S}-Other'}", "?Outside");
}

#[test]
fn stacks_that_nest_or_import_each_other_end() {
    let stack = |path: &str| {
        format!(
            "Resources:\n  S: {{Type: 'AWS::CloudFormation::Stack', Properties: {{TemplateURL: {path}}}}}\n"
        )
    };
    let (a, b) = (stack("b.yaml"), stack("./a.yaml"));
    let models = of_files(&[("/t/a.yaml", &a), ("/t/b.yaml", &b)]);
    assert_eq!(models.len(), 1);
    assert_eq!(models[0].resources.len(), 2, "the second time it is not followed");
    let importing = |own: &str, other: &str| {
        format!(
            "Resources:\n  L: {{Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: {{A: !ImportValue {other}}}}}\n\
             Outputs: {{O: {{Value: !Ref L, Export: {{Name: {own}}}}}}}\n"
        )
    };
    let (a, b) = (importing("aaa", "bbb"), importing("bbb", "aaa"));
    assert_eq!(of_files(&[("/t/a.yaml", &a), ("/t/b.yaml", &b)]).len(), 2);
}
