//! What has changed since a commit, asked of the `git` command: it knows the user's repository as no library does (worktrees,
//! sparse checkouts, attributes, partial clones).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context, bail};

use crate::config;
use crate::engine::changes::{Changes, Lines};

/// The working tree against an earlier commit.
pub(super) struct Since {
    root: PathBuf,
    /// The last commit that the user's revision and `HEAD` share.
    base: String,
    pub(super) changes: Changes,
    /// What files were called before, by absolute path; relative to the root.
    renamed: BTreeMap<PathBuf, String>,
}

/// What has changed since the last commit that `rev` and `HEAD` share.
pub(super) fn since(rev: &str) -> anyhow::Result<Since> {
    let root = PathBuf::from(told(None, &["rev-parse", "--show-toplevel"])?.trim_end_matches('\n'));
    let base = base(&root, rev)?;
    let diff = told(
        Some(&root),
        &[
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--find-renames",
            "--unified=0",
            "--inter-hunk-context=0",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &base,
            "--",
        ],
    )?;
    let mut changes = Changes::default();
    let mut renamed = BTreeMap::new();
    for File { path, was, lines } in parse(&diff) {
        let path = config::absolute(&root.join(path));
        if let Some(was) = was {
            renamed.insert(path.clone(), was);
        }
        changes.changed.insert(path, Lines::Some(lines));
    }
    let tracked = told(Some(&root), &["ls-files", "-z"])?;
    let tracked = tracked.split('\0').filter(|path| !path.is_empty());
    changes.known = tracked.map(|path| config::absolute(&root.join(path))).collect::<BTreeSet<PathBuf>>();
    Ok(Since { root, base, changes, renamed })
}

impl Since {
    /// The texts that files had before, by the paths that they have now; those that were not there, or were no text, are left out.
    pub(super) fn texts<'p>(
        &self,
        paths: impl Iterator<Item = &'p str>,
    ) -> anyhow::Result<Vec<(&'p str, String)>> {
        let asked: Vec<(&str, String)> = paths.filter_map(|path| Some((path, self.name(path)?))).collect();
        let mut command = git(Some(&self.root));
        command.args(["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context(NO_GIT)?;
        let mut stdin = child.stdin.take().expect("internal error: standard input is piped");
        let requests: String = asked.iter().map(|(_, name)| format!("{}:{name}\n", self.base)).collect();
        // Git answers while it is still being asked.
        let asking = thread::spawn(move || stdin.write_all(requests.as_bytes()));
        let output = child.wait_with_output().context(NO_GIT)?;
        let _ = asking.join();
        Ok(answers(&asked, &output.stdout))
    }

    /// The name that a file had at the base, relative to the root.
    fn name(&self, path: &str) -> Option<String> {
        let path = config::absolute(Path::new(path));
        let name = match self.renamed.get(&path) {
            Some(was) => was.clone(),
            None => path.strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/"),
        };
        (!name.contains('\n')).then_some(name)
    }
}

/// The answers of `git cat-file --batch`: a head with the size, the content, a line end; or one line when there is none.
fn answers<'p>(asked: &[(&'p str, String)], mut rest: &[u8]) -> Vec<(&'p str, String)> {
    let mut texts = Vec::new();
    for (path, _) in asked {
        let Some(end) = memchr::memchr(b'\n', rest) else { break };
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let mut words = head.rsplit(' ');
        let size = words.next().and_then(|size| size.parse::<usize>().ok());
        let (Some(size), Some("blob")) = (size.filter(|size| *size < rest.len()), words.next()) else {
            continue;
        };
        if let Ok(text) = std::str::from_utf8(&rest[..size]) {
            texts.push((*path, text.to_string()));
        }
        rest = &rest[size + 1..];
    }
    texts
}

