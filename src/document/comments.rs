//! Comments, kept for suppressions and hints.

use crate::source::Span;

/// A comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From the comment sign to the end of the line, the line end not included.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub alone: bool,
}
