//! From texts to projects: parse what may be ours, tell the dialects apart, find what belongs together, do the work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Severity, UNRECOGNIZED_FILE};
use crate::dialect::projects::{self, Ties, Want};
use crate::dialect::{self, Dialect, Platforms};
use crate::document::{Document, Format};
use crate::model::{Limit, Model};
use crate::source::neighbours::{Cut, Neighbours};
use crate::source::read::{Loaded, LoadedFile};
use crate::source::{FileId, Source, SourceMap, Span};
use crate::syntax;

/// How many files make threads worth their start.
const PARALLEL_FROM: usize = 16;

/// How many bytes of neighbours make threads worth their start: 256 KiB.
const PARALLEL_FROM_BYTES: usize = 256 << 10;

/// How often files lead to further files.
const MAX_ROUNDS: usize = 8;

/// Files that belong together.
pub(super) struct Project<'l> {
    pub(super) dialect: Dialect,
    parts: Vec<&'l Part>,
}

impl Project<'_> {
    /// Lowers the project: one model for each scenario, and what is wrong with the files themselves.
    pub(super) fn lower(&self, platforms: &Platforms) -> (Vec<Model>, Vec<Diagnostic>) {
        let files: Vec<dialect::File<'_>> = self.files().collect();
        let lowered = dialect::lower(self.dialect, &files, platforms);
        (lowered.models, lowered.diagnostics)
    }

    /// All files.
    pub(super) fn files(&self) -> impl Iterator<Item = dialect::File<'_>> {
        self.parts.iter().map(|part| part.file())
    }

    /// The documents of the files that are reported on.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.parts.iter().filter(|part| part.is_reported).map(|part| &part.document)
    }
}

/// What became of the files.
pub(super) struct Worked<T> {
    /// What the work gave for each project, by dialect and path.
    pub(super) results: Vec<T>,
    /// Files of none of our dialects, for the user's own rules.
    pub(super) plain: Vec<Document>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What each file was read as; those that were not named come last.
    pub(super) read_as: Vec<(FileId, Reading)>,
}

/// What a file was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// A file of a dialect.
    Dialect(Dialect),
    /// A file of a dialect that was not named, but belongs to one that was.
    Neighbour(Dialect),
    /// A document of no dialect, for the user's own rules.
    Document,
    /// A file that is of a dialect, as far as its broken syntax shows.
    Broken,
    /// None of the formats that are checked.
    Other,
}

impl Reading {
    /// A few words: `read as CloudFormation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reading::Dialect(Dialect::CloudFormation) => "read as CloudFormation",
            Reading::Dialect(Dialect::Kubernetes) => "read as Kubernetes",
            Reading::Dialect(Dialect::Terraform) => "read as Terraform",
            Reading::Neighbour(Dialect::CloudFormation) => "read as CloudFormation, to judge what was named",
            Reading::Neighbour(Dialect::Kubernetes) => "read as Kubernetes, to judge what was named",
            Reading::Neighbour(Dialect::Terraform) => "read as Terraform, to judge what was named",
            Reading::Document => "read as a document for rules without `input: model`",
            Reading::Broken => "broken, or not to be read before it is rendered",
            Reading::Other => "in none of the formats that are checked",
        }
    }
}

/// What to do with named files that are of none of our dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// There are rules that look at documents as they are written.
    Keep,
    /// Nothing could look at them.
    Refuse,
}

/// A parsed file that is joined with others.
pub(super) struct Part {
    dialect: Dialect,
    /// Its place, or its path where it has none.
    place: String,
    document: Document,
    /// Whether it was named or found in a named directory.
    is_reported: bool,
    /// Whether its neighbourhood is looked at.
    is_named: bool,
}

impl Part {
    fn file(&self) -> dialect::File<'_> {
        dialect::File { path: &self.place, document: &self.document }
    }
}

enum Parsed<T> {
    /// A part of a project, to be joined with the others.
    Part { part: Part, diagnostics: Vec<Diagnostic> },
    /// A project by itself, which is done already.
    Whole { key: (Dialect, String), result: T, diagnostics: Vec<Diagnostic> },
    /// Named, and well-formed, but of none of our dialects: the user's rules may know what it is.
    Plain(Document),
    /// Of none of our dialects, or broken so that nobody can tell.
    Other(Vec<Diagnostic>),
}

