//! Taking an entry or item away, with its comma or its lines, and nothing else.

use crate::document::{Document, NodeRef};
use crate::source::Span;

use super::Refusal;
use super::block::{content_end, entry_end, whole_lines};
use super::find::Step;
use super::surroundings::{dash_before, is_flow, line_end};

/// What goes, and what comes in its place (nothing, or a comment that stood behind it).
pub(super) fn span(document: &Document, steps: &[Step<'_>]) -> Result<Vec<(Span, String)>, Refusal> {
    let (last, around) = steps.split_last().ok_or(Refusal::NoPlace)?;
    let siblings: Vec<(usize, usize)> = match last {
        Step::Entry { mapping, .. } => {
            mapping.written_entries().map(|e| (start_of(e.key), entry_end(e).unwrap_or(0))).collect()
        }
        Step::Item { list, .. } => {
            list.items().map(|item| (start_of(item), content_end(item).unwrap_or(0))).collect()
        }
    };
    if siblings.len() == 1 {
        // What would be left is an empty mapping or list, which means something else than none.
        return span(document, around);
    }
    let (start, end) = match last {
        Step::Entry { entry, .. } => (start_of(entry.key), entry_end(*entry).ok_or(Refusal::NoPlace)?),
        Step::Item { item, .. } => (start_of(*item), content_end(*item).ok_or(Refusal::NoPlace)?),
    };
    let at = siblings.iter().position(|own| own.0 == start).ok_or(Refusal::NoPlace)?;
    let text = document.text();
    let made = |from: usize, to: usize, with: &str| {
        vec![(Span::new(document.file, from as u32, to as u32), with.to_string())]
    };
    if has_comment(text, start, end) {
        return Err(Refusal::NoPlace);
    }
    if is_flow(last.collection()) {
        let (from, to) = if at > 0 { (siblings[at - 1].1, end) } else { (start, siblings[at + 1].0) };
        return if has_comment(text, from, to) { Err(Refusal::NoPlace) } else { Ok(made(from, to, "")) };
    }
    let column_start = match last {
        Step::Entry { .. } => start,
        Step::Item { .. } => {
            let line = super::surroundings::line_start(text, start);
            line + dash_before(text, start).ok_or(Refusal::NoPlace)?
        }
    };
    if let Some((from, to)) = whole_lines(text, column_start, end) {
        // The last line of a file without a line end takes the one before it along.
        let is_last_line = to == text.len() && !text.ends_with('\n') && from > 0;
        let from = if is_last_line { line_end(text, from - 1) } else { from };
        return Ok(made(from, to, ""));
    }
    let rest = text[end..line_end(text, end)].trim_start();
    if rest.starts_with('#') {
        // The comment stays, on a line of its own.
        let comment = line_end(text, end) - rest.len();
        let is_first_on_line = text[super::surroundings::line_start(text, column_start)..column_start]
            .bytes()
            .all(|byte| byte == b' ');
        return if is_first_on_line { Ok(made(column_start, comment, "")) } else { Err(Refusal::NoPlace) };
    }
    // The first entry behind a dash: the next one comes up to it.
    match (rest.is_empty(), siblings.get(at + 1)) {
        (true, Some(next)) if !has_comment(text, end, next.0) => Ok(made(start, next.0, "")),
        _ => Err(Refusal::NoPlace),
    }
}

fn start_of(node: NodeRef<'_>) -> usize {
    node.tag().map_or(node.span().start, |tag| tag.span.start) as usize
}

/// Whether there may be a comment in a stretch of text.
fn has_comment(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to).is_none_or(|text| text.contains(" #") || text.contains("\n#"))
}
