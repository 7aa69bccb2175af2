//! Exceptions in comments: `# grpc-guard: ignore[rule, rule] reason` (in HCL also behind `//` or in `/* */`), on the line of a finding or on lines of their own right
//! above it.
//!
//! They are read from the text, so that they hold in files that could not be parsed too.

use super::{Exception, Found, Scope, names};
use crate::document::Format;
use crate::source::{FileId, Source, Span};
use crate::syntax;

const MARK: &str = "grpc-guard: ignore";

/// All exceptions of a file, in order.
pub(super) fn read(file: FileId, source: &Source, found: &mut Found) {
    let text: &str = &source.text;
    let is_hcl = syntax::format_of(&source.path, "") == Some(Format::Hcl);
    // Of a block of comments all are about the same line, which is looked for once.
    let mut below = 0;
    let signs: &[&str] = if is_hcl { &["#", "//", "/*"] } else { &["#"] };
    for at in memchr::memmem::find_iter(text.as_bytes(), MARK) {
        let lines = source.lines();
        let own = lines.line(at as u32);
        let range = lines.line_range(text, own);
        // The mark opens its comment, and the comment is none within quotes or behind a word.
        let line = text[range.start..at].trim_end();
        let Some(before) = signs.iter().find_map(|sign| line.strip_suffix(sign)) else { continue };
        let before = before.trim_end_matches('#');
        if !(before.is_empty() || before.ends_with([' ', '\t'])) {
            continue;
        }
        let behind = at + MARK.len();
        let said = &text[behind..range.end];
        let said = said.split_once("*/").filter(|_| is_hcl).map_or(said, |(said, _)| said);
        if said.starts_with(|c: char| c.is_alphanumeric() || c == '-') {
            continue;
        }
        let is_alone = before.trim().is_empty();
        if is_alone && below <= own {
            below = next_line(source, own);
        }
        let line = if is_alone { below } else { own };
        let mark = Span::new(file, at as u32, behind as u32);
        match names(said, file, behind) {
            Some((rules, terms)) => {
                for rule in rules {
                    let scope = Scope::Line(line);
                    found.exceptions.push(Exception::new(rule, terms.clone(), scope));
                }
            }
            None => found.invalid.push((mark, "this exception names no rule in brackets".to_string())),
        }
    }
}

/// The first line below that is no comment.
fn next_line(source: &Source, own: u32) -> u32 {
    let is_hcl = syntax::format_of(&source.path, "") == Some(Format::Hcl);
    let is_comment = |line: &u32| {
        let line = source.line_text(*line).trim_start();
        line.starts_with('#') || is_hcl && (line.starts_with("//") || line.starts_with("/*"))
    };
    (own + 1..=source.lines().n_lines()).find(|line| !is_comment(line)).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, u32, &str)], n_invalid: usize) {
        check_in("a.yaml", text, expected, n_invalid);
    }

    fn check_in(path: &str, text: &str, expected: &[(&str, u32, &str)], n_invalid: usize) {
        let source = Source::new(path, text);
        let mut found = Found::default();
        read(FileId(0), &source, &mut found);
        let told: Vec<(&str, u32, &str)> = found
            .exceptions
            .iter()
            .map(|it| {
                let Scope::Line(line) = it.scope else { panic!("a comment is about a line") };
                (it.rule.as_str(), line, it.terms.reason.as_str())
            })
            .collect();
        assert_eq!(told, expected, "{text}");
        assert_eq!(found.invalid.len(), n_invalid, "{text}");
        for exception in &found.exceptions {
            assert_eq!(&text[exception.span.range()], exception.rule);
        }
    }

    #[test]
    fn exceptions_are_read_where_they_stand() {
        check("a: 1 # grpc-guard: ignore[a-rule] agreed\n", &[("a-rule", 1, "agreed")], 0);
        check(
            "# grpc-guard: ignore[a-rule, b-rule] agreed\n# more\nb: 2\n",
            &[("a-rule", 3, "agreed"), ("b-rule", 3, "agreed")],
            0,
        );
        check("  #grpc-guard: ignore[a-rule]\n  b: 2\r\n", &[("a-rule", 2, "")], 0);
        check("a: 1 # grpc-guard: ignore [a-rule] agreed\n", &[("a-rule", 1, "agreed")], 0);
        check("a: 'x# grpc-guard: ignore[a-rule]'\n# see grpc-guard: ignore[a-rule]\n", &[], 0);
        check("# grpc-guard: ignored by us\n# grpc-guard: ignore-all\n", &[], 0);
        let hcl = "// grpc-guard: ignore[a] x\n// more\nb = 1 /* grpc-guard: ignore[b] y */\nc = 1 # grpc-guard: ignore[c] z";
        check_in("a.tf", hcl, &[("a", 3, "x"), ("b", 3, "y"), ("c", 4, "z")], 0);
        check("// grpc-guard: ignore[a] x\n", &[], 0);
        check("# grpc-guard: ignore[a\n# grpc-guard: ignore a-rule\n# grpc-guard: ignore[]\n", &[], 3);
    }
}
