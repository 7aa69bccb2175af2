//! Which findings of the scenarios of a project count.
//!
//! Somebody who passes one parameter may have to pass another as well: a finding that shows only where one condition
//! is turned and a second one left alone says nothing about the first. What shows wherever the defaults
//! are kept always counts.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::source::Span;

/// The findings that follow from the choices of a scenario, whatever else is chosen; `found` has those of each model.
pub(super) fn settled(found: Vec<Vec<Diagnostic>>, models: &[Model]) -> Vec<Diagnostic> {
    if models.iter().all(|model| model.choices.is_empty()) {
        return found.into_iter().flatten().collect();
    }
    let mut shown_in: FxHashMap<(String, Span), Vec<usize>> = FxHashMap::default();
    for (at, found) in found.iter().enumerate() {
        for diagnostic in found {
            shown_in.entry(key(diagnostic)).or_default().push(at);
        }
    }
    shown_in.retain(|_, shown_in| {
        shown_in.dedup();
        shown_in.iter().any(|at| counts(&models[*at], shown_in, models))
    });
    let is_settled = |diagnostic: &Diagnostic| shown_in.contains_key(&key(diagnostic));
    found.into_iter().flatten().filter(is_settled).collect()
}

/// Whether a finding is shown in every scenario that makes the choices of this one, among others, or in every one
/// that keeps the defaults.
fn counts(scenario: &Model, shown_in: &[usize], models: &[Model]) -> bool {
    let includes = |model: &Model| scenario.choices.iter().all(|choice| model.choices.contains(choice));
    let (mut follows, mut is_default) = (true, true);
    for (at, model) in models.iter().enumerate() {
        if model.part == scenario.part && !shown_in.contains(&at) {
            follows &= !includes(model);
            is_default &= model.leaves_defaults;
        }
    }
    follows || is_default
}

fn key(diagnostic: &Diagnostic) -> (String, Span) {
    (diagnostic.rule.to_string(), diagnostic.primary.span)
}
