//! The syntax tree as text again: in messages, and to test that what is printed reads back as the same tree.

use std::fmt::Write as _;

use super::ast::{
    Alternatives, Block, Bounds, Call, Clause, ClauseKind, Kind, Let, Literal, Names, Op, Operand, Part,
    PartKind, Query, Range, Test,
};

/// Steps of a query: `Matcher.GrpcCode`, `Tags[*].Key`.
pub(super) fn steps(parts: &[Part], names: &Names) -> String {
    let mut printer = Printer { out: String::new(), names };
    printer.parts(parts);
    printer.out
}

/// A range: `r[1,10)`.
pub(super) fn range(range: &Range) -> String {
    let ends = match range.bounds {
        Bounds::Int(low, high) => format!("{low},{high}"),
        Bounds::Float(low, high) => format!("{low:?},{high:?}"),
        Bounds::Char(low, high) => format!("{low},{high}"),
    };
    let (open, close) =
        (if range.includes_low { '[' } else { '(' }, if range.includes_high { ']' } else { ')' });
    format!("r{open}{ends}{close}")
}

/// A whole file.
#[cfg(test)]
pub(super) fn file(file: &super::ast::File) -> String {
    let mut printer = Printer { out: String::new(), names: &file.names };
    for it in &file.lets {
        printer.assignment(it, 0);
    }
    for rule in &file.rules {
        if rule.is_default {
            printer.conjunction(&rule.body.clauses, 0);
        }
    }
    for rule in file.parameterized.iter().chain(file.rules.iter().filter(|rule| !rule.is_default)) {
        printer.rule(rule);
    }
    printer.out
}

struct Printer<'n> {
    out: String,
    names: &'n Names,
}

#[cfg(test)]
impl Printer<'_> {
    fn rule(&mut self, rule: &super::ast::Rule) {
        let _ = write!(self.out, "rule {}", rule.name.value);
        if !rule.parameters.is_empty() {
            let names: Vec<&str> = rule.parameters.iter().map(|(name, _)| self.names.text(*name)).collect();
            let _ = write!(self.out, "({})", names.join(", "));
        }
        if let Some(conditions) = &rule.conditions {
            self.out.push_str(" when\n");
            self.conjunction(conditions, 2);
        }
        self.out.push(' ');
        self.block(&rule.body, 0);
        self.out.push('\n');
    }
}

