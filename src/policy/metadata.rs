//! Whatever is said about a rule: the `# METADATA` comment at the head of its file, parsed strictly.

mod fix;
mod read;

pub use fix::{FixAction, FixPath, FixSpec, FixStep, FixValue};
pub(super) use read::{POLICY_METADATA, read};

use crate::diagnostic::{Applicability, Severity};
use crate::source::Spanned;

/// What a rule is evaluated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputKind {
    /// The document as written, exactly as cfn-guard does.
    #[default]
    Document,
    /// The common model.
    Model,
}

/// The family of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Category(pub String);

/// A case in which the severity is another.
#[derive(Debug, Clone)]
pub struct SeverityCase {
    /// A guard condition, evaluated at the failing resource.
    pub when: Spanned<String>,
    /// The severity then.
    pub severity: Severity,
}

/// A case in which the help is another.
#[derive(Debug, Clone)]
pub struct HelpCase {
    /// A guard condition, evaluated at the failing resource.
    pub when: Spanned<String>,
    /// What to do then.
    pub help: Spanned<String>,
}

/// Another place to show with a finding.
#[derive(Debug, Clone)]
pub struct RelatedSpec {
    /// A query from the failing resource; every known result is a label.
    pub query: Spanned<String>,
    /// The label's words, with `{query}` filled in.
    pub text: Spanned<String>,
}

/// What is said of an option; its default is the file's variable of the same name, with `_` for `-`.
#[derive(Debug, Clone)]
pub struct OptionSpec {
    /// Its name in configurations.
    pub name: Spanned<String>,
    /// What it decides, as a phrase.
    pub means: String,
    /// The least number that it takes.
    pub from: Option<i64>,
    /// The greatest number that it takes.
    pub to: Option<i64>,
}

/// All that is ever said about a rule.
#[derive(Debug, Clone, Default)]
pub struct RuleMeta {
    /// One line: what is wrong.
    pub summary: String,
    /// Markdown: what fails, for whom, and what it rests on.
    pub explanation: String,
    /// The most that a finding can get; error where nothing is said.
    pub severity: Option<Severity>,
    /// Lower severities in named cases; the first that holds counts.
    pub severity_if: Vec<SeverityCase>,
    /// `evidence: Grpc`: the finding's severity is capped by `Grpc.Level` of the resource.
    pub evidence: bool,
    /// Family.
    pub category: Option<Category>,
    /// What it is evaluated on.
    pub input: InputKind,
    /// Dialects that it holds for: `cloudformation`, `kubernetes`, `terraform`.
    pub dialects: Vec<String>,
    /// Version in which it appeared.
    pub since: Option<String>,
    /// What to do, as an imperative, before `{query}` is filled in.
    pub help: Option<Spanned<String>>,
    /// Other words for the help in named cases; the first that holds counts.
    pub help_if: Vec<HelpCase>,
    /// The changes that the tool can make: the first that applies.
    pub fixes: Vec<FixSpec>,
    /// What the configuration may choose.
    pub options: Vec<OptionSpec>,
    /// Other places to show.
    pub related: Vec<RelatedSpec>,
    /// Sources.
    pub references: Vec<String>,
    /// Words to choose rules by.
    pub tags: Vec<String>,
    /// `default: off`: the rule runs only when it is asked for.
    pub off_by_default: bool,
    /// Whether the file has a metadata comment at all.
    pub is_written: bool,
}

impl RuleMeta {
    /// Whether findings can be mended: safely where any of the fixes is safe.
    pub fn fixable(&self) -> Option<Applicability> {
        let is_safe = |fix: &FixSpec| fix.applicability == Applicability::Safe;
        match self.fixes.as_slice() {
            [] => None,
            fixes if fixes.iter().any(is_safe) => Some(Applicability::Safe),
            _ => Some(Applicability::Unsafe),
        }
    }
}
