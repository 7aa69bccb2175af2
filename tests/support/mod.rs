//! What the tests of rules share: where fixtures are, what they expect, and what the tool says about them.

#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod examples;
pub(crate) mod hcl;
pub(crate) mod program;
mod units;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::dialect::{ControllerHint, Platforms};
use grpc_guard::engine::{self, Analysis};
use grpc_guard::source::read::{self, ReadOptions};

/// The directory of the package.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The entries of a directory, sorted.
pub(crate) fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    paths
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// The projects of a fixture directory: each file by itself, each subdirectory as a whole.
pub(crate) fn projects(dir: &Path) -> Vec<PathBuf> {
    entries(dir).into_iter().filter(|path| !name(path).ends_with(".expect")).collect()
}

/// The files of a project.
pub(crate) fn files(project: &Path) -> Vec<PathBuf> {
    if project.is_dir() { projects(project) } else { vec![project.to_path_buf()] }
}

/// The dialect of a fixture, by its name: `fire.cfn.yaml`, `ok.k8s.yaml`, `fire.tf`, `fire.tf.json`,
/// `fire.plan.json`.
pub(crate) fn dialect(path: &Path) -> Option<&'static str> {
    let name = name(path);
    let has = |part: &str| name.split('.').any(|word| word == part);
    [("cfn", "cloudformation"), ("k8s", "kubernetes"), ("tf", "terraform"), ("plan", "terraform")]
        .into_iter()
        .find_map(|(part, dialect)| has(part).then_some(dialect))
}

/// A finding, as it is or as it is expected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) rule: String,
    /// Checked where the expectation names it.
    pub(crate) column: Option<u32>,
    /// Checked where the expectation names it.
    pub(crate) severity: Option<String>,
    pub(crate) message: String,
}

impl Finding {
    fn meets(&self, expected: &Finding) -> bool {
        self.file == expected.file
            && self.line == expected.line
            && self.rule == expected.rule
            && (expected.column.is_none() || self.column == expected.column)
            && (expected.severity.is_none() || self.severity == expected.severity)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.rule)?;
        if let Some(severity) = &self.severity {
            write!(f, "={severity}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// Every expectation has its finding and every finding its expectation; what is not so, in words.
pub(crate) fn compare(expected: &[Finding], found: &[Finding]) -> Vec<String> {
    let mut left: Vec<&Finding> = found.iter().collect();
    let mut problems = Vec::new();
    for expectation in expected {
        match left.iter().position(|finding| finding.meets(expectation)) {
            Some(idx) => {
                left.remove(idx);
            }
            None => problems.push(format!("not found:  {expectation}")),
        }
    }
    problems.extend(left.into_iter().map(|finding| format!("unexpected: {finding}")));
    problems
}

/// What the comments of a file, or the sidecar of a JSON file, expect.
pub(crate) fn expectations(path: &Path) -> Vec<Finding> {
    let file = shown(path);
    let sidecar = PathBuf::from(format!("{}.expect", path.display()));
    let mut found = Vec::new();
    if sidecar.exists() {
        let text = fs::read_to_string(&sidecar).expect("a sidecar is UTF-8");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (place, rule) =
                line.split_once(' ').unwrap_or_else(|| panic!("{}: {line}", sidecar.display()));
            let (line, column) = place.split_once(':').map_or((place, None), |(line, at)| (line, Some(at)));
            let mut finding = expectation(&file, line.parse().expect("a line"), rule);
            finding.column = column.map(|column| column.parse().expect("a column"));
            found.push(finding);
        }
    }
    let text = fs::read_to_string(path).expect("a fixture is UTF-8");
    for (idx, line) in text.lines().enumerate() {
        let number = idx as u32 + 1;
        for (marker, below) in [("# expect: ", 0), ("# expect@+1: ", 1)] {
            if let Some((_, rules)) = line.split_once(marker) {
                found.extend(rules.split_whitespace().map(|rule| expectation(&file, number + below, rule)));
            }
        }
    }
    found
}

/// `name`, `name=warning`, `name@14`.
fn expectation(file: &str, line: u32, text: &str) -> Finding {
    let (text, severity) =
        text.split_once('=').map_or((text, None), |(text, word)| (text, Some(word.to_string())));
    let (rule, column) = text.split_once('@').map_or((text, None), |(rule, at)| (rule, Some(at)));
    Finding {
        file: file.to_string(),
        line,
        rule: rule.to_string(),
        column: column.map(|column| column.parse().expect("a column")),
        severity,
        message: String::new(),
    }
}

fn shown(path: &Path) -> String {
    let root = root();
    path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Settings under which only these rules run; a first line `# platform: in-tree` says what the cluster has.
pub(crate) fn settings(project: &Path, only: Option<&[&str]>) -> Settings {
    let only: Option<BTreeSet<String>> =
        only.map(|rules| rules.iter().map(|rule| rule.to_string()).collect());
    Settings {
        only,
        platforms: Platforms { controller: platform(project), ..Platforms::default() },
        ..Settings::default()
    }
}

fn platform(project: &Path) -> Option<ControllerHint> {
    let first = fs::read_to_string(files(project).first()?).ok()?;
    Some(match first.lines().next()?.strip_prefix("# platform: ")? {
        "aws-load-balancer-controller" => ControllerHint::LoadBalancerController,
        "eks-auto-mode" => ControllerHint::AutoMode,
        "in-tree" => ControllerHint::InTree,
        other => panic!("{}: no platform {other}", project.display()),
    })
}

/// Runs the tool on a project.
pub(crate) fn analyze(project: &Path, catalog: &Catalog, settings: &Settings) -> Analysis {
    let loaded = read::read(&[project.to_path_buf()], &ReadOptions::default());
    engine::analyze(loaded, catalog, settings)
}

/// What an analysis found and nobody made an exception for.
pub(crate) fn findings(analysis: &Analysis) -> Vec<Finding> {
    let open = analysis.diagnostics.iter().filter(|found| found.suppressed.is_none());
    open.map(|found| {
        let source = analysis.sources.get(found.primary.span.file);
        let position = source.position(found.primary.span.start);
        Finding {
            file: shown(Path::new(&source.path)),
            line: position.line,
            rule: found.rule.to_string(),
            column: Some(position.column),
            severity: Some(found.severity.as_str().to_string()),
            message: found.message.clone(),
        }
    })
    .collect()
}
