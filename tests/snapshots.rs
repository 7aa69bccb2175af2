//! Each output format once, over one analysis that holds everything a format must cope with.
//!
//! The analysis is made by hand, so that a new rule or a better message changes nothing here. After a wanted change run
//! `INSTA_UPDATE=always cargo test --test snapshots` and read the diff.

use grpc_guard::diagnostic::{
    Applicability, Diagnostic, Edit, Excepted, Fix, Label, Severity, Suppression, sort,
};
use grpc_guard::engine::{Analysis, Stats};
use grpc_guard::report::{self, Format, Options, RuleInfo};
use grpc_guard::source::{FileId, Source, SourceMap, Span};

const TEMPLATE: &str = "\u{feff}Resources:\r
  Zahlung:  # größer 🦀\r
    Type: AWS::ElasticLoadBalancingV2::TargetGroup\r
    Properties: {Name: \"größe-🦀\", ProtocolVersion: GRPC, Matcher: {HttpCode: \"200\"}}\r
  Listener:\r
\tType: AWS::ElasticLoadBalancingV2::Listener\r
";

const MANIFEST: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: zahlung
spec:
  ports:
    - name: grpc
      port: 50051
";

struct Project {
    sources: SourceMap,
}

impl Project {
    fn new() -> Self {
        let mut sources = SourceMap::default();
        sources.add(Source::new("lb 100%.yaml", TEMPLATE));
        sources.add(Source::new("k8s/service.yaml", MANIFEST));
        sources.add(Source::new("gone.yaml", ""));
        sources.add(Source::new("broken.yaml", "a: [1\n"));
        Self { sources }
    }

    /// The place of the first occurrence of `words`.
    fn span(&self, file: u32, words: &str) -> Span {
        let file = FileId(file);
        let at = self.sources.get(file).text.find(words).expect("the words are in the text");
        Span::new(file, at as u32, (at + words.len()) as u32)
    }

    fn analysis(self) -> Analysis {
        let code = self.span(0, "\"200\"");
        let key = self.span(0, "HttpCode");
        let mut matched = Diagnostic::new(
            "health-check-http-matcher",
            Severity::Error,
            code,
            "GRPC target group is matched on the HTTP status \"200\"",
        )
        .with_label("an HTTP status")
        .with_related(Label::new(self.span(0, "GRPC"), "the group speaks gRPC"))
        .with_related(Label::new(self.span(1, "grpc"), "this port [grpc] stands behind it"))
        .with_resource("Zahlung")
        .with_help("replace `Matcher.HttpCode` with `Matcher.GrpcCode`");
        matched.url = Some("https://example.com/rules/health-check-http-matcher".to_string());
        matched.fix = Some(Fix {
            title: "match on gRPC status 0".to_string(),
            applicability: Applicability::Safe,
            edits: vec![
                Edit { span: key, replacement: "GrpcCode".to_string() },
                Edit { span: code, replacement: "\"0\"".to_string() },
            ],
        });
        let listener = Diagnostic::new(
            "listener-without-https",
            Severity::Warning,
            self.span(0, "Listener:").at_start(),
            "a listener & its <group>: 50% of\n::error::this \u{1b}[31mis\u{1b}[0m one message",
        );
        let mut port =
            Diagnostic::new("user-rule", Severity::Info, self.span(1, "50051"), "port 50051 is common");
        port.suppressed = Some(Suppression {
            by: Excepted::InSource,
            until: None,
            span: Some(self.span(1, "port:")),
            reason: "agreed with the network team".to_string(),
        });
        let gone = Span::new(FileId(2), 0, 0);
        let gone = Diagnostic::new("unreadable-file", Severity::Error, gone, "there is no file of this name");
        let end = Span::new(FileId(3), 6, 6);
        let broken = Diagnostic::new("syntax-error", Severity::Error, end, "`]` is missing")
            .with_related(Label::new(self.span(3, "["), "opened here"));
        let mut diagnostics = vec![port, broken, listener, gone, matched];
        sort(&mut diagnostics, &self.sources);
        let n_reported = self.sources.len();
        let stats = Stats { files: 3, skipped: 1 };
        Analysis { sources: self.sources, n_reported, diagnostics, stats, ..Analysis::default() }
    }
}

fn rules() -> Vec<RuleInfo> {
    let rule = |name: &str, summary: &str, severity| RuleInfo {
        name: name.to_string(),
        summary: summary.to_string(),
        explanation: format!("First paragraph on `{name}`.\n\nSecond paragraph."),
        help: Some("do something".to_string()),
        severity,
        url: Some(format!("https://example.com/rules/{name}")),
        tags: ["health-checks", "cloudformation", "grpc", "health-checks"].map(str::to_string).to_vec(),
    };
    vec![
        rule("health-check-http-matcher", "GRPC target group is matched on an HTTP status", Severity::Error),
        rule("listener-without-https", "gRPC listener is not HTTPS", Severity::Warning),
    ]
}

fn written(format: Format, analysis: &Analysis, options: &Options) -> String {
    let mut out = Vec::new();
    report::write(format, analysis, &rules(), &mut out, options).expect("writing to memory works");
    String::from_utf8(out).expect("reports are UTF-8")
}

fn options() -> Options {
    Options { width: 80, exit_code: 2, n_rules: rules().len(), ..Options::default() }
}

/// A report without what changes while the format does not: the version, and the looks of the page.
fn steady(report: String) -> String {
    let mut report = report.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    for (start, end) in
        [("<style>", "</style>"), ("<script>", "</script>"), ("'sha256-", "'"), ("'sha256-", "'; base")]
    {
        if let Some((before, rest)) = report.split_once(start)
            && let Some((_, after)) = rest.split_once(end)
        {
            report = format!("{before}{}…{end}{after}", start.replace("sha256-", "hash "));
        }
    }
    report
}

#[test]
fn every_format() {
    let analysis = Project::new().analysis();
    for (name, format) in Format::ALL {
        let text = steady(written(format, &analysis, &options()));
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn every_format_without_findings() {
    let analysis = Analysis { stats: Stats { files: 2, skipped: 0 }, ..Analysis::default() };
    let options = Options { exit_code: 0, ..options() };
    let mut all = String::new();
    for (name, format) in Format::ALL {
        let text = steady(written(format, &analysis, &options));
        // The rules of an empty SARIF log are those of a full one.
        if format != Format::Sarif {
            all.push_str(&format!("--- {name}\n{text}"));
        }
    }
    insta::assert_snapshot!("clean", all);
}

#[test]
fn json_follows_its_schema() {
    let schema = include_str!("../schemas/report.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    for analysis in [Project::new().analysis(), Analysis::default()] {
        let report = written(Format::Json, &analysis, &options());
        let report: serde_json::Value = serde_json::from_str(&report).expect("the report is JSON");
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"schema_version": 2})), "the schema can refuse");
}

