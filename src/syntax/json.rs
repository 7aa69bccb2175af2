//! JSON (RFC 8259) to a document: strict, spanned, without recursion.
//!
//! Repeated keys are kept, numbers stay text, a byte order mark is skipped. Strings are decoded
//! only when they hold a backslash; a surrogate without its partner becomes U+FFFD.

use std::sync::Arc;

use super::tree::{Collection, Slot, Tree};
use super::{Stop, char_span, shown, syntax_error, template};
use crate::diagnostic::{Diagnostic, Label};
use crate::document::{Document, Format, ScalarStyle};
use crate::source::{FileId, Span};

/// Reads a JSON file; it has one root, or none and one diagnostic that says why.
pub(super) fn read(file: FileId, text: &Arc<str>) -> (Document, Vec<Diagnostic>) {
    let mut tree = Tree::new(file, Format::Json, text);
    let mut reader = Reader { file, text, bytes: text.as_bytes(), at: 0, scratch: String::new() };
    match reader.document(&mut tree) {
        Ok(()) => tree.finish_document(),
        Err(problem) => {
            let at = problem.primary.span.start as usize;
            let note = template::note(file, text, 0..text.len(), at);
            tree.abandon_document(note.unwrap_or(*problem));
        }
    }
    tree.finish()
}

/// Whether `text` is one JSON value and nothing else.
pub(super) fn is_json(text: &str) -> bool {
    let shared = Arc::from(text);
    let file = FileId(0);
    let mut reader = Reader { file, text, bytes: text.as_bytes(), at: 0, scratch: String::new() };
    reader.document(&mut Tree::new(file, Format::Json, &shared)).is_ok()
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Reused for decoded strings.
    scratch: String,
}

