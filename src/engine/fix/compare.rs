//! What a change of the files did to the findings.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Edit};
use crate::engine::Analysis;
use crate::source::FileId;

/// Edits by file, in order; those of one step after the other.
pub(super) type Edits = BTreeMap<FileId, Vec<Edit>>;

/// Why a change is no improvement.
pub(super) enum Worse {
    /// A finding of this file that was to go is still there.
    Stays(FileId),
    /// There are findings that were not there before: these, of the analysis after the change.
    New(Vec<usize>),
}

/// Compares the findings before and after some steps of edits, by which `fixed` were to go.
pub(super) fn compare(
    before: &Analysis,
    after: &Analysis,
    fixed: &[&Diagnostic],
    steps: &[Edits],
) -> Result<(), Worse> {
    let moved = |diagnostic: &Diagnostic| {
        let span = diagnostic.primary.span;
        let of_file = steps.iter().filter_map(|edits| edits.get(&span.file));
        of_file.fold(span.start, |offset, edits| moved(edits, offset))
    };
    let mut at_place = FxHashMap::default();
    let mut of_resource = FxHashMap::default();
    let mut counts: FxHashMap<(&str, FileId), i64> = FxHashMap::default();
    for old in &before.diagnostics {
        let file = old.primary.span.file;
        let severity = old.severity;
        let raise = |known: &mut _| *known = severity.max(*known);
        at_place.entry((&*old.rule, file, moved(old))).and_modify(raise).or_insert(severity);
        for resource in old.resource.iter().chain(&old.other_resources) {
            of_resource.entry((&*old.rule, resource.as_str())).and_modify(raise).or_insert(severity);
        }
        *counts.entry((&*old.rule, file)).or_default() += 1;
    }
    for gone in fixed {
        *counts.entry((&*gone.rule, gone.primary.span.file)).or_default() -= 1;
    }
    let mut appeared = Vec::new();
    for (at, new) in after.diagnostics.iter().enumerate() {
        let file = new.primary.span.file;
        let known = at_place.get(&(&*new.rule, file, new.primary.span.start)).copied();
        let by_resource = new.resource.as_deref().and_then(|it| of_resource.get(&(&*new.rule, it)).copied());
        let left = counts.entry((&*new.rule, file)).or_default();
        *left -= 1;
        // One that got worse is as good as new.
        let is_known = known.max(by_resource).is_some_and(|known| new.severity <= known);
        match (is_known, *left < 0) {
            (true, false) => {}
            (_, true) if fixed.iter().any(|gone| gone.rule == new.rule) => return Err(Worse::Stays(file)),
            _ => appeared.push(at),
        }
    }
    if appeared.is_empty() { Ok(()) } else { Err(Worse::New(appeared)) }
}

/// Where an offset is after edits.
fn moved(edits: &[Edit], offset: u32) -> u32 {
    let mut shift = 0i64;
    for edit in edits {
        if edit.span.end <= offset {
            shift += edit.replacement.len() as i64 - i64::from(edit.span.end - edit.span.start);
        } else if edit.span.start < offset {
            return (i64::from(edit.span.start) + shift) as u32;
        }
    }
    (i64::from(offset) + shift) as u32
}
