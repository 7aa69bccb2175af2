//! The code that a finding is about: the lines of its labels with a little around them, everything that matters marked.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::{escaped, prose};
use crate::diagnostic::{Diagnostic, Label};
use crate::source::{FileId, Source, SourceMap};

/// Lines shown above and below a marked one.
const AROUND: u32 = 2;
/// Of a line, at most so many bytes before a label and behind it.
const BEFORE: usize = 120;
const BEHIND: usize = 240;

/// The excerpts of all files that a finding points into, that of the finding itself first.
pub(super) fn write(out: &mut dyn Write, found: &Diagnostic, sources: &SourceMap) -> io::Result<()> {
    let labels: Vec<(&Label, bool)> = std::iter::once((&found.primary, true))
        .chain(found.related.iter().map(|label| (label, false)))
        .collect();
    let mut files: Vec<FileId> = Vec::new();
    for (label, _) in &labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    for (idx, file) in files.iter().enumerate() {
        let source = sources.get(*file);
        if source.shown().is_empty() {
            continue;
        }
        let here: Vec<Mark> = labels
            .iter()
            .filter(|(label, _)| label.span.file == *file)
            .map(|(label, is_first)| mark(source, label, *is_first))
            .collect();
        writeln!(out, "<figure class=\"excerpt\">")?;
        if idx > 0 {
            writeln!(out, "<figcaption>{}</figcaption>", escaped(&source.path))?;
        }
        let name = escaped(&source.path);
        write!(out, "<pre class=\"code\" tabindex=\"0\" aria-label=\"{name}\"><code>")?;
        lines(out, source, &here)?;
        writeln!(out, "</code></pre>\n</figure>")?;
    }
    Ok(())
}

/// A label on the line where it begins.
struct Mark<'a> {
    line: u32,
    /// Bytes of the file, no further than the end of the line.
    start: usize,
    end: usize,
    words: &'a str,
    is_first: bool,
}

fn mark<'a>(source: &Source, label: &'a Label, is_first: bool) -> Mark<'a> {
    let line = source.lines().line(label.span.start);
    let range = source.lines().line_range(source.shown(), line);
    let start = (label.span.start as usize).clamp(range.start, range.end);
    let end = (label.span.end as usize).clamp(start, range.end);
    Mark { line, start, end, words: &label.text, is_first }
}

fn lines(out: &mut dyn Write, source: &Source, marks: &[Mark<'_>]) -> io::Result<()> {
    let n_lines = source.lines().n_lines();
    let mut wanted: BTreeSet<u32> = BTreeSet::new();
    for mark in marks {
        wanted.extend(mark.line.saturating_sub(AROUND).max(1)..=(mark.line + AROUND).min(n_lines));
    }
    let mut last: Option<u32> = None;
    for line in wanted {
        let here: Vec<&Mark> = marks.iter().filter(|mark| mark.line == line).collect();
        // The line behind the last line end is none.
        if here.is_empty() && line == n_lines && source.line_text(line).is_empty() {
            continue;
        }
        match last {
            // One line left out would take the place of one shown.
            Some(before) if line == before + 2 => row(out, source, before + 1, &[])?,
            Some(before) if line > before + 2 => {
                write!(out, "<span class=\"row gap\" aria-hidden=\"true\">⋯</span>")?;
            }
            _ => {}
        }
        row(out, source, line, &here)?;
        last = Some(line);
    }
    Ok(())
}

fn row(out: &mut dyn Write, source: &Source, line: u32, marks: &[&Mark<'_>]) -> io::Result<()> {
    let class = match marks {
        [] => "row",
        marks if marks.iter().any(|mark| mark.is_first) => "row hit first",
        _ => "row hit",
    };
    write!(out, "<span class=\"{class}\"><span class=\"no\" aria-hidden=\"true\">{line}</span>")?;
    let range = source.lines().line_range(source.shown(), line);
    // A byte order mark takes no column and must not be seen.
    let bom =
        if range.start == 0 && source.shown().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let whole = range.start + bom..range.end.max(range.start + bom);
    let first = marks.iter().map(|mark| mark.start).min().unwrap_or(whole.start);
    let last = marks.iter().map(|mark| mark.end).max().unwrap_or(whole.start).min(first + BEHIND);
    let from = source.shown().floor_char_boundary(first.saturating_sub(BEFORE).max(whole.start));
    let to = source.shown().ceil_char_boundary((last + BEHIND).min(whole.end)).max(from);
    let dots = |is_cut: bool| if is_cut { "…" } else { "" };
    write!(out, "{}", dots(from > whole.start))?;
    let mut sorted: Vec<&&Mark> = marks.iter().filter(|mark| mark.start < mark.end).collect();
    sorted.sort_by_key(|mark| (mark.start, !mark.is_first));
    let mut at = from;
    for mark in sorted {
        // Of labels that overlap, the words of each are still shown.
        if mark.start < at || mark.start >= to {
            continue;
        }
        let end = mark.end.min(to);
        let class = if mark.is_first { " class=\"first\"" } else { "" };
        write!(
            out,
            "{}<mark{class}>{}</mark>",
            tabbed(&source.shown()[at..mark.start]),
            tabbed(&source.shown()[mark.start..end])
        )?;
        at = end;
    }
    write!(out, "{}{}", tabbed(source.shown()[at..to].trim_end_matches(['\r', '\n'])), dots(to < whole.end))?;
    for words in marks.iter().map(|mark| mark.words).filter(|words| !words.is_empty()) {
        write!(out, "<span class=\"note\">{}</span>", prose(words))?;
    }
    write!(out, "</span>")
}

/// Code as text, a tab as four spaces.
fn tabbed(text: &str) -> String {
    escaped(&text.replace('\t', "    "))
}