/// What GitHub, the editors' viewers and the standard want of SARIF beyond its schema.
#[test]
fn sarif_keeps_its_promises() {
    let project = Project::new();
    let analysis = project.analysis();
    let log: serde_json::Value =
        serde_json::from_str(&written(Format::Sarif, &analysis, &options())).expect("the log is JSON");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for rule in rules {
        let tags = rule["properties"]["tags"].as_array().expect("tags");
        assert!(tags.iter().enumerate().all(|(idx, tag)| !tags[..idx].contains(tag)), "{tags:?}");
    }
    for result in run["results"].as_array().expect("results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["locations"].as_array().expect("locations").len(), 1);
        assert!(result["suppressions"].is_array(), "on all results or on none");
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().into_iter().flatten().chain(related) {
            let physical = &location["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().expect("a URI");
            let (_, source) = analysis
                .sources
                .iter()
                .find(|(_, source)| source.path == uri.replace("%20", " ").replace("%25", "%"))
                .expect("the URI is a file's");
            let region = &physical["region"];
            let number = |key: &str| region[key].as_u64().expect("all four numbers") as usize;
            assert_eq!(number("startLine"), number("endLine"), "one line each");
            assert!(number("startColumn") < number("endColumn"), "no region is empty: {region}");
            let line = source.line_text(number("startLine") as u32).trim_start_matches('\u{feff}');
            let units: Vec<u16> = line.encode_utf16().collect();
            let shown = String::from_utf16(&units[number("startColumn") - 1..number("endColumn") - 1]);
            assert_eq!(
                shown.expect("whole characters"),
                region["snippet"]["text"].as_str().expect("a snippet")
            );
            assert!(region.get("byteOffset").is_none());
        }
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false, "a broken file is never a silent pass");
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications").len(),
        2
    );
}

