//! Which test file belongs to which rule file.
//!
//! As under cfn-guard, the tests of `rules/name.guard` are the files in `rules/tests/` whose names begin with `name`; a
//! file that several rule files claim belongs to the one with the longest name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// A rule file and its tests.
pub(super) struct Pair {
    pub(super) rules: PathBuf,
    pub(super) tests: Vec<PathBuf>,
}

/// All pairs among some paths; rule files without tests are left out.
pub(super) fn pairs(paths: &[PathBuf]) -> anyhow::Result<Vec<Pair>> {
    let mut pairs: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        if path.is_dir() {
            for file in files(path).into_iter().filter(|file| is_rules(file)) {
                let tests = tests_of(&file);
                pairs.entry(file).or_default().extend(tests);
            }
            // A directory of tests alone.
            for test in files(path).into_iter().filter(|file| is_test(file)) {
                if let Some(rules) = rules_of(&test) {
                    pairs.entry(rules).or_default().push(test);
                }
            }
        } else if is_rules(path) {
            let tests = tests_of(path);
            pairs.entry(path.clone()).or_default().extend(tests);
        } else {
            let Some(rules) = rules_of(path) else {
                bail!("{}: there is no rule file for these tests in the directory above", path.display());
            };
            pairs.entry(rules).or_default().push(path.clone());
        }
    }
    for tests in pairs.values_mut() {
        tests.sort();
        tests.dedup();
    }
    pairs.retain(|_, tests| !tests.is_empty());
    if pairs.is_empty() {
        bail!("there are no tests; put them into `tests/` beside the rule files");
    }
    Ok(pairs.into_iter().map(|(rules, tests)| Pair { rules, tests }).collect())
}

fn is_rules(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "guard" || ext == "ruleset")
}

fn is_test(path: &Path) -> bool {
    let is_data =
        path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json" || ext == "jsn");
    is_data && path.parent().and_then(Path::file_name).is_some_and(|name| name == "tests")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok);
    walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(dir).max_depth(1).sort_by_file_name().into_iter().filter_map(Result::ok);
    walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn tests_of(rules: &Path) -> Vec<PathBuf> {
    let dir = rules.parent().unwrap_or(Path::new("")).join("tests");
    entries(&dir)
        .into_iter()
        .filter(|file| is_test(file) && rules_of(file).as_deref() == Some(rules))
        .collect()
}

fn rules_of(test: &Path) -> Option<PathBuf> {
    let name = test.file_name()?.to_string_lossy().into_owned();
    let dir = test.parent()?.parent().unwrap_or(Path::new(""));
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let stem = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().len()).unwrap_or_default();
    let owns =
        |file: &PathBuf| file.file_stem().is_some_and(|stem| name.starts_with(&*stem.to_string_lossy()));
    let found = entries(dir).into_iter().filter(|file| is_rules(file) && owns(file)).max_by_key(stem)?;
    Some(found.strip_prefix("./").map_or(found.clone(), Path::to_path_buf))
}
