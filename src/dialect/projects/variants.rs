//! Files of one directory that declare the same thing are alternatives: `dev.yaml` and `prod.yaml`, a file and its backup, two
//! examples. They are never deployed together, and so never judged together.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::dialect::{Dialect, File, kubernetes, terraform};

/// How many alternatives of one directory have the rest of it beside them; more than that is a collection of examples,
/// and each stands alone.
const MAX_ALTERNATIVES: usize = 16;

/// The projects that the files of some units make, which are tied to each other.
pub(super) fn variants(dialect: Dialect, files: &[File<'_>], units: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut alternatives: Vec<usize> = Vec::new();
    let mut n_split = 0;
    for unit in units.iter().filter(|unit| unit.len() > 1) {
        let found = self::alternatives(dialect, files, unit);
        n_split += usize::from(!found.is_empty());
        alternatives.extend(found);
    }
    let mut all: Vec<usize> = units.iter().flatten().copied().collect();
    all.sort_unstable();
    if alternatives.is_empty() {
        return vec![all];
    }
    if n_split > 1 {
        // Which of them belong together nobody can tell.
        return units.into_iter().flat_map(|unit| variants(dialect, files, vec![unit])).collect();
    }
    alternatives.sort_unstable();
    let rest: Vec<usize> = all.into_iter().filter(|idx| alternatives.binary_search(idx).is_err()).collect();
    if alternatives.len() > MAX_ALTERNATIVES {
        let alone = alternatives.into_iter().map(|idx| vec![idx]);
        return alone.chain((!rest.is_empty()).then_some(rest)).collect();
    }
    let with_rest = |alternative: usize| {
        let mut project = rest.clone();
        project.push(alternative);
        project.sort_unstable();
        project
    };
    alternatives.into_iter().map(with_rest).collect()
}

/// The files that declare something that another one declares too.
fn alternatives(dialect: Dialect, files: &[File<'_>], unit: &[usize]) -> FxHashSet<usize> {
    let mut first: FxHashMap<String, usize> = FxHashMap::default();
    let mut found = FxHashSet::default();
    let of_unit: Vec<File<'_>> = unit.iter().map(|idx| files[*idx]).collect();
    let patches = match dialect {
        Dialect::Kubernetes => kubernetes::patch_files(&of_unit),
        Dialect::CloudFormation | Dialect::Terraform => BTreeSet::new(),
    };
    for idx in unit.iter().filter(|idx| !patches.contains(files[**idx].path)) {
        let declared = match dialect {
            Dialect::CloudFormation => Vec::new(),
            Dialect::Kubernetes => kubernetes::declared(&files[*idx]),
            Dialect::Terraform => terraform::declared(&files[*idx]),
        };
        for name in declared {
            let other = *first.entry(name).or_insert(*idx);
            if other != *idx {
                found.extend([other, *idx]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use crate::dialect::Dialect;

    #[test]
    fn alternatives_are_kept_apart() {
        let object =
            |kind: &str, name: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n");
        let (orders, ingress) = (object("Service", "orders"), object("Ingress", "orders"));
        let namespaced = format!("{}---\n{ingress}", object("Namespace", "shop"));
        let other = format!("{}---\n{orders}", object("Namespace", "shop"));
        check(
            Dialect::Kubernetes,
            &[("/k/dev.yaml", &orders), ("/k/ingress.yaml", &ingress), ("/k/prod.yaml", &orders)],
            &[&["/k/dev.yaml", "/k/ingress.yaml"], &["/k/ingress.yaml", "/k/prod.yaml"]],
        );
        check(
            Dialect::Kubernetes,
            &[("/k/a.yaml", &namespaced), ("/k/b.yaml", &other)],
            &[&["/k/a.yaml", "/k/b.yaml"]],
        );
    }

    #[test]
    fn overrides_are_no_alternatives() {
        let text = r#"{"resource": {"aws_lb": {"a": {}}}}"#;
        check(
            Dialect::Terraform,
            &[("/t/a.tf.json", text), ("/t/a_override.tf.json", text)],
            &[&["/t/a.tf.json", "/t/a_override.tf.json"]],
        );
        check(
            Dialect::Terraform,
            &[("/t/bad.tf.json", text), ("/t/good.tf.json", text)],
            &[&["/t/bad.tf.json"], &["/t/good.tf.json"]],
        );
    }
}
