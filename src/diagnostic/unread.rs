//! Files that could not be read, as diagnostics.

use super::{Diagnostic, Severity};
use crate::source::read::{Problem, ProblemKind};

/// The check that reports files that could not be read; they make a run fail with status 2.
pub const UNREADABLE_FILE: &str = "unreadable-file";

/// The check that reports files that were named and are of none of our dialects.
pub const UNRECOGNIZED_FILE: &str = "unrecognized-file";

impl From<&Problem> for Diagnostic {
    fn from(problem: &Problem) -> Self {
        // A hook names every file that was touched: one in a language that is not ours is no failure.
        let (rule, severity) = match problem.kind {
            ProblemKind::NativeTerraform => (UNRECOGNIZED_FILE, Severity::Info),
            _ => (UNREADABLE_FILE, Severity::Error),
        };
        let diagnostic = Diagnostic::new(rule, severity, problem.span, problem.kind.to_string());
        match help(&problem.kind) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

fn help(kind: &ProblemKind) -> Option<&'static str> {
    Some(match kind {
        ProblemKind::NotFound => "check the spelling; paths are relative to the current directory",
        ProblemKind::NotAFile(_) => "pipe its content in and name `-` instead",
        ProblemKind::InvalidUtf8 { .. } | ProblemKind::Utf16 => "save the file as UTF-8",
        ProblemKind::NameIsNotUtf8 => "rename the file, or leave it out with `.grpc-guardignore`",
        ProblemKind::NativeTerraform => {
            "check a plan instead: `terraform show -json plan.out > plan.json`, then `grpc-guard check plan.json`"
        }
        ProblemKind::TooLarge(_) => "split the file, or leave it out with `.grpc-guardignore`",
        ProblemKind::Refused(_) => return None,
    })
}
