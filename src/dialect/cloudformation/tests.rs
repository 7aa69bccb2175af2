//! What templates give: short templates and the values that they resolve to, one for each scenario.

mod properties;
mod stacks;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{detect, lower};
use crate::dialect::{File, Platforms};
use crate::document::{Document, Format};
use crate::model::{Data, Model, ValueId};
use crate::source::FileId;
use crate::syntax;

fn parse(text: &str) -> Document {
    let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
    syntax::parse(FileId(0), format, &Arc::from(text)).0
}

fn models(text: &str) -> Vec<Model> {
    let document = parse(text);
    lower(&[File { path: "template.yaml", document: &document }], &Platforms::default()).models
}

/// A value in short: `->Id` is a reference, `?Why` is unknown.
fn print(model: &Model, value: ValueId) -> String {
    let values = &model.values;
    match values.data(value) {
        Data::Null => "null".to_string(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => value.to_string(),
        Data::Text(text) => format!("'{text}'"),
        Data::List(items) => {
            let items: Vec<String> = items.iter().map(|item| print(model, *item)).collect();
            format!("[{}]", items.join(", "))
        }
        Data::Map(entries) => {
            let mut text = String::new();
            for entry in entries {
                let comma = if text.is_empty() { "" } else { ", " };
                let _ = write!(text, "{comma}{}: {}", values.key_text(entry.key), print(model, entry.value));
            }
            format!("{{{text}}}")
        }
        Data::Reference(idx) => format!("->{}", model.resource(idx).id),
        Data::Unknown(why) => match values.known_parts(value) {
            Some(parts) => format!("?{why:?} '{parts}'"),
            None => format!("?{why:?}"),
        },
    }
}

/// The value at a path below `Resources` in each scenario.
fn resolved(template: &str, path: &str) -> String {
    let path: Vec<&str> = path.split('.').collect();
    let show = |model: &Model| {
        let resources = model.values.get(model.root, "Resources").expect("every model has resources");
        model.values.at(resources, &path).map_or("absent".to_string(), |value| print(model, value))
    };
    models(template).iter().map(show).collect::<Vec<_>>().join(" | ")
}

#[track_caller]
fn check(template: &str, path: &str, expected: &str) {
    assert_eq!(resolved(template, path), expected, "{path} in\n{template}");
}

const HEAD: &str = "
Parameters:
  Name: {Type: String, Default: orders}
  Port: {Type: Number, Default: 50051}
  TextPort: {Type: String, Default: 50051}
  Open: {Type: String}
  Names: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Ports: {Type: List<Number>, Default: '1,2'}
  None: {Type: CommaDelimitedList, Default: ''}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /orders/name}
  Secret: {Type: String, NoEcho: true, Default: hush}
  Vpc: {Type: 'AWS::EC2::VPC::Id'}
  Only: {Type: String, AllowedValues: [GRPC]}
  Either: {Type: String, AllowedValues: [GRPC, HTTP2]}
Mappings:
  Stages:
    orders: {Port: 8080, Names: [x, y]}
    '123': {Port: '9'}
";

/// What a value of a property gives, with the parameters of `HEAD` and a target group `Group`.
#[track_caller]
fn gives(value: &str, expected: &str) {
    let template = format!(
        "{HEAD}
Resources:
  Group: {{Type: 'AWS::ElasticLoadBalancingV2::TargetGroup'}}
  Sg: {{Type: 'AWS::EC2::SecurityGroup'}}
  Child: {{Type: 'AWS::CloudFormation::Stack'}}
  It: {{Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: {{Value: {value}}}}}
"
    );
    check(&template, "It.Properties.Value", expected);
}

#[test]
fn scalars_have_the_types_of_the_core_schema() {
    gives("80", "80");
    gives("'80'", "'80'");
    gives("!!str 80", "'80'");
    gives("true", "true");
    gives("yes", "'yes'");
    gives("1.5", "1.5");
    gives("[a, 1, {b: c}]", "['a', 1, {b: 'c'}]");
    gives("'{{resolve:ssm:/x}}'", "?Outside");
}

