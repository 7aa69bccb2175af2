//! The rules that run, each with the options that hold for a path.
//!
//! A rule whose options are others for some paths runs once for each choice, and of what it finds then only that counts which
//! stands at such a path.

use crate::catalog::{Catalog, Rule};
use crate::config::Settings;
use crate::policy::InputKind;

/// A rule that runs, and where its findings count.
#[derive(Clone, Copy)]
pub(super) struct Running<'c> {
    pub(super) rule: &'c Rule,
    /// The override of the settings that has chosen its options.
    over: Option<usize>,
}

/// A rule that judges by the options of some paths.
pub(super) struct Variant {
    rule: Rule,
    over: usize,
}

/// The rules whose options are others for some paths, once for each choice.
pub(super) fn variants(catalog: &Catalog, settings: &Settings) -> Vec<Variant> {
    let mut variants = Vec::new();
    for (over, chosen) in settings.overrides.iter().map(|over| &over.options).enumerate() {
        for (name, options) in chosen {
            let Some(rule) = catalog.get(name) else { continue };
            variants.push(Variant { rule: catalog.with_options(rule, options), over });
        }
    }
    variants
}

/// The rules that run, by what they look at.
pub(super) struct Rules<'c> {
    pub(super) of_model: Vec<Running<'c>>,
    pub(super) of_documents: Vec<Running<'c>>,
    settings: &'c Settings,
}

impl<'c> Rules<'c> {
    pub(super) fn new(catalog: &'c Catalog, variants: &'c [Variant], settings: &'c Settings) -> Self {
        let (mut of_model, mut of_documents) = (Vec::new(), Vec::new());
        let rules = catalog.rules().map(|rule| Running { rule, over: None });
        let variants = variants.iter().map(|it| Running { rule: &it.rule, over: Some(it.over) });
        let runs = |rule: &Rule| {
            settings.runs(&rule.name) && (!rule.is_off_by_default || settings.asks_for(&rule.name, None))
        };
        for running in rules.chain(variants).filter(|running| runs(running.rule)) {
            match looks_at(running.rule, settings) {
                InputKind::Model => of_model.push(running),
                InputKind::Document => of_documents.push(running),
            }
        }
        Self { of_model, of_documents, settings }
    }

    /// Whether what a rule has found at a path counts: its options are those that hold there.
    pub(super) fn counts<'p>(&self, running: &Running<'_>, path: impl FnOnce() -> &'p str) -> bool {
        let name = &running.rule.name;
        let is_always_the_same =
            || !self.settings.overrides.iter().any(|over| over.options.contains_key(name));
        if running.over.is_none() && is_always_the_same() {
            return true;
        }
        self.settings.options_at(name, path()) == running.over
    }
}

/// What a rule looks at. The built-in ones all look at the model, which is known without compiling them.
fn looks_at(rule: &Rule, settings: &Settings) -> InputKind {
    match (rule.is_builtin, rule.is_builtin || rule.meta().is_written) {
        (true, _) => InputKind::Model,
        (false, true) => rule.meta().input,
        (false, false) => settings.input,
    }
}
