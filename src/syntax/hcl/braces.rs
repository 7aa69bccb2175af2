//! Where an expression of HCL ends that stands in a text.

/// What is open around a byte.
#[derive(PartialEq)]
enum In {
    Braces,
    Quotes,
}

/// Where the brace closes that was opened before `from`: strings, heredocs and comments, which may hold braces themselves,
/// are skipped.
pub fn closing_brace(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let bytes = &bytes[..to];
    let mut open = vec![In::Braces];
    let mut at = from;
    while at < to {
        match (bytes[at], open.last()?) {
            (b'"', In::Braces) => open.push(In::Quotes),
            (b'"', In::Quotes) => drop(open.pop()),
            (b'\\', In::Quotes) => at += 1,
            (b'$' | b'%', In::Quotes) if bytes.get(at + 1) == Some(&b'{') => {
                if !(at > from && bytes[at - 1] == bytes[at]) {
                    open.push(In::Braces);
                }
                at += 1;
            }
            (b'{', In::Braces) => open.push(In::Braces),
            (b'}', In::Braces) => {
                open.pop();
                if open.is_empty() {
                    return Some(at);
                }
            }
            (b'#', In::Braces) => at += line_length(&bytes[at..]),
            (b'/', In::Braces) if bytes.get(at + 1) == Some(&b'/') => at += line_length(&bytes[at..]),
            (b'/', In::Braces) if bytes.get(at + 1) == Some(&b'*') => {
                at += 3 + memchr::memmem::find(&bytes[at + 2..], b"*/")?;
            }
            (b'<', In::Braces) if bytes.get(at + 1) == Some(&b'<') => {
                at += heredoc_length(&bytes[at..]).unwrap_or(1)
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// How far the end of the line is.
fn line_length(rest: &[u8]) -> usize {
    memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// The length of a heredoc up to the end of its closing word, for a text that begins with `<<`.
pub fn heredoc_length(rest: &[u8]) -> Option<usize> {
    let mut at = line_length(rest) + 1;
    let word = rest.get(2..at - 1)?;
    let word = word.strip_prefix(b"-").unwrap_or(word).trim_ascii();
    if word.is_empty()
        || !word.iter().all(|byte| !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"_-".contains(byte))
    {
        return None;
    }
    while at < rest.len() {
        let length = line_length(&rest[at..]);
        let line = &rest[at..at + length];
        if line.trim_ascii() == word {
            return Some(at + line.trim_ascii_end().len());
        }
        at += length + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<usize>) {
        assert_eq!(closing_brace(text.as_bytes(), 0, text.len()), expected, "{text}");
    }

    #[test]
    fn what_may_hold_braces_is_skipped() {
        check("a}", Some(1));
        check("{}}", Some(2));
        check("\"}\"}", Some(3));
        check("\"${\"}\"}\"}", Some(8));
        check("\"$${\"}", Some(5));
        check("x # \"it's }\n}", Some(12));
        check("x // }\n}", Some(7));
        check("/* } \" */ }", Some(10));
        check("<<A\n\"}\nA\n}", Some(9));
        check("a << b }", Some(7));
        check("# }", None);
        check("\"", None);
        check("/*", None);
        check("<<A\n}", Some(4));
    }
}
