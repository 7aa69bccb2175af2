//! The configuration file and the flags, joined.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::args::{BaseArgs, CheckArgs, Input};
use super::located::Located;
use crate::config::{self, ConfigFile, FILE_NAMES, Level, Settings};
use crate::diagnostic::Diagnostic;
use crate::policy::InputKind;
use crate::source::{Source, SourceMap, Spanned};

/// The configuration file and the base flags, joined.
pub(super) struct Configured {
    pub(super) settings: Settings,
    /// The rules that the file names.
    names: Vec<Spanned<String>>,
    /// What is wrong with the file.
    diagnostics: Vec<Diagnostic>,
    /// The file's text, for showing what is wrong with it; empty without a file.
    sources: SourceMap,
    /// Paths that a walk leaves out.
    pub(super) exclude: Option<Gitignore>,
    /// The directory of the configuration, else that of the repository.
    pub(super) root: Option<PathBuf>,
}

/// Reads the configuration and lays the base flags over it.
pub(super) fn load(args: &BaseArgs) -> anyhow::Result<Configured> {
    let path = match &args.config {
        _ if args.no_config => None,
        Some(path) => Some(path.clone()),
        None => nearest(),
    };
    let mut sources = SourceMap::default();
    let mut file = ConfigFile::default();
    let mut root = PathBuf::new();
    let file_is_read = path.is_some();
    if let Some(path) = path {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let id = sources.add(Source::new(path.to_string_lossy().replace('\\', "/"), text));
        file = config::parse(id, sources.get(id));
        root = path.parent().unwrap_or(Path::new("")).to_path_buf();
    }
    let ConfigFile { mut settings, names, diagnostics } = file;
    for rules in &mut settings.rules {
        *rules = root.join(&*rules);
    }
    let project = if file_is_read { Some(std::path::absolute(root.join("."))?) } else { repository() };
    let exclude = exclude(&root, &settings.exclude)?;
    settings.rules.extend(args.rules.iter().cloned());
    settings.builtin &= !args.no_builtin;
    Ok(Configured { settings, names, diagnostics, sources, exclude, root: project })
}

impl Configured {
    /// Lays the flags of `check` over the settings, once all rules and checks are known by name.
    pub(super) fn lay_over<'n>(
        &mut self,
        args: &CheckArgs,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> anyhow::Result<()> {
        self.diagnostics.extend(config::unknown_rules(&self.names, known.clone()));
        Located::refuse(std::mem::take(&mut self.sources), std::mem::take(&mut self.diagnostics))?;
        for (flag, names) in [("--only", &args.only), ("--off", &args.off)] {
            for name in names {
                check_name(flag, name, known.clone())?;
            }
        }
        let settings = &mut self.settings;
        if !args.only.is_empty() {
            settings.only = Some(args.only.iter().cloned().collect());
            // Who names a rule on the command line wants to see it, whatever the file says.
            settings.levels.retain(|rule, level| *level != Level::Off || !args.only.contains(rule));
        }
        settings.levels.extend(args.off.iter().map(|rule| (rule.clone(), Level::Off)));
        settings.explain_rule |= args.explain_rule;
        if args.input == Input::Model {
            settings.input = InputKind::Model;
        }
        if let Some(fail_on) = args.fail_on {
            settings.fail_on = fail_on.severity();
        }
        if args.exit_zero {
            settings.fail_on = None;
        }
        Ok(())
    }
}

/// Fails on a name that no rule has.
fn check_name<'n>(
    flag: &str,
    name: &str,
    mut known: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Result<()> {
    if known.clone().any(|known| known == name) {
        return Ok(());
    }
    match config::suggest(name, &mut known) {
        Some(near) => bail!("{flag}: there is no rule `{name}`; did you mean `{near}`?"),
        None => bail!("{flag}: there is no rule `{name}`; `grpc-guard rules` lists them all"),
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

/// The root of the repository around the current directory.
fn repository() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    current.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_path_buf)
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
