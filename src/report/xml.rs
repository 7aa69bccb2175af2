//! The little that XML reports need.

use super::neutral::{is_harmful, visible};

/// Text as it may stand in an attribute or between tags: XML 1.0 knows no control characters, not even escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if is_harmful(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(visible(c)),
            '#' if escaped.ends_with('#') => escaped.push_str("&#35;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_attribute() {
        assert_eq!(escaped("a<b> & \"c\"\n\u{1b}"), "a&lt;b&gt; &amp; &quot;c&quot;&#10;␛");
    }
}
