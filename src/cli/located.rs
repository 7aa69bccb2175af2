//! What is wrong with the user's own configuration or rules: an error that is shown like a diagnostic.

use std::fmt;
use std::io;

use super::args::ColorWhen;
use super::terminal;
use crate::diagnostic::{self, Diagnostic};
use crate::engine::Analysis;
use crate::report::{self, Format, Options};
use crate::source::SourceMap;

/// Diagnostics that stop a run, with the texts that they point into.
#[derive(Debug)]
pub(super) struct Located {
    analysis: Analysis,
}

impl Located {
    /// An error when there are diagnostics, else the texts again.
    pub(super) fn refuse(sources: SourceMap, mut diagnostics: Vec<Diagnostic>) -> anyhow::Result<SourceMap> {
        if diagnostics.is_empty() {
            return Ok(sources);
        }
        diagnostic::sort(&mut diagnostics, &sources);
        let analysis = Analysis { sources, diagnostics, ..Analysis::default() };
        Err(Self { analysis }.into())
    }

    /// Shows them on standard error.
    pub(super) fn show(&self, color: ColorWhen) -> io::Result<()> {
        let err = io::stderr();
        let options = Options {
            color: terminal::wants_color(color, &err),
            width: terminal::width(),
            quiet: true,
            ..Options::default()
        };
        report::write(Format::Text, &self.analysis, &[], &mut err.lock(), &options)
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<&str> =
            self.analysis.diagnostics.iter().map(|found| found.message.as_str()).collect();
        f.write_str(&messages.join("; "))
    }
}

impl std::error::Error for Located {}
