//! Terraform's expression language: what stands between `${` and `}` in a string.
//!
//! Only the syntax. What is not understood does not parse, and its value is then unknown.

mod parse;
mod template;

pub(super) use template::{Part, template};

/// A text that is one expression.
pub(super) fn expression(text: &str) -> Option<Expression> {
    parse::Parser::new(text, 0, text.len(), 0).whole()
}

/// An expression and where it stands in the decoded text of its string.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    /// What it is.
    pub(super) kind: Kind,
    /// First byte.
    pub(super) start: u32,
    /// Behind the last byte.
    pub(super) end: u32,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A quoted string, itself a template.
    Template(Vec<Part>),
    /// The root of a traversal: `var`, `local`, a resource type, a name bound by `for`.
    Name(String),
    /// `base.name`.
    Attribute(Box<Expression>, String),
    /// `base[key]`.
    Index(Box<Expression>, Box<Expression>),
    /// `base[*].steps` or `base.*.steps`: the steps are taken for each item.
    Splat(Box<Expression>, Vec<Step>),
    /// `name(arguments)`.
    Call {
        /// The function.
        name: String,
        /// Its arguments.
        arguments: Vec<Expression>,
        /// Whether the last argument is followed by `...`.
        expand: bool,
    },
    /// `!` and `-`.
    Unary(Unary, Box<Expression>),
    /// An operator between two operands.
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `condition ? then : otherwise`.
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{ key = value }`.
    Object(Vec<(Expression, Expression)>),
    /// `[for …]` and `{for …}`.
    For(Box<For>),
}

/// A step behind a splat.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// `.name`.
    Attribute(String),
    /// `[key]`.
    Index(Expression),
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    /// `!`.
    Not,
    /// `-`.
    Minus,
}

/// An operator between its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the operators of the language")]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// `[for key, value in collection : item if condition]` and its form in braces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct For {
    /// The name of the key or index, when there are two names.
    pub(super) key: Option<String>,
    /// The name of the value.
    pub(super) value: String,
    /// What is gone through.
    pub(super) collection: Expression,
    /// The key of an entry, in braces only.
    pub(super) item_key: Option<Expression>,
    /// The item or the entry's value.
    pub(super) item: Expression,
    /// Whether entries of the same key are grouped (`...`).
    pub(super) grouped: bool,
    /// Which items are kept.
    pub(super) condition: Option<Expression>,
}

impl Expression {
    /// Calls `found` with type and name of every resource that the expression names: `aws_lb` and `main` of
    /// `aws_lb.main.arn`.
    pub(super) fn resources(&self, found: &mut dyn FnMut(&str, &str)) {
        if let Kind::Attribute(base, name) = &self.kind
            && let Kind::Name(root) = &base.kind
        {
            found(root, name);
            return;
        }
        self.for_each_child(&mut |child| child.resources(found));
    }

    fn for_each_child(&self, visit: &mut dyn FnMut(&Expression)) {
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Name(_) => {}
            Kind::Template(parts) => parts.iter().for_each(|part| {
                if let Part::Expression(expression) = part {
                    visit(expression);
                }
            }),
            Kind::Attribute(base, _) | Kind::Unary(_, base) => visit(base),
            Kind::Index(a, b) | Kind::Binary(_, a, b) => {
                visit(a);
                visit(b);
            }
            Kind::Splat(base, steps) => {
                visit(base);
                steps.iter().for_each(|step| {
                    if let Step::Index(key) = step {
                        visit(key);
                    }
                });
            }
            Kind::Call { arguments: items, .. } | Kind::List(items) => items.iter().for_each(visit),
            Kind::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|part| visit(part)),
            Kind::Object(entries) => entries.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Kind::For(each) => {
                visit(&each.collection);
                each.item_key.iter().for_each(&mut *visit);
                visit(&each.item);
                each.condition.iter().for_each(&mut *visit);
            }
        }
    }
}