#[test]
fn ref_of_parameters() {
    gives("!Ref Name", "'orders'");
    gives("{Ref: Name}", "'orders'");
    gives("!Ref Port", "50051");
    gives("!Ref TextPort", "'50051'");
    gives("!Ref Open", "?Parameter");
    gives("!Ref Vpc", "?Parameter");
    gives("!Ref Only", "'GRPC'");
    gives("!Ref Either", "?Parameter");
    gives("!Ref Names", "['a', 'b', 'c']");
    gives("!Ref Ports", "[1, 2]");
    gives("!Ref None", "[]");
    gives("!Ref Stored", "?Parameter");
    gives("!Ref Secret", "?Parameter");
    gives("!Ref 'AWS::Region'", "?Outside");
    gives("!Ref 'AWS::NoValue'", "absent");
    gives("[a, !Ref 'AWS::NoValue']", "['a']");
    gives("!Ref Nowhere", "?Expression");
    gives("!Ref [Name]", "?Expression");
    gives("!Ref {Fn::Sub: 'Na${!x}'}", "?Expression");
    gives("!Ref {Fn::Join: ['', [Na, me]]}", "'orders'");
    gives("{Ref: !Join ['', [Na, me]]}", "'orders'");
    gives("{Fn::GetAtt: [!Join ['', [Gr, oup]], TargetGroupArn]}", "->Group");
}

#[test]
fn references_to_resources() {
    gives("!Ref Group", "->Group");
    gives("!Sub '${Group}'", "->Group");
    gives("!Sub ['${G}', {G: !Ref Group}]", "->Group");
    gives("!Join ['', [!Ref Group]]", "->Group");
    gives("!Select [0, [!Ref Group]]", "->Group");
    gives("!GetAtt Group.TargetGroupArn", "->Group");
    gives("{Fn::GetAtt: [Group, TargetGroupArn]}", "->Group");
    gives("!GetAtt [Group, TargetGroupName]", "?Computed");
    gives("!GetAtt Group.TargetGroupFullName", "?Computed");
    gives("!GetAtt Group.LoadBalancerArns", "?Computed");
    gives("!GetAtt Sg.GroupId", "->Sg");
    gives("!GetAtt Sg.VpcId", "?Computed");
    gives("!GetAtt Child.Outputs.GroupArn", "?Outside");
    gives("!GetAtt Nowhere.Arn", "?Expression");
    gives("!GetAtt Group", "?Expression");
    gives("!Sub 'arn-${Group}'", "?Computed 'arn-…'");
    gives("!Sub '${Group.TargetGroupArn}'", "->Group");
}

