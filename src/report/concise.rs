//! One line for each finding: `path:line:column: severity[rule] message`; `[*]` marks what `--fix` mends.

use std::io::{self, Write};

use super::location::Location;
use super::neutral::{leading, neutral};
use super::open;
use crate::diagnostic::{Applicability, Fix};
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in open(analysis) {
        let Location { path, start, .. } = Location::of(&analysis.sources, diagnostic.primary.span);
        let (severity, rule) = (diagnostic.severity.as_str(), neutral(&diagnostic.rule));
        let (path, message) = (leading(path), neutral(&diagnostic.message));
        let is_safe = |fix: &Fix| fix.applicability == Applicability::Safe;
        let mark = if diagnostic.fix.as_ref().is_some_and(is_safe) { "[*] " } else { "" };
        writeln!(out, "{path}:{}:{}: {severity}[{rule}] {mark}{message}", start.line, start.column)?;
    }
    Ok(())
}