/// The commit to compare with.
fn base(root: &Path, rev: &str) -> anyhow::Result<String> {
    let commit = format!("{rev}^{{commit}}");
    let found = ask(Some(root), &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
    let is_shallow = || {
        let said = ask(Some(root), &["rev-parse", "--is-shallow-repository"]);
        said.is_ok_and(|said| said.stdout.starts_with(b"true"))
    };
    const DEEPEN: &str = "this is a shallow clone: fetch more of it (`git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout)";
    if !found.status.success() {
        match is_shallow() {
            true => bail!("--changed-since: there is no commit `{rev}` here; {DEEPEN}"),
            false => bail!("--changed-since: there is no commit `{rev}` in this repository"),
        }
    }
    let commit = String::from_utf8_lossy(&found.stdout).trim().to_string();
    let shared = ask(Some(root), &["merge-base", &commit, "HEAD"])?;
    if shared.status.success() {
        return Ok(String::from_utf8_lossy(&shared.stdout).trim().to_string());
    }
    if is_shallow() {
        bail!("--changed-since: `{rev}` and HEAD share no commit here; {DEEPEN}");
    }
    // Histories that never met, or no commit on this branch yet.
    Ok(commit)
}

/// Standard output of a git command that must succeed.
fn told(root: Option<&Path>, args: &[&str]) -> anyhow::Result<String> {
    let output = ask(root, args)?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        let why = why.lines().find(|line| !line.is_empty()).unwrap_or("git failed");
        bail!("--changed-since: {}", why.trim_start_matches("fatal: "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn ask(root: Option<&Path>, args: &[&str]) -> anyhow::Result<Output> {
    git(root).args(args).output().context(NO_GIT)
}

const NO_GIT: &str = "--changed-since needs the `git` command, which could not be run";

fn git(root: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    if let Some(root) = root {
        command.arg("-C").arg(root);
    }
    command.args(["-c", "core.quotePath=false"]);
    // Looking must not write: neither locks nor the index; and messages are looked at.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command
}

/// A file of a diff.
#[derive(Debug, PartialEq, Eq)]
struct File {
    path: String,
    /// Its name before it was renamed.
    was: Option<String>,
    /// Its changed lines.
    lines: Vec<RangeInclusive<u32>>,
}

/// The files of a diff without context, those that are gone left out.
fn parse(diff: &str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let (mut in_head, mut is_gone, mut was) = (false, false, None);
    for line in diff.lines() {
        let head = |start: &str| line.strip_prefix(start).map(unquoted);
        if line.starts_with("diff --git ") {
            (in_head, is_gone, was) = (true, false, None);
        } else if let Some(hunk) = line.strip_prefix("@@ ") {
            in_head = false;
            if let Some(file) = files.last_mut().filter(|_| !is_gone) {
                file.lines.extend(changed_lines(hunk));
            }
        } else if !in_head {
            continue;
        } else if let Some(path) = head("rename from ") {
            was = Some(path);
        } else if let Some(path) = head("rename to ") {
            files.push(File { path, was: was.take(), lines: Vec::new() });
        } else if let Some(path) = head("+++ ") {
            is_gone = path == "/dev/null";
            let path = path.strip_prefix("b/").map(str::to_string);
            let path = path.filter(|path| files.last().is_none_or(|file| file.path != *path));
            files.extend(path.map(|path| File { path, was: None, lines: Vec::new() }));
        }
    }
    files
}

/// The lines of `-1,2 +3,4 @@`. What is gone has changed the lines around the gap.
fn changed_lines(hunk: &str) -> Option<RangeInclusive<u32>> {
    let new = hunk.split(' ').find_map(|part| part.strip_prefix('+'))?;
    let (start, count) = new.split_once(',').unwrap_or((new, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    Some(if count == 0 { start..=start + 1 } else { start..=start + count - 1 })
}

/// A path as git writes it: with blanks it ends in a tab, with quotes or control characters it is quoted as in C.
fn unquoted(path: &str) -> String {
    let path = path.strip_suffix('\t').unwrap_or(path);
    let Some(inner) = path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) else {
        return path.to_string();
    };
    let (mut bytes, mut rest) = (Vec::new(), inner.bytes().peekable());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(digit @ b'0'..=b'3') => {
                let mut value = digit - b'0';
                while let Some(next @ b'0'..=b'7') = rest.peek().copied() {
                    value = value.wrapping_mul(8).wrapping_add(next - b'0');
                    rest.next();
                }
                bytes.push(value);
            }
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b'a') => bytes.push(7),
            Some(b'b') => bytes.push(8),
            Some(b'v') => bytes.push(11),
            Some(b'f') => bytes.push(12),
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diffs_are_read() {
        let diff = "diff --git a/lb.yaml b/lb.yaml\nindex 1..2 100644\n--- a/lb.yaml\n+++ b/lb.yaml\n\
                    @@ -2 +2,3 @@ Resources:\n-a\n+b\n+++ b/not-a-file\n+c\n@@ -9,2 +10,0 @@\n-x\n-y\n\
                    diff --git a/old b/new name\nsimilarity index 100%\nrename from old\nrename to new name\n\
                    diff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
                    diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -0,0 +1 @@\n+x\n\
                    diff --git \"a/\\\"q\" \"b/\\\"q\"\n--- \"a/\\\"q\"\n+++ \"b/\\\"\\303\\251\"\n@@ -1 +1 @@\n-x\n+y\n";
        let file = |path: &str, was: Option<&str>, lines| File {
            path: path.to_string(),
            was: was.map(str::to_string),
            lines,
        };
        // What is gone from a file that is gone changes none.
        let expected = [
            file("lb.yaml", None, vec![2..=4, 10..=11]),
            file("new name", Some("old"), vec![]),
            file("a b", None, vec![1..=1]),
            file("\"é", None, vec![1..=1]),
        ];
        assert_eq!(parse(diff), expected);
    }

    #[test]
    fn answers_are_read() {
        let asked = [("a", String::new()), ("b", String::new()), ("c", String::new()), ("d", String::new())];
        let said = b"0a1b blob 4\nx\ny\n\nHEAD:b c missing\n0a1b blob 0\n\n";
        assert_eq!(answers(&asked, said), [("a", "x\ny\n".to_string()), ("c", String::new())]);
        assert_eq!(answers(&asked, b"0a blob 1\n\xff\n0b blob 0\n\n"), [("b", String::new())]);
    }
}
