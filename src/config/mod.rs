//! Flags and configuration file to [`Settings`].

mod file;
mod grpc;
mod options;
mod paths;
mod reader;
mod schema;

pub use options::{Chosen, settle};
pub use paths::{PathSet, absolute};
pub use schema::{SCHEMA_URL, schema, value};

pub use file::{ConfigFile, FILE_NAMES, INVALID_CONFIG, parse, unknown_rules};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::civil::Date;

use crate::diagnostic::Severity;
use crate::dialect::Platforms;
use crate::policy::{InputKind, Options};
use crate::source::{Span, Spanned};

/// What the user wants of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It does not run.
    Off,
    /// Its findings are infos.
    Info,
    /// Its findings are warnings.
    Warn,
    /// Its findings are errors.
    Error,
}

impl Level {
    /// The severity that findings get; `None` when the rule does not run.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Info => Some(Severity::Info),
            Level::Warn => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
}

/// How a run behaves, whoever said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// When set, only these rules run.
    pub only: Option<BTreeSet<String>>,
    /// Levels of single rules; the others keep the severity that they chose themselves.
    pub levels: BTreeMap<String, Level>,
    /// What is chosen for the options of single rules.
    pub options: BTreeMap<String, Options>,
    /// The least severity that fails a run; `None` never fails it.
    pub fail_on: Option<Severity>,
    /// What the files do not show of the world.
    pub platforms: Platforms,
    /// The user's rule files and directories.
    pub rules: Vec<PathBuf>,
    /// Whether the built-in rules are on.
    pub builtin: bool,
    /// What rules without metadata look at.
    pub input: InputKind,
    /// Whether findings show the clause of the rule that failed.
    pub explain_rule: bool,
    /// Whether the ways of the traffic are worked out too, for reports that draw them.
    pub traffic: bool,
    /// Paths that a walk leaves out, in the syntax of `.gitignore`, relative to the configuration file.
    pub exclude: Option<PathSet>,
    /// Levels and options that hold for some paths only; of several the last counts.
    pub overrides: Vec<Override>,
    /// Exceptions by path and rule.
    pub exceptions: Vec<Exception>,
    /// Where findings are recorded that do not count.
    pub baseline: Option<PathBuf>,
    /// The text of the configuration, which [`Exception::span`] points into: its path and its content.
    pub text: Option<(String, std::sync::Arc<str>)>,
    /// The day of the run, after which exceptions expire; without it none does.
    pub today: Option<Date>,
    /// Whether all is looked at that the configuration may speak of, so that what it excepts in vain is known.
    pub is_whole: bool,
}

/// Levels and options of some paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The files whose findings get them.
    pub paths: PathSet,
    /// Levels of single rules.
    pub levels: BTreeMap<String, Level>,
    /// What is chosen for the options of single rules, over what holds everywhere.
    pub options: BTreeMap<String, Options>,
}

/// An exception of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The rules that it is about, each where it is named.
    pub rules: Vec<Spanned<String>>,
    /// The files whose findings are excepted; all without it.
    pub paths: Option<PathSet>,
    /// Why; empty when nothing is said.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Option<Spanned<Date>>,
    /// Where it begins.
    pub span: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only: None,
            levels: BTreeMap::new(),
            options: BTreeMap::new(),
            fail_on: Some(Severity::Error),
            platforms: Platforms::default(),
            rules: Vec::new(),
            builtin: true,
            input: InputKind::Document,
            explain_rule: false,
            exclude: None,
            overrides: Vec::new(),
            exceptions: Vec::new(),
            baseline: None,
            text: None,
            today: None,
            is_whole: true,
            traffic: false,
        }
    }
}

impl Settings {
    /// Whether a rule runs at all.
    pub fn runs(&self, rule: &str) -> bool {
        let is_on_somewhere = || {
            let levels = self.overrides.iter().filter_map(|over| over.levels.get(rule));
            levels.copied().any(|level| level != Level::Off)
        };
        self.only.as_ref().is_none_or(|only| only.contains(rule))
            && (self.levels.get(rule) != Some(&Level::Off) || is_on_somewhere())
    }

    /// Whether somebody asks for a rule that is off by default: at a path, or without one anywhere.
    pub fn asks_for(&self, rule: &str, path: Option<&str>) -> bool {
        let names = |levels: &BTreeMap<String, Level>, options: &BTreeMap<String, Options>| {
            levels.get(rule).is_some_and(|level| *level != Level::Off) || options.contains_key(rule)
        };
        let speaks = |over: &Override| path.is_none_or(|path| over.paths.contains(path));
        self.only.as_ref().is_some_and(|only| only.contains(rule))
            || names(&self.levels, &self.options)
            || self.overrides.iter().any(|over| names(&over.levels, &over.options) && speaks(over))
    }

    /// The severity of a diagnostic at a path that has `own` by itself; `None` when it is dropped. Holds for rules and for
    /// what is said of the files themselves, which `only` leaves alone: a file with broken syntax was not checked by any rule.
    pub fn severity(&self, rule: &str, own: Severity, path: &str) -> Option<Severity> {
        let speaks = |over: &&Override| over.levels.contains_key(rule) && over.paths.contains(path);
        let levels = self.overrides.iter().rev().find(speaks).map_or(&self.levels, |over| &over.levels);
        match levels.get(rule) {
            Some(level) => level.severity(),
            None => Some(own),
        }
    }

    /// Which of the overrides chooses the options of a rule at a path.
    pub fn options_at(&self, rule: &str, path: &str) -> Option<usize> {
        let speaks = |over: &Override| over.options.contains_key(rule) && over.paths.contains(path);
        self.overrides.iter().rposition(speaks)
    }

    /// Lets a rule run, whatever the configuration says.
    pub fn turn_on(&mut self, rule: &str) {
        let levels = self.overrides.iter_mut().map(|over| &mut over.levels);
        for levels in levels.chain([&mut self.levels]) {
            if levels.get(rule) == Some(&Level::Off) {
                levels.remove(rule);
            }
        }
    }

    /// Turns a rule off, whatever the configuration says.
    pub fn turn_off(&mut self, rule: &str) {
        for over in &mut self.overrides {
            over.levels.remove(rule);
        }
        self.levels.insert(rule.to_string(), Level::Off);
    }
}

/// The word that was probably meant.
pub fn suggest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let near = known.map(|known| (strsim::jaro_winkler(word, known), known));
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then_some(best.1)
}
