//! Where things really are: granit's spans are exact for what has a token, and near the mark elsewhere.

use std::ops::Range;

use crate::syntax::tree::Slot;

/// Whether nothing but white space stands before `at` on its line.
pub(super) fn is_alone(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit(['\n', '\r']).next().unwrap_or_default();
    line.trim_start_matches('\u{feff}').bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The place of a value that is not written: behind its colon, dash, tag or anchor.
pub(super) fn empty(text: &str, at: usize, slot: Slot) -> usize {
    if slot == Slot::Value && text[at..].starts_with(':') {
        return at + 1;
    }
    text[..at].trim_end_matches([' ', '\t', '\r', '\n']).len()
}

/// The dash that begins a block sequence, searched from `from`: granit starts a sequence that is not
/// indented behind its first dash.
pub(super) fn dash(text: &str, from: usize) -> Option<usize> {
    let at = skip_to_content(text, from, b":?");
    text[at..].starts_with('-').then_some(at)
}

/// A block scalar from its `|` or `>` to its last line that is not blank.
pub(super) fn block_scalar(text: &str, from: usize, content: Range<usize>, value: &str) -> (usize, usize) {
    let start = skip_to_content(text, from, b":?-");
    let bytes = text.as_bytes();
    if !matches!(bytes.get(start), Some(b'|' | b'>')) {
        return (content.start, content.end);
    }
    let n_indicators =
        bytes[start + 1..].iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')).count();
    let header_end = start + 1 + n_indicators;
    if value.bytes().all(|byte| byte == b'\n') {
        return (start, header_end);
    }
    let end = text[..content.end].trim_end_matches([' ', '\t', '\r', '\n']).len();
    (start, end.max(header_end))
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
