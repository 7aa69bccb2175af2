//! From the nodes of the generated parser to the syntax tree.
//!
//! What the grammar cannot say is checked here: numbers that fit, patterns that compile, ranges of one kind, functions
//! that exist.

use super::super::ast::{
    Alternatives, Block, Call, Clause, ClauseKind, Filter, Key, KeysFilter, Kind, Let, Names, Op, Operand,
    Part, PartKind, Query, Rule as RuleTree, Symbol, Test,
};
use super::super::eval::functions;
use super::super::regex::Regex;
use super::super::spelling::Word;
use super::POLICY_SYNTAX;
use super::grammar::Rule;
use super::node::{Node, Nodes};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span, Spanned};

mod literal;

/// Builds the tree of one text that starts at `base` of its file.
pub(super) struct TreeBuilder<'t> {
    pub(super) diagnostics: Vec<Diagnostic>,
    file: FileId,
    text: &'t str,
    base: u32,
    names: &'t mut Names,
    /// Makes patterns; what was built before is known to compile.
    pub(super) regex: fn(&str) -> Result<Regex, String>,
}

/// The items of a file.
#[derive(Default)]
pub(super) struct FileParts {
    pub(super) lets: Vec<Let>,
    pub(super) rules: Vec<RuleTree>,
    pub(super) parameterized: Vec<RuleTree>,
}

impl<'t> TreeBuilder<'t> {
    pub(super) fn new(file: FileId, text: &'t str, base: u32, names: &'t mut Names) -> Self {
        Self { diagnostics: Vec::new(), file, text, base, names, regex: Regex::new }
    }

    pub(super) fn file(&mut self, nodes: Nodes<'t>) -> FileParts {
        let mut parts = FileParts::default();
        let mut loose = Vec::new();
        for item in nodes.flat_map(Node::into_inner) {
            match item.as_rule() {
                Rule::assignment => parts.lets.push(self.assignment(item)),
                Rule::named_rule => parts.rules.push(self.rule(item)),
                Rule::parameterized_rule => parts.parameterized.push(self.rule(item)),
                Rule::loose_types | Rule::loose_clauses => loose.push(self.alternatives(item)),
                Rule::loose_when => {
                    let when = item.into_inner().next().expect("internal error: an empty when block");
                    loose.push(Alternatives::new(vec![self.clause(when)]));
                }
                _ => {}
            }
        }
        if let Some(first) = loose.first().and_then(|alternatives| alternatives.clauses.first()) {
            let name = Spanned::new("default".to_string(), first.span.at_start());
            let body = Block { lets: Vec::new(), clauses: loose };
            let default = RuleTree { name, is_default: true, parameters: Vec::new(), conditions: None, body };
            parts.rules.insert(0, default);
        }
        parts
    }

    pub(super) fn only_query(&mut self, nodes: Nodes<'t>) -> Query {
        let query = nodes.flat_map(Node::into_inner).next().expect("internal error: no query");
        self.query(query)
    }

