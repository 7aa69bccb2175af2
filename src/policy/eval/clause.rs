//! Clauses, blocks and rules: from results to statuses.

use std::rc::Rc;

use super::super::ast::{
    Alternatives, Block, Call, Clause, ClauseKind, Op, Operand, Query, Rule, Symbol, Test,
};
use super::compare::Entry;
use super::failures::Blame;
use super::scope::{Results, Scope, Variables};
use super::value::{Found, Many, Val, View};
use super::{Eval, Evaluator, Role, St, Stop};

impl<'e> Evaluator<'e> {
    /// All clauses of a conjunction that can have problems are evaluated, so that those in later ones come to light.
    pub(super) fn conjunction(
        &self,
        clauses: &'e [Alternatives],
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        let mut status = St::Skip;
        for alternatives in clauses {
            // Of a gate nothing but the status can be seen, and a failure has decided it.
            let is_decided = status == St::Fail && role == Role::Gate;
            if !(is_decided && alternatives.is_safe) {
                status = both(status, self.alternatives(alternatives, scope, role)?);
            }
        }
        Ok(status)
    }

    /// The first alternative that holds ends the search.
    fn alternatives(&self, alternatives: &'e Alternatives, scope: &Scope<'_, 'e>, role: Role) -> Eval<St> {
        if let [only] = &alternatives.clauses[..] {
            return self.clause(only, scope, role);
        }
        let mark = self.recorder.borrow().mark();
        let mut starts = Vec::with_capacity(alternatives.clauses.len());
        let mut status = St::Skip;
        for clause in &alternatives.clauses {
            starts.push(self.recorder.borrow().mark());
            status = match (status, self.clause(clause, scope, role)?) {
                (_, St::Pass) => {
                    self.recorder.borrow_mut().cut(mark);
                    return Ok(St::Pass);
                }
                (St::Undecided, _) | (_, St::Undecided) => St::Undecided,
                (St::Fail, _) | (_, St::Fail) => St::Fail,
                (St::Skip | St::Pass, St::Skip) => St::Skip,
            };
        }
        if role == Role::Assertion {
            if status == St::Fail {
                self.recorder.borrow_mut().keep_best(&starts);
            } else {
                self.recorder.borrow_mut().cut(mark);
            }
        }
        Ok(status)
    }

    fn clause(&self, clause: &'e Clause, scope: &Scope<'_, 'e>, role: Role) -> Eval<St> {
        self.comparer.step()?;
        if role == Role::Gate
            && let Some(status) = self.gate_on_path(clause, scope)?
        {
            return Ok(status);
        }
        self.deeper(|| match &clause.kind {
            ClauseKind::Unary { query, test, negated, .. } => {
                let outcome =
                    self.unary(clause, Unary { query, test: *test, negated: *negated }, scope, role);
                self.absorb(outcome, clause, scope, role)
            }
            ClauseKind::Binary { query, op, negated, rhs, .. } => {
                // A problem on the right side is not the clause's to absorb.
                let right = self.operand(rhs, scope)?;
                let outcome =
                    self.binary(clause, Binary { query, op: *op, negated: *negated }, &right, scope, role);
                self.absorb(outcome, clause, scope, role)
            }
            ClauseKind::Block { query, not_empty, body } => {
                self.query_block(clause, query, *not_empty, body, scope, role)
            }
            ClauseKind::When { conditions, body } => match self.gate(conditions, clause, scope, role)? {
                St::Pass => self.block(body, scope, role),
                other => Ok(other),
            },
            ClauseKind::Type { name, query, conditions, body } => {
                let block = TypeBlock { clause, conditions: conditions.as_deref(), body };
                self.type_block(block, &name.value, query, scope, role)
            }
            ClauseKind::Reference { name, negated } => {
                self.reference(clause, &name.value, *negated, scope, role)
            }
            ClauseKind::Call { call, negated } => self.rule_call(clause, call, *negated, scope, role),
        })
    }

