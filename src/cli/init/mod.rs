//! `grpc-guard init`: a first configuration, a pre-commit hook and a CI job. Nothing that exists is touched.

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;

use super::{CLEAN, terminal, write};
use crate::config::{FILE_NAMES, SCHEMA_URL};

const HOOKS: &str = ".pre-commit-config.yaml";
const WORKFLOW: &str = ".github/workflows/grpc-guard.yml";
const GITLAB: &str = ".gitlab-ci.yml";

/// Writes into the current directory what is missing, and prints what has to be added to files that are there.
pub(super) fn run() -> anyhow::Result<u8> {
    if let Some(name) = FILE_NAMES.into_iter().find(|name| exists(name)) {
        bail!("{name} exists already, and nothing was written; remove it to begin anew");
    }
    let mut files =
        vec![(FILE_NAMES[0], include_str!("grpc-guard.yaml")), (HOOKS, include_str!("pre-commit.yaml"))];
    files.push(match exists(GITLAB) {
        true => (GITLAB, include_str!("gitlab.yaml")),
        false => (WORKFLOW, include_str!("github.yaml")),
    });
    let (there, missing): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| exists(name));
    let missing: Vec<(&str, String)> = missing.into_iter().map(|(name, text)| (name, filled(text))).collect();
    let staged: anyhow::Result<Vec<write::Staged>> =
        missing.iter().map(|(name, text)| write::stage(Path::new(name), text.as_bytes())).collect();
    write::commit_all(staged?)?;
    let mut err = io::stderr().lock();
    for (name, _) in &missing {
        let _ = writeln!(err, "wrote {name}");
    }
    for (name, text) in there {
        let _ = writeln!(err, "{name} exists already; add this to it:");
        terminal::print(filled(text).as_bytes())?;
    }
    Ok(CLEAN)
}

/// Whether there is something of this name, be it a link that leads nowhere.
fn exists(name: &str) -> bool {
    Path::new(name).symlink_metadata().is_ok()
}

fn filled(text: &str) -> String {
    text.replace("{SCHEMA}", SCHEMA_URL)
        .replace("{REPOSITORY}", env!("CARGO_PKG_REPOSITORY"))
        .replace("{VERSION}", env!("CARGO_PKG_VERSION"))
}
