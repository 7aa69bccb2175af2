//! Text of unknown origin made harmless: what a file holds must not move the cursor, change colours, turn the reading
//! direction or begin a workflow command.

use std::borrow::Cow;

/// The text with a visible character in place of each control character, line end and invisible mark.
pub(super) fn neutral(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_harmful(c) { visible(c) } else { c }).collect())
}

/// The character that stands for a harmful one; it is one column wide.
pub(super) fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        // The pictures of the control characters stand in the same order as they.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ => '\u{fffd}',
    }
}

/// Whether a terminal or a reader could be misled by a character.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(neutral("plain é 🦀"), "plain é 🦀");
        assert_eq!(neutral("\u{1b}[31mred"), "␛[31mred");
        assert_eq!(neutral("a\nb\tc\u{7f}"), "a␊b c␡");
        assert_eq!(neutral("\u{202e}evil\u{9b}"), "\u{fffd}evil\u{fffd}");
    }
}
