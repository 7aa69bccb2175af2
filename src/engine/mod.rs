//! From sources to an [`Analysis`]: load, run the rules, level, suppress, sort.
//!
//! Knows no output format.

pub mod baseline;
pub mod changes;
mod chosen;
mod findings;
mod fix;
mod load;
mod run;
mod scenarios;
mod secrets;
mod suppression;
mod traffic;
mod wording;

pub use fix::{Applied, Changed, Fixed, Refused, Why, fix};
pub use load::Reading;
pub use run::POLICY_FAILED;
pub use secrets::secrets;
pub use traffic::{Hop, Stage, Traffic};

use crate::catalog::Catalog;
use crate::config::Settings;
use crate::diagnostic::{self, Diagnostic, Label, Severity, UNREADABLE_FILE};
use crate::dialect::hints::UNUSED_HINT;
use crate::model::Model;
use crate::source::read::Loaded;
use crate::source::{FileId, Source, SourceMap, Span};

/// Figures of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files that were read as one of our dialects.
    pub files: usize,
    /// Files that were looked at and are none of ours.
    pub skipped: usize,
}

impl Stats {
    fn of(read_as: &[(FileId, Reading)]) -> Self {
        let count =
            |wanted: fn(&Reading) -> bool| read_as.iter().filter(|(_, reading)| wanted(reading)).count();
        Self {
            files: count(|reading| matches!(reading, Reading::Dialect(_) | Reading::Document)),
            skipped: count(|reading| matches!(reading, Reading::Broken | Reading::Other)),
        }
    }
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
    /// How many of the sources are reported on; they come first, the others only explain.
    pub n_reported: usize,
    /// What each file was read as.
    pub read_as: Vec<(FileId, Reading)>,
    /// The ways of the traffic through each project, where the settings want them.
    pub traffic: Vec<Traffic>,
}

impl Analysis {
    /// The paths of the files that are reported on.
    pub fn reported(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().take(self.n_reported).map(|(_, source)| source.path.as_str())
    }
}

/// Whether a diagnostic says that the run could not look: nothing excepts it, and no choice of findings leaves it out.
pub fn is_about_the_run(found: &Diagnostic) -> bool {
    [UNREADABLE_FILE, POLICY_FAILED].contains(&&*found.rule)
}

/// Checks what was read against the rules of a catalog.
pub fn analyze(loaded: Loaded, catalog: &Catalog, settings: &Settings) -> Analysis {
    analyze_watched(loaded, catalog, settings, &|| {})
}

/// The same, with a word for each file that is done. What was read is what is reported on; the files that belong to it are
/// looked for where `loaded` says.
pub fn analyze_watched(
    mut loaded: Loaded,
    catalog: &Catalog,
    settings: &Settings,
    on_file: &(dyn Fn() + Sync),
) -> Analysis {
    let n_reported = loaded.sources.len() as u32;
    let variants = chosen::variants(catalog, settings);
    let rules = chosen::Rules::new(catalog, &variants, settings);
    let plain = if rules.of_documents.is_empty() { load::Plain::Refuse } else { load::Plain::Keep };
    let check = |project: &load::Project<'_>| run::project(project, &rules, settings);
    let load::Worked { results, plain, mut diagnostics, read_as } =
        load::load(&mut loaded, plain, on_file, check);
    let (mut told, mut exceptions) = (Vec::new(), suppression::Found::default());
    let mut traffic: Vec<Traffic> = Vec::new();
    for run::Checked { diagnostics, exceptions: found, traffic: ways } in results {
        told.extend(diagnostics);
        exceptions.add(found);
        traffic.extend(ways);
    }
    diagnostics.extend(run::merge(told));
    for document in &plain {
        let path = &loaded.sources.get(document.file).path;
        diagnostics.extend(run::plain_document(document, path, &rules));
    }
    let mut sources = loaded.sources;
    let problems: Vec<FileId> = loaded.problems.iter().map(|problem| problem.span.file).collect();
    let read: Vec<FileId> = sources.iter().map(|(id, _)| id).filter(|id| !problems.contains(id)).collect();
    level(&mut diagnostics, &sources, catalog, settings);
    read.iter().for_each(|file| exceptions.add_comments(*file, sources.get(*file)));
    let configuration = FileId(sources.len() as u32);
    if let Some((path, text)) = &settings.text {
        sources.add(Source::new(path.clone(), text.clone()));
        exceptions.add_configured(settings, configuration);
        diagnostics.extend(unused_hints(settings, configuration));
    }
    suppression::apply(&mut diagnostics, exceptions, &sources, catalog, settings);
    let is_reported = |label: &Label| label.span.file.0 < n_reported || label.span.file == configuration;
    diagnostics.retain(|found| is_reported(&found.primary) || found.related.iter().any(is_reported));
    findings::keep_most(&mut diagnostics, &sources);
    if !traffic.is_empty() {
        let secrets = secrets::secrets(&sources);
        traffic.iter_mut().for_each(|traffic| traffic.hide(&secrets));
    }
    secrets::hide(&mut diagnostics, &mut sources);
    show_rules(catalog, &mut diagnostics, &mut sources, settings);
    diagnostic::sort(&mut diagnostics, &sources);
    let stats = Stats::of(&read_as);
    Analysis { sources, diagnostics, stats, n_reported: n_reported as usize, read_as, traffic }
}

