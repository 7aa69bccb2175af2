//! New arguments and blocks of a body.

use crate::document::{Document, EntryRef, NodeRef};
use crate::source::Span;

use super::align::Added;
use super::{end_of_line, is_argument, is_body, key, value};
use crate::edit::surroundings::{indentation, is_flow, line_break, line_start, neighbours};
use crate::edit::{New, Refusal};

/// Arguments that stand at the head of a body, so that others do not follow them at once.
const HEAD: [&str; 6] = ["count", "for_each", "provider", "source", "version", "depends_on"];

/// Texts, and the places that they take.
type Edits = Vec<(Span, String)>;

/// What comes into a mapping: edits that are whole, and arguments that are still to be aligned.
pub(in crate::edit) fn entries(
    mapping: NodeRef<'_>,
    new: &[(String, New)],
    removed: &[Span],
) -> Result<(Edits, Vec<Added>), Refusal> {
    let document = mapping.document();
    if !is_flow(mapping) {
        return Err(Refusal::NoPlace);
    }
    let text = document.text();
    let inner = &text[mapping.span().start as usize + 1..mapping.span().end as usize - 1];
    if inner.trim().is_empty() {
        return only(mapping, new).map(|edit| (vec![edit], Vec::new()));
    }
    let first = mapping.written_entries().next().ok_or(Refusal::NoPlace)?;
    if indentation(text, start_of(first)).is_none() {
        return on_one_line(mapping, new).map(|edit| (vec![edit], Vec::new()));
    }
    let (mut made, mut added) = (Vec::new(), Vec::new());
    for (name, new) in new {
        match new {
            New::Map(entries) if is_body(mapping) => made.push(block(mapping, name, entries)?),
            _ => added.push(argument(mapping, name, new, removed)?),
        }
    }
    Ok((made, added))
}

/// What comes into empty braces.
fn only(mapping: NodeRef<'_>, new: &[(String, New)]) -> Result<(Span, String), Refusal> {
    let document = mapping.document();
    let start = mapping.span().start as usize;
    let line_break = line_break(document.text(), start);
    let indent = own_indent(document, start);
    let mut out = String::from("{");
    body(&mut out, line_break, &format!("{indent}  "), new, is_body(mapping))?;
    out.push_str(&format!("{line_break}{indent}}}"));
    Ok((mapping.span(), out))
}

/// Entries of an object on one line; a block on one line has room for no second argument.
fn on_one_line(mapping: NodeRef<'_>, new: &[(String, New)]) -> Result<(Span, String), Refusal> {
    let document = mapping.document();
    let last = mapping.written_entries().last().ok_or(Refusal::NoPlace)?;
    if is_body(mapping) || document.text()[mapping.span().range()].contains('\n') {
        return Err(Refusal::NoPlace);
    }
    let mut out = String::new();
    for (name, new) in new {
        out.push_str(&format!(", {} = {}", key(name)?, value(new)?));
    }
    let at = last.value.span().end;
    Ok((Span::new(document.file, at, at), out))
}

