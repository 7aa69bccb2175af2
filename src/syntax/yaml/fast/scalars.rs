//! Scalars of the common kind, for the fast reader: where they end, and what they say.
//!
//! Every function answers `None` for what it does not know. Works on text that [`is_common`].

use crate::document::ScalarStyle;

/// A longer key would need the look-ahead limits of the full parser.
const LONGEST_PLAIN: usize = 1000;

/// A scalar with its place, quotes included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanned {
    pub(super) style: ScalarStyle,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether the text stands in the source as it is; else it was decoded to the side.
    pub(super) is_verbatim: bool,
}

impl Scanned {
    pub(super) fn verbatim(style: ScalarStyle, start: usize, end: usize) -> Self {
        Self { style, start, end, is_verbatim: true }
    }
}

/// Whether a text holds no tab, no control character, no lone CR, no byte order mark, and no line
/// separator but LF and CRLF.
pub(super) fn is_common(text: &str) -> bool {
    let bytes = text.as_bytes();
    // One pass without branches first: nearly all files pass it.
    let mut has_other = false;
    let mut has_cr = false;
    let mut is_ascii = true;
    for byte in bytes {
        has_other |= (*byte < b' ') & (*byte != b'\n') & (*byte != b'\r') | (*byte == 0x7f);
        has_cr |= *byte == b'\r';
        is_ascii &= *byte < 0x80;
    }
    if has_other || has_cr && !crs_end_lines(bytes) {
        return false;
    }
    let is_unusual = |c: char| {
        matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    is_ascii || !text.contains(is_unusual)
}

fn crs_end_lines(bytes: &[u8]) -> bool {
    let mut crs = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\r');
    crs.all(|(at, _)| bytes.get(at + 1) == Some(&b'\n'))
}

/// Whether a byte, or the end of the text (0), separates tokens.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | 0)
}

/// Whether a line is a document marker.
pub(super) fn is_marker(line: &[u8]) -> bool {
    (line.starts_with(b"---") || line.starts_with(b"...")) && is_blank(line.get(3).copied().unwrap_or(0))
}

/// The length of the line at the start of `bytes`, without its line end.
pub(super) fn line_length(bytes: &[u8]) -> usize {
    let length = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    length - usize::from(length < bytes.len() && length > 0 && bytes[length - 1] == b'\r')
}

/// A plain scalar on one line of block style: a key or a value.
pub(super) fn plain(bytes: &[u8], start: usize) -> Option<Scanned> {
    if !starts_plain(bytes, start) {
        return None;
    }
    finish_plain(bytes, start, plain_end(bytes, start))
}

/// Where a plain scalar of block style ends on its line: at a colon or a comment, or with the line.
fn plain_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        at += bytes[at..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r' | b':' | b'#')).count();
        match bytes.get(at) {
            Some(b':') if is_blank(bytes.get(at + 1).copied().unwrap_or(0)) => return at,
            Some(b'#') if bytes[at - 1] == b' ' => return at,
            Some(b':' | b'#') => at += 1,
            _ => return at,
        }
    }
}

/// The plain scalar that begins with `first` and goes on over the lines below it that are indented
/// deeper than `parent`; their text is folded into `decoded`.
pub(super) fn continue_plain(
    text: &str,
    first: Scanned,
    parent: isize,
    decoded: &mut String,
) -> Option<Scanned> {
    let bytes = text.as_bytes();
    let mut scalar = first;
    loop {
        let next = continuation(bytes, scalar.end, parent).filter(|(start, _)| bytes[*start] != b'#');
        let Some((start, n_blank)) = next else { return Some(scalar) };
        if !matches!(bytes[start], b'"' | b'\'') && !starts_plain(bytes, start) {
            return None;
        }
        let end = plain_end(bytes, start);
        if bytes.get(end) == Some(&b':') {
            return None;
        }
        if scalar.is_verbatim {
            decoded.clear();
            decoded.push_str(&text[scalar.start..scalar.end]);
        }
        push_fold(n_blank, decoded);
        let line = text[start..end].trim_end_matches(' ');
        decoded.push_str(line);
        scalar = Scanned { end: start + line.len(), is_verbatim: false, ..scalar };
    }
}

