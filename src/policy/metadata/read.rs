//! Reads the metadata comment: YAML behind `#` signs, every key known, every mistake at its place.

use std::sync::Arc;

use super::{Category, HelpCase, InputKind, OptionSpec, RelatedSpec, RuleMeta, SeverityCase};
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{EntryRef, Format, Kind, NodeRef, Schema, Typed};
use crate::source::{FileId, Span, Spanned};
use crate::syntax;

/// The check that reports mistakes in metadata.
pub(crate) const POLICY_METADATA: &str = "policy-metadata";

const KEYS: [&str; 17] = [
    "category",
    "default",
    "dialects",
    "evidence",
    "explanation",
    "fix",
    "help",
    "help-if",
    "input",
    "options",
    "references",
    "related",
    "severity",
    "severity-if",
    "since",
    "summary",
    "tags",
];

const DIALECTS: [&str; 3] = ["cloudformation", "kubernetes", "terraform"];

/// Reads the metadata of a rule file.
pub(in super::super) fn read(file: FileId, text: &str) -> (RuleMeta, Vec<Diagnostic>) {
    let mut reader = Reader { file, meta: RuleMeta::default(), diagnostics: Vec::new() };
    if let Some(yaml) = comment(text) {
        reader.meta.is_written = true;
        reader.read(&yaml);
    }
    (reader.meta, reader.diagnostics)
}

/// The comment block that begins with `# METADATA`, its signs blanked out so that every offset stays.
fn comment(text: &str) -> Option<Arc<str>> {
    let body = text.trim_start_matches('\u{feff}');
    let start = text.len() - body.trim_start().len();
    let first = text[start..].lines().next()?;
    if first.trim_start_matches('#').trim() != "METADATA" || !first.starts_with('#') {
        return None;
    }
    let mut yaml = blank(&text[..start]);
    for (number, line) in text[start..].split_inclusive('\n').enumerate() {
        match line.strip_prefix('#') {
            Some(_) if number == 0 => yaml.push_str(&blank(line)),
            Some(rest) => {
                yaml.push(' ');
                yaml.push_str(rest);
            }
            None => break,
        }
    }
    Some(Arc::from(yaml))
}

fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

