//! What changes nothing of what a file says changes nothing of what is found in it: comments, the order of keys, another
//! notation, other names, an unrelated resource, two files for one.
//!
//! Every file meets a few of the changes, another few from file to file; `METAMORPHIC=all` tries all of them on all files.

#![allow(clippy::print_stdout, reason = "a test says what it looked at and why it was skipped")]

mod support;
mod transform;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use grpc_guard::catalog::Catalog;
use grpc_guard::config::Settings;
use grpc_guard::engine;
use grpc_guard::source::read::{Loaded, LoadedFile};
use grpc_guard::source::{Source, SourceMap};
use rayon::prelude::*;
use support::{entries, name, projects, root};
use transform::{CHANGES, File, Files, unmarked};

/// A finding without its place.
type Said = (String, String, String, String, String, bool);

fn said(files: &Files, catalog: &Catalog, settings: &Settings) -> Vec<Said> {
    let mut loaded = Loaded { sources: SourceMap::default(), ..Loaded::default() };
    for (path, text) in files {
        let id = loaded.sources.add(Source::new(path.clone(), text.clone()));
        loaded.files.push(LoadedFile { id, explicit: false });
    }
    let analysis = engine::analyze(loaded, catalog, settings);
    let mut said: Vec<Said> = analysis
        .diagnostics
        .iter()
        .map(|found| {
            let mut resources: Vec<&str> =
                found.resource.iter().chain(&found.other_resources).map(String::as_str).collect();
            resources.sort_unstable();
            (
                found.rule.to_string(),
                unmarked(&resources.join(", ")),
                found.severity.as_str().to_string(),
                unmarked(&found.message),
                unmarked(found.help.as_deref().unwrap_or_default()),
                found.suppressed.is_some(),
            )
        })
        .collect();
    said.sort();
    said
}

/// Files whose difference under a change is right, each with the reason.
const EXPECTED: &[(&str, &str, &str)] = &[
    (
        "app-mesh-end-of-support/fire.tf.json",
        "keys in another order",
        "told once for all, at the first of them",
    ),
    ("ingress-group-conflict/fire.k8s.yaml", "documents in another order", "told at the later of the two"),
    (
        "ingress-group-conflict/fire-ports.k8s.yaml",
        "documents in another order",
        "told at the later of the two",
    ),
    ("missing-backend/fire-misspelled.k8s.yaml", "other names", "one of two names that are nearly the same"),
    ("projects/terraform-modules", "keys in another order", "told once, in the words of the first call"),
    (
        "target-group-binding-invalid/fire-twice.k8s.yaml",
        "documents in another order",
        "told at the later of the two",
    ),
];

/// A file, or the files of a directory that are one project.
struct Case {
    paths: Vec<PathBuf>,
    below: PathBuf,
    shown: String,
    settings: Settings,
}

impl Case {
    /// The texts of all files, and those of them that are understood.
    fn read(&self) -> (Files, Vec<Option<File>>) {
        let text = |path: &PathBuf| {
            let name = path.strip_prefix(&self.below).unwrap_or(path).to_string_lossy().replace('\\', "/");
            Some((name, fs::read_to_string(path).ok()?))
        };
        let files: Files = self.paths.iter().filter_map(text).collect();
        let read = files.iter().map(|(path, text)| File::new(path, text)).collect();
        (files, read)
    }

    /// The files after a change; of several files each is changed by itself, and only in its text.
    fn changed(
        &self,
        files: &Files,
        read: &[Option<File>],
        make: fn(&File) -> Option<Files>,
    ) -> Option<Files> {
        if let [file] = read {
            return make(file.as_ref()?);
        }
        let one = |((path, text), file): (&(String, String), &Option<File>)| {
            let changed =
                file.as_ref().and_then(make).filter(|changed| changed.len() == 1 && changed[0].0 == *path);
            changed.map_or_else(|| (path.clone(), text.clone()), |mut changed| changed.remove(0))
        };
        let changed: Files = files.iter().zip(read).map(one).collect();
        (changed != *files).then_some(changed)
    }
}