impl Reader<'_> {
    /// The loop alternates between two places: before a value, and after one. What is open, and
    /// whether a key or a value comes next, is the tree's knowledge.
    fn document(&mut self, tree: &mut Tree) -> Result<(), Stop> {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        self.skip_space();
        if self.at == self.bytes.len() {
            return Err(self.fail("the file is empty"));
        }
        loop {
            if !self.value(tree)? {
                continue;
            }
            if !self.after_value(tree)? {
                break;
            }
        }
        if self.at < self.bytes.len() {
            return Err(self.fail(format!("unexpected {} after the end of the document", self.found())));
        }
        Ok(())
    }

    /// Reads a scalar, an empty collection, or the opening of one; says whether a value is complete.
    fn value(&mut self, tree: &mut Tree) -> Result<bool, Stop> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string(tree)?,
            Some(b'{') => {
                tree.open(Collection::Mapping, start as u32)?;
                self.at += 1;
                self.skip_space();
                if self.peek() != Some(b'}') {
                    self.key(tree)?;
                    return Ok(false);
                }
                self.at += 1;
                tree.close(Some(self.at as u32))?;
            }
            Some(b'[') => {
                tree.open(Collection::Sequence, start as u32)?;
                self.at += 1;
                self.skip_space();
                if self.peek() != Some(b']') {
                    return Ok(false);
                }
                self.at += 1;
                tree.close(Some(self.at as u32))?;
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                self.plain(tree, start)?;
            }
            _ => {
                self.word(tree)?;
                self.plain(tree, start)?;
            }
        }
        Ok(true)
    }

    /// Reads what stands between values; says whether another value follows.
    fn after_value(&mut self, tree: &mut Tree) -> Result<bool, Stop> {
        loop {
            self.skip_space();
            let Some((collection, opened)) = tree.innermost() else { return Ok(false) };
            let closing = if collection == Collection::Mapping { b'}' } else { b']' };
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    self.skip_space();
                    if self.peek() == Some(closing) {
                        return Err(self.trailing_comma(comma, closing));
                    }
                    if collection == Collection::Mapping {
                        self.key(tree)?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == closing => {
                    self.at += 1;
                    tree.close(Some(self.at as u32))?;
                }
                _ => return Err(self.not_separated(collection, opened)),
            }
        }
    }

    /// Reads a key and its colon, up to the value.
    fn key(&mut self, tree: &mut Tree) -> Result<(), Stop> {
        if self.peek() != Some(b'"') {
            return Err(self.not_a_key(tree));
        }
        self.string(tree)?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.fail(format!("expected `:` after the key, found {}", self.found())));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn string(&mut self, tree: &mut Tree) -> Result<(), Stop> {
        let start = self.at;
        let mut is_verbatim = true;
        self.at += 1;
        loop {
            self.at += self.bytes[self.at..].iter().take_while(|byte| !ENDS_RUN[**byte as usize]).count();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_verbatim = false;
                    self.escape()?;
                }
                Some(byte) => return Err(self.control_character(start, byte)),
                None => {
                    self.at = start;
                    return Err(self.fail("the string is not closed"));
                }
            }
        }
        self.at += 1;
        let place = (start as u32, self.at as u32);
        let content = start + 1..self.at - 1;
        if is_verbatim {
            tree.verbatim(ScalarStyle::Double, place, content.start as u32..content.end as u32)?;
        } else {
            decode(&self.text[content], &mut self.scratch);
            tree.decoded(ScalarStyle::Double, place, &self.scratch)?;
        }
        Ok(())
    }

    /// Checks one escape sequence and goes behind it.
    fn escape(&mut self) -> Result<(), Stop> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.fail("`\\u` needs four hexadecimal digits"));
                }
                6
            }
            Some(_) => {
                let span = char_span(self.file, self.text, self.at + 1);
                let name = self.text[span.range()].escape_debug();
                let message = format!("`\\{name}` is no escape sequence of JSON");
                return Err(Box::new(syntax_error(Span::new(self.file, self.at as u32, span.end), message)));
            }
            None => return Err(self.fail("the file ends within a string")),
        };
        self.at += length;
        Ok(())
    }

    fn plain(&self, tree: &mut Tree, start: usize) -> Result<(), Stop> {
        let (start, end) = (start as u32, self.at as u32);
        tree.verbatim(ScalarStyle::Plain, (start, end), start..end)?;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Stop> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => {
                self.at += 1;
                if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at = start;
                    return Err(self.fail("a number must not start with `0`"));
                }
            }
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Stop> {
        let n_digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if n_digits == 0 {
            return Err(self.fail(format!("expected a digit, found {}", self.found())));
        }
        self.at += n_digits;
        Ok(())
    }

    fn word(&mut self, tree: &Tree) -> Result<(), Stop> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        match &rest[..length] {
            b"true" | b"false" | b"null" => self.at += length,
            _ => return Err(self.not_a_value(tree, length)),
        }
        Ok(())
    }

    fn skip_space(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// The messages; each looks at what stands at `at`.
impl Reader<'_> {
    fn fail(&self, message: impl Into<String>) -> Stop {
        let span = char_span(self.file, self.text, self.at);
        if self.text[span.range()].starts_with('#')
            || self.text[self.at.min(self.text.len())..].starts_with("//")
            || self.text[self.at.min(self.text.len())..].starts_with("/*")
        {
            return Box::new(
                syntax_error(span, "comments are not allowed in JSON")
                    .with_help("remove the comment, or write the file in YAML"),
            );
        }
        Box::new(syntax_error(span, message))
    }

    /// What stands here, in words.
    fn found(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => "the end of the file".to_string(),
            Some(c) => shown(c),
        }
    }

    fn not_a_value(&self, tree: &Tree, length: usize) -> Stop {
        if length == 0 {
            let place = match tree.slot() {
                Slot::Value => "a value after `:`",
                _ => "a value",
            };
            let problem = self.fail(format!("expected {place}, found {}", self.found()));
            return match self.peek() {
                Some(b'\'') => Box::new(problem.with_help("write strings in double quotes")),
                None => self.with_opening(tree, *problem),
                _ => problem,
            };
        }
        let span = Span::new(self.file, self.at as u32, (self.at + length) as u32);
        let word = &self.text[span.range()];
        let shown: String = word.chars().take(40).collect();
        let problem = syntax_error(span, format!("`{shown}` is no JSON value"));
        Box::new(match word.to_ascii_lowercase().as_str() {
            lower @ ("true" | "false" | "null") => problem.with_help(format!("write `{lower}`")),
            "none" => problem.with_help("write `null`"),
            _ => problem.with_help("write strings in double quotes"),
        })
    }

    fn not_a_key(&self, tree: &Tree) -> Stop {
        let problem = self.fail(format!("expected a key in double quotes, found {}", self.found()));
        if self.peek().is_none() { self.with_opening(tree, *problem) } else { problem }
    }

    fn trailing_comma(&self, comma: usize, closing: u8) -> Stop {
        let span = char_span(self.file, self.text, comma);
        let message = format!("a comma before `{}` is not allowed in JSON", char::from(closing));
        Box::new(syntax_error(span, message).with_help("remove the comma"))
    }

    fn not_separated(&self, collection: Collection, opened: u32) -> Stop {
        let (closing, what) = match collection {
            Collection::Mapping => ('}', "object"),
            Collection::Sequence => (']', "array"),
        };
        let problem = self.fail(format!("expected `,` or `{closing}` in the {what}, found {}", self.found()));
        if matches!(self.peek(), None | Some(b'}' | b']')) {
            let opening = char_span(self.file, self.text, opened as usize);
            return Box::new(problem.with_related(Label::new(opening, format!("the {what} starts here"))));
        }
        if matches!(self.peek(), Some(b'"' | b'{' | b'[')) {
            return Box::new(problem.with_help("put a comma after the value before it"));
        }
        problem
    }

    fn with_opening(&self, tree: &Tree, problem: Diagnostic) -> Stop {
        Box::new(match tree.innermost() {
            None => problem,
            Some((_, opened)) => {
                let opening = char_span(self.file, self.text, opened as usize);
                problem.with_related(Label::new(opening, "not closed"))
            }
        })
    }

    fn control_character(&self, start: usize, byte: u8) -> Stop {
        if matches!(byte, b'\n' | b'\r') {
            let span = Span::new(self.file, start as u32, self.at as u32);
            let problem = syntax_error(span, "the string is not closed on its line");
            return Box::new(problem.with_help("close it with `\"`, or write a line break in it as `\\n`"));
        }
        self.fail(format!("a string must not hold the control character U+{byte:04X} as it is"))
    }
}