pub(super) struct Reader {
    file: FileId,
    pub(super) meta: RuleMeta,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::new(POLICY_METADATA, Severity::Error, span, message));
        self.diagnostics.last_mut().expect("internal error: a diagnostic was just pushed")
    }

    fn read(&mut self, yaml: &Arc<str>) {
        let (document, problems) = syntax::parse(self.file, Format::Yaml, yaml);
        for problem in problems {
            let mut found =
                Diagnostic::new(POLICY_METADATA, Severity::Error, problem.primary.span, problem.message);
            found.help = problem.help.or_else(|| Some("the metadata is YAML behind `#` signs".to_string()));
            self.diagnostics.push(found);
        }
        let Some(root) = document.roots().next() else { return };
        if root.kind() != Kind::Mapping {
            self.error(root.span(), "the metadata is not a mapping");
            return;
        }
        for entry in root.entries() {
            self.entry(entry);
        }
    }

    fn entry(&mut self, entry: EntryRef<'_>) {
        let value = entry.value;
        match entry.name() {
            "summary" => self.meta.summary = self.text(value).unwrap_or_default(),
            "explanation" => self.meta.explanation = self.text(value).unwrap_or_default(),
            "severity" => self.meta.severity = self.severity(value),
            "severity-if" => self.severity_if(value),
            "evidence" => {
                self.meta.evidence = self.choice(value, &["Grpc"]).is_some();
            }
            "category" => self.meta.category = self.text(value).map(Category),
            "input" => {
                let model = self.choice(value, &["model", "document"]) == Some(0);
                self.meta.input = if model { InputKind::Model } else { InputKind::Document };
            }
            "dialects" => {
                for item in self.list(value) {
                    if let Some(idx) = self.choice(item, &DIALECTS) {
                        self.meta.dialects.push(DIALECTS[idx].to_string());
                    }
                }
            }
            "since" => self.meta.since = self.text(value),
            "help" => self.meta.help = self.spanned(value),
            "help-if" => self.help_if(value),
            "fix" => self.fixes(value),
            "options" => self.options(value),
            "related" => self.related(value),
            "references" => self.meta.references = self.texts(value),
            "tags" => self.meta.tags = self.texts(value),
            "default" => self.meta.off_by_default = self.choice(value, &["off", "on"]) == Some(0),
            unknown => self.unknown_key(entry, unknown, &KEYS),
        }
    }

    fn unknown_key(&mut self, entry: EntryRef<'_>, unknown: &str, known: &[&str]) {
        let near = known.iter().map(|key| (strsim::jaro_winkler(unknown, key), *key));
        let near = near.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        let help = match near {
            Some((_, key)) => format!("did you mean `{key}`?"),
            None => format!("the keys are {}", known.join(", ")),
        };
        self.error(entry.key.span(), format!("the metadata has no key `{unknown}`")).help = Some(help);
    }

    pub(super) fn text(&mut self, node: NodeRef<'_>) -> Option<String> {
        self.spanned(node).map(|text| text.value)
    }

    /// A text and where its content begins, inside quotes.
    pub(super) fn spanned(&mut self, node: NodeRef<'_>) -> Option<Spanned<String>> {
        let Some(text) = node.text() else {
            self.error(node.span(), "a text is expected here");
            return None;
        };
        let span = node.span();
        let quotes = u32::from(span.end - span.start == text.len() as u32 + 2);
        Some(Spanned::new(text.to_string(), Span::new(span.file, span.start + quotes, span.end - quotes)))
    }

    pub(super) fn list<'d>(&mut self, node: NodeRef<'d>) -> Vec<NodeRef<'d>> {
        if node.kind() != Kind::Sequence {
            self.error(node.span(), "a list is expected here");
        }
        node.items().collect()
    }

    fn texts(&mut self, node: NodeRef<'_>) -> Vec<String> {
        self.list(node).into_iter().filter_map(|item| self.text(item)).collect()
    }

    pub(super) fn choice(&mut self, node: NodeRef<'_>, words: &[&str]) -> Option<usize> {
        let text = self.text(node)?;
        let found = words.iter().position(|word| *word == text);
        if found.is_none() {
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let message = format!("`{text}` is none of {}", quoted.join(", "));
            self.error(node.span(), message);
        }
        found
    }

    fn severity(&mut self, node: NodeRef<'_>) -> Option<Severity> {
        let severities = [Severity::Error, Severity::Warning, Severity::Info];
        self.choice(node, &["error", "warning", "info"]).map(|idx| severities[idx])
    }

    pub(super) fn mapping<'d>(&mut self, node: NodeRef<'d>, known: &[&str]) -> Vec<EntryRef<'d>> {
        if node.kind() != Kind::Mapping {
            self.error(node.span(), format!("a mapping with the keys {} is expected here", known.join(", ")));
        }
        let (good, bad): (Vec<_>, Vec<_>) = node.entries().partition(|entry| known.contains(&entry.name()));
        for entry in bad {
            self.unknown_key(entry, entry.name(), known);
        }
        good
    }

    fn severity_if(&mut self, node: NodeRef<'_>) {
        for item in self.list(node) {
            let (mut when, mut severity) = (None, None);
            for entry in self.mapping(item, &["when", "severity"]) {
                match entry.name() {
                    "when" => when = self.spanned(entry.value),
                    _ => severity = self.severity(entry.value),
                }
            }
            match (when, severity) {
                (Some(when), Some(severity)) => self.meta.severity_if.push(SeverityCase { when, severity }),
                _ => {
                    self.error(item.span(), "a case needs `when` and `severity`");
                }
            }
        }
    }

    fn help_if(&mut self, node: NodeRef<'_>) {
        for item in self.list(node) {
            let (mut when, mut help) = (None, None);
            for entry in self.mapping(item, &["when", "help"]) {
                match entry.name() {
                    "when" => when = self.spanned(entry.value),
                    _ => help = self.spanned(entry.value),
                }
            }
            match (when, help) {
                (Some(when), Some(help)) => self.meta.help_if.push(HelpCase { when, help }),
                _ => {
                    self.error(item.span(), "a case needs `when` and `help`");
                }
            }
        }
    }

    fn options(&mut self, node: NodeRef<'_>) {
        if node.kind() != Kind::Mapping {
            self.error(node.span(), "a mapping of options is expected here").help =
                Some("write `seconds: {means: the longest silence that is reported, from: 1}`".to_string());
        }
        for option in node.entries() {
            let name = Spanned::new(option.name().to_string(), option.key.span());
            let (mut means, mut from, mut to) = (None, None, None);
            for entry in self.mapping(option.value, &["means", "from", "to"]) {
                match entry.name() {
                    "means" => means = self.text(entry.value),
                    "from" => from = self.whole_number(entry.value),
                    _ => to = self.whole_number(entry.value),
                }
            }
            match means {
                Some(means) => self.meta.options.push(OptionSpec { name, means, from, to }),
                None => {
                    self.error(name.span, "an option needs `means`: what it decides");
                }
            }
        }
    }

    fn whole_number(&mut self, node: NodeRef<'_>) -> Option<i64> {
        let Some(Typed::Int(number)) = node.scalar().map(|scalar| scalar.typed(Schema::Core)) else {
            self.error(node.span(), "a whole number is expected here");
            return None;
        };
        Some(number)
    }

    fn related(&mut self, node: NodeRef<'_>) {
        for item in self.list(node) {
            let (mut query, mut text) = (None, None);
            for entry in self.mapping(item, &["query", "text"]) {
                match entry.name() {
                    "query" => query = self.spanned(entry.value),
                    _ => text = self.spanned(entry.value),
                }
            }
            match (query, text) {
                (Some(query), Some(text)) => self.meta.related.push(RelatedSpec { query, text }),
                _ => {
                    self.error(item.span(), "a related place needs `query` and `text`");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FixAction, FixPath, FixValue};
    use super::*;
    use crate::diagnostic::Applicability;

    const FILE: FileId = FileId(0);

    fn check(text: &str, expected: &[(&str, &str)]) {
        let (_, diagnostics) = read(FILE, text);
        let found: Vec<(&str, &str)> = diagnostics
            .iter()
            .map(|found| (&text[found.primary.span.range()], found.message.as_str()))
            .collect();
        assert_eq!(found, expected, "in {text:?}");
    }

    #[test]
    fn the_example_of_the_design_is_read() {
        let text = "# METADATA\n# summary: GRPC target group is matched on an HTTP status\n# severity: error\n\
            # category: health-checks\n# input: model\n# dialects: [cloudformation, kubernetes]\n# since: 0.1.0\n\
            # help: replace `Matcher.HttpCode` with `Matcher.GrpcCode`\n\
            # fix: {class: safe, rename: Properties.Matcher.HttpCode, to: Properties.Matcher.GrpcCode, value: \"0\"}\n\
            # related:\n#   - {query: Properties.ProtocolVersion, text: the group speaks gRPC}\n\
            # references: [https://docs.aws.amazon.com/x.html]\n\
            # explanation: |\n#   A target group.\n#\n#   Second paragraph.\nrule a { A exists }\n";
        let (meta, diagnostics) = read(FILE, text);
        assert_eq!(diagnostics, []);
        assert_eq!(meta.summary, "GRPC target group is matched on an HTTP status");
        assert_eq!(meta.input, InputKind::Model);
        assert_eq!(meta.explanation, "A target group.\n\nSecond paragraph.\n");
        assert_eq!(meta.since.as_deref(), Some("0.1.0"));
        let query = &meta.related[0].query;
        assert_eq!(&text[query.span.range()], "Properties.ProtocolVersion");
        let fix = &meta.fixes[0];
        assert_eq!(fix.applicability, Applicability::Safe);
        let matcher = |key: &str| FixPath::Property(vec!["Matcher".to_string(), key.to_string()]);
        assert_eq!(fix.steps[0].at, matcher("HttpCode"));
        assert!(matches!(&fix.steps[0].action, FixAction::Rename(to) if *to == matcher("GrpcCode")));
        assert!(matches!(&fix.steps[0].value, Some(FixValue::Text(value)) if value.value == "0"));
    }

    #[test]
    fn mistakes_are_found_at_their_place() {
        check("# METADATA\n# sumary: x\n", &[("sumary", "the metadata has no key `sumary`")]);
        check("# METADATA\n# severity: bad\n", &[("bad", "`bad` is none of `error`, `warning`, `info`")]);
        check(
            "# METADATA\n# dialects: [aws]\n",
            &[("aws", "`aws` is none of `cloudformation`, `kubernetes`, `terraform`")],
        );
        check("# METADATA\n# tags: x\n", &[("x", "a list is expected here")]);
        check(
            "# METADATA\n# related: [{query: A}]\n",
            &[("{query: A}", "a related place needs `query` and `text`")],
        );
        let path = "`Links.X` names nothing that a fix can change";
        check("# METADATA\n# fix: {class: safe, remove: Links.X}\n", &[("Links.X", path)]);
        let alone = "{class: safe, set: DependsOn}";
        let on = "this needs a query for the resources behind `on`";
        check(&format!("# METADATA\n# fix: {alone}\n"), &[(alone, on)]);
        let both = "{class: safe, remove: this, quote: this}";
        let one = "a fix does one of `set`, `remove`, `rename`, `quote`, `replace` and `move`";
        check(&format!("# METADATA\n# fix: {both}\n"), &[(both, one)]);
        check("# A comment\n# sumary: x\n", &[]);
        check("", &[]);
    }
}
