//! From sources to an [`Analysis`]: load, run the rules, level, suppress, sort.
//!
//! Knows no output format.

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;

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
