//! The plain majority of YAML, read directly; anything unusual is left to granit.
//!
//! Builds the same tree with the same spans as [`super::read_fully`] does from granit's events, several times
//! faster, or gives up: on tabs and control characters, directives, explicit keys, and on everything that is, or might be, wrong. So no message is ever
//! made here. That both readers agree is tested on every text at hand (`tests/properties.rs`).

mod cursor;
mod flow;
mod scalars;

use std::collections::HashMap;
use std::sync::Arc;

use scalars::Scanned;

use crate::diagnostic::Diagnostic;
use crate::document::{Document, Format, NodeId, ScalarStyle};
use crate::source::FileId;
use crate::syntax::Stop;
use crate::syntax::tree::{Collection, Tree};

/// The text holds something that this reader does not know.
pub(super) struct Unusual;

impl From<Stop> for Unusual {
    fn from(_: Stop) -> Self {
        Unusual
    }
}

/// As the column of a parent: nothing is indented deeper.
const ONE_LINE: isize = isize::MAX;

type Read<T> = Result<T, Unusual>;

/// Reads a stream of the common kind; `None` for any other.
pub(super) fn read(file: FileId, text: &Arc<str>) -> Option<(Document, Vec<Diagnostic>)> {
    if !scalars::is_common(text) {
        return None;
    }
    let mut reader = Reader {
        file,
        text,
        bytes: text.as_bytes(),
        at: 0,
        line_start: 0,
        tree: Tree::new(file, Format::Yaml, text),
        anchors: HashMap::new(),
        scratch: String::new(),
    };
    reader.stream().ok()?;
    Some(reader.tree.finish())
}

/// The tag and the anchor before a value.
#[derive(Debug, Clone, Copy, Default)]
struct Properties<'t> {
    tag: Option<(u32, u32)>,
    anchor: Option<&'t str>,
}

impl Properties<'_> {
    fn are_written(&self) -> bool {
        self.tag.is_some() || self.anchor.is_some()
    }
}

/// Whether a list may stand in the same column as what it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Key,
    Other,
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line_start: usize,
    tree: Tree,
    /// By name; `None` while the value is being read.
    anchors: HashMap<&'t str, Option<NodeId>>,
    /// Reused for decoded scalars.
    scratch: String,
}

/// Documents and block style. `parent` is the column of the collection that a node is in, -1 at the root.
impl<'t> Reader<'t> {
    fn stream(&mut self) -> Read<()> {
        let mut is_first = true;
        loop {
            let has_content = self.next_line()?.is_some();
            if !has_content && self.at == self.bytes.len() {
                return Ok(());
            }
            if has_content {
                if !is_first || self.peek() == b'%' {
                    return Err(Unusual);
                }
                self.block_node(-1, Properties::default())?;
            } else {
                self.explicit_document()?;
            }
            is_first = false;
            self.anchors.clear();
            self.tree.finish_document();
            if self.next_line()?.is_some() {
                return Err(Unusual);
            }
        }
    }

    /// A document that starts with `---` on a line of its own.
    fn explicit_document(&mut self) -> Read<()> {
        if self.peek() != b'-' {
            return Err(Unusual);
        }
        self.at += 3;
        let marker_end = self.at;
        self.skip_spaces();
        self.end_of_line()?;
        self.node_below(-1, Properties::default(), marker_end, Below::Other)
    }

    /// A node whose first character is the first on its line, list dashes apart.
    fn block_node(&mut self, parent: isize, above: Properties<'t>) -> Read<()> {
        let column = self.column();
        if matches!(self.peek(), b'&' | b'!') {
            if above.are_written() {
                return Err(Unusual);
            }
            let (properties, end) = self.properties()?;
            if self.is_line_done() {
                self.end_of_line()?;
                return self.node_below(parent, properties, end, Below::Other);
            }
            return self.inline_node(parent, properties);
        }
        match self.peek() {
            b'-' if self.is_blank(self.at + 1) => self.sequence(column, above),
            b'"' | b'\'' => {
                let line = self.line_start;
                let scalar = self.quoted(parent)?;
                if self.is_key_end() {
                    let is_one_line = self.line_start == line;
                    return if is_one_line { self.mapping(column, above, scalar) } else { Err(Unusual) };
                }
                self.scalar(scalar, above)?;
                self.end_of_line()
            }
            b'|' | b'>' | b'[' | b'{' | b'*' => self.inline_node(parent, above),
            _ => {
                let scalar = self.plain()?;
                if self.is_key_end() {
                    return self.mapping(column, above, scalar);
                }
                self.plain_value(scalar, parent, above)
            }
        }
    }

