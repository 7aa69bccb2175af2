//! What is said about files that cannot be read, or not as they are meant: `fixtures/syntax`.

mod support;

use grpc_guard::catalog::Catalog;
use support::{analyze, compare, expectations, files, findings, projects, root, settings};

#[test]
fn broken_files_are_reported_where_they_are_broken() {
    let catalog = Catalog::builtin();
    let mut problems = Vec::new();
    for project in projects(&root().join("fixtures/syntax")) {
        let analysis = analyze(&project, &catalog, &settings(&project, Some(&[])));
        let expected: Vec<_> = files(&project).iter().flat_map(|file| expectations(file)).collect();
        problems.extend(compare(&expected, &findings(&analysis)));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
