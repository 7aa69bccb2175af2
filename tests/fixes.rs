//! Fixes on all fixtures and incidents, and on the same files written in other ways: what is mended parses, has lost its
//! finding and gained none, keeps its comments, and has nothing left to mend.

#![allow(clippy::print_stdout, reason = "a test says what it looked at and why it was skipped")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::diagnostic::{Applicability, Diagnostic, Edit};
use grpc_guard::edit;
use grpc_guard::engine::{self, Analysis, Fixed, Why};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{FileId, Source, SourceMap};
use support::{entries, files, hcl, name, projects, root, settings};

/// The files of one project in memory.
#[derive(Clone)]
struct Case {
    what: String,
    files: Vec<(String, String)>,
    settings: PathBuf,
}

impl Case {
    fn load(&self) -> Loaded {
        let mut sources = SourceMap::default();
        let files = self.files.iter().map(|(path, text)| {
            let id = sources.add(Source::new(path.clone(), Arc::<str>::from(text.as_str())));
            LoadedFile { id, explicit: true }
        });
        let files = files.collect();
        Loaded { sources, files, ..Loaded::default() }
    }

    fn settings(&self) -> Settings {
        settings(&self.settings, None)
    }

    fn analyze(&self, catalog: &Catalog) -> Analysis {
        engine::analyze(self.load(), catalog, &self.settings())
    }

    fn fix(&self, catalog: &Catalog, most: Applicability) -> Fixed {
        engine::fix(self.load(), catalog, &self.settings(), most, &|_| {})
    }

    /// The same content, written in another way; `None` where it is no other.
    fn rewritten(&self, how: &str, rewrite: impl Fn(&str, &str) -> Option<String>) -> Option<Case> {
        let mut case = self.clone();
        let mut is_other = false;
        for (path, text) in &mut case.files {
            if let Some(other) = rewrite(path, text) {
                is_other |= other != *text;
                *text = other;
            }
        }
        case.what = format!("{} {how}", self.what);
        is_other.then_some(case)
    }

    /// The same configuration in HCL; `None` where a file is of another format or cannot be said in it.
    fn in_hcl(&self) -> Option<Case> {
        let mut case = self.clone();
        for (path, text) in &mut case.files {
            *path = format!("{}.tf", path.strip_suffix(".tf.json")?);
            *text = hcl::of_json(&serde_json::from_str(text).ok()?)?;
        }
        case.what = format!("{} in HCL", self.what);
        Some(case)
    }

