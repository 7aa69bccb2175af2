//! The same in another order, or in more files.

use std::collections::BTreeSet;
use std::ops::Range;

use grpc_guard::dialect::Dialect;
use grpc_guard::document::{Kind, NodeRef};

use super::{File, Files, line_of_key};

/// The entries of every mapping from the last to the first.
pub(super) fn keys(file: &File) -> Option<Files> {
    // An anchor has to stand above its aliases, and the blank lines that `+` keeps would wander.
    if file.has_aliases()
        || file.text.contains("|+")
        || file.text.contains(">+")
        || !file.text.ends_with('\n')
    {
        return None;
    }
    let mut out = String::with_capacity(file.text.len());
    let mut done = 0;
    for root in file.document.roots() {
        let span = root.span().range();
        let start = if file.is_yaml() { above_line(&file.text, span.start) } else { span.start };
        if start < done {
            return None;
        }
        out.push_str(&file.text[done..start]);
        let end = if file.is_yaml() { end_of_line(&file.text, span.end) } else { span.end };
        out.push_str(&rewritten(file, root, start..end));
        done = end;
    }
    out.push_str(&file.text[done..]);
    file.with(out)
}

fn above_line(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    if text[start..at].trim().is_empty() { start } else { at }
}

fn end_of_line(text: &str, end: usize) -> usize {
    if end > 0 && text[..end].ends_with('\n') {
        return end;
    }
    text[end..].find('\n').map_or(text.len(), |more| end + more + 1)
}

/// The text of a range around a node, with the mappings in it turned round.
fn rewritten(file: &File, node: NodeRef<'_>, range: Range<usize>) -> String {
    let text = &file.text;
    let is_flow = text[node.span().range()].starts_with(['{', '[']);
    let entries: Vec<_> = node.written_entries().collect();
    let value = |entry: &grpc_guard::document::EntryRef<'_>, range: Range<usize>| {
        let own = entry.value.span().range();
        if own.start < range.start || own.end > range.end || own.is_empty() {
            return text[range].to_string();
        }
        format!(
            "{}{}{}",
            &text[range.start..own.start],
            rewritten(file, entry.value, own.clone()),
            &text[own.end..range.end]
        )
    };
    if node.kind() == Kind::Mapping && is_flow {
        let spans: Vec<Range<usize>> =
            entries.iter().map(|entry| entry.key.span().start as usize..entry.span().end as usize).collect();
        let is_plain = spans.windows(2).all(|two| two[0].end <= two[1].start)
            && entries.iter().all(|it| it.value.tag().is_none());
        if !file.is_yaml() && is_plain && entries.len() > 1 {
            let mut out = text[range.start..spans[0].start].to_string();
            for at in 0..spans.len() {
                let from = spans.len() - 1 - at;
                out += &value(&entries[from], spans[from].clone());
                let next = spans.get(at + 1).map_or(range.end, |next| next.start);
                out += &text[spans[at].end..next];
            }
            return out;
        }
    }
    if node.kind() == Kind::Mapping && !is_flow {
        let starts: Vec<Option<usize>> = entries.iter().map(|entry| line_of_key(text, entry.key)).collect();
        let first = starts.iter().position(Option::is_some).unwrap_or(starts.len());
        let movable = &entries[first.min(entries.len())..];
        if movable.len() > 1 && starts[first..].iter().all(Option::is_some) {
            let mut cuts: Vec<usize> = Vec::new();
            for (idx, start) in starts[first..].iter().enumerate() {
                let least = match idx {
                    0 if first == 0 => range.start,
                    0 => entries[first - 1].span().end as usize,
                    _ => movable[idx - 1].span().end as usize,
                };
                cuts.push(with_comments_above(text, start.expect("a line"), least));
            }
            let end = end_of_line(text, node.span().end as usize);
            // A block's own range may end before its last line does.
            let fits = cuts[0] >= range.start && (end <= range.end || text[range.end..end].trim().is_empty());
            if fits && text[..end].ends_with('\n') && cuts.windows(2).all(|two| two[0] < two[1]) {
                let mut out = text[range.start..cuts[0]].to_string();
                // The end of the last line may belong to whoever holds this block.
                let is_cut = range.end < end;
                let ends: Vec<usize> = cuts[1..].iter().copied().chain([end.min(range.end)]).collect();
                for idx in (0..movable.len()).rev() {
                    out += &value(&movable[idx], cuts[idx]..ends[idx]);
                    if is_cut && idx + 1 == movable.len() {
                        out.push('\n');
                    }
                }
                if is_cut {
                    out.pop();
                    return out;
                }
                return out + &text[end..range.end];
            }
        }
    }
    let mut out = String::new();
    let mut done = range.start;
    let children = node.items().chain(entries.iter().map(|entry| entry.value));
    for child in children {
        let own = child.span().range();
        if own.is_empty() || own.start < done || own.end > range.end || child.is_alias() {
            continue;
        }
        out += &text[done..own.start];
        out += &rewritten(file, child, own.clone());
        done = own.end;
    }
    out + &text[done..range.end]
}

