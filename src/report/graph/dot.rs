//! The traffic as a Graphviz graph.

use std::io::{self, Write};

use super::{shown, title, words};
use crate::diagnostic::Severity;
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph traffic {{")?;
    writeln!(out, "    rankdir=LR;")?;
    writeln!(
        out,
        "    node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];"
    )?;
    let mut first = 0;
    for (number, traffic) in shown(analysis).enumerate() {
        writeln!(out, "    subgraph cluster_{number} {{")?;
        writeln!(out, "        label=\"{}\";", escaped(&title(traffic, analysis)))?;
        let findings = traffic.findings(&analysis.diagnostics);
        for (idx, hop) in traffic.hops.iter().enumerate() {
            let mut lines: Vec<String> = words(hop).iter().map(|line| escaped(line)).collect();
            lines.extend(findings[idx].iter().map(|finding| {
                escaped(&format!("{}[{}]", finding.severity.as_str(), super::neutral(&finding.rule)))
            }));
            let colors = findings[idx].iter().map(|finding| finding.severity).max().map_or(
                String::new(),
                |severity| {
                    let (fill, line) = match severity {
                        Severity::Error => ("#fde8e8", "#c81e1e"),
                        Severity::Warning => ("#fdf6b2", "#8e6b00"),
                        Severity::Info => ("#e1effe", "#1c64f2"),
                    };
                    format!(", fillcolor=\"{fill}\", color=\"{line}\"")
                },
            );
            writeln!(out, "        n{} [label=\"{}\"{colors}];", first + idx, lines.join("\\n"))?;
        }
        for (idx, hop) in traffic.hops.iter().enumerate() {
            for next in &hop.next {
                writeln!(out, "        n{} -> n{};", first + idx, first + next)?;
            }
            if hop.is_open {
                let from = first + idx;
                writeln!(out, "        open{from} [label=\"not settled by the files\", style=dashed];")?;
                writeln!(out, "        n{from} -> open{from} [style=dashed];")?;
            }
        }
        writeln!(out, "    }}")?;
        first += traffic.hops.len();
    }
    writeln!(out, "}}")
}

/// Text within a quoted string. Graphviz also reads `\N` and kin there, so no backslash stays single.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_ends_a_string() {
        assert_eq!(escaped(r#"a"]; \N"#), r#"a\"]; \\N"#);
    }
}
