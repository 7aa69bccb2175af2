//! Which files belong together, and where those stand that nobody named.
//!
//! `docs/projects.md` says it to users. Files are known by their places: absolute paths with forward slashes.

mod variants;

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::{Dialect, File, cloudformation, kubernetes, terraform};
use variants::variants;

/// Files that may belong to a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The file of a place.
    File(String),
    /// Files below a directory.
    Files {
        /// The directory's place.
        directory: String,
        /// How many levels of it: 1 for the directory itself.
        depth: usize,
        /// How their names may end.
        suffixes: &'static [&'static str],
        /// What their text holds: all words of one of these groups; without a group it may hold anything.
        words: Vec<Vec<String>>,
    },
}

/// Whether a text holds all words of one of the groups. Groups that stand side by side and begin with one word cost one
/// search for it.
pub fn holds<'w>(text: &str, groups: impl IntoIterator<Item = &'w Vec<String>>) -> bool {
    let mut begun: Option<(&str, bool)> = None;
    groups.into_iter().any(|words| {
        let Some((first, rest)) = words.split_first() else { return true };
        let is_there = match begun {
            Some((word, is_there)) if word == first => is_there,
            _ => contains(text, first),
        };
        begun = Some((first, is_there));
        is_there && rest.iter().all(|word| contains(text, word))
    })
}

/// The files that a file names and that belong to its project.
pub fn named(dialect: Dialect, file: &File<'_>) -> Vec<Want> {
    match dialect {
        Dialect::Terraform if is_configuration(file) => {
            let of_module = |(_, directory)| files_of(directory, 1, &terraform::SUFFIXES, Vec::new());
            terraform::calls(file).into_iter().map(of_module).collect()
        }
        Dialect::CloudFormation => cloudformation::nested_files(file).into_iter().map(Want::File).collect(),
        Dialect::Kubernetes => {
            let named = kubernetes::named(file).into_iter();
            named
                .flat_map(|place| [Want::File(place.clone()), files_of(place, 1, &[""], Vec::new())])
                .collect()
        }
        Dialect::Terraform => Vec::new(),
    }
}

/// Where files may stand that belong to the project of a file without being named in it. `above` gives the directory so many
/// levels above another one, where that may be looked at.
pub fn around(dialect: Dialect, file: &File<'_>, above: impl Fn(&str, usize) -> Option<String>) -> Vec<Want> {
    let own = directory(file.path);
    match dialect {
        Dialect::CloudFormation => around_template(file, above(own, 1)),
        Dialect::Kubernetes => around_manifest(file, above),
        Dialect::Terraform if !is_configuration(file) => Vec::new(),
        Dialect::Terraform => {
            let mut wants = vec![files_of(own.to_string(), 1, &terraform::SUFFIXES, Vec::new())];
            // Who calls this module stands near it: `modules/orders` is called from the directory around `modules`, or
            // from `environments/prod` beside it.
            let name = own.rsplit('/').next().unwrap_or(own);
            let around = (1..=2).rev().find_map(|levels| above(own, levels).map(|above| (above, levels + 1)));
            let words = vec![vec!["module".to_string(), format!("/{name}")]];
            wants.extend(around.map(|(above, depth)| files_of(above, depth, &terraform::SUFFIXES, words)));
            wants
        }
    }
}

/// The manifests of the same directory or of the same rendered chart, and the kustomizations that may include the directory: they
/// stand beside it, as `overlays/prod` beside `base`, or a level further out.
fn around_manifest(file: &File<'_>, above: impl Fn(&str, usize) -> Option<String>) -> Vec<Want> {
    let own = directory(file.path);
    let mut wants = match rendered_root(file) {
        Some(root) => {
            vec![files_of(root.to_string(), MAX_RENDERED_DEPTH, &[""], vec![vec!["# Source: ".to_string()]])]
        }
        None => vec![files_of(own.to_string(), 1, &[""], Vec::new())],
    };
    let name = own.rsplit('/').next().unwrap_or(own);
    if let Some((above, depth)) = (1..=2).rev().find_map(|levels| Some((above(own, levels)?, levels + 2))) {
        let suffixes = &["/kustomization.yaml", "/kustomization.yml"];
        wants.push(files_of(above, depth, suffixes, vec![vec![name.to_string()]]));
    }
    wants
}

/// How deep `helm template --output-dir` nests charts.
const MAX_RENDERED_DEPTH: usize = 8;

