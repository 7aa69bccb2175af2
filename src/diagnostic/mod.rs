//! What the tool says: located messages, whatever produced them.
//!
//! Knows nothing of rules or formats.

mod fix;
mod order;
mod unread;

pub use fix::{Applicability, Edit, Fix};
pub use order::sort;
pub use unread::{UNREADABLE_FILE, UNRECOGNIZED_FILE};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::source::Span;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Degrades, or breaks under conditions that the files do not show.
    Warning,
    /// Breaks.
    Error,
}

impl Severity {
    /// The word for it: `info`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place and a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// At most eight words; may be empty.
    pub text: String,
}

impl Label {
    /// A label with words.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// What makes an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excepted {
    /// A comment or an entry in the file itself.
    InSource,
    /// The configuration.
    ByConfiguration,
    /// A baseline: it was there before.
    ByBaseline,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// What excepts it.
    pub by: Excepted,
    /// Where the exception is written.
    pub span: Option<Span>,
    /// The reason that the user gave; may be empty.
    pub reason: String,
    /// The last day on which it counts, as year, month and day.
    pub until: Option<String>,
}

/// One located message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name of the rule, or of the built-in check (`syntax-error`).
    pub rule: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: starts lower-case, has no final full stop.
    pub message: String,
    /// The one place that a person would edit.
    pub primary: Label,
    /// Other places that explain it, also in other files.
    pub related: Vec<Label>,
    /// What to do, as an imperative.
    pub help: Option<String>,
    /// Where to read more.
    pub url: Option<String>,
    /// The resource it is about: a logical id, an address, or `Kind namespace/name`.
    pub resource: Option<String>,
    /// Other resources that have the same fault from the same place, by name.
    pub other_resources: Vec<String>,
    /// The clause of the rule that failed, in the text of the rules.
    pub clause: Option<Span>,
    /// A change that the tool can make.
    pub fix: Option<Fix>,
    /// Set when the user made an exception.
    pub suppressed: Option<Suppression>,
}

impl Diagnostic {
    /// A diagnostic with a message and a place, to be completed by the `with_` functions.
    pub fn new(
        rule: impl Into<Cow<'static, str>>,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            primary: Label::new(span, ""),
            related: Vec::new(),
            help: None,
            url: None,
            resource: None,
            other_resources: Vec::new(),
            clause: None,
            fix: None,
            suppressed: None,
        }
    }

    /// Puts words at the primary place.
    #[must_use]
    pub fn with_label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn with_related(mut self, label: Label) -> Self {
        self.related.push(label);
        self
    }

    /// Names the resource.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }
}
