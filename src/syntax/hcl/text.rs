//! Strings and heredocs: where they end, what they say, and where each byte of that is written.

use super::{Lines, Reader};
use crate::document::{Format, NodeId, NodeRef, ScalarStyle};
use crate::source::Span;
use crate::syntax::{Stop, char_span, syntax_error};

/// Where a quoted text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// In an expression: a template.
    String,
    /// Behind the type of a block: a plain text.
    Label,
}

/// Where the text of a scalar stands in its file: runs of bytes that stand there as they are, as offset in the text and
/// offset in the file. None for a scalar of another format.
pub fn runs(node: NodeRef<'_>) -> Option<Vec<(u32, u32)>> {
    let document = node.document();
    let scalar = node.scalar().filter(|_| document.format == Format::Hcl)?;
    let (start, end) = (node.span().start as usize, node.span().end as usize);
    let raw = document.text().get(start..end)?;
    let mut runs = Vec::new();
    let mut text = String::new();
    match scalar.style {
        ScalarStyle::Expression => runs.push((2, start as u32)),
        ScalarStyle::Double => {
            decode_quoted(raw.get(1..raw.len().checked_sub(1)?)?, start as u32 + 1, &mut text, &mut runs);
        }
        ScalarStyle::Literal => {
            let heredoc = Heredoc::of(raw)?;
            match heredoc.indented {
                true => unindent(heredoc.content, (start + heredoc.at) as u32, &mut text, &mut runs),
                false => runs.push((0, (start + heredoc.at) as u32)),
            }
        }
        ScalarStyle::Plain | ScalarStyle::Single | ScalarStyle::Folded => runs.push((0, start as u32)),
    }
    Some(runs)
}

/// A heredoc's parts.
struct Heredoc<'t> {
    /// From the line after the opening one to the line of the closing word.
    content: &'t str,
    /// Where the content begins.
    at: usize,
    /// Whether indentation is taken away (`<<-`).
    indented: bool,
}

impl<'t> Heredoc<'t> {
    /// The parts of a text from `<<` to the closing word.
    fn of(raw: &'t str) -> Option<Self> {
        let at = raw.find('\n')? + 1;
        let closing = raw.rfind('\n')? + 1;
        Some(Self { content: raw.get(at..closing)?, at, indented: raw.starts_with("<<-") })
    }
}

/// Resolves the escapes of a quoted text whose content stands at `start`, those within `${…}` left to the expression.
pub(super) fn decode_quoted(content: &str, start: u32, text: &mut String, runs: &mut Vec<(u32, u32)>) {
    let bytes = content.as_bytes();
    text.clear();
    runs.push((0, start));
    let (mut at, mut run) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => {
                text.push_str(&content[run..at]);
                runs.push((text.len() as u32, start + at as u32));
                let length = unescape(&content[at..], text);
                at = (at + length).min(bytes.len());
                run = at;
                runs.push((text.len() as u32, start + at as u32));
            }
            sign @ (b'$' | b'%') if bytes.get(at + 1) == Some(&sign) && bytes.get(at + 2) == Some(&b'{') => {
                at += 3
            }
            b'$' | b'%' if bytes.get(at + 1) == Some(&b'{') => at = behind_expression(bytes, at + 2),
            _ => at += 1,
        }
    }
    text.push_str(&content[run..]);
}

/// Decodes the escape that a text begins with; gives its length.
fn unescape(text: &str, into: &mut String) -> usize {
    let digits = match text.as_bytes().get(1) {
        Some(b'n') => {
            into.push('\n');
            return 2;
        }
        Some(b'r') => {
            into.push('\r');
            return 2;
        }
        Some(b't') => {
            into.push('\t');
            return 2;
        }
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => {
            let escaped = text[1..].chars().next();
            into.extend(escaped);
            return 1 + escaped.map_or(0, char::len_utf8);
        }
    };
    let code = text.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
    into.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
    2 + digits
}

/// Where the text goes on behind an expression that begins at `at`, whose syntax was checked before.
fn behind_expression(bytes: &[u8], at: usize) -> usize {
    super::closing_brace(bytes, at, bytes.len()).map_or(bytes.len(), |brace| brace + 1)
}

/// Takes from each line the blanks that all of them begin with.
fn unindent(content: &str, start: u32, text: &mut String, runs: &mut Vec<(u32, u32)>) {
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = content.split_inclusive('\n').filter(|line| !line.trim().is_empty());
    let indent = lines.map(indent_of).min().unwrap_or(0);
    text.clear();
    let mut at = start;
    for line in content.split_inclusive('\n') {
        let cut = indent.min(indent_of(line));
        runs.push((text.len() as u32, at + cut as u32));
        text.push_str(&line[cut..]);
        at += line.len() as u32;
    }
}

