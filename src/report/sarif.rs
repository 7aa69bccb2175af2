//! SARIF 2.1.0, shaped so that GitHub, GitLab, Azure and the editors' viewers all make the most of it.
//!
//! What each consumer needs decides the shape: one run; one location a result, the smallest; columns in UTF-16 units and
//! no byte offsets (viewers take a region with one for a hex dump); suppressions on all results or on none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::ascii::write_json;
use super::fingerprint::{Fingerprints, line_hashes};
use super::location::{Location, not_empty, uri};
use super::neutral::neutral;
use super::{Options, RuleInfo, checks, offered};
use crate::diagnostic::{
    Applicability, Diagnostic, Edit, Excepted, Fix, Label, Severity, Suppression, UNREADABLE_FILE,
};
use crate::engine::Analysis;
use crate::source::{FileId, SourceMap, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const HOME: &str = env!("CARGO_PKG_REPOSITORY");
/// GitHub cuts descriptions here.
const MAX_DESCRIPTION: usize = 1024;
/// GitHub shows no more results of a run.
const MAX_RESULTS: usize = 5000;
/// The notification that says that there were more.
const RESULTS_CUT: &str = "results-cut";
/// Lines of context that a result carries on either side.
const CONTEXT: u32 = 2;
/// Context with longer lines is left out: a plan is one line.
const MAX_CONTEXT: usize = 4096;

pub(super) fn write(
    analysis: &Analysis,
    rules: &[RuleInfo],
    out: &mut dyn Write,
    options: &Options,
) -> io::Result<()> {
    let sarif = Sarif::new(analysis, rules, options);
    let (results, n_cut) = sarif.results();
    let mut invocation = json!({
        "executionSuccessful": !sarif.notices().any(|_| true),
        "exitCode": options.exit_code,
    });
    let mut notifications: Vec<Value> = sarif.notices().map(|notice| sarif.notification(notice)).collect();
    if n_cut > 0 {
        notifications.push(json!({
            "descriptor": { "id": RESULTS_CUT, "index": NOTIFICATIONS.len() },
            "level": "warning",
            "message": { "text": format!("{n_cut} more results are left out, none of them worse than those shown.") },
        }));
    }
    if !notifications.is_empty() {
        invocation["toolExecutionNotifications"] = json!(notifications);
    }
    let category = match options.sarif_category.as_str() {
        "" => "grpc-guard",
        category => category,
    };
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "grpc-guard",
                "fullName": concat!("grpc-guard ", env!("CARGO_PKG_VERSION")),
                "organization": "grpc-guard contributors",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": HOME,
                "rules": sarif.rules.iter().map(rule).collect::<Vec<_>>(),
                "notifications": notification_descriptors(),
            }},
            "invocations": [invocation],
            "automationDetails": { "id": format!("{category}/") },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    write_json(out, &log)
}

/// The checks whose diagnostics are notifications too, because the run did not see all there was: a file that could not be
/// read, or not whole, a rule that gave up.
const NOTIFICATIONS: [&str; 3] = ["policy-failed", "syntax-error", UNREADABLE_FILE];

fn is_notice(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error && NOTIFICATIONS.contains(&&*diagnostic.rule)
}

fn notification_descriptors() -> Vec<Value> {
    let checks = checks();
    let unread = NOTIFICATIONS.iter().filter_map(|name| checks.iter().find(|check| check.name == *name));
    let cut = RuleInfo {
        name: RESULTS_CUT.to_string(),
        summary: "there are more results than are shown".to_string(),
        explanation: format!(
            "The log holds the worst {MAX_RESULTS} results, because GitHub shows no more of a run. Mend some, or check \
             parts of the repository under a `--sarif-category` each, to see the rest."
        ),
        help: None,
        severity: Severity::Warning,
        url: None,
        tags: Vec::new(),
    };
    unread.map(descriptor).chain([descriptor(&cut)]).collect()
}