#[test]
fn functions_on_text() {
    gives("!Sub '${Name}-grpc'", "'orders-grpc'");
    gives("!Sub ['${Name}-${Other}', {Other: !Ref Port}]", "'orders-50051'");
    gives("{Fn::Sub: ['${Name}', {Name: mine}]}", "'mine'");
    gives("!Sub '${!Name}'", "'${Name}'");
    gives("!Sub 'a${!B}c'", "'a${B}c'");
    gives("!Sub '${Open}-grpc'", "?Parameter '…-grpc'");
    gives("!Sub '${AWS::StackName}-grpc'", "?Outside '…-grpc'");
    gives("!Sub '${AWS::StackName}/${Open}'", "?Outside");
    gives("!Join ['-', [!Sub '${Open}.a', b]]", "?Parameter '….a-b'");
    gives("!Sub plain", "'plain'");
    gives("!Sub ''", "''");
    gives("!Sub []", "?Expression");
    gives("!Join ['-', [a, !Ref Name, 1, true]]", "'a-orders-1-true'");
    gives("!Join ['-', !Ref Names]", "'a-b-c'");
    gives("!Join ['-', [a, !Ref Open]]", "?Parameter 'a-…'");
    gives("!Join ['-', [a, !Ref 'AWS::NoValue']]", "'a'");
    gives("!Join ['-']", "?Expression");
    gives("!Join [',', [!Join ['.', [a, b]], c]]", "'a.b,c'");
    gives("!Split [',', 'a,b']", "['a', 'b']");
    gives("!Split ['', 'a']", "?Expression");
    gives("!Select [1, !Ref Names]", "'b'");
    gives("!Select ['1', !Split ['|', 'a|b']]", "'b'");
    gives("!Select [9, !Ref Names]", "?Expression");
    gives("!Select [-1, !Ref Names]", "?Expression");
    gives("!Select [!Ref Open, !Ref Names]", "?Expression");
    gives("{Fn::Base64: grpc}", "'Z3JwYw=='");
    gives("{Fn::Base64: {Fn::Sub: '${Name}!'}}", "'b3JkZXJzIQ=='");
    gives("!Base64 {Fn::Sub: 'x${Open}'}", "?Parameter");
    gives("{Fn::Length: !Ref Names}", "3");
    gives("{Fn::Length: [1, 2]}", "2");
    gives("{Fn::ToJsonString: {a: [1, !Ref Name]}}", r#"'{"a":[1,"orders"]}'"#);
    gives("{Fn::ToJsonString: {a: !Ref Group}}", "?Computed");
}

#[test]
fn mappings() {
    gives("!FindInMap [Stages, orders, Port]", "8080");
    gives("!FindInMap [Stages, !Ref Name, Port]", "8080");
    gives("!FindInMap [Stages, 123, Port]", "'9'");
    gives("!FindInMap [Stages, orders, Names]", "['x', 'y']");
    gives("!FindInMap [Stages, !Ref 'AWS::Region', Port]", "?Outside");
    gives("!FindInMap [Stages, orders, None]", "?Expression");
    gives("!FindInMap [Stages, orders, None, {DefaultValue: 7}]", "7");
    gives("!FindInMap [None]", "?Expression");
}

#[test]
fn what_the_template_does_not_settle() {
    gives("!ImportValue net-Vpc", "?Outside");
    gives("!GetAZs ''", "?Outside");
    gives("!Cidr [10.0.0.0/16, 4, 8]", "?Expression");
    gives("{Fn::Transform: {Name: Mine}}", "?Expression");
    gives("{a: 1, Fn::Transform: {Name: 'AWS::Include'}}", "?Expression");
    gives("{Fn::Unheard: 1}", "?Expression");
    gives("!Unheard 1", "?Expression");
    gives("!If [NoSuchCondition, a, b]", "?Condition");
    gives("!If [a]", "?Expression");
}

const CONDITIONS: &str = "
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [test, dev, prod]}
  Tls: {Type: String, Default: 'false'}
  Certificate: {Type: String, Default: ''}
  Needed: {Type: String}
  Flag: {Type: String, AllowedValues: [true, false]}
  Certificates: {Type: CommaDelimitedList, Default: ''}
