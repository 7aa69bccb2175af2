//! Conditions that can never hold together, so that what stands behind their `when` is never reached.

use super::super::ast::{Alternatives, Clause, ClauseKind, File, Literal, Op, Operand, Part, PartKind, Test};
use super::super::print;
use super::POLICY_ERROR;
use crate::diagnostic::{Diagnostic, Label, Severity};

/// What a condition asks of the value at a path of keys.
#[derive(Debug, PartialEq, Eq)]
enum Ask<'t> {
    /// `exists`, `empty` or `is_…`, and whether it is wanted.
    Test(Test, bool),
    /// `== 'text'`.
    Text(&'t str),
    /// Any other comparison; it fails where there is nothing.
    Compared,
}

/// Warns of conditions in one conjunction that exclude each other.
pub(super) fn contradictions(tree: &File, conditions: &[Alternatives]) -> Vec<Diagnostic> {
    let mut read: Vec<(String, Ask<'_>, &Clause)> = Vec::new();
    let mut found = Vec::new();
    for alternatives in conditions {
        let [clause] = alternatives.clauses.as_slice() else { continue };
        let Some((path, ask)) = ask(tree, clause) else { continue };
        let earlier = read.iter().find(|(other, asked, _)| *other == path && excludes(asked, &ask));
        if let Some((_, _, first)) = earlier {
            let message =
                format!("this `when` never holds: two of its conditions on `{path}` exclude each other");
            let warning = Diagnostic::new(POLICY_ERROR, Severity::Warning, clause.span, message);
            found.push(
                warning
                    .with_related(Label::new(first.span, "this is asked as well"))
                    .with_help("remove one of the two, or join them with `or`"),
            );
        }
        read.push((path, ask, clause));
    }
    found
}

/// A condition on a path of keys; any other path may have several values, of which each condition meets another.
fn ask<'t>(tree: &File, clause: &'t Clause) -> Option<(String, Ask<'t>)> {
    let is_plain = |parts: &[Part]| parts.iter().all(|part| matches!(part.kind, PartKind::Key(_)));
    let (query, ask) = match &clause.kind {
        ClauseKind::Unary { query, test, negated, prefix } => (query, Ask::Test(*test, negated == prefix)),
        ClauseKind::Binary { query, op: Op::Eq, negated, prefix, rhs } if negated == prefix => match &**rhs {
            Operand::Literal(literal) => match &literal.value {
                Literal::Text(text) => (query, Ask::Text(text)),
                _ => (query, Ask::Compared),
            },
            _ => (query, Ask::Compared),
        },
        ClauseKind::Binary { query, .. } => (query, Ask::Compared),
        _ => return None,
    };
    is_plain(&query.parts).then(|| (print::steps(&query.parts, &tree.names), ask))
}

fn excludes(a: &Ask<'_>, b: &Ask<'_>) -> bool {
    match (a, b) {
        (Ask::Test(a, a_wanted), Ask::Test(b, b_wanted)) => a == b && a_wanted != b_wanted,
        (Ask::Text(a), Ask::Text(b)) => a != b,
        (Ask::Test(Test::Exists, false), Ask::Text(_) | Ask::Compared)
        | (Ask::Text(_) | Ask::Compared, Ask::Test(Test::Exists, false)) => true,
        _ => false,
    }
}
