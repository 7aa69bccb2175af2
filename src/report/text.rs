//! For people: what is wrong, the code with every place that matters marked, and what to do.
//!
//! The frame is that of rustc, because everybody has read it before. Places in other files stand in the same frame.

use std::io::{self, Write};

use miette::{Diagnostic as _, LabeledSpan, SourceCode, SourceSpan};
use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthChar;

use super::neutral::{begins_command, is_harmful, neutral, visible};
use super::{Counts, Options, Presented, RuleInfo, counted, open};
use crate::diagnostic::{Applicability, Severity};
use crate::engine::Analysis;

/// The width when nothing says how wide the terminal is.
const DEFAULT_WIDTH: usize = 80;
/// Narrower frames show nothing.
const LEAST_WIDTH: usize = 40;
/// Spaces that a tab takes.
const TAB: usize = 4;

pub(super) fn write(
    analysis: &Analysis,
    rules: &[RuleInfo],
    out: &mut dyn Write,
    options: &Options,
) -> io::Result<()> {
    let styles = Styles::new(options.color);
    let width = if options.width == 0 { DEFAULT_WIDTH } else { options.width.max(LEAST_WIDTH) };
    for diagnostic in open(analysis) {
        let presented = Presented::new(diagnostic, &analysis.sources);
        Frame { presented: &presented, styles: &styles, width, hyperlinks: options.hyperlinks }.write(out)?;
        writeln!(out)?;
    }
    if !options.quiet {
        write_summary(analysis, rules, out, options, &styles)?;
    }
    Ok(())
}

/// One closing line, and where to learn more.
fn write_summary(
    analysis: &Analysis,
    rules: &[RuleInfo],
    out: &mut dyn Write,
    options: &Options,
    styles: &Styles,
) -> io::Result<()> {
    let counts = Counts::of(analysis);
    let files = counted(analysis.stats.files, "file");
    let mut found = Vec::new();
    for (n, noun, style) in [
        (counts.errors, "error", styles.error),
        (counts.warnings, "warning", styles.warning),
        (counts.infos, "info", styles.info),
    ] {
        if n > 0 {
            found.push(counted(n, noun).style(style).to_string());
        }
    }
    let suppressed = match counts.suppressed {
        0 => String::new(),
        n => format!(" ({n} suppressed)"),
    };
    if found.is_empty() {
        let n_rules = counted(options.n_rules, "rule");
        return writeln!(
            out,
            "{}: {files} checked with {n_rules}{suppressed}",
            "no findings".style(styles.good)
        );
    }
    writeln!(out, "{}{suppressed}; {files} checked", found.join(", "))?;
    let fixable = match counts.fixable {
        (0, 0) => None,
        (safe, 0) => Some(format!("[*] {safe} fixable with --fix")),
        (0, more) => Some(format!("{more} fixable with --fix --unsafe-fixes")),
        (safe, more) => Some(format!("[*] {safe} fixable with --fix, {more} more with --unsafe-fixes")),
    };
    if let Some(fixable) = fixable {
        writeln!(out, "{fixable}")?;
    }
    let explained = |rule: &str| rules.iter().any(|info| info.name == rule && !info.explanation.is_empty());
    if let Some(diagnostic) = open(analysis).find(|diagnostic| explained(&diagnostic.rule)) {
        writeln!(out, "why? grpc-guard explain {}", diagnostic.rule)?;
    }
    Ok(())
}

/// The colours, all empty when colour is off.
pub(super) struct Styles {
    pub(super) error: Style,
    pub(super) warning: Style,
    pub(super) info: Style,
    pub(super) good: Style,
    pub(super) strong: Style,
    pub(super) frame: Style,
}

impl Styles {
    pub(super) fn new(color: bool) -> Self {
        let bold = || if color { Style::new().bold() } else { Style::new() };
        let pick = |style: fn(Style) -> Style| if color { style(bold()) } else { Style::new() };
        Self {
            error: pick(Style::red),
            warning: pick(Style::yellow),
            info: pick(Style::cyan),
            good: pick(Style::green),
            strong: bold(),
            frame: pick(Style::blue),
        }
    }

