//! Exceptions: findings that the user knows of and that do not count, with a reason and perhaps a last day.
//!
//! | where | holds for |
//! |---|---|
//! | comment `# grpc-guard: ignore[rule] reason` | the line it stands on, or the next one below |
//! | `Metadata`, annotation, `"//"` | the resource, or the whole file |
//! | `exceptions` of the configuration | all findings of a rule, or those in some paths |
//!
//! An exception that excepts nothing, names no rule, gives no reason or has expired is a diagnostic itself, so that none
//! outlives its cause. Excepted findings stay in the analysis and say why.

mod comments;
mod notes;
mod terms;

use std::cell::Cell;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::catalog::Catalog;
use crate::config::{PathSet, Settings};
use crate::diagnostic::{Diagnostic, Excepted, Severity, Suppression};
use crate::dialect::notes::Note;
use crate::source::{FileId, Source, SourceMap, Span, Spanned};

use terms::Terms;

/// The check that reports exceptions without a finding.
const UNUSED: &str = "unused-exception";
/// The check that reports exceptions that no longer hold.
const EXPIRED: &str = "expired-exception";
/// The check that reports exceptions without a reason.
const WITHOUT_REASON: &str = "exception-without-reason";
/// The check that reports exceptions that cannot be read.
const INVALID: &str = "invalid-exception";

/// One rule of one exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exception {
    rule: String,
    /// Where the rule is named.
    span: Span,
    terms: Terms,
    scope: Scope,
    is_used: bool,
}

/// What an exception holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// A 1-based line of its own file.
    Line(u32),
    /// All that lies inside.
    Within(Span),
    /// The paths of the configuration's exception of this index.
    Configured(usize),
}

impl Exception {
    fn new(rule: Spanned<String>, terms: Terms, scope: Scope) -> Self {
        Self { rule: rule.value, span: rule.span, terms, scope, is_used: false }
    }
}

/// What the files and the configuration except, and what could not be read of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    exceptions: Vec<Exception>,
    invalid: Vec<(Span, String)>,
    /// What was added from elsewhere: each place with its rule, or with what is wrong there.
    known: FxHashSet<(Span, String)>,
}

impl Found {
    /// Adds what stands at the resources of a file.
    pub(super) fn add_notes(&mut self, notes: &[Note<'_>]) {
        notes::read(notes, self);
    }

    /// Adds what was found elsewhere. A file that is in several projects is read for each.
    pub(super) fn add(&mut self, other: Found) {
        for exception in other.exceptions {
            if self.known.insert((exception.span, exception.rule.clone())) {
                self.exceptions.push(exception);
            }
        }
        for invalid in other.invalid {
            if self.known.insert(invalid.clone()) {
                self.invalid.push(invalid);
            }
        }
    }

    /// Adds the comments of a file.
    pub(super) fn add_comments(&mut self, file: FileId, source: &Source) {
        comments::read(file, source, self);
    }

    /// Adds what the configuration says; `file` is its text.
    pub(super) fn add_configured(&mut self, settings: &Settings, file: FileId) {
        let here = |span: Span| Span { file, ..span };
        for (idx, exception) in settings.exceptions.iter().enumerate() {
            let until = exception.until.map(|until| Spanned::new(until.value, here(until.span)));
            let terms = Terms { reason: exception.reason.clone(), until, no_date: None };
            for rule in &exception.rules {
                let rule = Spanned::new(rule.value.clone(), here(rule.span));
                self.exceptions.push(Exception::new(rule, terms.clone(), Scope::Configured(idx)));
            }
        }
    }
}

/// How many unknown names of rules get a suggestion; each is compared with all names.
const MAX_SUGGESTIONS: usize = 100;

/// Marks the findings that have an exception, and adds what is wrong with exceptions.
pub(super) fn apply(
    diagnostics: &mut Vec<Diagnostic>,
    found: Found,
    sources: &SourceMap,
    catalog: &Catalog,
    settings: &Settings,
) {
    let Found { mut exceptions, invalid, .. } = found;
    // Those of a line by their lines: there may be as many as there are findings.
    let mut by_line: BTreeMap<(FileId, u32), Vec<usize>> = BTreeMap::new();
    let mut by_rule: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (idx, exception) in exceptions.iter().enumerate() {
        match exception.scope {
            Scope::Line(line) => by_line.entry((exception.span.file, line)).or_default().push(idx),
            _ => by_rule.entry(exception.rule.clone()).or_default().push(idx),
        }
    }
    for diagnostic in diagnostics.iter_mut().filter(|it| !super::is_about_the_run(it)) {
        let Span { file, start, .. } = diagnostic.primary.span;
        let on_line = match by_line.is_empty() {
            true => None,
            false => by_line.get(&(file, sources.get(file).lines().line(start))),
        };
        let of_rule = by_rule.get(&*diagnostic.rule);
        for idx in on_line.into_iter().chain(of_rule).flatten() {
            let exception = &mut exceptions[*idx];
            if exception.rule != diagnostic.rule
                || !exception.covers(diagnostic.primary.span, sources, settings)
            {
                continue;
            }
            exception.is_used = true;
            if diagnostic.suppressed.is_none() && exception.is_in_force(settings) {
                diagnostic.suppressed = Some(exception.suppression());
            }
        }
    }
    let judge = Judge { sources, catalog, settings, suggestions_left: Cell::new(MAX_SUGGESTIONS) };
    diagnostics.extend(exceptions.iter().flat_map(|exception| judge.exception(exception)));
    diagnostics.extend(invalid.into_iter().filter_map(|(span, message)| {
        let help = "write `ignore[rule] reason`, or `rule: reason` in a map";
        Some(judge.wrong(INVALID, span, message)?.with_help(help))
    }));
}

impl Exception {
    fn covers(&self, span: Span, sources: &SourceMap, settings: &Settings) -> bool {
        match self.scope {
            Scope::Line(line) => {
                self.span.file == span.file && sources.get(span.file).lines().line(span.start) == line
            }
            Scope::Within(outer) => outer.contains(span),
            Scope::Configured(idx) => {
                let contains = |paths: &PathSet| paths.contains(&sources.get(span.file).path);
                settings.exceptions[idx].paths.as_ref().is_none_or(contains)
            }
        }
    }