    pub(super) fn only_conditions(&mut self, nodes: Nodes<'t>) -> Vec<Alternatives> {
        let conditions = nodes.flat_map(Node::into_inner).next().expect("internal error: no conditions");
        self.conditions(conditions)
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(POLICY_SYNTAX, Severity::Error, span, message));
    }

    fn span(&self, node: &Node<'t>) -> Span {
        let start = skip_space(self.text, node.start()).min(node.end());
        let end = node.end();
        Span::new(self.file, self.base + start as u32, self.base + end as u32)
    }

    fn named(&self, node: &Node<'t>) -> Spanned<String> {
        Spanned::new(node.as_str().to_string(), self.span(node))
    }

    fn rule(&mut self, node: Node<'t>) -> RuleTree {
        let mut inner = node.into_inner();
        let name = self.named(&inner.next().expect("internal error: a rule without name"));
        let mut rule = RuleTree {
            name,
            is_default: false,
            parameters: Vec::new(),
            conditions: None,
            body: Block::default(),
        };
        for part in inner {
            match part.as_rule() {
                Rule::parameters => {
                    for name in part.into_inner() {
                        let symbol = self.names.intern(name.as_str());
                        rule.parameters.push((symbol, self.span(&name)));
                    }
                }
                Rule::conditions => rule.conditions = Some(self.conditions(part)),
                _ => rule.body = self.block(part),
            }
        }
        rule
    }

    fn conditions(&mut self, node: Node<'t>) -> Vec<Alternatives> {
        node.into_inner().map(|line| self.alternatives(line)).collect()
    }

    fn alternatives(&mut self, node: Node<'t>) -> Alternatives {
        let parts = node.into_inner().filter(|part| part.as_rule() != Rule::or_join);
        // Mostly one, and a clause is large: room for more would be most of what a tree takes.
        let mut clauses = Vec::with_capacity(parts.clone().count());
        clauses.extend(parts.map(|clause| self.clause(clause)));
        Alternatives::new(clauses)
    }

    fn block(&mut self, node: Node<'t>) -> Block {
        let mut block = Block::default();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::assignment => block.lets.push(self.assignment(part)),
                _ => block.clauses.push(self.alternatives(part)),
            }
        }
        block
    }

    fn assignment(&mut self, node: Node<'t>) -> Let {
        let mut inner = node.into_inner();
        let head = inner.next().expect("internal error: an empty assignment");
        let name = head.into_inner().next().expect("internal error: an assignment without name");
        let value = self.operand(inner.next().expect("internal error: an assignment without value"));
        Let { name: self.names.intern(name.as_str()), span: self.span(&name), value }
    }

    fn operand(&mut self, node: Node<'t>) -> Operand {
        match node.as_rule() {
            Rule::value => Operand::Literal(self.value(node)),
            Rule::query => Operand::Query(self.query(node)),
            Rule::call => {
                let call = self.call(node);
                self.check_function(&call);
                Operand::Call(call)
            }
            _ => {
                let inner = node.into_inner().next().expect("internal error: an empty operand");
                self.operand(inner)
            }
        }
    }

    fn call(&mut self, node: Node<'t>) -> Call {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let name = self.named(&inner.next().expect("internal error: a call without name"));
        let arguments = inner.map(|argument| self.operand(argument)).collect();
        Call { name, arguments, span }
    }

    fn check_function(&mut self, call: &Call) {
        if let Err(problem) = functions::check(&call.name.value, call.arguments.len()) {
            let mut found = Diagnostic::new(POLICY_SYNTAX, Severity::Error, call.name.span, problem.message);
            found.help = problem.help;
            self.diagnostics.push(found);
        }
    }

    fn clause(&mut self, node: Node<'t>) -> Clause {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::clause | Rule::condition | Rule::rule_item => {
                let inner = node.into_inner().next().expect("internal error: an empty clause");
                self.clause(inner)
            }
            Rule::when_block | Rule::ref_when => {
                let mut inner = node.into_inner();
                let conditions =
                    self.conditions(inner.next().expect("internal error: when without conditions"));
                let body = self.block(inner.next().expect("internal error: when without body"));
                Clause { span, kind: ClauseKind::When { conditions, body }, message: None }
            }
            Rule::type_block => self.type_block(node),
            Rule::rule_call | Rule::rule_ref => self.rule_clause(node),
            _ => self.query_clause(span, node.into_inner()),
        }
    }

    /// A reference to a rule, or a call of a parameterized one.
    fn rule_clause(&mut self, node: Node<'t>) -> Clause {
        let span = self.span(&node);
        let (mut negated, mut message, mut kind) = (false, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::not_op => negated = true,
                Rule::message => message = Some(self.message(&part)),
                Rule::call => kind = Some(ClauseKind::Call { call: self.call(part), negated }),
                _ => kind = Some(ClauseKind::Reference { name: self.named(&part), negated }),
            }
        }
        Clause { span, kind: kind.expect("internal error: a reference without name"), message }
    }

    fn type_block(&mut self, node: Node<'t>) -> Clause {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let mut name = self.named(&inner.next().expect("internal error: a type block without type"));
        if name.value.matches("::").count() == 3 {
            name.value.truncate(name.value.len() - "::MODULE".len());
        }
        let (mut conditions, mut body) = (None, Block::default());
        for part in inner {
            match part.as_rule() {
                Rule::conditions => conditions = Some(self.conditions(part)),
                Rule::block => body = self.block(part),
                _ => body.clauses.push(Alternatives::new(vec![self.clause(part)])),
            }
        }
        let query = self.type_query(&name);
        Clause { span, kind: ClauseKind::Type { name, query, conditions, body }, message: None }
    }

    /// `Resources.*[ Type == 'name' ]`, from which a type block takes its resources.
    fn type_query(&mut self, name: &Spanned<String>) -> Query {
        let span = name.span;
        let key = |builder: &mut Self, text| Part { kind: PartKind::Key(builder.key(text, false)), span };
        let literal = super::super::ast::Literal::Text(name.value.clone());
        let test = ClauseKind::Binary {
            query: Query::new(false, vec![key(self, "Type")], span),
            op: Op::Eq,
            negated: false,
            prefix: false,
            rhs: Box::new(Operand::Literal(Spanned::new(literal, span))),
        };
        let clauses = vec![Alternatives::new(vec![Clause { span, kind: test, message: None }])];
        let filter = Filter { capture: None, clauses, is_safe: true, types: vec![name.value.clone()] };
        let parts = vec![
            key(self, "Resources"),
            Part { kind: PartKind::Values(None), span },
            Part { kind: PartKind::Filter(Box::new(filter)), span },
        ];
        Query::new(false, parts, span)
    }

    /// `[not] query (operator … | [not empty] block) [message]`.
    fn query_clause(&mut self, span: Span, parts: Nodes<'t>) -> Clause {
        let mut clause = ClauseBuilder::default();
        for part in parts {
            match part.as_rule() {
                Rule::not_op => clause.prefix = true,
                Rule::query => clause.query = Some(self.query(part)),
                Rule::not_empty => clause.not_empty = true,
                Rule::block => clause.body = Some(self.block(part)),
                Rule::binary_op => (clause.op, clause.negated) = binary_op(&part),
                Rule::rhs => clause.rhs = Some(self.operand(part)),
                Rule::unary_op => {
                    let (test, negated) = unary_op(part);
                    (clause.test, clause.negated) = (Some(test), negated);
                }
                _ => clause.message = Some(self.message(&part)),
            }
        }
        clause.finish(span)
    }

    fn message(&self, node: &Node<'t>) -> Spanned<String> {
        let text = node.as_str();
        let inner = &text[2..text.len() - 2];
        let span = self.span(node);
        Spanned::new(inner.to_string(), Span::new(span.file, span.start + 2, span.end - 2))
    }

    pub(super) fn query(&mut self, node: Node<'t>) -> Query {
        let span = self.span(&node);
        let (mut some, mut parts) = (false, Vec::new());
        for part in node.into_inner() {
            let kind = match part.as_rule() {
                Rule::some_kw => {
                    some = true;
                    continue;
                }
                Rule::this_kw => PartKind::This,
                Rule::variable => PartKind::Variable(self.variable(part)),
                Rule::name | Rule::string => self.property(&part, false),
                _ => self.part(part),
            };
            let part_span = self.span(&part);
            let after_variable = matches!(parts[..], [Part { kind: PartKind::Variable(_), .. }]);
            if after_variable && !matches!(kind, PartKind::Items { .. }) {
                let implicit = PartKind::Items { capture: None, implicit: true };
                parts.push(Part { kind: implicit, span: part_span.at_start() });
            }
            parts.push(Part { kind, span: part_span });
        }
        Query::new(some, parts, span)
    }

    fn variable(&mut self, node: Node<'t>) -> Symbol {
        let name = node.into_inner().next().expect("internal error: a variable without name");
        self.names.intern(name.as_str())
    }

    /// A key; a quoted one that starts with `%` means a variable all the same.
    fn property(&mut self, node: &Node<'t>, bracketed: bool) -> PartKind {
        if node.as_rule() != Rule::string {
            return PartKind::Key(self.key(node.as_str(), false));
        }
        let text = literal::unquote(node.as_str());
        if let Some(name) = text.strip_prefix('%') {
            return PartKind::Variable(self.names.intern(name));
        }
        PartKind::Key(Key { bracketed, ..self.key(&text, true) })
    }

    fn key(&mut self, text: &str, quoted: bool) -> Key {
        Key { word: Word::of(text), index: text.parse().ok(), quoted, bracketed: false }
    }

    fn part(&mut self, node: Node<'t>) -> PartKind {
        let rule = node.as_rule();
        let mut inner = node.into_inner();
        if rule == Rule::filter {
            return self.filter(inner);
        }
        let Some(first) = inner.next() else {
            return PartKind::Values(None);
        };
        match (rule, first.as_rule()) {
            (Rule::dotted, Rule::star) => PartKind::Values(None),
            (Rule::dotted, Rule::variable) => PartKind::Variable(self.variable(first)),
            (_, Rule::int) => PartKind::Index(self.int(&first)),
            (Rule::dotted, _) => self.property(&first, false),
            (Rule::all_items, Rule::name) => {
                PartKind::Items { capture: Some(self.names.intern(first.as_str())), implicit: false }
            }
            (Rule::all_items, _) => PartKind::Items { capture: None, implicit: false },
            (_, Rule::name) => PartKind::Values(Some(self.names.intern(first.as_str()))),
            _ => self.property(&first, true),
        }
    }

    fn filter(&mut self, parts: Nodes<'t>) -> PartKind {
        let (mut capture, mut clauses) = (None, Vec::new());
        for part in parts {
            match part.as_rule() {
                Rule::capture => {
                    let name = part.into_inner().next().expect("internal error: a capture without name");
                    capture = Some(self.names.intern(name.as_str()));
                }
                Rule::keys_filter => return self.keys_filter(capture, part),
                _ => clauses.push(self.alternatives(part)),
            }
        }
        let is_safe = clauses.iter().all(|alternatives| alternatives.is_safe);
        let types = types_of(&clauses);
        PartKind::Filter(Box::new(Filter { capture, clauses, is_safe, types }))
    }

    /// `keys op operand`; with more clauses, or a function on the right, `keys` is an ordinary property.
    fn keys_filter(&mut self, capture: Option<Symbol>, node: Node<'t>) -> PartKind {
        let span = self.span(&node);
        let mut keyword = None;
        let (mut op, mut negated, mut rhs, mut more) = (Op::Eq, false, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::keys_kw => keyword = Some(part),
                Rule::keys_cmp => (op, negated) = binary_op(&part),
                Rule::rhs => rhs = Some(self.operand(part)),
                _ => more = Some(part),
            }
        }
        let rhs = rhs.expect("internal error: a keys filter without right side");
        if more.is_none() && !matches!(rhs, Operand::Call(_)) {
            return PartKind::Keys(Box::new(KeysFilter { capture, op, negated, rhs }));
        }
        let keyword = keyword.expect("internal error: a keys filter without keyword");
        let key_span = self.span(&keyword);
        let key = Part { kind: PartKind::Key(self.key(keyword.as_str(), false)), span: key_span };
        let query = Query::new(false, vec![key], key_span);
        let kind = ClauseKind::Binary { query, op, negated, prefix: false, rhs: Box::new(rhs) };
        let mut clauses = vec![Alternatives::new(vec![Clause { span, kind, message: None }])];
        for part in more.into_iter().flat_map(Node::into_inner) {
            match part.as_rule() {
                Rule::message | Rule::or_join => {}
                Rule::clause => {
                    let alternative = self.clause(part);
                    clauses[0].push(alternative);
                }
                _ => clauses.push(self.alternatives(part)),
            }
        }
        let is_safe = clauses.iter().all(|alternatives| alternatives.is_safe);
        PartKind::Filter(Box::new(Filter { capture, clauses, is_safe, types: Vec::new() }))
    }
}

