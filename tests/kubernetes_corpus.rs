//! Public manifests: lowered without a panic, in bounded time, alone and by directory, with places inside their files.

#![allow(clippy::print_stdout, reason = "the figures are what a person runs it for")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grpc_guard::dialect::{File, Lowered, Platforms, kubernetes};
use grpc_guard::document::Document;
use grpc_guard::source::FileId;
use grpc_guard::syntax;

/// Far above what the largest directory takes in a debug build.
const LIMIT: Duration = Duration::from_secs(20);

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ["yaml", "yml", "json"].iter().any(|e| ext == *e)) {
            found.push(path);
        }
    }
}

fn lower(files: &[(String, Arc<str>)]) -> Lowered {
    let documents: Vec<Document> = files
        .iter()
        .enumerate()
        .filter_map(|(idx, (path, text))| {
            let format = syntax::format_of(path, text)?;
            Some(syntax::parse(FileId(idx as u32), format, text).0)
        })
        .collect();
    let files: Vec<File<'_>> = files
        .iter()
        .zip(&documents)
        .map(|((path, _), document)| File { path: path.as_str(), document })
        .collect();
    let start = Instant::now();
    let lowered = kubernetes::lower(&files, &Platforms::default());
    let elapsed = start.elapsed();
    assert!(elapsed < LIMIT, "{}: {elapsed:?}", files[0].path);
    lowered
}

#[test]
fn public_manifests_are_lowered() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let mut paths = Vec::new();
    for part in ["general/kubernetes", "general/decoy", "grpc/kubernetes"] {
        files(&corpus.join(part), &mut paths);
    }
    if paths.is_empty() {
        println!("skipped: no corpus beside the project");
        return;
    }
    paths.sort();
    let mut directories: BTreeMap<PathBuf, Vec<(String, Arc<str>)>> = BTreeMap::new();
    let mut n_resources = 0;
    for path in &paths {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let file = (path.to_string_lossy().into_owned(), Arc::<str>::from(text));
        for resource in lower(std::slice::from_ref(&file)).models.iter().flat_map(|model| &model.resources) {
            assert!(file.1.get(resource.name.range()).is_some(), "{}: {}", file.0, resource.id);
            n_resources += 1;
        }
        directories.entry(path.parent().map(Path::to_path_buf).unwrap_or_default()).or_default().push(file);
    }
    let n_joined: usize =
        directories.values().flat_map(|files| lower(files).models).map(|model| model.resources.len()).sum();
    println!(
        "{} files, {n_resources} resources, {n_joined} in {} directories",
        paths.len(),
        directories.len()
    );
    assert!(n_resources > paths.len(), "{n_resources} resources in {} files", paths.len());
}
