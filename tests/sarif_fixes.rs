//! The fixes of SARIF logs, applied as an editor does: by lines and UTF-16 columns, knowing nothing but the log and the file.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::engine;
use grpc_guard::report::{self, Format, Options};
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};
use serde_json::Value;
use support::{files, projects, root, settings};

/// Texts by path.
type Texts = BTreeMap<String, String>;

fn log_of(texts: &Texts, catalog: &Catalog, settings: &Settings) -> Value {
    let mut sources = SourceMap::default();
    let mut files = Vec::new();
    for (path, text) in texts {
        let id = sources.add(Source::new(path.clone(), text.as_str()));
        files.push(LoadedFile { id, explicit: true });
    }
    let analysis = engine::analyze(Loaded { sources, files, ..Loaded::default() }, catalog, settings);
    let mut bytes = Vec::new();
    report::write(Format::Sarif, &analysis, &[], &mut bytes, &Options::default()).expect("a log");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().expect("results")
}

/// How many findings of a rule there are. Which of several at one resource is left, no fingerprint tells.
fn count(log: &Value, rule: &Value) -> usize {
    results(log).iter().filter(|result| result["ruleId"] == *rule).count()
}

/// The byte at which a line and a UTF-16 column begin, both counted from 1. A BOM is no column.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let start: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
    let bom = if line == 1 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut units = 1;
    for (at, c) in text[start + bom..].char_indices() {
        if units >= column {
            return start + bom + at;
        }
        units += c.len_utf16() as u64;
    }
    text.len()
}

/// Applies the changes of one fix.
fn apply(fix: &Value, texts: &mut Texts) {
    for change in fix["artifactChanges"].as_array().expect("changes") {
        let uri = change["artifactLocation"]["uri"].as_str().expect("a URI");
        let path = percent_encoding::percent_decode_str(uri).decode_utf8().expect("UTF-8").into_owned();
        let text = texts.get_mut(&path).unwrap_or_else(|| panic!("{path} is not a file of the project"));
        let mut edits: Vec<(usize, usize, &str)> = Vec::new();
        for replacement in change["replacements"].as_array().expect("replacements") {
            let region = &replacement["deletedRegion"];
            let number = |key: &str| region[key].as_u64().unwrap_or_else(|| panic!("{key} in {region}"));
            let start = offset(text, number("startLine"), number("startColumn"));
            let end = offset(text, number("endLine"), number("endColumn"));
            edits.push((start, end, replacement["insertedContent"]["text"].as_str().unwrap_or_default()));
        }
        edits.sort_by_key(|edit| edit.0);
        for (start, end, new) in edits.into_iter().rev() {
            text.replace_range(start..end, new);
        }
    }
}

/// Holds every fix of a project's log, and says how many there were.
fn hold(what: &str, texts: &Texts, catalog: &Catalog, settings: &Settings, wrong: &mut Vec<String>) -> usize {
    let log = log_of(texts, catalog, settings);
    let mut n_fixes = 0;
    for result in results(&log) {
        for fix in result["fixes"].as_array().into_iter().flatten() {
            n_fixes += 1;
            let mut mended = texts.clone();
            apply(fix, &mut mended);
            let after = log_of(&mended, catalog, settings);
            let notified = after["runs"][0]["invocations"][0]["executionSuccessful"] == false;
            if notified || count(&after, &result["ruleId"]) >= count(&log, &result["ruleId"]) {
                wrong.push(format!(
                    "{what}: {} is still there after {}",
                    result["ruleId"], fix["description"]["text"]
                ));
            }
        }
    }
    n_fixes
}

fn texts_of(project: &Path) -> Texts {
    let shown = |path: &Path| path.strip_prefix(root()).expect("below").to_string_lossy().into_owned();
    files(project).iter().map(|path| (shown(path), fs::read_to_string(path).expect("UTF-8"))).collect()
}

#[test]
fn applied_fixes_take_their_findings_away() {
    let catalog = Catalog::builtin();
    let (mut n_fixes, mut wrong) = (0, Vec::new());
    for rule in catalog.rules() {
        let dir = root().join("fixtures").join(&rule.name);
        for project in projects(&dir).into_iter().filter(|path| support::name(path).starts_with("fire")) {
            let settings = settings(&project, Some(&[&rule.name]));
            let what = format!("{}/{}", rule.name, support::name(&project));
            n_fixes += hold(&what, &texts_of(&project), &catalog, &settings, &mut wrong);
        }
    }
    assert!(n_fixes > 250, "{n_fixes} fixes");
    assert!(wrong.is_empty(), "{} of {n_fixes}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Columns count UTF-16 code units, lines may end in CRLF, and a BOM is no part of the first line.
#[test]
fn encodings_and_line_ends() {
    const GROUP: &str = "\
Resources:
  Orders:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Protocol: HTTP
      ProtocolVersion: GRPC
      HealthCheckPath: /grpc.health.v1.Health/Check
      Matcher: {\"🦀é\": 1, HttpCode: \"200\"} # 🦀
";
    let catalog = Catalog::builtin();
    for text in [
        GROUP.to_string(),
        GROUP.replace('\n', "\r\n"),
        format!("\u{feff}{GROUP}"),
        format!("\u{feff}{}", GROUP.replace('\n', "\r\n")),
    ] {
        let mut wrong = Vec::new();
        let texts: Texts = [("in fra/100% é.yaml".to_string(), text.clone())].into_iter().collect();
        let n_fixes = hold("awkward", &texts, &catalog, &Settings::default(), &mut wrong);
        assert!(n_fixes > 0, "{text:?}");
        assert!(wrong.is_empty(), "{wrong:?}");
        let log = log_of(&texts, &catalog, &Settings::default());
        let fix = results(&log).iter().find_map(|result| result["fixes"].get(0)).expect("a fix");
        let mut mended = texts.clone();
        apply(fix, &mut mended);
        let mended = mended.values().next().expect("the file");
        assert_eq!(*mended, text.replace("HttpCode: \"200\"", "GrpcCode: \"0\""), "nothing else changes");
    }
}
