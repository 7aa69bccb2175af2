//! What failed, where, and in which words.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::super::ast::{Clause, Query, Rule};
use super::super::{Failure, FailurePlace};
use super::scope::Scope;
use super::value::{Found, Raw, Val};
use super::{Evaluator, Role};
use crate::model::ValueId;

/// More failures of one rule file on one document are not recorded; nobody reads them.
const MAX_FAILURES: usize = 100_000;

/// What is to blame for a failure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Blame<'e> {
    /// A value.
    Value(Val<'e>),
    /// The part of a query, from a step on, that does not resolve inside a value.
    Missing { inside: Val<'e>, query: &'e Query, part: usize },
    /// A query from a value that selects nothing.
    Nothing(Val<'e>, &'e Query),
}

impl<'e> Blame<'e> {
    pub(super) fn of(found: Found<'e>) -> Self {
        match found {
            Found::Resolved(value) | Found::Undecided(value) => Blame::Value(value),
            Found::Literal(literal) => Blame::Value(Val { raw: Raw::Made(literal), owner: None, near: None }),
            Found::Unresolved { at, query, part } => Blame::Missing { inside: at, query, part },
        }
    }

    fn value(self) -> Val<'e> {
        match self {
            Blame::Value(value) | Blame::Missing { inside: value, .. } | Blame::Nothing(value, _) => value,
        }
    }
}

/// A failure before its words are made.
#[derive(Debug, Clone)]
struct Record<'e> {
    rule: &'e str,
    clause: &'e Clause,
    /// Where the message stands, when it is not the clause's own.
    speaker: Option<&'e Clause>,
    place: Place,
    comparison: Option<String>,
}

/// Where a failure was found, without borrowing.
#[derive(Debug, Clone)]
pub(super) struct Place {
    resource: Option<ValueId>,
    /// The value that the innermost block stands on, which `this` means in the message.
    block: Option<ValueId>,
    place: FailurePlace,
}

/// The failures so far.
#[derive(Debug, Default)]
pub(super) struct Recorder<'e> {
    rule: &'e str,
    start: usize,
    records: Vec<Record<'e>>,
}

impl<'e> Recorder<'e> {
    /// Failures from now on belong to `rule`.
    pub(super) fn start(&mut self, rule: &'e Rule) {
        self.rule = &rule.name.value;
        self.start = self.records.len();
    }

    pub(super) fn mark(&self) -> usize {
        self.records.len()
    }

    /// Forgets what came after a mark.
    pub(super) fn cut(&mut self, mark: usize) {
        self.records.truncate(mark);
    }

    /// Forgets what came since the rule began.
    pub(super) fn cut_rule(&mut self) {
        self.records.truncate(self.start);
    }

    fn is_silent(&self) -> bool {
        self.records.len() == self.start
    }

    /// Of several alternatives that all failed, keeps what says most: the last one that failed at a value that is there,
    /// else the last one that failed at all. A message of any alternative speaks for the rest.
    pub(super) fn keep_best(&mut self, starts: &[usize]) {
        let end = self.records.len();
        let bounds: Vec<Range<usize>> = starts
            .iter()
            .enumerate()
            .map(|(idx, start)| *start..starts.get(idx + 1).copied().unwrap_or(end))
            .collect();
        let is_at_value = |range: &&Range<usize>| {
            !range.is_empty()
                && self.records[(*range).clone()]
                    .iter()
                    .all(|record| matches!(record.place.place, FailurePlace::Value(_)))
        };
        let best = bounds
            .iter()
            .rev()
            .find(is_at_value)
            .or_else(|| bounds.iter().rev().find(|range| !range.is_empty()));
        let Some(best) = best.cloned() else { return };
        let first = starts.first().copied().unwrap_or(end);
        let speaks = |record: &Record<'e>| record.clause.message.is_some() || record.speaker.is_some();
        let speaker = self.records[first..end]
            .iter()
            .rev()
            .find(|record| speaks(record))
            .map(|record| record.speaker.unwrap_or(record.clause));
        let mut kept: Vec<Record<'e>> = self.records[best].to_vec();
        for record in &mut kept {
            if !speaks(record) {
                record.speaker = speaker;
            }
        }
        self.records.truncate(first);
        self.records.extend(kept);
    }

    /// Forgets what came after a mark, and gives the place of the first.
    pub(super) fn take_place(&mut self, mark: usize) -> Option<Place> {
        let place = self.records.get(mark).map(|record| record.place.clone());
        self.records.truncate(mark);
        place
    }