#[derive(Default)]
struct ClauseBuilder {
    prefix: bool,
    negated: bool,
    not_empty: bool,
    query: Option<Query>,
    body: Option<Block>,
    test: Option<Test>,
    op: Op,
    rhs: Option<Operand>,
    message: Option<Spanned<String>>,
}

impl ClauseBuilder {
    fn finish(self, span: Span) -> Clause {
        let query = self.query.expect("internal error: a clause without query");
        let kind = if let Some(body) = self.body {
            ClauseKind::Block { query, not_empty: self.not_empty, body }
        } else if let Some(test) = self.test {
            ClauseKind::Unary { query, test, negated: self.negated != self.prefix, prefix: self.prefix }
        } else {
            let rhs = Box::new(self.rhs.expect("internal error: a comparison without right side"));
            let negated = self.negated != self.prefix;
            ClauseKind::Binary { query, op: self.op, negated, prefix: self.prefix, rhs }
        };
        Clause { span, kind, message: self.message }
    }
}

fn binary_op(node: &Node<'_>) -> (Op, bool) {
    match node.as_str() {
        "==" => (Op::Eq, false),
        "!=" => (Op::Eq, true),
        "<" => (Op::Lt, false),
        "<=" => (Op::Le, false),
        ">" => (Op::Gt, false),
        ">=" => (Op::Ge, false),
        _ => (Op::In, node.into_inner().any(|part| part.as_rule() == Rule::not_op)),
    }
}

