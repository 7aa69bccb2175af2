//! Taking an argument or block away, with its lines and nothing else.

use crate::document::{Document, NodeRef};
use crate::edit::find::Step;
use crate::edit::surroundings::{indentation, is_flow, line_end, line_start};
use crate::edit::{Refusal, remove};
use crate::source::Span;

use super::{has_comment, is_body, is_repeated};

/// What goes, and what comes in its place.
pub(in crate::edit) fn removed(
    document: &Document,
    steps: &[Step<'_>],
) -> Result<Vec<(Span, String)>, Refusal> {
    let (last, around) = steps.split_last().ok_or(Refusal::NoPlace)?;
    let text = document.text();
    let (start, end) = match last {
        Step::Entry { mapping, entry } => {
            if !is_flow(*mapping) || is_repeated(entry.value) {
                // Labels, and blocks that stand in several places.
                return Err(Refusal::NoPlace);
            }
            if mapping.written_entries().nth(1).is_none() {
                // What would be left is empty, which means something else than nothing.
                return removed(document, around);
            }
            (entry.key.span().start as usize, entry.value.span().end as usize)
        }
        Step::Item { item, list } if is_body(*item) => {
            if list.items().len() == 1 {
                return Err(Refusal::NoPlace);
            }
            (start_of(*item), item.span().end as usize)
        }
        Step::Item { list, .. } if list.items().len() == 1 => return removed(document, around),
        Step::Item { .. } => return remove::span(document, steps),
    };
    if has_comment(document, start, end) {
        return Err(Refusal::NoPlace);
    }
    if indentation(text, start).is_none() {
        let is_object = matches!(last, Step::Entry { mapping, .. } if !is_body(*mapping));
        return if is_object { remove::span(document, steps) } else { Err(Refusal::NoPlace) };
    }
    let comma = text[end..].len() - text[end..].trim_start_matches([' ', '\t']).len();
    let end = if text[end + comma..].starts_with(',') { end + comma + 1 } else { end };
    let stop = line_end(text, end);
    let rest = text[end..stop].trim_start();
    let made =
        |from: usize, to: usize| Ok(vec![(Span::new(document.file, from as u32, to as u32), String::new())]);
    if rest.starts_with('#') || rest.starts_with("//") {
        // The comment stays, on a line of its own.
        return made(start, stop - rest.len());
    }
    if !rest.is_empty() {
        return Err(Refusal::NoPlace);
    }
    let next = text[stop..].find('\n').map_or(text.len(), |newline| stop + newline + 1);
    let from = line_start(text, start);
    // Of two empty lines one goes too, and so does one before a closing brace.
    let above = line_start(text, from.saturating_sub(1));
    let is_blank_above = from > 0 && above < from && text[above..from].trim().is_empty();
    let below = text[next..].lines().next().unwrap_or_default().trim();
    let from = if is_blank_above && (below.is_empty() || below.starts_with('}')) { above } else { from };
    made(from, next)
}

fn start_of(node: NodeRef<'_>) -> usize {
    node.tag().map_or(node.span().start, |tag| tag.span.start) as usize
}
