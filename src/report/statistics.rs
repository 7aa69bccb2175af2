//! `--statistics`: how often each rule speaks, and what was read as what.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::neutral::neutral;
use super::{counted, open};
use crate::diagnostic::Severity;
use crate::engine::{Analysis, Reading};

/// A table of the rules, the most frequent first, then the files.
pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<&str, (usize, usize, Severity)> = BTreeMap::new();
    for found in &analysis.diagnostics {
        let entry = counts.entry(&found.rule).or_insert((0, 0, found.severity));
        match &found.suppressed {
            Some(_) => entry.1 += 1,
            None => entry.0 += 1,
        }
        entry.2 = entry.2.max(found.severity);
    }
    let mut rows: Vec<(&str, (usize, usize, Severity))> = counts.into_iter().collect();
    rows.sort_by_key(|(rule, (n, n_excepted, _))| (std::cmp::Reverse((*n, *n_excepted)), *rule));
    if open(analysis).next().is_some() {
        writeln!(out)?;
    }
    writeln!(out, "findings  excepted  severity  rule")?;
    for (rule, (n, n_excepted, severity)) in rows {
        writeln!(out, "{n:>8}  {n_excepted:>8}  {:8}  {}", severity.as_str(), neutral(rule))?;
    }
    let mut files: BTreeMap<Reading, usize> = BTreeMap::new();
    for (_, reading) in &analysis.read_as {
        *files.entry(*reading).or_default() += 1;
    }
    let files: Vec<String> = files
        .into_iter()
        .map(|(reading, n)| format!("{} {}", counted(n, "file"), reading.as_str()))
        .collect();
    let bytes: usize =
        analysis.sources.iter().take(analysis.n_reported).map(|(_, source)| source.text.len()).sum();
    writeln!(out, "\n{}; {} KiB", files.join(", "), bytes.div_ceil(1024))
}
