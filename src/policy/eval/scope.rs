//! Scopes: the value that queries start from, and the variables that can be seen.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::ast::{Let, Operand, Symbol};
use super::value::{Found, Many, Val};
use super::{Eval, Evaluator, Stop};

/// Results of a query, shared by all who use the variable.
pub(crate) type Results<'e> = Rc<Many<'e>>;

/// One scope; lookups go outward through `parent`.
pub(crate) struct Scope<'s, 'e> {
    pub(super) root: Val<'e>,
    pub(super) parent: Option<&'s Scope<'s, 'e>>,
    pub(super) variables: Variables<'e>,
}

/// What a scope adds.
pub(crate) enum Variables<'e> {
    /// Nothing: the scope only stands at another value. Queries in it are walked with its parent's scope, which is why
    /// a filter after `[*]` looks beside the list and not into its elements.
    None,
    /// Variables that are evaluated when first used.
    Lets { lets: &'e [Let], cache: RefCell<Vec<(Symbol, Results<'e>)>> },
    /// The arguments of a parameterized rule.
    Arguments(Vec<(Symbol, Results<'e>)>),
}

impl<'s, 'e> Scope<'s, 'e> {
    /// The scope of the file.
    pub(super) fn top(evaluator: &Evaluator<'e>) -> Self {
        let variables = Variables::Lets { lets: &evaluator.file.lets, cache: RefCell::default() };
        Self { root: evaluator.root(), parent: None, variables }
    }

    /// The same variables at another value.
    pub(super) fn at(root: Val<'e>, parent: &'s Scope<'s, 'e>) -> Self {
        Self { root, parent: Some(parent), variables: Variables::None }
    }

    /// A block.
    pub(super) fn block(lets: &'e [Let], parent: &'s Scope<'s, 'e>) -> Self {
        let variables = Variables::Lets { lets, cache: RefCell::default() };
        Self { root: parent.root, parent: Some(parent), variables }
    }

    /// The scope with which queries from here are walked.
    pub(super) fn walker(&self) -> &Scope<'s, 'e> {
        match (&self.variables, self.parent) {
            (Variables::None, Some(parent)) => parent,
            _ => self,
        }
    }
}

impl<'e> Evaluator<'e> {
    /// The results of a variable.
    pub(super) fn variable(&self, name: Symbol, scope: &Scope<'_, 'e>) -> Eval<Results<'e>> {
        let mut scope = scope;
        loop {
            let found = match &scope.variables {
                Variables::None => None,
                Variables::Arguments(arguments) => arguments
                    .iter()
                    .find(|(argument, _)| *argument == name)
                    .map(|(_, found)| Rc::clone(found)),
                Variables::Lets { lets, cache } => self.assigned(name, lets, cache, scope)?,
            };
            match (found, scope.parent) {
                (Some(found), _) => return Ok(found),
                (None, Some(parent)) => scope = parent,
                (None, None) => break,
            }
        }
        if let Some(keys) = self.captured.borrow().get(&name) {
            return Ok(Rc::clone(keys));
        }
        Err(Stop::abort(format!("there is no variable `{}`", self.file.names.text(name))))
    }

    /// A variable that this scope assigns: literals go before functions, functions before queries, and the last of a kind
    /// wins.
    fn assigned(
        &self,
        name: Symbol,
        lets: &'e [Let],
        cache: &RefCell<Vec<(Symbol, Results<'e>)>>,
        scope: &Scope<'_, 'e>,
    ) -> Eval<Option<Results<'e>>> {
        if lets.is_empty() {
            return Ok(None);
        }
        let rank = |operand: &Operand| match operand {
            Operand::Literal(_) => 2,
            Operand::Call(_) => 1,
            Operand::Query(_) => 0,
        };
        let Some(it) = lets.iter().filter(|it| it.name == name).max_by_key(|it| rank(&it.value)) else {
            return Ok(None);
        };
        if let Operand::Literal(literal) = &it.value {
            return Ok(Some(Rc::new(Many::from_elem(Found::Literal(&literal.value), 1))));
        }
        // Captured keys share their place with the variables of the file.
        let is_top = scope.parent.is_none();
        let cached = if is_top {
            self.captured.borrow().get(&name).map(Rc::clone)
        } else {
            cache.borrow().iter().find(|(cached, _)| *cached == name).map(|(_, found)| Rc::clone(found))
        };
        if cached.is_some() {
            return Ok(cached);
        }
        let found = Rc::new(self.deeper(|| self.evaluate_operand(&it.value, scope))?);
        if is_top {
            self.captured.borrow_mut().insert(name, Rc::clone(&found));
        } else {
            cache.borrow_mut().push((name, Rc::clone(&found)));
        }
        Ok(Some(found))
    }

    /// The results of the right side of a `let`.
    fn evaluate_operand(&self, operand: &'e Operand, scope: &Scope<'_, 'e>) -> Eval<Many<'e>> {
        match operand {
            Operand::Literal(literal) => Ok(Many::from_elem(Found::Literal(&literal.value), 1)),
            Operand::Call(call) => self.function(call, scope),
            Operand::Query(query) => {
                let mut found = self.query(query, scope)?;
                if query.some {
                    found.retain(|it| matches!(it, Found::Resolved(_) | Found::Undecided(_)));
                }
                Ok(found)
            }
        }
    }

    /// Remembers a key under a name of the file.
    pub(super) fn capture(&self, name: Symbol, key: &str, at: Val<'e>) {
        let literal = self.made.keep(super::super::ast::Literal::Text(key.to_string()));
        let mut captured = self.captured.borrow_mut();
        let keys = captured.entry(name).or_default();
        Rc::make_mut(keys).push(Found::Resolved(at.with(super::value::Raw::Made(literal))));
    }
}
