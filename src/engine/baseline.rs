//! Baselines: findings that were there before, so that only new ones count.
//!
//! A finding is known by its rule, its file, and its resource or, without one, its message; how often it occurs is counted.
//! Lines are no part of it, so that a baseline survives what happens above a finding.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Analysis;
use crate::config::{self, Settings};
use crate::diagnostic::{self, Diagnostic, Excepted, Severity, Suppression};
use crate::document::{Format, NodeRef, Schema, Typed};
use crate::source::{FileId, Source, Span};
use crate::syntax;

/// The check that reports what a baseline holds in vain.
const STALE: &str = "stale-baseline";
/// The name under which faulty baselines are reported.
const INVALID: &str = "invalid-baseline";
/// Raised when a baseline means something else than before.
const VERSION: i64 = 1;

/// By what a finding is recognised in the next run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    file: String,
    rule: String,
    /// The resource, or the message of a finding without one.
    about: About,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Resource(String),
    Message(String),
}

/// Findings that are known.
#[derive(Debug, Default)]
pub struct Baseline {
    /// How often each occurs, and where that is written.
    known: BTreeMap<Key, (usize, Span)>,
    /// Files are named relative to this directory.
    root: PathBuf,
    text: Option<Source>,
}

impl Baseline {
    /// The findings of an analysis that count. Files are named relative to `root`.
    pub fn of(analysis: &Analysis, root: &Path) -> Self {
        let mut baseline = Self { root: config::absolute(root), ..Self::default() };
        for found in analysis.diagnostics.iter().filter(|found| found.suppressed.is_none()) {
            if !super::is_about_the_run(found) && found.rule != STALE {
                let key = baseline.key(analysis, found);
                baseline.known.entry(key).or_insert((0, found.primary.span)).0 += 1;
            }
        }
        baseline
    }

    /// Everything that an analysis has found, whether it counts or not. Files are named by their absolute paths.
    pub(super) fn of_all(analysis: &Analysis) -> Self {
        let mut baseline = Self::default();
        for found in &analysis.diagnostics {
            let key = baseline.key(analysis, found);
            baseline.known.entry(key).or_insert((0, found.primary.span)).0 += 1;
        }
        baseline
    }

    /// Takes over what an older baseline knows of files that this run has not looked at, and of rules that it has left out on
    /// purpose. Where everything was looked at, files that are not among them are gone.
    pub fn keep_unseen(&mut self, older: Baseline, analysis: &Analysis, settings: &Settings) {
        let looked_at: Vec<String> = analysis.reported().map(|path| self.relative(path)).collect();
        let is_unseen = |key: &Key| {
            let is_left_out = settings.only.as_ref().is_some_and(|only| !only.contains(&key.rule));
            is_left_out || !settings.is_whole && !looked_at.contains(&key.file)
        };
        // What is told of a file that was not looked at, because it concerns one that was, is among the new ones already.
        for (key, found) in older.known.into_iter().filter(|(key, _)| is_unseen(key)) {
            self.known.entry(key).or_insert(found);
        }
    }

