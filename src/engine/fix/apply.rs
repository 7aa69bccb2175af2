//! Applies fixes to the texts of a run, and keeps only what is better for it.
//!
//! Every change is checked: the files are parsed and judged again, and a change after which its finding is still there,
//! or another one appears, is not made. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compare::{Edits, Worse, compare};
use crate::catalog::Catalog;
use crate::config::Settings;
use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix};
use crate::edit;
use crate::engine::{Analysis, analyze};
use crate::source::FileId;
use crate::source::read::Loaded;

/// Fixes may make room for others; more rounds than this are a circle.
const MAX_ROUNDS: usize = 10;

/// How often what a fix brings to light is mended along with it.
const MAX_FOLLOWED: usize = 3;

/// Texts by file.
type Texts = BTreeMap<FileId, Arc<str>>;

/// What became of the fixes of a run.
#[derive(Debug)]
pub struct Fixed {
    /// The findings that are left, with the texts as they are now.
    pub analysis: Analysis,
    /// The files that changed: their text before and after.
    pub changed: Vec<Changed>,
    /// What was done.
    pub applied: Vec<Applied>,
    /// What was offered, tried and not done.
    pub refused: Vec<Refused>,
}

/// A file that changed.
#[derive(Debug)]
pub struct Changed {
    /// Its path, as in reports.
    pub path: String,
    /// Its text as it was read.
    pub before: Arc<str>,
    /// Its text now.
    pub after: Arc<str>,
}

/// A fix that was applied.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The rule of the finding.
    pub rule: String,
    /// The file of the finding.
    pub path: String,
    /// What was done, as an imperative.
    pub title: String,
}

/// A fix that was not applied.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The rule of the finding.
    pub rule: String,
    /// The file of the finding.
    pub path: String,
    /// The 1-based line of the finding before anything was changed.
    pub line: u32,
    /// Why not.
    pub why: Why,
}

/// Why a fix was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The finding would still be there.
    Stays,
    /// A finding of this rule would appear.
    Appears(String),
}

/// Applies the fixes of a run: the safe ones, or all. `except` marks findings that are to be left alone.
pub fn fix(
    loaded: Loaded,
    catalog: &Catalog,
    settings: &Settings,
    most: Applicability,
    except: &dyn Fn(&mut Analysis),
) -> Fixed {
    let original = loaded.with_texts(&Texts::new());
    let mut analysis = analyze(loaded, catalog, settings);
    except(&mut analysis);
    let mut run = Run {
        original,
        catalog,
        settings,
        most,
        except,
        analysis,
        texts: Texts::new(),
        applied: Vec::new(),
        refused: BTreeMap::new(),
        blocked: BTreeSet::new(),
    };
    let mut n_applied = 0;
    for _ in 0..MAX_ROUNDS {
        let mut chosen = run.choose();
        // What was refused may be possible now that other fixes have been applied.
        if chosen.is_empty() && n_applied < run.applied.len() {
            n_applied = run.applied.len();
            run.blocked.clear();
            chosen = run.choose();
        }
        if chosen.is_empty() {
            break;
        }
        run.try_all(&chosen);
    }
    run.finish()
}

struct Run<'r> {
    original: Loaded,
    catalog: &'r Catalog,
    settings: &'r Settings,
    most: Applicability,
    except: &'r dyn Fn(&mut Analysis),
    analysis: Analysis,
    texts: Texts,
    applied: Vec<Applied>,
    /// By what tells findings apart while the texts around them change.
    refused: BTreeMap<Finding, Refused>,
    /// The findings that are not tried again as long as nothing else is applied.
    blocked: BTreeSet<Finding>,
}

/// Why a group of fixes was not applied.
struct Failed {
    why: Why,
    /// Where it showed.
    file: Option<FileId>,
}

type Finding = (String, String, Option<String>, String);