/// The bytes at which a run of plain string bytes ends.
const ENDS_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Decodes the content of a string whose escape sequences were checked.
fn decode(content: &str, into: &mut String) {
    into.clear();
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        into.push_str(&rest[..at]);
        let (decoded, length) = unescape(&rest[at..]);
        into.push(decoded);
        rest = &rest[at + length..];
    }
    into.push_str(rest);
}

/// The character of the escape sequence at the start of `text`, and the sequence's length.
fn unescape(text: &str) -> (char, usize) {
    let simple = match text.as_bytes()[1] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_unit(text),
        other => char::from(other),
    };
    (simple, 2)
}

fn unescape_unit(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..).and_then(|rest| rest.strip_prefix("\\u"))?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0).unwrap_or(0xfffd);
    if let 0xd800..0xdc00 = first
        && let Some(second @ 0xdc00..0xe000) = unit(6)
    {
        let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::document::Format;
    use crate::source::FileId;
    use crate::syntax::dump;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        dump::check(Format::Json, input, expected);
    }

    #[test]
    fn values() {
        check(
            "{\"a\": 1, \"b\": [true, null, -1.5e3], \"c\": {}, \"d\": []}",
            r#"{"a"@1..4 1@6..7, "b"@9..12 [true@15..19 null@21..25 -1.5e3@27..33]@14..34, "c"@36..39 {}@41..43, "d"@45..48 []@50..52}@0..53"#,
        );
        check("\"x\"", r#""x"@0..3"#);
        check("\u{feff} [1]\n", "[1@5..6]@4..7");
    }

    #[test]
    fn escapes() {
        check("{\"a\": \"b\\nc\\u00e9\\ud83e\\udd80\\ud800x\"}", r#"{"a"@1..4 "b\ncé🦀�x"@6..37}@0..38"#);
        check("{\"a\": \"\\x\"}", r#"! syntax-error@7..9 `\x` is no escape sequence of JSON"#);
        check("{\"a\": \"\\u12\"}", r#"! syntax-error@7..8 `\u` needs four hexadecimal digits"#);
        check(
            "[\"\\ud800\\udc00\", \"\\udc00\", \"\\ud800\\u0041\"]",
            r#"["𐀀"@1..15 "�"@17..25 "�A"@27..41]@0..42"#,
        );
    }

    #[test]
    fn keys_written_twice_and_templates() {
        check(
            "{\"a\": 1, \"b\": 2, \"a\": 3}",
            "{\"a\"@1..4 1@6..7, \"b\"@9..12 2@14..15, \"a\"@17..20 3@22..23}@0..24\n! duplicate-key@17..20 key `a` is written twice\n  1..4 first written here",
        );
        check(
            "{\"a\": {{ .Values.x }}}",
            "! unrendered-template@6..8 the file is a template that was not rendered",
        );
    }

    #[test]
    fn problems_with_separators() {
        check("{\"a\": 1,}", "! syntax-error@7..8 a comma before `}` is not allowed in JSON");
        check("[1, 2,]", "! syntax-error@5..6 a comma before `]` is not allowed in JSON");
        check("{\"a\" 1}", "! syntax-error@5..6 expected `:` after the key, found `1`");
        check("{\"a\": 1 \"b\": 2}", r#"! syntax-error@8..9 expected `,` or `}` in the object, found `"`"#);
        check("{a: 1}", "! syntax-error@1..2 expected a key in double quotes, found `a`");
        check("{'a': 1}", "! syntax-error@1..2 expected a key in double quotes, found `'`");
        check("{\"a\": }", "! syntax-error@6..7 expected a value after `:`, found `}`");
        check(
            "{\"a\": 1",
            "! syntax-error@7..7 expected `,` or `}` in the object, found the end of the file\n  0..1 the object starts here",
        );
        check(
            "[1, 2}",
            "! syntax-error@5..6 expected `,` or `]` in the array, found `}`\n  0..1 the array starts here",
        );
        check(
            "[1, 2",
            "! syntax-error@5..5 expected `,` or `]` in the array, found the end of the file\n  0..1 the array starts here",
        );
        check("{} {}", "! syntax-error@3..4 unexpected `{` after the end of the document");
        check("[]x", "! syntax-error@2..3 unexpected `x` after the end of the document");
        check("{\"a\": 1, b: 2}", "! syntax-error@9..10 expected a key in double quotes, found `b`");
    }

    #[test]
    fn problems_with_values() {
        check("", "! syntax-error@0..0 the file is empty");
        check("{\"a\": \"b", "! syntax-error@6..7 the string is not closed");
        check("{\"a\": \"b\n\"}", "! syntax-error@6..8 the string is not closed on its line");
        check(
            "{\"a\": \"\t\"}",
            "! syntax-error@7..8 a string must not hold the control character U+0009 as it is",
        );
        check("01", "! syntax-error@0..1 a number must not start with `0`");
        check("-", "! syntax-error@1..1 expected a digit, found the end of the file");
        check("1.", "! syntax-error@2..2 expected a digit, found the end of the file");
        check("nul", "! syntax-error@0..3 `nul` is no JSON value");
        check("True", "! syntax-error@0..4 `True` is no JSON value");
        check("// x\n{}", "! syntax-error@0..1 comments are not allowed in JSON");
        check("{\"a\": NaN}", "! syntax-error@6..9 `NaN` is no JSON value");
    }

    #[test]
    fn depth_is_bounded() {
        let input = "[".repeat(100_000);
        check(&input, "! limit-reached@256..256 nested more than 256 levels deep");
        let fits = format!("{}{}", "[".repeat(256), "]".repeat(256));
        let (_, diagnostics) = crate::syntax::parse(FileId(0), Format::Json, &Arc::from(fits));
        assert_eq!(diagnostics, []);
    }
}
