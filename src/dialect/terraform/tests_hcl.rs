//! What configuration in HCL becomes, and that every value points at where it is written.

use std::sync::Arc;

use crate::dialect::{File, Lowered, Platforms};
use crate::model::{Model, ValueId};
use crate::source::FileId;
use crate::syntax;

use super::lower;
use super::tests::{property, show};

/// Lowers files, and hands the models to `look`.
fn with<T>(files: &[(&str, &str)], look: impl FnOnce(&Lowered) -> T) -> T {
    let parsed = files.iter().map(|(path, text)| {
        let format = syntax::format_of(path, text).expect("a format");
        let (document, problems) = syntax::parse(FileId(0), format, &Arc::from(*text));
        assert!(problems.is_empty(), "{problems:?}");
        document
    });
    let documents: Vec<_> = parsed.collect();
    let files: Vec<File<'_>> =
        files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
    look(&lower(&files, &Platforms::default()))
}

#[track_caller]
fn found(lowered: &Lowered, id: &str, path: &str) -> Option<(String, ValueId)> {
    let model: &Model = lowered.models.iter().find(|model| model.resources.iter().any(|it| it.id == id))?;
    let value = property(model, id, path)?;
    Some((show(model, value), value))
}

/// The value at a path below a resource; `-` when there is none.
#[track_caller]
fn check(files: &[(&str, &str)], id: &str, path: &str, expected: &str) {
    let told = with(files, |lowered| found(lowered, id, path).map_or("-".to_string(), |(shown, _)| shown));
    assert_eq!(told, expected, "{path} of {id}");
}

/// The value of one file, the text at its place, and the text at its anchor.
#[track_caller]
fn check_place(text: &str, id: &str, path: &str, expected: [&str; 3]) {
    with(&[("a/main.tf", text)], |lowered| {
        let (shown, value) = found(lowered, id, path).unwrap_or_else(|| panic!("no {path} of {id}"));
        let model = lowered.models.iter().find(|model| property(model, id, path).is_some()).expect("a model");
        let place = model.values.place(value);
        assert_eq!(
            [shown.as_str(), &text[place.span.range()], &text[place.anchor.range()]],
            expected,
            "{path}"
        );
    });
}

const GROUP: &str = "aws_lb_target_group.t";

fn group(body: &str) -> String {
    format!("resource \"aws_lb_target_group\" \"t\" {{\n{body}\n}}\n")
}

#[test]
fn values_stand_where_they_are_written() {
    let text = group(
        "  protocol_version = \"GRPC\"\n  health_check {\n    matcher = \"0\" # why\n  }\n  port = 80 + 1\n",
    );
    check_place(&text, GROUP, "Properties/ProtocolVersion", ["\"GRPC\"", "\"GRPC\"", "protocol_version"]);
    check_place(&text, GROUP, "Properties/Matcher/HttpCode", ["\"0\"", "\"0\"", "matcher"]);
    check_place(&text, GROUP, "Properties/Port", ["81", "80 + 1", "port"]);
    let text = "resource \"aws_lb_listener\" \"l\" {\n  default_action {\n    type = \"fixed-response\"\n  }\n  default_action {\n  }\n}";
    check_place(text, "aws_lb_listener.l", "Properties/DefaultActions/1", ["{}", "{\n  }", "default_action"]);
}

#[test]
fn names_lead_to_values() {
    let text = "variable \"v\" {\n  type = string\n  default = \"GRPC\"\n}\nlocals {\n  a = var.v\n}\nlocals {\n  b = { x = [local.a] }\n}\n";
    let with = |used: &str| format!("{text}{}", group(&format!("  protocol_version = {used}")));
    for used in
        ["local.b.x[0]", "\"${local.b.x[0]}\"", "upper(\"grpc\")", "\"G${\"RPC\"}\"", "<<E\nGRPC\nE\n"]
    {
        let expected = if used.starts_with("<<") { "\"GRPC\\n\"" } else { "\"GRPC\"" };
        check(&[("a/main.tf", &with(used))], GROUP, "Properties/ProtocolVersion", expected);
    }
    for (used, why) in
        [("var.other", "?Outside"), ("templatefile(\"x\", {})", "?Expression"), ("data.x.y.z", "?Outside")]
    {
        check(&[("a/main.tf", &with(used))], GROUP, "Properties/ProtocolVersion", why);
    }
    let optional =
        "variable \"o\" {\n  type = object({ version = optional(string, \"GRPC\") })\n  default = {}\n}\n";
    let text = format!("{optional}{}", group("  protocol_version = var.o.version"));
    check(&[("a/main.tf", &text)], GROUP, "Properties/ProtocolVersion", "\"GRPC\"");
}

#[test]
fn instances_and_dynamic_blocks() {
    let text = "resource \"aws_lb_target_group\" \"t\" {\n  for_each = { a = 1, b = 2 }\n  port = each.value\n  \
                dynamic \"health_check\" {\n    for_each = [\"/x\"]\n    content {\n      path = health_check.value\n    }\n  }\n}\n";
    check(&[("a/main.tf", text)], "aws_lb_target_group.t[\"b\"]", "Properties/Port", "2");
    check(&[("a/main.tf", text)], "aws_lb_target_group.t[\"a\"]", "Properties/HealthCheckPath", "\"/x\"");
    let counted = "resource \"aws_lb_target_group\" \"t\" {\n  count = var.on ? 1 : 0\n  port = 1\n}\n";
    check(&[("a/main.tf", counted)], GROUP, "Properties/Port", "1");
}

