//! From sources to an [`Analysis`]: load, run the rules, level, suppress, sort.
//!
//! Knows no output format.

mod findings;
mod load;
mod run;

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::config::Settings;
use crate::diagnostic::{self, Diagnostic};
use crate::model::Model;
use crate::source::read::Loaded;
use crate::source::{FileId, Source, SourceMap, Span};

/// How many projects make threads worth their start.
const PARALLEL_FROM: usize = 8;

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

/// Checks what was read against the rules of a catalog.
pub fn analyze(loaded: Loaded, catalog: &Catalog, settings: &Settings) -> Analysis {
    let load::Projects { projects, mut diagnostics, n_files, n_skipped } = load::load(&loaded);
    let check = |project: &load::Project| run::project(project, &loaded.sources, catalog, settings);
    let found: Vec<Vec<Diagnostic>> = if projects.len() < PARALLEL_FROM {
        projects.iter().map(check).collect()
    } else {
        projects.par_iter().map(check).collect()
    };
    diagnostics.extend(found.into_iter().flatten());
    let mut sources = loaded.sources;
    diagnostics.extend(of_rules(catalog, &mut sources));
    diagnostic::sort(&mut diagnostics, &sources);
    Analysis { sources, diagnostics, stats: Stats { files: n_files, skipped: n_skipped } }
}

/// What is wrong with the user's rule files, their texts added to the run's.
fn of_rules(catalog: &Catalog, sources: &mut SourceMap) -> Vec<Diagnostic> {
    let mut moved: Vec<(FileId, FileId)> = Vec::new();
    let mut move_span = |span: Span| {
        let file = match moved.iter().find(|(old, _)| *old == span.file) {
            Some((_, new)) => *new,
            None => {
                let source = catalog.sources.get(span.file);
                let new = sources.add(Source::new(source.path.clone(), source.text.clone()));
                moved.push((span.file, new));
                new
            }
        };
        Span { file, ..span }
    };
    let mut diagnostics = catalog.diagnostics.clone();
    for diagnostic in &mut diagnostics {
        diagnostic.primary.span = move_span(diagnostic.primary.span);
        for label in &mut diagnostic.related {
            label.span = move_span(label.span);
        }
    }
    diagnostics
}

/// The models of all projects among the files, in the order of their paths.
pub fn models(loaded: &Loaded, settings: &Settings) -> Vec<Model> {
    let projects = load::load(loaded).projects;
    projects.iter().flat_map(|project| project.lower(&loaded.sources, &settings.platforms).0).collect()
}
