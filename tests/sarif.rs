//! SARIF logs of awkward projects, held against what GitHub, GitLab, the editors' viewers and the standard ask of them beyond
//! the schema. The logs stay in the target directory, where `.ci/sarif` gives them to the real validators.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use percent_encoding::percent_decode_str;
use serde_json::Value;

const GROUP: &str = "\
Resources:
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      ProtocolVersion: GRPC
      Protocol: HTTP
      Matcher:
        HttpCode: \"200\"
";

/// An empty directory for a project and its log.
fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sarif").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("repository")).expect("a directory can be made");
    dir
}

/// Runs the tool in the repository of a scratch directory.
fn run(dir: &Path, args: &[&str]) -> (i32, Value) {
    let log = dir.join("log.sarif");
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().current_dir(dir.join("repository")).args(["check", "--no-config"]);
    command.arg(format!("--format=sarif={}", log.display())).args(args);
    let status = command.output().expect("the tool runs").status.code().expect("a status");
    let text = fs::read_to_string(&log).expect("the log was written");
    (status, serde_json::from_str(&text).expect("the log is JSON"))
}

/// The log of a repository that holds these files; each must hold the contract.
fn log_of(name: &str, files: &[(&str, &[u8])], args: &[&str]) -> (i32, Value) {
    let dir = scratch(name);
    for (path, content) in files {
        let path = dir.join("repository").join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory can be made");
        fs::write(path, content).expect("a file can be written");
    }
    let (status, log) = run(&dir, args);
    let broken = contract(&log, &dir.join("repository"));
    assert!(broken.is_empty(), "{name}: {broken:#?}");
    (status, log)
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().expect("results are there even when there are none")
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Everything in which a log falls short.
fn contract(log: &Value, root: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    let mut hold = |holds: bool, what: &str, of: &Value| {
        if !holds {
            broken.push(format!("{what}: {of}"));
        }
    };
    let runs = log["runs"].as_array().expect("runs");
    hold(runs.len() == 1, "one run", &log["runs"]);
    let run = &runs[0];
    hold(run["columnKind"] == "utf16CodeUnits", "columns are UTF-16", run);
    hold(text(run, "/automationDetails/id").ends_with('/'), "a category", &run["automationDetails"]);
    hold(run.pointer("/invocations/0/executionSuccessful").is_some(), "success is told", run);
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for rule in rules {
        for place in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            hold(!text(rule, place).is_empty(), place, rule);
        }
        for place in ["/shortDescription/text", "/fullDescription/text"] {
            hold(text(rule, place).chars().count() <= 1024, "descriptions are short", rule);
        }
        hold(text(rule, "/helpUri").starts_with("https://"), "helpUri", rule);
        hold(rule["name"] != rule["id"], "name and id differ", rule);
        hold(
            matches!(text(rule, "/defaultConfiguration/level"), "error" | "warning" | "note"),
            "level",
            rule,
        );
        let tags = rule["properties"]["tags"].as_array().expect("tags");
        let distinct: BTreeSet<_> = tags.iter().filter_map(Value::as_str).collect();
        hold((1..=10).contains(&tags.len()) && distinct.len() == tags.len(), "tags", rule);
    }
    let results = run["results"].as_array().expect("results");
    hold(results.len() <= 5000, "GitHub shows 5,000 results", &Value::from(results.len()));
    let suppressed = results.iter().filter(|result| result.get("suppressions").is_some()).count();
    hold(suppressed == 0 || suppressed == results.len(), "suppressions on all or none", &Value::Null);
    let mut seen = BTreeSet::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        hold(rules.get(index).is_some_and(|rule| rule["id"] == result["ruleId"]), "ruleIndex", result);
        let message = text(result, "/message/text");
        hold(message.ends_with(['.', '!', '?', ')']), "a sentence", result);
        let locations = result["locations"].as_array().expect("locations");
        hold(locations.len() == 1, "one location", result);
        let related: Vec<&Value> = result["relatedLocations"].as_array().into_iter().flatten().collect();
        let ids: BTreeSet<String> = related.iter().map(|location| location["id"].to_string()).collect();
        hold(ids.len() == related.len(), "ids of related locations", result);
        for target in message.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            hold(ids.contains(target), "links resolve", result);
        }
        let prints = &result["partialFingerprints"];
        for key in ["primaryLocationLineHash", "grpcGuard/v1"] {
            hold(prints[key].is_string(), key, result);
        }
        hold(seen.insert(format!("{}{prints}", result["ruleId"])), "fingerprints are unique", result);
        for location in locations.iter().chain(related) {
            for what in place(&location["physicalLocation"], root) {
                hold(false, &what, location);
            }
        }
        for fix in result["fixes"].as_array().into_iter().flatten() {
            hold(!text(fix, "/description/text").is_empty(), "a fix has a description", fix);
        }
    }
    broken
}

