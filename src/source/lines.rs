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
    marks: Vec<Mark>,
}

/// How far apart the marks of a long line are. Plans of 100 MB are one line, and counting their characters anew for each
/// position would take longer than everything else.
const STEP: usize = 1 << 12;

/// The characters of a long line that stand before an offset.
#[derive(Debug, Clone, Copy)]
struct Mark {
    offset: u32,
    chars: u32,
    utf16: u32,
}

impl LineIndex {
    /// Reads the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts: Vec<u32> = std::iter::once(0).chain(breaks.map(|at| at as u32 + 1)).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len() as u32]);
        let mut marks = Vec::new();
        for (start, end) in starts.iter().zip(ends).filter(|(start, end)| (end - *start) as usize > STEP) {
            mark(text, *start, end, &mut marks);
        }
        Self { starts, marks }
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
        let (from, chars, utf16) = self.counted_up_to(start, offset);
        let before = text.get(from..offset).unwrap_or_default();
        let before = if from == 0 { before.trim_start_matches('\u{feff}') } else { before };
        let (more, more_utf16) = count(before);
        Position { line, column: chars + more + 1, column_utf16: utf16 + more_utf16 + 1 }
    }

    /// The last mark of the line that begins at `start` and is not behind `offset`: its offset and counts.
    fn counted_up_to(&self, start: usize, offset: usize) -> (usize, u32, u32) {
        let at = self.marks.partition_point(|mark| mark.offset as usize <= offset);
        let before = at.checked_sub(1).map(|idx| self.marks[idx]);
        match before.filter(|mark| mark.offset as usize > start) {
            Some(mark) => (mark.offset as usize, mark.chars, mark.utf16),
            None => (start, 0, 0),
        }
    }
}

/// Puts marks into a long line.
fn mark(text: &str, start: u32, end: u32, marks: &mut Vec<Mark>) {
    let (mut chars, mut utf16) = (0, 0);
    let mut from = start as usize;
    while end as usize - from > STEP {
        let to = text.ceil_char_boundary(from + STEP);
        let part = if from == 0 { text[..to].trim_start_matches('\u{feff}') } else { &text[from..to] };
        let (more, more_utf16) = count(part);
        (chars, utf16, from) = (chars + more, utf16 + more_utf16, to);
        marks.push(Mark { offset: to as u32, chars, utf16 });
    }
}

/// Characters and UTF-16 code units; counted by bytes, which the compiler turns into vector code.
fn count(text: &str) -> (u32, u32) {
    if text.is_ascii() {
        return (text.len() as u32, text.len() as u32);
    }
    let chars = text.bytes().filter(|byte| *byte & 0xc0 != 0x80).count();
    let astral = text.bytes().filter(|byte| *byte >= 0xf0).count();
    (chars as u32, (chars + astral) as u32)
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
    fn positions_in_long_lines() {
        let long = "é🦀x".repeat(40_000);
        let text = format!("\u{feff}{long}\n{long}\nz");
        let end = text.len() as u32;
        check(&text, 3 + 7 * 30_000, 1, 90_001, 120_001);
        check(&text, 3 + 7 * 40_000, 1, 120_001, 160_001);
        check(&text, 3 + 7 * 40_000 + 1 + 7 * 5 + 2, 2, 17, 22);
        check(&text, end - 2, 2, 120_001, 160_001);
        check(&text, end, 3, 2, 2);
    }

    #[test]
    fn line_ranges_leave_out_line_ends() {
        let text = "ab\r\n\ncd";
        let lines = LineIndex::new(text);
        let all: Vec<_> = (1..=lines.n_lines()).map(|line| &text[lines.line_range(text, line)]).collect();
        assert_eq!(all, ["ab", "", "cd"]);
    }
}
