//! Strings: text with `${…}` and `%{…}` in it.

use super::Expression;
use super::parse::Parser;
use crate::syntax::closing_brace;

/// A piece of a string.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dialect::terraform) enum Part {
    /// Text, with its escapes `$${` and `%%{` resolved; it stands at this offset in the string.
    Text(String, u32),
    /// `${expression}`.
    Expression(Expression),
    /// `%{…}`, or something between `${` and `}` that is not understood: not evaluated.
    Opaque(u32, u32),
}

/// The pieces of a string as Terraform reads it. Text alone gives one piece at most.
pub(in crate::dialect::terraform) fn template(text: &str) -> Vec<Part> {
    if !text.contains("${") && !text.contains("%{") {
        return if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_string(), 0)] };
    }
    parts(text, 0, text.len(), 0)
}

/// The pieces of `text[from..to]`; expressions nested deeper than the limit are opaque.
pub(super) fn parts(text: &str, from: usize, to: usize, depth: u32) -> Vec<Part> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut literal = String::new();
    let (mut at, mut run) = (from, from);
    let mut literal_start = from;
    let flush = |literal: &mut String, start: usize, parts: &mut Vec<Part>| {
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(literal), start as u32));
        }
    };
    while at < to {
        let marker = matches!(bytes[at], b'$' | b'%') && bytes.get(at + 1) == Some(&b'{') && at + 1 < to;
        let escaped = matches!(bytes[at], b'$' | b'%')
            && bytes.get(at + 1) == Some(&bytes[at])
            && bytes.get(at + 2) == Some(&b'{')
            && at + 2 < to;
        if escaped {
            // The offsets behind an escape are told by a piece of its own.
            literal.push_str(&text[run..at]);
            flush(&mut literal, literal_start, &mut parts);
            literal_start = at + 1;
            run = at + 1;
            at += 3;
            continue;
        }
        if !marker {
            at += 1;
            continue;
        }
        literal.push_str(&text[run..at]);
        flush(&mut literal, literal_start, &mut parts);
        let end = closing_brace(bytes, at + 2, to);
        let inner_end = end.unwrap_or(to);
        let parsed = match (bytes[at], end) {
            (b'$', Some(end)) => Parser::new(text, at + 2, end, depth + 1).whole(),
            _ => None,
        };
        at = end.map_or(to, |end| end + 1);
        parts.push(match parsed {
            Some(expression) => Part::Expression(expression),
            None => Part::Opaque((inner_end.min(at)) as u32, at as u32),
        });
        literal_start = at;
        run = at;
    }
    literal.push_str(&text[run.min(to)..to]);
    flush(&mut literal, literal_start, &mut parts);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = template(text)
            .iter()
            .map(|part| match part {
                Part::Text(text, _) => text.clone(),
                Part::Expression(expression) => {
                    format!("<{}>", &text[expression.start as usize..expression.end as usize])
                }
                Part::Opaque(..) => "?".to_string(),
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn strings_fall_into_pieces() {
        check("", &[]);
        check("plain", &["plain"]);
        check("${var.x}", &["<var.x>"]);
        check("a-${var.b}-c", &["a-", "<var.b>", "-c"]);
        check("$${not}", &["${not}"]);
        check("a$${x}${ y.z }", &["a", "${x}", "<y.z>"]);
        check("${\"}\"}", &["<\"}\">"]);
        check("${f(\"a${var.b}c\")}!", &["<f(\"a${var.b}c\")>", "!"]);
        check("%{ if x }a%{ endif }", &["?", "a", "?"]);
        check("${unclosed", &["?"]);
        check("${1 +}", &["?"]);
        check("100%", &["100%"]);
        check("é${var.x}", &["é", "<var.x>"]);
    }
}
