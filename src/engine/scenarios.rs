//! Which findings of the scenarios of a project count.
//!
//! Somebody who passes one parameter may have to pass another as well: a finding that shows only where one condition
//! is turned and a second one left alone says nothing about the first. Findings of the default scenario always count.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::source::Span;

/// The findings that follow from the choices of a scenario, whatever else is chosen; `found` has those of each model.
pub(super) fn settled(found: Vec<Vec<Diagnostic>>, models: &[Model]) -> Vec<Diagnostic> {
    if models.len() == 1 {
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
        shown_in.iter().any(|at| follows(&models[*at].choices, shown_in, models))
    });
    let counts = |diagnostic: &Diagnostic| shown_in.contains_key(&key(diagnostic));
    found.into_iter().flatten().filter(counts).collect()
}

/// Whether a finding is shown in every scenario that makes these choices, among others.
fn follows(choices: &[u32], shown_in: &[usize], models: &[Model]) -> bool {
    let makes_all = |model: &Model| choices.iter().all(|choice| model.choices.contains(choice));
    let mut others = models.iter().enumerate();
    choices.is_empty() || others.all(|(at, model)| shown_in.contains(&at) || !makes_all(model))
}

fn key(diagnostic: &Diagnostic) -> (String, Span) {
    (diagnostic.rule.to_string(), diagnostic.primary.span)
}
