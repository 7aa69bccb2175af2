//! Public Terraform configuration and plans, and the incidents: lowered without a panic, in bounded time, spans in the file.

#![allow(clippy::print_stdout, reason = "a test says what it measured and why it was skipped")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use grpc_guard::dialect::{Dialect, File, Platforms, detect, terraform};
use grpc_guard::model::{Data, ValueId};
use grpc_guard::source::FileId;
use grpc_guard::syntax;

/// Far above what the largest plan takes in a debug build.
const LIMIT: Duration = Duration::from_secs(20);

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json" || extension == "tf") {
            found.push(path);
        }
    }
}

#[test]
fn public_files_are_lowered() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let mut paths = Vec::new();
    for part in ["general", "grpc"] {
        for kind in ["terraform-hcl", "terraform-json", "terraform-plan"] {
            files(&shared.join("corpus").join(part).join(kind), &mut paths);
        }
    }
    files(&shared.join("incidents"), &mut paths);
    if paths.is_empty() {
        println!("skipped: no corpus beside the project");
        return;
    }
    paths.sort();
    let (mut n_ours, mut n_resources, mut n_properties, mut n_unknown) = (0, 0, 0, 0);
    let mut slowest = (Duration::ZERO, String::new());
    for path in &paths {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let text: Arc<str> = text.into();
        let name = path.to_string_lossy();
        let format = syntax::format_of(&name, &text).expect("a format");
        let (document, _) = syntax::parse(FileId(0), format, &text);
        let file = File { path: &name, document: &document };
        if detect(&file) != Some(Dialect::Terraform) {
            if name.contains("terraform-") {
                println!("not ours: {name}");
            }
            continue;
        }
        n_ours += 1;
        let start = Instant::now();
        let lowered = terraform::lower(&[file], &Platforms::default());
        let elapsed = start.elapsed();
        assert!(elapsed < LIMIT, "{name}: {elapsed:?}");
        if elapsed > slowest.0 {
            slowest = (elapsed, name.to_string());
        }
        for model in &lowered.models {
            n_resources += model.resources.len();
            for resource in &model.resources {
                assert!(text.get(resource.name.range()).is_some(), "{name}: name of {}", resource.id);
                let properties = model.values.get(resource.value, "Properties");
                let mut open: Vec<ValueId> = properties.into_iter().collect();
                while let Some(value) = open.pop() {
                    let span = model.values.place(value).span;
                    assert!(text.get(span.range()).is_some(), "{name}: a value of {}", resource.id);
                    n_properties += 1;
                    match model.values.data(value) {
                        Data::Map(entries) => open.extend(entries.iter().map(|entry| entry.value)),
                        Data::List(items) => open.extend(items),
                        Data::Unknown(_) => n_unknown += 1,
                        _ => {}
                    }
                }
            }
        }
    }
    println!(
        "{} files, {n_ours} of ours, {n_resources} resources, {n_properties} values, {n_unknown} unknown; slowest {:?} {}",
        paths.len(),
        slowest.0,
        slowest.1
    );
    assert!(n_ours * 2 > paths.len() / 2, "most of the files are Terraform's");
}
