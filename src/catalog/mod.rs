//! All rules by name: the built-in ones, which are embedded, and the user's.
//!
//! Built-in rules are compiled when they are first asked for and only once, so that a run pays for those that its
//! resources can meet. Knows what rules say about themselves, and neither documents nor findings.

mod explain;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::{Options, RuleFile, RuleMeta};
use crate::source::read::{self, ReadOptions, Wanted};
use crate::source::{FileId, Source, SourceMap, Span};

pub use explain::{dialect_name, options_table, overview, page};

/// The check that reports two rule files of one name.
pub const DUPLICATE_RULE: &str = "duplicate-rule";

#[derive(Debug)]
struct Builtin {
    name: &'static str,
    types: &'static [&'static str],
    is_off: bool,
    text: &'static str,
    /// Its nodes, as the build script packed them.
    parsed: &'static [u8],
    examples: &'static str,
}

impl Builtin {
    fn file(&self, id: FileId) -> RuleFile {
        RuleFile::of_parsed(id, self.name, self.text, self.parsed)
    }
}

/// All built-in rules, by name.
static BUILTIN: &[Builtin] = &include!(concat!(env!("OUT_DIR"), "/builtin_rules.rs"));

/// All rules of a run.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The texts of the user's rules.
    user: SourceMap,
    /// What is wrong with the user's rule files.
    pub diagnostics: Vec<Diagnostic>,
    rules: Vec<Rule>,
}

/// One rule file.
#[derive(Debug)]
pub struct Rule {
    /// The stem of its file, by which it is configured, suppressed and explained.
    pub name: String,
    /// Whether it comes with the tool.
    pub is_builtin: bool,
    /// Its content.
    pub file: Compiled,
    /// Markdown: a firing example and the same one mended for each dialect. Empty for the user's rules.
    pub examples: &'static str,
    /// Whether it runs only when it is asked for.
    pub is_off_by_default: bool,
    types: Option<&'static [&'static str]>,
}

/// A rule file; a built-in one is made when it is first looked at.
#[derive(Debug)]
pub struct Compiled {
    cell: OnceLock<RuleFile>,
    id: FileId,
    builtin: Option<&'static Builtin>,
}

impl Deref for Compiled {
    type Target = RuleFile;

    fn deref(&self) -> &RuleFile {
        self.cell.get_or_init(|| {
            self.builtin.expect("internal error: a rule of the user is not compiled").file(self.id)
        })
    }
}

impl Rule {
    /// The name under which findings of one of its `rule` blocks appear: the file's for the block that is named like
    /// it and for clauses outside any block, else the block's own.
    pub fn id_of(&self, identifier: &str) -> Cow<'static, str> {
        let is_own = identifier == "default" || identifier == self.name.replace('-', "_");
        Cow::Owned(if is_own { self.name.clone() } else { identifier.to_string() })
    }

    /// What it says about itself.
    pub fn meta(&self) -> &RuleMeta {
        self.file.meta()
    }

    /// Whether it can have anything to say where there are resources of the types for which `has_type` holds. Looks at
    /// nothing that would have to be compiled.
    pub fn can_apply(&self, has_type: impl Fn(&str) -> bool) -> bool {
        self.types.is_none_or(|types| types.iter().any(|name| has_type(name)))
    }
}

impl Catalog {
    /// The built-in rules.
    pub fn builtin() -> Self {
        Self::load(true, &[])
    }

    /// The built-in rules, if wanted, and the user's from files and directories.
    pub fn load(builtin: bool, user: &[PathBuf]) -> Self {
        let mut catalog = Self::default();
        if !user.is_empty() {
            catalog.read_user_rules(user);
        }
        if builtin {
            catalog.add_builtin();
        }
        catalog.rules.sort_by(|a, b| a.name.cmp(&b.name));
        catalog
    }

    /// The texts of all rules; spans in rules point into it.
    pub fn sources(&self) -> SourceMap {
        let mut sources = SourceMap::default();
        for (_, source) in self.user.iter() {
            sources.add(Source::new(source.path.clone(), source.text.clone()));
        }
        for Builtin { name, text, .. } in BUILTIN {
            sources.add(Source::new(format!("rules/{name}.guard"), *text));
        }
        sources
    }

