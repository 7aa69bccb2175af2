//! What has changed since a commit, asked of the `git` command: it knows the user's repository as no library does (worktrees,
//! sparse checkouts, attributes, partial clones).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail};

use crate::config;
use crate::engine::changes::{Changes, Lines};

/// The changes of the working tree against the last commit that `rev` and `HEAD` share.
pub(super) fn changes_since(rev: &str) -> anyhow::Result<Changes> {
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
    for (path, lines) in parse(&diff) {
        changes.changed.insert(config::absolute(&root.join(path)), Lines::Some(lines));
    }
    let tracked = told(Some(&root), &["ls-files", "-z"])?;
    let tracked = tracked.split('\0').filter(|path| !path.is_empty());
    changes.known = tracked.map(|path| config::absolute(&root.join(path))).collect::<BTreeSet<PathBuf>>();
    Ok(changes)
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
    let mut command = Command::new("git");
    if let Some(root) = root {
        command.arg("-C").arg(root);
    }
    command.args(["-c", "core.quotePath=false"]).args(args);
    // Looking must not write: neither locks nor the index; and messages are looked at.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command.output().context("--changed-since needs the `git` command, which could not be run")
}

/// The changed lines of each file of a diff without context.
fn parse(diff: &str) -> Vec<(String, Vec<RangeInclusive<u32>>)> {
    let mut files: Vec<(String, Vec<RangeInclusive<u32>>)> = Vec::new();
    let (mut in_head, mut is_gone) = (false, false);
    for line in diff.lines() {
        if line.starts_with("diff --git ") {
            in_head = true;
        } else if let Some(path) = line.strip_prefix("+++ ").filter(|_| in_head) {
            let path = unquoted(path);
            is_gone = path == "/dev/null";
            files.extend(path.strip_prefix("b/").map(|path| (path.to_string(), Vec::new())));
        } else if let Some(hunk) = line.strip_prefix("@@ ") {
            in_head = false;
            if let Some((_, lines)) = files.last_mut().filter(|_| !is_gone) {
                lines.extend(changed_lines(hunk));
            }
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
        let found = parse(diff);
        let expected = [("lb.yaml", vec![2..=4, 10..=11]), ("a b", vec![1..=1]), ("\"é", vec![1..=1])];
        // What is gone from a file that is gone changes none.
        assert_eq!(found, expected.map(|(path, lines)| (path.to_string(), lines)));
    }
}
