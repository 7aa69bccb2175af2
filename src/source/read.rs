//! Walking directories and reading files: the only `std::fs` below `cli`.
//!
//! Nothing a file system holds stops a run: what cannot be read becomes a [`Problem`] at its path, what was never
//! meant for us is [`Skipped`]. Order never depends on the file system or on threads.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ignore::WalkBuilder;
use ignore::gitignore::Gitignore;
use rayon::prelude::*;

use super::neighbours::Area;
use super::{FileId, Source, SourceMap, Span};

/// The ignore file that only this tool reads; its syntax is that of `.gitignore`.
pub const IGNORE_FILE: &str = ".grpc-guardignore";

/// Files above this size are refused: 128 MiB.
pub const MAX_BYTES: u64 = 128 << 20;

/// How many bytes of files are read in one run: 1 GiB. All texts are kept, so that findings can point into them.
pub const MAX_ALL_BYTES: u64 = 1 << 30;

/// How many files make threads worth their start.
const PARALLEL_FROM: usize = 16;

/// Which files a walk picks up; files that are named are always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// `.yaml`, `.yml`, `.json`, `.template`, `.tf`, `.tofu` and `.tfvars`.
    #[default]
    Infrastructure,
    /// `.guard` and `.ruleset`.
    Policies,
}