impl Reader<'_> {
    /// Reads a text in double quotes; says whether it stands there as it is.
    pub(super) fn quoted(&mut self, within: Within) -> Result<bool, Stop> {
        let start = self.at;
        let mut is_verbatim = true;
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let plain = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n' | b'$' | b'%'));
            self.at += plain.count();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_verbatim = false;
                    self.escape()?;
                }
                Some(b'$' | b'%') => self.interpolation(within)?,
                _ => return Err(self.quotes_not_closed(start)),
            }
        }
        self.at += 1;
        Ok(is_verbatim)
    }

    /// Reads `${…}`, `%{…}`, or a sign that begins neither.
    fn interpolation(&mut self, within: Within) -> Result<(), Stop> {
        let start = self.at;
        let sign = self.bytes[start];
        if self.bytes.get(start + 1) == Some(&sign) && self.bytes.get(start + 2) == Some(&b'{') {
            self.at += 3;
            return Ok(());
        }
        self.at += 1;
        if self.peek() != Some(b'{') {
            return Ok(());
        }
        if within == Within::Label {
            self.at = start;
            return Err(self.fail("a label must be a plain text, without `${`"));
        }
        self.enter(1)?;
        self.at += 1;
        if self.peek() == Some(b'~') {
            self.at += 1;
        }
        self.space(Lines::Skip)?;
        match sign {
            b'$' => self.expression(Lines::Skip)?,
            _ => self.directive()?,
        }
        self.space(Lines::Skip)?;
        if self.peek() == Some(b'~') {
            self.at += 1;
        }
        if self.peek() != Some(b'}') {
            return Err(match self.peek() {
                None => self.not_closed(start, "template expression"),
                _ => self.fail(format!("expected `}}` of the template, found {}", self.found())),
            });
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// What stands in `%{…}`.
    fn directive(&mut self) -> Result<(), Stop> {
        let start = self.at;
        match self.name() {
            Some("if") => {
                self.space(Lines::Skip)?;
                self.expression(Lines::Skip)
            }
            Some("for") => self.loop_head(),
            Some("else" | "endif" | "endfor") => Ok(()),
            _ => {
                self.at = start;
                Err(self.fail(format!("expected `if`, `for` or their end, found {}", self.found())))
            }
        }
    }

    /// Checks one escape sequence and goes behind it.
    fn escape(&mut self) -> Result<(), Stop> {
        let digits = match self.bytes.get(self.at + 1) {
            Some(b'n' | b'r' | b't' | b'"' | b'\\') => 0,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => {
                let next = char_span(self.file, self.text, self.at + 1);
                let span = Span::new(self.file, self.at as u32, next.end);
                let name = self.text[next.range()].escape_debug();
                let message = format!("`\\{name}` is no escape sequence of HCL");
                return Err(Box::new(syntax_error(span, message).with_help("write a backslash as `\\\\`")));
            }
        };
        let code = self.bytes.get(self.at + 2..self.at + 2 + digits);
        if !code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit)) {
            return Err(self.fail(format!("an escape of this kind needs {digits} hexadecimal digits")));
        }
        self.at += 2 + digits;
        Ok(())
    }

    /// Reads `<<WORD` and the lines up to the one that is nothing but that word.
    pub(super) fn heredoc(&mut self) -> Result<(), Stop> {
        let start = self.at;
        self.at += if self.starts_with("<<-") { 3 } else { 2 };
        let Some(word) = self.name() else {
            return Err(self.fail(format!("expected the closing word behind `<<`, found {}", self.found())));
        };
        match &self.bytes[self.at..] {
            [b'\n', ..] | [b'\r', b'\n', ..] => {}
            _ => {
                return Err(
                    self.fail(format!("expected a new line behind `<<{word}`, found {}", self.found()))
                );
            }
        }
        self.skip_line();
        loop {
            // At the start of a line.
            let line_end =
                memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |n| self.at + n);
            let line = &self.text[self.at..line_end];
            if line.trim() == word {
                self.at = line_end - (line.len() - line.trim_end().len());
                return Ok(());
            }
            if line_end == self.bytes.len() {
                self.at = start;
                return Err(self.fail(format!("the text is not closed by a line `{word}`")));
            }
            let mut is_interpolated = false;
            loop {
                let sign = memchr::memchr3(b'$', b'%', b'\n', &self.bytes[self.at..])
                    .map_or(self.bytes.len(), |n| self.at + n);
                self.at = sign;
                match self.peek() {
                    Some(b'$' | b'%') => {
                        self.interpolation(Within::String)?;
                        is_interpolated = true;
                    }
                    _ => break,
                }
            }
            if !is_interpolated {
                self.at = line_end;
            }
            self.skip_line();
        }
    }

    fn skip_line(&mut self) {
        self.at = memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |n| self.at + n + 1);
    }

    /// The node of a quoted text that was just read.
    pub(super) fn string_node(&mut self, start: usize, is_verbatim: bool) -> NodeId {
        let (from, to) = (start + 1, self.at - 1);
        if is_verbatim {
            let place = (start as u32, self.at as u32);
            return self.builder.verbatim(ScalarStyle::Double, place.0, place.1, from as u32..to as u32);
        }
        let mut text = std::mem::take(&mut self.scratch);
        decode_quoted(&self.text[from..to], from as u32, &mut text, &mut Vec::new());
        let node = self.builder.decoded(ScalarStyle::Double, start as u32, self.at as u32, &text);
        self.scratch = text;
        node
    }

    /// The node of a heredoc that was just read.
    pub(super) fn heredoc_node(&mut self, start: usize) -> NodeId {
        let (from, to) = (start as u32, self.at as u32);
        let raw = &self.text[start..self.at];
        let Some(heredoc) = Heredoc::of(raw) else {
            return self.builder.verbatim(ScalarStyle::Literal, from, to, to..to);
        };
        let at = from + heredoc.at as u32;
        if !heredoc.indented {
            let end = at + heredoc.content.len() as u32;
            return self.builder.verbatim(ScalarStyle::Literal, from, to, at..end);
        }
        let mut text = std::mem::take(&mut self.scratch);
        unindent(heredoc.content, at, &mut text, &mut Vec::new());
        let node = self.builder.decoded(ScalarStyle::Literal, from, to, &text);
        self.scratch = text;
        node
    }
}
