//! Flags and configuration file to [`Settings`].

mod file;

pub use file::{ConfigFile, FILE_NAMES, INVALID_CONFIG, parse, unknown_rules};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::diagnostic::Severity;
use crate::dialect::Platforms;
use crate::policy::InputKind;

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
    /// Paths that a walk leaves out, in the syntax of `.gitignore`, relative to the configuration file.
    pub exclude: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only: None,
            levels: BTreeMap::new(),
            fail_on: Some(Severity::Error),
            platforms: Platforms::default(),
            rules: Vec::new(),
            builtin: true,
            input: InputKind::Document,
            explain_rule: false,
            exclude: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether a rule runs at all.
    pub fn runs(&self, rule: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(rule))
            && self.levels.get(rule) != Some(&Level::Off)
    }

    /// The severity of a diagnostic that has `own` by itself; `None` when it is dropped. Holds for rules and for what is
    /// said of the files themselves, which `only` leaves alone: a file with broken syntax was not checked by any rule.
    pub fn severity(&self, rule: &str, own: Severity) -> Option<Severity> {
        match self.levels.get(rule) {
            Some(level) => level.severity(),
            None => Some(own),
        }
    }
}

/// The word that was probably meant.
pub fn suggest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let near = known.map(|known| (strsim::jaro_winkler(word, known), known));
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then_some(best.1)
}