/// How to read.
#[derive(Debug)]
pub struct ReadOptions {
    /// Which files a walk picks up.
    pub wanted: Wanted,
    /// The path under which standard input is reported.
    pub stdin_name: String,
    /// Paths that a walk leaves out, beside those of the ignore files.
    pub exclude: Option<Gitignore>,
    /// Whether `exclude` holds for named files too, for hooks that name whatever has changed.
    pub force_exclude: bool,
    /// Larger files are refused.
    pub max_bytes: u64,
    /// Files beyond so many bytes in all are refused, those that come last by their paths.
    pub max_all_bytes: u64,
    /// Where files may stand that belong to those that are read; `None` keeps to these.
    pub area: Option<Area>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            wanted: Wanted::Infrastructure,
            stdin_name: "<stdin>".to_string(),
            exclude: None,
            force_exclude: false,
            max_bytes: MAX_BYTES,
            max_all_bytes: MAX_ALL_BYTES,
            area: None,
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadedFile {
    /// Its text in the source map.
    pub id: FileId,
    /// Whether it was named, rather than found in a directory.
    pub explicit: bool,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: the offending byte, or the empty span at the start of a file without text.
    pub span: Span,
    /// What is the matter.
    pub kind: ProblemKind,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// Nothing has this name. The user's mistake.
    #[error("there is no file or directory of this name")]
    NotFound,
    /// It was found, and is not there when it is to be read.
    #[error("this file was there when the run began, and is gone")]
    Vanished,
    /// The operating system refuses. The environment's fault.
    #[error("this cannot be read: {0}")]
    Refused(String),
    /// A directory, where a file is wanted. The user's mistake.
    #[error("this is a directory")]
    IsADirectory,
    /// A pipe, a device or a socket, which might never end. The user's mistake.
    #[error("this is {0}, not a file")]
    NotAFile(&'static str),
    /// Above [`ReadOptions::max_bytes`].
    #[error("this file is larger than {} MiB, the most that is read", .0 >> 20)]
    TooLarge(u64),
    /// The files before it are [`ReadOptions::max_all_bytes`] already.
    #[error("the files of this run are larger than {} MiB together, the most that is read", .0 >> 20)]
    TooMuch(u64),
    /// Not UTF-8, from this byte on.
    #[error("this file is not UTF-8: byte {offset} is {byte:#04x}")]
    InvalidUtf8 {
        /// Offset of the first byte that is wrong.
        offset: u32,
        /// That byte.
        byte: u8,
    },
    /// UTF-16, as its byte order mark says.
    #[error("this file is UTF-16, and only UTF-8 is read")]
    Utf16,
    /// A name that is not UTF-8, which no report could hold. The user's mistake.
    #[error("the name of this file is not UTF-8, so no report could name it")]
    NameIsNotUtf8,
}

/// A candidate that was passed over without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts; files with a problem are among them, empty or as far as they could be read.
    pub sources: SourceMap,
    /// The files to analyse, by path.
    pub files: Vec<LoadedFile>,
    /// What could not be read, by path.
    pub problems: Vec<Problem>,
    /// What was passed over, by path.
    pub skipped: Vec<Skipped>,
    /// Where files may stand that belong to these without having been named.
    pub area: Option<Area>,
}

impl Loaded {
    /// The same files, some with another text; ids stay, and unchanged texts are shared.
    pub fn with_texts(&self, texts: &BTreeMap<FileId, Arc<str>>) -> Loaded {
        let mut sources = SourceMap::default();
        for (id, source) in self.sources.iter() {
            let text = texts.get(&id).unwrap_or(&source.text);
            sources.add(Source::new(source.path.clone(), Arc::clone(text)));
        }
        Loaded {
            sources,
            files: self.files.clone(),
            problems: self.problems.clone(),
            skipped: Vec::new(),
            area: self.area.clone(),
        }
    }
}

/// Reads files and directories. `-` is standard input; no path means the current directory.
///
/// Directories are walked with `.gitignore`, `.ignore` and [`IGNORE_FILE`] honoured; hidden entries and symbolic
/// links in them are not followed. Reported paths are those given, with forward slashes.
pub fn read(paths: &[PathBuf], options: &ReadOptions) -> Loaded {
    let mut found =
        Discovery { options, candidates: BTreeMap::new(), failed: BTreeMap::new(), skipped: Vec::new() };
    if paths.is_empty() {
        found.walk(Path::new("."));
    }
    for path in paths {
        found.add(path);
    }
    let candidates: Vec<(String, Candidate)> = found.candidates.into_iter().collect();
    let n_bytes = AtomicU64::new(0);
    let read = |(_, candidate): &(String, Candidate)| {
        // What is too much is found out below; here memory is kept within bounds.
        if n_bytes.load(Ordering::Relaxed) > options.max_all_bytes {
            return Content::Unread;
        }
        let content = candidate.read(options.max_bytes);
        n_bytes.fetch_add(content.len(), Ordering::Relaxed);
        content
    };
    let mut texts: Vec<Content> = if candidates.len() < PARALLEL_FROM {
        candidates.iter().map(read).collect()
    } else {
        candidates.par_iter().map(read).collect()
    };
    if n_bytes.into_inner() > options.max_all_bytes {
        refuse_too_much(&candidates, &mut texts, options);
    }

    let mut loaded = Loaded { skipped: found.skipped, area: options.area.clone(), ..Loaded::default() };
    for ((path, candidate), content) in candidates.into_iter().zip(texts) {
        match content {
            Content::Text(text) => {
                let id = loaded.sources.add(Source::new(path, text));
                loaded.files.push(LoadedFile { id, explicit: candidate.explicit });
            }
            Content::Binary => loaded.skipped.push(Skipped { path, reason: "it is not text" }),
            Content::Broken { kind, readable } => loaded.fail(path, kind, readable),
            Content::Unread => {
                loaded.fail(path, ProblemKind::TooMuch(options.max_all_bytes), String::new());
            }
        }
    }
    for (path, kind) in found.failed {
        loaded.fail(path, kind, String::new());
    }
    loaded.problems.sort_by(|a, b| {
        let path = |problem: &Problem| loaded.sources.get(problem.span.file).path.as_str();
        path(a).cmp(path(b))
    });
    loaded.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    loaded
}

/// Which files are too much depends on their order and not on threads.
fn refuse_too_much(candidates: &[(String, Candidate)], texts: &mut [Content], options: &ReadOptions) {
    let mut left = options.max_all_bytes;
    let mut is_full = false;
    for ((_, candidate), content) in candidates.iter().zip(texts) {
        if matches!(content, Content::Unread) && !is_full {
            *content = candidate.read(options.max_bytes);
        }
        is_full |= content.len() > left;
        left = left.saturating_sub(content.len());
        if is_full {
            *content = Content::Unread;
        }
    }
}

/// The text of one file of at most `max_bytes`, or why there is none.
pub fn text_of(path: &Path, max_bytes: u64) -> Result<String, ProblemKind> {
    let metadata = path.metadata().map_err(|error| refusal(&error))?;
    if metadata.is_dir() {
        return Err(ProblemKind::IsADirectory);
    }
    if let Some(what) = special(&metadata) {
        return Err(ProblemKind::NotAFile(what));
    }
    let candidate = Candidate { from: From::File(path.to_path_buf()), explicit: true };
    match candidate.read(max_bytes) {
        Content::Text(text) => Ok(text.to_string()),
        Content::Broken { kind, .. } => Err(kind),
        Content::Binary | Content::Unread => Err(ProblemKind::NotFound),
    }
}

impl Loaded {
    fn fail(&mut self, path: String, kind: ProblemKind, readable: String) {
        let at = readable.len() as u32;
        let file = self.sources.add(Source::new(path, readable));
        self.problems.push(Problem { span: Span::new(file, at, at), kind });
    }
}

/// What is going to be read, by reported path, so that a file named twice is read once.
struct Discovery<'o> {
    options: &'o ReadOptions,
    candidates: BTreeMap<String, Candidate>,
    failed: BTreeMap<String, ProblemKind>,
    skipped: Vec<Skipped>,
}