struct Sarif<'a> {
    analysis: &'a Analysis,
    options: &'a Options,
    /// All rules that could run, then the checks.
    rules: Vec<RuleInfo>,
    /// The index of each rule.
    indices: HashMap<String, usize>,
    line_hashes: HashMap<(FileId, u32), String>,
}

impl<'a> Sarif<'a> {
    fn new(analysis: &'a Analysis, rules: &[RuleInfo], options: &'a Options) -> Self {
        let mut rules = rules.to_vec();
        let mut names: BTreeSet<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        rules.extend(
            checks()
                .into_iter()
                .filter(|check| check.name != UNREADABLE_FILE && names.insert(check.name.clone())),
        );
        // Every result must name a rule of the array, also one that nobody described.
        for diagnostic in analysis.diagnostics.iter().filter(|found| found.rule != UNREADABLE_FILE) {
            if names.insert(diagnostic.rule.to_string()) {
                rules.push(undescribed(diagnostic));
            }
        }
        let indices = rules.iter().enumerate().map(|(idx, rule)| (rule.name.clone(), idx)).collect();
        let mut lines: BTreeMap<FileId, BTreeSet<u32>> = BTreeMap::new();
        for diagnostic in &analysis.diagnostics {
            let span = not_empty(&analysis.sources, diagnostic.primary.span);
            let line = Location::of(&analysis.sources, span).start.line;
            lines.entry(span.file).or_default().insert(line);
        }
        let mut hashes = HashMap::new();
        for (file, lines) in lines {
            let lines: Vec<u32> = lines.into_iter().collect();
            let found = line_hashes(&analysis.sources.get(file).text, &lines);
            hashes.extend(found.into_iter().map(|(line, hash)| ((file, line), hash)));
        }
        Self { analysis, options, rules, indices, line_hashes: hashes }
    }

