//! The syntax tree of a rule file: every node with its span, names interned, nothing evaluated.
//!
//! Knows the language, and neither documents nor the order of evaluation.

use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;

use rustc_hash::FxHashMap;

use super::regex::Regex;
use super::spelling::{Path, Word};
use super::template::Template;
use crate::source::{Span, Spanned};

/// A variable name, interned per file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol(pub(super) u32);

/// The names of one file's variables.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names(IndexMap<String, ()>);

impl Names {
    pub(super) fn intern(&mut self, name: &str) -> Symbol {
        if let Some(idx) = self.0.get_index_of(name) {
            return Symbol(idx as u32);
        }
        Symbol(self.0.insert_full(name.to_string(), ()).0 as u32)
    }

    pub(super) fn text(&self, symbol: Symbol) -> &str {
        self.0.get_index(symbol.0 as usize).map_or("", |(name, ())| name)
    }
}

/// A rule file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(super) names: Names,
    pub(super) lets: Vec<Let>,
    /// In file order; clauses outside any rule come first, as the rule `default`.
    pub(super) rules: Vec<Rule>,
    pub(super) parameterized: Vec<Rule>,
    /// Messages with `{query}` in them, by where they stand.
    pub(super) templates: OnceLock<FxHashMap<Span, Template>>,
}

/// A named, parameterized or nameless rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(super) name: Spanned<String>,
    /// The clauses outside any rule.
    pub(super) is_default: bool,
    pub(super) parameters: Vec<(Symbol, Span)>,
    pub(super) conditions: Option<Vec<Alternatives>>,
    pub(super) body: Block,
}

/// Variables and clauses between braces.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(super) lets: Vec<Let>,
    pub(super) clauses: Vec<Alternatives>,
}

/// `a or b or c`.
#[derive(Debug)]
pub(crate) struct Alternatives {
    pub(super) clauses: Vec<Clause>,
    /// Nothing in them can stop the evaluation, so they need not be looked at where the outcome is known.
    pub(super) is_safe: bool,
}

/// `let name = value`.
#[derive(Debug)]
pub(crate) struct Let {
    pub(super) name: Symbol,
    pub(super) span: Span,
    pub(super) value: Operand,
}

/// What may stand on the right side, in a `let`, or as an argument.
#[derive(Debug)]
pub(crate) enum Operand {
    Literal(Spanned<Literal>),
    Query(Query),
    Call(Call),
}

/// `name(arguments)`: a function or a parameterized rule.
#[derive(Debug)]
pub(crate) struct Call {
    pub(super) name: Spanned<String>,
    pub(super) arguments: Vec<Operand>,
    pub(super) span: Span,
}

/// One clause.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(super) span: Span,
    pub(super) kind: ClauseKind,
    pub(super) message: Option<Spanned<String>>,
}

/// What a clause does.
#[derive(Debug)]
pub(crate) enum ClauseKind {
    Unary { query: Query, test: Test, negated: bool, prefix: bool },
    Binary { query: Query, op: Op, negated: bool, prefix: bool, rhs: Box<Operand> },
    Block { query: Query, not_empty: bool, body: Block },
    When { conditions: Vec<Alternatives>, body: Block },
    Type { name: Spanned<String>, query: Query, conditions: Option<Vec<Alternatives>>, body: Block },
    Reference { name: Spanned<String>, negated: bool },
    Call { call: Call, negated: bool },
}

/// A test of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Exists,
    Empty,
    Is(Kind),
}

/// The kinds of values that can be tested for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    List,
    Map,
    Bool,
    Int,
    Float,
    Null,
}

/// A comparison, without its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Op {
    #[default]
    Eq,
    Lt,
    Le,
    Gt,
    Ge,
    In,
}

/// A path through values.
#[derive(Debug)]
pub(crate) struct Query {
    pub(super) some: bool,
    pub(super) parts: Vec<Part>,
    pub(super) span: Span,
    /// When it is keys and nothing else, so that it finds one thing.
    pub(super) path: Option<Arc<Path>>,
}

impl Query {
    /// A query of these steps.
    pub(super) fn new(some: bool, parts: Vec<Part>, span: Span) -> Self {
        let word = |part: &Part| match &part.kind {
            PartKind::Key(key) if key.index.is_none() => Some(key.word.id),
            _ => None,
        };
        let words: Option<Box<[u32]>> = parts.iter().map(word).collect();
        Self { some, parts, span, path: words.map(Path::of) }
    }

    /// Whether it begins with `this`, which in messages means the value of the innermost block.
    pub(super) fn is_of_block(&self) -> bool {
        self.parts.first().is_some_and(|part| matches!(part.kind, PartKind::This))
    }
}