Mappings:
  Stages: {dev: {Tls: false}, test: {Tls: false}, prod: {Tls: true}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
  HasTls: !Equals [!Ref Tls, 'true']
  HasCertificate: !Not [!Equals [!Ref Certificate, '']]
  HasNeeded: !Not [!Equals ['', !Ref Needed]]
  IsFlag: !Equals [!Ref Flag, 'true']
  Both: !And [!Condition IsProd, !Condition HasTls]
  Either: !Or [{Condition: IsProd}, {Condition: HasTls}]
  MapTls: !Equals [!FindInMap [Stages, !Ref Stage, Tls], true]
  HasCertificates: !Not [!Equals [!Join ['', !Ref Certificates], '']]
  IsUs: !Equals [!Ref 'AWS::Region', us-east-1]
  IsImported: !Equals [!ImportValue Stage, a]
  IsOther: !Equals [b, !ImportValue Stage]
  IsAws: !Equals [!Ref 'AWS::Partition', aws]
  Self: !Not [!Condition Self]
  Ping: !Not [!Condition Pong]
  Pong: !Not [!Condition Ping]
  Malformed: !Equals [a]
  Always: !Equals [a, a]
";

/// What a value gives in each scenario of the conditions that it asks for.
#[track_caller]
fn scenarios(value: &str, expected: &str) {
    let resource = format!("Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: {{Value: {value}}}");
    check(&format!("{CONDITIONS}\nResources:\n  It: {{{resource}}}\n"), "It.Properties.Value", expected);
}

#[test]
fn each_scenario_has_its_branch_and_the_defaults_come_first() {
    scenarios("x", "'x'");
    scenarios("!If [HasTls, HTTPS, HTTP]", "'HTTP' | 'HTTPS'");
    scenarios("{Fn::If: [HasCertificate, 443, 80]}", "80 | 443");
    scenarios("!If [HasNeeded, 1, 0]", "1 | 0");
    scenarios("!If [IsFlag, 1, 0]", "1 | 0");
    scenarios("!If [Always, 1, 0]", "1");
    scenarios("!If [IsAws, 1, 0]", "1 | 0");
    scenarios("!If [IsUs, !Ref 'AWS::Region', 0]", "0 | 'us-east-1'");
    scenarios("!If [HasTls, [{A: 1}], !Ref 'AWS::NoValue']", "absent | [{A: 1}]");
    scenarios("!If [Both, 1, 0]", "0 | 1");
    scenarios("!If [Either, 1, 0]", "0 | 1");
    scenarios("!If [MapTls, 1, 0]", "0 | 1");
    scenarios("!If [HasCertificates, 1, 0]", "0 | 1");
    scenarios("!If [{Fn::Equals: [a, a]}, 1, 0]", "1");
}

#[test]
fn a_parameter_has_one_value_in_a_scenario() {
    scenarios("[!If [IsProd, 1, 0], !Ref Stage]", "[0, 'dev'] | [1, 'prod']");
    scenarios("[!If [IsProd, p, no], !If [IsTest, t, no]]", "['no', 'no'] | ['p', 'no'] | ['no', 't']");
    scenarios("[!If [IsImported, 1, 0], !If [IsOther, 1, 0]]", "[0, 0] | [1, 0] | [0, 1]");
    scenarios("[!If [HasCertificate, 1, 0], !Ref Certificate]", "[0, ''] | [1, ?Parameter]");
    scenarios("[!If [Either, 1, 0], !Ref Stage, !Ref Tls]", "[0, 'dev', 'false'] | [1, 'prod', ?Parameter]");
    scenarios("[!If [HasTls, 1, 0], !Ref Stage]", "[0, 'dev'] | [1, ?Parameter]");
}

#[test]
fn conditions_without_a_truth() {
    scenarios("!If [Self, 1, 0]", "?Condition");
    scenarios("!If [Ping, 1, 0]", "?Condition");
    scenarios("!If [Malformed, 1, 0]", "?Condition");
}

#[test]
fn conditional_resources() {
    let template = format!(
        "{CONDITIONS}
Resources:
  Group: {{Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Condition: HasTls}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    DependsOn: [Group]
    Properties: {{A: !Ref Group, B: !If [HasTls, !GetAtt Group.TargetGroupArn, b]}}
"
    );
    check(&template, "Group.Type", "absent | 'AWS::ElasticLoadBalancingV2::TargetGroup'");
    check(&template, "Listener.Properties", "{A: ?Condition, B: 'b'} | {A: ->Group, B: ->Group}");
}

#[test]
fn only_conditions_of_what_carries_traffic_make_scenarios() {
    let template = format!(
        "{CONDITIONS}
Resources:
  Bucket: {{Type: 'AWS::S3::Bucket', Condition: IsProd, Properties: {{A: !If [HasTls, 1, 0]}}}}
  Topic: {{Type: 'AWS::SNS::Topic', Properties: {{A: !If [HasTls, 1, 0]}}}}
"
    );
    check(&template, "Bucket.Type", "absent");
    check(&template, "Topic.Properties.A", "0");
}

#[test]
fn scenarios_are_bounded_and_begin_with_the_defaults() {
    let mut template = String::from("Parameters:\n");
    for at in 0..40 {
        let _ = writeln!(template, "  P{at}: {{Type: String, Default: 'no'}}");
    }
    template.push_str("Conditions:\n");
    for at in 0..40 {
        let _ = writeln!(template, "  C{at}: !Equals [!Ref P{at}, 'yes']");
    }
    template.push_str("Resources:\n  It:\n    Type: AWS::ECS::Service\n    Properties:\n");
    for at in 0..40 {
        let _ = writeln!(template, "      V{at}: !If [C{at}, 1, 0]");
    }
    let found = resolved(&template, "It.Properties.V39");
    let found: Vec<&str> = found.split(" | ").collect();
    assert_eq!(found.len(), 64);
    assert_eq!(found[0], "0");
    let changes = found[..41].iter().filter(|value| **value == "1").count();
    assert_eq!(changes, 1, "one choice at a time comes first");
}

#[test]
fn loops_are_unrolled() {
    let template = "
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'Orders,Users'}
  Open: {Type: CommaDelimitedList}
Resources:
  Fn::ForEach::Groups:
    - Name
    - !Ref Names
    - '${Name}Group':
        Type: AWS::ElasticLoadBalancingV2::TargetGroup
        Properties:
          Name: !Sub '${Name}-grpc'
          Own: !Ref Name
          Fn::ForEach::Ports:
            - Number
            - ['1', '2']
            - 'P${Number}${Name}': !Ref Number
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {A: !Ref OrdersGroup}
";
    let orders = "{Name: 'Orders-grpc', Own: 'Orders', P1Orders: '1', P2Orders: '2'}";
    check(template, "OrdersGroup.Properties", orders);
    check(template, "UsersGroup.Properties.Own", "'Users'");
    check(template, "Listener.Properties.A", "->OrdersGroup");
    check(&template.replace("- !Ref Names", "- !Ref Open"), "OrdersGroup", "absent");
    check(&template.replace("- !Ref Names", "- !Ref Open"), "Listener.Exported", "true");
    check(&template.replace("['1', '2']", "!Ref Open"), "OrdersGroup.Properties", "?Expression");
}

#[test]
fn uses_that_the_model_does_not_know() {
    let template =
        |rest: &str| format!("Resources:\n  G: {{Type: 'AWS::ElasticLoadBalancingV2::TargetGroup'}}\n{rest}");
    let exported = |rest: &str, expected: &str| check(&template(rest), "G.Exported", expected);
    exported("", "false");
    exported("Outputs: {A: {Value: !Ref G}}", "true");
    exported("Outputs: {A: {Value: !Sub 'x${G.TargetGroupName}'}}", "true");
    exported("Outputs: {A: {Value: x}}", "false");
    exported(
        "  D: {Type: 'AWS::CodeDeploy::DeploymentGroup', Properties: {A: !GetAtt G.TargetGroupName}}",
        "true",
    );
    exported("  D: {Type: 'AWS::CloudFormation::Stack', Properties: {Parameters: {A: !Ref G}}}", "true");
    let known = "{LoadBalancers: [{ContainerName: a, ContainerPort: 1, TargetGroupArn: !Ref G}]}";
    exported(&format!("  D: {{Type: 'AWS::ECS::Service', Properties: {known}}}"), "false");
    exported("  D: {Type: 'AWS::ECS::Service', Properties: {A: !Sub 'x${G}'}}", "true");
    exported("  D: {Type: 'AWS::ECS::Service', Properties: {A: !If [No, !Ref G, x]}}", "true");
    exported("Transform: [MyMacro]", "true");
    exported("Transform: AWS::Serverless-2016-10-31", "false");
    exported("  Fn::Transform: {Name: 'AWS::Include'}", "true");
}

#[test]
fn json_gives_the_same() {
    let template = r#"{
 "Parameters": {"P": {"Type": "String", "Default": "x"}},
 "Resources": {
  "G": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 50051, "Name": {"Fn::Sub": "${P}-grpc"}}},
  "L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "DependsOn": "G",
        "Properties": {"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "G"}}]}}
 }
}"#;
    check(template, "G.Properties", "{Port: 50051, Name: 'x-grpc'}");
    check(template, "L.Properties.DefaultActions", "[{Type: 'forward', TargetGroupArn: ->G}]");
}