    /// All rules by name.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> + Clone {
        self.rules.iter()
    }

    /// The rule of a name.
    pub fn get(&self, name: &str) -> Option<&Rule> {
        let idx = self.rules.binary_search_by(|rule| rule.name.as_str().cmp(name)).ok()?;
        Some(&self.rules[idx])
    }

    /// The name that was probably meant by one that does not exist.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        let near = self.rules().map(|rule| (strsim::jaro_winkler(name, &rule.name), rule.name.as_str()));
        let (score, best) = near.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (score > 0.8).then_some(best)
    }

    /// All that there is to say about a rule, as Markdown.
    pub fn explain(&self, name: &str) -> Option<String> {
        self.get(name).map(|rule| page(rule, rule.examples))
    }

    /// Lets rules judge by the values that a user has chosen for their options, by the names of the rules.
    pub fn choose(&mut self, options: &BTreeMap<String, Options>) {
        for (name, chosen) in options {
            let Some(rule) = self.get(name).map(|rule| self.with_options(rule, chosen)) else { continue };
            self.rules.retain(|other| other.name != *name);
            let at = self.rules.partition_point(|other| other.name < *name);
            self.rules.insert(at, rule);
        }
    }

    /// A rule that judges by other values, and where none is chosen by the ones that it had.
    pub fn with_options(&self, rule: &Rule, chosen: &Options) -> Rule {
        let id = rule.file.id;
        let so_far = rule.file.options().iter().map(|it| (it.spec.name.value.clone(), it.value.clone()));
        let mut options: Options = so_far.collect();
        options.extend(chosen.clone());
        let mut file = match rule.file.builtin {
            Some(builtin) => builtin.file(id),
            None => {
                let (file, _) = RuleFile::compile(id, rule.file.name(), &self.user.get(id).text);
                file.expect("internal error: a rule that has compiled compiles again")
            }
        };
        file.choose(&options);
        Rule {
            name: rule.name.clone(),
            file: Compiled { cell: OnceLock::from(file), id, builtin: rule.file.builtin },
            is_builtin: rule.is_builtin,
            is_off_by_default: rule.is_off_by_default,
            examples: rule.examples,
            types: rule.types,
        }
    }

    fn add_builtin(&mut self) {
        let n_before = self.user.len();
        for (at, builtin) in BUILTIN.iter().enumerate() {
            let Builtin { name, types, is_off, examples, .. } = builtin;
            if let Some(own) = self.rules.iter().find(|rule| rule.name == *name) {
                let span = Span::new(own.file.id, 0, 0);
                let message = format!("a built-in rule has the name `{name}` too");
                let help = "rename this file, or switch the built-in rules off";
                let found = Diagnostic::new(DUPLICATE_RULE, Severity::Error, span, message);
                self.diagnostics.push(found.with_help(help));
                continue;
            }
            let id = FileId((n_before + at) as u32);
            let file = Compiled { cell: OnceLock::new(), id, builtin: Some(builtin) };
            let types = (!types.is_empty()).then_some(*types);
            let (name, is_off_by_default) = ((*name).to_string(), *is_off);
            self.rules.push(Rule { name, is_builtin: true, is_off_by_default, file, examples, types });
        }
    }

    /// Reads and compiles the user's files at once, so that what is wrong with them is known before a run.
    fn read_user_rules(&mut self, paths: &[PathBuf]) {
        let options = ReadOptions { wanted: Wanted::Policies, ..ReadOptions::default() };
        let loaded = read::read(paths, &options);
        self.diagnostics.extend(loaded.problems.iter().map(Diagnostic::from));
        for file in &loaded.files {
            let source = loaded.sources.get(file.id);
            let name = stem(&source.path);
            let (compiled, diagnostics) = RuleFile::compile(file.id, name, &source.text);
            self.diagnostics.extend(diagnostics);
            let Some(compiled) = compiled else { continue };
            let name = self.free_name(&source.path);
            let is_off_by_default = compiled.meta().off_by_default;
            let file = Compiled { cell: OnceLock::from(compiled), id: file.id, builtin: None };
            let (is_builtin, examples, types) = (false, "", None);
            self.rules.push(Rule { name, is_builtin, is_off_by_default, file, examples, types });
        }
        self.user = loaded.sources;
    }

    /// The stem of a path, with as many of its directories as tell it from the files before it: large collections of rules
    /// have files of one name.
    fn free_name(&self, path: &str) -> String {
        let without_extension = path.rsplit_once('.').map_or(path, |(front, _)| front);
        let starts = without_extension.rmatch_indices('/').map(|(at, _)| at + 1).chain(std::iter::once(0));
        let mut candidates = starts.map(|start| &without_extension[start..]);
        let is_free = |name: &&str| self.rules.iter().all(|rule| rule.name != *name);
        candidates.find(is_free).unwrap_or(without_extension).to_string()
    }
}