    pub(super) fn of(&self, severity: Severity) -> Style {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Info => self.info,
        }
    }
}

/// One diagnostic being drawn.
struct Frame<'f> {
    presented: &'f Presented<'f>,
    styles: &'f Styles,
    width: usize,
    hyperlinks: bool,
}

/// A label with the line that it stands on.
struct Mark<'f> {
    path: String,
    /// 1-based.
    line: usize,
    /// 1-based column of the label's first character.
    column: usize,
    /// The line, or a window of a long one.
    text: &'f str,
    /// Whether the window begins inside the line.
    cut: bool,
    /// Byte offset of the label in the text.
    start: usize,
    /// Bytes under the label.
    len: usize,
    primary: bool,
    words: String,
    span: SourceSpan,
}

impl Frame<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let diagnostic = self.presented.diagnostic;
        let severity = self.styles.of(diagnostic.severity);
        let url = diagnostic.url.as_deref().filter(|_| self.hyperlinks);
        let rule = linked(&neutral(&diagnostic.rule), url);
        let head = format!("{}[{rule}]", diagnostic.severity.as_str());
        let message = format!(": {}", neutral(&diagnostic.message));
        writeln!(out, "{}{}", head.style(severity), message.style(self.styles.strong))?;

        let marks = self.marks();
        let gutter = marks.iter().map(|mark| mark.line.to_string().len()).max().unwrap_or(1);
        let bar = "|".style(self.styles.frame).to_string();
        let pad = " ".repeat(gutter);
        let mut paths: Vec<&str> = Vec::new();
        for mark in &marks {
            if !paths.contains(&mark.path.as_str()) {
                paths.push(&mark.path);
            }
        }
        for (idx, path) in paths.iter().enumerate() {
            let mut here: Vec<&Mark> = marks.iter().filter(|mark| mark.path == *path).collect();
            let first = here[0];
            if first.text.is_empty() && first.line == 1 {
                writeln!(out, "{pad}{} {}", "-->".style(self.styles.frame), neutral(path))?;
                continue;
            }
            let arrow = if idx == 0 { "-->" } else { ":::" };
            let place = format!("{}:{}:{}", neutral(path), first.line, first.column);
            let within = match &diagnostic.resource {
                Some(resource) if idx == 0 => {
                    let more = match diagnostic.other_resources.len() {
                        0 => String::new(),
                        n => format!(" and {n} more"),
                    };
                    format!(" in {}{more}", neutral(resource))
                }
                _ => String::new(),
            };
            writeln!(out, "{pad}{} {place}{within}", arrow.style(self.styles.frame))?;
            writeln!(out, "{pad} {bar}")?;
            here.sort_by_key(|mark| (mark.line, !mark.primary, mark.start));
            self.write_lines(out, &here, gutter)?;
            writeln!(out, "{pad} {bar}")?;
        }
        let equals = "=".style(self.styles.frame).to_string();
        let fix = diagnostic.fix.as_ref().map(|fix| match fix.applicability {
            Applicability::Safe => format!("[*] {}", fix.title),
            Applicability::Unsafe => format!("{} (unsafe)", fix.title),
        });
        // A fix that does what the help says needs no help in front of it.
        let is_said = diagnostic.fix.as_ref().is_some_and(|fix| diagnostic.help.as_ref() == Some(&fix.title));
        let help = diagnostic.help.as_ref().filter(|_| !is_said);
        for (word, text) in [("help", help), ("fix", fix.as_ref()), ("docs", diagnostic.url.as_ref())] {
            if let Some(text) = text {
                let word = format!("{word}:");
                writeln!(out, "{pad} {equals} {} {}", word.style(self.styles.strong), neutral(text))?;
            }
        }
        Ok(())
    }

    /// The labels in the order in which they were given, the primary one first.
    fn marks(&self) -> Vec<Mark<'_>> {
        let mut marks: Vec<Mark> = Vec::new();
        let source = self.presented.source_code();
        for label in self.presented.labels().into_iter().flatten() {
            let Some(mark) = source.and_then(|source| mark(source, &label)) else { continue };
            // Two labels at one place are one.
            match marks.iter_mut().find(|known| known.span == mark.span) {
                Some(known) if known.words.is_empty() => known.words = mark.words,
                Some(_) if mark.words.is_empty() => {}
                _ => marks.push(mark),
            }
        }
        marks
    }

    /// The marked lines of one file, in order.
    fn write_lines(&self, out: &mut dyn Write, marks: &[&Mark], gutter: usize) -> io::Result<()> {
        let bar = "|".style(self.styles.frame).to_string();
        let room = self.width.saturating_sub(gutter + 3);
        let number = |line: usize| format!("{line:>gutter$}").style(self.styles.frame).to_string();
        let mut last: Option<usize> = None;
        let mut shown = String::new();
        for mark in marks {
            let drawn = Drawn::new(mark, room);
            // Of a long line, a second label may need another part.
            if last != Some(mark.line) || drawn.text != shown {
                match last {
                    Some(last) if mark.line == last + 2 => {
                        if let Some(text) = self.line_before(mark) {
                            let between = Drawn::plain(&text, room);
                            writeln!(out, "{} {bar} {between}", number(last + 1))?;
                        }
                    }
                    Some(last) if mark.line > last + 2 => {
                        writeln!(out, "{}", "...".style(self.styles.frame))?;
                    }
                    _ => {}
                }
                let gap = if drawn.text.is_empty() { "" } else { " " };
                writeln!(out, "{} {bar}{gap}{}", number(mark.line), drawn.text)?;
            }
            last = Some(mark.line);
            shown = drawn.text;
            let style = match mark.primary {
                true => self.styles.of(self.presented.diagnostic.severity),
                false => self.styles.frame,
            };
            let sign = if mark.primary { "^" } else { "-" };
            let mut under = sign.repeat(drawn.len);
            if !mark.words.is_empty() {
                under.push(' ');
                under.push_str(&neutral(&mark.words));
            }
            let indent = " ".repeat(drawn.at);
            writeln!(out, "{:gutter$} {bar} {indent}{}", "", under.style(style))?;
        }
        Ok(())
    }

    /// The one line between two marked ones.
    fn line_before(&self, mark: &Mark) -> Option<String> {
        let contents = self.presented.source_code()?.read_span(&mark.span, 1, 0).ok()?;
        if contents.line_count() != 2 || contents.column() != 0 {
            return None;
        }
        let text = std::str::from_utf8(contents.data()).ok()?;
        Some(text.lines().next()?.to_string())
    }
}

