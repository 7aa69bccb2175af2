//! Looks for brackets and quotes in broken text, to point at the opening that has no end.
//!
//! Only consulted for messages: it knows quotes, brackets and comments, and no other syntax.

/// A bracket or a quoted text.
enum Token {
    Opening(usize, u8),
    Closing(usize, u8),
    /// From the quote to behind the closing one, or to the end of the text.
    Quoted(usize, usize),
}

/// The innermost bracket that is opened in `from..to` and not closed there.
pub(super) fn open_bracket(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut open = Vec::new();
    for token in tokens(text, from).take_while(|token| token.start() < to) {
        match token {
            Token::Opening(at, _) => open.push(at),
            Token::Closing(..) => {
                open.pop();
            }
            Token::Quoted(..) => {}
        }
    }
    open.pop()
}

/// The first closing bracket after `opening` that does not fit the bracket which it closes.
pub(super) fn first_mismatch(text: &str, opening: usize) -> Option<usize> {
    let mut open = Vec::new();
    for token in tokens(text, opening) {
        match token {
            Token::Opening(_, bracket) => open.push(bracket),
            Token::Closing(at, bracket) => {
                let fits = matches!((open.pop()?, bracket), (b'[', b']') | (b'{', b'}'));
                if !fits {
                    return Some(at);
                }
            }
            Token::Quoted(..) => {}
        }
    }
    None
}

/// The quote in `from..=to` whose text reaches `to`.
pub(super) fn open_quote(text: &str, from: usize, to: usize) -> Option<usize> {
    tokens(text, from).take_while(|token| token.start() <= to).find_map(|token| match token {
        Token::Quoted(start, end) if end > to => Some(start),
        _ => None,
    })
}

/// The first escape sequence after the double quote at `opening` that YAML does not have.
pub(super) fn bad_escape(text: &str, opening: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = opening + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return None,
            b'\\' => {
                let n_digits = match bytes.get(at + 1)? {
                    b'x' => 2,
                    b'u' => 4,
                    b'U' => 8,
                    b'0' | b'a' | b'b' | b't' | b'\t' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"'
                    | b'/' | b'\\' | b'N' | b'_' | b'L' | b'P' | b'\n' | b'\r' => 0,
                    _ => return Some(at),
                };
                let digits = text.get(at + 2..at + 2 + n_digits).unwrap_or_default();
                let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                if n_digits > 0 && value.is_none() {
                    return Some(at);
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    None
}

impl Token {
    fn start(&self) -> usize {
        match self {
            Token::Opening(at, _) | Token::Closing(at, _) | Token::Quoted(at, _) => *at,
        }
    }
}

fn tokens(text: &str, from: usize) -> impl Iterator<Item = Token> {
    let bytes = text.as_bytes();
    let mut at = from;
    std::iter::from_fn(move || {
        while let Some(byte) = bytes.get(at) {
            let start = at;
            let begins_token = start == 0 || matches!(bytes[start - 1], b' ' | b'\t' | b'\n' | b'\r');
            match byte {
                b'[' | b'{' => {
                    at += 1;
                    return Some(Token::Opening(start, *byte));
                }
                b']' | b'}' => {
                    at += 1;
                    return Some(Token::Closing(start, *byte));
                }
                b'"' | b'\'' if begins_token || matches!(bytes[start - 1], b'[' | b'{' | b',' | b':') => {
                    at = quoted_end(bytes, start);
                    return Some(Token::Quoted(start, at));
                }
                b'#' if begins_token => {
                    at += bytes[at..].iter().take_while(|byte| **byte != b'\n').count();
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// Behind the quote that closes the one at `start`.
fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' if quote == b'"' => 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => 2,
            byte if *byte == quote => return at + 1,
            _ => 1,
        };
    }
    // NOTE: without a closing quote, the text ends behind the end of the file.
    bytes.len() + 1
}