fn unary_op(node: Node<'_>) -> (Test, bool) {
    let (mut negated, mut test) = (false, Test::Exists);
    for part in node.into_inner() {
        match part.as_rule() {
            Rule::not_op => negated = true,
            Rule::exists_kw => test = Test::Exists,
            Rule::empty_kw => test = Test::Empty,
            _ => {
                test = Test::Is(match part.as_str().to_ascii_lowercase().as_str() {
                    "is_string" => Kind::Text,
                    "is_list" => Kind::List,
                    "is_struct" => Kind::Map,
                    "is_bool" => Kind::Bool,
                    "is_int" => Kind::Int,
                    "is_float" => Kind::Float,
                    _ => Kind::Null,
                });
            }
        }
    }
    (test, negated)
}

impl Alternatives {
    fn new(clauses: Vec<Clause>) -> Self {
        let is_safe = clauses.iter().all(is_safe);
        Self { clauses, is_safe }
    }

    fn push(&mut self, clause: Clause) {
        self.is_safe &= is_safe(&clause);
        self.clauses.push(clause);
    }
}

/// Whether evaluating the clause at any value has no effect but its status: it cannot stop the evaluation.
fn is_safe(clause: &Clause) -> bool {
    match &clause.kind {
        ClauseKind::Unary { query, test, .. } => {
            // Whether something is empty cannot be asked of everything, but of a selection it can.
            (*test != Test::Empty || query.ends_in_filter()) && query_is_safe(query)
        }
        ClauseKind::Binary { query, rhs, .. } => {
            let rhs_is_safe = match &**rhs {
                Operand::Literal(_) => true,
                Operand::Query(query) => query_is_safe(query),
                Operand::Call(_) => false,
            };
            rhs_is_safe && query_is_safe(query)
        }
        _ => false,
    }
}

