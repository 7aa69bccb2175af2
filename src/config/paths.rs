//! Sets of paths in the syntax of `.gitignore`, relative to the directory of the configuration.

use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Which paths something holds for.
#[derive(Debug, Clone)]
pub struct PathSet {
    globs: Vec<String>,
    matcher: Gitignore,
}

impl PathSet {
    /// The paths that patterns name below a directory; the pattern that is none otherwise, with its index.
    pub fn new(root: &Path, globs: Vec<String>) -> Result<Self, (usize, String)> {
        let mut builder = GitignoreBuilder::new(absolute(root));
        for (idx, glob) in globs.iter().enumerate() {
            builder.add_line(None, glob).map_err(|error| (idx, error.to_string()))?;
        }
        let matcher = builder.build().map_err(|error| (0, error.to_string()))?;
        Ok(Self { globs, matcher })
    }

    /// Whether a path, relative to the current directory or absolute, is among them.
    pub fn contains(&self, path: &str) -> bool {
        let path = absolute(Path::new(path));
        path.starts_with(self.matcher.path())
            && self.matcher.matched_path_or_any_parents(path, false).is_ignore()
    }

    /// The patterns for a walk.
    pub fn matcher(&self) -> &Gitignore {
        &self.matcher
    }
}

impl PartialEq for PathSet {
    fn eq(&self, other: &Self) -> bool {
        self.globs == other.globs && self.matcher.path() == other.matcher.path()
    }
}

impl Eq for PathSet {}

/// An absolute path without `.` and `..`; links are not followed, as in the paths that are reported.
pub fn absolute(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    let from_root = std::path::absolute(path.join(".")).unwrap_or_else(|_| path.to_path_buf());
    for component in from_root.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_gitignore() {
        let set = |globs: &[&str]| {
            let globs = globs.iter().map(|glob| glob.to_string()).collect();
            PathSet::new(Path::new("/repo"), globs).expect("patterns")
        };
        for (globs, path, expected) in [
            (&["legacy/"][..], "/repo/legacy/a.yaml", true),
            (&["legacy/"], "/repo/deep/legacy/x/a.yaml", true),
            (&["/legacy/"], "/repo/deep/legacy/a.yaml", false),
            (&["legacy/"], "/other/legacy/a.yaml", false),
            (&["*.generated.yaml"], "/repo/x/a.generated.yaml", true),
            (&["legacy/*", "!legacy/new.yaml"], "/repo/legacy/new.yaml", false),
            (&["k8s/**/dev.yaml"], "/repo/x/../k8s/a/b/dev.yaml", true),
            (&[], "/repo/a.yaml", false),
        ] {
            assert_eq!(set(globs).contains(path), expected, "{globs:?} {path}");
        }
        let (idx, _) = PathSet::new(Path::new("/"), vec!["a".into(), "{b".into()]).expect_err("no pattern");
        assert_eq!(idx, 1);
    }
}
