//! Text that is to become YAML or JSON only after a template engine ran over it.
//!
//! Consulted only when parsing failed: Helm charts that happen to be valid YAML are read like any file.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Span};

/// What opens an action of Go templates (Helm), Jinja, ERB and kin.
const OPENINGS: [&str; 4] = ["{{", "{%", "<%", "${{"];

/// The `unrendered-template` note, if it explains why the document at `range` failed at `failed_at`:
/// there is an action near the failing place, or a line of the document starts with one.
pub(super) fn note(file: FileId, text: &str, range: Range<usize>, failed_at: usize) -> Option<Diagnostic> {
    let document = text.get(range.clone())?;
    let near = window(text, range.clone(), failed_at);
    let at = first_opening(&text[near.clone()])
        .map(|at| near.start + at)
        .or_else(|| line_opening(document).map(|at| range.start + at))?;
    let length = OPENINGS.iter().find(|opening| text[at..].starts_with(**opening)).map_or(2, |o| o.len());
    let span = Span::new(file, at as u32, (at + length) as u32);
    Some(
        Diagnostic::new(
            "unrendered-template",
            Severity::Info,
            span,
            "the file is a template that was not rendered",
        )
        .with_label("template action")
        .with_help("check what the template renders to, for instance the output of `helm template`"),
    )
}

/// The line that failed with two lines before and one after it.
fn window(text: &str, range: Range<usize>, failed_at: usize) -> Range<usize> {
    let at = failed_at.clamp(range.start, range.end);
    let before = text.as_bytes()[range.start..at].iter().rev();
    let start =
        before.enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).map_or(range.start, |(n, _)| at - n);
    let after = text.as_bytes()[at..range.end].iter();
    let end = after.enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).map_or(range.end, |(n, _)| at + n);
    start..end
}

/// The first action in `text`.
fn first_opening(text: &str) -> Option<usize> {
    OPENINGS.iter().filter_map(|opening| action(text, opening)).min()
}

/// The first `opening` that is no dynamic reference of CloudFormation (`{{resolve:ssm:name}}`), which is valid.
fn action(text: &str, opening: &str) -> Option<usize> {
    let is_action = |(at, _): &(usize, &str)| !text[at + opening.len()..].starts_with("resolve:");
    text.match_indices(opening).find(is_action).map(|(at, _)| at)
}

/// The first action that steers a template and starts a line, white space and list dashes apart. One
/// that only prints may as well be part of a value that is rendered at run time, as in alerting rules.
fn line_opening(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t', '-']);
        if is_steering(content) {
            return Some(start + line.len() - content.len());
        }
        start += line.len();
    }
    None
}

fn is_steering(line: &str) -> bool {
    const WORDS: [&str; 10] =
        ["if", "else", "end", "range", "with", "define", "template", "include", "block", "/*"];
    if line.starts_with("{%") || line.starts_with("<%") || line.starts_with("{{-") {
        return true;
    }
    let Some(action) = line.strip_prefix("{{") else { return false };
    let action = action.trim_start();
    WORDS.iter().any(|word| action.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, failed_at: &str, expected: Option<&str>) {
        let at = text.find(failed_at).expect("a place in the text");
        let found = note(FileId(0), text, 0..text.len(), at).map(|note| note.primary.span.start as usize);
        assert_eq!(found, expected.map(|place| text.find(place).expect("a place in the text")), "{text}");
    }

    #[test]
    fn actions_explain_a_failure_near_them_or_steer_the_file() {
        check("a: {{ .Values.a }}-b\nc: d\n", "-b", Some("{{"));
        check("{{- if .a }}\nb: c\n\n\n\n\nd: [\n", "[", Some("{{-"));
        check("{% for a in b %}\nb: c\n\n\n\n\nd: [\n", "[", Some("{%"));
        check("a: |\n  {{ $labels.pod }} is down\nb: c\n\n\n\n\nd: [\n", "[", None);
        check("a: '{{resolve:ssm:b}}'\nc: [\n", "[", None);
        check("a: b\nc: [\n", "[", None);
    }
}
