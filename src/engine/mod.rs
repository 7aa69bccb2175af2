//! From sources to an [`Analysis`]: load, run the rules, level, suppress, sort.
//!
//! Knows no output format.

mod load;

use crate::config::Settings;
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::source::SourceMap;
use crate::source::read::Loaded;

/// Figures of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files that were read as one of our dialects.
    pub files: usize,
    /// Files that were looked at and are none of ours.
    pub skipped: usize,
}

/// The result of a run; reports need nothing else.
#[derive(Debug, Default)]
pub struct Analysis {
    /// All files that diagnostics may point into.
    pub sources: SourceMap,
    /// Everything that was found, sorted; suppressed findings are among them and say so.
    pub diagnostics: Vec<Diagnostic>,
    /// Figures.
    pub stats: Stats,
}

/// The models of all projects among the files, in the order of their paths.
pub fn models(loaded: &Loaded, settings: &Settings) -> Vec<Model> {
    let projects = load::load(loaded).projects;
    projects.iter().flat_map(|project| project.lower(&loaded.sources, &settings.platforms).0).collect()
}