/// The directory into which Helm rendered a file, `# Source: chart/templates/a.yaml` at its head: charts that are rendered
/// into one directory are installed together.
fn rendered_root<'d>(file: &File<'d>) -> Option<&'d str> {
    let text = file.document.text().trim_start_matches('\u{feff}');
    let first = text.lines().find(|line| !line.trim().is_empty() && line.trim() != "---")?;
    let source = first.strip_prefix("# Source: ")?.trim();
    file.path.strip_suffix(source)?.strip_suffix('/')
}

/// The templates near one that may nest it, import from it or export to it: those of its directory, of the directory above and
/// of the directories beside it.
fn around_template(file: &File<'_>, above: Option<String>) -> Vec<Want> {
    let (own, name) = file.path.rsplit_once('/').unwrap_or(("", file.path));
    let (directory, depth) = above.map_or((own.to_string(), 1), |above| (above, 2));
    let text = file.document.text();
    let ties = [("ImportValue", "Export"), ("Export", "ImportValue")];
    let shared =
        ties.into_iter().filter(|(own, _)| contains(text, own)).map(|(_, other)| vec![other.to_string()]);
    let nested = NESTING.into_iter().map(|word| vec![word.to_string(), name.to_string()]);
    vec![files_of(directory, depth, &[""], shared.chain(nested).collect())]
}

fn files_of(
    directory: String,
    depth: usize,
    suffixes: &'static [&'static str],
    words: Vec<Vec<String>>,
) -> Want {
    Want::Files { directory, depth, suffixes, words }
}

