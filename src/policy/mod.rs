//! The Guard policy language: grammar, compiler, evaluator, rule metadata, unit tests.
//!
//! Evaluates rules over a tree of [`Values`](crate::model::Values): the model, or a document as written.
//! Knows no built-in rule, no level and no suppression.

mod ast;
mod compile;
mod eval;
mod fixes;
pub mod loader;
mod metadata;
mod options;
mod parse;
mod print;
#[cfg(test)]
mod properties;
mod regex;
mod spelling;
mod template;
pub mod unit_tests;

pub use compile::{POLICY_ERROR, Related, RuleFile};
pub use eval::{Outcome, Subject};
pub use fixes::{FixAt, StepAt, ValueAt};
pub use metadata::{
    Category, FixAction, FixPath, FixSpec, FixStep, FixValue, InputKind, OptionSpec, RelatedSpec, RuleMeta,
    SeverityCase,
};
pub use options::{OptionKind, OptionValue, Options, RuleOption};

use crate::model::ValueId;
use crate::source::Span;

/// The status of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Not applicable.
    Skip,
    /// Holds.
    Pass,
    /// Does not hold.
    Fail,
}

impl Status {
    /// The word for it: `PASS`, `FAIL` or `SKIP`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "PASS",
            Status::Fail => "FAIL",
            Status::Skip => "SKIP",
        }
    }
}

/// Where a clause failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FailurePlace {
    /// At this value.
    Value(ValueId),
    /// Something is absent inside this value (its place's anchor is what to point at).
    Absent {
        /// The last value that the query reached.
        inside: ValueId,
        /// The rest of the query, as text: `Matcher.GrpcCode`.
        missing: String,
    },
}

/// One failing clause at one value.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The `rule` identifier, or `default`.
    pub rule: String,
    /// The clause in the rule file.
    pub clause: Span,
    /// The entry of `Resources` in which it failed, when there is one.
    pub resource: Option<ValueId>,
    /// The value that the innermost block around the clause stands on: what `this` means in messages.
    pub block: Option<ValueId>,
    /// Where it failed.
    pub place: FailurePlace,
    /// The clause's message, `{query}` filled in from the resource.
    pub message: Option<String>,
    /// The comparison in a few words: "is `HTTPS`, rule wants `HTTP`".
    pub comparison: Option<String>,
}