/// What is wrong with a physical location, the file at hand.
fn place(location: &Value, root: &Path) -> Vec<String> {
    let uri = text(location, "/artifactLocation/uri");
    let mut broken = Vec::new();
    if uri.is_empty() || uri.starts_with(['/', '.']) || uri.contains(['\\', ' ', '<']) {
        broken.push("the URI is relative and encoded".to_string());
    }
    let path = percent_decode_str(uri).decode_utf8().expect("URIs are UTF-8");
    let region = &location["region"];
    let number = |key: &str| region[key].as_u64().unwrap_or_default() as usize;
    let (start, end) = (number("startColumn"), number("endColumn"));
    if number("startLine") == 0 || (number("startLine"), start) >= (number("endLine"), end) {
        broken.push("the region has four numbers and is not empty".to_string());
    }
    if region.get("byteOffset").is_some() || region.get("charOffset").is_some() {
        broken.push("viewers take a region with offsets for a hex dump".to_string());
    }
    let Ok(content) = fs::read_to_string(root.join(&*path)) else {
        broken.push("the URI names a file".to_string());
        return broken;
    };
    let line = content.split('\n').nth(number("startLine") - 1).unwrap_or_default();
    let units: Vec<u16> = line.trim_start_matches('\u{feff}').encode_utf16().collect();
    if let (Some(snippet), true) =
        (region["snippet"]["text"].as_str(), number("startLine") == number("endLine"))
    {
        let shown = units.get(start - 1..end - 1).map(String::from_utf16_lossy).unwrap_or_default();
        if shown != snippet {
            broken.push(format!("the snippet {snippet:?} is the region's text {shown:?}"));
        }
    }
    broken
}

#[test]
fn no_findings() {
    let clean = GROUP.replace("HttpCode: \"200\"", "GrpcCode: \"0\"").replace("      Protocol: HTTP\n", "");
    let (status, log) =
        log_of("clean", &[("lb.yaml", clean.as_bytes())], &["--only", "health-check-http-matcher"]);
    assert_eq!((status, results(&log).len()), (0, 0));
    assert!(log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules").len() > 50);
}

/// Our own fixtures hold every rule.
#[test]
fn one_of_every_rule() {
    let dir = scratch("every-rule");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-guard"));
    command.env_clear().current_dir(root).args(["check", "--no-config", "fixtures"]);
    command.arg(format!("--format=sarif={}", dir.join("log.sarif").display()));
    assert_eq!(command.output().expect("the tool runs").status.code(), Some(1));
    let log = fs::read_to_string(dir.join("log.sarif")).expect("the log was written");
    let log: Value = serde_json::from_str(&log).expect("the log is JSON");
    let broken = contract(&log, root);
    assert!(broken.is_empty(), "{broken:#?}");
    let found: BTreeSet<&str> = results(&log).iter().map(|result| text(result, "/ruleId")).collect();
    let is_rule = |name: &str| root.join("rules").join(format!("{name}.guard")).is_file();
    let n_rules = fs::read_dir(root.join("rules")).expect("rules/").filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".guard")
    });
    assert!(found.iter().filter(|name| is_rule(name)).count() + 5 >= n_rules.count(), "{found:?}");
}

#[test]
fn encodings_and_line_ends() {
    let cases: [(&str, String); 5] = [
        ("crlf", GROUP.replace('\n', "\r\n")),
        ("bom", format!("\u{feff}{GROUP}")),
        (
            "non-ascii",
            GROUP
                .replace("Orders", "Bestellungen-größer-🦀")
                .replace("      Matcher", "      # 🦀\n      Matcher"),
        ),
        ("tabs", GROUP.replace("HttpCode: \"200\"", "HttpCode:\t\"200\"\t# tab")),
        (
            "flow",
            GROUP.replace("Matcher:\n        HttpCode: \"200\"", "Matcher: {\"Ⓜ🦀\": 1, HttpCode: \"200\"}"),
        ),
    ];
    for (name, content) in &cases {
        let (status, log) = log_of(name, &[("lb.yaml", content.as_bytes())], &[]);
        assert_eq!(status, 1, "{name}");
        let found: Vec<_> = results(&log).iter().map(|result| text(result, "/ruleId")).collect();
        assert!(found.contains(&"health-check-http-matcher"), "{name}: {found:?}");
    }
}

