//! Options of a rule: variables of its file whose values the configuration may choose.
//!
//! The metadata say what an option means and what it takes; its default stands in the file itself, as the `let` of the same
//! name, so that the file stays one that cfn-guard runs.

use std::collections::BTreeMap;
use std::fmt;

use super::ast::{File, Let, Literal, Operand};
use super::metadata::OptionSpec;
use super::regex::Regex;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Spanned;

/// What is chosen for the options of one rule, by name.
pub type Options = BTreeMap<String, OptionValue>;

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// A regular expression.
    Pattern(String),
    /// A list of whole numbers.
    Ints(Vec<i64>),
    /// A list of texts.
    Texts(Vec<String>),
}

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// A regular expression.
    Pattern,
    /// A list of whole numbers.
    Ints,
    /// A list of texts.
    Texts,
}

/// An option of a rule file.
#[derive(Debug, Clone)]
pub struct RuleOption {
    /// What is said of it.
    pub spec: OptionSpec,
    /// Its value where nothing else is chosen.
    pub default: OptionValue,
    /// The value that the rule judges by.
    pub value: OptionValue,
}

impl OptionKind {
    /// In words, as in "is a whole number".
    pub fn as_str(self) -> &'static str {
        match self {
            OptionKind::Bool => "`true` or `false`",
            OptionKind::Int => "a whole number",
            OptionKind::Text => "a text",
            OptionKind::Pattern => "a regular expression",
            OptionKind::Ints => "a list of whole numbers",
            OptionKind::Texts => "a list of texts",
        }
    }
}

impl OptionValue {
    /// What it is.
    pub fn kind(&self) -> OptionKind {
        match self {
            OptionValue::Bool(_) => OptionKind::Bool,
            OptionValue::Int(_) => OptionKind::Int,
            OptionValue::Text(_) => OptionKind::Text,
            OptionValue::Pattern(_) => OptionKind::Pattern,
            OptionValue::Ints(_) => OptionKind::Ints,
            OptionValue::Texts(_) => OptionKind::Texts,
        }
    }

    /// The value of a literal; `None` for what no configuration can choose. An empty list takes texts.
    fn of(literal: &Literal) -> Option<Self> {
        let int = |literal: &Literal| if let Literal::Int(number) = literal { Some(*number) } else { None };
        let text =
            |literal: &Literal| if let Literal::Text(text) = literal { Some(text.clone()) } else { None };
        Some(match literal {
            Literal::Bool(flag) => OptionValue::Bool(*flag),
            Literal::Int(number) => OptionValue::Int(*number),
            Literal::Text(text) => OptionValue::Text(text.clone()),
            Literal::Regex(regex) => OptionValue::Pattern(regex.text().to_string()),
            Literal::List(items) => match items.iter().map(text).collect() {
                Some(texts) => OptionValue::Texts(texts),
                None => OptionValue::Ints(items.iter().map(int).collect::<Option<_>>()?),
            },
            _ => return None,
        })
    }

    fn literal(&self) -> Literal {
        match self {
            OptionValue::Bool(flag) => Literal::Bool(*flag),
            OptionValue::Int(number) => Literal::Int(*number),
            OptionValue::Text(text) => Literal::Text(text.clone()),
            OptionValue::Pattern(text) => Literal::Regex(
                Regex::new(text).expect("internal error: a pattern is checked where it is chosen"),
            ),
            OptionValue::Ints(numbers) => Literal::List(numbers.iter().copied().map(Literal::Int).collect()),
            OptionValue::Texts(texts) => Literal::List(texts.iter().cloned().map(Literal::Text).collect()),
        }
    }
}

impl fmt::Display for OptionValue {
    /// As a configuration writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Bool(flag) => write!(f, "{flag}"),
            OptionValue::Int(number) => write!(f, "{number}"),
            OptionValue::Text(text) => write!(f, "{text}"),
            OptionValue::Pattern(text) => write!(f, "'{}'", text.replace('\'', "''")),
            OptionValue::Ints(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
                write!(f, "[{}]", numbers.join(", "))
            }
            OptionValue::Texts(texts) => write!(f, "[{}]", texts.join(", ")),
        }
    }
}

