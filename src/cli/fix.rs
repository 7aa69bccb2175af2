//! `grpc-guard check --fix` and `--diff`: what the engine changed goes to disk, to standard output, or is only shown.

use std::io::{self, Write};

use anyhow::bail;

use super::args::{CheckArgs, ColorWhen};
use super::write::{self, Staged};
use super::{CLEAN, FINDINGS, terminal};
use crate::diagnostic::Diagnostic;
use crate::engine::{Changed, Fixed, Why};
use crate::report::{self, counted};
use crate::source::read;

/// Shows what would be changed; nothing is written.
pub(super) fn show(fixed: &Fixed, color: ColorWhen) -> anyhow::Result<u8> {
    let mut bytes = Vec::new();
    let color = terminal::wants_color(color, &io::stdout());
    for Changed { path, before, after } in &fixed.changed {
        report::write_diff(path, before, after, color, &mut bytes)?;
    }
    terminal::print(&bytes)?;
    Ok(if fixed.changed.is_empty() { CLEAN } else { FINDINGS })
}

/// Writes the changed files, all or none; a file that somebody changed in the meantime is left alone, and so are the rest.
pub(super) fn write(args: &CheckArgs, fixed: &Fixed) -> anyhow::Result<()> {
    let stdin = reads_stdin(args).then_some(args.stdin_filename.as_str());
    let of_files = || fixed.changed.iter().filter(|changed| Some(changed.path.as_str()) != stdin);
    let mut staged: Vec<Staged> = Vec::new();
    for Changed { path, after, .. } in of_files() {
        staged.push(write::stage(path.as_ref(), after.as_bytes())?);
    }
    for Changed { path, before, .. } in of_files() {
        if read::text_of(path.as_ref(), read::MAX_BYTES).ok().as_deref() != Some(&**before) {
            bail!("{path} changed while it was checked; nothing was written, run the command again");
        }
    }
    staged.into_iter().try_for_each(Staged::commit)?;
    if let Some(name) = stdin {
        let mut sources = fixed.analysis.sources.iter().map(|(_, source)| source);
        let text = sources.find(|source| source.path == name).map_or("", |source| &source.text);
        terminal::print(text.as_bytes())?;
    }
    Ok(())
}

/// Whether the text comes from standard input, and so goes to standard output.
pub(super) fn reads_stdin(args: &CheckArgs) -> bool {
    args.paths.iter().any(|path| path.as_os_str() == "-")
}

/// Says on standard error what was done, and what was tried and not done.
pub(super) fn tell(args: &CheckArgs, fixed: &Fixed) {
    let mut err = io::stderr().lock();
    let (would, did) = if args.diff { ("would fix", "would be fixed") } else { ("fixed", "fixed") };
    if args.verbose {
        for applied in &fixed.applied {
            let _ = writeln!(err, "{would} {} in {}: {}", applied.rule, applied.path, applied.title);
        }
    }
    for refused in &fixed.refused {
        let place = format!("{}:{}", refused.path, refused.line);
        let _ = match &refused.why {
            Why::Stays => {
                writeln!(err, "not fixed: {place}: {} would still be found after the change", refused.rule)
            }
            Why::Appears(other) => {
                writeln!(err, "not fixed: {place}: mending {} would lead to {other}", refused.rule)
            }
        };
    }
    let is_idle = fixed.applied.is_empty() && fixed.refused.is_empty();
    if !args.quiet && !is_idle {
        let findings = counted(fixed.applied.len(), "finding");
        let files = counted(fixed.changed.len(), "file");
        let _ = writeln!(err, "{findings} {did} in {files}");
    }
}

/// How many findings have a fix that was not applied and not tried.
pub(super) fn count_left(fixed: &Fixed) -> usize {
    let is_fixable = |found: &&Diagnostic| found.suppressed.is_none() && found.fix.is_some();
    let n_refused = fixed.refused.len();
    fixed.analysis.diagnostics.iter().filter(is_fixable).count().saturating_sub(n_refused)
}

/// Says behind a diff, which no report follows, what `--unsafe-fixes` would do besides.
pub(super) fn tell_more(args: &CheckArgs, fixed: &Fixed, n_unsafe: usize) {
    if args.quiet || n_unsafe == 0 {
        return;
    }
    let mut err = io::stderr().lock();
    let _ = if fixed.applied.is_empty() {
        let findings = counted(n_unsafe, "finding");
        writeln!(err, "nothing to fix safely; {findings} can be fixed with --unsafe-fixes")
    } else {
        let findings = counted(n_unsafe, "more finding");
        writeln!(err, "{findings} can be fixed with --unsafe-fixes")
    };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use clap::Parser;

    use super::super::args::{Args, Command};
    use super::*;
    use crate::engine::Analysis;

    fn args() -> CheckArgs {
        match Args::try_parse_from(["grpc-guard", "check", "--fix"]).expect("arguments").command {
            Command::Check(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn fixed(files: &[(String, &str)]) -> Fixed {
        let changed = files.iter().map(|(path, before)| Changed {
            path: path.clone(),
            before: Arc::from(*before),
            after: Arc::from("new"),
        });
        let changed = changed.collect();
        Fixed { analysis: Analysis::default(), changed, applied: Vec::new(), refused: Vec::new() }
    }

    #[test]
    fn a_file_that_changed_in_the_meantime_stops_everything() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        let read = |name: &str| fs::read_to_string(at(name)).expect("readable");
        fs::write(at("a"), "old").expect("written");
        fs::write(at("b"), "mine").expect("written");
        let error = write(&args(), &fixed(&[(at("a"), "old"), (at("b"), "old")])).expect_err("refused");
        assert!(error.to_string().contains("changed while it was checked"), "{error}");
        assert_eq!((read("a").as_str(), read("b").as_str()), ("old", "mine"));
        assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 2, "nothing is left behind");
        write(&args(), &fixed(&[(at("a"), "old")])).expect("written");
        assert_eq!(read("a"), "new");
    }
}
