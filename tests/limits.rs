//! The limits: `docs/limits.md` names each constant with its value, and what reaches a limit is told while the rest of the run
//! goes on.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::engine;
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};
use support::root;

/// The constants of the sources that are limits, by module and name, with their values.
fn constants() -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![root().join("src")];
    while let Some(dir) = dirs.pop() {
        for path in support::entries(&dir) {
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
                read_constants(&path, &mut found);
            }
        }
    }
    found
}

/// Limits of AWS that rules speak of, which are none of ours.
const OF_AWS: [&str; 4] = [
    "dialect::kubernetes::ingress_groups::MAX_GROUP",
    "dialect::kubernetes::ingress_groups::MAX_NAME",
    "dialect::kubernetes::route_facts::MAX_LATTICE_HEADERS",
    "model::routing::MAX_PATTERN",
];

fn read_constants(path: &Path, into: &mut BTreeMap<String, u64>) {
    let module = path.strip_prefix(root().join("src")).expect("below src").with_extension("");
    let module = module.to_string_lossy().replace('\\', "/");
    let module = module.strip_suffix("/mod").unwrap_or(&module).replace('/', "::");
    for line in fs::read_to_string(path).expect("sources are UTF-8").lines() {
        let Some((_, rest)) = line.trim().split_once("const ") else { continue };
        let Some((name, rest)) = rest.split_once(": ") else { continue };
        let is_limit =
            ["MAX", "BUDGET", "FUEL", "LONGEST"].iter().any(|word| name.split('_').any(|it| it == *word));
        let Some((kind, value)) = rest.split_once(" = ") else { continue };
        if is_limit && ["usize", "u32", "u64"].contains(&kind) {
            let value = value.split(';').next().unwrap_or_default();
            let number = |text: &str| text.trim().replace('_', "").parse::<u64>().expect("a number");
            let product = |text: &str| text.split('*').map(number).product::<u64>();
            let value = value
                .split_once("<<")
                .map_or_else(|| product(value), |(value, by)| number(value) << number(by));
            into.insert(format!("{module}::{name}"), value);
        }
    }
}

/// A number as the page writes it.
fn shown(value: u64) -> String {
    match value {
        _ if value >= 1 << 30 && value.is_multiple_of(1 << 30) => format!("{} GiB", value >> 30),
        _ if value >= 1 << 20 && value.is_multiple_of(1 << 20) => format!("{} MiB", value >> 20),
        _ if value >= 1 << 14 && value.is_multiple_of(1 << 10) => format!("{} KiB", value >> 10),
        _ => {
            let digits = value.to_string();
            let groups = digits.as_bytes().rchunks(3).rev();
            groups.map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(",")
        }
    }
}

