//! Public templates: lowered without a panic, in bounded time, with figures worth a look.

#![allow(clippy::print_stdout, reason = "the figures are what a person runs it for")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grpc_guard::dialect::{File, Platforms, cloudformation};
use grpc_guard::document::Format;
use grpc_guard::source::FileId;
use grpc_guard::syntax;

/// Far above what the largest template takes in a debug build.
const LIMIT: Duration = Duration::from_secs(20);

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|ext| ["yaml", "yml", "json", "template"].iter().any(|e| ext == *e))
        {
            found.push(path);
        }
    }
}

#[test]
fn public_templates_are_lowered() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let mut paths = Vec::new();
    for part in ["general", "grpc"] {
        files(&corpus.join(part).join("cloudformation"), &mut paths);
    }
    if paths.is_empty() {
        println!("skipped: no corpus beside the project");
        return;
    }
    paths.sort();
    let (mut n_templates, mut n_models, mut n_resources) = (0, 0, 0);
    let mut times = Vec::new();
    for path in &paths {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let text: Arc<str> = text.into();
        let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
        let name = path.to_string_lossy();
        let (document, _) = syntax::parse(FileId(0), format, &text);
        let start = Instant::now();
        let lowered =
            cloudformation::lower(&[File { path: &name, document: &document }], &Platforms::default());
        let elapsed = start.elapsed();
        assert!(elapsed < LIMIT, "{name}: {elapsed:?}");
        n_templates += usize::from(!lowered.models.is_empty());
        n_models += lowered.models.len();
        n_resources += lowered.models.first().map_or(0, |model| model.resources.len());
        times.push((elapsed, lowered.models.len(), document.n_nodes(), name.into_owned()));
    }
    println!("{} files, {n_templates} templates, {n_models} models, {n_resources} resources", paths.len());
    times.sort_by(|a, b| b.cmp(a));
    for (elapsed, n_models, n_nodes, name) in times.iter().take(10) {
        println!("{elapsed:?} {n_models} models {n_nodes} nodes {name}");
    }
    times.sort_by_key(|(_, n_models, ..)| std::cmp::Reverse(*n_models));
    for (elapsed, n_models, n_nodes, name) in times.iter().take(10) {
        println!("{n_models} models {elapsed:?} {n_nodes} nodes {name}");
    }
    assert!(n_templates * 10 > paths.len() * 9, "{n_templates} of {} files are templates", paths.len());
}
