//! Scenarios: consistent answers to the conditions that matter, those nearest to the defaults first.
//!
//! A scenario is found by evaluating the conditions until one needs a choice that is still open, and going on with
//! each possible choice. So choices that no condition asks for do not multiply the scenarios.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::parameter::Choice;
use super::resolve::Resolver;
use crate::model::Limit;

/// How many scenarios of one template are looked at.
const MAX_SCENARIOS: usize = 64;

/// How many nodes are lowered for all scenarios of one template together; a larger template has fewer scenarios.
const MAX_NODES: usize = 2_000_000;

/// How many steps the search takes.
const MAX_STEPS: usize = 50_000;

/// What a condition gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Truth {
    True,
    False,
    /// Not settled: the condition is malformed, goes round in circles, or asks for something unknown.
    Unknown,
}

impl Truth {
    /// The truth of a boolean.
    pub(super) fn of(value: bool) -> Self {
        if value { Truth::True } else { Truth::False }
    }

    /// The opposite.
    pub(super) fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// Something that has to be chosen before a condition can be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Open {
    /// The value of a parameter.
    Parameter(usize),
    /// Whether something that the template does not settle is a certain text.
    Comparison(Comparison),
}

/// A comparison of something unknown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Comparison {
    /// What is unknown, as written.
    pub(super) subject: Box<str>,
    /// What it is compared with.
    pub(super) text: Box<str>,
}

/// What a scenario says of something unknown.
#[derive(Debug, Clone, Default)]
pub(super) struct Assumed {
    is: Option<Box<str>>,
    is_not: Vec<Box<str>>,
}

/// One consistent set of choices.
#[derive(Debug, Clone, Default)]
pub(super) struct Scenario {
    /// The choices that are not made by a default, by number.
    pub(super) choices: Vec<u32>,
    /// Whether some parameter has another value than its default. Whoever deploys that passes parameters, and may pass
    /// others too: those that no condition asks for do not keep their defaults.
    pub(super) leaves_defaults: bool,
    /// Parameters that were chosen.
    pub(super) parameters: FxHashMap<usize, Choice>,
    /// What was chosen of things that are unknown, by how they are written.
    assumed: FxHashMap<Box<str>, Assumed>,
    /// What the conditions give, as far as they were evaluated.
    pub(super) truths: FxHashMap<usize, Truth>,
}

struct State {
    scenario: Scenario,
    n_evaluated: usize,
}

/// Finds the scenarios in which the conditions of `relevant` differ. The first is the one that the defaults give.
///
/// Beside them stands the limit that the search ran into.
pub(super) fn find(
    resolver: &mut Resolver<'_, '_>,
    relevant: &[usize],
    n_nodes: usize,
) -> (Vec<Scenario>, Option<Limit>) {
    let limit = (MAX_NODES / n_nodes.max(1)).clamp(1, MAX_SCENARIOS);
    // Ordered by the number of choices that differ from the usual ones, then by age.
    let mut waiting = BTreeMap::new();
    waiting.insert((0_u32, 0_u32), State { scenario: Scenario::default(), n_evaluated: 0 });
    let mut found = Vec::new();
    let mut vectors = FxHashSet::default();
    let mut n_made = 0;
    let mut numbers = FxHashMap::default();
    let mut number = |open: &Open, at: usize| {
        let next = numbers.len() as u32;
        *numbers.entry((open.clone(), at)).or_insert(next)
    };
    let too_many = Limit::new("scenarios of the template's conditions", limit);
    let (mut n_left_out, mut steps_left) = (0, MAX_STEPS.max(relevant.len() * 2));
    while let Some(((n_unusual, _), mut state)) = waiting.pop_first() {
        if resolver.is_exhausted() || steps_left == 0 {
            n_left_out += 1;
            break;
        }
        steps_left -= 1;
        let Some(open) = evaluate(resolver, &mut state, relevant) else {
            let truth = |condition| state.scenario.truths.get(condition).copied().unwrap_or(Truth::Unknown);
            let vector: Vec<Truth> = relevant.iter().map(truth).collect();
            if vectors.insert(vector) {
                found.push(state.scenario);
                if found.len() == limit {
                    n_left_out += waiting.len();
                    break;
                }
            }
            continue;
        };
        let choices = resolver.choices(&open);
        for (at, choice) in choices.iter().enumerate().skip(1) {
            // Each waiting state leads to a scenario of its own, so more than `limit` of them are never needed.
            n_made += 1;
            let key = (n_unusual + 1, n_made);
            if waiting.len() >= limit && waiting.last_key_value().is_some_and(|(last, _)| *last < key) {
                n_left_out += 1;
                break;
            }
            let mut scenario = state.scenario.clone();
            scenario.choose(&open, choice);
            scenario.choices.push(number(&open, at));
            scenario.leaves_defaults |= resolver.has_default(&open);
            waiting.insert(key, State { scenario, n_evaluated: state.n_evaluated });
            if waiting.len() > limit {
                waiting.pop_last();
                n_left_out += 1;
            }
        }
        let Some(usual) = choices.first() else { continue };
        n_made += 1;
        state.scenario.choose(&open, usual);
        if !resolver.has_default(&open) {
            state.scenario.choices.push(number(&open, 0));
        }
        waiting.insert((n_unusual, n_made), state);
    }
    if found.is_empty() {
        // The template is out of all proportion: parameters have their defaults, the rest is unknown.
        found.push(Scenario::default());
    }
    (found, (n_left_out > 0).then_some(too_many))
}

/// What there is to choose.
#[derive(Debug, Clone)]
pub(super) enum Chosen {
    Parameter(Choice),
    Comparison(bool),
}

impl Scenario {
    /// Whether a comparison holds; `None` where that is still to be chosen. What is one text is no other.
    pub(super) fn holds(&self, comparison: &Comparison) -> Option<bool> {
        let assumed = self.assumed.get(&comparison.subject)?;
        match &assumed.is {
            Some(text) => Some(*text == comparison.text),
            None => assumed.is_not.contains(&comparison.text).then_some(false),
        }
    }

    fn choose(&mut self, open: &Open, chosen: &Chosen) {
        match (open, chosen) {
            (Open::Parameter(idx), Chosen::Parameter(choice)) => {
                self.parameters.insert(*idx, choice.clone());
            }
            (Open::Comparison(comparison), Chosen::Comparison(holds)) => {
                let assumed = self.assumed.entry(comparison.subject.clone()).or_default();
                if *holds {
                    assumed.is = Some(comparison.text.clone());
                } else {
                    assumed.is_not.push(comparison.text.clone());
                }
            }
            _ => unreachable!("internal error: a parameter and a comparison were mixed up"),
        }
    }
}

/// Evaluates conditions until one needs a choice.
fn evaluate(resolver: &mut Resolver<'_, '_>, state: &mut State, relevant: &[usize]) -> Option<Open> {
    resolver.scenario = std::mem::take(&mut state.scenario);
    let mut open = None;
    while let Some(condition) = relevant.get(state.n_evaluated) {
        open = resolver.ask(*condition);
        if open.is_some() {
            break;
        }
        state.n_evaluated += 1;
    }
    state.scenario = std::mem::take(&mut resolver.scenario);
    open
}