    fn sources(&self) -> &'a SourceMap {
        &self.analysis.sources
    }

    fn uri(&self, path: &str) -> String {
        uri(path, self.options.root.as_deref())
    }

    fn notices(&self) -> impl Iterator<Item = &'a Diagnostic> {
        self.analysis.diagnostics.iter().filter(|diagnostic| is_notice(diagnostic))
    }

    fn artifact_location(&self, file: FileId) -> Value {
        json!({ "uri": self.uri(&self.sources().get(file).path) })
    }

    fn notification(&self, diagnostic: &Diagnostic) -> Value {
        let index = NOTIFICATIONS.iter().position(|name| *name == diagnostic.rule).unwrap_or(0);
        let file = diagnostic.primary.span.file;
        let mut physical = json!({ "artifactLocation": self.artifact_location(file) });
        if !self.sources().get(file).text.is_empty() {
            physical["region"] = region(self.sources(), not_empty(self.sources(), diagnostic.primary.span));
        }
        json!({
            "descriptor": { "id": diagnostic.rule, "index": index },
            "level": "error",
            "message": { "text": sentence(&neutral(&diagnostic.message)) },
            "locations": [{ "physicalLocation": physical }],
        })
    }

    /// The results, and how many more there would have been.
    fn results(&self) -> (Vec<Value>, usize) {
        let suppressions = self.analysis.diagnostics.iter().any(|found| found.suppressed.is_some());
        let mut fingerprints = Fingerprints::default();
        // A file without text has no region that a result could name.
        let located = self.analysis.diagnostics.iter().filter(|found| found.rule != UNREADABLE_FILE);
        let mut shown: Vec<(usize, &Diagnostic)> = located.enumerate().collect();
        let n_cut = shown.len().saturating_sub(MAX_RESULTS);
        if n_cut > 0 {
            shown.sort_by_key(|(at, found)| (found.suppressed.is_some(), Reverse(found.severity), *at));
            shown.truncate(MAX_RESULTS);
            shown.sort_by_key(|(at, _)| *at);
        }
        let result = |(_, diagnostic)| self.result(diagnostic, suppressions, &mut fingerprints);
        (shown.into_iter().map(result).collect(), n_cut)
    }

    fn result(&self, diagnostic: &Diagnostic, suppressions: bool, fingerprints: &mut Fingerprints) -> Value {
        let primary = not_empty(self.sources(), diagnostic.primary.span);
        let related: Vec<&Label> = diagnostic.related.iter().collect();
        let mut location = json!({ "physicalLocation": self.physical_location(primary) });
        if let Some(resource) = &diagnostic.resource {
            location["logicalLocations"] = json!([{ "name": neutral(resource), "kind": "resource" }]);
        }
        if !diagnostic.primary.text.is_empty() {
            location["message"] = json!({ "text": sentence(&neutral(&diagnostic.primary.text)) });
        }
        let path = self.uri(&self.sources().get(primary.file).path);
        let mut keys = Map::new();
        let line = Location::of(self.sources(), primary).start.line;
        if let Some(hash) = self.line_hashes.get(&(primary.file, line)) {
            keys.insert("primaryLocationLineHash".into(), json!(hash));
        }
        keys.insert("grpcGuard/v1".into(), json!(fingerprints.next(&path, diagnostic)));
        let mut result = json!({
            "ruleId": diagnostic.rule,
            "ruleIndex": self.indices[&*diagnostic.rule],
            "level": level(diagnostic.severity),
            "kind": "fail",
            "message": { "text": message(diagnostic) },
            "locations": [location],
            "partialFingerprints": keys,
        });
        if !related.is_empty() {
            let places = related.iter().enumerate().map(|(idx, label)| self.related(idx + 1, label));
            result["relatedLocations"] = places.collect();
        }
        if suppressions {
            result["suppressions"] = match &diagnostic.suppressed {
                None => json!([]),
                Some(suppression) => json!([suppressed(suppression)]),
            };
        }
        if let Some(fix) = offered(diagnostic, self.sources()) {
            result["fixes"] = json!([self.fix(fix)]);
        }
        result
    }

    fn related(&self, id: usize, label: &Label) -> Value {
        let span = not_empty(self.sources(), label.span);
        json!({
            "id": id,
            "message": { "text": sentence(&neutral(&label.text)) },
            "physicalLocation": self.physical_location(span),
        })
    }

    fn physical_location(&self, span: Span) -> Value {
        let mut region = region(self.sources(), span);
        let text = self.sources().shown(span);
        if !text.is_empty() && text.len() <= MAX_CONTEXT {
            region["snippet"] = json!({ "text": text });
        }
        let mut location = json!({ "artifactLocation": self.artifact_location(span.file), "region": region });
        if let Some(context) = context_region(self.sources(), span) {
            location["contextRegion"] = context;
        }
        location
    }

    fn fix(&self, fix: &Fix) -> Value {
        let mut by_file: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
        for edit in &fix.edits {
            by_file.entry(edit.span.file).or_default().push(edit);
        }
        let changes = by_file.into_iter().map(|(file, edits)| {
            let replacements = edits.into_iter().map(|edit| {
                json!({
                    "deletedRegion": region(self.sources(), edit.span),
                    "insertedContent": { "text": edit.replacement },
                })
            });
            json!({
                "artifactLocation": self.artifact_location(file),
                "replacements": replacements.collect::<Vec<_>>(),
            })
        });
        let description = match fix.applicability {
            Applicability::Safe => sentence(&neutral(&fix.title)),
            Applicability::Unsafe => {
                sentence(&format!("{} (unsafe: it may change behaviour)", neutral(&fix.title)))
            }
        };
        json!({
            "description": { "text": description },
            "artifactChanges": changes.collect::<Vec<_>>(),
        })
    }
}

