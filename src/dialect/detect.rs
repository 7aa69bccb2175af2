//! Which dialect a file is: first by words in its text, then by the shape of its documents.

use super::{Dialect, File, cloudformation, kubernetes, terraform};
use crate::diagnostic::Diagnostic;
use crate::model::Reached;

/// Words of which each file of a dialect holds at least one group; a file without any is not parsed.
const WORDS: [(Dialect, &[&[&str]]); 3] = [
    (
        Dialect::CloudFormation,
        &[&["Resources", "AWS::"], &["AWSTemplateFormatVersion"], &["Resources", "Fn::"]],
    ),
    (Dialect::Kubernetes, &[&["apiVersion", "kind"]]),
    (
        Dialect::Terraform,
        &[
            &["format_version"],
            &["planned_values"],
            &["\"resources\"", "\"provider_name\""],
            &["\"resource\""],
            &["\"variable\""],
            &["\"module\""],
            &["\"locals\""],
            &["\"output\""],
            &["\"data\""],
            &["\"provider\""],
            &["\"terraform\""],
        ],
    ),
];

/// The dialects that a text may be of; none means that parsing it would be in vain.
pub fn candidates(path: &str, text: &str) -> Vec<Dialect> {
    let holds_all = |words: &&[&str]| words.iter().all(|word| contains(text, word));
    // What declares a module in Terraform's own language needs no words for it.
    let is_module = terraform::is_of_module(path) && !path.ends_with(".json");
    WORDS
        .iter()
        .filter(|(dialect, _)| !is_module || *dialect == Dialect::Terraform)
        .filter(|(dialect, _)| *dialect != Dialect::Terraform || is_module || path.ends_with(".json"))
        .filter(|(dialect, groups)| {
            let is_own = is_module || (*dialect == Dialect::Kubernetes && kubernetes::is_kustomization(path));
            is_own || groups.iter().any(holds_all)
        })
        .map(|(dialect, _)| *dialect)
        .collect()
}

fn contains(text: &str, word: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// The dialect of a parsed file: that of its first document that is of any.
pub fn detect(file: &File<'_>) -> Option<Dialect> {
    file.document.roots().find_map(|root| {
        if kubernetes::detect(file.path, root) {
            Some(Dialect::Kubernetes)
        } else if cloudformation::detect(file.path, root) {
            Some(Dialect::CloudFormation)
        } else if terraform::detect(file.path, root) {
            Some(Dialect::Terraform)
        } else {
            None
        }
    })
}

/// Lowers the files of one project.
pub fn lower(dialect: Dialect, files: &[File<'_>], platforms: &super::Platforms) -> super::Lowered {
    let mut lowered = match dialect {
        Dialect::CloudFormation => cloudformation::lower(files, platforms),
        Dialect::Kubernetes => kubernetes::lower(files, platforms),
        Dialect::Terraform => terraform::lower(files, platforms),
    };
    let mut told: Vec<Reached> = Vec::new();
    for reached in lowered.models.iter().flat_map(|model| model.values.reached()) {
        if !told.iter().any(|other| other.is_like(reached)) {
            told.push(*reached);
        }
    }
    lowered.diagnostics.extend(told.iter().map(Diagnostic::from));
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_what_is_parsed() {
        assert_eq!(candidates("a.yaml", "apiVersion: v1\nkind: Pod\n"), [Dialect::Kubernetes]);
        assert_eq!(
            candidates("a.yaml", "Resources:\n  A:\n    Type: AWS::S3::Bucket\n"),
            [Dialect::CloudFormation]
        );
        assert_eq!(candidates("a.tf.json", r#"{"resource": {}}"#), [Dialect::Terraform]);
        assert_eq!(
            candidates("a.json", r#"{"resources": {"a": {"provider_name": "b"}}}"#),
            [Dialect::Terraform]
        );
        assert_eq!(candidates("a.yaml", "resource: x\n"), []);
    }
}
