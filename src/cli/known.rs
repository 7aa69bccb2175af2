//! Findings that are known already or older than a change: `--baseline`, `--write-baseline`, `--only-new`, `--changed-since`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::args::CheckArgs;
use super::located::Located;
use super::settings::{Configured, text_of};
use super::{git, write};
use crate::catalog::Catalog;
use crate::config::Settings;
use crate::diagnostic::{Excepted, Suppression};
use crate::engine::baseline::Baseline;
use crate::engine::{self, Analysis};
use crate::report::counted;
use crate::source::read::{Loaded, LoadedFile};
use crate::source::{Source, SourceMap};

/// Larger baselines are refused: 64 MiB, far above what a repository has.
const MAX_BYTES: u64 = 64 << 20;

/// Marks or leaves out what the user does not want to see again.
pub(super) fn leave_out(
    args: &CheckArgs,
    configured: &Configured,
    catalog: &Catalog,
    analysis: &mut Analysis,
) -> anyhow::Result<()> {
    let root = root(configured)?;
    let settings = &configured.settings;
    if let Some(path) = &args.write_baseline {
        write_baseline(path, &root, analysis, settings)?;
    } else if let Some(path) = args.baseline.as_ref().or(settings.baseline.as_ref()) {
        read_baseline(path, &root)?.apply(analysis, settings);
    } else if args.only_new {
        bail!(
            "--only-new: there is no baseline; name one with --baseline FILE, or as `baseline` in grpc-guard.yaml"
        );
    }
    let mut err = io::stderr().lock();
    if args.only_new {
        let n = analysis.diagnostics.len();
        let is_known = |by: Option<Excepted>| by == Some(Excepted::ByBaseline);
        analysis.diagnostics.retain(|found| !is_known(found.suppressed.as_ref().map(|it| it.by)));
        if args.verbose {
            let _ = writeln!(err, "in the baseline: {}", counted(n - analysis.diagnostics.len(), "finding"));
        }
    }
    if let Some(rev) = &args.changed_since {
        let since = git::since(rev)?;
        let before = before(&since, analysis, configured, catalog)?;
        let n = since.changes.keep(analysis, &before);
        if args.verbose {
            let _ = writeln!(err, "not touched since {rev}: {}", counted(n, "finding"));
        }
    }
    Ok(())
}

/// What there was to find in the same files before a change.
fn before(
    since: &git::Since,
    analysis: &Analysis,
    configured: &Configured,
    catalog: &Catalog,
) -> anyhow::Result<Analysis> {
    let mut loaded = Loaded { area: Some(configured.area()), ..Loaded::default() };
    for (path, text) in since.texts(analysis.reported())? {
        let id = loaded.sources.add(Source::new(path, text));
        loaded.files.push(LoadedFile { id, explicit: true });
    }
    Ok(engine::analyze(loaded, catalog, &configured.settings))
}

/// The findings that `--fix` leaves alone, because the baseline holds them.
pub(super) struct LeftAlone(Option<Baseline>);

impl LeftAlone {
    pub(super) fn read(args: &CheckArgs, configured: &Configured) -> anyhow::Result<Self> {
        let path = args.baseline.as_ref().or(configured.settings.baseline.as_ref());
        let root = root(configured)?;
        Ok(Self(path.map(|path| read_baseline(path, &root)).transpose()?))
    }

    /// Marks them as excepted.
    pub(super) fn mark(&self, analysis: &mut Analysis) {
        if let Some(baseline) = &self.0 {
            baseline.mark(analysis);
        }
    }

    /// Takes the marks away, for [`leave_out`] to make its own.
    pub(super) fn unmark(analysis: &mut Analysis) {
        let is_known = |by: &Option<Suppression>| by.as_ref().is_some_and(|by| by.by == Excepted::ByBaseline);
        for found in analysis.diagnostics.iter_mut().filter(|found| is_known(&found.suppressed)) {
            found.suppressed = None;
        }
    }
}

fn root(configured: &Configured) -> anyhow::Result<PathBuf> {
    match &configured.root {
        Some(root) => Ok(root.clone()),
        None => std::env::current_dir().context("the current directory is gone"),
    }
}

fn write_baseline(
    path: &Path,
    root: &Path,
    analysis: &mut Analysis,
    settings: &Settings,
) -> anyhow::Result<()> {
    let n_unseen = analysis.diagnostics.iter().filter(|found| engine::is_about_the_run(found)).count();
    if n_unseen > 0 {
        // The reports say which; a baseline without their findings would be wrong from the first day.
        let _ = writeln!(
            io::stderr(),
            "warning: {} is not written: not everything could be checked",
            path.display()
        );
        return Ok(());
    }
    let mut n_kept = 0;
    let mut baseline = Baseline::of(analysis, root);
    if (!settings.is_whole || settings.only.is_some()) && path.is_file() {
        let n_new = baseline.len();
        baseline.keep_unseen(read_baseline(path, root)?, analysis, settings);
        n_kept = baseline.len() - n_new;
    }
    let text = baseline.to_text();
    write::write(path, text.as_bytes())?;
    let kept = match n_kept {
        0 => String::new(),
        n => format!(", {n} of them not checked again"),
    };
    let _ = writeln!(io::stderr(), "wrote {}: {}{kept}", path.display(), counted(baseline.len(), "finding"));
    parse(path, &text, root)?.apply(analysis, settings);
    Ok(())
}

fn read_baseline(path: &Path, root: &Path) -> anyhow::Result<Baseline> {
    parse(path, &text_of("baseline", path, MAX_BYTES)?, root)
}

fn parse(path: &Path, text: &str, root: &Path) -> anyhow::Result<Baseline> {
    let name = path.to_string_lossy().replace('\\', "/");
    match Baseline::read(&name, text, root) {
        Ok(baseline) => Ok(baseline),
        Err(wrong) => {
            let mut sources = SourceMap::default();
            sources.add(Source::new(name, text));
            Located::refuse(sources, wrong)?;
            bail!("internal error: a baseline is refused for a reason")
        }
    }
}
