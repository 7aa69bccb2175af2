//! JUnit XML: each file with findings is a suite, each finding a failed case; a clean run is one passing case.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::location::{Location, relative};
use super::neutral::leading;
use super::xml::escaped;
use super::{Options, open};
use crate::diagnostic::Diagnostic;
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let mut suites: BTreeMap<String, Vec<(&Diagnostic, Location)>> = BTreeMap::new();
    for diagnostic in open(analysis) {
        let location = Location::of(&analysis.sources, diagnostic.primary.span);
        let path = relative(location.path, options.root.as_deref());
        suites.entry(path).or_default().push((diagnostic, location));
    }
    let failures: usize = suites.values().map(Vec::len).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="grpc-guard" tests="{}" failures="{failures}">"#, failures.max(1))?;
    if suites.is_empty() {
        writeln!(out, r#"  <testsuite name="grpc-guard" tests="1" failures="0">"#)?;
        writeln!(out, r#"    <testcase name="no findings" classname="grpc-guard"/>"#)?;
        writeln!(out, "  </testsuite>")?;
    }
    for (path, findings) in &suites {
        let (path, n) = (escaped(path), findings.len());
        writeln!(out, r#"  <testsuite name="{path}" tests="{n}" failures="{n}">"#)?;
        for (diagnostic, Location { start, .. }) in findings {
            let (rule, message) = (escaped(&diagnostic.rule), escaped(&diagnostic.message));
            let (line, column) = (start.line, start.column);
            writeln!(out, r#"    <testcase name="{rule}" classname="{path}" line="{line}">"#)?;
            writeln!(out, r#"      <failure type="{}" message="{message}">"#, diagnostic.severity.as_str())?;
            write!(out, "{}:{line}:{column}: {message}", leading(&path))?;
            if let Some(help) = &diagnostic.help {
                write!(out, "\nhelp: {}", escaped(help))?;
            }
            writeln!(out, "</failure>")?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}