impl OptionSpec {
    /// The variable of the rule file that it is: `idle_seconds` of `idle-seconds`.
    fn variable(&self) -> String {
        self.name.value.replace('-', "_")
    }

    /// Why it does not take a number.
    pub fn refuses_int(&self, number: i64) -> Option<String> {
        let (from, to) = (self.from.unwrap_or(i64::MIN), self.to.unwrap_or(i64::MAX));
        (number < from || number > to)
            .then(|| format!("`{number}` is not {}", self.range().unwrap_or_default()))
    }

    /// Why it does not take a regular expression.
    pub fn refuses_pattern(&self, text: &str) -> Option<String> {
        Regex::new(text).err().map(|error| format!("`{text}` is no regular expression: {error}"))
    }

    /// The numbers that it takes, in words; `None` when it takes any.
    pub fn range(&self) -> Option<String> {
        match (self.from, self.to) {
            (Some(from), Some(to)) => Some(format!("from {from} to {to}")),
            (Some(from), None) => Some(format!("{from} or more")),
            (None, Some(to)) => Some(format!("at most {to}")),
            (None, None) => None,
        }
    }
}

/// The options of a file: what its metadata declare, joined with the variables of the same names.
pub(super) fn declared(tree: &File, specs: &[OptionSpec], wrong: &mut Vec<Diagnostic>) -> Vec<RuleOption> {
    let mut options = Vec::new();
    for spec in specs {
        let name = &spec.name;
        let mut refuse = |message: String, help: &str| {
            let found =
                Diagnostic::new(super::metadata::POLICY_METADATA, Severity::Error, name.span, message);
            wrong.push(found.with_help(help));
        };
        let variable = spec.variable();
        let Some(value) = assigned(tree, &variable) else {
            let message = format!("the option `{}` is no variable of this file", name.value);
            refuse(message, &format!("write its default above the first rule: `let {variable} = 60`"));
            continue;
        };
        let Some(default) = OptionValue::of(value) else {
            let message = format!("`let {variable}` is nothing that a configuration can choose");
            refuse(
                message,
                "an option is a whole number, a text, a regular expression, `true` or `false`, or a list",
            );
            continue;
        };
        let numbers = match &default {
            OptionValue::Int(number) => std::slice::from_ref(number),
            OptionValue::Ints(numbers) => numbers,
            _ => &[],
        };
        match numbers.iter().find_map(|number| spec.refuses_int(*number)) {
            Some(why) => {
                refuse(format!("the default of `{}`, {why}", name.value), "change the range or the default")
            }
            None => options.push(RuleOption { spec: spec.clone(), value: default.clone(), default }),
        }
    }
    options
}

/// The literal of the file's only `let` of a name.
fn assigned<'t>(tree: &'t File, name: &str) -> Option<&'t Literal> {
    let mut lets = tree.lets.iter().filter(|it| tree.names.text(it.name) == name);
    match (lets.next(), lets.next()) {
        (Some(Let { value: Operand::Literal(literal), .. }), None) => Some(&literal.value),
        _ => None,
    }
}

/// Lets the rules of a file judge by other values.
pub(super) fn choose(tree: &mut File, options: &mut [RuleOption], chosen: &Options) {
    for option in options {
        let Some(value) = chosen.get(&option.spec.name.value) else { continue };
        debug_assert_eq!(value.kind(), option.default.kind(), "values are checked where they are chosen");
        let variable = option.spec.variable();
        for it in &mut tree.lets {
            if tree.names.text(it.name) == variable {
                it.value = Operand::Literal(Spanned::new(value.literal(), it.span));
            }
        }
        option.value = value.clone();
    }
}

/// A text of the metadata with the values of options filled in: `{%seconds}`.
pub(super) fn fill_in(text: &str, options: &[RuleOption]) -> String {
    options.iter().fold(text.to_string(), |text, option| {
        text.replace(&format!("{{%{}}}", option.spec.variable()), &option.value.to_string())
    })
}