#[test]
fn the_page_names_each_limit_with_its_value() {
    let page = fs::read_to_string(root().join("docs/limits.md")).expect("docs/limits.md");
    let mut on_page: BTreeMap<&str, &str> = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(constant) = cells.last().and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`')) else {
            continue;
        };
        assert_eq!(cells.len(), 4, "a row has what, how much, what happens, and the constant: {row}");
        on_page.insert(constant, cells[1]);
    }
    let mut constants = constants();
    OF_AWS.iter().for_each(|name| assert!(constants.remove(*name).is_some(), "{name} is gone"));
    let mut problems = Vec::new();
    for (name, value) in &constants {
        match on_page.get(name.as_str()) {
            Some(told) if *told == shown(*value) => {}
            Some(told) => problems.push(format!("{name} is {}, and the page says {told}", shown(*value))),
            None => problems.push(format!("{name} ({}) is not on the page", shown(*value))),
        }
    }
    let gone = on_page.keys().filter(|name| !constants.contains_key(**name));
    problems.extend(gone.map(|name| format!("{name} is on the page only")));
    assert!(problems.is_empty(), "docs/limits.md:\n{}", problems.join("\n"));
}

/// Files of a run, by path.
type Files = Vec<(String, String)>;

/// A template with a fault, which is found whatever its neighbours do.
const BESIDE: &str = "Resources:
  Beside:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Protocol: HTTP, ProtocolVersion: GRPC, HealthCheckEnabled: true, Matcher: {HttpCode: '200'}}
";

/// What is told of limits, each with its file.
fn told(mut files: Files) -> Vec<String> {
    files.push(("beside/fault.yaml".to_string(), BESIDE.to_string()));
    let mut loaded = Loaded { sources: SourceMap::default(), ..Loaded::default() };
    for (path, text) in files {
        let id = loaded.sources.add(Source::new(path, text));
        loaded.files.push(LoadedFile { id, explicit: false });
    }
    let analysis = engine::analyze(loaded, &Catalog::builtin(), &Settings::default());
    let file = |found: &grpc_guard::diagnostic::Diagnostic| {
        analysis.sources.get(found.primary.span.file).path.clone()
    };
    let is_beside = |found: &grpc_guard::diagnostic::Diagnostic| {
        found.rule == "health-check-http-matcher" && file(found) == "beside/fault.yaml"
    };
    assert!(analysis.diagnostics.iter().any(is_beside), "the file beside is checked all the same");
    let reached = analysis.diagnostics.iter().filter(|found| found.rule == "limit-reached");
    reached.map(|found| format!("{}: {}", file(found), found.message)).collect()
}

/// Files of up to `most` of something are looked at as a whole, and larger ones say that they are not. What stands around the
/// thing itself may take up `slack` of it.
#[track_caller]
fn check(most: usize, what: &str, slack: usize, files: impl Fn(usize) -> Files) {
    let is_reached = |size: usize| {
        let told = told(files(size));
        let expected = format!("more than {most} {what}: the rest is not looked at");
        let is_other = |told: &&String| !told.ends_with(&expected) && !told.contains(what);
        assert!(!told.iter().any(|told| is_other(&told)), "{size}: {told:?}");
        !told.is_empty()
    };
    let (below, above) = (most - slack - 1, most + slack + 1);
    assert!(!is_reached(below), "{below} {what} are not too many");
    assert!(is_reached(above), "{above} {what} are too many");
}

fn one(path: &str, text: String) -> Files {
    vec![(path.to_string(), text)]
}

/// A template with more sections and a target group with this path.
fn template(path: &str, more: &str) -> Files {
    let group = format!(
        "{{\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\", \"Properties\": {{\"ProtocolVersion\": \"GRPC\", \"HealthCheckPath\": {path}}}}}"
    );
    one("stack.json", format!("{{{more}\"Resources\": {{\"Group\": {group}}}}}"))
}

fn nested(open: &str, inner: &str, close: &str, n: usize) -> String {
    format!("{}{inner}{}", open.repeat(n), close.repeat(n))
}

fn list(n: usize, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(",")
}

/// A configuration of a target group with this path.
fn configuration(path: &str, more: &str) -> Files {
    let group = format!(
        "{{\"aws_lb_target_group\": {{\"a\": {{\"protocol_version\": \"GRPC\", \"health_check\": {{\"path\": {path}}}}}}}}}"
    );
    one("main.tf.json", format!("{{{more}\"resource\": {group}}}"))
}

#[test]
fn nesting_of_texts() {
    for path in ["stack.yaml", "stack.json"] {
        check(256, "levels deep", 1, |n| {
            one(path, format!("{{\"AWSTemplateFormatVersion\": {}}}", nested("[", "", "]", n)))
        });
    }
    check(256, "levels deep", 1, |n| {
        let steps: String = (0..n).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        one("stack.yaml", format!("{steps}AWSTemplateFormatVersion: x\n"))
    });
}

#[test]
fn repeated_keys_that_are_told() {
    let told = |n: usize| {
        let text = format!(
            "{{\"Resources\": {{{}}}, \"AWSTemplateFormatVersion\": \"x\"}}",
            list(n + 1, |_| "\"A\": {}".to_string())
        );
        let mut loaded = Loaded { sources: SourceMap::default(), ..Loaded::default() };
        let id = loaded.sources.add(Source::new("stack.json", text));
        loaded.files.push(LoadedFile { id, explicit: false });
        let analysis = engine::analyze(loaded, &Catalog::builtin(), &Settings::default());
        let of = |rule: &str| analysis.diagnostics.iter().filter(|found| found.rule == rule).count();
        (of("duplicate-key"), of("limit-reached"))
    };
    assert_eq!(told(99).0, 99);
    assert_eq!(told(100).0, 100);
    assert!(told(101).0 <= 101 && told(5_000).0 <= 101, "{:?}", told(5_000));
}

#[test]
fn merge_keys_in_multitudes() {
    check(1_000_000, "entries", 2_000, |n| {
        let base = list(1_000, |key| format!("k{key}: 1"));
        let merges: String = (0..n / 1_000).map(|at| format!("m{at}: {{<<: *base}}\n")).collect();
        one("stack.yaml", format!("AWSTemplateFormatVersion: x\nbase: &base {{{base}}}\n{merges}"))
    });
}

#[test]
fn templates() {
    check(128, "levels of values and functions", 36, |n| {
        template(&nested("{\"Fn::Join\": [\"\", [", "\"a\"", "]]}", n / 2), "")
    });
    check(128, "levels of values and functions", 96, |n| {
        let chain = list(n, |at| format!("\"C{at}\": {{\"Fn::Not\": [{{\"Condition\": \"C{}\"}}]}}", at + 1));
        let last = format!("\"C{n}\": {{\"Fn::Equals\": [\"a\", \"b\"]}}");
        template("{\"Fn::If\": [\"C0\", \"/a\", \"/b\"]}", &format!("\"Conditions\": {{{chain}, {last}}}, "))
    });
    check(10_000, "items of `Fn::Split`", 1, |n| {
        template(
            &format!(
                "{{\"Fn::Select\": [0, {{\"Fn::Split\": [\",\", \"{}\"]}}]}}",
                list(n, |_| "a".to_string())
            ),
            "",
        )
    });
    check(1 << 20, "bytes in a text that functions put together", 16, |n| {
        let half = "a".repeat(n / 2);
        template(
            &format!("{{\"Fn::Join\": [\"\", [\"{half}\", \"{half}\", \"{}\"]]}}", "a".repeat(n % 2)),
            "",
        )
    });
    check(5_000, "resources with those of `Fn::ForEach`", 2, |n| {
        let body = "{\"Queue${Name}\": {\"Type\": \"AWS::SQS::Queue\"}}";
        let names = list(n, |name| format!("\"{name}\""));
        one(
            "stack.json",
            format!(
                "{{\"Transform\": \"AWS::LanguageExtensions\", \"Resources\": {{\"Fn::ForEach::All\": [\"Name\", [{names}], {body}]}}}}"
            ),
        )
    });
    check(5, "`Fn::ForEach` in one another", 1, |n| {
        let inner = "{\"Queue\": {\"Type\": \"AWS::SQS::Queue\"}}".to_string();
        let loops = (0..n)
            .rev()
            .fold(inner, |body, at| format!("{{\"Fn::ForEach::L{at}\": [\"N{at}\", [\"a\"], {body}]}}"));
        one("stack.json", format!("{{\"Transform\": \"AWS::LanguageExtensions\", \"Resources\": {loops}}}"))
    });
    check(64, "scenarios of the template's conditions", 1, |n| {
        // Each value of the one parameter with both of the other.
        let equals =
            |name: &str, value: usize| format!("{{\"Fn::Equals\": [{{\"Ref\": \"{name}\"}}, \"{value}\"]}}");
        let of_type = "\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\"";
        let conditions = list(n / 2, |value| format!("\"P{value}\": {}", equals("P", value)));
        let groups = list(n / 2, |value| format!("\"G{value}\": {{{of_type}, \"Condition\": \"P{value}\"}}"));
        let parameter = |values: usize| {
            let allowed = list(values, |value| format!("\"{value}\""));
            format!("{{\"Type\": \"String\", \"Default\": \"0\", \"AllowedValues\": [{allowed}]}}")
        };
        let parameters = format!("{{\"P\": {}, \"Q\": {}}}", parameter(n / 2), parameter(2));
        let other = format!("\"Q0\": {}", equals("Q", 0));
        one(
            "stack.json",
            format!(
                "{{\"Parameters\": {parameters}, \"Conditions\": {{{conditions}, {other}}},
                \"Resources\": {{{groups}, \"Q\": {{{of_type}, \"Condition\": \"Q0\"}}}}}}"
            ),
        )
    });
}

#[test]
fn nested_stacks() {
    let stack = "{\"Type\": \"AWS::CloudFormation::Stack\", \"Properties\": {\"TemplateURL\": ";
    let group = "\"G\": {\"Type\": \"AWS::ElasticLoadBalancingV2::TargetGroup\"}";
    check(16, "stacks in one another", 2, |n| {
        let inner =
            |at: usize| format!("{{\"Resources\": {{{group}, \"S\": {stack}\"s{}.json\"}}}}}}}}", at + 1);
        let last = (format!("s{n}.json"), format!("{{\"Resources\": {{{group}}}}}"));
        (0..n).map(|at| (format!("s{at}.json"), inner(at))).chain([last]).collect()
    });
    check(256, "stacks for one template", 2, |n| {
        let stacks = list(n, |at| format!("\"S{at}\": {stack}\"inner.json\"}}}}"));
        vec![
            ("outer.json".to_string(), format!("{{\"Resources\": {{{stacks}}}}}")),
            ("inner.json".to_string(), format!("{{\"Resources\": {{{group}}}}}")),
        ]
    });
}

#[test]
fn manifests() {
    check(100, "levels of values in an object", 4, |n| {
        one(
            "pod.yaml",
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {}\n",
                nested("{a: ", "b", "}", n)
            ),
        )
    });
    check(4, "lists of objects in one another", 1, |n| {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}";
        one("list.yaml", format!("{}\n", nested("{apiVersion: v1, kind: List, items: [", pod, "]}", n)))
    });
    check(16, "kustomizations in one another", 2, |n| {
        let inner = |at: usize| {
            (format!("k{at}/kustomization.yaml"), format!("resources: [../k{}, pod.yaml]\n", at + 1))
        };
        let pod = ("k0/pod.yaml".to_string(), "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n".to_string());
        let last = (format!("k{n}/kustomization.yaml"), "resources: []\n".to_string());
        (0..n).map(inner).chain([last, pod]).collect()
    });
}

/// Kustomizations that each include the next one ten times are no more work than those that include it once.
#[test]
fn kustomizations_do_not_multiply() {
    let next = |at: usize| list(10, |_| format!("../k{}", at + 1));
    let inner = |at: usize| (format!("k{at}/kustomization.yaml"), format!("resources: [{}]\n", next(at)));
    let pod = ("k15/kustomization.yaml".to_string(), "resources: []\n".to_string());
    assert_eq!(told((0..15).map(inner).chain([pod]).collect()), Vec::<String>::new());
}

#[test]
fn configurations() {
    check(160, "levels of values and references", 100, |n| {
        let locals = list(n, |at| format!("\"l{at}\": \"${{local.l{}}}\"", at + 1));
        configuration("\"${local.l0}\"", &format!("\"locals\": {{{locals}, \"l{n}\": \"/a\"}}, "))
    });
    check(256 << 10, "bytes in a text that an expression puts together", 2, |n| {
        configuration(
            "\"${local.a}${local.b}\"",
            &format!("\"locals\": {{\"a\": \"{}\", \"b\": \"b\"}}, ", "a".repeat(n - 1)),
        )
    });
    check(4_096, "entries of a map", 2, |n| {
        let map = list(n, |at| format!("\"k{at}\": \"v\""));
        configuration("\"${local.m.k0}\"", &format!("\"locals\": {{\"m\": {{{map}}}}}, "))
    });
    check(1_000_000, "steps to evaluate the modules", 999_998, |n| {
        // Each level goes through the list again.
        let items = list(n / 2_000, |_| "1".to_string());
        let each = "${[for a in local.l : [for b in local.l : a + b]]}";
        configuration(
            "\"${local.all[0][0]}\"",
            &format!("\"locals\": {{\"l\": [{items}], \"all\": \"{each}\"}}, "),
        )
    });
}

#[test]
fn modules() {
    let group = "\"resource\": {\"aws_lb_target_group\": {\"a\": {\"protocol_version\": \"GRPC\"}}}";
    check(16, "modules in one another", 2, |n| {
        let inner = |at: usize| {
            (
                format!("m{at}/main.tf.json"),
                format!("{{{group}, \"module\": {{\"next\": {{\"source\": \"../m{}\"}}}}}}", at + 1),
            )
        };
        let last = (format!("m{n}/main.tf.json"), format!("{{{group}}}"));
        (0..n).map(inner).chain([last]).collect()
    });
    check(256, "instances of modules in one configuration", 2, |n| {
        let calls = list(n, |at| format!("\"c{at}\": {{\"source\": \"./inner\"}}"));
        vec![
            ("main.tf.json".to_string(), format!("{{\"module\": {{{calls}}}}}")),
            ("inner/main.tf.json".to_string(), format!("{{{group}}}")),
        ]
    });
}