/// The text at the span and at the anchor of a value.
#[track_caller]
fn place(template: &str, path: &str, span: &str, anchor: &str) {
    let model = models(template).remove(0);
    let path: Vec<&str> = ["Resources"].into_iter().chain(path.split('.')).collect();
    let value = model.values.at(model.root, &path).expect("the value is there");
    let place = model.values.place(value);
    assert_eq!((&template[place.span.range()], &template[place.anchor.range()]), (span, anchor));
}

#[test]
fn values_know_their_places() {
    let template = "Parameters: {P: {Type: Number, Default: 1}}
Conditions: {C: !Equals [a, a]}
Mappings: {M: {a: {b: 5}}}
Resources:
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Port: !Ref P
      Protocol: !If [C, HTTP, TCP]
      Matcher:
        GrpcCode: '0'
      Name: {Ref: P}
      Mapped: !FindInMap [M, a, b]
";
    place(template, "Group.Properties.Port", "!Ref P", "Port");
    place(template, "Group.Properties.Protocol", "HTTP", "Protocol");
    place(template, "Group.Properties.Matcher", "GrpcCode: '0'", "Matcher");
    place(template, "Group.Properties.Matcher.GrpcCode", "'0'", "GrpcCode");
    place(template, "Group.Properties.Name", "{Ref: P}", "Name");
    place(template, "Group.Properties.Mapped", "!FindInMap [M, a, b]", "Mapped");
    let model = models(template).remove(0);
    assert_eq!(&template[model.resources[0].name.range()], "Group");
}

