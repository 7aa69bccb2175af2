//! How deep brackets are nested, found without the grammar so that it can be known before parsing.

/// Something that is open at the end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// `<<`.
    Message(usize),
    /// A quote.
    Text(usize),
    /// A bracket or brace.
    Bracket(usize),
}

/// The offset of the bracket that goes deeper than `limit`.
pub(super) fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let mut found = None;
    scan(text, |open| {
        if open.len() > limit && found.is_none() {
            found = open.last().copied();
        }
    });
    found
}

/// What is open at the end: a message or text that nothing closes, else the innermost bracket.
pub(super) fn unclosed(text: &str) -> Option<Open> {
    let (open, brackets) = scan(text, |_| {});
    open.or_else(|| brackets.last().map(|at| Open::Bracket(*at)))
}

/// Calls `visit` with the open brackets whenever one is added; gives the message or text that is never closed, and the
/// brackets that are open at the end.
fn scan(text: &str, mut visit: impl FnMut(&[usize])) -> (Option<Open>, Vec<usize>) {
    let bytes = text.as_bytes();
    let (mut open, mut at, mut unclosed) = (Vec::new(), 0, None);
    while at < bytes.len() {
        match bytes[at] {
            b'[' | b'{' | b'(' => {
                open.push(at);
                visit(&open);
            }
            b']' | b'}' | b')' => {
                open.pop();
            }
            b'#' => at = find(bytes, at, b"\n").unwrap_or(bytes.len()),
            b'<' if bytes[at..].starts_with(b"<<") => match find(bytes, at + 2, b">>") {
                Some(end) => at = end + 1,
                None => {
                    unclosed = unclosed.or(Some(Open::Message(at)));
                    at += 1;
                }
            },
            quote @ (b'\'' | b'"' | b'/') => match closing(bytes, at, quote) {
                Some(end) => at = end,
                None if quote != b'/' => unclosed = unclosed.or(Some(Open::Text(at))),
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    (unclosed, open)
}

/// The closing sign of a string or regex that opens at `at`; a regex that is not closed on its line is none.
fn closing(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' if bytes.get(end + 1) == Some(&quote) => end += 1,
            b'\n' if quote == b'/' => return None,
            byte if byte == quote => return Some(end),
            _ => {}
        }
        end += 1;
    }
    None
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn only_real_brackets_count() {
        assert_eq!(too_deep("a[b[c[", 2), Some(5));
        assert_eq!(too_deep("a[b]c[d]e[f]", 1), None);
        assert_eq!(too_deep("a == '[[[' # [[[\nb == /[[[/ <<[[[>>", 1), None);
        assert_eq!(too_deep("'[[[", 1), Some(2));
    }
}