/// The start of the comments right above a line, but not above `least`.
fn with_comments_above(text: &str, mut start: usize, least: usize) -> usize {
    while start > least {
        let above = text[..start - 1].rfind('\n').map_or(0, |end| end + 1);
        if above < least || !text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    start
}

/// The documents of a stream, each with its own first line, and what stands in front of the first.
pub(super) fn parts(file: &File) -> Option<Vec<String>> {
    if !file.is_yaml() || file.text.contains("\n...") || file.text.contains("%YAML") || file.has_aliases() {
        return None;
    }
    let mut parts: Vec<String> = vec![String::new()];
    for line in file.text.split_inclusive('\n') {
        let is_mark = line.starts_with("---") && line[3..].chars().next().is_none_or(char::is_whitespace);
        if is_mark && !line[3..].trim().is_empty() && !line[3..].trim_start().starts_with('#') {
            return None;
        }
        if is_mark {
            parts.push(String::new());
        }
        parts.last_mut()?.push_str(line);
    }
    if !file.text.ends_with('\n') {
        parts.last_mut()?.push('\n');
    }
    parts.retain(|part| {
        part.lines().any(|line| !line.trim().is_empty() && line.trim() != "---" && !line.starts_with('#'))
    });
    (parts.len() > 1).then_some(parts)
}

fn with_mark(part: &str) -> String {
    if part.starts_with("---") { part.to_string() } else { format!("---\n{part}") }
}

/// Whether objects are declared once, so that none overlays another.
fn are_distinct(file: &File) -> bool {
    let mut seen = BTreeSet::new();
    let text = |node: NodeRef<'_>, path: &[&str]| {
        node.at(path).and_then(|it| it.text()).unwrap_or_default().to_string()
    };
    file.document.roots().all(|root| {
        seen.insert((
            text(root, &["kind"]),
            text(root, &["metadata", "namespace"]),
            text(root, &["metadata", "name"]),
        ))
    })
}

/// The documents of a stream from the last to the first.
pub(super) fn documents(file: &File) -> Option<Files> {
    if file.dialect != Dialect::Kubernetes || !are_distinct(file) {
        return None;
    }
    let parts: Vec<String> = parts(file)?.iter().rev().map(|part| with_mark(part)).collect();
    file.with(parts.concat())
}

/// One file as two of the same directory.
pub(super) fn split(file: &File) -> Option<Files> {
    match file.dialect {
        Dialect::Kubernetes if are_distinct(file) => {
            let parts = parts(file)?;
            let (one, other) = parts.split_at(parts.len() / 2);
            let (stem, _) = file.path.rsplit_once('.')?;
            Some(vec![(format!("{stem}-1.yaml"), one.concat()), (format!("{stem}-2.yaml"), other.concat())])
        }
        Dialect::Terraform if file.path.ends_with(".tf.json") => {
            let root = file.document.roots().next()?;
            let sections: Vec<_> = root.written_entries().collect();
            if sections.iter().any(|section| section.value.kind() != Kind::Mapping || section.name() == "//")
            {
                return None;
            }
            // Each type, or each name of a type, goes to one of the two files.
            let (mut files, mut n) = ([String::new(), String::new()], 0);
            for section in &sections {
                let mut halves = [Vec::new(), Vec::new()];
                for entry in section.value.written_entries() {
                    halves[n % 2].push(&file.text[entry.span().range()]);
                    n += 1;
                }
                for (half, file) in halves.iter().zip(&mut files).filter(|(half, _)| !half.is_empty()) {
                    *file += &format!(
                        "{}\"{}\": {{{}}}",
                        if file.is_empty() { "" } else { ",\n" },
                        section.name(),
                        half.join(",\n")
                    );
                }
            }
            let stem = file.path.strip_suffix(".tf.json")?;
            let [one, other] = files;
            (!other.is_empty()).then(|| {
                vec![
                    (format!("{stem}-1.tf.json"), format!("{{{one}}}\n")),
                    (format!("{stem}-2.tf.json"), format!("{{{other}}}\n")),
                ]
            })
        }
        _ => None,
    }
}
