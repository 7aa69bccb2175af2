//! From byte offsets to lines and columns.

/// A line and column, both 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line; lines end with LF (a CR before it belongs to the line end).
    pub line: u32,
    /// 1-based column in Unicode scalar values; a byte order mark takes no column.
    pub column: u32,
    /// 1-based column in UTF-16 code units.
    pub column_utf16: u32,
}

/// The starts of all lines of a text.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Reads the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect();
        Self { starts }
    }

    /// How many lines there are; a text that ends with LF has an empty last line.
    pub fn n_lines(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The 1-based line that holds `offset`.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|start| *start <= offset) as u32
    }

    /// The byte range of a 1-based line in `text`, without its line end.
    pub fn line_range(&self, text: &str, line: u32) -> std::ops::Range<usize> {
        let idx = line as usize - 1;
        let start = self.starts[idx] as usize;
        let end = self.starts.get(idx + 1).map_or(text.len(), |next| *next as usize - 1);
        let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
        start..end
    }

    /// The position of `offset` in `text`, the text that this index was made from.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = (offset as usize).min(text.len());
        let line = self.line(offset as u32);
        let start = self.starts[line as usize - 1] as usize;
        let before = text.get(start..offset).unwrap_or_default();
        let before = if start == 0 { before.trim_start_matches('\u{feff}') } else { before };
        let column = before.chars().count() as u32 + 1;
        let column_utf16 = before.encode_utf16().count() as u32 + 1;
        Position { line, column, column_utf16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: u32, line: u32, column: u32, column_utf16: u32) {
        let found = LineIndex::new(text).position(text, offset);
        assert_eq!(found, Position { line, column, column_utf16 }, "{text:?} at {offset}");
    }

    #[test]
    fn positions() {
        check("", 0, 1, 1, 1);
        check("ab\ncd", 3, 2, 1, 1);
        check("ab\r\ncd", 5, 2, 2, 2);
        check("é: 🦀x", 8, 1, 5, 6);
        check("\u{feff}ab", 4, 1, 2, 2);
        check("ab\n", 3, 2, 1, 1);
    }

    #[test]
    fn line_ranges_leave_out_line_ends() {
        let text = "ab\r\n\ncd";
        let lines = LineIndex::new(text);
        let all: Vec<_> = (1..=lines.n_lines()).map(|line| &text[lines.line_range(text, line)]).collect();
        assert_eq!(all, ["ab", "", "cd"]);
    }
}
