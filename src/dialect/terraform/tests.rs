//! What configuration and plans become: one short case for each construct.

mod kubernetes;

use std::sync::Arc;

use crate::dialect::{Dialect, File, Lowered, Platforms, detect};
use crate::document::Format;
use crate::model::{Data, Model, ValueId};
use crate::source::{FileId, Span};
use crate::syntax;

use super::lower;

/// Lowers one file and hands the result to `look`.
pub(super) fn with<T>(path: &str, json: &str, look: impl FnOnce(&Lowered) -> T) -> T {
    let (document, problems) = syntax::parse(FileId(0), Format::Json, &Arc::from(json));
    assert!(problems.is_empty(), "{problems:?}");
    let file = File { path, document: &document };
    assert_eq!(detect(&file), Some(Dialect::Terraform), "{json}");
    look(&lower(&[file], &Platforms::default()))
}

/// A value as JSON; `@id` is a reference and `?why` an unknown value.
pub(super) fn show(model: &Model, value: ValueId) -> String {
    let values = &model.values;
    match values.data(value) {
        Data::Null => "null".to_string(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => value.to_string(),
        Data::Text(text) => format!("{text:?}"),
        Data::Reference(idx) => format!("@{}", model.resource(idx).id),
        Data::Unknown(why) => format!("?{why:?}"),
        Data::List(items) => {
            let items: Vec<String> = items.iter().map(|item| show(model, *item)).collect();
            format!("[{}]", items.join(", "))
        }
        Data::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| format!("{}: {}", values.key_text(entry.key), show(model, entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

pub(super) fn property(model: &Model, id: &str, path: &str) -> Option<ValueId> {
    let resource = model.resources.iter().find(|resource| resource.id == id)?;
    let mut value = resource.value;
    for key in path.split('/') {
        value = match key.parse::<usize>() {
            Ok(at) => *model.values.items(value).get(at)?,
            Err(_) => model.values.get(value, key)?,
        };
    }
    Some(value)
}

/// The value at a path below `id`, its parts joined with slashes; `-` when there is none.
fn check(json: &str, id: &str, path: &str, expected: &str) {
    with("main.tf.json", json, |lowered| {
        let model = &lowered.models[0];
        let found = property(model, id, path).map_or_else(|| "-".to_string(), |value| show(model, value));
        let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
        assert_eq!(found, expected, "{path} of {id} (there are {ids:?}) in {json}");
    });
}

/// The protocol version of a target group whose argument is `written`, beside other blocks of the module.
fn version(others: &str, written: &str, expected: &str) {
    let json = format!(
        r#"{{"resource": {{"aws_lb_target_group": {{"x": {{"protocol": "HTTP", "protocol_version": {written}}}}},
            "aws_lb": {{"a": {{"name": "lb"}}, "b": {{"count": 2}}}}}} {others}}}"#
    );
    check(&json, "aws_lb_target_group.x", "Properties/ProtocolVersion", expected);
}

fn span(json: &str, id: &str, path: &str) -> Option<String> {
    with("main.tf.json", json, |lowered| {
        let model = &lowered.models[0];
        let span: Span = model.values.place(property(model, id, path)?).span;
        Some(json[span.range()].to_string())
    })
}

#[test]
fn strings_are_templates() {
    let vars = r#", "variable": {"v": {"default": "GRPC"}, "open": {}, "list": {"default": ["a", "b"]},
        "null": {"default": null}, "map": {"default": {"k": "HTTP2"}}, "no": {"default": false}},
        "locals": {"l": "${var.v}", "circle": "${local.circle}x"}"#;
    let check = |written: &str, expected: &str| version(vars, written, expected);
    check(r#""GRPC""#, r#""GRPC""#);
    check(r#""${var.v}""#, r#""GRPC""#);
    check(r#""${local.l}""#, r#""GRPC""#);
    check(
        r#""G${"R"}${"PC"}""#.replace("\"R\"", "\\\"R\\\"").replace("\"PC\"", "\\\"PC\\\"").as_str(),
        r#""GRPC""#,
    );
    check(r#""x-${var.v}-y""#, r#""x-GRPC-y""#);
    check(r#""$${var.v}""#, r#""${var.v}""#);
    check(r#""${var.null}""#, "-");
    check("null", "-");
    check(r#""""#, "-");
    check(r#""${var.open}""#, "?Parameter");
    check(r#""x-${var.open}""#, "?Parameter");
    check(r#""${var.undeclared}""#, "?Outside");
    check(r#""${data.a.b.c}""#, "?Outside");
    check(r#""${module.a.b}""#, "?Outside");
    check(r#""${local.circle}""#, "?Expression");
    check(r#""${var.no ? \"HTTP1\" : \"GRPC\"}""#, r#""GRPC""#);
    check(r#""${var.open ? \"HTTP1\" : \"GRPC\"}""#, "?Condition");
    check(r#""${var.open ? \"GRPC\" : var.v}""#, r#""GRPC""#);
    check(r#""${var.map.k}""#, r#""HTTP2""#);
    check(r#""${var.map[\"k\"]}""#, r#""HTTP2""#);
    check(r#""${var.map.missing}""#, "?Expression");
    check(r#""${try(var.map.missing, \"GRPC\")}""#, r#""GRPC""#);
    check(r#""${try(var.open, \"GRPC\")}""#, "?Parameter");
    check(r#""${upper(\"grpc\")}""#, r#""GRPC""#);
    check(r#""${format(\"%s%d\", \"HTTP\", 1)}""#, r#""HTTP1""#);
    check(r#""${join(\"-\", var.list)}""#, r#""a-b""#);
    check(r#""${lookup(var.map, \"z\", \"GRPC\")}""#, r#""GRPC""#);
    check(r#""${coalesce(null, \"\", \"GRPC\")}""#, r#""GRPC""#);
    check(r#""${element(concat(var.list, [\"c\"]), 2)}""#, r#""c""#);
    check(r#""${merge(var.map, {k = \"GRPC\"}).k}""#, r#""GRPC""#);
    check(r#""${jsondecode(jsonencode({a = \"GRPC\"})).a}""#, r#""GRPC""#);
    check(r#""${[for x in var.list : upper(x) if x != \"a\"][0]}""#, r#""B""#);
    check(r#""${{for k, v in var.map : v => k}[\"HTTP2\"]}""#, r#""k""#);
    check(r#""${length(var.list) == 2 && !var.no ? 1 + 2 * 3 : 0}""#, "7");
    check(r#""${timestamp()}""#, "?Expression");
    check(r#""${file(\"x\")}""#, "?Expression");
    check(r#""%{ if true }GRPC%{ endif }""#, "?Expression");
    check(r#""${1 +}""#, "?Expression");
}

#[test]
fn references() {
    version("", r#""${aws_lb.a.arn}""#, "@aws_lb.a");
    version("", r#""${aws_lb.a.id}""#, "@aws_lb.a");
    version("", r#""${aws_lb.a.dns_name}""#, "?Computed");
    version("", r#""${aws_lb.none.arn}""#, "?Outside");
    version("", r#""${aws_lb.b[1].arn}""#, "@aws_lb.b[1]");
    version("", r#""${aws_lb.b.1.arn}""#, "@aws_lb.b[1]");
    version("", r#""${aws_lb.b[*].arn}""#, "[@aws_lb.b[0], @aws_lb.b[1]]");
    version("", r#""${aws_lb.b.*.id[0]}""#, "@aws_lb.b[0]");
    version("", r#""${aws_lb.b[7].arn}""#, "?Expression");
    version("", r#""${try(aws_lb.b[0].arn, \"\")}""#, "@aws_lb.b[0]");
    let circle = r#"{"resource": {"aws_lb_target_group": {
        "x": {"port": "${aws_lb_target_group.y.port}"}, "y": {"port": "${aws_lb_target_group.x.port}"},
        "z": {"port": "${aws_lb_target_group.w.port + 1}"}, "w": {"port": 50050}}}}"#;
    check(circle, "aws_lb_target_group.x", "Properties/Port", "?Expression");
    check(circle, "aws_lb_target_group.z", "Properties/Port", "50051");
}

#[test]
fn counts_and_keys() {
    let group = |body: &str| {
        format!(
            r#"{{"variable": {{"on": {{"default": true}}, "open": {{}},
                "ports": {{"default": {{"a": {{"port": 1}}, "b": {{"port": 50051}}}}}}}},
              "resource": {{"aws_lb_target_group": {{"x": {{{body}}}}}}}}}"#
        )
    };
    check(
        &group(r#""count": "${var.on ? 1 : 0}", "port": 1"#),
        "aws_lb_target_group.x[0]",
        "Properties/Port",
        "1",
    );
    check(&group(r#""count": 0, "port": 1"#), "aws_lb_target_group.x", "Properties/Port", "-");
    check(
        &group(r#""count": "${var.open}", "port": "${count.index}""#),
        "aws_lb_target_group.x",
        "Properties/Port",
        "?Expression",
    );
    check(
        &group(r#""count": 2, "port": "${count.index + 50051}""#),
        "aws_lb_target_group.x[1]",
        "Properties/Port",
        "50052",
    );
    let keyed = group(r#""for_each": "${var.ports}", "port": "${each.value.port}", "name": "${each.key}""#);
    check(&keyed, "aws_lb_target_group.x[\"b\"]", "Properties/Port", "50051");
    check(&keyed, "aws_lb_target_group.x[\"b\"]", "Properties/Name", "\"b\"");
    let set = group(r#""for_each": "${toset([\"q\"])}", "name": "${each.value}""#);
    check(&set, "aws_lb_target_group.x[\"q\"]", "Properties/Name", "\"q\"");
    check(
        &group(r#""for_each": "${var.open}", "name": "${each.key}""#),
        "aws_lb_target_group.x",
        "Properties/Name",
        "?Expression",
    );
}

#[test]
fn target_groups() {
    let group = |body: &str| format!(r#"{{"resource": {{"aws_alb_target_group": {{"x": {{{body}}}}}}}}}"#);
    let check = |body: &str, path: &str, expected: &str| {
        check(&group(body), "aws_alb_target_group.x", path, expected);
    };
    let grpc =
        r#""protocol": "HTTP", "protocol_version": "grpc", "health_check": [{"matcher": "0", "path": "/a"}]"#;
    check(grpc, "Type", r#""AWS::ElasticLoadBalancingV2::TargetGroup""#);
    check(grpc, "Properties/Matcher", r#"{GrpcCode: "0"}"#);
    check(grpc, "Properties/HealthCheckPath", r#""/a""#);
    check(grpc, "Effective/HealthCheckProtocol", r#""HTTP""#);
    check(
        r#""protocol": "HTTP", "health_check": {"matcher": "200"}"#,
        "Properties/Matcher",
        r#"{HttpCode: "200"}"#,
    );
    check(
        r#""protocol": "HTTP", "protocol_version": "${var.v}", "health_check": {"matcher": "200"}"#,
        "Properties/Matcher",
        "?Expression",
    );
    check(r#""protocol": "TCP", "protocol_version": "GRPC""#, "Properties/ProtocolVersion", r#""GRPC""#);
    check(r#""protocol": "TCP", "protocol_version": "GRPC""#, "Effective/ProtocolVersion", "-");
    check(
        r#""protocol": "TCP", "health_check": {"port": 8080}"#,
        "Effective/HealthCheckProtocol",
        r#""HTTP""#,
    );
    check(r#""protocol": "TCP""#, "Effective/HealthCheckProtocol", r#""TCP""#);
    check(r#""stickiness": {"type": "lb_cookie"}"#, "Effective/Attributes/stickiness.enabled", "true");
    check(r#""deregistration_delay": "5""#, "Effective/Attributes/deregistration_delay.timeout_seconds", "5");
    check(r#""health_check": "${var.check}""#, "Properties/HealthCheckPath", "?Outside");
    check(r#""name_prefix": "grpc-", "protocol": "HTTP", "port": 1"#, "Grpc/Level", r#""definite""#);
    check(r#""name": "${var.p}-grpc", "protocol": "HTTP""#, "Properties/Name", "?Outside");
    check(r#""name": "${var.p}-grpc", "protocol": "HTTP""#, "Grpc/Level", r#""definite""#);
}

#[test]
fn listeners_and_rules() {
    let json = r#"{"resource": {
        "aws_lb": {"m": {"internal": true, "enable_http2": false}},
        "aws_lb_target_group": {"g": {"port": 1}},
        "aws_lb_listener": {"l": {"load_balancer_arn": "${aws_lb.m.arn}", "port": "443", "certificate_arn": "c",
            "alpn_policy": "HTTP2Only", "default_action": {"type": "forward", "target_group_arn": "${aws_lb_target_group.g.arn}"}}},
        "aws_lb_listener_rule": {"r": {"listener_arn": "${aws_lb_listener.l.arn}",
            "action": [{"type": "forward", "forward": {"target_group": [{"arn": "${aws_lb_target_group.g.arn}", "weight": 2}]}}],
            "condition": [{"path_pattern": {"values": ["/a.B/*"]}}, {"http_header": [{"http_header_name": "content-type", "values": ["application/grpc"]}]}]}}
    }, "locals": {"g": ["${aws_lb_target_group.g.arn}"]}, "output": {"g": {"value": "${local.g[0]}"}}}"#;
    check(json, "aws_lb.m", "Properties/Scheme", r#""internal""#);
    check(json, "aws_lb.m", "Effective/Attributes/routing.http2.enabled", "false");
    check(json, "aws_lb_listener.l", "Properties/Certificates", r#"[{CertificateArn: "c"}]"#);
    check(json, "aws_lb_listener.l", "Properties/AlpnPolicy", r#"["HTTP2Only"]"#);
    check(json, "aws_lb_listener.l", "Properties/LoadBalancerArn", "@aws_lb.m");
    check(
        json,
        "aws_lb_listener.l (default)",
        "Properties/Actions",
        r#"[{Type: "forward", TargetGroupArn: @aws_lb_target_group.g}]"#,
    );
    check(
        json,
        "aws_lb_listener_rule.r",
        "Properties/Actions",
        r#"[{Type: "forward", ForwardConfig: {TargetGroups: [{TargetGroupArn: @aws_lb_target_group.g, Weight: 2}]}}]"#,
    );
    check(
        json,
        "aws_lb_listener_rule.r",
        "Properties/Conditions/0",
        r#"{Field: "path-pattern", PathPatternConfig: {Values: ["/a.B/*"]}}"#,
    );
    check(json, "aws_lb_listener_rule.r", "Properties/Conditions/1/Field", r#""http-header""#);
    check(json, "aws_lb_target_group.g", "Exported", "true");
    check(
        json,
        "aws_lb_target_group.g",
        "Links/Listeners/0/Type",
        r#""AWS::ElasticLoadBalancingV2::Listener""#,
    );
}

#[test]
fn dynamic_blocks() {
    let elb = |dynamic: &str| {
        format!(
            r#"{{"variable": {{"open": {{}}, "ports": {{"default": [1, 2]}}}},
              "resource": {{"aws_elb": {{"x": {{"listener": {{"lb_port": 9}}, "dynamic": {dynamic}}}}}}}}}"#
        )
    };
    let known = elb(
        r#"{"listener": {"for_each": "${var.ports}", "iterator": "it", "content": {"lb_port": "${it.value}"}}}"#,
    );
    check(
        &known,
        "aws_elb.x",
        "Properties/Listeners",
        "[{LoadBalancerPort: 9}, {LoadBalancerPort: 1}, {LoadBalancerPort: 2}]",
    );
    let named = elb(
        r#"[{"listener": [{"for_each": {"k": 5}, "content": [{"lb_port": "${listener.value}", "lb_protocol": "${listener.key}"}]}]}]"#,
    );
    check(&named, "aws_elb.x", "Properties/Listeners/1", r#"{LoadBalancerPort: 5, Protocol: "k"}"#);
    let open = elb(r#"{"listener": {"for_each": "${var.open}", "content": {"lb_port": 1}}}"#);
    check(&open, "aws_elb.x", "Properties/Listeners", "?Condition");
}

#[test]
fn containers() {
    let task = |definitions: &str| {
        format!(
            r#"{{"variable": {{"port": {{"default": 50051}}, "image": {{}}}},
              "resource": {{"aws_ecs_task_definition": {{"t": {{"container_definitions": {definitions}}}}}}}}}"#
        )
    };
    let check_task = |definitions: &str, path: &str, expected: &str| {
        let path = format!("Properties/ContainerDefinitions/0/{path}");
        check(&task(definitions), "aws_ecs_task_definition.t", &path, expected);
    };
    let text = r#""[{\"name\": \"a\", \"portMappings\": [{\"containerPort\": 50051, \"appProtocol\": \"grpc\"}], \"dockerLabels\": {\"x\": \"y\"}}]""#;
    check_task(text, "Name", r#""a""#);
    check_task(text, "PortMappings/0", r#"{ContainerPort: 50051, AppProtocol: "grpc"}"#);
    check_task(text, "DockerLabels", r#"{x: "y"}"#);
    let holes = r#""[{\"image\": \"${var.image}:1\", \"portMappings\": [{\"containerPort\": ${var.port}, \"hostPort\": ${var.other}}]}]""#;
    check_task(holes, "Image", "?Expression");
    check_task(holes, "PortMappings/0/ContainerPort", "50051");
    check_task(holes, "PortMappings/0/HostPort", "?Expression");
    let call = r#""${jsonencode([{name = \"a\", image = var.image, portMappings = [{ containerPort = var.port }]}])}""#;
    check_task(call, "PortMappings/0/ContainerPort", "50051");
    check_task(call, "Image", "?Parameter");
    check(
        &task("\"no json\""),
        "aws_ecs_task_definition.t",
        "Properties/ContainerDefinitions",
        "?Expression",
    );
    check(
        &task("\"${file(\\\"x\\\")}\""),
        "aws_ecs_task_definition.t",
        "Properties/ContainerDefinitions",
        "?Expression",
    );
    let at = |definitions: &str, path: &str| span(&task(definitions), "aws_ecs_task_definition.t", path);
    let port = "Properties/ContainerDefinitions/0/PortMappings/0/ContainerPort";
    assert_eq!(at(text, port).as_deref(), Some("50051"));
    assert_eq!(at(text, "Properties/ContainerDefinitions/0/Name").as_deref(), Some(r#"\"a\""#));
    assert_eq!(at(call, port).as_deref(), Some("var.port"));
}

#[test]
fn attachments() {
    let json = r#"{"resource": {
        "aws_lb_target_group": {"g": {}}, "aws_autoscaling_group": {"a": {}},
        "aws_lb_target_group_attachment": {"x": {"target_group_arn": "${aws_lb_target_group.g.arn}", "target_id": "i-1", "port": 50051}},
        "aws_autoscaling_attachment": {"x": {"autoscaling_group_name": "${aws_autoscaling_group.a.name}", "alb_target_group_arn": "${aws_lb_target_group.g.id}"}},
        "aws_security_group": {"s": {"ingress": [{"from_port": 1, "to_port": 2, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8"]}]}},
        "aws_security_group_rule": {"r": {"type": "ingress", "security_group_id": "${aws_security_group.s.id}", "from_port": 3, "to_port": 3, "protocol": "tcp", "ipv6_cidr_blocks": ["::/0"]}}
    }}"#;
    check(json, "aws_lb_target_group.g", "Properties/Targets", r#"[{Id: "i-1", Port: 50051}]"#);
    check(json, "aws_autoscaling_group.a", "Properties/TargetGroupARNs", "[@aws_lb_target_group.g]");
    let rules = "Properties/SecurityGroupIngress";
    check(json, "aws_security_group.s", &format!("{rules}/1/CidrIp"), r#""10.0.0.0/8""#);
    check(json, "aws_security_group.s", &format!("{rules}/2/CidrIpv6"), r#""::/0""#);
}

#[test]
fn odd_shapes_of_json() {
    let nested = r#"[{"resource": [{"aws_lb": [{"a": [{"name": "x"}]}]}]}, {"//": "c", "resource": {"//": "c", "aws_lb": {"b": {"//": "c", "name": "y"}}}}]"#;
    check(nested, "aws_lb.a", "Properties/Name", r#""x""#);
    check(nested, "aws_lb.b", "Properties/Name", r#""y""#);
    check(
        r#"{"resource": {"aws_lb": {"a": {"name": {"b": [1]}, "internal": [], "subnets": 3}}}}"#,
        "aws_lb.a",
        "Properties/Subnets",
        "3",
    );
    check(
        r#"{"resource": {"aws_lb": {"a": "text"}, "aws_alb": [[1]], "x": null}, "locals": 3, "variable": [], "output": "z"}"#,
        "aws_lb.a",
        "Type",
        "-",
    );
}

#[test]
fn spans_are_the_users_own() {
    let json = r#"{"variable": {"v": {"default": "HTTP1"}}, "resource": {"aws_lb_target_group": {"grpc": {"protocol_version": "${var.v}", "health_check": {"path": "/"}}}}}"#;
    let at = |path: &str| span(json, "aws_lb_target_group.grpc", path);
    assert_eq!(at("Properties/ProtocolVersion").as_deref(), Some(r#""${var.v}""#));
    assert_eq!(at("Properties/HealthCheckPath").as_deref(), Some(r#""/""#));
    with("main.tf.json", json, |lowered| {
        let group = &lowered.models[0].resources[0];
        assert_eq!(&json[group.name.range()], r#""grpc""#);
    });
}

#[test]
fn hostile_input_takes_bounded_time() {
    let deep = format!("{}{}", "${".repeat(2000), "}".repeat(2000));
    version("", &format!("{deep:?}"), "?Expression");
    let parentheses = format!("${{{}1{}}}", "(".repeat(5000), ")".repeat(5000));
    version("", &format!("{parentheses:?}"), "?Expression");
    // Each local is twice the one before.
    let mut doubling = String::from(r#", "locals": {"l0": "xx""#);
    for at in 1..64 {
        doubling.push_str(&format!(r#", "l{at}": "${{local.l{}}}${{local.l{}}}""#, at - 1, at - 1));
    }
    doubling.push('}');
    version(&doubling, r#""${local.l63}""#, "?Limit");
    let mut lists = String::from(r#", "locals": {"l0": [1]"#);
    for at in 1..64 {
        let before = at - 1;
        lists.push_str(&format!(r#", "l{at}": "${{concat(local.l{before}, local.l{before})}}""#));
    }
    lists.push('}');
    version(&lists, r#""${length(local.l63)}""#, "?Limit");
    let mut chain = String::from(r#", "locals": {"l0": "GRPC""#);
    for at in 1..5000 {
        chain.push_str(&format!(r#", "l{at}": "${{local.l{}}}""#, at - 1));
    }
    chain.push('}');
    version(&chain, r#""${local.l4999}""#, "?Limit");
}

#[test]
fn the_protocol_of_a_listener_follows_its_balancer() {
    let json = |kind: &str| {
        format!(
            r#"{{"resource": {{"aws_lb": {{"m": {{{kind}}}}}, "aws_lb_listener": {{"l": {{"load_balancer_arn": "${{aws_lb.m.arn}}"}}}}}}}}"#
        )
    };
    check(&json(""), "aws_lb_listener.l", "Effective/Protocol", r#""HTTP""#);
    check(&json(r#""load_balancer_type": "network""#), "aws_lb_listener.l", "Effective/Protocol", "-");
    check(
        &json(r#""load_balancer_type": "${var.x}""#),
        "aws_lb_listener.l",
        "Effective/Protocol",
        "?Computed",
    );
}

#[test]
fn the_files_of_a_directory_are_one_module() {
    let files = [
        ("a/override.tf.json", r#"{"resource": {"aws_lb": {"m": {"internal": false}}}}"#),
        ("a/lb.tf.json", r#"{"resource": {"aws_lb": {"m": {"internal": true, "name": "${local.n}"}}}}"#),
        ("a/locals.tf.json", r#"{"locals": {"n": "orders"}}"#),
        ("b/other.tf.json", r#"{"resource": {"aws_lb": {"m": {"name": "${local.n}"}}}}"#),
    ];
    let documents = files.map(|(_, json)| syntax::parse(FileId(0), Format::Json, &Arc::from(json)).0);
    let files: Vec<File<'_>> =
        files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
    let lowered = lower(&files, &Platforms::default());
    assert_eq!(lowered.models.len(), 2);
    let check = |at: usize, path: &str, expected: &str| {
        let model: &Model = &lowered.models[at];
        let found = property(model, "aws_lb.m", path).map(|value| show(model, value));
        assert_eq!(found.as_deref(), Some(expected), "{path} of model {at}");
    };
    check(0, "Properties/Name", r#""orders""#);
    check(0, "Properties/Scheme", r#""internet-facing""#);
    check(1, "Properties/Name", "?Outside");
}

/// The model of a root module in `a` that calls the module in `a/m`; a value of it.
#[track_caller]
fn check_call(root: &str, module: &str, id: &str, path: &str, expected: &str) {
    let files = [("a/main.tf.json", root), ("a/m/main.tf.json", module)];
    let documents = files.map(|(_, json)| syntax::parse(FileId(0), Format::Json, &Arc::from(json)).0);
    let files: Vec<File<'_>> =
        files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
    let lowered = lower(&files, &Platforms::default());
    assert_eq!(lowered.models.len(), 1, "one model for both");
    let model = &lowered.models[0];
    let ids: Vec<&str> = model.resources.iter().map(|resource| resource.id.as_str()).collect();
    let found = property(model, id, path).map_or_else(|| "-".to_string(), |value| show(model, value));
    assert_eq!(found, expected, "{path} of {id} among {ids:?}");
}

#[test]
fn modules_take_values_and_give_values() {
    let group = r#"{"variable": {"speaks": {"default": "HTTP1"}, "name": {}},
        "resource": {"aws_lb_target_group": {"t": {"name": "${var.name}", "protocol_version": "${var.speaks}"}}},
        "output": {"arn": {"value": "${aws_lb_target_group.t.arn}"}, "group": {"value": "${aws_lb_target_group.t}"},
                   "name": {"value": "${aws_lb_target_group.t.name}-x"}}}"#;
    let version = "Properties/ProtocolVersion";
    let call = |arguments: &str| {
        format!(
            r#"{{"module": {{"m": {{"source": "./m", "name": "n"{arguments}}}}}, "resource": {{"aws_lb_listener": {{"l": {{
            "protocol": "${{module.m.name}}", "port": "${{module.m.group.port}}",
            "default_action": {{"type": "forward", "target_group_arn": "${{module.m.arn}}"}}}}}}}}}}"#
        )
    };
    let target = "Properties/DefaultActions/0/TargetGroupArn";
    check_call(&call(""), group, "module.m.aws_lb_target_group.t", version, r#""HTTP1""#);
    check_call(&call(r#", "speaks": "GRPC""#), group, "module.m.aws_lb_target_group.t", version, r#""GRPC""#);
    check_call(
        &call(r#", "speaks": "${var.v}""#),
        group,
        "module.m.aws_lb_target_group.t",
        version,
        "?Outside",
    );
    check_call(&call(""), group, "aws_lb_listener.l", target, "@module.m.aws_lb_target_group.t");
    check_call(&call(""), group, "aws_lb_listener.l", "Properties/Port", "?Computed");
    let many = |multiply: &str, used: &str| {
        format!(
            r#"{{"module": {{"m": {{"source": "./m", "name": "n", {multiply}}}}}, "resource": {{"aws_lb_listener": {{"l": {{
            "default_action": {{"type": "forward", "target_group_arn": "${{{used}}}"}}}}}}}}}}"#
        )
    };
    let keyed = many(r#""for_each": {"a": "GRPC"}, "speaks": "${each.value}""#, r#"module.m[\"a\"].arn"#);
    check_call(&keyed, group, "module.m[\"a\"].aws_lb_target_group.t", version, r#""GRPC""#);
    check_call(&keyed, group, "aws_lb_listener.l", target, "@module.m[\"a\"].aws_lb_target_group.t");
    let counted = many(r#""count": 2"#, "module.m[1].arn");
    check_call(&counted, group, "aws_lb_listener.l", target, "@module.m[1].aws_lb_target_group.t");
    let open = many(r#""count": "${var.n}""#, "module.m[0].arn");
    check_call(&open, group, "aws_lb_listener.l", target, "?Expression");
    check_call(&many(r#""x": 1"#, "module.m.other"), group, "aws_lb_listener.l", target, "?Expression");
}

#[test]
fn modules_that_wait_for_themselves_are_unknown() {
    let root = r#"{"module": {"m": {"source": "./m", "name": "${module.m.name}"}}}"#;
    let module = r#"{"variable": {"name": {}}, "output": {"name": {"value": "${var.name}"}},
        "resource": {"aws_lb": {"l": {"name": "${var.name}"}}}}"#;
    check_call(root, module, "module.m.aws_lb.l", "Properties/Name", "?Expression");
}

#[test]
fn types_of_variables() {
    let check = |wanted: &str, default: &str, used: &str, expected: &str| {
        let vars = format!(r#", "variable": {{"v": {{"type": {wanted:?}, "default": {default}}}}}"#);
        version(&vars, used, expected);
    };
    let object =
        r#"map(object({port = number, version = optional(string, "GRPC"), note = optional(string)}))"#;
    let services = r#"{"a": {"port": "50051", "other": 1}}"#;
    check(object, services, r#""${var.v.a.version}""#, r#""GRPC""#);
    check(object, services, r#""${lookup(var.v.a, \"version\", \"HTTP1\")}""#, r#""GRPC""#);
    check(object, services, r#""${var.v[\"a\"].port}""#, "50051");
    check(object, services, r#""${var.v.a.note}""#, "-");
    check(object, services, r#""${var.v.a.other}""#, "?Expression");
    check("string", "1", r#""${var.v}""#, r#""1""#);
    check("list(number)", r#"["1"]"#, r#""${var.v[0]}""#, "1");
    check("any", r#""GRPC""#, r#""${var.v}""#, r#""GRPC""#);
    check("what(", r#""GRPC""#, r#""${var.v}""#, "?Expression");
    check("string", "null", r#""${var.v}""#, "-");
}
