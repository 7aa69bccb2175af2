//! What the files do not settle is not reported: each value of each fixture is made unknown in turn.
//!
//! A finding in a file with an unknown value has to hold whatever the value is, so also for the one that the fixture had.
//! And a finding that points at a value is about that value, so it goes with it. Both are checked with all rules on.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use grpc_guard::catalog::Catalog;
use grpc_guard::diagnostic::{Diagnostic, Severity};
use grpc_guard::document::{NodeRef, ScalarStyle};
use grpc_guard::engine::{self, Analysis};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{FileId, Source, SourceMap};
use grpc_guard::syntax;
use rayon::prelude::*;
use support::{entries, name, projects, root, settings};

/// A change of a text: these bytes, that text instead.
type Edit = (std::ops::Range<usize>, String);

/// A value that can be made unknown.
struct Unsettled {
    /// Where in the document.
    path: Vec<String>,
    /// Where in the text, without quotes.
    inner: std::ops::Range<usize>,
    edits: Vec<Edit>,
}

/// Where a rule may speak of what is unknown: the rule, the end of the value's path (any for an empty one), and why.
const MAY_SPEAK: [(&str, &str, &str); 7] = [
    (
        "network-load-balancer-pins-connections",
        "",
        "what excuses it counts where it is seen; that it pins is true all the same",
    ),
    (
        "health-check-on-other-port",
        "",
        "that the port is another one is true, and an info where nothing is known of the pods",
    ),
    (
        "health-check-port-open-only",
        "loadBalancerClass",
        "annotations of a controller say whose Service it is",
    ),
    (
        "autoscaler-behind-pinned-connections",
        "",
        "what excuses it counts where it is seen; that it pins is true all the same",
    ),
    ("nginx-backend-not-grpc", "", "that another Ingress serves the calls counts where it is seen"),
    (
        "probe-http-on-grpc-port",
        "",
        "that the port serves HTTP too, behind a group of its own, counts where it is seen",
    ),
    ("ingress-wildcard-path", "ingressClassName", "annotations of the controller say whose Ingress it is"),
];

fn may_speak(rule: &str, path: &str) -> Option<usize> {
    MAY_SPEAK.iter().position(|(name, end, _)| *name == rule && path.ends_with(end))
}

