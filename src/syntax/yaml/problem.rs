//! What granit's errors mean to the person who wrote the file, and the place to look at.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use crate::syntax::tree::too_deep;
use crate::syntax::{char_span, syntax_error};

/// What is known where the parser stopped.
pub(super) struct Context<'t> {
    pub(super) file: FileId,
    pub(super) text: &'t str,
    /// Behind the last token that was read.
    pub(super) cursor: usize,
}

impl Context<'_> {
    /// The diagnostic for an error of granit.
    pub(super) fn describe(&self, error: &ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or(self.cursor).min(self.text.len());
        if let Some(tab) = self.indenting_tab(at) {
            return syntax_error(char_span(self.file, self.text, tab), "the line is indented with a tab")
                .with_help("indent with spaces; YAML does not allow tabs there");
        }
        let span = char_span(self.file, self.text, at);
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(span),
            kind => syntax_error(span, kind.to_string()),
        }
    }

    /// A tab in the indentation of the failing line or the one after it.
    fn indenting_tab(&self, at: usize) -> Option<usize> {
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let mut start = line_start;
        for line in self.text[line_start..].split_inclusive('\n').take(2) {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indentation].find('\t') {
                return Some(start + tab);
            }
            start += line.len();
        }
        None
    }
}