/// One step of a query.
#[derive(Debug)]
pub(crate) struct Part {
    pub(super) kind: PartKind,
    pub(super) span: Span,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum PartKind {
    This,
    /// `%name`, first in a query or interpolated.
    Variable(Symbol),
    Key(Key),
    Index(i64),
    /// `.*`, or `[ name ]`, which captures keys.
    Values(Option<Symbol>),
    /// `[*]`, or `[name]`, which captures keys. `implicit` after a variable.
    Items {
        capture: Option<Symbol>,
        implicit: bool,
    },
    Filter(Box<Filter>),
    Keys(Box<KeysFilter>),
}

/// A property.
#[derive(Debug)]
pub(crate) struct Key {
    pub(super) word: Arc<Word>,
    /// A text that is a number never names a property; it is an index.
    pub(super) index: Option<i64>,
    pub(super) quoted: bool,
    /// Written in brackets: `['key']`.
    pub(super) bracketed: bool,
}

/// `[ capture | clauses ]`.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) capture: Option<Symbol>,
    pub(super) clauses: Vec<Alternatives>,
    /// Nothing in it can stop the evaluation, so it need not be looked at where the outcome is known.
    pub(super) is_safe: bool,
    /// When the first clause is `Type == '…'` or `Type in […]`: those texts.
    pub(super) types: Vec<String>,
}

/// `[ keys op operand ]`.
#[derive(Debug)]
pub(crate) struct KeysFilter {
    pub(super) capture: Option<Symbol>,
    pub(super) op: Op,
    pub(super) negated: bool,
    pub(super) rhs: Operand,
}

/// A value written in a rule file, or made by a function.
#[derive(Debug, Clone)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Char(char),
    List(Vec<Literal>),
    Map(IndexMap<String, Literal>),
    Regex(Regex),
    Range(Range),
}

/// Bounds of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bounds {
    Int(i64, i64),
    Float(f64, f64),
    Char(char, char),
}

/// `r[a,b)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(super) bounds: Bounds,
    pub(super) includes_low: bool,
    pub(super) includes_high: bool,
}

impl Key {
    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.word.text
    }
}

impl Query {
    /// `%name` and nothing else.
    pub(super) fn is_lone_variable(&self) -> bool {
        self.parts.len() == 1 && matches!(self.parts[0].kind, PartKind::Variable(_))
    }

    /// Whether the last step selects.
    pub(super) fn ends_in_filter(&self) -> bool {
        self.parts.last().is_some_and(|part| matches!(part.kind, PartKind::Filter(_) | PartKind::Keys(_)))
    }
}

/// Calls `visit` on every query, call and reference of some clauses, also inside blocks and filters.
pub(super) trait Visitor {
    fn query(&mut self, _query: &Query) {}
    fn call(&mut self, _call: &Call, _is_rule: bool) {}
    fn clause(&mut self, _clause: &Clause) {}
    fn assignment(&mut self, _it: &Let) {}
    fn literal(&mut self, _literal: &Spanned<Literal>) {}

    fn enter(&mut self, _lets: &[Let]) {}
    fn leave(&mut self) {}

    fn walk_block(&mut self, block: &Block) {
        self.enter(&block.lets);
        for it in &block.lets {
            self.assignment(it);
            self.walk_operand(&it.value);
        }
        self.walk_conjunction(&block.clauses);
        self.leave();
    }

    fn walk_conjunction(&mut self, clauses: &[Alternatives]) {
        for clause in clauses.iter().flat_map(|alternatives| &alternatives.clauses) {
            self.walk_clause(clause);
        }
    }

    fn walk_clause(&mut self, clause: &Clause) {
        self.clause(clause);
        match &clause.kind {
            ClauseKind::Unary { query, .. } => self.walk_query(query),
            ClauseKind::Binary { query, rhs, .. } => {
                self.walk_query(query);
                self.walk_operand(rhs);
            }
            ClauseKind::Block { query, body, .. } => {
                self.walk_query(query);
                self.walk_block(body);
            }
            ClauseKind::When { conditions, body } => {
                self.walk_conjunction(conditions);
                self.walk_block(body);
            }
            ClauseKind::Type { query, conditions, body, .. } => {
                self.walk_query(query);
                self.walk_conjunction(conditions.as_deref().unwrap_or_default());
                self.walk_block(body);
            }
            ClauseKind::Reference { .. } => {}
            ClauseKind::Call { call, .. } => {
                self.call(call, true);
                call.arguments.iter().for_each(|argument| self.walk_operand(argument));
            }
        }
    }

    fn walk_operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Literal(literal) => self.literal(literal),
            Operand::Query(query) => self.walk_query(query),
            Operand::Call(call) => {
                self.call(call, false);
                call.arguments.iter().for_each(|argument| self.walk_operand(argument));
            }
        }
    }

    fn walk_query(&mut self, query: &Query) {
        self.query(query);
        for part in &query.parts {
            match &part.kind {
                PartKind::Filter(filter) => self.walk_conjunction(&filter.clauses),
                PartKind::Keys(filter) => self.walk_operand(&filter.rhs),
                _ => {}
            }
        }
    }
}