#[test]
fn templates_of_one_file_have_scenarios_of_their_own() {
    let one = "Parameters: {P: {Type: String, Default: a}}
Conditions: {C: !Equals [!Ref P, b]}
Resources: {A: {Type: 'AWS::ECS::Service', Condition: C}}
";
    let models = models(&format!("{one}---\n{one}"));
    let scenarios: Vec<(u32, bool, usize)> =
        models.iter().map(|model| (model.part, model.leaves_defaults, model.choices.len())).collect();
    assert_eq!(scenarios, [(0, false, 0), (0, true, 1), (1, false, 0), (1, true, 1)]);
}

#[test]
fn macros_may_add_anything_to_what_they_stand_in() {
    let template =
        "Resources: {A: {Type: 'AWS::ECS::Service', Fn::Transform: {Name: X}, Properties: {B: 1}}}";
    check(template, "A.Properties", "?Expression");
    check(&template.replace("{B: 1}", "!Transform {Name: X}"), "A.Properties", "?Expression");
}

#[track_caller]
fn is_template(text: &str, expected: bool) {
    let document = parse(text);
    let found = document.roots().any(|root| detect("x.yaml", root));
    assert_eq!(found, expected, "{text}");
}

#[test]
fn templates_are_told_from_other_files() {
    is_template("AWSTemplateFormatVersion: '2010-09-09'", true);
    is_template("Resources: {A: {Type: 'AWS::S3::Bucket'}}", true);
    is_template("Resources: {A: {Type: 'Custom::Thing'}}", true);
    is_template("Transform: AWS::Serverless-2016-10-31", true);
    is_template("Transform: [AWS::Serverless-2016-10-31]", true);
    is_template("Resources: {'Fn::ForEach::A': [B, [c], {}]}", true);
    is_template("Resources: {A: {Type: bucket}}", false);
    is_template("Resources: [a, b]", false);
    is_template("Resources: 1", false);
    is_template("Transform: 1", false);
    is_template("{apiVersion: v1, kind: X, Resources: {A: {Type: 'AWS::S3::Bucket'}}}", false);
    is_template("[1]", false);
    is_template("", false);
    is_template("x", false);
}

