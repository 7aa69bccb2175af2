//! What fixes change, as a unified diff.

use std::io::{self, Write};

use owo_colors::{OwoColorize, Style};
use similar::{ChangeTag, TextDiff};

use super::neutral::neutral;

/// Lines of context, as `diff -u` has them.
const CONTEXT: usize = 3;

/// Writes the difference between two texts of a file; with colour it is for reading, without it for `patch` as well.
pub fn write_diff(path: &str, before: &str, after: &str, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    if !color {
        let mut unified = diff.unified_diff();
        return unified.context_radius(CONTEXT).header(path, path).to_writer(out);
    }
    let (old, new, place) = (Style::new().red(), Style::new().green(), Style::new().cyan());
    writeln!(out, "{}", format!("--- {}", neutral(path)).style(Style::new().bold()))?;
    writeln!(out, "{}", format!("+++ {}", neutral(path)).style(Style::new().bold()))?;
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        writeln!(out, "{}", hunk.header().style(place))?;
        for change in hunk.iter_changes() {
            let text = neutral(change.value().trim_end_matches(['\n', '\r'])).into_owned();
            match change.tag() {
                ChangeTag::Delete => writeln!(out, "{}", format!("-{text}").style(old))?,
                ChangeTag::Insert => writeln!(out, "{}", format!("+{text}").style(new))?,
                ChangeTag::Equal => writeln!(out, " {text}")?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str, color: bool) -> String {
        let mut out = Vec::new();
        write_diff("a.yaml", before, after, color, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_are_as_diff_has_them() {
        let plain = diff("a: 1\nb: 2\n", "a: 1\nb: 3", false);
        let expected =
            "--- a.yaml\n+++ a.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n\\ No newline at end of file\n";
        assert_eq!(plain, expected);
    }

    #[test]
    fn what_is_for_reading_is_harmless() {
        let shown = diff("a: \u{1b}[2J\n", "a: x\n", true);
        assert!(shown.contains("-a: ␛[2J"), "{shown}");
    }
}