    /// A node behind its key's colon, its dash's properties, or anything else on the same line: no
    /// block collection can start there.
    fn inline_node(&mut self, parent: isize, properties: Properties<'t>) -> Read<()> {
        match self.peek() {
            b'|' | b'>' => self.block_scalar(parent, properties),
            b'[' | b'{' => {
                self.flow(parent, properties)?;
                self.end_of_line()
            }
            b'*' => {
                self.alias(properties)?;
                self.end_of_line()
            }
            b'"' | b'\'' => {
                let scalar = self.quoted(parent)?;
                self.scalar(scalar, properties)?;
                self.end_of_line()
            }
            _ => {
                let scalar = self.plain()?;
                if self.is_key_end() {
                    return Err(Unusual);
                }
                self.plain_value(scalar, parent, properties)
            }
        }
    }

    /// A plain scalar whose first line was read, with the lines that continue it.
    fn plain_value(&mut self, first: Scanned, parent: isize, properties: Properties<'t>) -> Read<()> {
        let scalar = scalars::continue_plain(self.text, first, parent, &mut self.scratch).ok_or(Unusual)?;
        self.go_behind(scalar);
        self.scalar(scalar, properties)?;
        self.end_of_line()?;
        self.no_continuation(parent)
    }

    /// A node on the lines below; if there is none, an empty one at `empty_at`.
    fn node_below(
        &mut self,
        parent: isize,
        properties: Properties<'t>,
        empty_at: usize,
        below: Below,
    ) -> Read<()> {
        match self.next_line()? {
            Some(column) if column as isize > parent => self.block_node(parent, properties),
            Some(column) if column as isize == parent && below == Below::Key && self.is_item() => {
                self.sequence(column, properties)
            }
            _ => {
                let empty = Scanned::verbatim(ScalarStyle::Plain, empty_at, empty_at);
                self.scalar(empty, properties)
            }
        }
    }

    fn mapping(&mut self, column: usize, properties: Properties<'t>, first: Scanned) -> Read<()> {
        self.open(Collection::Mapping, first.start, properties)?;
        let mut key = first;
        loop {
            self.scalar(key, Properties::default())?;
            self.skip_spaces();
            self.at += 1;
            self.value(column as isize)?;
            match self.next_line()? {
                Some(next) if next == column => key = self.key()?,
                Some(next) if next > column => return Err(Unusual),
                _ => break,
            }
        }
        self.close(None, properties)
    }

    fn key(&mut self) -> Read<Scanned> {
        let key = match self.peek() {
            b'"' | b'\'' => self.quoted(ONE_LINE)?,
            _ => self.plain()?,
        };
        if self.is_key_end() { Ok(key) } else { Err(Unusual) }
    }

    /// What follows a key's colon.
    fn value(&mut self, column: isize) -> Read<()> {
        let colon_end = self.at;
        self.skip_spaces();
        if self.is_line_done() {
            self.end_of_line()?;
            return self.node_below(column, Properties::default(), colon_end, Below::Key);
        }
        if !matches!(self.peek(), b'&' | b'!') {
            return self.inline_node(column, Properties::default());
        }
        let (properties, end) = self.properties()?;
        if self.is_line_done() {
            self.end_of_line()?;
            return self.node_below(column, properties, end, Below::Key);
        }
        self.inline_node(column, properties)
    }

    fn sequence(&mut self, column: usize, properties: Properties<'t>) -> Read<()> {
        self.open(Collection::Sequence, self.at, properties)?;
        loop {
            self.at += 1;
            let dash_end = self.at;
            self.skip_spaces();
            if self.is_line_done() {
                self.end_of_line()?;
                self.node_below(column as isize, Properties::default(), dash_end, Below::Other)?;
            } else {
                self.block_node(column as isize, Properties::default())?;
            }
            match self.next_line()? {
                Some(next) if next == column && self.is_item() => {}
                Some(next) if next > column => return Err(Unusual),
                _ => break,
            }
        }
        self.close(None, properties)
    }

    fn block_scalar(&mut self, parent: isize, properties: Properties<'t>) -> Read<()> {
        let start = self.at;
        let header_end = start + 1 + usize::from(matches!(self.bytes.get(start + 1), Some(b'+' | b'-')));
        self.at = header_end;
        if !self.is_blank(self.at) {
            return Err(Unusual);
        }
        self.skip_spaces();
        self.end_of_line()?;
        let lines = scalars::block_lines(self.text, self.at, parent).ok_or(Unusual)?;
        self.at = lines.end;
        self.line_start = lines.end;
        let style = match self.bytes[start] {
            b'|' => ScalarStyle::Literal,
            _ => ScalarStyle::Folded,
        };
        let chomping = self.bytes.get(start + 1).copied().filter(|_| header_end > start + 1);
        scalars::decode_block(&lines, style, chomping, &mut self.scratch);
        let scalar = Scanned { style, start, end: lines.text_end, is_verbatim: false };
        self.scalar(scalar, properties)
    }
}
