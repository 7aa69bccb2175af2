//! Files that could not be read, as diagnostics.

use super::{Diagnostic, Severity};
use crate::source::read::{Problem, ProblemKind};

/// The check that reports files that could not be read; they make a run fail with status 2.
pub const UNREADABLE_FILE: &str = "unreadable-file";

/// The check that reports files that were named and are of none of our dialects.
pub const UNRECOGNIZED_FILE: &str = "unrecognized-file";

impl From<&Problem> for Diagnostic {
    fn from(problem: &Problem) -> Self {
        let message = problem.kind.to_string();
        let diagnostic = Diagnostic::new(UNREADABLE_FILE, Severity::Error, problem.span, message);
        match help(&problem.kind) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

fn help(kind: &ProblemKind) -> Option<&'static str> {
    Some(match kind {
        ProblemKind::NotFound => "check the spelling; paths are relative to the current directory",
        ProblemKind::Vanished => "run the command again when nothing else writes here",
        ProblemKind::NotAFile(_) => "pipe its content in and name `-` instead",
        ProblemKind::InvalidUtf8 { .. } | ProblemKind::Utf16 => "save the file as UTF-8",
        ProblemKind::NameIsNotUtf8 => "rename the file, or leave it out with `.grpc-guardignore`",
        ProblemKind::TooMuch(_) => "check fewer files at once, or leave some out with `.grpc-guardignore`",
        ProblemKind::IsADirectory => "name a file",
        ProblemKind::TooLarge(_) => "split the file, or leave it out with `.grpc-guardignore`",
        ProblemKind::Refused(_) => return None,
    })
}
