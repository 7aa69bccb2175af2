//! The examples on the page of a rule: a fixture that fires, what the tool says about it, and the same one mended.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use grpc_guard::catalog::{Catalog, Rule, dialect_name};
use grpc_guard::diagnostic::Severity;
use grpc_guard::engine::{self, Analysis};
use grpc_guard::report::{self, Format, Options};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};
use similar::{ChangeTag, TextDiff};

use super::units::Units;
use super::{dialect, files, name, projects, root, settings};

/// Columns of the tool's output on a page.
const WIDTH: usize = 100;
/// More findings than these of one fixture are not looked at.
const MOST_FINDINGS: usize = 4;
/// A mended example that differs more than this from the faulty one is another example.
const MAX_CHANGED: f32 = 0.5;

/// The examples of a rule, a section for each dialect that it claims.
pub(crate) fn examples(rule: &Rule, catalog: &Catalog) -> String {
    let fixtures = projects(&root().join("fixtures").join(&rule.name));
    let mut text = String::new();
    for dialect in &rule.meta().dialects {
        let Some(example) = choose(&fixtures, dialect, rule, catalog) else { continue };
        let Example { path, faulty, good, .. } = &example;
        let language = language(path);
        write!(
            text,
            "### {}\n\n{}```{language}\n{faulty}```\n\n```text\n{}\n```\n\n{}\n",
            dialect_name(dialect),
            premise(path),
            printed(&run(path, faulty, rule, catalog)),
            mended(faulty, good, language),
        )
        .expect("a string takes all text");
    }
    text.trim_end().to_string()
}

/// A file in which a rule fires, and the same one mended.
struct Example {
    path: PathBuf,
    faulty: String,
    good: String,
    /// How long it takes to read.
    cost: usize,
}

/// The example that is quickest to read: short, and mended by a small change.
fn choose(fixtures: &[PathBuf], wanted: &str, rule: &Rule, catalog: &Catalog) -> Option<Example> {
    let of_dialect = |path: &&PathBuf| path.is_file() && dialect(path) == Some(wanted);
    let starting = |word: &'static str| {
        fixtures.iter().filter(of_dialect).filter(move |path| name(path).starts_with(word))
    };
    let mut best: Option<Example> = None;
    for firing in starting("fire") {
        let all = Units::of(firing, &shown(firing)).keys();
        for (faulty, keys) in excerpts(firing, rule, catalog) {
            for silent in starting("ok").filter(|silent| ending(silent) == ending(firing)) {
                let good = counterpart(silent, &all, &keys);
                let diff = TextDiff::from_lines(&faulty, &good);
                let changed = diff.iter_all_changes().filter(|it| it.tag() != ChangeTag::Equal).count();
                // A plan or a template in JSON says the same in more lines.
                let is_second = ["plan.json", "cfn.json"].contains(&ending(firing).as_str());
                let cost = faulty.lines().count() + 3 * changed + if is_second { 1000 } else { 0 };
                let cost = if is_mended(silent) { cost } else { cost + 100 };
                if best.as_ref().is_none_or(|best| cost < best.cost)
                    && run(silent, &good, rule, catalog).diagnostics.is_empty()
                {
                    best = Some(Example { path: firing.clone(), faulty: faulty.clone(), good, cost });
                }
            }
        }
    }
    best
}

/// For each finding in a fixture, the text with everything taken out that does not bear on it, and what was left in.
fn excerpts(firing: &Path, rule: &Rule, catalog: &Catalog) -> Vec<(String, Vec<String>)> {
    let text = shown(firing);
    let units = Units::of(firing, &text);
    let findings = |keys: &[String]| -> Vec<(String, Severity)> {
        let found = run(firing, &units.keep(keys), rule, catalog).diagnostics;
        found.into_iter().map(|found| (found.message, found.severity)).collect()
    };
    let all = units.keys();
    let mut excerpts = Vec::new();
    for wanted in findings(&all).into_iter().take(MOST_FINDINGS) {
        let mut kept = all.clone();
        for key in &all {
            let fewer: Vec<String> = kept.iter().filter(|kept| *kept != key).cloned().collect();
            // What something left in refers to stays too, although the rule may not care.
            if !refers_to(&units.keep(&fewer), key) && findings(&fewer).contains(&wanted) {
                kept = fewer;
            }
        }
        let excerpt = (units.keep(&kept), kept);
        if !excerpts.contains(&excerpt) {
            excerpts.push(excerpt);
        }
    }
    excerpts
}

