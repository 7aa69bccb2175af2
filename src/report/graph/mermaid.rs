//! The traffic as a Mermaid flowchart.

use std::io::{self, Write};

use super::{shown, title, words};
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    let mut first = 0;
    for (number, traffic) in shown(analysis).enumerate() {
        writeln!(out, "    subgraph project{number}[\"{}\"]", escaped(&title(traffic, analysis)))?;
        let findings = traffic.findings(&analysis.diagnostics);
        for (idx, hop) in traffic.hops.iter().enumerate() {
            let mut lines: Vec<String> = words(hop).iter().map(|line| escaped(line)).collect();
            lines.extend(findings[idx].iter().map(|finding| {
                escaped(&format!("{}[{}]", finding.severity.as_str(), super::neutral(&finding.rule)))
            }));
            let class = findings[idx]
                .iter()
                .map(|finding| finding.severity)
                .max()
                .map(|severity| format!(":::{}", severity.as_str()));
            writeln!(
                out,
                "        n{}[\"{}\"]{}",
                first + idx,
                lines.join("<br/>"),
                class.unwrap_or_default()
            )?;
        }
        for (idx, hop) in traffic.hops.iter().enumerate() {
            for next in &hop.next {
                writeln!(out, "        n{} --> n{}", first + idx, first + next)?;
            }
            if hop.is_open {
                writeln!(
                    out,
                    "        n{} -.-> open{}[\"not settled by the files\"]",
                    first + idx,
                    first + idx
                )?;
            }
        }
        writeln!(out, "    end")?;
        first += traffic.hops.len();
    }
    writeln!(out, "    classDef error fill:#fde8e8,stroke:#c81e1e,color:#111")?;
    writeln!(out, "    classDef warning fill:#fdf6b2,stroke:#8e6b00,color:#111")?;
    writeln!(out, "    classDef info fill:#e1effe,stroke:#1c64f2,color:#111")
}

/// Text within a label: entities for what Mermaid or the HTML in its labels would read.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | ':' | '/' | '-' | '_' | '(' | ')' => {
                escaped.push(c)
            }
            c if c.is_alphanumeric() => escaped.push(c),
            c => escaped.push_str(&format!("#{};", c as u32)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_ends_a_label() {
        assert_eq!(escaped("a\"]; click <b>`&#"), "a#34;#93;#59; click #60;b#62;#96;#38;#35;");
        assert_eq!(escaped("orders:50051 (é)"), "orders:50051 (é)");
    }
}