struct Candidate {
    from: From,
    explicit: bool,
}

enum From {
    Stdin,
    File(PathBuf),
}

impl Discovery<'_> {
    /// Adds what the user named.
    fn add(&mut self, path: &Path) {
        if path == Path::new("-") {
            let candidate = Candidate { from: From::Stdin, explicit: true };
            self.candidates.insert(self.options.stdin_name.clone(), candidate);
            return;
        }
        // Metadata follow links: whoever names a link means the file behind it.
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                self.failed.insert(shown(path), refusal(&error));
                return;
            }
        };
        if path.to_str().is_none() {
            self.failed.insert(shown(path), ProblemKind::NameIsNotUtf8);
        } else if metadata.is_dir() {
            self.walk(path);
        } else if self.options.force_exclude && self.is_excluded(path) {
            self.skipped.push(Skipped { path: shown(path), reason: "it is excluded" });
        } else if let Some(what) = special(&metadata) {
            self.failed.insert(shown(path), ProblemKind::NotAFile(what));
        } else {
            let candidate = Candidate { from: From::File(path.to_path_buf()), explicit: true };
            self.candidates.insert(shown(path), candidate);
        }
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let Some(exclude) = &self.options.exclude else { return false };
        let Ok(path) = std::path::absolute(path) else { return false };
        path.starts_with(exclude.path()) && exclude.matched_path_or_any_parents(path, false).is_ignore()
    }

    /// Adds the candidates below a directory.
    fn walk(&mut self, root: &Path) {
        for entry in walker(root, self.options.exclude.clone()).build() {
            match entry {
                Ok(entry) => {
                    let Some(kind) = entry.file_type() else { continue };
                    self.add_walked(entry.into_path(), kind);
                }
                Err(error) => self.add_walk_error(root, error),
            }
        }
    }

    fn add_walked(&mut self, path: PathBuf, kind: FileType) {
        if kind.is_dir() {
            return;
        }
        let name = shown(&path);
        // Whatever it leads to: the target is walked by itself, or lies outside of what the user named.
        if kind.is_symlink() && path.is_dir() {
            self.skipped.push(Skipped { path: name, reason: "it is a symbolic link" });
            return;
        }
        if !self.options.wanted.matches(&path) {
            return;
        }
        if path.to_str().is_none() {
            // Two such names may look alike, and what is found could not be pointed at.
            self.failed.insert(name, ProblemKind::NameIsNotUtf8);
        } else if kind.is_symlink() {
            // Its target is walked by itself, or lies outside of what the user named.
            self.skipped.push(Skipped { path: name, reason: "it is a symbolic link" });
        } else if !kind.is_file() {
            self.skipped.push(Skipped { path: name, reason: "it is not a regular file" });
        } else {
            self.candidates.entry(name).or_insert(Candidate { from: From::File(path), explicit: false });
        }
    }

    fn add_walk_error(&mut self, root: &Path, error: ignore::Error) {
        let path = failed_path(&error).unwrap_or(root).to_path_buf();
        let kind = match error.io_error() {
            Some(error) if error.kind() == ErrorKind::NotFound => return,
            Some(error) => refusal(error),
            None => ProblemKind::Refused(error.to_string()),
        };
        self.failed.insert(shown(&path), kind);
    }
}

