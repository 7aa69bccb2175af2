//! Conventions over the whole table of rules.

mod support;

use std::collections::BTreeSet;
use std::fs;

use grpc_guard::catalog::{self, Catalog, Rule};
use grpc_guard::policy::InputKind;
use support::examples::{examples, page_path, stray_pages};
use support::{dialect, expectations, files, name, projects, root};

const DIALECTS: [&str; 3] = ["cloudformation", "kubernetes", "terraform"];

/// Holds every rule against a convention.
#[track_caller]
fn each_rule(check: impl Fn(&Rule, &mut dyn FnMut(String))) {
    let catalog = Catalog::builtin();
    let mut problems = Vec::new();
    for rule in catalog.rules() {
        check(rule, &mut |problem| problems.push(format!("{}: {problem}", rule.name)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn text(rule: &Rule) -> String {
    let path = root().join("rules").join(format!("{}.guard", rule.name));
    fs::read_to_string(path).expect("a rule is UTF-8")
}

#[test]
fn names_are_kebab_case_and_those_of_the_rule_blocks() {
    each_rule(|rule, complain| {
        let is_kebab = rule.name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        if !is_kebab {
            complain("is not kebab-case".to_string());
        }
        let blocks: Vec<String> = text(rule)
            .lines()
            .filter_map(|line| line.strip_prefix("rule "))
            .map(|rest| rest.split([' ', '{', '(']).next().unwrap_or_default().to_string())
            .collect();
        if blocks != [rule.name.replace('-', "_")] {
            complain(format!("holds the rule blocks {blocks:?}"));
        }
    });
}

#[test]
fn metadata_are_complete() {
    each_rule(|rule, complain| {
        let meta = rule.meta();
        if meta.input != InputKind::Model {
            complain("has not `input: model`".to_string());
        }
        let parts = [
            ("severity", meta.severity.is_some()),
            ("category", meta.category.is_some()),
            ("dialects", !meta.dialects.is_empty()),
            ("since", meta.since.is_some()),
            ("help", meta.help.is_some()),
            ("references", !meta.references.is_empty()),
            ("an explanation of three lines", meta.explanation.lines().count() >= 3),
        ];
        for (part, is_there) in parts {
            if !is_there {
                complain(format!("lacks {part}"));
            }
        }
        for dialect in &meta.dialects {
            if !DIALECTS.contains(&dialect.as_str()) {
                complain(format!("names the dialect `{dialect}`, which does not exist"));
            }
        }
        if !meta.dialects.is_sorted() {
            complain("has its dialects out of order".to_string());
        }
        for url in &meta.references {
            if !url.starts_with("https://") || url.contains(' ') {
                complain(format!("`{url}` is not an address"));
            }
        }
    });
}

#[test]
fn words_are_chosen_as_the_style_guide_wants() {
    each_rule(|rule, complain| {
        let meta = rule.meta();
        let text = text(rule);
        if meta.summary.ends_with('.') || meta.summary.len() > 90 {
            complain(format!("summary `{}` ends with a full stop or is long", meta.summary));
        }
        for message in messages(&text) {
            let start = message.chars().next().unwrap_or(' ');
            if !(start.is_lowercase() || start == '`') {
                complain(format!("message starts with `{start}`: {message}"));
            }
            if message.ends_with('.') {
                complain(format!("message ends with a full stop: {message}"));
            }
            if message.matches('`').count() % 2 == 1 {
                complain(format!("message has an odd number of backticks: {message}"));
            }
        }
        if messages(&text).is_empty() {
            complain("has no message".to_string());
        }
        for related in &meta.related {
            if related.text.value.split_whitespace().count() > 8 || related.text.value.ends_with('.') {
                complain(format!("label is longer than eight words: {}", related.text.value));
            }
        }
        let help = meta.help.as_ref().map(|help| help.value.as_str()).unwrap_or_default();
        if !IMPERATIVES.contains(&help.split(' ').next().unwrap_or_default()) {
            complain(format!("help is no imperative: {help}"));
        }
        for case in &meta.help_if {
            let help = &case.help.value;
            if !IMPERATIVES.contains(&help.split(' ').next().unwrap_or_default()) || help.ends_with('.') {
                complain(format!("help is no imperative, or ends with a full stop: {help}"));
            }
        }
        if help.ends_with('.') {
            complain(format!("help ends with a full stop: {help}"));
        }
        let lines = text.lines().count();
        if !(20..=60).contains(&lines) {
            complain(format!("has {lines} lines, and 20 to 60 read well"));
        }
        if let Some(line) = text.lines().find(|line| line.trim_end() != *line) {
            complain(format!("has blanks at the end of `{line}`"));
        }
    });
}

const IMPERATIVES: [&str; 18] = [
    "add", "call", "choose", "give", "lower", "move", "name", "point", "put", "raise", "remove", "rename",
    "replace", "send", "set", "turn", "use", "write",
];

fn messages(text: &str) -> Vec<&str> {
    let parts = text.split("<<").skip(1);
    parts.filter_map(|part| part.split(">>").next()).collect()
}

#[test]
fn each_claimed_dialect_has_a_firing_and_a_silent_fixture() {
    each_rule(|rule, complain| {
        let dir = root().join("fixtures").join(&rule.name);
        if !dir.is_dir() {
            return complain("has no fixtures".to_string());
        }
        let (mut firing, mut silent) = (BTreeSet::new(), BTreeSet::new());
        let mut has_unknown = false;
        for project in projects(&dir) {
            let files = files(&project);
            let Some(dialect) = files.iter().find_map(|file| dialect(file)) else {
                complain(format!("the name of `{}` tells no dialect", project.display()));
                continue;
            };
            if !rule.meta().dialects.iter().any(|claimed| claimed == dialect) {
                complain(format!("`{}` is of a dialect that the rule does not claim", project.display()));
            }
            let fires = files.iter().any(|file| !expectations(file).is_empty());
            has_unknown |= !fires && name(&project).starts_with("unknown");
            if fires {
                firing.insert(dialect)
            } else {
                silent.insert(dialect)
            };
        }
        for dialect in &rule.meta().dialects {
            if !firing.contains(dialect.as_str()) {
                complain(format!("has no firing fixture for {dialect}"));
            }
            if !silent.contains(dialect.as_str()) {
                complain(format!("has no silent fixture for {dialect}"));
            }
        }
        if !has_unknown {
            complain("has no fixture in which the decisive value is unknown".to_string());
        }
    });
}

#[test]
fn fixtures_belong_to_rules() {
    let catalog = Catalog::builtin();
    let others = ["formats", "mission", "projects", "same", "syntax"];
    let strays: Vec<String> = support::entries(&root().join("fixtures"))
        .iter()
        .map(|path| name(path))
        .filter(|name| catalog.get(name).is_none() && !others.contains(&name.as_str()))
        .collect();
    assert!(strays.is_empty(), "fixtures of rules that do not exist: {strays:?}");
}

#[test]
fn no_built_in_rule_is_broken() {
    let catalog = Catalog::builtin();
    for rule in catalog.rules() {
        assert!(!rule.meta().summary.is_empty(), "{} has no summary", rule.name);
    }
    assert!(catalog.diagnostics.is_empty(), "{:?}", catalog.diagnostics);
}

#[test]
fn the_overview_is_current() {
    let path = root().join("rules/README.md");
    let wanted = catalog::overview(&Catalog::builtin());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &wanted).expect("rules/README.md is writable");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == wanted, "rules/README.md is not current: run `UPDATE=1 cargo test --test catalog`");
}

#[test]
fn the_options_are_listed() {
    let path = root().join("docs/configuration.md");
    let written = fs::read_to_string(&path).expect("the page is readable");
    let (before, rest) =
        written.split_once("catalog` -->\n").expect("the page has a mark where the table begins");
    let (_, after) = rest.split_once("<!-- end -->").expect("and where it ends");
    let table = catalog::options_table(&Catalog::builtin());
    let wanted = format!("{before}catalog` -->\n{table}<!-- end -->{after}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &wanted).expect("the page is writable");
    } else {
        similar_asserts::assert_eq!(written, wanted, "run `UPDATE=1 cargo test --test catalog`");
    }
}

/// The pages of all rules, each with the examples as they come out now.
#[test]
fn every_rule_has_a_current_page() {
    let catalog = Catalog::builtin();
    let updates = std::env::var_os("UPDATE").is_some();
    let mut problems = Vec::new();
    for path in stray_pages(&catalog) {
        match updates {
            true => fs::remove_file(&path).expect("the page of no rule can be removed"),
            false => problems.push(format!("{}: there is no such rule", path.display())),
        }
    }
    for rule in catalog.rules() {
        let path = page_path(rule);
        let wanted = catalog::page(rule, &examples(rule, &catalog));
        for part in ["## Why", "## What to do", "## Examples", "## Exceptions", "## Sources"] {
            assert!(wanted.contains(part), "{} has no {part}", rule.name);
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        if written == wanted {
            continue;
        }
        match updates {
            true => fs::write(&path, &wanted).expect("a page is writable"),
            false => problems.push(format!("{} is not current", path.display())),
        }
    }
    assert!(problems.is_empty(), "run `UPDATE=1 cargo test --test catalog`:\n{}", problems.join("\n"));
}

#[test]
fn explain_prints_the_page() {
    // While pages are rewritten, this binary holds the old ones.
    if std::env::var_os("UPDATE").is_some() {
        return;
    }
    let catalog = Catalog::builtin();
    for rule in catalog.rules() {
        let page = fs::read_to_string(page_path(rule)).expect("a rule has a page");
        similar_asserts::assert_eq!(catalog.explain(&rule.name), Some(page));
    }
}