    /// The message of a call speaks for failures that have none of their own.
    pub(super) fn give_message(&mut self, mark: usize, clause: &'e Clause) {
        for record in &mut self.records[mark..] {
            if record.clause.message.is_none() && record.speaker.is_none() {
                record.speaker = Some(clause);
            }
        }
    }
}

impl<'e> Evaluator<'e> {
    /// Records a failure of an assertion.
    pub(super) fn fail(
        &self,
        clause: &'e Clause,
        scope: &Scope<'_, 'e>,
        blame: Blame<'e>,
        comparison: Option<String>,
    ) {
        let at = self.place(scope, blame);
        self.fail_at(clause, at, comparison);
    }

    pub(super) fn fail_at(&self, clause: &'e Clause, place: Place, comparison: Option<String>) {
        let mut recorder = self.recorder.borrow_mut();
        if recorder.records.len() < MAX_FAILURES {
            let rule = recorder.rule;
            recorder.records.push(Record { rule, clause, speaker: None, place, comparison });
        }
    }

    /// Records a failure unless it only decides whether something else is looked at.
    pub(super) fn fail_if(&self, role: Role, clause: &'e Clause, scope: &Scope<'_, 'e>, blame: Blame<'e>) {
        self.fail_if_with(role, clause, scope, blame, None);
    }

    pub(super) fn fail_if_with(
        &self,
        role: Role,
        clause: &'e Clause,
        scope: &Scope<'_, 'e>,
        blame: Blame<'e>,
        comparison: Option<String>,
    ) {
        if role == Role::Assertion {
            self.fail(clause, scope, blame, comparison);
        }
    }

    /// The place of a failure, and the innermost resource that it is in.
    fn place(&self, scope: &Scope<'_, 'e>, blame: Blame<'e>) -> Place {
        let value = blame.value();
        let mut around = Some(scope);
        let mut resource = None;
        while let Some(scope) = around {
            if let Raw::Doc(id) = scope.root.raw
                && self.subject.is_resource(id)
            {
                resource = Some(id);
                break;
            }
            around = scope.parent;
        }
        let resource = resource.or(value.owner).or(scope.root.owner);
        let near = value.near.or(resource).unwrap_or(self.subject.root);
        let place = match blame {
            Blame::Value(_) => FailurePlace::Value(near),
            Blame::Missing { query, part, .. } => FailurePlace::Absent {
                inside: near,
                missing: super::text::rest_of(query, part, &self.file.names),
            },
            Blame::Nothing(_, query) => FailurePlace::Absent {
                inside: near,
                missing: super::text::rest_of(query, 0, &self.file.names),
            },
        };
        let block = match scope.root.raw {
            Raw::Doc(id) => Some(id),
            Raw::Made(_) => None,
        };
        Place { resource, block, place }
    }

    /// A failing rule has a failure at least at the root.
    pub(super) fn ensure_failure(&self, rule: &'e Rule) {
        let first = rule.body.clauses.first().and_then(|alternatives| alternatives.clauses.first());
        if let Some(clause) = first
            && self.recorder.borrow().is_silent()
        {
            self.fail(clause, &Scope::top(self), Blame::Value(self.root()), None);
        }
    }

    /// All failures with their words, the same value under several copies of a clause once.
    pub(super) fn finish_failures(&self) -> Vec<Failure> {
        let records = std::mem::take(&mut self.recorder.borrow_mut().records);
        let mut failures = Vec::with_capacity(records.len());
        let mut seen = FxHashSet::default();
        for record in records {
            let speaker = record.speaker.unwrap_or(record.clause);
            let message = speaker.message.as_ref().map(|message| {
                self.file.template(message.span).map_or_else(
                    || message.value.clone(),
                    |template| {
                        template.render(self.file, self.subject, record.place.resource, record.place.block)
                    },
                )
            });
            let message = message.map(|text| text.trim().to_string());
            let clause = if message.is_some() { None } else { Some(record.clause.span) };
            let key =
                (record.rule, record.place.resource, record.place.place.clone(), message.clone(), clause);
            if seen.insert(key) {
                failures.push(Failure {
                    rule: record.rule.to_string(),
                    clause: record.clause.span,
                    resource: record.place.resource,
                    block: record.place.block,
                    place: record.place.place,
                    message,
                    comparison: record.comparison,
                });
            }
        }
        failures
    }
}