/// The start of the text that continues a scalar behind `end`, and how many blank lines are between.
fn continuation(bytes: &[u8], end: usize, parent: isize) -> Option<(usize, usize)> {
    let mut line = end;
    let mut n_breaks = 0;
    loop {
        let rest = &bytes[line..];
        let column = rest.iter().take_while(|byte| **byte == b' ').count();
        match rest.get(column)? {
            b'\n' => line += column + 1,
            b'\r' => line += column + 2,
            _ if n_breaks == 0 || column as isize <= parent || is_marker(rest) => return None,
            _ => return Some((line + column, n_breaks - 1)),
        }
        n_breaks += 1;
    }
}

/// A line break between two lines of text becomes a space; with blank lines between, they remain.
fn push_fold(n_blank: usize, decoded: &mut String) {
    match n_blank {
        0 => decoded.push(' '),
        _ => decoded.extend(std::iter::repeat_n('\n', n_blank)),
    }
}

/// A plain scalar on one line of flow style.
pub(super) fn flow_plain(bytes: &[u8], start: usize) -> Option<Scanned> {
    if !starts_plain(bytes, start) {
        return None;
    }
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b',' | b'[' | b']' | b'{' | b'}' | b'\n' | b'\r' => break,
            b':' => match bytes.get(at + 1) {
                None | Some(b' ' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}') => break,
                _ => at += 1,
            },
            b'#' if bytes[at - 1] == b' ' => break,
            _ => at += 1,
        }
    }
    finish_plain(bytes, start, at)
}

fn finish_plain(bytes: &[u8], start: usize, mut end: usize) -> Option<Scanned> {
    while end > start && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let fits = end > start && end - start <= LONGEST_PLAIN;
    fits.then(|| Scanned::verbatim(ScalarStyle::Plain, start, end))
}

/// Whether a plain scalar may start here; leaves out what would need a second look.
fn starts_plain(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None => false,
        Some(b'-') => match bytes.get(at + 1) {
            None => false,
            Some(next) => !is_blank(*next) && !matches!(next, b',' | b'[' | b']' | b'{' | b'}' | b'#' | b':'),
        },
        Some(byte) => !matches!(
            byte,
            b' ' | b'\n'
                | b'\r'
                | b'?'
                | b':'
                | b','
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'#'
                | b'&'
                | b'*'
                | b'!'
                | b'|'
                | b'>'
                | b'\''
                | b'"'
                | b'%'
                | b'@'
                | b'`'
        ),
    }
}

/// A quoted scalar, whose further lines are indented deeper than `parent`; its text is left in `decoded`
/// where it is not verbatim.
pub(super) fn quoted(text: &str, start: usize, parent: isize, decoded: &mut String) -> Option<Scanned> {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let (style, stops) = match quote {
        b'"' => (ScalarStyle::Double, [b'"', b'\\', b'\n', b'\r']),
        _ => (ScalarStyle::Single, [b'\'', b'\'', b'\n', b'\r']),
    };
    let mut is_verbatim = true;
    let mut at = start + 1;
    loop {
        let run = at;
        at += bytes[at..].iter().take_while(|byte| !stops.contains(byte)).count();
        let stop = *bytes.get(at)?;
        let is_end = stop == quote && (quote == b'"' || bytes.get(at + 1) != Some(&quote));
        if is_end && is_verbatim {
            break;
        }
        if is_verbatim {
            decoded.clear();
            is_verbatim = false;
        }
        let run = &text[run..at];
        match stop {
            _ if is_end => {
                decoded.push_str(run);
                break;
            }
            b'\'' => {
                decoded.push_str(run);
                decoded.push('\'');
                at += 2;
            }
            b'\\' => {
                decoded.push_str(run);
                let (c, length) = escape(text, at)?;
                decoded.push(c);
                at += length;
            }
            _ => {
                decoded.push_str(run.trim_end_matches(' '));
                let (next, n_blank) = continuation(bytes, at, parent)?;
                push_fold(n_blank, decoded);
                at = next;
            }
        }
    }
    Some(Scanned { style, start, end: at + 1, is_verbatim })
}

