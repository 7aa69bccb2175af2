//! Evaluation: a rule file on a tree of values.
//!
//! Results of queries are ids, never copies. Clauses are folded as cfn-guard 3.2.1 folds them; on top comes a fourth
//! status, *undecided*, for clauses that meet a value which the files do not settle. It never becomes a failure.
//! Does no I/O and keeps nothing between two evaluations but the index of a [`Subject`].

mod arena;
mod clause;
mod compare;
mod failures;
pub(super) mod functions;
mod paths;
mod scope;
mod subject;
mod text;
mod value;
mod walk;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

pub use self::subject::Subject;

use self::arena::Arena;
use self::failures::Recorder;
use self::scope::Scope;
use self::value::{Comparer, Found, Many, Raw, Val, View, view};
use super::ast::{Alternatives, File, Query, Symbol};
use super::{Failure, Status};
use crate::model::{ValueId, Values};

/// How deep rules, blocks, variables and the steps of queries may be nested in one another while they are evaluated.
const MAX_DEPTH: u32 = 700;

/// Where less than this many bytes of stack are left, the evaluation goes on in a new piece.
const STACK_LEFT: usize = 512 << 10;

/// How many levels go by between two looks at how much is left.
const LEVELS_A_LOOK: u32 = 8;

/// The size of such a piece in bytes.
const STACK_STEP: usize = 1 << 20;

/// Steps after which the evaluation of a rule file on a document is given up: a second or two of a release build. No public rule
/// file comes near them on a template of 8,000 resources.
pub(super) const MAX_STEPS: u64 = 40_000_000;

/// What a rule file says of a tree of values.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The status of every rule in file order; names may repeat. Clauses outside any rule are called `default`.
    pub rules: Vec<(String, Status)>,
    /// One for each failing clause and value.
    pub failures: Vec<Failure>,
    /// Why the evaluation could not be finished; there are no statuses then.
    pub error: Option<String>,
}

/// The status of a clause, block or rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum St {
    Pass,
    Fail,
    Skip,
    /// Something that the files do not settle is part of it.
    Undecided,
}

/// In which role a clause is evaluated: it decides what becomes of empty selections and problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    Assertion,
    /// A condition or a filter, and everything that is reached through one.
    Gate,
}

/// Why an evaluation does not go on.
#[derive(Debug, Clone)]
enum Stop {
    /// A question that has no answer, such as `empty` of a number; some clauses turn it into a failure.
    Problem(String),
    /// The evaluation ends.
    Abort(String),
}

impl Stop {
    fn abort(why: impl Into<String>) -> Self {
        Stop::Abort(why.into())
    }

    fn problem(why: impl Into<String>) -> Self {
        Stop::Problem(why.into())
    }

    fn into_text(self) -> String {
        match self {
            Stop::Problem(why) | Stop::Abort(why) => why,
        }
    }
}

type Eval<T> = Result<T, Stop>;

/// One evaluation of one file.
struct Evaluator<'e> {
    file: &'e File,
    values: &'e Values,
    subject: &'e Subject<'e>,
    comparer: Comparer<'e>,
    made: &'e Arena,
    depth: Cell<u32>,
    statuses: RefCell<FxHashMap<(&'e str, Role), St>>,
    /// Captured keys, which belong to the file and are never forgotten.
    captured: RefCell<FxHashMap<Symbol, Rc<Many<'e>>>>,
    recorder: RefCell<Recorder<'e>>,
}

impl<'e> Evaluator<'e> {
    fn new(file: &'e File, subject: &'e Subject<'e>, made: &'e Arena) -> Self {
        Self {
            file,
            values: subject.values,
            subject,
            comparer: Comparer { values: subject.values, steps_left: Cell::new(MAX_STEPS) },
            made,
            depth: Cell::new(0),
            statuses: RefCell::default(),
            captured: RefCell::default(),
            recorder: RefCell::default(),
        }
    }

