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
pub(super) struct Worked<T> {
    /// What the work gave for each project, by dialect and path.
    pub(super) results: Vec<T>,
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

enum Parsed<T> {
    /// A part of a project, to be joined with the others.
    Part { dialect: Dialect, document: Document, diagnostics: Vec<Diagnostic> },
    /// A project by itself, which is done already.
    Whole { dialect: Dialect, result: T, diagnostics: Vec<Diagnostic> },
    /// Named, and well-formed, but of none of our dialects: the user's rules may know what it is.
    Plain(Document),
    /// Of none of our dialects, or broken so that nobody can tell.
    Other(Vec<Diagnostic>),
}

/// Parses the files and does `work` on each project. A file that is a project by itself is worked on as soon as it is
/// parsed and then let go, so that memory follows the largest file and not their sum.
pub(super) fn load<T: Send>(loaded: &Loaded, plain: Plain, work: impl Fn(&Project) -> T + Sync) -> Worked<T> {
    let read = |file: &LoadedFile| match parse(&loaded.sources, *file, plain) {
        Parsed::Part { dialect, document, diagnostics } if stands_alone(dialect, &loaded.sources, *file) => {
            let project = Project { dialect, files: vec![(file.id, document)] };
            Parsed::Whole { dialect, result: work(&project), diagnostics }
        }
        parsed => parsed,
    };
    let parsed: Vec<Parsed<T>> = if loaded.files.len() < PARALLEL_FROM {
        loaded.files.iter().map(read).collect()
    } else {
        loaded.files.par_iter().map(read).collect()
    };
    let mut results: BTreeMap<(Dialect, String), T> = BTreeMap::new();
    let mut groups: BTreeMap<(Dialect, String), Project> = BTreeMap::new();
    let mut diagnostics: Vec<Diagnostic> = loaded.problems.iter().map(Diagnostic::from).collect();
    let (mut documents, mut n_files, mut n_skipped) = (Vec::new(), 0, 0);
    for (file, parsed) in loaded.files.iter().zip(parsed) {
        let key = |dialect| (dialect, dialect::project_key(dialect, &loaded.sources.get(file.id).path));
        n_files += 1;
        match parsed {
            Parsed::Part { dialect, document, diagnostics: found } => {
                diagnostics.extend(found);
                let project = || Project { dialect, files: Vec::new() };
                groups.entry(key(dialect)).or_insert_with(project).files.push((file.id, document));
            }
            Parsed::Whole { dialect, result, diagnostics: found } => {
                diagnostics.extend(found);
                results.insert(key(dialect), result);
            }
            Parsed::Plain(document) => documents.push(document),
            Parsed::Other(found) => {
                (n_files, n_skipped) = (n_files - 1, n_skipped + 1);
                diagnostics.extend(found);
            }
        }
    }
    let joined = |(key, project): ((Dialect, String), Project)| (key, work(&project));
    if groups.len() < PARALLEL_FROM {
        results.extend(groups.into_iter().map(joined));
    } else {
        results.par_extend(groups.into_par_iter().map(joined));
    }
    Worked { results: results.into_values().collect(), plain: documents, diagnostics, n_files, n_skipped }
}

/// Whether no other file can belong to the project of this one.
fn stands_alone(dialect: Dialect, sources: &SourceMap, file: LoadedFile) -> bool {
    let path = &sources.get(file.id).path;
    dialect::project_key(dialect, path) == *path
}

fn parse<T>(sources: &SourceMap, file: LoadedFile, plain: Plain) -> Parsed<T> {
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
        Some(dialect) => Parsed::Part { dialect, document, diagnostics },
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