/// A walk that leaves out what the ignore files and `exclude` say.
pub(super) fn walker(root: &Path, exclude: Option<Gitignore>) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    builder
        .follow_links(false)
        .require_git(false)
        // What one machine's user ignores everywhere must not change the result.
        .git_global(false)
        .add_custom_ignore_filename(IGNORE_FILE);
    if let Some(exclude) = exclude {
        builder.filter_entry(move |entry| {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            let path = std::path::absolute(entry.path());
            !path.is_ok_and(|path| exclude.matched(path, is_dir).is_ignore())
        });
    }
    builder
}

/// The text of a file of at most `max_bytes`; `None` where there is none to be had.
pub(super) fn read_quietly(path: &Path, max_bytes: u64) -> Option<Arc<str>> {
    let candidate = Candidate { from: From::File(path.to_path_buf()), explicit: false };
    match candidate.read(max_bytes) {
        Content::Text(text) => Some(text),
        _ => None,
    }
}

/// The path that a walk stumbled over.
fn failed_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => failed_path(err),
        _ => None,
    }
}

impl Wanted {
    pub(super) fn matches(self, path: &Path) -> bool {
        let wanted: &[&str] = match self {
            Wanted::Infrastructure => &["yaml", "yml", "json", "template", "tf", "tofu", "tfvars"],
            Wanted::Policies => &["guard", "ruleset"],
        };
        let extension = path.extension().and_then(OsStr::to_str);
        extension.is_some_and(|extension| wanted.iter().any(|known| known.eq_ignore_ascii_case(extension)))
    }
}

/// A path as it is reported: forward slashes, without a leading `./` that only a walk put there.
fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for component in path.components() {
        if !shown.is_empty() && !shown.ends_with('/') {
            shown.push('/');
        }
        match component {
            Component::RootDir => shown.push('/'),
            Component::CurDir => {}
            other => shown.push_str(&other.as_os_str().to_string_lossy()),
        }
    }
    if shown.is_empty() { ".".to_string() } else { shown }
}

/// What something is that has no end and may block, or `None` for a regular file.
fn special(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

fn refusal(error: &std::io::Error) -> ProblemKind {
    match error.kind() {
        ErrorKind::NotFound => ProblemKind::NotFound,
        ErrorKind::PermissionDenied => ProblemKind::Refused("permission denied".to_string()),
        _ => {
            // The system's own number says nothing to a reader.
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text);
            ProblemKind::Refused(text.to_lowercase())
        }
    }
}

/// What reading a candidate gave.
enum Content {
    Text(Arc<str>),
    Binary,
    Broken {
        kind: ProblemKind,
        readable: String,
    },
    /// There was too much already.
    Unread,
}

impl Content {
    /// How many bytes it holds.
    fn len(&self) -> u64 {
        match self {
            Content::Text(text) => text.len() as u64,
            Content::Broken { readable, .. } => readable.len() as u64,
            Content::Binary | Content::Unread => 0,
        }
    }
}

impl Candidate {
    fn read(&self, max_bytes: u64) -> Content {
        let bytes = match &self.from {
            From::Stdin => read_at_most(std::io::stdin().lock(), 0, max_bytes),
            From::File(path) => match File::open(path).and_then(|file| Ok((file.metadata()?, file))) {
                // It may have become another thing since it was found.
                Ok((metadata, _)) if special(&metadata).is_some() => {
                    return broken(ProblemKind::NotAFile(special(&metadata).unwrap_or_default()));
                }
                Ok((metadata, file)) => read_at_most(file, metadata.len(), max_bytes),
                Err(error) => Err(error),
            },
        };
        match bytes {
            Ok(Some(bytes)) => self.decode(bytes),
            Ok(None) => broken(ProblemKind::TooLarge(max_bytes)),
            // The run has found it before.
            Err(error) if error.kind() == ErrorKind::NotFound => broken(ProblemKind::Vanished),
            Err(error) => broken(refusal(&error)),
        }
    }

    fn decode(&self, bytes: Vec<u8>) -> Content {
        let mut bytes = match String::from_utf8(bytes) {
            Ok(text) => return Content::Text(text.into()),
            Err(error) => error.into_bytes(),
        };
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return broken(ProblemKind::Utf16);
        }
        if !self.explicit && (bytes.contains(&0) || !looks_like_ours(&bytes)) {
            return Content::Binary;
        }
        let valid = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let kind =
            ProblemKind::InvalidUtf8 { offset: valid as u32, byte: bytes.get(valid).copied().unwrap_or(0) };
        bytes.truncate(valid);
        let readable = String::from_utf8(bytes).expect("internal error: cut at the end of valid text");
        Content::Broken { kind, readable }
    }
}

