//! GitLab's Code Quality report: the findings that it shows in a merge request.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::ascii::write_json;
use super::fingerprint::Fingerprints;
use super::location::{Location, relative};
use super::neutral::neutral;
use super::{Options, open};
use crate::diagnostic::Severity;
use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let issues: Vec<Value> = open(analysis)
        .map(|diagnostic| {
            let Location { path, start, end } = Location::of(&analysis.sources, diagnostic.primary.span);
            let path = relative(path, options.root.as_deref());
            json!({
                "description": neutral(&diagnostic.message),
                "check_name": diagnostic.rule,
                "fingerprint": fingerprints.next(&path, diagnostic),
                "severity": match diagnostic.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "major",
                    Severity::Info => "info",
                },
                "location": {
                    "path": path,
                    "positions": {
                        "begin": { "line": start.line, "column": start.column },
                        "end": { "line": end.line, "column": end.column },
                    },
                },
            })
        })
        .collect();
    write_json(out, &issues)
}
