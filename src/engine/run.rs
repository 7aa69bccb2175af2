//! Runs the rules over the models and documents of one project.

use rustc_hash::{FxHashMap, FxHashSet};

use super::chosen::Rules;
use super::findings;
use super::fix::{self, Files, Known, Offers};
use super::load::Project;
use super::traffic::Traffic;
use super::{scenarios, suppression};
use crate::catalog::Rule;
use crate::config::Settings;
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::{self, notes};
use crate::document::Document;
use crate::model::{Model, Values};
use crate::policy::loader::{self, Profile};
use crate::policy::{Outcome, Subject};
use crate::source::{FileId, Span};

/// The check that reports a rule whose evaluation was given up.
pub const POLICY_FAILED: &str = "policy-failed";

/// What came out of one project.
pub(super) struct Checked {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What is excepted at its resources.
    pub(super) exceptions: suppression::Found,
    /// The ways of its traffic, where they are wanted.
    pub(super) traffic: Vec<Traffic>,
}

/// What the rules say about one project.
pub(super) fn project(project: &Project<'_>, rules: &Rules<'_>, settings: &Settings) -> Checked {
    let (models, mut diagnostics) = project.lower(&settings.platforms);
    let files = Files { dialect: project.dialect, documents: project.documents().collect() };
    let parts: Vec<dialect::File<'_>> = project.files().collect();
    let paths: Vec<(FileId, &str)> = parts.iter().map(|part| (part.document.file, part.path)).collect();
    let in_model = |model| on_model(model, &files, rules, &paths);
    let mut found = scenarios::settled(models.iter().map(in_model).collect(), &models);
    for document in project.documents() {
        on_document(document, rules, &paths, &mut found);
    }
    diagnostics.extend(merge(found));
    let mut exceptions = suppression::Found::default();
    project.files().for_each(|file| exceptions.add_notes(&notes::read(project.dialect, &file)));
    // Of several scenarios, the one that the defaults give is drawn.
    let drawn = models.iter().filter(|model| settings.traffic && !model.leaves_defaults);
    let mut parts: FxHashSet<u32> = FxHashSet::default();
    let traffic = drawn.filter(|model| parts.insert(model.part)).map(Traffic::of).collect();
    Checked { diagnostics, exceptions, traffic }
}

/// What the rules for documents say about a file that is of none of our dialects.
pub(super) fn plain_document(document: &Document, path: &str, rules: &Rules<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    on_document(document, rules, &[(document.file, path)], &mut found);
    merge(found)
}

/// The paths of the files in which something can be found.
type Paths<'p> = [(FileId, &'p str)];

fn on_model(model: &Model, files: &Files<'_>, rules: &Rules<'_>, paths: &Paths<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let types: FxHashSet<&str> = model.resources.iter().map(|resource| resource.type_name.as_str()).collect();
    let ids = model.resources.iter().map(|resource| resource.id.as_str());
    let subject = Subject::new(&model.values, model.root).with_resource_ids(ids);
    let known = Known::new(model);
    let whole = model.resources.first().map(|resource| resource.name.at_start());
    for running in &rules.of_model {
        let rule = running.rule;
        if !rule.can_apply(|name| types.contains(name)) {
            continue;
        }
        let outcome = rule.file.evaluate_on(&subject);
        let offers = Offers::new(files, &known, &subject, rule, &outcome.failures);
        let told = findings(rule, &outcome, &subject, Some(&offers), whole);
        found.extend(told.filter(|found| rules.counts(running, || path(found, paths))));
    }
    found
}

/// Rules without `input: model` look at each document as it is written, as cfn-guard does; what cfn-guard would refuse to
/// read, such as aliases, is read as YAML has it.
fn on_document(document: &Document, rules: &Rules<'_>, paths: &Paths<'_>, found: &mut Vec<Diagnostic>) {
    if rules.of_documents.is_empty() {
        return;
    }
    for root in document.roots() {
        let mut values = Values::default();
        let loaded = loader::load(&mut values, root, Profile::GuardValidate);
        let value = match loaded.or_else(|_| loader::load(&mut values, root, Profile::Native)) {
            Ok(value) => value,
            Err(error) => {
                let message = format!("the rules could not look at this document: {}", error.message);
                found.push(Diagnostic::new(POLICY_FAILED, Severity::Error, error.span, message));
                continue;
            }
        };
        let subject = Subject::new(&values, value);
        for running in &rules.of_documents {
            let rule = running.rule;
            let outcome = rule.file.evaluate_on(&subject);
            let told = findings(rule, &outcome, &subject, None, Some(root.span().at_start()));
            found.extend(told.filter(|found| rules.counts(running, || path(found, paths))));
        }
    }
}

/// What a rule has found, and that it could not be evaluated.
fn findings<'f>(
    rule: &'f Rule,
    outcome: &'f Outcome,
    subject: &'f Subject<'_>,
    offers: Option<&'f Offers<'_>>,
    whole: Option<Span>,
) -> impl Iterator<Item = Diagnostic> + 'f {
    let gave_up = outcome.error.as_ref().zip(whole).map(|(error, span)| {
        let message = format!("rule `{}` could not be evaluated: {error}", rule.name);
        Diagnostic::new(POLICY_FAILED, Severity::Error, span, message)
    });
    let failures = outcome.failures.iter();
    gave_up.into_iter().chain(failures.filter_map(move |it| findings::diagnostic(rule, it, subject, offers)))
}

/// The path of a finding.
fn path<'p>(found: &Diagnostic, paths: &Paths<'p>) -> &'p str {
    let file = found.primary.span.file;
    paths.iter().find(|(id, _)| *id == file).map_or("", |(_, path)| path)
}

/// Findings of one rule at one place are one finding: the same annotation may stand behind many target groups, the same
/// property in many scenarios.
pub(super) fn merge(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::with_capacity(found.len());
    let mut at: FxHashMap<(String, Span), usize> = FxHashMap::default();
    for diagnostic in found {
        let key = (diagnostic.rule.to_string(), diagnostic.primary.span);
        match at.get(&key) {
            None => {
                at.insert(key, merged.len());
                merged.push(diagnostic);
            }
            Some(idx) => join(&mut merged[*idx], diagnostic),
        }
    }
    merged
}

/// Keeps the worse of two findings at one place, the names of the resources of both, and who calls them.
fn join(kept: &mut Diagnostic, mut other: Diagnostic) {
    let fix = fix::join(kept.fix.take(), other.fix.take());
    if kept.severity < other.severity {
        std::mem::swap(kept, &mut other);
    }
    for name in other.resource.into_iter().chain(other.other_resources) {
        if kept.resource.as_ref() != Some(&name) && !kept.other_resources.contains(&name) {
            kept.other_resources.push(name);
        }
    }
    // A module that is called twice is told of once, with both calls.
    let calls = other.related.into_iter().filter(|label| label.text == findings::CALLED);
    for label in calls {
        findings::push_related(kept, label);
    }
    kept.fix = fix;
}