/// A text that leads to an address, in the escape sequence that terminals have for it.
fn linked(text: &str, url: Option<&str>) -> String {
    let is_plain =
        |url: &&str| url.starts_with("https://") && url.bytes().all(|byte| byte.is_ascii_graphic());
    match url.filter(is_plain) {
        Some(url) => format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
        None => text.to_string(),
    }
}

fn mark<'f>(source: &'f dyn SourceCode, label: &LabeledSpan) -> Option<Mark<'f>> {
    let contents = source.read_span(label.inner(), 0, 0).ok()?;
    let text = std::str::from_utf8(contents.data()).ok()?;
    let start = label.offset().saturating_sub(contents.span().offset());
    Some(Mark {
        path: contents.name().unwrap_or_default().to_string(),
        line: contents.line() + 1,
        column: contents.column() + text.get(..start)?.chars().count() + 1,
        cut: contents.column() > 0,
        start,
        len: label.len().min(text.len() - start),
        text,
        primary: label.primary(),
        words: label.label().unwrap_or_default().to_string(),
        span: *label.inner(),
    })
}

/// A line as it is shown, and where the label lies under it, in columns.
struct Drawn {
    text: String,
    at: usize,
    len: usize,
}

impl Drawn {
    fn new(mark: &Mark, room: usize) -> Self {
        let cells = cells(mark.text);
        let column = |offset: usize| -> usize {
            cells.iter().take_while(|cell| cell.offset < offset).map(|cell| cell.width).sum()
        };
        let (start, end) = (column(mark.start), column(mark.start + mark.len));
        let total: usize = cells.iter().map(|cell| cell.width).sum();
        let len = (end - start).clamp(1, room.saturating_sub(4).max(1));
        if total <= room && !mark.cut {
            return Self { text: show(&cells, 0, total), at: start, len };
        }
        // A third of the room goes to what stands before a label that would not fit otherwise.
        let from = match start + len < room && !mark.cut {
            true => 0,
            false => start.saturating_sub(room / 3).min((total + 1).saturating_sub(room)),
        };
        let before = if from > 0 || mark.cut { "…" } else { "" };
        let room = room - before.chars().count();
        let (to, behind) = if total - from <= room { (total, "") } else { (from + room - 1, "…") };
        let shown = show(&cells, from, to);
        let at = start - from + before.chars().count();
        Self {
            text: format!("{before}{shown}{behind}"),
            at,
            len: len.min((to - from).saturating_sub(start - from)).max(1),
        }
    }