impl Printer<'_> {
    fn block(&mut self, block: &Block, indent: usize) {
        self.out.push_str("{\n");
        for it in &block.lets {
            self.assignment(it, indent + 1);
        }
        self.conjunction(&block.clauses, indent + 1);
        self.indent(indent);
        self.out.push('}');
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n("    ", indent));
    }

    fn assignment(&mut self, it: &Let, indent: usize) {
        self.indent(indent);
        let _ = write!(self.out, "let {} = ", self.names.text(it.name));
        self.operand(&it.value);
        self.out.push('\n');
    }

    fn conjunction(&mut self, clauses: &[Alternatives], indent: usize) {
        for alternatives in clauses {
            for (idx, clause) in alternatives.clauses.iter().enumerate() {
                self.indent(indent + usize::from(idx > 0));
                if idx > 0 {
                    self.out.push_str("or ");
                }
                self.clause(clause, indent);
                self.out.push('\n');
            }
        }
    }

    fn clause(&mut self, clause: &Clause, indent: usize) {
        match &clause.kind {
            ClauseKind::Unary { query, test, negated, prefix } => {
                self.out.push_str(if *prefix { "not " } else { "" });
                self.query(query);
                self.out.push_str(if negated == prefix { " " } else { " !" });
                self.out.push_str(test_word(*test));
            }
            ClauseKind::Binary { query, op, negated, prefix, rhs } => {
                self.out.push_str(if *prefix { "not " } else { "" });
                self.query(query);
                let _ = write!(self.out, " {} ", op_word(*op, negated != prefix));
                self.operand(rhs);
            }
            ClauseKind::Block { query, not_empty, body } => {
                self.query(query);
                self.out.push_str(if *not_empty { " !empty " } else { " " });
                self.block(body, indent);
            }
            ClauseKind::When { conditions, body } => {
                self.out.push_str("when\n");
                self.conjunction(conditions, indent + 2);
                self.block(body, indent);
            }
            ClauseKind::Type { name, conditions, body, .. } => {
                self.out.push_str(&name.value);
                if let Some(conditions) = conditions {
                    self.out.push_str(" when\n");
                    self.conjunction(conditions, indent + 2);
                }
                self.out.push(' ');
                self.block(body, indent);
            }
            ClauseKind::Reference { name, negated } => {
                let _ = write!(self.out, "{}{}", if *negated { "not " } else { "" }, name.value);
            }
            ClauseKind::Call { call, negated } => {
                self.out.push_str(if *negated { "not " } else { "" });
                self.call(call);
            }
        }
        if let Some(message) = &clause.message {
            let _ = write!(self.out, " <<{}>>", message.value);
        }
    }

    fn call(&mut self, call: &Call) {
        let _ = write!(self.out, "{}(", call.name.value);
        for (idx, argument) in call.arguments.iter().enumerate() {
            self.out.push_str(if idx > 0 { ", " } else { "" });
            self.operand(argument);
        }
        self.out.push(')');
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Literal(literal) => self.literal(&literal.value),
            Operand::Query(query) => self.query(query),
            Operand::Call(call) => self.call(call),
        }
    }

    fn query(&mut self, query: &Query) {
        if query.some {
            self.out.push_str("some ");
        }
        self.parts(&query.parts);
    }

    fn parts(&mut self, parts: &[Part]) {
        for (idx, part) in parts.iter().enumerate() {
            let dot = if idx > 0 { "." } else { "" };
            match &part.kind {
                PartKind::This => self.out.push_str("this"),
                PartKind::Variable(name) => {
                    let name = self.names.text(*name);
                    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                    let _ = match is_name {
                        true => write!(self.out, "{dot}%{name}"),
                        false => write!(self.out, "{dot}{}", quote(&format!("%{name}"))),
                    };
                }
                PartKind::Key(key) if key.bracketed => {
                    let _ = write!(self.out, "[{}]", quote(key.text()));
                }
                PartKind::Key(key) if key.quoted => {
                    let _ = write!(self.out, "{dot}{}", quote(key.text()));
                }
                PartKind::Key(key) => {
                    let _ = write!(self.out, "{dot}{}", key.text());
                }
                PartKind::Index(at) => {
                    let _ = write!(self.out, "[{at}]");
                }
                PartKind::Values(None) => {
                    let _ = write!(self.out, "{dot}*");
                }
                PartKind::Values(Some(name)) => {
                    let _ = write!(self.out, "[ {} ]", self.names.text(*name));
                }
                PartKind::Items { implicit: true, .. } => {}
                PartKind::Items { capture: None, .. } => self.out.push_str("[*]"),
                PartKind::Items { capture: Some(name), .. } => {
                    let _ = write!(self.out, "[{}]", self.names.text(*name));
                }
                PartKind::Filter(filter) => {
                    self.out.push('[');
                    if let Some(name) = filter.capture {
                        let _ = write!(self.out, " {} |", self.names.text(name));
                    }
                    for alternatives in &filter.clauses {
                        for (idx, clause) in alternatives.clauses.iter().enumerate() {
                            self.out.push_str(if idx > 0 { " or " } else { " " });
                            self.clause(clause, 0);
                        }
                    }
                    self.out.push_str(" ]");
                }
                PartKind::Keys(filter) => {
                    self.out.push('[');
                    if let Some(name) = filter.capture {
                        let _ = write!(self.out, " {} |", self.names.text(name));
                    }
                    let _ = write!(self.out, " keys {} ", op_word(filter.op, filter.negated));
                    self.operand(&filter.rhs);
                    self.out.push_str(" ]");
                }
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.out.push_str("null"),
            Literal::Bool(value) => {
                let _ = write!(self.out, "{value}");
            }
            Literal::Int(value) => {
                let _ = write!(self.out, "{value}");
            }
            Literal::Float(value) => {
                let _ = write!(self.out, "{value:?}");
            }
            Literal::Text(text) => self.out.push_str(&quote(text)),
            Literal::Char(value) => self.out.push_str(&quote(&value.to_string())),
            Literal::List(items) => {
                self.out.push('[');
                for (idx, item) in items.iter().enumerate() {
                    self.out.push_str(if idx > 0 { ", " } else { "" });
                    self.literal(item);
                }
                self.out.push(']');
            }
            Literal::Map(map) => {
                self.out.push('{');
                for (idx, (key, value)) in map.iter().enumerate() {
                    let _ = write!(self.out, "{}{}: ", if idx > 0 { ", " } else { "" }, quote(key));
                    self.literal(value);
                }
                self.out.push('}');
            }
            Literal::Regex(regex) => {
                let _ = write!(self.out, "/{}/", regex.text().replace('/', "\\/"));
            }
            Literal::Range(bounds) => self.out.push_str(&range(bounds)),
        }
    }
}

/// A text in the quotes that it does not hold; a backslash protects those that it does.
fn quote(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "\\'"))
    }
}

fn test_word(test: Test) -> &'static str {
    match test {
        Test::Exists => "exists",
        Test::Empty => "empty",
        Test::Is(Kind::Text) => "is_string",
        Test::Is(Kind::List) => "is_list",
        Test::Is(Kind::Map) => "is_struct",
        Test::Is(Kind::Bool) => "is_bool",
        Test::Is(Kind::Int) => "is_int",
        Test::Is(Kind::Float) => "is_float",
        Test::Is(Kind::Null) => "is_null",
    }
}

fn op_word(op: Op, negated: bool) -> &'static str {
    match (op, negated) {
        (Op::Eq, false) => "==",
        (Op::Eq, true) => "!=",
        (Op::In, false) => "in",
        (Op::In, true) => "not in",
        (Op::Lt, _) => "<",
        (Op::Le, _) => "<=",
        (Op::Gt, _) => ">",
        (Op::Ge, _) => ">=",
    }
}
