//! What has changed since some state of the files, so that only findings there are shown.
//!
//! Knows lines, not where the knowledge of them comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::Analysis;
use super::baseline::Baseline;
use crate::config;
use crate::source::{SourceMap, Span};

/// The lines of a file that have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// All of them: the file is new.
    All,
    /// These, 1-based.
    Some(Vec<RangeInclusive<u32>>),
}

/// Changed files by absolute path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files with changed lines.
    pub changed: BTreeMap<PathBuf, Lines>,
    /// Files whose past is known; all others are new.
    pub known: BTreeSet<PathBuf>,
}

impl Changes {
    /// Leaves only the findings that touch a changed line, with their own place or with one that explains them, and those that
    /// were not there before: what a removed line brings about has no line of its own. Returns how many are left out. What
    /// is said of the run itself stays.
    pub fn keep(&self, analysis: &mut Analysis, before: &Analysis) -> usize {
        let mut before = Baseline::of_all(before);
        let n = analysis.diagnostics.len();
        let all = std::mem::take(&mut analysis.diagnostics);
        analysis.diagnostics = all
            .into_iter()
            .filter(|found| {
                let mut labels = std::iter::once(&found.primary).chain(&found.related);
                let is_touched = labels.any(|label| self.touches(label.span, &analysis.sources));
                super::is_about_the_run(found) || is_touched || !before.take(analysis, found)
            })
            .collect();
        n - analysis.diagnostics.len()
    }

    fn touches(&self, span: Span, sources: &SourceMap) -> bool {
        let source = sources.get(span.file);
        let path = config::absolute(source.path.as_ref());
        match self.changed.get(&path) {
            None => !self.known.contains(&path),
            Some(Lines::All) => true,
            Some(Lines::Some(ranges)) => {
                let (first, last) = (source.lines().line(span.start), source.lines().line(span.end));
                ranges.iter().any(|range| *range.start() <= last && first <= *range.end())
            }
        }
    }
}
