//! Spans as paths, lines and columns: here, and nowhere below.

use std::path::{Component, Path};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::source::{Position, SourceMap, Span};

/// What a URI's path may not hold as it is.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a span lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Location<'a> {
    /// The path as it was given.
    pub(super) path: &'a str,
    /// The first character.
    pub(super) start: Position,
    /// Behind the last character.
    pub(super) end: Position,
}

impl<'a> Location<'a> {
    pub(super) fn of(sources: &'a SourceMap, span: Span) -> Self {
        let source = sources.get(span.file);
        Self { path: &source.path, start: source.position(span.start), end: source.position(span.end) }
    }
}

/// A span that holds at least one character, for formats that know no empty ranges: an empty one takes the
/// character behind it, at a line's end the last one before it.
pub(super) fn not_empty(sources: &SourceMap, span: Span) -> Span {
    let text = &sources.get(span.file).text;
    let at = span.start as usize;
    if span.start < span.end {
        return span;
    }
    let (Some(before), Some(behind)) = (text.get(..at), text.get(at..)) else { return span };
    let is_shown = |c: &char| !matches!(c, '\n' | '\r' | '\u{feff}');
    if let Some(next) = behind.chars().next().filter(is_shown) {
        return Span::new(span.file, span.start, span.start + next.len_utf8() as u32);
    }
    let last = before.char_indices().rfind(|(_, c)| is_shown(c));
    let first = || behind.char_indices().find(|(_, c)| is_shown(c)).map(|(idx, c)| (at + idx, c));
    match last.or_else(first) {
        Some((idx, c)) => Span::new(span.file, idx as u32, (idx + c.len_utf8()) as u32),
        None => span,
    }
}

/// A path relative to the repository's root where it lies below it: no leading `./`, forward slashes.
pub(super) fn relative(path: &str, root: Option<&Path>) -> String {
    let below = root.and_then(|root| Path::new(path).strip_prefix(root).ok());
    let path = below.unwrap_or(Path::new(path));
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::RootDir => parts.push(String::new()),
            Component::ParentDir if parts.last().is_some_and(|last| last != "..") => {
                parts.pop();
            }
            other => parts.push(other.as_os_str().to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}

/// A path as a URI reference: relative to the repository's root, or a `file:` URI where it lies outside.
pub(super) fn uri(path: &str, root: Option<&Path>) -> String {
    let path = relative(path, root);
    let encoded = utf8_percent_encode(&path, ENCODED).to_string();
    if path.starts_with('/') {
        return format!("file://{encoded}");
    }
    // A colon in the first segment would make it a scheme.
    match encoded.split_once('/') {
        Some((first, rest)) => format!("{}/{rest}", first.replace(':', "%3A")),
        None => encoded.replace(':', "%3A"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn uris_are_relative_and_encoded() {
        let root = Some(Path::new("/repo"));
        for (path, expected) in [
            ("a/b.yaml", "a/b.yaml"),
            ("./a.yaml", "a.yaml"),
            ("x/../a.yaml", "a.yaml"),
            ("../a.yaml", "../a.yaml"),
            ("/repo/a b%.yaml", "a%20b%25.yaml"),
            ("/other/é.yaml", "file:///other/%C3%A9.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("c:x.yaml", "c%3Ax.yaml"),
        ] {
            assert_eq!(uri(path, root), expected, "{path}");
        }
    }

    #[test]
    fn empty_spans_take_a_neighbour() {
        let mut sources = SourceMap::default();
        let file = sources.add(Source::new("a", "aé\r\n\nb"));
        for (at, expected) in [(0, (0, 1)), (1, (1, 3)), (3, (1, 3)), (5, (1, 3)), (6, (6, 7)), (7, (6, 7))] {
            let span = not_empty(&sources, Span::new(file, at, at));
            assert_eq!((span.start, span.end), expected, "at {at}");
        }
    }
}
