//! From the offsets of a decoded string back to its place in the file.

use crate::document::NodeRef;
use crate::source::{FileId, Span};
use crate::syntax;

/// Where each byte of a text stands in its file: runs of bytes that stand there as they are.
#[derive(Debug, Clone)]
pub(super) struct Places {
    file: FileId,
    /// Offset in the text, offset in the file; ascending. Within a run both advance together.
    runs: Vec<(u32, u32)>,
    /// The whole literal, for what cannot be told more exactly.
    whole: Span,
}

impl Places {
    /// Nothing is known but the literal.
    pub(super) fn whole(span: Span) -> Self {
        Self { file: span.file, runs: Vec::new(), whole: span }
    }

    /// The places of a string's content in JSON or HCL; its text is what the string decodes to.
    pub(super) fn of_string(node: NodeRef<'_>) -> Self {
        let span = node.span();
        if let Some(runs) = syntax::hcl_runs(node) {
            return Self { file: span.file, runs, whole: span };
        }
        let raw = node.document().text().get(span.range()).unwrap_or_default();
        let Some(content) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
            return Self::whole(span);
        };
        let start = span.start + 1;
        let mut runs = vec![(0, start)];
        if content.contains('\\') {
            let decoded = escapes(content, start, &mut runs);
            if Some(decoded as usize) != node.text().map(str::len) {
                return Self::whole(span);
            }
        } else if node.text().map(str::len) != Some(content.len()) {
            return Self::whole(span);
        }
        Self { file: span.file, runs, whole: span }
    }

    /// The literal.
    pub(super) fn literal(&self) -> Span {
        self.whole
    }

    /// Starts an empty map, to be filled with [`Places::push`].
    pub(super) fn empty(whole: Span) -> Self {
        Self::whole(whole)
    }

    /// Says that the text from `offset` on stands at `at` in the file.
    pub(super) fn push(&mut self, offset: u32, at: u32) {
        self.runs.push((offset, at));
    }

    /// The runs within `range` of the text, as `(offset, place)`.
    pub(super) fn runs_in(&self, start: u32, end: u32) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        if let Some(at) = self.at(start) {
            found.push((start, at));
        }
        let inner = self.runs.iter().filter(|(offset, _)| *offset > start && *offset < end);
        found.extend(inner.copied());
        found
    }

    fn at(&self, offset: u32) -> Option<u32> {
        let idx = self.runs.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
        let (start, at) = self.runs[idx];
        Some((at + (offset - start)).min(self.whole.end))
    }

    /// The span in the file of a range of the text.
    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        match (self.at(start), end.checked_sub(1).and_then(|last| self.at(last))) {
            (Some(from), Some(last)) if start < end && from <= last => {
                // The last byte may be written as an escape; its run starts where the escape does.
                let next = self.at(end).filter(|next| *next > last).unwrap_or(last + 1);
                Span::new(self.file, from, next.min(self.whole.end))
            }
            (Some(from), _) => Span::new(self.file, from, from),
            _ => self.whole,
        }
    }
}

/// Adds a run before and after each escape; returns the length of the decoded text.
fn escapes(content: &str, start: u32, runs: &mut Vec<(u32, u32)>) -> u32 {
    let bytes = content.as_bytes();
    let (mut at, mut decoded) = (0_usize, 0_u32);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            decoded += 1;
            continue;
        }
        runs.push((decoded, start + at as u32));
        let (length, width) = match bytes.get(at + 1) {
            Some(b'u') => unicode_escape(content, at),
            _ => (2, 1),
        };
        at += length;
        decoded += width;
        runs.push((decoded, start + at.min(bytes.len()) as u32));
    }
    decoded
}

/// The length of a `\u` escape, its surrogate partner included, and of what it decodes to.
fn unicode_escape(content: &str, at: usize) -> (usize, u32) {
    let unit = |at: usize| {
        let digits = content.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    match unit(at) {
        Some(high @ 0xD800..=0xDBFF) => match unit(at + 6) {
            Some(low @ 0xDC00..=0xDFFF) => {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                (12, char::from_u32(code).map_or(3, |found| found.len_utf8() as u32))
            }
            _ => (6, 3),
        },
        Some(code) => (6, char::from_u32(code).map_or(3, |found| found.len_utf8() as u32)),
        None => (2, 1),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::document::Format;

    /// The file's text under the place of `part` within the decoded text of the JSON string `json`.
    fn check(json: &str, part: &str, expected: &str) {
        let text: Arc<str> = Arc::from(json);
        let (document, _) = syntax::parse(FileId(0), Format::Json, &text);
        let node = document.roots().next().expect("a string");
        let decoded = node.text().expect("a string");
        let start = decoded.find(part).expect("the part is in the text") as u32;
        let span = Places::of_string(node).span(start, start + part.len() as u32);
        assert_eq!(&json[span.range()], expected, "{part:?} in {json}");
    }

    #[test]
    fn offsets_lead_back_through_escapes() {
        check(r#""plain text""#, "text", "text");
        check(r#""{\"port\": 50051}""#, "50051", "50051");
        check(r#""{\"port\": 50051}""#, "\"port\"", r#"\"port\""#);
        check(r#""a\u00e9b\nc""#, "b", "b");
        check(r#""a\ud83d\ude00b""#, "b", "b");
        check(r#""é\"x""#, "x", "x");
    }
}
