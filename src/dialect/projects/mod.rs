//! Which files belong together, and where those stand that nobody named.
//!
//! `docs/projects.md` says it to users. Files are known by their places: absolute paths with forward slashes.

mod variants;

use std::collections::BTreeMap;

use super::{Dialect, File, terraform};
use variants::variants;

/// Files that may belong to a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The file of a place.
    File(String),
    /// Files below a directory.
    Files {
        /// The directory's place.
        directory: String,
        /// How many levels of it: 1 for the directory itself.
        depth: usize,
        /// How their names end.
        suffix: &'static str,
        /// What their text holds.
        words: Vec<String>,
    },
}

/// The files that a file names and that belong to its project.
pub fn named(dialect: Dialect, file: &File<'_>) -> Vec<Want> {
    match dialect {
        Dialect::Terraform if is_configuration(file) => {
            let of_module = |(_, directory)| files_of(directory, 1, ".tf.json", Vec::new());
            terraform::calls(file).into_iter().map(of_module).collect()
        }
        Dialect::CloudFormation | Dialect::Kubernetes | Dialect::Terraform => Vec::new(),
    }
}

/// Where files may stand that belong to the project of a file without being named in it. `above` gives the directory so many
/// levels above another one, where that may be looked at.
pub fn around(dialect: Dialect, file: &File<'_>, above: impl Fn(&str, usize) -> Option<String>) -> Vec<Want> {
    let own = directory(file.path);
    match dialect {
        Dialect::CloudFormation => Vec::new(),
        Dialect::Kubernetes => vec![files_of(own.to_string(), 1, "", Vec::new())],
        Dialect::Terraform if !is_configuration(file) => Vec::new(),
        Dialect::Terraform => {
            let mut wants = vec![files_of(own.to_string(), 1, ".tf.json", Vec::new())];
            // Who calls this module stands near it: `modules/orders` is called from the directory around `modules`, or
            // from `environments/prod` beside it.
            let name = own.rsplit('/').next().unwrap_or(own);
            let around = (1..=2).rev().find_map(|levels| above(own, levels).map(|above| (above, levels + 1)));
            let words = vec!["\"module\"".to_string(), format!("/{name}")];
            wants.extend(around.map(|(above, depth)| files_of(above, depth, ".tf.json", words)));
            wants
        }
    }
}

fn files_of(directory: String, depth: usize, suffix: &'static str, words: Vec<String>) -> Want {
    Want::Files { directory, depth, suffix, words }
}

/// The projects among the files of one dialect, as indices in rising order. A file may be in several: files that
/// declare the same thing are alternatives, each of which has the rest beside it.
pub fn group(dialect: Dialect, files: &[File<'_>]) -> Vec<Vec<usize>> {
    let mut units: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (idx, file) in files.iter().enumerate() {
        units.entry(unit(dialect, file)).or_default().push(idx);
    }
    let names: Vec<&str> = units.keys().copied().collect();
    let mut sets = Sets::new(names.len());
    for (at, name) in names.iter().enumerate() {
        for idx in &units[name] {
            for tied in ties(dialect, &files[*idx]) {
                if let Ok(other) = names.binary_search(&tied.as_str()) {
                    sets.join(at, other);
                }
            }
        }
    }
    let mut projects: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for (at, unit) in units.into_values().enumerate() {
        projects.entry(sets.find(at)).or_default().push(unit);
    }
    projects.into_values().flat_map(|units| variants(dialect, files, units)).collect()
}

/// The units that a file names.
fn ties(dialect: Dialect, file: &File<'_>) -> Vec<String> {
    match dialect {
        Dialect::Terraform if is_configuration(file) => {
            terraform::calls(file).into_iter().map(|(_, directory)| directory).collect()
        }
        Dialect::CloudFormation | Dialect::Kubernetes | Dialect::Terraform => Vec::new(),
    }
}

/// Disjoint sets of units.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    /// The least member of the set of `at`.
    fn find(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Whether a file by itself is a project: no other file can say anything of what is in it.
pub fn stands_alone(dialect: Dialect, path: &str) -> bool {
    match dialect {
        Dialect::CloudFormation => true,
        Dialect::Kubernetes => false,
        Dialect::Terraform => !path.ends_with(".tf.json"),
    }
}

/// The place that files of one unit share.
fn unit<'d>(dialect: Dialect, file: &File<'d>) -> &'d str {
    if stands_alone(dialect, file.path) { file.path } else { directory(file.path) }
}

fn is_configuration(file: &File<'_>) -> bool {
    file.path.ends_with(".tf.json")
}

/// The check that reports a module or nested stack which contains itself.
pub const CIRCULAR_PROJECT: &str = "circular-project";

/// How deep modules and nested stacks are followed.
pub const MAX_NESTING: usize = 16;

/// The place that a relative path means in a directory.
pub(super) fn joined(directory: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = if directory.is_empty() { Vec::new() } else { directory.split('/').collect() };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The directory of a path.
pub(super) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};
    use crate::source::FileId;
    use crate::syntax;

    pub(super) fn parsed(files: &[(&str, &str)]) -> Vec<Document> {
        let parse = |(path, text): &(&str, &str)| {
            let format = if path.ends_with(".json") { Format::Json } else { Format::Yaml };
            syntax::parse(FileId(0), format, &(*text).into()).0
        };
        files.iter().map(parse).collect()
    }

    /// The projects as paths.
    #[track_caller]
    pub(super) fn check(dialect: Dialect, files: &[(&str, &str)], expected: &[&[&str]]) {
        let documents = parsed(files);
        let given: Vec<File<'_>> =
            files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
        let told: Vec<Vec<&str>> = group(dialect, &given)
            .into_iter()
            .map(|project| project.into_iter().map(|idx| files[idx].0).collect())
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_directory_is_a_project() {
        let service = |name: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n");
        let (a, b) = (service("a"), service("b"));
        check(
            Dialect::Kubernetes,
            &[("/k/a.yaml", &a), ("/k/b.yaml", &b), ("/k/x/a.yaml", &a)],
            &[&["/k/a.yaml", "/k/b.yaml"], &["/k/x/a.yaml"]],
        );
        check(Dialect::CloudFormation, &[("/a.yaml", ""), ("/b.yaml", "")], &[&["/a.yaml"], &["/b.yaml"]]);
        let group = |name: &str| format!(r#"{{"resource": {{"aws_lb": {{"{name}": {{}}}}}}}}"#);
        let (a, b) = (group("a"), group("b"));
        check(
            Dialect::Terraform,
            &[("/t/a.tf.json", &a), ("/t/b.tf.json", &b), ("/t/plan.json", "{}")],
            &[&["/t/a.tf.json", "/t/b.tf.json"], &["/t/plan.json"]],
        );
    }
}
