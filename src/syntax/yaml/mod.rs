//! YAML to a document: streams, tags, anchors as edges, merge keys, comments.
//!
//! `granit-parser` reads the text; this module is the only one that knows it. Its events are turned
//! into the tree, its spans are made exact, and its errors get words that help.

mod fast;
mod openings;
mod problem;
mod spans;

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle as Written, ScanError, Span as Marks, StructureStyle,
};

use super::tree::{Collection, Slot, Tree};
use super::{MAX_DEPTH, Stop, char_span, syntax_error, template};
use crate::diagnostic::Diagnostic;
use crate::document::{Comment, Document, Format, NodeId, ScalarStyle};
use crate::source::{FileId, Span};

/// YAML allows no implicit key above 1024 characters, but the parsers of Kubernetes and AWS do.
const LONGEST_KEY: usize = 64 * 1024;

/// Reads a YAML stream: one root for each document without a syntax error.
pub(super) fn read(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    fast::read(file, text).unwrap_or_else(|| read_fully(file, text))
}

/// Reads whatever YAML allows, by way of granit.
pub(super) fn read_fully(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
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
    /// Behind the last token that was read, comments apart: where the search for the next one starts.
    cursor: usize,
    /// Where the current document starts.
    document_start: usize,
    /// Finished nodes by granit's anchor ids.
    anchors: HashMap<usize, NodeId>,
    /// The anchors of the open collections, innermost last; 0 for none.
    open_anchors: Vec<usize>,
    /// Whether a document of the stream was read before the current one.
    has_previous: bool,
    /// What is wrong with the current document although granit reads on.
    deferred: Option<Stop>,
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
            has_previous: false,
            deferred: None,
            template_note: None,
        }
    }

    fn event(&mut self, event: Event<'_>, marks: &Marks) -> Result<(), Stop> {
        let (start, end) = self.range(marks);
        let before = self.cursor;
        // NOTE: the start of a document without `---` has the span of its first token, not yet read;
        // a comment behind a dash comes before the list that the dash begins.
        if !matches!(event, Event::DocumentStart(false, _) | Event::Comment(..)) {
            self.cursor = self.cursor.max(end);
        }
        match event {
            Event::DocumentStart(is_explicit, _) => {
                self.document_start = start;
                self.anchors.clear();
                if self.has_previous && !is_explicit {
                    self.deferred = Some(Box::new(self.missing_marker(start)));
                }
                self.has_previous = true;
            }
            Event::DocumentEnd => match self.deferred.take() {
                Some(problem) => self.abandon(*problem),
                None => self.tree.finish_document(),
            },
            Event::Comment(..) => {
                let span = Span::new(self.file, start as u32, end as u32);
                self.tree.comment(Comment { span, alone: spans::is_alone(self.text, start) });
            }
            Event::MappingStart(_, anchor, _) => {
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
                let at = spans::empty(self.text, start, self.tree.slot(), self.tree.comments());
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
        self.deferred.get_or_insert_with(|| {
            let problem = syntax_error(span, format!("the alias `{alias}` {what}"));
            Box::new(problem.with_help(format!("if it is meant as text, write it in quotes: `\"{alias}\"`")))
        });
    }

    /// YAML 1.2 lets a document begin without `---` after `...`; the YAML 1.1 parsers that these files
    /// are for do not.
    fn missing_marker(&self, start: usize) -> Diagnostic {
        let span = char_span(self.file, self.text, start);
        syntax_error(span, "the document has ended with `...` before this line")
            .with_help("remove `...`, or start another document with `---`")
    }

    fn failure(&mut self, error: &ScanError) -> Stop {
        if *error.kind() == ErrorKind::ExpectedDocumentStart {
            self.tree.retract_document();
        }
        // What was noticed before stands earlier in the text than what stopped the parser.
        self.deferred.take().unwrap_or_else(|| {
            let context = problem::Context {
                file: self.file,
                text: self.text,
                cursor: self.cursor,
                innermost: self.tree.innermost(),
            };
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
        self.deferred = None;
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
    use std::sync::Arc;

    use crate::document::Format;
    use crate::source::FileId;
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

    #[test]
    fn template_actions_give_one_note() {
        check(
            "{{ if x }}\na: b\n{{ end }}\n",
            "! unrendered-template@0..2 the file is a template that was not rendered",
        );
        check(
            "a: b\n---\n{% if x %}\nc: d\n{% endif %}\n---\ne: f\n",
            "{a@0..1 b@3..4}@0..4 --- {e@41..42 f@44..45}@41..45\n! unrendered-template@9..11 the file is a template that was not rendered",
        );
        check("a: '{{resolve:ssm:x}}'\nb: [c\n", "! syntax-error@26..27 `[` is not closed");
    }

    #[test]
    fn keys_written_twice() {
        check(
            "a: 1\na: 2\n\"a\": 3\n",
            "{a@0..1 1@3..4, a@5..6 2@8..9, \"a\"@10..13 3@15..16}@0..16\n! duplicate-key@5..6 key `a` is written twice\n  0..1 first written here\n! duplicate-key@10..13 key `a` is written twice\n  0..1 first written here",
        );
    }

    #[test]
    fn problems_with_brackets_and_quotes() {
        check(
            "a: [b, c\nd: e\n",
            "! syntax-error@3..4 `[` is not closed\n  10..11 this cannot stand within the brackets",
        );
        check("a: [b, c\n", "! syntax-error@3..4 `[` is not closed");
        check("a: [b}\n", "! syntax-error@3..4 `[` is closed by `}`\n  5..6 closed here");
        check("a: b]\nc: ]\n", "! syntax-error@9..10 `]` closes nothing");
        check(
            "a: \"b\nc: d\n",
            "! syntax-error@3..4 the quote is not closed\n  6..7 this line ends the quoted text",
        );
        check("a: 'b\n", "! syntax-error@3..4 the quote is not closed");
        check("a: \"\\q\"\n", r#"! syntax-error@4..6 `\q` is no valid escape sequence"#);
        check("a: \"\\u12\"\n", r#"! syntax-error@4..6 `\u` is no valid escape sequence"#);
        check(
            "a: b\n---\nc: [\n---\nd: e\n",
            "{a@0..1 b@3..4}@0..4 --- {d@18..19 e@21..22}@18..22\n! syntax-error@12..13 `[` is not closed",
        );
        check("a: {b: 1, c\nd: 2\n", "! syntax-error@3..4 `{` is not closed");
    }

    #[test]
    fn problems_with_indentation_and_keys() {
        check("a: x: y\nb: 1\n", "! syntax-error@4..5 an unquoted value cannot contain a colon and a space");
        check("a: b\n\tc: d\n", "! syntax-error@5..6 the line is indented with a tab");
        check("a:\n\t- b\n", "! syntax-error@3..4 the line is indented with a tab");
        check("a: - b\n", "! syntax-error@3..4 a list item cannot start here");
        check(
            "a: b\n c: d\n",
            "! syntax-error@6..7 a key cannot stand here: the line continues the value above it",
        );
        check(
            "a: 'b'\n c: d\n",
            "! syntax-error@8..9 the indentation of this line fits nothing above it\n  0..1 the keys beside it start here",
        );
        check("- a\nb: c\n", "! syntax-error@4..5 expected `- `, found `b`\n  0..1 the list starts here");
        check(
            "a:b\nc: d\n",
            "! syntax-error@4..5 a key cannot stand here: the line continues the value above it",
        );
        check("a: |b\n c\n", "! syntax-error@3..4 the text of a block scalar starts on the next line");
        check(
            "a:\n  - b\n c: d\n",
            "! syntax-error@10..11 the indentation of this line fits nothing above it\n  0..1 the keys beside it start here",
        );
    }

    #[test]
    fn problems_with_values() {
        check(
            "a: *b\n",
            "! syntax-error@3..5 the alias `*b` refers to an anchor that is not defined before it",
        );
        check(
            "a: *.b\n",
            "! syntax-error@3..6 the alias `*.b` refers to an anchor that is not defined before it",
        );
        check("a: &x [*x]\n", "! syntax-error@7..9 the alias `*x` stands inside the value that it refers to");
        check("a: *\n", "! syntax-error@3..4 `*` starts an alias, which needs a name");
        check("a: @b\n", "! syntax-error@3..4 a value cannot start with `@`");
        check("a: %b\n", "! syntax-error@3..4 a value cannot start with `%`");
        check("a: b\0\n", "! syntax-error@4..5 the control character U+0000 is not allowed");
        check("a: 'b' c\n", "! syntax-error@7..8 text follows the closing quote");
        check("a: !x,y b\n", "! syntax-error@3..4 the tag is not valid");
        check("a: !e!x b\n", "! syntax-error@3..4 the tag's prefix is not declared");
    }

    #[test]
    fn streams_keep_what_can_be_read() {
        check("", "");
        check("# only a comment\n", "");
        check("---\n---\na\n...\n---\n", "@3..3 --- a@8..9 --- @17..17");
        check("--- |\n a\n", r#"|a\n|@4..8"#);
        check(
            "a: b\n...\nc: d\n",
            "{a@0..1 b@3..4}@0..4\n! syntax-error@9..10 the document has ended with `...` before this line",
        );
        check("a: b\n...\n# x\n", "{a@0..1 b@3..4}@0..4");
    }

    #[test]
    fn merge_keys() {
        check(
            "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n  e: 4\n",
            "{a@0..1 {b@7..8 1@10..11, c@13..14 2@16..17}@6..18, d@19..20 {<<@24..26 *@28..30, c@33..34 3@36..37, e@40..41 4@43..44, +b 1@10..11}@24..44}@0..44",
        );
        check(
            "a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y], f: 4}\n",
            "{a@0..1 {b@7..8 1@10..11}@6..12, c@13..14 {b@20..21 2@23..24, d@26..27 3@29..30}@19..31, e@32..33 {<<@36..38 [*@41..43 *@45..47]@40..48, f@50..51 4@53..54, +b 1@10..11, +d 3@29..30}@35..55}@0..55",
        );
        check(
            "a: &x {b: 1}\nc: &y\n  <<: *x\n  d: 2\ne:\n  <<: *y\n",
            "{a@0..1 {b@7..8 1@10..11}@6..12, c@13..14 {<<@21..23 *@25..27, d@30..31 2@33..34, +b 1@10..11}@21..34, e@35..36 {<<@40..42 *@44..46, +d 2@33..34, +b 1@10..11}@40..46}@0..46",
        );
        check(
            "a: {<<: b, \"<<\": {c: d}}",
            r#"{a@0..1 {<<@4..6 b@8..9, "<<"@11..15 {c@18..19 d@21..22}@17..23}@3..24}@0..24"#,
        );
    }

    #[test]
    fn anchors_and_aliases() {
        check(
            "a: &x b\nc: *x\nd: [*x]\n",
            "{a@0..1 b@6..7, c@8..9 *@11..13, d@14..15 [*@18..20]@17..21}@0..21",
        );
        check(
            "a: &x\n  b: c\nd: &y [e]\nf: *y\ng: *x\n",
            "{a@0..1 {b@8..9 c@11..12}@8..12, d@13..14 [e@20..21]@19..22, f@23..24 *@26..28, g@29..30 *@32..34}@0..34",
        );
    }

    #[test]
    fn block_scalars_start_with_their_sign() {
        check(
            "a: |\n  x\n   y\n\n\nb: >-\n  é\n\n# c\n",
            r#"{a@0..1 |x\n y\n|@3..13, b@16..17 >é>@19..26}@0..26"#,
        );
        check(
            "a: |+\n\n\nb: |2\n   c\nd: >\n",
            r#"{a@0..1 |\n\n|@3..5, b@8..9 | c\n|@11..18, d@19..20 >>@22..23}@0..23"#,
        );
        check("- |\n a\n- &x !T |\n b\n", r#"[|a\n|@2..6 !T@12..14 |b\n|@15..19]@0..19"#);
        check(
            "a: b\r\nc:\r\n  - d\r\ne: |\r\n  f\r\n  g\r\n",
            r#"{a@0..1 b@3..4, c@6..7 [d@14..15]@12..15, e@17..18 |f\ng\n|@20..31}@0..31"#,
        );
        check(
            "\"a b\": 1\n? |\n  c\n: - d\n",
            r#"{"a b"@0..5 1@7..8, |c\n|@11..16 [d@21..22]@19..22}@0..22"#,
        );
    }

    #[test]
    fn tags_stand_before_the_value() {
        check(
            "a: !Ref b\nc: !GetAtt\n  - d\n  - e\nf: !Sub {g: h}\ni: !If [j, k]\n",
            "{a@0..1 !Ref@3..7 b@8..9, c@10..11 !GetAtt@13..20 [d@25..26 e@31..32]@23..32, f@33..34 !Sub@36..40 {g@42..43 h@45..46}@41..47, i@48..49 !If@51..54 [j@56..57 k@59..60]@55..61}@0..61",
        );
        check("!!map {a: !<tag:x> b}\n", "!!map@0..5 {a@7..8 !<tag:x>@10..18 b@19..20}@6..21");
    }

    #[test]
    fn line_ends_and_marks() {
        check("\u{feff}a: b\n", "{a@3..4 b@6..7}@3..7");
        check("a: b\rc: d\r", "{a@0..1 b@3..4, c@5..6 d@8..9}@0..9");
        check("a: b # c\n# d\n  # e\n", "{a@0..1 b@3..4}@0..4");
    }

    #[test]
    fn values_that_are_not_written() {
        check(
            "a:\n\nb: \nc: # x\nd: !T\ne: &x\n",
            "{a@0..1 @2..2, b@4..5 @6..6, c@8..9 @10..10, d@15..16 !T@18..20 @20..20, e@21..22 @26..26}@0..26",
        );
        check("- \n-\n- a\n", "[@1..1 @4..4 a@7..8]@0..8");
        check("? a\n? b\n: c\n", "{a@2..3 @3..3, b@6..7 c@10..11}@0..11");
        check("{a, b: , c: }", "{a@1..2 @2..2, b@4..5 @6..6, c@9..10 @11..11}@0..13");
    }

    #[test]
    fn scalars() {
        check(
            "a: 'x'\nb: \"y\\n\"\nc: \"é🦀\"\n'd': e f\n",
            r#"{a@0..1 'x'@3..6, b@7..8 "y\n"@10..15, c@16..17 "é🦀"@19..27, 'd'@28..31 e f@33..36}@0..36"#,
        );
        check("a: 'it''s'\nb: x\n  y\n", r#"{a@0..1 'it\'s'@3..10, b@11..12 x y@14..19}@0..19"#);
        check(
            "a:b:c: d\ne: http://f\ng: h:i\n",
            "{a:b:c@0..5 d@7..8, e@9..10 http://f@12..20, g@21..22 h:i@24..27}@0..27",
        );
    }

    #[test]
    fn flow_and_block_collections() {
        check("[a: b, ]", "[{a@1..2 b@4..5}@1..5]@0..8");
        check(
            "a: [b, {c: d}] # x\ne: {\n f: g\n }\n\n",
            "{a@0..1 [b@4..5 {c@8..9 d@11..12}@7..13]@3..14, e@19..20 {f@25..26 g@28..29}@22..32}@0..32",
        );
        check(
            "- a: b\n  c: d\n- [e,\n   f]\n",
            "[{a@2..3 b@5..6, c@9..10 d@12..13}@2..13 [e@17..18 f@23..24]@16..25]@0..25",
        );
    }

    /// What must be bounded, and the one diagnostic that says so.
    #[track_caller]
    fn check_bounded(input: &str, rule: &str) {
        let (document, diagnostics) = crate::syntax::parse(FileId(0), Format::Yaml, &Arc::from(input));
        assert!(document.n_nodes() < 2_000_000, "{} nodes", document.n_nodes());
        let rules: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.rule.as_ref()).collect();
        assert_eq!(rules, [rule]);
    }

    #[test]
    fn comments_behind_a_dash_move_nothing() {
        for input in ["- # b \n", "- # b", "-  # b\n# c\n\n"] {
            let text = Arc::from(input);
            for (document, _) in [super::read(FileId(0), &text), super::read_fully(FileId(0), &text)] {
                assert_eq!(document.roots().map(dump::dump).collect::<String>(), "[@1..1]@0..1");
            }
        }
        check("a:\n- # b\n  c: d\n", "{a@0..1 [{c@11..12 d@14..15}@11..15]@3..15}@0..15");
    }

    #[test]
    fn depth_is_bounded() {
        check_bounded(&"[".repeat(100_000), "limit-reached");
        check_bounded(&"{a: ".repeat(100_000), "limit-reached");
        check_bounded(&"- ".repeat(100_000), "limit-reached");
        check_bounded(&"? ".repeat(100_000), "limit-reached");
        let steps: String = (0..400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        check_bounded(&steps, "limit-reached");
        let mixed = format!("{}{}{}{}", "- ".repeat(200), "[".repeat(200), "]".repeat(200), "\n");
        check_bounded(&mixed, "limit-reached");
    }

    #[test]
    fn merges_are_bounded() {
        let chain: String =
            (1..5000).map(|n| format!("m{n}: &m{n}\n  <<: *m{}\n  k{n}: 1\n", n - 1)).collect();
        check_bounded(&format!("m0: &m0 {{k0: 1}}\n{chain}"), "limit-reached");
    }

    #[test]
    fn aliases_are_not_expanded() {
        let mut bomb = "a0: &a0 [x]\n".to_string();
        for n in 1..64 {
            let items = vec![format!("*a{}", n - 1); 9].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{items}]\n"));
        }
        let (document, diagnostics) = crate::syntax::parse(FileId(0), Format::Yaml, &Arc::from(bomb));
        assert_eq!(diagnostics, []);
        assert!(document.n_nodes() < 1000);
    }
}
