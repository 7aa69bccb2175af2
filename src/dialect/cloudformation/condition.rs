//! Conditions: evaluated in one scenario, with a third truth for what the template does not settle.

use super::function::{self, Call, Form, Function};
use super::parameter::Choice;
use super::resolve::{MAX_DEPTH, Resolver, TOO_DEEP};
use super::scenario::{Chosen, Comparison, Open, Truth};
use crate::document::NodeRef;
use crate::model::{Data, Place, Unknown, ValueId};

impl<'d> Resolver<'_, 'd> {
    /// Evaluates a condition for the search of scenarios: what has to be chosen first, if anything.
    pub(super) fn ask(&mut self, condition: usize) -> Option<Open> {
        self.asks = true;
        self.open = None;
        self.condition(condition);
        self.asks = false;
        self.open.take()
    }

    /// What there is to choose for something open, the usual choice first.
    pub(super) fn choices(&self, open: &Open) -> Vec<Chosen> {
        match open {
            Open::Parameter(idx) => {
                let choices = self.template.parameters[*idx].choices();
                choices.into_iter().map(Chosen::Parameter).collect()
            }
            Open::Comparison(_) => vec![Chosen::Comparison(false), Chosen::Comparison(true)],
        }
    }

    /// Whether the usual choice is made without anybody's doing.
    pub(super) fn has_default(&self, open: &Open) -> bool {
        match open {
            Open::Parameter(idx) => self.template.parameters[*idx].has_default(),
            Open::Comparison(_) => false,
        }
    }

    /// What a condition gives, by its name.
    pub(super) fn condition_named(&mut self, name: &str) -> Truth {
        let idx = self.template.condition(name);
        idx.map_or(Truth::Unknown, |idx| self.condition(idx))
    }

    fn condition(&mut self, idx: usize) -> Truth {
        if let Some(truth) = self.scenario.truths.get(&idx) {
            return *truth;
        }
        if self.depth >= MAX_DEPTH {
            let span = self.template.conditions[idx].span();
            self.builder.values.reach(TOO_DEEP, span);
            return Truth::Unknown;
        }
        // Until it is evaluated it counts as unknown: a condition that refers to itself has no truth.
        self.scenario.truths.insert(idx, Truth::Unknown);
        let node = self.template.conditions[idx];
        let bindings = std::mem::take(&mut self.bindings);
        self.depth += 1;
        let truth = self.truth(node);
        self.depth -= 1;
        self.bindings = bindings;
        match self.open {
            Some(_) => self.scenario.truths.remove(&idx),
            None => self.scenario.truths.insert(idx, truth),
        };
        truth
    }

    /// What a node inside of a condition gives.
    fn truth(&mut self, node: NodeRef<'d>) -> Truth {
        if self.depth >= MAX_DEPTH {
            self.builder.values.reach(TOO_DEEP, node.span());
            return Truth::Unknown;
        }
        let Some(call) = function::condition_call(node) else { return Truth::Unknown };
        self.depth += 1;
        let truth = self.truth_of_call(call);
        self.depth -= 1;
        truth
    }

    /// What a condition function gives.
    pub(super) fn truth_of_call(&mut self, call: Call<'d>) -> Truth {
        let argument = call.argument;
        match call.function {
            Function::Condition => match argument.text() {
                Some(name) => {
                    let name = self.bound(name).into_owned();
                    self.condition_named(&name)
                }
                None => Truth::Unknown,
            },
            Function::And => self.all(argument, Truth::False),
            Function::Or => self.all(argument, Truth::True),
            Function::Not => match (argument.items().next(), argument.items().len()) {
                (Some(item), 1) => self.truth(item).not(),
                _ => Truth::Unknown,
            },
            Function::Equals => self.equals(call),
            _ => Truth::Unknown,
        }
    }

    /// `Fn::And` and `Fn::Or`: the first operand that is `decisive` settles it.
    fn all(&mut self, operands: NodeRef<'d>, decisive: Truth) -> Truth {
        let mut truth = decisive.not();
        if operands.items().len() == 0 {
            return Truth::Unknown;
        }
        for operand in operands.items() {
            let found = self.truth(operand);
            if self.open.is_some() {
                return Truth::Unknown;
            }
            if found == decisive {
                return decisive;
            }
            if found == Truth::Unknown {
                truth = Truth::Unknown;
            }
        }
        truth
    }

    fn equals(&mut self, call: Call<'d>) -> Truth {
        let mut items = call.argument.items();
        let (Some(a), Some(b), None) = (items.next(), items.next(), items.next()) else {
            return Truth::Unknown;
        };
        let anchor = a.span();
        self.n_conditions += 1;
        let left = self.value(a, anchor);
        let right = self.value(b, anchor);
        self.n_conditions -= 1;
        let (Some(left), Some(right)) = (left, right) else { return Truth::Unknown };
        if self.open.is_some() {
            return Truth::Unknown;
        }
        if let Some(equal) = self.same(left, right) {
            return Truth::of(equal);
        }
        if self.is_another(a, right) || self.is_another(b, left) {
            return Truth::False;
        }
        let comparison = match (self.plain_text(left), self.plain_text(right)) {
            (None, Some(text)) => Comparison { subject: self.written(a), text: text.as_ref().into() },
            (Some(text), None) => Comparison { subject: self.written(b), text: text.as_ref().into() },
            _ => Comparison { subject: self.written(call.argument), text: "".into() },
        };
        if let Some(holds) = self.scenario.holds(&comparison) {
            return Truth::of(holds);
        }
        if self.asks {
            self.open = Some(Open::Comparison(comparison));
        }
        Truth::Unknown
    }

    /// Whether two values are the same; `None` where one is not known.
    fn same(&self, left: ValueId, right: ValueId) -> Option<bool> {
        let values = &self.builder.values;
        match (values.data(left), values.data(right)) {
            (Data::List(left), Data::List(right)) => {
                if left.len() != right.len() {
                    return Some(false);
                }
                let mut all = Some(true);
                for (left, right) in left.iter().zip(right) {
                    match self.same(*left, *right) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                all
            }
            _ => Some(self.plain_text(left)? == self.plain_text(right)?),
        }
    }

    /// Whether `node` is a parameter that this scenario says is none of the texts it is compared with.
    fn is_another(&self, node: NodeRef<'d>, value: ValueId) -> bool {
        let Some(idx) = function::direct_reference(node).and_then(|name| self.template.parameter(name))
        else {
            return false;
        };
        let is_other = self.scenario.parameters.get(&idx) == Some(&Choice::Other);
        let text = self.plain_text(value);
        is_other && text.is_some_and(|text| self.template.parameters[idx].is_compared(&text))
    }

    /// How a node is written, with the loop variables around it: what is written alike is the same.
    fn written(&self, node: NodeRef<'d>) -> Box<str> {
        let text = &node.document().text()[function::written_span(node).range()];
        let mut key: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (name, value) in &self.bindings {
            key.push_str(&format!("\n{name}={value}"));
        }
        key.into()
    }

    /// `Fn::If`: one of its branches, or an unknown value where the condition is not settled.
    pub(super) fn fn_if(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        let mut items = call.argument.items();
        let parts = (items.next(), items.next(), items.next(), items.next());
        let (Some(condition), Some(then), Some(otherwise), None) = parts else {
            self.mention(call.argument);
            return Some(self.builder.values.unknown(Unknown::Expression, place));
        };
        let truth = match condition.text() {
            Some(name) if function::call(condition).is_none() => {
                let name = self.bound(name).into_owned();
                self.condition_named(&name)
            }
            _ => self.truth(condition),
        };
        match truth {
            Truth::True => self.value(then, place.anchor),
            Truth::False => self.value(otherwise, place.anchor),
            Truth::Unknown => {
                if !self.asks {
                    self.mention(then);
                    self.mention(otherwise);
                }
                Some(self.builder.values.unknown(Unknown::Condition, place))
            }
        }
    }

    /// A condition function where a value stands.
    pub(super) fn truth_value(&mut self, call: Call<'d>, place: Place) -> ValueId {
        debug_assert!(call.form == Form::Tag || call.form == Form::Key);
        match self.truth_of_call(call) {
            Truth::True => self.builder.values.bool(true, place),
            Truth::False => self.builder.values.bool(false, place),
            Truth::Unknown => self.builder.values.unknown(Unknown::Condition, place),
        }
    }
}