#[test]
fn a_value_that_becomes_unknown_adds_no_finding() {
    let catalog = Catalog::builtin();
    let checked: Vec<Checked> = fixtures(&catalog).par_iter().map(|path| check(path, &catalog)).collect();
    let n_checked: usize = checked.iter().map(|checked| checked.n_values).sum();
    let problems: Vec<&str> =
        checked.iter().flat_map(|checked| &checked.problems).map(String::as_str).collect();
    let is_taken = |idx: usize| checked.iter().any(|checked| checked.spoke.contains(&idx));
    let stale: Vec<&str> = MAY_SPEAK
        .iter()
        .enumerate()
        .filter(|(idx, _)| !is_taken(*idx))
        .map(|(_, (rule, ..))| *rule)
        .collect();
    assert!(stale.is_empty(), "these need no leave any more: {stale:?}");
    assert!(n_checked > 4_000, "only {n_checked} values were made unknown");
    assert!(
        problems.is_empty(),
        "{} of {n_checked} unknown values are reported:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

/// The fixtures of all rules that are one file.
fn fixtures(catalog: &Catalog) -> Vec<PathBuf> {
    let of_rules =
        entries(&root().join("fixtures")).into_iter().filter(|dir| catalog.get(&name(dir)).is_some());
    of_rules.flat_map(|dir| projects(&dir)).filter(|path| path.is_file()).collect()
}

/// What became of a fixture.
#[derive(Default)]
struct Checked {
    n_values: usize,
    problems: Vec<String>,
    /// The leaves that were taken, by their place in [`MAY_SPEAK`].
    spoke: BTreeSet<usize>,
}

/// Makes each value of a fixture unknown.
fn check(path: &Path, catalog: &Catalog) -> Checked {
    let text = fs::read_to_string(path).expect("a fixture is UTF-8");
    let before = findings(&run(path, &text, catalog));
    let values = values(path, &text);
    let mut checked = Checked { n_values: values.len(), ..Checked::default() };
    for value in &values {
        let changed = apply(&text, &value.edits);
        let analysis = run(path, &changed, catalog);
        let mut complain = |what: &str, of: &str| {
            let value = value.path.join(".");
            match may_speak(of, &value) {
                Some(idx) => {
                    checked.spoke.insert(idx);
                }
                None => checked.problems.push(format!("{}: {value} unknown: {what}: {of}", path.display())),
            }
        };
        for diagnostic in analysis.diagnostics.iter().filter(|found| found.rule == "syntax-error") {
            complain("the test breaks the file", &diagnostic.message);
        }
        for found in findings(&analysis) {
            let place = before_edits(found.start, &value.edits);
            let same_rule = || before.iter().filter(|known| known.rule == found.rule);
            let is_known = |known: &Finding| known.resource == found.resource || known.start == place;
            match same_rule().filter(|known| is_known(known)).map(|_| ()).next() {
                None => complain("new finding", &found.rule),
                // A rule that speaks of two ends may speak louder of one when it cannot see the other.
                Some(()) if same_rule().all(|known| known.severity < found.severity) => {
                    complain("worse than before", &found.rule);
                }
                Some(()) => {}
            }
            let points_at_it = |known: &Finding| known.start == value.inner.start && is_known(known);
            if place == value.inner.start && same_rule().any(points_at_it) {
                complain("still reported", &found.rule);
            }
        }
    }
    checked
}

/// What a finding is known by.
struct Finding {
    rule: String,
    resource: String,
    severity: Severity,
    /// Without a quotation mark.
    start: usize,
}

fn findings(analysis: &Analysis) -> Vec<Finding> {
    let text = &analysis.sources.get(FileId(0)).text;
    let of = |found: &Diagnostic| {
        Some(Finding {
            rule: found.rule.to_string(),
            resource: found.resource.clone()?,
            severity: found.severity,
            start: without_quotes(text, found.primary.span.range()).start,
        })
    };
    analysis.diagnostics.iter().filter_map(of).collect()
}

/// Where an offset of a changed text lies in the text that it was; the start of what was replaced for all of it.
fn before_edits(offset: usize, edits: &[Edit]) -> usize {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|(range, _)| range.start);
    let mut shift: isize = 0;
    for (range, instead) in edits {
        let start = range.start.wrapping_add_signed(shift);
        if offset < start {
            break;
        }
        if offset < start + instead.len() {
            return range.start + usize::from(instead.starts_with('"'));
        }
        shift += instead.len() as isize - range.len() as isize;
    }
    offset.wrapping_add_signed(-shift)
}

fn run(path: &Path, text: &str, catalog: &Catalog) -> Analysis {
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new(name(path), text));
    let loaded = Loaded { sources, files: vec![LoadedFile { id, explicit: true }], ..Loaded::default() };
    engine::analyze(loaded, catalog, &settings(path, None))
}

fn without_quotes(text: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    match text[range.clone()].starts_with(['"', '\'']) && range.len() >= 2 {
        true => range.start + 1..range.end - 1,
        false => range,
    }
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|(range, _)| range.start);
    let mut changed = text.to_string();
    for (range, instead) in edits.into_iter().rev() {
        changed.replace_range(range.clone(), instead);
    }
    changed
}

/// The values of a file that somebody could leave open.
fn values(path: &Path, text: &str) -> Vec<Unsettled> {
    let name = name(path);
    let format = syntax::format_of(&name, text).expect("a fixture has a format");
    let (document, _) = syntax::parse(FileId(0), format, &text.into());
    let way = Way::of(&name, text);
    let mut values = Vec::new();
    for root in document.roots() {
        way.walk(root, &mut Vec::new(), text, &mut values);
    }
    values
}

/// How a value is left open in a language.
enum Way {
    Reference {
        is_json: bool,
        declaration: Edit,
    },
    Variable {
        declaration: Edit,
    },
    /// The same in HCL.
    Name {
        declaration: Edit,
    },
    Placeholder,
    /// A plan knows everything, or says that a value comes later.
    Later,
}

