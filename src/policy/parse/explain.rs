//! Syntax errors in the words of somebody who writes rules.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::{POLICY_SYNTAX, Rule};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span};

/// A syntax error at the place where the parser got no further.
pub(super) fn syntax_error(file: FileId, text: &str, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let span = word_at(file, text, at);
    if let ErrorVariant::CustomError { message } = &error.variant {
        let found =
            Diagnostic::new(POLICY_SYNTAX, Severity::Error, span, "rule file is too complex to be read");
        return found.with_help(format!("simplify it ({message})"));
    }
    Diagnostic::new(POLICY_SYNTAX, Severity::Error, span, "syntax error")
}

/// The word or sign at an offset.
fn word_at(file: FileId, text: &str, at: usize) -> Span {
    let mut start = at.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let rest = &text[start..];
    let word: usize = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
    let length =
        if word > 0 { word } else { rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8) };
    Span::new(file, start as u32, (start + length) as u32)
}
