//! Checkstyle XML, which many review tools read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::location::{Location, relative};
use super::xml::escaped;
use super::{Options, open};
use crate::diagnostic::Diagnostic;
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let mut files: BTreeMap<String, Vec<(&Diagnostic, Location)>> = BTreeMap::new();
    for diagnostic in open(analysis) {
        let location = Location::of(&analysis.sources, diagnostic.primary.span);
        let path = relative(location.path, options.root.as_deref());
        files.entry(path).or_default().push((diagnostic, location));
    }
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<checkstyle version="4.3">"#)?;
    for (path, findings) in &files {
        writeln!(out, r#"  <file name="{}">"#, escaped(path))?;
        for (diagnostic, Location { start, .. }) in findings {
            writeln!(
                out,
                r#"    <error line="{}" column="{}" severity="{}" message="{}" source="grpc-guard.{}"/>"#,
                start.line,
                start.column,
                diagnostic.severity.as_str(),
                escaped(&diagnostic.message),
                escaped(&diagnostic.rule),
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}