#[test]
fn odd_templates_do_no_harm() {
    for text in [
        "AWSTemplateFormatVersion: 1",
        "AWSTemplateFormatVersion: 1\nResources: x",
        "AWSTemplateFormatVersion: 1\nResources: [a]",
        "AWSTemplateFormatVersion: 1\nResources: {A: 1, B: [], C: {}, D: {Type: []}, E: {Type: X, Properties: 1}}",
        "AWSTemplateFormatVersion: 1\nParameters: 1\nMappings: [1]\nConditions: x\nOutputs: 3\nTransform: {}",
        "AWSTemplateFormatVersion: 1\nParameters: {A: 1, B: {Type: [], Default: {}, AllowedValues: 1}}",
        "AWSTemplateFormatVersion: 1\nMappings: {A: 1, B: {C: 1}, D: {E: {F: {G: 1}}}}",
        "AWSTemplateFormatVersion: 1\nResources: {Fn::ForEach::A: 1, Fn::ForEach::B: [a, b], Fn::ForEach::C: [a, [b], c]}",
        "AWSTemplateFormatVersion: 1\nResources: {A: {Type: X, DependsOn: {}, Condition: [], Properties: !If []}}",
        "AWSTemplateFormatVersion: 1\nResources: {A: {Type: X, Properties: !Ref 'AWS::NoValue'}}",
    ] {
        assert_eq!(models(text).len(), 1, "{text}");
    }
}

#[track_caller]
fn within(limit: Duration, text: &str) {
    let document = parse(text);
    let start = Instant::now();
    let lowered = lower(&[File { path: "x.yaml", document: &document }], &Platforms::default());
    let elapsed = start.elapsed();
    assert!(!lowered.models.is_empty());
    assert!(elapsed < limit, "{elapsed:?} for {} bytes", text.len());
}

#[test]
fn hostile_templates_are_bounded() {
    let limit = Duration::from_secs(20);
    let many = |make: &dyn Fn(usize) -> String| (0..10_000).map(make).collect::<String>();
    let list = "    Type: AWS::ECS::Service\n    Properties:\n";
    let conditions = many(&|at| format!("  C{at}: !Equals [!Ref P{at}, x]\n"));
    let parameters = many(&|at| format!("  P{at}: {{Type: String}}\n"));
    let uses = many(&|at| format!("      V{at}: !If [C{at}, 1, 0]\n"));
    within(
        limit,
        &format!("Parameters:\n{parameters}Conditions:\n{conditions}Resources:\n  A:\n{list}{uses}"),
    );
    let chain = many(&|at| format!("  C{}: !And [!Condition C{at}, !Condition C{at}]\n", at + 1));
    within(limit, &format!("Conditions:\n{chain}Resources:\n  A:\n{list}{uses}"));
    let operands = many(&|at| format!("!Equals [!Ref P{at}, x],"));
    within(
        limit,
        &format!(
            "Parameters:\n{parameters}Conditions:\n  C0: !Or [{operands}]\nResources:\n  A:\n{list}      V: !If [C0, 1, 0]\n"
        ),
    );
    let numbers = many(&|at| format!("'{at}',"));
    let body = format!(
        "[A, [{numbers}], {{Fn::ForEach::Y: [B, [{numbers}], {{'R${{A}}${{B}}': {{Type: 'AWS::ECS::Service'}}}}]}}]"
    );
    within(limit, &format!("AWSTemplateFormatVersion: 1\nResources:\n  Fn::ForEach::X: {body}\n"));
    let bomb: String = (1..24).map(|at| format!("  C{at}: &c{at} [*c{}, *c{}]\n", at - 1, at - 1)).collect();
    let service = "  S: {Type: 'AWS::ECS::Service', Properties: {A: *c23}}";
    within(limit, &format!("Metadata:\n  C0: &c0 [!If [C, 1, 2]]\n{bomb}Resources:\n{service}\n"));
    let deep = format!("{}1{}", "{Fn::Join: ['', [".repeat(60), "]]}".repeat(60));
    within(limit, &format!("Resources: {{A: {{Type: 'AWS::ECS::Service', Properties: {{A: {deep}}}}}}}"));
}