impl<T> Parsed<T> {
    fn reading(&self) -> Reading {
        match self {
            Parsed::Part { part, .. } => Reading::Dialect(part.dialect),
            Parsed::Whole { key: (dialect, _), .. } => Reading::Dialect(*dialect),
            Parsed::Plain(_) => Reading::Document,
            Parsed::Other(found) if found.iter().any(|found| found.rule != UNRECOGNIZED_FILE) => {
                Reading::Broken
            }
            Parsed::Other(_) => Reading::Other,
        }
    }
}

/// Parses the files, tells `on_file` of each, and does `work` on each project. A file that is a project by itself is worked on as soon as it is
/// parsed and then let go, so that memory follows the largest file and not their sum.
///
/// Files that belong to a project without being named are read and added to the sources behind all others.
pub(super) fn load<T: Send>(
    loaded: &mut Loaded,
    plain: Plain,
    on_file: &(dyn Fn() + Sync),
    work: impl Fn(&Project<'_>) -> T + Sync,
) -> Worked<T> {
    let mut neighbours = loaded.area.take().map(|area| {
        let paths = loaded.files.iter().map(|file| loaded.sources.get(file.id).path.as_str());
        Neighbours::new(area, paths)
    });
    let sources = &loaded.sources;
    let ties = Ties::read(loaded.files.iter().map(|file| &*sources.get(file.id).text));
    let is_whole = |part: &Part| {
        let is_plan = part.dialect == Dialect::Terraform;
        (is_plan || !part.is_named) && ties.leaves_alone(part.dialect, &part.place, part.document.text())
    };
    let read = |file: &LoadedFile| {
        let parsed = match parse(sources, *file, plain, neighbours.as_ref()) {
            Parsed::Part { part, diagnostics } if is_whole(&part) => {
                let result = work(&Project { dialect: part.dialect, parts: vec![&part] });
                Parsed::Whole { key: (part.dialect, part.place), result, diagnostics }
            }
            parsed => parsed,
        };
        on_file();
        parsed
    };
    let parsed: Vec<Parsed<T>> = if loaded.files.len() < PARALLEL_FROM {
        loaded.files.iter().map(read).collect()
    } else {
        loaded.files.par_iter().map(read).collect()
    };
    let mut results: BTreeMap<(Dialect, String, usize), T> = BTreeMap::new();
    let mut parts: Vec<Part> = Vec::new();
    let mut diagnostics: Vec<Diagnostic> = loaded.problems.iter().map(Diagnostic::from).collect();
    let mut documents = Vec::new();
    let mut read_as: Vec<(FileId, Reading)> = Vec::new();
    for (file, parsed) in loaded.files.iter().zip(parsed) {
        read_as.push((file.id, parsed.reading()));
        match parsed {
            Parsed::Part { part, diagnostics: found } => {
                diagnostics.extend(found);
                parts.push(part);
            }
            Parsed::Whole { key: (dialect, place), result, diagnostics: found } => {
                diagnostics.extend(found);
                results.insert((dialect, place, 0), result);
            }
            Parsed::Plain(document) => documents.push(document),
            Parsed::Other(found) => diagnostics.extend(found),
        }
    }
    let groups = match &mut neighbours {
        Some(neighbours) => add_neighbours(&mut parts, loaded, neighbours),
        None => groups(&parts),
    };
    diagnostics.extend(neighbours.as_ref().and_then(|neighbours| cut_short(neighbours, loaded)));
    let beside = parts.iter().filter(|part| !part.is_reported);
    read_as.extend(beside.map(|part| (part.document.file, Reading::Neighbour(part.dialect))));
    let joined = |(at, group): (usize, &Group)| {
        let project = Project { dialect: group.dialect, parts: group.relevant(&parts) };
        let place = project.parts.first().map(|part| part.place.clone()).unwrap_or_default();
        ((group.dialect, place, at), work(&project))
    };
    if groups.len() < PARALLEL_FROM {
        results.extend(groups.iter().enumerate().map(joined));
    } else {
        results.par_extend(groups.par_iter().enumerate().map(joined));
    }
    Worked { results: results.into_values().collect(), plain: documents, diagnostics, read_as }
}

/// Parts that belong together, by their indices.
struct Group {
    dialect: Dialect,
    members: Vec<usize>,
}

impl Group {
    /// Its parts, as far as they have to do with those that are reported on.
    fn relevant<'p>(&self, parts: &'p [Part]) -> Vec<&'p Part> {
        let mut own: Vec<&Part> = self.members.iter().map(|member| &parts[*member]).collect();
        let files: Vec<dialect::File<'_>> = own.iter().map(|part| part.file()).collect();
        let is_reported: Vec<bool> = own.iter().map(|part| part.is_reported).collect();
        let mut is_relevant = projects::relevant(self.dialect, &files, &is_reported).into_iter();
        own.retain(|_| is_relevant.next() == Some(true));
        own
    }
}

