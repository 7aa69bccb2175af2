//! `grpc-guard.yaml`, read strictly: an unknown key or value is a diagnostic at its place, with a suggestion.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::options::{self, Chosen};
use super::reader::{Reader, is_null, listed, place};
use super::{Exception, Level, Override, PathSet, Settings, suggest};
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::ControllerHint;
use crate::document::{EntryRef, Format, Kind, NodeRef};
use crate::source::{FileId, Source, Spanned};
use crate::syntax;

/// The file names that are looked for.
pub const FILE_NAMES: [&str; 2] = ["grpc-guard.yaml", ".grpc-guard.yaml"];

/// The name of the check that reports a faulty configuration.
pub const INVALID_CONFIG: &str = "invalid-config";

/// The keys of a configuration; `schema.rs` says what each means.
pub(super) const KEYS: [&str; 10] = [
    "baseline",
    "builtin",
    "exceptions",
    "exclude",
    "fail-on",
    "grpc",
    "overrides",
    "platform",
    "rule-files",
    "rules",
];
pub(super) const EXCEPTION_KEYS: [&str; 4] = ["paths", "reason", "rules", "until"];
pub(super) const OVERRIDE_KEYS: [&str; 2] = ["paths", "rules"];
pub(super) const RULE_KEYS: [&str; 2] = ["level", "options"];
pub(super) const LEVELS: [(&str, Level); 4] =
    [("off", Level::Off), ("info", Level::Info), ("warning", Level::Warn), ("error", Level::Error)];