impl Run<'_> {
    /// The findings to fix next.
    fn choose(&self) -> Vec<Diagnostic> {
        let is_open = |diagnostic: &&Diagnostic| {
            self.may_fix(diagnostic) && !self.blocked.contains(&self.finding(diagnostic))
        };
        compatible(self.analysis.diagnostics.iter().filter(is_open))
    }

    /// Applies all, or what of them is good: of a group that is not, the findings of the file where it went wrong are tried by
    /// themselves, and those of one file in halves.
    fn try_all(&mut self, chosen: &[Diagnostic]) {
        let mut groups = vec![chosen.to_vec()];
        let mut changed: BTreeSet<FileId> = BTreeSet::new();
        while let Some(mut group) = groups.pop() {
            // Edits of a file that has changed since are of its old text: they are found again.
            group.retain(|diagnostic| edits_files(diagnostic).all(|file| !changed.contains(&file)));
            if group.is_empty() {
                continue;
            }
            match self.attempt(&group) {
                Ok(files) => changed.extend(files),
                Err(Failed { why, .. }) if group.len() == 1 => self.refuse(&group[0], why),
                Err(Failed { file, .. }) => {
                    let is_there = |diagnostic: &Diagnostic| Some(diagnostic.primary.span.file) == file;
                    let (there, elsewhere): (Vec<Diagnostic>, Vec<Diagnostic>) =
                        group.iter().cloned().partition(is_there);
                    if there.is_empty() || elsewhere.is_empty() {
                        let (first, second) = group.split_at(group.len() / 2);
                        groups.extend([second.to_vec(), first.to_vec()]);
                    } else {
                        groups.extend([there, elsewhere]);
                    }
                }
            }
        }
    }

    /// Applies the fixes of a group. What they bring to light is mended along with them where that is allowed, because a
    /// fault behind a fault is no reason to leave both.
    fn attempt(&mut self, group: &[Diagnostic]) -> Result<BTreeSet<FileId>, Failed> {
        let mut texts = self.texts.clone();
        let mut steps: Vec<Edits> = Vec::new();
        let mut done: Vec<Applied> = Vec::new();
        let mut fixing: Vec<Diagnostic> = group.to_vec();
        let mut now: Option<Analysis> = None;
        for _ in 0..=MAX_FOLLOWED {
            let current = now.as_ref().unwrap_or(&self.analysis);
            let edits = edits_of(&fixing);
            for (file, edits) in &edits {
                texts.insert(*file, Arc::from(edit::apply(&current.sources.get(*file).text, edits)));
            }
            done.extend(fixing.iter().map(|diagnostic| applied(current, diagnostic)));
            steps.push(edits);
            let mut after = analyze(self.original.with_texts(&texts), self.catalog, self.settings);
            (self.except)(&mut after);
            let fixed: Vec<&Diagnostic> = group.iter().collect();
            let appeared = match compare(&self.analysis, &after, &fixed, &steps) {
                Ok(()) => {
                    self.texts = texts;
                    self.applied.extend(done);
                    self.analysis = after;
                    return Ok(steps.iter().flat_map(Edits::keys).copied().collect());
                }
                Err(Worse::Stays(file)) => return Err(Failed { why: Why::Stays, file: Some(file) }),
                Err(Worse::New(appeared)) => appeared,
            };
            let new: Vec<&Diagnostic> = appeared.iter().map(|at| &after.diagnostics[*at]).collect();
            let unmendable = new.iter().find(|new| !self.may_fix(new));
            if let Some(new) = unmendable.or(new.first().filter(|_| steps.len() > MAX_FOLLOWED)) {
                let (why, file) = (Why::Appears(new.rule.to_string()), new.primary.span.file);
                return Err(Failed { why, file: Some(file) });
            }
            let follow = compatible(new.into_iter());
            now = Some(after);
            fixing = follow;
        }
        Err(Failed { why: Why::Stays, file: None })
    }

    fn may_fix(&self, diagnostic: &Diagnostic) -> bool {
        let is_allowed =
            |fix: &Fix| self.most == Applicability::Unsafe || fix.applicability == Applicability::Safe;
        diagnostic.suppressed.is_none() && diagnostic.fix.as_ref().is_some_and(is_allowed)
    }

    fn refuse(&mut self, diagnostic: &Diagnostic, why: Why) {
        let source = self.analysis.sources.get(diagnostic.primary.span.file);
        let refused = Refused {
            rule: diagnostic.rule.to_string(),
            path: source.path.clone(),
            line: source.lines().line(diagnostic.primary.span.start),
            why: if why == Why::Appears(diagnostic.rule.to_string()) { Why::Stays } else { why },
        };
        let finding = self.finding(diagnostic);
        self.blocked.insert(finding.clone());
        self.refused.entry(finding).or_insert(refused);
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let path = self.analysis.sources.get(diagnostic.primary.span.file).path.clone();
        let title = diagnostic.fix.as_ref().map(|fix| fix.title.clone()).unwrap_or_default();
        (diagnostic.rule.to_string(), path, diagnostic.resource.clone(), title)
    }

    fn finish(self) -> Fixed {
        // A fix that did not help at first may have been made needless, or possible, by another.
        let open: BTreeSet<Finding> =
            self.analysis.diagnostics.iter().map(|diagnostic| self.finding(diagnostic)).collect();
        let is_open = |(finding, refused)| open.contains(&finding).then_some(refused);
        let sources = &self.original.sources;
        let changed = self.texts.iter().map(|(file, after)| Changed {
            path: sources.get(*file).path.clone(),
            before: Arc::clone(&sources.get(*file).text),
            after: Arc::clone(after),
        });
        let changed = changed.filter(|changed| changed.before != changed.after).collect();
        let refused = self.refused.into_iter().filter_map(is_open).collect();
        Fixed { analysis: self.analysis, changed, applied: self.applied, refused }
    }
}

