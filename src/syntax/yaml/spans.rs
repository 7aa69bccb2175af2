//! Where things really are: granit's spans are exact for what has a token, and near the mark elsewhere.

use std::ops::Range;

use crate::document::Comment;
use crate::syntax::tree::Slot;

/// Whether nothing but white space stands before `at` on its line.
pub(super) fn is_alone(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit(['\n', '\r']).next().unwrap_or_default();
    line.trim_start_matches('\u{feff}').bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The place of a value that is not written: behind its colon, dash, tag or anchor.
pub(super) fn empty(text: &str, at: usize, slot: Slot, comments: &[Comment]) -> usize {
    if text[at..].starts_with(':') {
        return if slot == Slot::Value { at + 1 } else { at };
    }
    let mut comments = comments.iter().rev();
    let mut at = at;
    loop {
        at = text[..at].trim_end_matches([' ', '\t', '\r', '\n']).len();
        match comments.next() {
            Some(comment) if comment.span.range().contains(&at.saturating_sub(1)) => {
                at = comment.span.start as usize;
            }
            _ => return at,
        }
    }
}

/// The dash that begins a block sequence, searched from `from`: granit starts a sequence that is not
/// indented behind its first dash.
pub(super) fn dash(text: &str, from: usize) -> Option<usize> {
    let at = skip_to_content(text, from, b":?");
    text[at..].starts_with('-').then_some(at)
}

/// A block scalar from its `|` or `>` to its last line that is not blank. Granit's span is that of the
/// content; the sign stands after `from`, on the last line above it that is not blank.
pub(super) fn block_scalar(text: &str, from: usize, content: Range<usize>, value: &str) -> (usize, usize) {
    let is_empty = value.bytes().all(|byte| byte == b'\n');
    let header = if is_empty { content.end } else { content.start };
    let mut above = &text[..header];
    if !is_empty {
        above = above.trim_end_matches([' ', '\t']);
    }
    let above = above.trim_end_matches([' ', '\t', '\r', '\n']);
    let line = above.rfind(['\n', '\r']).map_or(0, |newline| newline + 1).max(from).min(above.len());
    let Some((start, header_end)) = block_header(above, line) else { return (content.start, content.end) };
    if is_empty {
        return (start, header_end);
    }
    let end = text[..content.end].trim_end_matches([' ', '\t', '\r', '\n']).len();
    (start, end.max(header_end))
}

/// The sign of a block scalar and its indicators, behind which only a comment stands in `text`.
fn block_header(text: &str, from: usize) -> Option<(usize, usize)> {
    text[from..].match_indices(['|', '>']).find_map(|(at, _)| {
        let start = from + at;
        let rest = &text[start + 1..];
        let after = rest.trim_start_matches(|c: char| matches!(c, '+' | '-') || c.is_ascii_digit());
        let comment = after.trim_start_matches([' ', '\t']);
        let is_header = comment.is_empty() || comment.starts_with('#') && comment.len() < after.len();
        is_header.then(|| (start, text.len() - after.len()))
    })
}

/// Skips white space, comments, tags, anchors and the bytes in `also`.
fn skip_to_content(text: &str, from: usize, also: &[u8]) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' => at += bytes[at..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count(),
            b'&' | b'!' => {
                at += bytes[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            }
            byte if also.contains(byte) => at += 1,
            _ => break,
        }
    }
    at
}

/// Where the document that holds `at` ends: at the next document marker, or with the text.
pub(super) fn document_end(text: &str, at: usize) -> usize {
    let mut start = at;
    while let Some(length) = text.get(start..).and_then(|rest| rest.find('\n')) {
        start += length + 1;
        let line = &text[start..];
        let is_marker = line.starts_with("---") || line.starts_with("...");
        if is_marker && line[3..].chars().next().is_none_or(char::is_whitespace) {
            return start;
        }
    }
    text.len()
}