/// Whether a text names a resource of a template.
fn refers_to(text: &str, key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    let ways = [
        format!("!Ref {name}\n"),
        format!("!GetAtt {name}."),
        format!("\"Ref\": \"{name}\""),
        format!(".{name}."),
    ];
    ways.iter().any(|way| text.contains(way))
}

/// A silent fixture without what the firing one has and the excerpt of it has not, and without what only it has, unless it
/// was written to be the mended one; as a whole, where it lacks something.
fn counterpart(silent: &Path, firing: &[String], keys: &[String]) -> String {
    let text = shown(silent);
    let units = Units::of(silent, &text);
    let own = units.keys();
    if is_mended(silent) {
        let is_kept = |key: &String| keys.contains(key) || !firing.contains(key);
        return units.keep(&own.into_iter().filter(is_kept).collect::<Vec<String>>());
    }
    if keys.iter().all(|key| own.contains(key)) { units.keep(keys) } else { units.keep(&own) }
}

/// Whether a fixture was written for the page, rather than to show where a rule has to be silent.
fn is_mended(path: &Path) -> bool {
    name(path).starts_with("ok-mended")
}

/// `cfn.yaml` of `fire-cookie.cfn.yaml`.
fn ending(path: &Path) -> String {
    name(path).split_once('.').map(|(_, ending)| ending.to_string()).unwrap_or_default()
}

/// A fixture without what only tests need.
fn shown(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a fixture is UTF-8");
    let mut shown = String::new();
    for line in text.lines() {
        let expects = line.contains("# expect");
        let line = line.split_once("# expect").map_or(line, |(line, _)| line).trim_end();
        let is_hint = line.starts_with("# platform: ");
        // A line that held nothing but an expectation goes as a whole.
        if !(is_hint || expects && line.is_empty()) {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}

/// What has to be known beside the file.
fn premise(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a fixture is UTF-8");
    match text.lines().next().and_then(|line| line.strip_prefix("# platform: ")) {
        Some(platform) => format!("With `platform: {platform}` in `grpc-guard.yaml`:\n\n"),
        None => String::new(),
    }
}

fn language(path: &Path) -> &'static str {
    match ending(path).as_str() {
        "tf" => "hcl",
        ending if ending.ends_with("json") => "json",
        _ => "yaml",
    }
}

/// Runs one rule on the text of a fixture, under a name that a reader would give it.
fn run(fixture: &Path, text: &str, rule: &Rule, catalog: &Catalog) -> Analysis {
    let path = match ending(fixture).as_str() {
        "k8s.yaml" => "manifests.yaml",
        "tf.json" => "main.tf.json",
        "tf" => "main.tf",
        "plan.json" => "plan.json",
        "cfn.json" => "template.json",
        _ => "template.yaml",
    };
    let mut sources = SourceMap::default();
    let id = sources.add(Source::new(path, text));
    let loaded = Loaded { sources, files: vec![LoadedFile { id, explicit: true }], ..Loaded::default() };
    engine::analyze(loaded, catalog, &settings(fixture, Some(&[&rule.name])))
}

fn printed(analysis: &Analysis) -> String {
    let mut bytes = Vec::new();
    let options = Options { width: WIDTH, quiet: true, ..Options::default() };
    report::write(Format::Text, analysis, &[], &mut bytes, &options).expect("memory takes all");
    String::from_utf8(bytes).expect("reports are UTF-8").trim_end().to_string()
}

/// What the mended file changes, or the whole of it where it is another one.
fn mended(faulty: &str, good: &str, language: &str) -> String {
    let diff = TextDiff::from_lines(faulty, good);
    if diff.ratio() < 1.0 - MAX_CHANGED {
        return format!("Mended:\n\n```{language}\n{good}```\n");
    }
    let changes = diff.unified_diff().context_radius(3).to_string();
    format!("Mended:\n\n```diff\n{changes}```\n")
}

/// The files of the pages that there should be.
pub(crate) fn page_path(rule: &Rule) -> PathBuf {
    root().join("docs/rules").join(format!("{}.md", rule.name))
}

/// The pages that no rule has any more.
pub(crate) fn stray_pages(catalog: &Catalog) -> Vec<PathBuf> {
    let is_stray = |path: &PathBuf| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        stem != "README" && catalog.get(&stem).is_none()
    };
    files(&root().join("docs/rules")).into_iter().filter(is_stray).collect()
}