/// Findings that can be fixed together: their edits do not meet, or are the same.
fn compatible<'a>(candidates: impl Iterator<Item = &'a Diagnostic>) -> Vec<Diagnostic> {
    let mut chosen: Vec<Diagnostic> = Vec::new();
    let mut taken: Vec<&Edit> = Vec::new();
    for diagnostic in candidates {
        if let Some(fix) = diagnostic.fix.as_ref().filter(|fix| is_free(fix, &taken)) {
            taken.extend(&fix.edits);
            chosen.push(diagnostic.clone());
        }
    }
    chosen
}

/// The edits of all fixes, each once.
fn edits_of(fixing: &[Diagnostic]) -> Edits {
    let mut edits = Edits::new();
    for edit in fixing.iter().filter_map(|diagnostic| diagnostic.fix.as_ref()).flat_map(|fix| &fix.edits) {
        let of_file = edits.entry(edit.span.file).or_default();
        if !of_file.contains(edit) {
            of_file.push(edit.clone());
        }
    }
    edits.values_mut().for_each(|edits| edits.sort_by_key(|edit| (edit.span.start, edit.span.end)));
    edits
}

/// The files that the fix of a finding changes.
fn edits_files(diagnostic: &Diagnostic) -> impl Iterator<Item = FileId> + '_ {
    diagnostic.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span.file)
}

fn applied(analysis: &Analysis, diagnostic: &Diagnostic) -> Applied {
    let path = analysis.sources.get(diagnostic.primary.span.file).path.clone();
    let title = diagnostic.fix.as_ref().map(|fix| fix.title.clone()).unwrap_or_default();
    Applied { rule: diagnostic.rule.to_string(), path, title }
}

/// Whether edits leave those that are taken alone. Insertions at one place would stand in an order that nobody chose.
fn is_free(fix: &Fix, taken: &[&Edit]) -> bool {
    fix.edits.iter().all(|edit| {
        taken.iter().all(|other| {
            let (a, b) = (edit.span, other.span);
            a.file != b.file || a.end < b.start || b.end < a.start || *edit == **other
        })
    })
}
