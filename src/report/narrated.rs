//! For screen readers and braille: sentences instead of frames, in the order in which somebody would ask.

use std::io::{self, Write};

use super::location::Location;
use super::neutral::neutral;
use super::{Counts, Options, counted, open};
use crate::diagnostic::{Diagnostic, Label};
use crate::engine::Analysis;
use crate::source::SourceMap;

/// At most this many characters of a line are read out.
const MAX_LINE: usize = 200;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let n = open(analysis).count();
    for (idx, found) in open(analysis).enumerate() {
        write_finding(found, &analysis.sources, out, idx + 1, n)?;
    }
    if options.quiet {
        return Ok(());
    }
    let Counts { errors, warnings, infos, suppressed, .. } = Counts::of(analysis);
    let files = counted(analysis.stats.files, "file");
    write!(out, "Checked {files}: ")?;
    write!(
        out,
        "{}, {}, {}",
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(infos, "info")
    )?;
    if suppressed > 0 {
        write!(out, ", and {suppressed} with an exception")?;
    }
    writeln!(out, ".")
}

fn write_finding(
    found: &Diagnostic,
    sources: &SourceMap,
    out: &mut dyn Write,
    number: usize,
    n: usize,
) -> io::Result<()> {
    let severity = found.severity.as_str();
    writeln!(out, "Finding {number} of {n}, {severity}: {}.", neutral(&found.message))?;
    writeln!(out, "Rule: {}.", neutral(&found.rule))?;
    if let Some(resource) = &found.resource {
        writeln!(out, "Resource: {}.", neutral(resource))?;
    }
    write_place("At", &found.primary, sources, out)?;
    for related in &found.related {
        write_place("See also", related, sources, out)?;
    }
    if let Some(help) = &found.help {
        writeln!(out, "Help: {}.", neutral(help).trim_end_matches('.'))?;
    }
    if let Some(url) = &found.url {
        writeln!(out, "Documentation: {}", neutral(url))?;
    }
    writeln!(out)
}

fn write_place(word: &str, label: &Label, sources: &SourceMap, out: &mut dyn Write) -> io::Result<()> {
    let Location { path, start, .. } = Location::of(sources, label.span);
    let source = sources.get(label.span.file);
    if source.text.is_empty() {
        return writeln!(out, "{word}: {}.", neutral(path));
    }
    write!(out, "{word}: {}, line {}, column {}", neutral(path), start.line, start.column)?;
    let words = neutral(&label.text);
    if !words.is_empty() {
        write!(out, ", {words}")?;
    }
    let line = &source.shown()[source.lines().line_range(&source.text, start.line)];
    let skipped = (start.column as usize).saturating_sub(MAX_LINE / 2);
    let skipped = if line.chars().nth(MAX_LINE).is_some() { skipped } else { 0 };
    let shown: String = line.trim_start_matches('\u{feff}').chars().skip(skipped).take(MAX_LINE).collect();
    writeln!(out, ". The line reads: {}", neutral(shown.trim()))
}