    fn root(&self) -> Val<'e> {
        Val::doc(self.subject.root, None)
    }

    fn view(&self, raw: Raw<'e>) -> View<'e> {
        view(self.values, raw)
    }

    /// Runs `inner` one level deeper; hostile rules cannot exhaust the stack.
    fn deeper<T>(&self, inner: impl FnOnce() -> Eval<T>) -> Eval<T> {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return Err(Stop::abort(format!(
                "rules or variables refer to themselves, or are nested more than {MAX_DEPTH} levels deep"
            )));
        }
        self.depth.set(depth + 1);
        // What one level needs differs much between clauses and builds, so the limit alone does not keep the stack whole.
        let outcome = match depth % LEVELS_A_LOOK {
            0 => stacker::maybe_grow(STACK_LEFT, STACK_STEP, inner),
            _ => inner(),
        };
        self.depth.set(depth);
        outcome
    }

    /// The status of a rule that another one refers to.
    fn status_of(&self, name: &'e str, role: Role) -> Eval<St> {
        if let Some(status) = self.statuses.borrow().get(&(name, role)) {
            return Ok(*status);
        }
        let mut status = None;
        for rule in self.file.rules.iter().filter(|rule| !rule.is_default && rule.name.value == name) {
            let found = self.rule(rule, &Scope::top(self), role)?;
            status = Some(found);
            if found != St::Skip {
                break;
            }
        }
        let Some(status) = status else {
            return Err(Stop::abort(format!("there is no rule `{name}`")));
        };
        self.statuses.borrow_mut().insert((name, role), status);
        Ok(status)
    }
}

/// Evaluates a rule file.
pub(super) fn evaluate(file: &File, subject: &Subject<'_>) -> Outcome {
    let made = Arena::default();
    let evaluator = Evaluator::new(file, subject, &made);
    let top = Scope::top(&evaluator);
    let mut outcome = Outcome::default();
    for rule in &file.rules {
        evaluator.recorder.borrow_mut().start(rule);
        match evaluator.rule(rule, &top, Role::Assertion) {
            Ok(status) => {
                let status = match status {
                    St::Pass => Status::Pass,
                    St::Fail => Status::Fail,
                    St::Skip | St::Undecided => Status::Skip,
                };
                if status == Status::Fail {
                    evaluator.ensure_failure(rule);
                } else {
                    evaluator.recorder.borrow_mut().cut_rule();
                }
                outcome.rules.push((rule.name.value.clone(), status));
            }
            Err(stop) => {
                return Outcome { error: Some(stop.into_text()), ..Outcome::default() };
            }
        }
    }
    outcome.failures = evaluator.finish_failures();
    outcome
}

/// Whether conditions hold at a value; `None` when that is undecided. Ones that cannot be answered do not hold.
pub(super) fn holds(
    file: &File,
    conditions: &[Alternatives],
    subject: &Subject<'_>,
    at: ValueId,
) -> Option<bool> {
    let made = Arena::default();
    let evaluator = Evaluator::new(file, subject, &made);
    let top = Scope::top(&evaluator);
    let scope = Scope::at(Val::doc(at, Some(at)), &top);
    match evaluator.conjunction(conditions, &scope, Role::Gate) {
        Ok(St::Pass) => Some(true),
        Ok(St::Undecided) => None,
        _ => Some(false),
    }
}

/// The values of the document that a query finds from a value.
pub(super) fn find(file: &File, query: &Query, subject: &Subject<'_>, at: ValueId) -> Vec<ValueId> {
    let made = Arena::default();
    let evaluator = Evaluator::new(file, subject, &made);
    let top = Scope::top(&evaluator);
    let scope = Scope::at(Val::doc(at, Some(at)), &top);
    let mut ids = Vec::new();
    for found in evaluator.query(query, &scope).unwrap_or_default() {
        if let Found::Resolved(Val { raw: Raw::Doc(id), .. }) = found
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    ids
}

/// What a query finds from a value, in words; `None` when it finds nothing.
pub(super) fn words(file: &File, query: &Query, subject: &Subject<'_>, at: ValueId) -> Option<String> {
    let made = Arena::default();
    let evaluator = Evaluator::new(file, subject, &made);
    let top = Scope::top(&evaluator);
    let scope = Scope::at(Val::doc(at, Some(at)), &top);
    let mut words: Vec<String> = Vec::new();
    for found in evaluator.query(query, &scope).unwrap_or_default() {
        let word = match found {
            Found::Undecided(_) => "(unknown)".to_string(),
            _ => match found.value() {
                Some(value) => text::plain(subject, value.raw),
                None => continue,
            },
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests;
