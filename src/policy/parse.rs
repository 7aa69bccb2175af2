//! Text to syntax tree: limits, the generated parser, and the way from its pairs to [`ast`].
//!
//! Errors are explained in [`explain`]. Knows nothing of what names mean.

mod build;
mod explain;
mod nesting;

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use pest::Parser as _;
use pest::error::Error;
use pest::iterators::Pairs;

use self::build::TreeBuilder;
use super::ast::{self, Alternatives, Query};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span};

/// The check that reports rule files which do not parse.
pub(super) const POLICY_SYNTAX: &str = "policy-syntax";

/// Larger rule files are refused.
const MAX_BYTES: usize = 2 << 20;

/// Deeper nesting of brackets and braces is refused, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 48;

/// Steps of the generated parser after which a text is given up: so many, and so many for each byte, of which an ordinary
/// file needs some dozens.
const MAX_STEPS: usize = 1_000_000;
const MAX_STEPS_PER_BYTE: usize = 1_000;

#[derive(pest_derive::Parser)]
#[grammar = "policy/guard.pest"]
#[allow(missing_docs, clippy::all)]
struct Guard;

/// Parses a rule file.
pub(super) fn parse(file: FileId, text: &str) -> Result<ast::File, Vec<Diagnostic>> {
    let mut tree = ast::File::default();
    check_size(file, text, 0)?;
    // The comment at the head of a file is most of it, and the generated parser looks at every character of it twice.
    let head = head_length(text);
    let (head, pairs) = match run(Rule::file, &text[head..]) {
        Ok(pairs) => (head, pairs),
        Err(_) => {
            (0, run(Rule::file, text).map_err(|error| vec![explain::syntax_error(file, text, &error)])?)
        }
    };
    let mut builder = TreeBuilder::new(file, &text[head..], head as u32, &mut tree.names);
    let parts = builder.file(pairs);
    let diagnostics = std::mem::take(&mut builder.diagnostics);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    (tree.lets, tree.rules, tree.parameterized) = (parts.lets, parts.rules, parts.parameterized);
    Ok(tree)
}

/// How much of a text is lines of comments and blank lines before anything else.
fn head_length(text: &str) -> usize {
    let is_head = |line: &&str| {
        matches!(line.trim_start_matches([' ', '\t', '\r', '\n']).bytes().next(), None | Some(b'#'))
    };
    text.split_inclusive('\n').take_while(is_head).map(str::len).sum()
}

/// Parses a query that stands alone at `base` of the rule file.
pub(super) fn parse_query(tree: &mut ast::File, text: &str, at: Span) -> Result<Query, Vec<Diagnostic>> {
    check_size(at.file, text, at.start)?;
    let pairs = run(Rule::only_query, text).map_err(|_| {
        vec![Diagnostic::new(POLICY_SYNTAX, Severity::Error, at, format!("`{text}` is no query"))]
    })?;
    let mut builder = TreeBuilder::new(at.file, text, at.start, &mut tree.names);
    let query = builder.only_query(pairs);
    if builder.diagnostics.is_empty() { Ok(query) } else { Err(std::mem::take(&mut builder.diagnostics)) }
}

/// Parses conditions, as they stand after `when`.
pub(super) fn parse_conditions(
    tree: &mut ast::File,
    text: &str,
    at: Span,
) -> Result<Vec<Alternatives>, Vec<Diagnostic>> {
    check_size(at.file, text, at.start)?;
    let pairs = run(Rule::only_conditions, text).map_err(|_| {
        vec![Diagnostic::new(POLICY_SYNTAX, Severity::Error, at, format!("`{text}` is no condition"))]
    })?;
    let mut builder = TreeBuilder::new(at.file, text, at.start, &mut tree.names);
    let conditions = builder.only_conditions(pairs);
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

/// Runs the generated parser with a limit of its own. The limit is one for the whole process, so parsers wait for each
/// other; all built-in rules together take some milliseconds.
fn run(rule: Rule, text: &str) -> Result<Pairs<'_, Rule>, Box<Error<Rule>>> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    pest::set_call_limit(NonZeroUsize::new(MAX_STEPS + text.len() * MAX_STEPS_PER_BYTE));
    Guard::parse(rule, text).map_err(Box::new)
}

#[cfg(test)]
mod tests;