fn suppressed(suppression: &Suppression) -> Value {
    let kind = if suppression.by == Excepted::InSource { "inSource" } else { "external" };
    let until = suppression.until.as_ref().map(|until| format!("until {until}"));
    let reason = Some(suppression.reason.clone()).filter(|reason| !reason.is_empty());
    let said: Vec<String> = reason.into_iter().chain(until).collect();
    if said.is_empty() {
        return json!({ "kind": kind });
    }
    json!({ "kind": kind, "justification": said.join(", ") })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// GitHub shows only what the message says, and related places only where the message links to them.
fn message(diagnostic: &Diagnostic) -> String {
    let mut text = sentence(&unlinked(&diagnostic.message));
    for (idx, label) in diagnostic.related.iter().enumerate().filter(|(_, label)| !label.text.is_empty()) {
        let words = neutral(&label.text).replace(['[', ']'], "");
        text.push_str(if idx == 0 { " See: " } else { ", " });
        text.push_str(&format!("[{words}]({})", idx + 1));
    }
    if !diagnostic.related.is_empty() && text.ends_with(')') {
        text.push('.');
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(" Help: ");
        text.push_str(&sentence(&unlinked(help)));
    }
    text
}

/// A text that may hold words of the user's files, with nothing in it that a viewer takes for a link.
fn unlinked(text: &str) -> String {
    neutral(text).replace("](", "] (")
}

/// SARIF wants whole sentences; our messages are parts of one.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_string() } else { format!("{text}.") }
}

fn region(sources: &SourceMap, span: Span) -> Value {
    let Location { start, end, .. } = Location::of(sources, span);
    json!({
        "startLine": start.line,
        "startColumn": start.column_utf16,
        "endLine": end.line,
        "endColumn": end.column_utf16,
    })
}

fn context_region(sources: &SourceMap, span: Span) -> Option<Value> {
    let source = sources.get(span.file);
    let lines = source.lines();
    let first = lines.line(span.start).saturating_sub(CONTEXT).max(1);
    let last = (lines.line(span.end) + CONTEXT).min(lines.n_lines());
    let range = lines.line_range(&source.text, first).start..lines.line_range(&source.text, last).end;
    let text = source.shown().get(range)?;
    if text.is_empty() || text.len() > MAX_CONTEXT || last - first < 1 {
        return None;
    }
    Some(json!({ "startLine": first, "endLine": last, "snippet": { "text": text } }))
}

fn rule(info: &RuleInfo) -> Value {
    let mut rule = descriptor(info);
    rule["defaultConfiguration"] = json!({ "level": level(info.severity) });
    let mut tags = vec!["grpc", "aws"];
    for tag in &info.tags {
        if !tags.contains(&tag.as_str()) {
            tags.push(tag);
        }
    }
    tags.truncate(10);
    rule["properties"] = json!({
        "tags": tags,
        "precision": "high",
        "problem.severity": match info.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "recommendation",
        },
    });
    rule
}

fn descriptor(info: &RuleInfo) -> Value {
    let explanation = if info.explanation.trim().is_empty() { &info.summary } else { &info.explanation };
    let mut text = explanation.trim().to_string();
    if let Some(help) = &info.help {
        text.push_str("\n\nWhat to do: ");
        text.push_str(help);
    }
    json!({
        "id": info.name,
        "name": pascal_case(&info.name),
        "shortDescription": { "text": cut(&sentence(&info.summary)) },
        "fullDescription": { "text": cut(&sentence(first_paragraph(explanation))) },
        "helpUri": info.url.clone().unwrap_or_else(|| HOME.to_string()),
        "help": { "text": sentence(&text), "markdown": text },
    })
}

fn first_paragraph(text: &str) -> &str {
    text.trim().split("\n\n").next().unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_DESCRIPTION).collect()
}

fn pascal_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let capitalized = |word: &str| {
        let mut chars = word.chars();
        chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect::<String>()
    };
    words.map(capitalized).collect()
}

/// A rule that has no metadata, such as one written for cfn-guard.
fn undescribed(diagnostic: &Diagnostic) -> RuleInfo {
    RuleInfo {
        name: diagnostic.rule.to_string(),
        summary: format!("the rule {} does not hold", diagnostic.rule),
        explanation: String::new(),
        help: None,
        severity: diagnostic.severity,
        url: None,
        tags: Vec::new(),
    }
}
