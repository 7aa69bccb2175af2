//! One line for each finding: `path:line:column: severity[rule] message`.

use std::io::{self, Write};

use super::location::Location;
use super::neutral::{leading, neutral};
use super::open;
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in open(analysis) {
        let Location { path, start, .. } = Location::of(&analysis.sources, diagnostic.primary.span);
        let (severity, rule) = (diagnostic.severity.as_str(), neutral(&diagnostic.rule));
        let (path, message) = (leading(path), neutral(&diagnostic.message));
        writeln!(out, "{path}:{}:{}: {severity}[{rule}] {message}", start.line, start.column)?;
    }
    Ok(())
}
