//! Keeps secrets out of what is shown: the texts of the files that a report quotes, and the words of the findings.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Label};
use crate::dialect::terraform;
use crate::document::{self, Secret};
use crate::source::{FileId, Source, SourceMap, Span};
use crate::syntax;

/// Larger files are searched around the places that a report quotes, and not parsed again.
const LARGE: usize = 4 << 20;
/// How many files make threads worth their start.
const PARALLEL_FROM: usize = 16;
/// How far around such a place; no report quotes as much.
const AROUND: usize = 1 << 13;

/// Masks the secrets of all files that diagnostics name.
pub(super) fn hide(diagnostics: &mut [Diagnostic], sources: &mut SourceMap) {
    let mut secrets: Vec<Secret> = Vec::new();
    let in_file = |file: FileId| {
        let source = sources.get(file);
        let spans =
            diagnostics.iter().flat_map(labels).map(|label| label.span).filter(|span| span.file == file);
        let found = match source.text.len() > LARGE {
            true => document::secrets_within(&source.text, joined(spans, &source.text).into_iter()),
            false => secrets_of(file, source),
        };
        (file, found)
    };
    let files: Vec<FileId> = named(diagnostics, sources).into_iter().collect();
    let found: Vec<(FileId, Vec<Secret>)> = if files.len() < PARALLEL_FROM {
        files.into_iter().map(in_file).collect()
    } else {
        files.into_par_iter().map(in_file).collect()
    };
    for (file, found) in found {
        let source = sources.get(file);
        if !found.is_empty() {
            let shown = document::masked(&source.text, &found);
            sources.mask(file, shown);
            secrets.extend(found);
        }
    }
    if secrets.is_empty() {
        return;
    }
    let secrets = longest_first(secrets);
    for diagnostic in diagnostics {
        let help = diagnostic.help.iter_mut();
        let labels = std::iter::once(&mut diagnostic.primary).chain(&mut diagnostic.related);
        let texts = labels.map(|label| &mut label.text).chain(help).chain([&mut diagnostic.message]);
        for text in texts {
            if let Some(harmless) = document::without(text, &secrets) {
                *text = harmless;
            }
        }
    }
}

/// The secrets of files, to be kept out of what is printed of their models.
pub fn secrets(sources: &SourceMap) -> Vec<Secret> {
    longest_first(sources.iter().flat_map(|(file, source)| secrets_of(file, source)).collect())
}

/// One of each, and the longest first: a secret may be a part of another.
fn longest_first(mut secrets: Vec<Secret>) -> Vec<Secret> {
    secrets.sort_by(|a, b| b.text.len().cmp(&a.text.len()).then_with(|| a.text.cmp(&b.text)));
    secrets.dedup_by(|a, b| a.text == b.text);
    secrets
}

/// The files that labels point into, and the rest of their Terraform modules, whose variables have values elsewhere.
fn named(diagnostics: &[Diagnostic], sources: &SourceMap) -> BTreeSet<FileId> {
    let mut files: BTreeSet<FileId> =
        diagnostics.iter().flat_map(labels).map(|label| label.span.file).collect();
    let module = |path: &str| {
        terraform::is_of_module(path).then(|| Path::new(path).parent().map(Path::to_path_buf)).flatten()
    };
    let modules: BTreeSet<_> = files.iter().filter_map(|file| module(&sources.get(*file).path)).collect();
    if !modules.is_empty() {
        let others = sources
            .iter()
            .filter(|(_, source)| module(&source.path).is_some_and(|dir| modules.contains(&dir)));
        files.extend(others.map(|(file, _)| file));
    }
    files
}

fn labels(diagnostic: &Diagnostic) -> impl Iterator<Item = &Label> {
    std::iter::once(&diagnostic.primary).chain(&diagnostic.related)
}

/// The surroundings of some places, those that overlap as one.
fn joined(spans: impl Iterator<Item = Span>, text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = spans.map(|span| around(span, text)).collect();
    parts.sort_by_key(|part| part.start);
    parts.dedup_by(|next, part| {
        let overlaps = next.start <= part.end;
        part.end = if overlaps { part.end.max(next.end) } else { part.end };
        overlaps
    });
    parts
}

fn around(span: Span, text: &str) -> Range<usize> {
    let (start, end) = (span.start as usize, span.end as usize);
    start.saturating_sub(AROUND)..(end.min(start + AROUND) + AROUND).min(text.len())
}

fn secrets_of(file: FileId, source: &Source) -> Vec<Secret> {
    if !document::may_hold_secrets(&source.text) {
        return Vec::new();
    }
    match syntax::format_of(&source.path, &source.text) {
        Some(format) => document::secrets(&syntax::parse(file, format, &source.text).0),
        None => document::secrets_within(&source.text, std::iter::once(0..source.text.len())),
    }
}
