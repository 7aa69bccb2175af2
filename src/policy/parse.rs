//! Text to syntax tree: limits, the generated parser, and the way from its nodes to [`ast`].
//!
//! Errors are explained in [`explain`]. Knows nothing of what names mean.

mod build;
mod explain;
mod grammar;
mod nesting;
mod node;

use self::build::TreeBuilder;
use self::grammar::{Match, Rule};
use self::node::Nodes;
use super::ast::{self, Alternatives, Names, Query};
use super::regex::Regex;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span};

/// The check that reports rule files which do not parse.
pub(super) const POLICY_SYNTAX: &str = "policy-syntax";

/// Larger rule files are refused.
const MAX_BYTES: usize = 2 << 20;

/// Deeper nesting of brackets and braces is refused, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 48;

/// Parses a rule file.
pub(super) fn parse(file: FileId, text: &str) -> Result<ast::File, Vec<Diagnostic>> {
    check_size(file, text, 0)?;
    let matches = grammar::file(text).map_err(|error| vec![explain::syntax_error(file, text, &error)])?;
    tree(file, text, &matches, Regex::new)
}

/// The tree of a rule file that was parsed when the program was built.
pub(super) fn parsed(file: FileId, text: &str, packed: &[u8]) -> Result<ast::File, Vec<Diagnostic>> {
    tree(file, text, &grammar::unpack(packed), |pattern| Ok(Regex::known(pattern)))
}

fn tree(
    file: FileId,
    text: &str,
    matches: &[Match],
    regex: fn(&str) -> Result<Regex, String>,
) -> Result<ast::File, Vec<Diagnostic>> {
    let mut tree = ast::File::default();
    let mut builder = TreeBuilder::new(file, text, 0, &mut tree.names);
    builder.regex = regex;
    let parts = builder.file(Nodes::new(text, matches));
    let diagnostics = std::mem::take(&mut builder.diagnostics);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    (tree.lets, tree.rules, tree.parameterized) = (parts.lets, parts.rules, parts.parameterized);
    Ok(tree)
}

/// Parses a query that stands alone at `base` of the rule file.
pub(super) fn parse_query(names: &mut Names, text: &str, at: Span) -> Result<Query, Vec<Diagnostic>> {
    check_size(at.file, text, at.start)?;
    let matches = grammar::run(Rule::only_query, text, 0).map_err(|_| {
        vec![Diagnostic::new(POLICY_SYNTAX, Severity::Error, at, format!("`{text}` is no query"))]
    })?;
    let mut builder = TreeBuilder::new(at.file, text, at.start, names);
    let query = builder.only_query(Nodes::new(text, &matches));
    if builder.diagnostics.is_empty() { Ok(query) } else { Err(std::mem::take(&mut builder.diagnostics)) }
}

/// Parses conditions, as they stand after `when`.
pub(super) fn parse_conditions(
    names: &mut Names,
    text: &str,
    at: Span,
) -> Result<Vec<Alternatives>, Vec<Diagnostic>> {
    check_size(at.file, text, at.start)?;
    let matches = grammar::run(Rule::only_conditions, text, 0).map_err(|_| {
        vec![Diagnostic::new(POLICY_SYNTAX, Severity::Error, at, format!("`{text}` is no condition"))]
    })?;
    let mut builder = TreeBuilder::new(at.file, text, at.start, names);
    let conditions = builder.only_conditions(Nodes::new(text, &matches));
    if builder.diagnostics.is_empty() {
        Ok(conditions)
    } else {
        Err(std::mem::take(&mut builder.diagnostics))
    }
}

fn check_size(file: FileId, text: &str, base: u32) -> Result<(), Vec<Diagnostic>> {
    if text.len() > MAX_BYTES {
        let message = format!("rule file is larger than {} MB", MAX_BYTES >> 20);
        let found = Diagnostic::new(POLICY_SYNTAX, Severity::Error, Span::new(file, base, base), message);
        return Err(vec![found.with_help("split the file")]);
    }
    if let Some(at) = nesting::too_deep(text, MAX_DEPTH) {
        let at = Span::new(file, base + at as u32, base + at as u32 + 1);
        let message = format!("brackets are nested more than {MAX_DEPTH} deep");
        return Err(vec![Diagnostic::new(POLICY_SYNTAX, Severity::Error, at, message)]);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