impl Way {
    fn of(name: &str, text: &str) -> Self {
        let json = |key: &str, entry: &str| match text.find(&format!("\"{key}\": {{")) {
            Some(at) => {
                let at = at + key.len() + 5;
                (at..at, format!("{entry},"))
            }
            None => (1..1, format!("\"{key}\": {{{entry}}},")),
        };
        if name.ends_with(".k8s.yaml") {
            return Way::Placeholder;
        }
        if name.ends_with(".plan.json") {
            return Way::Later;
        }
        if name.ends_with(".tf") {
            let end = text.len();
            return Way::Name { declaration: (end..end, "\nvariable \"not_settled\" {}\n".to_string()) };
        }
        if name.ends_with(".tf.json") {
            return Way::Variable { declaration: json("variable", "\"not_settled\": {}") };
        }
        if name.ends_with(".json") {
            return Way::Reference {
                is_json: true,
                declaration: json("Parameters", "\"NotSettled\": {\"Type\": \"String\"}"),
            };
        }
        let entry = "  NotSettled:\n    Type: String\n";
        let declaration = match text.find("Parameters:\n") {
            Some(at) => (at + 12..at + 12, entry.to_string()),
            None => (text.len()..text.len(), format!("Parameters:\n{entry}")),
        };
        Way::Reference { is_json: false, declaration }
    }

    /// Whether what stands at a path can be left open.
    fn may_be_open(&self, path: &[String]) -> bool {
        let is = |at: usize, word: &str| path.get(at).is_some_and(|part| part == word);
        match self {
            Way::Reference { .. } => {
                is(0, "Resources")
                    && is(2, "Properties")
                    && !path.iter().any(|part| part.starts_with("Fn::") || part == "Ref")
            }
            Way::Variable { .. } | Way::Name { .. } => {
                is(0, "resource") && path.len() > 3 && !is(3, "depends_on")
            }
            Way::Placeholder => is(0, "spec") || is(0, "metadata") && is(1, "annotations"),
            Way::Later => path.len() > 2 && path[path.len() - 2] == "values",
        }
    }

    fn walk(&self, node: NodeRef<'_>, path: &mut Vec<String>, text: &str, into: &mut Vec<Unsettled>) {
        let children: Vec<(String, NodeRef<'_>)> = node
            .written_entries()
            .map(|entry| (entry.name().to_string(), entry.value))
            .chain(node.items().enumerate().map(|(idx, item)| (idx.to_string(), item)))
            .collect();
        for (key, child) in children {
            path.push(key);
            self.walk(child, path, text, into);
            path.pop();
        }
        let Some(scalar) = node.scalar() else { return };
        let is_block = matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded);
        if is_block || node.span().range().is_empty() || node.is_alias() || !self.may_be_open(path) {
            return;
        }
        let whole = node.span().range();
        let inner = without_quotes(text, whole.clone());
        let whole = node.tag().map_or(whole.start, |tag| tag.span.range().start)..whole.end;
        let edits = match self {
            Way::Reference { is_json: true, declaration } => {
                vec![declaration.clone(), (whole, "{\"Ref\": \"NotSettled\"}".to_string())]
            }
            Way::Reference { is_json: false, declaration } => {
                vec![declaration.clone(), (whole, "!Ref NotSettled".to_string())]
            }
            Way::Variable { declaration } => {
                vec![declaration.clone(), (whole, "\"${var.not_settled}\"".to_string())]
            }
            Way::Name { declaration } => vec![declaration.clone(), (whole, "var.not_settled".to_string())],
            Way::Placeholder => vec![(whole, "\"${NOT_SETTLED}\"".to_string())],
            Way::Later => vec![(0..text.len(), later(text, path))],
        };
        into.push(Unsettled { path: path.clone(), inner, edits });
    }
}

/// A plan in which one value is known after the apply.
fn later(text: &str, path: &[String]) -> String {
    let mut plan: serde_json::Value = serde_json::from_str(text).expect("a plan is JSON");
    let (key, values) = path.split_last().expect("a value has a key");
    let pointer = format!("/{}", values.join("/"));
    let resource = pointer.trim_end_matches("/values").to_string();
    plan.pointer_mut(&pointer).and_then(|values| values.as_object_mut()).expect("the values").remove(key);
    let address = plan.pointer(&resource).map(|resource| resource["address"].clone()).expect("a resource");
    let mut unknown = serde_json::Map::new();
    unknown.insert(key.clone(), true.into());
    let change =
        serde_json::json!({"address": address, "change": {"actions": ["create"], "after_unknown": unknown}});
    match plan.get_mut("resource_changes").and_then(|changes| changes.as_array_mut()) {
        Some(changes) => changes.push(change),
        None => plan["resource_changes"] = serde_json::Value::Array(vec![change]),
    }
    format!("{plan:#}\n")
}
