//! What each notation can say: functions, conditions and loops lead the same few rules to the same places.

mod support;

use grpc_guard::catalog::Catalog;
use support::{analyze, compare, entries, expectations, files, findings, projects, root, settings};

/// A handful of rules that are sensitive to every value of a target group, so that a new rule changes nothing here.
const RULES: [&str; 7] = [
    "health-check-default-path",
    "health-check-http-matcher",
    "health-check-path-not-a-method",
    "listener-without-certificate",
    "listener-without-https",
    "target-group-http1",
    "target-group-http2",
];

#[test]
fn every_notation_leads_to_the_place_where_the_value_is_used() {
    let catalog = Catalog::builtin();
    let mut problems = Vec::new();
    let mut n_projects = 0;
    for dir in entries(&root().join("fixtures/formats")) {
        for project in projects(&dir) {
            n_projects += 1;
            let analysis = analyze(&project, &catalog, &settings(&project, Some(&RULES)));
            let expected: Vec<_> = files(&project).iter().flat_map(|file| expectations(file)).collect();
            problems.extend(compare(&expected, &findings(&analysis)));
        }
    }
    assert!(n_projects > 0, "there are no fixtures");
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
