//! A summary in Markdown, as GitHub shows it below a run and bots paste it into reviews: one row a rule, the worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::location::{Location, relative};
use super::neutral::neutral;
use super::{Counts, Options, counted, open};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Analysis;

/// GitHub refuses summaries above 1 MiB for a step; other steps' tools may add to the same file.
const MAX_BYTES: usize = 512 << 10;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let counts = Counts::of(analysis);
    let found: Vec<String> = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "info")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| counted(n, noun))
        .collect();
    let files = counted(analysis.stats.files, "file");
    if found.is_empty() {
        return writeln!(out, "### grpc-guard: no findings\n\n{files} checked.");
    }
    writeln!(out, "### grpc-guard: {}\n", found.join(", "))?;
    writeln!(out, "| severity | rule | findings | first | what |\n|---|---|---|---|---|")?;
    let mut rules: BTreeMap<(Reverse<Severity>, &str), Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in open(analysis) {
        rules.entry((Reverse(diagnostic.severity), &diagnostic.rule)).or_default().push(diagnostic);
    }
    let (mut n_bytes, mut n_left) = (0, rules.len());
    for ((Reverse(severity), rule), findings) in &rules {
        let row = row(*severity, rule, findings, analysis, options);
        n_bytes += row.len();
        if n_bytes > MAX_BYTES {
            break;
        }
        out.write_all(row.as_bytes())?;
        n_left -= 1;
    }
    if n_left > 0 {
        writeln!(out, "\n{} more.", counted(n_left, "rule"))?;
    }
    writeln!(out, "\n{files} checked.")
}

fn row(
    severity: Severity,
    rule: &str,
    findings: &[&Diagnostic],
    analysis: &Analysis,
    options: &Options,
) -> String {
    let first = findings[0];
    let Location { path, start, .. } = Location::of(&analysis.sources, first.primary.span);
    let place = format!("{}:{}", relative(path, options.root.as_deref()), start.line);
    let name = match &first.url {
        Some(url) if !url.contains([' ', '(', ')', '|', '<']) => format!("[{}]({url})", escaped(rule)),
        _ => escaped(rule),
    };
    let (n, severity) = (findings.len(), severity.as_str());
    format!("| {severity} | {name} | {n} | {} | {} |\n", escaped(&place), escaped(&first.message))
}

/// A text of unknown origin as it may stand in a cell: it formats nothing, links nowhere and ends no cell.
fn escaped(text: &str) -> String {
    const SPECIAL: &str = "\\*_[]()#~!|";
    let mut out = String::with_capacity(text.len());
    for c in neutral(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Nobody is called, and no address becomes a link.
            '@' => out.push_str("&#64;"),
            ':' if out.ends_with("http") || out.ends_with("https") => out.push_str("&#58;"),
            '`' => out.push('\''),
            c if SPECIAL.contains(c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_cell() {
        assert_eq!(escaped("a | b\n<b> [x](y) `c`"), "a \\| b␊&lt;b&gt; \\[x\\]\\(y\\) 'c'");
    }
}
