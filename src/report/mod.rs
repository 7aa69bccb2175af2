//! [`Analysis`](crate::engine::Analysis) to bytes, one file a format.
//!
//! Knows nothing of the model, the policies or the configuration: what is said about a rule comes in as [`RuleInfo`].
//! The same analysis gives the same bytes, whatever the machine, the thread count or the order of the files.

mod ascii;
mod checks;
mod checkstyle;
mod concise;
mod diff;
mod fingerprint;
mod github;
mod gitlab;
pub mod graph;
mod html;
mod json;
mod junit;
mod location;
mod markdown;
mod narrated;
mod neutral;
mod present;
mod rdjson;
mod sarif;
mod statistics;
mod text;
mod xml;

pub(crate) use ascii::write_json;
pub use checks::checks;
pub use diff::write_diff;
pub(crate) use neutral::neutral;
pub use present::Presented;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use crate::engine::Analysis;
use crate::source::SourceMap;

/// The shapes that a report can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: the code, what is wrong with it, what to do.
    Text,
    /// One line for each finding.
    Concise,
    /// For screen readers: sentences, nothing drawn.
    Narrated,
    /// One versioned object; `schemas/report.schema.json` describes it.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands that GitHub shows as annotations.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
    /// JUnit XML.
    Junit,
    /// Checkstyle XML.
    Checkstyle,
    /// Reviewdog's diagnostic format.
    Rdjson,
    /// A table for summaries and comments.
    Markdown,
    /// One page for a browser, with the traffic as a picture.
    Html,
}

impl Format {
    /// All formats with their names.
    pub const ALL: [(&'static str, Format); 12] = [
        ("text", Format::Text),
        ("concise", Format::Concise),
        ("narrated", Format::Narrated),
        ("json", Format::Json),
        ("sarif", Format::Sarif),
        ("github", Format::Github),
        ("gitlab", Format::Gitlab),
        ("junit", Format::Junit),
        ("checkstyle", Format::Checkstyle),
        ("rdjson", Format::Rdjson),
        ("markdown", Format::Markdown),
        ("html", Format::Html),
    ];

    /// Whether the format describes all rules, rather than only those that found something. Describing a rule means
    /// reading its file, which a run otherwise does only for rules that its resources can meet.
    pub fn needs_all_rules(self) -> bool {
        self == Format::Sarif
    }

    /// Whether the format shows the ways of the traffic, which are worked out only then.
    pub fn needs_traffic(self) -> bool {
        self == Format::Html
    }
}

/// What reports say about a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub name: String,
    /// One line: what is wrong.
    pub summary: String,
    /// Markdown: what fails, for whom, and what it rests on.
    pub explanation: String,
    /// What to do, as an imperative.
    pub help: Option<String>,
    /// The most that a finding of it can get.
    pub severity: Severity,
    /// Where to read more.
    pub url: Option<String>,
    /// Words to filter by: category, dialects.
    pub tags: Vec<String>,
}

/// How to write.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether ANSI colours are wanted.
    pub color: bool,
    /// Columns of the terminal; 0 when unknown.
    pub width: usize,
    /// Whether the names of rules lead to their documentation, where the terminal can do that.
    pub hyperlinks: bool,
    /// Whether the closing summary of the text formats is left out.
    pub quiet: bool,
    /// Whether the formats for people end with figures.
    pub statistics: bool,
    /// The root of the repository; machine formats name files relative to it.
    pub root: Option<PathBuf>,
    /// How many rules could run.
    pub n_rules: usize,
    /// What tells the SARIF logs of one commit apart; empty for the tool's name.
    pub sarif_category: String,
    /// The status with which the process is going to end.
    pub exit_code: u8,
}

/// Writes an analysis. `rules` are those that [`Format::needs_all_rules`] asks for, in the catalog's order.
pub fn write(
    format: Format,
    analysis: &Analysis,
    rules: &[RuleInfo],
    out: &mut dyn Write,
    options: &Options,
) -> io::Result<()> {
    write_findings(format, analysis, rules, out, options)?;
    if options.statistics && [Format::Text, Format::Concise, Format::Narrated].contains(&format) {
        statistics::write(analysis, out)?;
    }
    Ok(())
}

fn write_findings(
    format: Format,
    analysis: &Analysis,
    rules: &[RuleInfo],
    out: &mut dyn Write,
    options: &Options,
) -> io::Result<()> {
    match format {
        Format::Text => text::write(analysis, rules, out, options),
        Format::Concise => concise::write(analysis, out),
        Format::Narrated => narrated::write(analysis, out, options),
        Format::Json => json::write(analysis, out),
        Format::Sarif => sarif::write(analysis, rules, out, options),
        Format::Github => github::write(analysis, out, options),
        Format::Gitlab => gitlab::write(analysis, out, options),
        Format::Junit => junit::write(analysis, out, options),
        Format::Checkstyle => checkstyle::write(analysis, out, options),
        Format::Rdjson => rdjson::write(analysis, out, options),
        Format::Markdown => markdown::write(analysis, out, options),
        Format::Html => html::write(analysis, rules, out, options),
    }
}

/// The findings that count: those without an exception.
fn open(analysis: &Analysis) -> impl Iterator<Item = &Diagnostic> {
    analysis.diagnostics.iter().filter(|diagnostic| diagnostic.suppressed.is_none())
}

/// The fix that a report offers: none that carries a secret from one place to another, which `--fix` does all the same.
fn offered<'d>(diagnostic: &'d Diagnostic, sources: &SourceMap) -> Option<&'d Fix> {
    let is_harmless =
        |fix: &&Fix| fix.edits.iter().all(|edit| sources.slice(edit.span) == sources.shown(edit.span));
    diagnostic.fix.as_ref().filter(is_harmless)
}

/// How many findings of each severity there are, and how many are suppressed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    /// What `--fix` would mend, and what `--unsafe-fixes` would mend besides.
    fixable: (usize, usize),
}

impl Counts {
    fn of(analysis: &Analysis) -> Self {
        let mut counts = Self::default();
        for diagnostic in &analysis.diagnostics {
            let count = match (&diagnostic.suppressed, diagnostic.severity) {
                (Some(_), _) => &mut counts.suppressed,
                (None, Severity::Error) => &mut counts.errors,
                (None, Severity::Warning) => &mut counts.warnings,
                (None, Severity::Info) => &mut counts.infos,
            };
            *count += 1;
            match diagnostic.fix.as_ref().filter(|_| diagnostic.suppressed.is_none()) {
                Some(fix) if fix.applicability == Applicability::Safe => counts.fixable.0 += 1,
                Some(_) => counts.fixable.1 += 1,
                None => {}
            }
        }
        counts
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