/// An argument, behind the one that it belongs to.
fn argument(mapping: NodeRef<'_>, name: &str, new: &New, removed: &[Span]) -> Result<Added, Refusal> {
    let document = mapping.document();
    let text = document.text();
    let (key, value) = (key(name)?, value(new)?);
    let first_block = mapping.written_entries().filter(|entry| !is_argument(entry)).map(start_of).min();
    let is_before_blocks = |entry: &EntryRef<'_>| first_block.is_none_or(|block| start_of(*entry) < block);
    let is_short = |entry: &EntryRef<'_>| !text[entry.value.span().range()].contains('\n');
    let known: Vec<EntryRef<'_>> =
        neighbours(mapping, name, None, removed).into_iter().filter(is_argument).collect();
    let is_alike = |entry: &EntryRef<'_>| {
        entry.name().bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count() >= 4
    };
    let best = known
        .iter()
        .find(|entry| is_alike(entry))
        .or_else(|| {
            known
                .iter()
                .find(|entry| is_before_blocks(entry) && is_short(entry) && !HEAD.contains(&entry.name()))
        })
        .or_else(|| known.iter().find(|entry| is_before_blocks(entry)));
    let last_end = mapping.written_entries().map(|entry| entry.value.span().end as usize).max();
    if name == "depends_on" && is_body(mapping) {
        let at = last_end.and_then(|end| end_of_line(document, end)).ok_or(Refusal::NoPlace)?;
        let line_break = line_break(text, at);
        let before = format!("{line_break}{line_break}{}", inner_indent(mapping));
        return Ok(Added { at: at as u32, behind: None, before, key, value });
    }
    let Some(best) = best else {
        // Before the first block.
        let at = end_of_line(document, mapping.span().start as usize + 1).ok_or(Refusal::NoPlace)?;
        let line_break = line_break(text, at);
        let before = format!("{line_break}{}", inner_indent(mapping));
        return Ok(Added { at: at as u32, behind: None, before, key, value: format!("{value}{line_break}") });
    };
    let indent = indentation(text, start_of(*best)).ok_or(Refusal::NoPlace)?;
    let at = end_of_line(document, best.value.span().end as usize).ok_or(Refusal::NoPlace)?;
    let line_break = line_break(text, at);
    let before = format!("{line_break}{indent}");
    let comma = text[best.value.span().end as usize..at].trim_start().starts_with(',');
    let value = if comma { format!("{value},") } else { value };
    // A list or object of several lines ends a group.
    let behind = is_short(best).then(|| best.key.span());
    Ok(Added { at: at as u32, behind, before, key, value })
}

/// A block, at the end of the body.
fn block(mapping: NodeRef<'_>, name: &str, entries: &[(String, New)]) -> Result<(Span, String), Refusal> {
    let document = mapping.document();
    let last = mapping.written_entries().map(|entry| entry.value.span().end as usize).max();
    let at = last.and_then(|end| end_of_line(document, end)).ok_or(Refusal::NoPlace)?;
    let line_break = line_break(document.text(), at);
    let indent = inner_indent(mapping);
    let mut out = format!("{line_break}{line_break}{indent}{} {{", key(name)?);
    body(&mut out, line_break, &format!("{indent}  "), entries, true)?;
    out.push_str(&format!("{line_break}{indent}}}"));
    Ok((Span::new(document.file, at as u32, at as u32), out))
}

/// Writes new entries, arguments before blocks.
fn body(
    out: &mut String,
    line_break: &str,
    indent: &str,
    entries: &[(String, New)],
    is_body: bool,
) -> Result<(), Refusal> {
    let is_block = |new: &New| is_body && matches!(new, New::Map(_));
    let arguments: Vec<&(String, New)> = entries.iter().filter(|(_, new)| !is_block(new)).collect();
    let width = arguments.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, new) in &arguments {
        out.push_str(&format!("{line_break}{indent}{:width$} = {}", key(name)?, value(new)?));
    }
    for (at, (name, new)) in entries.iter().filter(|(_, new)| is_block(new)).enumerate() {
        let New::Map(entries) = new else { continue };
        if at > 0 || !arguments.is_empty() {
            out.push_str(line_break);
        }
        out.push_str(&format!("{line_break}{indent}{} {{", key(name)?));
        body(out, line_break, &format!("{indent}  "), entries, true)?;
        out.push_str(&format!("{line_break}{indent}}}"));
    }
    Ok(())
}

fn start_of(entry: EntryRef<'_>) -> usize {
    entry.key.span().start as usize
}

/// The indentation of the line on which an offset stands.
fn own_indent(document: &Document, at: usize) -> &str {
    let text = document.text();
    let line = &text[line_start(text, at)..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The indentation of a body's entries.
fn inner_indent(mapping: NodeRef<'_>) -> String {
    let document = mapping.document();
    let text = document.text();
    let own = mapping.written_entries().find_map(|entry| indentation(text, start_of(entry)));
    own.map_or_else(|| format!("{}  ", own_indent(document, mapping.span().start as usize)), str::to_string)
}
