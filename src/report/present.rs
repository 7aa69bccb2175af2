//! A diagnostic in miette's protocol, so that any handler of miette's can show it; ours is `text`.
//!
//! miette knows one source for each diagnostic, ours point into several files: [`Excerpts`] lays the files that a
//! diagnostic names end to end. miette's own sources walk the file from its start for every label and refuse columns
//! above 65,535; ours look lines up in the index and hand out a window of a long line.

use std::fmt;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::{FileId, Source, SourceMap};

/// Lines up to this many bytes are shown whole.
const LONG_LINE: usize = 1000;
/// What is shown of a longer line around a label.
const WINDOW: usize = 400;

/// A diagnostic together with the text that it points into.
#[derive(Debug)]
pub struct Presented<'a> {
    pub(super) diagnostic: &'a Diagnostic,
    excerpts: Excerpts<'a>,
}

impl<'a> Presented<'a> {
    /// Joins a diagnostic with the sources of its analysis.
    pub fn new(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Self {
        let mut excerpts = Excerpts { files: Vec::new() };
        for label in labels(diagnostic) {
            excerpts.add(label.span.file, sources);
        }
        Self { diagnostic, excerpts }
    }

    fn labeled(&self, label: &Label) -> Option<SourceSpan> {
        let (_, source, base) = self.excerpts.files.iter().find(|(file, ..)| *file == label.span.file)?;
        Some(SourceSpan::from((base + label.span.start as usize, shown_len(source, label))))
    }
}

/// The primary label, then the related ones.
fn labels(diagnostic: &Diagnostic) -> impl Iterator<Item = &Label> {
    std::iter::once(&diagnostic.primary).chain(&diagnostic.related)
}

/// A label's length as far as it lies on its first line: the head of a long block says enough.
fn shown_len(source: &Source, label: &Label) -> usize {
    let text = source.text.get(label.span.range()).unwrap_or_default();
    text.find(['\n', '\r']).unwrap_or(text.len())
}

impl fmt::Display for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Presented<'_> {}

impl miette::Diagnostic for Presented<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.diagnostic.rule))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn url<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.url.as_ref().map(|url| Box::new(url) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpts)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let text = |label: &Label| (!label.text.is_empty()).then(|| label.text.clone());
        let primary = &self.diagnostic.primary;
        let first = self.labeled(primary).map(|span| LabeledSpan::new_primary_with_span(text(primary), span));
        let rest = self.diagnostic.related.iter().filter_map(move |label| {
            self.labeled(label).map(|span| LabeledSpan::new_with_span(text(label), span))
        });
        Some(Box::new(first.into_iter().chain(rest)))
    }
}

/// The files of one diagnostic, laid end to end.
#[derive(Debug)]
struct Excerpts<'a> {
    /// Each with the offset at which it begins here.
    files: Vec<(FileId, &'a Source, usize)>,
}

impl<'a> Excerpts<'a> {
    fn add(&mut self, file: FileId, sources: &'a SourceMap) {
        if self.files.iter().all(|(known, ..)| *known != file) {
            // One more byte between two files keeps the end of one apart from the start of the next.
            let base = self.files.last().map_or(0, |(_, source, base)| base + source.text.len() + 1);
            self.files.push((file, sources.get(file), base));
        }
    }
}

impl SourceCode for Excerpts<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let file = self.files.iter().rev().find(|(.., base)| *base <= span.offset());
        let (_, source, base) = file.ok_or(MietteError::OutOfBounds)?;
        let (start, end) = (span.offset() - base, span.offset() - base + span.len());
        if end > source.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let lines = source.lines();
        let line = lines.line(start as u32);
        let first = line.saturating_sub(lines_before as u32).max(1);
        let last = (lines.line(end as u32) + lines_after as u32).min(lines.n_lines());
        let range = lines.line_range(&source.text, first).start..lines.line_range(&source.text, last).end;
        let range = if range.len() > LONG_LINE * (last - first + 1) as usize {
            window(source, line, start, end)
        } else {
            range
        };
        // A byte order mark takes no column and must not be seen.
        let bom =
            if range.start == 0 && source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let range = range.start + bom..range.end.max(bom);
        let shown = source.position(range.start as u32);
        Ok(Box::new(MietteSpanContents::new_named(
            source.path.clone(),
            &source.shown().as_bytes()[range.clone()],
            SourceSpan::from((base + range.start, range.len())),
            shown.line as usize - 1,
            shown.column as usize - 1,
            (last - first + 1) as usize,
        )))
    }
}

/// What is shown of a line that is too long.
fn window(source: &Source, line: u32, start: usize, end: usize) -> std::ops::Range<usize> {
    let text = &source.text;
    let whole = source.lines().line_range(text, line);
    let from = start.saturating_sub(WINDOW / 2).max(whole.start);
    let to = end.min(start + WINDOW).saturating_add(WINDOW / 2).min(whole.end);
    text.floor_char_boundary(from)..text.ceil_char_boundary(to)
}