#[test]
fn the_order_of_files_changes_nothing() {
    let analysis = Project::new().analysis();
    let mut turned = Analysis { stats: analysis.stats.clone(), ..Analysis::default() };
    let n = analysis.sources.len() as u32;
    for (_, source) in analysis.sources.iter().collect::<Vec<_>>().into_iter().rev() {
        turned.sources.add(Source::new(source.path.clone(), source.text.clone()));
    }
    let turn = |span: &mut Span| span.file = FileId(n - 1 - span.file.0);
    turned.diagnostics = analysis.diagnostics.clone();
    turned.diagnostics.reverse();
    for diagnostic in &mut turned.diagnostics {
        turn(&mut diagnostic.primary.span);
        diagnostic.related.iter_mut().for_each(|label| turn(&mut label.span));
        diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.edits).for_each(|edit| turn(&mut edit.span));
        if let Some(Suppression { span: Some(span), .. }) = &mut diagnostic.suppressed {
            turn(span);
        }
    }
    sort(&mut turned.diagnostics, &turned.sources);
    for (name, format) in Format::ALL {
        assert_eq!(written(format, &turned, &options()), written(format, &analysis, &options()), "{name}");
    }
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that have broken reports of other tools.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("\n".to_string()),
            Just("\r\n".to_string()),
            Just("\u{feff}".to_string()),
            Just("🦀é\u{301}名\t\u{202e}\u{1b}[0m\0".to_string()),
            Just("x".repeat(1200)),
            "\\PC{0,8}",
            any::<char>().prop_map(|c| c.to_string()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_breaks_a_report(
            pieces in prop::collection::vec(piece(), 0..12),
            places in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..5),
            width in 0_usize..200,
        ) {
            let text: String = pieces.concat();
            let boundaries: Vec<u32> =
                (0..=text.len()).filter(|at| text.is_char_boundary(*at)).map(|at| at as u32).collect();
            let mut sources = SourceMap::default();
            let file = sources.add(Source::new("any.yaml", text.clone()));
            let spans: Vec<Span> = places
                .iter()
                .map(|(a, b)| {
                    let (a, b) = (boundaries[a.index(boundaries.len())], boundaries[b.index(boundaries.len())]);
                    Span::new(file, a.min(b), a.max(b))
                })
                .collect();
            let mut diagnostic = Diagnostic::new("a-rule", Severity::Error, spans[0], text.clone()).with_label(text);
            diagnostic.related = spans[1..].iter().map(|span| Label::new(*span, "here")).collect();
            let analysis = Analysis { sources, diagnostics: vec![diagnostic], ..Analysis::default() };
            let options = Options { width, quiet: true, ..options() };
            for (name, format) in Format::ALL {
                let report = written(format, &analysis, &options);
                match format {
                    Format::Json | Format::Sarif | Format::Gitlab | Format::Rdjson => {
                        serde_json::from_str::<serde_json::Value>(&report).expect(name);
                    }
                    Format::Concise | Format::Github => prop_assert_eq!(report.lines().count(), 1, "{}", report),
                    _ => {}
                }
                if !matches!(format, Format::Json | Format::Sarif | Format::Gitlab | Format::Rdjson) {
                    let control = report.chars().find(|c| c.is_control() && *c != '\n');
                    prop_assert_eq!(control, None, "{}: {:?}", name, report);
                }
            }
        }
    }
}
