//! The traffic as a tree of lines.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::super::Options;
use super::super::neutral::neutral;
use super::super::text::Styles;
use super::{shown, title, words};
use crate::diagnostic::Diagnostic;
use crate::engine::{Analysis, Traffic};

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let styles = Styles::new(options.color);
    for (idx, traffic) in shown(analysis).enumerate() {
        if idx > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", styles.strong.style(title(traffic, analysis)))?;
        ways(traffic, analysis, out, &styles)?;
    }
    Ok(())
}

/// The ways of one project.
pub(super) fn ways(
    traffic: &Traffic,
    analysis: &Analysis,
    out: &mut dyn Write,
    styles: &Styles,
) -> io::Result<()> {
    let mut tree =
        Tree { traffic, findings: traffic.findings(&analysis.diagnostics), styles, seen: BTreeSet::new() };
    let roots = traffic.roots();
    for (at, root) in roots.iter().enumerate() {
        tree.branch(out, *root, "", at + 1 == roots.len())?;
    }
    Ok(())
}

struct Tree<'t> {
    traffic: &'t Traffic,
    findings: Vec<Vec<&'t Diagnostic>>,
    styles: &'t Styles,
    /// Hops that were shown with all behind them.
    seen: BTreeSet<usize>,
}

impl Tree<'_> {
    fn branch(&mut self, out: &mut dyn Write, idx: usize, before: &str, is_last: bool) -> io::Result<()> {
        let hop = &self.traffic.hops[idx];
        let (corner, bar) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let frame = |text: &str| self.styles.frame.style(text).to_string();
        let mut lines = words(hop);
        let is_repeated = !self.seen.insert(idx);
        let head = lines.remove(0);
        let (what, name) = match head.strip_prefix(hop.stage.as_str()).map(str::trim_start) {
            Some("") | None => (String::new(), head.as_str()),
            Some(name) => (format!("{} ", hop.stage.as_str()), name),
        };
        let name = self.styles.strong.style(name).to_string();
        let facts = if lines.is_empty() { String::new() } else { format!("  {}", lines.join("; ")) };
        let again = if is_repeated && !hop.next.is_empty() { "  (see above)" } else { "" };
        writeln!(out, "{}{what}{name}{facts}{again}", frame(&format!("{before}{corner}")))?;
        let inner = format!("{before}{bar}");
        if is_repeated {
            return Ok(());
        }
        let has_more = !hop.next.is_empty() || hop.is_open;
        for finding in &self.findings[idx] {
            let style = self.styles.of(finding.severity);
            let head = format!("{}[{}]", finding.severity.as_str(), neutral(&finding.rule));
            let stem = frame(&format!("{inner}{}", if has_more { "│  " } else { "   " }));
            writeln!(out, "{stem}{}: {}", style.style(head), neutral(&finding.message))?;
        }
        for (at, next) in hop.next.iter().enumerate() {
            let is_last = at + 1 == hop.next.len() && !hop.is_open;
            self.branch(out, *next, &inner, is_last)?;
        }
        if hop.is_open {
            let more = if hop.next.is_empty() {
                "what the files do not settle"
            } else {
                "perhaps more, which the files do not settle"
            };
            writeln!(out, "{}{more}", frame(&format!("{inner}└─ ")))?;
        }
        Ok(())
    }
}