/// The projects that something is reported on.
fn groups(parts: &[Part]) -> Vec<Group> {
    let mut found = Vec::new();
    for dialect in [Dialect::CloudFormation, Dialect::Kubernetes, Dialect::Terraform] {
        let own: Vec<usize> = (0..parts.len()).filter(|idx| parts[*idx].dialect == dialect).collect();
        let files: Vec<dialect::File<'_>> = own.iter().map(|idx| parts[*idx].file()).collect();
        for project in projects::group(dialect, &files) {
            let members: Vec<usize> = project.into_iter().map(|idx| own[idx]).collect();
            if members.iter().any(|member| parts[*member].is_reported) {
                found.push(Group { dialect, members });
            }
        }
    }
    found
}

/// Reads what belongs to the projects of the parts but was not named: what files name, and, around those that were named,
/// what may name them. What turns out to belong to a project leads to further files. Gives the projects.
fn add_neighbours(parts: &mut Vec<Part>, loaded: &mut Loaded, neighbours: &mut Neighbours) -> Vec<Group> {
    let mut known: BTreeSet<String> =
        loaded.files.iter().filter_map(|file| neighbours.place(&loaded.sources.get(file.id).path)).collect();
    let mut asked = vec![false; parts.len()];
    let mut members: Vec<usize> = (0..parts.len()).collect();
    let mut found = None;
    for round in 0..=MAX_ROUNDS {
        let mut wanted = Wanted::default();
        for member in members {
            let part = &parts[member];
            if !std::mem::replace(&mut asked[member], true) {
                let mut wants = projects::named(part.dialect, &part.file());
                if part.is_named || !part.is_reported {
                    let above = |directory: &str, levels| neighbours.above(directory, levels);
                    wants.extend(projects::around(part.dialect, &part.file(), above));
                }
                wants.into_iter().for_each(|want| wanted.add(part.dialect, want));
            }
        }
        let mut unread: Vec<Unread> = Vec::new();
        for (dialect, place, text) in wanted.read(neighbours, &known) {
            if known.insert(place.clone()) {
                unread.extend(Unread::new(dialect, place, text, loaded, neighbours));
            }
        }
        if round == MAX_ROUNDS {
            // There would be more to read.
            if !unread.is_empty() {
                neighbours.cut_at(Cut::Rounds);
            }
            break;
        }
        let n_before = parts.len();
        let n_bytes: usize = unread.iter().map(|file| file.text.len()).sum();
        if n_bytes < PARALLEL_FROM_BYTES {
            parts.extend(unread.into_iter().filter_map(Unread::parse));
        } else {
            let read: Vec<Option<Part>> = unread.into_par_iter().map(Unread::parse).collect();
            parts.extend(read.into_iter().flatten());
        }
        if parts.len() == n_before {
            break;
        }
        asked.resize(parts.len(), false);
        let grouped = found.insert(groups(parts));
        members = grouped.iter().flat_map(|group| group.members.iter().copied()).collect();
    }
    found.unwrap_or_else(|| groups(parts))
}

/// Files of a dialect below a directory: its place, how deep they stand, and how their names end.
type Surroundings = (Dialect, String, usize, &'static [&'static str]);

/// What files want of their neighbourhood, so that each file there is looked through once for all of them.
#[derive(Default)]
struct Wanted {
    places: BTreeSet<(Dialect, String)>,
    /// The words that files there have to hold, of which an empty group means any text.
    around: BTreeMap<Surroundings, BTreeSet<Vec<String>>>,
}

impl Wanted {
    fn add(&mut self, dialect: Dialect, want: Want) {
        match want {
            Want::File(place) => {
                self.places.insert((dialect, place));
            }
            Want::Files { directory, depth, suffixes, words } => {
                let groups = self.around.entry((dialect, directory, depth, suffixes)).or_default();
                groups.extend(if words.is_empty() { vec![Vec::new()] } else { words });
            }
        }
    }

