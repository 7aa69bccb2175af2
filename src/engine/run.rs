//! Runs the rules over the models and documents of one project.

use rustc_hash::{FxHashMap, FxHashSet};

use super::findings;
use super::fix::{self, Files, Known, Offers};
use super::load::Project;
use super::traffic::Traffic;
use super::{scenarios, suppression};
use crate::catalog::{Catalog, Rule};
use crate::config::Settings;
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::notes;
use crate::document::Document;
use crate::model::{Model, Values};
use crate::policy::loader::{self, Profile};
use crate::policy::{InputKind, Outcome, Subject};
use crate::source::Span;

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
    let in_model = |model| {
        let mut found = Vec::new();
        on_model(model, &files, &rules.of_model, &mut found);
        found
    };
    let mut found = scenarios::settled(models.iter().map(in_model).collect(), &models);
    for document in project.documents() {
        on_document(document, &rules.of_documents, &mut found);
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
pub(super) fn plain_document(document: &Document, rules: &Rules<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    on_document(document, &rules.of_documents, &mut found);
    merge(found)
}

/// The rules that run, by what they look at.
pub(super) struct Rules<'c> {
    of_model: Vec<&'c Rule>,
    pub(super) of_documents: Vec<&'c Rule>,
}

impl<'c> Rules<'c> {
    pub(super) fn new(catalog: &'c Catalog, settings: &Settings) -> Self {
        let rules = |input| rules(catalog, settings, input);
        Self { of_model: rules(InputKind::Model), of_documents: rules(InputKind::Document) }
    }
}

/// The rules that run and look at `input`. The built-in ones all look at the model, which is known without compiling them.
fn rules<'c>(catalog: &'c Catalog, settings: &Settings, input: InputKind) -> Vec<&'c Rule> {
    let looks_at = |rule: &Rule| match (rule.is_builtin, rule.is_builtin || rule.meta().is_written) {
        (true, _) => InputKind::Model,
        (false, true) => rule.meta().input,
        (false, false) => settings.input,
    };
    catalog.rules().filter(|rule| settings.runs(&rule.name) && looks_at(rule) == input).collect()
}

fn on_model(model: &Model, files: &Files<'_>, rules: &[&Rule], found: &mut Vec<Diagnostic>) {
    let types: FxHashSet<&str> = model.resources.iter().map(|resource| resource.type_name.as_str()).collect();
    let ids = model.resources.iter().map(|resource| resource.id.as_str());
    let subject = Subject::new(&model.values, model.root).with_resource_ids(ids);
    let known = Known::new(model);
    let whole = model.resources.first().map(|resource| resource.name.at_start());
    for rule in rules {
        if !rule.can_apply(|name| types.contains(name)) {
            continue;
        }
        let outcome = rule.file.evaluate_on(&subject);
        let offers = Offers::new(files, &known, &subject, rule, &outcome.failures);
        collect(rule, &outcome, &subject, Some(&offers), whole, found);
    }
}

/// Rules without `input: model` look at each document as it is written, as cfn-guard does; what cfn-guard would refuse to
/// read, such as aliases, is read as YAML has it.
fn on_document(document: &Document, rules: &[&Rule], found: &mut Vec<Diagnostic>) {
    if rules.is_empty() {
        return;
    }
    for root in document.roots() {
        let mut values = Values::default();
        let loaded = loader::load(&mut values, root, Profile::GuardValidate);
        let Ok(value) = loaded.or_else(|_| loader::load(&mut values, root, Profile::Native)) else {
            continue;
        };
        let subject = Subject::new(&values, value);
        for rule in rules {
            let outcome = rule.file.evaluate_on(&subject);
            collect(rule, &outcome, &subject, None, Some(root.span().at_start()), found);
        }
    }
}

fn collect(
    rule: &Rule,
    outcome: &Outcome,
    subject: &Subject<'_>,
    offers: Option<&Offers<'_>>,
    whole: Option<Span>,
    found: &mut Vec<Diagnostic>,
) {
    if let (Some(error), Some(span)) = (&outcome.error, whole) {
        let message = format!("rule `{}` could not be evaluated: {error}", rule.name);
        found.push(Diagnostic::new(POLICY_FAILED, Severity::Error, span, message));
    }
    let diagnostics =
        outcome.failures.iter().filter_map(|failure| findings::diagnostic(rule, failure, subject, offers));
    found.extend(diagnostics);
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