#[test]
fn awkward_file_names() {
    let path = "in fra/100% of #1 [a] é🦀?.yaml";
    let (_, log) = log_of("names", &[(path, GROUP.as_bytes())], &[]);
    let uri = text(&results(&log)[0], "/locations/0/physicalLocation/artifactLocation/uri");
    assert_eq!(uri, "in%20fra/100%25%20of%20%231%20%5Ba%5D%20%C3%A9%F0%9F%A6%80%3F.yaml");
}

#[test]
fn files_that_cannot_be_read_are_notifications() {
    let files: [(&str, &[u8]); 3] = [
        ("latin1.yaml", b"Resources: \xe9\n"),
        ("broken.yaml", b"Resources: [AWS::\n"),
        ("lb.yaml", GROUP.as_bytes()),
    ];
    let (status, log) = log_of("unreadable", &files, &["latin1.yaml", "broken.yaml", "lb.yaml", "gone.yaml"]);
    assert_eq!(status, 2);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notified: Vec<&str> = invocation["toolExecutionNotifications"]
        .as_array()
        .expect("notifications")
        .iter()
        .map(|notification| text(notification, "/locations/0/physicalLocation/artifactLocation/uri"))
        .collect();
    assert_eq!(notified, ["broken.yaml", "gone.yaml", "latin1.yaml"]);
    assert!(results(&log).iter().any(|result| result["ruleId"] == "health-check-http-matcher"));
}

/// GitHub takes 5,000 results: the worst are kept, and the log says that there were more.
#[test]
fn more_findings_than_github_shows() {
    let mut template = "Resources:\n".to_string();
    for n in 0..5001 {
        let group = GROUP.trim_start_matches("Resources:\n").replace("Orders", &format!("Orders{n}"));
        template.push_str(&group);
    }
    let args = ["--only", "health-check-http-matcher"];
    let (status, log) = log_of("many", &[("lb.yaml", template.as_bytes())], &args);
    assert_eq!((status, results(&log).len()), (1, 5000));
    let notification = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["descriptor"]["id"], "results-cut");
    assert!(text(notification, "/message/text").starts_with("1 more"), "{notification}");
}

#[test]
fn exceptions_are_suppressions_with_their_reason() {
    let comment = "\"200\" # grpc-guard: ignore[health-check-http-matcher] agreed in OPS-1";
    let two =
        format!("{}{}", GROUP.replace("\"200\"", comment), GROUP.replace("Resources:\n  Orders", "  Stock"));
    let (_, log) =
        log_of("suppressed", &[("lb.yaml", two.as_bytes())], &["--only", "health-check-http-matcher"]);
    let suppressions: Vec<&Value> = results(&log).iter().map(|result| &result["suppressions"]).collect();
    let expected = serde_json::json!([{"kind": "inSource", "justification": "agreed in OPS-1"}]);
    assert_eq!(suppressions, [&expected, &serde_json::json!([])]);
}

#[test]
fn the_category_is_a_choice() {
    let (_, log) =
        log_of("category", &[("lb.yaml", GROUP.as_bytes())], &["--sarif-category", "infra/production"]);
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "infra/production/");
}

/// The keys of a finding stay when lines are added above it, and rules keep their places when others are off.
#[test]
fn fingerprints_do_not_count_lines() {
    let keys = |name: &str, content: &str| -> BTreeMap<String, String> {
        let (_, log) = log_of(name, &[("lb.yaml", content.as_bytes())], &[]);
        let key = |result: &Value| {
            let prints = &result["partialFingerprints"];
            (
                result["ruleId"].to_string(),
                format!("{} {}", prints["grpcGuard/v1"], prints["primaryLocationLineHash"]),
            )
        };
        results(&log).iter().map(key).collect()
    };
    let moved = format!("# One more line.\n\n{GROUP}");
    assert_eq!(keys("before", GROUP), keys("moved", &moved));
}
