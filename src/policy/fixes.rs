//! Fixes of a rule file, ready to be asked for: conditions parsed, gaps in values filled in.

use super::ast::{Alternatives, File, Names, Query};
use super::compile::Words;
use super::eval::{self, Subject};
use super::metadata::{FixAction, FixPath, FixSpec, FixValue};
use super::parse;
use super::template::Template;
use crate::diagnostic::{Applicability, Diagnostic};
use crate::edit::New;
use crate::model::ValueId;

/// A fix for one failure.
#[derive(Debug)]
pub struct FixAt<'r> {
    /// Whether it may be applied without asking.
    pub applicability: Applicability,
    /// What to do, all of it or nothing.
    pub steps: Vec<StepAt<'r>>,
}

/// One change for one failure.
#[derive(Debug)]
pub struct StepAt<'r> {
    /// What to do.
    pub action: &'r FixAction,
    /// Where.
    pub at: &'r FixPath,
    /// The value to set.
    pub value: Option<ValueAt<'r>>,
    /// The resources that the step is about, where it is about others than the one that failed.
    pub on: Option<Vec<ValueId>>,
}

/// A value to set.
#[derive(Debug)]
pub enum ValueAt<'r> {
    /// This one.
    New(New),
    /// The fact of this name beside the value that failed.
    From(&'r str),
}

/// The fixes of a rule file.
#[derive(Debug, Default)]
pub(super) struct Fixes(Vec<Compiled>);

#[derive(Debug)]
struct Compiled {
    spec: FixSpec,
    when: Vec<Alternatives>,
    /// What goes with each step.
    steps: Vec<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    value: Option<Filled>,
    on: Option<Query>,
}

#[derive(Debug)]
enum Filled {
    Text(Words),
    Word(Words),
    From(String),
    List(Vec<Filled>),
    Map(Vec<(String, Filled)>),
}

impl Fixes {
    pub(super) fn compile(names: &mut Names, specs: &[FixSpec], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut compiled = Vec::with_capacity(specs.len());
        for spec in specs {
            let when = spec.when.as_ref().map(|when| parse::parse_conditions(names, &when.value, when.span));
            let when = when.transpose().unwrap_or_else(|problems| {
                diagnostics.extend(problems);
                None
            });
            let mut steps = Vec::with_capacity(spec.steps.len());
            for step in &spec.steps {
                let value = step.value.as_ref().map(|value| Filled::new(names, value));
                let on = step.on.as_ref().map(|on| parse::parse_query(names, &on.value, on.span));
                let on = on.transpose().unwrap_or_else(|problems| {
                    diagnostics.extend(problems);
                    None
                });
                steps.push(Parts { value, on });
            }
            compiled.push(Compiled { spec: spec.clone(), when: when.unwrap_or_default(), steps });
        }
        Self(compiled)
    }

    /// The queries in values and behind `on`, for checks.
    pub(super) fn queries(&self) -> impl Iterator<Item = &Query> {
        let steps = || self.0.iter().flat_map(|fix| &fix.steps);
        let mut words = Vec::new();
        steps().filter_map(|step| step.value.as_ref()).for_each(|value| value.words(&mut words));
        let of_words = words.into_iter().filter_map(|words| words.template.as_ref());
        of_words.flat_map(Template::queries).chain(steps().filter_map(|step| step.on.as_ref()))
    }

    /// Those that apply to a failure in `resource`.
    pub(super) fn at(
        &self,
        tree: &File,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> Vec<FixAt<'_>> {
        let applies = |fix: &&Compiled| {
            fix.when.is_empty() || eval::holds(tree, &fix.when, subject, resource) == Some(true)
        };
        self.0.iter().filter(applies).filter_map(|fix| fix.at(tree, subject, resource, block)).collect()
    }
}

impl Compiled {
    /// `None` where a gap cannot be filled in.
    fn at(
        &self,
        tree: &File,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> Option<FixAt<'_>> {
        let mut steps = Vec::with_capacity(self.steps.len());
        for (step, parts) in self.spec.steps.iter().zip(&self.steps) {
            let value = match &parts.value {
                None => None,
                Some(Filled::From(fact)) => Some(ValueAt::From(fact)),
                Some(value) => Some(ValueAt::New(value.render(tree, subject, resource, block)?)),
            };
            let on = parts.on.as_ref().map(|query| eval::find(tree, query, subject, resource));
            steps.push(StepAt { action: &step.action, at: &step.at, value, on });
        }
        Some(FixAt { applicability: self.spec.applicability, steps })
    }
}

impl Filled {
    fn new(names: &mut Names, value: &FixValue) -> Self {
        match value {
            FixValue::Text(text) => Filled::Text(Words::new(names, text)),
            FixValue::Word(text) => Filled::Word(Words::new(names, text)),
            FixValue::From(fact) => Filled::From(fact.clone()),
            FixValue::List(items) => {
                Filled::List(items.iter().map(|item| Filled::new(names, item)).collect())
            }
            FixValue::Map(entries) => Filled::Map(
                entries.iter().map(|(key, value)| (key.clone(), Filled::new(names, value))).collect(),
            ),
        }
    }

    fn words<'f>(&'f self, into: &mut Vec<&'f Words>) {
        match self {
            Filled::Text(words) | Filled::Word(words) => into.push(words),
            Filled::From(_) => {}
            Filled::List(items) => items.iter().for_each(|item| item.words(into)),
            Filled::Map(entries) => entries.iter().for_each(|(_, value)| value.words(into)),
        }
    }

    fn render(
        &self,
        tree: &File,
        subject: &Subject<'_>,
        resource: ValueId,
        block: Option<ValueId>,
    ) -> Option<New> {
        let fill = |words: &Words| {
            let text = words.render(tree, subject, resource, block);
            let is_open = text.contains("(not set)") || text.contains("(unknown)");
            (!is_open).then_some(text)
        };
        Some(match self {
            Filled::Text(words) => New::Text(fill(words)?),
            Filled::Word(words) => New::word_or_text(&fill(words)?),
            Filled::From(_) => return None,
            Filled::List(items) => New::List(
                items
                    .iter()
                    .map(|item| item.render(tree, subject, resource, block))
                    .collect::<Option<_>>()?,
            ),
            Filled::Map(entries) => {
                let entry = |(key, value): &(String, Filled)| {
                    Some((key.clone(), value.render(tree, subject, resource, block)?))
                };
                New::Map(entries.iter().map(entry).collect::<Option<_>>()?)
            }
        })
    }
}