    fn is_expired(&self, settings: &Settings) -> bool {
        let until = self.terms.until.as_ref();
        settings.today.zip(until).is_some_and(|(today, until)| today > until.value)
    }

    fn is_in_force(&self, settings: &Settings) -> bool {
        // What should end on a day that cannot be read may have ended.
        self.terms.no_date.is_none() && !self.is_expired(settings)
    }

    fn suppression(&self) -> Suppression {
        let by = match self.scope {
            Scope::Configured(_) => Excepted::ByConfiguration,
            Scope::Line(_) | Scope::Within(_) => Excepted::InSource,
        };
        let until = self.terms.until.map(|until| until.value.to_string());
        Suppression { by, span: Some(self.span), reason: self.terms.reason.clone(), until }
    }
}

/// Says what is wrong with exceptions.
struct Judge<'r> {
    /// How many more names are compared with those of all rules.
    suggestions_left: Cell<usize>,
    sources: &'r SourceMap,
    catalog: &'r Catalog,
    settings: &'r Settings,
}

impl Judge<'_> {
    fn wrong(&self, check: &'static str, span: Span, message: impl Into<String>) -> Option<Diagnostic> {
        let path = &self.sources.get(span.file).path;
        let severity = self.settings.severity(check, Severity::Warning, path)?;
        Some(Diagnostic::new(check, severity, span, message))
    }

    fn exception(&self, exception: &Exception) -> Vec<Diagnostic> {
        let rule = &exception.rule;
        if !exception.is_used {
            return self.unused(exception).into_iter().collect();
        }
        let mut found = Vec::new();
        if let Some(date) = &exception.terms.no_date {
            let message = format!("`{}` is no date, so nothing is excepted", date.value);
            let wrong = self.wrong(INVALID, date.span, message);
            found.extend(wrong.map(|wrong| wrong.with_help("write year, month and day: `until 2027-01-31`")));
        }
        if let Some(until) = exception.terms.until.filter(|_| exception.is_expired(self.settings)) {
            let message = format!("the exception of `{rule}` ended on {}", until.value);
            let help = "mend what is found, or agree on a later day";
            found.extend(self.wrong(EXPIRED, until.span, message).map(|wrong| wrong.with_help(help)));
        }
        if exception.terms.reason.is_empty() {
            let message = format!("this does not say why `{rule}` may be ignored");
            let help = "write the reason behind it: who agreed to what, until when";
            let wrong = self.wrong(WITHOUT_REASON, exception.span, message);
            found.extend(wrong.map(|wrong| wrong.with_help(help)));
        }
        found
    }

    fn unused(&self, exception: &Exception) -> Option<Diagnostic> {
        let rule = &exception.rule;
        let is_known = self.catalog.get(rule).is_some();
        let is_configured = matches!(exception.scope, Scope::Configured(_));
        // A rule that did not run may have found something, and so may a look at more files.
        if (is_known && !self.settings.runs(rule)) || (is_configured && !self.settings.is_whole) {
            return None;
        }
        let message = match is_known || is_configured {
            true => format!("`{rule}` finds nothing that this would except"),
            false => format!("there is no rule `{rule}` to except"),
        };
        let found = self.wrong(UNUSED, exception.span, message)?;
        let is_unknown = !is_known && !is_configured && self.suggestions_left.get() > 0;
        let near = is_unknown.then(|| {
            self.suggestions_left.set(self.suggestions_left.get() - 1);
            self.catalog.suggest(rule)
        });
        Some(match near.flatten() {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            _ if matches!(exception.scope, Scope::Line(_)) => found.with_help("remove the comment"),
            _ => found.with_help("remove it"),
        })
    }
}

/// Reads `[rule, rule] reason`; `at` is the offset of the text in its file. `None` when no rule is named.
fn names(text: &str, file: FileId, at: usize) -> Option<(Vec<Spanned<String>>, Terms)> {
    let inside = text.trim_start().strip_prefix('[')?;
    let (names, said) = inside.split_once(']')?;
    let offset = |part: &str| at + (part.as_ptr() as usize - text.as_ptr() as usize);
    let named = names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| {
        let start = offset(name);
        Spanned::new(name.to_string(), Span::new(file, start as u32, (start + name.len()) as u32))
    });
    let rules: Vec<Spanned<String>> = named.collect();
    let terms = terms::read(said, file, offset(said));
    (!rules.is_empty()).then_some((rules, terms))
}
