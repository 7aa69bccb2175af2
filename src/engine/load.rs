//! From texts to models: parse what may be ours, tell the dialects apart, join files into projects, lower.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Severity, UNRECOGNIZED_FILE};
use crate::dialect::{self, Dialect, Platforms};
use crate::document::Document;
use crate::model::Model;
use crate::source::read::{Loaded, LoadedFile};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax;

/// How many files make threads worth their start.
const PARALLEL_FROM: usize = 16;

/// Files that belong together.
pub(super) struct Project {
    pub(super) dialect: Dialect,
    files: Vec<(FileId, Document)>,
}

impl Project {
    /// Lowers the project: one model for each scenario, and what is wrong with the files themselves.
    pub(super) fn lower(&self, sources: &SourceMap, platforms: &Platforms) -> (Vec<Model>, Vec<Diagnostic>) {
        let files: Vec<dialect::File<'_>> = self
            .files
            .iter()
            .map(|(id, document)| dialect::File { path: &sources.get(*id).path, document })
            .collect();
        let lowered = dialect::lower(self.dialect, &files, platforms);
        (lowered.models, lowered.diagnostics)
    }

    /// The documents with their files.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.files.iter().map(|(_, document)| document)
    }
}

/// What became of the files.
#[derive(Default)]
pub(super) struct Projects {
    pub(super) projects: Vec<Project>,
    /// Files of none of our dialects, for the user's own rules.
    pub(super) plain: Vec<Document>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Files that are of one of our dialects.
    pub(super) n_files: usize,
    /// Files that are of none.
    pub(super) n_skipped: usize,
}

/// What to do with named files that are of none of our dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// There are rules that look at documents as they are written.
    Keep,
    /// Nothing could look at them.
    Refuse,
}

enum Parsed {
    Ours {
        dialect: Dialect,
        document: Document,
        diagnostics: Vec<Diagnostic>,
    },
    /// Named, and well-formed, but of none of our dialects: the user's rules may know what it is.
    Plain(Document),
    /// Of none of our dialects, or broken so that nobody can tell.
    Other(Vec<Diagnostic>),
}

/// Parses the files and groups them.
pub(super) fn load(loaded: &Loaded, plain: Plain) -> Projects {
    let read = |file: &LoadedFile| parse(&loaded.sources, *file, plain);
    let parsed: Vec<Parsed> = if loaded.files.len() < PARALLEL_FROM {
        loaded.files.iter().map(read).collect()
    } else {
        loaded.files.par_iter().map(read).collect()
    };
    let mut result = Projects {
        diagnostics: loaded.problems.iter().map(Diagnostic::from).collect(),
        ..Projects::default()
    };
    let mut groups: BTreeMap<(Dialect, String), Project> = BTreeMap::new();
    for (file, parsed) in loaded.files.iter().zip(parsed) {
        match parsed {
            Parsed::Ours { dialect, document, diagnostics } => {
                result.n_files += 1;
                result.diagnostics.extend(diagnostics);
                let key = dialect::project_key(dialect, &loaded.sources.get(file.id).path);
                let group =
                    groups.entry((dialect, key)).or_insert_with(|| Project { dialect, files: Vec::new() });
                group.files.push((file.id, document));
            }
            Parsed::Plain(document) => {
                result.n_files += 1;
                result.plain.push(document);
            }
            Parsed::Other(diagnostics) => {
                result.n_skipped += 1;
                result.diagnostics.extend(diagnostics);
            }
        }
    }
    result.projects = groups.into_values().collect();
    result
}

fn parse(sources: &SourceMap, file: LoadedFile, plain: Plain) -> Parsed {
    let source = sources.get(file.id);
    let candidates = dialect::candidates(&source.path, &source.text);
    let format = syntax::format_of(&source.path, &source.text);
    let (Some(format), false) = (format, candidates.is_empty() && !file.explicit) else {
        return Parsed::Other(unrecognized(file));
    };
    let (document, mut diagnostics) = syntax::parse(file.id, format, &source.text);
    if source.path.ends_with(".tf.json") {
        // Terraform's JSON syntax lets blocks of one type repeat their key.
        diagnostics.retain(|diagnostic| diagnostic.rule != "duplicate-key");
    }
    let found = dialect::detect(&dialect::File { path: &source.path, document: &document });
    match found {
        Some(dialect) => Parsed::Ours { dialect, document, diagnostics },
        // A broken file whose words are those of a dialect is ours.
        None if !diagnostics.is_empty() && !candidates.is_empty() => Parsed::Other(diagnostics),
        None if plain == Plain::Keep && file.explicit && diagnostics.is_empty() => Parsed::Plain(document),
        None => Parsed::Other(unrecognized(file)),
    }
}

fn unrecognized(file: LoadedFile) -> Vec<Diagnostic> {
    if !file.explicit {
        return Vec::new();
    }
    let span = Span::new(file.id, 0, 0);
    let message = "this file is none that grpc-guard reads";
    let help = "name a CloudFormation template, Kubernetes manifests, Terraform JSON or a plan from `terraform show -json`";
    vec![Diagnostic::new(UNRECOGNIZED_FILE, Severity::Info, span, message).with_help(help)]
}