    fn variants(&self) -> Vec<Case> {
        let json = |path: &str, text: &str| {
            path.ends_with(".json").then(|| serde_json::from_str::<serde_json::Value>(text).ok()).flatten()
        };
        let indented = |path: &str, text: &str, indent: &[u8]| {
            let mut out = Vec::new();
            let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
            let mut writer = serde_json::Serializer::with_formatter(&mut out, formatter);
            serde::Serialize::serialize(&json(path, text)?, &mut writer).expect("serialised");
            Some(String::from_utf8(out).expect("UTF-8"))
        };
        [
            Some(self.clone()),
            self.rewritten("with CRLF", |_, text| Some(text.replace('\n', "\r\n"))),
            self.rewritten("with a BOM", |_, text| Some(format!("\u{feff}{text}"))),
            self.rewritten("without a last line end", |_, text| Some(text.trim_end().to_string())),
            self.rewritten("with tabs", |path, text| indented(path, text, b"\t")),
            self.rewritten("with four spaces", |path, text| indented(path, text, b"    ")),
            self.rewritten("on one line", |path, text| Some(json(path, text)?.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn case(project: &Path) -> Case {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let shown = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
        Some((shown, text))
    };
    let files: Vec<(String, String)> = files(project).into_iter().filter_map(read).collect();
    Case { what: project.display().to_string(), files, settings: project.to_path_buf() }
}

fn fixtures() -> Vec<Case> {
    let catalog = Catalog::builtin();
    let is_rule = |dir: &PathBuf| catalog.get(&name(dir)).is_some();
    let dirs = entries(&root().join("fixtures")).into_iter().filter(is_rule);
    dirs.flat_map(|dir| projects(&dir)).map(|project| case(&project)).collect()
}

/// The inputs of the incidents, with their remedied twins.
fn incidents() -> Vec<(Case, Option<PathBuf>)> {
    let shared = root().join("../shared/incidents");
    if !shared.is_dir() {
        println!("skipped: there is no ../shared/incidents");
        return Vec::new();
    }
    let mut cases = Vec::new();
    for folder in entries(&shared).into_iter().filter(|path| path.is_dir()) {
        for input in entries(&folder).into_iter().filter(|path| name(path).starts_with("input.")) {
            let fixed = input.with_file_name(name(&input).replacen("input.", "fixed.", 1));
            cases.push((case(&input), fixed.exists().then_some(fixed)));
        }
    }
    cases
}

/// Which rules find something how often.
fn counts(analysis: &Analysis) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for found in &analysis.diagnostics {
        *counts.entry(found.rule.to_string()).or_default() += 1;
    }
    counts
}

fn comments(text: &str) -> Vec<String> {
    let comment = |line: &str| line.find(" #").map(|at| line[at + 1..].trim_end().to_string());
    let mut comments: Vec<String> = text.lines().filter_map(comment).collect();
    comments.sort();
    comments
}

/// Applies one fix to the files of a case.
fn applied(case: &Case, fix: &[Edit]) -> Case {
    let mut case = case.clone();
    for (at, (_, text)) in case.files.iter_mut().enumerate() {
        let edits: Vec<Edit> =
            fix.iter().filter(|edit| edit.span.file == FileId(at as u32)).cloned().collect();
        *text = edit::apply(text, &edits);
    }
    case
}

/// The names and references of everything that is deployed: no fix has any business with them.
fn identities(case: &Case) -> Vec<String> {
    const KEYS: [&str; 12] = [
        "Name",
        "PortName",
        "ContainerName",
        "ContainerPort",
        "TargetGroupArn",
        "LoadBalancerArn",
        "ListenerArn",
        "Id",
        "TargetOriginId",
        "DomainName",
        "TaskDefinition",
        "Scheme",
    ];
    fn collect(value: &serde_json::Value, into: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(entries) => {
                for (key, value) in entries {
                    if KEYS.contains(&key.as_str()) {
                        into.push(format!("{key}: {value}"));
                    }
                    collect(value, into);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for model in engine::models(case.load(), &case.settings()) {
        for (id, resource) in model.to_json()["Resources"].as_object().expect("resources") {
            if resource["Type"].as_str().is_some_and(|name| name.starts_with("AWS::")) {
                found.push(id.clone());
                collect(&resource["Properties"], &mut found);
            }
        }
    }
    found.sort();
    found
}

/// What is wrong with the result of fixing everything.
fn problems(case: &Case, catalog: &Catalog) -> Vec<String> {
    let mut problems = Vec::new();
    let mut complain = |what: String| problems.push(format!("{}: {what}", case.what));
    let before = counts(&case.analyze(catalog));
    let fixed = case.fix(catalog, Applicability::Unsafe);
    for (rule, n) in counts(&fixed.analysis) {
        if n > before.get(&rule).copied().unwrap_or_default() {
            complain(format!("{rule} is new"));
        }
    }
    let mut again = case.clone();
    for changed in &fixed.changed {
        let text = again.files.iter_mut().find(|(path, _)| *path == changed.path).map(|(_, text)| text);
        *text.expect("a file of the case") = changed.after.to_string();
        if changed.path.ends_with(".yaml") && comments(&changed.before) != comments(&changed.after) {
            complain("a comment is lost".to_string());
        }
        let crlf = |text: &str| (text.matches("\r\n").count(), text.matches('\n').count());
        let (crlf, lf) = crlf(&changed.after);
        if crlf != 0 && crlf != lf {
            complain("line ends are mixed".to_string());
        }
        if changed.before.starts_with('\u{feff}') != changed.after.starts_with('\u{feff}') {
            complain("the byte order mark is gone".to_string());
        }
        if changed.before.ends_with('\n') != changed.after.ends_with('\n') {
            complain("the last line end changed".to_string());
        }
    }
    // What a controller builds is called after its backends, which `missing-backend` mends; a wrong name is what the other
    // rule is about.
    let mends_names = fixed.applied.iter().any(|applied| applied.rule == "ecs-service-missing-port");
    if !case.what.contains(".k8s.") && !mends_names && identities(&again) != identities(case) {
        complain("something has another name, or names something else".to_string());
    }
    let second = again.fix(catalog, Applicability::Unsafe);
    if let Some(changed) = second.changed.first() {
        complain(format!("a second run changes it:\n{}", changed.after));
    }
    problems
}

#[test]
fn all_fixes_of_all_fixtures_hold() {
    let catalog = Catalog::builtin();
    let mut problems_found = Vec::new();
    let (mut n_cases, mut n_applied, mut n_refused) = (0, 0, 0);
    for case in fixtures() {
        let fixed = case.fix(&catalog, Applicability::Unsafe);
        n_applied += fixed.applied.len();
        n_refused += fixed.refused.len();
        // The other ways to write a file in which there is nothing to mend are a waste of time.
        let n = if fixed.applied.is_empty() { 1 } else { usize::MAX };
        for variant in case.variants().into_iter().take(n) {
            n_cases += 1;
            problems_found.extend(problems(&variant, &catalog));
        }
    }
    println!("{n_cases} cases, {n_applied} fixes applied, {n_refused} refused");
    assert!(n_applied > 100, "only {n_applied} fixes were applied");
    assert!(problems_found.is_empty(), "{} problems:\n{}", problems_found.len(), problems_found.join("\n"));
}

#[test]
fn all_fixes_hold_in_hcl() {
    let catalog = Catalog::builtin();
    let (mut problems_found, mut n_applied) = (Vec::new(), 0);
    for case in fixtures() {
        let Some(other) = case.in_hcl() else { continue };
        let [fixed, in_hcl] = [&case, &other].map(|case| case.fix(&catalog, Applicability::Unsafe));
        n_applied += in_hcl.applied.len();
        let rules = |fixed: &Fixed| -> Vec<String> {
            let mut rules: Vec<String> =
                fixed.applied.iter().map(|applied| applied.rule.to_string()).collect();
            rules.sort();
            rules
        };
        if rules(&fixed) != rules(&in_hcl) {
            problems_found.push(format!("{}: {:?}, not {:?}", other.what, rules(&in_hcl), rules(&fixed)));
        }
        let n = if in_hcl.applied.is_empty() { 1 } else { usize::MAX };
        problems_found
            .extend(other.variants().iter().take(n).flat_map(|variant| problems(variant, &catalog)));
    }
    println!("{n_applied} fixes applied");
    assert!(n_applied > 50, "only {n_applied} fixes were applied");
    assert!(problems_found.is_empty(), "{} problems:\n{}", problems_found.len(), problems_found.join("\n"));
}

#[test]
fn all_fixes_of_all_incidents_hold() {
    let catalog = Catalog::builtin();
    let mut problems_found = Vec::new();
    for (case, _) in incidents() {
        for variant in case.variants() {
            problems_found.extend(problems(&variant, &catalog));
        }
    }
    assert!(problems_found.is_empty(), "{} problems:\n{}", problems_found.len(), problems_found.join("\n"));
}

/// What reports offer is true by itself: whoever applies one fix alone loses its finding and gains none of another rule
/// in most cases, and where a fault behind the fault shows, `--fix` says so instead of applying it.
#[test]
fn each_offered_fix_removes_its_finding() {
    let catalog = Catalog::builtin();
    let mut problems = Vec::new();
    let mut fixable: BTreeMap<String, usize> = BTreeMap::new();
    let cases = fixtures().into_iter().chain(incidents().into_iter().map(|(case, _)| case));
    for case in cases {
        let analysis = case.analyze(&catalog);
        let before = counts(&analysis);
        for found in &analysis.diagnostics {
            let Some(fix) = &found.fix else { continue };
            *fixable.entry(found.rule.to_string()).or_default() += 1;
            let after = applied(&case, &fix.edits).analyze(&catalog);
            let n = |counts: &BTreeMap<String, usize>| counts.get(&*found.rule).copied().unwrap_or_default();
            if n(&counts(&after)) >= n(&before) {
                problems.push(format!("{}: {} stays after: {}", case.what, found.rule, fix.title));
            }
            if after.diagnostics.iter().any(|found| found.rule == "syntax-error") {
                problems.push(format!("{}: broken by the fix of {}", case.what, found.rule));
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    let declared = catalog.rules().filter(|rule| rule.file.meta().fixable().is_some());
    let idle: Vec<&str> =
        declared.map(|rule| rule.name.as_str()).filter(|name| !fixable.contains_key(*name)).collect();
    assert!(idle.is_empty(), "no fixture shows the fix of {}", idle.join(", "));
}

/// How often the fix is what people settled on.
#[test]
fn fixes_are_compared_with_the_remedies_of_the_incidents() {
    let catalog = Catalog::builtin();
    let (mut n_twins, mut equal, mut clean, mut open) = (0, Vec::new(), Vec::new(), Vec::new());
    for (case, twin) in incidents() {
        let Some(twin) = twin else { continue };
        n_twins += 1;
        let before = case.analyze(&catalog);
        let fixed = case.fix(&catalog, Applicability::Unsafe);
        let is_serious = |found: &&Diagnostic| found.severity >= grpc_guard::diagnostic::Severity::Warning;
        let n_before = before.diagnostics.iter().filter(is_serious).count();
        let n_after = fixed.analysis.diagnostics.iter().filter(is_serious).count();
        let mut mended = case.clone();
        for changed in &fixed.changed {
            for (path, text) in &mut mended.files {
                if *path == changed.path {
                    *text = changed.after.to_string();
                }
            }
        }
        let model = |case: &Case| {
            let models = engine::models(case.load(), &Settings::default());
            models.iter().map(|model| properties(&model.to_json())).collect::<Vec<_>>()
        };
        let mut remedied = self::case(&twin);
        remedied.files[0].0.clone_from(&mended.files[0].0);
        let label = name(Path::new(&case.what).parent().expect("a folder"));
        match () {
            () if model(&mended) == model(&remedied) => equal.push(label),
            () if n_before > 0 && n_after == 0 => clean.push(label),
            () => open.push(label),
        }
    }
    println!(
        "{n_twins} twins: {} the same, {} mended in another way, {} not or in part",
        equal.len(),
        clean.len(),
        open.len()
    );
    println!("the same: {}\nanother way: {}\nopen: {}", equal.join(" "), clean.join(" "), open.join(" "));
    assert!(n_twins == 0 || equal.len() + clean.len() > 0, "no incident could be mended");
}

/// What will be deployed: `Effective` where there are defaults, else `Properties`.
fn properties(model: &serde_json::Value) -> BTreeMap<String, serde_json::Value> {
    let resources = model["Resources"].as_object().cloned().unwrap_or_default();
    let is_deployed = |name: &str| name.starts_with("AWS::");
    resources
        .into_iter()
        .filter(|(_, value)| value["Type"].as_str().is_some_and(is_deployed))
        .map(|(id, value)| {
            let effective = value.get("Effective").or(value.get("Properties")).cloned();
            (id, effective.unwrap_or_default())
        })
        .collect()
}

#[test]
fn what_is_refused_says_why() {
    // The group becomes a GRPC one, and then the listener's plain HTTP is wrong.
    let text = "Resources:\n  Orders:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties:\n      Name: orders-grpc\n      Port: 50051\n      Protocol: HTTP\n  Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      Port: 80\n      Protocol: HTTP\n      LoadBalancerArn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1\n      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Orders}]\n";
    let case = Case {
        what: "refused".to_string(),
        files: vec![("lb.yaml".to_string(), text.to_string())],
        settings: PathBuf::from("lb.yaml"),
    };
    let fixed = case.fix(&Catalog::builtin(), Applicability::Unsafe);
    assert!(fixed.changed.is_empty(), "{}", fixed.changed[0].after);
    let whys: Vec<(&str, &Why)> =
        fixed.refused.iter().map(|refused| (refused.rule.as_str(), &refused.why)).collect();
    assert_eq!(whys, [("target-group-http1", &Why::Appears("listener-without-https".to_string()))]);
}

#[test]
fn what_the_controller_does_not_read_is_not_offered() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: orders\n  annotations:\n    service.beta.kubernetes.io/aws-load-balancer-type: nlb\n    service.beta.kubernetes.io/aws-load-balancer-ssl-cert: arn:aws:acm:eu-west-1:123456789012:certificate/1\nspec:\n  type: LoadBalancer\n  selector: {app: orders}\n  ports:\n    - {name: grpc, port: 50051}\n";
    let case = Case {
        what: "in-tree".to_string(),
        files: vec![("service.yaml".to_string(), text.to_string())],
        settings: PathBuf::from("service.yaml"),
    };
    let analysis = case.analyze(&Catalog::builtin());
    let found = analysis.diagnostics.iter().find(|found| found.rule == "listener-without-alpn");
    assert_eq!(found.expect("a finding").fix, None);
}