    /// An assertion that cannot be answered fails.
    fn absorb(&self, outcome: Eval<St>, clause: &'e Clause, scope: &Scope<'_, 'e>, role: Role) -> Eval<St> {
        match outcome {
            Err(Stop::Problem(why)) if role == Role::Assertion => {
                self.fail(clause, scope, Blame::Value(scope.root), Some(why));
                Ok(St::Fail)
            }
            other => other,
        }
    }

    /// The status of conditions: skip when they do not hold; in an assertion, a failure when they cannot be answered.
    fn gate(
        &self,
        conditions: &'e [Alternatives],
        clause: &'e Clause,
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        match self.conjunction(conditions, scope, Role::Gate) {
            Ok(St::Pass) => Ok(St::Pass),
            Ok(St::Undecided) => Ok(St::Undecided),
            Ok(_) => Ok(St::Skip),
            outcome => self.absorb(outcome, clause, scope, role),
        }
    }

    fn operand(&self, operand: &'e Operand, scope: &Scope<'_, 'e>) -> Eval<Many<'e>> {
        match operand {
            Operand::Literal(literal) => Ok(Many::from_elem(Found::Literal(&literal.value), 1)),
            Operand::Query(query) => self.query(query, scope),
            Operand::Call(call) => self.function(call, scope),
        }
    }

    fn unary(&self, clause: &'e Clause, it: Unary<'e>, scope: &Scope<'_, 'e>, role: Role) -> Eval<St> {
        let found = self.query(it.query, scope)?;
        let lone = it.query.is_lone_variable();
        let asks_selection = it.test == Test::Empty && (lone || it.query.ends_in_filter());
        if asks_selection && found.is_empty() {
            if it.negated {
                self.fail_if(role, clause, scope, Blame::Nothing(scope.root, it.query));
            }
            return Ok(if it.negated { St::Fail } else { St::Pass });
        }
        if asks_selection && !lone {
            return Ok(self.selection_is_empty(clause, it, &found, scope, role));
        }
        if found.is_empty() {
            return Ok(St::Skip);
        }
        let mut fold = Fold::new(it.query.some, role);
        for one in found {
            let status = match self.test(it.test, one) {
                Ok(Some(is_true)) if is_true != it.negated => St::Pass,
                Ok(Some(_)) => St::Fail,
                Ok(None) => St::Undecided,
                Err(Stop::Problem(why)) if role == Role::Assertion => {
                    fold.add(St::Fail, Blame::of(one), Some(why));
                    continue;
                }
                Err(stop) => return Err(stop),
            };
            fold.add(status, Blame::of(one), None);
        }
        Ok(self.folded(fold, clause, scope, role))
    }

    /// `empty` after a filter: whether anything was selected. What may or may not be selected decides only when nothing
    /// else was.
    fn selection_is_empty(
        &self,
        clause: &'e Clause,
        it: Unary<'e>,
        found: &[Found<'e>],
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> St {
        let n_open = found.iter().filter(|one| matches!(one, Found::Undecided(_))).count();
        if n_open == found.len() {
            return St::Undecided;
        }
        let mut fold = Fold::new(it.query.some, role);
        for one in found {
            let is_empty = match one {
                Found::Undecided(_) => continue,
                Found::Unresolved { .. } => true,
                _ => one.value().is_none_or(|value| matches!(self.view(value.raw), View::Null)),
            };
            fold.add(if is_empty != it.negated { St::Pass } else { St::Fail }, Blame::of(*one), None);
        }
        self.folded(fold, clause, scope, role)
    }

    /// Whether a result passes a test; `None` when that is not settled.
    fn test(&self, test: Test, found: Found<'e>) -> Eval<Option<bool>> {
        let Some(value) = found.value() else {
            return Ok(match found {
                Found::Undecided(_) => None,
                _ => Some(test == Test::Empty),
            });
        };
        let view = self.view(value.raw);
        Ok(Some(match test {
            Test::Exists => true,
            Test::Is(kind) => view.is(kind),
            Test::Empty => match view {
                // A list of links that is merely open may have any number of items.
                View::List(items) if items.are_open(self.values) => return Ok(None),
                View::List(items) => items.len() == 0,
                View::Map(fields) => fields.len() == 0,
                View::Text(text) => text.is_empty(),
                View::Reference(_) => false,
                View::Unknown => return Ok(None),
                _ => return Err(Stop::problem("only lists, maps and texts can be empty")),
            },
        }))
    }

    /// The status of a condition on what a path leads to, which most are: the same as that of [`Evaluator::unary`] and
    /// [`Evaluator::binary`], without the lists that these make and without going deeper. `None` for any other.
    fn gate_on_path(&self, clause: &'e Clause, scope: &Scope<'_, 'e>) -> Eval<Option<St>> {
        match &clause.kind {
            ClauseKind::Unary { query, test: Test::Exists, negated, .. } => {
                let status = |exists: bool| if exists == *negated { St::Fail } else { St::Pass };
                Ok(self.path(query, scope)?.map(|found| match found {
                    Found::Undecided(_) => St::Undecided,
                    found => status(found.value().is_some()),
                }))
            }
            ClauseKind::Binary { query, op, negated, rhs, .. } => {
                let Operand::Literal(literal) = &**rhs else { return Ok(None) };
                match self.path(query, scope)? {
                    Some(Found::Unresolved { .. }) => Ok(Some(St::Fail)),
                    Some(Found::Undecided(_)) => Ok(Some(St::Undecided)),
                    Some(Found::Resolved(value)) => self.compare_one(*op, *negated, value, &literal.value),
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn binary(
        &self,
        clause: &'e Clause,
        it: Binary<'e>,
        right: &[Found<'e>],
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        let left = self.query(it.query, scope)?;
        let closed = if role == Role::Assertion { St::Fail } else { St::Skip };
        if left.is_empty() {
            if !it.query.is_lone_variable() {
                return Ok(St::Skip);
            }
            if closed == St::Fail {
                self.fail(clause, scope, Blame::Nothing(scope.root, it.query), None);
            }
            return Ok(closed);
        }
        if right.is_empty() {
            if closed == St::Fail {
                let why = "the right side selects nothing to compare with";
                self.fail(clause, scope, Blame::of(left[0]), Some(why.to_string()));
            }
            return Ok(closed);
        }
        let entries = self.compare(it.op, it.negated, &left, right)?;
        let mut fold = Fold::new(it.query.some, role);
        for Entry { status, subject, wanted } in entries {
            let is_recorded = status == St::Fail && role == Role::Assertion;
            let words = is_recorded.then(|| self.comparison(it.op, it.negated, subject, wanted)).flatten();
            fold.add(status, Blame::of(subject), words);
        }
        Ok(self.folded(fold, clause, scope, role))
    }

    /// Folds the entries of a clause and records what failed.
    fn folded(&self, fold: Fold<'e>, clause: &'e Clause, scope: &Scope<'_, 'e>, role: Role) -> St {
        let status = fold.status();
        if status == St::Fail && role == Role::Assertion {
            if fold.failures.is_empty() {
                self.fail(clause, scope, Blame::Value(scope.root), None);
            }
            let n = if fold.some { 1 } else { usize::MAX };
            for (blame, words) in fold.failures.into_iter().take(n) {
                self.fail(clause, scope, blame, words);
            }
        }
        status
    }

    pub(super) fn block(&self, block: &'e Block, scope: &Scope<'_, 'e>, role: Role) -> Eval<St> {
        if block.lets.is_empty() && !matches!(scope.variables, Variables::None) {
            return self.conjunction(&block.clauses, scope, role);
        }
        self.conjunction(&block.clauses, &Scope::block(&block.lets, scope), role)
    }

    fn query_block(
        &self,
        clause: &'e Clause,
        query: &'e Query,
        not_empty: bool,
        body: &'e Block,
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        let found = self.query(query, scope)?;
        if found.is_empty() {
            if not_empty {
                self.fail_if(role, clause, scope, Blame::Nothing(scope.root, query));
            }
            return Ok(if not_empty { St::Fail } else { St::Skip });
        }
        let mark = self.recorder.borrow().mark();
        let mut statuses = Vec::with_capacity(found.len());
        for one in found {
            let status = match one.value() {
                Some(value) => self.block(body, &Scope::at(value, scope), role)?,
                None if matches!(one, Found::Undecided(_)) => St::Undecided,
                None => {
                    self.fail_if(role, clause, scope, Blame::of(one));
                    St::Fail
                }
            };
            statuses.push(status);
        }
        if !query.some {
            return Ok(statuses.into_iter().fold(St::Skip, both));
        }
        let has = |wanted: St| statuses.contains(&wanted);
        let status = [St::Pass, St::Undecided, St::Fail].into_iter().find(|status| has(*status));
        if status != Some(St::Fail) {
            self.recorder.borrow_mut().cut(mark);
        }
        Ok(status.unwrap_or(St::Skip))
    }

    fn type_block(
        &self,
        block: TypeBlock<'e>,
        type_name: &str,
        query: &'e Query,
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        let mut status = St::Skip;
        if let Some(resources) = self.resources_of_type(type_name, scope.root) {
            for resource in resources {
                status = both(status, self.type_block_at(block, resource, scope, role)?);
            }
            return Ok(status);
        }
        for found in self.query(query, scope)? {
            let Some(resource) = found.value() else { continue };
            status = both(status, self.type_block_at(block, resource, scope, role)?);
        }
        Ok(status)
    }

    fn type_block_at(
        &self,
        block: TypeBlock<'e>,
        resource: Val<'e>,
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        self.comparer.step()?;
        let at = Scope::at(resource, scope);
        let gate = match block.conditions {
            Some(conditions) => self.gate(conditions, block.clause, &at, role)?,
            None => St::Pass,
        };
        if gate == St::Pass { self.block(block.body, &at, role) } else { Ok(gate) }
    }

    fn reference(
        &self,
        clause: &'e Clause,
        name: &'e str,
        negated: bool,
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        let mark = self.recorder.borrow().mark();
        let referenced = self.status_of(name, role)?;
        let inner = self.recorder.borrow_mut().take_place(mark);
        let status = of_reference(referenced, negated, role);
        if status == St::Fail {
            let words = match (referenced, negated) {
                (St::Skip, _) => format!("rule `{name}` does not apply"),
                (_, true) => format!("rule `{name}` holds"),
                _ => format!("rule `{name}` does not hold"),
            };
            match inner {
                Some(at) if role == Role::Assertion && !negated => self.fail_at(clause, at, Some(words)),
                _ => self.fail_if_with(role, clause, scope, Blame::Value(scope.root), Some(words)),
            }
        }
        Ok(status)
    }

    fn rule_call(
        &self,
        clause: &'e Clause,
        call: &'e Call,
        negated: bool,
        scope: &Scope<'_, 'e>,
        role: Role,
    ) -> Eval<St> {
        let name = &call.name.value;
        let Some(rule) = self.file.parameterized.iter().rev().find(|rule| rule.name.value == *name) else {
            return Err(Stop::abort(format!("there is no parameterized rule `{name}`")));
        };
        let mut parameters: Vec<Symbol> = Vec::with_capacity(rule.parameters.len());
        for (parameter, _) in &rule.parameters {
            if !parameters.contains(parameter) {
                parameters.push(*parameter);
            }
        }
        if parameters.len() != call.arguments.len() {
            let (wants, has) = (parameters.len(), call.arguments.len());
            return Err(Stop::problem(format!("rule `{name}` takes {wants} arguments, not {has}")));
        }
        let mut bound: Vec<(Symbol, Results<'e>)> = Vec::with_capacity(parameters.len());
        for (parameter, argument) in parameters.into_iter().zip(&call.arguments) {
            // A literal becomes an ordinary value here, which `in` and `==` can tell.
            let found = match argument {
                Operand::Literal(literal) => {
                    let value = Val { raw: super::Raw::Made(&literal.value), owner: None, near: None };
                    Many::from_elem(Found::Resolved(value), 1)
                }
                other => self.operand(other, scope)?,
            };
            bound.push((parameter, Rc::new(found)));
        }
        let inner = Scope { root: scope.root, parent: Some(scope), variables: Variables::Arguments(bound) };
        let mark = self.recorder.borrow().mark();
        let called = self.rule(rule, &inner, role)?;
        let status = of_reference(called, negated, role);
        if role == Role::Assertion {
            let mut recorder = self.recorder.borrow_mut();
            if status != St::Fail || negated {
                recorder.cut(mark);
            } else if clause.message.is_some() {
                recorder.give_message(mark, clause);
            }
            let is_silent = status == St::Fail && recorder.mark() == mark;
            drop(recorder);
            if is_silent {
                let words = match (called, negated) {
                    (St::Skip, _) => format!("rule `{name}` does not apply"),
                    _ => format!("rule `{name}` holds"),
                };
                self.fail(clause, scope, Blame::Value(scope.root), Some(words));
            }
        }
        Ok(status)
    }

    /// A rule in a scope: its conditions, then its body.
    pub(super) fn rule(&self, rule: &'e Rule, scope: &Scope<'_, 'e>, role: Role) -> Eval<St> {
        self.deeper(|| {
            if let Some(conditions) = &rule.conditions {
                match self.conjunction(conditions, scope, Role::Gate) {
                    Ok(St::Pass) => {}
                    Ok(St::Undecided) => return Ok(St::Undecided),
                    Ok(_) => return Ok(St::Skip),
                    Err(Stop::Problem(_)) if role == Role::Assertion => return Ok(St::Fail),
                    Err(stop) => return Err(stop),
                }
            }
            self.conjunction(&rule.body.clauses, &Scope::block(&rule.body.lets, scope), role)
        })
    }
}

#[derive(Clone, Copy)]
struct Unary<'e> {
    query: &'e Query,
    test: Test,
    negated: bool,
}

#[derive(Clone, Copy)]
struct Binary<'e> {
    query: &'e Query,
    op: Op,
    negated: bool,
}

#[derive(Clone, Copy)]
struct TypeBlock<'e> {
    clause: &'e Clause,
    conditions: Option<&'e [Alternatives]>,
    body: &'e Block,
}

/// Folds the entries of one clause.
struct Fold<'e> {
    some: bool,
    any_pass: bool,
    any_fail: bool,
    any_undecided: bool,
    /// Of a gate nobody asks what failed.
    keeps_failures: bool,
    failures: Vec<(Blame<'e>, Option<String>)>,
}

impl<'e> Fold<'e> {
    fn new(some: bool, role: Role) -> Self {
        Self {
            some,
            any_pass: false,
            any_fail: false,
            any_undecided: false,
            keeps_failures: role == Role::Assertion,
            failures: Vec::new(),
        }
    }

    fn add(&mut self, status: St, blame: Blame<'e>, words: Option<String>) {
        match status {
            St::Pass => self.any_pass = true,
            St::Fail => {
                self.any_fail = true;
                if self.keeps_failures {
                    self.failures.push((blame, words));
                }
            }
            St::Undecided => self.any_undecided = true,
            St::Skip => {}
        }
    }

    fn status(&self) -> St {
        match self {
            Fold { some: true, any_pass: true, .. } => St::Pass,
            Fold { some: true, any_undecided: true, .. } => St::Undecided,
            Fold { some: true, .. } => St::Fail,
            Fold { any_fail: true, .. } => St::Fail,
            Fold { any_undecided: true, .. } => St::Undecided,
            _ => St::Pass,
        }
    }
}

/// `a` and `b`: a failure goes before what is undecided, that before what holds.
fn both(a: St, b: St) -> St {
    [St::Fail, St::Undecided, St::Pass]
        .into_iter()
        .find(|status| a == *status || b == *status)
        .unwrap_or(St::Skip)
}

/// What the status of a rule means where it is referred to.
fn of_reference(status: St, negated: bool, role: Role) -> St {
    match (status, role) {
        (St::Undecided, _) => St::Undecided,
        (St::Skip, Role::Assertion) => St::Fail,
        (St::Skip, Role::Gate) if !negated => St::Skip,
        (status, _) if (status == St::Pass) != negated => St::Pass,
        _ => St::Fail,
    }
}
