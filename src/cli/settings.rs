//! The configuration file and the flags, joined.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::args::CheckArgs;
use crate::config::{self, ConfigFile, FILE_NAMES, Level, Settings};
use crate::source::{Source, SourceMap};

/// The settings of a run and the file that some of them come from.
pub(super) struct Configured {
    pub(super) settings: Settings,
    /// What the file says, with its diagnostics.
    pub(super) file: ConfigFile,
    /// The file's text, for showing those; empty without a file.
    pub(super) sources: SourceMap,
    /// Paths that a walk leaves out.
    pub(super) exclude: Option<Gitignore>,
}

/// Reads the configuration and lays the flags over it.
pub(super) fn load(args: &CheckArgs) -> anyhow::Result<Configured> {
    let path = match &args.config {
        _ if args.no_config => None,
        Some(path) => Some(path.clone()),
        None => nearest(),
    };
    let mut sources = SourceMap::default();
    let (mut file, root) = match &path {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let id = sources.add(Source::new(path.to_string_lossy().replace('\\', "/"), text));
            (config::parse(id, sources.get(id)), path.parent().unwrap_or(Path::new("")).to_path_buf())
        }
        None => (ConfigFile::default(), PathBuf::new()),
    };
    let mut settings = std::mem::take(&mut file.settings);
    for rules in &mut settings.rules {
        *rules = root.join(&*rules);
    }
    let exclude = exclude(&root, &settings.exclude)?;
    lay_over(args, &mut settings);
    Ok(Configured { settings, file, sources, exclude })
}

/// The flags win over the file.
fn lay_over(args: &CheckArgs, settings: &mut Settings) {
    settings.rules.extend(args.rules.rules.iter().cloned());
    settings.builtin &= !args.rules.no_builtin;
    if !args.only.is_empty() {
        settings.only = Some(args.only.iter().cloned().collect());
        // Who names a rule on the command line wants to see it, whatever the file says.
        settings.levels.retain(|rule, level| *level != Level::Off || !args.only.contains(rule));
    }
    for rule in &args.off {
        settings.levels.insert(rule.clone(), Level::Off);
    }
    if let Some(fail_on) = args.fail_on {
        settings.fail_on = fail_on.severity();
    }
    if args.exit_zero {
        settings.fail_on = None;
    }
}

/// The configuration of the current directory or the nearest one above it, up to the repository's root.
fn nearest() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    for dir in current.ancestors() {
        for name in FILE_NAMES {
            let path = dir.join(name);
            if path.is_file() {
                // As short as the user would write it.
                return Some(path.strip_prefix(&current).map(Path::to_path_buf).unwrap_or(path));
            }
        }
        if dir.join(".git").exists() {
            return None;
        }
    }
    None
}

fn exclude(root: &Path, globs: &[String]) -> anyhow::Result<Option<Gitignore>> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut builder = GitignoreBuilder::new(std::path::absolute(root.join("."))?);
    for glob in globs {
        builder.add_line(None, glob).with_context(|| format!("`{glob}` of `exclude` is no pattern"))?;
    }
    Ok(Some(builder.build()?))
}

/// Fails on a rule name of the flags that no rule has.
pub(super) fn check_flags<'n>(
    args: &CheckArgs,
    known: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Result<()> {
    for (flag, name) in
        args.only.iter().map(|name| ("--only", name)).chain(args.off.iter().map(|name| ("--off", name)))
    {
        if known.clone().any(|known| known == name) {
            continue;
        }
        match config::suggest(name, known.clone()) {
            Some(near) => bail!("{flag}: there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("{flag}: there is no rule `{name}`; `grpc-guard rules` lists them all"),
        }
    }
    Ok(())
}