pub(super) const FAIL_ON: [(&str, Option<Severity>); 4] = [
    ("error", Some(Severity::Error)),
    ("warning", Some(Severity::Warning)),
    ("info", Some(Severity::Info)),
    ("never", None),
];
pub(super) const PLATFORMS: [(&str, ControllerHint); 3] = [
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
    /// What it chooses for their options.
    pub options: Vec<Chosen>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a configuration file. Paths in it are relative to its directory.
pub fn parse(file: FileId, source: &Source) -> ConfigFile {
    let (document, diagnostics) = syntax::parse(file, Format::Yaml, &source.text);
    let root = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    let mut parser = Parser {
        root,
        reader: Reader { diagnostics },
        settings: Settings::default(),
        names: Vec::new(),
        options: Vec::new(),
    };
    for (idx, root) in document.roots().enumerate() {
        if idx > 0 {
            parser.reader.wrong(root.span(), "a configuration is one document", None);
        } else if !is_null(root) {
            parser.read(root);
        }
    }
    let Parser { mut settings, names, options, reader, .. } = parser;
    settings.text = Some((source.path.clone(), source.text.clone()));
    ConfigFile { settings, names, options, diagnostics: reader.diagnostics }
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

pub(super) struct Parser<'p> {
    /// The directory of the file.
    root: &'p Path,
    pub(super) reader: Reader,
    pub(super) settings: Settings,
    names: Vec<Spanned<String>>,
    options: Vec<Chosen>,
}

/// What is said of single rules.
#[derive(Default)]
struct OfRules {
    levels: BTreeMap<String, Level>,
    options: Vec<Chosen>,
}

impl Parser<'_> {
    fn read(&mut self, root: NodeRef) {
        if root.kind() != Kind::Mapping {
            let keys = format!("write keys and values; the keys are {}", listed(&KEYS));
            return self.reader.wrong(root.span(), "a configuration is a map", Some(keys));
        }
        for entry in root.entries() {
            match entry.name() {
                "baseline" => {
                    let file = self.reader.text(entry);
                    self.settings.baseline = file.map(|file| self.root.join(file.value));
                }
                "builtin" => {
                    if let Some(builtin) = self.reader.flag(entry) {
                        self.settings.builtin = builtin;
                    }
                }
                "exceptions" => {
                    let maps = self
                        .reader
                        .maps(entry, "{rules: [rule-name], paths: [legacy/], reason: replaced soon}");
                    for map in maps {
                        let exception = self.exception(map);
                        self.settings.exceptions.extend(exception);
                    }
                }
                "exclude" => self.settings.exclude = self.paths(entry),
                "fail-on" => {
                    if let Some(fail_on) = self.reader.choice(entry, &FAIL_ON) {
                        self.settings.fail_on = fail_on;
                    }
                }
                "grpc" => self.grpc(entry),
                "overrides" => {
                    for map in self.reader.maps(entry, "{paths: [legacy/], rules: {rule-name: off}}") {
                        self.add_override(map);
                    }
                }
                "platform" => self.settings.platforms.controller = self.reader.choice(entry, &PLATFORMS),
                "rule-files" => {
                    let rules = self.reader.texts(entry);
                    self.settings.rules = rules.into_iter().map(|rules| PathBuf::from(rules.value)).collect();
                }
                "rules" => {
                    let OfRules { levels, options } = self.rules(entry);
                    self.settings.levels = levels;
                    self.options.extend(options);
                }
                _ => self.reader.unknown(entry, "a configuration", &KEYS),
            }
        }
    }

    fn rules(&mut self, entry: EntryRef) -> OfRules {
        let mut rules = OfRules::default();
        match entry.value.kind() {
            Kind::Mapping => {}
            kind => {
                let help = match kind {
                    Kind::Sequence => "files of rules are listed in `rule-files`",
                    _ => "write one line for each rule: `rule-name: off`",
                };
                let message = "`rules` is a map of rules and levels";
                self.reader.wrong(place(entry), message, Some(help.to_string()));
                return rules;
            }
        }
        for rule in entry.value.entries() {
            let name = rule.name();
            self.names.push(Spanned::new(name.to_string(), rule.key.span()));
            if rule.value.kind() != Kind::Mapping {
                rules.levels.extend(self.reader.choice(rule, &LEVELS).map(|level| (name.to_string(), level)));
                continue;
            }
            for part in rule.value.entries() {
                match part.name() {
                    "level" => {
                        let level = self.reader.choice(part, &LEVELS);
                        rules.levels.extend(level.map(|level| (name.to_string(), level)));
                    }
                    "options" => rules.options.extend(options::read(&mut self.reader, name, part)),
                    _ => self.reader.unknown(part, "a rule", &RULE_KEYS),
                }
            }
        }
        rules
    }

    fn add_override(&mut self, map: NodeRef) {
        let (mut paths, mut rules) = (None, None);
        for entry in map.entries() {
            match entry.name() {
                "paths" => paths = self.paths(entry),
                "rules" => rules = Some(self.rules(entry)),
                _ => self.reader.unknown(entry, "an override", &OVERRIDE_KEYS),
            }
        }
        for (key, is_there) in [("paths", paths.is_some()), ("rules", rules.is_some())] {
            if !is_there && map.get(key).is_none() {
                self.reader.wrong(map.span().at_start(), format!("this override has no `{key}`"), None);
            }
        }
        let (Some(paths), Some(OfRules { levels, options })) = (paths, rules) else { return };
        let idx = self.settings.overrides.len();
        self.options.extend(options.into_iter().map(|chosen| chosen.in_override(idx)));
        self.settings.overrides.push(Override { paths, levels, options: BTreeMap::new() });
    }

    fn exception(&mut self, map: NodeRef) -> Option<Exception> {
        let (mut rules, mut paths, mut reason, mut until) = (Vec::new(), None, String::new(), None);
        let n_wrong = self.reader.diagnostics.len();
        for entry in map.entries() {
            match entry.name() {
                "paths" => paths = self.paths(entry),
                "reason" => reason = self.reader.text(entry).map(|reason| reason.value).unwrap_or_default(),
                "rules" => rules = self.reader.texts(entry),
                "until" => until = self.date(entry),
                _ => self.reader.unknown(entry, "an exception", &EXCEPTION_KEYS),
            }
        }
        if rules.is_empty() && self.reader.diagnostics.len() == n_wrong {
            let help = "an exception is about rules: write `rules: [rule-name]`".to_string();
            self.reader.wrong(map.span().at_start(), "this exception names no rule", Some(help));
        }
        self.names.extend(rules.iter().cloned());
        Some(Exception { rules, paths, reason, until, span: map.span().at_start() })
    }

    fn date(&mut self, entry: EntryRef) -> Option<Spanned<Date>> {
        let text = self.reader.text(entry)?;
        match text.value.parse() {
            Ok(date) => Some(Spanned::new(date, text.span)),
            Err(_) => {
                let help = "write year, month and day: `2027-01-31`".to_string();
                self.reader.wrong(text.span, format!("`{}` is no date", text.value), Some(help));
                None
            }
        }
    }

    pub(super) fn paths(&mut self, entry: EntryRef) -> Option<PathSet> {
        let globs = self.reader.texts(entry);
        if globs.is_empty() {
            return None;
        }
        let texts = globs.iter().map(|glob| glob.value.clone()).collect();
        match PathSet::new(self.root, texts) {
            Ok(paths) => Some(paths),
            Err((idx, why)) => {
                let glob = &globs[idx];
                self.reader.wrong(glob.span, format!("`{}` is no pattern: {why}", glob.value), None);
                None
            }
        }
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
            "fail-on: warning\nbuiltin: false\nrules:\n  a-rule: off\n  b-rule: {level: warning}\n\
             rule-files: [policies/]\nexclude:\n  - vendor/\nplatform: eks-auto-mode\n",
        );
        assert_eq!(wrong, Vec::<String>::new());
        let settings = config.settings;
        assert_eq!(settings.fail_on, Some(Severity::Warning));
        assert!(!settings.builtin);
        assert_eq!(settings.severity("a-rule", Severity::Error, ""), None);
        assert_eq!(settings.severity("b-rule", Severity::Error, ""), Some(Severity::Warning));
        assert_eq!(settings.severity("c-rule", Severity::Info, ""), Some(Severity::Info));
        assert_eq!(settings.rules, [PathBuf::from("policies/")]);
        let exclude = settings.exclude.expect("paths");
        assert!(exclude.contains("vendor/a.yaml") && !exclude.contains("a.yaml"));
        assert_eq!(settings.platforms.controller, Some(ControllerHint::AutoMode));
        let names: Vec<&str> = config.names.iter().map(|name| name.value.as_str()).collect();
        assert_eq!(names, ["a-rule", "b-rule"]);
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        for text in ["", "# nothing\n", "---\n", "rules: {}\n"] {
            check(text, &[]);
            let settings = Settings { text: None, ..read(text).0.settings };
            assert_eq!(settings, Settings::default(), "{text:?}");
        }
    }

    #[test]
    fn mistakes_are_located_and_all_of_them_are_told() {
        check(
            "ruels: {}\nfail-on: warn\nplatform: fargate\nbuiltin: maybe\n",
            &[
                "1:1 there is no key `ruels` in a configuration (did you mean `rules`?)",
                "2:10 `fail-on` cannot be `warn` (did you mean `warning`?)",
                "3:11 `platform` cannot be `fargate` (use `aws-load-balancer-controller`, `eks-auto-mode` or `in-tree`)",
                "4:10 `builtin` is `true` or `false` ()",
            ],
        );
        check(
            "rules:\n  a-rule: warn\n  b-rule:\n",
            &[
                "2:11 `a-rule` cannot be `warn` (did you mean `warning`?)",
                "3:3 `b-rule` has no value (use `off`, `info`, `warning` or `error`)",
            ],
        );
        check(
            "rules: [policies/]\n",
            &["1:8 `rules` is a map of rules and levels (files of rules are listed in `rule-files`)"],
        );
        check(
            "rules: 3\n",
            &["1:8 `rules` is a map of rules and levels (write one line for each rule: `rule-name: off`)"],
        );
        check(
            "exclude: vendor/\n",
            &["1:10 `exclude` is a list of texts (write `exclude: [first, second]`)"],
        );
        check(
            "[a]\n",
            &[
                "1:1 a configuration is a map (write keys and values; the keys are `baseline`, `builtin`, `exceptions`, `exclude`, `fail-on`, `grpc`, `overrides`, `platform`, `rule-files` or `rules`)",
            ],
        );
        check("exclude: []\n---\nexclude: []\n", &["3:1 a configuration is one document ()"]);
    }

    #[test]
    fn exceptions_and_overrides() {
        let (config, wrong) = read(
            "exceptions:\n  - rules: [a-rule, b-rule]\n    paths: [legacy/]\n    reason: replaced in OPS-1\n    until: 2027-01-31\n\
             overrides:\n  - {paths: [dev/], rules: {a-rule: info}}\n  - {paths: [dev/x/], rules: {a-rule: off}}\n\
             rules: {a-rule: off}\nbaseline: known.json\n",
        );
        assert_eq!(wrong, Vec::<String>::new());
        let settings = config.settings;
        let exception = &settings.exceptions[0];
        assert_eq!((exception.rules.len(), exception.reason.as_str()), (2, "replaced in OPS-1"));
        assert_eq!(exception.until.expect("a date").value, jiff::civil::date(2027, 1, 31));
        assert!(exception.paths.as_ref().is_some_and(|paths| paths.contains("legacy/a.yaml")));
        assert!(settings.runs("a-rule"), "it is on somewhere");
        let severity = |path: &str| settings.severity("a-rule", Severity::Error, path);
        assert_eq!(
            [severity("a.yaml"), severity("dev/a.yaml"), severity("dev/x/a.yaml")],
            [None, Some(Severity::Info), None]
        );
        let (mut on, mut off) = (settings.clone(), settings);
        on.turn_on("a-rule");
        off.turn_off("a-rule");
        assert_eq!(on.severity("a-rule", Severity::Error, "dev/x/a.yaml"), Some(Severity::Info));
        assert_eq!((off.runs("a-rule"), on.runs("a-rule")), (false, true));
    }

    #[test]
    fn mistakes_in_lists_of_maps() {
        check(
            "exceptions:\n  - rule: [a-rule]\n  - {paths: [x], reason: r}\n  - {rules: [a-rule], until: soon, paths: ['{x']}\n  - 3\n",
            &[
                "5:5 `exceptions` is a list of maps (write `- {rules: [rule-name], paths: [legacy/], reason: replaced soon}`)",
            ],
        );
        check(
            "exceptions:\n  - rule: [a-rule]\n  - {paths: [x], reason: r}\n  - {rules: [a-rule], until: soon}\noverrides: [{paths: [a]}]\n",
            &[
                "2:5 there is no key `rule` in an exception (did you mean `rules`?)",
                "3:5 this exception names no rule (an exception is about rules: write `rules: [rule-name]`)",
                "4:30 `soon` is no date (write year, month and day: `2027-01-31`)",
                "5:13 this override has no `rules` ()",
            ],
        );
        let wrong = read("exclude: ['{x']\n").1;
        assert!(wrong[0].starts_with("1:11 `{x` is no pattern: "), "{wrong:?}");
        check("baseline: []\n", &["1:11 `baseline` is a text ()"]);
    }

    #[test]
    fn names_are_held_against_the_catalog() {
        let (config, _) = read("rules: {target-group-htp1: off, zzz: off, listener-without-https: off}\n");
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
