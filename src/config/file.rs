//! `grpc-guard.yaml`, read strictly: an unknown key or value is a diagnostic at its place, with a suggestion.

use std::path::PathBuf;

use super::{Level, Settings, suggest};
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::ControllerHint;
use crate::document::{EntryRef, Format, Kind, NodeRef, Schema, Typed};
use crate::source::{FileId, Source, Span, Spanned};
use crate::syntax;

/// The file names that are looked for.
pub const FILE_NAMES: [&str; 2] = ["grpc-guard.yaml", ".grpc-guard.yaml"];

/// The name of the check that reports a faulty configuration.
pub const INVALID_CONFIG: &str = "invalid-config";

const KEYS: [&str; 6] = ["builtin", "exclude", "fail-on", "levels", "platform", "rules"];
const LEVELS: [(&str, Level); 4] =
    [("off", Level::Off), ("info", Level::Info), ("warn", Level::Warn), ("error", Level::Error)];
const FAIL_ON: [(&str, Option<Severity>); 4] = [
    ("error", Some(Severity::Error)),
    ("warning", Some(Severity::Warning)),
    ("info", Some(Severity::Info)),
    ("never", None),
];
const PLATFORMS: [(&str, ControllerHint); 3] = [
    ("aws-load-balancer-controller", ControllerHint::LoadBalancerController),
    ("eks-auto-mode", ControllerHint::AutoMode),
    ("in-tree", ControllerHint::InTree),
];

/// What a configuration file says.
#[derive(Debug, Default)]
pub struct ConfigFile {
    /// The settings; what the file does not say is as without a file.
    pub settings: Settings,
    /// The rules that it names, to be held against the catalog once that is loaded.
    pub names: Vec<Spanned<String>>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a configuration file.
pub fn parse(file: FileId, source: &Source) -> ConfigFile {
    let (document, diagnostics) = syntax::parse(file, Format::Yaml, &source.text);
    let mut config = ConfigFile { diagnostics, ..ConfigFile::default() };
    for (idx, root) in document.roots().enumerate() {
        if idx > 0 {
            config.wrong(root.span(), "a configuration is one document", None);
        } else if !is_null(root) {
            config.read(root);
        }
    }
    config
}

/// What is wrong with the rule names of a file, once all rules are known.
pub fn unknown_rules<'n>(
    names: &[Spanned<String>],
    known: impl Iterator<Item = &'n str> + Clone,
) -> Vec<Diagnostic> {
    let unknown = names.iter().filter(|name| !known.clone().any(|known| known == name.value));
    unknown
        .map(|name| {
            let message = format!("there is no rule `{}`", name.value);
            let diagnostic = Diagnostic::new(INVALID_CONFIG, Severity::Error, name.span, message);
            match suggest(&name.value, known.clone()) {
                Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")),
                None => diagnostic.with_help("`grpc-guard rules` lists them all"),
            }
        })
        .collect()
}

impl ConfigFile {
    fn wrong(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(INVALID_CONFIG, Severity::Error, span, message);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    fn read(&mut self, root: NodeRef) {
        if root.kind() != Kind::Mapping {
            let keys = format!("write keys and values; the keys are {}", listed(&KEYS));
            return self.wrong(root.span(), "a configuration is a map", Some(keys));
        }
        for entry in root.entries() {
            match entry.name() {
                "builtin" => {
                    if let Some(builtin) = self.flag(entry) {
                        self.settings.builtin = builtin;
                    }
                }
                "exclude" => self.settings.exclude = self.texts(entry),
                "fail-on" => {
                    if let Some(fail_on) = self.choice(entry, &FAIL_ON) {
                        self.settings.fail_on = fail_on;
                    }
                }
                "levels" => self.levels(entry),
                "platform" => self.settings.platforms.controller = self.choice(entry, &PLATFORMS),
                "rules" => self.settings.rules = self.texts(entry).into_iter().map(PathBuf::from).collect(),
                name => {
                    let message = format!("there is no key `{name}` in a configuration");
                    self.wrong(entry.key.span(), message, Some(meant(name, &KEYS)));
                }
            }
        }
    }

    fn levels(&mut self, entry: EntryRef) {
        if entry.value.kind() != Kind::Mapping {
            let help = "write one line for each rule: `rule-name: off`";
            return self.wrong(
                entry.value.span(),
                "`levels` is a map of rules and levels",
                Some(help.to_string()),
            );
        }
        for rule in entry.value.entries() {
            self.names.push(Spanned::new(rule.name().to_string(), rule.key.span()));
            if let Some(level) = self.choice(rule, &LEVELS) {
                self.settings.levels.insert(rule.name().to_string(), level);
            }
        }
    }

    /// One of several words.
    fn choice<T: Copy>(&mut self, entry: EntryRef, choices: &[(&str, T)]) -> Option<T> {
        let text = entry.value.text().unwrap_or_default();
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*choice);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = match text {
            "" => format!("`{}` has no value", entry.name()),
            _ => format!("`{}` cannot be `{text}`", entry.name()),
        };
        self.wrong(place(entry), message, Some(meant(text, &words)));
        None
    }