fn query_is_safe(query: &Query) -> bool {
    let mut after_key = false;
    query.parts.iter().all(|part| {
        let is_safe = match &part.kind {
            PartKind::This | PartKind::Key(_) | PartKind::Index(_) => true,
            PartKind::Values(capture) | PartKind::Items { capture, .. } => capture.is_none(),
            PartKind::Filter(filter) => after_key && filter.is_safe && filter.capture.is_none(),
            PartKind::Variable(_) | PartKind::Keys(_) => false,
        };
        after_key = matches!(part.kind, PartKind::Key(_));
        is_safe
    })
}

/// The texts of `Type == '…'` or `Type in […]`, when that is the first clause.
fn types_of(clauses: &[Alternatives]) -> Vec<String> {
    let Some([Clause { kind: ClauseKind::Binary { query, op, negated: false, rhs, .. }, .. }]) =
        clauses.first().map(|first| first.clauses.as_slice())
    else {
        return Vec::new();
    };
    let is_type = matches!(&query.parts[..], [Part { kind: PartKind::Key(key), .. }] if key.text() == "Type");
    let Operand::Literal(literal) = &**rhs else { return Vec::new() };
    if is_type && !query.some { literal::type_names(&literal.value, *op) } else { Vec::new() }
}

/// The offset of the first sign at or after `at` that is neither white space nor part of a comment.
fn skip_space(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' => at = text[at..].find('\n').map_or(text.len(), |end| at + end),
            _ => break,
        }
    }
    at
}