    /// Strikes a finding out once; whether it was there.
    pub(super) fn take(&mut self, analysis: &Analysis, found: &Diagnostic) -> bool {
        let key = self.key(analysis, found);
        match self.known.get_mut(&key) {
            Some((count, _)) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Reads what [`Baseline::to_text`] has written; else what is wrong with it, located in the first file of a source map.
    pub fn read(path: &str, text: &str, root: &Path) -> Result<Self, Vec<Diagnostic>> {
        let source = Source::new(path, text);
        let (document, wrong) = syntax::parse(FileId(0), Format::Json, &source.text);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let whole = document.roots().next().expect("internal error: JSON without a fault has a root");
        let known = entries(whole).map_err(|wrong| vec![*wrong])?;
        Ok(Self { known, root: config::absolute(root), text: Some(source) })
    }

    /// How many findings it holds.
    pub fn len(&self) -> usize {
        self.known.values().map(|(count, _)| count).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The same findings give the same bytes; each has a line, so that changes can be reviewed and merged.
    pub fn to_text(&self) -> String {
        let lines: Vec<String> = self
            .known
            .iter()
            .map(|(key, (count, _))| {
                let (word, about) = match &key.about {
                    About::Resource(resource) => ("resource", resource),
                    About::Message(message) => ("message", message),
                };
                format!("    {}", json!({ "file": key.file, "rule": key.rule, word: about, "count": count }))
            })
            .collect();
        let findings = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": [{findings}]\n}}\n")
    }

    /// Marks the findings that are known, as often as each is, and reports what the baseline holds in vain.
    pub fn apply(self, analysis: &mut Analysis, settings: &Settings) {
        let mut left: BTreeMap<Key, (usize, Span)> = self.known.clone();
        let keys: Vec<Option<Key>> = analysis
            .diagnostics
            .iter()
            .map(|found| {
                let counts = found.suppressed.is_none() && !super::is_about_the_run(found);
                counts.then(|| self.key(analysis, found))
            })
            .collect();
        let looked_at: Vec<String> = analysis.reported().map(|path| self.relative(path)).collect();
        let Some(text) = self.text else { return };
        let path = text.path.clone();
        let file = analysis.sources.add(text);
        let here = |span: Span| Span { file, ..span };
        for (found, key) in analysis.diagnostics.iter_mut().zip(keys) {
            let Some((count, span)) = key.and_then(|key| left.get_mut(&key)) else { continue };
            if *count > 0 {
                *count -= 1;
                let reason = format!("it is in the baseline {path}");
                let span = Some(here(*span));
                found.suppressed = Some(Suppression { by: Excepted::ByBaseline, span, reason, until: None });
            }
        }
        for (key, (count, span)) in left.into_iter().filter(|(_, (count, _))| *count > 0) {
            // A rule that did not run, or a file that was not looked at, may still have it.
            let is_looked_at = settings.is_whole || looked_at.contains(&key.file);
            let severity = settings.severity(STALE, Severity::Info, &path);
            let (Some(severity), true, true) = (severity, is_looked_at, settings.runs(&key.rule)) else {
                continue;
            };
            let times = if count > 1 { format!(" {count} times") } else { String::new() };
            let message = format!("`{}` is no longer found{times} in {}", key.rule, key.file);
            let help =
                "write the baseline anew with `--write-baseline`, so that it does not come back unseen";
            analysis.diagnostics.push(Diagnostic::new(STALE, severity, here(span), message).with_help(help));
        }
        diagnostic::sort(&mut analysis.diagnostics, &analysis.sources);
    }

    /// Marks the findings that are known for the time being, and says nothing of what the baseline holds in vain.
    pub fn mark(&self, analysis: &mut Analysis) {
        let mut left: BTreeMap<Key, usize> =
            self.known.iter().map(|(key, (count, _))| (key.clone(), *count)).collect();
        for at in 0..analysis.diagnostics.len() {
            let found = &analysis.diagnostics[at];
            if found.suppressed.is_some() || super::is_about_the_run(found) {
                continue;
            }
            if let Some(count) = left.get_mut(&self.key(analysis, found)).filter(|count| **count > 0) {
                *count -= 1;
                let reason = "it is in the baseline".to_string();
                let known = Suppression { by: Excepted::ByBaseline, span: None, reason, until: None };
                analysis.diagnostics[at].suppressed = Some(known);
            }
        }
    }

    fn key(&self, analysis: &Analysis, found: &Diagnostic) -> Key {
        Key {
            file: self.relative(&analysis.sources.get(found.primary.span.file).path),
            rule: found.rule.to_string(),
            about: match &found.resource {
                Some(resource) => About::Resource(resource.clone()),
                None => About::Message(found.message.clone()),
            },
        }
    }

    /// A path relative to the root, wherever the tool was started.
    fn relative(&self, path: &str) -> String {
        let absolute = config::absolute(Path::new(path));
        let relative = absolute.strip_prefix(&self.root).unwrap_or(&absolute);
        relative.to_string_lossy().replace('\\', "/")
    }
}

fn wrong_at(span: Span, message: impl Into<String>, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(INVALID, Severity::Error, span, message).with_help(help))
}

const HOW_TO_WRITE: &str = "write it with `grpc-guard check --write-baseline FILE`";

fn entries(root: NodeRef<'_>) -> Result<BTreeMap<Key, (usize, Span)>, Box<Diagnostic>> {
    let whole = |node: NodeRef<'_>| match node.scalar().map(|scalar| scalar.typed(Schema::Core)) {
        Some(Typed::Int(number)) => Some(number),
        _ => None,
    };
    let Some(version) = root.get("version") else {
        return Err(wrong_at(
            root.span().at_start(),
            "this is no baseline: it has no `version`",
            HOW_TO_WRITE,
        ));
    };
    if whole(version) != Some(VERSION) {
        let written = version.text().unwrap_or_default();
        let message = format!("this baseline has version `{written}`, and version `{VERSION}` is read here");
        let help = "write it anew with this grpc-guard, or run the one that has written it";
        return Err(wrong_at(version.span(), message, help));
    }
    let mut known = BTreeMap::new();
    for finding in root.get("findings").into_iter().flat_map(|findings| findings.items()) {
        let text = |key: &str| finding.get(key).and_then(|value| value.text()).map(str::to_string);
        let about = text("resource").map(About::Resource).or_else(|| text("message").map(About::Message));
        let count = finding.get("count").map_or(Some(1), whole).and_then(|count| usize::try_from(count).ok());
        let (Some(file), Some(rule), Some(about), Some(count)) = (text("file"), text("rule"), about, count)
        else {
            let message = "a finding of a baseline has `file`, `rule`, `count`, and `resource` or `message`";
            return Err(wrong_at(finding.span(), message, HOW_TO_WRITE));
        };
        let entry = known.entry(Key { file, rule, about }).or_insert((0, finding.span()));
        entry.0 += count;
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An analysis of `(file, rule, resource, message)`, each on a line of its own.
    fn analysis(found: &[(&str, &str, Option<&str>, &str)], shift: u32) -> Analysis {
        let mut analysis = Analysis::default();
        for (path, rule, resource, message) in found {
            let known = analysis.sources.iter().find(|(_, source)| source.path == *path).map(|(id, _)| id);
            let file = known.unwrap_or_else(|| analysis.sources.add(Source::new(*path, "x\n".repeat(100))));
            let at = shift + 2 * analysis.diagnostics.len() as u32;
            let span = Span::new(file, at, at + 1);
            let mut diagnostic = Diagnostic::new(rule.to_string(), Severity::Error, span, *message);
            diagnostic.resource = resource.map(str::to_string);
            analysis.diagnostics.push(diagnostic);
        }
        analysis.n_reported = analysis.sources.len();
        analysis
    }

    fn open(analysis: &Analysis) -> Vec<String> {
        let open = analysis.diagnostics.iter().filter(|found| found.suppressed.is_none());
        open.map(|found| format!("{}: {}", found.rule, found.message)).collect()
    }

    const TWICE: &[(&str, &str, Option<&str>, &str)] = &[
        ("b.yaml", "a-rule", Some("Orders"), "one"),
        ("b.yaml", "a-rule", Some("Orders"), "two"),
        ("a.yaml", "syntax-error", None, "broken"),
    ];

    #[test]
    fn a_baseline_holds_what_it_was_made_of() {
        let root = Path::new("");
        let text = Baseline::of(&analysis(TWICE, 0), root).to_text();
        assert_eq!(
            text,
            "{\n  \"version\": 1,\n  \"findings\": [\n    \
             {\"file\":\"a.yaml\",\"rule\":\"syntax-error\",\"message\":\"broken\",\"count\":1},\n    \
             {\"file\":\"b.yaml\",\"rule\":\"a-rule\",\"resource\":\"Orders\",\"count\":2}\n  ]\n}\n"
        );
        let read = || Baseline::read("known.json", &text, root).expect("a baseline");
        assert_eq!((read().len(), read().to_text()), (3, text.clone()));
        let mut again = analysis(TWICE, 40);
        read().apply(&mut again, &Settings::default());
        assert_eq!(open(&again), Vec::<String>::new(), "lines do not matter");

        let mut more = TWICE.to_vec();
        more.push(("b.yaml", "a-rule", Some("Orders"), "three"));
        more.push(("b.yaml", "a-rule", Some("Stock"), "four"));
        let mut more = analysis(&more, 0);
        read().apply(&mut more, &Settings::default());
        assert_eq!(open(&more), ["a-rule: three", "a-rule: four"], "as often as it is known");

        let mut less = analysis(&TWICE[..1], 0);
        read().apply(&mut less, &Settings::default());
        assert_eq!(
            open(&less),
            [
                "stale-baseline: `syntax-error` is no longer found in a.yaml",
                "stale-baseline: `a-rule` is no longer found in b.yaml",
            ]
        );
        let mut part = analysis(&TWICE[..1], 0);
        read().apply(&mut part, &Settings { is_whole: false, ..Settings::default() });
        assert_eq!(open(&part), ["stale-baseline: `a-rule` is no longer found in b.yaml"]);
        assert_eq!(
            Baseline::of(&analysis(&[], 0), root).to_text(),
            "{\n  \"version\": 1,\n  \"findings\": []\n}\n"
        );
    }

    #[test]
    fn what_is_no_baseline_is_located() {
        for (text, at, message) in [
            ("{}", 0, "this is no baseline: it has no `version`"),
            ("", 0, "the file is empty"),
            ("{\"version\": 2}", 12, "this baseline has version `2`, and version `1` is read here"),
            ("{\"version\": 1, \"findings\": [{}]}", 28, "a finding of a baseline has"),
            ("{\"version\": 1,", 14, ""),
        ] {
            let wrong = Baseline::read("known.json", text, Path::new("")).expect_err("refused").remove(0);
            assert!(wrong.message.contains(message), "{text}: {}", wrong.message);
            assert_eq!(wrong.primary.span.start, at, "{text}");
        }
    }
}