/// The character of the escape sequence at `at`, and the sequence's length.
fn escape(text: &str, at: usize) -> Option<(char, usize)> {
    let n_digits = match text.as_bytes().get(at + 1)? {
        b'n' => return Some(('\n', 2)),
        b't' => return Some(('\t', 2)),
        b'r' => return Some(('\r', 2)),
        b'"' => return Some(('"', 2)),
        b'\\' => return Some(('\\', 2)),
        b'/' => return Some(('/', 2)),
        b'0' => return Some(('\0', 2)),
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => return None,
    };
    let digits = text.get(at + 2..at + 2 + n_digits)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    // Surrogates are no characters: the full parser joins them.
    let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
    Some((c, 2 + n_digits))
}

/// The lines of a block scalar.
pub(super) struct BlockLines<'t> {
    /// The text from the first line below the header to `end`.
    text: &'t str,
    indentation: usize,
    /// Behind the last line, which may be blank.
    pub(super) end: usize,
    /// Behind the last character that is not white space.
    pub(super) text_end: usize,
}

/// The lines below a header that belong to a block scalar inside a collection at column `parent`.
pub(super) fn block_lines(text: &str, start: usize, parent: isize) -> Option<BlockLines<'_>> {
    let bytes = text.as_bytes();
    let mut indentation = None;
    let mut longest_blank = 0;
    let mut text_end = start;
    let mut line = start;
    while line < bytes.len() {
        let rest = &bytes[line..];
        let length = line_length(rest);
        let column = rest.iter().take_while(|byte| **byte == b' ').count();
        if column == length {
            longest_blank = longest_blank.max(if indentation.is_none() { column } else { 0 });
        } else {
            let needed = *indentation.get_or_insert(column);
            if column < needed {
                break;
            }
            let trimmed = rest[..length].iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
            text_end = line + trimmed;
        }
        line += (length + usize::from(rest.get(length) == Some(&b'\r')) + 1).min(rest.len());
    }
    let indentation = indentation?;
    // At the root, and where blank lines reach deeper than the text, the rules are special.
    if indentation as isize <= parent || indentation == 0 || longest_blank > indentation {
        return None;
    }
    Some(BlockLines { text: &text[start..line], indentation, end: line, text_end })
}

/// The text of a block scalar: its lines joined or folded, its end trimmed or kept.
pub(super) fn decode_block(
    lines: &BlockLines<'_>,
    style: ScalarStyle,
    chomping: Option<u8>,
    decoded: &mut String,
) {
    decoded.clear();
    let mut n_blank = 0;
    let mut is_first = true;
    let mut was_indented = false;
    for line in lines.text.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        let content = content.get(lines.indentation..).unwrap_or_default();
        if content.is_empty() {
            // Spaces at the end of the text are no line.
            n_blank += usize::from(line.ends_with('\n'));
            continue;
        }
        let is_indented = content.starts_with(' ');
        if style == ScalarStyle::Folded && !is_first && !is_indented && !was_indented {
            decoded.push(if n_blank == 0 { ' ' } else { '\n' });
            n_blank = usize::saturating_sub(n_blank, 1);
        } else if !is_first {
            decoded.push('\n');
        }
        decoded.extend(std::iter::repeat_n('\n', n_blank));
        decoded.push_str(content);
        n_blank = 0;
        is_first = false;
        was_indented = is_indented;
    }
    match chomping {
        Some(b'-') => {}
        Some(_) => decoded.extend(std::iter::repeat_n('\n', n_blank + 1)),
        None => decoded.push('\n'),
    }
}