/// The projects among the files of one dialect, as indices in rising order. A file may be in several: files that
/// declare the same thing are alternatives, each of which has the rest beside it.
pub fn group(dialect: Dialect, files: &[File<'_>]) -> Vec<Vec<usize>> {
    let mut units: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (idx, file) in files.iter().enumerate() {
        units.entry(unit(dialect, file)).or_default().push(idx);
    }
    let names: Vec<&str> = units.keys().copied().collect();
    let mut sets = Sets::new(names.len());
    for (at, name) in names.iter().enumerate() {
        for idx in &units[name] {
            for tied in ties(dialect, &files[*idx]) {
                if let Ok(other) = names.binary_search(&tied.as_str()) {
                    sets.join(at, other);
                }
            }
        }
    }
    if dialect == Dialect::CloudFormation {
        for (importer, exporter) in cloudformation::imports(files) {
            let unit = |idx: usize| names.binary_search(&files[idx].path);
            if let (Ok(importer), Ok(exporter)) = (unit(importer), unit(exporter)) {
                sets.join(importer, exporter);
            }
        }
    }
    let mut projects: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for (at, unit) in units.into_values().enumerate() {
        projects.entry(sets.find(at)).or_default().push(unit);
    }
    projects.into_values().flat_map(|units| variants(dialect, files, units)).collect()
}

/// The units that a file names.
fn ties(dialect: Dialect, file: &File<'_>) -> Vec<String> {
    match dialect {
        Dialect::Terraform if is_configuration(file) => {
            terraform::calls(file).into_iter().map(|(_, directory)| directory).collect()
        }
        Dialect::CloudFormation => cloudformation::nested_files(file),
        Dialect::Kubernetes => {
            let named = kubernetes::named(file).into_iter();
            named.flat_map(|place| [directory(&place).to_string(), place]).collect()
        }
        Dialect::Terraform => Vec::new(),
    }
}

/// Of the files of a project, those that have to do with the ones that are reported on. More may be, but not fewer.
pub fn relevant(dialect: Dialect, files: &[File<'_>], is_reported: &[bool]) -> Vec<bool> {
    match dialect {
        Dialect::Kubernetes if is_reported.contains(&false) => kubernetes::ties::around(files, is_reported),
        _ => vec![true; files.len()],
    }
}

/// Disjoint sets of units.
pub(super) struct Sets(Vec<usize>);

impl Sets {
    pub(super) fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    /// The least member of the set of `at`.
    pub(super) fn find(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// What templates say of other files, as far as that is told without parsing them.
#[derive(Debug, Default)]
pub struct Ties<'t> {
    /// The names of files that templates may nest.
    nested: FxHashSet<&'t str>,
}

impl<'t> Ties<'t> {
    /// Looks through the texts of all files.
    pub fn read(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut nested = FxHashSet::default();
        for text in texts.filter(|text| NESTING.iter().any(|word| contains(text, word))) {
            let is_name = |c: char| c.is_alphanumeric() || "._-".contains(c);
            let names = text.split(|c| !is_name(c)).filter(|name| name.contains('.'));
            nested.extend(names);
        }
        Self { nested }
    }

    /// Whether a file by itself is a project: no other file can say anything of what is in it.
    pub fn leaves_alone(&self, dialect: Dialect, path: &str, text: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_tied =
            || NESTING.iter().chain(&SHARING).any(|word| contains(text, word)) || self.nested.contains(name);
        is_unit(dialect, path) && (dialect != Dialect::CloudFormation || !is_tied())
    }
}

/// Words of templates that nest others.
const NESTING: [&str; 2] = ["TemplateURL", "Serverless::Application"];

/// Words of templates that export or import.
const SHARING: [&str; 2] = ["Export", "ImportValue"];

pub(super) fn contains(text: &str, word: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// Whether a file is one unit, and not its directory.
fn is_unit(dialect: Dialect, path: &str) -> bool {
    match dialect {
        Dialect::CloudFormation => true,
        Dialect::Kubernetes => false,
        Dialect::Terraform => !terraform::is_of_module(path),
    }
}

/// The place that files of one unit share.
fn unit<'d>(dialect: Dialect, file: &File<'d>) -> &'d str {
    if is_unit(dialect, file.path) {
        return file.path;
    }
    let rendered = (dialect == Dialect::Kubernetes).then(|| rendered_root(file)).flatten();
    rendered.unwrap_or_else(|| directory(file.path))
}

fn is_configuration(file: &File<'_>) -> bool {
    terraform::is_of_module(file.path)
}

/// The check that reports a module or nested stack which contains itself.
pub const CIRCULAR_PROJECT: &str = "circular-project";

/// How deep modules and nested stacks are followed.
pub const MAX_NESTING: usize = 16;

/// The place that a relative path means in a directory.
pub(super) fn joined(directory: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = if directory.is_empty() { Vec::new() } else { directory.split('/').collect() };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The directory of a path.
pub(super) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};
    use crate::source::FileId;
    use crate::syntax;

    pub(super) fn parsed(files: &[(&str, &str)]) -> Vec<Document> {
        let parse = |(path, text): &(&str, &str)| {
            let format = if path.ends_with(".json") { Format::Json } else { Format::Yaml };
            syntax::parse(FileId(0), format, &(*text).into()).0
        };
        files.iter().map(parse).collect()
    }

    /// The projects as paths.
    #[track_caller]
    pub(super) fn check(dialect: Dialect, files: &[(&str, &str)], expected: &[&[&str]]) {
        let documents = parsed(files);
        let given: Vec<File<'_>> =
            files.iter().zip(&documents).map(|((path, _), document)| File { path, document }).collect();
        let told: Vec<Vec<&str>> = group(dialect, &given)
            .into_iter()
            .map(|project| project.into_iter().map(|idx| files[idx].0).collect())
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_directory_is_a_project() {
        let service = |name: &str| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n");
        let (a, b) = (service("a"), service("b"));
        check(
            Dialect::Kubernetes,
            &[("/k/a.yaml", &a), ("/k/b.yaml", &b), ("/k/x/a.yaml", &a)],
            &[&["/k/a.yaml", "/k/b.yaml"], &["/k/x/a.yaml"]],
        );
        check(Dialect::CloudFormation, &[("/a.yaml", ""), ("/b.yaml", "")], &[&["/a.yaml"], &["/b.yaml"]]);
        let group = |name: &str| format!(r#"{{"resource": {{"aws_lb": {{"{name}": {{}}}}}}}}"#);
        let (a, b) = (group("a"), group("b"));
        check(
            Dialect::Terraform,
            &[("/t/a.tf.json", &a), ("/t/b.tf.json", &b), ("/t/plan.json", "{}")],
            &[&["/t/a.tf.json", "/t/b.tf.json"], &["/t/plan.json"]],
        );
    }

    /// The head of a rendered file is its head with a byte order mark too.
    #[test]
    fn what_helm_rendered_is_a_project() {
        let rendered = |mark: &str, path: &str, name: &str| {
            format!(
                "{mark}---\n# Source: {path}\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
            )
        };
        let (a, b) =
            (rendered("", "shop/templates/a.yaml", "a"), rendered("\u{feff}", "shop/charts/b/b.yaml", "b"));
        check(
            Dialect::Kubernetes,
            &[("/out/shop/charts/b/b.yaml", &b), ("/out/shop/templates/a.yaml", &a)],
            &[&["/out/shop/charts/b/b.yaml", "/out/shop/templates/a.yaml"]],
        );
    }
}
