//! YAML to a document: streams, tags, anchors as edges, merge keys, comments.
//!
//! `granit-parser` reads the text; this module is the only one that knows it. Its events are turned
//! into the tree, its spans are made exact, and its errors get words that help.

mod problem;
mod spans;

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle as Written, ScanError, Span as Marks, StructureStyle,
};

use super::tree::{Collection, Slot, Tree};
use super::{MAX_DEPTH, Stop, syntax_error, template};
use crate::diagnostic::Diagnostic;
use crate::document::{Comment, Document, Format, NodeId, ScalarStyle};
use crate::source::{FileId, Span};

/// YAML allows no implicit key above 1024 characters, but the parsers of Kubernetes and AWS do.
const LONGEST_KEY: usize = 64 * 1024;

/// Reads a YAML stream: one root for each document without a syntax error.
pub(super) fn read(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    let mut reader = Reader::new(file, text);
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        max_buffered_comment_events: usize::MAX,
        simple_key_max_lookahead: LONGEST_KEY,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        let stop = match next {
            Ok((event, marks)) => reader.event(event, &marks).err(),
            Err(error) => Some(reader.failure(&error)),
        };
        let Some(problem) = stop else { continue };
        reader.abandon(*problem);
        if parser.proceed_next_document() != Ok(true) {
            break;
        }
    }
    reader.finish()
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    tree: Tree,
    /// Behind the last token that was read: where the search for the next one starts.
    cursor: usize,
    /// Where the current document starts.
    document_start: usize,
    /// Finished nodes by granit's anchor ids.
    anchors: HashMap<usize, NodeId>,
    /// The anchors of the open collections, innermost last; 0 for none.
    open_anchors: Vec<usize>,
    /// The first alias of the document that cannot be resolved.
    bad_alias: Option<Stop>,
    /// At most one `unrendered-template` for a file.
    template_note: Option<Diagnostic>,
}

impl<'t> Reader<'t> {
    fn new(file: FileId, text: &'t Arc<str>) -> Self {
        Self {
            file,
            text,
            tree: Tree::new(file, Format::Yaml, text),
            cursor: 0,
            document_start: 0,
            anchors: HashMap::new(),
            open_anchors: Vec::new(),
            bad_alias: None,
            template_note: None,
        }
    }

