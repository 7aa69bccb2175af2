//! How deep brackets are nested, found without the grammar so that it can be known before parsing.

/// The offset of the bracket that goes deeper than `limit`.
pub(super) fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'[' | b'{' | b'(' => {
                depth += 1;
                if depth > limit {
                    return Some(at);
                }
            }
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            b'#' => at = find(bytes, at, b"\n").unwrap_or(bytes.len()),
            b'<' if bytes[at..].starts_with(b"<<") => {
                at = find(bytes, at + 2, b">>").map_or(at + 1, |end| end + 1);
            }
            quote @ (b'\'' | b'"' | b'/') => at = closing(bytes, at, quote).unwrap_or(at),
            _ => {}
        }
        at += 1;
    }
    None
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
