//! The files of a run.

use std::sync::{Arc, OnceLock};

use super::{FileId, LineIndex, Position, Span};

/// The text of one file.
#[derive(Debug)]
pub struct Source {
    /// The path as the user gave it or as the walk found it, with forward slashes.
    pub path: String,
    /// The text as it is on disk, a byte order mark included, so that offsets are offsets of the file.
    pub text: Arc<str>,
    lines: OnceLock<LineIndex>,
    masked: Option<Arc<str>>,
}

impl Source {
    /// A file that was read.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into(), lines: OnceLock::new(), masked: None }
    }

    /// The line starts, worked out when first asked for.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    /// The text that people may see: secrets are masked, each character by one of the same size, so that spans fit both texts.
    /// Reports show nothing else.
    pub fn shown(&self) -> &str {
        self.masked.as_deref().unwrap_or(&self.text)
    }

    /// The position of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        self.lines().position(&self.text, offset)
    }

    /// The text of one 1-based line, without its line end.
    pub fn line_text(&self, line: u32) -> &str {
        &self.text[self.lines().line_range(&self.text, line)]
    }
}

/// All files of a run, by [`FileId`].
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<Source>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("internal error: more than 4 billion files"));
        self.files.push(source);
        id
    }

    /// The file of an id that this map gave.
    pub fn get(&self, id: FileId) -> &Source {
        &self.files[id.0 as usize]
    }

    /// Sets the text of a file that people may see.
    pub fn mask(&mut self, id: FileId, shown: String) {
        let source = &mut self.files[id.0 as usize];
        debug_assert_eq!(source.text.len(), shown.len(), "internal error: a mask moves places");
        source.masked = Some(shown.into());
    }

    /// All files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().enumerate().map(|(idx, source)| (FileId(idx as u32), source))
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).text.get(span.range()).unwrap_or_default()
    }

    /// The text under a span, as people may see it.
    pub fn shown(&self, span: Span) -> &str {
        self.get(span.file).shown().get(span.range()).unwrap_or_default()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
