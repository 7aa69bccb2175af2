//! Which files belong together, and where those stand that nobody named.
//!
//! `docs/projects.md` says it to users. Files are known by their places: absolute paths with forward slashes.

mod variants;

use std::collections::BTreeMap;

use super::{Dialect, File};
use variants::variants;

/// Files that may belong to a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The file of a place.
    File(String),
    /// The files below a directory, as many levels deep, whose names have this end.
    Files {
        /// The directory's place.
        directory: String,
        /// 1 for the directory itself.
        depth: usize,
        /// How their names end.
        suffix: &'static str,
    },
}

/// The files around a named one that may belong to its project.
pub fn searched(dialect: Dialect, file: &File<'_>) -> Vec<Want> {
    let directory = directory(file.path).to_string();
    match dialect {
        Dialect::CloudFormation => Vec::new(),
        Dialect::Kubernetes => vec![Want::Files { directory, depth: 1, suffix: "" }],
        Dialect::Terraform if !is_configuration(file) => Vec::new(),
        Dialect::Terraform => vec![Want::Files { directory, depth: 1, suffix: ".tf.json" }],
    }
}

/// The projects among the files of one dialect, as indices in rising order. A file may be in several: files that
/// declare the same thing are alternatives, each of which has the rest beside it.
pub fn group(dialect: Dialect, files: &[File<'_>]) -> Vec<Vec<usize>> {
    let mut units: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (idx, file) in files.iter().enumerate() {
        units.entry(unit(dialect, file)).or_default().push(idx);
    }
    units.into_values().flat_map(|unit| variants(dialect, files, unit)).collect()
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

fn directory(path: &str) -> &str {
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