    /// The files that are there, without those that are known.
    fn read(self, neighbours: &mut Neighbours, known: &BTreeSet<String>) -> Vec<(Dialect, String, Arc<str>)> {
        let mut found = Vec::new();
        for (dialect, place) in self.places {
            let text = if known.contains(&place) { None } else { neighbours.read(&place) };
            found.extend(text.map(|text| (dialect, place, text)));
        }
        for ((dialect, directory, depth, suffixes), words) in self.around {
            let fits = |place: &&String| suffixes.iter().any(|suffix| place.ends_with(suffix));
            let listed = neighbours.list(&directory, depth).iter();
            let places = listed.filter(fits).filter(|place| !known.contains(*place)).cloned();
            for place in places.collect::<Vec<_>>() {
                let text = neighbours.read(&place).filter(|text| projects::holds(text, &words));
                found.extend(text.map(|text| (dialect, place, text)));
            }
        }
        found
    }
}

/// Says at the first file that not all that may belong to the files was looked at.
fn cut_short(neighbours: &Neighbours, loaded: &Loaded) -> Option<Diagnostic> {
    let limit = match neighbours.cut()? {
        Cut::Entries(most) => {
            Limit::new("entries in the directories beside the files that are checked", most)
        }
        Cut::Bytes(most) => Limit::new("bytes of files beside those that are checked", most),
        Cut::File(most) => Limit::new("bytes of a file beside those that are checked", most as usize),
        Cut::Rounds => Limit::new("steps from file to file", MAX_ROUNDS),
    };
    let first = loaded.files.first()?;
    let found = Diagnostic::from(&limit.at(Span::new(first.id, 0, 0)));
    Some(
        Diagnostic { severity: Severity::Info, ..found }
            .with_help("check the whole directory of the project"),
    )
}

/// A file that was not named, and that may be of the dialect.
struct Unread {
    dialect: Dialect,
    place: String,
    id: FileId,
    format: Format,
    text: Arc<str>,
}

impl Unread {
    fn new(
        dialect: Dialect,
        place: String,
        text: Arc<str>,
        loaded: &mut Loaded,
        neighbours: &Neighbours,
    ) -> Option<Self> {
        if !dialect::candidates(&place, &text).contains(&dialect) {
            return None;
        }
        let format = syntax::format_of(&place, &text)?;
        let id = loaded.sources.add(Source::new(neighbours.shown(&place), text.clone()));
        Some(Self { dialect, place, id, format, text })
    }

    /// The file, if it is of the dialect.
    fn parse(self) -> Option<Part> {
        let Self { dialect, place, .. } = self;
        let (document, _) = syntax::parse(self.id, self.format, &self.text);
        let found = dialect::detect(&dialect::File { path: &place, document: &document });
        let part = Part { dialect, place, document, is_reported: false, is_named: false };
        (found == Some(dialect)).then_some(part)
    }
}

fn parse<T>(
    sources: &SourceMap,
    file: LoadedFile,
    plain: Plain,
    neighbours: Option<&Neighbours>,
) -> Parsed<T> {
    let source = sources.get(file.id);
    let candidates = dialect::candidates(&source.path, &source.text);
    let format = syntax::format_of(&source.path, &source.text);
    let (Some(format), false) = (format, candidates.is_empty() && !file.explicit) else {
        return Parsed::Other(unrecognized(file));
    };
    let (document, mut diagnostics) = syntax::parse(file.id, format, &source.text);
    if format == Format::Json && dialect::terraform::is_of_module(&source.path) {
        // Terraform's JSON syntax lets blocks of one type repeat their key.
        diagnostics.retain(|diagnostic| diagnostic.rule != "duplicate-key");
    }
    let found = dialect::detect(&dialect::File { path: &source.path, document: &document });
    match found {
        Some(dialect) => {
            let place = neighbours.and_then(|neighbours| neighbours.place(&source.path));
            let is_named = file.explicit && place.is_some();
            let place = place.unwrap_or_else(|| source.path.clone());
            let part = Part { dialect, place, document, is_reported: true, is_named };
            Parsed::Part { part, diagnostics }
        }
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
    let help = "name a CloudFormation template, Kubernetes manifests, a Terraform configuration, or a plan from `terraform show -json`";
    vec![Diagnostic::new(UNRECOGNIZED_FILE, Severity::Info, span, message).with_help(help)]
}