#[test]
fn containers_of_jsonencode_and_of_a_heredoc() {
    let task = |containers: &str| {
        format!("resource \"aws_ecs_task_definition\" \"d\" {{\n  container_definitions = {containers}\n}}\n")
    };
    let encoded = task(
        "jsonencode([{\n    name = \"app\"\n    portMappings = [\n      { containerPort = 50051 } # it's } gRPC\n    ]\n    image = var.image\n  }])",
    );
    let port = "Properties/ContainerDefinitions/0/PortMappings/0/ContainerPort";
    check_place(&encoded, "aws_ecs_task_definition.d", port, ["50051", "50051", "containerPort"]);
    let image = "Properties/ContainerDefinitions/0/Image";
    check_place(&encoded, "aws_ecs_task_definition.d", image, ["?Outside", "var.image", "image"]);
    let json =
        "[{\"name\": \"a\", \"portMappings\": [{\"containerPort\": 50051}], \"image\": \"${var.image}:1\"}]";
    let heredoc = task(&format!("<<EOF\n{json}\nEOF"));
    check_place(&heredoc, "aws_ecs_task_definition.d", port, ["50051", "50051", "\"containerPort\""]);
    let indented = task(&format!("<<-EOF\n      é\"\n    {json}\n    EOF").replace("      é\"\n", "\n"));
    check_place(&indented, "aws_ecs_task_definition.d", port, ["50051", "50051", "\"containerPort\""]);
    let quoted = task("\"[{\\\"portMappings\\\": [{\\\"containerPort\\\": 50051}]}]\"");
    check_place(&quoted, "aws_ecs_task_definition.d", port, ["50051", "50051", "\\\"containerPort\\\""]);
    let local = format!(
        "locals {{\n  c = [{{ portMappings = [{{ containerPort = 50051 }}] }}]\n}}\n{}",
        task("jsonencode(local.c)")
    );
    check_place(&local, "aws_ecs_task_definition.d", port, ["50051", "50051", "containerPort"]);
}

#[test]
fn a_directory_is_one_module_in_both_syntaxes() {
    let main = group("  protocol_version = local.v\n  port = 80");
    let files = [
        ("a/lb_override.tf", group("  port = 443").leak() as &str),
        ("a/main.tf", &main),
        ("a/locals.tf.json", r#"{"locals": {"v": "${var.v}"}}"#),
        ("a/variables.tofu", "variable \"v\" { default = \"HTTP1\" }"),
    ];
    check(&files, GROUP, "Properties/ProtocolVersion", "\"HTTP1\"");
    check(&files, GROUP, "Properties/Port", "443");
}

#[test]
fn variables_take_their_values_from_files_as_terraform_loads_them() {
    let main = format!("variable \"v\" {{}}\n{}", group("  protocol_version = var.v"));
    let set = |files: &[(&str, &str)], expected: &str| {
        let mut all = vec![("a/main.tf", main.as_str())];
        all.extend(files);
        check(&all, GROUP, "Properties/ProtocolVersion", expected);
    };
    set(&[], "?Parameter");
    set(&[("a/terraform.tfvars", "v = \"GRPC\"\n")], "\"GRPC\"");
    set(
        &[("a/terraform.tfvars", "v = \"GRPC\""), ("a/terraform.tfvars.json", r#"{"v": "HTTP2"}"#)],
        "\"HTTP2\"",
    );
    set(&[("a/terraform.tfvars.json", r#"{"v": "HTTP2"}"#), ("a/a.auto.tfvars", "v = \"GRPC\"")], "\"GRPC\"");
    set(&[("a/a.auto.tfvars", "v = \"GRPC\""), ("a/b.auto.tfvars.json", r#"{"v": "HTTP2"}"#)], "\"HTTP2\"");
    set(&[("b/terraform.tfvars", "v = \"GRPC\"")], "?Parameter");
}

#[test]
fn modules_are_called_and_waited_for() {
    let main = "resource \"aws_lb_listener\" \"l\" {\n}\nmodule \"m\" {\n  source = \"./m\"\n  v = \"GRPC\"\n  depends_on = [aws_lb_listener.l]\n}\n\
                resource \"aws_ecs_service\" \"s\" {\n  depends_on = [module.m]\n}\n";
    let module = format!("variable \"v\" {{}}\n{}", group("  protocol_version = var.v"));
    // Values of files beside a module that is called are nobody's.
    let files = [("a/main.tf", main), ("a/m/main.tf", &module), ("a/m/terraform.tfvars", "v = \"HTTP2\"")];
    check(&files, "module.m.aws_lb_target_group.t", "Properties/ProtocolVersion", "\"GRPC\"");
    with(&files, |lowered| {
        let (group, _) = found(lowered, "module.m.aws_lb_target_group.t", "Links/DependsOn/0/Source/Address")
            .expect("a link");
        assert_eq!(group, "\"aws_lb_listener.l\"");
        let (service, _) =
            found(lowered, "aws_ecs_service.s", "Links/DependsOn/0/Source/Address").expect("a link");
        assert_eq!(service, "\"module.m.aws_lb_target_group.t\"");
    });
}