    /// A line without a label.
    fn plain(text: &str, room: usize) -> String {
        let cells = cells(text);
        let total: usize = cells.iter().map(|cell| cell.width).sum();
        if total <= room { show(&cells, 0, total) } else { show(&cells, 0, room - 1) + "…" }
    }
}

/// One character as it is shown.
struct Cell {
    offset: usize,
    shown: char,
    width: usize,
}

fn cells(text: &str) -> Vec<Cell> {
    let before = std::iter::once(' ').chain(text.chars());
    text.char_indices()
        .zip(before)
        .map(|((offset, c), before)| match c {
            '\t' => Cell { offset, shown: '\t', width: TAB },
            c if is_harmful(c) || begins_command(before, c) => Cell { offset, shown: visible(c), width: 1 },
            c => Cell { offset, shown: c, width: c.width().unwrap_or(0) },
        })
        .collect()
}

/// The cells that lie whole between two columns.
fn show(cells: &[Cell], from: usize, to: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for cell in cells {
        if column >= from && column + cell.width <= to {
            match cell.shown {
                '\t' => text.push_str(&" ".repeat(TAB)),
                shown => text.push(shown),
            }
        }
        column += cell.width;
    }
    text.trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, Label};
    use crate::source::{Source, SourceMap, Span};

    /// The place of the `n`th occurrence of `words`.
    fn span(sources: &SourceMap, file: u32, words: &str, n: usize) -> Span {
        let file = crate::source::FileId(file);
        let (at, _) = sources.get(file).text.match_indices(words).nth(n).expect("the words are in the text");
        Span::new(file, at as u32, (at + words.len()) as u32)
    }

    fn check(diagnostic: Diagnostic, sources: SourceMap, width: usize, expected: &str) {
        let analysis = Analysis { sources, diagnostics: vec![diagnostic], ..Analysis::default() };
        let mut out = Vec::new();
        let options = Options { width, quiet: true, ..Options::default() };
        write(&analysis, &[], &mut out, &options).expect("writing to memory works");
        similar_asserts::assert_eq!(
            String::from_utf8(out).expect("UTF-8").trim_end(),
            expected.trim_matches('\n')
        );
    }

    #[test]
    fn labels_of_two_files_share_one_frame() {
        let mut sources = SourceMap::default();
        sources.add(Source::new("lb.yaml", "a: 1\nProtocol: HTTP\nPort: 80\nVersion: GRPC\n\n\nx: y\n"));
        sources.add(Source::new("svc.yaml", "ports:\n\t- name: grpc\n"));
        let diagnostic =
            Diagnostic::new("a-rule", Severity::Error, span(&sources, 0, "HTTP", 0), "it is wrong")
                .with_label("this is HTTP")
                .with_related(Label::new(span(&sources, 1, "grpc", 0), "this is gRPC"))
                .with_related(Label::new(span(&sources, 0, "GRPC", 0), "so is this"))
                .with_related(Label::new(span(&sources, 0, "y", 0), ""))
                .with_resource("Listener")
                .with_help("make it right");
        check(
            diagnostic,
            sources,
            80,
            "
error[a-rule]: it is wrong
 --> lb.yaml:2:11 in Listener
  |
2 | Protocol: HTTP
  |           ^^^^ this is HTTP
3 | Port: 80
4 | Version: GRPC
  |          ---- so is this
...
7 | x: y
  |    -
  |
 ::: svc.yaml:2:10
  |
2 |     - name: grpc
  |             ---- this is gRPC
  |
  = help: make it right
",
        );
    }

    #[test]
    fn links_lead_only_to_addresses() {
        assert_eq!(linked("a-rule", None), "a-rule");
        assert_eq!(linked("a-rule", Some("file:///etc/passwd")), "a-rule");
        assert_eq!(linked("a-rule", Some("https://a\u{1b}]0;x")), "a-rule");
        let link = "\u{1b}]8;;https://a.example/b\u{1b}\\a-rule\u{1b}]8;;\u{1b}\\";
        assert_eq!(linked("a-rule", Some("https://a.example/b")), link);
    }

    #[test]
    fn a_megabyte_in_one_line_is_shown_around_the_label() {
        let mut sources = SourceMap::default();
        let text =
            format!("{{{}\"Protocol\":\"HTTP\"{}}}", "\"é\":1,".repeat(100_000), ",\"b\":2".repeat(100_000));
        sources.add(Source::new("plan.json", text));
        let at = span(&sources, 0, "\"HTTP\"", 0);
        let diagnostic = Diagnostic::new("a-rule", Severity::Warning, at, "it is wrong").with_label("here");
        check(
            diagnostic,
            sources,
            60,
            "
warning[a-rule]: it is wrong
 --> plan.json:1:600013
  |
1 | …,\"é\":1,\"Protocol\":\"HTTP\",\"b\":2,\"b\":2,\"b\":2,\"b\":2,\"b\":2…
  |                    ^^^^^^ here
  |
",
        );
    }

    #[test]
    fn wide_and_harmful_characters_keep_the_marks_in_place() {
        let mut sources = SourceMap::default();
        sources.add(Source::new("a.yaml", "\u{feff}名: \u{1b}[31m \u{202e}x HTTP\r\n"));
        let at = span(&sources, 0, "HTTP", 0);
        let diagnostic = Diagnostic::new("a-rule", Severity::Info, at, "a\u{1b}[0m\nb");
        check(
            diagnostic,
            sources,
            80,
            "
info[a-rule]: a␛[0m␊b
 --> a.yaml:1:13
  |
1 | 名: ␛[31m \u{fffd}x HTTP
  |              ^^^^
  |
",
        );
    }

    #[test]
    fn a_file_without_text_has_no_frame() {
        let mut sources = SourceMap::default();
        let file = sources.add(Source::new("missing.yaml", ""));
        let diagnostic = Diagnostic::new("unreadable-file", Severity::Error, Span::new(file, 0, 0), "gone");
        check(diagnostic, sources, 80, "error[unreadable-file]: gone\n --> missing.yaml");
    }

    #[test]
    fn the_end_of_a_file_can_be_marked() {
        let mut sources = SourceMap::default();
        let file = sources.add(Source::new("a.yaml", "a: [\n"));
        let diagnostic =
            Diagnostic::new("syntax-error", Severity::Error, Span::new(file, 5, 5), "`]` is missing");
        check(
            diagnostic,
            sources,
            80,
            "
error[syntax-error]: `]` is missing
 --> a.yaml:2:1
  |
2 |
  | ^
  |
",
        );
    }
}
