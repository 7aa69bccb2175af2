//! `docs/model.md` names every word that the model says about the fixtures: sections, their fields, and the closed words
//! that stand in them.

mod support;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use grpc_guard::catalog::Catalog;
use grpc_guard::dialect::{self, File, Platforms};
use grpc_guard::model::{Data, Model, ValueId};
use grpc_guard::source::FileId;
use grpc_guard::syntax;
use support::{entries, name, projects, root};

/// Sections in the words of AWS and Kubernetes, which their references explain.
const AS_WRITTEN: [&str; 3] = ["Properties", "Effective", "Refusals.Suggestion"];

/// Fields that hold one of a few words.
const CLOSED: [&str; 14] = [
    "Annotations.Problem",
    "Entries",
    "Grpc.Level",
    "HealthCheck.MatcherProblem",
    "HealthCheck.PathKind",
    "HealthCheck.Speaks",
    "HealthCheck.TargetProblem",
    "Layer4Reasons",
    "Match.Paths.Reach",
    "Missing.Kind",
    "Probes.Problem",
    "Probes.Role",
    "Probes.Speaks",
    "Refusals.Reason",
];

#[test]
fn the_documentation_names_every_word() {
    let catalog = Catalog::builtin();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    let of_rules = entries(&root().join("fixtures"));
    let of_rules = of_rules.into_iter().filter(|dir| catalog.get(&name(dir)).is_some());
    for path in of_rules.flat_map(|dir| projects(&dir)).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).expect("a fixture is UTF-8");
        let file = name(&path);
        let Some(format) = syntax::format_of(&file, &text) else { continue };
        let (document, _) = syntax::parse(FileId(0), format, &text.as_str().into());
        let file = File { path: &file, document: &document };
        let Some(dialect) = dialect::detect(&file) else { continue };
        for model in dialect::lower(dialect, &[file], &Platforms::default()).models {
            for resource in &model.resources {
                words(&model, resource.value, "", &mut |word| {
                    said.entry(word).or_insert_with(|| path.display().to_string());
                });
            }
        }
    }
    assert!(said.len() > 120, "only {} words were said", said.len());
    let documented = documented(&fs::read_to_string(root().join("docs/model.md")).expect("the page"));
    let missing: Vec<String> = said
        .iter()
        .filter(|(path, _)| !documented.contains(path.rsplit(['.', '=']).next().unwrap_or_default()))
        .map(|(path, fixture)| format!("{path} (as in {fixture})"))
        .collect();
    assert!(missing.is_empty(), "docs/model.md does not name:\n{}", missing.join("\n"));
}

/// Hands over `Section.Field` for each field, and `Section.Field=word` for each closed word.
fn words(model: &Model, value: ValueId, path: &str, say: &mut impl FnMut(String)) {
    match model.values.data(value) {
        Data::Map(_) if AS_WRITTEN.contains(&path) => {}
        Data::Map(entries) => {
            for entry in entries {
                let key = model.values.key_text(entry.key);
                let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                say(path.clone());
                // A link leads to a whole resource.
                if !path.starts_with("Links.") {
                    words(model, entry.value, &path, say);
                }
            }
        }
        Data::List(items) => items.iter().for_each(|item| words(model, *item, path, say)),
        Data::Text(text) if CLOSED.contains(&path) || path == "Source.Object" => {
            say(format!("{path}={text}"))
        }
        _ => {}
    }
}

/// All words that stand in code on a page.
fn documented(page: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut in_block = false;
    for line in page.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            continue;
        }
        for (idx, part) in line.split('`').enumerate() {
            if in_block || idx % 2 == 1 {
                let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
                words.extend(part.split(is_end).filter(|word| !word.is_empty()).map(str::to_string));
            }
        }
    }
    words
}