    fn event(&mut self, event: Event<'_>, marks: &Marks) -> Result<(), Stop> {
        let (start, end) = self.range(marks);
        let before = self.cursor;
        self.cursor = self.cursor.max(end);
        match event {
            Event::DocumentStart(..) => {
                self.document_start = start;
                self.anchors.clear();
            }
            Event::DocumentEnd => match self.bad_alias.take() {
                Some(problem) => self.abandon(*problem),
                None => self.tree.finish_document(),
            },
            Event::Comment(..) => {
                let span = Span::new(self.file, start as u32, end as u32);
                self.tree.comment(Comment { span, alone: spans::is_alone(self.text, start) });
            }
            Event::MappingStart(style, anchor, _) => {
                let start = spans::mapping_start(self.text, style, start);
                self.open(Collection::Mapping, start, anchor, marks)?;
            }
            Event::SequenceStart(style, anchor, _) => {
                let is_in_mapping = matches!(self.tree.slot(), Slot::Key | Slot::Value);
                let start = match style {
                    StructureStyle::Block if is_in_mapping => spans::dash(self.text, before).unwrap_or(start),
                    _ => start,
                };
                self.open(Collection::Sequence, start, anchor, marks)?;
            }
            Event::MappingEnd => self.close(b'}', start, end)?,
            Event::SequenceEnd => self.close(b']', start, end)?,
            Event::Scalar(value, style, anchor, _) => {
                let node = self.scalar(&value, style, marks, before)?;
                self.name(anchor, node);
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                if target.is_none() {
                    self.report_alias(start, end, "stands inside the value that it refers to");
                }
                self.alias(start, end, target)?;
            }
            Event::UnresolvedAlias(_) => {
                self.report_alias(start, end, "refers to an anchor that is not defined before it");
                self.alias(start, end, None)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn open(
        &mut self,
        collection: Collection,
        start: usize,
        anchor: usize,
        marks: &Marks,
    ) -> Result<(), Stop> {
        self.tree.open(collection, start as u32)?;
        if let Some((start, end)) = self.tag(marks) {
            self.tree.tag_open(start, end);
        }
        self.open_anchors.push(anchor);
        Ok(())
    }

    /// Ends a collection behind its bracket, or, where it has none, with its last child.
    fn close(&mut self, bracket: u8, start: usize, end: usize) -> Result<(), Stop> {
        let has_bracket = end > start && self.text.as_bytes().get(end - 1) == Some(&bracket);
        let node = self.tree.close(has_bracket.then_some(end as u32))?;
        let anchor = self.open_anchors.pop().unwrap_or(0);
        self.name(anchor, node);
        Ok(())
    }

    /// Remembers the node of an anchor; granit's id 0 means none.
    fn name(&mut self, anchor: usize, node: NodeId) {
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
    }

    fn scalar(&mut self, value: &str, style: Written, marks: &Marks, before: usize) -> Result<NodeId, Stop> {
        let (start, end) = self.range(marks);
        let tag = self.tag(marks);
        let node = match style {
            Written::Plain if start == end => {
                let at = spans::empty(self.text, start, self.tree.slot());
                self.tree.verbatim(ScalarStyle::Plain, (at as u32, at as u32), at as u32..at as u32)?
            }
            Written::Literal | Written::Folded => {
                let style =
                    if style == Written::Literal { ScalarStyle::Literal } else { ScalarStyle::Folded };
                let (start, end) = spans::block_scalar(self.text, before, start..end, value);
                self.tree.decoded(style, (start as u32, end as u32), value)?
            }
            _ => {
                let (style, quote) = match style {
                    Written::SingleQuoted => (ScalarStyle::Single, 1),
                    Written::DoubleQuoted => (ScalarStyle::Double, 1),
                    _ => (ScalarStyle::Plain, 0),
                };
                let content = start + quote..end - quote;
                let place = (start as u32, end as u32);
                if self.text.get(content.clone()) == Some(value) {
                    self.tree.verbatim(style, place, content.start as u32..content.end as u32)?
                } else {
                    self.tree.decoded(style, place, value)?
                }
            }
        };
        if let Some((start, end)) = tag {
            self.tree.tag(node, start, end);
        }
        Ok(node)
    }

    /// An alias without a target keeps its place in the tree, which will be abandoned.
    fn alias(&mut self, start: usize, end: usize, target: Option<NodeId>) -> Result<(), Stop> {
        let (start, end) = (start as u32, end as u32);
        match target {
            Some(target) => self.tree.alias(start, end, target)?,
            None => self.tree.verbatim(ScalarStyle::Plain, (start, end), start..end)?,
        };
        Ok(())
    }

    fn report_alias(&mut self, start: usize, end: usize, what: &str) {
        let span = Span::new(self.file, start as u32, end as u32);
        let alias = &self.text[span.range()];
        self.bad_alias.get_or_insert_with(|| {
            let problem = syntax_error(span, format!("the alias `{alias}` {what}"));
            Box::new(problem.with_help(format!("if it is meant as text, write it in quotes: `\"{alias}\"`")))
        });
    }

    fn failure(&mut self, error: &ScanError) -> Stop {
        if *error.kind() == ErrorKind::ExpectedDocumentStart {
            self.tree.retract_document();
        }
        // An alias that cannot be resolved is earlier in the text than what stopped the parser.
        self.bad_alias.take().unwrap_or_else(|| {
            let context = problem::Context { file: self.file, text: self.text, cursor: self.cursor };
            Box::new(context.describe(error))
        })
    }

    /// Gives up the current document: because of template actions in it, or because it is broken.
    fn abandon(&mut self, problem: Diagnostic) {
        let at = problem.primary.span.start as usize;
        let end = spans::document_end(self.text, at.max(self.cursor));
        let note = match problem.rule.as_ref() {
            "syntax-error" => template::note(self.file, self.text, self.document_start.min(at)..end, at),
            _ => None,
        };
        match note {
            Some(note) => {
                self.tree.forget_document();
                self.template_note.get_or_insert(note);
            }
            None => self.tree.abandon_document(problem),
        }
        self.open_anchors.clear();
        self.bad_alias = None;
        self.document_start = end;
    }

    fn finish(self) -> (Document, Vec<Diagnostic>) {
        let (document, mut diagnostics) = self.tree.finish();
        diagnostics.extend(self.template_note);
        (document, diagnostics)
    }

    fn range(&self, marks: &Marks) -> (usize, usize) {
        let offset = |marker: granit_parser::Marker| {
            marker.byte_offset().expect("internal error: text input has byte offsets")
        };
        let (start, end) = (offset(marks.start), offset(marks.end));
        (start, end.max(start))
    }

    fn tag(&self, marks: &Marks) -> Option<(u32, u32)> {
        let (start, end) = self.range(&marks.tag_span()?);
        Some((start as u32, end as u32))
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Format;
    use crate::syntax::dump;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        dump::check(Format::Yaml, input, expected);
    }

    #[test]
    fn block_collections_end_with_their_last_child() {
        check("a: b\n", "{a@0..1 b@3..4}@0..4");
        check("a:\n  b: c\n\n# x\n\nd: e\n", "{a@0..1 {b@5..6 c@8..9}@5..9, d@16..17 e@19..20}@0..20");
        check("a:\n- b\n- c\n", "{a@0..1 [b@5..6 c@9..10]@3..10}@0..10");
        check("- - a\n  - b\n- c: d\n", "[[a@4..5 b@10..11]@2..11 {c@14..15 d@17..18}@14..18]@0..18");
    }
}
