//! YAML, by way of granit-parser's events.

use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle as GranitStyle, Span as GranitSpan};

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Comment, Document, DocumentBuilder, Format, NodeId, ScalarStyle};
use crate::source::{FileId, Span};

/// Deepest nesting that is read.
pub(super) const MAX_NESTING: usize = 250;
/// Most entries that merge keys may add to one document.
const MAX_MERGED: usize = 100_000;

enum Frame {
    Sequence {
        start: u32,
        end: u32,
        flow: bool,
        anchor: usize,
        tag: Option<(u32, u32)>,
        items: Vec<NodeId>,
    },
    Mapping {
        start: u32,
        end: u32,
        flow: bool,
        anchor: usize,
        tag: Option<(u32, u32)>,
        entries: Vec<(NodeId, NodeId)>,
        key: Option<NodeId>,
    },
}

struct Reader<'t> {
    text: &'t str,
    builder: DocumentBuilder,
    stack: Vec<Frame>,
    anchors: Vec<Option<NodeId>>,
    merged: usize,
    diagnostics: Vec<Diagnostic>,
    file: FileId,
    /// End of what was last read, where an empty node stands.
    last_end: u32,
}

/// Parses a YAML stream.
pub(super) fn parse(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.simple_key_max_lookahead = 16_384;
    options.flow_nesting_limit = MAX_NESTING;
    options.block_nesting_limit = MAX_NESTING;
    options.max_buffered_comment_events = 100_000;
    let mut reader = Reader {
        text,
        builder: DocumentBuilder::new(file, Format::Yaml, Arc::clone(text)),
        stack: Vec::new(),
        anchors: Vec::new(),
        merged: 0,
        diagnostics: Vec::new(),
        file,
        last_end: 0,
    };
    let source: &str = text;
    let mut parser = Parser::new_from_str_with_options(source, options);
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => reader.event(&event, &span),
            Err(error) => {
                reader.error(&error);
                reader.stack.clear();
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    let Reader { builder, mut diagnostics, .. } = reader;
    let document = builder.finish();
    super::duplicates::report(&document, &mut diagnostics);
    (document, diagnostics)
}

impl Reader<'_> {
    fn range(&self, span: &GranitSpan) -> (u32, u32) {
        let range = span.byte_range().unwrap_or(0..0);
        (range.start as u32, range.end as u32)
    }

    fn error(&mut self, error: &granit_parser::ScanError) {
        let offset = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len()) as u32;
        let span = Span::new(self.file, offset, offset);
        let info = error.info();
        let (rule, message) = if info.contains("limit") || info.contains("nest") {
            ("limit-reached", format!("this is nested more than {MAX_NESTING} deep"))
        } else {
            ("syntax-error", format!("this is not YAML: {info}"))
        };
        self.diagnostics.push(Diagnostic::new(rule, Severity::Error, span, message));
    }

    fn event(&mut self, event: &Event<'_>, span: &GranitSpan) {
        let (start, end) = self.range(span);
        let tag = span.tag_span().map(|span| self.range(&span));
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Comment(..) => {
                let line = self.text[..start as usize].rfind('\n').map_or(0, |at| at + 1);
                let alone = self.text[line..start as usize].trim().is_empty();
                self.builder.comment(Comment { span: Span::new(self.file, start, end), alone });
            }
            Event::Scalar(text, style, anchor, _) => {
                let node = self.scalar(text, *style, start, end);
                self.complete(node, *anchor, tag);
            }
            Event::Alias(id) => {
                let target = self.anchors.get(*id).copied().flatten();
                let node = match target {
                    Some(target) => self.builder.alias(start, end, target),
                    None => self.builder.decoded(ScalarStyle::Plain, start, end, ""),
                };
                self.last_end = end;
                self.complete(node, 0, None);
            }
            Event::UnresolvedAlias(name) => {
                let at = Span::new(self.file, start, end);
                let message = format!("no anchor is named `{name}`");
                self.diagnostics.push(Diagnostic::new("syntax-error", Severity::Error, at, message));
                let node = self.builder.decoded(ScalarStyle::Plain, start, end, "");
                self.last_end = end;
                self.complete(node, 0, None);
            }
            Event::SequenceStart(_, anchor, _) => {
                let flow = self.text.as_bytes().get(start as usize) == Some(&b'[');
                self.stack.push(Frame::Sequence {
                    start,
                    end: start,
                    flow,
                    anchor: *anchor,
                    tag,
                    items: Vec::new(),
                });
                self.last_end = start + u32::from(flow);
            }
            Event::MappingStart(_, anchor, _) => {
                let flow = self.text.as_bytes().get(start as usize) == Some(&b'{');
                self.stack.push(Frame::Mapping {
                    start,
                    end: start,
                    flow,
                    anchor: *anchor,
                    tag,
                    entries: Vec::new(),
                    key: None,
                });
                self.last_end = start + u32::from(flow);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(end),
            _ => {}
        }
    }

    fn scalar(&mut self, text: &str, style: GranitStyle, start: u32, end: u32) -> NodeId {
        let style = match style {
            GranitStyle::Plain => ScalarStyle::Plain,
            GranitStyle::SingleQuoted => ScalarStyle::Single,
            GranitStyle::DoubleQuoted => ScalarStyle::Double,
            GranitStyle::Literal => ScalarStyle::Literal,
            GranitStyle::Folded => ScalarStyle::Folded,
        };
        if start == end {
            let at = self.empty_at(start);
            self.last_end = at;
            return self.builder.verbatim(ScalarStyle::Plain, at, at, at..at);
        }
        let raw = &self.text[start as usize..end as usize];
        let trimmed = start + raw.trim_end().len() as u32;
        let end = if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            trimmed.max(start)
        } else {
            end
        };
        self.last_end = end;
        let content = match style {
            ScalarStyle::Single | ScalarStyle::Double if end - start >= 2 => start + 1..end - 1,
            _ => start..end,
        };
        if self.text[content.start as usize..content.end as usize] == *text {
            self.builder.verbatim(style, start, end, content)
        } else {
            self.builder.decoded(style, start, end, text)
        }
    }

    /// An empty value stands behind its key's colon (or its dash), not where the next token is.
    fn empty_at(&self, start: u32) -> u32 {
        let rest = &self.text[self.last_end as usize..];
        let blanks = rest.len() - rest.trim_start().len();
        match rest.as_bytes().get(blanks) {
            Some(b':' | b'-' | b'?') => self.last_end + blanks as u32 + 1,
            _ => start.min(self.last_end),
        }
    }

    fn close(&mut self, end: u32) {
        match self.stack.pop() {
            Some(Frame::Sequence { start, end: last, flow, anchor, tag, items }) => {
                let end = if flow { end } else { last };
                let node = self.builder.sequence(start.min(end), end, &items);
                self.last_end = end;
                self.complete(node, anchor, tag);
            }
            Some(Frame::Mapping { start, end: last, flow, anchor, tag, entries, .. }) => {
                let end = if flow { end } else { last };
                let node = self.mapping(start.min(end), end, &entries);
                self.last_end = end;
                self.complete(node, anchor, tag);
            }
            None => {}
        }
    }

    fn mapping(&mut self, start: u32, end: u32, entries: &[(NodeId, NodeId)]) -> NodeId {
        let document = self.builder.so_far();
        let is_merge = |key: NodeId| {
            let key = document.node(key);
            key.scalar().is_some_and(|scalar| scalar.text == "<<" && scalar.style == ScalarStyle::Plain)
        };
        let merges: Vec<usize> =
            entries.iter().enumerate().filter(|(_, (key, _))| is_merge(*key)).map(|(idx, _)| idx).collect();
        if merges.is_empty() {
            return self.builder.mapping(start, end, entries);
        }
        let mut known: rustc_hash::FxHashSet<String> =
            entries.iter().filter_map(|(key, _)| document.node(*key).text().map(str::to_string)).collect();
        let mut merged = Vec::new();
        for idx in &merges {
            let value = document.node(entries[*idx].1);
            let sources = if value.kind() == crate::document::Kind::Sequence {
                value.items().collect()
            } else {
                vec![value]
            };
            for source in sources {
                for entry in source.entries() {
                    if self.merged + merged.len() < MAX_MERGED && known.insert(entry.name().to_string()) {
                        merged.push((entry.key.id(), entry.value.id()));
                    }
                }
            }
        }
        self.merged += merged.len();
        self.builder.mapping_with_merges(start, end, entries, &merges, &merged)
    }

    /// Hands a finished node to what holds it.
    fn complete(&mut self, node: NodeId, anchor: usize, tag: Option<(u32, u32)>) {
        if let Some((start, end)) = tag {
            self.builder.tag(node, start, end);
        }
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            self.anchors[anchor] = Some(node);
        }
        let node_end = self.last_end;
        match self.stack.last_mut() {
            Some(Frame::Sequence { items, end, .. }) => {
                items.push(node);
                *end = (*end).max(node_end);
            }
            Some(Frame::Mapping { entries, key, end, .. }) => {
                *end = (*end).max(node_end);
                match key.take() {
                    None => *key = Some(node),
                    Some(name) => entries.push((name, node)),
                }
            }
            None => self.builder.root(node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Kind, NodeRef};

    /// The tree as text, each node with the source under its span.
    fn dump(node: NodeRef<'_>) -> String {
        let span = node.span();
        let tag = node.tag().map(|tag| format!("{} ", tag.text)).unwrap_or_default();
        let source = &node.document().text()[span.range()];
        match node.kind() {
            Kind::Scalar => format!("{tag}{source}"),
            Kind::Sequence => format!("{tag}[{}]", node.items().map(dump).collect::<Vec<_>>().join(" ")),
            Kind::Mapping => {
                let entries = node.entries().map(|e| format!("{}={}", dump(e.key), dump(e.value)));
                format!("{tag}{{{}}}", entries.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let (document, diagnostics) = parse(FileId(0), &Arc::from(text));
        assert_eq!(diagnostics, [], "{text}");
        assert_eq!(document.roots().map(dump).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn trees_and_spans() {
        check("a: 1\nb: [x, 'y z']\n", &["{a=1 b=[x 'y z']}"]);
        check("é: ñ\nb: \"c\"\n", &["{é=ñ b=\"c\"}"]);
        check("a: !Ref B\nc: !Sub [x, {y: 1}]\n", &["{a=!Ref B c=!Sub [x {y=1}]}"]);
        check("a: 1\n---\nb: 2\n", &["{a=1}", "{b=2}"]);
        check("\u{feff}a: 1\r\nb: 2\r\n", &["{a=1 b=2}"]);
        check("base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\n", &["{base={x=1} use={y=2 x=1}}"]);
        check("a:\nb: 1\n", &["{a= b=1}"]);
        check("{\"a\": [1, true, \"x\"]}", &["{\"a\"=[1 true \"x\"]}"]);
    }

    #[test]
    fn an_empty_value_stands_behind_its_colon() {
        let (document, _) = parse(FileId(0), &Arc::from("a:\n\nb: 1\n"));
        let root = document.roots().next().expect("a root");
        assert_eq!(root.get("a").expect("a value").span().range(), 2..2);
    }

    #[test]
    fn repeated_keys_are_reported_at_the_second() {
        let (_, diagnostics) = parse(FileId(0), &Arc::from("a: 1\nb: 2\na: 3\n"));
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].primary.span.range(), 10..11);
    }
}