/// The hints of the configuration that are about nothing, where everything was looked at that they may be about.
fn unused_hints(settings: &Settings, configuration: FileId) -> Vec<Diagnostic> {
    let unused = settings.platforms.grpc.iter().filter(|hint| settings.is_whole && !hint.is_used());
    let told = unused.filter_map(|hint| {
        let severity = settings.severity(UNUSED_HINT, Severity::Warning, "")?;
        let span = Span { file: configuration, ..hint.span };
        let message = "no resource is one that this hint is about";
        Some(
            Diagnostic::new(UNUSED_HINT, severity, span, message)
                .with_help("`grpc-guard model` prints the names of all resources"),
        )
    });
    told.collect()
}

/// Gives each diagnostic the severity that the user wants. What could not be looked at is said whatever the user wants.
fn level(diagnostics: &mut Vec<Diagnostic>, sources: &SourceMap, catalog: &Catalog, settings: &Settings) {
    diagnostics.retain_mut(|found| {
        if is_about_the_run(found) {
            return true;
        }
        let path = &sources.get(found.primary.span.file).path;
        let is_off = catalog.get(&found.rule).is_some_and(|rule| rule.is_off_by_default);
        if is_off && !settings.asks_for(&found.rule, Some(path)) {
            return false;
        }
        let severity = settings.severity(&found.rule, found.severity, path);
        found.severity = severity.unwrap_or(found.severity);
        severity.is_some()
    });
}

/// Adds what is wrong with the user's rule files and, where it is wanted, the clause behind each finding. Both point into the
/// catalog's texts, which are added to the run's.
fn show_rules(
    catalog: &Catalog,
    diagnostics: &mut Vec<Diagnostic>,
    sources: &mut SourceMap,
    settings: &Settings,
) {
    if catalog.diagnostics.is_empty() && !settings.explain_rule {
        diagnostics.iter_mut().for_each(|diagnostic| diagnostic.clause = None);
        return;
    }
    let first = sources.len() as u32;
    for (_, source) in catalog.sources().iter() {
        sources.add(Source::new(source.path.clone(), source.text.clone()));
    }
    let moved = |span: Span| Span { file: FileId(span.file.0 + first), ..span };
    for diagnostic in diagnostics.iter_mut() {
        if let Some(clause) = diagnostic.clause.take().filter(|_| settings.explain_rule) {
            diagnostic.related.push(Label::new(moved(clause), "this clause of the rule failed"));
        }
    }
    for mut broken in catalog.diagnostics.iter().cloned() {
        broken.primary.span = moved(broken.primary.span);
        broken.related.iter_mut().for_each(|label| label.span = moved(label.span));
        diagnostics.push(broken);
    }
}

/// The models of all projects among the files, in the order of their paths.
pub fn models(mut loaded: Loaded, settings: &Settings) -> Vec<Model> {
    let lower = |project: &load::Project<'_>| project.lower(&settings.platforms).0;
    load::load(&mut loaded, load::Plain::Refuse, &|| {}, lower).results.into_iter().flatten().collect()
}