fn broken(kind: ProblemKind) -> Content {
    Content::Broken { kind, readable: String::new() }
}

/// All bytes, or `None` when there are too many.
fn read_at_most(from: impl Read, expected: u64, max_bytes: u64) -> std::io::Result<Option<Vec<u8>>> {
    if expected > max_bytes {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    from.take(max_bytes + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max_bytes).then_some(bytes))
}

/// Whether a file in a foreign encoding is worth a word: it names something that our dialects must have.
fn looks_like_ours(bytes: &[u8]) -> bool {
    let words: [&[u8]; 3] = [b"apiVersion", b"Resources", b"resource"];
    words.iter().any(|word| bytes.windows(word.len()).any(|window| window == *word))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A directory with files: `(path, content)`.
    fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory can be made");
        for (path, content) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory can be made");
            fs::write(path, content).expect("a file can be written");
        }
        dir
    }

    /// What was read, what failed and what was skipped, as lines below the directory.
    fn outcome(dir: &tempfile::TempDir, paths: &[&str], options: &ReadOptions) -> Vec<String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| dir.path().join(path)).collect();
        let loaded = read(&paths, options);
        let root = format!("{}/", shown(dir.path()));
        let below = |path: &str| path.strip_prefix(&root).unwrap_or(path).to_string();
        let name = |id: FileId| below(&loaded.sources.get(id).path);
        let mut lines: Vec<String> = Vec::new();
        for file in &loaded.files {
            lines.push(format!("{}{}", name(file.id), if file.explicit { " (named)" } else { "" }));
        }
        for problem in &loaded.problems {
            lines.push(format!("{}@{}: {}", name(problem.span.file), problem.span.start, problem.kind));
        }
        for skipped in &loaded.skipped {
            lines.push(format!("{} skipped: {}", below(&skipped.path), skipped.reason));
        }
        lines
    }

    fn check(files: &[(&str, &[u8])], paths: &[&str], expected: &[&str]) {
        let found = outcome(&directory(files), paths, &ReadOptions::default());
        assert_eq!(found, expected, "{paths:?}");
    }

    #[test]
    fn directories_are_walked_in_order_and_ignore_files_count() {
        check(
            &[
                ("b.YML", b"b"),
                ("a/z.json", b"{}"),
                ("a/x.template", b""),
                ("a/notes.txt", b""),
                (".hidden/h.yaml", b""),
                ("out/o.yaml", b""),
                ("old/o.yaml", b""),
                (".gitignore", b"out/\n"),
                (".grpc-guardignore", b"old\n"),
                ("main.tf", b""),
            ],
            &["."],
            &["a/x.template", "a/z.json", "b.YML", "main.tf"],
        );
    }

    #[test]
    fn a_file_named_twice_is_read_once() {
        check(
            &[("a/x.yaml", b"x"), ("a/y.conf", b"y")],
            &["a", "a/x.yaml", "./a/x.yaml", "a/y.conf"],
            &["a/x.yaml (named)", "a/y.conf (named)"],
        );
    }

    #[test]
    fn what_is_not_utf8_says_where() {
        check(
            &[
                ("bom.yaml", "\u{feff}a: é".as_bytes()),
                ("latin.yaml", b"a: \xe9"),
                ("wide.yaml", b"\xff\xfea\0"),
            ],
            &["bom.yaml", "latin.yaml", "wide.yaml"],
            &[
                "bom.yaml (named)",
                "latin.yaml@3: this file is not UTF-8: byte 3 is 0xe9",
                "wide.yaml@0: this file is UTF-16, and only UTF-8 is read",
            ],
        );
    }

    #[test]
    fn a_walk_speaks_of_foreign_bytes_only_in_files_of_ours() {
        check(
            &[
                ("latin.yaml", b"Resources: \xe9"),
                ("other.yaml", b"a: \xe9"),
                ("blob.json", b"Resources\0\xff"),
            ],
            &["."],
            &[
                "latin.yaml@11: this file is not UTF-8: byte 11 is 0xe9",
                "blob.json skipped: it is not text",
                "other.yaml skipped: it is not text",
            ],
        );
    }

    #[test]
    fn too_large_and_missing_files_are_problems() {
        let dir = directory(&[("large.yaml", b"12345"), ("small.yaml", b"1234")]);
        let options = ReadOptions { max_bytes: 4, ..ReadOptions::default() };
        assert_eq!(
            outcome(&dir, &["large.yaml", "small.yaml", "none.yaml", "main.tf"], &options),
            [
                "small.yaml (named)",
                "large.yaml@0: this file is larger than 0 MiB, the most that is read",
                "main.tf@0: there is no file or directory of this name",
                "none.yaml@0: there is no file or directory of this name",
            ]
        );
    }

    #[test]
    fn what_comes_last_is_too_much() {
        let names: Vec<String> = (0..40).map(|n| format!("{n:02}.yaml")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"1234" as &[u8])).collect();
        let dir = directory(&files);
        for n in [0, 1, 25, 39, 40] {
            let options = ReadOptions { max_all_bytes: 4 * n + 3, ..ReadOptions::default() };
            let found = outcome(&dir, &["."], &options);
            let told = |n: u64| format!("{n:02}.yaml");
            let n_read = found.iter().take_while(|line| !line.contains('@')).count() as u64;
            assert_eq!((n_read, found.len()), (n, 40), "{found:?}");
            assert!((0..n).all(|at| found[at as usize] == told(at)), "{found:?}");
            let is_refused =
                |line: &String| line.ends_with("are larger than 0 MiB together, the most that is read");
            assert!(found[n as usize..].iter().all(is_refused), "{found:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_pipes_and_sockets_do_not_trap_a_walk() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;

        let dir = directory(&[("a/x.yaml", b"x"), ("outside.yaml", b"o")]);
        let a = dir.path().join("a");
        symlink("..", a.join("loop")).expect("a link can be made");
        symlink("../outside.yaml", a.join("link.yaml")).expect("a link can be made");
        symlink("nowhere", a.join("dangling.yaml")).expect("a link can be made");
        let _socket = UnixListener::bind(a.join("socket.yaml")).expect("a socket can be made");
        let options = ReadOptions::default();
        assert_eq!(
            outcome(&dir, &["a"], &options),
            [
                "a/x.yaml",
                "a/dangling.yaml skipped: it is a symbolic link",
                "a/link.yaml skipped: it is a symbolic link",
                "a/loop skipped: it is a symbolic link",
                "a/socket.yaml skipped: it is not a regular file",
            ]
        );
        assert_eq!(
            outcome(&dir, &["a/link.yaml", "a/socket.yaml", "a/dangling.yaml"], &options),
            [
                "a/link.yaml (named)",
                "a/dangling.yaml@0: there is no file or directory of this name",
                "a/socket.yaml@0: this is a socket, not a file",
            ]
        );
    }

    #[test]
    fn many_files_come_in_the_same_order_as_few() {
        let names: Vec<String> = (0..100).map(|n| format!("{n:03}.yaml")).collect();
        let files: Vec<(&str, &[u8])> =
            names.iter().rev().map(|name| (name.as_str(), name.as_bytes())).collect();
        check(&files, &["."], &names.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn exclusion_holds_for_named_files_when_forced() {
        let dir = directory(&[("a/x.yaml", b""), ("b/y.yaml", b"")]);
        let mut exclude = ignore::gitignore::GitignoreBuilder::new(dir.path());
        exclude.add_line(None, "a/").expect("a pattern");
        let exclude = Some(exclude.build().expect("patterns"));
        let mut options = ReadOptions { exclude, ..ReadOptions::default() };
        assert_eq!(outcome(&dir, &["."], &options), ["b/y.yaml"]);
        assert_eq!(outcome(&dir, &["a/x.yaml"], &options), ["a/x.yaml (named)"]);
        options.force_exclude = true;
        assert_eq!(outcome(&dir, &["a/x.yaml"], &options), ["a/x.yaml skipped: it is excluded"]);
    }

    #[test]
    fn rule_files_are_a_kind_of_their_own() {
        let dir = directory(&[("a.guard", b""), ("b.ruleset", b""), ("c.yaml", b"")]);
        let options = ReadOptions { wanted: Wanted::Policies, ..ReadOptions::default() };
        assert_eq!(outcome(&dir, &["."], &options), ["a.guard", "b.ruleset"]);
    }
}
