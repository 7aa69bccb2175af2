//! How far the tool goes into what a file says, and the places where it did not go on.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;

/// The check that reports a limit that was reached.
pub const LIMIT_REACHED: &str = "limit-reached";

/// The most of something that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What there may be so much of: `levels of nested values`.
    pub what: &'static str,
    /// How much of it.
    pub most: usize,
}

impl Limit {
    /// A limit.
    pub const fn new(what: &'static str, most: usize) -> Self {
        Self { what, most }
    }

    /// That the limit was reached at a place.
    pub fn at(self, span: Span) -> Reached {
        Reached { limit: self, span }
    }
}

/// A limit, and a place where there is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The limit.
    pub limit: Limit,
    /// What was not looked at.
    pub span: Span,
}

impl Reached {
    /// Whether both say the same of the same file.
    pub fn is_like(&self, other: &Reached) -> bool {
        self.limit == other.limit && self.span.file == other.span.file
    }
}

impl From<&Reached> for Diagnostic {
    fn from(reached: &Reached) -> Self {
        let Limit { what, most } = reached.limit;
        let message = format!("more than {most} {what}: the rest is not looked at");
        Diagnostic::new(LIMIT_REACHED, Severity::Warning, reached.span, message)
            .with_help("make it smaller; what depends on the rest is unknown, and nothing is said about it")
    }
}