/// `orders` of `policies/orders.guard`.
fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_name_and_near_misses_suggested() {
        let catalog = Catalog::builtin();
        assert!(catalog.get("target-group-http1").is_some_and(|rule| rule.is_builtin));
        assert!(catalog.get("target-group-http3").is_none());
        assert_eq!(catalog.suggest("target-group-htp1"), Some("target-group-http1"));
        assert_eq!(catalog.suggest("zzz"), None);
    }

    #[test]
    fn rules_stand_in_the_order_of_their_names() {
        let catalog = Catalog::builtin();
        let names: Vec<&str> = catalog.rules().map(|rule| rule.name.as_str()).collect();
        assert!(names.is_sorted() && !names.is_empty());
    }

    #[test]
    fn built_in_rules_are_what_their_texts_say() {
        let catalog = Catalog::builtin();
        let sources = catalog.sources();
        for rule in catalog.rules() {
            let source = sources.get(rule.file.id);
            let (again, diagnostics) = RuleFile::compile(rule.file.id, &rule.name, &source.text);
            assert_eq!(diagnostics, [], "in {}", rule.name);
            let again = again.expect("a built-in rule");
            let identifiers = |file: &RuleFile| file.identifiers().cloned().collect::<Vec<_>>();
            assert_eq!(identifiers(&rule.file), identifiers(&again));
            assert_eq!(format!("{:?}", rule.meta()), format!("{:?}", again.meta()));
            assert_eq!(rule.file.types(), again.types());
        }
    }

    #[test]
    fn a_rule_applies_where_its_types_are() {
        let catalog = Catalog::builtin();
        let rule = catalog.get("target-group-http1").expect("a built-in rule");
        assert!(rule.can_apply(|name| name == "AWS::ElasticLoadBalancingV2::TargetGroup"));
        assert!(!rule.can_apply(|name| name == "AWS::S3::Bucket"));
    }

    #[test]
    fn findings_bear_the_name_of_the_file() {
        let catalog = Catalog::builtin();
        let rule = catalog.get("target-group-http1").expect("a built-in rule");
        assert_eq!(rule.id_of("target_group_http1"), "target-group-http1");
        assert_eq!(rule.id_of("default"), "target-group-http1");
        assert_eq!(rule.id_of("Another"), "Another");
    }

    #[test]
    fn user_rules_are_read_and_broken_ones_located() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("writable");
        write("buckets.guard", "rule buckets { Resources exists }\n");
        write("broken.guard", "rule broken {\n  Resources ==\n}\n");
        write("notes.txt", "no rule");
        let catalog = Catalog::load(false, &[dir.path().to_path_buf()]);
        let names: Vec<&str> = catalog.rules().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["buckets"]);
        assert!(!catalog.diagnostics.is_empty());
        let broken = &catalog.diagnostics[0];
        assert!(catalog.sources().get(broken.primary.span.file).path.ends_with("broken.guard"));
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_directories() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for part in ["a", "b"] {
            std::fs::create_dir(dir.path().join(part)).expect("writable");
            let path = dir.path().join(part).join("logging.guard");
            std::fs::write(path, "rule logging { Resources exists }\n").expect("writable");
        }
        let catalog = Catalog::load(false, &[dir.path().to_path_buf()]);
        assert!(catalog.diagnostics.is_empty());
        let names: Vec<&str> = catalog.rules().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["b/logging", "logging"]);
    }

    #[test]
    fn no_user_rule_has_the_name_of_a_built_in_one() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("target-group-http1.guard");
        std::fs::write(&path, "rule target_group_http1 { Resources exists }\n").expect("writable");
        let catalog = Catalog::load(true, &[path]);
        let rules: Vec<&str> = catalog.diagnostics.iter().map(|found| found.rule.as_ref()).collect();
        assert_eq!(rules, [DUPLICATE_RULE]);
        assert!(catalog.get("target-group-http1").is_some_and(|rule| !rule.is_builtin));
    }
}
