//! Files that nobody named, but that belong to those that were named: found in a bounded neighbourhood and read as a walk
//! would read them.
//!
//! Knows where files are, not what belongs together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::Gitignore;

use super::read::{self, Wanted};

/// Larger files are not read unless they are named: 4 MiB.
const MAX_BYTES: u64 = 4 << 20;

/// How many bytes of files that are not named are read in all: 64 MiB.
const MAX_ALL_BYTES: usize = 64 << 20;

/// How many entries of directories are looked at in all.
const MAX_ENTRIES: usize = 20_000;

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Area {
    /// Nothing above this directory is looked at; without it nothing above a named file's directory is.
    pub root: Option<PathBuf>,
    /// Paths that a walk leaves out, beside those of the ignore files.
    pub exclude: Option<Gitignore>,
}

/// The neighbourhood of the files of a run.
#[derive(Debug)]
pub struct Neighbours {
    area: Area,
    current: PathBuf,
    /// Whether the user's own paths begin at the root of the file system.
    is_absolute: bool,
    listed: BTreeMap<(String, usize), Vec<String>>,
    /// All files that were listed.
    found: BTreeSet<String>,
    texts: BTreeMap<String, Option<Arc<str>>>,
    entries_left: usize,
    bytes_left: usize,
    /// What was not looked at.
    cut: Option<Cut>,
}

/// Why the neighbourhood was not looked at as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// There are more entries in its directories.
    Entries(usize),
    /// Its files are larger together.
    Bytes(usize),
    /// A file is larger.
    File(u64),
    /// Files lead to files that lead to files.
    Rounds,
}

impl Neighbours {
    /// Those of files that are reported under `paths`.
    pub fn new<'p>(area: Area, paths: impl Iterator<Item = &'p str>) -> Self {
        let current = std::env::current_dir().unwrap_or_default();
        let is_absolute = paths.map(Path::new).all(Path::is_absolute);
        Self {
            area,
            current,
            is_absolute,
            listed: BTreeMap::new(),
            found: BTreeSet::new(),
            texts: BTreeMap::new(),
            entries_left: MAX_ENTRIES,
            bytes_left: MAX_ALL_BYTES,
            cut: None,
        }
    }

    /// A path from the root of the file system on, without `.` and `..`, with forward slashes: the same for the same file.
    /// `None` for what is no file, such as standard input without a name.
    pub fn place(&self, path: &str) -> Option<String> {
        (!path.starts_with('<')).then(|| normal(&self.current.join(path)))
    }

    /// The path under which the file of a place is reported.
    pub fn shown(&self, place: &str) -> String {
        if self.is_absolute {
            return place.to_string();
        }
        let current = normal(&self.current);
        let mut up = 0;
        let mut base = current.as_str();
        loop {
            let rest = place.strip_prefix(base).filter(|rest| rest.starts_with('/'));
            if let Some(rest) = rest {
                return format!("{}{}", "../".repeat(up), &rest[1..]);
            }
            match base.rsplit_once('/') {
                Some((above, _)) => (base, up) = (above, up + 1),
                None => return place.to_string(),
            }
        }
    }

    /// The directory `levels` above another one, where that is still within the project.
    pub fn above(&self, directory: &str, levels: usize) -> Option<String> {
        let root = normal(self.area.root.as_deref()?);
        let above = (0..levels).try_fold(directory, |dir, _| dir.rsplit_once('/').map(|(above, _)| above))?;
        Path::new(above).starts_with(&root).then(|| above.to_string())
    }

    /// The files below a directory, as a walk of `depth` levels finds them.
    pub fn list(&mut self, directory: &str, depth: usize) -> &[String] {
        let key = (directory.to_string(), depth);
        if !self.listed.contains_key(&key) {
            let found = self.walk(directory, depth);
            self.found.extend(found.iter().cloned());
            self.listed.insert(key.clone(), found);
        }
        &self.listed[&key]
    }

    fn walk(&mut self, directory: &str, depth: usize) -> Vec<String> {
        let mut found = Vec::new();
        let is_excluded = |exclude: &Gitignore| {
            let below = Path::new(directory).starts_with(exclude.path());
            below && exclude.matched_path_or_any_parents(directory, true).is_ignore()
        };
        if !Path::new(directory).is_dir() || self.area.exclude.as_ref().is_some_and(is_excluded) {
            return found;
        }
        for entry in read::walker(Path::new(directory), self.area.exclude.clone())
            .max_depth(Some(depth))
            .sort_by_file_name(std::ffi::OsStr::cmp)
            .build()
        {
            if self.entries_left == 0 {
                self.cut.get_or_insert(Cut::Entries(MAX_ENTRIES));
                break;
            }
            self.entries_left -= 1;
            let Ok(entry) = entry else { continue };
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            if is_file && Wanted::Infrastructure.matches(entry.path()) {
                found.push(normal(entry.path()));
            }
        }
        found.sort();
        found
    }

    /// Notes that something is not looked at.
    pub fn cut_at(&mut self, cut: Cut) {
        self.cut.get_or_insert(cut);
    }

    /// Why not everything was looked at, if it was not.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// The text of a file that a walk would find; `None` also when it is too large or no text.
    pub fn read(&mut self, place: &str) -> Option<Arc<str>> {
        if let Some(text) = self.texts.get(place) {
            return text.clone();
        }
        let (directory, _) = place.rsplit_once('/')?;
        if !self.found.contains(place) {
            self.list(directory, 1);
        }
        let is_found = self.found.contains(place);
        let most = MAX_BYTES.min(self.bytes_left as u64);
        let text = is_found.then(|| read::read_quietly(Path::new(place), most)).flatten();
        if is_found && text.is_none() && Path::new(place).metadata().is_ok_and(|it| it.len() > most) {
            self.cut.get_or_insert(if most < MAX_BYTES {
                Cut::Bytes(MAX_ALL_BYTES)
            } else {
                Cut::File(MAX_BYTES)
            });
        }
        self.bytes_left = self.bytes_left.saturating_sub(text.as_ref().map_or(0, |text| text.len()));
        self.texts.insert(place.to_string(), text.clone());
        text
    }
}

/// An absolute path without `.` and `..`, with forward slashes.
pub fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut prefix = String::new();
    for component in path.components() {
        match component {
            Component::Prefix(found) => prefix = found.as_os_str().to_string_lossy().into_owned(),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
        }
    }
    format!("{prefix}/{}", parts.join("/"))
}