/// Tries changes on files, `each` of them a file, and gives how many files and changes there were.
fn check(cases: &[Case], each: usize, least: usize) {
    let catalog = Catalog::builtin();
    let all = std::env::var("METAMORPHIC").is_ok_and(|value| value == "all");
    let tried: Vec<(&str, &'static str, usize, Option<String>)> = cases
        .par_iter()
        .enumerate()
        .flat_map_iter(|(number, case)| {
            let (files, read) = case.read();
            let expected = said(&files, &catalog, &case.settings);
            let begin = if all { 0 } else { number * 5 % CHANGES.len() };
            let changed = (0..CHANGES.len()).filter_map(|at| {
                let (change, make) = CHANGES[(begin + at) % CHANGES.len()];
                let is_of_one = ["other names", "an unrelated resource"].contains(&change);
                let changed = case.changed(&files, &read, make).filter(|_| read.len() == 1 || !is_of_one)?;
                Some((change, changed))
            });
            let mut tried = Vec::new();
            for (change, files) in changed.take(if all { CHANGES.len() } else { each }) {
                let found = said(&files, &catalog, &case.settings);
                let is_expected =
                    EXPECTED.iter().any(|(path, other, _)| case.shown.ends_with(path) && *other == change);
                let differs = (found != expected && !is_expected).then(|| difference(&expected, &found));
                tried.push((case.shown.as_str(), change, expected.len(), differs));
            }
            tried
        })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    tried.iter().for_each(|(_, change, ..)| *counts.entry(change).or_default() += 1);
    let n_said: usize = tried.iter().map(|(_, _, n, _)| n).sum();
    println!(
        "{} files or projects, {n_said} findings held against those of a changed file; {counts:?}",
        cases.len()
    );
    let wrong: Vec<String> = tried
        .iter()
        .filter_map(|(file, change, _, differs)| Some(format!("{file}: {change}:\n{}", differs.as_ref()?)))
        .collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried.len() >= least, "only {} changes were made", tried.len());
}

fn difference(expected: &[Said], found: &[Said]) -> String {
    let lost = expected.iter().filter(|one| !found.contains(one)).map(|one| format!("  - {one:?}"));
    let new = found.iter().filter(|one| !expected.contains(one)).map(|one| format!("  + {one:?}"));
    let mut lines: Vec<String> = lost.chain(new).collect();
    if lines.is_empty() {
        lines.push(format!("  {} findings became {}", expected.len(), found.len()));
    }
    lines.truncate(12);
    lines.join("\n")
}

fn case(path: PathBuf, below: &Path, settings: Settings) -> Case {
    let shown = path.strip_prefix(below).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    let (paths, below) = match path.is_dir() {
        true => (files_below(&path), path),
        false => (vec![path.clone()], path.parent().unwrap_or(below).to_path_buf()),
    };
    Case { paths, below, shown, settings }
}

#[test]
fn fixtures() {
    let root = root();
    let dirs = entries(&root.join("fixtures")).into_iter().filter(|dir| dir.is_dir());
    let all =
        dirs.flat_map(|dir| projects(&dir)).filter(|path| path.extension().is_none_or(|it| it != "guard"));
    let cases: Vec<Case> = all
        .map(|path| {
            let settings = if path.is_dir() { Settings::default() } else { support::settings(&path, None) };
            case(path, &root, settings)
        })
        .collect();
    check(&cases, 3, 2_500);
}

/// The files below a directory, sorted.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(dir) {
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found
}

fn shared(part: &str) -> Option<PathBuf> {
    let dir = root().join("../shared").join(part);
    if !dir.is_dir() {
        println!("SKIPPED: there is no {}", dir.display());
        return None;
    }
    Some(dir)
}

#[test]
fn incidents() {
    let Some(dir) = shared("incidents") else { return };
    let cases: Vec<Case> =
        files_below(&dir).into_iter().map(|path| case(path, &dir, Settings::default())).collect();
    check(&cases, CHANGES.len(), 300);
}

#[test]
fn real_files() {
    let Some(dir) = shared("corpus") else { return };
    let small = |path: &PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.len() < 64 << 10);
    let is_ours = |path: &PathBuf| {
        let name = name(path);
        ["yaml", "yml", "json", "template"].iter().any(|end| name.ends_with(end))
            && File::new(&name, &fs::read_to_string(path).unwrap_or_default()).is_some()
    };
    let files: Vec<PathBuf> = files_below(&dir).into_iter().filter(small).collect();
    let ours: Vec<PathBuf> = files.into_par_iter().filter(is_ours).collect();
    // All that are about gRPC, and so many of the others.
    let step =
        if std::env::var("METAMORPHIC").is_ok_and(|value| value == "all") { 1 } else { ours.len() / 1_000 };
    let cases: Vec<Case> = ours
        .into_iter()
        .enumerate()
        .filter(|(number, path)| path.starts_with(dir.join("grpc")) || number % step.max(1) == 0)
        .map(|(_, path)| case(path, &dir, Settings::default()))
        .collect();
    assert!(cases.len() >= 1_000, "only {} files", cases.len());
    check(&cases, 1, 1_000);
}
