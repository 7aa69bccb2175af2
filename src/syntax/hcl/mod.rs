//! HCL, the native syntax of Terraform, to the document that the same configuration gives in JSON.
//!
//! Terraform defines its two syntaxes as spellings of one structure. Blocks become mappings by type and label, repeated
//! ones a sequence; a block's body carries its type as its tag. What is literal stays what it is, strings keep `${…}`,
//! every other expression becomes the text `${expression}`: what it means is for a dialect to say. Written by hand
//! because comments with their places and repeated keys of objects are needed, which `hcl-edit` does not give. What an argument
//! is that stands twice is not said: Terraform itself refuses it, and its first versions took it for a list.

mod blocks;
mod braces;
mod expression;
mod problem;
mod text;

pub use braces::{closing_brace, heredoc_length};
pub use text::runs;

use std::sync::Arc;

use super::{MAX_DEPTH, MAX_NODES, Stop, limit_reached, template, tree};
use crate::diagnostic::Diagnostic;
use crate::document::{Comment, Document, DocumentBuilder, Format, NodeId, ScalarStyle};
use crate::source::{FileId, Span};
use blocks::{Blocks, Label};

/// Reads a file; it has one root, or none and one diagnostic that says why.
pub(super) fn read(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    let builder = DocumentBuilder::new(file, Format::Hcl, Arc::clone(text));
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader {
        file,
        text,
        bytes: text.as_bytes(),
        at: start,
        depth: 0,
        commented: start,
        builder,
        scratch: String::new(),
    };
    let root = reader.body(None).and_then(|body| {
        let end = text.len() as u32;
        reader.mapping_of(body, start as u32, end)
    });
    let mut diagnostics = Vec::new();
    match root {
        Ok(root) => reader.builder.root(root),
        Err(problem) => {
            let at = problem.primary.span.start as usize;
            diagnostics.push(template::note(file, text, 0..text.len(), at).unwrap_or(*problem));
        }
    }
    (reader.builder.finish(), diagnostics)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// How many brackets, blocks and labels are open.
    depth: usize,
    /// Where the last comment ended.
    commented: usize,
    builder: DocumentBuilder,
    /// Reused for decoded strings.
    scratch: String,
}

/// Whether line breaks are white space here, as they are within brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// A line break ends what is read.
    End,
    /// They are skipped.
    Skip,
}