    fn flag(&mut self, entry: EntryRef) -> Option<bool> {
        let typed = entry.value.scalar().map(|scalar| scalar.typed(Schema::Core));
        let Some(Typed::Bool(flag)) = typed else {
            self.wrong(place(entry), format!("`{}` is `true` or `false`", entry.name()), None);
            return None;
        };
        Some(flag)
    }

    /// A list of texts.
    fn texts(&mut self, entry: EntryRef) -> Vec<String> {
        let texts: Option<Vec<String>> = match entry.value.kind() {
            Kind::Sequence => entry.value.items().map(|item| item.text().map(str::to_string)).collect(),
            _ => None,
        };
        texts.unwrap_or_else(|| {
            let help = format!("write `{}: [first, second]`", entry.name());
            self.wrong(place(entry), format!("`{}` is a list of texts", entry.name()), Some(help));
            Vec::new()
        })
    }
}

/// The value; the key when there is none.
fn place(entry: EntryRef) -> Span {
    let span = entry.value.span();
    if span.start == span.end { entry.key.span() } else { span }
}

fn is_null(node: NodeRef) -> bool {
    matches!(node.scalar().map(|scalar| scalar.typed(Schema::Core)), Some(Typed::Null))
}

fn meant(word: &str, choices: &[&str]) -> String {
    match suggest(word, choices.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use {}", listed(choices)),
    }
}

/// `a`, `b` or `c`.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn read(text: &str) -> (ConfigFile, Vec<String>) {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("grpc-guard.yaml", text));
        let config = parse(id, sources.get(id));
        let told = |found: &Diagnostic| {
            let at = sources.get(id).position(found.primary.span.start);
            let help = found.help.as_deref().unwrap_or_default();
            format!("{}:{} {} ({help})", at.line, at.column, found.message)
        };
        let lines = config.diagnostics.iter().map(told).collect();
        (config, lines)
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(read(text).1, expected, "{text}");
    }

    #[test]
    fn a_whole_file() {
        let (config, wrong) = read(
            "fail-on: warning\nbuiltin: false\nlevels:\n  a-rule: off\n  b-rule: warn\n\
             rules: [policies/]\nexclude:\n  - vendor/\nplatform: eks-auto-mode\n",
        );
        assert_eq!(wrong, Vec::<String>::new());
        let settings = config.settings;
        assert_eq!(settings.fail_on, Some(Severity::Warning));
        assert!(!settings.builtin);
        assert_eq!(settings.severity("a-rule", Severity::Error), None);
        assert_eq!(settings.severity("b-rule", Severity::Error), Some(Severity::Warning));
        assert_eq!(settings.severity("c-rule", Severity::Info), Some(Severity::Info));
        assert_eq!(settings.rules, [PathBuf::from("policies/")]);
        assert_eq!(settings.exclude, ["vendor/"]);
        assert_eq!(settings.platforms.controller, Some(ControllerHint::AutoMode));
        let names: Vec<&str> = config.names.iter().map(|name| name.value.as_str()).collect();
        assert_eq!(names, ["a-rule", "b-rule"]);
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        for text in ["", "# nothing\n", "---\n", "levels: {}\n"] {
            check(text, &[]);
            assert_eq!(read(text).0.settings, Settings::default(), "{text:?}");
        }
    }

    #[test]
    fn mistakes_are_located_and_all_of_them_are_told() {
        check(
            "levles: {}\nfail-on: warn\nplatform: fargate\nbuiltin: maybe\n",
            &[
                "1:1 there is no key `levles` in a configuration (did you mean `levels`?)",
                "2:10 `fail-on` cannot be `warn` (did you mean `warning`?)",
                "3:11 `platform` cannot be `fargate` (use `aws-load-balancer-controller`, `eks-auto-mode` or `in-tree`)",
                "4:10 `builtin` is `true` or `false` ()",
            ],
        );
        check(
            "levels:\n  a-rule: warning\n  b-rule:\n",
            &[
                "2:11 `a-rule` cannot be `warning` (did you mean `warn`?)",
                "3:3 `b-rule` has no value (use `off`, `info`, `warn` or `error`)",
            ],
        );
        check(
            "levels: 3\n",
            &["1:9 `levels` is a map of rules and levels (write one line for each rule: `rule-name: off`)"],
        );
        check(
            "exclude: vendor/\n",
            &["1:10 `exclude` is a list of texts (write `exclude: [first, second]`)"],
        );
        check(
            "[a]\n",
            &[
                "1:1 a configuration is a map (write keys and values; the keys are `builtin`, `exclude`, `fail-on`, `levels`, `platform` or `rules`)",
            ],
        );
        check("rules: []\n---\nrules: []\n", &["3:1 a configuration is one document ()"]);
    }

    #[test]
    fn names_are_held_against_the_catalog() {
        let (config, _) = read("levels: {target-group-htp1: off, zzz: off, listener-without-https: off}\n");
        let known = ["listener-without-https", "target-group-http1"];
        let told: Vec<(String, Option<String>)> = unknown_rules(&config.names, known.into_iter())
            .into_iter()
            .map(|found| (found.message, found.help))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "there is no rule `target-group-htp1`".to_string(),
                    Some("did you mean `target-group-http1`?".to_string())
                ),
                ("there is no rule `zzz`".to_string(), Some("`grpc-guard rules` lists them all".to_string())),
            ]
        );
    }
}
