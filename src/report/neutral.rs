//! Text of unknown origin made harmless: what a file holds must not move the cursor, change colours, turn the reading
//! direction or begin a workflow command.

use std::borrow::Cow;

/// The text with a visible character in place of each control character, line end and invisible mark.
pub(crate) fn neutral(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut before = ' ';
    let mut shown = |c: char| {
        let shown = if is_harmful(c) || begins_command(before, c) { visible(c) } else { c };
        before = c;
        shown
    };
    Cow::Owned(text.chars().map(&mut shown).collect())
}

/// A path as the first thing of a line: GitHub takes a line that starts with `::` for a command.
pub(super) fn leading(path: &str) -> Cow<'_, str> {
    match neutral(path) {
        path if path.trim_start().starts_with("::") => Cow::Owned(format!("./{path}")),
        path => path,
    }
}

/// Build servers take `##[…]` and `##vso[…]` for commands wherever they stand in a line of a log.
pub(super) fn begins_command(before: char, c: char) -> bool {
    before == '#' && c == '#'
}

/// The character that stands for a harmful one; it is one column wide.
pub(super) fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        // The pictures of the control characters stand in the same order as they.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '#' => '\u{266f}',
        _ => '\u{fffd}',
    }
}

/// Whether a terminal or a reader could be misled by a character.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(neutral("plain é 🦀"), "plain é 🦀");
        assert_eq!(neutral("\u{1b}[31mred"), "␛[31mred");
        assert_eq!(neutral("a\nb\tc\u{7f}"), "a␊b c␡");
        assert_eq!(neutral("##vso[x] # ##[y]"), "#♯vso[x] # #♯[y]");
        assert_eq!(neutral("\u{202e}evil\u{9b}"), "\u{fffd}evil\u{fffd}");
    }
}