impl<'t> Reader<'t> {
    /// Reads arguments and blocks up to the end of the file, or to the brace that closes the one opened at `opened`.
    fn body(&mut self, opened: Option<usize>) -> Result<Blocks<'t>, Stop> {
        let mut body = Blocks::default();
        loop {
            self.space(Lines::Skip)?;
            match self.peek() {
                None => match opened {
                    Some(opened) => return Err(self.not_closed(opened, "block")),
                    None => return Ok(body),
                },
                Some(b'}') if opened.is_some() => {
                    self.at += 1;
                    return Ok(body);
                }
                _ => {}
            }
            let start = self.at;
            let Some(name) = self.name() else { return Err(self.not_an_argument()) };
            self.space(Lines::End)?;
            if self.peek() == Some(b'=') && self.bytes.get(self.at + 1) != Some(&b'=') {
                let key = self.verbatim(start, start + name.len())?;
                self.at += 1;
                self.space(Lines::End)?;
                let value = self.node(Lines::End)?;
                body.argument(key, value);
            } else {
                self.block(&mut body, name, start)?;
            }
            self.end_of_line(opened.is_some())?;
        }
    }

    /// Reads labels and body of a block whose type was read.
    fn block(&mut self, into: &mut Blocks<'t>, name: &'t str, start: usize) -> Result<(), Stop> {
        let end = (start + name.len()) as u32;
        let mut labels = vec![Label { name: name.into(), start: start as u32, end }];
        loop {
            self.space(Lines::End)?;
            match self.peek() {
                Some(b'{') => break,
                Some(b'"') => {
                    let from = self.at;
                    let is_verbatim = self.quoted(text::Within::Label)?;
                    let content = &self.text[from + 1..self.at - 1];
                    let name = if is_verbatim {
                        content.into()
                    } else {
                        text::decode_quoted(content, 0, &mut self.scratch, &mut Vec::new());
                        std::mem::take(&mut self.scratch).into()
                    };
                    labels.push(Label { name, start: from as u32, end: self.at as u32 });
                }
                _ => {
                    let from = self.at;
                    let Some(name) = self.name() else { return Err(self.neither_argument_nor_block(start)) };
                    labels.push(Label { name: name.into(), start: from as u32, end: self.at as u32 });
                }
            }
        }
        let opened = self.at;
        self.enter(labels.len())?;
        self.at += 1;
        let body = self.body(Some(opened))?;
        self.depth -= labels.len();
        let node = self.mapping_of(body, opened as u32, self.at as u32)?;
        self.builder.tag(node, start as u32, end);
        into.block(labels, node, (opened as u32, self.at as u32));
        Ok(())
    }

    /// What stands behind an argument or a block: a line break, or the end of what is around it.
    fn end_of_line(&mut self, is_inside: bool) -> Result<(), Stop> {
        self.space(Lines::End)?;
        match self.peek() {
            None | Some(b'\n' | b'\r') => Ok(()),
            Some(b'}') if is_inside => Ok(()),
            _ => Err(self.fail(format!("expected a new line, found {}", self.found()))),
        }
    }

    /// The mapping that a body is.
    fn mapping_of(&mut self, body: Blocks<'t>, start: u32, end: u32) -> Result<NodeId, Stop> {
        let entries = body.entries(&mut self.builder);
        self.counted(start)?;
        Ok(self.builder.mapping(start, end, &entries))
    }

    /// Opens `levels` of nesting.
    fn enter(&mut self, levels: usize) -> Result<(), Stop> {
        self.depth += levels;
        if self.depth > MAX_DEPTH {
            let at = self.at as u32;
            return Err(Box::new(tree::too_deep(Span::new(self.file, at, at))));
        }
        Ok(())
    }

    /// Refuses files of more values than are read.
    fn counted(&self, start: u32) -> Result<(), Stop> {
        if self.builder.so_far().n_nodes() > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values");
            return Err(Box::new(limit_reached(Span::new(self.file, start, start), message)));
        }
        Ok(())
    }

    fn verbatim(&mut self, start: usize, end: usize) -> Result<NodeId, Stop> {
        self.counted(start as u32)?;
        let (start, end) = (start as u32, end as u32);
        Ok(self.builder.verbatim(ScalarStyle::Plain, start, end, start..end))
    }

    /// Skips blanks and comments, and line breaks where they are nothing more.
    fn space(&mut self, lines: Lines) -> Result<(), Stop> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\n') if lines == Lines::Skip => self.at += 1,
                Some(b'\r') if lines == Lines::Skip && self.bytes.get(self.at + 1) == Some(&b'\n') => {
                    self.at += 2
                }
                Some(b'#') => self.line_comment(),
                Some(b'/') => match self.bytes.get(self.at + 1) {
                    Some(b'/') => self.line_comment(),
                    Some(b'*') => {
                        let rest = &self.bytes[self.at + 2..];
                        let Some(length) = memchr::memmem::find(rest, b"*/") else {
                            return Err(self.fail("the comment is not closed"));
                        };
                        self.comment(self.at + 2 + length + 2);
                    }
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let carriage = usize::from(length > 0 && rest[length - 1] == b'\r');
        self.comment(self.at + length - carriage);
    }

    /// Keeps a comment that ends at `end`, and goes there.
    fn comment(&mut self, end: usize) {
        // What stands behind a word may be skipped once more by whoever asks for what follows.
        if self.at >= self.commented {
            let before = self.bytes[self.commented..self.at].iter().rev();
            let mut blank = before.take_while(|byte| **byte != b'\n');
            let alone = blank.all(|byte| matches!(byte, b' ' | b'\t'));
            let span = Span::new(self.file, self.at as u32, end as u32);
            self.builder.comment(Comment { span, alone });
            self.commented = end;
        }
        self.at = end;
    }

    /// Reads an identifier when one is next.
    fn name(&mut self) -> Option<&'t str> {
        let rest = &self.text[self.at..];
        let is_first = |c: char| c.is_alphabetic() || c == '_';
        let is_next = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        if !rest.starts_with(is_first) {
            return None;
        }
        let length = rest.find(|c| !is_next(c)).unwrap_or(rest.len());
        self.at += length;
        Some(&rest[..length])
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn starts_with(&self, token: &str) -> bool {
        self.bytes[self.at..].starts_with(token.as_bytes())
    }
}

#[cfg(test)]
mod tests;
