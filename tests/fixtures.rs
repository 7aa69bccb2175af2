//! Every rule on its fixtures: what a line expects is found there, and nothing else is found.

mod support;

use grpc_guard::catalog::Catalog;
use support::{analyze, compare, entries, expectations, files, findings, name, projects, root, settings};

#[test]
fn rules_find_what_their_fixtures_expect_and_nothing_else() {
    let catalog = Catalog::builtin();
    let mut problems = Vec::new();
    let mut n_projects = 0;
    for dir in entries(&root().join("fixtures")) {
        let rule = name(&dir);
        if catalog.get(&rule).is_none() {
            continue;
        }
        for project in projects(&dir) {
            n_projects += 1;
            let analysis = analyze(&project, &catalog, &settings(&project, Some(&[&rule])));
            let expected: Vec<_> = files(&project).iter().flat_map(|file| expectations(file)).collect();
            problems.extend(compare(&expected, &findings(&analysis)));
        }
    }
    assert!(n_projects > 0, "there are no fixtures");
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn findings_speak_as_the_style_guide_wants() {
    let catalog = Catalog::builtin();
    let mut problems = Vec::new();
    for dir in entries(&root().join("fixtures")) {
        let rule = name(&dir);
        if catalog.get(&rule).is_none() {
            continue;
        }
        for project in projects(&dir) {
            let analysis = analyze(&project, &catalog, &settings(&project, Some(&[&rule])));
            for found in &analysis.diagnostics {
                let mut complain = |what: &str, text: &str| {
                    problems.push(format!("{}: {what}: {text}", project.display()));
                };
                let texts = [Some(&found.message), found.help.as_ref()];
                for text in texts.into_iter().flatten() {
                    if text.contains(['{', '}', '\n']) || text.contains("``") {
                        complain("a query was not filled in", text);
                    }
                }
                if found.message.starts_with(|c: char| c.is_uppercase()) {
                    complain("starts with a capital", &found.message);
                }
                if found.message.ends_with('.') {
                    complain("ends with a full stop", &found.message);
                }
                for label in std::iter::once(&found.primary).chain(&found.related) {
                    if label.text.split_whitespace().count() > 8 {
                        complain("a label of more than eight words", &label.text);
                    }
                }
                if found.resource.is_none() {
                    complain("names no resource", &found.message);
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
